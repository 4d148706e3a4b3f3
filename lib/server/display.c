/* The server's end of the display channel: what the socket can carry goes from the pipe through the outbox, where
 * pictures are encoded. channels.md 2. */
#include "base/err.h"
#include "base/log.h"
#include "server/outbox.h"
#include "server/pipe.h"
#include "server/session.h"
#include "server/video.h"

#include <stdlib.h>

enum { ACK_WINDOW = 20, WISHES = 16 };

struct server_display {
	struct session *session;
	struct conn *conn;
	struct pipe *pipe;       /* from the client's INIT on, like the outbox */
	struct outbox *outbox;
	struct video *video;     /* NULL: no streams */
	uint8_t compress;        /* enum image_compression: our option, or what the client prefers */
	uint64_t glz_pixels;     /* the window that the client announced */
	uint8_t wished[WISHES];  /* enum video_codec: what the client likes, best first */
	unsigned n_wished;
};

static bool client_has(const struct server_display *e, unsigned bit)
{
	const struct link_caps *caps = conn_peer_caps(e->conn);

	return cap_has(caps->channel, caps->n_channel, bit);
}

static void put_monitors(struct server_display *e)
{
	struct device *d = session_device(e->session);

	if (client_has(e, DISPLAY_CAP_MONITORS_CONFIG))
		outbox_message(e->outbox, S_DISPLAY_MONITORS_CONFIG,
			&(struct monitors_config){(uint16_t)d->n_heads, (uint16_t)d->n_heads, d->heads});
}

static void marked(void *owner)
{
	struct server_display *e = owner;

	if (!e->session->ready)
		session_ready(e->session);
}

/* A 1_A surface takes fills only: zeros everywhere, then ones where they are, as clip rectangles. */
static void put_bits(struct server_display *e, struct pixmap *s, uint32_t id, const struct rect *r)
{
	struct rect runs[256];
	struct draw_fill fill = {
		.base = {.surface_id = id, .box = *r},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = 0},
		.rop = ROPD_OP_PUT,
	};
	uint32_t n = 0;

	outbox_message(e->outbox, S_DISPLAY_DRAW_FILL, &fill);
	fill.brush.color = 1;
	fill.base.clip.type = CLIP_TYPE_RECTS;
	fill.base.clip.rects.rects = runs;
	for (int y = r->top; y < r->bottom; y++) {
		const uint8_t *row = s->data + (size_t)y * (size_t)s->stride;

		for (int x = r->left, end; x < r->right; x = end + 1) {
			for (end = x; end < r->right && row[end / 8] >> end % 8 & 1; end++)
				;
			if (end > x)
				runs[n++] = (struct rect){y, x, y + 1, end};
			if (n == ARRAY_SIZE(runs)) {
				fill.base.clip.rects.num_rects = n;
				outbox_message(e->outbox, S_DISPLAY_DRAW_FILL, &fill);
				n = 0;
			}
		}
	}
	fill.base.clip.rects.num_rects = n;
	if (n)
		outbox_message(e->outbox, S_DISPLAY_DRAW_FILL, &fill);
}

/* A rectangle of the canvas as it is now, as pixels of their own, in a format that images have: 32 bits hold 565. */
static struct pixmap *cut(struct pixmap *s, const struct rect *r)
{
	unsigned w = (unsigned)(r->right - r->left), h = (unsigned)(r->bottom - r->top);
	uint32_t format = s->format == SURFACE_FMT_16_565 ? SURFACE_FMT_32_xRGB : s->format;
	struct pixmap *p = pixmap_new(format, w, h);

	pixman_image_composite32(PIXMAN_OP_SRC, s->image, NULL, p->image, r->left, r->top, 0, 0, 0, 0, (int)w,
		(int)h);
	return p;
}

static struct encode_rules rules_for(const struct server_display *e);

/* exact: by no lossy form. */
static void put_region(struct server_display *e, uint32_t id, const struct rect *r, bool whole, bool exact)
{
	struct pixmap *s = canvas_surface(session_device(e->session)->canvas, id), *p;
	struct encode_rules rules;

	if (s->format == SURFACE_FMT_1_A) {
		put_bits(e, s, id, r);
		return;
	}
	p = cut(s, r);
	rules = rules_for(e);
	rules.jpeg &= !exact;
	outbox_rules(e->outbox, &rules);
	outbox_pixels(e->outbox, id, r, p, whole);
	server_display_rules(e);
	pixmap_unref(p);
}

