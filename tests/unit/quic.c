/* QUIC's sets of kernels against the plain coder: the same stream for every picture, the same pixels and the same
 * judgement for every stream, whole, cut or bent. The golden files are run by tests/vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "codec/quic-model.h"
#include "tests/tools/quic-plain.h"

static const struct quic_kernels *sets[2];
static unsigned sets_n;

/* Rows with the first one at `top`; `memory` is what malloc gave, at its exact size. */
struct rows {
	enum quic_type type;
	uint32_t width, height;
	size_t row, size;
	ptrdiff_t stride;
	uint8_t *memory, *top;
};

static void rows_make(struct rows *r, enum quic_type type, uint32_t width, uint32_t height, size_t pad, bool up)
{
	size_t stride;

	r->type = type;
	r->width = width;
	r->height = height;
	r->row = (size_t)width * quic_pixel_bytes(type);
	stride = r->row + pad;
	r->size = stride * (height - 1) + r->row;
	r->memory = xmalloc(r->size);
	memset(r->memory, 0xa5, r->size);
	r->top = up ? r->memory + stride * (height - 1) : r->memory;
	r->stride = up ? -(ptrdiff_t)stride : (ptrdiff_t)stride;
}

static uint8_t *row_at(const struct rows *r, uint32_t y)
{
	return r->top + (ptrdiff_t)y * r->stride;
}

/* What a picture is like: how often a pixel repeats its left or upper neighbour, by how much it else differs. */
struct kind {
	unsigned left, up, step;
};

static const struct kind kinds[] = {{0, 0, 256}, {0, 0, 4}, {100, 0, 256}, {90, 8, 40}, {60, 38, 3}, {20, 20, 12},
	{97, 3, 256}, {30, 65, 256}, {0, 0, 1}, {50, 50, 256}};

static void paint(struct rows *r, struct rng *rng, const struct kind *k)
{
	unsigned bytes = quic_pixel_bytes(r->type);

	for (uint32_t y = 0; y < r->height; y++) {
		uint8_t *row = row_at(r, y);

		for (uint32_t x = 0; x < r->width; x++) {
			uint8_t *p = row + (size_t)x * bytes;
			unsigned how = rng_below(rng, 100);

			for (unsigned b = 0; b < bytes; b++) {
				uint8_t left = x ? (p - bytes)[b] : 7;
				uint8_t up = y ? row_at(r, y - 1)[(size_t)x * bytes + b] : 3;

				/* every fourth repetition leaves one byte out */
				if (how < k->left && !(how % 4 == 3 && b == how / 4 % 4))
					p[b] = left;
				else if (how >= k->left && how < k->left + k->up)
					p[b] = up;
				else
					p[b] = (uint8_t)((left + up) / 2 + rng_below(rng, k->step) - k->step / 2);
			}
		}
	}
}

/* What a decoder gives back for a pixel. */
static void clean(struct rows *r)
{
	for (uint32_t y = 0; y < r->height; y++) {
		for (uint32_t x = 0; x < r->width; x++) {
			if (r->type == QUIC_RGB16)
				row_at(r, y)[2 * (size_t)x + 1] &= 0x7f;
			else if (r->type == QUIC_RGB32)
				row_at(r, y)[4 * (size_t)x + 3] = 0;
		}
	}
}

static void assert_rows_equal(const struct rows *a, const struct rows *b)
{
	for (uint32_t y = 0; y < a->height; y++)
		assert_memory_equal(row_at(a, y), row_at(b, y), a->row);
}

/* ---- what the parts do ---- */

/* Encodes with a set: the stream must be `want`, fit exactly, and not fit in a byte less. */
static void check_encoder(const struct quic_kernels *k, const struct rows *r, struct slice want)
{
	uint8_t *exact = xmalloc(want.n), *scratch = xmalloc(quic_scratch_size(r->width));
	size_t n = 0;

	assert_int_equal(quic_encode_by(k, r->type, r->width, r->height, r->top, r->stride, exact, want.n, &n, scratch),
		0);
	assert_int_equal(n, want.n);
	assert_memory_equal(exact, want.p, n);
	free(exact);
	exact = xmalloc(want.n - 1);
	assert_int_equal(quic_encode_by(k, r->type, r->width, r->height, r->top, r->stride, exact, want.n - 1, &n,
		scratch), E_LIMIT);
	free(exact);
	free(scratch);
}

