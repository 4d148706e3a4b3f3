/* Strokes, texts and composites: lines against a walk of every pixel, dashes that can be counted by hand, text against
 * its formula, and messages that no sane server sends. channels.md, "Lines", "Dashes", "Text", "Operators". */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "draw/canvas.h"

enum { SIDE = 48, ROUNDS = 3000, POINTS = 7 };

static int alpha_image(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	(void)owner, (void)img, (void)target;
	*out = pixmap_new(mask ? SURFACE_FMT_1_A : SURFACE_FMT_32_ARGB, 8, 8);
	memset((*out)->data, 0x40, (size_t)(*out)->stride * 8);
	return 0;
}

static struct canvas *canvas_with(uint32_t format)
{
	struct canvas *c = canvas_new(alpha_image, NULL);
	struct surface_create m = {.width = SIDE, .height = SIDE, .format = format};

	assert_int_equal(canvas_surface_create(c, &m), 0);
	return c;
}

static uint32_t at(struct canvas *c, int x, int y)
{
	const struct pixmap *p = canvas_surface(c, 0);

	return get_le32(p->data + (size_t)y * (size_t)p->stride + 4 * (size_t)x);
}

/* ---- lines ---- */

struct screen {
	uint32_t px[SIDE][SIDE];
	struct rect clip;
};

static void flip(struct screen *s, int x, int y, uint32_t color)
{
	const struct rect *r = &s->clip;

	if (x >= r->left && x < r->right && y >= r->top && y < r->bottom)
		s->px[y][x] ^= color;
}

/* k/n times d, rounded; a tie goes up or down. */
static int part(int k, int n, int d, bool up)
{
	int q = k * d / n, rest = k * d % n;

	return q + (2 * rest > n || (2 * rest == n && up));
}

static void walk(struct screen *s, struct point a, struct point b, uint32_t color)
{
	int dx = abs(b.x - a.x), dy = abs(b.y - a.y), sx = b.x < a.x ? -1 : 1, sy = b.y < a.y ? -1 : 1;

	for (int k = 0; dx > dy && k < dx; k++)
		flip(s, a.x + sx * k, a.y + sy * part(k, dx, dy, sx > 0), color);
	for (int k = 0; dx <= dy && k < dy; k++)
		flip(s, a.x + sx * part(k, dy, dx, sy > 0), a.y + sy * k, color);
}

static void thin_lines(void **state)
{
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	struct screen *s = new(struct screen);
	struct rng r = {11};

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct point_fix f[POINTS];
		struct point p[POINTS + 1];
		uint32_t color = (uint32_t)rng_next(&r) & 0xffffff, n = 1 + rng_below(&r, POINTS);
		bool closed = rng_below(&r, 2);
		struct path_segment seg = {.flags = (uint8_t)(PATH_FLAGS_BEGIN | PATH_FLAGS_END |
			(closed ? PATH_FLAGS_CLOSE : 0)), .count = n, .points = f};
		struct path path = {1, &seg};
		struct draw_stroke m = {.base.box = {.right = SIDE, .bottom = SIDE}, .path = &path,
			.brush = {.type = BRUSH_TYPE_SOLID, .color = color}, .fore_mode = ROPD_OP_XOR};

		s->clip = (struct rect){.left = (int)rng_below(&r, SIDE), .top = (int)rng_below(&r, SIDE),
			.right = SIDE,
			.bottom = SIDE};
		m.base.clip = (struct clip){CLIP_TYPE_RECTS, {1, &s->clip}};
		for (uint32_t k = 0; k < n; k++) {
			f[k] = (struct point_fix){(int)rng_below(&r, 2400) - 800, (int)rng_below(&r, 2400) - 800};
			p[k] = (struct point){(f[k].x + 7) >> 4, (f[k].y + 7) >> 4};
		}
		p[n] = p[0];
		for (uint32_t k = 0; k + 1 < n + closed; k++)
			walk(s, p[k], p[k + 1], color);
		assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_STROKE, &m, NULL), 0);
		for (int y = 0; y < SIDE; y++)
			for (int x = 0; x < SIDE; x++)
				if (at(c, x, y) != s->px[y][x])
					fail_msg("round %d: %d,%d is %06x, not %06x", i, x, y, at(c, x, y),
						s->px[y][x]);
	}
	free(s);
	canvas_free(c);
}