/* The next thing of the pipe goes into the outbox; false when there is none. */
static bool take(struct server_display *e)
{
	struct pipe_out next;

	if (e->video && video_take(e->video))
		return true;
	pipe_next(e->pipe, &next);
	switch (next.kind) {
	case PIPE_NOTHING:
		return false;
	case PIPE_DRAW:
		outbox_item(e->outbox, next.item);
		draw_item_unref(next.item);
		break;
	case PIPE_CREATE:
		outbox_message(e->outbox, S_DISPLAY_SURFACE_CREATE, &next.create);
		break;
	case PIPE_DESTROY:
		outbox_message(e->outbox, S_DISPLAY_SURFACE_DESTROY, &(struct surface_destroy){next.id});
		break;
	case PIPE_REGION:
		put_region(e, next.id, &next.rect, next.whole, next.exact);
		break;
	case PIPE_MARK:
		put_monitors(e);
		outbox_last(e->outbox, S_DISPLAY_MARK, NULL, marked);
		break;
	case PIPE_MONITORS:
		put_monitors(e);
		break;
	}
	return true;
}

/* The pool is given work first, then what is ready goes out: while one picture is written the next ones are encoded. */
static int pull(void *end)
{
	struct server_display *e = end;

	if (!e->pipe)
		return 0;
	while (!outbox_full(e->outbox) && take(e))
		;
	return outbox_send(e->outbox, &e->conn->chan);
}

static uint64_t now(void *owner)
{
	struct server_display *e = owner;

	return uv_now(e->conn->loop);
}

static void kick(void *owner)
{
	struct server_display *e = owner;

	pump_kick(e->conn->pump);
}

/* What this client can take, and what was asked for. */
static struct encode_rules rules_for(const struct server_display *e)
{
	const struct server_options *o = session_options(e->session);
	bool slow = session_is_slow(e->session);

	return (struct encode_rules){
		.compress = e->compress,
		.lz4 = client_has(e, DISPLAY_CAP_LZ4_COMPRESSION),
		.raw = e->conn->info.local,
		/* spice-html5 has no capability that says so (images.md 11) */
		.plain = !e->glz_pixels && !client_has(e, DISPLAY_CAP_LZ4_COMPRESSION),
		.jpeg = o->jpeg == SERVER_ALWAYS || (o->jpeg == SERVER_AUTO && slow),
		.many = session_has_many(e->session),
		.zlib = o->zlib == SERVER_ALWAYS || (o->zlib == SERVER_AUTO && slow),
	};
}

void server_display_rules(struct server_display *e)
{
	struct encode_rules r = rules_for(e);

	if (e->outbox)
		outbox_rules(e->outbox, &r);
}

static uint32_t frame_time(void *owner)
{
	struct server_display *e = owner;

	return session_frame_time(e->session);
}

static void frame_sent(void *owner)
{
	struct server_display *e = owner;

	video_sent(e->video);
}

/* Over a unix socket pixels cost less than video does. */
static bool takes_video(const struct server_display *e)
{
	uint8_t video = session_options(e->session)->video;

	return video == SERVER_VIDEO_ALL || (video == SERVER_VIDEO_AUTO && !e->conn->info.local);
}

/* Before there were several codecs MJPEG was the only one. */
static bool takes_codec(const struct server_display *e, uint8_t codec)
{
	if (!client_has(e, DISPLAY_CAP_MULTI_CODEC))
		return codec == VIDEO_CODEC_MJPEG;
	return client_has(e, codec == VIDEO_CODEC_MJPEG ? DISPLAY_CAP_CODEC_MJPEG : DISPLAY_CAP_CODEC_VP8);
}

/* Of the codecs that we may use those that the client takes: first what it wishes, then in our order. */
static unsigned codecs_for(const struct server_display *e, uint8_t out[VIDEO_CODECS])
{
	static const uint8_t ours[] = {VIDEO_CODEC_MJPEG, VIDEO_CODEC_VP8};
	const struct server_options *o = session_options(e->session);
	const uint8_t *all = o->n_codecs ? o->codecs : ours;
	unsigned n = 0, n_all = o->n_codecs ? o->n_codecs : ARRAY_SIZE(ours);

	for (unsigned i = 0; i < e->n_wished; i++)
		if (memchr(all, e->wished[i], n_all) && takes_codec(e, e->wished[i]) && !memchr(out, e->wished[i], n))
			out[n++] = e->wished[i];
	for (unsigned i = 0; i < n_all; i++)
		if (takes_codec(e, all[i]) && !memchr(out, all[i], n))
			out[n++] = all[i];
	return n;
}

