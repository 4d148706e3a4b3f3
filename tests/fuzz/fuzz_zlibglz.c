/* F-13: ZLIB_GLZ. The payload of an image, as a client reads it: the claimed size is bounded, what does not inflate to
 * exactly that is refused, and what it was is then a GLZ stream. And the other way: whatever is deflated is smaller and
 * comes back. The first byte chooses. */
#include <stdlib.h>

#include "base/err.h"
#include "codec/glz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { WINDOW = 1 << 16 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void decode(struct slice payload)
{
	struct glz_window *w = glz_window_new(WINDOW);
	const uint32_t *pixels;
	struct glz_info info;
	uint64_t missing;
	uint8_t *glz;
	size_t n;

	n = payload.n >= 8 ? get_le32(payload.p) : 0;
	if (n >= GLZ_HEADER && n <= glz_bound(LZ_RGBA, 256, 256) && get_le32(payload.p + 4) <= payload.n - 8) {
		glz = malloc(n);
		if (glz_inflate(slice_of(payload.p + 8, get_le32(payload.p + 4)), glz, n) == 0 &&
			glz_header(slice_of(glz, n), &info) == 0)
			glz_decode(w, slice_of(glz, n), &info, &pixels, &missing);
		free(glz);
	}
	glz_window_free(w);
}

static void round_trip(struct slice in, size_t less)
{
	size_t cap = in.n > less ? in.n - less : 0, n;
	uint8_t *out = malloc(cap + 1), *exact, *back;

	if (glz_deflate(in, out, cap, &n) == 0) {
		check(n < in.n && n <= cap);
		exact = malloc(n);
		memcpy(exact, out, n);
		back = malloc(in.n);
		check(glz_inflate(slice_of(exact, n), back, in.n) == 0 && memcmp(back, in.p, in.n) == 0);
		check(glz_inflate(slice_of(exact, n), back, in.n - 1) == E_INVAL);
		free(exact);
		free(back);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *exact;

	if (n < 2)
		return 0;
	exact = malloc(n - 1);
	memcpy(exact, p + 1, n - 1);
	if (p[0])
		round_trip(slice_of(exact, n - 1), p[0] - 1);
	else
		decode(slice_of(exact, n - 1));
	free(exact);
	return 0;
}
