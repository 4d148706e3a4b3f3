/* Copies in one: the boxes of both become rectangles of a clip, and the new box goes around them. */
#include "server/join.h"

#include "draw/rect.h"

static bool is_plain(const struct draw_copy *m)
{
	return m->src && m->rop == ROPD_OP_PUT && !m->mask.bitmap && rect_same_size(&m->src_area, &m->base.box);
}

static bool same_source(const struct draw_copy *a, const struct draw_copy *b)
{
	const struct image *p = a->src, *q = b->src;

	if (p->d.type != q->d.type)
		return false;
	if (p->d.type == IMAGE_TYPE_SURFACE)
		return p->surface_id == q->surface_id && p->surface_id != a->base.surface_id;
	return p->d.type == IMAGE_TYPE_FROM_CACHE && p->d.id == q->d.id;
}

static bool same_way(const struct draw_copy *a, const struct draw_copy *b)
{
	return a->base.surface_id == b->base.surface_id &&
	       a->base.box.left - (int64_t)a->src_area.left == b->base.box.left - (int64_t)b->src_area.left &&
	       a->base.box.top - (int64_t)a->src_area.top == b->base.box.top - (int64_t)b->src_area.top;
}

static uint32_t rects_of(const struct draw_base *b)
{
	return b->clip.type == CLIP_TYPE_RECTS ? b->clip.rects.num_rects : 1;
}

/* Appends what it draws on, rectangle by rectangle, without those of which the box leaves nothing. */
static void add_rects(struct clip_rects *to, const struct draw_base *b)
{
	for (uint32_t i = 0; i < rects_of(b); i++) {
		struct rect r = b->box;

		if (b->clip.type == CLIP_TYPE_RECTS)
			r = rect_meet(&b->clip.rects.rects[i], &b->box);
		if (!rect_is_empty(&r))
			to->rects[to->num_rects++] = r;
	}
}

bool join_copies(struct draw_copy *a, const struct draw_copy *b, struct arena *arena)
{
	struct clip_rects all = {0};

	if (!is_plain(a) || !is_plain(b) || !same_source(a, b) || !same_way(a, b) ||
		(uint64_t)rects_of(&a->base) + rects_of(&b->base) > JOIN_RECTS)
		return false;
	all.rects = arena_alloc(arena, (rects_of(&a->base) + rects_of(&b->base)) * sizeof(*all.rects));
	add_rects(&all, &a->base);
	add_rects(&all, &b->base);
	a->base.clip = (struct clip){.type = CLIP_TYPE_RECTS, .rects = all};
	a->base.box = rect_join(&a->base.box, &b->base.box);
	a->src_area = rect_join(&a->src_area, &b->src_area);
	return true;
}