/* Decodes with a set and plainly: the same result, and when it is good the same pixels. */
static int check_decoder(const struct quic_kernels *k, struct slice in, bool wide, size_t pad, bool up)
{
	struct rows a, b;
	struct quic_info info;
	uint8_t *exact = xmalloc(in.n), *scratch;
	enum quic_type as;
	int rc;

	memcpy(exact, in.p, in.n);
	in.p = exact;
	assert_int_equal(quic_header(in, &info), 0);
	as = wide && (info.type == QUIC_RGB16 || info.type == QUIC_RGB24) ? QUIC_RGB32 : info.type;
	rows_make(&a, as, info.width, info.height, pad, up);
	rows_make(&b, as, info.width, info.height, pad, up);
	scratch = xmalloc(quic_scratch_size(info.width) + 1);
	rc = quic_decode_by(k, in, &info, wide, a.top, a.stride, scratch + 1); /* nobody aligns it */
	assert_int_equal(plain_quic_decode(in, &info, wide, b.top, b.stride), rc);
	if (rc == 0)
		assert_memory_equal(a.memory, b.memory, a.size); /* the padding is untouched, too */
	free(a.memory);
	free(b.memory);
	free(scratch);
	free(exact);
	return rc;
}

static struct slice encode(const struct rows *r)
{
	size_t cap = quic_bound(r->type, r->width, r->height), n = 0;
	uint8_t *out = xmalloc(cap);

	assert_int_equal(plain_quic_encode(r->type, r->width, r->height, r->top, r->stride, out, cap, &n), 0);
	return slice_of(out, n);
}

/* There and back with every set. */
static void check_picture(struct rows *r, size_t pad, bool up)
{
	struct slice stream = encode(r);
	struct quic_info info;
	struct rows back;

	for (unsigned i = 0; i < sets_n; i++) {
		check_encoder(sets[i], r, stream);
		assert_int_equal(check_decoder(sets[i], stream, false, pad, up), 0);
		assert_int_equal(check_decoder(sets[i], stream, true, pad, up), 0);
	}
	clean(r);
	rows_make(&back, r->type, r->width, r->height, 0, false);
	assert_int_equal(quic_header(stream, &info), 0);
	assert_int_equal(plain_quic_decode(stream, &info, false, back.top, back.stride), 0);
	assert_rows_equal(&back, r);
	free(back.memory);
	free((void *)stream.p);
}

/* ---- tests ---- */

static void small_pictures(void **state)
{
	struct rng rng = {11};

	(void)state;
	for (unsigned width = 1; width <= 70; width++) {
		for (unsigned type = QUIC_GRAY; type <= QUIC_RGBA; type++) {
			const struct kind *k = &kinds[rng_below(&rng, ARRAY_SIZE(kinds))];
			size_t pad = rng_below(&rng, 2) ? 0 : 1 + rng_below(&rng, 9);
			bool up = rng_below(&rng, 2);
			struct rows r;

			rows_make(&r, type, width, 1 + rng_below(&rng, 70), pad, up);
			paint(&r, &rng, k);
			check_picture(&r, pad, up);
			free(r.memory);
		}
	}
}

/* All levels of the schedule, and every kind of picture. */
static void all_levels(void **state)
{
	struct rng rng = {12};

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (unsigned type = QUIC_GRAY; type <= QUIC_RGBA; type++) {
			struct rows r;

			rows_make(&r, type, 150 + rng_below(&rng, 150), 110, k % 3, false);
			paint(&r, &rng, &kinds[k]);
			check_picture(&r, k % 3, false);
			free(r.memory);
		}
	}
}

/* Long runs: they end with the segment, and their codes grow. */
static void long_rows(void **state)
{
	struct rng rng = {13};

	(void)state;
	for (unsigned type = QUIC_GRAY; type <= QUIC_RGBA; type++) {
		struct rows r;

		rows_make(&r, type, 70000 + rng_below(&rng, 100), 3, 0, false);
		memset(r.memory, 0x55, r.size);
		r.memory[r.size / 2] ^= 3;
		check_picture(&r, 0, false);
		free(r.memory);
	}
}

