/* JPEG by TurboJPEG. What the library decodes was measured by us first: a file may not be larger than it says, have
 * other components than real encoders write, or more scans than PROGRESSIVE_SCANS. */
#include "codec/jpeg.h"

#include <stdlib.h>

#include <turbojpeg.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"

enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, PROGRESSIVE_SCANS = 16 };

static bool is_frame(unsigned marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* The next marker at or behind *at, and where its segment begins; 0 at the end. Entropy-coded bytes are passed over. */
static unsigned next_marker(struct slice in, size_t *at)
{
	const uint8_t *p = in.p + *at, *last = in.p + in.n - 1;

	for (; p < last && (p = memchr(p, 0xff, (size_t)(last - p))); p++) {
		unsigned m = p[1];

		if (m != 0 && m != 0xff && !(m >= 0xd0 && m <= 0xd7)) {
			*at = (size_t)(p + 2 - in.p);
			return m;
		}
	}
	return 0;
}

int jpeg_header(struct slice in, unsigned *width, unsigned *height)
{
	size_t at = 2;
	unsigned marker, scans = 0;
	bool frame = false;

	if (in.n < 4 || in.p[0] != 0xff || in.p[1] != SOI)
		return E_INVAL;
	while ((marker = next_marker(in, &at)) && marker != EOI) {
		unsigned len = in.n - at >= 2 ? get_be16(in.p + at) : 0;
		const uint8_t *p = in.p + at;

		if (len < 2 || len > in.n - at)
			return E_INVAL;
		if (is_frame(marker)) {
			if (frame || len < 8 || p[2] != 8 || (p[7] != 1 && p[7] != 3))
				return E_INVAL;
			frame = true;
			*height = get_be16(p + 3);
			*width = get_be16(p + 5);
		}
		if (marker == SOS && (!frame || ++scans > PROGRESSIVE_SCANS))
			return E_INVAL;
		at += len;
	}
	if (!frame || !scans || !*width || !*height)
		return E_INVAL;
	return lim_image_fits(*width, *height) ? 0 : E_LIMIT;
}

int jpeg_decode(struct slice in, unsigned width, unsigned height, uint8_t *dst, size_t stride)
{
	unsigned w, h;
	tjhandle t;
	int rc = jpeg_header(in, &w, &h);

	if (rc || w != width || h != height)
		return rc ? rc : E_INVAL;
	t = tjInitDecompress();
	if (!t)
		return E_IO;
	rc = tjDecompress2(t, in.p, in.n, dst, (int)width, (int)stride, (int)height, TJPF_BGRX, 0);
	/* a warning (a file cut short) gives a picture with a grey rest: refused like an error */
	tjDestroy(t);
	if (rc)
		return E_INVAL;
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			dst[y * stride + 4 * (size_t)x + 3] = 0;
	return 0;
}

struct jpeg_frames {
	tjhandle t;
};

struct jpeg_frames *jpeg_frames_new(void)
{
	return new(struct jpeg_frames);
}

void jpeg_frames_free(struct jpeg_frames *f)
{
	if (f && f->t)
		tjDestroy(f->t);
	free(f);
}

int jpeg_frame_decode(struct jpeg_frames *f, struct slice in, unsigned width, unsigned height, uint8_t *dst,
	size_t stride, bool bottom_up)
{
	unsigned w, h;
	int rc = jpeg_header(in, &w, &h);

	if (rc || w != width || h != height)
		return rc ? rc : E_INVAL;
	if (!f->t && !(f->t = tjInitDecompress()))
		return E_IO;
	return tjDecompress2(f->t, in.p, in.n, dst, (int)width, (int)stride, (int)height, TJPF_BGRX,
		bottom_up ? TJFLAG_BOTTOMUP : 0) ? E_INVAL : 0;
}

int jpeg_encode(const uint8_t *pixels, unsigned width, unsigned height, size_t stride, int quality, struct buf *out)
{
	tjhandle t = tjInitCompress();
	unsigned long n = t ? tjBufSize((int)width, (int)height, TJSAMP_420) : 0;
	unsigned char *p;
	int rc;

	if (!t || n == (unsigned long)-1)
		return E_IO;
	p = buf_reserve(out, n);
	rc = tjCompress2(t, pixels, (int)width, (int)stride, (int)height, TJPF_BGRX, &p, &n, TJSAMP_420, quality,
		TJFLAG_NOREALLOC);
	tjDestroy(t);
	if (rc)
		return E_INVAL;
	buf_commit(out, n);
	return 0;
}
