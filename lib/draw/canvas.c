/* The canvas: surfaces by id, and the drawing commands, a function each in a table. Bounds and limits are checked at
 * the door (canvas_draw, canvas_surface_create); what a command needs is fetched in the order of its message, also when
 * nothing is drawn, because caches and dictionaries must see every image. */
#include "draw/canvas.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "draw/bitmap.h"
#include "draw/paint.h"
#include "draw/rop.h"

struct canvas {
	canvas_image_fn *image;
	void *owner;
	struct pixmap *surfaces[LIM_SURFACES];
	size_t own, *bytes; /* of surfaces: our own, and what the limit goes by */
};

/* ---- surfaces ---- */

struct canvas *canvas_new(canvas_image_fn *fn, void *owner)
{
	struct canvas *c = new(struct canvas);

	c->image = fn;
	c->owner = owner;
	c->bytes = &c->own;
	return c;
}

void canvas_share(struct canvas *c, size_t *bytes)
{
	c->bytes = bytes;
}

static void drop(struct canvas *c, uint32_t id)
{
	struct pixmap *p = c->surfaces[id];

	if (p)
		*c->bytes -= (size_t)p->stride * p->height;
	pixmap_unref(p);
	c->surfaces[id] = NULL;
}

void canvas_clear(struct canvas *c)
{
	for (uint32_t id = 0; id < LIM_SURFACES; id++)
		drop(c, id);
}

void canvas_free(struct canvas *c)
{
	if (c)
		canvas_clear(c);
	free(c);
}

int canvas_surface_create(struct canvas *c, const struct surface_create *m)
{
	size_t bytes;

	if (m->surface_id >= LIM_SURFACES || c->surfaces[m->surface_id] || !m->width || !m->height)
		return E_INVAL;
	if (!pixmap_bits(m->format))
		return E_UNSUP;
	if (!lim_image_fits(m->width, m->height))
		return E_LIMIT;
	bytes = pixmap_stride(m->format, m->width) * m->height;
	if (bytes > LIM_SURFACE_BYTES - *c->bytes)
		return E_LIMIT;
	c->surfaces[m->surface_id] = pixmap_new(m->format, m->width, m->height);
	*c->bytes += bytes;
	return 0;
}

int canvas_surface_destroy(struct canvas *c, uint32_t id)
{
	if (!canvas_surface(c, id))
		return E_INVAL;
	drop(c, id);
	return 0;
}

struct pixmap *canvas_surface(struct canvas *c, uint32_t id)
{
	return id < LIM_SURFACES ? c->surfaces[id] : NULL;
}

/* ---- what commands need ---- */

int job_fetch(struct job *j, const struct image *img, bool mask, struct pixmap **out)
{
	struct pixmap *s;
	int rc;

	*out = NULL;
	if (!img)
		return E_INVAL;
	if (img->d.type == IMAGE_TYPE_SURFACE) {
		s = canvas_surface(j->c, img->surface_id);
		if (!s)
			return E_INVAL;
		*out = pixmap_ref(s);
	} else if ((rc = j->c->image(j->c->owner, img, mask, j->a.dst->format, out))) {
		return rc;
	}
	if (mask && (*out)->format != SURFACE_FMT_1_A) { /* a surface, or what a cache holds */
		pixmap_unref(*out);
		*out = NULL;
		return E_INVAL;
	}
	return 0;
}

static void clip_to_rects(pixman_region32_t *region, const struct clip_rects *rects)
{
	const pixman_box32_t bound = *pixman_region32_extents(region);
	pixman_box32_t *boxes = xcalloc(rects->num_rects, sizeof(*boxes));
	pixman_region32_t clip;
	int n = 0;

	for (uint32_t i = 0; i < rects->num_rects; i++) {
		const struct rect *r = &rects->rects[i];
		pixman_box32_t b = {r->left > bound.x1 ? r->left : bound.x1, r->top > bound.y1 ? r->top : bound.y1,
			r->right < bound.x2 ? r->right : bound.x2, r->bottom < bound.y2 ? r->bottom : bound.y2};

		if (b.x1 < b.x2 && b.y1 < b.y2)
			boxes[n++] = b;
	}
	pixman_region32_init_rects(&clip, boxes, n);
	pixman_region32_intersect(region, region, &clip);
	pixman_region32_fini(&clip);
	free(boxes);
}

