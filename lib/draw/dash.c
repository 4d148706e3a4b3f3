/* Dashed lines: X11 wide lines of width 1, OnOffDash, JoinMiter, without caps (channels.md, "Dashes"). A dash is the
 * rectangle around its piece of a step; where two dashes meet at a joint the wedge between them is filled too. The
 * pixels of a figure are gathered first, so that each is painted once. What lies outside the region is passed over in
 * whole periods of the dash list: steps may be 2^28 pixels long. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "draw/rop.h"
#include "draw/stroke.h"

/* Spans of one figure that are gathered before they are merged; past SPANS merged ones they are painted. */
enum { SPANS = 1 << 20, MAX_DASHES = 256 };

struct span {
	int y, x, n;
};

struct vec {
	double x, y;
};

struct dasher {
	struct area *a;
	struct painter painter;
	pixman_box32_t e; /* the region's extents */
	bool once;        /* painting twice is painting once */
	/* the dash list, and where we are in it */
	unsigned lengths[MAX_DASHES], n, start, at;
	double left, period;
	struct span *spans;
	size_t spans_n, spans_cap;
};

/* ---- pixels of a figure ---- */

static int span_order(const void *a, const void *b)
{
	const struct span *s = a, *t = b;

	return s->y != t->y ? (s->y < t->y ? -1 : 1) : (s->x > t->x) - (s->x < t->x);
}

/* Sorted, and no pixel twice. */
static void merge_spans(struct dasher *d)
{
	size_t out = 0;

	if (d->spans_n)
		qsort(d->spans, d->spans_n, sizeof(*d->spans), span_order);
	for (size_t i = 0; i < d->spans_n; i++) {
		struct span *last = out ? &d->spans[out - 1] : NULL, s = d->spans[i];

		if (last && last->y == s.y && s.x <= last->x + last->n) {
			if (s.x + s.n > last->x + last->n)
				last->n = s.x + s.n - last->x;
		} else {
			d->spans[out++] = s;
		}
	}
	d->spans_n = out;
}

static void paint_span(struct dasher *d, const struct span *s)
{
	int n;
	const pixman_box32_t *b = pixman_region32_rectangles(&d->a->region, &n);

	for (; n > 0; n--, b++) {
		int x1 = s->x > b->x1 ? s->x : b->x1, x2 = s->x + s->n < b->x2 ? s->x + s->n : b->x2;

		if (s->y >= b->y1 && s->y < b->y2 && x1 < x2)
			painter_span(&d->painter, d->a, x1, s->y, x2 - x1);
	}
}

static void paint_figure(struct dasher *d)
{
	merge_spans(d);
	for (size_t i = 0; i < d->spans_n; i++)
		paint_span(d, &d->spans[i]);
	d->spans_n = 0;
}

static void add_span(struct dasher *d, int y, int x1, int x2)
{
	if (d->spans_n == SPANS) {
		merge_spans(d);
		if (d->spans_n > SPANS / 2)
			paint_figure(d);
	}
	if (d->spans_n == d->spans_cap) {
		d->spans_cap = d->spans_cap ? 2 * d->spans_cap : 256;
		d->spans = xrealloc(d->spans, d->spans_cap, sizeof(*d->spans));
	}
	d->spans[d->spans_n++] = (struct span){y, x1, x2 - x1};
}

/* v rounded up, within lo..hi. */
static int clamp_up(double v, int lo, int hi)
{
	return v <= lo ? lo : v >= hi ? hi : (int)ceil(v);
}

/* A convex polygon: the points inside it, left and top edges included, right and bottom ones not. */
static void fill_convex(struct dasher *d, const struct vec *p, unsigned n)
{
	double top = p[0].y, bottom = p[0].y;
	int y2;

	for (unsigned i = 1; i < n; i++) {
		top = fmin(top, p[i].y);
		bottom = fmax(bottom, p[i].y);
	}
	y2 = clamp_up(bottom, d->e.y1, d->e.y2);
	for (int y = clamp_up(top, d->e.y1, d->e.y2); y < y2; y++) {
		double left = INFINITY, right = -INFINITY;
		int x1, x2;

		for (unsigned i = 0; i < n; i++) {
			struct vec a = p[i], b = p[(i + 1) % n];
			double x;

			if ((a.y <= y) == (b.y <= y))
				continue;
			x = a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
			left = fmin(left, x);
			right = fmax(right, x);
		}
		x1 = clamp_up(left, d->e.x1, d->e.x2);
		x2 = clamp_up(right, d->e.x1, d->e.x2);
		if (x1 < x2)
			add_span(d, y, x1, x2);
	}
}

/* ---- the dash list ---- */

static void next_dash(struct dasher *d)
{
	do
		d->at = (d->at + 1) % d->n;
	while (!d->lengths[d->at]);
	d->left = d->lengths[d->at];
}

static void restart(struct dasher *d)
{
	d->at = d->start % d->n;
	d->left = d->lengths[d->at];
	if (!d->lengths[d->at])
		next_dash(d);
}

/* Goes on by a length in which nothing is drawn. */
static void pass(struct dasher *d, double length)
{
	length = fmod(length, d->period);
	while (length >= d->left) {
		length -= d->left;
		next_dash(d);
	}
	d->left -= length;
}

/* False when all lengths are 0. */
static bool dash_list(struct dasher *d, const struct line_attr *attr)
{
	bool gap_first = attr->flags & LINE_FLAGS_START_WITH_GAP;

	d->n = attr->style ? attr->style_nseg : 0;
	for (unsigned i = 0; i < d->n; i++) {
		d->lengths[i] = (unsigned)stroke_pixel(attr->style[(i + gap_first) % d->n]) & 0xff;
		d->period += d->lengths[i];
	}
	d->start = gap_first ? 1 : 0;
	return d->period > 0;
}

