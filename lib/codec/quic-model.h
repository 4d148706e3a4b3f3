/* What both directions of QUIC know: the code families, the adaptive model and its schedule (quic.md 4 to 7), and the
 * shape of a set of kernels. Private to the codec and its tests.
 *
 * Pixels of three channels are words here, R << 16 | G << 8 | B, and their three symbols likewise, so that one word
 * operation does three channels. */
#ifndef CODEC_QUIC_MODEL_H
#define CODEC_QUIC_MODEL_H

#include "base/cpu.h"
#include "codec/quic.h"

enum {
	QUIC_MAGIC = 0x43495551,
	QUIC_HEADER_WORDS = 5,
	QUIC_MAX_CODE = 26,
	QUIC_BUCKETS = 8,
	QUIC_LOOK_BITS = 10,
	QUIC_LOOK_STRIDE = (1 << QUIC_LOOK_BITS) + 1,
	QUIC_LOOK_MISS = QUIC_BUCKETS, /* no bucket has that bit */
	QUIC_LEVELS = 6,
	QUIC_LEVEL_PIXELS = 2048,
	QUIC_RUN_STATES = 32,
	QUIC_REFILL = 32, /* bytes that a pixel reads, at most */
	QUIC_TAIL = 128, /* what is left when QUIC_REFILL is not, zeros as long as that, and more */
	QUIC_PAD = 64, /* bytes that vectors may read or write beside a row of the scratch memory */
};

/* What the decoder has instead of a symbol: the difference from the prediction that it stands for, and the bucket that
 * it leads to. */
struct quic_entry {
	uint8_t difference, bucket;
};

/* The codes for samples of `depth` bits. */
struct quic_family {
	uint16_t cost[256][8];  /* L(s, k) by symbol; lane i is k = depth - 1 - i, lanes too many are 0xffff */
	uint16_t code[8][256];  /* by k and symbol: bits | length << 8 */
	uint32_t plain[8];      /* N */
	uint32_t escape[8];     /* X */
	uint64_t zeros[8];      /* P */
	uint8_t extra[8];       /* E */
	uint8_t bucket[256];    /* by context */
	/* For the decoder: by symbol; what a difference costs; and at quic_place(k) + b, what begins with the
	 * QUIC_LOOK_BITS bits b in code k. The bucket is QUIC_LOOK_MISS when it is longer than that. */
	struct quic_entry entry[256];
	uint16_t difference_cost[256][8];
	struct quic_entry look[8 * QUIC_LOOK_STRIDE + 1];
	/* By k: its place in the low 16 bits; and a bit so far from the top as there are zeros at most before the 1, or
	 * before the bits of an escape that is as long as the code after it would be: most are (E = k). */
	uint64_t key[8];
};

extern struct quic_family quic_families[2]; /* 8 and 5 bits: made once, before main */
extern const uint8_t quic_draws[256];
extern const uint16_t quic_triggers[QUIC_LEVELS + 1];
extern const uint8_t quic_run_bits[QUIC_RUN_STATES];
/* The pixels of n ones in a run's code, when the first finds state s, are sums[s + n] - sums[s]; n <= 32. */
extern uint32_t quic_run_sums[2 * QUIC_RUN_STATES];

/* Where the decoder finds code k; the low 6 bits of it are k + 1, as a shift needs them. */
static inline __attribute__((always_inline)) uint32_t quic_place(unsigned k)
{
	return k * QUIC_LOOK_STRIDE + 1;
}

/* One channel, by bucket: counters in the order of quic_family.cost, the code to use now, for the decoder its key. */
struct quic_channel {
	_Alignas(16) uint16_t count[QUIC_BUCKETS][8];
	uint64_t key[QUIC_BUCKETS + 1];
	uint8_t best[16];
};

struct quic_group {
	uint32_t wait, draw, level, left, trigger, run;
};

struct quic_scratch {
	struct quic_channel channel[4]; /* R G B A, or GRAY */
	struct quic_group group[2];
	uint8_t tail[QUIC_TAIL];        /* the end of the input, and zeros behind it */
	uint32_t bits[8], len[8];       /* what is on its way from vectors to the writer */
	uint8_t *rows;                  /* enum quic_row */
};

