/* The decoder of QUIC's rows, compiled once for each set of kernels. Nothing here can be done ahead: what a code is
 * depends on the symbol before, and whether there is a code on the pixels. So decode_stretch() is one loop over pixels
 * that keeps the bits, the left pixel and the contexts in registers, and knows only codes that a table tells. All else
 * (runs, updates of the model, long codes, the end of the input) leaves it and is done by decode_row().
 *
 * What costs time is the way from one code to the next: leading zeros, a sum, a shift. The table is beside that way.
 * The includer defines QUIC_TARGET, struct pixel, and what is declared in quic-encode.h and here. */
#include "codec/quic-encode.h"

/* The zeros before the first 1; of 0 at least 63. */
CORE uint64_t leading_zeros(uint64_t v);
/* Pixels x to x + n - 1 become what x - 1 is, and nothing behind width is written. */
CORE void fill_pixels(uint8_t *row, uint32_t x, uint32_t n, uint32_t width, const struct quic_layout l);
/* A pixel in, and out; and the pixel from its neighbours and where its entries are (the low bytes are differences). */
CORE struct pixel pixel_load(const uint8_t *p, const struct quic_layout l);
CORE void pixel_store(uint8_t *p, struct pixel v, const struct quic_layout l);
CORE struct pixel pixel_next(struct pixel left, struct pixel up, const struct quic_entry *e0,
	const struct quic_entry *e1, const struct quic_entry *e2, const struct quic_layout l);

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

/* Any code (quic.md 4). */
CORE unsigned get_symbol(struct quic_reader *r, const struct quic_family *f, unsigned k, const unsigned depth)
{
	unsigned zeros, symbol;

	refill(r);
	zeros = (unsigned)leading_zeros(r->acc);
	if (zeros < f->zeros[k]) {
		/* the 1 and the k bits behind it come to the top */
		symbol = (zeros << k) + ((unsigned)(r->acc << zeros >> (63 - k)) & ((1u << k) - 1));
		skip(r, zeros + 1 + k);
		return symbol;
	}
	symbol = f->plain[k] + ((unsigned)(r->acc >> (64 - f->escape[k])) & ((1u << f->extra[k]) - 1));
	skip(r, f->escape[k]);
	if (symbol >> depth)
		r->over = true;
	return symbol & ((1u << depth) - 1);
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
		length += quic_run_sums[state + ones] - quic_run_sums[state];
		state = state + ones < QUIC_RUN_STATES ? state + ones : QUIC_RUN_STATES - 1;
		if (length > max)
			return false;
	} while (ones == 32);
	length += (uint32_t)(r->acc << 1 >> 1 >> (63 - quic_run_bits[state]));
	skip(r, 1u + quic_run_bits[state]);
	g->run = state - (state > 0);
	*n = length;
	return length <= max;
}

/* ---- pixels ----
 * The entries of a row lie 4 or 1 for a pixel, from channel 0 on. */

CORE size_t entries(const struct quic_layout l)
{
	return l.n == 1 ? 1 : 4;
}

/* Decodes the entries of one pixel with all care: near the end of the input, escapes, long codes. */
static __attribute__((noinline)) QUIC_TARGET void get_careful(struct quic_reader *reader, const struct quic_channel *ch,
	struct quic_entry *entry, unsigned depth, unsigned n)
{
	const struct quic_family *f = quic_family(depth);
	const struct quic_entry *before = entry - (n == 1 ? 1 : 4);
	struct quic_reader r = *reader;

	for (unsigned c = 0; c < n; c++) {
		unsigned k = (ch[c].key[before[c].bucket] & 63) - 1;

		entry[c] = f->entry[get_symbol(&r, f, k, depth)];
	}
	*reader = r;
}

/* Where the entry of the code on top of *bits is, which goes. It is no entry for an escape and a long code. */
CORE const struct quic_entry *get_short(uint64_t *bits, uint64_t *taken, const struct quic_family *f,
	const uint64_t *key)
{
	uint64_t len = leading_zeros(*bits | *key) + *key; /* and the 1 and k bits: in the low 6 bits of it */
	const struct quic_entry *entry = f->look + ((*key & 0xffff) + (*bits >> (64 - QUIC_LOOK_BITS)));

	*bits <<= len & 63;
	*taken += len;
	return entry;
}

/* Is what differs between two pixels, or any of them, what the group has? */
CORE bool is_none(uint32_t difference, const struct quic_layout l)
{
	return l.bytes == 4 && l.n == 3 ? (difference & 0xffffff) == 0 : difference == 0;
}

CORE uint32_t raw(const uint8_t *p, const struct quic_layout l)
{
	return l.bytes == 4 && l.n == 3 ? get_le32(p) : quic_load(p, l);
}

/* Quic.md 7: do the pixels before x, and those above, let a run begin there? */
CORE bool run_may_begin(const uint8_t *row, const uint8_t *above, size_t x, const struct quic_layout l)
{
	const uint8_t *a = above + x * l.bytes, *b = row + x * l.bytes - l.bytes;

	return is_none((raw(a, l) ^ raw(a - l.bytes, l)) | (raw(b, l) ^ raw(b - l.bytes, l)), l);
}

/* Decodes pixels from x to stop - 1, the first one without asking for a run, until a run may begin (when `runs`) or
 * something needs care. Returns where it stopped. */
CORE uint32_t decode_stretch(struct quic_reader *r, const struct quic_scratch *s, uint32_t from, uint32_t stop,
	struct quic_entry *entry, uint8_t *row, const uint8_t *above, const bool runs, const struct quic_layout l)
{
	const struct quic_family *f = quic_family(l.depth);
	const uint8_t *p = r->p, *limit = r->limit;
	const struct quic_entry *last = entry + (from - (ptrdiff_t)1) * (ptrdiff_t)entries(l);
	uint64_t b0 = last[0].bucket, b1 = l.n == 3 ? last[1].bucket : 0, b2 = l.n == 3 ? last[2].bucket : 0;
	uint64_t acc = r->acc;
	struct pixel left = {0};
	int32_t count = r->n;
	size_t x = from;

