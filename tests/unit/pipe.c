/* The mirror property: whatever a device is told, and however late a client takes it, the client's canvas ends as the
 * device's. The clients here are canvases that execute what the pipe gives, encoded and decoded once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/rng.h"
#include "server/pipe.h"

enum { SCREEN_W = 90, SCREEN_H = 60, SURFACES = 4, CLIENTS = 4, STEPS = 6000 };

struct client {
	struct pipe *pipe;
	struct canvas *canvas;
	uint64_t now;
	unsigned marks, kicks, regions, items;
};

static uint64_t client_now(void *owner)
{
	return ((struct client *)owner)->now;
}

static void client_kick(void *owner)
{
	((struct client *)owner)->kicks++;
}

/* 32-bit and 1-bit bitmaps are all that these devices send. */
static int client_image(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	const struct bitmap_data *b = &img->bitmap;
	struct pixmap *p;

	(void)owner, (void)target;
	assert_int_equal(img->d.type, IMAGE_TYPE_BITMAP);
	assert_int_equal(b->format, mask ? BITMAP_FMT_1BIT_LE
		: b->format == BITMAP_FMT_RGBA ? BITMAP_FMT_RGBA : BITMAP_FMT_32BIT);
	p = pixmap_new(mask ? SURFACE_FMT_1_A : b->format == BITMAP_FMT_RGBA ? SURFACE_FMT_32_ARGB
		: SURFACE_FMT_32_xRGB, b->x, b->y);
	for (uint32_t y = 0; y < b->y; y++)
		memcpy(p->data + y * (size_t)p->stride, b->data.p + y * (size_t)b->stride,
			b->stride < (uint32_t)p->stride ? b->stride : (size_t)p->stride);
	*out = p;
	return 0;
}

static void execute(struct client *c, unsigned number, const void *body)
{
	const struct wire_desc *d = wire_msg_find(WIRE_DISPLAY, WIRE_S, number)->desc();
	struct arena a = {0};
	struct buf msg = {0};
	struct wire_in in = {.arena = &a};
	void *host = malloc(wire_desc_size(d));

	assert_int_equal(wire_encode(d, body, 0, &msg), 0);
	in.msg = buf_slice(&msg);
	assert_int_equal(wire_decode(d, &in, host), 0);
	assert_int_equal(canvas_draw(c->canvas, number, host, NULL), 0);
	free(host);
	buf_fini(&msg);
	arena_fini(&a);
}

/* ---- raw bitmaps in the place of pictures: how they are encoded is not the pipe's business ---- */

static struct image *bitmap_of(struct pixmap *p, struct arena *a)
{
	struct image *img = arena_alloc(a, sizeof(*img));

	*img = (struct image){.d = {.type = IMAGE_TYPE_BITMAP, .width = p->width, .height = p->height},
		.bitmap = {.format = p->format == SURFACE_FMT_1_A ? BITMAP_FMT_1BIT_LE
			: p->format == SURFACE_FMT_32_ARGB ? BITMAP_FMT_RGBA : BITMAP_FMT_32BIT,
			.flags = BITMAP_FLAGS_TOP_DOWN, .x = p->width, .y = p->height, .stride = (uint32_t)p->stride,
			.data = {p->data, (size_t)p->stride * p->height}}};
	return img;
}

struct replacing {
	const struct draw_item *item;
	struct arena *a;
	unsigned next;
};

static void replace(void *user, void **target)
{
	struct replacing *s = user;

	if (((const struct image *)*target)->d.type != IMAGE_TYPE_SURFACE)
		*target = bitmap_of(s->item->pictures[s->next++], s->a);
}

static void execute_item(struct client *c, const struct draw_item *item, struct arena *a)
{
	const struct wire_desc *d = wire_msg_find(WIRE_DISPLAY, WIRE_S, item->number)->desc();
	void *body = wire_copy(d, item->body, 0, a);

	wire_visit(d, body, wire_desc_image(), replace, &(struct replacing){item, a, 0});
	execute(c, item->number, body);
}

