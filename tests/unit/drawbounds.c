/* What a hostile server may say to the canvas: ids, sizes, rectangles, clips, masks and sources beyond all bounds
 * (RELIABILITY rows 10, 11, 70; X-27). Refused or drawn inside the surface, never outside, never slowly. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "draw/canvas.h"

enum { SIDE = 32, RED = 0xff0000 };

static int plain_image(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	(void)owner, (void)mask, (void)target;
	if (img->d.id == 1)
		return E_AGAIN;
	*out = pixmap_new(SURFACE_FMT_32_xRGB, 8, 8);
	memset((*out)->data, 0x11, 8 * 32);
	return 0;
}

static struct canvas *canvas_with(uint32_t format)
{
	struct canvas *c = canvas_new(plain_image, NULL);
	struct surface_create m = {.width = SIDE, .height = SIDE, .format = format};

	assert_int_equal(canvas_surface_create(c, &m), 0);
	return c;
}

static void surface_ids(void **state)
{
	static const uint32_t ids[] = {1, 1023, 1024, 0x7fffffff, 0xffffffff, 0x80000000, 2};
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	struct rect damage;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct image src = {.d.type = IMAGE_TYPE_SURFACE, .surface_id = ids[i]};
		struct rect box = {.right = 8, .bottom = 8};
		struct draw_fill fill = {.base = {.surface_id = ids[i], .box = box}};
		struct draw_copy copy = {.base.box = box, .src = &src, .src_area = box};
		struct pixmap *frame = pixmap_new(SURFACE_FMT_32_xRGB, 4, 4);

		assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_FILL, &fill, &damage), E_INVAL);
		assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_COPY, &copy, &damage), E_INVAL);
		assert_int_equal(canvas_surface_destroy(c, ids[i]), E_INVAL);
		assert_null(canvas_surface(c, ids[i]));
		assert_int_equal(canvas_frame(c, ids[i], frame, &box, &(struct clip){0}), E_INVAL);
		pixmap_unref(frame);
	}
	assert_int_equal(canvas_surface_destroy(c, 0), 0);
	assert_int_equal(canvas_surface_destroy(c, 0), E_INVAL);
	canvas_free(c);
}

static void surface_sizes(void **state)
{
	static const struct {
		struct surface_create m;
		int rc;
	} rows[] = {
		{{1, 0, 0, 32, 0}, E_INVAL}, {{1, 0, 1, 32, 0}, E_INVAL}, {{1, 1, 0, 32, 0}, E_INVAL},
		{{1, 65536, 65536, 32, 0}, E_LIMIT}, {{1, 0xffffffff, 1, 32, 0}, E_LIMIT},
		{{1, 16385, 1, 32, 0}, E_LIMIT}, {{1, 8192, 8193, 32, 0}, E_LIMIT},
		{{1, 8, 8, 0, 0}, E_UNSUP}, {{1, 8, 8, 33, 0}, E_UNSUP}, {{1, 8, 8, 255, 0}, E_UNSUP},
		{{1024, 8, 8, 32, 0}, E_INVAL}, {{0xffffffff, 8, 8, 32, 0}, E_INVAL},
		{{0, 8, 8, 32, 0}, E_INVAL}, {{1, 16384, 1, 1, 0}, 0}, {{1, 8, 8, 32, 0}, E_INVAL},
	};
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	unsigned made = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(canvas_surface_create(c, &rows[i].m), rows[i].rc);
	canvas_clear(c);
	for (uint32_t id = 0; id < 10000; id++)
		made += canvas_surface_create(c, &(struct surface_create){id, 1, 1, 32, 0}) == 0;
	assert_int_equal(made, LIM_SURFACES);
	canvas_clear(c);
	for (uint32_t id = 0; id < 4; id++) /* 256 MiB each: the third passes the sum */
		assert_int_equal(canvas_surface_create(c, &(struct surface_create){id, 8192, 8192, 32, 0}),
			id < 2 ? 0 : E_LIMIT);
	canvas_free(c);
}

