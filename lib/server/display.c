/* The server's end of the display channel: what the socket can carry goes from the pipe through the outbox, where
 * pictures are encoded. channels.md 2. */
#include "base/err.h"
#include "base/log.h"
#include "server/forms.h"
#include "server/mend.h"
#include "server/outbox.h"
#include "server/pipe.h"

#include <stdlib.h>

enum {
	/* messages; libspice-server has 20, and 40 where the way is long: then a burst of small commands stops for an
	 * acknowledgement, which costs a wakeup here and a way there and back far away */
	ACK_WINDOW = 50,
};

struct server_display {
	struct session *session;
	struct conn *conn;
	struct forms forms;
	struct pipe *pipe;       /* from the client's INIT on, like those that follow */
	struct outbox *outbox;
	struct mend *mend;
	struct video *video;     /* NULL: no streams */
	struct link_probe probe;
};

static void put_monitors(struct server_display *e)
{
	struct device *d = session_device(e->session);

	if (conn_peer_can(e->conn, DISPLAY_CAP_MONITORS_CONFIG))
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

/* exact: by no lossy form. */
static void put_region(struct server_display *e, uint32_t id, const struct rect *r, bool exact)
{
	struct pixmap *s = device_surface(session_device(e->session), id), *p;

	if (s->format == SURFACE_FMT_1_A) {
		put_bits(e, s, id, r);
		return;
	}
	p = pixmap_part(s, r);
	mend_pixels(e->mend, id, r, outbox_pixels(e->outbox, id, r, p, exact));
	pixmap_unref(p);
}

/* There is nothing else to send: a piece of what rests. The canvas is what the client has by now, but inexactly. */
static bool mend_some(struct server_display *e)
{
	pixman_region32_t owned;
	uint32_t surface;
	struct rect r;

	if (!mend_is_due(e->mend) || !e->session->ready || !outbox_empty(e->outbox))
		return false;
	if (e->video) {
		pixman_region32_init(&owned);
		video_owned(e->video, &owned);
		mend_spare(e->mend, &owned);
		pixman_region32_fini(&owned);
	}
	if (!mend_next(e->mend, mend_size(e->session->rate.bits), uv_now(e->conn->loop), &surface, &r))
		return false;
	put_region(e, surface, &r, true);
	outbox_message(e->outbox, S_BASE_PING,
		&(struct ping){.id = mend_ping(e->mend), .timestamp = uv_hrtime() / 1000});
	return true;
}

void server_display_tick(struct server_display *e, uint64_t now)
{
	if (e->mend && mend_tick(e->mend, now))
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

	if (e->mend && mend_pong(e->mend, m->id))
		pump_kick(e->conn->pump);
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

void server_display_rules(struct server_display *e)
{
	struct encode_rules r;

	if (!e->outbox)
		return;
	r = forms_rules(&e->forms);
	outbox_rules(e->outbox, &r);
	forms_say(&e->forms);
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

static bool is_slow(void *owner)
{
	return session_is_slow(((struct server_display *)owner)->session);
}

static struct video *video_for(struct server_display *e)
{
	struct video_options o = {
		.all = session_options(e->session)->video == SERVER_VIDEO_ALL,
		.reports = conn_peer_can(e->conn, DISPLAY_CAP_STREAM_REPORT),
		.sized = conn_peer_can(e->conn, DISPLAY_CAP_SIZED_STREAM),
		.slow = is_slow,
		.framer = session_framer(e->session),
		.mm_time = frame_time,
		.sent = frame_sent,
		.kick = kick,
		.owner = e,
	};

	o.n_codecs = forms_codecs(&e->forms, o.codecs);
	if (!o.n_codecs)
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
	e->forms.glz_pixels = o.glz_pixels = (uint64_t)m->glz_dictionary_window_size;
	o.rules = forms_rules(&e->forms);
	o.cache_pixels = (uint64_t)m->pixmap_cache_size;
	e->outbox = outbox_new(e->conn->loop, &o);
	chan_want_acks(&e->conn->chan, ACK_WINDOW);
	chan_send(&e->conn->chan, S_DISPLAY_INVAL_ALL_PALETTES, NULL);
	e->pipe = pipe_new(session_device(e->session), now, kick, e);
	if (!conn_peer_can(e->conn, DISPLAY_CAP_COMPOSITE))
		pipe_without_composite(e->pipe);
	if (!conn_peer_can(e->conn, DISPLAY_CAP_A8_SURFACE))
		pipe_without_a8(e->pipe);
	e->mend = mend_new();
	e->video = video_for(e);
	forms_say(&e->forms);
	kick(e);
	return 0;
}

static void prefer(struct server_display *e, uint8_t compression)
{
	if (forms_prefer(&e->forms, compression))
		server_display_rules(e);
}

static void prefer_codecs(struct server_display *e, const struct display_preferred_video_codec_type *m)
{
	uint8_t codecs[VIDEO_CODECS];

	forms_prefer_codecs(&e->forms, m);
	if (e->video)
		video_codecs(e->video, codecs, forms_codecs(&e->forms, codecs));
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
	forms_init(&e->forms, s, c);
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
		forms_stats(&e->forms, j);
		stats_images(e, j);
		json_uint(j, "encode_ms", outbox_encode_ms(e->outbox));
		json_uint(j, "inexact", mend_left(e->mend));
		json_uint(j, "mended", mend_done(e->mend));
	}
	if (e->video)
		stats_video(e, j);
}
