/* The encoder of QUIC's rows, compiled once for each set of kernels. A row is worked in three passes: residuals() makes
 * all symbols and says which pixels equal their left neighbour; from such bits follows where runs are; what lies
 * between two runs and two updates of the model, at most 64 pixels, is one call of put_pixels().
 *
 * The includer defines QUIC_TARGET, the attributes of the kernels, and the three functions declared first. */
#include "codec/quic-model.h"

#define CORE static inline __attribute__((always_inline)) QUIC_TARGET

/* Symbols and same-as-left bits of pixels 0 to width - 1; above is NULL for the first row. */
CORE void residuals(const uint8_t *row, const uint8_t *above, uint32_t width, uint8_t *symbols, uint8_t *same,
	const struct quic_layout l);
/* Codes n <= 64 pixels with the model as it stands; for each there is room in w. */
CORE void put_pixels(struct quic_writer *w, struct quic_scratch *s, const uint8_t *symbols, uint32_t n,
	const struct quic_layout l);
/* Updates the counters of a bucket by what a symbol costs: quic.md 5. Returns the code to use from now on. */
CORE unsigned learn(uint16_t *count, const uint16_t *cost, uint32_t trigger, const unsigned depth);

enum { PIECE_ROOM = 64 * 3 * 4 + 8 }; /* bytes that put_pixels() may write */

/* ---- bits ---- */

/* At most 32 bits, and room for two words. */
CORE void put(struct quic_writer *w, uint64_t bits, unsigned len)
{
	unsigned n = w->n + len;

	w->acc |= bits << (-n & 63);
	put_le32(w->p, (uint32_t)(w->acc >> 32));
	w->p += n >> 3 & 4;
	w->acc <<= n & 32;
	w->n = n & 31;
}

CORE void put_anywhere(struct quic_writer *w, uint32_t bits, unsigned len)
{
	struct quic_writer t = *w; /* what is called gets a copy, and the original may live in registers */

	if (t.end - t.p >= 8)
		put(&t, bits, len);
	else
		quic_put_careful(&t, bits, len);
	*w = t;
}

CORE void put_run(struct quic_writer *w, struct quic_group *g, uint32_t n)
{
	uint32_t state = g->run, ones = 0;

	while (n >= 1u << quic_run_bits[state]) {
		n -= 1u << quic_run_bits[state];
		state += state < QUIC_RUN_STATES - 1;
		ones++;
	}
	for (; ones > 15; ones -= 15)
		put_anywhere(w, 0x7fff, 15);
	put_anywhere(w, ((1u << ones) - 1) << (1 + quic_run_bits[state]) | n, ones + 1 + quic_run_bits[state]);
	g->run = state - (state > 0);
}

/* ---- the plain kernels, and what is left over by the others ---- */

CORE unsigned channel_of(unsigned c, const struct quic_layout l)
{
	return l.n == 1 && l.bytes == 4 ? 3 : c;
}

/* The symbols of pixel i of a row of symbols. */
CORE uint32_t symbols_at(const uint8_t *symbols, ptrdiff_t i, const struct quic_layout l)
{
	return l.n == 1 ? symbols[i] : get_le32(symbols + 4 * i);
}

CORE unsigned symbol_of(uint32_t symbols, unsigned c, const struct quic_layout l)
{
	return l.n == 1 ? symbols & 255 : symbols >> (16 - 8 * c) & 255;
}

/* As residuals(), from pixel x, a multiple of 8. Blank areas are taken 8 pixels at a time. */
CORE void plain_residuals(uint32_t x, const uint8_t *row, const uint8_t *above, uint32_t width, uint8_t *symbols,
	uint8_t *same, const struct quic_layout l)
{
	uint32_t left = x ? quic_load(row + (size_t)(x - 1) * l.bytes, l) : above ? quic_load(above, l) : 0;
	size_t bytes = l.n == 1 ? 1 : 4;

	while (x < width) {
		const uint8_t *p = row + (size_t)x * l.bytes;
		unsigned bits = 0, n = width - x < 8 ? width - x : 8;

		if (above && x && n == 8 && memcmp(p, p - l.bytes, 8 * l.bytes) == 0 &&
			memcmp(p, above + (size_t)x * l.bytes, 8 * l.bytes) == 0) {
			memset(symbols + (size_t)x * bytes, 0, 8 * bytes);
			same[x / 8] = 0xff;
			x += 8;
			continue;
		}
		for (unsigned i = 0; i < n; i++, x++) {
			uint32_t v = quic_load(row + (size_t)x * l.bytes, l);
			uint32_t up = above ? quic_load(above + (size_t)x * l.bytes, l) : left;
			uint32_t s = quic_fold(v, quic_mean(left, up), l.depth);

			if (l.n == 1)
				symbols[x] = (uint8_t)s;
			else
				put_le32(symbols + 4 * (size_t)x, s);
			bits |= (unsigned)(v == left) << i;
			left = v;
		}
		same[(x - 1) / 8] = (uint8_t)bits;
	}
}