/* Box, surface and clip. */
static void area_init(struct area *a, struct pixmap *dst, const struct rect *box, const struct clip *clip)
{
	int x1 = box->left > 0 ? box->left : 0, y1 = box->top > 0 ? box->top : 0;
	int x2 = box->right < (int)dst->width ? box->right : (int)dst->width;
	int y2 = box->bottom < (int)dst->height ? box->bottom : (int)dst->height;

	*a = (struct area){.dst = dst};
	if (x1 >= x2 || y1 >= y2) {
		pixman_region32_init(&a->region);
		return;
	}
	pixman_region32_init_rect(&a->region, x1, y1, (unsigned)(x2 - x1), (unsigned)(y2 - y1));
	if (clip->type == CLIP_TYPE_RECTS)
		clip_to_rects(&a->region, &clip->rects);
}

static int job_mask(struct job *j, const struct qmask *m, const struct rect *box)
{
	struct area *a = &j->a;
	int64_t x, y;
	int rc;

	if (!m->bitmap)
		return 0;
	if ((rc = job_fetch(j, m->bitmap, true, &a->mask)))
		return rc;
	/* mask pixel (mx, my) lies at (mx - pos.x + box.left, my - pos.y + box.top) */
	x = (int64_t)box->left - m->pos.x;
	y = (int64_t)box->top - m->pos.y;
	if (x != (int)x || y != (int)y) {
		pixman_region32_clear(&a->region);
		return 0;
	}
	a->mask_x = (int)x;
	a->mask_y = (int)y;
	a->mask_invers = m->flags & MASK_FLAGS_INVERS;
	pixman_region32_intersect_rect(&a->region, &a->region, a->mask_x, a->mask_y, a->mask->width, a->mask->height);
	return 0;
}

int job_ink(struct job *j, const struct brush *b, struct ink *ink)
{
	int rc;

	*ink = (struct ink){.word = b->type == BRUSH_TYPE_SOLID ? b->color : 0};
	if (b->type != BRUSH_TYPE_PATTERN)
		return 0;
	if ((rc = job_fetch(j, b->pattern.pat, false, &ink->pattern)))
		return rc;
	ink->pattern = pixmap_for(ink->pattern, b->pattern.pat->d.type == IMAGE_TYPE_SURFACE, j->a.dst->format);
	ink->x = b->pattern.pos.x;
	ink->y = b->pattern.pos.y;
	return 0;
}

static void job_fini(struct job *j)
{
	area_fini(&j->a);
	pixmap_unref(j->src);
	pixmap_unref(j->ink.pattern);
	pixmap_unref(j->sheet.p);
}

/* ---- the commands: fetch all, then draw; 0 or E_* with nothing drawn ---- */

static int draw_fill(struct job *j, const void *body)
{
	const struct draw_fill *m = body;
	int rc;

	if ((rc = job_ink(j, &m->brush, &j->ink)) ||
		(rc = job_mask(j, &m->mask, &m->base.box)))
		return rc;
	paint_rop(&j->a, rop_of_ropd(m->rop, ROP_P, ROP_D, true, false), &j->ink, NULL);
	return 0;
}

/* The sheet of a fetched source in words of the surface; true when there is something to draw with it. Images become
 * pixels of a small surface before they are scaled. `stored`: a scaled source is put on the surface as it is, so takes
 * its format; else it is scaled in its own, and its words count. */
static bool cut_source(struct job *j, const struct image *src, const struct rect *area, const struct draw_base *base,
	unsigned scale_mode, bool stored, bool like_rop3, int *rc)
{
	uint32_t format = j->a.dst->format;
	bool surface = src->d.type == IMAGE_TYPE_SURFACE;

	if (pixmap_bits(format) < 32 && !surface)
		j->src = pixmap_convert(j->src, format);
	if (pixmap_bits(j->src->format) == pixmap_bits(format) && !(stored && !rect_same_size(area, &base->box)))
		format = j->src->format;
	*rc = sheet_cut(&j->sheet, j->src, area, &base->box, &j->a.region, format, scale_mode, like_rop3);
	return !*rc && j->sheet.p && !area_empty(&j->a);
}

