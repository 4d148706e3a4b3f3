/* Rectangles that a copy or a colour makes right. Cells that fit as a whole are found first; the best rectangle of them
 * is the one with most changes in it, of all that could not be larger (a stack of heights finds those in one walk).
 * Its edges then move out pixel by pixel as far as it still fits. */
#include <string.h>

#include "server/differ-private.h"

/* The cells that lie wholly where the way has its source. */
static struct cells reach(const struct differ *d, const struct way *way)
{
	struct cells c = d->box;
	int left = way->dx - d->in.left, right = (int)d->width + way->dx - d->in.left;

	if (way->kind != DIFFER_COPY)
		return c;
	if (left > 0)
		c.left = (unsigned)most((int)c.left, (left + BLOCK - 1) / BLOCK);
	if (right < d->in.right - d->in.left)
		c.right = right > 0 ? (unsigned)least((int)c.right, right / BLOCK) : 0;
	return c;
}

static bool has_source(const struct differ *d, const struct way *way, int y)
{
	return way->kind != DIFFER_COPY || (y - way->dy >= 0 && y - way->dy < (int)d->height);
}

/* Bits of the columns from x on that do not fit in row y. */
static void misfits(struct differ *d, const struct way *way, int x, int y, unsigned n, uint64_t *bits)
{
	if (way->kind == DIFFER_COPY)
		d->k->blocks(differ_want(d, x, y), differ_old(d, x - way->dx, y - way->dy), d->mask, n, bits);
	else
		d->k->stained(differ_want(d, x, y), way->colour, d->mask, n, bits);
}

static void fit_line(struct differ *d, const struct way *way, struct cells c, unsigned line, uint64_t *bad)
{
	struct rect r = differ_pixels(d, (struct cells){c.left, line, c.right, line + 1});
	unsigned n = (unsigned)(r.right - r.left), words = (c.right - c.left + 63) / 64;
	uint8_t *fits = d->fits + (size_t)line * d->columns;

	memset(bad, 0, words * sizeof(*bad));
	memset(fits, 0, d->columns);
	for (int y = r.top; y < r.bottom; y++) {
		if (!has_source(d, way, y))
			return;
		misfits(d, way, r.left, y, n, d->bits);
		for (unsigned i = 0; i < words; i++)
			bad[i] |= d->bits[i];
	}
	for (unsigned i = 0; i < c.right - c.left; i++)
		fits[c.left + i] = !(bad[i / 64] >> i % 64 & 1);
}

/* ---- the best rectangle ---- */

struct found {
	struct cells cells;
	unsigned gain;
};

static void consider(const struct differ *d, struct cells c, struct found *best)
{
	unsigned gain = differ_weight(d, c);

	if (gain > best->gain)
		*best = (struct found){c, gain};
}

/* Rectangles that end with this line: a column that is lower than those before it ends them. */
static void walk_line(struct differ *d, struct cells in, unsigned line, struct found *best)
{
	unsigned depth = 0;

	for (unsigned c = in.left; c <= in.right; c++) {
		unsigned tall = c < in.right ? d->tall[c] : 0, left = c;

		while (depth && line + 1 - d->stack[depth - 1].top >= tall) {
			struct cells *s = &d->stack[--depth];

			left = s->left;
			if (line + 1 - s->top > tall)
				consider(d, (struct cells){s->left, s->top, c, line + 1}, best);
		}
		if (tall)
			d->stack[depth++] = (struct cells){.left = left, .top = line + 1 - tall};
	}
}

static struct found best_of(struct differ *d, struct cells in)
{
	struct found best = {.gain = 0};

	memset(d->tall, 0, (d->columns + 1) * sizeof(*d->tall));
	for (unsigned line = in.top; line < in.bottom; line++) {
		const uint8_t *fits = d->fits + (size_t)line * d->columns;

		for (unsigned c = in.left; c < in.right; c++)
			d->tall[c] = fits[c] ? (uint16_t)(d->tall[c] + 1) : 0;
		walk_line(d, in, line, &best);
	}
	return best;
}