static void execute_region(struct client *c, struct device *d, uint32_t id, const struct rect *r, struct arena *a)
{
	int w = r->right - r->left, h = r->bottom - r->top;
	struct pixmap *s = device_surface(d, id), *p = pixmap_new(s->format, (unsigned)w, (unsigned)h);
	struct draw_copy copy = {.base = {.surface_id = id, .box = *r}, .src_area = {.right = w, .bottom = h},
		.rop = ROPD_OP_PUT};

	for (int y = 0; y < h; y++)
		memcpy(p->data + (size_t)y * (size_t)p->stride, s->data + (size_t)(r->top + y) * (size_t)s->stride +
			4 * (size_t)r->left, 4 * (size_t)w);
	copy.src = bitmap_of(p, a);
	execute(c, S_DISPLAY_DRAW_COPY, &copy);
	pixmap_unref(p);
}

/* Takes one thing from the pipe; false when there is nothing. */
static bool take(struct client *c, struct device *d)
{
	struct arena a = {0};
	struct pipe_out out;

	pipe_next(c->pipe, &out);
	switch (out.kind) {
	case PIPE_NOTHING:
		return false;
	case PIPE_DRAW:
		execute_item(c, out.item, &a);
		draw_item_unref(out.item);
		c->items++;
		break;
	case PIPE_CREATE:
		assert_int_equal(canvas_surface_create(c->canvas, &out.create), 0);
		break;
	case PIPE_DESTROY:
		assert_int_equal(canvas_surface_destroy(c->canvas, out.id), 0);
		break;
	case PIPE_REGION:
		execute_region(c, d, out.id, &out.rect, &a);
		c->regions++;
		break;
	case PIPE_MARK:
		c->marks++;
		break;
	case PIPE_MONITORS:
		break;
	}
	arena_fini(&a);
	return true;
}

static struct client *client_new(struct device *d)
{
	struct client *c = calloc(1, sizeof(*c));

	c->canvas = canvas_new(client_image, c);
	c->pipe = pipe_new(d, client_now, client_kick, c);
	return c;
}

static void client_free(struct client *c)
{
	pipe_free(c->pipe);
	canvas_free(c->canvas);
	free(c);
}

static void same_surfaces(struct client *c, struct device *d)
{
	for (uint32_t id = 0; id < SURFACES; id++) {
		struct pixmap *a = device_surface(d, id), *b = canvas_surface(c->canvas, id);

		assert_true(!a == !b);
		if (!a)
			continue;
		assert_int_equal(a->width, b->width);
		assert_int_equal(a->height, b->height);
		assert_int_equal(a->format, b->format);
		for (unsigned y = 0; y < a->height; y++)
			for (unsigned x = 0; x < a->width; x++) {
				uint32_t p = ((uint32_t *)(a->data + y * (size_t)a->stride))[x];
				uint32_t q = ((uint32_t *)(b->data + y * (size_t)b->stride))[x];
				uint32_t used = a->format == SURFACE_FMT_32_ARGB ? 0xffffffff : 0xffffff;

				if ((p & used) != (q & used))
					fail_msg("surface %u differs at %u,%u: %08x %08x", id, x, y, p, q);
			}
	}
}

static struct rect random_box(struct rng *r)
{
	struct rect b;

	if (rng_below(r, 12) == 0) /* all of it */
		return (struct rect){.left = -5, .top = -5, .right = SCREEN_W + 30, .bottom = SCREEN_H + 30};
	b.left = (int)rng_below(r, SCREEN_W + 20) - 10;
	b.top = (int)rng_below(r, SCREEN_H + 20) - 10;
	b.right = b.left + 1 + (int)rng_below(r, 40);
	b.bottom = b.top + 1 + (int)rng_below(r, 40);
	return b;
}

