/* The damage differ: the order of its work. Rows are compared, 16 pixels a bit. Where much is changed, moves are looked
 * for and copied, then large solid parts are filled; what is still changed after that is put. Each operation is done
 * on the old frame at once, so the next step sees what the screen will show by then. */
#include "server/differ.h"

#include <stdlib.h>
#include <string.h>

#include "server/differ-private.h"

enum {
	MOVE_LEAST = 48,  /* row pieces that are changed, before a move is looked for; */
	MOVE_GAIN = 24,   /* and that a copy must make right */
	COPIES = 8,       /* in a frame */
	FILL_GAIN = 256,
	COLOURS = 2,
	FILLS = 8,
	VOTES_LOG = 6,
	VOTES = 1 << VOTES_LOG, /* colours that are counted */
	VOTES_LEAST = 12, /* cells in a colour */
};

struct differ *differ_new(enum cpu_level level)
{
	struct differ *d = new(struct differ);

	d->k = differ_kernels(level);
	return d;
}

void differ_free(struct differ *d)
{
	if (!d)
		return;
	differ_finder_free(d->finder);
	free(d->changed);
	free(d->bits);
	free(d->bad);
	free(d->weight);
	free(d->fits);
	free(d->tall);
	free(d->stack);
	free(d->ops);
	free(d);
}

static uint32_t mask_of(bool alpha)
{
	return alpha ? UINT32_MAX : 0xffffff;
}

/* ---- the grid ---- */

static void grow(struct differ *d)
{
	size_t bits = (size_t)d->rows * d->words, cells = (size_t)(d->lines + 1) * (d->columns + 1);

	if (bits > d->cap_bits) {
		d->changed = xrealloc(d->changed, bits, sizeof(*d->changed));
		d->cap_bits = bits;
	}
	if (cells > d->cap_cells) {
		d->weight = xrealloc(d->weight, cells, sizeof(*d->weight));
		d->fits = xrealloc(d->fits, cells, sizeof(*d->fits));
		d->cap_cells = cells;
	}
	if (d->columns + 1 > d->cap_columns) {
		d->cap_columns = d->columns + 1;
		d->bits = xrealloc(d->bits, d->cap_columns / 64 + 1, sizeof(*d->bits));
		d->bad = xrealloc(d->bad, d->cap_columns / 64 + 1, sizeof(*d->bad));
		d->tall = xrealloc(d->tall, d->cap_columns, sizeof(*d->tall));
		d->stack = xrealloc(d->stack, d->cap_columns, sizeof(*d->stack));
	}
}

static void lay_out(struct differ *d)
{
	d->rows = (unsigned)(d->in.bottom - d->in.top);
	d->columns = ((unsigned)(d->in.right - d->in.left) + BLOCK - 1) / BLOCK;
	d->lines = (d->rows + BLOCK - 1) / BLOCK;
	d->words = (d->columns + 63) / 64;
	grow(d);
}

static bool compare(struct differ *d)
{
	unsigned n = (unsigned)(d->in.right - d->in.left);
	uint64_t any = 0;

	for (unsigned row = 0; row < d->rows; row++) {
		uint64_t *bits = differ_row(d, row);
		int y = d->in.top + (int)row;

		d->k->blocks(differ_want(d, d->in.left, y), differ_old(d, d->in.left, y), d->mask, n, bits);
		for (unsigned i = 0; i < d->words; i++)
			any |= bits[i];
	}
	return any != 0;
}

static void count_row(const uint64_t *bits, unsigned words, uint32_t *count)
{
	for (unsigned i = 0; i < words; i++)
		for (uint64_t word = bits[i]; word; word &= word - 1)
			count[i * 64 + (unsigned)__builtin_ctzll(word)]++;
}

unsigned differ_weigh(struct differ *d)
{
	unsigned across = d->columns + 1;

	d->box = (struct cells){d->columns, d->lines, 0, 0};
	memset(d->weight, 0, across * sizeof(*d->weight));
	for (unsigned line = 0; line < d->lines; line++) {
		uint32_t *above = d->weight + (size_t)line * across, *w = above + across, sum = 0;

		memset(w, 0, across * sizeof(*w));
		for (unsigned row = line * BLOCK; row < d->rows && row < (line + 1) * BLOCK; row++)
			count_row(differ_row(d, row), d->words, w + 1);
		for (unsigned c = 1; c < across; c++) {
			if (w[c]) {
				d->box.left = d->box.left < c - 1 ? d->box.left : c - 1;
				d->box.right = d->box.right > c ? d->box.right : c;
			}
			sum += w[c];
			w[c] = above[c] + sum;
		}
		if (sum) {
			d->box.top = d->box.top < line ? d->box.top : line;
			d->box.bottom = line + 1;
		}
	}
	return d->weight[(size_t)d->lines * across + d->columns];
}

/* ---- operations ---- */

static void strike(uint64_t *bits, unsigned from, unsigned to)
{
	for (; from < to && from % 64; from++)
		bits[from / 64] &= ~(UINT64_C(1) << from % 64);
	for (; from + 64 <= to; from += 64)
		bits[from / 64] = 0;
	for (; from < to; from++)
		bits[from / 64] &= ~(UINT64_C(1) << from % 64);
}

/* The column has been drawn upon in part. */
static void look_again(struct differ *d, unsigned row, unsigned column)
{
	int x = d->in.left + (int)(column * BLOCK), y = d->in.top + (int)row;
	uint64_t differs = 0;

	d->k->blocks(differ_want(d, x, y), differ_old(d, x, y), d->mask, (unsigned)least(BLOCK, d->in.right - x),
		&differs);
	if (!differs)
		strike(differ_row(d, row), column, column + 1);
}

