/* Plays the events of a recording on our device. An image becomes a device picture: for one command, or, where the
 * recording marks it for caches, kept under its id, so that it is looked at once and clients may keep it too. */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/quic.h"
#include "draw/bitmap.h"
#include "draw/rect.h"
#include "server/qxl.h"
#include "server/repaint.h"

enum {
	KEPT_BYTES = 24 << 20,
	IMAGES = 4, /* of one command */
	KEPT_PIXELS = 64 << 10, /* of a repaint, that is kept under its id */
};

/* A picture that the device keeps for us. */
struct kept {
	struct list link; /* the least used first */
	uint64_t recorded, id;
	uint32_t format;
	size_t bytes;
};

struct qxl_player {
	struct device *device;
	struct map kept;       /* by the recorded id */
	struct list used;
	size_t bytes;
	uint64_t once[IMAGES]; /* pictures of the command in hand */
	unsigned n_once;
	struct repaint *repaint;
	struct {               /* a command that waits for somebody to look at what it draws */
		bool any;
		struct qxl_event e;
		struct arena arena;
		struct rect box;
	} due;
	bool stays;            /* bytes of events */
	struct buf row, scratch;
};

/* ---- pictures that are kept ---- */

static void forget(struct qxl_player *p, struct kept *k)
{
	device_picture_forget(p->device, k->id);
	map_remove(&p->kept, k->recorded);
	list_remove(&k->link);
	p->bytes -= k->bytes;
	free(k);
}

/* Is it what the recording shows now, as far as one can see without looking at its pixels? */
static bool same(const struct pixmap *pm, const struct image *img, bool mask, uint32_t target)
{
	uint32_t other = target == SURFACE_FMT_16_555 ? SURFACE_FMT_32_xRGB : SURFACE_FMT_16_555;
	bool bitmap = img->d.type == IMAGE_TYPE_BITMAP;

	return pm->width == (bitmap ? img->bitmap.x : img->d.width) &&
	       pm->height == (bitmap ? img->bitmap.y : img->d.height) && mask == (pm->format == SURFACE_FMT_1_A) &&
	       !(bitmap && bitmap_form(img->bitmap.format)->indexed && pm->format == other);
}

static struct kept *find(struct qxl_player *p, const struct image *img, bool mask, uint32_t target)
{
	struct kept *k = map_get(&p->kept, img->d.id);

	if (!k)
		return NULL;
	if (!same(device_picture_get(p->device, k->id), img, mask, target)) {
		forget(p, k);
		return NULL;
	}
	list_remove(&k->link);
	list_append(&p->used, &k->link);
	return k;
}

static uint64_t keep(struct qxl_player *p, uint64_t recorded, struct pixmap *pm)
{
	struct kept *k = new(struct kept);

	k->recorded = recorded;
	k->id = device_picture(p->device, pm);
	k->bytes = sizeof(*k) + sizeof(*pm) + (size_t)pm->stride * pm->height;
	p->bytes += k->bytes;
	map_put(&p->kept, recorded, k);
	list_append(&p->used, &k->link);
	return k->id;
}

/* Between commands: none of those that are used now goes. */
static void make_room(struct qxl_player *p)
{
	while (p->bytes > KEPT_BYTES)
		forget(p, list_first(&p->used, struct kept, link));
}

/* ---- pixels ---- */

/* Reads rows one after the other out of pieces; one that lies in two of them is put together in `row`. */
struct rows {
	const struct qxl_bytes *b;
	uint32_t piece;
	size_t at;
	struct buf *row;
};

static const uint8_t *next_row(struct rows *r, size_t n)
{
	const struct slice *s = &r->b->pieces[r->piece];

	if (s->n - r->at >= n) {
		r->at += n;
		return s->p + r->at - n;
	}
	buf_clear(r->row);
	while (n) {
		size_t part = s->n - r->at < n ? s->n - r->at : n;

		buf_put(r->row, s->p + r->at, part);
		n -= part;
		r->at += part;
		if (r->at == s->n && n) {
			s = &r->b->pieces[++r->piece];
			r->at = 0;
		}
	}
	return buf_data(r->row);
}