static void random_copy(struct device *d, struct rng *r, uint32_t on)
{
	struct rect box = random_box(r);
	unsigned w = (unsigned)(box.right - box.left), h = (unsigned)(box.bottom - box.top);
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, w, h);
	struct draw_copy copy = {.base = {.surface_id = on, .box = box},
		.src_area = {.right = (int)w, .bottom = (int)h},
		.rop = ROPD_OP_PUT, .scale_mode = SCALE_MODE_NEAREST};
	struct image img;
	uint64_t id;

	for (unsigned y = 0; y < h; y++)
		for (unsigned x = 0; x < w; x++)
			((uint32_t *)(p->data + y * (size_t)p->stride))[x] = (uint32_t)rng_next(r) & 0xffffff;
	if (rng_below(r, 3) == 0)
		copy.rop = ROPD_OP_XOR;
	id = device_picture(d, p);
	img = device_image(d, id);
	copy.src = &img;
	assert_int_equal(device_draw(d, S_DISPLAY_DRAW_COPY, &copy), 0);
	device_picture_forget(d, id);
	pixmap_unref(p);
}

static void random_surface_copy(struct device *d, struct rng *r, uint32_t on, uint32_t from)
{
	struct pixmap *s = canvas_surface(d->canvas, from);
	struct image img = device_surface_image(d, from);
	struct draw_copy copy = {.base = {.surface_id = on,
			.box = {.left = 3, .top = 4, .right = 3 + (int)s->width, .bottom = 4 + (int)s->height}},
		.src = &img, .src_area = {.right = (int)s->width, .bottom = (int)s->height}, .rop = ROPD_OP_PUT,
		.scale_mode = SCALE_MODE_NEAREST};

	(void)r;
	if (on != from)
		assert_int_equal(device_draw(d, S_DISPLAY_DRAW_COPY, &copy), 0);
}

/* A recording may say any box, also one that is wider than a number: it moves what is on the surface. */
static void move_all(struct device *d, struct rng *r, uint32_t on)
{
	struct copy_bits m = {.base = {.surface_id = on, .box = {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX}},
		.src_pos = {INT32_MIN + (int)rng_below(r, 30), INT32_MIN + (int)rng_below(r, 30)}};

	assert_int_equal(device_draw(d, S_DISPLAY_COPY_BITS, &m), 0);
}

static void random_step(struct device *d, struct rng *r)
{
	uint32_t on = rng_below(r, SURFACES), from = rng_below(r, SURFACES);
	struct rect box = random_box(r);

	if (!canvas_surface(d->canvas, on)) {
		device_surface_create(d, on, 20 + rng_below(r, SCREEN_W), 20 + rng_below(r, SCREEN_H),
			SURFACE_FMT_32_xRGB);
		return;
	}
	switch (rng_below(r, 40)) {
	case 0:
		if (on)
			device_surface_destroy(d, on);
		else if (rng_below(r, 8) == 0)
			device_resize(d, 20 + rng_below(r, SCREEN_W), 20 + rng_below(r, SCREEN_H));
		break;
	case 1 ... 10:
		random_copy(d, r, on);
		break;
	case 11 ... 15:
		if (canvas_surface(d->canvas, from))
			random_surface_copy(d, r, on, from);
		break;
	case 16 ... 22:
		device_draw(d, S_DISPLAY_COPY_BITS, &(struct copy_bits){.base = {.surface_id = on, .box = box},
			.src_pos = {(int)rng_below(r, 30), (int)rng_below(r, 30)}});
		break;
	case 23:
		move_all(d, r, on);
		break;
	case 24 ... 27:
		device_draw(d, S_DISPLAY_DRAW_INVERS, &(struct draw_blackness){
			.base = {.surface_id = on, .box = box}});
		break;
	default:
		device_draw(d, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = {.surface_id = on, .box = box},
			.brush = {.type = BRUSH_TYPE_SOLID, .color = (uint32_t)rng_next(r) & 0xffffff},
			.rop = rng_below(r, 2) ? ROPD_OP_XOR : ROPD_OP_PUT});
	}
}

