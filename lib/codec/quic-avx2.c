/* The kernels of QUIC for AVX2: a row's symbols by vectors, the codes of 8 pixels at a time, and the model's smallest
 * counter by one instruction. */
#include "codec/quic-model.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define QUIC_TARGET __attribute__((target(CPU_TARGET_AVX2)))
#include "base/err.h"

/* A pixel on its way through the decoder, in the low bytes. */
struct pixel {
	__m128i v;
};

#include "codec/quic-decode.h"

/* ---- the model ---- */

CORE uint64_t leading_zeros(uint64_t v)
{
	return _lzcnt_u64(v);
}

/* The first of the smallest lanes is the largest of the best k: quic_family.cost has them so. */
CORE unsigned learn(uint16_t *count, const uint16_t *cost, uint32_t trigger, const unsigned depth)
{
	__m128i v = _mm_adds_epu16(_mm_load_si128((__m128i *)count), _mm_loadu_si128((const __m128i *)cost));
	__m128i least = _mm_minpos_epu16(v);
	__m128i halve = _mm_cmpgt_epi16(_mm_broadcastw_epi16(least), _mm_set1_epi16((short)trigger));

	_mm_store_si128((__m128i *)count, _mm_blendv_epi8(v, _mm_srli_epi16(v, 1), halve));
	return depth - 1 - (unsigned)_mm_extract_epi16(least, 1);
}

/* ---- rows to symbols ----
 * A vector is 8 pixels as words, or 32 of one channel as bytes. */

CORE uint32_t vector_pixels(const struct quic_layout l)
{
	return l.n == 1 ? 32 : 8;
}

CORE __m256i load256(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* The fourth bytes of 32 pixels. */
CORE __m256i load_alpha(const uint8_t *p)
{
	__m256i a = _mm256_srli_epi32(load256(p), 24), b = _mm256_srli_epi32(load256(p + 32), 24);
	__m256i c = _mm256_srli_epi32(load256(p + 64), 24), d = _mm256_srli_epi32(load256(p + 96), 24);

	a = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
	return _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* The vector of pixels at p. RGB24 reads 28 bytes, which are nearly 10 pixels. */
CORE __m256i load_pixels(const uint8_t *p, const struct quic_layout l)
{
	const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
	__m256i v;

	if (l.n == 1)
		return l.bytes == 4 ? load_alpha(p) : load256(p);
	if (l.bytes == 4)
		return load256(p);
	if (l.bytes == 3)
		return _mm256_set_m128i(_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(p + 12)), spread),
			_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), spread));
	v = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
	return _mm256_or_si256(_mm256_and_si256(v, _mm256_set1_epi32(31)),
		_mm256_or_si256(_mm256_and_si256(_mm256_slli_epi32(v, 3), _mm256_set1_epi32(0x1f00)),
			_mm256_and_si256(_mm256_slli_epi32(v, 6), _mm256_set1_epi32(0x1f0000))));
}

/* The left neighbours of the first pixels of a row; that of the first one is the first of `before`. */
CORE __m256i shift_in(__m256i v, __m256i before, const struct quic_layout l)
{
	const __m256i order = _mm256_setr_epi32(0, 0, 1, 2, 3, 4, 5, 6);
	const __m256i first = _mm256_setr_epi32(255, 0, 0, 0, 0, 0, 0, 0);

	if (l.n == 3)
		return _mm256_blend_epi32(_mm256_permutevar8x32_epi32(v, order), before, 1);
	v = _mm256_alignr_epi8(v, _mm256_permute2x128_si256(v, v, 8), 15);
	return _mm256_or_si256(v, _mm256_and_si256(before, first));
}

/* The symbols of v; left and up are its neighbours. */
CORE __m256i fold_pixels(__m256i v, __m256i left, __m256i up, const unsigned depth)
{
	const __m256i one = _mm256_set1_epi8(1), zero = _mm256_setzero_si256();
	__m256i odd = _mm256_and_si256(_mm256_xor_si256(left, up), one);
	__m256i d = _mm256_sub_epi8(v, _mm256_sub_epi8(_mm256_avg_epu8(left, up), odd));

	if (depth == 5) /* to the top bits, so that the sign is the sign */
		d = _mm256_and_si256(_mm256_slli_epi32(d, 3), _mm256_set1_epi8((char)0xf8));
	d = _mm256_xor_si256(_mm256_add_epi8(d, d), _mm256_cmpgt_epi8(zero, d));
	return depth == 5 ? _mm256_and_si256(_mm256_srli_epi32(d, 3), _mm256_set1_epi8(31)) : d;
}

