/* VP8 by libvpx. Its decoder takes the size of a picture, and so its memory, from the frame: ours looks first. */
#include "codec/vp8.h"

#include <stdlib.h>

#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/yuv.h"

/* ---- decoder ---- */

enum { TAG = 3, KEY_HEAD = 10 };

struct vp8_decoder {
	vpx_codec_ctx_t vpx;
	bool open;              /* and what it has decoded can be built on */
	unsigned width, height;
};

struct vp8_decoder *vp8_decoder_new(void)
{
	return new(struct vp8_decoder);
}

static void shut(struct vp8_decoder *d)
{
	if (d->open)
		vpx_codec_destroy(&d->vpx);
	d->open = false;
}

void vp8_decoder_free(struct vp8_decoder *d)
{
	if (d)
		shut(d);
	free(d);
}

static bool is_key(struct slice in)
{
	return !(in.p[0] & 1);
}

int vp8_frame_size(const struct vp8_decoder *d, struct slice in, unsigned *width, unsigned *height)
{
	bool key = in.n >= TAG && is_key(in);
	size_t head = key ? KEY_HEAD : TAG;

	if (in.n < head || ((size_t)in.p[0] >> 5 | (size_t)in.p[1] << 3 | (size_t)in.p[2] << 11) > in.n - head)
		return E_INVAL;
	if (!key) {
		*width = d->width;
		*height = d->height;
		return d->open ? 0 : E_INVAL;
	}
	if (in.p[3] != 0x9d || in.p[4] != 0x01 || in.p[5] != 0x2a)
		return E_INVAL;
	*width = get_le16(in.p + 6) & VP8_SIDE; /* the two bits above ask for a scale that nobody uses */
	*height = get_le16(in.p + 8) & VP8_SIDE;
	if (!*width || !*height)
		return E_INVAL;
	return lim_image_fits(*width, *height) ? 0 : E_LIMIT;
}

/* A size of its own for each instance: no old memory is fitted to a new size. */
static int begin(struct vp8_decoder *d, unsigned width, unsigned height)
{
	if (d->open && d->width == width && d->height == height)
		return 0;
	shut(d);
	if (vpx_codec_dec_init(&d->vpx, vpx_codec_vp8_dx(), &(vpx_codec_dec_cfg_t){.threads = 1}, 0))
		return E_IO;
	d->open = true;
	d->width = width;
	d->height = height;
	return 0;
}

int vp8_frame_decode(struct vp8_decoder *d, struct slice in, unsigned width, unsigned height, uint8_t *dst,
	size_t stride, bool bottom_up)
{
	vpx_codec_iter_t at = NULL;
	const vpx_image_t *i;
	unsigned w, h;
	int rc = vp8_frame_size(d, in, &w, &h);

	if (rc || w != width || h != height || in.n > UINT32_MAX)
		return rc ? rc : E_INVAL;
	if ((rc = begin(d, w, h)))
		return rc;
	if (vpx_codec_decode(&d->vpx, in.p, (unsigned)in.n, NULL, 0)) {
		shut(d);
		return E_INVAL;
	}
	i = vpx_codec_get_frame(&d->vpx, &at);
	if (!i || !dst)
		return i ? 0 : E_AGAIN;
	if (i->fmt != VPX_IMG_FMT_I420 || i->d_w != w || i->d_h != h) {
		shut(d);
		return E_INVAL;
	}
	yuv_to_bgrx(&(struct yuv_planes){i->planes[0], i->planes[1], i->planes[2], (size_t)i->stride[0],
		(size_t)i->stride[1]}, dst, stride, w, h, yuv_matrix_for(h), bottom_up);
	return 0;
}

/* ---- encoder ---- */

enum {
	SPEED = -10,          /* of -16: how little libvpx looks around; above 0 it would take what time there is */
	LEAST_Q = 4, MOST_Q = 56,
	KEY_PERCENT = 900,    /* what a key frame may have of a frame's share */
	LONGEST_MS = 500,     /* a pause saves up no more than so much of the rate */
};