/* The code of channel c: bits | length << 8. */
CORE unsigned code_of(const struct quic_scratch *s, uint32_t context, uint32_t now, unsigned c,
	const struct quic_layout l)
{
	const struct quic_family *f = quic_family(l.depth);
	unsigned k = s->channel[channel_of(c, l)].best[f->bucket[symbol_of(context, c, l)]];

	return f->code[k][symbol_of(now, c, l)];
}

CORE void plain_pixels(struct quic_writer *w, const struct quic_scratch *s, const uint8_t *symbols, uint32_t n,
	const struct quic_layout l)
{
	uint32_t context = symbols_at(symbols, -1, l);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t now = symbols_at(symbols, i, l), len = 0;
		unsigned code = code_of(s, context, now, 0, l);
		uint64_t bits = code & 255;

		len = code >> 8;
		if (l.n == 3) {
			unsigned green = code_of(s, context, now, 1, l), blue = code_of(s, context, now, 2, l);

			bits = (bits << (green >> 8) | (green & 255)) << (blue >> 8) | (blue & 255);
			len += (green >> 8) + (blue >> 8);
			if (len > 32) {
				put(w, code & 255, code >> 8);
				put(w, green & 255, green >> 8);
				bits = blue & 255;
				len = blue >> 8;
			}
		}
		put(w, bits, len);
		context = now;
	}
}

/* The same where room may end. */
CORE void put_pixels_careful(struct quic_writer *w, const struct quic_scratch *s, const uint8_t *symbols, uint32_t n,
	const struct quic_layout l)
{
	for (ptrdiff_t i = 0; i < (ptrdiff_t)n; i++) {
		for (unsigned c = 0; c < l.n; c++) {
			unsigned code = code_of(s, symbols_at(symbols, i - 1, l), symbols_at(symbols, i, l), c, l);

			put_anywhere(w, code & 255, code >> 8);
		}
	}
}

CORE void learn_channel(struct quic_scratch *s, uint32_t context, uint32_t now, uint32_t trigger, unsigned c,
	const struct quic_layout l)
{
	const struct quic_family *f = quic_family(l.depth);
	struct quic_channel *ch = &s->channel[channel_of(c, l)];
	unsigned bucket = f->bucket[symbol_of(context, c, l)];

	ch->best[bucket] = (uint8_t)learn(ch->count[bucket], f->cost[symbol_of(now, c, l)], trigger, l.depth);
}

/* ---- rows ---- */

/* The first x from `x` to end - 1 whose bit is not `flip`, or end. */
CORE uint32_t next_bit(const uint8_t *bits, bool flip, uint32_t x, uint32_t end)
{
	uint64_t other = flip ? ~(uint64_t)0 : 0, word;

	if (x >= end)
		return end;
	word = (get_le64(bits + x / 64 * 8) ^ other) >> (x & 63);
	if (!word) {
		for (x = (x | 63) + 1; x < end; x += 64) {
			word = get_le64(bits + x / 8) ^ other;
			if (word)
				break;
		}
	}
	if (x < end)
		x += (unsigned)__builtin_ctzll(word);
	return x < end ? x : end;
}

/* Pixels x to end - 1, none of them in a run. */
CORE void put_stretch(struct quic_writer *w, struct quic_scratch *s, struct quic_group *g, const uint8_t *symbols,
	uint32_t x, uint32_t end, const struct quic_layout l)
{
	while (x < end) {
		bool due = g->wait < end - x;
		uint32_t n = due ? g->wait + 1 : end - x, context, now;
		const uint8_t *from = symbols + (size_t)x * (l.n == 1 ? 1 : 4);

		if (w->end - w->p >= PIECE_ROOM)
			put_pixels(w, s, from, n, l);
		else
			put_pixels_careful(w, s, from, n, l);
		x += n;
		if (!due) {
			g->wait -= n;
			break;
		}
		g->wait = quic_draw(g);
		context = symbols_at(from, (ptrdiff_t)n - 2, l);
		now = symbols_at(from, (ptrdiff_t)n - 1, l);
		learn_channel(s, context, now, g->trigger, 0, l);
		if (l.n == 3) {
			learn_channel(s, context, now, g->trigger, 1, l);
			learn_channel(s, context, now, g->trigger, 2, l);
		}
	}
}