	if (UNLIKELY(count < 0))
		return from;
	if (x)
		left = pixel_load(row + (x - 1) * l.bytes, l);
	else if (above)
		left = pixel_load(above, l);
	do {
		uint64_t bits, taken = 0;
		const struct quic_entry *e0, *e1, *e2;

		if (UNLIKELY(p > limit))
			break;
		acc |= two_words(p) >> count;
		p += (32 & ~count) >> 3;
		count |= 32;
		bits = acc;
		e0 = e1 = e2 = get_short(&bits, &taken, f, &s->channel[channel_of(0, l)].key[b0]);
		if (l.n == 3) {
			e1 = get_short(&bits, &taken, f, &s->channel[1].key[b1]);
			e2 = get_short(&bits, &taken, f, &s->channel[2].key[b2]);
		}
		if (UNLIKELY((e0->bucket | e1->bucket | e2->bucket) & QUIC_LOOK_MISS))
			break;
		acc = bits;
		count -= taken & 63;
		b0 = e0->bucket;
		entry[x * entries(l)] = *e0;
		if (l.n == 3) {
			b1 = e1->bucket;
			b2 = e2->bucket;
			entry[4 * x + 1] = *e1;
			entry[4 * x + 2] = *e2;
		}
		left = pixel_next(left, above ? pixel_load(above + x * l.bytes, l) : left, e0, e1, e2, l);
		pixel_store(row + x * l.bytes, left, l);
		x++;
	} while (x != stop && !(runs && run_may_begin(row, above, x, l)));
	r->acc = acc;
	r->p = p;
	r->n = count;
	return (uint32_t)x;
}

/* The same for the one pixel that decode_stretch() did not take. */
CORE void decode_careful(struct quic_reader *r, const struct quic_scratch *s, uint32_t x, struct quic_entry *entry,
	uint8_t *row, const uint8_t *above, const struct quic_layout l)
{
	struct pixel left = {0}, up;
	struct quic_entry *e = entry + x * entries(l);

	get_careful(r, &s->channel[channel_of(0, l)], e, l.depth, l.n);
	if (x)
		left = pixel_load(row + (size_t)(x - 1) * l.bytes, l);
	else if (above)
		left = pixel_load(above, l);
	up = above ? pixel_load(above + (size_t)x * l.bytes, l) : left;
	pixel_store(row + (size_t)x * l.bytes, pixel_next(left, up, e, e + 1, e + 2, l), l);
}

/* ---- rows ---- */

/* Updates the model with a channel of the last pixel before `entry`. */
CORE void learn_entry(struct quic_scratch *s, const struct quic_entry *entry, uint32_t trigger, unsigned c,
	const struct quic_layout l)
{
	const struct quic_family *f = quic_family(l.depth);
	const struct quic_entry *now = entry - entries(l), *before = now - entries(l);
	struct quic_channel *ch = &s->channel[channel_of(c, l)];
	const uint16_t *cost = f->difference_cost[now[c].difference];
	unsigned bucket = before[c].bucket;

	ch->key[bucket] = f->key[learn(ch->count[bucket], cost, trigger, l.depth)];
}

/* A row of a group; false when it can't be right. The entries are those of the row before and become its own. */
CORE bool decode_row(struct quic_reader *r, struct quic_scratch *s, struct quic_group *g, uint32_t width,
	struct quic_entry *entry, uint8_t *row, const uint8_t *above, const struct quic_layout l)
{
	for (uint32_t x = 0; x < width;) {
		uint32_t begin = x, end = quic_segment_end(g, x, width), tried = 0;

		while (x < end) {
			uint32_t from = x, stop = g->wait < end - x ? x + g->wait + 1 : end, n;

			if (above && x > 2) {
				if (x != tried && run_may_begin(row, above, x, l)) {
					if (!get_run(r, g, end - x, &n))
						return false;
					tried = x;
					fill_pixels(row, x, n, width, l);
					x += n;
					continue;
				}
				x = decode_stretch(r, s, x, stop, entry, row, above, true, l);
			} else {
				if (above && stop > 3)
					stop = 3;
				x = decode_stretch(r, s, x, stop, entry, row, above, false, l);
			}
			if (x == from) {
				decode_careful(r, s, x++, entry, row, above, l);
				if (r->over)
					return false;
			}
			if (x <= from + g->wait) {
				g->wait -= x - from;
			} else {
				g->wait = quic_draw(g);
				learn_entry(s, entry + x * entries(l), g->trigger, 0, l);
				if (l.n == 3) {
					learn_entry(s, entry + x * entries(l), g->trigger, 1, l);
					learn_entry(s, entry + x * entries(l), g->trigger, 2, l);
				}
			}
		}
		quic_segment_done(g, end - begin);
	}
	return !overrun(r);
}

CORE bool decode_group(struct quic_reader *r, struct quic_scratch *s, unsigned g, uint32_t width, uint8_t *row,
	const uint8_t *above, const struct quic_layout l)
{
	struct quic_entry *entry = (struct quic_entry *)quic_row(s, width, QUIC_SYMBOLS + 2 * g);
	size_t bytes = entries(l) * sizeof(*entry);

	if (above)
		memcpy(entry - entries(l), entry, bytes);
	else
		memset(entry - entries(l), 0, bytes);
	return decode_row(r, s, &s->group[g], width, entry, row, above, l);
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