/* ---- steps and joints ---- */

struct step {
	struct point from, to;
	struct vec u; /* the direction, of length 1 */
	double length;
	bool begins_lit, ends_lit;
};

static bool lit(const struct dasher *d)
{
	return !(d->at & 1);
}

static struct vec along(const struct step *s, double t, double across)
{
	return (struct vec){s->from.x + s->u.x * t - s->u.y * across, s->from.y + s->u.y * t + s->u.x * across};
}

/* The part of a step that may touch the extents. */
static void visible(const struct dasher *d, const struct step *s, double *t1, double *t2)
{
	const double from[2] = {s->from.x, s->from.y}, u[2] = {s->u.x, s->u.y};
	const double lo[2] = {d->e.x1 - 2., d->e.y1 - 2.}, hi[2] = {d->e.x2 + 2., d->e.y2 + 2.};

	*t1 = 0;
	*t2 = s->length;
	for (int i = 0; i < 2; i++) {
		double a = (lo[i] - from[i]) / u[i], b = (hi[i] - from[i]) / u[i];

		if (u[i] == 0 && (from[i] < lo[i] || from[i] > hi[i]))
			*t2 = 0;
		if (u[i] == 0)
			continue;
		*t1 = fmax(*t1, fmin(a, b));
		*t2 = fmin(*t2, fmax(a, b));
	}
}

static void draw_step(struct dasher *d, struct step *s)
{
	double t, end;

	visible(d, s, &t, &end);
	s->begins_lit = lit(d);
	if (t >= end)
		t = end = s->length;
	pass(d, t);
	while (t < end) {
		double to = fmin(t + d->left, s->length);

		if (lit(d)) {
			const struct vec box[4] = {along(s, t, -.5), along(s, to, -.5), along(s, to, .5),
				along(s, t, .5)};

			fill_convex(d, box, 4);
		}
		s->ends_lit = lit(d);
		d->left -= to - t;
		t = to;
		if (d->left <= 0 || t < s->length) /* every turn ends an entry or the step, however rounding goes */
			next_dash(d);
	}
	if (t < s->length) {
		pass(d, s->length - t);
		s->ends_lit = lit(d);
	}
	d->left = floor(d->left);
	if (d->left == 0)
		next_dash(d);
}

static bool leftwards(int dx, int dy)
{
	return dx < 0 || (dx == 0 && dy < 0);
}

/* The wedge between two dashes that meet, on the outer side. */
static void draw_joint(struct dasher *d, const struct step *a, const struct step *b)
{
	double turn = a->u.x * b->u.y - a->u.y * b->u.x, cosine = -(a->u.x * b->u.x + a->u.y * b->u.y);
	double side = turn > 0 ? -.5 : .5;
	struct vec p[4] = {{b->from.x, b->from.y}, along(a, a->length, side), {0, 0}, along(b, 0, side)};

	if (!a->ends_lit || !b->begins_lit || turn == 0)
		return;
	/* painted twice these pixels would be: the reference leaves them to the dashes of one direction */
	if (d->once && (leftwards(a->to.x - a->from.x, a->to.y - a->from.y) ||
		!leftwards(b->to.x - b->from.x, b->to.y - b->from.y)))
		return;
	if (cosine > cos(11 * M_PI / 180)) {
		p[2] = p[3];
		fill_convex(d, p, 3);
		return;
	}
	/* the mitre's tip lies where both outer edges meet */
	double t = ((p[3].x - p[1].x) * b->u.y - (p[3].y - p[1].y) * b->u.x) / turn;

	p[2] = (struct vec){p[1].x + a->u.x * t, p[1].y + a->u.y * t};
	fill_convex(d, p, 4);
}

static void draw_figure(struct dasher *d, const struct point *p, size_t n, bool closed)
{
	struct step first = {0}, last = {0};

	restart(d);
	for (size_t i = 0; i + 1 < n; i++) {
		double dx = (double)p[i + 1].x - p[i].x, dy = (double)p[i + 1].y - p[i].y;
		struct step s = {.from = p[i], .to = p[i + 1], .length = hypot(dx, dy)};

		if (s.length == 0)
			continue;
		s.u = (struct vec){dx / s.length, dy / s.length};
		draw_step(d, &s);
		if (last.length > 0)
			draw_joint(d, &last, &s);
		else
			first = s;
		last = s;
	}
	if (closed && last.length > 0)
		draw_joint(d, &last, &first);
	paint_figure(d);
}

/* True when f(p, f(p, d)) is f(p, d). */
static bool paints_once(uint8_t rop)
{
	for (unsigned p = 0; p < 2; p++) {
		for (unsigned old = 0; old < 2; old++) {
			unsigned v = rop >> (p << 2 | old) & 1;

			if ((unsigned)(rop >> (p << 2 | v) & 1) != v)
				return false;
		}
	}
	return true;
}

void dash_figures(struct job *j, const struct figures *f, const struct line_attr *attr, uint8_t rop)
{
	struct dasher *d = new(struct dasher);
	size_t at = 0;

	d->a = &j->a;
	d->e = *pixman_region32_extents(&j->a.region);
	d->once = paints_once(rop);
	painter_init(&d->painter, j->a.dst->format, rop, &j->ink, NULL);
	if (dash_list(d, attr)) {
		for (size_t i = 0; i < f->ends_n; i++) {
			draw_figure(d, f->points + at, f->ends[i].n - at, f->ends[i].closed);
			at = f->ends[i].n;
		}
	}
	free(d->spans);
	free(d);
}
