/* The client's end of the cursor channel: every type of shape becomes ARGB, premultiplied; pixels that invert what is
 * below, where the type has such, become a colour without alpha, which is nothing else. channels.md 4: real servers
 * pad; spice-gtk reads COLOR4 and masks without row padding, which only matters for widths that are no multiple of 8;
 * we read rows of whole bytes. */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "client/ends.h"

struct shape {
	uint64_t id; /* 0: free */
	unsigned width, height, hot_x, hot_y;
	uint32_t *pixels;
};

enum { INVERT = 0x00ffffff };

struct client_cursor {
	struct client *client;
	struct conn *conn;
	struct client_pointer pointer;
	struct shape *cache; /* LIM_CURSORS once used */
	size_t bytes;        /* of the pixels in it, at most LIM_CURSOR_CACHE */
};

static size_t shape_bytes(const struct shape *s)
{
	return (size_t)s->width * s->height * sizeof(*s->pixels);
}

static void cache_drop(struct client_cursor *e, struct shape *s)
{
	e->bytes -= shape_bytes(s);
	free(s->pixels);
	*s = (struct shape){0};
}

static void cache_clear(struct client_cursor *e)
{
	for (unsigned i = 0; e->cache && i < LIM_CURSORS; i++)
		cache_drop(e, &e->cache[i]);
}

static struct shape *cache_find(struct client_cursor *e, uint64_t id)
{
	for (unsigned i = 0; e->cache && i < LIM_CURSORS; i++)
		if (e->cache[i].id == id)
			return &e->cache[i];
	return NULL;
}

/* ---- shapes ---- */

/* One pixel of a coloured type: 0x00rrggbb, and whether full white means inversion. */
static uint32_t colour_at(const struct cursor_header *h, const uint8_t *data, const uint8_t *palette, unsigned x,
	unsigned y)
{
	size_t i = (size_t)y * h->width + x;
	unsigned v;

	switch (h->type) {
	case CURSOR_TYPE_COLOR4:
		v = data[(size_t)y * ((h->width + 1u) / 2) + x / 2];
		return get_le32(palette + 4 * (size_t)(x & 1 ? v & 15 : v >> 4)) & 0xffffff;
	case CURSOR_TYPE_COLOR8:
		return get_le32(palette + 4 * (size_t)data[i]) & 0xffffff;
	case CURSOR_TYPE_COLOR16:
		return colour_of_555(get_le16(data + 2 * i));
	case CURSOR_TYPE_COLOR24:
		return data[3 * i] | (uint32_t)data[3 * i + 1] << 8 | (uint32_t)data[3 * i + 2] << 16;
	default:
		return get_le32(data + 4 * i) & 0xffffff;
	}
}

static bool bit_at(const uint8_t *rows, unsigned width, unsigned x, unsigned y)
{
	return rows[(size_t)y * ((width + 7) / 8) + x / 8] >> (7 - x % 8) & 1;
}

static void decode_mono(struct shape *s, const uint8_t *data)
{
	const uint8_t *xor = data + (size_t)((s->width + 7) / 8) * s->height;

	for (unsigned y = 0; y < s->height; y++) {
		for (unsigned x = 0; x < s->width; x++) {
			bool and = bit_at(data, s->width, x, y), white = bit_at(xor, s->width, x, y);

			s->pixels[(size_t)y * s->width + x] = (white ? INVERT : 0) | (and ? 0 : 0xff000000);
		}
	}
}

static void decode_colour(struct shape *s, const struct cursor_header *h, const uint8_t *data, size_t pixels,
	size_t palette)
{
	const uint8_t *mask = data + pixels + palette;

	for (unsigned y = 0; y < s->height; y++) {
		for (unsigned x = 0; x < s->width; x++) {
			uint32_t c = colour_at(h, data, data + pixels, x, y);
			bool masked = bit_at(mask, s->width, x, y);

			s->pixels[(size_t)y * s->width + x] = masked ? (c ? INVERT : 0) : 0xff000000 | c;
		}
	}
}

/* Nothing inverts here, whatever colour is left where there is no alpha. */
static void decode_alpha(struct shape *s, const uint8_t *data)
{
	for (size_t i = 0; i < (size_t)s->width * s->height; i++)
		s->pixels[i] = data[4 * i + 3] ? get_le32(data + 4 * i) : 0;
}

/* Bytes of pixels and palette of a type; the mask comes behind. */
static void sizes(const struct cursor_header *h, size_t *pixels, size_t *palette, size_t *mask)
{
	static const struct {
		unsigned bits, palette;
	} types[] = {
		[CURSOR_TYPE_ALPHA] = {32, 0}, [CURSOR_TYPE_MONO] = {1, 0}, [CURSOR_TYPE_COLOR4] = {4, 64},
		[CURSOR_TYPE_COLOR8] = {8, 1024}, [CURSOR_TYPE_COLOR16] = {16, 0}, [CURSOR_TYPE_COLOR24] = {24, 0},
		[CURSOR_TYPE_COLOR32] = {32, 0},
	};

	*pixels = ((size_t)h->width * types[h->type].bits + 7) / 8 * h->height;
	*palette = types[h->type].palette;
	*mask = h->type == CURSOR_TYPE_ALPHA ? 0 : (size_t)(h->width + 7) / 8 * h->height;
}

