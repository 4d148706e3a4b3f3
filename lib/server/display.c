/* The server's end of the display channel: what the socket can carry goes from the pipe through the outbox, where
 * pictures are encoded. channels.md 2. */
#include "base/err.h"
#include "base/log.h"
#include "server/mend.h"
#include "server/outbox.h"
#include "server/pipe.h"
#include "server/session.h"
#include "server/video.h"

#include <stdlib.h>

enum {
	ACK_WINDOW = 20,
	FAR_WINDOW = 40, FAR_US = 30000, /* where acknowledgements are so long under way, as libspice-server has it */
	WISHES = 16,
	REST_MS = 500,       /* what was drawn in a lossy form rests after so long, or twice that */
	PIECE_MS = 100,      /* mending keeps the link busy for about so long at a time: new drawing waits for it */
	PIECE_DEAR = 12,     /* bits of a pixel that is mended */
	PIECE_LEAST = 4096, PIECE_MOST = 256 << 10, /* its pixels */
	PIECE_LOST_MS = 2000, /* for clients that answer no pings */
	MEND_PING = 1u << 31, /* in the id of the ping behind it */
};

/* Why something is as it is. */
enum why { BY_OPTION, BY_SOCKET, BY_LINK, UNKNOWN_LINK };
static const char *const why_words[] = {
	[BY_OPTION] = "option", [BY_SOCKET] = "socket", [BY_LINK] = "link",
	[UNKNOWN_LINK] = "unknown",
};

struct choice {
	bool on;
	enum why why;
};

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
	unsigned ack_window;
	struct link_probe probe;
	struct choice jpeg, zlib; /* as they were said last */
	/* what is sent in a lossy form is mended when it rests */
	struct mend *mend;
	bool rests;              /* there is something to mend */
	uint32_t piece;          /* number of the one that is under way; 0: none is */
	uint32_t pieces;
	uint64_t piece_since, rested; /* uv_now */
	uint64_t mended;         /* pixels */
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

/* exact: by no lossy form. */
static void put_region(struct server_display *e, uint32_t id, const struct rect *r, bool exact)
{
	struct pixmap *s = device_surface(session_device(e->session), id), *p;

	if (s->format == SURFACE_FMT_1_A) {
		put_bits(e, s, id, r);
		return;
	}
	p = cut(s, r);
	mend_pixels(e->mend, id, r, outbox_pixels(e->outbox, id, r, p, exact));
	pixmap_unref(p);
}

/* ---- mending ---- */

/* The client's answer to the ping behind a piece says that it has it. */
static void put_mend_ping(struct server_display *e)
{
	struct ping ping = {.id = MEND_PING | e->piece, .timestamp = uv_hrtime() / 1000};

	outbox_message(e->outbox, S_BASE_PING, &ping);
}

static unsigned piece_pixels(const struct server_display *e)
{
	uint64_t n = e->session->rate.bits / 1000 * PIECE_MS / PIECE_DEAR;

	return n < PIECE_LEAST ? PIECE_LEAST : n > PIECE_MOST ? PIECE_MOST : (unsigned)n;
}

/* There is nothing else to send: a piece of what rests. The canvas is what the client has by now, but inexactly. */
static bool mend_some(struct server_display *e)
{
	pixman_region32_t owned;
	uint32_t surface;
	struct rect r;

	if (!e->rests || e->piece || !e->session->ready || !outbox_empty(e->outbox))
		return false;
	if (e->video) {
		pixman_region32_init(&owned);
		video_owned(e->video, &owned);
		mend_spare(e->mend, &owned);
		pixman_region32_fini(&owned);
	}
	e->rests = mend_next(e->mend, piece_pixels(e), &surface, &r);
	if (!e->rests)
		return false;
	if (!canvas_surface(session_device(e->session)->canvas, surface)) {
		mend_gone(e->mend, surface);
		return false;
	}
	put_region(e, surface, &r, true);
	e->mended += rect_pixels(&r);
	e->pieces = e->pieces + 1 < MEND_PING ? e->pieces + 1 : 1;
	e->piece = e->pieces;
	e->piece_since = uv_now(e->conn->loop);
	put_mend_ping(e);
	return true;
}