static void mirror(void **state)
{
	struct device *d = device_new();
	struct client *c[CLIENTS];
	struct rng r = {7};
	unsigned regions = 0, items = 0, hidden = 0;

	(void)state;
	assert_int_equal(device_resize(d, SCREEN_W, SCREEN_H), 0);
	for (int i = 0; i < CLIENTS; i++)
		c[i] = client_new(d);
	for (int step = 0; step < STEPS; step++) {
		int who = (int)rng_below(&r, CLIENTS);

		random_step(d, &r);
		/* the first takes at once, the second now and then, the third rarely and late; the fourth rarely, but
		 * its time stands still: its queue is never too old */
		for (unsigned n = rng_below(&r, who == 0 ? 8 : 3); n && (who < 2 || step % 50 == 0); n--)
			take(c[who], d);
		c[who]->now += who == 3 ? 0 : who == 2 ? 300 : 5;
		if (step % 500 == 499) {
			for (int i = 0; i < CLIENTS; i++) {
				while (take(c[i], d))
					;
				same_surfaces(c[i], d);
			}
		}
		if (rng_below(&r, 300) == 0) { /* one leaves, another comes */
			client_free(c[who]);
			c[who] = client_new(d);
		}
	}
	for (int i = 0; i < CLIENTS; i++) {
		while (take(c[i], d))
			;
		same_surfaces(c[i], d);
		assert_true(c[i]->kicks > 0);
		regions += c[i]->regions;
		items += c[i]->items;
		hidden += pipe_hidden(c[i]->pipe);
		client_free(c[i]);
	}
	assert_true(regions > 10 && items > 100 && hidden > 30); /* all ways were gone */
	device_free(d);
}

/* ---- L-18: a client that takes nothing holds a bounded queue ---- */

/* A command that shows a picture of the screen's size, or changes it by one. */
static void whole_screen(struct device *d, struct pixmap *p, uint16_t rop)
{
	uint64_t id = device_picture(d, p);
	struct image img = device_image(d, id);
	struct rect all = {.right = (int)p->width, .bottom = (int)p->height};

	assert_int_equal(device_draw(d, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = {.box = all}, .src = &img,
		.src_area = all, .rop = rop}), 0);
	device_picture_forget(d, id);
}

/* Frames that nobody takes hide each other; what changes them can't be dropped, and falls back to catching up. */
static void bounded(void **state)
{
	enum { SIDE = 256, FRAME = SIDE * SIDE * 4, FRAMES = 200 };
	struct device *d = device_new();
	struct client *c;

	(void)state;
	device_resize(d, SIDE, SIDE);
	c = client_new(d);
	while (take(c, d))
		;
	assert_int_equal(c->marks, 1);
	for (int i = 0; i < FRAMES; i++) {
		struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, SIDE, SIDE);

		p->data[0] = (uint8_t)i;
		whole_screen(d, p, ROPD_OP_PUT);
		pixmap_unref(p);
		assert_true(pipe_bytes(c->pipe) <= FRAME + 4096);
	}
	assert_int_equal(pipe_hidden(c->pipe), FRAMES - 1);
	assert_false(pipe_catching_up(c->pipe));
	for (int i = 0; i < FRAMES; i++) {
		struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, SIDE, SIDE);

		p->data[1] = (uint8_t)i;
		whole_screen(d, p, ROPD_OP_XOR);
		pixmap_unref(p);
		assert_true(pipe_bytes(c->pipe) <= LIM_PIPE_BYTES + FRAME + 4096);
	}
	assert_true(pipe_catching_up(c->pipe));
	while (take(c, d))
		;
	same_surfaces(c, d);
	client_free(c);
	device_free(d);
}

static void copy_surface(struct device *d, uint32_t on, uint32_t from, int side)
{
	struct image img = device_surface_image(d, from);

	device_draw(d, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = {.surface_id = on,
		.box = {.right = side, .bottom = side}}, .src = &img, .src_area = {.right = side, .bottom = side},
		.rop = ROPD_OP_PUT, .scale_mode = SCALE_MODE_NEAREST});
}

/* A buffer that is filled, shown and filled again, as toolkits do: once what had read it is hidden, so is what it held
 * then. */
