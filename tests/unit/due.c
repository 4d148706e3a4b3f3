/* What waits to be drawn, against a canvas that draws at once: whenever one looks, all surfaces are the same, to the
 * last byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/rng.h"
#include "server/device.h"

enum { SURFACES = 4, W = 300, H = 260, STEPS = 40000 };

static struct {
	struct device *device;
	struct device_listener listener;
	struct canvas *plain;
	uint64_t pictures[4];
	struct rng rng;
} b;

static int picture(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	struct pixmap *p = device_picture_get(owner, img->d.id);

	(void)target;
	if (!p || mask)
		return E_INVAL;
	*out = pixmap_ref(p);
	return 0;
}

static void drawn(void *owner, struct draw_item *item)
{
	(void)owner;
	assert_int_equal(canvas_draw(b.plain, item->number, item->body, NULL), 0);
}

static void created(void *owner, uint32_t id)
{
	const struct pixmap *p = canvas_surface(b.device->canvas, id);

	(void)owner;
	assert_int_equal(canvas_surface_create(b.plain, &(struct surface_create){.surface_id = id, .width = p->width,
		.height = p->height, .format = p->format}), 0);
}

static void destroyed(void *owner, uint32_t id)
{
	(void)owner;
	assert_int_equal(canvas_surface_destroy(b.plain, id), 0);
}

static const struct device_ops ops = {.drawn = drawn, .surface_created = created, .surface_destroyed = destroyed};

static int set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	b.rng = (struct rng){21};
	b.device = device_new();
	b.plain = canvas_new(picture, b.device);
	b.listener = (struct device_listener){.ops = &ops};
	device_listen(b.device, &b.listener);
	for (unsigned i = 0; i < ARRAY_SIZE(b.pictures); i++) {
		struct pixmap *p = pixmap_new(i % 2 ? SURFACE_FMT_32_ARGB : SURFACE_FMT_32_xRGB, 40 + 90 * i,
			30 + 70 * i);

		for (size_t k = 0; k < (size_t)p->stride * p->height; k++)
			p->data[k] = (uint8_t)rng_next(&b.rng);
		b.pictures[i] = device_picture(b.device, p);
		pixmap_unref(p);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_unlisten(&b.listener);
	device_free(b.device);
	canvas_free(b.plain);
	return 0;
}

static int coord(int most)
{
	return (int)rng_below(&b.rng, (unsigned)most + 40) - 20;
}

static struct rect any_rect(void)
{
	int x = coord(W), y = coord(H);

	return (struct rect){.left = x, .top = y, .right = x + 1 + (int)rng_below(&b.rng, W),
		.bottom = y + 1 + (int)rng_below(&b.rng, H)};
}

static void fill(struct draw_base base, uint16_t rop)
{
	device_draw(b.device, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = base, .rop = rop,
		.brush = {.type = BRUSH_TYPE_SOLID, .color = (uint32_t)rng_next(&b.rng)}});
}

static void copy(struct draw_base base, struct image img)
{
	int w = base.box.right - base.box.left, h = base.box.bottom - base.box.top;
	int x = (int)rng_below(&b.rng, img.d.width), y = (int)rng_below(&b.rng, img.d.height);

	w = w < (int)img.d.width - x ? w : (int)img.d.width - x;
	h = h < (int)img.d.height - y ? h : (int)img.d.height - y;
	base.box.right = base.box.left + w;
	base.box.bottom = base.box.top + h;
	device_draw(b.device, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = base, .src = &img,
		.src_area = {.left = x, .top = y, .right = x + w, .bottom = y + h},
		.rop = rng_below(&b.rng, 12) ? ROPD_OP_PUT : ROPD_OP_OR, .scale_mode = SCALE_MODE_NEAREST});
}

static void change_surface(uint32_t id)
{
	if (canvas_surface(b.device->canvas, id))
		device_surface_destroy(b.device, id);
	else
		device_surface_create(b.device, id, W - 20 * id, H - 30 * id,
			id % 2 ? SURFACE_FMT_32_ARGB : SURFACE_FMT_32_xRGB);
}

static void step(void)
{
	uint32_t on = rng_below(&b.rng, SURFACES), from = rng_below(&b.rng, SURFACES);
	struct rect clip = any_rect();
	struct draw_base base = {.surface_id = on, .box = any_rect()};

	if (rng_below(&b.rng, 4) == 0)
		base.clip = (struct clip){.type = CLIP_TYPE_RECTS, .rects = {1, &clip}};
	switch (rng_below(&b.rng, 9)) {
	case 0:
		fill(base, ROPD_OP_PUT);
		break;
	case 1:
		if (rng_below(&b.rng, 8) == 0)
			fill(base, ROPD_OP_XOR);
		break;
	case 2:
	case 3:
		copy(base, device_image(b.device, b.pictures[rng_below(&b.rng, ARRAY_SIZE(b.pictures))]));
		break;
	case 4:
		if (on != from && canvas_surface(b.device->canvas, from))
			copy(base, device_surface_image(b.device, from));
		break;
	case 5:
		if (rng_below(&b.rng, 6) == 0)
			change_surface(1 + rng_below(&b.rng, SURFACES - 1));
		break;
	default: /* scrolling, mostly */
		device_draw(b.device, S_DISPLAY_COPY_BITS, &(struct copy_bits){.base = base,
			.src_pos = {base.box.left + (int)rng_below(&b.rng, 41) - 20,
				base.box.top + (int)rng_below(&b.rng, 41) - 20}});
	}
}

