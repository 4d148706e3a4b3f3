/* The mirror, through everything: a device at one end, viewers of lib/client at the other, sockets between them.
 * Whatever is drawn (every command, on the screen and on surfaces of every format that come and go), with each lossless
 * compression, through caches and dictionaries, whole or in parts, fast or late, the viewers' screens end as the
 * device's. And what a server promises of its image cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/rng.h"
#include "server/imagecache.h"
#include "server/repaint.h"
#include "tests/unit/anydraw.h"
#include "tests/unit/house.h"

enum { W = 700, H = 500, KEPT = 6, STEPS = 300 };

static struct {
	struct house h;
	uint64_t kept[KEPT]; /* pictures that come again */
	struct pixmap *pixels[KEPT];
	struct repaint *repaint;
	struct anydraw any;
} b;

struct viewer {
	struct client *c;
	unsigned marks;
	int closed;
};

static void on_mark(void *owner, unsigned display)
{
	(void)display;
	((struct viewer *)owner)->marks++;
}

static void on_closed(void *owner, int err)
{
	((struct viewer *)owner)->closed = err;
}

static const struct client_ops ops = {.mark = on_mark, .closed = on_closed};

/* ---- pictures of every kind: flat, smooth, noise, text-like; with alpha ---- */

static struct pixmap *picture(struct rng *r, unsigned w, unsigned h)
{
	unsigned kind = rng_below(r, 4), base = rng_below(r, 200);
	struct pixmap *p = pixmap_new(rng_below(r, 3) ? SURFACE_FMT_32_xRGB : SURFACE_FMT_32_ARGB, w, h);

	for (unsigned y = 0; y < h; y++) {
		uint32_t *row = (uint32_t *)(void *)(p->data + (size_t)y * (size_t)p->stride);

		for (unsigned x = 0; x < w; x++) {
			uint32_t v = kind == 0 ? 0x204060 + base
				: kind == 1 ? (base + x / 5) % 256 << 16 | (base + y / 3) % 256 << 8 | (x + y) % 256
				: kind == 2 ? (uint32_t)rng_next(r) & 0xffffff
				: ((x / 3 * 7 + y / 5 * 13) % 11 ? 0xffffff : 0x101010 + base);

			row[x] = v | (p->format == SURFACE_FMT_32_ARGB ? 0xff000000 : 0);
		}
	}
	return p;
}

static void start_with(uint8_t compress, uint8_t jpeg)
{
	struct server_options o = {.client_mouse = true, .compress = compress, .zlib = SERVER_ALWAYS, .jpeg = jpeg};
	struct rng r = {compress};

	memset(&b, 0, sizeof(b));
	house_open(&b.h, W, H);
	b.repaint = repaint_new(b.h.device);
	for (unsigned i = 0; i < KEPT; i++) { /* one of them is large */
		b.pixels[i] = picture(&r, i ? 20 + rng_below(&r, 200) : 900, i ? 20 + rng_below(&r, 100) : 700);
		b.kept[i] = device_picture(b.h.device, b.pixels[i]);
	}
	anydraw_init(&b.any, b.h.device, &r);
	house_listen(&b.h, &o, NULL);
}

static void start(uint8_t compress)
{
	start_with(compress, SERVER_NEVER);
}

static void finish(void)
{
	for (unsigned i = 0; i < KEPT; i++)
		pixmap_unref(b.pixels[i]);
	repaint_free(b.repaint);
	house_close(&b.h);
}

static struct viewer *viewer_new(void)
{
	struct endpoint e = {.unix_path = b.h.path};
	struct client_options o = {.view_only = true};
	struct viewer *v = calloc(1, sizeof(*v));

	v->c = client_new(&b.h.loop, &e, &o, &ops, v);
	return v;
}

static void turns(unsigned n)
{
	while (n--)
		uv_run(&b.h.loop, UV_RUN_NOWAIT);
}

static bool same_screen(struct viewer *v)
{
	return v->marks && house_shown(&b.h, v->c, NULL);
}

static void until_same(struct viewer *v)
{
	UNTIL(&b.h, v->closed || same_screen(v));
	assert_int_equal(v->closed, 0);
}

/* ---- drawing ---- */

