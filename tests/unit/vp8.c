/* VP8 streams: what was coded comes back as it looked, frames build on those before them, and what is broken is
 * refused. Planes and pixels: within a rounding of the formulas of BT.601 and BT.709. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "codec/vp8.h"
#include "codec/yuv.h"

enum { W = 96, H = 64, PIXELS = W * H };

/* Soft colours that wander with the number of the frame. */
static void paint(uint8_t *p, unsigned w, unsigned h, unsigned frame)
{
	for (unsigned y = 0; y < h; y++)
		for (unsigned x = 0; x < w; x++, p += 4) {
			p[0] = (uint8_t)(100 + 60 * sin((x + 3 * frame) / 20.0));
			p[1] = (uint8_t)(120 + 60 * sin((y + 2 * frame) / 17.0));
			p[2] = (uint8_t)(90 + 60 * sin((x + y + frame) / 25.0));
			p[3] = 0;
		}
}

/* The mean of the differences of two pictures' bytes. */
static double difference(const uint8_t *a, const uint8_t *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += abs(a[i] - b[i]);
	return sum / (double)n;
}

/* A film of frames, kept until `ended`. */
enum { FRAMES = 12 };
static struct {
	struct buf frames[FRAMES];
	uint8_t *pictures[FRAMES];
} film;

static void code(unsigned w, unsigned h, unsigned kbps)
{
	struct vp8_encoder *e = vp8_encoder_new(w, h);

	assert_non_null(e);
	for (unsigned i = 0; i < FRAMES; i++) {
		film.pictures[i] = xmalloc(4 * (size_t)w * h);
		paint(film.pictures[i], w, h, i);
		assert_int_equal(vp8_encode(e, film.pictures[i], 4 * (size_t)w, kbps, UINT32_MAX - 200 + 40 * i,
			&film.frames[i]), 0);
	}
	vp8_encoder_free(e);
}

static int ended(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FRAMES; i++) {
		buf_fini(&film.frames[i]);
		free(film.pictures[i]);
		film.pictures[i] = NULL;
	}
	return 0;
}

static int decode(struct vp8_decoder *d, struct slice in, uint8_t *dst, bool bottom_up)
{
	unsigned w, h;
	int rc = vp8_frame_size(d, in, &w, &h);

	if (rc)
		return rc;
	assert_int_equal(w, W);
	assert_int_equal(h, H);
	return vp8_frame_decode(d, in, w, h, dst, 4 * W, bottom_up);
}

static void comes_back(void **state)
{
	struct vp8_decoder *d = vp8_decoder_new();
	uint8_t *out = xmalloc(4 * PIXELS);

	(void)state;
	code(W, H, 1000);
	for (unsigned i = 0; i < FRAMES; i++) {
		assert_int_equal(decode(d, buf_slice(&film.frames[i]), out, false), 0);
		assert_true(difference(film.pictures[i], out, 4 * PIXELS) < 4);
	}
	assert_true(buf_len(&film.frames[5]) < buf_len(&film.frames[0]));
	vp8_decoder_free(d);
	free(out);
}

static void any_size(void **state)
{
	static const unsigned sizes[][2] = {{1, 1}, {2, 1}, {1, 17}, {15, 33}, {161, 97}, {64, 580}, {641, 577}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned w = sizes[i][0], h = sizes[i][1], gotw, goth;
		struct vp8_decoder *d = vp8_decoder_new();
		uint8_t *out = xmalloc(4 * (size_t)w * h);

		code(w, h, 4000);
		for (unsigned k = 0; k < FRAMES; k++) {
			struct slice in = buf_slice(&film.frames[k]);

			assert_int_equal(vp8_frame_size(d, in, &gotw, &goth), 0);
			assert_int_equal(gotw, w);
			assert_int_equal(goth, h);
			assert_int_equal(vp8_frame_decode(d, in, w, h, out, 4 * (size_t)w, false), 0);
			assert_true(difference(film.pictures[k], out, 4 * (size_t)w * h) < 10);
		}
		vp8_decoder_free(d);
		free(out);
		ended(NULL);
	}
	assert_null(vp8_encoder_new(0, 8));
	assert_null(vp8_encoder_new(VP8_SIDE + 1, 8));
}