/* Without the lines and columns at its edges in which nothing is changed. */
static struct cells trimmed(const struct differ *d, struct cells c)
{
	while (!differ_weight(d, (struct cells){c.left, c.top, c.right, c.top + 1}))
		c.top++;
	while (!differ_weight(d, (struct cells){c.left, c.bottom - 1, c.right, c.bottom}))
		c.bottom--;
	while (!differ_weight(d, (struct cells){c.left, c.top, c.left + 1, c.bottom}))
		c.left++;
	while (!differ_weight(d, (struct cells){c.right - 1, c.top, c.right, c.bottom}))
		c.right--;
	return c;
}

/* ---- its edges ---- */

static bool fits(struct differ *d, const struct way *way, int left, int right, int top, int bottom)
{
	uint64_t bad = 0;

	if (left < d->in.left || right > d->in.right || top < d->in.top || bottom > d->in.bottom ||
		!has_source(d, way, top) || !has_source(d, way, bottom - 1))
		return false;
	if (way->kind == DIFFER_COPY && (left - way->dx < 0 || right - way->dx > (int)d->width))
		return false;
	for (int y = top; y < bottom && !bad; y++)
		for (int x = left; x < right && !bad; x += 64 * BLOCK)
			misfits(d, way, x, y, (unsigned)least(64 * BLOCK, right - x), &bad);
	return !bad;
}

static struct rect widened(struct differ *d, const struct way *way, struct rect r)
{
	for (int i = 1; i < BLOCK && fits(d, way, r.left, r.right, r.top - 1, r.top); i++)
		r.top--;
	for (int i = 1; i < BLOCK && fits(d, way, r.left, r.right, r.bottom, r.bottom + 1); i++)
		r.bottom++;
	for (int i = 1; i < BLOCK && fits(d, way, r.left - 1, r.left, r.top, r.bottom); i++)
		r.left--;
	for (int i = 1; i < BLOCK && fits(d, way, r.right, r.right + 1, r.top, r.bottom); i++)
		r.right++;
	return r;
}

/* The operation that makes most right in this way, and how much that is: 0 for nothing. */
static unsigned best_op(struct differ *d, const struct way *way, struct differ_op *op)
{
	struct cells in = reach(d, way);
	struct found best = {.gain = 0};

	for (unsigned line = in.top; in.left < in.right && line < in.bottom; line++)
		fit_line(d, way, in, line, d->bad);
	if (in.left < in.right)
		best = best_of(d, in);
	if (best.gain) {
		op->kind = way->kind;
		op->to = widened(d, way, differ_pixels(d, trimmed(d, best.cells)));
		op->x = op->to.left - way->dx;
		op->y = op->to.top - way->dy;
		op->colour = way->colour;
	}
	return best.gain;
}

/* Done by gain. After an operation a way is hardly ever good for more than before: only those that look best by what
 * they were good for are tried again. */
void differ_cover(struct differ *d, const struct way *ways, unsigned n, unsigned least_gain, unsigned max)
{
	struct {
		struct differ_op op;
		unsigned gain;
		bool fresh;
	} tries[DIFFER_WAYS];
	unsigned done = 0, tried = 0, best;

	for (unsigned i = 0; i < n; i++) {
		tries[i].gain = UINT32_MAX;
		tries[i].fresh = false;
	}
	while (n && done < max) {
		best = 0;
		for (unsigned i = 1; i < n; i++)
			if (tries[i].gain > tries[best].gain)
				best = i;
		if (tries[best].gain < least_gain)
			return;
		if (!tries[best].fresh) {
			if (tried++ == n + 2 * max)
				return;
			tries[best].gain = best_op(d, &ways[best], &tries[best].op);
			tries[best].fresh = true;
			continue;
		}
		differ_add(d, &tries[best].op);
		differ_weigh(d);
		done++;
		for (unsigned i = 0; i < n; i++)
			tries[i].fresh = false;
	}
}
