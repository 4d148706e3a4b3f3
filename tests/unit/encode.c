/* Between wire and codecs, both bridges: what server/encode.c makes of a picture, client/image.c gives back, for every
 * format, compression and kind of client, whole pictures and parts. And the choice: what is smooth, what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "client/image.h"
#include "server/choose.h"
#include "server/encode.h"

enum { SIDE_MAX = 90, WINDOW = 1 << 20 };

struct bench {
	struct encode_rules rules;
	struct image_decoder d;
};

static void bench_init(struct bench *b, uint8_t compress)
{
	*b = (struct bench){
		.rules = {.compress = compress, .lz4 = true, .glz = glz_dict_new(WINDOW), .glz_pixels = WINDOW},
		.d = {.images = image_cache_new(), .glz = glz_window_new(WINDOW)}};
}

static void bench_fini(struct bench *b)
{
	image_cache_free(b->d.images);
	glz_window_free(b->d.glz);
	image_decoder_fini(&b->d);
	glz_dict_free(b->rules.glz);
}

enum kind { FLAT, SMOOTH, NOISE, TEXT, KINDS };

/* Bits that the format does not use are 0, as codecs leave them. */
static struct pixmap *picture(uint32_t format, enum kind kind, unsigned w, unsigned h, struct rng *r)
{
	struct pixmap *p = pixmap_new(format, w, h);
	uint32_t used = format == SURFACE_FMT_32_ARGB ? 0xffffffff : format == SURFACE_FMT_16_555 ? 0x7fff : 0xffffff;

	for (unsigned y = 0; y < h; y++) {
		for (unsigned x = 0; x < w; x++) {
			uint32_t v = kind == FLAT ? 0x80204060
				: kind == SMOOTH ? 0xffu << 24 | (x * 2 + y) % 256 << 16 | y * 2 % 256 << 8 |
					(x + y) % 256
				: kind == NOISE ? (uint32_t)rng_next(r)
				: x / 2 * 5 % 7 == y / 3 % 4 ? 0xff000000 : 0xffffffff;
			uint8_t *at = p->data + (size_t)y * (size_t)p->stride;
			uint32_t grey = (x + y) % 32 * 0x421;

			if (pixmap_bits(format) == 32)
				put_le32(at + 4 * (size_t)x, v & used);
			else if (pixmap_bits(format) == 16)
				put_le16(at + 2 * (size_t)x, (uint16_t)(kind == SMOOTH ? grey : v & used));
			else
				at[x] = (uint8_t)v;
		}
	}
	return p;
}

static uint32_t pixel(const struct pixmap *p, unsigned x, unsigned y)
{
	const uint8_t *at = p->data + (size_t)y * (size_t)p->stride;

	return pixmap_bits(p->format) == 32 ? get_le32(at + 4 * (size_t)x)
		: pixmap_bits(p->format) == 16 ? get_le16(at + 2 * (size_t)x) : at[x];
}

static uint32_t widened(uint32_t v)
{
	uint32_t r = v >> 10 & 31, g = v >> 5 & 31, b = v & 31;

	return (r << 3 | r >> 2) << 16 | (g << 3 | g >> 2) << 8 | b << 3 | b >> 2;
}

static unsigned distance(uint32_t a, uint32_t b)
{
	unsigned most = 0;

	for (unsigned shift = 0; shift < 32; shift += 8) {
		int d = (int)(a >> shift & 255) - (int)(b >> shift & 255);

		most = (unsigned)abs(d) > most ? (unsigned)abs(d) : most;
	}
	return most;
}

/* Encodes the rectangle, decodes it and compares. Returns the type that it went as. */
static uint8_t there_and_back(struct bench *b, struct pixmap *p, unsigned x, unsigned y, unsigned w, unsigned h,
	bool lossy, unsigned tolerance)
{
	struct image img = {.d = {.id = 1}};
	struct pixmap *back = NULL;
	bool fresh;
	struct coding *c = encode_choose(&b->rules, p, x, y, w, h, lossy, NULL, &fresh);
	uint8_t type;

	assert_true(fresh);
	encode_run(c);
	encode_image(c, &img);
	type = img.d.type;
	assert_int_equal(image_decode(&b->d, &img, false, p->format, &back), 0);
	image_decoder_done(&b->d, false);
	assert_int_equal(back->width, w);
	assert_int_equal(back->height, h);
	for (unsigned py = 0; py < h; py++) {
		for (unsigned px = 0; px < w; px++) {
			uint32_t want = pixel(p, x + px, y + py), got = pixel(back, px, py);

			if (p->format == SURFACE_FMT_16_555 && pixmap_bits(back->format) == 32)
				want = widened(want); /* GLZ */
			assert_true(distance(want, got) <= tolerance);
			if (p->format == SURFACE_FMT_32_ARGB)
				assert_int_equal(want >> 24, got >> 24);
		}
	}
	pixmap_unref(back);
	encode_unref(c);
	return type;
}