static void upside_down_and_unseen(void **state)
{
	struct vp8_decoder *all = vp8_decoder_new(), *last = vp8_decoder_new();
	uint8_t *a = xmalloc(4 * PIXELS), *b = xmalloc(4 * PIXELS);

	(void)state;
	code(W, H, 1000);
	for (unsigned i = 0; i < FRAMES; i++) {
		bool end = i == FRAMES - 1;

		assert_int_equal(decode(all, buf_slice(&film.frames[i]), a, false), 0);
		assert_int_equal(decode(last, buf_slice(&film.frames[i]), end ? b : NULL, end), 0);
	}
	for (size_t y = 0; y < H; y++)
		assert_memory_equal(a + 4 * W * y, b + 4 * W * (H - 1 - y), 4 * W);
	vp8_decoder_free(all);
	vp8_decoder_free(last);
	free(a);
	free(b);
}

static size_t bytes_at(unsigned kbps)
{
	struct vp8_encoder *e = vp8_encoder_new(320, 240);
	uint8_t *p = xmalloc(4 * 320 * 240);
	struct rng r = {7};
	size_t n = 0;

	for (unsigned i = 0; i < 50; i++) {
		struct buf out = {0};

		paint(p, 320, 240, 8 * i);
		for (unsigned k = 0; k < 4 * 320 * 240; k++)
			p[k] = (uint8_t)(p[k] + rng_below(&r, 24));
		assert_int_equal(vp8_encode(e, p, 4 * 320, kbps, 40 * i, &out), 0);
		n += i < 25 ? 0 : buf_len(&out); /* of the second second */
		buf_fini(&out);
	}
	vp8_encoder_free(e);
	free(p);
	return n;
}

static void the_rate_is_kept(void **state)
{
	size_t low = bytes_at(400), high = bytes_at(1600);

	(void)state;
	assert_in_range(low, 25000, 75000);    /* of 50000 */
	assert_in_range(high, 100000, 300000); /* of 200000 */
}

/* ---- hostile ---- */

static void heads(void **state)
{
	static const uint8_t large[1024] = {0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f};
	struct vp8_decoder *d = vp8_decoder_new();
	uint8_t head[12] = {0x10, 0, 0, 0x9d, 1, 0x2a, 8, 0, 8, 0};
	unsigned w, h;

	(void)state;
	assert_int_equal(vp8_frame_size(d, slice_of(head, 0), &w, &h), E_INVAL);
	for (size_t n = 1; n < 10; n++)
		assert_int_equal(vp8_frame_size(d, slice_of(head, n), &w, &h), E_INVAL);
	assert_int_equal(vp8_frame_size(d, slice_of(head, 10), &w, &h), 0);
	assert_int_equal(w, 8);
	assert_int_equal(h, 8);
	head[0] |= 3 << 5; /* a first part of three bytes, of which two are there */
	assert_int_equal(vp8_frame_size(d, slice_of(head, 12), &w, &h), E_INVAL);
	head[0] = 0x10;
	head[6] = 0;
	assert_int_equal(vp8_frame_size(d, slice_of(head, 12), &w, &h), E_INVAL);
	head[6] = 8;
	head[4] = 2;
	assert_int_equal(vp8_frame_size(d, slice_of(head, 12), &w, &h), E_INVAL);
	head[4] = 1;
	head[0] |= 1; /* no key frame, and nothing was before it */
	assert_int_equal(vp8_frame_size(d, slice_of(head, 12), &w, &h), E_INVAL);
	assert_int_equal(vp8_frame_size(d, slice_of(large, sizeof(large)), &w, &h), E_LIMIT);
	vp8_decoder_free(d);
}

