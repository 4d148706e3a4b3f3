/* QUIC as quic.md tells it, a pixel and a channel at a time: the oracle for the codec of the library, which has tables,
 * words and vectors instead. It shares no line with it; only the header and the sizes are the library's. */
#include "tests/tools/quic-plain.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

enum {
	MAGIC = 0x43495551,
	HEADER_WORDS = 5,
	MAX_CODE = 26,
	BUCKETS = 8,
	LEVELS = 6,
	LEVEL_PIXELS = 2048,
	RUN_STATES = 32,
};

/* The low bits of table C of quic.md 6; no more than 6 are ever used. */
static const uint8_t draws[256] = {
	2, 23, 19, 21, 7, 18, 40, 14, 12, 32, 47, 44, 36, 6, 18, 11, 4, 19, 42, 29, 16, 63, 57, 51,
	16, 3, 5, 14, 15, 30, 20, 9, 36, 45, 3, 57, 61, 0, 8, 5, 41, 14, 43, 27, 43, 59, 31, 35,
	39, 60, 42, 38, 13, 54, 62, 1, 26, 3, 11, 61, 52, 34, 7, 48, 4, 59, 22, 12, 22, 8, 50, 4,
	10, 6, 44, 8, 11, 46, 31, 51, 53, 17, 1, 43, 46, 60, 36, 54, 10, 27, 39, 44, 22, 41, 23, 2,
	44, 0, 40, 53, 40, 48, 16, 43, 32, 28, 33, 12, 20, 2, 56, 62, 55, 58, 18, 20, 13, 55, 38, 29,
	57, 19, 49, 33, 47, 63, 59, 0, 35, 61, 19, 25, 46, 38, 60, 4, 35, 1, 26, 40, 28, 10, 5, 14,
	25, 18, 48, 49, 20, 59, 62, 34, 46, 7, 33, 52, 34, 58, 9, 29, 8, 55, 62, 60, 37, 36, 37, 50,
	6, 3, 10, 28, 48, 24, 26, 61, 57, 30, 11, 54, 2, 6, 50, 47, 7, 17, 35, 53, 32, 12, 23, 17,
	5, 21, 49, 55, 51, 45, 52, 27, 39, 25, 39, 63, 22, 24, 42, 52, 56, 38, 41, 41, 56, 32, 13, 24,
	26, 51, 27, 56, 58, 37, 24, 42, 15, 28, 17, 30, 31, 15, 16, 23, 25, 54, 33, 34, 1, 29, 31, 50,
	53, 21, 49, 15, 47, 9, 0, 58, 37, 45, 30, 13, 9, 45, 63, 21,
};

static const uint16_t triggers[LEVELS + 1] = {110, 550, 900, 800, 550, 400, 350};

/* J of quic.md 7 */
static const uint8_t run_bits[RUN_STATES] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7,
	8, 9, 10, 11, 12, 13, 14, 15};

struct code {
	uint32_t bits;
	uint32_t len;
};

/* Parameter k of a family (quic.md 4). */
struct rice {
	uint32_t zeros;   /* P */
	uint32_t plain;   /* N */
	uint32_t extra;   /* E */
	uint32_t escape;  /* X */
};

struct family {
	struct rice rice[8];
	uint8_t len[256][8];     /* L(s, k), by symbol */
	struct code code[8][256]; /* by k and symbol */
	uint8_t bucket[256];
	uint8_t fold[256], unfold[256];
};

static struct family families[2]; /* 8 and 5 bits: made once, before main */

struct bucket {
	uint16_t count[8];
	uint8_t best;
};

struct group {
	uint32_t wait, draw, level, left, trigger, run;
};

struct plain_scratch {
	struct bucket model[4][BUCKETS];
	struct group group[2];
	uint8_t context[]; /* 4 rows of width + 1: the bucket of S[c][x] at x + 1 */
};

