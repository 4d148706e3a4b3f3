/* The differ's row kernels in plain C: what the others are compared with. */
#include "server/differ-kernels.h"

static void blocks(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n, uint64_t *bits)
{
	for (unsigned i = 0; i < n; i += 64 * BLOCK)
		bits[i / (64 * BLOCK)] = 0;
	for (unsigned i = 0; i < n; i++)
		if ((a[i] ^ b[i]) & mask)
			bits[i / (64 * BLOCK)] |= UINT64_C(1) << i / BLOCK % 64;
}

static void stained(const uint32_t *p, uint32_t colour, uint32_t mask, unsigned n, uint64_t *bits)
{
	for (unsigned i = 0; i < n; i += 64 * BLOCK)
		bits[i / (64 * BLOCK)] = 0;
	for (unsigned i = 0; i < n; i++)
		if ((p[i] ^ colour) & mask)
			bits[i / (64 * BLOCK)] |= UINT64_C(1) << i / BLOCK % 64;
}

static unsigned first(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n)
{
	unsigned i = 0;

	while (i < n && !((a[i] ^ b[i]) & mask))
		i++;
	return i;
}

static unsigned last(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n)
{
	while (n && !((a[n - 1] ^ b[n - 1]) & mask))
		n--;
	return n;
}

static void windows(const uint32_t *p, uint32_t mask, unsigned n, uint32_t *out)
{
	static const uint32_t factor[] = DIFFER_FACTORS;

	for (unsigned i = 0; i < n; i++)
		out[i] = p[i] & mask;
	for (unsigned k = 0; k < WINDOW_STEPS; k++)
		for (unsigned i = 0, wide = 1u << k; i + 2 * wide <= n; i++)
			out[i] = out[i] * factor[k] + out[i + wide];
}

static uint64_t row(const uint32_t *p, uint32_t mask, unsigned n, uint64_t seed)
{
	uint32_t lane[8];

	for (unsigned i = 0; i < 8; i++)
		lane[i] = (uint32_t)(seed >> 4 * i);
	for (unsigned i = 0; i < n; i++) {
		uint32_t v = (lane[i % 8] ^ (p[i] & mask)) * DIFFER_LANE;

		lane[i % 8] = v ^ v >> 15;
	}
	return differ_fold(lane, seed, n);
}

const struct differ_kernels differ_kernels_c = {
	.blocks = blocks,
	.stained = stained,
	.first = first,
	.last = last,
	.windows = windows,
	.row = row,
};

const struct differ_kernels *differ_kernels(enum cpu_level level)
{
	return level >= CPU_AVX2 && differ_kernels_avx2 ? differ_kernels_avx2 : &differ_kernels_c;
}
