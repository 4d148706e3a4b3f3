/* Picture files and coded payloads: any bytes are a picture within the limits or are refused, with nothing left behind.
 * The first byte chooses: a file, a JPEG of the size that it claims, an LZ4 image of 16x16. */
#include <stdlib.h>

#include "base/limits.h"
#include "codec/jpeg.h"
#include "codec/lz4.h"
#include "codec/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SIDE = 16, MAX_PIXELS = 1 << 20 }; /* larger claims are only looked at: speed */

static void file(struct slice in)
{
	struct picture p;

	if (picture_read(&p, in)) {
		if (p.pixels)
			abort();
		return;
	}
	if (!p.width || !p.height || p.width > LIM_IMAGE_SIDE || p.height > LIM_IMAGE_SIDE)
		abort();
	picture_fini(&p);
}

static void jpeg(struct slice in)
{
	unsigned w, h;
	uint8_t *out;

	if (jpeg_header(in, &w, &h) || w * h > MAX_PIXELS)
		return;
	out = malloc(4 * (size_t)w * h); /* exact, so that a sanitizer sees one byte too far */
	jpeg_decode(in, w, h, out, 4 * (size_t)w);
	free(out);
}

static void lz4(struct slice in)
{
	struct lz4_image img;
	uint8_t *out;

	if (lz4_image_header(in, &img))
		return;
	out = malloc(4 * SIDE * SIDE);
	lz4_image_decode(&img, out, 4 * SIDE * SIDE);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void (*const readers[])(struct slice) = {file, jpeg, lz4};

	if (n)
		readers[p[0] % 3](slice_of(p + 1, n - 1));
	return 0;
}
