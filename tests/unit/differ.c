/* The damage differ: whatever has changed, its operations done on the old frame give the new one, with nothing touched
 * outside; moves are found, little is put; and each fast kernel does what the plain one does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "server/differ-kernels.h"
#include "server/differ.h"

enum { ROUNDS = 1500, SIDE = 400, WIDE = 640, HIGH = 480, COLOUR = 0xffffff };

/* ---- frames ---- */

struct frame {
	uint8_t *p;
	size_t stride, size;
	unsigned w, h;
};

static struct frame frame_of(unsigned w, unsigned h, size_t stride)
{
	return (struct frame){xcalloc(h, stride), stride, stride * h, w, h};
}

static struct frame copy_of(const struct frame *f, size_t stride)
{
	struct frame c = frame_of(f->w, f->h, stride);

	for (unsigned y = 0; y < f->h; y++)
		memcpy(c.p + y * stride, f->p + y * f->stride, 4 * (size_t)f->w);
	return c;
}

static uint32_t *at(const struct frame *f, int x, int y)
{
	return (uint32_t *)(void *)(f->p + (size_t)y * f->stride) + x;
}

static void paint(struct frame *f, struct rect r, uint32_t colour)
{
	for (int y = r.top; y < r.bottom; y++)
		for (int x = r.left; x < r.right; x++)
			*at(f, x, y) = colour;
}

static void noise(struct frame *f, struct rect r, struct rng *g)
{
	for (int y = r.top; y < r.bottom; y++)
		for (int x = r.left; x < r.right; x++)
			*at(f, x, y) = (uint32_t)rng_next(g);
}

/* Lines of letters, black on white; a letter is 8x12 of 40 shapes. */
static void letter(struct frame *f, struct rect r, int x, int y, unsigned shape)
{
	for (int v = 0; v < 9; v++)
		for (int u = 0; u < 7; u++)
			if (x + u < r.right && y + v < r.bottom)
				*at(f, x + u, y + v) =
					((shape * 2654435761u) >> (u + v * 5) % 29 & 1) ? 0x101010 : 0xffffff;
}

static void text_of(struct frame *f, struct rect r, int height, struct rng *g)
{
	paint(f, r, 0xffffff);
	for (int y = r.top; y < r.bottom; y += height)
		for (int x = r.left, n = (int)rng_below(g, 60) + 10; x < r.right && n; x += 8, n--)
			if (rng_below(g, 6))
				letter(f, r, x, y, 1 + rng_below(g, 40));
}

static void text(struct frame *f, struct rect r, struct rng *g)
{
	text_of(f, r, 12, g);
}

static struct rect some_rect(const struct frame *f, struct rng *g)
{
	struct rect r = {.left = (int)rng_below(g, f->w), .top = (int)rng_below(g, f->h)};

	r.right = r.left + 1 + (int)rng_below(g, f->w - (unsigned)r.left);
	r.bottom = r.top + 1 + (int)rng_below(g, f->h - (unsigned)r.top);
	return r;
}

/* What stands in r goes to x, y, as far as the frame has room. */
static void move(struct frame *f, struct rect r, int x, int y)
{
	struct frame c = copy_of(f, f->stride);

	for (int v = 0; v < r.bottom - r.top; v++)
		for (int u = 0; u < r.right - r.left; u++)
			if (x + u >= 0 && x + u < (int)f->w && y + v >= 0 && y + v < (int)f->h)
				*at(f, x + u, y + v) = *at(&c, r.left + u, r.top + v);
	free(c.p);
}

static void edit(struct frame *f, struct rng *g)
{
	struct rect r = some_rect(f, g);

	switch (rng_below(g, 9)) {
	case 0:
		paint(f, r, (uint32_t)rng_next(g));
		break;
	case 1:
		noise(f, r, g);
		break;
	case 2:
		text(f, r, g);
		break;
	case 3:
		move(f, r, r.left, r.top + (int)rng_below(g, 61) - 30);
		break;
	case 4:
		move(f, r, r.left + (int)rng_below(g, 61) - 30, r.top);
		break;
	case 5:
		move(f, r, (int)rng_below(g, f->w), (int)rng_below(g, f->h));
		break;
	case 6:
		*at(f, r.left, r.top) ^= 1u << rng_below(g, 24);
		break;
	case 7:
		for (int i = (int)rng_below(g, 300); i; i--)
			*at(f, (int)rng_below(g, f->w), (int)rng_below(g, f->h)) = (uint32_t)rng_next(g);
		break;
	default:
		letter(f, r, r.left, r.top, rng_below(g, 40));
	}
}