/* A shape from its bytes; more than needed may follow. E_INVAL, E_LIMIT. */
static int decode_shape(struct shape *s, const struct cursor_header *h, struct slice data)
{
	size_t pixels, palette, mask;

	if (!h->width || !h->height)
		return E_INVAL;
	if (h->width > LIM_CURSOR_SIDE || h->height > LIM_CURSOR_SIDE)
		return E_LIMIT;
	sizes(h, &pixels, &palette, &mask);
	if (data.n < pixels + palette + mask)
		return E_INVAL;
	*s = (struct shape){.id = h->unique, .width = h->width, .height = h->height,
		.hot_x = h->hot_spot_x < h->width ? h->hot_spot_x : h->width - 1u,
		.hot_y = h->hot_spot_y < h->height ? h->hot_spot_y : h->height - 1u,
		.pixels = xcalloc((size_t)h->width * h->height, sizeof(uint32_t))};
	if (h->type == CURSOR_TYPE_ALPHA)
		decode_alpha(s, data.p);
	else if (h->type == CURSOR_TYPE_MONO)
		decode_mono(s, data.p);
	else
		decode_colour(s, h, data.p, pixels, palette);
	return 0;
}

/* ---- the pointer ---- */

static void drop_pointer(struct client_pointer *p)
{
	free(p->pixels);
	p->pixels = NULL;
}

/* The pointer gets a copy: cache and screen live apart. */
static void show(struct client_cursor *e, const struct shape *s)
{
	struct client_pointer *p = &e->pointer;

	drop_pointer(p);
	p->width = s->width;
	p->height = s->height;
	p->hot_x = s->hot_x;
	p->hot_y = s->hot_y;
	p->pixels = memcpy(xmalloc(shape_bytes(s)), s->pixels, shape_bytes(s));
}

/* Takes the pixels. */
static int keep(struct client_cursor *e, const struct shape *s)
{
	struct shape *slot;

	if (!e->cache)
		e->cache = xcalloc(LIM_CURSORS, sizeof(*e->cache));
	slot = cache_find(e, s->id);
	if (!slot)
		slot = cache_find(e, 0);
	if (!slot || e->bytes - shape_bytes(slot) + shape_bytes(s) > LIM_CURSOR_CACHE) {
		log_error("%s: cursor channel: more shapes than we keep", e->conn->name);
		free(s->pixels);
		return E_LIMIT;
	}
	cache_drop(e, slot);
	*slot = *s;
	e->bytes += shape_bytes(s);
	return 0;
}

static int set_shape(struct client_cursor *e, const struct cursor *c)
{
	struct shape s, *known;
	int rc;

	if (c->flags & CURSOR_FLAGS_NONE) {
		drop_pointer(&e->pointer);
		return 0;
	}
	if (c->flags & CURSOR_FLAGS_FROM_CACHE) {
		known = c->header.unique ? cache_find(e, c->header.unique) : NULL;
		if (!known) {
			log_error("%s: cursor channel: a shape that is not in the cache", e->conn->name);
			return E_PROTO;
		}
		show(e, known);
		return 0;
	}
	if ((rc = decode_shape(&s, &c->header, c->data))) {
		log_error("%s: cursor channel: a shape: %s", e->conn->name, err_str(rc));
		return rc == E_LIMIT ? rc : E_PROTO;
	}
	show(e, &s);
	if (c->flags & CURSOR_FLAGS_CACHE_ME && s.id)
		return keep(e, &s);
	free(s.pixels);
	return 0;
}

static void place(struct client_cursor *e, const struct point16 *at, bool visible)
{
	e->pointer.x = at->x;
	e->pointer.y = at->y;
	e->pointer.visible = visible;
}

static int handle(struct client_cursor *e, unsigned number, const void *body)
{
	const struct cursor_init *init = body;
	const struct cursor_set *set = body;
	const struct cursor_move *move = body;
	const struct cursor_inval_one *one = body;
	struct shape *s;

	switch (number) {
	case S_CURSOR_INIT:
		place(e, &init->position, init->visible);
		return set_shape(e, &init->cursor);
	case S_CURSOR_SET:
		place(e, &set->position, set->visible);
		return set_shape(e, &set->cursor);
	case S_CURSOR_MOVE:
		place(e, &move->position, true);
		return 0;
	case S_CURSOR_HIDE:
		e->pointer.visible = false;
		return 0;
	case S_CURSOR_RESET:
		e->pointer.visible = false;
		drop_pointer(&e->pointer);
		cache_clear(e);
		return 0;
	case S_CURSOR_INVAL_ONE:
		s = one->id ? cache_find(e, one->id) : NULL;
		if (s)
			cache_drop(e, s);
		return 0;
	case S_CURSOR_INVAL_ALL:
		cache_clear(e);
		return 0;
	}
	return 0;
}

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct client_cursor *e = end;
	int rc = handle(e, m->number, body);

	if (!rc) {
		CLIENT_TELL(e->client, pointer, e->conn->chan.id);
		client_progress(e->client);
	}
	return rc;
}

static const struct chan_ops ops = {.message = message};

static void *attach(struct client *c, struct conn *conn)
{
	struct client_cursor *e = new(struct client_cursor);

	e->client = c;
	e->conn = conn;
	conn_attach(conn, &ops, e);
	return e;
}

static void detach(void *end)
{
	struct client_cursor *e = end;

	drop_pointer(&e->pointer);
	cache_clear(e);
	free(e->cache);
	free(e);
}

const struct client_kind client_cursor_kind = {
	.type = WIRE_CURSOR,
	.ids = CLIENT_DISPLAYS,
	.attach = attach,
	.detach = detach,
};

const struct client_pointer *client_cursor_pointer(const struct client_cursor *e)
{
	return &e->pointer;
}