/* What residuals() keeps of a vector: symbols and bits. */
CORE void keep_pixels(uint32_t x, __m256i v, __m256i left, __m256i up, uint8_t *symbols, uint8_t *same,
	const struct quic_layout l)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i d = _mm256_xor_si256(v, left);

	_mm256_storeu_si256((__m256i *)(symbols + (size_t)x * (l.n == 1 ? 1 : 4)), fold_pixels(v, left, up, l.depth));
	if (l.n == 1) {
		put_le32(same + x / 8, (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(d, zero)));
	} else {
		d = _mm256_cmpeq_epi32(_mm256_slli_epi32(d, 8), zero);
		same[x / 8] = (uint8_t)_mm256_movemask_ps(_mm256_castsi256_ps(d));
	}
}

CORE void residuals(const uint8_t *row, const uint8_t *above, uint32_t width, uint8_t *symbols, uint8_t *same,
	const struct quic_layout l)
{
	uint32_t x = 0, step = vector_pixels(l), spare = l.bytes == 3 ? 10 : step;

	if (width >= spare) {
		__m256i v = load_pixels(row, l), left, up;

		up = above ? load_pixels(above, l) : _mm256_setzero_si256();
		left = shift_in(v, up, l);
		keep_pixels(0, v, left, above ? up : left, symbols, same, l);
		for (x = step; width - x >= spare && x < width; x += step) {
			const uint8_t *p = row + (size_t)x * l.bytes;

			v = load_pixels(p, l);
			left = load_pixels(p - l.bytes, l);
			up = above ? load_pixels(above + (size_t)x * l.bytes, l) : left;
			keep_pixels(x, v, left, up, symbols, same, l);
		}
	}
	plain_residuals(x, row, above, width, symbols, same, l);
}

/* ---- symbols to codes ---- */

/* A channel's best codes, in the order of the low 3 bits of exponents of S + 1: bucket 1 first, bucket 0 last. */
CORE __m256i best8(const struct quic_channel *c, const unsigned depth)
{
	const __m128i order = depth == 8 ? _mm_setr_epi8(1, 2, 3, 4, 5, 6, 7, 0, -1, -1, -1, -1, -1, -1, -1, -1)
					 : _mm_setr_epi8(1, 2, 3, 4, 4, -1, -1, 0, -1, -1, -1, -1, -1, -1, -1, -1);

	return _mm256_cvtepu8_epi32(_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)c->best), order));
}

struct codes {
	__m256i bits, len;
};

/* The codes of 8 symbols whose contexts + 1 (255 for 256) are next. */
CORE struct codes codes8(__m256i symbol, __m256i next, __m256i best, __m256i plain, __m256i escape)
{
	const __m256i one = _mm256_set1_epi32(1);
	__m256i exponent = _mm256_srli_epi32(_mm256_castps_si256(_mm256_cvtepi32_ps(next)), 23);
	__m256i k = _mm256_permutevar8x32_epi32(best, exponent);
	__m256i from = _mm256_permutevar8x32_epi32(plain, k), zeros = _mm256_srlv_epi32(symbol, k);
	__m256i coded = _mm256_cmpgt_epi32(from, symbol);
	__m256i base = _mm256_blendv_epi8(from, _mm256_sllv_epi32(_mm256_sub_epi32(zeros, one), k), coded);
	__m256i len = _mm256_add_epi32(_mm256_add_epi32(zeros, one), k);

	return (struct codes){_mm256_sub_epi32(symbol, base),
		_mm256_blendv_epi8(_mm256_permutevar8x32_epi32(escape, k), len, coded)};
}

CORE struct codes codes_of_channel(const struct quic_scratch *s, const uint8_t *p, __m256i plain, __m256i escape,
	const struct quic_layout l)
{
	__m128i next = _mm_adds_epu8(_mm_loadl_epi64((const __m128i *)(p - 1)), _mm_set1_epi8(1));

	return codes8(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)), _mm256_cvtepu8_epi32(next),
		best8(&s->channel[channel_of(0, l)], l.depth), plain, escape);
}

/* The three codes of each pixel in one; nonsense where they have more than 32 bits. */
CORE struct codes codes_of_pixels(const struct quic_scratch *s, const uint8_t *p, __m256i plain, __m256i escape,
	const struct quic_layout l)
{
	const __m256i byte = _mm256_set1_epi32(255);
	__m256i now = load256(p), next = _mm256_adds_epu8(load256(p - 4), _mm256_set1_epi8(1)), gb;
	struct codes r, g, b;

	r = codes8(_mm256_and_si256(_mm256_srli_epi32(now, 16), byte),
		_mm256_and_si256(_mm256_srli_epi32(next, 16), byte), best8(&s->channel[0], l.depth), plain, escape);
	g = codes8(_mm256_and_si256(_mm256_srli_epi32(now, 8), byte),
		_mm256_and_si256(_mm256_srli_epi32(next, 8), byte), best8(&s->channel[1], l.depth), plain, escape);
	b = codes8(_mm256_and_si256(now, byte), _mm256_and_si256(next, byte), best8(&s->channel[2], l.depth), plain,
		escape);
	gb = _mm256_add_epi32(g.len, b.len);
	return (struct codes){_mm256_or_si256(_mm256_sllv_epi32(r.bits, gb),
		_mm256_or_si256(_mm256_sllv_epi32(g.bits, b.len), b.bits)), _mm256_add_epi32(r.len, gb)};
}

