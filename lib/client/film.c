/* Codecs of streams at the client's end: MJPEG and VP8. */
#include "client/film.h"

#include "base/err.h"
#include "codec/jpeg.h"
#include "codec/vp8.h"
#include "wire/wire.h"

bool film_knows(uint8_t codec)
{
	return codec == VIDEO_CODEC_MJPEG || codec == VIDEO_CODEC_VP8;
}

bool film_builds(const struct film *f)
{
	return f->codec == VIDEO_CODEC_VP8;
}

static int size_of(struct film *f, struct slice data, uint64_t room, unsigned *w, unsigned *h)
{
	int rc = E_UNSUP;

	if (f->codec == VIDEO_CODEC_VP8) {
		f->vp8 = f->vp8 ? f->vp8 : vp8_decoder_new();
		rc = vp8_frame_size(f->vp8, data, w, h);
	} else if (f->codec == VIDEO_CODEC_MJPEG) {
		f->jpeg = f->jpeg ? f->jpeg : jpeg_frames_new();
		rc = jpeg_header(data, w, h);
	}
	if (rc)
		return rc;
	return (uint64_t)*w * *h > room ? E_LIMIT : 0;
}

static struct pixmap *picture(struct film *f, unsigned w, unsigned h)
{
	if (!f->picture || f->picture->width != w || f->picture->height != h) {
		pixmap_unref(f->picture);
		f->picture = pixmap_new(SURFACE_FMT_32_xRGB, w, h);
	}
	return f->picture;
}

int film_decode(struct film *f, struct slice data, uint64_t room, struct pixmap **out)
{
	unsigned w, h;
	struct pixmap *p;
	int rc = size_of(f, data, room, &w, &h);

	if (rc)
		return rc;
	f->pixels = (uint64_t)w * h;
	*out = p = picture(f, w, h);
	if (f->codec == VIDEO_CODEC_VP8)
		return vp8_frame_decode(f->vp8, data, w, h, p->data, (size_t)p->stride, f->bottom_up);
	return jpeg_frame_decode(f->jpeg, data, w, h, p->data, (size_t)p->stride, f->bottom_up);
}

int film_skip(struct film *f, struct slice data, uint64_t room)
{
	unsigned w, h;
	int rc;

	if (!film_builds(f))
		return 0;
	if ((rc = size_of(f, data, room, &w, &h)))
		return rc;
	f->pixels = (uint64_t)w * h;
	return vp8_frame_decode(f->vp8, data, w, h, NULL, 0, false);
}

void film_fini(struct film *f)
{
	jpeg_frames_free(f->jpeg);
	vp8_decoder_free(f->vp8);
	pixmap_unref(f->picture);
	*f = (struct film){0};
}
