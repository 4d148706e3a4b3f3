/* What the differ does with a row of pixels, in plain C and for AVX2. A block is 16 pixels, the last one of a row may
 * be shorter; bit i of `bits` stands for block i, and ceil(blocks / 64) words are written. Of a pixel the bits of
 * `mask` count. */
#ifndef SERVER_DIFFER_KERNELS_H
#define SERVER_DIFFER_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

enum { BLOCK = 16, WINDOW = 32, WINDOW_STEPS = 5 };

struct differ_kernels {
	/* Blocks in which two rows differ. */
	void (*blocks)(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n, uint64_t *bits);
	/* Blocks in which a row is not all of one colour. */
	void (*stained)(const uint32_t *p, uint32_t colour, uint32_t mask, unsigned n, uint64_t *bits);
	/* The first and the last place where two rows differ: n and 0 where they don't. */
	unsigned (*first)(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n);
	/* the place after it */
	unsigned (*last)(const uint32_t *a, const uint32_t *b, uint32_t mask, unsigned n);
	/* Hashes of every 32 pixels that stand side by side: n - 31 of them; out has room for n. n >= 32 */
	void (*windows)(const uint32_t *p, uint32_t mask, unsigned n, uint32_t *out);
	/* A hash of the row, carried on from a row before. */
	uint64_t (*row)(const uint32_t *p, uint32_t mask, unsigned n, uint64_t seed);
};

extern const struct differ_kernels differ_kernels_c;
extern const struct differ_kernels *const differ_kernels_avx2; /* NULL where there is none */
const struct differ_kernels *differ_kernels(enum cpu_level level);

/* Factors of the window hash, a doubling each. */
#define DIFFER_FACTORS {0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1}
/* The row hash has 8 lanes of 32 bits, pixel i in lane i % 8: lane = (lane ^ pixel) * factor, and the lane's upper half
 * mixed into the lower; at the end the lanes are folded into one number. */
#define DIFFER_LANE 0x9e3779b1u
static inline uint64_t differ_fold(const uint32_t lane[8], uint64_t seed, unsigned n)
{
	uint64_t h = seed ^ n;

	for (unsigned i = 0; i < 8; i++)
		h = (h ^ lane[i]) * 0x9e3779b97f4a7c15u, h ^= h >> 29;
	return h;
}

#endif