/* Draws one dashed line and gives the row or column that it lies in as text. */
static void dashed(char *out, struct point from, struct point to, uint8_t flags, int *style, uint8_t n)
{
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	struct point_fix p[2] = {{from.x * 16, from.y * 16}, {to.x * 16, to.y * 16}};
	struct path_segment seg = {PATH_FLAGS_BEGIN | PATH_FLAGS_END, 2, p};
	struct path path = {1, &seg};
	struct draw_stroke m = {.base.box = {.right = SIDE, .bottom = SIDE}, .path = &path,
		.attr = {(uint8_t)(LINE_FLAGS_STYLED | flags), n, style},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = 1}, .fore_mode = ROPD_OP_PUT};

	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_STROKE, &m, NULL), 0);
	for (int i = 0; i < 20; i++)
		out[i] = from.y == to.y ? (at(c, i, 5) ? '#' : '.') : at(c, 5, i) ? '#' : '.';
	out[20] = 0;
	canvas_free(c);
}

static void dashes(void **state)
{
	static int style[] = {3 << 4, 2 << 4}, odd[] = {1 << 4, 2 << 4, 3 << 4}, none[] = {0, 0};
	char row[32];

	(void)state;
	dashed(row, (struct point){2, 5}, (struct point){14, 5}, 0, style, 2);
	assert_string_equal(row, "..###..###..##......");
	dashed(row, (struct point){14, 5}, (struct point){2, 5}, 0, style, 2); /* the first pixel out, the last in */
	assert_string_equal(row, "..##..###..###......");
	dashed(row, (struct point){5, 2}, (struct point){5, 14}, 0, style, 2);
	assert_string_equal(row, "..###..###..##......");
	dashed(row, (struct point){2, 5}, (struct point){14, 5}, LINE_FLAGS_START_WITH_GAP, style, 2);
	assert_string_equal(row, ".....##...##........");
	dashed(row, (struct point){0, 5}, (struct point){14, 5}, 0, odd, 3); /* 1 on, 2 off, 3 on, 1 on, ... */
	assert_string_equal(row, "#..####..####.......");
	dashed(row, (struct point){0, 5}, (struct point){14, 5}, 0, none, 2);
	assert_string_equal(row, "....................");
	dashed(row, (struct point){-100000000, 5}, (struct point){100000000, 5}, 0, style, 2);
	assert_string_equal(row, "###..###..###..###..");
}

/* Lines of 2^27 pixels that pass beside a corner: their dashes are many and none is seen. A walk of each would take
 * seconds a line. */
static void dashes_beside(void **state)
{
	enum { FAR = 1 << 30, ASIDE = 200 << 4, LINES = 1000 };
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	struct point_fix ends[LINES];
	struct path_segment seg = {PATH_FLAGS_BEGIN | PATH_FLAGS_END, LINES, ends};
	struct path path = {1, &seg};
	struct draw_stroke m = {.base.box = {.right = SIDE, .bottom = SIDE}, .path = &path,
		.attr = {LINE_FLAGS_STYLED, 2, (int[]){1 << 4, 1 << 4}},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = 0xffffff}, .fore_mode = ROPD_OP_PUT};

	(void)state;
	for (int i = 0; i < LINES; i++)
		ends[i] = i % 2 ? (struct point_fix){FAR, FAR + ASIDE} : (struct point_fix){-FAR, -FAR + ASIDE};
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_STROKE, &m, NULL), 0);
	for (int i = 0; i < SIDE * SIDE; i++)
		assert_int_equal(at(c, i % SIDE, i / SIDE), 0);
	canvas_free(c);
}

/* ---- text ---- */

static uint32_t mul(uint32_t a, uint32_t b)
{
	uint32_t t = a * b + 128;

	return (t + (t >> 8)) >> 8;
}

