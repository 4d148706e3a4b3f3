/* ZLIB_GLZ_RGB: a GLZ stream within a zlib stream of its own (glz.md 4). */
#include <zlib.h>

#include "base/err.h"
#include "codec/glz.h"

enum { LEVEL = 3 };

int glz_inflate(struct slice in, uint8_t *out, size_t n)
{
	z_stream z = {.next_in = (uint8_t *)in.p, .avail_in = (uInt)in.n, .next_out = out, .avail_out = (uInt)n};
	int rc;

	if (in.n > UINT32_MAX || n > UINT32_MAX || inflateInit(&z) != Z_OK)
		return E_INVAL;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0 ? 0 : E_INVAL;
}

int glz_deflate(struct slice in, uint8_t *out, size_t cap, size_t *n)
{
	uLongf size = cap < in.n ? cap : in.n;

	if (compress2(out, &size, in.p, in.n, LEVEL) != Z_OK || size >= in.n)
		return E_LIMIT;
	*n = size;
	return 0;
}