static const uint32_t formats[] = {SURFACE_FMT_32_xRGB, SURFACE_FMT_32_ARGB, SURFACE_FMT_16_555, SURFACE_FMT_8_A};

static void lossless(void **state)
{
	struct rng r = {3};

	(void)state;
	for (uint8_t compress = IMAGE_COMPRESSION_INVALID; wire_enum_word("image_compression", compress); compress++) {
		struct bench b;

		bench_init(&b, compress);
		for (unsigned i = 0; i < 400; i++) {
			unsigned w = 1 + rng_below(&r, SIDE_MAX), h = 1 + rng_below(&r, SIDE_MAX);
			unsigned x = rng_below(&r, w), y = rng_below(&r, h);
			struct pixmap *p = picture(formats[i % 4], (enum kind)rng_below(&r, KINDS), w, h, &r);

			b.rules.zlib = i & 1;
			b.rules.lz4 = !(i & 2);
			b.rules.plain = compress != IMAGE_COMPRESSION_GLZ && i % 16 > 12;
			there_and_back(&b, p, 0, 0, w, h, true, 0);
			there_and_back(&b, p, x, y, 1 + rng_below(&r, w - x), 1 + rng_below(&r, h - y), true, 0);
			pixmap_unref(p);
		}
		bench_fini(&b);
	}
}

/* What a picture of this kind goes as, alone in its dictionary. */
static uint8_t goes_as(uint8_t compress, uint32_t format, enum kind kind, unsigned w, unsigned h,
	void (*change)(struct encode_rules *r))
{
	struct rng r = {9};
	struct pixmap *p = picture(format, kind, w, h, &r);
	struct bench b;
	uint8_t type;

	bench_init(&b, compress);
	if (change)
		change(&b.rules);
	type = there_and_back(&b, p, 0, 0, w, h, b.rules.jpeg, b.rules.jpeg ? 12 : 0);
	bench_fini(&b);
	pixmap_unref(p);
	return type;
}

static void no_lz4(struct encode_rules *r)
{
	r->lz4 = false;
}

static void small_window(struct encode_rules *r)
{
	r->glz_pixels = 64;
}

static void html5(struct encode_rules *r)
{
	glz_dict_free(r->glz);
	r->glz = NULL;
	r->glz_pixels = 0;
	r->lz4 = false;
	r->plain = true;
}

static void local(struct encode_rules *r)
{
	r->raw = true;
}

static void jpeg(struct encode_rules *r)
{
	r->jpeg = true;
}

static void zlib(struct encode_rules *r)
{
	r->zlib = true;
}

static void forms(void **state)
{
	enum { RGB = SURFACE_FMT_32_xRGB, ARGB = SURFACE_FMT_32_ARGB, R555 = SURFACE_FMT_16_555, A8 = SURFACE_FMT_8_A };
	enum { AUTO = IMAGE_COMPRESSION_INVALID };
	static const struct {
		uint8_t compress;
		uint32_t format;
		enum kind kind;
		unsigned w, h;
		void (*change)(struct encode_rules *r);
		uint8_t type;
	} rows[] = {
		{AUTO, RGB, SMOOTH, 80, 80, NULL, IMAGE_TYPE_QUIC},
		{AUTO, RGB, TEXT, 80, 80, NULL, IMAGE_TYPE_GLZ_RGB},
		{AUTO, RGB, TEXT, 80, 80, zlib, IMAGE_TYPE_ZLIB_GLZ_RGB},
		{AUTO, RGB, TEXT, 80, 80, small_window, IMAGE_TYPE_LZ_RGB},
		{AUTO, RGB, TEXT, 80, 80, html5, IMAGE_TYPE_LZ_RGB},
		{AUTO, RGB, SMOOTH, 80, 80, html5, IMAGE_TYPE_QUIC},
		{AUTO, ARGB, SMOOTH, 80, 80, html5, IMAGE_TYPE_LZ_RGB},
		{AUTO, R555, TEXT, 80, 80, html5, IMAGE_TYPE_BITMAP},
		{AUTO, RGB, SMOOTH, 80, 80, local, IMAGE_TYPE_BITMAP},
		{AUTO, RGB, SMOOTH, 80, 80, jpeg, IMAGE_TYPE_JPEG},
		{AUTO, ARGB, SMOOTH, 80, 80, jpeg, IMAGE_TYPE_JPEG_ALPHA},
		{AUTO, RGB, TEXT, 80, 80, jpeg, IMAGE_TYPE_GLZ_RGB},
		{AUTO, R555, SMOOTH, 80, 80, jpeg, IMAGE_TYPE_QUIC},
		{AUTO, A8, TEXT, 80, 80, NULL, IMAGE_TYPE_LZ_RGB},
		{AUTO, RGB, TEXT, 3, 3, NULL, IMAGE_TYPE_BITMAP},
		{IMAGE_COMPRESSION_OFF, RGB, SMOOTH, 80, 80, jpeg, IMAGE_TYPE_BITMAP},
		{IMAGE_COMPRESSION_QUIC, RGB, TEXT, 80, 80, local, IMAGE_TYPE_QUIC},
		{IMAGE_COMPRESSION_QUIC, RGB, TEXT, 80, 2, NULL, IMAGE_TYPE_BITMAP},
		{IMAGE_COMPRESSION_QUIC, A8, TEXT, 80, 80, NULL, IMAGE_TYPE_LZ_RGB},
		{IMAGE_COMPRESSION_QUIC, ARGB, NOISE, 80, 80, NULL, IMAGE_TYPE_BITMAP}, /* it would be larger */
		{IMAGE_COMPRESSION_LZ, ARGB, NOISE, 80, 80, NULL, IMAGE_TYPE_BITMAP},
		{IMAGE_COMPRESSION_LZ, RGB, TEXT, 80, 80, NULL, IMAGE_TYPE_LZ_RGB},
		{IMAGE_COMPRESSION_LZ4, RGB, TEXT, 80, 80, NULL, IMAGE_TYPE_LZ4},
		{IMAGE_COMPRESSION_LZ4, RGB, TEXT, 80, 80, no_lz4, IMAGE_TYPE_LZ_RGB},
		{IMAGE_COMPRESSION_GLZ, ARGB, NOISE, 80, 80, NULL, IMAGE_TYPE_GLZ_RGB}, /* must be sent */
		{IMAGE_COMPRESSION_GLZ, R555, TEXT, 80, 80, NULL, IMAGE_TYPE_GLZ_RGB},
		{IMAGE_COMPRESSION_AUTO_LZ, RGB, TEXT, 80, 80, NULL, IMAGE_TYPE_LZ_RGB},
		{IMAGE_COMPRESSION_AUTO_LZ, RGB, SMOOTH, 80, 80, NULL, IMAGE_TYPE_QUIC},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t type = goes_as(rows[i].compress, rows[i].format, rows[i].kind, rows[i].w, rows[i].h,
			rows[i].change);

		if (type != rows[i].type)
			fail_msg("row %zu goes as %u, not as %u", i, type, rows[i].type);
	}
}

