/* F-14 and F-15: JPEG files. Our walk over the markers and the library agree on the size of whatever is decoded;
 * another size than the file's is refused; nothing is written between the rows. The first byte says what is asked for:
 * bit 0 a wrong width, bit 1 a wrong height. */
#include <stdlib.h>

#include <turbojpeg.h>

#include "base/err.h"
#include "base/limits.h"
#include "codec/jpeg.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MAX_PIXELS = 1 << 16, PAD = 12 }; /* larger claims are only looked at: speed */

/* The library says the size even when it has no name for the sampling, which it then calls an error. */
static void same_size(struct slice in, unsigned w, unsigned h)
{
	int width = 0, height = 0, sampling, space;
	tjhandle t = tjInitDecompress();

	tjDecompressHeader3(t, in.p, in.n, &width, &height, &sampling, &space);
	if (width != (int)w || height != (int)h)
		abort();
	tjDestroy(t);
}

static void decode(struct slice in, unsigned w, unsigned h, int wrong)
{
	size_t stride = 4 * (size_t)w + PAD;
	uint8_t *out = malloc(stride * h); /* exact, so that a sanitizer sees one byte too far */
	int rc;

	memset(out, 0xa5, stride * h);
	if (wrong & 3) {
		rc = jpeg_decode(in, w - (wrong & 1), h - (wrong >> 1 & 1), out, stride);
		if (rc != E_INVAL)
			abort();
		free(out);
		return;
	}
	rc = jpeg_decode(in, w, h, out, stride);
	for (size_t y = 0; y < h; y++)
		for (size_t i = 4 * (size_t)w; i < stride; i++)
			if (out[y * stride + i] != 0xa5)
				abort();
	for (size_t i = 0; rc == 0 && i < (size_t)w * h; i++)
		if (out[i / w * stride + i % w * 4 + 3] != 0)
			abort();
	free(out);
	if (rc == 0)
		same_size(in, w, h);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice in = {p + 1, n - 1};
	unsigned w, h;

	if (!n || jpeg_header(in, &w, &h))
		return 0;
	if (!w || !h || w > LIM_IMAGE_SIDE || h > LIM_IMAGE_SIDE || (uint64_t)w * h > LIM_IMAGE_PIXELS)
		abort();
	if ((uint64_t)w * h <= MAX_PIXELS)
		decode(in, w, h, p[0]);
	return 0;
}
