/* GLZ: what the encoder makes of sequences of pictures comes back from the decoder: all types, both orientations,
 * windows that are full, several clients, channels that overtake each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "codec/glz.h"

enum { SIDE = 48, PAD = 5, HISTORY = 64 };

static struct rng r;

/* A picture as an encoder gets it, and what a client has to see (32-bit pixels, the top row first). */
struct shot {
	enum lz_type type;
	uint32_t w, h;
	bool top_down;
	uint32_t words[SIDE * SIDE]; /* in coded order: 0xAARRGGBB */
	uint8_t want[SIDE * SIDE * 4];
};

static uint32_t widen(uint32_t v)
{
	uint32_t red = v >> 10 & 31, green = v >> 5 & 31, blue = v & 31;

	return (red << 3 | red >> 2) << 16 | (green << 3 | green >> 2) << 8 | (blue << 3 | blue >> 2);
}

/* Runs, noise of few or many colours, pieces of itself and of older pictures. */
static void paint(struct shot *s, const struct shot *old)
{
	uint32_t n = s->w * s->h, i = 0, few = (uint32_t)rng_next(&r) & 0x03030303;

	while (i < n) {
		uint32_t left = n - i, k = 1 + rng_below(&r, left < 40 ? left : 40), from;

		switch (rng_below(&r, 5)) {
		case 0: /* a run */
			for (uint32_t v = (uint32_t)rng_next(&r); k; k--)
				s->words[i++] = v;
			break;
		case 1: /* noise */
			for (; k; k--)
				s->words[i++] = (uint32_t)rng_next(&r);
			break;
		case 2: /* two colours */
			for (; k; k--)
				s->words[i++] = rng_below(&r, 2) ? few : ~few;
			break;
		case 3:
			from = rng_below(&r, i + 1);
			for (; k && from < i; k--)
				s->words[i++] = s->words[from++];
			break;
		default:
			from = old ? rng_below(&r, old->w * old->h) : 0;
			for (k *= 4; k && i < n && old && from < old->w * old->h; k--)
				s->words[i++] = old->words[from++];
		}
	}
}

static void shoot(struct shot *s, const struct shot *old, uint32_t side)
{
	s->type = LZ_RGB16 + rng_below(&r, 4);
	s->w = 1 + rng_below(&r, side);
	s->h = 1 + rng_below(&r, side);
	s->top_down = rng_below(&r, 2);
	if (old && rng_below(&r, 3) == 0) {
		uint32_t at, n;

		*s = *old; /* nearly the same again */
		n = s->w * s->h;
		at = rng_below(&r, n);
		s->words[at] = (uint32_t)rng_next(&r);
	} else {
		paint(s, old);
	}
	for (uint32_t y = 0; y < s->h; y++) {
		for (uint32_t x = 0; x < s->w; x++) {
			uint32_t v = s->words[(s->top_down ? y : s->h - 1 - y) * s->w + x];

			v = s->type == LZ_RGB16 ? widen(v) : s->type == LZ_RGBA ? v : v & 0xffffff;
			put_le32(s->want + 4 * (y * s->w + x), v);
		}
	}
}

/* Encodes from memory with padding, rows in either direction, which is overwritten afterwards. */
static int encode(struct glz_dict *d, const struct shot *s, uint8_t *out, size_t cap, size_t *n)
{
	static const uint8_t sizes[] = {[LZ_RGB16] = 2, [LZ_RGB24] = 3, [LZ_RGB32] = 4, [LZ_RGBA] = 4};
	size_t size = sizes[s->type], stride = size * s->w + rng_below(&r, PAD);
	uint8_t *mem = xcalloc(s->h, stride);
	bool backwards = rng_below(&r, 2);
	int rc;

	for (uint32_t y = 0; y < s->h; y++) {
		uint8_t *row = mem + (backwards ? s->h - 1 - y : y) * stride;

		for (uint32_t x = 0; x < s->w; x++) {
			uint8_t px[4];

			put_le32(px, s->words[y * s->w + x]);
			memcpy(row + size * x, px, size);
		}
	}
	rc = glz_encode(d, s->type, s->w, s->h, backwards ? mem + (s->h - 1) * stride : mem,
		backwards ? -(ptrdiff_t)stride : (ptrdiff_t)stride, s->top_down, out, cap, n);
	memset(mem, 0x5a, stride * s->h);
	free(mem);
	return rc;
}