static struct video *video_for(struct server_display *e)
{
	struct video_options o = {
		.all = session_options(e->session)->video == SERVER_VIDEO_ALL,
		.reports = client_has(e, DISPLAY_CAP_STREAM_REPORT),
		.sized = client_has(e, DISPLAY_CAP_SIZED_STREAM),
		.slow = session_is_slow(e->session),
		.framer = session_framer(e->session),
		.mm_time = frame_time,
		.sent = frame_sent,
		.kick = kick,
		.owner = e,
	};

	o.n_codecs = codecs_for(e, o.codecs);
	if (!takes_video(e) || !o.n_codecs)
		return NULL;
	return video_new(e->conn->loop, session_device(e->session), e->pipe, e->outbox, &o);
}

static int init(struct server_display *e, const struct display_init *m)
{
	struct outbox_options o = {.kick = kick, .owner = e};

	if (e->pipe) {
		log_warn("%s: display channel: a second INIT", e->conn->name);
		return E_PROTO;
	}
	if (m->pixmap_cache_size < 0 || m->glz_dictionary_window_size < 0 ||
		m->glz_dictionary_window_size > GLZ_WINDOW_MAX) {
		log_warn("%s: display channel: an INIT with impossible sizes", e->conn->name);
		return E_PROTO;
	}
	e->glz_pixels = (uint64_t)m->glz_dictionary_window_size;
	o.rules = rules_for(e);
	o.glz_pixels = e->glz_pixels;
	o.cache_pixels = (uint64_t)m->pixmap_cache_size;
	e->outbox = outbox_new(e->conn->loop, &o);
	chan_want_acks(&e->conn->chan, ACK_WINDOW);
	chan_send(&e->conn->chan, S_DISPLAY_INVAL_ALL_PALETTES, NULL);
	e->pipe = pipe_new(session_device(e->session), now, kick, e);
	e->video = video_for(e);
	kick(e);
	return 0;
}

static void prefer(struct server_display *e, uint8_t compression)
{
	if (compression < IMAGE_COMPRESSION_OFF || compression > IMAGE_COMPRESSION_LZ4)
		return; /* one that we don't know leaves the choice as it is */
	e->compress = compression;
	server_display_rules(e);
}

static void prefer_codecs(struct server_display *e, const struct display_preferred_video_codec_type *m)
{
	uint8_t codecs[VIDEO_CODECS];

	e->n_wished = m->num_of_codecs < WISHES ? m->num_of_codecs : WISHES;
	if (e->n_wished)
		memcpy(e->wished, m->codecs.p, e->n_wished);
	if (e->video)
		video_codecs(e->video, codecs, codecs_for(e, codecs));
}

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct server_display *e = end;

	switch (m->number) {
	case C_DISPLAY_INIT:
		return init(e, body);
	case C_DISPLAY_PREFERRED_COMPRESSION:
		prefer(e, ((const struct display_preferred_compression *)body)->image_compression);
		return 0;
	case C_DISPLAY_PREFERRED_VIDEO_CODEC_TYPE:
		prefer_codecs(e, body);
		return 0;
	case C_DISPLAY_STREAM_REPORT:
		if (e->video)
			video_report(e->video, body);
		return 0;
	case C_DISPLAY_GL_DRAW_DONE:
		log_warn("%s: display channel: GL_DRAW_DONE without a GL_DRAW", e->conn->name);
		return E_PROTO;
	default: /* PONG */
		return 0;
	}
}

static const struct chan_ops ops = {.message = message, .pull = pull};

struct server_display *server_display_new(struct session *s, struct conn *c)
{
	struct server_display *e = new(struct server_display);

	e->session = s;
	e->conn = c;
	e->compress = session_options(s)->compress;
	conn_attach(c, &ops, e);
	return e;
}

void server_display_free(struct server_display *e)
{
	if (!e)
		return;
	video_free(e->video);
	pipe_free(e->pipe);
	outbox_free(e->outbox);
	conn_close(e->conn, false);
	free(e);
}

struct conn *server_display_conn(const struct server_display *e)
{
	return e->conn;
}

size_t server_display_queue(const struct server_display *e)
{
	return e->pipe ? pipe_bytes(e->pipe) : 0;
}

void server_display_stats(const struct server_display *e, struct json *j)
{
	struct video_figures f;

	if (!e->video)
		return;
	f = video_figures(e->video);
	json_open(j, "video", '{');
	json_uint(j, "streams", f.streams);
	json_uint(j, "opened", f.opened);
	json_uint(j, "frames", f.frames);
	json_uint(j, "reports", f.reports);
	json_str(j, "codec", f.codec == VIDEO_CODEC_VP8 ? "vp8" : f.codec ? "mjpeg" : "");
	json_uint(j, "quality", f.quality);
	json_uint(j, "pace_ms", f.pace);
	json_close(j, '}');
}
