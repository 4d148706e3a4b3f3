/* The client's end of the display channel. channels.md 2. */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "client/ends.h"
#include "codec/jpeg.h"

enum {
	CACHE_ID = 1,
	DICTIONARY_ID = 1,
	CACHE_PIXELS = LIM_IMAGE_CACHE / 8, /* half of what we hold: rows and headers cost as well */
};

struct stream {
	bool used, top_down;
	uint8_t codec;
	uint32_t surface;
	struct rect dest;
	struct clip clip;
	struct arena arena; /* of the clip's rectangles */
};

struct client_display {
	struct client *client;
	struct conn *conn;
	struct canvas *canvas;
	struct image_decoder decoder;
	bool marked;
	struct head heads[LIM_HEADS];
	unsigned n_heads;
	struct stream streams[LIM_STREAMS];
};

static bool several(void *owner)
{
	return client_several_displays(((struct client_display *)owner)->client);
}

/* ---- surfaces ---- */

static int refuse(struct client_display *e, const char *what, int rc)
{
	log_error("%s: display channel: %s: %s", e->conn->name, what, err_str(rc));
	return rc == E_LIMIT ? rc : E_PROTO;
}

static int surface_create(struct client_display *e, const struct surface_create *m)
{
	uint32_t large = m->width < LIM_IMAGE_SIDE && m->height < LIM_IMAGE_SIDE ? 4 * m->width * m->height : 0;
	int rc;

	if ((rc = canvas_surface_create(e->canvas, m)))
		return refuse(e, "SURFACE_CREATE", rc);
	if (large + LIM_S_OTHER > e->conn->chan.limit)
		e->conn->chan.limit = large + LIM_S_OTHER < LIM_S_DISPLAY_MAX ? large + LIM_S_OTHER : LIM_S_DISPLAY_MAX;
	if (m->surface_id == 0)
		CLIENT_TELL(e->client, screen, e->conn->chan.id);
	return 0;
}

static int mode(struct client_display *e, const struct display_mode *m)
{
	struct surface_create s = {.width = m->x_res, .height = m->y_res,
		.format = m->bits == 16 ? SURFACE_FMT_16_555 : SURFACE_FMT_32_xRGB};

	if (canvas_surface(e->canvas, 0)) /* a new mode replaces the screen; no surface is created twice */
		canvas_surface_destroy(e->canvas, 0);
	return surface_create(e, &s);
}

static void lost_screen(struct client_display *e)
{
	e->marked = false;
	CLIENT_TELL(e->client, screen, e->conn->chan.id);
}

static int surface_destroy(struct client_display *e, uint32_t id)
{
	int rc = canvas_surface_destroy(e->canvas, id);

	if (rc)
		return refuse(e, "SURFACE_DESTROY", rc);
	if (id == 0)
		lost_screen(e);
	return 0;
}

static void damage(struct client_display *e, uint32_t surface, const struct rect *r)
{
	if (surface == 0 && !rect_is_empty(r))
		CLIENT_TELL(e->client, damage, e->conn->chan.id, r);
}

static int reset(struct client_display *e)
{
	struct pixmap *p = canvas_surface(e->canvas, 0);

	if (p)
		memset(p->data, 0, (size_t)p->stride * p->height);
	palette_cache_clear(&e->decoder.palettes);
	e->marked = false;
	return 0;
}

static int draw(struct client_display *e, const struct wire_msg *m, const void *body)
{
	struct rect changed;
	uint32_t surface;
	struct rect box;
	int rc = canvas_draw(e->canvas, m->number, body, &changed);

	image_decoder_done(&e->decoder, rc == E_AGAIN);
	if (rc == E_AGAIN)
		return rc;
	if (rc)
		return refuse(e, m->name, rc);
	canvas_target(m->number, body, &surface, &box);
	damage(e, surface, &changed);
	return 0;
}

/* ---- streams: MJPEG frames are shown as they come ---- */

static void stream_free(struct stream *s)
{
	arena_fini(&s->arena);
	*s = (struct stream){0};
}