static void read_no_more(void **state)
{
	enum { SIDE = 64 };
	struct device *d = device_new();
	struct client *c;

	(void)state;
	device_resize(d, SIDE, SIDE);
	for (uint32_t id = 1; id <= 2; id++)
		device_surface_create(d, id, SIDE, SIDE, SURFACE_FMT_32_xRGB);
	c = client_new(d);
	while (take(c, d))
		;
	for (int i = 0; i < 40; i++) {
		struct draw_fill fill = {.base = {.surface_id = 1 + (uint32_t)i % 2,
			.box = {.right = SIDE, .bottom = SIDE}}, .rop = ROPD_OP_PUT,
			.brush = {.type = BRUSH_TYPE_SOLID, .color = (uint32_t)i}};

		device_draw(d, S_DISPLAY_DRAW_FILL, &fill);
		copy_surface(d, 0, 1 + (uint32_t)i % 2, SIDE);
	}
	assert_int_equal(pipe_hidden(c->pipe), 80 - 3); /* left are two fills and a copy */
	while (take(c, d))
		;
	same_surfaces(c, d);
	client_free(c);
	device_free(d);
}

/* Composites of a surface, to a client that knows none: it gets pixels of the screen, and right ones. */
static void without_composite(void **state)
{
	enum { SIDE = 64 };
	struct device *d = device_new();
	struct draw_composite m = {.base.box = {.left = 5, .top = 6, .right = 40, .bottom = 50}, .flags = 3};
	struct image img;

	(void)state;
	device_resize(d, SIDE, SIDE);
	device_surface_create(d, 1, SIDE, SIDE, SURFACE_FMT_32_ARGB);
	img = device_surface_image(d, 1);
	m.src = &img;
	device_draw(d, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = {.surface_id = 1, .box = {.right = SIDE,
		.bottom = SIDE}}, .rop = ROPD_OP_PUT, .brush = {.type = BRUSH_TYPE_SOLID, .color = 0x80402010}});
	for (int knows = 0; knows < 2; knows++) {
		struct client *c = client_new(d);
		unsigned regions;

		if (!knows)
			pipe_without_composite(c->pipe);
		while (take(c, d))
			;
		regions = c->regions;
		device_draw(d, S_DISPLAY_DRAW_COMPOSITE, &m);
		while (take(c, d))
			;
		assert_int_equal(c->regions - regions > 0, !knows);
		same_surfaces(c, d);
		client_free(c);
	}
	device_free(d);
}

/* An 8_A surface, to a client that must not have it: it gets what is drawn with it. The number may be that of another
 * surface before and after. */
static void without_a8(void **state)
{
	enum { SIDE = 64, A8 = SURFACES };
	struct device *d = device_new();
	struct image source, mask;
	struct draw_composite m = {.base.box = {.left = 5, .top = 6, .right = 40, .bottom = 50}, .src = &source,
		.mask = &mask, .flags = 3 | COMPOSITE_FLAGS_HAS_MASK};
	struct draw_fill fill = {.base.box = {.right = SIDE, .bottom = SIDE}, .rop = ROPD_OP_PUT,
		.brush = {.type = BRUSH_TYPE_SOLID, .color = 0x80402010}};
	struct client *c;
	unsigned regions;

	(void)state;
	device_resize(d, SIDE, SIDE);
	device_surface_create(d, 1, SIDE, SIDE, SURFACE_FMT_32_ARGB);
	device_surface_create(d, A8, SIDE, SIDE, SURFACE_FMT_8_A);
	source = device_surface_image(d, 1);
	mask = device_surface_image(d, A8);
	c = client_new(d);
	pipe_without_a8(c->pipe);
	for (int turn = 0; turn < 3; turn++) {
		for (fill.base.surface_id = 1; fill.base.surface_id <= A8; fill.base.surface_id += A8 - 1) {
			fill.brush.color += 0x01010150;
			device_draw(d, S_DISPLAY_DRAW_FILL, &fill);
		}
		while (take(c, d))
			;
		assert_null(canvas_surface(c->canvas, A8));
		regions = c->regions;
		device_draw(d, S_DISPLAY_DRAW_COMPOSITE, &m);
		while (turn < 2 && take(c, d)) /* the last time what comes then comes while the client catches up */
			;
		assert_int_equal(c->regions > regions, turn < 2);
		device_surface_destroy(d, A8);
		device_surface_create(d, A8, SIDE, SIDE, SURFACE_FMT_32_xRGB);
		while (turn != 1 && take(c, d)) /* once it goes before the client heard of it */
			;
		assert_int_equal(canvas_surface(c->canvas, A8) != NULL, turn != 1);
		device_surface_destroy(d, A8);
		device_surface_create(d, A8, SIDE, SIDE, SURFACE_FMT_8_A);
	}
	while (take(c, d))
		;
	assert_null(canvas_surface(c->canvas, A8));
	same_surfaces(c, d);
	client_free(c);
	device_free(d);
}

