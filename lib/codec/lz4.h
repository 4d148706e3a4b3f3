/* The LZ4 image of SPICE (image type 109, images.md 7): a byte of orientation, a bitmap format, then blocks that may
 * refer back to what was decoded before them. */
#ifndef CODEC_LZ4_H
#define CODEC_LZ4_H

#include "base/bytes.h"

struct lz4_image {
	bool top_down;
	uint8_t format; /* bitmap_fmt: 16BIT, 24BIT, 32BIT, RGBA */
	struct slice blocks;
};

/* 0, or E_INVAL for another format or no block. */
int lz4_image_header(struct slice in, struct lz4_image *out);

/* Decodes all blocks into exactly n bytes: rows without padding, in stored order. E_INVAL. */
int lz4_image_decode(const struct lz4_image *img, uint8_t *dst, size_t n);

/* What `bytes` of pixels can at most become. */
size_t lz4_image_bound(size_t bytes);

/* Encodes `rows` rows of `row` bytes, `stride` apart, top down, as one block. *n is the size; E_LIMIT when cap is too
 * small. The pixels of a row are contiguous; so are the rows when stride == row, which is faster. */
int lz4_image_encode(uint8_t format, const uint8_t *src, size_t rows, size_t row, size_t stride, uint8_t *out,
	size_t cap, size_t *n);

#endif