/* The reader has made sure that the rows are there, and of a known format. */
static int from_bitmap(struct qxl_player *p, const struct qxl_image *q, bool mask, uint32_t target, struct pixmap **out)
{
	const struct bitmap_data *b = &q->image.bitmap;
	struct colours colours = {0};
	struct rows rows = {.b = &q->bytes, .row = &p->row};
	struct pixmap *pm = bitmap_pixmap(b->format, mask, target, b->x, b->y);
	int rc = 0;

	if (!pm)
		return E_INVAL;
	if (b->palette)
		colours = (struct colours){b->palette->ents, b->palette->num_ents};
	for (uint32_t y = 0; y < b->y && !rc; y++)
		rc = bitmap_row(b->format, next_row(&rows, b->stride), &colours, pm,
			b->flags & BITMAP_FLAGS_TOP_DOWN ? y : b->y - 1 - y);
	if (rc)
		pixmap_unref(pm);
	else
		*out = pm;
	return rc;
}

static struct slice join(struct qxl_player *p, const struct qxl_bytes *b)
{
	if (b->n == 1)
		return b->pieces[0];
	buf_clear(&p->row);
	for (uint32_t i = 0; i < b->n; i++)
		buf_put(&p->row, b->pieces[i].p, b->pieces[i].n);
	return buf_slice(&p->row);
}

static int from_quic(struct qxl_player *p, const struct qxl_image *q, struct pixmap **out)
{
	struct slice in = join(p, &q->bytes);
	struct quic_info info;
	struct pixmap *pm;
	int rc = quic_header(in, &info);

	if (rc || info.width != q->image.d.width || info.height != q->image.d.height || info.type == QUIC_GRAY ||
		!lim_image_fits(info.width, info.height))
		return E_INVAL;
	pm = pixmap_new(info.type == QUIC_RGBA ? SURFACE_FMT_32_ARGB
		: info.type == QUIC_RGB16 ? SURFACE_FMT_16_555 : SURFACE_FMT_32_xRGB, info.width, info.height);
	buf_clear(&p->scratch);
	rc = quic_decode(in, &info, info.type == QUIC_RGB24, pm->data, pm->stride,
		buf_reserve(&p->scratch, quic_scratch_size(info.width)));
	if (rc)
		pixmap_unref(pm);
	else
		*out = pm;
	return rc;
}

/* The unused byte of 32-bit pixels does not travel, but it counts where they come to lie on a surface with alpha: it
 * is 0, or, where the recording says so, the pixels are opaque. */
static struct pixmap *settle(struct pixmap *pm, const struct image *img)
{
	struct pixmap *opaque;

	if (pm->format != SURFACE_FMT_32_xRGB)
		return pm;
	if (!(img->d.flags & IMAGE_FLAGS_HIGH_BITS_SET)) {
		for (size_t i = 0, n = (size_t)pm->stride * pm->height; i < n; i += 4)
			pm->data[i + 3] = 0;
		return pm;
	}
	opaque = pixmap_new(SURFACE_FMT_32_ARGB, pm->width, pm->height);
	memcpy(opaque->data, pm->data, (size_t)pm->stride * pm->height);
	pixmap_high_bits(opaque);
	pixmap_unref(pm);
	return opaque;
}

static int pixels(struct qxl_player *p, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	const struct qxl_image *q = container_of(img, struct qxl_image, image);
	int rc;

	if (img->d.type == IMAGE_TYPE_QUIC)
		rc = mask ? E_INVAL : from_quic(p, q, out);
	else
		rc = from_bitmap(p, q, mask, target, out);
	if (!rc)
		*out = settle(*out, img);
	return rc;
}

