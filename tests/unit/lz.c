/* LZ: what is encoded comes back, from the plain decoder and from the fast one; both say the same of valid, cut and
 * altered streams; no byte outside of what was given is read or written (every buffer is exact, for sanitizers). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tests/unit/plain-lz.h"

enum { HEADER = 28, GUARD = 64 };

/* A copy that ends where its memory does. */
static uint8_t *exact(const uint8_t *p, size_t n)
{
	uint8_t *out = xmalloc(n);

	memcpy(out, p, n);
	return out;
}

static size_t bytes_of(const struct lz_info *info)
{
	return (size_t)lz_stride(info->type, info->width) * info->height;
}

/* ---- pictures ---- */

enum look { FLAT, RUNS, TEXT, ROWS, SMOOTH, FEW, NOISE, MIXED, LOOKS };

static uint32_t pixel(enum look look, struct rng *r, uint32_t x, uint32_t y, uint32_t *run)
{
	switch (look) {
	case FLAT:
		return 0x80c0d0e0;
	case RUNS:
		if (rng_below(r, 7) == 0)
			*run = (uint32_t)rng_next(r);
		return *run;
	case TEXT:
		return (x * 7 + y / 9 * 5) % 11 < 3 && (y % 9) < 6 && rng_below(r, 3) ? 0xff000000 : 0xffffffff;
	case ROWS:
		return (x * x * 0x010203 + x * 77) ^ (rng_below(r, 400) == 0 ? 1 : 0);
	case SMOOTH:
		return (x * 3 / 2) << 16 | (y * 2) << 8 | ((x + y) & 255);
	case FEW:
		return rng_below(r, 4) * 0x10305070;
	default:
		return (uint32_t)rng_next(r);
	}
}

/* Pixels of any type are bytes of these; MIXED changes its look along the way. */
static uint8_t *paint(const struct lz_info *info, enum look look, uint64_t seed)
{
	size_t n = bytes_of(info), row = lz_stride(info->type, info->width), unit = n / info->height / info->width;
	uint8_t *out = xmalloc(n);
	struct rng r = {seed};
	uint32_t run = 0;

	if (!unit)
		unit = 1;
	for (size_t i = 0; i < n; i += unit) {
		enum look now = look == MIXED ? (enum look)(i / unit / 97 * 5 % MIXED) : look;
		uint8_t v[4];

		put_le32(v, pixel(now, &r, (uint32_t)(i % row / unit), (uint32_t)(i / row), &run));
		memcpy(out + i, v, unit);
	}
	return out;
}

/* What comes back of src: RGB32 has no fourth byte, RGB16 no bit 15, the alpha pass nothing but the fourth byte. */
static void as_decoded(const struct lz_info *info, uint8_t *src)
{
	size_t n = bytes_of(info);

	for (size_t i = 0; i < n; i++) {
		if (info->type == LZ_RGB32 && i % 4 == 3)
			src[i] = 0;
		if (info->type == LZ_RGB16 && i % 2 == 1)
			src[i] &= 0x7f;
		if (info->type == LZ_ALPHA && i % 4 != 3)
			src[i] = 0x5a;
	}
}

/* ---- both decoders ---- */

/* What both say of a stream; they must agree, and where it is 0 on the pixels, which are left in *pixels. */
static int decode(struct slice in, const struct lz_info *info, bool wide, uint8_t **pixels)
{
	size_t n = wide ? 4 * (size_t)info->width * info->height : bytes_of(info);
	uint8_t *copy = exact(in.p, in.n), *fast = xmalloc(n), *plain = xmalloc(n);
	int rc;

	memset(fast, 0x5a, n);
	memset(plain, 0x5a, n);
	rc = lz_decode(slice_of(copy, in.n), info, wide, fast);
	assert_int_equal(plain_lz_decode(in, info, wide, plain), rc);
	if (rc == 0)
		assert_memory_equal(fast, plain, n);
	free(copy);
	free(plain);
	if (pixels)
		*pixels = fast;
	else
		free(fast);
	return rc;
}