static int draw_copy(struct job *j, const void *body)
{
	const struct draw_copy *m = body;
	uint8_t rop;
	int rc;

	if ((rc = job_fetch(j, m->src, false, &j->src)) ||
		(rc = job_mask(j, &m->mask, &m->base.box)))
		return rc;
	rop = rop_of_ropd(m->rop, ROP_S, ROP_D, false, false);
	if (cut_source(j, m->src, &m->src_area, &m->base, m->scale_mode, rop == ROP_S, false, &rc))
		paint_rop(&j->a, rop, &j->ink, &j->sheet);
	return rc;
}

static int draw_opaque(struct job *j, const void *body)
{
	const struct draw_opaque *m = body;
	int rc;

	if ((rc = job_fetch(j, m->src, false, &j->src)) ||
		(rc = job_ink(j, &m->brush, &j->ink)) ||
		(rc = job_mask(j, &m->mask, &m->base.box)))
		return rc;
	if (cut_source(j, m->src, &m->src_area, &m->base, m->scale_mode, true, false, &rc))
		paint_rop(&j->a, rop_of_ropd(m->rop, ROP_P, ROP_S, true, true), &j->ink, &j->sheet);
	return rc;
}

static int draw_plain(struct job *j, const struct draw_blackness *m, uint8_t rop)
{
	int rc = job_mask(j, &m->mask, &m->base.box);

	if (!rc)
		paint_rop(&j->a, rop, &j->ink, NULL);
	return rc;
}

static int draw_blackness(struct job *j, const void *body)
{
	return draw_plain(j, body, 0x00);
}

static int draw_whiteness(struct job *j, const void *body)
{
	return draw_plain(j, body, 0xff);
}

static int draw_invers(struct job *j, const void *body)
{
	return draw_plain(j, body, (uint8_t)~ROP_D);
}

static int draw_rop3(struct job *j, const void *body)
{
	const struct draw_rop3 *m = body;
	int rc;

	if ((rc = job_fetch(j, m->src, false, &j->src)) ||
		(rc = job_ink(j, &m->brush, &j->ink)) ||
		(rc = job_mask(j, &m->mask, &m->base.box)))
		return rc;
	if (cut_source(j, m->src, &m->src_area, &m->base, m->scale_mode, false, true, &rc) &&
		pixmap_bits(j->a.dst->format) >= 16)
		paint_rop(&j->a, m->rop3, &j->ink, &j->sheet);
	return rc;
}

/* 0x00rrggbb as a pixel of a 16-bit format. */
static uint32_t cut_color(uint32_t color, uint32_t format)
{
	uint32_t r = color >> 16 & 255, g = color >> 8 & 255, b = color & 255;

	if (format == SURFACE_FMT_16_565)
		return r >> 3 << 11 | g >> 2 << 5 | b >> 3;
	return r >> 3 << 10 | g >> 3 << 5 | b >> 3;
}

static int draw_transparent(struct job *j, const void *body)
{
	const struct draw_transparent *m = body;
	uint32_t format = j->a.dst->format;
	bool small = pixmap_bits(format) == 16;
	int rc;

	if ((rc = job_fetch(j, m->src, false, &j->src)))
		return rc;
	if (cut_source(j, m->src, &m->src_area, &m->base, SCALE_MODE_NEAREST, false, false, &rc) &&
		format != SURFACE_FMT_1_A)
		paint_keyed(&j->a, &j->sheet, small ? cut_color(m->true_color, format) : m->true_color,
			small ? 0xffff : 0xffffff);
	return rc;
}

/* The source in its own format, so that its alpha counts on every target. */
static void blend(struct job *j, const struct draw_alpha_blend *m)
{
	struct pixmap *dst = j->a.dst, *src = j->sheet.p;
	bool alpha = m->alpha_flags & ALPHA_FLAGS_DEST_HAS_ALPHA && dst->format == SURFACE_FMT_32_xRGB;
	pixman_image_t *to = pixmap_view(dst, alpha ? SURFACE_FMT_32_ARGB : dst->format), *mask;
	const pixman_box32_t *e = pixman_region32_extents(&j->a.region);

	mask = pixman_image_create_solid_fill(&(pixman_color_t){.alpha = (uint16_t)(m->alpha * 0x101)});
	pixman_image_set_clip_region32(to, &j->a.region);
	pixman_image_composite32(PIXMAN_OP_OVER, src->image, mask, to, e->x1 - j->sheet.x, e->y1 - j->sheet.y, 0, 0,
		e->x1, e->y1, e->x2 - e->x1, e->y2 - e->y1);
	pixman_image_unref(mask);
	pixman_image_unref(to);
}