/* ---- drawing ---- */

struct replacing {
	struct qxl_player *p;
	const struct qxl_event *e;
	struct arena *arena;
	uint32_t target;
	int rc;
};

static uint64_t once(struct qxl_player *p, struct pixmap *pm)
{
	uint64_t id = device_picture_once(p->device, pm);

	p->once[p->n_once++] = id;
	return id;
}

static int picture(struct qxl_player *p, const struct image *img, bool mask, uint32_t target, uint64_t *id)
{
	bool may_keep = img->d.flags & IMAGE_FLAGS_CACHE_ME;
	struct kept *k = may_keep ? find(p, img, mask, target) : NULL;
	struct pixmap *pm;
	int rc;

	if (k) {
		*id = k->id;
		return 0;
	}
	if ((rc = pixels(p, img, mask, target, &pm)))
		return rc;
	*id = may_keep ? keep(p, img->d.id, pm) : once(p, pm);
	pixmap_unref(pm);
	return 0;
}

static void replace(void *user, void **target)
{
	struct replacing *r = user;
	const struct image *old = *target;
	struct image *img;
	uint64_t id;

	if (r->rc || old->d.type == IMAGE_TYPE_SURFACE)
		return;
	img = arena_alloc(r->arena, sizeof(*img));
	if (!img || r->p->n_once == IMAGES)
		r->rc = E_LIMIT;
	else
		r->rc = picture(r->p, old, old == r->e->mask, r->target, &id);
	if (r->rc)
		return;
	*img = device_image(r->p->device, id);
	*target = img;
}

/* A rectangle of a surface as it is now, for a command that has it as its source. */
static int self_image(struct qxl_player *p, struct pixmap *s, const struct rect *area, struct image **out,
	struct arena *arena)
{
	struct pixmap *pm;

	if (rect_is_empty(area) || !rect_inside(area, &(struct rect){.right = (int)s->width, .bottom = (int)s->height})
		|| s->format == SURFACE_FMT_1_A)
		return E_INVAL;
	if (!(*out = arena_alloc(arena, sizeof(**out))))
		return E_LIMIT;
	pm = pixmap_part(s, area);
	**out = device_image(p->device, once(p, pm));
	pixmap_unref(pm);
	return 0;
}

/* ---- repaints ---- */

/* Without clip, or clipped to one rectangle: *box is where it draws. */
static bool is_plain(const struct draw_base *base, const struct image *mask, struct rect *box)
{
	const struct clip_rects *clip = &base->clip.rects;

	*box = base->box;
	if (mask || (base->clip.type == CLIP_TYPE_RECTS && clip->num_rects != 1))
		return false;
	if (base->clip.type == CLIP_TYPE_RECTS)
		*box = rect_meet(box, clip->rects);
	return true;
}

/* A copy of pixels as they are, which the surface may show already: *box is where. */
static bool is_repaint(const struct qxl_event *e, const struct pixmap *s, struct rect *box)
{
	const struct draw_copy *m = e->body;
	const struct rect *a = &m->src_area, *to = &m->base.box;
	const struct bitmap_data *b;

	if (e->number != S_DISPLAY_DRAW_COPY || !m->src || m->rop != ROPD_OP_PUT ||
		m->src->d.type != IMAGE_TYPE_BITMAP || pixmap_bits(s->format) != 32)
		return false;
	b = &m->src->bitmap;
	if (b->format != BITMAP_FMT_RGBA && (b->format != BITMAP_FMT_32BIT || s->format != SURFACE_FMT_32_xRGB ||
		m->src->d.flags & IMAGE_FLAGS_HIGH_BITS_SET))
		return false;
	if (!rect_inside(a, &(struct rect){.right = (int)b->x, .bottom = (int)b->y}) || rect_is_empty(a) ||
		!rect_same_size(to, a))
		return false;
	return is_plain(&m->base, m->mask.bitmap, box);
}

