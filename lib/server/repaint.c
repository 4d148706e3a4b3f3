/* Repaints. The frame that the differ works on is the surface itself: it has what is new by the time its operations are
 * told of. The memory of pictures that may come again is bounded. While much moves, as in video, only what has come a
 * second time is made a picture to keep. */
#include "server/repaint.h"

#include <stdlib.h>

#include "base/err.h"
#include "draw/rect.h"
#include "server/band.h"
#include "server/differ.h"

enum {
	KEPT_BYTES = 16 << 20,  /* of pictures, */
	KEPT_LEAST = 256,       /* and the pixels of one, at least; more than a band's are cut */
	CALM = 64 << 10,        /* pixels put in a repaint, on the average */
	SEEN = 1024,
	WHOLE = 4,              /* when more than 1 / WHOLE is new it is drawn as a whole, which hides what waits */
	COMMAND = 1024,         /* pixels that a command is worth in this reckoning */
	SMALL = 64 << 10,       /* up to so many pixels it is one picture, when anything is new */
	PLACES_LOG = 6,
	PATIENCE = 5,           /* half of 1 << PATIENCE repaints at a place, at most, go by unlooked at */
};

struct kept {
	struct list link;
	uint64_t hash, id;
	size_t bytes;
};

/* Where a repaint was. One that shows new pixels only, time and again, as video does, is looked at ever more rarely. */
struct place {
	uint32_t surface;
	struct rect box;
	unsigned vain; /* looks, one after the other */
	unsigned skip; /* repaints that go by until the next look */
};

struct repaint {
	struct device *device;
	struct differ *differ;
	struct map kept; /* struct kept by hash */
	struct list used; /* the same, the least lately used first */
	size_t bytes;
	uint64_t seen[SEEN]; /* hashes of what was put lately, each in its place */
	uint64_t busy; /* pixels put in a repaint, lately */
	struct place places[1 << PLACES_LOG];
};

struct repaint *repaint_new(struct device *d)
{
	struct repaint *r = new(struct repaint);

	r->device = d;
	r->differ = differ_new(cpu_level());
	list_init(&r->used);
	return r;
}

static void forget(struct repaint *r, struct kept *k)
{
	list_remove(&k->link);
	map_remove(&r->kept, k->hash);
	device_picture_forget(r->device, k->id);
	r->bytes -= k->bytes;
	free(k);
}

void repaint_free(struct repaint *r)
{
	struct kept *k;

	if (!r)
		return;
	list_each(k, &r->used, link)
		forget(r, k);
	map_clear(&r->kept, NULL);
	differ_free(r->differ);
	free(r);
}

/* ---- pictures ---- */

/* Some pixels, and where they are to stand. */
struct piece {
	uint32_t surface;
	struct rect to;
	const uint8_t *p;
	size_t stride;
	bool alpha;
	bool there; /* the canvas has them already: listeners are told */
};

static unsigned width(const struct piece *x)
{
	return (unsigned)(x->to.right - x->to.left);
}

static unsigned height(const struct piece *x)
{
	return (unsigned)(x->to.bottom - x->to.top);
}

/* A part of it. */
static struct piece part(const struct piece *x, const struct rect *to)
{
	struct piece y = *x;

	y.to = *to;
	y.p += (size_t)(to->top - x->to.top) * x->stride + 4 * (size_t)(to->left - x->to.left);
	return y;
}

static void put_row(uint32_t *to, const uint32_t *from, unsigned n, bool alpha)
{
	if (alpha)
		memcpy(to, from, 4 * (size_t)n);
	else
		for (unsigned i = 0; i < n; i++)
			to[i] = from[i] & 0xffffff;
}

static struct pixmap *pixmap_of(const struct piece *x)
{
	unsigned w = width(x), h = height(x);
	struct pixmap *pm = pixmap_raw(x->alpha ? SURFACE_FMT_32_ARGB : SURFACE_FMT_32_xRGB, w, h);

	for (unsigned y = 0; y < h; y++)
		put_row((uint32_t *)(void *)(pm->data + (size_t)y * (size_t)pm->stride),
			(const uint32_t *)(const void *)(x->p + y * x->stride), w, x->alpha);
	return pm;
}