/* Rows of the scratch memory. The encoder has two of symbols for each group, this row's and those of the one before,
 * which change places; of one bit a pixel, whether it equals its left neighbour, two for each group, and where runs may
 * begin. The decoder has entries in the first two of a group, as if they were one. */
enum quic_row { QUIC_SYMBOLS = 0, QUIC_SAME = 4, QUIC_RUNS = 8, QUIC_ROWS = 9 };

static inline size_t quic_padded(size_t n)
{
	return 2 * QUIC_PAD + ((n + QUIC_PAD - 1) & ~(size_t)(QUIC_PAD - 1));
}

/* Where row i begins, and all rows end; 4 bytes a pixel, or a bit. */
static inline size_t quic_row_at(uint32_t width, unsigned i)
{
	size_t wide = quic_padded(4 * (size_t)width), narrow = quic_padded(width / 8 + 1);

	return i < QUIC_SAME ? i * wide : QUIC_SAME * wide + (i - QUIC_SAME) * narrow;
}

/* Where its pixel 0 is. */
static inline uint8_t *quic_row(const struct quic_scratch *s, uint32_t width, unsigned i)
{
	return s->rows + quic_row_at(width, i) + QUIC_PAD;
}

/* Which channels of a picture a group has, and how a pixel of it lies in memory. */
struct quic_layout {
	unsigned depth; /* bits a sample: 8, 5 */
	unsigned bytes; /* a pixel */
	unsigned n;     /* channels: 3; or 1, the last byte of the pixel */
	bool alpha;     /* the fourth byte is a channel of another group */
};

static inline __attribute__((always_inline)) const struct quic_family *quic_family(unsigned depth)
{
	return &quic_families[depth == 5];
}

static inline uint32_t quic_mask(const struct quic_group *g)
{
	return (1u << g->level) - 1;
}

/* The pixels that are coded before the next update of the model, that one excluded: draws. */
static inline uint32_t quic_draw(struct quic_group *g)
{
	g->draw = (g->draw + 1) & 255;
	return quic_draws[g->draw] & quic_mask(g);
}

/* The end of the segment that begins at pixel x of a row, and what to do there (quic.md 6). */
static inline uint32_t quic_segment_end(const struct quic_group *g, uint32_t x, uint32_t width)
{
	return g->level < QUIC_LEVELS && g->left <= width - x ? x + g->left : width;
}

static inline void quic_segment_done(struct quic_group *g, uint32_t n)
{
	if (g->level == QUIC_LEVELS)
		return;
	g->left -= n;
	if (g->left == 0) {
		g->level++;
		g->trigger = quic_triggers[g->level];
		g->left = QUIC_LEVEL_PIXELS;
	}
}

/* Puts memory in order for a coding; `scratch` has quic_scratch_size(width) bytes, aligned or not. */
struct quic_scratch *quic_scratch_reset(void *scratch, unsigned depth);

/* ---- words of three channels ---- */

static inline __attribute__((always_inline)) uint32_t quic_lanes(unsigned v)
{
	return 0x010101 * v;
}

/* (w + n) >> 1 */
static inline __attribute__((always_inline)) uint32_t quic_mean(uint32_t w, uint32_t n)
{
	return (w & n) + ((w ^ n) >> 1 & 0x7f7f7f);
}

/* The symbols for v where p is predicted (quic.md 3); the differences that symbols stand for; p and differences. */
static inline __attribute__((always_inline)) uint32_t quic_fold(uint32_t v, uint32_t p, unsigned depth)
{
	uint32_t high = quic_lanes(0x80 >> (8 - depth)), low = quic_lanes((0xff >> (8 - depth)) >> 1);
	uint32_t d = depth == 5 ? ((v | high << 1) - p) & quic_lanes(31)
				: ((v | high) - (p & low)) ^ ((v ^ ~p) & high);

	return (d & low) << 1 ^ ((d & high) >> (depth - 1)) * ((2 << (depth - 1)) - 1);
}