static bool is_plain_fill(const struct qxl_event *e, struct rect *box)
{
	const struct draw_fill *m = e->body;

	return e->number == S_DISPLAY_DRAW_FILL && m->rop == ROPD_OP_PUT && m->brush.type == BRUSH_TYPE_SOLID &&
	       is_plain(&m->base, m->mask.bitmap, box);
}

/* Large ones are known by what they show: repaint.h. */
static bool is_kept(const struct image *img)
{
	return img->d.flags & IMAGE_FLAGS_CACHE_ME && (uint64_t)img->bitmap.x * img->bitmap.y <= KEPT_PIXELS;
}

/* Some rows of a picture of 32 bits that is not kept, top down, one behind the other. */
static const uint8_t *gathered(struct qxl_player *p, const struct qxl_image *q, uint32_t from, uint32_t to)
{
	const struct bitmap_data *b = &q->image.bitmap;
	struct rows rows = {.b = &q->bytes, .row = &p->row};
	size_t n = 4 * (size_t)b->x;
	uint8_t *out;

	buf_clear(&p->scratch);
	out = buf_reserve(&p->scratch, n * (to - from));
	for (uint32_t i = 0; i < b->y; i++) {
		uint32_t y = b->flags & BITMAP_FLAGS_TOP_DOWN ? i : b->y - 1 - i;
		const uint8_t *row = next_row(&rows, b->stride);

		if (y >= from && y < to)
			memcpy(out + n * (y - from), row, n);
	}
	return out;
}

static int redraw(struct qxl_player *p, const struct qxl_event *e, const struct rect *box)
{
	const struct draw_copy *m = e->body;
	const struct qxl_image *q = container_of(m->src, struct qxl_image, image);
	struct repaint_pixels px = {.stride = 4 * (size_t)m->src->bitmap.x,
		.alpha = m->src->bitmap.format == BITMAP_FMT_RGBA,
		.x = m->src_area.left + (box->left - m->base.box.left),
		.y = m->src_area.top + (box->top - m->base.box.top)};
	struct kept *k = is_kept(m->src) ? find(p, m->src, false, SURFACE_FMT_32_xRGB) : NULL;
	struct pixmap *pm;

	if (!k && !is_kept(m->src)) {
		px.p = gathered(p, q, (uint32_t)px.y, (uint32_t)(px.y + box->bottom - box->top)) + 4 * (size_t)px.x;
		return repaint(p->repaint, m->base.surface_id, box, &px);
	}
	if (k) {
		px.id = k->id;
		px.p = device_picture_get(p->device, k->id)->data;
	} else {
		if (pixels(p, m->src, false, SURFACE_FMT_32_xRGB, &pm))
			return E_INVAL;
		px.id = keep(p, m->src->d.id, pm);
		px.p = pm->data;
		pixmap_unref(pm);
	}
	px.p += (size_t)px.y * px.stride + 4 * (size_t)px.x;
	return repaint(p->repaint, m->base.surface_id, box, &px);
}

/* ---- commands ---- */

static int draw_now(struct qxl_player *p, struct qxl_event *e, struct arena *arena)
{
	const struct draw_base *base = e->body;
	struct pixmap *s = canvas_surface(p->device->canvas, base->surface_id);
	const struct wire_msg *m = wire_msg_find(WIRE_DISPLAY, WIRE_S, e->number);
	struct replacing r = {p, e, arena, s ? s->format : 0, s ? 0 : E_INVAL};
	struct rect box;

	if (!r.rc && is_repaint(e, s, &box)) {
		r.rc = rect_is_empty(&box) ? 0 : redraw(p, e, &box);
		make_room(p);
		return r.rc;
	}
	if (!r.rc)
		wire_visit(m->desc(), e->body, wire_desc_image(), replace, &r);
	if (!r.rc && e->self)
		r.rc = self_image(p, device_surface(p->device, base->surface_id), &e->self_area, e->self, arena);
	if (!r.rc)
		r.rc = device_draw(p->device, e->number, e->body);
	while (p->n_once)
		device_picture_forget(p->device, p->once[--p->n_once]);
	make_room(p);
	return r.rc;
}

