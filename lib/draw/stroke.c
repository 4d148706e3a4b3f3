/* DRAW_STROKE: thin lines as the X11 sample server draws them with CapNotLast (channels.md, "Lines"). A path becomes
 * figures, a figure a list of pixels, and every step from one to the next lights its first pixel and not its last.
 * Lines are clipped by arithmetic, never by walking: a peer's line may be 2^28 pixels long. */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "draw/rop.h"
#include "draw/stroke.h"

/* L-10: what a path may become. */
enum { MAX_STEPS = 1 << 20, MAX_DEPTH = 32 };

struct line_run {
	struct area *a;
	struct painter painter;
};

static void light(const struct line_run *l, int x, int y)
{
	if (pixman_region32_contains_point(&l->a->region, x, y, NULL))
		painter_span((void *)&l->painter, l->a, x, y, 1);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* One direction of a step: the axis along which it goes, and the other. */
struct axis {
	int64_t from;
	int sign;
	int lo, hi; /* the region's extents */
};

/* The k in 0..n-1 for which from + sign*k lies in lo..hi-1. */
static void visible(const struct axis *a, int64_t *first, int64_t *end)
{
	int64_t k1 = a->sign > 0 ? a->lo - a->from : a->from - (a->hi - 1);
	int64_t k2 = a->sign > 0 ? a->hi - a->from : a->from - a->lo + 1;

	*first = k1 > *first ? k1 : *first;
	*end = k2 < *end ? k2 : *end;
}

/* Lights major = from ± k, minor = from ± round(k * dminor / dmajor), k = 0..dmajor-1. A tie takes the step when the
 * major axis increases and stays when it decreases, so that both directions light the same pixels. */
static void draw_step(const struct line_run *l, const struct axis *major, const struct axis *minor, int64_t dmajor,
	int64_t dminor, bool x_major)
{
	int64_t bias = major->sign > 0 ? dmajor : dmajor - 1;
	int64_t first = 0, end = dmajor, m1 = 0, m2 = dminor + 1;

	visible(major, &first, &end);
	visible(minor, &m1, &m2);
	if (first >= end || m1 >= m2)
		return;
	if (dminor) { /* the k whose rounded offset m is in m1..m2-1: 2*k*dminor + bias in [2*dmajor*m1, 2*dmajor*m2) */
		int64_t k1 = -floor_div(-(2 * dmajor * m1 - bias), 2 * dminor);
		int64_t k2 = -floor_div(-(2 * dmajor * m2 - bias), 2 * dminor);

		first = k1 > first ? k1 : first;
		end = k2 < end ? k2 : end;
	}
	for (int64_t k = first; k < end; k++) {
		int64_t m = (2 * k * dminor + bias) / (2 * dmajor);
		int along = (int)(major->from + major->sign * k), across = (int)(minor->from + minor->sign * m);

		light(l, x_major ? along : across, x_major ? across : along);
	}
}

static void draw_line(const struct line_run *l, struct point from, struct point to)
{
	const pixman_box32_t *e = pixman_region32_extents(&l->a->region);
	int64_t dx = llabs((int64_t)to.x - from.x), dy = llabs((int64_t)to.y - from.y);
	struct axis x = {from.x, to.x < from.x ? -1 : 1, e->x1, e->x2};
	struct axis y = {from.y, to.y < from.y ? -1 : 1, e->y1, e->y2};

	if (dx > dy)
		draw_step(l, &x, &y, dx, dy, true);
	else if (dy)
		draw_step(l, &y, &x, dy, dx, false);
}

/* ---- paths ---- */

static int add_point(struct figures *f, struct point p)
{
	if (f->n >= MAX_STEPS)
		return E_LIMIT;
	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 64;
		f->points = xrealloc(f->points, f->cap, sizeof(*f->points));
	}
	f->points[f->n++] = p;
	return 0;
}

static void end_figure(struct figures *f, bool closed)
{
	size_t from = f->ends_n ? f->ends[f->ends_n - 1].n : 0;

	if (f->n == from)
		return;
	if (f->ends_n == f->ends_cap) {
		f->ends_cap = f->ends_cap ? 2 * f->ends_cap : 16;
		f->ends = xrealloc(f->ends, f->ends_cap, sizeof(*f->ends));
	}
	f->ends[f->ends_n++] = (struct figure_end){f->n, closed};
}

/* Products wrap as the reference's do; they mean something while coordinates are those of pictures. */
static int64_t wrap_mul(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a * (uint64_t)b);
}

static int64_t dot(const struct point_fix *o1, const struct point_fix *a, const struct point_fix *o2,
	const struct point_fix *b)
{
	uint64_t x = (uint64_t)wrap_mul((int64_t)a->x - o1->x, (int64_t)b->x - o2->x);
	uint64_t y = (uint64_t)wrap_mul((int64_t)a->y - o1->y, (int64_t)b->y - o2->y);

	return (int64_t)(x + y) >> 4;
}