static void check(struct glz_window *w, const struct shot *s, struct slice in, uint64_t id, struct glz_info *info)
{
	uint8_t *got = xmalloc(4 * (size_t)s->w * s->h);
	const uint32_t *pixels;
	uint64_t missing;

	assert_int_equal(glz_header(in, info), 0);
	assert_int_equal(info->type, s->type);
	assert_int_equal(info->width, s->w);
	assert_int_equal(info->height, s->h);
	assert_int_equal(info->top_down, s->top_down);
	assert_int_equal(info->id, id);
	assert_int_equal(glz_decode(w, in, info, &pixels, &missing), 0);
	glz_pixels(info, pixels, got, 4 * (ptrdiff_t)s->w);
	assert_memory_equal(got, s->want, 4 * (size_t)s->w * s->h);
	free(got);
}

/* What the window of a server has to be: glz.md 3. */
struct model {
	uint64_t capacity, held, oldest, next;
	uint32_t pixels[1 << 12]; /* by id */
};

static uint32_t head_dist(struct model *m, uint32_t n)
{
	while (m->held + n > m->capacity)
		m->held -= m->pixels[m->oldest++ % ARRAY_SIZE(m->pixels)];
	m->pixels[m->next++ % ARRAY_SIZE(m->pixels)] = n;
	m->held += n;
	return (uint32_t)(m->next - 1 - m->oldest);
}

/* `count` pictures to each of two clients whose windows are different. */
static void run_sequence(uint64_t capacity, uint32_t side, unsigned count)
{
	struct glz_dict *d[2] = {glz_dict_new(capacity), glz_dict_new(capacity / 2)};
	uint64_t least = side < 8 ? 32 : 1; /* small pictures count as 32 pixels in a client's window */
	struct glz_window *w[2] = {glz_window_new(least * capacity), glz_window_new(least * capacity / 2)};
	static struct shot shots[HISTORY];
	static struct model m[2];
	size_t cap = glz_bound(LZ_RGBA, side, side), n;
	uint8_t *out = xmalloc(cap);

	for (unsigned i = 0; i < 2; i++)
		m[i] = (struct model){.capacity = capacity >> i};
	for (unsigned i = 0; i < count; i++) {
		struct shot *s = &shots[i % HISTORY];
		struct shot *old = i ? &shots[rng_below(&r, i < HISTORY ? i : HISTORY)] : NULL;

		shoot(s, old == s ? NULL : old, side);
		for (unsigned client = 0; client < 2; client++) {
			uint64_t id = m[client].next;
			struct glz_info info;

			if (s->w * s->h >= m[client].capacity) {
				assert_int_equal(encode(d[client], s, out, cap, &n), E_LIMIT);
				continue;
			}
			n = glz_bound(s->type, s->w, s->h);
			assert_int_equal(encode(d[client], s, out, n - 1, &n), E_LIMIT);
			n = glz_bound(s->type, s->w, s->h);
			assert_int_equal(encode(d[client], s, out, n, &n), 0);
			assert_true(n <= glz_bound(s->type, s->w, s->h));
			check(w[client], s, slice_of(out, n), id, &info);
			assert_int_equal(info.head_dist, head_dist(&m[client], s->w * s->h));
			assert_int_equal(glz_window_next(w[client]), id + 1);
		}
	}
	for (unsigned i = 0; i < 2; i++) {
		glz_dict_free(d[i]);
		glz_window_free(w[i]);
	}
	free(out);
}