void qxl_settle(struct qxl_player *p)
{
	if (!p->due.any)
		return;
	p->due.any = false;
	draw_now(p, &p->due.e, &p->due.arena); /* it can be drawn: put_off has seen to that */
}

static uint32_t surface_of(const struct qxl_event *e)
{
	return ((const struct draw_base *)e->body)->surface_id;
}

/* The event, and the arena that it lies in, are kept; what covers the one before makes it void. */
static bool put_off(struct qxl_player *p, struct qxl_event *e, struct arena *arena)
{
	const struct pixmap *s = canvas_surface(p->device->canvas, surface_of(e));
	struct arena old;
	struct rect box;

	if (!p->stays || !s || (!is_repaint(e, s, &box) && !is_plain_fill(e, &box)))
		return false;
	if (p->due.any && (surface_of(&p->due.e) != surface_of(e) || !rect_inside(&p->due.box, &box)))
		qxl_settle(p);
	old = p->due.arena;
	p->due.any = true;
	p->due.e = *e;
	p->due.box = box;
	p->due.arena = *arena;
	*arena = old;
	return true;
}

static int draw(struct qxl_player *p, struct qxl_event *e, struct arena *arena)
{
	if (put_off(p, e, arena))
		return 0;
	qxl_settle(p);
	return draw_now(p, e, arena);
}

/* What waits to be drawn on a surface that goes never will be. */
static void surface_goes(struct qxl_player *p, uint32_t id)
{
	if (p->due.any && surface_of(&p->due.e) == id)
		p->due.any = false;
}

/* ---- surfaces and the pointer ---- */

static bool all_zero(const struct qxl_bytes *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const struct slice *s = &b->pieces[i];

		if (s->n && (*s->p || memcmp(s->p, s->p + 1, s->n - 1) != 0))
			return false;
	}
	return true;
}

/* The first pixels of a surface, drawn; new surfaces are zero by themselves. */
static int put_data(struct qxl_player *p, const struct qxl_event *e)
{
	struct pixmap *s = canvas_surface(p->device->canvas, e->surface.surface_id), *pm;
	struct rows rows = {.b = &e->data, .row = &p->row};
	size_t bytes = ((size_t)s->width * pixmap_bits(s->format) + 7) / 8;
	size_t stride = e->stride < 0 ? (size_t)-(int64_t)e->stride : (size_t)e->stride;
	struct draw_copy copy = {
		.base = {.surface_id = e->surface.surface_id,
			.box = {.right = (int)s->width, .bottom = (int)s->height}},
		.src_area = {.right = (int)s->width, .bottom = (int)s->height},
		.rop = ROPD_OP_PUT,
		.scale_mode = SCALE_MODE_NEAREST,
	};
	struct image img;
	int rc;

	if (stride < bytes)
		return E_INVAL;
	if (s->format == SURFACE_FMT_1_A || all_zero(&e->data))
		return s->format == SURFACE_FMT_1_A ? E_UNSUP : 0;
	pm = pixmap_new(s->format, s->width, s->height);
	for (unsigned y = 0; y < s->height; y++)
		memcpy(pm->data + (size_t)(e->stride < 0 ? s->height - 1 - y : y) * (size_t)pm->stride,
			next_row(&rows, stride), bytes);
	pm = settle(pm, &(struct image){0});
	if (pm->format == SURFACE_FMT_16_565) { /* no format of pictures: 32 bits hold it */
		struct pixmap *wide = pixmap_part(pm, &copy.src_area);

		pixmap_unref(pm);
		pm = settle(wide, &(struct image){0});
	}
	img = device_image(p->device, once(p, pm));
	copy.src = &img;
	pixmap_unref(pm);
	rc = device_draw(p->device, S_DISPLAY_DRAW_COPY, &copy);
	device_picture_forget(p->device, p->once[--p->n_once]);
	return rc;
}

