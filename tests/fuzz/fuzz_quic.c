/* F-7: QUIC decoding, of all types and with every set of kernels. Whatever the bytes are, nothing is read behind them
 * (they have a block of their own, and a sanitizer looks), the judgement is that of the plain decoder, and of what is
 * accepted every pixel is written and nothing beside.
 *
 * Byte 0 says how: bits 0-2 type, 3 wide, 4 bottom up, 5 padded rows, 6 kernels, 7 a whole stream follows, header and
 * all. Else bytes 1 and 2 are width and height less 1, and the payload follows. */
#include <stdlib.h>

#include "base/cpu.h"
#include "codec/quic-model.h"
#include "tests/tools/quic-plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { WIDE = 8, UP = 16, PADDED = 32, KERNELS = 64, WHOLE = 128, HEADER = 20, MAX_PIXELS = 1 << 17, PAD = 5 };

struct target {
	size_t row, stride, size;
	uint32_t height;
	bool up;
};

/* Decodes onto memory that was `fill` before; NULL when it is refused. */
static uint8_t *decode(struct slice in, const struct quic_info *info, const struct target *t,
	const struct quic_kernels *k, bool wide, int fill)
{
	uint8_t *memory = malloc(t->size), *scratch = malloc(quic_scratch_size(info->width));
	uint8_t *top = t->up ? memory + t->stride * (t->height - 1) : memory;
	ptrdiff_t stride = t->up ? -(ptrdiff_t)t->stride : (ptrdiff_t)t->stride;
	int rc;

	memset(memory, fill, t->size);
	rc = k ? quic_decode_by(k, in, info, wide, top, stride, scratch)
	       : plain_quic_decode(in, info, wide, top, stride);
	free(scratch);
	if (rc == 0)
		return memory;
	free(memory);
	return NULL;
}

static void check(struct slice in, const struct quic_info *info, unsigned how)
{
	enum quic_type as = how & WIDE && info->type <= QUIC_RGB24 && info->type != QUIC_GRAY ? QUIC_RGB32 : info->type;
	struct target t = {.row = (size_t)info->width * quic_pixel_bytes(as), .height = info->height, .up = how & UP};
	const struct quic_kernels *k = quic_kernels(how & KERNELS ? CPU_C : cpu_level());
	uint8_t *a, *b, *plain;

	t.stride = t.row + (how & PADDED ? PAD : 0);
	t.size = t.stride * (t.height - 1) + t.row;
	a = decode(in, info, &t, k, how & WIDE, 0);
	b = decode(in, info, &t, k, how & WIDE, 0xff);
	plain = decode(in, info, &t, NULL, how & WIDE, 0);
	if (!a != !plain || !a != !b || (a && memcmp(a, plain, t.size) != 0))
		abort();
	for (size_t i = 0; a && i < t.size; i++)
		if (i % t.stride < t.row ? a[i] != b[i] : a[i] != 0 || b[i] != 0xff)
			abort();
	free(a);
	free(b);
	free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t skip = n && p[0] & WHOLE ? 1 : 3, head = skip == 1 ? 0 : HEADER, len;
	struct quic_info info;
	uint8_t *exact;

	if (n < skip)
		return 0;
	len = head + n - skip;
	exact = malloc(len ? len : 1);
	if (head) {
		put_le32(exact, QUIC_MAGIC);
		put_le32(exact + 4, 0);
		put_le32(exact + 8, 1 + (p[0] & 7) % 5);
		put_le32(exact + 12, p[1] + 1u);
		put_le32(exact + 16, p[2] + 1u);
	}
	if (n > skip)
		memcpy(exact + head, p + skip, n - skip);
	if (quic_header(slice_of(exact, len), &info) == 0 && (uint64_t)info.width * info.height <= MAX_PIXELS)
		check(slice_of(exact, len), &info, p[0]);
	free(exact);
	return 0;
}