/* An image of palette indexes. What a cache holds is taken for one of colours. */
static bool indexed(const struct image *img)
{
	const struct bitmap_form *form = img->d.type == IMAGE_TYPE_BITMAP ? bitmap_form(img->bitmap.format) : NULL;

	return img->d.type == IMAGE_TYPE_LZ_PLT || (form && form->indexed);
}

static int draw_alpha_blend(struct job *j, const void *body)
{
	const struct draw_alpha_blend *m = body;
	uint32_t format;
	int rc;

	if ((rc = job_fetch(j, m->src, false, &j->src)))
		return rc;
	if (m->alpha == 0)
		pixman_region32_clear(&j->a.region);
	format = j->src->format;
	if (m->alpha_flags & ALPHA_FLAGS_SRC_SURFACE_HAS_ALPHA && m->src->d.type == IMAGE_TYPE_SURFACE &&
		format == SURFACE_FMT_32_xRGB) {
		/* an xRGB surface whose top byte is alpha */
		format = SURFACE_FMT_32_ARGB;
		j->src = pixmap_rename(j->src, format);
	} else if (format == SURFACE_FMT_32_xRGB && j->a.dst->format == SURFACE_FMT_32_ARGB && indexed(m->src)) {
		/* here the top bytes of a palette count */
		format = SURFACE_FMT_32_ARGB;
		j->src = pixmap_rename(j->src, format);
	}
	/* scaled, a source without alpha gets some where the image does not reach: outside stays untouched */
	if (format != SURFACE_FMT_8_A && !rect_same_size(&m->src_area, &m->base.box))
		format = SURFACE_FMT_32_ARGB;
	if ((rc = sheet_cut(&j->sheet, j->src, &m->src_area, &m->base.box, &j->a.region, format,
		     SCALE_MODE_NEAREST, false)))
		return rc;
	if (j->sheet.p && !area_empty(&j->a) && j->a.dst->format != SURFACE_FMT_1_A)
		blend(j, m);
	return 0;
}

/* A rectangle of a surface onto another place of it, rows in the order in which none is lost. */
static void move(struct pixmap *p, const pixman_box32_t *to, int dx, int dy)
{
	size_t bytes = pixmap_bits(p->format) / 8, n = (size_t)(to->x2 - to->x1) * bytes;
	int rows = to->y2 - to->y1;

	for (int i = 0; i < rows; i++) {
		int y = dy > 0 ? to->y2 - 1 - i : to->y1 + i;
		uint8_t *row = p->data + (size_t)y * (size_t)p->stride + (size_t)to->x1 * bytes;

		memmove(row, row - (ptrdiff_t)dy * p->stride - (ptrdiff_t)dx * (ptrdiff_t)bytes, n);
	}
}

static int copy_bits(struct job *j, const void *body)
{
	const struct copy_bits *m = body;
	struct pixmap *dst = j->a.dst;
	int64_t dx = (int64_t)m->base.box.left - m->src_pos.x, dy = (int64_t)m->base.box.top - m->src_pos.y;
	const pixman_box32_t *e;
	struct pixmap *copy;

	if (dx < -LIM_IMAGE_SIDE || dx > LIM_IMAGE_SIDE || dy < -LIM_IMAGE_SIDE || dy > LIM_IMAGE_SIDE ||
		dst->format == SURFACE_FMT_1_A) {
		pixman_region32_clear(&j->a.region);
		return 0;
	}
	pixman_region32_intersect_rect(&j->a.region, &j->a.region, (int)dx, (int)dy, dst->width, dst->height);
	if (area_empty(&j->a))
		return 0;
	e = pixman_region32_extents(&j->a.region);
	if (pixman_region32_n_rects(&j->a.region) == 1) {
		move(dst, e, (int)dx, (int)dy);
		return 0;
	}
	copy = pixmap_raw(dst->format, (unsigned)(e->x2 - e->x1), (unsigned)(e->y2 - e->y1));
	for (int y = 0; y < e->y2 - e->y1; y++) {
		size_t bytes = pixmap_bits(dst->format) / 8;

		memcpy(copy->data + (size_t)y * (size_t)copy->stride,
			dst->data + (size_t)(e->y1 - dy + y) * (size_t)dst->stride + (size_t)(e->x1 - dx) * bytes,
			copy->width * bytes);
	}
	j->sheet = (struct sheet){copy, e->x1, e->y1};
	paint_rop(&j->a, ROP_S, &j->ink, &j->sheet);
	return 0;
}