static void test_sequences(void **state)
{
	(void)state;
	r.state = 1;
	run_sequence(1 << 20, SIDE, 300);  /* nothing is ever evicted */
	run_sequence(20000, SIDE, 1000);
	run_sequence(4001, SIDE, 1000);    /* some pictures are too large */
	run_sequence(2 * SIDE * SIDE, SIDE, 500);
	run_sequence(2000, 5, 4000);       /* the ring's end within pictures, again and again */
	run_sequence(64, 4, 1000);
}

/* Pictures of 3 pixels: distances of 64, 256, 16384 ids and more. */
static void test_many(void **state)
{
	struct glz_dict *d = glz_dict_new(1 << 18);
	struct glz_window *w = glz_window_new(1 << 22);
	unsigned matched[3] = {0};
	static struct shot s;
	struct glz_info info = {0};
	uint8_t out[256];
	size_t n;

	(void)state;
	r.state = 2;
	s.type = LZ_RGB32;
	s.top_down = true;
	s.h = 1;
	for (uint64_t id = 0; id < 70000; id++) {
		unsigned back = id % 3 == 0 ? 70 : id % 3 == 1 ? 300 : 20000;

		s.w = id % 1000 == 999 ? 30 : 3;
		for (uint32_t x = 0; x < s.w; x++) {
			/* the same colours as `back` ids ago, and no others */
			s.words[x] = (uint32_t)(id % back) * 8 + x % 3;
			put_le32(s.want + 4 * x, s.words[x]);
		}
		assert_int_equal(encode(d, &s, out, sizeof(out), &n), 0);
		matched[id % 3] += n < GLZ_HEADER + 10;
		check(w, &s, slice_of(out, n), id, &info);
	}
	/* every third picture is like one 210, 300, 60000 before */
	assert_true(matched[0] > 20000 && matched[1] > 20000 && matched[2] > 2000);
	assert_true(info.head_dist > 60000 && info.head_dist < 1 << 16);
	glz_dict_free(d);
	glz_window_free(w);
}

enum { ORDERED = 60 };

/* Two channels, whose messages overtake each other. */
static void test_channels(void **state)
{
	static struct shot shots[ORDERED];
	struct slice coded[ORDERED];
	unsigned parks = 0;

	(void)state;
	r.state = 3;
	for (unsigned round = 0; round < 40; round++) {
		struct glz_dict *d = glz_dict_new(6000);
		struct glz_window *w = glz_window_new(6000);
		unsigned channel[ORDERED], done[2] = {0, 0}, all = 0;

		for (unsigned i = 0; i < ORDERED; i++) {
			size_t cap, n;
			uint8_t *out;

			shoot(&shots[i], i ? &shots[rng_below(&r, i)] : NULL, 20);
			cap = glz_bound(shots[i].type, shots[i].w, shots[i].h);
			out = xmalloc(cap);
			assert_int_equal(encode(d, &shots[i], out, cap, &n), 0);
			coded[i] = slice_of(out, n);
			channel[i] = rng_below(&r, 2);
		}
		while (all < ORDERED) {
			unsigned on = rng_below(&r, 2);
			struct glz_info info;
			const uint32_t *pixels;
			uint64_t missing;

			while (done[on] < ORDERED && channel[done[on]] != on)
				done[on]++;
			if (done[on] == ORDERED)
				continue;
			assert_int_equal(glz_header(coded[done[on]], &info), 0);
			if (glz_decode(w, coded[done[on]], &info, &pixels, &missing) == E_AGAIN) {
				assert_true(missing < info.id);
				assert_int_equal(channel[missing], 1 - on);
				assert_true(missing >= done[1 - on]);
				parks++;
				continue;
			}
			{
				const struct shot *s = &shots[done[on]];
				uint8_t got[20 * 20 * 4];

				glz_pixels(&info, pixels, got, 4 * (ptrdiff_t)s->w);
				assert_memory_equal(got, s->want, 4 * (size_t)s->w * s->h);
			}
			done[on]++;
			all++;
		}
		for (unsigned i = 0; i < ORDERED; i++)
			free((void *)coded[i].p);
		glz_dict_free(d);
		glz_window_free(w);
	}
	assert_true(parks > 100);
}