static void stream_set_clip(struct stream *s, const struct clip *clip)
{
	arena_fini(&s->arena);
	s->arena = (struct arena){0};
	s->clip = *(struct clip *)wire_copy(wire_desc_clip(), clip, 0, &s->arena);
}

static int stream_create(struct client_display *e, const struct stream_create *m)
{
	struct stream *s = m->stream_id < LIM_STREAMS ? &e->streams[m->stream_id] : NULL;

	if (!s || !canvas_surface(e->canvas, m->surface_id))
		return refuse(e, "STREAM_CREATE", s ? E_INVAL : E_LIMIT);
	stream_free(s);
	s->used = true;
	s->codec = m->codec_type;
	s->top_down = m->flags & STREAM_FLAGS_TOP_DOWN;
	s->surface = m->surface_id;
	s->dest = m->dest;
	stream_set_clip(s, &m->clip);
	return 0;
}

static void flip(struct pixmap *p)
{
	size_t n = (size_t)p->stride;
	uint8_t *tmp = xmalloc(n);

	for (unsigned y = 0; y < p->height / 2; y++) {
		uint8_t *a = p->data + y * n, *b = p->data + (p->height - 1 - y) * n;

		memcpy(tmp, a, n);
		memcpy(a, b, n);
		memcpy(b, tmp, n);
	}
	free(tmp);
}

/* A frame of an unknown stream, or one that does not decode, is dropped. */
static void stream_frame(struct client_display *e, uint32_t id, const struct rect *sized, struct slice data)
{
	struct stream *s = id < LIM_STREAMS && e->streams[id].used ? &e->streams[id] : NULL;
	const struct rect *dest = sized ? sized : s ? &s->dest : NULL;
	struct pixmap *p;
	unsigned w, h;

	if (!s || s->codec != VIDEO_CODEC_MJPEG || jpeg_header(data, &w, &h))
		return;
	p = pixmap_new(SURFACE_FMT_32_xRGB, w, h);
	if (jpeg_decode(data, w, h, p->data, (size_t)p->stride) == 0) {
		if (!s->top_down)
			flip(p);
		if (canvas_frame(e->canvas, s->surface, p, dest, &s->clip) == 0)
			damage(e, s->surface, dest);
	}
	pixmap_unref(p);
}

/* ---- the rest ---- */

static void monitors_config(struct client_display *e, const struct monitors_config *m)
{
	e->n_heads = m->count < LIM_HEADS ? m->count : LIM_HEADS;
	if (e->n_heads)
		memcpy(e->heads, m->heads, e->n_heads * sizeof(*e->heads));
	CLIENT_TELL(e->client, monitors, e->conn->chan.id);
}

static void inval_list(struct client_display *e, const struct inval_list *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->resources[i].type == RESOURCE_TYPE_PIXMAP)
			image_cache_remove(client_images(e->client), m->resources[i].id);
}

static int inval_all(struct client_display *e, const struct inval_all_pixmaps *m)
{
	for (unsigned i = 0; i < m->wait_count; i++)
		if (!client_reached(e->client, m->wait_list[i].channel_type, m->wait_list[i].channel_id,
			    m->wait_list[i].message_serial))
			return E_AGAIN;
	image_cache_clear(client_images(e->client));
	return 0;
}