static void text_is_its_formula(void **state)
{
	/* two rows, bottom first: A4 nibbles 0xf 0x8 0x0 | 0x4 0x0 0x1 */
	static const uint8_t bits[] = {0xf8, 0x00, 0x40, 0x10};
	static const uint32_t alpha[2][3] = {{0x40, 0, 0x10}, {0xf0, 0x80, 0}};
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	struct glyph_a4 g = {{3, 10}, {1, -2}, 3, 2, {bits, sizeof(bits)}};
	struct string str = {.length = 1, .flags = STRING_FLAGS_RASTER_A4, .a4 = &g};
	struct draw_text m = {.base.box = {.right = SIDE, .bottom = SIDE}, .str = &str,
		.back_area = {.left = 2, .top = 7, .right = 20, .bottom = 12},
		.fore_brush = {.type = BRUSH_TYPE_SOLID, .color = 0xff8040},
		.back_brush = {.type = BRUSH_TYPE_SOLID, .color = 0x102030}, .fore_mode = ROPD_OP_PUT};
	struct rect damage;

	(void)state;
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_TEXT, &m, &damage), 0);
	assert_int_equal(damage.left, 2);
	assert_int_equal(damage.bottom, 12);
	assert_int_equal(at(c, 19, 11) & 0xffffff, 0x102030);
	assert_int_equal(at(c, 20, 11) & 0xffffff, 0);
	for (int y = 0; y < 2; y++) {
		for (int x = 0; x < 3; x++) {
			uint32_t a = alpha[y][x], want = 0;

			for (int s = 0; s < 24; s += 8)
				want |= (mul(0xff8040 >> s & 255, a) + mul(0x102030 >> s & 255, 255 - a)) << s;
			assert_int_equal(at(c, 4 + x, 8 + y) & 0xffffff, want);
		}
	}
	m.fore_mode = ROPD_OP_XOR; /* with a back area nothing is drawn */
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_TEXT, &m, &damage), 0);
	assert_int_equal(damage.right, 0);
	str = (struct string){0};
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_TEXT, &m, &damage), E_INVAL);
	canvas_free(c);
}

/* ---- composite ---- */

static void composite_rules(void **state)
{
	struct canvas *c = canvas_with(SURFACE_FMT_32_ARGB);
	struct image img = {.d.type = IMAGE_TYPE_BITMAP};
	struct draw_composite m = {.base.box = {.right = 6, .bottom = 6}, .flags = PIXMAN_OP_OVER, .src = &img};
	static const uint32_t bad[] = {0x0e, 0x10, 0x2b, 0x2f, 0x3f, 0xff, 0x500, 0x700, 0x2800, 0x3800};
	struct rect damage;

	(void)state;
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_COMPOSITE, &m, &damage), 0);
	assert_int_equal(damage.right, 6);
	assert_int_equal(at(c, 5, 5), 0x40404040);
	assert_int_equal(at(c, 6, 5), 0);
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_COMPOSITE, &m, &damage), 0);
	assert_int_equal(at(c, 0, 0), 0x01010101 * (0x40 + mul(0x40, 255 - 0x40)));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		m.flags = bad[i];
		assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_COMPOSITE, &m, &damage), E_INVAL);
		assert_int_equal(damage.right, 0);
	}
	m.flags = 0;
	m.src = NULL;
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_COMPOSITE, &m, &damage), E_INVAL);
	canvas_free(c);
}

/* ---- the wild ---- */

static int far(struct rng *r)
{
	static const int odd[] = {INT_MIN, INT_MIN + 7, INT_MAX, INT_MAX - 6, 0, 1, -1, 1 << 20, -(1 << 28)};

	return rng_below(r, 3) ? (int)rng_below(r, SIDE * 16) : odd[rng_below(r, ARRAY_SIZE(odd))];
}

static void wild_paths(void **state)
{
	static const uint32_t formats[] = {1, 8, 16, 32, 80, 96};
	struct rng r = {5};

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct canvas *c = canvas_with(formats[i % 6]);
		struct point_fix p[2][16];
		struct path_segment seg[2];
		struct path path = {2, seg};
		int style[4] = {far(&r), far(&r), far(&r), far(&r)};
		struct rect clips[2] = {{far(&r), far(&r), far(&r), far(&r)}, {0, 0, 20, 20}};
		struct draw_stroke m = {.base = {.box = {.right = SIDE, .bottom = SIDE},
			.clip = {(uint8_t)rng_below(&r, 2), {2, clips}}}, .path = &path,
			.attr = {(uint8_t)(rng_below(&r, 4) << 2), (uint8_t)rng_below(&r, 5), style},
			.brush = {.type = BRUSH_TYPE_SOLID, .color = 77}, .fore_mode = (uint16_t)rng_below(&r, 0x800)};
		int rc;

		for (int k = 0; k < 2; k++) {
			seg[k] = (struct path_segment){(uint8_t)rng_next(&r), rng_below(&r, 17), p[k]};
			for (int n = 0; n < 16; n++)
				p[k][n] = (struct point_fix){far(&r), far(&r)};
		}
		rc = canvas_draw(c, S_DISPLAY_DRAW_STROKE, &m, NULL);
		if (rc != 0 && rc != E_INVAL && rc != E_LIMIT)
			fail_msg("%s", err_str(rc));
		canvas_free(c);
	}
}

