/* The kernels of QUIC in plain C. They are what runs where no others are, or SPICE_CPU=c says so. */
#define QUIC_TARGET
#include "base/err.h"
#include "codec/quic-model.h"

/* A pixel on its way through the decoder. */
struct pixel {
	uint32_t v;
};

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

CORE unsigned learn(uint16_t *count, const uint16_t *cost, uint32_t trigger, const unsigned depth)
{
	unsigned best = 0;

	for (unsigned i = 0; i < depth; i++) {
		count[i] = (uint16_t)(count[i] + cost[i]);
		if (count[i] < count[best])
			best = i;
	}
	if (count[best] > trigger)
		for (unsigned i = 0; i < depth; i++)
			count[i] >>= 1;
	return depth - 1 - best;
}

CORE struct pixel pixel_load(const uint8_t *p, const struct quic_layout l)
{
	return (struct pixel){quic_load(p, l)};
}

CORE void pixel_store(uint8_t *p, struct pixel v, const struct quic_layout l)
{
	quic_store(p, v.v, l);
}

CORE struct pixel pixel_next(struct pixel left, struct pixel up, const struct quic_entry *e0,
	const struct quic_entry *e1, const struct quic_entry *e2, const struct quic_layout l)
{
	uint32_t d = e0->difference;

	if (l.n == 3)
		d = d << 16 | (uint32_t)e1->difference << 8 | e2->difference;
	return (struct pixel){quic_add(quic_mean(left.v, up.v), d, l.depth)};
}

CORE uint64_t leading_zeros(uint64_t v)
{
	return (uint64_t)__builtin_clzll(v | 1);
}

CORE void fill_pixels(uint8_t *row, uint32_t x, uint32_t n, uint32_t width, const struct quic_layout l)
{
	uint32_t v = quic_load(row + (size_t)(x - 1) * l.bytes, l);

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