static void draw_picture(struct rng *r, uint64_t id)
{
	struct image img = device_image(b.h.device, id);
	int x = (int)rng_below(r, W) - 60, y = (int)rng_below(r, H) - 60;
	struct rect all = {.right = (int)img.d.width, .bottom = (int)img.d.height};
	struct draw_base base = {.box = {.left = x, .top = y, .right = x + all.right, .bottom = y + all.bottom}};

	switch (rng_below(r, 4)) {
	case 0:
		device_draw(b.h.device, S_DISPLAY_DRAW_ALPHA_BLEND, &(struct draw_alpha_blend){.base = base,
			.src = &img, .src_area = all, .alpha = 200});
		break;
	case 1:
		device_draw(b.h.device, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = base, .rop = ROPD_OP_PUT,
			.brush = {.type = BRUSH_TYPE_PATTERN, .pattern = {&img, {0, 0}}}});
		break;
	default:
		device_draw(b.h.device, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = base, .src = &img,
			.src_area = all, .rop = rng_below(r, 4) ? ROPD_OP_PUT : ROPD_OP_XOR});
	}
}

static void step(struct rng *r)
{
	struct pixmap *p;
	int x, y;

	b.any.rng = r;
	switch (rng_below(r, 12)) {
	case 6:
	case 7:
	case 8:
		any_draw(&b.any, 0);
		break;
	case 9:
	case 10:
	case 11:
		any_surface(&b.any);
		break;
	case 0:
		p = picture(r, 1 + rng_below(r, 400), 1 + rng_below(r, 300));
		x = (int)rng_below(r, W);
		y = (int)rng_below(r, H);
		repaint(b.repaint, 0, &(struct rect){y, x, y + (int)p->height, x + (int)p->width},
			&(struct repaint_pixels){.p = p->data, .stride = (size_t)p->stride,
				.alpha = p->format == SURFACE_FMT_32_ARGB});
		pixmap_unref(p);
		break;
	case 1:
		device_draw(b.h.device, S_DISPLAY_COPY_BITS, &(struct copy_bits){
			.base = {.box = {.left = 10, .top = 20, .right = 400, .bottom = 300}},
			.src_pos = {(int)rng_below(r, 50), (int)rng_below(r, 50)}});
		break;
	case 2:
		device_draw(b.h.device, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = {.box = {.left = 30, .top = 40,
			.right = 30 + (int)rng_below(r, 300), .bottom = 90}}, .rop = ROPD_OP_XOR,
			.brush = {.type = BRUSH_TYPE_SOLID, .color = (uint32_t)rng_next(r) & 0xffffff}});
		break;
	default:
		draw_picture(r, b.kept[rng_below(r, KEPT)]);
	}
}

static void mirror(uint8_t compress, uint8_t jpeg)
{
	struct rng r = {compress + 100u};
	struct viewer *v[2] = {NULL};

	start_with(compress, jpeg);
	v[0] = viewer_new();
	until_same(v[0]);
	for (int i = 0; i < STEPS; i++) {
		step(&r);
		turns(rng_below(&r, 4)); /* at times many commands come at once */
		if (i == STEPS / 2)
			v[1] = viewer_new(); /* one that comes late */
		if (i % 60 == 59)
			until_same(v[0]);
	}
	until_same(v[0]);
	until_same(v[1]);
	client_free(v[1]->c); /* one leaves with work under way */
	for (int i = 0; i < 20; i++)
		step(&r);
	until_same(v[0]);
	client_free(v[0]->c);
	finish();
	free(v[0]);
	free(v[1]);
}

/* Very much waits to be drawn, of all kinds, when a viewer comes: it is drawn for its first picture, and the one that
 * was there goes on. */
static void comes_late(void **state)
{
	struct rng r = {5};
	struct viewer *v[2];

	(void)state;
	start(IMAGE_COMPRESSION_AUTO_GLZ);
	v[0] = viewer_new();
	until_same(v[0]);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 200; i++)
			step(&r);
		v[1] = viewer_new();
		until_same(v[1]);
		until_same(v[0]);
		client_free(v[1]->c);
		free(v[1]);
	}
	client_free(v[0]->c);
	free(v[0]);
	finish();
}

#define MIRROR(name, compress, jpeg)                                                                                   \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		(void)state;                                                                                           \
		mirror(IMAGE_COMPRESSION_##compress, SERVER_##jpeg);                                                   \
	}
MIRROR(raw, OFF, NEVER)
MIRROR(quic, QUIC, NEVER)
MIRROR(lz, LZ, NEVER)
MIRROR(glz, GLZ, NEVER)
MIRROR(lz4, LZ4, NEVER)
MIRROR(automatic, AUTO_GLZ, NEVER)
MIRROR(lossy, AUTO_GLZ, ALWAYS)

