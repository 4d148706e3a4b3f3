/* LZ4 images. */
#include "codec/lz4.h"

#include <limits.h>
#include <lz4.h>

#include "base/err.h"

enum { HEADER = 2, BLOCK_HEADER = 4, FIRST_FORMAT = 6, LAST_FORMAT = 9 };

int lz4_image_header(struct slice in, struct lz4_image *out)
{
	if (in.n < HEADER + BLOCK_HEADER + 1 || in.p[0] > 1 || in.p[1] < FIRST_FORMAT || in.p[1] > LAST_FORMAT)
		return E_INVAL;
	*out = (struct lz4_image){in.p[0], in.p[1], {in.p + HEADER, in.n - HEADER}};
	return 0;
}

int lz4_image_decode(const struct lz4_image *img, uint8_t *dst, size_t n)
{
	struct slice s = img->blocks;
	LZ4_streamDecode_t state;
	size_t done = 0;

	LZ4_setStreamDecode(&state, NULL, 0);
	while (s.n) {
		uint32_t size;
		int got;

		if (s.n < BLOCK_HEADER)
			return E_INVAL;
		size = get_be32(s.p);
		if (size == 0 || size > s.n - BLOCK_HEADER || size > INT_MAX || n - done > INT_MAX)
			return E_INVAL;
		got = LZ4_decompress_safe_continue(&state, (const char *)s.p + BLOCK_HEADER, (char *)dst + done,
			(int)size, (int)(n - done));
		if (got <= 0)
			return E_INVAL;
		done += (size_t)got;
		s.p += BLOCK_HEADER + size;
		s.n -= BLOCK_HEADER + size;
	}
	return done == n ? 0 : E_INVAL;
}

size_t lz4_image_bound(size_t bytes)
{
	/* one block, or one a row of at least 16 bytes */
	return HEADER + bytes + bytes / 255 + 16 + (bytes / 16 + 1) * (BLOCK_HEADER + 16);
}

static int block(LZ4_stream_t *state, const uint8_t *src, size_t n, uint8_t *out, size_t cap, size_t *used)
{
	int got;

	if (cap < *used + BLOCK_HEADER || n > LZ4_MAX_INPUT_SIZE)
		return E_LIMIT;
	cap -= *used + BLOCK_HEADER;
	got = LZ4_compress_fast_continue(state, (const char *)src, (char *)out + *used + BLOCK_HEADER, (int)n,
		cap > INT_MAX ? INT_MAX : (int)cap, 1);
	if (got <= 0)
		return E_LIMIT;
	put_be32(out + *used, (uint32_t)got);
	*used += BLOCK_HEADER + (size_t)got;
	return 0;
}

int lz4_image_encode(uint8_t format, const uint8_t *src, size_t rows, size_t row, size_t stride, uint8_t *out,
	size_t cap, size_t *n)
{
	LZ4_stream_t state;
	int rc = 0;

	if (cap < HEADER)
		return E_LIMIT;
	LZ4_initStream(&state, sizeof(state));
	out[0] = 1;
	out[1] = format;
	*n = HEADER;
	if (stride == row)
		return block(&state, src, rows * row, out, cap, n);
	/* Blocks of padded rows can't refer to each other: the decoder has no padding between them. */
	for (size_t y = 0; y < rows && !rc; y++) {
		LZ4_initStream(&state, sizeof(state));
		rc = block(&state, src + y * stride, row, out, cap, n);
	}
	return rc;
}