static void look(void)
{
	for (uint32_t id = 0; id < SURFACES; id++) {
		struct pixmap *is = device_surface(b.device, id), *should = canvas_surface(b.plain, id);

		assert_true(!is == !should);
		if (is)
			assert_memory_equal(is->data, should->data, (size_t)is->stride * is->height);
	}
	assert_true(device_is_settled(b.device));
}

static void test_any(void **state)
{
	unsigned waited = 0, next = 0;

	(void)state;
	for (uint32_t id = 0; id < SURFACES; id++)
		assert_int_equal(device_surface_create(b.device, id, W, H, SURFACE_FMT_32_xRGB), 0);
	for (unsigned i = 0; i < STEPS; i++) {
		step();
		waited += !device_is_settled(b.device);
		if (i < next)
			continue;
		look();
		next = i + rng_below(&b.rng, 120);
	}
	look();
	assert_true(waited > STEPS / 4);
}

/* Of a screen that scrolls and scrolls nothing is drawn; and what waits is bounded. */
static void test_scrolling(void **state)
{
	(void)state;
	device_resize(b.device, W, H);
	for (unsigned i = 0; i < 300; i++) {
		struct image img = device_image(b.device, b.pictures[3]);

		device_draw(b.device, S_DISPLAY_COPY_BITS, &(struct copy_bits){
			.base = {.box = {.right = W, .bottom = H - 12}}, .src_pos = {0, 12}});
		device_draw(b.device, S_DISPLAY_DRAW_COPY, &(struct draw_copy){
			.base = {.box = {.top = H - 12, .right = W, .bottom = H}}, .src = &img,
			.src_area = {.top = (int)i % 200, .right = W, .bottom = (int)i % 200 + 12},
			.rop = ROPD_OP_PUT, .scale_mode = SCALE_MODE_NEAREST});
	}
	assert_int_equal(b.device->due.n, 600);
	look();
	for (unsigned i = 0; i < 5000; i++) {
		fill((struct draw_base){.box = {.left = (int)i % W, .top = (int)i % H, .right = (int)i % W + 5,
			.bottom = (int)i % H + 5}}, ROPD_OP_PUT);
		assert_true(b.device->due.n <= 1024);
	}
	look();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scrolling, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