static int handle(struct client_display *e, const struct wire_msg *m, const void *body)
{
	const struct stream_data *frame = body;
	const struct stream_data_sized *sized = body;
	const struct stream_clip *clip = body;
	uint32_t id;

	switch (m->number) {
	case S_DISPLAY_MODE:
		return mode(e, body);
	case S_DISPLAY_MARK:
		e->marked = true;
		CLIENT_TELL(e->client, mark, e->conn->chan.id);
		return 0;
	case S_DISPLAY_RESET:
		return reset(e);
	case S_DISPLAY_SURFACE_CREATE:
		return surface_create(e, body);
	case S_DISPLAY_SURFACE_DESTROY:
		return surface_destroy(e, ((const struct surface_destroy *)body)->surface_id);
	case S_DISPLAY_INVAL_LIST:
		inval_list(e, body);
		return 0;
	case S_DISPLAY_INVAL_ALL_PIXMAPS:
		return inval_all(e, body);
	case S_DISPLAY_INVAL_PALETTE:
		palette_cache_remove(&e->decoder.palettes, ((const struct inval_palette *)body)->id);
		return 0;
	case S_DISPLAY_INVAL_ALL_PALETTES:
		palette_cache_clear(&e->decoder.palettes);
		return 0;
	case S_DISPLAY_MONITORS_CONFIG:
		monitors_config(e, body);
		return 0;
	case S_DISPLAY_STREAM_CREATE:
		return stream_create(e, body);
	case S_DISPLAY_STREAM_DATA:
		stream_frame(e, frame->base.stream_id, NULL, frame->data);
		return 0;
	case S_DISPLAY_STREAM_DATA_SIZED:
		stream_frame(e, sized->base.stream_id, &sized->dest, sized->data);
		return 0;
	case S_DISPLAY_STREAM_CLIP:
		if (clip->stream_id < LIM_STREAMS && e->streams[clip->stream_id].used)
			stream_set_clip(&e->streams[clip->stream_id], &clip->clip);
		return 0;
	case S_DISPLAY_STREAM_DESTROY:
		id = ((const struct stream_destroy *)body)->stream_id;
		if (id < LIM_STREAMS)
			stream_free(&e->streams[id]);
		return 0;
	case S_DISPLAY_STREAM_DESTROY_ALL:
		for (unsigned i = 0; i < LIM_STREAMS; i++)
			stream_free(&e->streams[i]);
		return 0;
	}
	return 0; /* GL, quality and other things that we did not ask for */
}

static bool is_draw(unsigned number)
{
	struct draw_base base = {0};
	uint32_t surface;
	struct rect box;

	return canvas_target(number, &base, &surface, &box);
}

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct client_display *e = end;
	int rc = is_draw(m->number) ? draw(e, m, body) : handle(e, m, body);

	if (!rc)
		client_progress(e->client);
	return rc;
}

static bool reached(void *end, unsigned type, unsigned id, uint64_t serial)
{
	return client_reached(((struct client_display *)end)->client, type, id, serial);
}

static const struct chan_ops ops = {.message = message, .reached = reached};

/* What we would like comes before INIT, in the same write: then already the first picture is so (channels.md 2). */
static void hello(struct client_display *e)
{
	const struct link_caps *caps = conn_peer_caps(e->conn);
	uint8_t wish = client_compression(e->client);

	if (wish && cap_has(caps->channel, caps->n_channel, DISPLAY_CAP_PREF_COMPRESSION))
		chan_send(&e->conn->chan, C_DISPLAY_PREFERRED_COMPRESSION,
			&(struct display_preferred_compression){wish});
	chan_send(&e->conn->chan, C_DISPLAY_INIT, &(struct display_init){
		.pixmap_cache_id = CACHE_ID,
		.pixmap_cache_size = CACHE_PIXELS,
		.glz_dictionary_id = DICTIONARY_ID,
		.glz_dictionary_window_size = CLIENT_GLZ_PIXELS,
	});
}

struct client_display *client_display_new(struct client *c, struct conn *conn)
{
	struct client_display *e = new(struct client_display);

	e->client = c;
	e->conn = conn;
	e->decoder = (struct image_decoder){.images = client_images(c), .glz = client_glz(c), .others = several,
		.owner = e};
	e->canvas = canvas_new(image_decode, &e->decoder);
	conn_attach(conn, &ops, e);
	hello(e);
	return e;
}

void client_display_free(struct client_display *e)
{
	if (!e)
		return;
	conn_close(e->conn, false);
	for (unsigned i = 0; i < LIM_STREAMS; i++)
		stream_free(&e->streams[i]);
	canvas_free(e->canvas);
	image_decoder_fini(&e->decoder);
	free(e);
}

struct conn *client_display_conn(const struct client_display *e)
{
	return e->conn;
}

struct pixmap *client_display_screen(struct client_display *e)
{
	return canvas_surface(e->canvas, 0);
}

bool client_display_marked(const struct client_display *e)
{
	return e->marked;
}

unsigned client_display_monitors(const struct client_display *e, const struct head **heads)
{
	*heads = e->heads;
	return e->n_heads;
}
