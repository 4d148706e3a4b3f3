/* What the differ's files share. The rectangle that is looked at, `in`, is divided into columns of 16 pixels; for every
 * pixel row there is a bit a column, set where the row differs there: `changed`. A cell is 16 rows of a column. */
#ifndef SERVER_DIFFER_PRIVATE_H
#define SERVER_DIFFER_PRIVATE_H

#include "base/mem.h"
#include "draw/rect.h"
#include "server/differ-kernels.h"
#include "server/differ.h"

/* Ranges of cells or columns and lines: from left and top to right and bottom. */
struct cells {
	unsigned left, top, right, bottom;
};

/* What a rectangle may be made by: pixels from dx, dy further left and up, or one colour. */
struct way {
	enum differ_kind kind;
	int dx, dy;
	uint32_t colour;
};

struct differ_finder; /* memory of the search for moves */

struct differ {
	const struct differ_kernels *k;
	uint8_t *old;
	const uint8_t *want; /* the pixel at the left top of `in` */
	size_t old_stride, want_stride;
	unsigned width, height;
	uint32_t mask; /* bits of a pixel that count */
	struct rect in;
	unsigned rows, columns, lines, words; /* of `in`: pixel rows, columns and lines of cells, words of bits */
	uint64_t *changed;   /* rows * words */
	uint64_t *bits, *bad; /* words: scratch of a row, and of a line of cells */
	uint32_t *weight;    /* (lines + 1) * (columns + 1): changed bits above and left of the cell */
	uint8_t *fits;       /* lines * columns: cells that can be made in the way that is tried */
	uint16_t *tall;      /* columns + 1: scratch of the search for a rectangle */
	struct cells *stack; /* columns + 1 */
	size_t cap_bits, cap_cells, cap_columns;
	struct cells box;    /* cells in which something is changed */
	struct differ_finder *finder;
	struct differ_op *ops;
	unsigned n_ops, cap_ops;
};

static inline const uint32_t *differ_want(const struct differ *d, int x, int y)
{
	return (const uint32_t *)(const void *)(d->want + (size_t)(y - d->in.top) * d->want_stride) + (x - d->in.left);
}

static inline uint32_t *differ_old(const struct differ *d, int x, int y)
{
	return (uint32_t *)(void *)(d->old + (size_t)y * d->old_stride) + x;
}

static inline int least(int a, int b)
{
	return a < b ? a : b;
}

static inline int most(int a, int b)
{
	return a > b ? a : b;
}

static inline uint64_t *differ_row(const struct differ *d, unsigned row)
{
	return d->changed + (size_t)row * d->words;
}

/* The pixels of some cells. */
static inline struct rect differ_pixels(const struct differ *d, struct cells c)
{
	return (struct rect){.left = d->in.left + (int)(c.left * BLOCK), .top = d->in.top + (int)(c.top * BLOCK),
		.right = least(d->in.right, d->in.left + (int)(c.right * BLOCK)),
		.bottom = least(d->in.bottom, d->in.top + (int)(c.bottom * BLOCK))};
}

/* An operation: noted, and done on the old frame. What is changed no more is struck off. */
void differ_add(struct differ *d, const struct differ_op *op);

/* Counts what is changed by cells; the number of row pieces of 16 pixels. */
unsigned differ_weigh(struct differ *d);
static inline unsigned differ_weight(const struct differ *d, struct cells c)
{
	const uint32_t *top = d->weight + (size_t)c.top * (d->columns + 1);
	const uint32_t *bottom = d->weight + (size_t)c.bottom * (d->columns + 1);

	return bottom[c.right] - bottom[c.left] - top[c.right] + top[c.left];
}

enum { DIFFER_WAYS = 4 };
/* Looks for rectangles that can be made in one of n ways, always the one next with most changes in it, and adds the
 * operations: at most max, each for at least `least_gain` row pieces. What is changed has been weighed, and is then. */
void differ_cover(struct differ *d, const struct way *ways, unsigned n, unsigned least_gain, unsigned max);

/* Ways in which changed parts may have moved, most likely first; at most max. */
unsigned differ_moves(struct differ *d, struct way *ways, unsigned max);
void differ_finder_free(struct differ_finder *f);

/* Puts what is left. */
void differ_rest(struct differ *d);

#endif
