/* GLZ: the decoder against a plain one, which takes the format word for word: the same verdict, the same missing
 * picture, the same pixels, on streams of random operations and on streams that were damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tests/unit/plain-glz.h"

enum { PICTURES = 12, STREAM_MAX = 20000 };

static struct rng r;
static struct plain_window plain;

/* ---- streams ---- */

struct stream {
	size_t n;
	uint8_t b[STREAM_MAX];
};

static void put(struct stream *s, unsigned v)
{
	if (s->n < STREAM_MAX)
		s->b[s->n++] = (uint8_t)v;
}

static uint32_t below(uint32_t n)
{
	return rng_below(&r, n);
}

static void put_match(struct stream *s, size_t length, size_t img, size_t pix, unsigned bias)
{
	size_t f = length - bias;
	bool far = pix >= 4096 || below(3) == 0;
	unsigned n = below(4);

	while (n < 3 && img >> (8 * n + (far ? 0 : 6)))
		n++;
	put(s, (unsigned)(f < 7 ? f : 7) << 5 | (unsigned)far << 4 | (pix & 15));
	if (f >= 7) {
		for (f -= 7; f >= 255; f -= 255)
			put(s, 255);
		put(s, (unsigned)f);
	}
	put(s, (unsigned)(pix >> 4) & 255);
	put(s, n << 6 | (far ? (pix >> 12 & 31) | (pix >> 17 ? 32 : 0) : img & 63));
	for (unsigned i = 0; i < n; i++)
		put(s, (unsigned)(img >> (8 * i + (far ? 0 : 6))) & 255);
	if (far && pix >> 17)
		put(s, (unsigned)(pix >> 17));
}

/* Random operations that decode, as far as what they refer to is there. */
static bool wild; /* to whatever, now and then */

static void put_pass(struct stream *s, const struct glz_info *info, unsigned literal, unsigned bias)
{
	size_t units = (size_t)info->width * info->height, pos = 0;

	while (pos < units) {
		size_t length = 1 + below(below(4) ? 8 : 600), left = units - pos, pix;
		size_t img = below(info->head_dist + 1);
		const struct plain_picture *from = plain_find(&plain, info->id - img);

		if (length > left)
			length = left;
		if (img && wild && below(20) == 0) {
			pix = 0;
		} else if (img && from && from->there && from->type == info->type) {
			pix = below((uint32_t)from->n);
			if (length > from->n - pix)
				length = from->n - pix;
		} else {
			img = 0;
			pix = pos ? below(below(2) ? 5 : (uint32_t)pos) % pos : 0;
		}
		if (below(3) == 0 || length <= bias || (!img && !pos)) {
			if (length > 32)
				length = 32;
			put(s, (unsigned)length - 1);
			for (size_t i = 0; i < length * literal; i++)
				put(s, below(256));
		} else {
			put_match(s, length, img, pix, bias);
		}
		pos += length;
	}
}

static void make(struct stream *s, uint64_t id)
{
	struct glz_info info = {LZ_RGB16 + below(4), 1 + below(60), 1 + below(60), below(2), id, (uint32_t)id};

	s->n = GLZ_HEADER;
	put_be32(s->b, 0x20205a4c);
	put_be32(s->b + 4, 0x00010001);
	s->b[8] = (uint8_t)(info.type | (unsigned)info.top_down << 4);
	put_be32(s->b + 9, info.width);
	put_be32(s->b + 13, info.height);
	put_be32(s->b + 17, lz_stride(info.type, info.width));
	put_be64(s->b + 21, info.id);
	put_be32(s->b + 29, info.head_dist);
	put_pass(s, &info, info.type == LZ_RGB16 ? 2 : 3, info.type == LZ_RGB16);
	if (info.type == LZ_RGBA)
		put_pass(s, &info, 1, 2);
	assert_true(s->n < STREAM_MAX);
}

static void damage(struct stream *s)
{
	switch (below(4)) {
	case 0:
		for (unsigned i = below(4) + 1; i; i--)
			s->b[GLZ_HEADER + below((uint32_t)s->n - GLZ_HEADER)] = (uint8_t)below(256);
		break;
	case 1:
		s->n -= below((uint32_t)s->n - GLZ_HEADER);
		break;
	case 2:
		put(s, below(256));
		break;
	default:
		put_be32(s->b + 29, below(4));
	}
}

/* ---- the comparison ---- */

static unsigned verdicts[3];

static int compare(struct glz_window *w, const struct stream *s)
{
	struct glz_info info;
	uint64_t missing = 0, plain_missing = 0;
	const uint32_t *pixels, *want;
	uint8_t *exact = xmalloc(s->n);
	int rc;

	memcpy(exact, s->b, s->n);
	rc = glz_header(slice_of(exact, s->n), &info);
	if (rc) {
		free(exact);
		return rc;
	}
	rc = glz_decode(w, slice_of(exact, s->n), &info, &pixels, &missing);
	assert_int_equal(rc, plain_decode(&plain, slice_of(exact, s->n), &info, &want, &plain_missing));
	free(exact);
	verdicts[rc == 0 ? 0 : rc == E_AGAIN ? 1 : 2]++;
	if (rc == E_AGAIN)
		assert_int_equal(missing, plain_missing);
	if (rc == 0)
		assert_memory_equal(pixels, want, 4 * (size_t)info.width * info.height);
	return rc;
}

static void test_plain(void **state)
{
	static struct stream s, bad;

	(void)state;
	r.state = 1;
	for (unsigned round = 0; round < 400; round++) {
		struct glz_window *w = glz_window_new(1 << 20);

		for (unsigned i = 0; i < PICTURES; i++) {
			if (below(8) == 0)
				continue; /* it never comes */
			make(&s, i);
			for (unsigned k = 0; k < 5; k++) {
				wild = below(5) == 0;
				bad = s;
				if (wild)
					make(&bad, i);
				else
					damage(&bad);
				wild = false;
				if (compare(w, &bad) == 0)
					break;
			}
			if (!plain_find(&plain, i) && compare(w, &s))
				fail();
		}
		plain_fini(&plain);
		glz_window_free(w);
	}
	assert_true(verdicts[0] > 3500 && verdicts[1] > 100 && verdicts[2] > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
