/* The client's end of the display channel. channels.md 2. */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "client/ends.h"
#include "client/stream.h"

enum {
	CACHE_ID = 1,
	DICTIONARY_ID = 1,
	CACHE_PIXELS = LIM_IMAGE_CACHE / 8, /* half of what we hold: rows and headers cost as well */
};

struct client_display {
	struct client *client;
	struct conn *conn;
	struct canvas *canvas;
	struct image_decoder decoder;
	bool marked;
	struct head heads[LIM_HEADS];
	unsigned n_heads;
	struct streams *streams;
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
	int rc = canvas_surface_create(e->canvas, m);
	uint32_t whole;

	if (rc)
		return refuse(e, "SURFACE_CREATE", rc);
	/* L-8: a picture of all of it fits into a message */
	whole = 4 * m->width * m->height + LIM_S_OTHER;
	if (whole > e->conn->chan.limit)
		e->conn->chan.limit = whole < LIM_S_DISPLAY_MAX ? whole : LIM_S_DISPLAY_MAX;
	if (m->surface_id == 0)
		CLIENT_TELL(e->client, screen, e->conn->chan.id);
	return 0;
}

static int mode(struct client_display *e, const struct display_mode *m)
{
	struct surface_create s = {.width = m->x_res, .height = m->y_res,
		.format = m->bits == 16 ? SURFACE_FMT_16_555 : SURFACE_FMT_32_xRGB};

	if (canvas_surface(e->canvas, 0)) { /* a new mode replaces the screen; no surface is created twice */
		streams_surface_gone(e->streams, 0);
		canvas_surface_destroy(e->canvas, 0);
	}
	return surface_create(e, &s);
}

static void lost_screen(struct client_display *e)
{
	e->marked = false;
	CLIENT_TELL(e->client, screen, e->conn->chan.id);
}

static int surface_destroy(struct client_display *e, uint32_t id)
{
	int rc;

	streams_surface_gone(e->streams, id);
	rc = canvas_surface_destroy(e->canvas, id);
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
	if (p)
		damage(e, 0, &(struct rect){.right = (int)p->width, .bottom = (int)p->height});
	return 0;
}

static int draw(struct client_display *e, const struct wire_msg *m, const void *body, uint32_t surface)
{
	struct rect changed;
	int rc = canvas_draw(e->canvas, m->number, body, &changed);

	image_decoder_done(&e->decoder, rc == E_AGAIN);
	if (rc == E_AGAIN)
		return rc;
	if (rc)
		return refuse(e, m->name, rc);
	damage(e, surface, &changed);
	return 0;
}

/* ---- streams ---- */

/* Shows what is due; the session calls again when more is. */
void client_display_frames(struct client_display *e)
{
	int32_t ms = streams_due(e->streams, client_mm_time(e->client));

	if (ms >= 0)
		client_wake_frames(e->client, (uint32_t)ms);
}

void client_display_jump(struct client_display *e)
{
	streams_jump(e->streams, client_mm_time(e->client));
}

static void stream_shown(void *owner, uint32_t surface, const struct rect *r)
{
	damage(owner, surface, r);
}

static void stream_report(void *owner, const struct stream_report *r)
{
	struct client_display *e = owner;

	chan_send(&e->conn->chan, C_DISPLAY_STREAM_REPORT, r);
}

static const struct stream_ops stream_ops = {.shown = stream_shown, .report = stream_report};

static int stream_create(struct client_display *e, const struct stream_create *m)
{
	int rc = streams_create(e->streams, m);

	return rc ? refuse(e, "STREAM_CREATE", rc) : 0;
}

static int stream_frame(struct client_display *e, const struct stream_data_header *h, const struct rect *dest,
	struct slice data)
{
	streams_frame(e->streams, h->stream_id, h->multi_media_time, dest, data, client_mm_time(e->client));
	client_display_frames(e);
	return 0;
}

