/* F-10: any pixels, encoded, come back from the plain decoder and from the fast one, and a byte less of room is
 * refused without touching what is behind it. The first byte chooses the type, the second the width, the third how
 * often the pixels that follow are repeated (so that small inputs reach far matches), each time a little altered. */
#include <stdlib.h>

#include "tests/unit/plain-lz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MAX_BYTES = 1 << 17 };

/* What comes back: RGB32 has no fourth byte, RGB16 no bit 15, the alpha pass nothing but the fourth byte. */
static uint8_t *expected(const struct lz_info *info, const uint8_t *src, size_t n)
{
	uint8_t *out = malloc(n);

	memcpy(out, src, n);
	for (size_t i = 3; info->type == LZ_RGB32 && i < n; i += 4)
		out[i] = 0;
	for (size_t i = 1; info->type == LZ_RGB16 && i < n; i += 2)
		out[i] &= 0x7f;
	for (size_t i = 0; info->type == LZ_ALPHA && i < n; i += 4)
		out[i] = out[i + 1] = out[i + 2] = 0x5a;
	return out;
}

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void round_trip(const struct lz_info *info, const uint8_t *src, size_t n)
{
	size_t cap = lz_bound(info->type, info->width, info->height), size, again;
	uint8_t *room = malloc(cap), *scratch = malloc(LZ_SCRATCH), *exact, *back = malloc(n);
	uint8_t *want = expected(info, src, n);
	struct lz_info read;
	struct slice s;

	check(lz_encode(info, src, room, cap, &size, scratch) == 0 && size <= cap);
	exact = malloc(size);
	memcpy(exact, room, size);
	s = slice_of(exact, size);
	check(lz_header(s, &read) == 0 && read.type == info->type && read.width == info->width &&
	      read.height == info->height && read.top_down == info->top_down);
	memset(back, 0x5a, n);
	check(lz_decode(s, &read, false, back) == 0 && memcmp(back, want, n) == 0);
	memset(back, 0x5a, n);
	check(plain_lz_decode(s, &read, false, back) == 0 && memcmp(back, want, n) == 0);
	/* room for all of it and not a byte more; and a byte less */
	check(lz_encode(info, src, exact, size, &again, scratch) == 0 && again == size);
	check(memcmp(exact, room, size) == 0);
	free(exact);
	exact = malloc(size - 1);
	check(lz_encode(info, src, exact, size - 1, &again, scratch) == E_LIMIT);
	free(exact);
	free(want);
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