/* ---- what an operation means ---- */

static void apply(struct frame *f, const struct frame *want, const struct differ_op *op)
{
	struct rect r = op->to;

	assert_true(r.left >= 0 && r.top >= 0 && r.left < r.right && r.top < r.bottom);
	assert_true(r.right <= (int)f->w && r.bottom <= (int)f->h);
	switch (op->kind) {
	case DIFFER_COPY:
		r = (struct rect){.left = op->x, .top = op->y, .right = op->x + r.right - r.left,
			.bottom = op->y + r.bottom - r.top};
		assert_true(r.left >= 0 && r.top >= 0 && r.right <= (int)f->w && r.bottom <= (int)f->h);
		move(f, r, op->to.left, op->to.top);
		break;
	case DIFFER_FILL:
		paint(f, r, op->colour);
		break;
	case DIFFER_PUT:
		for (int y = r.top; y < r.bottom; y++)
			memcpy(at(f, r.left, y), at(want, r.left, y), 4 * (size_t)(r.right - r.left));
	}
}

static bool inside(const struct rect *r, const struct rect *in)
{
	return r->left >= in->left && r->top >= in->top && r->right <= in->right && r->bottom <= in->bottom;
}

struct sums {
	unsigned copies, fills, puts;
	uint64_t put; /* pixels */
};

/* Runs the differ and does what it says on a copy. */
static struct sums check_as(struct differ *d, const struct frame *old, const struct frame *want,
	const struct rect *area, bool alpha)
{
	const uint32_t mask = alpha ? UINT32_MAX : COLOUR;
	struct frame screen = copy_of(old, 4 * (size_t)old->w), kept = copy_of(old, old->stride);
	const struct differ_op *ops;
	struct differ_task t = {kept.p, kept.stride, old->w, old->h, *area,
		want->p + (size_t)area->top * want->stride + 4 * (size_t)area->left, want->stride, alpha};
	unsigned n = differ_run(d, &t, &ops);
	struct sums s = {0};

	for (unsigned i = 0; i < n; i++) {
		assert_true(inside(&ops[i].to, area));
		apply(&screen, want, &ops[i]);
		s.copies += ops[i].kind == DIFFER_COPY;
		s.fills += ops[i].kind == DIFFER_FILL;
		s.puts += ops[i].kind == DIFFER_PUT;
		if (ops[i].kind == DIFFER_PUT)
			s.put += (uint64_t)(ops[i].to.right - ops[i].to.left) *
				 (uint64_t)(ops[i].to.bottom - ops[i].to.top);
	}
	for (int y = 0; y < (int)old->h; y++)
		for (int x = 0; x < (int)old->w; x++) {
			bool in_it = x >= area->left && x < area->right && y >= area->top && y < area->bottom;
			uint32_t is = *at(&screen, x, y), should = in_it ? *at(want, x, y) : *at(old, x, y);

			if ((is ^ should) & mask || (*at(&kept, x, y) ^ should) & mask)
				fail_msg("%d %d of %ux%u: %06x and %06x, not %06x", x, y, old->w, old->h, is,
					*at(&kept, x, y), should);
		}
	free(screen.p);
	free(kept.p);
	return s;
}

/* With all four bytes, and without the last one, of which the figures are. `in`: NULL for all. */
static struct sums check(struct differ *d, const struct frame *old, const struct frame *want, const struct rect *in)
{
	const struct rect all = {.right = (int)old->w, .bottom = (int)old->h};

	check_as(d, old, want, in ? in : &all, true);
	return check_as(d, old, want, in ? in : &all, false);
}

/* ---- properties ---- */

