/* LZ4 images, JPEG and picture files: what is written comes back, what lies is refused before memory is taken for it.
 * images.md 6 and 7; the golden files are run by tests/vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "codec/jpeg.h"
#include "codec/lz4.h"
#include "codec/picture.h"

enum { W = 53, H = 37, PAD = 12 };

/* Smooth in x and y, so that JPEG stays near. */
static void paint(uint8_t *p, size_t stride)
{
	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++)
			put_le32(p + y * stride + 4 * (size_t)x, (x * 4) << 16 | (y * 6) << 8 | (x + y));
}

static void lz4_round_trip(void **state)
{
	static const size_t strides[] = {4 * W, 4 * W + PAD};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(strides); i++) {
		uint8_t *src = xcalloc(H, strides[i]), *back = xmalloc(4 * W * H);
		size_t cap = lz4_image_bound(4 * W * H), n = 0;
		uint8_t *out = xmalloc(cap);
		struct lz4_image img;

		paint(src, strides[i]);
		assert_int_equal(lz4_image_encode(8, src, H, 4 * W, strides[i], out, cap, &n), 0);
		assert_int_equal(lz4_image_header(slice_of(out, n), &img), 0);
		assert_true(img.top_down);
		assert_int_equal(img.format, 8);
		assert_int_equal(lz4_image_decode(&img, back, 4 * W * H), 0);
		for (size_t y = 0; y < H; y++)
			assert_memory_equal(back + y * 4 * W, src + y * strides[i], 4 * W);
		/* a byte more or less than the picture has, and every cut */
		assert_int_equal(lz4_image_decode(&img, back, 4 * W * H - 1), E_INVAL);
		for (size_t k = 0; k < n; k++) {
			uint8_t *cut = xmalloc(k);

			memcpy(cut, out, k);
			if (lz4_image_header(slice_of(cut, k), &img) == 0)
				assert_int_equal(lz4_image_decode(&img, back, 4 * W * H), E_INVAL);
			free(cut);
		}
		assert_int_equal(lz4_image_encode(8, src, H, 4 * W, strides[i], out, 20, &n), E_LIMIT);
		free(src);
		free(back);
		free(out);
	}
}

static void make_jpeg(struct buf *out, uint8_t *src)
{
	paint(src, 4 * W);
	assert_int_equal(jpeg_encode(src, W, H, 4 * W, 95, out), 0);
}

static void jpeg_round_trip(void **state)
{
	uint8_t *src = xmalloc(4 * W * H), *back = xmalloc(4 * W * H);
	struct buf file = {0};
	unsigned w, h, cut_ok = 0;

	(void)state;
	make_jpeg(&file, src);
	assert_int_equal(jpeg_header(buf_slice(&file), &w, &h), 0);
	assert_int_equal(w, W);
	assert_int_equal(h, H);
	assert_int_equal(jpeg_decode(buf_slice(&file), W, H, back, 4 * W), 0);
	for (size_t i = 0; i < 4 * W * H; i++)
		assert_true(i % 4 == 3 ? back[i] == 0 : abs(back[i] - src[i]) < 12);
	assert_int_equal(jpeg_decode(buf_slice(&file), W + 1, H, back, 4 * W), E_INVAL);
	for (size_t k = 0; k < buf_len(&file) - 2; k += 3) { /* cut before the end marker */
		uint8_t *cut = xmalloc(k);

		memcpy(cut, buf_data(&file), k);
		cut_ok += jpeg_decode(slice_of(cut, k), W, H, back, 4 * W) == 0;
		free(cut);
	}
	assert_int_equal(cut_ok, 0);
	buf_fini(&file);
	free(src);
	free(back);
}

/* The place of the SOF segment's contents. */
static uint8_t *frame_of(struct buf *file)
{
	for (size_t i = 2; i + 10 < buf_len(file); i++)
		if (buf_data(file)[i] == 0xff && buf_data(file)[i + 1] == 0xc0)
			return buf_data(file) + i + 4;
	fail_msg("no frame");
	return NULL;
}