static size_t encode(const struct lz_info *info, const uint8_t *src, uint8_t **out)
{
	size_t cap = lz_bound(info->type, info->width, info->height), n = 0;
	uint8_t *room = xmalloc(cap), *scratch = xmalloc(LZ_SCRATCH);

	memset(scratch, 0xee, LZ_SCRATCH);
	assert_int_equal(lz_encode(info, src, room, cap, &n, scratch), 0);
	assert_true(n > HEADER && n <= cap);
	*out = exact(room, n);
	free(room);
	free(scratch);
	return n;
}

static void round_trip(const struct lz_info *info, enum look look, uint64_t seed)
{
	uint8_t *src = paint(info, look, seed), *coded, *back;
	size_t n = encode(info, src, &coded);
	struct lz_info read;

	assert_int_equal(lz_header(slice_of(coded, n), &read), 0);
	assert_int_equal(read.type, info->type);
	assert_int_equal(read.width, info->width);
	assert_int_equal(read.height, info->height);
	assert_int_equal(read.top_down, info->top_down);
	assert_int_equal(decode(slice_of(coded, n), &read, false, &back), 0);
	as_decoded(info, src);
	assert_memory_equal(back, src, bytes_of(info));
	free(back);
	if (info->type == LZ_RGB24) {
		assert_int_equal(decode(slice_of(coded, n), &read, true, &back), 0);
		for (size_t i = 0; i < (size_t)info->width * info->height; i++)
			assert_int_equal(get_le32(back + 4 * i),
				src[3 * i] | src[3 * i + 1] << 8 | src[3 * i + 2] << 16);
		free(back);
	}
	free(coded);
	free(src);
}