static void any_edits(enum cpu_level level)
{
	struct differ *d = differ_new(level);
	struct rng g = {42};
	unsigned copies = 0, fills = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned w = 1 + rng_below(&g, round % 8 ? SIDE : 2 * SIDE), h = 1 + rng_below(&g, SIDE);
		struct frame old = frame_of(w, h, 4 * ((size_t)w + rng_below(&g, 5))), want;
		struct rect in;
		struct sums s;

		if (round % 2)
			text(&old, (struct rect){.right = (int)w, .bottom = (int)h}, &g);
		for (int i = 0; i < 4; i++)
			edit(&old, &g);
		want = copy_of(&old, 4 * ((size_t)w + rng_below(&g, 5)));
		for (unsigned i = rng_below(&g, 4); i; i--)
			edit(&want, &g);
		in = some_rect(&old, &g);
		s = check(d, &old, &want, round % 3 ? NULL : &in);
		copies += s.copies;
		fills += s.fills;
		assert_true(s.puts <= 64);
		free(old.p);
		free(want.p);
	}
	assert_true(copies > ROUNDS / 20);
	assert_true(fills > ROUNDS / 20);
	differ_free(d);
}

static void test_any_edits(void **state)
{
	(void)state;
	any_edits(cpu_level());
}

static void test_any_edits_plain(void **state)
{
	(void)state;
	any_edits(CPU_C);
}

/* As wide and as high as frames may be. */
static void test_extremes(void **state)
{
	static const unsigned sizes[][2] = {{LIM_IMAGE_SIDE, 40}, {40, LIM_IMAGE_SIDE}, {LIM_IMAGE_SIDE - 1, 1},
		{1, LIM_IMAGE_SIDE}, {1, 1}};
	struct differ *d = differ_new(cpu_level());
	struct rng g = {17};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned w = sizes[i][0], h = sizes[i][1];
		struct frame old = frame_of(w, h, 4 * (size_t)w), want;
		struct sums s;

		noise(&old, (struct rect){.right = (int)w, .bottom = (int)h}, &g);
		want = copy_of(&old, old.stride);
		if (h > 1)
			memmove(want.p, want.p + want.stride, want.size - want.stride);
		*at(&want, (int)w - 1, (int)h - 1) ^= 5;
		s = check(d, &old, &want, NULL);
		assert_int_equal(s.copies, w > 1 && h > 1);
		assert_true(s.put <= (w > 1 ? w : h));
		free(old.p);
		free(want.p);
	}
	differ_free(d);
}

static void test_unchanged(void **state)
{
	struct differ *d = differ_new(cpu_level());
	struct frame f = frame_of(301, 77, 4 * 303), g;
	struct rng r = {1};
	struct sums s;

	(void)state;
	noise(&f, (struct rect){.right = 301, .bottom = 77}, &r);
	g = copy_of(&f, 4 * 301);
	for (int x = 0; x < 301; x++)
		*at(&g, x, 5) ^= 0xff000000; /* x means nothing */
	s = check(d, &f, &g, NULL);
	assert_int_equal(s.copies + s.fills + s.puts, 0);
	free(f.p);
	free(g.p);
	differ_free(d);
}

/* A pixel costs a pixel, far ones rectangles of their own, a frame drawn around something not what is in it. */
static void test_bounds(void **state)
{
	struct differ *d = differ_new(cpu_level());
	struct frame old = frame_of(WIDE, HIGH, 4 * WIDE), want;
	const struct rect all = {.right = WIDE, .bottom = HIGH};
	struct rng g = {3};
	struct sums s;

	(void)state;
	noise(&old, all, &g);
	want = copy_of(&old, old.stride);
	*at(&want, 100, 100) ^= 1;
	s = check(d, &old, &want, NULL);
	assert_int_equal(s.puts + s.fills, 1);
	assert_true(s.put <= 1);
	noise(&want, (struct rect){.left = 500, .top = 300, .right = 508, .bottom = 312}, &g);
	s = check(d, &old, &want, NULL);
	assert_int_equal(s.puts + s.fills, 2);
	assert_true(s.put <= 8 * 12 + 1);
	noise(&want, (struct rect){.left = 40, .top = 40, .right = 600, .bottom = 41}, &g);
	noise(&want, (struct rect){.left = 40, .top = 440, .right = 600, .bottom = 441}, &g);
	noise(&want, (struct rect){.left = 40, .top = 40, .right = 41, .bottom = 440}, &g);
	noise(&want, (struct rect){.left = 599, .top = 40, .right = 600, .bottom = 440}, &g);
	s = check(d, &old, &want, NULL);
	assert_true(s.put <= 3 * (2 * 560 + 2 * 400));
	free(old.p);
	free(want.p);
	differ_free(d);
}