static void jpeg_headers_that_lie(void **state)
{
	uint8_t *src = xmalloc(4 * W * H);
	struct buf file = {0};
	unsigned w, h;
	uint8_t *sof;

	(void)state;
	make_jpeg(&file, src);
	sof = frame_of(&file);
	put_be16(sof + 1, 65535);
	put_be16(sof + 3, 65535);
	assert_int_equal(jpeg_header(buf_slice(&file), &w, &h), E_LIMIT);
	put_be16(sof + 1, 8193);
	put_be16(sof + 3, 8192);
	assert_int_equal(jpeg_header(buf_slice(&file), &w, &h), E_LIMIT);
	put_be16(sof + 1, 0);
	assert_int_equal(jpeg_header(buf_slice(&file), &w, &h), E_INVAL);
	put_be16(sof + 1, H);
	put_be16(sof + 3, W);
	sof[5] = 4; /* components */
	assert_int_equal(jpeg_header(buf_slice(&file), &w, &h), E_INVAL);
	sof[5] = 3;
	sof[0] = 12; /* bits */
	assert_int_equal(jpeg_header(buf_slice(&file), &w, &h), E_INVAL);
	sof[0] = 8;
	assert_int_equal(jpeg_header(buf_slice(&file), &w, &h), 0);
	buf_fini(&file);
	free(src);
}

static void pictures_come_back(void **state)
{
	static const char *const names[] = {"a.png", "b.PPM", "c.jpg"};
	size_t stride = 4 * W + PAD;
	uint8_t *src = xcalloc(H, stride);

	(void)state;
	paint(src, stride);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int tolerance = i == 2 ? 12 : 0;
		enum picture_format format;
		struct picture p;
		struct buf file = {0};

		assert_int_equal(picture_format(names[i], &format), 0);
		assert_int_equal(picture_write(format, src, W, H, stride, &file), 0);
		assert_int_equal(picture_read(&p, buf_slice(&file)), 0);
		assert_int_equal(p.width, W);
		assert_int_equal(p.height, H);
		assert_false(p.alpha);
		for (unsigned y = 0; y < H; y++)
			for (unsigned x = 0; x < 4 * W; x++)
				assert_true(x % 4 == 3 ? p.pixels[y * 4 * W + x] == 255
					: abs(p.pixels[y * 4 * W + x] - src[y * stride + x]) <= tolerance);
		picture_fini(&p);
		for (size_t k = 0; k < buf_len(&file) * 3 / 4; k += 7) {
			uint8_t *cut = xmalloc(k);

			memcpy(cut, buf_data(&file), k);
			assert_int_not_equal(picture_read(&p, slice_of(cut, k)), 0);
			assert_null(p.pixels);
			free(cut);
		}
		buf_fini(&file);
	}
	free(src);
}

static void pictures_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{"", E_INVAL}, {"P", E_INVAL}, {"P6\n", E_INVAL}, {"P6 0 1 255 x", E_INVAL},
		{"P6 1 1 65535 xxxxxx", E_INVAL}, {"P6 1 1 255 xx", E_INVAL}, {"P6 99999 99999 255 x", E_LIMIT},
		{"P6 16385 1 255 x", E_LIMIT}, {"P6 8192 8193 255 x", E_LIMIT}, {"P6 1 # c\n1 255 xyz", 0},
		{"P5 1 1 255 x", 0}, {"P3 1 1 255 1 2 3", E_INVAL}, {"\x89PNG\r\n\x1a\n0000", E_INVAL},
	};
	enum picture_format format;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct picture p;

		if (picture_read(&p, slice_str(rows[i].text)) != rows[i].rc)
			fail_msg("row %zu", i);
		picture_fini(&p);
	}
	assert_int_equal(picture_format("screen.gif", &format), E_INVAL);
	assert_int_equal(picture_format("png", &format), E_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lz4_round_trip), cmocka_unit_test(jpeg_round_trip),
		cmocka_unit_test(jpeg_headers_that_lie), cmocka_unit_test(pictures_come_back),
		cmocka_unit_test(pictures_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
