/* Wire images to pixels: every bitmap format, orientation and stride against a reading of single pixels, palettes and
 * their cache, the image cache and its reference counts. images.md 3 and 9; channels.md "Images". */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/image.h"
#include "codec/jpeg.h"

enum { W = 13, H = 5, STRIDE = 64 };

struct bench {
	struct image_decoder d;
	uint8_t data[STRIDE * H];
	uint32_t ents[256];
	struct palette pal;
	struct image img;
	bool others;
};

static bool others(void *owner)
{
	return ((struct bench *)owner)->others;
}

static struct bench *bench_new(uint8_t format, uint8_t flags)
{
	struct bench *b = new(struct bench);
	struct rng r = {format};

	b->d = (struct image_decoder){.images = image_cache_new(), .others = others, .owner = b};
	for (size_t i = 0; i < sizeof(b->data); i++)
		b->data[i] = (uint8_t)rng_next(&r);
	for (size_t i = 0; i < 256; i++)
		b->ents[i] = (uint32_t)rng_next(&r) & 0xffffff;
	b->pal = (struct palette){7, 256, b->ents};
	b->img = (struct image){.d = {.id = 1, .type = IMAGE_TYPE_BITMAP, .width = W, .height = H},
		.bitmap = {.format = format, .flags = flags, .x = W, .y = H, .stride = STRIDE, .palette = &b->pal,
			.data = {b->data, sizeof(b->data)}}};
	return b;
}

static void bench_free(struct bench *b)
{
	image_cache_free(b->d.images);
	image_decoder_fini(&b->d);
	free(b);
}

static int decode(struct bench *b, struct pixmap **out)
{
	*out = NULL;
	return image_decode(&b->d, &b->img, false, SURFACE_FMT_32_xRGB, out);
}

static int decodes(struct bench *b)
{
	struct pixmap *p;
	int rc = decode(b, &p);

	/* a picture that is refused is nobody's */
	if (rc)
		assert_null(p);
	else
		pixmap_unref(p);
	return rc;
}

/* What a pixel of the bitmap is as a word, read on its own. */
static uint32_t pixel_of(const struct bench *b, unsigned x, unsigned y)
{
	const uint8_t *row = b->data + (b->img.bitmap.flags & BITMAP_FLAGS_TOP_DOWN ? y : H - 1 - y) * STRIDE;

	switch (b->img.bitmap.format) {
	case BITMAP_FMT_1BIT_LE:
		return b->ents[row[x / 8] >> x % 8 & 1];
	case BITMAP_FMT_1BIT_BE:
		return b->ents[row[x / 8] >> (7 - x % 8) & 1];
	case BITMAP_FMT_4BIT_LE:
		return b->ents[row[x / 2] >> x % 2 * 4 & 15];
	case BITMAP_FMT_4BIT_BE:
		return b->ents[row[x / 2] >> (4 - x % 2 * 4) & 15];
	case BITMAP_FMT_8BIT:
		return b->ents[row[x]];
	case BITMAP_FMT_16BIT:
		return get_le16(row + 2 * x);
	case BITMAP_FMT_24BIT:
		return row[3 * x] | (uint32_t)row[3 * x + 1] << 8 | (uint32_t)row[3 * x + 2] << 16;
	case BITMAP_FMT_8BIT_A:
		return row[x];
	default:
		return get_le32(row + 4 * x);
	}
}

static uint32_t got(const struct pixmap *p, unsigned x, unsigned y)
{
	const uint8_t *row = p->data + y * (size_t)p->stride;

	return pixmap_bits(p->format) == 32 ? get_le32(row + 4 * x) : pixmap_bits(p->format) == 16
		? get_le16(row + 2 * x) : row[x];
}

static void every_format(void **state)
{
	(void)state;
	for (uint8_t format = BITMAP_FMT_1BIT_LE; format <= BITMAP_FMT_8BIT_A; format++) {
		for (int top_down = 0; top_down < 2; top_down++) {
			struct bench *b = bench_new(format, top_down ? BITMAP_FLAGS_TOP_DOWN : 0);
			struct pixmap *p;

			assert_int_equal(decode(b, &p), 0);
			for (unsigned y = 0; y < H; y++)
				for (unsigned x = 0; x < W; x++)
					if (got(p, x, y) != pixel_of(b, x, y))
						fail_msg("format %u: %u,%u is %x, not %x", format, x, y, got(p, x, y),
							pixel_of(b, x, y));
			assert_int_equal(p->format == SURFACE_FMT_32_ARGB, format == BITMAP_FMT_RGBA);
			pixmap_unref(p);
			bench_free(b);
		}
	}
}