static bool near_line(int64_t a, int64_t b, int64_t d)
{
	return (int64_t)((uint64_t)wrap_mul(a, b) - (uint64_t)wrap_mul(d, d)) >> 3 < b;
}

static bool flat(const struct point_fix p[4])
{
	int64_t b = dot(&p[0], &p[3], &p[0], &p[3]);

	return near_line(dot(&p[0], &p[1], &p[0], &p[1]), b, dot(&p[0], &p[1], &p[0], &p[3])) &&
	       near_line(dot(&p[3], &p[2], &p[3], &p[2]), b, dot(&p[3], &p[2], &p[3], &p[0]));
}

static struct point_fix middle(const struct point_fix *a, const struct point_fix *b)
{
	return (struct point_fix){(int32_t)(((int64_t)a->x + b->x) / 2), (int32_t)(((int64_t)a->y + b->y) / 2)};
}

static bool same(const struct point_fix p[4])
{
	for (int i = 1; i < 4; i++)
		if (p[i].x != p[0].x || p[i].y != p[0].y)
			return false;
	return true;
}

/* Halves the curve until it is flat: first half first. */
static int add_curve(struct figures *f, const struct point_fix p[4], unsigned depth)
{
	struct point_fix q[3], r[2], m;
	int rc;

	if (depth == MAX_DEPTH || same(p) || flat(p))
		return add_point(f, (struct point){stroke_pixel(p[3].x), stroke_pixel(p[3].y)});
	for (int i = 0; i < 3; i++)
		q[i] = middle(&p[i], &p[i + 1]);
	for (int i = 0; i < 2; i++)
		r[i] = middle(&q[i], &q[i + 1]);
	m = middle(&r[0], &r[1]);
	rc = add_curve(f, (struct point_fix[4]){p[0], q[0], r[0], m}, depth + 1);
	return rc ? rc : add_curve(f, (struct point_fix[4]){m, r[1], q[2], p[3]}, depth + 1);
}

/* One segment of a path. */
static int add_segment(struct figures *f, const struct path_segment *s)
{
	size_t begin = f->ends_n ? f->ends[f->ends_n - 1].n : 0;
	uint32_t i = 0;
	int rc = 0;

	if (s->flags & PATH_FLAGS_BEGIN) {
		end_figure(f, false);
		begin = f->n;
	}
	if (f->n == begin) {
		if (!(s->flags & PATH_FLAGS_BEGIN) || !s->count)
			return E_INVAL;
		rc = add_point(f, (struct point){stroke_pixel(s->points[0].x), stroke_pixel(s->points[0].y)});
		i = 1;
	}
	if (s->flags & PATH_FLAGS_BEZIER) {
		for (; !rc && s->count - i >= 3; i += 3) {
			struct point last = f->points[f->n - 1];
			struct point_fix p[4] = {{(int32_t)((uint32_t)last.x << 4), (int32_t)((uint32_t)last.y << 4)},
				s->points[i], s->points[i + 1], s->points[i + 2]};

			rc = add_curve(f, p, 0);
		}
	} else {
		for (; !rc && i < s->count; i++)
			rc = add_point(f, (struct point){stroke_pixel(s->points[i].x), stroke_pixel(s->points[i].y)});
	}
	if (!rc && s->flags & PATH_FLAGS_END) {
		if (s->flags & PATH_FLAGS_CLOSE)
			rc = add_point(f, f->points[begin]);
		end_figure(f, s->flags & PATH_FLAGS_CLOSE);
	}
	return rc;
}

static int add_path(struct figures *f, const struct path *path)
{
	uint64_t points = 0;
	int rc = 0;

	for (uint32_t i = 0; !rc && i < path->num_segments; i++) {
		points += path->segments[i].count;
		rc = points > LIM_PATH_POINTS ? E_LIMIT : add_segment(f, &path->segments[i]);
	}
	end_figure(f, false);
	return rc;
}

/* ---- the command ---- */

static void draw_figures(struct job *j, const struct figures *f, uint8_t rop)
{
	struct line_run l = {.a = &j->a};
	size_t at = 0;

	painter_init(&l.painter, j->a.dst->format, rop, &j->ink, NULL);
	for (size_t i = 0; i < f->ends_n; i++) {
		for (; at + 1 < f->ends[i].n; at++)
			draw_line(&l, f->points[at], f->points[at + 1]);
		at = f->ends[i].n;
	}
}

int draw_stroke(struct job *j, const void *body)
{
	const struct draw_stroke *m = body;
	uint8_t rop = rop_of_ropd(m->fore_mode, ROP_P, ROP_D, true, false);
	struct figures f = {0};
	int rc = job_ink(j, &m->brush, &j->ink);

	if (!rc)
		rc = add_path(&f, m->path);
	if (!rc && !area_empty(&j->a)) {
		if (m->attr.flags & LINE_FLAGS_STYLED)
			dash_figures(j, &f, &m->attr, rop);
		else
			draw_figures(j, &f, rop);
	}
	free(f.points);
	free(f.ends);
	return rc;
}
