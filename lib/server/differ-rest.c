/* What no copy and no fill made right is put. Runs of changed columns are gathered row by row into regions, as long as
 * little is put in vain; regions shrink to the pixels that are changed; two become one where that is cheaper than what
 * a picture of its own costs. One that is of one colour becomes a fill after all. */
#include "server/differ-private.h"

enum {
	REGIONS = 128,
	OVERHEAD = 320,   /* pixels that could go instead of one more picture: its message, its codec's beginning */
	GAP = 1,          /* unchanged columns that do not end a run, */
	GAP_ROWS = 4,     /* and rows that do not end a region */
	PUTS = 64,        /* more become fewer, at any price */
};

/* In pixels, but left and right at columns until it is trimmed. */
struct region {
	struct rect r;
	uint64_t changed; /* pixels in runs */
};

struct regions {
	struct region list[REGIONS];
	unsigned n;
	int64_t overhead;
};

static struct rect both(const struct rect *a, const struct rect *b)
{
	return (struct rect){.left = least(a->left, b->left), .top = least(a->top, b->top),
		.right = most(a->right, b->right), .bottom = most(a->bottom, b->bottom)};
}

static void join(struct region *a, const struct region *b)
{
	a->r = both(&a->r, &b->r);
	a->changed += b->changed;
}

/* Pixels that would be put in vain if the two were one, above what is now. */
static int64_t added(const struct region *a, const struct region *b)
{
	struct rect u = both(&a->r, &b->r);

	return (int64_t)rect_pixels(&u) - (int64_t)rect_pixels(&a->r) - (int64_t)rect_pixels(&b->r);
}

/* Puts two of them together whose union costs least, if it costs at most this. */
static bool join_two(struct regions *s, int64_t price)
{
	unsigned a = 0, b = 0;

	for (unsigned i = 0; i < s->n; i++)
		for (unsigned k = i + 1; k < s->n; k++) {
			int64_t more = added(&s->list[i], &s->list[k]);

			if (more <= price) {
				price = more - 1;
				a = i;
				b = k;
			}
		}
	if (!b)
		return false;
	join(&s->list[a], &s->list[b]);
	s->list[b] = s->list[--s->n];
	return true;
}

/* The region that ends near the run, costs least more, and stays full enough. */
static struct region *home(struct regions *s, const struct region *run)
{
	struct region *best = NULL;
	int64_t least_added = s->overhead + 1;

	for (struct region *g = s->list; g < s->list + s->n; g++) {
		int64_t more;
		struct rect u;

		if (g->r.bottom + GAP_ROWS < run->r.top)
			continue;
		u = both(&g->r, &run->r);
		more = added(g, run);
		if (more < least_added &&
			rect_pixels(&u) <= (g->changed + run->changed) * 3 / 2 + (uint64_t)s->overhead) {
			least_added = more;
			best = g;
		}
	}
	return best;
}

/* A run of a row: into a region that ends there, or one of its own. Where too many come we are less particular. */
static void gather(struct regions *s, const struct region *run)
{
	struct region *g = home(s, run);

	if (g) {
		join(g, run);
		return;
	}
	while (s->n == REGIONS) {
		s->overhead *= 4;
		while (join_two(s, s->overhead))
			;
	}
	s->list[s->n++] = *run;
}

static bool is_set(const uint64_t *bits, unsigned i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void gather_row(struct differ *d, struct regions *s, unsigned row)
{
	const uint64_t *bits = differ_row(d, row);
	int y = d->in.top + (int)row;

	for (unsigned c = d->box.left; c < d->box.right; c++) {
		unsigned from = c, end = c + 1;
		struct region run;

		if (!is_set(bits, c))
			continue;
		for (; c < d->box.right && c <= end + GAP - 1; c++)
			if (is_set(bits, c))
				end = c + 1;
		run.r = (struct rect){.left = d->in.left + (int)(from * BLOCK), .top = y,
			.right = least(d->in.right, d->in.left + (int)(end * BLOCK)), .bottom = y + 1};
		run.changed = rect_pixels(&run.r);
		gather(s, &run);
		c = end;
	}
}

/* To the pixels that are changed; top and bottom are exact already, or rows of another region. False: nothing is. */
static bool trim(struct differ *d, struct rect *r)
{
	struct rect t = {.left = r->right, .top = r->bottom, .right = r->left, .bottom = r->top};

	for (int y = r->top; y < r->bottom; y++) {
		const uint32_t *a = differ_want(d, r->left, y), *b = differ_old(d, r->left, y);
		unsigned n = (unsigned)(r->right - r->left);
		unsigned first = d->k->first(a, b, d->mask, n), last;

		if (first == n)
			continue;
		last = d->k->last(a, b, d->mask, n);
		t.left = least(t.left, r->left + (int)first);
		t.right = most(t.right, r->left + (int)last);
		t.top = least(t.top, y);
		t.bottom = y + 1;
	}
	*r = t;
	return t.left < t.right;
}

static void put(struct differ *d, const struct rect *to)
{
	struct differ_op op = {.kind = DIFFER_FILL, .to = *to,
		.colour = *differ_want(d, to->left, to->top) & d->mask};
	unsigned n = (unsigned)(to->right - to->left);

	for (int y = to->top; y < to->bottom && op.kind == DIFFER_FILL; y++) {
		d->k->stained(differ_want(d, to->left, y), op.colour, d->mask, n, d->bits);
		for (unsigned i = 0; i < (n + 64 * BLOCK - 1) / (64 * BLOCK); i++)
			if (d->bits[i])
				op.kind = DIFFER_PUT;
	}
	differ_add(d, &op);
}

void differ_rest(struct differ *d)
{
	struct regions s = {.overhead = OVERHEAD};

	if (!differ_weigh(d))
		return;
	for (unsigned row = d->box.top * BLOCK; row < d->rows && row < d->box.bottom * BLOCK; row++)
		gather_row(d, &s, row);
	for (unsigned i = 0; i < s.n; i++)
		trim(d, &s.list[i].r);
	while (join_two(&s, s.n > PUTS ? INT64_MAX : s.overhead))
		;
	for (unsigned i = 0; i < s.n; i++)
		if (trim(d, &s.list[i].r))
			put(d, &s.list[i].r);
}
