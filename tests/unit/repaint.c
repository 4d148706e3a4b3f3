/* Repaints: the canvas is what was wanted, exactly, and so is one that does what its listeners hear; what comes again
 * is drawn with the picture that was made for it before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/rng.h"
#include "server/repaint.h"

enum { W = 500, H = 300 };

/* What the device did since the last look. */
struct seen {
	unsigned items, copies, fills, put, kept; /* put: with a picture for once, kept: with one to keep */
	uint64_t ids[64];
};

static struct {
	struct device *device;
	struct device_listener listener;
	struct seen seen;
	struct canvas *other; /* does what is heard */
	struct repaint *repaint;
	uint32_t *pixels;
	struct rng rng;
} b;

static int picture(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	struct pixmap *p = device_picture_get(owner, img->d.id);

	(void)mask;
	(void)target;
	*out = p ? pixmap_ref(p) : NULL;
	return p ? 0 : -1;
}

static void drawn(void *owner, struct draw_item *item)
{
	struct seen *s = owner;
	struct rect damage;

	assert_int_equal(canvas_draw(b.other, item->number, item->body, &damage), 0);

	s->items++;
	s->copies += item->number == S_DISPLAY_COPY_BITS;
	s->fills += item->number == S_DISPLAY_DRAW_FILL;
	if (item->n_pictures && item->kept[0] && s->kept < ARRAY_SIZE(s->ids))
		s->ids[s->kept++] = ((const struct draw_copy *)item->body)->src->d.id;
	else if (item->n_pictures)
		s->put++;
}

static const struct device_ops ops = {.drawn = drawn};

static int set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	b.device = device_new();
	b.listener = (struct device_listener){.ops = &ops, .owner = &b.seen};
	device_listen(b.device, &b.listener);
	b.repaint = repaint_new(b.device);
	b.pixels = xcalloc(W * H, 4);
	b.other = canvas_new(picture, b.device);
	canvas_surface_create(b.other, &(struct surface_create){.width = W, .height = H,
		.format = SURFACE_FMT_32_xRGB, .flags = SURFACE_FLAGS_PRIMARY});
	canvas_surface_create(b.other, &(struct surface_create){.surface_id = 7, .width = W, .height = H,
		.format = SURFACE_FMT_32_ARGB});
	assert_int_equal(device_resize(b.device, W, H), 0);
	return device_surface_create(b.device, 7, W, H, SURFACE_FMT_32_ARGB);
}

static int tear_down(void **state)
{
	(void)state;
	repaint_free(b.repaint);
	assert_int_equal(b.device->pictures.n, 0);
	device_unlisten(&b.listener);
	device_free(b.device);
	canvas_free(b.other);
	free(b.pixels);
	return 0;
}

static void noise(uint64_t seed, int x, int y, int w, int h)
{
	struct rng r = {seed};

	for (int v = y; v < y + h; v++)
		for (int u = x; u < x + w; u++)
			b.pixels[v * W + u] = (uint32_t)rng_next(&r) & 0xffffff;
}

static const uint32_t *row_of(struct canvas *c, uint32_t surface, int y)
{
	const struct pixmap *p = canvas_surface(c, surface);

	device_settle(b.device);
	return (const uint32_t *)(const void *)(p->data + (size_t)y * (size_t)p->stride);
}

/* What listeners have drawn is what the device shows, all four bytes. */
static void mirrored(uint32_t surface)
{
	for (int y = 0; y < H; y++)
		assert_memory_equal(row_of(b.other, surface, y), row_of(b.device->canvas, surface, y), 4 * W);
}

static struct seen show(uint64_t id)
{
	const struct rect all = {.right = W, .bottom = H};

	b.seen = (struct seen){0};
	assert_int_equal(repaint(b.repaint, 0, &all, &(struct repaint_pixels){.p = (const uint8_t *)b.pixels,
		.stride = 4 * W, .id = id}), 0);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++) {
			const uint32_t *row = row_of(b.device->canvas, 0, y);

			if ((row[x] ^ b.pixels[y * W + x]) & 0xffffff)
				fail_msg("%d %d: %06x, not %06x", x, y, row[x], b.pixels[y * W + x]);
		}
	mirrored(0);
	return b.seen;
}

static void test_nothing(void **state)
{
	(void)state;
	noise(1, 0, 0, W, H);
	assert_int_equal(show(0).items, 1);
	assert_int_equal(show(0).items, 0);
}

/* Scrolling is a copy and the new lines, a blank part a fill. */
static void test_commands(void **state)
{
	struct seen s;

	(void)state;
	noise(1, 0, 0, W, H);
	show(0);
	memmove(b.pixels, b.pixels + 20 * W, 4 * W * (H - 20));
	noise(2, 0, H - 20, W, 20);
	s = show(0);
	assert_int_equal(s.copies, 1);
	assert_int_equal(s.items, 2);
	for (int i = 0; i < 200 * W; i++)
		b.pixels[i] = 0x336699;
	s = show(0);
	assert_int_equal(s.fills, 1);
	assert_int_equal(s.items, 1);
}

