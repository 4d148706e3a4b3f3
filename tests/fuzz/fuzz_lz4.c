/* F-13: LZ4 images. Any bytes decode into a picture of the size asked for or are refused, the same each time; and any
 * bytes as pixels come back. The lowest bit of the first byte chooses: a stream, of the size that the rest of the first
 * two bytes says, or pixels. */
#include <stdlib.h>

#include "base/err.h"
#include "codec/lz4.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { FORMAT = 8 };

static void stream(struct slice in, size_t size)
{
	uint8_t *one = malloc(size), *two = malloc(size + 1); /* exact, so that a sanitizer sees one byte too far */
	struct lz4_image img;

	if (lz4_image_header(in, &img) == 0) {
		memset(one, 0, size);
		memset(two, 0xff, size + 1);
		if (lz4_image_decode(&img, one, size) == 0) {
			/* whole, whatever was there before, and no picture of another size */
			if (lz4_image_decode(&img, two, size) || memcmp(one, two, size) != 0)
				abort();
			if (lz4_image_decode(&img, two, size + 1) != E_INVAL)
				abort();
		}
	}
	free(one);
	free(two);
}

static void pixels(const uint8_t *src, size_t rows, size_t row, size_t stride)
{
	size_t cap = lz4_image_bound(rows * row), n;
	uint8_t *out = malloc(cap), *back = malloc(rows * row);
	struct lz4_image img;

	if (lz4_image_encode(FORMAT, src, rows, row, stride, out, cap, &n))
		abort();
	if (lz4_image_header(slice_of(out, n), &img) || !img.top_down || img.format != FORMAT)
		abort();
	if (lz4_image_decode(&img, back, rows * row))
		abort();
	for (size_t y = 0; y < rows; y++)
		if (memcmp(back + y * row, src + y * stride, row) != 0)
			abort();
	free(out);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t row, rows;

	if (n < 6)
		return 0;
	if (p[0] & 1) {
		stream(slice_of(p + 2, n - 2), 1 + (size_t)(get_le16(p) >> 1));
		return 0;
	}
	row = 4 * (1 + (size_t)(p[0] >> 2));
	rows = (n - 1) / (row + 4);
	if (rows)
		pixels(p + 1, rows, row, row + (p[0] & 2) * 2);
	return 0;
}