static void frames_that_are_none(void **state)
{
	struct vp8_decoder *d = vp8_decoder_new();
	uint8_t *out = xmalloc(4 * PIXELS);
	struct rng r = {3};
	unsigned w, h;

	(void)state;
	code(W, H, 1000);
	for (unsigned i = 0; i < 400; i++) {
		const struct buf *b = &film.frames[rng_below(&r, FRAMES)];
		size_t n = buf_len(b), keep = rng_below(&r, 3) ? n : rng_below(&r, (uint32_t)n);
		uint8_t *bad = xmalloc(keep + 1);

		memcpy(bad, buf_data(b), keep);
		for (unsigned k = rng_below(&r, 4); k && keep; k--)
			bad[rng_below(&r, (uint32_t)keep)] ^= (uint8_t)(1 + rng_below(&r, 255));
		if (vp8_frame_size(d, slice_of(bad, keep), &w, &h) == 0 && w * h <= PIXELS)
			vp8_frame_decode(d, slice_of(bad, keep), w, h, out, 4 * (size_t)w, false);
		free(bad);
	}
	for (unsigned i = 0; i < FRAMES; i++) /* a key frame mends it */
		assert_int_equal(decode(d, buf_slice(&film.frames[i]), out, false), 0);
	assert_true(difference(film.pictures[FRAMES - 1], out, 4 * PIXELS) < 4);
	assert_int_equal(vp8_frame_decode(d, buf_slice(&film.frames[0]), W, H + 1, out, 4 * W, false), E_INVAL);
	vp8_decoder_free(d);
	free(out);
}

/* ---- planes ---- */

static void expect_yuv(const uint8_t bgr[3], bool large, double yuv[3])
{
	double kr = large ? 0.2126 : 0.299, kb = large ? 0.0722 : 0.114;
	double r = bgr[2] / 255.0, g = bgr[1] / 255.0, b = bgr[0] / 255.0, y = kr * r + (1 - kr - kb) * g + kb * b;

	yuv[0] = 16 + 219 * y;
	yuv[1] = 128 + 224 * (b - y) / (2 - 2 * kb);
	yuv[2] = 128 + 224 * (r - y) / (2 - 2 * kr);
}

static void planes_by_the_formulas(void **state)
{
	enum { N = 40 };
	uint8_t rows[2][4 * N], back[2][4 * N], y[2][N], u[N / 2], v[N / 2];
	struct yuv_planes planes = {y[0], u, v, N, N / 2};
	struct rng r = {2};

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		enum yuv_matrix m = round % 2 ? YUV_709 : YUV_601;
		double yuv[3];

		for (unsigned x = 0; x < N; x += 2) { /* four pixels of one colour share their chroma exactly */
			uint32_t colour = (uint32_t)rng_next(&r) & 0xffffff;

			for (unsigned k = 0; k < 4; k++)
				put_le32(&rows[k / 2][4 * (x + k % 2)], colour);
		}
		yuv_from_bgrx(&planes, rows[0], sizeof(rows[0]), N, 2, m);
		yuv_to_bgrx(&planes, back[0], sizeof(back[0]), N, 2, m, false);
		for (unsigned x = 0; x < N; x++) {
			expect_yuv(&rows[0][4 * x], m == YUV_709, yuv);
			assert_true(fabs(y[0][x] - yuv[0]) < 1.5 && y[0][x] == y[1][x]);
			assert_true(fabs(u[x / 2] - yuv[1]) < 1.5);
			assert_true(fabs(v[x / 2] - yuv[2]) < 1.5);
			for (unsigned k = 0; k < 3; k++)
				assert_in_range(back[0][4 * x + k] - rows[0][4 * x + k] + 4, 0, 8);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, ended)
	const struct CMUnitTest tests[] = {
		TEST(comes_back),
		TEST(any_size),
		TEST(upside_down_and_unseen),
		TEST(the_rate_is_kept),
		TEST(heads),
		TEST(frames_that_are_none),
		TEST(planes_by_the_formulas),
	};

	return cmocka_run_group_tests_name("vp8", tests, NULL, NULL);
}
