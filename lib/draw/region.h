/* Regions of pixels: pixman's, by the rectangles of the protocol. Those that are given are not empty. */
#ifndef DRAW_REGION_H
#define DRAW_REGION_H

#include <pixman.h>

#include "draw/rect.h"

static inline struct rect region_rect(const pixman_box32_t *b)
{
	return (struct rect){.left = b->x1, .top = b->y1, .right = b->x2, .bottom = b->y2};
}

/* The region of one rectangle. */
static inline void region_init(pixman_region32_t *g, const struct rect *r)
{
	pixman_region32_init_rect(g, r->left, r->top, (unsigned)(r->right - r->left), (unsigned)(r->bottom - r->top));
}

static inline void region_add(pixman_region32_t *g, const struct rect *r)
{
	pixman_region32_union_rect(g, g, r->left, r->top, (unsigned)(r->right - r->left),
		(unsigned)(r->bottom - r->top));
}

static inline void region_take(pixman_region32_t *g, const struct rect *r)
{
	pixman_region32_t part;

	region_init(&part, r);
	pixman_region32_subtract(g, g, &part);
	pixman_region32_fini(&part);
}

/* More rectangles than n become the one around them. */
static inline void region_bound(pixman_region32_t *g, int n)
{
	pixman_box32_t around = *pixman_region32_extents(g);

	if (pixman_region32_n_rects(g) > n)
		pixman_region32_reset(g, &around);
}

static inline bool region_is_empty(const pixman_region32_t *g)
{
	return !pixman_region32_not_empty((pixman_region32_t *)g);
}

/* Does the region have any pixel of the rectangle, which may be empty? */
static inline bool region_touches(const pixman_region32_t *g, const struct rect *r)
{
	pixman_box32_t box = {r->left, r->top, r->right, r->bottom};

	return !rect_is_empty(r) &&
	       pixman_region32_contains_rectangle((pixman_region32_t *)g, &box) != PIXMAN_REGION_OUT;
}

/* Does it have all of the rectangle? */
static inline bool region_holds(const pixman_region32_t *g, const struct rect *r)
{
	pixman_box32_t box = {r->left, r->top, r->right, r->bottom};

	return pixman_region32_contains_rectangle((pixman_region32_t *)g, &box) == PIXMAN_REGION_IN;
}

#endif
