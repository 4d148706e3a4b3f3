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
enum { SPANS = 1 << 20, MAX_DASHES = 256, WALK = 1 << 20 };

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
	double walk; /* pieces that may still be walked unseen */
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

/* ---- polygons ---- */

/* A corner of a convex polygon and the edge that leaves it, which is exact: its slope is of whole numbers, and all its
 * points have x * dy - y * dx = k. Positions count from a whole pixel. */
struct corner {
	double x, y;
	int64_t dx, dy;
	double k;
};

/* v rounded up, within lo..hi. */
static int64_t clamp_up(double v, int64_t lo, int64_t hi)
{
	return v <= (double)lo ? lo : v >= (double)hi ? hi : (int64_t)ceil(v);
}

static int64_t ceil_div(int64_t a, int64_t b)
{
	return a / b + (a % b > 0);
}

/* Where the edge that leaves c crosses this row, which it does: the first pixel right of it. */
static int64_t crossing(const struct corner *c, int64_t y)
{
	return c->dy > 0 ? ceil_div((int64_t)ceil(c->k) + y * c->dx, c->dy)
			 : ceil_div((int64_t)ceil(-c->k) - y * c->dx, -c->dy);
}

/* The edge on one side (down: dy > 0) that crosses a row; NULL when none does. */
static const struct corner *edge_at(const struct corner *p, unsigned n, bool down, int64_t y)
{
	for (unsigned i = 0; i < n; i++) {
		const struct corner *a = &p[i], *b = &p[(i + 1) % n];
		const struct corner *top = down ? a : b, *bottom = down ? b : a;

		if (a->dy != 0 && (a->dy > 0) == down && ceil(top->y) <= (double)y && (double)y < ceil(bottom->y))
			return a;
	}
	return NULL;
}

/* The points inside, left and top edges included, right and bottom ones not. */
static void fill_convex(struct dasher *d, struct point at, const struct corner *p, unsigned n)
{
	bool clockwise = (double)p[0].dx * (double)p[1].dy > (double)p[0].dy * (double)p[1].dx;
	double top = p[0].y, bottom = p[0].y;
	int64_t lo = (int64_t)d->e.y1 - at.y, hi = (int64_t)d->e.y2 - at.y, y2;

	for (unsigned i = 1; i < n; i++) {
		top = fmin(top, p[i].y);
		bottom = fmax(bottom, p[i].y);
	}
	y2 = clamp_up(bottom, lo, hi);
	for (int64_t y = clamp_up(top, lo, hi); y < y2; y++) {
		const struct corner *left = edge_at(p, n, !clockwise, y), *right = edge_at(p, n, clockwise, y);
		int64_t x1, x2;

		if (!left || !right)
			continue;
		x1 = at.x + crossing(left, y);
		x2 = at.x + crossing(right, y);
		x1 = x1 > d->e.x1 ? x1 : d->e.x1;
		x2 = x2 < d->e.x2 ? x2 : d->e.x2;
		if (x1 < x2)
			add_span(d, (int)(at.y + y), (int)x1, (int)x2);
	}
}

/* ---- the dash list ---- */

static void next_dash(struct dasher *d)
{
	d->at = d->at + 1 < d->n ? d->at + 1 : 0;
	d->left = d->lengths[d->at];
}

static void restart(struct dasher *d)
{
	d->at = d->start % d->n;
	d->left = d->lengths[d->at];
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
	int64_t dx, dy;
	double length;
	struct vec half; /* along the step, half a pixel long */
	bool begins_lit, ends_lit;
};

static bool lit(const struct dasher *d)
{
	return !(d->at & 1);
}

static struct step step_of(struct point from, struct point to)
{
	struct step s = {.from = from, .to = to, .dx = (int64_t)to.x - from.x, .dy = (int64_t)to.y - from.y};

	s.length = s.dx == 0 ? fabs((double)s.dy) : s.dy == 0 ? fabs((double)s.dx)
		: hypot((double)s.dx, (double)s.dy);
	if (s.length > 0)
		s.half = (struct vec){.5 / s.length * (double)s.dx, .5 / s.length * (double)s.dy};
	return s;
}