struct vp8_encoder {
	vpx_codec_ctx_t vpx;
	vpx_codec_enc_cfg_t config;
	vpx_image_t *image;
	vpx_codec_pts_t at;   /* of the frame that is next */
	uint32_t last;        /* its predecessor's time */
	bool begun;
};

static void configure(vpx_codec_enc_cfg_t *c, unsigned width, unsigned height)
{
	c->g_w = width;
	c->g_h = height;
	c->g_timebase = (struct vpx_rational){1, 1000};
	c->g_threads = 1;
	c->g_pass = VPX_RC_ONE_PASS;
	c->g_lag_in_frames = 0;
	c->rc_end_usage = VPX_CBR;
	c->rc_dropframe_thresh = 0;
	c->rc_resize_allowed = 0;
	c->rc_min_quantizer = LEAST_Q;
	c->rc_max_quantizer = MOST_Q;
	c->rc_undershoot_pct = 100;
	c->rc_overshoot_pct = 15;
	c->rc_buf_initial_sz = 500;
	c->rc_buf_optimal_sz = 600;
	c->rc_buf_sz = 1000;
	c->kf_mode = VPX_KF_AUTO;
	c->kf_max_dist = 1 << 20; /* nothing is lost on the way */
}

struct vp8_encoder *vp8_encoder_new(unsigned width, unsigned height)
{
	struct vp8_encoder *e = new(struct vp8_encoder);

	if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &e->config, 0))
		goto out;
	configure(&e->config, width, height);
	if (!(e->image = vpx_img_alloc(NULL, VPX_IMG_FMT_I420, width, height, 16)))
		goto out;
	if (vpx_codec_enc_init(&e->vpx, vpx_codec_vp8_cx(), &e->config, 0))
		goto out;
	vpx_codec_control(&e->vpx, VP8E_SET_CPUUSED, SPEED);
	vpx_codec_control(&e->vpx, VP8E_SET_STATIC_THRESHOLD, 1);
	vpx_codec_control(&e->vpx, VP8E_SET_MAX_INTRA_BITRATE_PCT, KEY_PERCENT);
	return e;
out:
	vpx_img_free(e->image);
	free(e);
	return NULL;
}

void vp8_encoder_free(struct vp8_encoder *e)
{
	if (!e)
		return;
	vpx_codec_destroy(&e->vpx);
	vpx_img_free(e->image);
	free(e);
}

/* How long since the frame before it: what the rate is reckoned by. */
static unsigned long passed(struct vp8_encoder *e, uint32_t time)
{
	uint32_t ms = e->begun ? time - e->last : 40;

	e->begun = true;
	e->last = time;
	return ms == 0 ? 1 : ms > LONGEST_MS ? LONGEST_MS : ms;
}

int vp8_encode(struct vp8_encoder *e, const uint8_t *pixels, size_t stride, unsigned kbps, uint32_t time,
	struct buf *out)
{
	vpx_image_t *i = e->image;
	const vpx_codec_cx_pkt_t *packet;
	vpx_codec_iter_t at = NULL;
	unsigned long ms = passed(e, time);
	size_t before = buf_len(out);

	if (e->config.rc_target_bitrate != kbps) {
		e->config.rc_target_bitrate = kbps;
		if (vpx_codec_enc_config_set(&e->vpx, &e->config))
			return E_INVAL;
	}
	yuv_from_bgrx(&(struct yuv_planes){i->planes[0], i->planes[1], i->planes[2], (size_t)i->stride[0],
		(size_t)i->stride[1]}, pixels, stride, i->d_w, i->d_h, yuv_matrix_for(i->d_h));
	if (vpx_codec_encode(&e->vpx, i, e->at, ms, 0, VPX_DL_REALTIME))
		return E_INVAL;
	e->at += (vpx_codec_pts_t)ms;
	while ((packet = vpx_codec_get_cx_data(&e->vpx, &at)))
		if (packet->kind == VPX_CODEC_CX_FRAME_PKT)
			buf_put(out, packet->data.frame.buf, packet->data.frame.sz);
	return buf_len(out) == before ? E_INVAL : 0;
}
