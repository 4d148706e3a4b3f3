/* Copies that become one: what they draw stays the same, to the pixel, and what must not be joined is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/rng.h"
#include "draw/canvas.h"
#include "server/join.h"

enum { SCREEN = 0, SOURCE = 1, OTHER = 2, SIDE = 96, RUNS = 400 };

static int no_picture(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	(void)owner, (void)img, (void)mask, (void)target, (void)out;
	return E_INVAL;
}

static struct canvas *canvas_of(uint64_t seed)
{
	struct canvas *c = canvas_new(no_picture, NULL);
	struct rng rng = {seed};

	for (uint32_t id = SCREEN; id <= OTHER; id++) {
		struct pixmap *p;

		assert_int_equal(canvas_surface_create(c, &(struct surface_create){.surface_id = id, .width = SIDE,
			.height = SIDE, .format = SURFACE_FMT_32_xRGB}), 0);
		p = canvas_surface(c, id);
		for (unsigned i = 0; i < SIDE * SIDE; i++)
			((uint32_t *)(void *)p->data)[i] = rng_below(&rng, 1 << 24);
	}
	return c;
}

static struct image surfaces[] = {{.d.type = IMAGE_TYPE_SURFACE}, {.d.type = IMAGE_TYPE_SURFACE, .surface_id = SOURCE},
	{.d.type = IMAGE_TYPE_SURFACE, .surface_id = OTHER}};

static struct draw_copy copy_at(uint32_t source, int x, int y, int w, int h, int dx, int dy)
{
	return (struct draw_copy){.base.box = {.left = x, .top = y, .right = x + w, .bottom = y + h},
		.src = &surfaces[source], .rop = ROPD_OP_PUT,
		.src_area = {.left = x - dx, .top = y - dy, .right = x + w - dx, .bottom = y + h - dy}};
}

static struct draw_copy any_copy(struct rng *rng, struct rect *clip)
{
	int dx = (int)rng_below(rng, 2), x = dx + (int)rng_below(rng, SIDE / 2), y = (int)rng_below(rng, SIDE / 2);
	struct draw_copy m = copy_at(SOURCE + rng_below(rng, 4) / 3, x, y, 1 + (int)rng_below(rng, SIDE / 2),
		1 + (int)rng_below(rng, SIDE / 2), dx, 0);

	if (rng_below(rng, 3) == 0) {
		clip[0] = (struct rect){.left = x - 5, .top = y + 2, .right = x + 9, .bottom = y + 7};
		clip[1] = (struct rect){.left = x + 4, .top = y + 9, .right = x + 6, .bottom = y + SIDE};
		m.base.clip = (struct clip){.type = CLIP_TYPE_RECTS, .rects = {2, clip}};
	}
	return m;
}

static void draw_the_same(void **state)
{
	struct rng rng = {77};
	unsigned joined = 0;

	(void)state;
	for (unsigned run = 0; run < RUNS; run++) {
		struct canvas *one = canvas_of(run), *two = canvas_of(run);
		struct arena arena = {0};
		struct rect clips[40][2];
		struct draw_copy wide = any_copy(&rng, clips[0]);

		assert_int_equal(canvas_draw(one, S_DISPLAY_DRAW_COPY, &wide, NULL), 0);
		for (unsigned i = 1; i < 40; i++) {
			struct draw_copy m = any_copy(&rng, clips[i]), before = wide;

			if (join_copies(&wide, &m, &arena)) {
				assert_int_equal(canvas_draw(one, S_DISPLAY_DRAW_COPY, &m, NULL), 0);
				joined++;
			} else {
				assert_memory_equal(&wide, &before, sizeof(wide));
			}
			assert_true(wide.base.clip.type == CLIP_TYPE_NONE ||
				    wide.base.clip.rects.num_rects <= JOIN_RECTS);
		}
		assert_int_equal(canvas_draw(two, S_DISPLAY_DRAW_COPY, &wide, NULL), 0);
		assert_memory_equal(canvas_surface(one, SCREEN)->data, canvas_surface(two, SCREEN)->data,
			SIDE * SIDE * 4);
		arena_fini(&arena);
		canvas_free(one);
		canvas_free(two);
	}
	assert_true(joined > RUNS);
}

static void not_joined(void **state)
{
	struct arena arena = {0};
	struct image kept = {.d = {.id = 7, .type = IMAGE_TYPE_FROM_CACHE}}, same = kept, coded = {.d.id = 7};
	struct image other = {.d = {.id = 8, .type = IMAGE_TYPE_FROM_CACHE}};
	const struct draw_copy from = copy_at(SOURCE, 10, 10, 5, 5, 2, 2);
	struct draw_copy a = from, b;

	(void)state;
	b = copy_at(SOURCE, 30, 10, 5, 5, 2, 3); /* another distance */
	assert_false(join_copies(&a, &b, &arena));
	b = copy_at(OTHER, 30, 10, 5, 5, 2, 2);
	assert_false(join_copies(&a, &b, &arena));
	b = copy_at(SOURCE, 30, 10, 5, 5, 2, 2);
	b.rop = ROPD_OP_XOR;
	assert_false(join_copies(&a, &b, &arena));
	b = copy_at(SOURCE, 30, 10, 5, 5, 2, 2);
	b.src_area.right++; /* scaled */
	assert_false(join_copies(&a, &b, &arena));
	b = copy_at(SOURCE, 30, 10, 5, 5, 2, 2);
	b.base.surface_id = OTHER;
	assert_false(join_copies(&a, &b, &arena));
	a = b = copy_at(SCREEN, 30, 10, 5, 5, 2, 2); /* the first may have drawn what the second reads */
	assert_false(join_copies(&a, &b, &arena));
	a = b = from;
	a.src = &coded;
	b.src = &kept;
	assert_false(join_copies(&a, &b, &arena));
	a.src = &other;
	assert_false(join_copies(&a, &b, &arena));
	a.src = &same;
	assert_true(join_copies(&a, &b, &arena));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draw_the_same),
		cmocka_unit_test(not_joined),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