/* The top byte becomes 255 in pictures without alpha of their own. */
static void high_bits(void **state)
{
	static const uint8_t formats[] = {BITMAP_FMT_24BIT, BITMAP_FMT_32BIT, BITMAP_FMT_RGBA, BITMAP_FMT_8BIT};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct bench *b = bench_new(formats[i], 0);
		struct pixmap *p;

		b->img.d.flags = IMAGE_FLAGS_HIGH_BITS_SET;
		assert_int_equal(decode(b, &p), 0);
		assert_int_equal(got(p, 3, 2), formats[i] == BITMAP_FMT_RGBA ? pixel_of(b, 3, 2)
			: pixel_of(b, 3, 2) | 0xff000000);
		pixmap_unref(p);
		bench_free(b);
	}
}

static void masks(void **state)
{
	(void)state;
	for (uint8_t format = BITMAP_FMT_1BIT_LE; format <= BITMAP_FMT_1BIT_BE; format++) {
		struct bench *b = bench_new(format, BITMAP_FLAGS_TOP_DOWN);
		struct pixmap *p;

		b->img.bitmap.palette = NULL;
		b->ents[1] = 1;
		b->ents[0] = 0;
		assert_int_equal(image_decode(&b->d, &b->img, true, SURFACE_FMT_32_xRGB, &p), 0);
		assert_int_equal(p->format, SURFACE_FMT_1_A);
		for (unsigned y = 0; y < H; y++)
			for (unsigned x = 0; x < W; x++)
				assert_int_equal(p->data[y * (size_t)p->stride + x / 8] >> x % 8 & 1,
					pixel_of(b, x, y));
		pixmap_unref(p);
		b->img.bitmap.format = BITMAP_FMT_8BIT;
		assert_int_equal(image_decode(&b->d, &b->img, true, SURFACE_FMT_32_xRGB, &p), E_INVAL);
		bench_free(b);
	}
}

/* Rows 60, 74, X-27: what a bitmap may not say. */
static void refused(void **state)
{
	struct bench *b = bench_new(BITMAP_FMT_8BIT, 0);
	struct bitmap_data good = b->img.bitmap;

	(void)state;
	b->pal.num_ents = 4; /* an index beyond the table */
	assert_int_equal(decodes(b), E_INVAL);
	b->pal.num_ents = 256;
	assert_int_equal(decodes(b), 0);
	b->img.bitmap.palette = NULL;
	assert_int_equal(decodes(b), E_INVAL);
	b->img.bitmap = good;
	b->img.bitmap.stride = W - 1;
	assert_int_equal(decodes(b), E_INVAL);
	b->img.bitmap = good;
	b->img.bitmap.x = 0;
	assert_int_equal(decodes(b), E_INVAL);
	b->img.bitmap.x = 0xffffffff;
	assert_int_equal(decodes(b), E_INVAL);
	b->img.bitmap = good;
	b->img.bitmap.y = 16385;
	assert_int_equal(decodes(b), E_INVAL);
	b->img = (struct image){.d = {.type = IMAGE_TYPE_LZ4, .width = 8192, .height = 8192},
		.coded = {12, {(const uint8_t *)"\x01\x08\0\0\0\x06" "abcdef", 12}}};
	assert_int_equal(decodes(b), E_INVAL);
	bench_free(b);
}

static void palettes(void **state)
{
	struct bench *b = bench_new(BITMAP_FMT_8BIT, BITMAP_FLAGS_PAL_CACHE_ME);

	(void)state;
	assert_int_equal(decodes(b), 0);
	b->img.bitmap.flags = BITMAP_FLAGS_PAL_FROM_CACHE;
	b->img.bitmap.palette = NULL;
	b->img.bitmap.palette_id = 7;
	assert_int_equal(decodes(b), 0);
	palette_cache_remove(&b->d.palettes, 8); /* another one */
	assert_int_equal(decodes(b), 0);
	palette_cache_remove(&b->d.palettes, 7);
	assert_int_equal(decodes(b), E_INVAL);
	b->img.bitmap.flags = BITMAP_FLAGS_PAL_CACHE_ME;
	b->img.bitmap.palette = &b->pal;
	for (unsigned i = 0; i < PALETTE_SLOTS; i++) {
		b->pal.unique = 100 + i;
		assert_int_equal(decodes(b), 0);
	}
	b->pal.unique = 99;
	assert_int_equal(decodes(b), E_LIMIT);
	b->pal.unique = 0; /* never cached */
	assert_int_equal(decodes(b), 0);
	palette_cache_clear(&b->d.palettes);
	b->pal.unique = 99;
	assert_int_equal(decodes(b), 0);
	bench_free(b);
}