static void pictures_come_back(void **state)
{
	static const struct {
		uint32_t width, height;
	} sizes[] = {{1, 1}, {2, 1}, {1, 3}, {3, 2}, {5, 1}, {7, 5}, {1, 40}, {16, 4}, {17, 3}, {64, 64}, {101, 37},
		{333, 90}};

	(void)state;
	for (unsigned type = LZ_PLT1_LE; type <= LZ_A8; type++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
			for (unsigned look = 0; look < LOOKS; look++) {
				struct lz_info info = {.type = type, .width = sizes[i].width, .height = sizes[i].height,
					.top_down = (i + look) & 1};

				round_trip(&info, look, 1000 * type + 10 * i + look);
			}
}

/* Matches farther than the format can say, and rows longer than that. */
static void long_pictures_come_back(void **state)
{
	static const struct {
		uint32_t width, height;
	} sizes[] = {{70000, 3}, {73727, 2}, {73728, 2}, {80000, 2}, {500, 400}, {8191, 3}, {8192, 3}};

	(void)state;
	for (unsigned type = LZ_PLT8; type <= LZ_A8; type++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
			for (unsigned look = RUNS; look < LOOKS; look += 2) {
				struct lz_info info = {.type = type, .width = sizes[i].width,
					.height = sizes[i].height};

				round_trip(&info, look, 77 * type + i);
			}
}

/* The row above is found at any width: of rows that are all alike only the first one costs. */
static void rows_alike_cost_one(void **state)
{
	(void)state;
	for (uint32_t width = 60; width < 9000; width = width * 3 / 2 + 1) {
		struct lz_info info = {.type = LZ_RGB32, .width = width, .height = 20};
		uint8_t *src = xmalloc(bytes_of(&info)), *coded;
		struct rng r = {width};

		for (size_t i = 0; i < bytes_of(&info); i++)
			src[i] = i < 4 * width ? (uint8_t)rng_next(&r) : src[i - 4 * width];
		assert_true(encode(&info, src, &coded) < HEADER + 3 * width + width / 31 + 20 * width / 255 + 32);
		free(coded);
		free(src);
	}
}

static void every_lower_cap_is_a_limit(void **state)
{
	(void)state;
	for (unsigned type = LZ_PLT8; type <= LZ_A8; type++)
		for (unsigned look = RUNS; look < LOOKS; look += 3) {
			struct lz_info info = {.type = type, .width = 41, .height = 11};
			uint8_t *src = paint(&info, look, type), *coded, *scratch = xmalloc(LZ_SCRATCH);
			size_t n = encode(&info, src, &coded), got = 0;

			for (size_t cap = 0; cap <= n; cap++) {
				uint8_t *out = xmalloc(cap + GUARD);

				memset(out, 0xa5, cap + GUARD);
				assert_int_equal(lz_encode(&info, src, out, cap, &got, scratch),
					cap < n ? E_LIMIT : 0);
				for (size_t i = cap; i < cap + GUARD; i++)
					assert_int_equal(out[i], 0xa5);
				if (cap == n)
					assert_memory_equal(out, coded, n);
				free(out);
			}
			assert_int_equal(got, n);
			free(coded);
			free(scratch);
			free(src);
		}
}

/* ---- streams that no encoder of ours makes ---- */

static void put_operation(struct rng *r, uint8_t **p, size_t pos, size_t left, size_t *units, unsigned literal,
	unsigned bias)
{
	size_t most = left < 700 ? left : 700, length = 1 + rng_below(r, (uint32_t)(rng_below(r, 4) ? 20 : most));
	size_t code, offset;

	length = length > left ? left : length;
	if (!pos || length <= bias || rng_below(r, 3) == 0) {
		length = length > 32 ? 32 : length;
		*(*p)++ = (uint8_t)(length - 1);
		for (size_t i = 0; i < length * literal; i++)
			*(*p)++ = (uint8_t)rng_next(r);
		*units = length;
		return;
	}
	offset = rng_below(r, (uint32_t)(rng_below(r, 3) ? (pos < 20 ? pos : 20) : pos < 73727 ? pos : 73727));
	code = length - bias;
	*(*p)++ = (uint8_t)((code < 7 ? code : 7) << 5 | (offset < 8191 ? offset >> 8 : 31));
	if (code >= 7) {
		for (code -= 7; code >= 255; code -= 255)
			*(*p)++ = 255;
		*(*p)++ = (uint8_t)code;
	}
	*(*p)++ = (uint8_t)(offset < 8191 ? offset : 255);
	if (offset >= 8191) {
		put_be16(*p, (uint16_t)(offset - 8191));
		*p += 2;
	}
	*units = length;
}

static struct slice random_stream(struct rng *r, const struct lz_info *info)
{
	size_t pixels = (size_t)info->width * info->height;
	size_t units = info->type == LZ_PLT8 || info->type == LZ_A8 ? bytes_of(info) : pixels;
	uint8_t *out = xcalloc(1, HEADER + 8 * units + 64), *p = out + HEADER;

	for (unsigned pass = info->type == LZ_ALPHA; pass < 2; pass++) {
		bool bytes = pass == 1 || info->type == LZ_PLT8 || info->type == LZ_A8;
		unsigned literal = bytes ? 1 : info->type == LZ_RGB16 ? 2 : 3;
		unsigned bias = 3 - literal;
		size_t n;

		for (size_t pos = 0; pos < units; pos += n)
			put_operation(r, &p, pos, units - pos, &n, literal, bias);
		if (info->type != LZ_RGBA)
			break;
	}
	return slice_of(out, (size_t)(p - out));
}

static void any_stream_decodes_alike(void **state)
{
	static const struct {
		uint32_t width, height, times;
	} sizes[] = {{1, 1, 5}, {9, 3, 60}, {40, 7, 60}, {64, 64, 20}, {300, 300, 2}};
	struct rng r = {42};

	(void)state;
	for (unsigned type = LZ_PLT8; type <= LZ_A8; type++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
			for (unsigned k = 0; k < sizes[i].times; k++) {
				struct lz_info info = {.type = type, .width = sizes[i].width,
					.height = sizes[i].height};
				struct slice s = random_stream(&r, &info);

				info.stride = lz_stride(type, info.width);
				assert_int_equal(decode(s, &info, type == LZ_RGB24 && (k & 1), NULL), 0);
				free((void *)(uintptr_t)s.p);
			}
}

static void cuts_and_flips_are_refused_alike(void **state)
{
	struct rng r = {7};

	(void)state;
	for (unsigned type = LZ_PLT8; type <= LZ_A8; type++)
		for (unsigned k = 0; k < 6; k++) {
			struct lz_info info = {.type = type, .width = 40, .height = 3 + 9 * (k & 1)};
			struct slice s = random_stream(&r, &info);
			uint8_t *altered = exact(s.p, s.n);
			unsigned refused = 0;

			info.stride = lz_stride(type, info.width);
			for (size_t n = HEADER; n < s.n; n++)
				assert_int_equal(decode(slice_of(s.p, n), &info, false, NULL), E_INVAL);
			for (size_t i = HEADER; i < s.n; i++) {
				uint8_t was = altered[i];

				altered[i] = (uint8_t)(was ^ 1u << rng_below(&r, 8));
				refused += decode(slice_of(altered, s.n), &info, false, NULL) != 0;
				altered[i] = was;
			}
			assert_true(refused > 0 && refused < s.n);
			free(altered);
			free((void *)(uintptr_t)s.p);
		}
}

/* ---- headers ---- */

static void headers(void **state)
{
	static const struct {
		unsigned at;
		uint32_t value;
		int rc;
	} rows[] = {
		{0, 0x20205a4c, 0}, {0, 0x5a4c2020, E_INVAL}, {4, 0x00010000, E_INVAL}, {8, 0, E_INVAL},
		{8, 12, E_INVAL}, {8, LZ_ALPHA, 0}, {8, LZ_RGB24, E_INVAL}, {12, 0, E_INVAL}, {12, 9, E_INVAL},
		{16, 0, E_INVAL}, {16, 0x01000001, E_INVAL}, {16, 1 << 24, 0}, {16, 1 << 23, 0}, {20, 0, E_INVAL},
		{20, 41, E_INVAL}, {24, 0, 0}, {24, 7, 0},
	};
	struct lz_info info = {.type = LZ_RGB32, .width = 10, .height = 4, .top_down = true};
	uint8_t *src = paint(&info, RUNS, 1), *coded, header[HEADER];

	(void)state;
	encode(&info, src, &coded);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memcpy(header, coded, HEADER);
		put_be32(header + rows[i].at, rows[i].value);
		assert_int_equal(lz_header(slice_of(header, HEADER), &info), rows[i].rc);
	}
	for (size_t n = 0; n < HEADER; n++)
		assert_int_equal(lz_header(slice_of(coded, n), &info), E_INVAL);
	/* 40 bytes a row: 2^30 - 1 bytes are 26843545 rows, more than a side may have; wider rows meet the limit */
	memcpy(header, coded, HEADER);
	put_be32(header + 12, 1 << 20);
	put_be32(header + 20, 4 << 20);
	put_be32(header + 16, 255);
	assert_int_equal(lz_header(slice_of(header, HEADER), &info), 0);
	put_be32(header + 16, 256);
	assert_int_equal(lz_header(slice_of(header, HEADER), &info), E_INVAL);
	free(coded);
	free(src);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_come_back),
		cmocka_unit_test(long_pictures_come_back),
		cmocka_unit_test(rows_alike_cost_one),
		cmocka_unit_test(every_lower_cap_is_a_limit),
		cmocka_unit_test(any_stream_decodes_alike),
		cmocka_unit_test(cuts_and_flips_are_refused_alike),
		cmocka_unit_test(headers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
