/* GLZ: the client's window under gaps, waiting and limits; pixels out of words. Streams are made by hand here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/glz.h"

/* A stream under construction. */
static struct buf stream;

static void put_byte(unsigned v)
{
	uint8_t b = (uint8_t)v;

	buf_put(&stream, &b, 1);
}

static void begin(enum lz_type type, bool top_down, uint32_t w, uint32_t h, uint64_t id, uint32_t head_dist)
{
	uint8_t head[GLZ_HEADER];

	buf_fini(&stream);
	put_be32(head, 0x20205a4c);
	put_be32(head + 4, 0x00010001);
	head[8] = (uint8_t)(type | top_down << 4);
	put_be32(head + 9, w);
	put_be32(head + 13, h);
	put_be32(head + 17, lz_stride(type, w));
	put_be64(head + 21, id);
	put_be32(head + 29, head_dist);
	buf_put(&stream, head, sizeof(head));
}

/* A match of 1 to 6 pixels of RGB32 with the picture `img` ids before. */
static void put_match(unsigned length, unsigned img, unsigned pix)
{
	put_byte(length << 5 | (pix & 15));
	put_byte(pix >> 4);
	put_byte(img);
}

static const uint32_t *pixels;
static struct glz_info info;
static uint64_t missing;

static int decode(struct glz_window *w)
{
	struct slice in = slice_of(buf_data(&stream), buf_len(&stream));
	uint8_t *exact = xmalloc(in.n);
	int rc;

	memcpy(exact, in.p, in.n);
	rc = glz_header(slice_of(exact, in.n), &info);
	if (!rc)
		rc = glz_decode(w, slice_of(exact, in.n), &info, &pixels, &missing);
	free(exact);
	return rc;
}

/* A row of 10 pixels, all 0x010203 * v. */
static int flat(struct glz_window *w, uint64_t id, uint32_t head_dist, unsigned v)
{
	begin(LZ_RGB32, true, 10, 1, id, head_dist);
	put_byte(0);
	put_byte(3 * v);
	put_byte(2 * v);
	put_byte(v);
	put_match(6, 0, 0);
	put_match(3, 0, 0);
	return decode(w);
}

/* A row of 10 pixels out of the picture `img` ids before. */
static int like(struct glz_window *w, uint64_t id, uint32_t head_dist, unsigned img)
{
	begin(LZ_RGB32, true, 10, 1, id, head_dist);
	put_match(5, img, 0);
	put_match(5, img, 5);
	return decode(w);
}

static void test_pixels(void **state)
{
	static const uint8_t rgba[2 * 2 * 4] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct glz_window *w = glz_window_new(1000);
	uint8_t rows[2][12];

	(void)state;
	begin(LZ_RGB16, true, 2, 1, 0, 0);
	buf_put(&stream, "\1\x7c\x1f\x82\x10", 5);
	assert_int_equal(decode(w), 0);
	memset(rows, 0xee, sizeof(rows));
	glz_pixels(&info, pixels, rows[0], sizeof(rows[0]));
	assert_memory_equal(rows[0], "\xff\0\xff\0\x84\x84\0\0\xee\xee\xee\xee", 12);

	begin(LZ_RGBA, false, 2, 2, 1, 1);
	put_byte(3);
	for (unsigned i = 0; i < 4; i++)
		buf_put(&stream, rgba + 4 * i, 3);
	put_byte(3);
	for (unsigned i = 0; i < 4; i++)
		buf_put(&stream, rgba + 4 * i + 3, 1);
	assert_int_equal(decode(w), 0);
	glz_pixels(&info, pixels, rows[0], sizeof(rows[0]));
	assert_memory_equal(rows[1], rgba, 8);
	assert_memory_equal(rows[0], rgba + 8, 8);
	glz_window_free(w);
}

static void test_waits(void **state)
{
	struct glz_window *w = glz_window_new(1000);

	(void)state;
	assert_int_equal(like(w, 2, 2, 2), E_AGAIN);
	assert_int_equal(missing, 0);
	assert_false(glz_window_has(w, 0));
	assert_int_equal(flat(w, 1, 1, 7), 0);
	assert_int_equal(like(w, 2, 2, 2), E_AGAIN);
	assert_int_equal(flat(w, 0, 0, 9), 0);
	assert_true(glz_window_has(w, 0));
	assert_int_equal(glz_window_next(w), 2);
	assert_int_equal(like(w, 2, 2, 2), 0);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(pixels[i], 9 * 0x010203);
	assert_int_equal(glz_window_next(w), 3);
	assert_int_equal(flat(w, 1, 1, 7), E_INVAL);   /* twice */
	assert_int_equal(like(w, 3, 2, 3), E_INVAL);   /* outside of what the header announces */
	assert_int_equal(flat(w, 3, 4, 1), E_INVAL);   /* a head before the first */
	glz_window_free(w);
}

/* While a gap lasts nothing is dropped; the head of the gap-free prefix then decides. */
static void test_release(void **state)
{
	struct glz_window *w = glz_window_new(1000);

	(void)state;
	assert_int_equal(flat(w, 0, 0, 5), 0);
	assert_int_equal(flat(w, 2, 0, 6), 0);
	assert_int_equal(flat(w, 3, 1, 7), 0);
	assert_int_equal(like(w, 1, 1, 1), 0); /* 0 is still there; now all below 2 may go */
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(pixels[i], 5 * 0x010203);
	assert_int_equal(glz_window_next(w), 4);
	assert_int_equal(like(w, 4, 4, 4), E_INVAL);
	assert_int_equal(like(w, 4, 4, 3), E_INVAL);
	assert_int_equal(flat(w, 1, 1, 7), E_INVAL); /* an id that was dropped */
	assert_int_equal(like(w, 4, 2, 2), 0);
	assert_int_equal(pixels[9], 6 * 0x010203);
	glz_window_free(w);
}

static void test_limits(void **state)
{
	struct glz_window *w = glz_window_new(1000);
	unsigned n = 0;
	int rc;

	(void)state;
	/* 0 never comes: 2000 pixels are kept, each picture counting 32 at least */
	while ((rc = flat(w, n + 1, n + 1, 1)) == 0)
		n++;
	assert_int_equal(rc, E_LIMIT);
	assert_int_equal(n, 2000 / 32);
	assert_int_equal(flat(w, 0, 0, 1), E_LIMIT);
	glz_window_free(w);

	w = glz_window_new(9);
	assert_int_equal(flat(w, 0, 0, 1), E_LIMIT);
	glz_window_free(w);
	/* without a gap the window never fills, however many pictures come */
	w = glz_window_new(1000);
	for (uint64_t id = 0; id < 3000; id++)
		assert_int_equal(flat(w, id, id < 20 ? (uint32_t)id : 20, (unsigned)id & 63), 0);
	glz_window_free(w);
}

/* Ids that jump, as after a migration. */
static void test_far_ids(void **state)
{
	struct glz_window *w = glz_window_new(100000);

	(void)state;
	for (uint64_t i = 0; i < 500; i++)
		assert_int_equal(flat(w, (1ull << 63) + (i << 32), 0, (unsigned)i & 63), 0);
	for (uint64_t i = 0; i < 500; i++)
		assert_true(glz_window_has(w, (1ull << 63) + (i << 32)));
	assert_false(glz_window_has(w, 1ull << 62));
	assert_int_equal(like(w, (1ull << 63) + (7ull << 32) + 3, 3, 3), 0);
	assert_int_equal(pixels[4], 7 * 0x010203);
	glz_window_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pixels),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_far_ids),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	buf_fini(&stream);
	return rc;
}
