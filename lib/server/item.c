/* Drawing commands as listeners share them. */
#include "server/item.h"

#include <stdlib.h>

#include "draw/region.h"
#include "draw/rop.h"
#include "server/encode.h"

void draw_item_ref(struct draw_item *i)
{
	i->refs++;
}

void draw_item_unref(struct draw_item *i)
{
	if (!i || --i->refs)
		return;
	encode_drop(&i->codings);
	for (unsigned k = 0; k < i->n_pictures; k++)
		pixmap_unref(i->pictures[k]);
	arena_fini(&i->arena);
	free(i);
}

static bool needs_old(uint16_t ropd, bool brush_over_source)
{
	uint8_t rop = brush_over_source ? rop_of_ropd(ropd, ROP_P, ROP_S, true, true)
		: rop_of_ropd(ropd, ROP_S, ROP_D, false, false);

	return (rop >> 1 & 0x55) != (rop & 0x55);
}

bool draw_item_is_opaque(const struct draw_item *item)
{
	const struct draw_fill *fill = item->body;
	const struct draw_copy *copy = item->body;
	const struct draw_opaque *opaque = item->body;
	const struct draw_blackness *plain = item->body;

	switch (item->number) {
	case S_DISPLAY_DRAW_FILL:
		return !fill->mask.bitmap && fill->rop == ROPD_OP_PUT && fill->brush.type != BRUSH_TYPE_NONE;
	case S_DISPLAY_DRAW_COPY:
		return !copy->mask.bitmap && !needs_old(copy->rop, false);
	case S_DISPLAY_DRAW_OPAQUE:
		return !opaque->mask.bitmap && !needs_old(opaque->rop, true);
	case S_DISPLAY_DRAW_BLACKNESS:
	case S_DISPLAY_DRAW_WHITENESS:
		return !plain->mask.bitmap;
	case S_DISPLAY_COPY_BITS:
		return true;
	}
	return false;
}

bool draw_item_is_whole(const struct draw_item *i)
{
	const struct draw_base *base = i->body;

	return base->clip.type != CLIP_TYPE_RECTS || base->clip.rects.num_rects == 1;
}

void draw_item_region(const struct draw_item *i, pixman_region32_t *out)
{
	const struct draw_base *base = i->body;

	if (draw_item_is_whole(i)) {
		region_init(out, &i->damage);
		return;
	}
	pixman_region32_init(out);
	for (uint32_t k = 0; k < base->clip.rects.num_rects; k++) {
		struct rect r = rect_meet(&base->clip.rects.rects[k], &i->damage);

		if (!rect_is_empty(&r))
			region_add(out, &r);
	}
}

/* Were it farther the surface would have nothing to move, and the command no damage. */
struct point draw_item_move(const struct draw_item *i)
{
	const struct copy_bits *m = i->body;

	return (struct point){m->base.box.left - m->src_pos.x, m->base.box.top - m->src_pos.y};
}

struct reading {
	draw_item_reads_fn *fn;
	void *user;
};

static void reads_surface(void *user, uint32_t surface)
{
	static const struct rect all = {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX};
	const struct reading *r = user;

	if (surface < LIM_SURFACES)
		r->fn(r->user, surface, &all);
}

void draw_item_reads(const struct draw_item *item, draw_item_reads_fn *fn, void *user)
{
	const struct rect *to = &item->damage;
	struct point by;

	if (item->images)
		canvas_sources(item->number, item->body, reads_surface, &(struct reading){fn, user});
	if (item->number != S_DISPLAY_COPY_BITS)
		return;
	by = draw_item_move(item);
	fn(user, item->surface, &(struct rect){.left = to->left - by.x, .top = to->top - by.y,
		.right = to->right - by.x, .bottom = to->bottom - by.y});
}

/* ---- commands that can wait ---- */

static struct rect all_of(const struct pixmap *p)
{
	return (struct rect){.right = (int)p->width, .bottom = (int)p->height};
}

/* A copy as it is, from all that is asked for. */
static bool copies_plainly(const struct draw_item *i, const struct draw_copy *m, struct canvas *c)
{
	bool surface = m->src && m->src->d.type == IMAGE_TYPE_SURFACE;
	const struct pixmap *from = surface ? canvas_surface(c, m->src->surface_id) : i->pictures[0];
	struct rect all;

	if (m->rop != ROPD_OP_PUT || m->mask.bitmap || !from || pixmap_bits(from->format) != 32 ||
		(surface && m->src->surface_id == i->surface))
		return false;
	all = all_of(from);
	return rect_inside(&m->src_area, &all) && !rect_is_empty(&m->src_area) &&
	       rect_same_size(&m->src_area, &m->base.box);
}

static bool moves_plainly(const struct copy_bits *m, struct rect *damage)
{
	const struct rect *box = &m->base.box;
	int64_t dx = (int64_t)box->left - m->src_pos.x, dy = (int64_t)box->top - m->src_pos.y;
	struct rect from = *damage;

	if (dx < -LIM_IMAGE_SIDE || dx > LIM_IMAGE_SIDE || dy < -LIM_IMAGE_SIDE || dy > LIM_IMAGE_SIDE)
		return false;
	from = (struct rect){.left = damage->left + (int)dx, .top = damage->top + (int)dy,
		.right = damage->right + (int)dx, .bottom = damage->bottom + (int)dy};
	*damage = rect_meet(&from, damage); /* what has its source on the surface */
	return true;
}

bool draw_item_can_wait(const struct draw_item *i, struct canvas *c, struct rect *damage)
{
	const struct draw_base *base = i->body;
	const struct draw_fill *fill = i->body;
	const struct pixmap *on = canvas_surface(c, i->surface);
	struct rect all;
	bool can = false;

	if (!on || pixmap_bits(on->format) != 32 || !draw_item_is_whole(i))
		return false;
	all = all_of(on);
	*damage = all;
	if (i->number == S_DISPLAY_DRAW_FILL)
		can = fill->rop == ROPD_OP_PUT && fill->brush.type == BRUSH_TYPE_SOLID && !fill->mask.bitmap;
	else if (i->number == S_DISPLAY_DRAW_COPY)
		can = copies_plainly(i, i->body, c);
	else if (i->number == S_DISPLAY_COPY_BITS)
		can = moves_plainly(i->body, damage);
	*damage = rect_meet(damage, &base->box);
	if (base->clip.type == CLIP_TYPE_RECTS)
		*damage = rect_meet(damage, base->clip.rects.rects);
	return can;
}
