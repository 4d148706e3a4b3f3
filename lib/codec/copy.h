/* What the LZ family shares: how far two places are alike, copies by wide stores.
 * "Wide" functions write up to COPY_SLACK - 1 bytes behind the end that they were asked for, and read as far behind the
 * end of their source: their caller knows that this is its own memory. All of it is plain C that compilers turn into
 * 16-byte moves. Nearly everything is inline, for cores that are specialised by a constant kind of pixel. */
#ifndef CODEC_COPY_H
#define CODEC_COPY_H

#include "base/bytes.h"

enum { COPY_SLACK = 16 };

#define COPY_INLINE static inline __attribute__((always_inline))

COPY_INLINE void copy16(uint8_t *out, const uint8_t *in)
{
	uint64_t v[2];

	memcpy(v, in, sizeof(v));
	memcpy(out, v, sizeof(v));
}

/* copy_alike() for what has turned out to be long: not inline, so that the short way stays small. */
static __attribute__((noinline, unused)) size_t copy_alike_far(const uint8_t *a, const uint8_t *b, size_t n,
	uint64_t mask)
{
	size_t i = 0;
	uint64_t x;

	for (; i + 32 <= n; i += 32) {
		x = get_le64(a + i) ^ get_le64(b + i);
		x |= get_le64(a + i + 8) ^ get_le64(b + i + 8);
		x |= get_le64(a + i + 16) ^ get_le64(b + i + 16);
		x |= get_le64(a + i + 24) ^ get_le64(b + i + 24);
		if (x & mask)
			break;
	}
	for (; i + 8 <= n; i += 8) {
		x = (get_le64(a + i) ^ get_le64(b + i)) & mask;
		if (x)
			return i + (size_t)__builtin_ctzll(x) / 8;
	}
	for (; i < n; i++)
		if ((a[i] ^ b[i]) & (uint8_t)(mask >> 8 * (i & 7)))
			break;
	return i;
}

/* How many bytes at a and at b are alike, at most n; of 8 bytes only the bits of `mask` count (a little-endian word, so
 * its low byte is that of the first one), which repeats every 8 bytes. Reads nothing behind n. */
COPY_INLINE size_t copy_alike(const uint8_t *a, const uint8_t *b, size_t n, uint64_t mask)
{
	uint64_t x;

	for (size_t i = 0; i < 16; i += 8) {
		if (i + 8 > n)
			return i + copy_alike_far(a + i, b + i, n - i, mask);
		x = (get_le64(a + i) ^ get_le64(b + i)) & mask;
		if (x)
			return i + (size_t)__builtin_ctzll(x) / 8;
	}
	return 16 + copy_alike_far(a + 16, b + 16, n - 16, mask);
}

/* n bytes, wide; `in` is not less than 16 bytes away from `out` in either direction. */
COPY_INLINE void copy_wide(uint8_t *out, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i < n; i += 16)
		copy16(out + i, in + i);
}

/* n bytes from `distance` bytes back, wide, as if unit by unit: they may be made of themselves. `unit` is a constant, 1
 * to 4 bytes, of which distance is a multiple. */
COPY_INLINE void copy_back(uint8_t *out, size_t distance, size_t n, size_t unit)
{
	const uint8_t *from = out - distance;
	size_t done = 0, step = distance;
	uint64_t a, b;

	if (distance < 16) {
		/* 16 bytes unit by unit; they are a pattern, or what lies as many distances back as make 16 goes on */
		for (; done + unit <= 16; done += unit)
			memcpy(out + done, from + done, unit);
		if (n <= done)
			return;
		if (16 % unit == 0 && 16 % distance == 0) {
			a = get_le64(out);
			b = get_le64(out + 8);
			for (; done < n; done += 16) {
				put_le64(out + done, a);
				put_le64(out + done + 8, b);
			}
			return;
		}
		while (step < 16)
			step += distance;
		from = out - step;
	}
	for (; done < n; done += 16)
		copy16(out + done, from + done);
}

#endif