enum { WIDE = 320, TALL = 400, HIGH = 200 };

/* Sends a part of a tall picture of noise, which nothing but an older picture can make small. */
static size_t send_part(struct glz_dict *d, struct glz_window *w, const uint8_t *tall, uint32_t x, uint32_t y,
	uint32_t width, uint32_t height)
{
	size_t cap = glz_bound(LZ_RGB32, width, height), n;
	const uint8_t *src = tall + 4 * ((size_t)y * WIDE + x);
	uint8_t *out = xmalloc(cap);
	const uint32_t *pixels;
	struct glz_info info;
	uint64_t missing;

	assert_int_equal(glz_encode(d, LZ_RGB32, width, height, src, 4 * WIDE, true, out, cap, &n), 0);
	assert_int_equal(glz_header(slice_of(out, n), &info), 0);
	assert_int_equal(glz_decode(w, slice_of(out, n), &info, &pixels, &missing), 0);
	for (uint32_t i = 0; i < width * height; i++)
		assert_int_equal(pixels[i], get_le32(src + 4 * (i / width * WIDE + i % width)) & 0xffffff);
	free(out);
	return n;
}

/* Older pictures are found again: whole, with few changes, scrolled, in parts, over the end of the ring. */
static void test_found(void **state)
{
	enum { WINDOW = 5 * WIDE * HIGH / 2 };
	struct glz_dict *d = glz_dict_new(WINDOW);
	struct glz_window *w = glz_window_new(WINDOW);
	uint8_t *tall = xmalloc(4 * WIDE * TALL);

	(void)state;
	r.state = 5;
	for (size_t i = 0; i < WIDE * TALL; i++)
		put_le32(tall + 4 * i, (uint32_t)rng_next(&r));
	assert_true(send_part(d, w, tall, 0, 0, WIDE, HIGH) > 3 * WIDE * HIGH);
	for (unsigned i = 0; i < 20; i++)
		assert_true(send_part(d, w, tall, 0, 0, WIDE, HIGH) < 400);
	for (unsigned i = 0; i < 20; i++) {
		put_le32(tall + 4 * rng_below(&r, WIDE * HIGH), (uint32_t)rng_next(&r));
		assert_true(send_part(d, w, tall, 0, 0, WIDE, HIGH) < 450);
	}
	/* 10 new rows each time, of a picture of another size */
	for (uint32_t y = 0; y < HIGH; y += 10)
		assert_true(send_part(d, w, tall, 0, y, WIDE, HIGH - 1 - y / 10) < 3 * WIDE * 30);
	/* a part whose rows are shorter: each is a match of its own */
	for (uint32_t x = 0; x < WIDE - 200; x += 9)
		assert_true(send_part(d, w, tall, x, TALL - 125, 200, 80) < 3 * 200 * 80 / 6);
	glz_dict_free(d);
	glz_window_free(w);
	free(tall);
}

static void test_zlib(void **state)
{
	uint8_t in[4000] = {1, 2, 3}, out[4000], back[4000];
	size_t n, m;

	(void)state;
	assert_int_equal(glz_deflate(slice_of(in, sizeof(in)), out, sizeof(out), &n), 0);
	assert_true(n < 100);
	assert_int_equal(glz_inflate(slice_of(out, n), back, sizeof(back)), 0);
	assert_memory_equal(in, back, sizeof(in));
	assert_int_equal(glz_inflate(slice_of(out, n), back, sizeof(back) - 1), E_INVAL);
	assert_int_equal(glz_inflate(slice_of(out, n - 1), back, sizeof(back)), E_INVAL);
	assert_int_equal(glz_inflate(slice_of(out, n + 1), back, sizeof(back)), E_INVAL);
	assert_int_equal(glz_deflate(slice_of(in, sizeof(in)), out, n - 1, &m), E_LIMIT);
	r.state = 4;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)rng_next(&r);
	assert_int_equal(glz_deflate(slice_of(in, sizeof(in)), out, sizeof(out), &n), E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_zlib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