/* Pixels in a run keep the symbols of an earlier row. */
CORE void keep_symbols(uint8_t *symbols, const uint8_t *old, uint32_t x, uint32_t n, const struct quic_layout l)
{
	size_t bytes = l.n == 1 ? 1 : 4, at = x * bytes;

	if (n > 16)
		memcpy(symbols + at, old + at, n * bytes);
	else
		for (; n; n--, at += bytes)
			memcpy(symbols + at, old + at, bytes);
}

CORE void encode_row(struct quic_writer *w, struct quic_scratch *s, struct quic_group *g, uint32_t width,
	uint8_t *symbols, const uint8_t *old, const uint8_t *same, const uint8_t *runs, const struct quic_layout l)
{
	for (uint32_t x = 0; x < width;) {
		uint32_t begin = x, end = quic_segment_end(g, x, width), from = x < 3 ? 3 : x;

		while (x < end) {
			uint32_t at = runs ? next_bit(runs, false, from, end) : end, n;

			put_stretch(w, s, g, symbols, x, at, l);
			x = at;
			if (x == end)
				break;
			n = next_bit(same, true, x, end) - x;
			put_run(w, g, n);
			keep_symbols(symbols, old, x, n, l);
			x += n;
			from = n ? x : x + 1; /* where a run was tried a pixel is coded */
		}
		quic_segment_done(g, end - begin);
	}
}

/* A run may begin at x where above x and x - 1 are the same, and before it x - 1 and x - 2 (quic.md 7). */
CORE void find_runs(uint8_t *runs, const uint8_t *same, const uint8_t *above, uint32_t width)
{
	uint64_t before = 0;

	for (uint32_t x = 0; x < width; x += 64) {
		uint64_t word = get_le64(same + x / 8);

		put_le64(runs + x / 8, get_le64(above + x / 8) & (word << 1 | before));
		before = word >> 63;
	}
}

/* A row of group g of the picture. */
CORE void encode_group(struct quic_writer *w, struct quic_scratch *s, unsigned g, uint32_t width, bool odd,
	const uint8_t *row, const uint8_t *above, const struct quic_layout l)
{
	uint8_t *symbols = quic_row(s, width, QUIC_SYMBOLS + 2 * g + odd);
	uint8_t *old = quic_row(s, width, QUIC_SYMBOLS + 2 * g + !odd);
	uint8_t *same = quic_row(s, width, QUIC_SAME + 2 * g + odd), *runs = quic_row(s, width, QUIC_RUNS);
	size_t bytes = l.n == 1 ? 1 : 4;

	residuals(row, above, width, symbols, same, l);
	if (above) {
		memcpy(symbols - bytes, old, bytes);
		find_runs(runs, same, quic_row(s, width, QUIC_SAME + 2 * g + !odd), width);
	} else {
		memset(symbols - bytes, 0, bytes);
	}
	encode_row(w, s, &s->group[g], width, symbols, old, same, above ? runs : NULL, l);
}

CORE void encode_rows(struct quic_writer *out, struct quic_scratch *s, uint32_t width, uint32_t height,
	const uint8_t *src, ptrdiff_t stride, const struct quic_layout l)
{
	const struct quic_layout a = {8, 4, 1, false};
	struct quic_writer w = *out;
	const uint8_t *above = NULL;

	for (uint32_t y = 0; y < height; y++, src += stride) {
		encode_group(&w, s, 0, width, y & 1, src, above, l);
		if (l.alpha)
			encode_group(&w, s, 1, width, y & 1, src, above, a);
		above = src;
	}
	*out = w;
}

#define ENCODER(name, ...) \
	static QUIC_TARGET void name(struct quic_writer *w, struct quic_scratch *s, uint32_t width, uint32_t height, \
		const uint8_t *src, ptrdiff_t stride) \
	{ \
		encode_rows(w, s, width, height, src, stride, (struct quic_layout){__VA_ARGS__}); \
	}

ENCODER(encode_gray, 8, 1, 1, false)
ENCODER(encode_rgb16, 5, 2, 3, false)
ENCODER(encode_rgb24, 8, 3, 3, false)
ENCODER(encode_rgb32, 8, 4, 3, false)
ENCODER(encode_rgba, 8, 4, 3, true)