CORE void put_pixels(struct quic_writer *w, struct quic_scratch *s, const uint8_t *symbols, uint32_t n,
	const struct quic_layout l)
{
	const struct quic_family *f = quic_family(l.depth);
	const __m256i plain = load256((const uint8_t *)f->plain), escape = load256((const uint8_t *)f->escape);

	if (n < 4) {
		plain_pixels(w, s, symbols, n, l);
		return;
	}
	for (uint32_t x = 0; x < n; x += 8) {
		const uint8_t *p = symbols + (size_t)x * (l.n == 1 ? 1 : 4);
		struct codes c = l.n == 1 ? codes_of_channel(s, p, plain, escape, l)
					  : codes_of_pixels(s, p, plain, escape, l);
		uint32_t m = n - x < 8 ? n - x : 8;

		_mm256_storeu_si256((__m256i *)s->len, c.len);
		_mm256_storeu_si256((__m256i *)s->bits, c.bits);
		for (uint32_t i = 0; i < m; i++) {
			if (l.n == 1 || s->len[i] <= 32)
				put(w, s->bits[i], s->len[i]);
			else
				plain_pixels(w, s, p + 4 * i, 1, l);
		}
	}
}

/* ---- what the decoder makes of codes ---- */

CORE struct pixel pixel_load(const uint8_t *p, const struct quic_layout l)
{
	/* the fourth byte may be anything: what it becomes is the other group's, or 0 from 0 */
	return (struct pixel){_mm_cvtsi32_si128((int)(l.bytes == 4 && l.n == 3 ? get_le32(p) : quic_load(p, l)))};
}

CORE void pixel_store(uint8_t *p, struct pixel v, const struct quic_layout l)
{
	if (l.bytes == 4 && l.n == 3)
		put_le32(p, (uint32_t)_mm_cvtsi128_si32(v.v));
	else
		quic_store(p, (uint32_t)_mm_cvtsi128_si32(v.v), l);
}

CORE struct pixel pixel_next(struct pixel left, struct pixel up, const struct quic_entry *e0,
	const struct quic_entry *e1, const struct quic_entry *e2, const struct quic_layout l)
{
	__m128i odd = _mm_and_si128(_mm_xor_si128(left.v, up.v), _mm_set1_epi8(1));
	__m128i mean = _mm_sub_epi8(_mm_avg_epu8(left.v, up.v), odd), d;

	if (l.n == 1) {
		d = _mm_cvtsi32_si128(e0->difference);
	} else {
		d = _mm_cvtsi32_si128(e2->difference);
		d = _mm_insert_epi8(d, e1->difference, 1);
		d = _mm_insert_epi8(d, e0->difference, 2);
	}
	d = _mm_add_epi8(mean, d);
	return (struct pixel){l.depth == 5 ? _mm_and_si128(d, _mm_set1_epi8(31)) : d};
}

CORE void fill_pixels(uint8_t *row, uint32_t x, uint32_t n, uint32_t width, const struct quic_layout l)
{
	uint32_t v = quic_load(row + (size_t)(x - 1) * l.bytes, l);
	const __m256i word = _mm256_set1_epi32((int)v);

	if (l.bytes == 4 && l.n == 3) {
		/* what is too many is written over later; one always is quicker than asking whether it is none */
		for (; width - x >= 8; x += 8, n -= 8) {
			_mm256_storeu_si256((__m256i *)(row + 4 * (size_t)x), word);
			if (n <= 8)
				return;
		}
	}
	for (uint8_t *p = row + (size_t)x * l.bytes; n; n--, p += l.bytes)
		quic_store(p, v, l);
}

static const struct quic_kernels kernels = {
	.encode = {[QUIC_GRAY] = encode_gray, [QUIC_RGB16] = encode_rgb16, [QUIC_RGB24] = encode_rgb24,
		[QUIC_RGB32] = encode_rgb32, [QUIC_RGBA] = encode_rgba},
	.decode = {[QUIC_GRAY] = decode_gray, [QUIC_RGB16] = decode_rgb16, [QUIC_RGB24] = decode_rgb24,
		[QUIC_RGB32] = decode_rgb32, [QUIC_RGBA] = decode_rgba},
};

const struct quic_kernels *const quic_kernels_avx2 = &kernels;

#else

const struct quic_kernels *const quic_kernels_avx2 = NULL;

#endif
