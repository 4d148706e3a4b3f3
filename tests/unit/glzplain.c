/* GLZ: the decoder against a plain one, which takes the format word for word: the same verdict, the same missing
 * picture, the same pixels, on streams of random operations and on streams that were damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "codec/glz.h"

enum { PICTURES = 12, PIXELS_MAX = 4000, STREAM_MAX = 20000 };

static struct rng r;

/* ---- the plain decoder ---- */

struct plain {
	bool there;
	enum lz_type type;
	uint32_t head_dist;
	size_t n;
	uint32_t pixels[PIXELS_MAX];
};

static struct plain pictures[PICTURES];
static uint64_t next; /* every id below it has been there */

struct reader {
	const uint8_t *p, *end;
	bool over;
};

static unsigned get(struct reader *in)
{
	if (in->p == in->end) {
		in->over = true;
		return 0;
	}
	return *in->p++;
}

/* glz.md 2, one unit at a time. `keep`: the bits of a word that the pass leaves alone. */
static int plain_pass(struct reader *in, const struct glz_info *info, struct plain *to, unsigned literal, unsigned bias,
	uint32_t keep, uint64_t *missing)
{
	size_t pos = 0;

	while (pos < to->n) {
		unsigned c = get(in), f = c >> 5, q, n, t;
		size_t img = 0, pix = c & 15, length;
		const struct plain *from;

		if (c < 32) {
			for (unsigned i = 0; i <= c; i++) {
				uint32_t v = get(in);

				if (literal == 1)
					v <<= 24;
				else if (literal == 2)
					v = v << 8 | get(in);
				else
					v |= get(in) << 8, v |= get(in) << 16;
				if (in->over || pos == to->n)
					return E_INVAL;
				to->pixels[pos] = (to->pixels[pos] & keep) | v;
				pos++;
			}
			continue;
		}
		length = f;
		if (f == 7) {
			do {
				t = get(in);
				length += t;
			} while (t == 255);
		}
		pix += get(in) << 4;
		q = get(in);
		n = q >> 6;
		if (c & 16) {
			pix += (q & 31) << 12;
			for (unsigned i = 0; i < n; i++)
				img += (size_t)get(in) << 8 * i;
			if (q & 32)
				pix += (size_t)get(in) << 17;
		} else {
			img = q & 63;
			for (unsigned i = 0; i < n; i++)
				img += (size_t)get(in) << (6 + 8 * i);
		}
		length += bias;
		if (in->over || length > to->n - pos)
			return E_INVAL;
		if (img == 0) {
			if (pix + 1 > pos)
				return E_INVAL;
			from = to;
			pix = pos - (pix + 1);
		} else {
			if (img > info->head_dist)
				return E_INVAL;
			from = &pictures[info->id - img];
			if (!from->there) {
				*missing = info->id - img;
				return *missing < next ? E_INVAL : E_AGAIN;
			}
			if (from->type != info->type || pix > from->n || length > from->n - pix)
				return E_INVAL;
		}
		for (; length; length--, pos++, pix++)
			to->pixels[pos] = (to->pixels[pos] & keep) | (from->pixels[pix] & ~keep);
	}
	return 0;
}

/* glz.md 3: what the end of the gap-free prefix no longer holds is dropped. */
static void plain_store(const struct plain *picture, uint64_t id)
{
	pictures[id] = *picture;
	pictures[id].there = true;
	for (; next < PICTURES && pictures[next].there; next++)
		for (uint64_t i = 0; i < next - pictures[next].head_dist; i++)
			pictures[i].there = false;
}

static int plain_decode(struct slice s, const struct glz_info *info, struct plain *to, uint64_t *missing)
{
	struct reader in = {s.p + GLZ_HEADER, s.p + s.n, false};
	int rc;

	to->type = info->type;
	to->head_dist = info->head_dist;
	to->n = (size_t)info->width * info->height;
	rc = plain_pass(&in, info, to, info->type == LZ_RGB16 ? 2 : 3, info->type == LZ_RGB16, 0, missing);
	if (!rc && info->type == LZ_RGBA)
		rc = plain_pass(&in, info, to, 1, 2, 0xffffff, missing);
	return !rc && in.p != in.end ? E_INVAL : rc;
}

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

		if (length > left)
			length = left;
		if (img && wild && below(20) == 0) {
			pix = 0;
		} else if (img && pictures[info->id - img].there && pictures[info->id - img].type == info->type) {
			const struct plain *from = &pictures[info->id - img];

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
	static struct plain got;
	struct glz_info info;
	uint64_t missing = 0, plain_missing = 0;
	const uint32_t *pixels;
	uint8_t *exact = xmalloc(s->n);
	int rc, want;

	memcpy(exact, s->b, s->n);
	if (glz_header(slice_of(exact, s->n), &info)) {
		free(exact);
		return E_INVAL;
	}
	want = plain_decode(slice_of(exact, s->n), &info, &got, &plain_missing);
	rc = glz_decode(w, slice_of(exact, s->n), &info, &pixels, &missing);
	free(exact);
	assert_int_equal(rc, want);
	verdicts[rc == 0 ? 0 : rc == E_AGAIN ? 1 : 2]++;
	if (rc == E_AGAIN)
		assert_int_equal(missing, plain_missing);
	if (rc)
		return rc;
	assert_memory_equal(pixels, got.pixels, 4 * got.n);
	plain_store(&got, info.id);
	return 0;
}

static void test_plain(void **state)
{
	static struct stream s, bad;

	(void)state;
	r.state = 1;
	for (unsigned round = 0; round < 400; round++) {
		struct glz_window *w = glz_window_new(1 << 20);

		for (unsigned i = 0; i < PICTURES; i++)
			pictures[i].there = false;
		next = 0;
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
			if (!pictures[i].there && compare(w, &s))
				fail();
		}
		glz_window_free(w);
	}
	assert_true(verdicts[0] > 3500 && verdicts[1] > 100 && verdicts[2] > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