static void make_family(struct family *f, unsigned depth)
{
	unsigned top = (1u << depth) - 1;

	for (unsigned k = 0; k < depth; k++) {
		struct rice *r = &f->rice[k];
		unsigned p = (1u << (depth - k)) - 1, escaped;

		r->zeros = p < MAX_CODE - depth ? p : MAX_CODE - depth;
		r->plain = r->zeros << k;
		escaped = top + 1 - r->plain;
		while (1u << r->extra < escaped)
			r->extra++;
		r->escape = r->zeros + r->extra;
		for (unsigned s = 0; s <= top; s++) {
			struct code *c = &f->code[k][s];

			if (s < r->plain) {
				c->len = (s >> k) + 1 + k;
				c->bits = 1u << k | (s & ((1u << k) - 1));
			} else {
				c->len = r->escape;
				c->bits = s - r->plain;
			}
			f->len[s][k] = (uint8_t)c->len;
		}
	}
	for (unsigned s = 0; s <= top; s++) {
		unsigned b = 31 - (unsigned)__builtin_clz(s + 1);

		f->bucket[s] = (uint8_t)(b < depth - 1 ? b : depth - 1);
		f->fold[s] = (uint8_t)(s <= top >> 1 ? 2 * s : 2 * (top - s) + 1);
		f->unfold[s] = (uint8_t)(s & 1 ? top - (s >> 1) : s >> 1);
	}
}

static __attribute__((constructor)) void make_families(void)
{
	make_family(&families[0], 8);
	make_family(&families[1], 5);
}

static inline __attribute__((always_inline)) const struct family *family(unsigned depth)
{
	return &families[depth == 5];
}

static void reset(struct plain_scratch *s, uint32_t width, unsigned depth)
{
	memset(s->model, 0, sizeof(s->model));
	for (int c = 0; c < 4; c++)
		for (int b = 0; b < BUCKETS; b++)
			s->model[c][b].best = (uint8_t)(depth - 1);
	for (int g = 0; g < 2; g++)
		s->group[g] = (struct group){.draw = 255, .left = LEVEL_PIXELS, .trigger = triggers[0]};
	memset(s->context, 0, 4 * ((size_t)width + 1));
}

static inline __attribute__((always_inline)) void update(struct bucket *b, const uint8_t *len, uint32_t trigger,
	const unsigned depth)
{
	unsigned best = depth - 1;

	for (unsigned k = 0; k < depth; k++)
		b->count[k] = (uint16_t)(b->count[k] + len[k]);
	for (unsigned k = depth - 1; k-- > 0;)
		if (b->count[k] < b->count[best])
			best = k;
	b->best = (uint8_t)best;
	if (b->count[best] > trigger)
		for (unsigned k = 0; k < depth; k++)
			b->count[k] >>= 1;
}

/* After a coded pixel: is the model updated now? */
static inline bool due(struct group *g)
{
	if (g->wait) {
		g->wait--;
		return false;
	}
	g->draw = (g->draw + 1) & 255;
	g->wait = draws[g->draw] & ((1u << g->level) - 1);
	return true;
}

/* The end of the segment that begins at pixel `pos` of a row (quic.md 6). */
static uint32_t segment_end(const struct group *g, uint32_t pos, uint32_t width)
{
	return g->level < LEVELS && g->left <= width - pos ? pos + g->left : width;
}

static void segment_done(struct group *g, uint32_t n)
{
	if (g->level == LEVELS)
		return;
	g->left -= n;
	if (g->left == 0) {
		g->level++;
		g->trigger = triggers[g->level];
		g->left = LEVEL_PIXELS;
	}
}

/* ---- pixels ----
 * A layout is bytes a pixel and which channels of it a group has: `first` to `first + n - 1`, in the order R G B, or
 * A, or GRAY. */

struct layout {
	unsigned depth, bytes;
	unsigned n;     /* channels of the group */
	unsigned first; /* index of the group's first channel in the models */
};

