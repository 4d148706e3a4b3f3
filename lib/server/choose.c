/* The choice between prediction and repetition. At spots spread over the picture each pixel is compared with the one
 * to its left and the one above. What QUIC would make of it is estimated by the size of the residuals, what LZ would
 * make by the pixels that equal neither. On the pictures 1 to 8 of the bench, in bands of 256 K pixels, the choice
 * costs 0.2 % of bytes over always taking the smaller of both. */
#include "server/choose.h"

#include "base/mem.h"

enum { SPOTS = 16, SPAN = 64 };

struct sample {
	unsigned n;
	unsigned others;  /* pixels that equal neither neighbour */
	unsigned halves;  /* half bits that residuals might take */
};

/* A residual of one channel, by magnitude, in half bits: its Golomb code about. */
static inline unsigned cost(int a, int left, int up)
{
	int d = (int8_t)(a - (left + up) / 2);
	unsigned v = (unsigned)(d < 0 ? -d : d);

	return v ? 5 + 2 * (31 - (unsigned)__builtin_clz(v)) : 2;
}

static inline void look(struct sample *s, uint32_t c, uint32_t left, uint32_t up, uint32_t corner, unsigned bits)
{
	int mask = (1 << bits) - 1;

	s->n++;
	s->others += c != left && c != up;
	if (c == left && c == up && up == corner) /* inside a run */
		return;
	for (unsigned shift = 0; shift < 3 * bits; shift += bits)
		s->halves += cost((int)(c >> shift) & mask, (int)(left >> shift) & mask, (int)(up >> shift) & mask);
}

static void look_32(struct sample *s, const uint8_t *row, const uint8_t *above, unsigned x, unsigned n)
{
	const uint32_t *r = (const uint32_t *)(const void *)row + x, *a = (const uint32_t *)(const void *)above + x;

	for (unsigned i = 0; i < n; i++)
		look(s, r[i] & 0xffffff, r[(int)i - 1] & 0xffffff, a[i] & 0xffffff, a[(int)i - 1] & 0xffffff, 8);
}

static void look_16(struct sample *s, const uint8_t *row, const uint8_t *above, unsigned x, unsigned n)
{
	const uint16_t *r = (const uint16_t *)(const void *)row + x, *a = (const uint16_t *)(const void *)above + x;

	for (unsigned i = 0; i < n; i++)
		look(s, r[i] & 0x7fff, r[(int)i - 1] & 0x7fff, a[i] & 0x7fff, a[(int)i - 1] & 0x7fff, 5);
}

bool choose_smooth(const struct pixmap *p, unsigned x, unsigned y, unsigned w, unsigned h)
{
	unsigned bits = pixmap_bits(p->format), span = w - 1 < SPAN ? w - 1 : SPAN;
	struct sample s = {0};
	struct rng dice = {1}; /* the same picture is always judged alike */

	if (w < 3 || h < 3 || bits < 16)
		return false;
	for (unsigned i = 0; i < SPOTS; i++) {
		/* one in each of SPOTS bands, wherever in it */
		unsigned at_y = y + 1 + (i * (h - 1) + rng_below(&dice, h - 1)) / SPOTS;
		unsigned at_x = x + 1 + rng_below(&dice, w - span);
		const uint8_t *row = p->data + (size_t)at_y * (size_t)p->stride;

		(bits == 32 ? look_32 : look_16)(&s, row, row - p->stride, at_x, span);
	}
	/* nearly all repeats: LZ; else the smaller of QUIC's halves / 16 bytes and LZ's 3 a pixel, 0.045 for matches */
	return s.n * 7 <= s.others * 100 && 10 * s.halves < 475 * s.others + 7 * s.n;
}