/* Text scrolled by dx, dy in a part of the frame: what is put is at most a tenth of the frame. */
static void scrolled(struct differ *d, struct rect part, int dx, int dy, uint64_t seed)
{
	struct frame old = frame_of(WIDE, HIGH, 4 * WIDE), want;
	struct rng g = {seed};
	struct rect source = part, fresh = part;
	struct sums s;

	text(&old, (struct rect){.right = WIDE, .bottom = HIGH}, &g);
	want = copy_of(&old, old.stride);
	text(&want, part, &g); /* what is uncovered is new */
	source.left += dx < 0 ? -dx : 0;
	source.right -= dx > 0 ? dx : 0;
	source.top += dy < 0 ? -dy : 0;
	source.bottom -= dy > 0 ? dy : 0;
	for (int y = source.top; y < source.bottom; y++)
		memcpy(at(&want, source.left + dx, y + dy), at(&old, source.left, y),
			4 * (size_t)(source.right - source.left));
	s = check(d, &old, &want, NULL);
	assert_true(s.copies >= 1 && s.copies <= 3);
	assert_true(s.put <= (uint64_t)WIDE * HIGH / 10);
	assert_true(s.put <= (uint64_t)(fresh.right - fresh.left) * (uint64_t)(fresh.bottom - fresh.top) / 8);
	free(old.p);
	free(want.p);
}

static void test_scroll(void **state)
{
	static const int by[] = {-1, 3, -12, 16, -33, 47, -48};
	struct differ *d = differ_new(cpu_level());

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(by); i++) {
		scrolled(d, (struct rect){.right = WIDE, .bottom = HIGH}, 0, by[i], i);
		scrolled(d, (struct rect){.left = 37, .top = 21, .right = 611, .bottom = 451}, 0, by[i], i);
		scrolled(d, (struct rect){.left = 37, .top = 21, .right = 611, .bottom = 451}, by[i], 0, i);
		scrolled(d, (struct rect){.right = WIDE, .bottom = HIGH}, by[i], 0, i);
	}
	differ_free(d);
}

/* Whatever the height of a line: the rows that are looked at see more than the gaps. */
static void test_lines(void **state)
{
	enum { TALL = 800 };
	struct differ *d = differ_new(cpu_level());
	struct frame old = frame_of(WIDE, TALL, 4 * WIDE), want;
	struct rng g = {13};

	(void)state;
	for (int height = 10; height < 40; height++) {
		struct sums s;

		text_of(&old, (struct rect){.top = 3, .right = WIDE, .bottom = TALL}, height, &g);
		want = copy_of(&old, old.stride);
		memmove(at(&want, 0, 3), at(&want, 0, 3 + height), want.stride * (size_t)(TALL - height - 3));
		text_of(&want, (struct rect){.top = TALL - height, .right = WIDE, .bottom = TALL}, height, &g);
		s = check(d, &old, &want, NULL);
		assert_true(s.copies >= 1);
		assert_true(s.put <= (uint64_t)(2 * height * WIDE));
		free(want.p);
	}
	free(old.p);
	differ_free(d);
}

