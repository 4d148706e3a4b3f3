/* The decoder of QUIC's rows, compiled once for each set of kernels. Nothing here can be done ahead: what a code is
 * depends on the symbol before, and whether there is a code on the pixels. So it is one loop over pixels that keeps the
 * bits, the left pixel and the contexts in registers.
 *
 * After a refill 64 bits are right, and three codes that are no escapes have at most 63; an escape, which is rare,
 * refills for itself. The includer defines QUIC_TARGET and what is declared in quic-encode.h and here. */
#include "codec/quic-encode.h"

/* The slot of a symbol, or the number below it for the last slot; the zeros before the first 1, of 0 at least 63. */
CORE uint64_t slot_of(const struct quic_family *f, uint64_t symbol);
CORE uint64_t leading_zeros(uint64_t v);
/* Pixels x to x + n - 1 become v, and nothing behind width is written. */
CORE void fill_pixels(uint8_t *row, uint32_t x, uint32_t n, uint32_t width, uint32_t v, const struct quic_layout l);

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- bits ---- */

/* The two words at p, the first one on top. */
CORE uint64_t two_words(const uint8_t *p)
{
	uint64_t v = get_le64(p);

	return v << 32 | v >> 32;
}

CORE void refill(struct quic_reader *r)
{
	if (UNLIKELY(r->p > r->limit)) {
		struct quic_reader t = *r; /* what is called gets a copy, and the original may live in registers */

		quic_refill_tail(&t);
		*r = t;
	}
	if (UNLIKELY(r->n < 0)) {
		r->acc = two_words(r->p) << -r->n;
		r->p += 4;
		r->n += 32;
	}
	r->acc |= two_words(r->p) >> r->n;
	r->p += ~r->n >> 3 & 4;
	r->n |= 32;
}

CORE void skip(struct quic_reader *r, unsigned n)
{
	r->acc <<= n;
	r->n -= (int32_t)n;
}

/* Was more taken than there was, and one word of zeros? */
CORE bool overrun(const struct quic_reader *r)
{
	return r->over || (r->in_tail && 8 * (r->p - r->end) - r->n > 32);
}

CORE unsigned get_symbol(struct quic_reader *r, const struct quic_family *f, unsigned k, const unsigned depth)
{
	unsigned zeros = (unsigned)leading_zeros(r->acc), symbol;

	if (UNLIKELY(zeros >= f->zeros[k])) {
		refill(r);
		symbol = f->plain[k] + ((unsigned)(r->acc >> (64 - f->escape[k])) & ((1u << f->extra[k]) - 1));
		skip(r, f->escape[k]);
		refill(r);
		if (symbol >> depth)
			r->over = true;
		return symbol & ((1u << depth) - 1);
	}
	/* the 1 and the k bits behind it come to the top, and go */
	r->acc <<= zeros;
	symbol = (unsigned)(r->acc >> (63 - k)) + ((zeros - 1) << k);
	r->acc = r->acc << 1 << k;
	r->n -= (int32_t)(zeros + 1 + k);
	return symbol;
}

/* Reads the length of a run; false when it passes `max`. */
CORE bool get_run(struct quic_reader *r, struct quic_group *g, uint32_t max, uint32_t *n)
{
	uint32_t state = g->run, length = 0;
	unsigned ones;

	do {
		refill(r);
		ones = (unsigned)__builtin_clzll(~r->acc | 1);
		ones = ones < 32 ? ones : 32;
		skip(r, ones);
		for (unsigned i = 0; i < ones; i++) {
			length += 1u << quic_run_bits[state];
			state += state < QUIC_RUN_STATES - 1;
		}
		if (length > max)
			return false;
	} while (ones == 32);
	length += (uint32_t)(r->acc << 1 >> 1 >> (63 - quic_run_bits[state]));
	skip(r, 1u + quic_run_bits[state]);
	g->run = state - (state > 0);
	*n = length;
	return length <= max;
}

/* ---- rows ---- */

/* The code to use for a context. */
CORE uint64_t code_for(const struct quic_scratch *s, uint64_t context, unsigned c, const struct quic_layout l)
{
	return s->channel[channel_of(c, l)].best[slot_of(quic_family(l.depth), context)];
}