/* Clients that take the same form of the same pixels share one coding; GLZ is never shared. */
static void sharing(void **state)
{
	struct rng r = {2};
	struct pixmap *p = picture(SURFACE_FMT_32_xRGB, TEXT, 60, 50, &r);
	struct coding *a, *same, *part, *other, *own;
	struct list shared;
	struct bench b;
	bool fresh;

	(void)state;
	list_init(&shared);
	bench_init(&b, IMAGE_COMPRESSION_LZ);
	a = encode_choose(&b.rules, p, 0, 0, 60, 50, false, &shared, &fresh);
	assert_true(fresh);
	same = encode_choose(&b.rules, p, 0, 0, 60, 50, true, &shared, &fresh);
	assert_ptr_equal(same, a);
	assert_false(fresh);
	part = encode_choose(&b.rules, p, 0, 0, 60, 49, false, &shared, &fresh);
	assert_true(fresh && part != a);
	b.rules.compress = IMAGE_COMPRESSION_LZ4;
	other = encode_choose(&b.rules, p, 0, 0, 60, 50, false, &shared, &fresh);
	assert_true(fresh && other != a);
	b.rules.compress = IMAGE_COMPRESSION_INVALID;
	own = encode_choose(&b.rules, p, 0, 0, 60, 50, false, &shared, &fresh);
	assert_int_equal(own->wish, IMAGE_TYPE_GLZ_RGB);
	encode_unref(own);
	own = encode_choose(&b.rules, p, 0, 0, 60, 50, false, &shared, &fresh);
	assert_true(fresh);
	encode_unref(own);
	b.rules.many = true; /* then automatic is LZ, and that is there */
	same = encode_choose(&b.rules, p, 0, 0, 60, 50, false, &shared, &fresh);
	assert_ptr_equal(same, a);
	encode_unref(same);
	encode_unref(same);
	encode_unref(a);
	encode_unref(part);
	encode_drop(&shared);
	assert_true(list_empty(&shared));
	assert_int_equal(other->refs, 1); /* whoever uses it has it still */
	encode_unref(other);
	bench_fini(&b);
	pixmap_unref(p);
}

static void choice(void **state)
{
	struct rng r = {4};

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		unsigned w = 40 + rng_below(&r, 300), h = 40 + rng_below(&r, 300);

		for (enum kind kind = FLAT; kind < KINDS; kind++) {
			struct pixmap *p = picture(SURFACE_FMT_32_xRGB, kind, w, h, &r);

			if (kind != NOISE) /* which nothing makes smaller */
				assert_int_equal(choose_smooth(p, 0, 0, w, h), kind == SMOOTH);
			choose_smooth(p, w / 2, h / 2, w - w / 2, h - h / 2);
			choose_smooth(p, w - 3, h - 3, 3, 3);
			assert_false(choose_smooth(p, 0, 0, 2, h));
			assert_false(choose_smooth(p, 0, 0, w, 2));
			pixmap_unref(p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lossless),
		cmocka_unit_test(forms),
		cmocka_unit_test(sharing),
		cmocka_unit_test(choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