/* Four equal points end, and a path of the most points is refused beyond them. */
static void long_paths(void **state)
{
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	struct point_fix *p = xcalloc(LIM_PATH_POINTS + 1, sizeof(*p));
	struct path_segment seg = {PATH_FLAGS_BEGIN | PATH_FLAGS_BEZIER | PATH_FLAGS_END, 65536, p};
	struct path path = {1, &seg};
	struct draw_stroke m = {.base.box = {.right = SIDE, .bottom = SIDE}, .path = &path};

	(void)state;
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_STROKE, &m, NULL), 0);
	seg.count++;
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_STROKE, &m, NULL), E_LIMIT);
	seg = (struct path_segment){PATH_FLAGS_END, 2, p}; /* no BEGIN */
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_STROKE, &m, NULL), E_INVAL);
	for (int i = 0; i < LIM_PATH_POINTS; i++)
		p[i] = (struct point_fix){i % 2 ? 1 << 16 : -(1 << 16), i % 3 ? 1 << 16 : -(1 << 16)};
	seg = (struct path_segment){PATH_FLAGS_BEGIN | PATH_FLAGS_BEZIER, LIM_PATH_POINTS, p};
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_STROKE, &m, NULL), E_LIMIT);
	free(p);
	canvas_free(c);
}

static void wild_glyphs_and_composites(void **state)
{
	struct rng r = {3};

	(void)state;
	for (int i = 0; i < 4000; i++) {
		static const uint32_t formats[] = {1, 8, 16, 32, 80, 96};
		struct canvas *c = canvas_with(formats[i % 6]);
		uint8_t bits[4 * 9] = {0xa5, 0x5a};
		struct glyph_a1 g[2] = {{{far(&r), far(&r)}, {far(&r), far(&r)}, 9, 4, {bits, 8}},
			{{4, 5}, {far(&r), 1}, 0, 0, {NULL, 0}}};
		struct string str = {.length = 2, .flags = STRING_FLAGS_RASTER_A1, .a1 = g};
		struct image img = {.d.type = rng_below(&r, 2) ? IMAGE_TYPE_BITMAP : IMAGE_TYPE_SURFACE}, other = img;
		struct draw_text text = {.base.box = {far(&r), far(&r), far(&r), far(&r)}, .str = &str,
			.back_area = {far(&r), far(&r), far(&r), far(&r)}, .fore_mode = ROPD_OP_PUT,
			.fore_brush = {.type = (uint8_t)rng_below(&r, 3), .pattern = {&img, {far(&r), far(&r)}}},
			.back_brush = {.type = (uint8_t)rng_below(&r, 3), .pattern = {&img, {far(&r), far(&r)}}}};
		struct draw_composite comp = {.base.box = text.base.box, .flags = (uint32_t)rng_next(&r), .src = &img,
			.mask = rng_below(&r, 2) ? &other : NULL,
			.src_transform = {far(&r), far(&r), far(&r), far(&r), far(&r), far(&r)},
			.mask_transform = {far(&r), far(&r), far(&r), far(&r), far(&r), far(&r)},
			.src_origin = {(int16_t)far(&r), (int16_t)far(&r)},
			.mask_origin = {(int16_t)far(&r), (int16_t)far(&r)}};
		struct rect damage;
		int rc;

		assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_TEXT, &text, &damage), 0);
		assert_true(damage.left >= 0 && damage.right <= SIDE && damage.top >= 0 && damage.bottom <= SIDE);
		comp.flags = (comp.flags & ~0xffu) | rng_below(&r, 14);
		rc = canvas_draw(c, S_DISPLAY_DRAW_COMPOSITE, &comp, &damage);
		if (rc != 0 && rc != E_INVAL)
			fail_msg("%s", err_str(rc));
		canvas_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thin_lines), cmocka_unit_test(dashes), cmocka_unit_test(dashes_beside),
		cmocka_unit_test(text_is_its_formula),
		cmocka_unit_test(composite_rules), cmocka_unit_test(wild_paths), cmocka_unit_test(long_paths),
		cmocka_unit_test(wild_glyphs_and_composites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
