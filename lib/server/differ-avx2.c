/* The differ's row kernels for AVX2: two vectors are a block. What is left at the end of a row goes pixel by pixel. */
#include "server/differ-kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target(CPU_TARGET_AVX2)))
#define CORE static inline __attribute__((always_inline)) TARGET

CORE __m256i load(const uint32_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Does this block of a row differ from the other row, or, without one, from the colour? */
CORE uint64_t block_differs(const uint32_t *a, const uint32_t *b, __m256i colour, __m256i mask)
{
	__m256i x = _mm256_xor_si256(load(a), b ? load(b) : colour);
	__m256i y = _mm256_xor_si256(load(a + 8), b ? load(b + 8) : colour);

	return !_mm256_testz_si256(_mm256_or_si256(x, y), mask);
}

/* The same for the n < 16 pixels of the last one. */
CORE uint64_t rest_differs(const uint32_t *a, const uint32_t *b, uint32_t colour, uint32_t mask, unsigned n)
{
	uint32_t all = 0;

	for (unsigned i = 0; i < n; i++)
		all |= a[i] ^ (b ? b[i] : colour);
	return (all & mask) != 0;
}

/* Two blocks side by side, 128 bytes: most of them are the same, and then one question is enough. */
CORE uint64_t pair_differs(const uint32_t *a, const uint32_t *b, __m256i colour, __m256i mask)
{
	__m256i x = _mm256_xor_si256(load(a), b ? load(b) : colour);
	__m256i y = _mm256_xor_si256(load(a + 8), b ? load(b + 8) : colour);
	__m256i z = _mm256_xor_si256(load(a + 16), b ? load(b + 16) : colour);
	__m256i w = _mm256_xor_si256(load(a + 24), b ? load(b + 24) : colour);

	x = _mm256_or_si256(x, y);
	z = _mm256_or_si256(z, w);
	if (__builtin_expect(_mm256_testz_si256(_mm256_or_si256(x, z), mask), 1))
		return 0;
	return (uint64_t)!_mm256_testz_si256(x, mask) | (uint64_t)!_mm256_testz_si256(z, mask) << 1;
}

CORE void compare(const uint32_t *a, const uint32_t *b, uint32_t colour, uint32_t mask, unsigned n, uint64_t *bits)
{
	__m256i c = _mm256_set1_epi32((int)colour), m = _mm256_set1_epi32((int)mask);

	for (unsigned at = 0; at < n; at += 64 * BLOCK) {
		unsigned part = n - at < 64 * BLOCK ? n - at : 64 * BLOCK, i = 0;
		uint64_t word = 0;

		for (; i + 2 * BLOCK <= part; i += 2 * BLOCK)
			word |= pair_differs(a + at + i, b ? b + at + i : NULL, c, m) << i / BLOCK;
		if (i + BLOCK <= part) {
			word |= block_differs(a + at + i, b ? b + at + i : NULL, c, m) << i / BLOCK;
			i += BLOCK;
		}
		if (i < part)
			word |= rest_differs(a + at + i, b ? b + at + i : NULL, colour, mask, part - i) << i / BLOCK;
		bits[at / (64 * BLOCK)] = word;
	}
}

TARGET static void blocks(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n, uint64_t *bits)
{
	compare(a, b, 0, mask, n, bits);
}

TARGET static void stained(const uint32_t *p, uint32_t colour, uint32_t mask, unsigned n, uint64_t *bits)
{
	compare(p, NULL, colour, mask, n, bits);
}

/* A bit for each of 8 pixels that is the same. */
CORE unsigned same8(const uint32_t *a, const uint32_t *b, __m256i mask)
{
	__m256i x = _mm256_and_si256(_mm256_xor_si256(load(a), load(b)), mask);

	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(x, _mm256_setzero_si256())));
}

TARGET static unsigned first(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n)
{
	__m256i m = _mm256_set1_epi32((int)mask);
	unsigned i = 0, same;

	for (; i + 8 <= n; i += 8)
		if ((same = same8(a + i, b + i, m)) != 0xff)
			return i + (unsigned)__builtin_ctz(~same);
	while (i < n && !((a[i] ^ b[i]) & mask))
		i++;
	return i;
}

TARGET static unsigned last(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n)
{
	__m256i m = _mm256_set1_epi32((int)mask);
	unsigned same;

	for (; n >= 8; n -= 8)
		if ((same = same8(a + n - 8, b + n - 8, m)) != 0xff)
			return n - 8 + 32 - (unsigned)__builtin_clz(~same & 0xff);
	while (n && !((a[n - 1] ^ b[n - 1]) & mask))
		n--;
	return n;
}

/* In place: what is read to the right of a vector has not been written yet. */
TARGET static void windows(const uint32_t *p, uint32_t mask, unsigned n, uint32_t *out)
{
	static const uint32_t factor[] = DIFFER_FACTORS;
	__m256i m = _mm256_set1_epi32((int)mask);
	unsigned i = 0;

	for (; i + 8 <= n; i += 8)
		_mm256_storeu_si256((__m256i *)(out + i), _mm256_and_si256(load(p + i), m));
	for (; i < n; i++)
		out[i] = p[i] & mask;
	for (unsigned k = 0; k < WINDOW_STEPS; k++) {
		unsigned wide = 1u << k;
		__m256i f = _mm256_set1_epi32((int)factor[k]);

		for (i = 0; i + 8 + 2 * wide - 1 <= n; i += 8)
			_mm256_storeu_si256((__m256i *)(out + i),
				_mm256_add_epi32(_mm256_mullo_epi32(load(out + i), f), load(out + i + wide)));
		for (; i + 2 * wide <= n; i++)
			out[i] = out[i] * factor[k] + out[i + wide];
	}
}

TARGET static uint64_t row(const uint32_t *p, uint32_t mask, unsigned n, uint64_t seed)
{
	__m256i m = _mm256_set1_epi32((int)mask), f = _mm256_set1_epi32((int)DIFFER_LANE), v;
	uint32_t lane[8];
	unsigned i = 0;

	for (unsigned k = 0; k < 8; k++)
		lane[k] = (uint32_t)(seed >> 4 * k);
	v = load(lane);
	for (; i + 8 <= n; i += 8) {
		v = _mm256_mullo_epi32(_mm256_xor_si256(v, _mm256_and_si256(load(p + i), m)), f);
		v = _mm256_xor_si256(v, _mm256_srli_epi32(v, 15));
	}
	_mm256_storeu_si256((__m256i *)lane, v);
	for (; i < n; i++) {
		uint32_t w = (lane[i % 8] ^ (p[i] & mask)) * DIFFER_LANE;

		lane[i % 8] = w ^ w >> 15;
	}
	return differ_fold(lane, seed, n);
}

static const struct differ_kernels kernels = {
	.blocks = blocks,
	.stained = stained,
	.first = first,
	.last = last,
	.windows = windows,
	.row = row,
};

const struct differ_kernels *const differ_kernels_avx2 = &kernels;
#else
const struct differ_kernels *const differ_kernels_avx2 = NULL;
#endif