/* ---- lossy first ---- */

static unsigned inexact(void)
{
	struct buf out = {0};
	unsigned n;

	server_stats(b.h.server, &out);
	assert_non_null(strstr(buf_cstr(&out), "\"inexact\":"));
	n = (unsigned)strtoul(strstr(buf_cstr(&out), "\"inexact\":") + 10, NULL, 10);
	buf_fini(&out);
	return n;
}

/* A new photograph onto a surface; waits until the viewer has it, as it is: inexactly. */
static void put_smooth(uint32_t surface, int x, int y)
{
	enum { SIDE = 128 };
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, SIDE, SIDE);
	static struct rng r = {9};

	for (unsigned i = 0; i < SIDE * SIDE; i++)
		((uint32_t *)(void *)p->data)[i] = (100 + i % SIDE / 2 + rng_below(&r, 9)) << 16 |
			(50 + i / SIDE + rng_below(&r, 9)) << 8 | (90 + (i % SIDE + i / SIDE) / 3 + rng_below(&r, 9));
	repaint(b.repaint, surface, &(struct rect){y, x, y + SIDE, x + SIDE},
		&(struct repaint_pixels){.p = p->data, .stride = (size_t)p->stride});
	pixmap_unref(p);
	UNTIL(&b.h, inexact() > 0);
}

static void scroll(int to_x, int to_y)
{
	device_draw(b.h.device, S_DISPLAY_COPY_BITS, &(struct copy_bits){
		.base = {.box = {.left = to_x, .top = to_y, .right = to_x + 200, .bottom = to_y + 200}},
		.src_pos = {10, 10}});
}

/* What is made of inexact pixels is inexact as well, and all of it is mended; what is drawn over needs no mending. */
static void mended(void **state)
{
	struct image surface = {.d = {.type = IMAGE_TYPE_SURFACE, .width = 150, .height = 150}, .surface_id = 3};
	struct viewer *v;

	(void)state;
	start_with(IMAGE_COMPRESSION_AUTO_GLZ, SERVER_ALWAYS);
	v = viewer_new();
	until_same(v);
	UNTIL(&b.h, inexact() == 0);
	put_smooth(0, 20, 30);
	assert_false(same_screen(v));
	until_same(v);
	UNTIL(&b.h, inexact() == 0);
	put_smooth(0, 30, 30);
	scroll(300, 250);
	UNTIL(&b.h, inexact() == 2 * 128 * 128);
	until_same(v);
	UNTIL(&b.h, inexact() == 0);
	put_smooth(0, 30, 30);
	device_draw(b.h.device, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = {.box = {.left = 0, .top = 0,
		.right = W, .bottom = H}}, .rop = ROPD_OP_PUT, .brush = {.type = BRUSH_TYPE_SOLID, .color = 0x33}});
	UNTIL(&b.h, inexact() == 0);
	until_same(v);
	/* through a surface that is not seen */
	assert_int_equal(device_surface_create(b.h.device, 3, 150, 150, SURFACE_FMT_32_xRGB), 0);
	put_smooth(3, 10, 10);
	device_draw(b.h.device, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = {.box = {.left = 40, .top = 40,
		.right = 190, .bottom = 190}}, .src = &surface, .src_area = {.right = 150, .bottom = 150},
		.rop = ROPD_OP_PUT});
	until_same(v);
	UNTIL(&b.h, inexact() == 0);
	device_draw(b.h.device, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = {.box = {.left = 340, .top = 40,
		.right = 490, .bottom = 190}}, .src = &surface, .src_area = {.right = 150, .bottom = 150},
		.rop = ROPD_OP_PUT});
	device_surface_destroy(b.h.device, 3);
	turns(20);
	assert_int_equal(inexact(), 0);
	until_same(v);
	client_free(v->c);
	finish();
	free(v);
}

/* Many viewers that come and go, which share what is encoded: with auto no more than two of them have GLZ. */
static void crowd(void **state)
{
	enum { CROWD = 7 };
	struct rng r = {77};
	struct viewer *v[CROWD] = {NULL};

	(void)state;
	start(IMAGE_COMPRESSION_AUTO_GLZ);
	for (int i = 0; i < STEPS; i++) {
		unsigned who = rng_below(&r, CROWD);

		step(&r);
		turns(rng_below(&r, 4));
		if (i % 7 == 0 && v[who]) {
			client_free(v[who]->c);
			turns(2);
			free(v[who]);
			v[who] = NULL;
		} else if (i % 3 == 0 && !v[who]) {
			v[who] = viewer_new();
		}
	}
	for (unsigned i = 0; i < CROWD; i++)
		if (v[i])
			until_same(v[i]);
	for (unsigned i = 0; i < CROWD; i++)
		if (v[i])
			client_free(v[i]->c);
	finish();
	for (unsigned i = 0; i < CROWD; i++)
		free(v[i]);
}