/* A window of text dragged over a smooth picture. */
static void test_window(void **state)
{
	struct differ *d = differ_new(cpu_level());
	const struct rect window = {.left = 101, .top = 93, .right = 405, .bottom = 301};
	struct rng g = {9};

	(void)state;
	for (int i = 0; i < 40; i++) {
		int dx = (int)rng_below(&g, 121) - 60, dy = (int)rng_below(&g, 121) - 60;
		struct frame ground = frame_of(WIDE, HIGH, 4 * WIDE), old, want;
		struct sums s;
		uint64_t uncovered;

		for (int y = 0; y < HIGH; y++)
			for (int x = 0; x < WIDE; x++)
				*at(&ground, x, y) =
					(uint32_t)(x * 255 / WIDE << 16 | y * 255 / HIGH << 8 | (x + y) % 256);
		old = copy_of(&ground, ground.stride);
		text(&old, window, &g);
		want = copy_of(&ground, ground.stride);
		for (int y = window.top; y < window.bottom; y++)
			memcpy(at(&want, window.left + dx, y + dy), at(&old, window.left, y), 4 * (304));
		uncovered = 304 * 208 - (uint64_t)(304 - abs(dx)) * (uint64_t)(208 - abs(dy));
		s = check(d, &old, &want, NULL);
		assert_true(dx == 0 && dy == 0 ? s.copies == 0 : s.copies >= 1);
		assert_true(s.put <= uncovered + uncovered / 2 + 600);
		free(ground.p);
		free(old.p);
		free(want.p);
	}
	differ_free(d);
}

/* A window whose text scrolls by a line while it is dragged over black: two displacements at once. */
static void test_drag_and_scroll(void **state)
{
	enum { LINE = 12, WINDOW_W = 420, WINDOW_H = 30 * LINE };
	struct differ *d = differ_new(cpu_level());
	struct rng g = {19};

	(void)state;
	for (int i = 0; i < 30; i++) {
		struct rect box = {.left = 80, .top = 60, .right = 80 + WINDOW_W, .bottom = 60 + WINDOW_H};
		struct rect last = {.left = 80, .top = box.bottom - LINE, .right = box.right, .bottom = box.bottom};
		int dx = (int)rng_below(&g, 40) - 20, dy = (int)rng_below(&g, 40) - 20;
		struct frame old = frame_of(WIDE, HIGH, 4 * WIDE), next, want = frame_of(WIDE, HIGH, 4 * WIDE);
		struct sums s;

		text(&old, box, &g);
		noise(&old, (struct rect){.left = 80, .top = 40, .right = box.right, .bottom = 60}, &g);
		next = copy_of(&old, old.stride);
		move(&next, (struct rect){.left = 80, .top = 60 + LINE, .right = box.right, .bottom = box.bottom}, 80,
			60);
		text(&next, last, &g);
		for (int y = 40; y < box.bottom; y++)
			memcpy(at(&want, 80 + dx, y + dy), at(&next, 80, y), 4 * WINDOW_W);
		s = check(d, &old, &want, NULL);
		assert_true(s.copies >= 2);
		assert_true(s.put <= WINDOW_W * WINDOW_H / 5);
		free(old.p);
		free(next.p);
		free(want.p);
	}
	differ_free(d);
}

/* A page that is cleared, and a button that changes its colour. */
static void test_fill(void **state)
{
	struct differ *d = differ_new(cpu_level());
	struct frame old = frame_of(WIDE, HIGH, 4 * WIDE), want;
	struct rng g = {5};
	struct sums s;

	(void)state;
	text(&old, (struct rect){.right = WIDE, .bottom = HIGH}, &g);
	want = copy_of(&old, old.stride);
	paint(&want, (struct rect){.left = 33, .top = 51, .right = 590, .bottom = 433}, 0x336699);
	text(&want, (struct rect){.left = 100, .top = 80, .right = 300, .bottom = 116}, &g);
	s = check(d, &old, &want, NULL);
	assert_true(s.fills >= 1);
	assert_true(s.put <= 2 * 557 * 382 / 5);
	free(old.p);
	old = copy_of(&want, want.stride);
	paint(&want, (struct rect){.left = 400, .top = 200, .right = 409, .bottom = 205}, 0x99cc00);
	s = check(d, &old, &want, NULL);
	assert_int_equal(s.fills, 1);
	assert_int_equal(s.puts, 0);
	free(old.p);
	free(want.p);
	differ_free(d);
}

/* ---- kernels ---- */

enum { ROW = 3000, SLACK = 64 };

