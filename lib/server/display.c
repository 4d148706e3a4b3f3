/* The server's end of the display channel: takes from the pipe what the socket can carry. channels.md 2. */
#include "base/err.h"
#include "base/log.h"
#include "server/encode.h"
#include "server/pipe.h"
#include "server/session.h"

#include <stdlib.h>

enum { ACK_WINDOW = 20 };

struct server_display {
	struct session *session;
	struct conn *conn;
	struct pipe *pipe;   /* from the client's INIT on */
	struct encode_rules rules;
	struct arena arena;  /* of the message being made */
};

static bool client_has(const struct server_display *e, unsigned bit)
{
	const struct link_caps *caps = conn_peer_caps(e->conn);

	return cap_has(caps->channel, caps->n_channel, bit);
}

static void send_monitors(struct server_display *e)
{
	struct device *d = session_device(e->session);

	if (client_has(e, DISPLAY_CAP_MONITORS_CONFIG))
		chan_send(&e->conn->chan, S_DISPLAY_MONITORS_CONFIG,
			&(struct monitors_config){(uint16_t)d->n_heads, (uint16_t)d->n_heads, d->heads});
}

static void send_mark(struct server_display *e)
{
	send_monitors(e);
	chan_send(&e->conn->chan, S_DISPLAY_MARK, NULL);
	if (!e->session->ready)
		session_ready(e->session);
}

static void send_item(struct server_display *e, struct draw_item *item)
{
	arena_reset(&e->arena);
	chan_send(&e->conn->chan, item->number, encode_item(&e->rules, item, &e->arena));
	draw_item_unref(item);
}

/* A 1_A surface takes fills only: zeros everywhere, then ones where they are, as clip rectangles. */
static void send_bits(struct server_display *e, struct pixmap *s, uint32_t id, const struct rect *r)
{
	struct rect runs[256];
	struct draw_fill fill = {
		.base = {.surface_id = id, .box = *r},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = 0},
		.rop = ROPD_OP_PUT,
	};
	uint32_t n = 0;

	chan_send(&e->conn->chan, S_DISPLAY_DRAW_FILL, &fill);
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
				chan_send(&e->conn->chan, S_DISPLAY_DRAW_FILL, &fill);
				n = 0;
			}
		}
	}
	fill.base.clip.rects.num_rects = n;
	if (n)
		chan_send(&e->conn->chan, S_DISPLAY_DRAW_FILL, &fill);
}

static void send_region(struct server_display *e, uint32_t id, const struct rect *r)
{
	struct canvas *canvas = session_device(e->session)->canvas;
	struct pixmap *s = canvas_surface(canvas, id), *pixels;
	struct draw_copy copy;

	if (s->format == SURFACE_FMT_1_A) {
		send_bits(e, s, id, r);
		return;
	}
	arena_reset(&e->arena);
	encode_region(&e->rules, canvas, id, r, &e->arena, &copy, &pixels);
	chan_send(&e->conn->chan, S_DISPLAY_DRAW_COPY, &copy);
	pixmap_unref(pixels);
}

static int pull(void *end)
{
	struct server_display *e = end;
	struct pipe_out next;

	if (!e->pipe)
		return 0;
	pipe_next(e->pipe, &next);
	switch (next.kind) {
	case PIPE_NOTHING:
		return 0;
	case PIPE_DRAW:
		send_item(e, next.item);
		break;
	case PIPE_CREATE:
		chan_send(&e->conn->chan, S_DISPLAY_SURFACE_CREATE, &next.create);
		break;
	case PIPE_DESTROY:
		chan_send(&e->conn->chan, S_DISPLAY_SURFACE_DESTROY, &(struct surface_destroy){next.id});
		break;
	case PIPE_REGION:
		send_region(e, next.id, &next.rect);
		break;
	case PIPE_MARK:
		send_mark(e);
		break;
	case PIPE_MONITORS:
		send_monitors(e);
		break;
	}
	return 1;
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

static int init(struct server_display *e)
{
	if (e->pipe) {
		log_warn("%s: display channel: a second INIT", e->conn->name);
		return E_PROTO;
	}
	chan_want_acks(&e->conn->chan, ACK_WINDOW);
	chan_send(&e->conn->chan, S_DISPLAY_INVAL_ALL_PALETTES, NULL);
	e->pipe = pipe_new(session_device(e->session), now, kick, e);
	kick(e);
	return 0;
}

static void prefer(struct server_display *e, uint8_t compression)
{
	/* one that we don't have leaves the choice as it is */
	if (compression == IMAGE_COMPRESSION_OFF || compression == IMAGE_COMPRESSION_LZ4)
		e->rules.compress = compression;
	else if (compression == IMAGE_COMPRESSION_AUTO_GLZ || compression == IMAGE_COMPRESSION_AUTO_LZ)
		e->rules.compress = IMAGE_COMPRESSION_INVALID;
}

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct server_display *e = end;

	switch (m->number) {
	case C_DISPLAY_INIT:
		return init(e);
	case C_DISPLAY_PREFERRED_COMPRESSION:
		prefer(e, ((const struct display_preferred_compression *)body)->image_compression);
		return 0;
	case C_DISPLAY_GL_DRAW_DONE:
		log_warn("%s: display channel: GL_DRAW_DONE without a GL_DRAW", e->conn->name);
		return E_PROTO;
	default: /* PONG; STREAM_REPORT and codec wishes of streams that there are none of */
		return 0;
	}
}

static const struct chan_ops ops = {.message = message, .pull = pull};

struct server_display *server_display_new(struct session *s, struct conn *c)
{
	struct server_display *e = new(struct server_display);

	e->session = s;
	e->conn = c;
	e->rules = (struct encode_rules){
		.compress = session_options(s)->compress,
		.lz4 = client_has(e, DISPLAY_CAP_LZ4_COMPRESSION),
		.raw = c->info.local,
	};
	conn_attach(c, &ops, e);
	return e;
}

void server_display_free(struct server_display *e)
{
	if (!e)
		return;
	pipe_free(e->pipe);
	conn_close(e->conn, false);
	arena_fini(&e->arena);
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