CORE uint32_t get_symbols(struct quic_reader *r, const struct quic_scratch *s, uint32_t context,
	const struct quic_layout l)
{
	const struct quic_family *f = quic_family(l.depth);
	uint32_t now = 0;

	for (unsigned c = 0; c < l.n; c++)
		now = now << 8 | get_symbol(r, f, (unsigned)code_for(s, symbol_of(context, c, l), c, l), l.depth);
	return now;
}

/* One pixel with all care: near the end of the input, and with escapes. */
static __attribute__((noinline)) QUIC_TARGET uint32_t get_symbols_careful(struct quic_reader *r,
	const struct quic_scratch *s, uint32_t context, unsigned depth, unsigned n, unsigned bytes)
{
	refill(r);
	if (n == 1)
		return get_symbols(r, s, context, (struct quic_layout){8, bytes, 1, false});
	if (depth == 5)
		return get_symbols(r, s, context, (struct quic_layout){5, 2, 3, false});
	return get_symbols(r, s, context, (struct quic_layout){8, 4, 3, false});
}

/* Takes a code that is no escape off the top of *bits. */
CORE bool get_plain(uint64_t *bits, uint64_t *taken, const struct quic_family *f, uint64_t k, uint64_t *symbol)
{
	uint64_t zeros = leading_zeros(*bits), len = zeros + 1 + k;

	if (UNLIKELY(zeros >= f->zeros[k]))
		return false;
	/* what was taken has a 1 and k bits at its end */
	*symbol = (*bits >> (-len & 63)) + ((zeros - 1) << k);
	*bits <<= len;
	*taken += len;
	return true;
}

/* What one pixel needs to know of the ones before. */
struct place {
	uint32_t x, left, left2;
};

/* Decodes pixels from *at to stop - 1, the first one without asking for a run, until a run may begin or something
 * needs care. */
CORE void decode_stretch(struct quic_reader *r, const struct quic_scratch *s, struct place *at, uint32_t stop,
	uint8_t *symbols, uint8_t *row, const uint8_t *above, const struct quic_layout l)
{
	const struct quic_family *f = quic_family(l.depth);
	uint32_t context = symbols_at(symbols, (ptrdiff_t)at->x - 1, l), left = at->left, left2 = at->left2;
	uint64_t k0 = code_for(s, symbol_of(context, 0, l), 0, l), k1 = code_for(s, symbol_of(context, 1, l), 1, l),
		k2 = code_for(s, symbol_of(context, 2, l), 2, l), acc = r->acc;
	const uint8_t *p = r->p;
	int32_t count = r->n;
	size_t x = at->x;
	uint32_t up = above ? quic_load(above + x * l.bytes, l) : left, last_up;

	for (;;) {
		uint64_t bits, taken = 0, s0, s1 = 0, s2 = 0;
		uint32_t now;

		if (UNLIKELY(p > r->limit || count < 0))
			break;
		acc |= two_words(p) >> count;
		p += ~count >> 3 & 4;
		count |= 32;
		bits = acc;
		if (!get_plain(&bits, &taken, f, k0, &s0))
			break;
		k0 = code_for(s, s0, 0, l);
		if (l.n == 3) {
			if (!get_plain(&bits, &taken, f, k1, &s1))
				break;
			k1 = code_for(s, s1, 1, l);
			if (!get_plain(&bits, &taken, f, k2, &s2))
				break;
			k2 = code_for(s, s2, 2, l);
		}
		acc = bits;
		count -= (int32_t)taken;
		left2 = left;
		if (l.n == 1) {
			now = (uint32_t)s0;
			symbols[x] = (uint8_t)now;
		} else {
			now = (uint32_t)(s0 << 16 | s1 << 8 | s2);
			quic_put_word(symbols + 4 * x, now);
		}
		left = quic_unfold(now, quic_mean(left, up), l.depth);
		quic_store(row + x * l.bytes, left, l);
		x++;
		if (x == stop)
			break;
		last_up = up;
		up = above ? quic_load(above + x * l.bytes, l) : left;
		if (above && !((up ^ last_up) | (left ^ left2)))
			break;
	}
	r->acc = acc;
	r->p = p;
	r->n = count;
	*at = (struct place){(uint32_t)x, left, left2};
}