/* Rows that agree mostly, or wholly, or nowhere. */
static void rows(uint32_t *a, uint32_t *b, unsigned n, struct rng *g)
{
	unsigned rare = rng_below(g, 3) ? 1 + rng_below(g, 2 * ROW) : 1;
	uint32_t solid = (uint32_t)rng_next(g);
	bool flat = rng_below(g, 2);

	for (unsigned i = 0; i < n; i++) {
		a[i] = flat ? solid ^ (uint32_t)rng_next(g) << 24 : (uint32_t)rng_next(g);
		b[i] = a[i] ^ (uint32_t)rng_next(g) << 24;
		if (rng_below(g, rare) == 0)
			b[i] ^= 1u << rng_below(g, 24);
	}
}

static void test_kernels(void **state)
{
	const struct differ_kernels *fast = differ_kernels(cpu_level()), *plain = &differ_kernels_c;
	uint32_t *a = xcalloc(ROW + SLACK, 4), *b = xcalloc(ROW + SLACK, 4);
	uint32_t *x = xcalloc(ROW + SLACK, 4), *y = xcalloc(ROW + SLACK, 4);
	struct rng g = {7};

	(void)state;
	for (int round = 0; round < 3000; round++) {
		unsigned n = 1 + rng_below(&g, round % 4 ? 200 : ROW), off = rng_below(&g, 8);
		size_t words = (n + 1023) / 1024;
		uint32_t mask = round & 1 ? COLOUR : UINT32_MAX;
		uint64_t bits[2][4] = {{0}};

		rows(a + off, b + off, n, &g);
		fast->blocks(a + off, b + off, mask, n, bits[0]);
		plain->blocks(a + off, b + off, mask, n, bits[1]);
		assert_memory_equal(bits[0], bits[1], words * 8);
		fast->stained(b + off, a[off], mask, n, bits[0]);
		plain->stained(b + off, a[off], mask, n, bits[1]);
		assert_memory_equal(bits[0], bits[1], words * 8);
		assert_int_equal(fast->first(a + off, b + off, mask, n), plain->first(a + off, b + off, mask, n));
		assert_int_equal(fast->last(a + off, b + off, mask, n), plain->last(a + off, b + off, mask, n));
		assert_true(fast->row(a + off, mask, n, round) == plain->row(a + off, mask, n, round));
		assert_true(fast->row(a + off, mask, n, 1) != fast->row(a + off, mask, n, 2));
		if (n < WINDOW)
			continue;
		x[n] = y[n] = 0x5a5a5a5a;
		fast->windows(a + off, mask, n, x);
		plain->windows(a + off, mask, n, y);
		assert_memory_equal(x, y, 4 * (size_t)(n - WINDOW + 1));
		assert_int_equal(x[n], 0x5a5a5a5a);
	}
	free(a);
	free(b);
	free(x);
	free(y);
}

/* A hash tells pictures apart, and does not see x or the stride. */
static void test_hash(void **state)
{
	struct differ *d = differ_new(cpu_level()), *plain = differ_new(CPU_C);
	struct frame a = frame_of(83, 41, 4 * 83), b;
	struct rng g = {11};
	uint64_t h;

	(void)state;
	noise(&a, (struct rect){.right = 83, .bottom = 41}, &g);
	b = copy_of(&a, 4 * 90);
	h = differ_hash(d, a.p, a.stride, 83, 41, false);
	*at(&b, 3, 4) ^= 0xff000000;
	assert_true(h == differ_hash(d, b.p, b.stride, 83, 41, false));
	assert_true(h == differ_hash(plain, b.p, b.stride, 83, 41, false));
	assert_true(differ_same(d, a.p, a.stride, b.p, b.stride, 83, 41, false));
	for (int i = 0; i < 200; i++) {
		uint32_t *p = at(&b, (int)rng_below(&g, 83), (int)rng_below(&g, 41)), bit = 1u << rng_below(&g, 24);

		*p ^= bit;
		assert_true(h != differ_hash(d, b.p, b.stride, 83, 41, false));
		assert_false(differ_same(d, a.p, a.stride, b.p, b.stride, 83, 41, false));
		*p ^= bit;
	}
	free(a.p);
	free(b.p);
	differ_free(d);
	differ_free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_scroll),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_drag_and_scroll),
		cmocka_unit_test(test_any_edits),
		cmocka_unit_test(test_any_edits_plain),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("differ", tests, NULL, NULL);
}