static void mended(struct server_display *e, uint32_t piece)
{
	if (piece != e->piece)
		return;
	e->piece = 0;
	pump_kick(e->conn->pump);
}

void server_display_tick(struct server_display *e, uint64_t now)
{
	if (!e->pipe)
		return;
	if (e->piece && now - e->piece_since > PIECE_LOST_MS)
		mended(e, e->piece);
	if (now - e->rested < REST_MS)
		return;
	e->rested = now;
	e->rests |= mend_rest(e->mend);
	if (e->rests)
		pump_kick(e->conn->pump);
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
		return mend_some(e);
	case PIPE_DRAW:
		mend_item(e->mend, next.item, outbox_item(e->outbox, next.item));
		draw_item_unref(next.item);
		break;
	case PIPE_CREATE:
		mend_gone(e->mend, next.create.surface_id);
		outbox_message(e->outbox, S_DISPLAY_SURFACE_CREATE, &next.create);
		break;
	case PIPE_DESTROY:
		mend_gone(e->mend, next.id);
		outbox_message(e->outbox, S_DISPLAY_SURFACE_DESTROY, &(struct surface_destroy){next.id});
		break;
	case PIPE_REGION:
		put_region(e, next.id, &next.rect, next.exact);
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

static void send_probe(struct server_display *e)
{
	struct ping ping = {.timestamp = uv_hrtime() / 1000};

	ping.id = link_probe_ping(&e->probe, ping.timestamp);
	chan_send(&e->conn->chan, S_BASE_PING, &ping);
}

/* Does a ping belong behind what was sent, to tell how fast that goes? Over a unix socket nothing depends on it. */
static bool probe_is_due(struct server_display *e, bool sent)
{
	size_t waits = buf_len(&e->conn->chan.out);

	if (e->conn->info.local || !e->conn->pump) /* none: a fuzzer's */
		return false;
	if (!sent)
		return link_probe_dry(&e->probe, waits == 0);
	return link_probe_sent(&e->probe, pump_bytes_out(e->conn->pump) + waits, uv_hrtime() / 1000);
}

/* The pool is given work first, then what is ready goes out: while one picture is written the next ones are encoded. */
static int pull(void *end)
{
	struct server_display *e = end;
	bool sent, due;

	if (!e->pipe)
		return 0;
	while (!outbox_full(e->outbox) && take(e))
		;
	sent = outbox_send(e->outbox, &e->conn->chan);
	due = probe_is_due(e, sent);
	if (due)
		send_probe(e);
	return sent || due;
}

static void pong(struct server_display *e, const struct pong *m)
{
	struct probe_ping sample;
	uint64_t us, latency = link_rate_latency(&e->session->rate);

	if (m->id & MEND_PING)
		mended(e, m->id & ~MEND_PING);
	else if (link_probe_pong(&e->probe, m->id, latency, uv_hrtime() / 1000, &sample, &us))
		session_sampled(e->session, sample.bytes, us, sample.at_least);
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

/* What an option leaves to the link. */
static struct choice for_link(const struct server_display *e, uint8_t option)
{
	if (option != SERVER_AUTO)
		return (struct choice){option == SERVER_ALWAYS, BY_OPTION};
	if (e->conn->info.local)
		return (struct choice){false, BY_SOCKET};
	return (struct choice){session_is_slow(e->session), e->session->rate.bits ? BY_LINK : UNKNOWN_LINK};
}

static struct choice lossy_for(const struct server_display *e)
{
	return for_link(e, session_options(e->session)->jpeg);
}

static struct choice zlib_for(const struct server_display *e)
{
	return for_link(e, session_options(e->session)->zlib);
}

/* What this client can take, and what was asked for. */
static struct encode_rules rules_for(const struct server_display *e)
{
	return (struct encode_rules){
		.compress = e->compress,
		.lz4 = client_has(e, DISPLAY_CAP_LZ4_COMPRESSION),
		.raw = e->conn->info.local,
		/* spice-html5 has no capability that says so (images.md 11) */
		.plain = !e->glz_pixels && !client_has(e, DISPLAY_CAP_LZ4_COMPRESSION),
		.jpeg = lossy_for(e).on,
		.many = session_has_many(e->session),
		.zlib = zlib_for(e).on,
	};
}

static void say_choices(struct server_display *e)
{
	struct choice jpeg = lossy_for(e), zlib = zlib_for(e);

	if (memcmp(&jpeg, &e->jpeg, sizeof(jpeg)) != 0 || memcmp(&zlib, &e->zlib, sizeof(zlib)) != 0)
		log_info("%s: display channel: pictures %s (%s), GLZ %s (%s)", e->conn->name,
			jpeg.on ? "lossy first" : "lossless", why_words[jpeg.why], zlib.on ? "deflated" : "plain",
			why_words[zlib.why]);
	e->jpeg = jpeg;
	e->zlib = zlib;
}

static void want_acks(struct server_display *e)
{
	bool far = session_is_slow(e->session) || link_rate_latency(&e->session->rate) >= FAR_US;
	unsigned window = far ? FAR_WINDOW : ACK_WINDOW;

	if (window != e->ack_window)
		chan_want_acks(&e->conn->chan, window);
	e->ack_window = window;
}

void server_display_rules(struct server_display *e)
{
	struct encode_rules r = rules_for(e);

	if (!e->outbox)
		return;
	want_acks(e);
	outbox_rules(e->outbox, &r);
	say_choices(e);
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

static bool is_slow(void *owner)
{
	return session_is_slow(((struct server_display *)owner)->session);
}

static struct video *video_for(struct server_display *e)
{
	struct video_options o = {
		.all = session_options(e->session)->video == SERVER_VIDEO_ALL,
		.reports = client_has(e, DISPLAY_CAP_STREAM_REPORT),
		.sized = client_has(e, DISPLAY_CAP_SIZED_STREAM),
		.slow = is_slow,
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
	want_acks(e);
	chan_send(&e->conn->chan, S_DISPLAY_INVAL_ALL_PALETTES, NULL);
	e->pipe = pipe_new(session_device(e->session), now, kick, e);
	if (!client_has(e, DISPLAY_CAP_COMPOSITE))
		pipe_without_composite(e->pipe);
	if (!client_has(e, DISPLAY_CAP_A8_SURFACE))
		pipe_without_a8(e->pipe);
	e->mend = mend_new();
	e->video = video_for(e);
	say_choices(e);
	kick(e);
	return 0;
}

static void prefer(struct server_display *e, uint8_t compression)
{
	if (compression == IMAGE_COMPRESSION_INVALID || !wire_enum_word("image_compression", compression))
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
	case C_BASE_PONG:
		pong(e, body);
		return 0;
	default:
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
	mend_free(e->mend);
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

static void stats_choice(struct json *j, const char *name, struct choice c)
{
	json_open(j, name, '{');
	json_bool(j, "on", c.on);
	json_str(j, "why", why_words[c.why]);
	json_close(j, '}');
}

static void stats_images(const struct server_display *e, struct json *j)
{
	json_open(j, "images", '{');
	for (unsigned type = 0; type <= UINT8_MAX; type++)
		if (outbox_images(e->outbox, (uint8_t)type))
			json_uint(j, wire_enum_word("image_type", type), outbox_images(e->outbox, (uint8_t)type));
	json_close(j, '}');
}

static void stats_video(const struct server_display *e, struct json *j)
{
	struct video_figures f = video_figures(e->video);

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

void server_display_stats(const struct server_display *e, struct json *j)
{
	if (e->outbox) {
		stats_choice(j, "lossy", lossy_for(e));
		stats_choice(j, "zlib", zlib_for(e));
		stats_images(e, j);
		json_uint(j, "inexact", mend_left(e->mend));
		json_uint(j, "mended", e->mended);
	}
	if (e->video)
		stats_video(e, j);
}
