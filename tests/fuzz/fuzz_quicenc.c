/* F-8: QUIC there and back. For every picture all sets of kernels and the plain encoder make the same stream, which
 * fits exactly where it must, is within the bound, and decodes to the picture.
 *
 * Byte 0 says how: bits 0-2 type, 3 bottom up, 4 padded rows, 5 each row begins where the one before did in the bytes
 * (so that rows are alike), 6 and 7 both: large enough for the last level of the schedule. Bytes 1 and 2 are width and
 * height less 1, within a limit that keeps it fast; the rest is pixels, over and over. */
#include <stdlib.h>

#include "base/cpu.h"
#include "base/err.h"
#include "codec/quic-model.h"
#include "tests/tools/quic-plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { UP = 8, PADDED = 16, ALIKE = 32, LARGE = 192, PAD = 3, LARGE_PIXELS = 14000, SMALL_PIXELS = 1000 };

struct picture {
	enum quic_type type;
	uint32_t width, height;
	size_t row, size;
	ptrdiff_t stride;
	uint8_t *memory, *top;
};

static void paint(struct picture *p, unsigned how, const uint8_t *bytes, size_t n)
{
	size_t at = 0, stride;

	p->row = (size_t)p->width * quic_pixel_bytes(p->type);
	stride = p->row + (how & PADDED ? PAD : 0);
	p->size = stride * (p->height - 1) + p->row;
	p->memory = malloc(p->size);
	p->top = how & UP ? p->memory + stride * (p->height - 1) : p->memory;
	p->stride = how & UP ? -(ptrdiff_t)stride : (ptrdiff_t)stride;
	memset(p->memory, 0, p->size);
	for (uint32_t y = 0; y < p->height; y++) {
		uint8_t *row = p->top + (ptrdiff_t)y * p->stride;

		if (how & ALIKE)
			at = y / 4 % n;
		for (size_t i = 0; i < p->row; i++, at = (at + 1) % n)
			row[i] = bytes[at];
	}
}

/* Equal but for bits that no type codes. */
static bool same(const struct picture *p, const uint8_t *back)
{
	for (uint32_t y = 0; y < p->height; y++) {
		for (size_t i = 0; i < p->row; i++) {
			uint8_t want = p->top[(ptrdiff_t)y * p->stride + (ptrdiff_t)i];

			if (p->type == QUIC_RGB32 && i % 4 == 3)
				want = 0;
			if (p->type == QUIC_RGB16 && i % 2 == 1)
				want &= 0x7f;
			if (back[y * p->row + i] != want)
				return false;
		}
	}
	return true;
}

static void check(const struct picture *p, const struct quic_kernels *k, struct slice plain)
{
	uint8_t *out = malloc(plain.n), *back = malloc(p->row * p->height);
	uint8_t *scratch = malloc(quic_scratch_size(p->width));
	struct quic_info info;
	size_t n = 0;

	if (quic_encode_by(k, p->type, p->width, p->height, p->top, p->stride, out, plain.n, &n, scratch) ||
		n != plain.n || memcmp(out, plain.p, n) != 0)
		abort();
	if (quic_header(slice_of(out, n), &info) || info.type != p->type || info.width != p->width ||
		info.height != p->height)
		abort();
	if (quic_decode_by(k, slice_of(out, n), &info, false, back, (ptrdiff_t)p->row, scratch) || !same(p, back))
		abort();
	if (quic_encode_by(k, p->type, p->width, p->height, p->top, p->stride, out, n - 1, &n, scratch) != E_LIMIT)
		abort();
	free(out);
	free(back);
	free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct picture p;
	size_t cap, len = 0;
	uint8_t *plain;
	uint32_t most;

	if (n < 4)
		return 0;
	p = (struct picture){.type = 1 + (bytes[0] & 7) % 5, .width = bytes[1] + 1u, .height = bytes[2] + 1u};
	most = (bytes[0] & LARGE) == LARGE ? LARGE_PIXELS : SMALL_PIXELS;
	if (p.width * p.height > most)
		p.height = most / p.width;
	paint(&p, bytes[0], bytes + 3, n - 3);
	cap = quic_bound(p.type, p.width, p.height);
	plain = malloc(cap);
	if (plain_quic_encode(p.type, p.width, p.height, p.top, p.stride, plain, cap, &len))
		abort();
	check(&p, quic_kernels(CPU_C), slice_of(plain, len));
	check(&p, quic_kernels(cpu_level()), slice_of(plain, len));
	free(plain);
	free(p.memory);
	return 0;
}