/* More pixels than a client keeps: old pictures go from its cache before new ones come, and are sent again. */
static void evictions(void **state)
{
	enum { MANY = 80, SIDE = 500 };
	struct rng r = {5};
	uint64_t ids[MANY];
	struct viewer *v;

	(void)state;
	start(IMAGE_COMPRESSION_LZ);
	v = viewer_new();
	until_same(v);
	for (int i = 0; i < MANY; i++) {
		struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, SIDE, SIDE);

		for (unsigned k = 0; k < SIDE * SIDE; k++)
			((uint32_t *)(void *)p->data)[k] = k / SIDE * 0x10000 / (unsigned)(i + 1) & 0xffff00;
		ids[i] = device_picture(b.h.device, p);
		pixmap_unref(p);
	}
	for (int i = 0; i < 3 * MANY; i++) {
		uint64_t id = ids[i < MANY ? i : (int)rng_below(&r, MANY)];
		struct image img = device_image(b.h.device, id);
		int x = (int)rng_below(&r, W) - SIDE / 2, y = (int)rng_below(&r, H) - SIDE / 2;

		device_draw(b.h.device, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = {.box = {.left = x, .top = y,
			.right = x + SIDE, .bottom = y + SIDE}}, .src = &img,
			.src_area = {.right = SIDE, .bottom = SIDE},
			.rop = i % 3 ? ROPD_OP_PUT : ROPD_OP_XOR});
		until_same(v);
	}
	client_free(v->c);
	finish();
	free(v);
}

/* ---- the model of a client's cache ---- */

static void cache_model(void **state)
{
	enum { CAP = 1000, MAX = 8 };
	struct imagecache c;
	uint64_t gone[MAX];
	unsigned n = 0;

	(void)state;
	imagecache_init(&c, CAP);
	imagecache_begin(&c);
	assert_false(imagecache_add(&c, 1, CAP + 1, false, gone, &n, MAX));
	assert_true(imagecache_add(&c, 1, 400, false, gone, &n, MAX));
	assert_true(imagecache_add(&c, 2, 600, true, gone, &n, MAX));
	assert_int_equal(n, 0);
	assert_int_equal(imagecache_use(&c, 1), IMAGE_HELD);
	assert_int_equal(imagecache_use(&c, 2), IMAGE_LOSSY);
	assert_int_equal(imagecache_use(&c, 3), IMAGE_ABSENT);
	/* all of this message is in use: nothing goes */
	assert_false(imagecache_add(&c, 3, 10, false, gone, &n, MAX));
	imagecache_begin(&c);
	imagecache_use(&c, 1); /* so the other one is the least recent, and free to go */
	assert_true(imagecache_add(&c, 3, 10, false, gone, &n, MAX));
	assert_int_equal(n, 1);
	assert_int_equal(gone[0], 2);
	assert_int_equal(imagecache_use(&c, 2), IMAGE_ABSENT);
	assert_true(imagecache_add(&c, 2, 590, true, gone, &n, MAX));
	imagecache_mended(&c, 2);
	assert_int_equal(imagecache_use(&c, 2), IMAGE_HELD);
	/* more would have to go than can be said */
	imagecache_begin(&c);
	n = 0;
	assert_false(imagecache_add(&c, 4, CAP, false, gone, &n, 2));
	assert_int_equal(n, 0);
	assert_true(imagecache_add(&c, 4, CAP, false, gone, &n, 3));
	assert_int_equal(n, 3);
	imagecache_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_late),
		cmocka_unit_test(raw),
		cmocka_unit_test(quic),
		cmocka_unit_test(lz),
		cmocka_unit_test(glz),
		cmocka_unit_test(lz4),
		cmocka_unit_test(automatic),
		cmocka_unit_test(lossy),
		cmocka_unit_test(mended),
		cmocka_unit_test(crowd),
		cmocka_unit_test(evictions),
		cmocka_unit_test(cache_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