static const int odd[] = {INT_MIN, INT_MIN + 1, -32769, -32768, -1, 0, 1, 31, 32, 33, 32767, 32768, 65536,
	INT_MAX - 1, INT_MAX};

static int any(struct rng *r)
{
	return rng_below(r, 2) ? odd[rng_below(r, ARRAY_SIZE(odd))] : (int)rng_below(r, 64) - 16;
}

static struct rect any_rect(struct rng *r)
{
	return (struct rect){any(r), any(r), any(r), any(r)};
}

/* Every command with every kind of rectangle: no fault (run under sanitizers), and damage inside the surface. */
static void wild_rectangles(void **state)
{
	static const uint32_t formats[] = {1, 8, 16, 32, 80, 96};
	struct rng r = {7};

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		static struct canvas *c;
		struct image src = {.d = {.type = IMAGE_TYPE_BITMAP, .id = rng_below(&r, 40)}};
		struct image mask = {.d.type = IMAGE_TYPE_SURFACE};
		struct rect clips[3] = {any_rect(&r), any_rect(&r), any_rect(&r)}, damage;
		struct draw_base base = {.box = any_rect(&r), .clip = {rng_below(&r, 4) == 0, {3, clips}}};
		struct qmask qmask = {(uint8_t)rng_below(&r, 2), {any(&r), any(&r)},
			rng_below(&r, 4) ? NULL : &mask};
		struct brush brush = {.type = (uint8_t)rng_below(&r, 3), .color = RED,
			.pattern = {&src, {any(&r), any(&r)}}};
		struct rect area = any_rect(&r);
		uint8_t scale = (uint8_t)rng_below(&r, 2);
		uint16_t rop = (uint16_t)rng_below(&r, 0x800);
		struct draw_fill fill = {base, brush, rop, qmask};
		struct draw_copy copy = {base, &src, area, rop, scale, qmask};
		struct draw_opaque opaque = {base, &src, area, brush, rop, scale, qmask};
		struct draw_rop3 rop3 = {base, &src, area, brush, (uint8_t)rop, scale, qmask};
		struct draw_transparent transparent = {base, &src, area, 0, RED};
		struct draw_alpha_blend blend = {base, (uint8_t)rng_below(&r, 4), (uint8_t)rop, &src, area};
		struct copy_bits bits = {base, {any(&r), any(&r)}};
		const struct {
			unsigned number;
			const void *body;
		} all[] = {{S_DISPLAY_DRAW_FILL, &fill}, {S_DISPLAY_DRAW_COPY, &copy},
			{S_DISPLAY_DRAW_OPAQUE, &opaque}, {S_DISPLAY_DRAW_ROP3, &rop3},
			{S_DISPLAY_DRAW_TRANSPARENT, &transparent}, {S_DISPLAY_DRAW_ALPHA_BLEND, &blend},
			{S_DISPLAY_COPY_BITS, &bits}};
		unsigned k = rng_below(&r, ARRAY_SIZE(all));
		int rc;

		if (i % 500 == 0) {
			canvas_free(c);
			c = canvas_with(formats[i / 500 % ARRAY_SIZE(formats)]);
		}
		if (rng_below(&r, 4) == 0)
			src = (struct image){.d.type = IMAGE_TYPE_SURFACE};
		rc = canvas_draw(c, all[k].number, all[k].body, &damage);
		if (rc != 0 && rc != E_INVAL && rc != E_AGAIN)
			fail_msg("message %u: %s", all[k].number, err_str(rc));
		assert_true(damage.left >= 0 && damage.top >= 0 && damage.right <= SIDE && damage.bottom <= SIDE);
		assert_true(damage.left <= damage.right && damage.top <= damage.bottom);
		if (rc)
			assert_true(damage.right == 0);
		if (i == 59999) {
			canvas_free(c);
			c = NULL;
		}
	}
}

