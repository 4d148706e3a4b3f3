/* The ends of two displays and a cursor of one client, without a socket: this program is their session itself, with the
 * functions of client/ends.h and chan/conn.h that the ends call. Damage that is told must lie on its screen. Symbols of
 * the program come before the library's, so this goes into one file of it. */
#ifndef FUZZ_ENDS_H
#define FUZZ_ENDS_H

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/ends.h"
#include "client/stream.h"
#include "codec/glz.h"

enum { DISPLAYS = 2, CURSOR = DISPLAYS, ENDS, ENDS_SIDE = 40, ENDS_GLZ_PIXELS = 4096 };

struct client {
	struct conn conns[ENDS];
	void *ends[ENDS];
	struct image_cache *images;
	struct glz_window *glz;
	size_t surface_bytes;
	uint32_t now; /* the multimedia clock */
	bool progress;
	void (*opened)(struct client *c, unsigned end); /* a display begins anew; may be NULL */
};

static struct client *session; /* there is one at a time */

/* ---- what the ends ask of their session ---- */

static void damage(void *owner, unsigned display, const struct rect *r)
{
	struct client *c = owner;
	const struct pixmap *s = client_display_screen(c->ends[display]);

	if (!s || r->left < 0 || r->top < 0 || r->left >= r->right || r->top >= r->bottom || r->right > (int)s->width ||
		r->bottom > (int)s->height)
		abort();
}

static const struct client_ops ops = {.damage = damage};

const struct client_ops *client_ops(const struct client *c)
{
	(void)c;
	return &ops;
}

void *client_owner(const struct client *c)
{
	(void)c;
	return session;
}

struct image_cache *client_images(struct client *c)
{
	return c->images;
}

struct glz_window *client_glz(struct client *c)
{
	return c->glz;
}

size_t *client_surface_bytes(struct client *c)
{
	return &c->surface_bytes;
}

uint8_t client_compression(const struct client *c)
{
	(void)c;
	return IMAGE_COMPRESSION_LZ4;
}

unsigned client_codecs(const struct client *c, const uint8_t **codecs)
{
	(void)c, (void)codecs;
	return 0;
}

bool client_several_displays(const struct client *c)
{
	(void)c;
	return true;
}

uint32_t client_mm_time(const struct client *c)
{
	return c->now;
}

void client_wake_frames(struct client *c, uint32_t ms)
{
	(void)c;
	if (ms > STREAM_EARLY_MS)
		abort();
}

bool client_reached(struct client *c, unsigned type, unsigned id, uint64_t serial)
{
	unsigned end = type == WIRE_CURSOR ? CURSOR : id;

	if ((type != WIRE_DISPLAY && type != WIRE_CURSOR) || id >= (type == WIRE_CURSOR ? 1 : DISPLAYS))
		return true; /* there is none */
	return c->conns[end].chan.serial_in >= serial;
}

void client_progress(struct client *c)
{
	c->progress = true;
}

void conn_attach(struct conn *conn, const struct chan_ops *chan_ops, void *end)
{
	conn->chan.ops = chan_ops;
	conn->chan.end = end;
}

const struct link_caps *conn_peer_caps(const struct conn *conn)
{
	static const struct link_caps caps = {.n_channel = 1, .channel = {1u << DISPLAY_CAP_PREF_COMPRESSION}};

	(void)conn;
	return &caps;
}

/* ---- channels ---- */

static int feed(struct client *c, unsigned end, const uint8_t *p, size_t n, bool cut);

static void say_screen(struct client *c, unsigned display)
{
	struct surface_create screen = {0, ENDS_SIDE, ENDS_SIDE, SURFACE_FMT_32_xRGB, SURFACE_FLAGS_PRIMARY};
	struct buf b = {0};

	buf_le16(&b, S_DISPLAY_SURFACE_CREATE);
	buf_le32(&b, 20);
	if (wire_encode(wire_desc_surface_create(), &screen, 0, &b))
		abort();
	feed(c, display, buf_data(&b), buf_len(&b), false);
	buf_fini(&b);
}

static const struct client_kind *kind_of(unsigned end)
{
	return end == CURSOR ? &client_cursor_kind : &client_display_kind;
}

static void open_end(struct client *c, unsigned end)
{
	struct conn *conn = &c->conns[end];

	*conn = (struct conn){.linked = true, .name = "fuzz"};
	chan_init(&conn->chan, CHAN_CLIENT, kind_of(end)->type, end == CURSOR ? 0 : end, true, NULL, NULL);
	c->ends[end] = kind_of(end)->attach(c, conn);
	if (end == CURSOR)
		return;
	say_screen(c, end);
	if (c->opened)
		c->opened(c, end);
}

static void close_end(struct client *c, unsigned end)
{
	kind_of(end)->detach(c->ends[end]);
	chan_fini(&c->conns[end].chan);
}

/* What a channel has to answer is taken from it; what ends it, ends it alone. Gives rc back. */
static int settle(struct client *c, unsigned end, int rc)
{
	struct chan *chan = &c->conns[end].chan;
	struct slice out;

	if (rc) {
		if (rc != E_PROTO && rc != E_LIMIT)
			abort();
		close_end(c, end);
		open_end(c, end);
		return rc;
	}
	if (chan_output(chan, &out))
		abort();
	chan_sent(chan, out.n);
	return 0;
}

/* Frames with short headers, whole or in two pieces; 0 (done or parked), or what ended the channel: it is new then. */
static int feed(struct client *c, unsigned end, const uint8_t *p, size_t n, bool cut)
{
	struct chan *chan = &c->conns[end].chan;
	size_t first = cut ? n / 2 : n;
	uint8_t *copy = memcpy(xmalloc(n), p, n); /* at its exact size */
	int rc = chan_input(chan, copy, first);

	if (!rc && cut)
		rc = chan_input(chan, copy + first, n - first);
	free(copy);
	return settle(c, end, rc);
}

/* Channels that waited go on when others have got on, as long as that moves anything. */
static inline void resume(struct client *c)
{
	while (c->progress) {
		c->progress = false;
		for (unsigned end = 0; end < ENDS; end++)
			if (c->conns[end].chan.parked)
				settle(c, end, chan_resume(&c->conns[end].chan));
	}
}

static struct client *session_new(void (*opened)(struct client *c, unsigned end))
{
	struct client *c = session = new(struct client);

	c->images = image_cache_new();
	c->glz = glz_window_new(ENDS_GLZ_PIXELS);
	c->now = UINT32_MAX - 1000;
	c->opened = opened;
	for (unsigned end = 0; end < ENDS; end++)
		open_end(c, end);
	return c;
}

static void session_free(struct client *c)
{
	for (unsigned end = 0; end < ENDS; end++)
		close_end(c, end);
	image_cache_free(c->images);
	glz_window_free(c->glz);
	free(c);
}

#endif