/* `at`: where in the picture its pixels begin. */
static int draw_picture(struct repaint *r, const struct piece *x, uint64_t id, int at_x, int at_y)
{
	struct image img = device_image(r->device, id);

	return (x->there ? device_drawn : device_draw)(r->device, S_DISPLAY_DRAW_COPY,
		&(struct draw_copy){.base = {.surface_id = x->surface, .box = x->to},
			.src = &img,
			.src_area = {.left = at_x, .top = at_y, .right = at_x + (int)width(x),
				.bottom = at_y + (int)height(x)},
			.rop = ROPD_OP_PUT,
			.scale_mode = SCALE_MODE_NEAREST});
}

static int draw_once(struct repaint *r, const struct piece *x)
{
	struct pixmap *pm = pixmap_of(x);
	uint64_t id = device_picture_once(r->device, pm);
	int rc = draw_picture(r, x, id, 0, 0);

	device_picture_forget(r->device, id);
	pixmap_unref(pm);
	return rc;
}

static struct kept *keep(struct repaint *r, uint64_t hash, const struct piece *x)
{
	struct pixmap *pm = pixmap_of(x);
	struct kept *k = new(struct kept);

	k->hash = hash;
	k->id = device_picture(r->device, pm);
	k->bytes = (size_t)pm->stride * pm->height;
	pixmap_unref(pm);
	while (r->bytes + k->bytes > KEPT_BYTES)
		forget(r, list_first(&r->used, struct kept, link));
	map_put(&r->kept, hash, k);
	list_append(&r->used, &k->link);
	r->bytes += k->bytes;
	return k;
}

static bool is_it(struct repaint *r, const struct kept *k, const struct piece *x)
{
	struct pixmap *pm = device_picture_get(r->device, k->id);

	return pm->width == width(x) && pm->height == height(x) && (pm->format == SURFACE_FMT_32_ARGB) == x->alpha &&
	       differ_same(r->differ, pm->data, (size_t)pm->stride, x->p, x->stride, pm->width, pm->height, x->alpha);
}

static int put_band(struct repaint *r, const struct piece *x)
{
	uint64_t hash, *seen;
	struct kept *k;

	if (rect_pixels(&x->to) < KEPT_LEAST)
		return draw_once(r, x);
	hash = differ_hash(r->differ, x->p, x->stride, width(x), height(x), x->alpha);
	seen = &r->seen[hash % SEEN];
	k = map_get(&r->kept, hash);
	if (k && is_it(r, k, x)) {
		list_remove(&k->link);
		list_append(&r->used, &k->link);
		return draw_picture(r, x, k->id, 0, 0);
	}
	if (!k && (*seen == hash || r->busy < CALM))
		return draw_picture(r, x, keep(r, hash, x)->id, 0, 0);
	*seen = hash;
	return draw_once(r, x);
}

static int put(struct repaint *r, const struct piece *x)
{
	int rows = band_rows(x->to.right - x->to.left), rc = 0;
	struct rect band = x->to;

	for (; band.top < x->to.bottom && !rc; band.top += rows) {
		struct piece y;

		band.bottom = x->to.bottom - band.top > rows ? band.top + rows : x->to.bottom;
		y = part(x, &band);
		rc = put_band(r, &y);
	}
	return rc;
}

/* ---- operations ---- */

static int perform(struct repaint *r, const struct differ_op *op, const struct piece *all)
{
	struct draw_base base = {.surface_id = all->surface, .box = op->to};
	struct piece some;

	switch (op->kind) {
	case DIFFER_COPY:
		return device_drawn(r->device, S_DISPLAY_COPY_BITS,
			&(struct copy_bits){.base = base, .src_pos = {.x = op->x, .y = op->y}});
	case DIFFER_FILL:
		return device_drawn(r->device, S_DISPLAY_DRAW_FILL,
			&(struct draw_fill){.base = base,
				.brush = {.type = BRUSH_TYPE_SOLID, .color = op->colour},
				.rop = ROPD_OP_PUT});
	case DIFFER_PUT:
		break;
	}
	some = part(all, &op->to);
	return put(r, &some);
}