static void cache(void **state)
{
	struct bench *b = bench_new(BITMAP_FMT_32BIT, 0);
	struct image stored = b->img, taken = {.d = {.id = 1, .type = IMAGE_TYPE_FROM_CACHE, .width = W, .height = H}};
	struct pixmap *p;

	(void)state;
	b->img = taken;
	assert_int_equal(decodes(b), E_INVAL); /* nobody else could bring it */
	b->others = true;
	assert_int_equal(decodes(b), E_AGAIN);
	b->img = stored;
	b->img.d.flags = IMAGE_FLAGS_CACHE_ME;
	assert_int_equal(decodes(b), 0);
	assert_int_equal(decodes(b), 0); /* stored twice: two INVALs */
	b->img = taken;
	assert_int_equal(decode(b, &p), 0);
	assert_int_equal(got(p, 2, 0), get_le32(b->data + (H - 1) * STRIDE + 8));
	pixmap_unref(p);
	image_cache_remove(b->d.images, 1);
	assert_int_equal(decodes(b), 0);
	image_cache_remove(b->d.images, 1);
	assert_int_equal(decodes(b), E_AGAIN);
	image_cache_remove(b->d.images, 1); /* once more is harmless */
	b->img = stored;
	b->img.d.flags = IMAGE_FLAGS_CACHE_ME;
	for (b->img.d.id = 1; b->img.d.id <= 500; b->img.d.id++)
		assert_int_equal(decodes(b), 0);
	for (uint64_t id = 1; id <= 500; id += 2)
		image_cache_remove(b->d.images, id);
	b->img = taken;
	for (b->img.d.id = 1; b->img.d.id <= 500; b->img.d.id++)
		assert_int_equal(decodes(b), b->img.d.id & 1 ? E_AGAIN : 0);
	image_cache_clear(b->d.images);
	b->img.d.id = 2;
	assert_int_equal(decodes(b), E_AGAIN);
	bench_free(b);
}

/* A JPEG is lossy: LOSSLESS waits until a CACHE_REPLACE_ME has come, and one INVAL removes what that replaced. */
static void lossless(void **state)
{
	struct bench *b = bench_new(BITMAP_FMT_32BIT, 0);
	struct image stored = b->img, taken = {.d = {.id = 1, .type = IMAGE_TYPE_FROM_CACHE_LOSSLESS}};
	struct buf file = {0};

	(void)state;
	assert_int_equal(jpeg_encode(b->data, W, H, STRIDE, 80, &file), 0);
	b->others = true;
	b->img = (struct image){.d = {1, IMAGE_TYPE_JPEG, IMAGE_FLAGS_CACHE_ME, W, H},
		.coded = {(uint32_t)buf_len(&file), buf_slice(&file)}};
	assert_int_equal(decodes(b), 0);
	b->img.d.flags = IMAGE_FLAGS_CACHE_REPLACE_ME; /* lossy itself */
	assert_int_equal(decodes(b), E_INVAL);
	b->img.d.flags = 0;
	b->img.d.width++;
	assert_int_equal(decodes(b), E_INVAL);
	b->img = taken;
	assert_int_equal(decodes(b), E_AGAIN);
	b->img.d.type = IMAGE_TYPE_FROM_CACHE;
	assert_int_equal(decodes(b), 0);
	b->img = stored;
	b->img.d.flags = IMAGE_FLAGS_CACHE_REPLACE_ME;
	assert_int_equal(decodes(b), 0);
	b->img = taken;
	assert_int_equal(decodes(b), 0);
	image_cache_remove(b->d.images, 1);
	assert_int_equal(decodes(b), E_AGAIN);
	buf_fini(&file);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format), cmocka_unit_test(high_bits), cmocka_unit_test(masks),
		cmocka_unit_test(refused), cmocka_unit_test(palettes), cmocka_unit_test(cache),
		cmocka_unit_test(lossless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
