/* Drawing commands as listeners share them: life, and what they do to the surfaces. */
#include <stdlib.h>

#include "draw/rop.h"
#include "server/device.h"
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
	const struct copy_bits *m = item->body;

	if (item->number == S_DISPLAY_COPY_BITS)
		fn(user, item->surface, &(struct rect){
			.left = m->src_pos.x, .top = m->src_pos.y,
			.right = m->src_pos.x + (m->base.box.right - m->base.box.left),
			.bottom = m->src_pos.y + (m->base.box.bottom - m->base.box.top)});
	else
		canvas_sources(item->number, item->body, reads_surface, &(struct reading){fn, user});
}