/* Every cut of a stream, and many bent ones: never out of bounds, and judged as the plain decoder does. */
static void bad_streams(void **state)
{
	struct rng rng = {14};
	unsigned refused = 0, bent = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct slice stream;
		struct rows r;
		uint8_t *copy;

		rows_make(&r, 1 + i % 5, 1 + rng_below(&rng, 60), 1 + rng_below(&rng, 12), 0, false);
		paint(&r, &rng, &kinds[rng_below(&rng, ARRAY_SIZE(kinds))]);
		stream = encode(&r);
		for (size_t n = 24; n < stream.n; n += 1 + stream.n / 50) {
			struct quic_info info;

			if (quic_header(slice_of(stream.p, n), &info))
				continue;
			for (unsigned k = 0; k < sets_n; k++)
				refused += check_decoder(sets[k], slice_of(stream.p, n), false, 0, false) != 0;
		}
		copy = xmalloc(stream.n);
		for (unsigned j = 0; j < 60 && stream.n > 24; j++, bent++) {
			memcpy(copy, stream.p, stream.n);
			for (unsigned flips = 1 + rng_below(&rng, 4); flips; flips--)
				copy[20 + rng_below(&rng, (uint32_t)stream.n - 20)] ^=
					(uint8_t)(1u << rng_below(&rng, 8));
			for (unsigned k = 0; k < sets_n; k++)
				check_decoder(sets[k], slice_of(copy, stream.n), j & 1, 0, false);
		}
		free(copy);
		free((void *)stream.p);
		free(r.memory);
	}
	assert_true(refused > 100);
	assert_true(bent > 1000);
}

/* Zeros and ones without end, which look like codes for as long as one reads. */
static void endless_streams(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		uint8_t stream[64];

		memset(stream, i & 1 ? 0xff : 0, sizeof(stream));
		put_le32(stream, QUIC_MAGIC);
		put_le32(stream + 4, 0);
		put_le32(stream + 8, 1 + i / 4);
		put_le32(stream + 12, i & 2 ? 60000 : 40);
		put_le32(stream + 16, 3);
		for (unsigned k = 0; k < sets_n; k++)
			assert_int_equal(check_decoder(sets[k], slice_of(stream, sizeof(stream)), false, 0, false),
				E_INVAL);
	}
}

static void headers(void **state)
{
	static const struct {
		uint32_t word[5];
		int rc;
	} rows[] = {
		{{QUIC_MAGIC, 0, 4, 3, 2}, 0}, {{QUIC_MAGIC, 0, 1, 1, 32}, 0}, {{QUIC_MAGIC, 0, 1, 1, 33}, E_INVAL},
		{{QUIC_MAGIC + 1, 0, 4, 3, 2}, E_INVAL}, {{QUIC_MAGIC, 1, 4, 3, 2}, E_INVAL},
		{{QUIC_MAGIC, 0, 0, 3, 2}, E_INVAL}, {{QUIC_MAGIC, 0, 6, 3, 2}, E_INVAL},
		{{QUIC_MAGIC, 0, 4, 0, 2}, E_INVAL}, {{QUIC_MAGIC, 0, 4, 3, 0}, E_INVAL},
		{{QUIC_MAGIC, 0, 4, 1 << 24, 2}, 0}, {{QUIC_MAGIC, 0, 4, (1 << 24) + 1, 2}, E_INVAL},
		{{QUIC_MAGIC, 0, 4, 1 << 24, 32}, 0}, {{QUIC_MAGIC, 0, 4, 0x80000000, 2}, E_INVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t in[24] = {0};
		struct quic_info info;

		for (int k = 0; k < 5; k++)
			put_le32(in + 4 * k, rows[i].word[k]);
		if (quic_header(slice_of(in, sizeof(in)), &info) != rows[i].rc)
			fail_msg("row %zu", i);
		assert_int_equal(quic_header(slice_of(in, 19), &info), E_INVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_pictures), cmocka_unit_test(all_levels), cmocka_unit_test(long_rows),
		cmocka_unit_test(bad_streams), cmocka_unit_test(endless_streams), cmocka_unit_test(headers),
	};

	sets[sets_n++] = quic_kernels(CPU_C);
	if (quic_kernels(cpu_level()) != sets[0])
		sets[sets_n++] = quic_kernels(cpu_level());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