static inline __attribute__((always_inline)) uint32_t quic_unfold(uint32_t s, unsigned depth)
{
	uint32_t low = quic_lanes((0xff >> (8 - depth)) >> 1), odd = s & quic_lanes(1);

	return (s >> 1 & low) ^ ((odd << depth) - odd);
}

static inline __attribute__((always_inline)) uint32_t quic_add(uint32_t p, uint32_t d, unsigned depth)
{
	const uint32_t low = quic_lanes(0x7f);

	if (depth == 5)
		return (d + p) & quic_lanes(31);
	return ((d & low) + (p & low)) ^ ((d ^ p) & quic_lanes(0x80));
}

/* ---- pixels ---- */

static inline __attribute__((always_inline)) uint32_t quic_load(const uint8_t *p, const struct quic_layout l)
{
	if (l.n == 1)
		return p[l.bytes - 1];
	if (l.depth == 5) {
		uint32_t v = get_le16(p);

		return (v & 0x7c00) << 6 | (v & 0x3e0) << 3 | (v & 31);
	}
	return l.bytes == 4 ? get_le32(p) & 0xffffff : p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static inline __attribute__((always_inline)) void quic_store(uint8_t *p, uint32_t v, const struct quic_layout l)
{
	if (l.n == 1) {
		p[l.bytes - 1] = (uint8_t)v;
	} else if (l.depth == 5) {
		put_le16(p, (uint16_t)((v >> 6 & 0x7c00) | (v >> 3 & 0x3e0) | (v & 31)));
	} else if (l.bytes == 4) {
		put_le32(p, v);
	} else {
		put_le16(p, (uint16_t)v);
		p[2] = (uint8_t)(v >> 16);
	}
}

/* ---- kernels ---- */

struct quic_writer {
	uint8_t *p, *end;
	uint64_t acc; /* bits from the top on, fewer than 32 between calls */
	unsigned n;   /* how many of them are there */
	bool full;
};

struct quic_reader {
	const uint8_t *p;     /* the next word that is not accounted for in n */
	const uint8_t *limit; /* behind it QUIC_REFILL bytes are not there any more */
	const uint8_t *end;   /* where the input ends, in it or in `tail` */
	uint64_t acc;         /* bits, the next one on top; what is below the n is right or zero */
	int32_t n;            /* the bits that are accounted for; below 0 they were taken from *p */
	bool in_tail, over;   /* `over`: a code that can't be, or the end was passed */
	uint8_t *tail;
};

typedef void quic_encode_rows(struct quic_writer *w, struct quic_scratch *s, uint32_t width, uint32_t height,
	const uint8_t *src, ptrdiff_t stride);
typedef int quic_decode_rows(struct quic_reader *r, struct quic_scratch *s, uint32_t width, uint32_t height,
	uint8_t *dst, ptrdiff_t stride);

/* Coders of rows, by enum quic_type. */
struct quic_kernels {
	quic_encode_rows *encode[QUIC_RGBA + 1];
	quic_decode_rows *decode[QUIC_RGBA + 1];
};

extern const struct quic_kernels quic_kernels_c;
extern const struct quic_kernels *const quic_kernels_avx2; /* NULL where there is no such thing */

/* The set for a level, and coding with a set. */
const struct quic_kernels *quic_kernels(enum cpu_level level);
int quic_encode_by(const struct quic_kernels *k, enum quic_type type, uint32_t width, uint32_t height,
	const uint8_t *src, ptrdiff_t stride, uint8_t *out, size_t cap, size_t *n, void *scratch);
int quic_decode_by(const struct quic_kernels *k, struct slice in, const struct quic_info *info, bool wide,
	uint8_t *dst, ptrdiff_t stride, void *scratch);

/* What the fast paths leave: more bits when the input is near its end, a word when the output is. */
void quic_refill_tail(struct quic_reader *r);
void quic_put_careful(struct quic_writer *w, uint32_t bits, unsigned len);

#endif