static uint64_t pixels_put(const struct differ_op *ops, unsigned n)
{
	uint64_t sum = 0;

	for (const struct differ_op *o = ops; o < ops + n; o++)
		if (o->kind == DIFFER_PUT)
			sum += rect_pixels(&o->to);
	return sum;
}

/* ---- as a whole ---- */

static int put_whole(struct repaint *r, const struct piece *x, const struct repaint_pixels *px, const struct rect *box)
{
	if (!px->id)
		return put(r, x);
	return draw_picture(r, x, px->id, px->x + x->to.left - box->left, px->y + x->to.top - box->top);
}

/* A look costs the little that waits to be drawn, so there is none then. */
static bool is_shown(struct repaint *r, const struct differ_task *t, const struct piece *x)
{
	const uint8_t *at = t->frame + (size_t)t->at.top * t->frame_stride + 4 * (size_t)t->at.left;

	return device_is_settled(r->device) &&
	       differ_same(r->differ, at, t->frame_stride, x->p, x->stride, width(x), height(x), x->alpha);
}

/* ---- places ---- */

static struct place *place_of(struct repaint *r, const struct piece *x)
{
	const struct rect *b = &x->to;
	uint32_t h = ((uint32_t)b->left * 31 + (uint32_t)b->top) * 31 + (uint32_t)b->right * 7 + (uint32_t)b->bottom;
	struct place *p = &r->places[(h ^ x->surface) * 0x9e3779b1u >> (32 - PLACES_LOG)];

	if (p->surface != x->surface || memcmp(&p->box, b, sizeof(*b)) != 0)
		*p = (struct place){.surface = x->surface, .box = *b};
	return p;
}

static void note(struct place *p, bool vain)
{
	p->vain = vain ? p->vain + 1 : 0;
	p->skip = vain ? (1u << (p->vain < PATIENCE ? p->vain : PATIENCE) >> 1) - 1 : 0;
}

/* ---- the door ---- */

static int look(struct repaint *r, const struct differ_task *t, struct piece *x, const struct repaint_pixels *px,
	const struct rect *box)
{
	struct place *place = place_of(r, x);
	const struct differ_op *ops;
	uint64_t n_put, all = rect_pixels(&x->to);
	unsigned n = 0;
	bool whole;
	int rc = 0;

	if (x->surface || place->skip) { /* what is beside the screen is mostly drawn afresh */
		place->skip -= place->skip > 0;
		n_put = all;
		whole = true;
	} else {
		device_settle(r->device);
		n = differ_run(r->differ, t, &ops);
		n_put = pixels_put(ops, n);
		whole = n && n_put + (uint64_t)n * COMMAND > all / WHOLE;
		note(place, whole);
		x->there = !whole || x->alpha; /* without alpha the differ leaves last bytes that a picture has not */
	}
	if (whole)
		rc = put_whole(r, x, px, box);
	else
		for (unsigned i = 0; i < n && !rc; i++)
			rc = perform(r, &ops[i], x);
	r->busy = (3 * r->busy + (whole ? all : n_put)) / 4;
	return rc;
}

int repaint(struct repaint *r, uint32_t surface, const struct rect *box, const struct repaint_pixels *px)
{
	struct pixmap *s = canvas_surface(r->device->canvas, surface);
	struct piece whole = {surface, *box, px->p, px->stride, px->alpha, false}, all;
	struct differ_task task;
	struct rect shown;

	if (!s)
		return E_INVAL;
	if (pixmap_bits(s->format) != 32 || (!px->alpha && s->format != SURFACE_FMT_32_xRGB))
		return E_UNSUP;
	shown = rect_meet(box, &(struct rect){.right = (int)s->width, .bottom = (int)s->height});
	if (rect_is_empty(&shown))
		return 0;
	all = part(&whole, &shown);
	task = (struct differ_task){s->data, (size_t)s->stride, s->width, s->height, shown, all.p, all.stride,
		px->alpha};
	if (rect_pixels(&shown) > SMALL)
		return look(r, &task, &all, px, box);
	if (is_shown(r, &task, &all))
		return 0;
	return put_whole(r, &all, px, box);
}