static void settle(struct differ *d, const struct rect *r)
{
	unsigned from = (unsigned)(r->left - d->in.left), to = (unsigned)(r->right - d->in.left);
	unsigned first = (from + BLOCK - 1) / BLOCK, end = r->right == d->in.right ? d->columns : to / BLOCK;

	for (int y = r->top; y < r->bottom; y++) {
		unsigned row = (unsigned)(y - d->in.top);

		if (first < end)
			strike(differ_row(d, row), first, end);
		if (from / BLOCK < first)
			look_again(d, row, from / BLOCK);
		if (end < d->columns && to % BLOCK)
			look_again(d, row, to / BLOCK);
	}
}

static void copy_rows(struct differ *d, const struct differ_op *op)
{
	size_t n = 4 * (size_t)(op->to.right - op->to.left);
	int rows = op->to.bottom - op->to.top;

	for (int i = 0; i < rows; i++) {
		int at = op->y < op->to.top ? rows - 1 - i : i; /* so that what is read has not been overwritten */

		memmove(differ_old(d, op->to.left, op->to.top + at), differ_old(d, op->x, op->y + at), n);
	}
}

static void draw_rows(struct differ *d, const struct differ_op *op)
{
	unsigned n = (unsigned)(op->to.right - op->to.left);

	for (int y = op->to.top; y < op->to.bottom; y++) {
		const uint32_t *from = differ_want(d, op->to.left, y);
		uint32_t *to = differ_old(d, op->to.left, y);

		if (d->mask == UINT32_MAX)
			memcpy(to, from, 4 * (size_t)n);
		else
			for (unsigned i = 0; i < n; i++)
				to[i] = from[i] & d->mask;
	}
}

void differ_add(struct differ *d, const struct differ_op *op)
{
	if (d->n_ops == d->cap_ops) {
		d->cap_ops = d->cap_ops ? 2 * d->cap_ops : 32;
		d->ops = xrealloc(d->ops, d->cap_ops, sizeof(*d->ops));
	}
	d->ops[d->n_ops++] = *op;
	if (op->kind == DIFFER_COPY)
		copy_rows(d, op);
	else
		draw_rows(d, op);
	settle(d, &op->to);
}

/* ---- the steps ---- */

static void moved(struct differ *d)
{
	struct way ways[DIFFER_WAYS];

	differ_cover(d, ways, differ_moves(d, ways, DIFFER_WAYS), MOVE_GAIN, COPIES);
}

struct vote {
	uint32_t colour;
	unsigned cells;
};

/* A cell that is solid in its corners and along its middle counts as one of that colour. */
static void vote(struct differ *d, struct cells c, struct vote *votes)
{
	struct rect r = differ_pixels(d, c);
	unsigned n = (unsigned)(r.right - r.left);
	uint32_t colour = *differ_want(d, r.left, r.top) & d->mask;
	struct vote *v = &votes[(colour * 0x9e3779b1u) >> (32 - VOTES_LOG)];
	uint64_t bits;

	if ((*differ_want(d, r.left, r.bottom - 1) & d->mask) != colour)
		return;
	d->k->stained(differ_want(d, r.left, (r.top + r.bottom) / 2), colour, d->mask, n, &bits);
	if (bits)
		return;
	if (v->cells && v->colour != colour)
		v->cells--;
	else
		*v = (struct vote){colour, v->cells + 1};
}

static void filled(struct differ *d)
{
	struct vote votes[VOTES] = {0}, *best;
	struct way ways[DIFFER_WAYS];
	unsigned n = 0;

	for (unsigned line = d->box.top; line < d->box.bottom; line++)
		for (unsigned c = d->box.left; c < d->box.right; c++)
			if (differ_weight(d, (struct cells){c, line, c + 1, line + 1}))
				vote(d, (struct cells){c, line, c + 1, line + 1}, votes);
	for (; n < COLOURS; n++) {
		best = votes;
		for (unsigned k = 1; k < VOTES; k++)
			if (votes[k].cells > best->cells)
				best = &votes[k];
		if (best->cells < VOTES_LEAST)
			break;
		ways[n] = (struct way){.kind = DIFFER_FILL, .colour = best->colour};
		best->cells = 0;
	}
	differ_cover(d, ways, n, FILL_GAIN, FILLS);
}

unsigned differ_run(struct differ *d, const struct differ_task *t, const struct differ_op **ops)
{
	d->old = t->frame;
	d->old_stride = t->frame_stride;
	d->width = t->width;
	d->height = t->height;
	d->want = t->pixels;
	d->want_stride = t->stride;
	d->in = t->at;
	d->mask = mask_of(t->alpha);
	d->n_ops = 0;
	lay_out(d);
	if (compare(d)) {
		if (differ_weigh(d) >= MOVE_LEAST)
			moved(d);
		if (differ_weigh(d) >= FILL_GAIN)
			filled(d);
		differ_rest(d);
	}
	*ops = d->ops;
	return d->n_ops;
}

/* ---- pictures ---- */

uint64_t differ_hash(struct differ *d, const uint8_t *pixels, size_t stride, unsigned width, unsigned height,
	bool alpha)
{
	uint64_t h = height;

	for (unsigned y = 0; y < height; y++)
		h = d->k->row((const uint32_t *)(const void *)(pixels + y * stride), mask_of(alpha), width, h);
	return h;
}

bool differ_same(struct differ *d, const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride, unsigned width,
	unsigned height, bool alpha)
{
	for (unsigned y = 0; y < height; y++)
		if (d->k->first((const uint32_t *)(const void *)(a + y * a_stride),
			    (const uint32_t *)(const void *)(b + y * b_stride), mask_of(alpha), width) < width)
			return false;
	return true;
}