/* Real clients draw glyphs of eight bits wrongly: they get pixels. Others go as commands. */
static void eight_bit_text(void **state)
{
	enum { SIDE = 64 };
	static const uint8_t rows[8 * 8] = {0, 9, 80, 255, 200, 3};
	struct device *d = device_new();
	struct client *c;
	struct glyph_a1 a1 = {.render_pos = {10, 10}, .width = 8, .height = 8, .data = {rows, 8}};
	struct glyph_a8 a8 = {.render_pos = {30, 10}, .width = 8, .height = 8, .data = {rows, 64}};

	(void)state;
	device_resize(d, SIDE, SIDE);
	c = client_new(d);
	while (take(c, d))
		;
	for (int eight = 0; eight < 2; eight++) {
		struct string str = {.length = 1, .flags = eight ? STRING_FLAGS_RASTER_A8 : STRING_FLAGS_RASTER_A1,
			.a1 = eight ? NULL : &a1, .a8 = eight ? &a8 : NULL};
		struct draw_text text = {.base.box = {.right = SIDE, .bottom = SIDE}, .str = &str,
			.fore_brush = {.type = BRUSH_TYPE_SOLID, .color = 0xffffff}, .fore_mode = ROPD_OP_PUT,
			.back_mode = ROPD_OP_PUT};
		unsigned regions = c->regions, items = c->items;

		assert_int_equal(device_draw(d, S_DISPLAY_DRAW_TEXT, &text), 0);
		while (take(c, d))
			;
		assert_int_equal(c->regions > regions, eight);
		assert_int_equal(c->items > items, !eight);
		same_surfaces(c, d);
	}
	client_free(c);
	device_free(d);
}

static void marks(void **state)
{
	struct device *d = device_new();
	struct client *c;

	(void)state;
	device_resize(d, 64, 64);
	c = client_new(d);
	while (take(c, d))
		;
	assert_int_equal(c->marks, 1);
	device_resize(d, 32, 32);
	while (take(c, d))
		;
	assert_int_equal(c->marks, 2);
	same_surfaces(c, d);
	client_free(c);
	device_free(d);
}

/* The screen's first picture is one message, whatever its size. What nobody sees yet, and later ones, go in bands. */
static void bands(void **state)
{
	enum { SIDE = 600 };
	struct rect all = {.right = SIDE, .bottom = SIDE};
	struct device *d = device_new();
	struct client *c;

	(void)state;
	device_resize(d, SIDE, SIDE);
	device_surface_create(d, 1, SIDE, SIDE, SURFACE_FMT_32_xRGB);
	c = client_new(d);
	while (take(c, d))
		;
	assert_int_equal(c->regions, 2 + 1);
	pipe_damage(c->pipe, 0, &all);
	while (take(c, d))
		;
	assert_int_equal(c->regions, 2 + 1 + 2);
	same_surfaces(c, d);
	client_free(c);
	device_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks),
		cmocka_unit_test(bands),
		cmocka_unit_test(bounded),
		cmocka_unit_test(read_no_more),
		cmocka_unit_test(without_composite),
		cmocka_unit_test(without_a8),
		cmocka_unit_test(eight_bit_text),
		cmocka_unit_test(mirror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