/* The part of a step that may touch the extents. */
static void visible(const struct dasher *d, const struct step *s, double *t1, double *t2)
{
	const double from[2] = {s->from.x, s->from.y}, u[2] = {2 * s->half.x, 2 * s->half.y};
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

/* The piece of a step between two cuts across it, each given by the points where it meets the step's right and left
 * edges (seen along it) and by its k; all count from `at`. */
static void fill_piece(struct dasher *d, const struct step *s, struct point at, const struct vec begin[2],
	double begin_k, const struct vec end[2], double end_k)
{
	double k = .5 * s->length;
	const struct corner box[4] = {
		{begin[0].x, begin[0].y, s->dx, s->dy, k},
		{end[0].x, end[0].y, -s->dy, s->dx, end_k},
		{end[1].x, end[1].y, -s->dx, -s->dy, k},
		{begin[1].x, begin[1].y, s->dy, -s->dx, begin_k},
	};

	fill_convex(d, at, box, 4);
}

static void shift(struct vec cut[2], double dx, double dy)
{
	for (int i = 0; i < 2; i++) {
		cut[i].x += dx;
		cut[i].y += dy;
	}
}

/* A step as it is walked: where the current piece begins, and how much of the step is left from there. */
struct walk {
	struct vec cut[2];
	double k, rest;
};

static void advance(struct walk *w, const struct step *s, double by)
{
	double dx = (double)s->dx, dy = (double)s->dy;

	shift(w->cut, by * dx / s->length, by * dy / s->length);
	w->k = w->cut[0].x * dx + w->cut[0].y * dy;
	w->rest -= by;
}

/* The pieces that end before `to`: what they add to a cut is known by the dash, and the sums are those of advance(). */
static void walk_unseen(struct dasher *d, const struct step *s, struct walk *w, double to)
{
	struct vec by[MAX_DASHES];
	double dx = (double)s->dx, dy = (double)s->dy;

	for (unsigned i = 0; i < d->n; i++)
		by[i] = (struct vec){d->lengths[i] * dx / s->length, d->lengths[i] * dy / s->length};
	advance(w, s, d->left);
	next_dash(d);
	while (w->rest > d->left && s->length - w->rest + d->left < to) {
		shift(w->cut, by[d->at].x, by[d->at].y);
		w->rest -= d->left;
		next_dash(d);
	}
	w->k = w->cut[0].x * dx + w->cut[0].y * dy;
}

/* Goes to where the step may be seen: by its pieces, but further than WALK of them at one go. */
static void approach(struct dasher *d, const struct step *s, struct walk *w, double to)
{
	double pieces = to / d->period * d->n;

	if (to < 2 * d->period)
		return;
	if (pieces < d->walk) {
		d->walk -= pieces;
		walk_unseen(d, s, w, to);
	} else {
		pass(d, to);
		advance(w, s, to);
	}
}

/* All but the last piece count from the beginning of the step, the last one from its end. Where pixels lie on a cut it
 * is rounding that decides, so the sums are those of the reference. */
static void draw_step(struct dasher *d, struct step *s)
{
	const struct vec sides[2] = {{s->half.y, -s->half.x}, {-s->half.y, s->half.x}};
	struct walk w = {.cut = {sides[0], sides[1]}, .rest = s->length}, begin;
	double dx = (double)s->dx, dy = (double)s->dy, from, to;

	while (d->left == 0)
		next_dash(d);
	s->begins_lit = lit(d);
	visible(d, s, &from, &to);
	approach(d, s, &w, from < to ? from : to);
	while (w.rest > d->left && s->length - w.rest < to) {
		begin = w;
		advance(&w, s, d->left);
		if (lit(d))
			fill_piece(d, s, s->from, begin.cut, -begin.k, w.cut, w.k);
		next_dash(d);
	}
	if (w.rest > d->left) {
		pass(d, w.rest);
	} else {
		bool whole = w.rest == s->length;

		shift(w.cut, -dx, -dy);
		w.k = whole ? dx * dx + dy * dy : -w.cut[1].x * dx - w.cut[1].y * dy;
		if (lit(d))
			fill_piece(d, s, s->to, w.cut, w.k, sides, 0);
		d->left -= w.rest;
	}
	d->left = floor(d->left);
	s->ends_lit = lit(d) && d->left > 0;
	if (d->left == 0)
		next_dash(d);
}

static bool leftwards(int64_t dx, int64_t dy)
{
	return dx < 0 || (dx == 0 && dy < 0);
}

/* One side of a joint: the edge that a step has there on the outer side. */
struct face {
	struct vec a; /* its end, from the joint */
	int64_t dx, dy;
	double k;
};

static struct face face_of(const struct step *s, int sign)
{
	return (struct face){{sign * s->half.y, -sign * s->half.x}, sign * s->dx, sign * s->dy,
		sign * .5 * s->length};
}

/* Where both edges meet. */
static struct vec tip_of(const struct face *l, const struct face *r, double denom)
{
	double ldx = (double)l->dx, ldy = (double)l->dy, rdx = (double)r->dx, rdy = (double)r->dy;
	double y = (ldy * (r->a.x * rdy - r->a.y * rdx) - rdy * (l->a.x * ldy - l->a.y * ldx)) / denom;

	return (struct vec){l->dy ? l->a.x + (y - l->a.y) * ldx / ldy : r->a.x + (y - r->a.y) * rdx / rdy, y};
}

/* The edge that cuts off the tip: its slope in 1/65536. */
static struct corner bevel(const struct face *l, const struct face *r)
{
	double dx = r->a.x - l->a.x, dy = r->a.y - l->a.y, scale = fmax(fabs(dx), fabs(dy));
	struct corner c = {l->a.x, l->a.y, (int64_t)(dx * 65536 / scale), (int64_t)(dy * 65536 / scale), 0};

	c.k = ((l->a.x + r->a.x) * (double)c.dy - (l->a.y + r->a.y) * (double)c.dx) / 2;
	return c;
}

/* The wedge between two dashes that meet, on the outer side. */
static void draw_joint(struct dasher *d, const struct step *a, const struct step *b)
{
	static const double mitre = 108.856472512142; /* 1 / sin(11 degrees / 2) squared */
	struct face l = face_of(b, 1), r = face_of(a, -1);
	double denom = -(double)l.dx * (double)r.dy + (double)r.dx * (double)l.dy;
	struct corner p[4];
	struct vec tip;

	if (!a->ends_lit || !b->begins_lit || denom == 0)
		return;
	/* painted twice these pixels would be: the reference leaves them to the dashes of one direction */
	if (d->once && (leftwards(a->dx, a->dy) || !leftwards(b->dx, b->dy)))
		return;
	if (denom > 0)
		l = face_of(b, -1);
	else
		r = face_of(a, 1);
	tip = tip_of(&l, &r, denom);
	p[0] = (struct corner){r.a.x, r.a.y, -r.dy, r.dx, 0};
	p[1] = (struct corner){0, 0, l.dy, -l.dx, 0};
	if ((tip.x * tip.x + tip.y * tip.y) * 4 > mitre) {
		p[2] = bevel(&l, &r);
		fill_convex(d, b->from, p, 3);
		return;
	}
	/* to the tip and back, against both steps */
	p[2] = (struct corner){l.a.x, l.a.y, -b->dx, -b->dy, -l.k};
	p[3] = (struct corner){tip.x, tip.y, -a->dx, -a->dy, -r.k};
	fill_convex(d, b->from, p, 4);
}

static void draw_figure(struct dasher *d, const struct point *p, size_t n, bool closed)
{
	struct step first = {0}, last = {0};

	restart(d);
	for (size_t i = 0; i + 1 < n; i++) {
		struct step s = step_of(p[i], p[i + 1]);

		if (s.length == 0)
			continue;
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
	d->walk = WALK;
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
