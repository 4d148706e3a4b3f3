/* Rectangles of pixels, left and top inclusive, right and bottom exclusive (struct rect of the protocol). */
#ifndef DRAW_RECT_H
#define DRAW_RECT_H

#include "wire/wire.h"

static inline bool rect_is_empty(const struct rect *r)
{
	return r->left >= r->right || r->top >= r->bottom;
}

/* Its area; 0 when it is empty. */
static inline uint64_t rect_pixels(const struct rect *r)
{
	return rect_is_empty(r) ? 0 : (uint64_t)((int64_t)r->right - r->left) * (uint64_t)((int64_t)r->bottom - r->top);
}

static inline bool rect_same_size(const struct rect *a, const struct rect *b)
{
	return a->right - (int64_t)a->left == b->right - (int64_t)b->left &&
	       a->bottom - (int64_t)a->top == b->bottom - (int64_t)b->top;
}

static inline bool rect_inside(const struct rect *in, const struct rect *r)
{
	return in->left >= r->left && in->top >= r->top && in->right <= r->right && in->bottom <= r->bottom;
}

static inline bool rect_overlap(const struct rect *a, const struct rect *b)
{
	return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* What both have; it may be empty. */
static inline struct rect rect_meet(const struct rect *a, const struct rect *b)
{
	return (struct rect){.left = a->left > b->left ? a->left : b->left, .top = a->top > b->top ? a->top : b->top,
		.right = a->right < b->right ? a->right : b->right,
		.bottom = a->bottom < b->bottom ? a->bottom : b->bottom};
}

/* The least one around both. */
static inline struct rect rect_join(const struct rect *a, const struct rect *b)
{
	return (struct rect){.left = a->left < b->left ? a->left : b->left, .top = a->top < b->top ? a->top : b->top,
		.right = a->right > b->right ? a->right : b->right,
		.bottom = a->bottom > b->bottom ? a->bottom : b->bottom};
}

#endif