/* A row of a group; false when it can't be right. `symbols` are those of the row before and become its own. */
CORE bool decode_row(struct quic_reader *r, struct quic_scratch *s, struct quic_group *g, uint32_t width,
	uint8_t *symbols, uint8_t *row, const uint8_t *above, const struct quic_layout l)
{
	struct place at = {0, above ? quic_load(above, l) : 0, 0};

	while (at.x < width) {
		uint32_t begin = at.x, end = quic_segment_end(g, at.x, width), tried = 0;

		while (at.x < end) {
			uint32_t x = at.x, stop = g->wait < end - x ? x + g->wait + 1 : end, n;

			if (above && x > 2 && x != tried && at.left == at.left2 &&
				quic_load(above + (size_t)x * l.bytes, l) ==
				quic_load(above + (size_t)(x - 1) * l.bytes, l)) {
				if (!get_run(r, g, end - x, &n))
					return false;
				tried = x;
				fill_pixels(row, x, n, width, at.left, l);
				at.x += n;
				continue;
			}
			decode_stretch(r, s, &at, stop, symbols, row, above, l);
			if (at.x == x) {
				uint32_t up = above ? quic_load(above + (size_t)x * l.bytes, l) : at.left;
				uint32_t now = get_symbols_careful(r, s, symbols_at(symbols, (ptrdiff_t)x - 1, l),
					l.depth, l.n, l.bytes);

				if (l.n == 1)
					symbols[x] = (uint8_t)now;
				else
					quic_put_word(symbols + 4 * (size_t)x, now);
				at.left2 = at.left;
				at.left = quic_unfold(now, quic_mean(at.left, up), l.depth);
				quic_store(row + (size_t)x * l.bytes, at.left, l);
				at.x++;
			}
			if (at.x <= x + g->wait) {
				g->wait -= at.x - x;
			} else {
				g->wait = quic_draw(g);
				learn_pixel(s, symbols_at(symbols, (ptrdiff_t)at.x - 2, l),
					symbols_at(symbols, (ptrdiff_t)at.x - 1, l), g->trigger, l);
			}
		}
		quic_segment_done(g, end - begin);
	}
	return !overrun(r);
}

CORE bool decode_group(struct quic_reader *r, struct quic_scratch *s, unsigned g, uint32_t width, uint8_t *row,
	const uint8_t *above, const struct quic_layout l)
{
	uint8_t *symbols = quic_row(s, width, QUIC_SYMBOLS + 2 * g);
	size_t bytes = l.n == 1 ? 1 : 4;

	if (above)
		memcpy(symbols - bytes, symbols, bytes);
	else
		memset(symbols - bytes, 0, bytes);
	return decode_row(r, s, &s->group[g], width, symbols, row, above, l);
}

CORE int decode_rows(struct quic_reader *in, struct quic_scratch *s, uint32_t width, uint32_t height, uint8_t *dst,
	ptrdiff_t stride, const struct quic_layout l)
{
	const struct quic_layout a = {8, 4, 1, false};
	struct quic_reader r = *in;
	const uint8_t *above = NULL;

	for (uint32_t y = 0; y < height; y++, dst += stride) {
		if (!decode_group(&r, s, 0, width, dst, above, l))
			return E_INVAL;
		if (l.alpha && !decode_group(&r, s, 1, width, dst, above, a))
			return E_INVAL;
		above = dst;
	}
	return 0;
}

#define DECODER(name, ...) \
	static QUIC_TARGET int name(struct quic_reader *r, struct quic_scratch *s, uint32_t width, uint32_t height, \
		uint8_t *dst, ptrdiff_t stride) \
	{ \
		return decode_rows(r, s, width, height, dst, stride, (struct quic_layout){__VA_ARGS__}); \
	}

DECODER(decode_gray, 8, 1, 1, false)
DECODER(decode_rgb16, 5, 2, 3, false)
DECODER(decode_rgb24, 8, 3, 3, false)
DECODER(decode_rgb32, 8, 4, 3, false)
DECODER(decode_rgba, 8, 4, 3, true)