static int stream_message(struct client_display *e, unsigned number, const void *body)
{
	const struct stream_data *frame = body;
	const struct stream_data_sized *sized = body;
	const struct stream_clip *clip = body;

	switch (number) {
	case S_DISPLAY_STREAM_CREATE:
		return stream_create(e, body);
	case S_DISPLAY_STREAM_DATA:
		return stream_frame(e, &frame->base, NULL, frame->data);
	case S_DISPLAY_STREAM_DATA_SIZED:
		return stream_frame(e, &sized->base, &sized->dest, sized->data);
	case S_DISPLAY_STREAM_CLIP:
		streams_clip(e->streams, clip->stream_id, &clip->clip);
		break;
	case S_DISPLAY_STREAM_DESTROY:
		streams_destroy(e->streams, ((const struct stream_destroy *)body)->stream_id);
		break;
	case S_DISPLAY_STREAM_DESTROY_ALL:
		streams_destroy_all(e->streams);
		break;
	case S_DISPLAY_STREAM_ACTIVATE_REPORT:
		streams_activate_report(e->streams, body, client_mm_time(e->client));
		break;
	}
	return 0; /* GL, quality and other things that we did not ask for */
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
	switch (m->number) {
	case S_DISPLAY_MODE:
		return mode(e, body);
	case S_DISPLAY_MARK:
		if (!e->marked)
			log_info("%s: display channel: its picture is here", e->conn->name);
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
	}
	return stream_message(e, m->number, body);
}

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct client_display *e = end;
	uint32_t surface;
	struct rect box;
	bool drawing = canvas_target(m->number, body, &surface, &box);
	int rc = drawing ? draw(e, m, body, surface) : handle(e, m, body);

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
	const uint8_t *codecs;
	unsigned n = client_codecs(e->client, &codecs);

	if (wish && cap_has(caps->channel, caps->n_channel, DISPLAY_CAP_PREF_COMPRESSION))
		chan_send(&e->conn->chan, C_DISPLAY_PREFERRED_COMPRESSION,
			&(struct display_preferred_compression){wish});
	if (n && cap_has(caps->channel, caps->n_channel, DISPLAY_CAP_PREF_VIDEO_CODEC_TYPE))
		chan_send(&e->conn->chan, C_DISPLAY_PREFERRED_VIDEO_CODEC_TYPE,
			&(struct display_preferred_video_codec_type){(uint8_t)n, slice_of(codecs, n)});
	chan_send(&e->conn->chan, C_DISPLAY_INIT, &(struct display_init){
		.pixmap_cache_id = CACHE_ID,
		.pixmap_cache_size = CACHE_PIXELS,
		.glz_dictionary_id = DICTIONARY_ID,
		.glz_dictionary_window_size = CLIENT_GLZ_PIXELS,
	});
}

static void *attach(struct client *c, struct conn *conn)
{
	struct client_display *e = new(struct client_display);

	e->client = c;
	e->conn = conn;
	e->decoder = (struct image_decoder){.images = client_images(c), .glz = client_glz(c), .others = several,
		.owner = e};
	e->canvas = canvas_new(image_decode, &e->decoder);
	canvas_share(e->canvas, client_surface_bytes(c));
	e->streams = streams_new(e->canvas, &stream_ops, e);
	conn_attach(conn, &ops, e);
	hello(e);
	return e;
}

static void detach(void *end)
{
	struct client_display *e = end;

	streams_free(e->streams);
	canvas_free(e->canvas);
	image_decoder_fini(&e->decoder);
	free(e);
}

const struct client_kind client_display_kind = {
	.type = WIRE_DISPLAY,
	.ids = CLIENT_DISPLAYS,
	.caps = 1u << DISPLAY_CAP_SIZED_STREAM | 1u << DISPLAY_CAP_MONITORS_CONFIG | 1u << DISPLAY_CAP_LZ4_COMPRESSION |
		1u << DISPLAY_CAP_STREAM_REPORT | 1u << DISPLAY_CAP_MULTI_CODEC | 1u << DISPLAY_CAP_CODEC_MJPEG |
		1u << DISPLAY_CAP_CODEC_VP8 | 1u << DISPLAY_CAP_COMPOSITE | 1u << DISPLAY_CAP_A8_SURFACE,
	.attach = attach,
	.detach = detach,
};

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