/* ---- the door ---- */

static const struct command {
	unsigned number;
	int (*draw)(struct job *j, const void *body);
} commands[] = {
	{S_DISPLAY_DRAW_FILL, draw_fill},
	{S_DISPLAY_DRAW_OPAQUE, draw_opaque},
	{S_DISPLAY_DRAW_COPY, draw_copy},
	{S_DISPLAY_DRAW_BLEND, draw_copy},
	{S_DISPLAY_DRAW_BLACKNESS, draw_blackness},
	{S_DISPLAY_DRAW_WHITENESS, draw_whiteness},
	{S_DISPLAY_DRAW_INVERS, draw_invers},
	{S_DISPLAY_DRAW_ROP3, draw_rop3},
	{S_DISPLAY_DRAW_TRANSPARENT, draw_transparent},
	{S_DISPLAY_DRAW_ALPHA_BLEND, draw_alpha_blend},
	{S_DISPLAY_COPY_BITS, copy_bits},
	{S_DISPLAY_DRAW_STROKE, draw_stroke},
	{S_DISPLAY_DRAW_TEXT, draw_text},
	{S_DISPLAY_DRAW_COMPOSITE, draw_composite},
};

static const struct command *command_of(unsigned number)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].number == number)
			return &commands[i];
	return NULL;
}

bool canvas_target(unsigned number, const void *body, uint32_t *surface, struct rect *box)
{
	const struct draw_base *base = body; /* the first member of every command */

	if (!command_of(number))
		return false;
	*surface = base->surface_id;
	*box = base->box;
	return true;
}

int canvas_draw(struct canvas *c, unsigned number, const void *body, struct rect *damage)
{
	const struct command *cmd = command_of(number);
	const struct draw_base *base = body;
	struct job j = {.c = c};
	pixman_box32_t e;
	struct pixmap *dst;
	int rc;

	if (damage)
		*damage = (struct rect){0};
	if (!cmd)
		return E_INVAL;
	dst = canvas_surface(c, base->surface_id);
	if (!dst)
		return E_INVAL;
	area_init(&j.a, dst, &base->box, &base->clip);
	rc = cmd->draw(&j, body);
	e = *pixman_region32_extents(&j.a.region);
	if (!rc && damage && e.x1 < e.x2)
		*damage = (struct rect){.left = e.x1, .top = e.y1, .right = e.x2, .bottom = e.y2};
	job_fini(&j);
	return rc;
}

int canvas_frame(struct canvas *c, uint32_t surface, struct pixmap *frame, const struct rect *dest,
	const struct clip *clip)
{
	struct pixmap *dst = canvas_surface(c, surface);
	struct rect all = {.right = (int)frame->width, .bottom = (int)frame->height};
	struct job j = {.c = c};
	int rc;

	if (!dst || rect_is_empty(dest))
		return E_INVAL;
	area_init(&j.a, dst, dest, clip);
	rc = sheet_cut(&j.sheet, frame, &all, dest, &j.a.region, dst->format, SCALE_MODE_NEAREST, false);
	if (!rc && j.sheet.p && !area_empty(&j.a))
		paint_rop(&j.a, ROP_S, &j.ink, &j.sheet);
	job_fini(&j);
	return rc;
}

struct source_call {
	void (*fn)(void *user, uint32_t surface);
	void *user;
};

static void one_source(void *user, void **target)
{
	const struct image *img = *target;
	struct source_call *call = user;

	if (img->d.type == IMAGE_TYPE_SURFACE)
		call->fn(call->user, img->surface_id);
}

void canvas_sources(unsigned number, const void *body, void (*fn)(void *user, uint32_t surface), void *user)
{
	const struct wire_msg *m = wire_msg_find(WIRE_DISPLAY, WIRE_S, number);

	if (m && command_of(number))
		wire_visit(m->desc(), (void *)body, wire_desc_image(), one_source, &(struct source_call){fn, user});
}
