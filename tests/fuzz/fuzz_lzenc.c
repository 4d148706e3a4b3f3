/* F-10: any pixels, encoded, come back from the plain decoder and from the fast one, and a byte less of room is
 * refused without touching what is behind it. The first byte chooses the type, the second the width, the third how
 * often the pixels that follow are repeated (so that small inputs reach far matches), each time a little altered. */
#include <stdlib.h>

#include "tests/unit/plain-lz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MAX_BYTES = 1 << 19 };

/* What comes back of a byte: RGB32 has no fourth, RGB16 no bit 15, the alpha pass nothing but the fourth. */
static uint8_t coded(enum lz_type type, size_t i, uint8_t v)
{
	if (type == LZ_RGB32 && i % 4 == 3)
		return 0;
	if (type == LZ_RGB16 && i % 2 == 1)
		return v & 0x7f;
	return type == LZ_ALPHA && i % 4 != 3 ? 0x5a : v;
}

static void same(const struct lz_info *info, const uint8_t *src, const uint8_t *back, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (back[i] != coded(info->type, i, src[i]))
			abort();
}

static void round_trip(const struct lz_info *info, const uint8_t *src, size_t n)
{
	size_t cap = lz_bound(info->type, info->width, info->height), size, less;
	uint8_t *room = malloc(cap), *scratch = malloc(LZ_SCRATCH), *exact, *back = malloc(n);
	struct lz_info read;

	if (lz_encode(info, src, room, cap, &size, scratch) || size > cap)
		abort();
	exact = malloc(size);
	memcpy(exact, room, size);
	if (lz_header(slice_of(exact, size), &read) || read.type != info->type || read.width != info->width ||
		read.height != info->height || read.top_down != info->top_down)
		abort();
	memset(back, 0x5a, n);
	if (lz_decode(slice_of(exact, size), &read, false, back))
		abort();
	same(info, src, back, n);
	memset(back, 0x5a, n);
	if (plain_lz_decode(slice_of(exact, size), &read, false, back))
		abort();
	same(info, src, back, n);
	if (lz_encode(info, src, exact, size, &less, scratch) || less != size || memcmp(exact, room, size) != 0)
		abort();
	free(exact);
	exact = malloc(size - 1);
	if (lz_encode(info, src, exact, size - 1, &less, scratch) != E_LIMIT)
		abort();
	free(exact);
	free(back);
	free(scratch);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct lz_info info = {.type = LZ_RGB32};
	size_t row, bytes, times;
	uint8_t *src;

	if (n < 4)
		return 0;
	info.type = (enum lz_type)(p[0] % LZ_A8 + 1);
	info.width = 1 + p[1] + (p[0] >> 6) * 1021;
	info.top_down = p[0] & 1;
	row = lz_stride(info.type, info.width);
	times = 1 + (size_t)p[2] * p[2] / 4;
	p += 3;
	n -= 3;
	bytes = n * times < MAX_BYTES ? n * times : MAX_BYTES;
	info.height = (uint32_t)((bytes + row - 1) / row);
	bytes = row * info.height;
	src = malloc(bytes);
	for (size_t i = 0; i < bytes; i++)
		src[i] = i / n < times ? (uint8_t)(p[i % n] + (i / n && i % n == i / n * 7 % n)) : 0;
	round_trip(&info, src, bytes);
	free(src);
	return 0;
}