/* Channel c of the group at p. */
static inline __attribute__((always_inline)) unsigned sample(const uint8_t *p, unsigned c, const struct layout l)
{
	if (l.depth == 5)
		return get_le16(p) >> (10 - 5 * c) & 31;
	if (l.n == 1)
		return l.bytes == 4 ? p[3] : p[0];
	return p[2 - c];
}

static inline __attribute__((always_inline)) bool same(const uint8_t *a, const uint8_t *b, const struct layout l)
{
	if (l.depth == 5)
		return ((get_le16(a) ^ get_le16(b)) & 0x7fff) == 0;
	if (l.n == 1)
		return l.bytes == 4 ? a[3] == b[3] : a[0] == b[0];
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* The prediction of channel c at x: quic.md 3. */
static inline __attribute__((always_inline)) unsigned predict(const uint8_t *row, const uint8_t *above, uint32_t x,
	unsigned c, const struct layout l)
{
	size_t at = (size_t)x * l.bytes;

	if (x == 0)
		return above ? sample(above, c, l) : 0;
	if (!above)
		return sample(row + at - l.bytes, c, l);
	return (sample(row + at - l.bytes, c, l) + sample(above + at, c, l)) >> 1;
}

/* Quic.md 7: does a run begin before pixel x? */
static inline __attribute__((always_inline)) bool run_here(const uint8_t *row, const uint8_t *above, uint32_t x,
	uint32_t tried, const struct layout l)
{
	size_t at = (size_t)x * l.bytes;

	return above && x > 2 && x != tried && same(above + at - l.bytes, above + at, l) &&
	       same(row + at - l.bytes, row + at - 2 * l.bytes, l);
}

/* ---- encoder ---- */

struct writer {
	uint8_t *p, *end;
	uint64_t acc;  /* the low `n` bits wait */
	unsigned n;    /* below 32 between calls */
	bool full;
};

static inline void put(struct writer *w, uint32_t bits, unsigned len)
{
	w->acc = w->acc << len | bits;
	w->n += len;
	if (w->n >= 32) {
		if (w->end - w->p < 4) {
			w->full = true;
			w->p -= 4; /* go on harmlessly over the last word */
		}
		w->n -= 32;
		put_le32(w->p, (uint32_t)(w->acc >> w->n));
		w->p += 4;
	}
}

static void put_run(struct writer *w, struct group *g, uint32_t n)
{
	while (n >= 1u << run_bits[g->run]) {
		put(w, 1, 1);
		n -= 1u << run_bits[g->run];
		if (g->run < RUN_STATES - 1)
			g->run++;
	}
	put(w, 0, 1);
	put(w, n, run_bits[g->run]);
	if (g->run > 0)
		g->run--;
}

static inline __attribute__((always_inline)) uint32_t run_length(const uint8_t *row, uint32_t x, uint32_t end,
	const struct layout l)
{
	const uint8_t *p = row + (size_t)x * l.bytes, *ref = p - l.bytes;
	uint32_t n = 0;

	while (n < end - x && same(p, ref, l)) {
		p += l.bytes;
		n++;
	}
	return n;
}

static inline __attribute__((always_inline)) void encode_segment(struct writer *w, struct plain_scratch *s,
	uint32_t width,
	struct group *g, const uint8_t *row, const uint8_t *above, uint32_t x, uint32_t end, const struct layout l)
{
	const struct family *f = family(l.depth);
	const unsigned top = (1u << l.depth) - 1;
	uint32_t tried = 0;

	while (x < end) {
		bool learn;

		if (run_here(row, above, x, tried, l)) {
			uint32_t n = run_length(row, x, end, l);

			tried = x;
			put_run(w, g, n);
			x += n;
			continue;
		}
		learn = due(g);
		for (unsigned c = 0; c < l.n; c++) {
			uint8_t *context = s->context + (size_t)(l.first + c) * (width + 1) + x;
			struct bucket *b = &s->model[l.first + c][context[0]];
			unsigned v = sample(row + (size_t)x * l.bytes, c, l);
			unsigned sym = f->fold[(v - predict(row, above, x, c, l)) & top];
			const struct code *code = &f->code[b->best][sym];

			put(w, code->bits, code->len);
			context[1] = f->bucket[sym];
			if (learn)
				update(b, f->len[sym], g->trigger, l.depth);
		}
		x++;
	}
}

static inline __attribute__((always_inline)) void encode_row(struct writer *w, struct plain_scratch *s, uint32_t width,
	struct group *g, const uint8_t *row, const uint8_t *above, const struct layout l)
{
	for (unsigned c = 0; c < l.n; c++) {
		uint8_t *context = s->context + (size_t)(l.first + c) * (width + 1);

		context[0] = above ? context[1] : 0;
	}
	for (uint32_t x = 0; x < width;) {
		uint32_t end = segment_end(g, x, width);

		encode_segment(w, s, width, g, row, above, x, end, l);
		segment_done(g, end - x);
		x = end;
	}
}

static inline __attribute__((always_inline)) void encode_rows(struct writer *w, struct plain_scratch *s, uint32_t width,
	uint32_t height, const uint8_t *src, ptrdiff_t stride, const struct layout l, const bool alpha)
{
	const struct layout a = {8, 4, 1, 3};
	const uint8_t *above = NULL;

	for (uint32_t y = 0; y < height; y++, src += stride) {
		encode_row(w, s, width, &s->group[0], src, above, l);
		if (alpha)
			encode_row(w, s, width, &s->group[1], src, above, a);
		above = src;
	}
}

int plain_quic_encode(enum quic_type type, uint32_t width, uint32_t height, const uint8_t *src, ptrdiff_t stride,
	uint8_t *out, size_t cap, size_t *n)
{
	struct plain_scratch *s = xmalloc(sizeof(*s) + 4 * ((size_t)width + 1));
	struct writer w = {.p = out, .end = out + cap};
	const uint32_t header[HEADER_WORDS] = {MAGIC, 0, type, width, height};

	if (cap < 4 * (HEADER_WORDS + 2)) {
		free(s);
		return E_LIMIT;
	}
	for (int i = 0; i < HEADER_WORDS; i++)
		put(&w, header[i], 32);
	reset(s, width, type == QUIC_RGB16 ? 5 : 8);
	switch (type) {
	case QUIC_GRAY:
		encode_rows(&w, s, width, height, src, stride, (struct layout){8, 1, 1, 0}, false);
		break;
	case QUIC_RGB16:
		encode_rows(&w, s, width, height, src, stride, (struct layout){5, 2, 3, 0}, false);
		break;
	case QUIC_RGB24:
		encode_rows(&w, s, width, height, src, stride, (struct layout){8, 3, 3, 0}, false);
		break;
	case QUIC_RGB32:
		encode_rows(&w, s, width, height, src, stride, (struct layout){8, 4, 3, 0}, false);
		break;
	case QUIC_RGBA:
		encode_rows(&w, s, width, height, src, stride, (struct layout){8, 4, 3, 0}, true);
		break;
	}
	if (w.n)
		put(&w, 0, 32 - w.n);
	put(&w, 0, 32);
	*n = (size_t)(w.p - out);
	free(s);
	return w.full ? E_LIMIT : 0;
}

/* ---- decoder ---- */

struct reader {
	const uint8_t *p, *end;
	uint64_t acc;    /* bits, the next one on top */
	unsigned n;      /* how many of them are there */
	unsigned beyond; /* words that were asked for behind the end: zeros */
};

/* At least 32 bits in acc. */
static inline void fill(struct reader *r)
{
	if (r->n > 32)
		return;
	if (r->end - r->p >= 4) {
		r->acc |= (uint64_t)get_le32(r->p) << (32 - r->n);
		r->p += 4;
	} else {
		r->beyond++;
	}
	r->n += 32;
}

static inline void skip(struct reader *r, unsigned n)
{
	r->acc <<= n;
	r->n -= n;
}

/* What is left when a stream ends properly is its last zero word; more than that was asked for: it is cut. */
static bool overrun(const struct reader *r)
{
	return r->beyond > 1 && r->n < 32 * (r->beyond - 1);
}

static inline __attribute__((always_inline)) unsigned get_symbol(struct reader *r, const struct rice *k, unsigned shift)
{
	unsigned zeros, s;

	fill(r);
	zeros = (unsigned)__builtin_clzll(r->acc | 1);
	if (zeros < k->zeros) {
		/* the bit that ends the zeros, and k behind it, are the low k + 1 bits of the code */
		s = (unsigned)(r->acc >> (63 - zeros - shift)) & ((1u << shift) - 1);
		s |= zeros << shift;
		skip(r, zeros + 1 + shift);
	} else {
		s = k->plain + ((unsigned)(r->acc >> (64 - k->escape)) & ((1u << k->extra) - 1));
		skip(r, k->escape);
	}
	return s;
}

/* 0 and the length, or E_INVAL when it passes `max`. */
static int get_run(struct reader *r, struct group *g, uint32_t max, uint32_t *n)
{
	*n = 0;
	for (;;) {
		bool one;

		fill(r);
		one = r->acc >> 63;
		skip(r, 1);
		if (!one)
			break;
		*n += 1u << run_bits[g->run];
		if (*n > max)
			return E_INVAL;
		if (g->run < RUN_STATES - 1)
			g->run++;
	}
	fill(r);
	if (run_bits[g->run]) {
		*n += (uint32_t)(r->acc >> (64 - run_bits[g->run]));
		skip(r, run_bits[g->run]);
	}
	if (g->run > 0)
		g->run--;
	return *n > max ? E_INVAL : 0;
}

static inline __attribute__((always_inline)) void store(uint8_t *p, const unsigned *v, const struct layout l)
{
	if (l.depth == 5) {
		put_le16(p, (uint16_t)(v[0] << 10 | v[1] << 5 | v[2]));
	} else if (l.n == 1) {
		p[l.bytes == 4 ? 3 : 0] = (uint8_t)v[0];
	} else if (l.bytes == 4) {
		put_le32(p, v[2] | v[1] << 8 | v[0] << 16);
	} else {
		p[0] = (uint8_t)v[2];
		p[1] = (uint8_t)v[1];
		p[2] = (uint8_t)v[0];
	}
}

static inline __attribute__((always_inline)) void store_run(uint8_t *p, uint32_t n, const struct layout l)
{
	for (uint32_t i = 0; i < n; i++, p += l.bytes) {
		if (l.n == 1)
			p[l.bytes == 4 ? 3 : 0] = (p - l.bytes)[l.bytes == 4 ? 3 : 0];
		else
			memcpy(p, p - l.bytes, l.bytes);
	}
}

static inline __attribute__((always_inline)) int decode_segment(struct reader *r, struct plain_scratch *s,
	uint32_t width,
	struct group *g, uint8_t *row, const uint8_t *above, uint32_t x, uint32_t end, const struct layout l)
{
	const struct family *f = family(l.depth);
	const unsigned top = (1u << l.depth) - 1;
	uint32_t tried = 0;

	while (x < end) {
		unsigned v[3];
		bool learn;

		if (run_here(row, above, x, tried, l)) {
			uint32_t n;

			if (get_run(r, g, end - x, &n))
				return E_INVAL;
			tried = x;
			store_run(row + (size_t)x * l.bytes, n, l);
			x += n;
			continue;
		}
		learn = due(g);
		for (unsigned c = 0; c < l.n; c++) {
			uint8_t *context = s->context + (size_t)(l.first + c) * (width + 1) + x;
			struct bucket *b = &s->model[l.first + c][context[0]];
			unsigned sym = get_symbol(r, &f->rice[b->best], b->best);

			if (sym > top)
				return E_INVAL;
			v[c] = (predict(row, above, x, c, l) + f->unfold[sym]) & top;
			context[1] = f->bucket[sym];
			if (learn)
				update(b, f->len[sym], g->trigger, l.depth);
		}
		store(row + (size_t)x * l.bytes, v, l);
		x++;
	}
	return 0;
}

static inline __attribute__((always_inline)) int decode_row(struct reader *r, struct plain_scratch *s, uint32_t width,
	struct group *g, uint8_t *row, const uint8_t *above, const struct layout l)
{
	for (unsigned c = 0; c < l.n; c++) {
		uint8_t *context = s->context + (size_t)(l.first + c) * (width + 1);

		context[0] = above ? context[1] : 0;
	}
	for (uint32_t x = 0; x < width;) {
		uint32_t end = segment_end(g, x, width);

		if (decode_segment(r, s, width, g, row, above, x, end, l))
			return E_INVAL;
		segment_done(g, end - x);
		x = end;
	}
	return overrun(r) ? E_INVAL : 0;
}

static inline __attribute__((always_inline)) int decode_rows(struct reader *r, struct plain_scratch *s,
	const struct quic_info *info, uint8_t *dst, ptrdiff_t stride, const struct layout l, const bool alpha)
{
	const struct layout a = {8, 4, 1, 3};
	const uint8_t *above = NULL;

	for (uint32_t y = 0; y < info->height; y++, dst += stride) {
		if (decode_row(r, s, info->width, &s->group[0], dst, above, l))
			return E_INVAL;
		if (alpha && decode_row(r, s, info->width, &s->group[1], dst, above, a))
			return E_INVAL;
		above = dst;
	}
	return 0;
}

/* x1r5g5b5 rows become B G R x in place, from the right. */
static void widen(const struct quic_info *info, uint8_t *dst, ptrdiff_t stride)
{
	for (uint32_t y = 0; y < info->height; y++, dst += stride) {
		for (uint32_t x = info->width; x-- > 0;) {
			unsigned v = get_le16(dst + 2 * (size_t)x);
			unsigned red = v >> 10 & 31, green = v >> 5 & 31, blue = v & 31;

			put_le32(dst + 4 * (size_t)x, (blue << 3 | blue >> 2) | (green << 3 | green >> 2) << 8 |
				(red << 3 | red >> 2) << 16);
		}
	}
}

static int decode(struct reader *r, struct plain_scratch *s, const struct quic_info *info, bool wide, uint8_t *dst,
	ptrdiff_t stride)
{
	int rc;

	switch (info->type) {
	case QUIC_GRAY:
		return decode_rows(r, s, info, dst, stride, (struct layout){8, 1, 1, 0}, false);
	case QUIC_RGB16:
		rc = decode_rows(r, s, info, dst, stride, (struct layout){5, 2, 3, 0}, false);
		if (wide && !rc)
			widen(info, dst, stride);
		return rc;
	case QUIC_RGB24:
		if (!wide)
			return decode_rows(r, s, info, dst, stride, (struct layout){8, 3, 3, 0}, false);
		/* fall through */
	case QUIC_RGB32:
		return decode_rows(r, s, info, dst, stride, (struct layout){8, 4, 3, 0}, false);
	case QUIC_RGBA:
		return decode_rows(r, s, info, dst, stride, (struct layout){8, 4, 3, 0}, true);
	}
	return E_INVAL;
}

int plain_quic_decode(struct slice in, const struct quic_info *info, bool wide, uint8_t *dst, ptrdiff_t stride)
{
	struct plain_scratch *s = xmalloc(sizeof(*s) + 4 * ((size_t)info->width + 1));
	struct reader r = {.p = in.p + 4 * HEADER_WORDS, .end = in.p + in.n / 4 * 4};
	int rc;

	reset(s, info->width, info->type == QUIC_RGB16 ? 5 : 8);
	rc = decode(&r, s, info, wide, dst, stride);
	free(s);
	return rc;
}
