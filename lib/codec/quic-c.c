/* The kernels of QUIC in plain C. They are what runs where no others are, or SPICE_CPU=c says so. */
#define QUIC_TARGET
#include "base/err.h"
#include "codec/quic-decode.h"

CORE void residuals(const uint8_t *row, const uint8_t *above, uint32_t width, uint8_t *symbols, uint8_t *same,
	const struct quic_layout l)
{
	plain_residuals(0, row, above, width, symbols, same, l);
}

CORE void put_pixels(struct quic_writer *w, struct quic_scratch *s, const uint8_t *symbols, uint32_t n,
	const struct quic_layout l)
{
	plain_pixels(w, s, symbols, n, l);
}

CORE void learn(struct quic_channel *c, const struct quic_family *f, unsigned slot, unsigned symbol, uint32_t trigger,
	const unsigned depth)
{
	const uint16_t *cost = f->cost[symbol];
	uint16_t *count = c->count[slot];
	unsigned best = 0;

	for (unsigned i = 0; i < depth; i++) {
		count[i] = (uint16_t)(count[i] + cost[i]);
		if (count[i] < count[best])
			best = i;
	}
	c->best[slot] = (uint8_t)(depth - 1 - best);
	if (count[best] > trigger)
		for (unsigned i = 0; i < depth; i++)
			count[i] >>= 1;
}

CORE uint64_t slot_of(const struct quic_family *f, uint64_t symbol)
{
	return f->slot[symbol];
}

CORE uint64_t leading_zeros(uint64_t v)
{
	return (uint64_t)__builtin_clzll(v | 1);
}

CORE void fill_pixels(uint8_t *row, uint32_t x, uint32_t n, uint32_t width, uint32_t v, const struct quic_layout l)
{
	(void)width;
	for (uint8_t *p = row + (size_t)x * l.bytes; n; n--, p += l.bytes)
		quic_store(p, v, l);
}

const struct quic_kernels quic_kernels_c = {
	.encode = {[QUIC_GRAY] = encode_gray, [QUIC_RGB16] = encode_rgb16, [QUIC_RGB24] = encode_rgb24,
		[QUIC_RGB32] = encode_rgb32, [QUIC_RGBA] = encode_rgba},
	.decode = {[QUIC_GRAY] = decode_gray, [QUIC_RGB16] = decode_rgb16, [QUIC_RGB24] = decode_rgb24,
		[QUIC_RGB32] = decode_rgb32, [QUIC_RGBA] = decode_rgba},
};