static int surface(struct qxl_player *p, const struct qxl_event *e)
{
	const struct surface_create *m = &e->surface;
	int rc = device_surface_create(p->device, m->surface_id, m->width, m->height, m->format);

	return rc || !e->data.total ? rc : put_data(p, e);
}

static int screen(struct qxl_player *p, const struct qxl_event *e)
{
	struct head head = {.width = e->surface.width, .height = e->surface.height};
	int rc;

	surface_goes(p, 0);
	if (canvas_surface(p->device->canvas, 0))
		device_surface_destroy(p->device, 0);
	rc = surface(p, e);
	if (canvas_surface(p->device->canvas, 0))
		device_monitors(p->device, &head, 1);
	return rc;
}

static int all_gone(struct qxl_player *p)
{
	p->due.any = false;
	for (uint32_t id = LIM_SURFACES; id-- > 0;)
		if (canvas_surface(p->device->canvas, id))
			device_surface_destroy(p->device, id);
	return 0;
}

/* Drivers say more bytes than a shape has. */
static int shape(struct qxl_player *p, const struct qxl_event *e)
{
	struct slice data = e->pointer.data;
	size_t n = device_pointer_bytes(e->pointer.type, e->pointer.width, e->pointer.height);
	int rc;

	if (data.n > n)
		data.n = n;
	rc = device_pointer_set(p->device, e->pointer.type, e->pointer.width, e->pointer.height, e->pointer.hot_x,
		e->pointer.hot_y, data);
	device_pointer_move(p->device, e->pointer.x, e->pointer.y);
	if (!e->pointer.visible)
		device_pointer_hide(p->device);
	return rc;
}

int qxl_play(struct qxl_player *p, struct qxl_event *e, struct arena *arena)
{
	if (e->fault)
		return E_INVAL;
	switch (e->what) {
	case QXL_SCREEN:
		return screen(p, e);
	case QXL_SCREEN_GONE:
		surface_goes(p, 0);
		return canvas_surface(p->device->canvas, 0) ? device_surface_destroy(p->device, 0) : 0;
	case QXL_ALL_GONE:
		return all_gone(p);
	case QXL_SURFACE:
		return e->surface.surface_id ? surface(p, e) : E_INVAL;
	case QXL_SURFACE_GONE:
		surface_goes(p, e->surface.surface_id);
		return e->surface.surface_id ? device_surface_destroy(p->device, e->surface.surface_id) : E_INVAL;
	case QXL_DRAW:
		return draw(p, e, arena);
	case QXL_POINTER_SHAPE:
		return shape(p, e);
	case QXL_POINTER_MOVE:
		device_pointer_move(p->device, e->pointer.x, e->pointer.y);
		return 0;
	case QXL_POINTER_HIDE:
		device_pointer_hide(p->device);
		return 0;
	case QXL_NOTHING:
		return 0;
	}
	return E_INVAL;
}

/* ---- life ---- */

struct qxl_player *qxl_player_new(struct device *d)
{
	struct qxl_player *p = new(struct qxl_player);

	p->device = d;
	p->repaint = repaint_new(d);
	list_init(&p->used);
	return p;
}

void qxl_player_stays(struct qxl_player *p)
{
	p->stays = true;
}

void qxl_player_free(struct qxl_player *p)
{
	struct kept *k;

	if (!p)
		return;
	list_each(k, &p->used, link)
		forget(p, k);
	map_clear(&p->kept, NULL);
	repaint_free(p->repaint);
	arena_fini(&p->due.arena);
	buf_fini(&p->row);
	buf_fini(&p->scratch);
	free(p);
}