/* What a source of the protocol can't be. */
static void refused(void **state)
{
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	struct rect box = {.right = 8, .bottom = 8};
	struct image plain = {.d.type = IMAGE_TYPE_BITMAP}, later = {.d = {.id = 1}},
		     self = {.d.type = IMAGE_TYPE_SURFACE};
	struct draw_copy copy = {.base.box = box, .src_area = box};
	struct draw_fill fill = {.base.box = box, .brush = {.type = BRUSH_TYPE_SOLID, .color = RED}};

	(void)state;
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_COPY, &copy, NULL), E_INVAL); /* null source */
	copy.src = &later;
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_COPY, &copy, NULL), E_AGAIN);
	fill.mask.bitmap = &plain; /* not of one bit, as an image and as a surface */
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_FILL, &fill, NULL), E_INVAL);
	fill.mask.bitmap = &self;
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_FILL, &fill, NULL), E_INVAL);
	assert_int_equal(canvas_draw(c, S_DISPLAY_MARK, &fill, NULL), E_INVAL);
	assert_int_equal(canvas_draw(c, 0xffff, &fill, NULL), E_INVAL);
	for (int i = 0; i < SIDE * SIDE; i++)
		assert_int_equal(((uint32_t *)(void *)canvas_surface(c, 0)->data)[i], 0);
	canvas_free(c);
}

/* The most clip rectangles there may be, arranged to make the most pieces of region. */
static void many_clips(void **state)
{
	struct canvas *c = canvas_with(SURFACE_FMT_32_xRGB);
	struct rect *clips = xcalloc(LIM_CLIP_RECTS, sizeof(*clips)), damage;
	struct draw_fill fill = {.brush = {.type = BRUSH_TYPE_SOLID, .color = RED}};
	unsigned lit = 0;

	(void)state;
	for (int i = 0; i < LIM_CLIP_RECTS; i++) {
		int at = i / 2 % (SIDE / 2) * 2;

		clips[i] = i & 1 ? (struct rect){.top = at, .bottom = at + 1, .right = INT_MAX, .left = INT_MIN}
			: (struct rect){.left = at, .right = at + 1, .bottom = INT_MAX, .top = INT_MIN};
	}
	fill.base.box = (struct rect){INT_MIN, INT_MIN, INT_MAX, INT_MAX};
	fill.base.clip = (struct clip){CLIP_TYPE_RECTS, {LIM_CLIP_RECTS, clips}};
	assert_int_equal(canvas_draw(c, S_DISPLAY_DRAW_FILL, &fill, &damage), 0);
	for (int i = 0; i < SIDE * SIDE; i++)
		lit += ((uint32_t *)(void *)canvas_surface(c, 0)->data)[i] == RED;
	assert_int_equal(lit, SIDE * SIDE * 3 / 4);
	assert_int_equal(damage.right, SIDE);
	assert_int_equal(damage.bottom, SIDE);
	free(clips);
	canvas_free(c);
}

static void note(void *user, uint32_t surface)
{
	*(uint32_t *)user = *(uint32_t *)user * 10 + surface;
}

static void sources_and_targets(void **state)
{
	struct image one = {.d.type = IMAGE_TYPE_SURFACE, .surface_id = 1}, two = one, three = one;
	struct draw_opaque m = {.base.surface_id = 5, .base.box.right = 3, .src = &one,
		.brush = {.type = BRUSH_TYPE_PATTERN, .pattern.pat = &two}, .mask.bitmap = &three};
	uint32_t seen = 0, surface = 0;
	struct rect box;

	(void)state;
	two.surface_id = 2;
	three.surface_id = 3;
	canvas_sources(S_DISPLAY_DRAW_OPAQUE, &m, note, &seen);
	assert_int_equal(seen, 123);
	assert_true(canvas_target(S_DISPLAY_DRAW_OPAQUE, &m, &surface, &box));
	assert_int_equal(surface, 5);
	assert_int_equal(box.right, 3);
	assert_false(canvas_target(S_DISPLAY_MARK, &m, &surface, &box));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(surface_ids), cmocka_unit_test(surface_sizes), cmocka_unit_test(wild_rectangles),
		cmocka_unit_test(refused), cmocka_unit_test(many_clips), cmocka_unit_test(sources_and_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