/* Two windows in turns, and something that blinks: soon there are no new pictures. */
static void in_turns(int w, int h)
{
	uint64_t ids[2] = {0};
	struct seen s;

	noise(1, 0, 0, W, H);
	show(0);
	for (int i = 0; i < 10; i++) {
		noise(100 + i % 2, 30, 40, w, h);
		s = show(0);
		assert_int_equal(s.items, 1);
		if (i < 4)
			continue;
		assert_int_equal(s.kept, 1);
		if (i >= 6)
			assert_true(s.ids[0] == ids[i % 2]);
		ids[i % 2] = s.ids[0];
	}
}

static void test_in_turns(void **state)
{
	(void)state;
	in_turns(16, 24);
	in_turns(400, 200);
}

/* Video makes no pictures to keep, but for the first. */
static void test_video(void **state)
{
	unsigned kept = 0;

	(void)state;
	for (uint64_t i = 0; i < 40; i++) {
		noise(i, 20, 20, 420, 260);
		kept += show(0).kept;
	}
	assert_true(kept <= 2);
	assert_int_equal(b.device->pictures.n, kept);
}

/* However much comes, the memory for it is bounded. */
static void test_bound(void **state)
{
	size_t bytes = 0;

	(void)state;
	for (uint64_t i = 0; i < 1200; i++) {
		noise(1000 + i / 2, (int)(i % 7), (int)(i % 11), 120, 110);
		show(0);
	}
	for (size_t i = 0; i < b.device->pictures.cap; i++) {
		const struct pixmap *p = b.device->pictures.slots[i].value;

		bytes += p ? (size_t)p->stride * p->height : 0;
	}
	assert_true(bytes > 8 << 20);
	assert_true(bytes <= 16 << 20);
}

/* A frame that is a picture is drawn with it when much differs, else what differs is. */
static void test_pages(void **state)
{
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, W, H);
	uint64_t id;
	struct seen s;

	(void)state;
	noise(1, 0, 0, W, H);
	memcpy(p->data, b.pixels, 4 * W * H);
	id = device_picture(b.device, p);
	s = show(id);
	assert_int_equal(s.kept, 1);
	assert_true(s.ids[0] == id);
	noise(2, 10, 10, 50, 50);
	s = show(0);
	assert_int_equal(s.items, 1);
	memcpy(b.pixels, p->data, 4 * W * H);
	s = show(id);
	assert_int_equal(s.items, 1);
	assert_true(!s.kept || s.ids[0] != id);
	noise(3, 0, 0, W, H / 2);
	show(0);
	memcpy(b.pixels, p->data, 4 * W * H);
	s = show(id);
	assert_int_equal(s.items, 1);
	assert_true(s.kept && s.ids[0] == id);
	device_picture_forget(b.device, id);
	pixmap_unref(p);
}

/* Rectangles anywhere, of pixels with alpha and without, new, moved or the same, on either surface. */
static void test_any(void **state)
{
	struct rng r = {5};

	(void)state;
	noise(1, 0, 0, W, H);
	for (int i = 0; i < 400; i++) {
		int x = (int)rng_below(&r, W) - 50, y = (int)rng_below(&r, H) - 50;
		int w = 1 + (int)rng_below(&r, W), h = 1 + (int)rng_below(&r, H);
		int u = x > 0 ? x : 0, v = y > 0 ? y : 0; /* its pixels are those from there on */
		uint32_t surface = rng_below(&r, 2) ? 7 : 0;
		bool alpha = surface || rng_below(&r, 2);
		struct rect box = {.left = u, .top = v, .right = u + w < W ? u + w : W,
			.bottom = v + h < H ? v + h : H};
		unsigned what = rng_below(&r, 3);

		if (what == 0)
			noise((uint64_t)i, u, v, (box.right - u + 1) / 2, (box.bottom - v + 1) / 2);
		if (what == 1)
			memmove(b.pixels, b.pixels + 3 * W, 4 * W * (H - 3));
		for (int k = 0; k < 40 && alpha; k++)
			b.pixels[rng_below(&r, W * H)] ^= 0x80000000;
		if (box.left >= box.right || box.top >= box.bottom)
			continue;
		assert_int_equal(repaint(b.repaint, surface, &box, &(struct repaint_pixels){
			.p = (const uint8_t *)(b.pixels + v * W + u), .stride = 4 * W, .alpha = alpha}), 0);
		mirrored(surface);
		for (int k = box.top; k < box.bottom; k++) {
			const uint32_t *is = row_of(b.device->canvas, surface, k);

			for (int l = box.left; l < box.right; l++)
				assert_int_equal((is[l] ^ b.pixels[k * W + l]) & (alpha ? UINT32_MAX : 0xffffff), 0);
		}
	}
}

static void test_refused(void **state)
{
	const struct rect box = {.left = 5, .top = 5, .right = 9, .bottom = 9};
	struct repaint_pixels px = {.p = (const uint8_t *)b.pixels, .stride = 4 * W};

	(void)state;
	assert_int_equal(repaint(b.repaint, 3, &box, &px), E_INVAL);
	assert_int_equal(repaint(b.repaint, 7, &box, &px), E_UNSUP);
	device_surface_create(b.device, 9, 20, 20, SURFACE_FMT_16_555);
	assert_int_equal(repaint(b.repaint, 9, &box, &px), E_UNSUP);
	assert_int_equal(repaint(b.repaint, 0, &(struct rect){.left = W, .right = W + 4, .bottom = 4}, &px), 0);
	assert_int_equal(b.seen.items, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_commands, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_in_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_video, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_any, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("repaint", tests, NULL, NULL);
}
