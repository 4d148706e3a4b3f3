/* GLZ: the encoder (glz.md 1, 2 and 8). At each pixel it takes the longest of these: the run, the row above, the place
 * where the next two (or three) pixels were seen last, and two that find older pictures again. One is the trail: a
 * picture that was followed is tried at the same distance for a while, and to begin with the last one of the same size.
 * The other is marks: at one in 32 pixels, chosen by what they are, a longer stretch is remembered, for keys are soon
 * overwritten. The longer nothing was found, the fewer pixels are tried. */
#include "base/err.h"
#include "codec/glz-dict.h"
#include "codec/glz-source.h"

enum {
	MAGIC = 0x20205a4c,
	FORMAT_VERSION = 0x00010001,
	MAX_LITERALS = 32,
	AHEAD = 8,           /* pixels ahead of which slots are fetched */
	SKIP_SHIFT = 5,      /* a step grows by 1 each 32 pixels without a match */
	STEP_MAX = 8,
	MARK_UNITS = 8,      /* what a mark is made of */
	MARK_MASK = 31,
	MARK_LEAST = 16,     /* matches of marks are at least so long; so are those that are followed */
	MARK_EVERY = 256,    /* within long matches a mark is looked for every so many units */
	TRAIL_FIRST = 64,    /* a trail is left after so many failures more than units of success */
	TRAIL_MOST = 256,
	TO_FAR = 4096,       /* offsets from here on take the far form */
	TO_FARTHEST = 1 << 17,
	SLACK = 16,          /* bytes that may be written behind the end */
};

#define INLINE static inline __attribute__((always_inline))

/* A kind of pass. */
struct kind {
	uint32_t mask;    /* bits of a word that it codes */
	unsigned literal; /* bytes of one */
	unsigned bias;
	unsigned key;     /* units that are looked for together */
	unsigned least;   /* units that a match must have */
};

static const struct kind rgb16_kind = {0xffffffff, 2, 1, 3, 3};
static const struct kind rgb_kind = {0xffffffff, 3, 0, 2, 2};
static const struct kind colour_kind = {0x00ffffff, 3, 0, 2, 2};
static const struct kind alpha_kind = {0xff000000, 1, 2, 4, 6};

/* ---- units ---- */

INLINE uint32_t one(const uint32_t *p, const struct kind k)
{
	return *p & k.mask;
}

/* Two units, the first one in the low half. */
INLINE uint64_t two(const uint32_t *p, const struct kind k)
{
	return (uint64_t)one(p + 1, k) << 32 | one(p, k);
}

/* The first units at p that are looked for together. */
INLINE uint64_t key(const uint32_t *p, const struct kind k)
{
	if (k.key == 2)
		return two(p, k);
	if (k.key == 3)
		return p[0] | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 32;
	return p[0] >> 24 | (p[1] >> 24) << 8 | (p[2] >> 24) << 16 | (p[3] >> 24) << 24;
}

INLINE uint32_t hash(uint64_t v)
{
	return (uint32_t)(v * 0x9e3779b97f4a7c15u >> 32);
}

/* Are 16 units alike? */
INLINE bool same16(const uint32_t *a, const uint32_t *b, const struct kind k)
{
	uint32_t __attribute__((vector_size(16))) x, y, differ = {0};
	uint64_t halves[2];

	for (unsigned i = 0; i < 16; i += 4) {
		memcpy(&x, a + i, sizeof(x));
		memcpy(&y, b + i, sizeof(y));
		differ |= (x ^ y) & k.mask;
	}
	memcpy(halves, &differ, sizeof(halves));
	return !(halves[0] | halves[1]);
}

INLINE uint32_t alike(const uint32_t *a, const uint32_t *b, uint32_t max, const struct kind k)
{
	uint32_t n = 0;

	for (; n + 2 <= max; n += 2) {
		uint64_t x = two(a + n, k) ^ two(b + n, k);

		if (x)
			return n + ((uint32_t)x == 0);
		if (n == 14)
			for (; n + 18 <= max && same16(a + n + 2, b + n + 2, k); n += 16)
				;
	}
	return n + (n < max && one(a + n, k) == one(b + n, k));
}

/* ---- operations ---- */

/* n words, and some bytes behind them. */
INLINE void put_words(uint8_t *out, const uint32_t *from, size_t n, const struct kind k)
{
	if (k.literal == 3) {
		for (size_t i = 0; i < n; i += 4) {
			uint64_t a = two(from + i, rgb_kind), b = two(from + i + 2, rgb_kind);

			a = (a & 0xffffff) | (a >> 8 & 0xffffff000000);
			b = (b & 0xffffff) | (b >> 8 & 0xffffff000000);
			put_le64(out + 3 * i, a | b << 48);
			put_le32(out + 3 * i + 8, (uint32_t)(b >> 16));
		}
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (k.literal == 2)
			put_be16(out + 2 * i, (uint16_t)from[i]);
		else
			out[i] = (uint8_t)(from[i] >> 24);
	}
}

INLINE uint8_t *put_literals(uint8_t *out, const uint32_t *from, size_t n, const struct kind k)
{
	while (n) {
		size_t part = n < MAX_LITERALS ? n : MAX_LITERALS;

		*out++ = (uint8_t)(part - 1);
		put_words(out, from, part, k);
		out += part * k.literal;
		from += part;
		n -= part;
	}
	return out;
}

/* A match with the picture img ids before; pix is the number of a pixel of it, or within the same one the distance
 * less 1. */
INLINE uint8_t *put_match(uint8_t *out, uint32_t length, uint32_t img, uint32_t pix, const struct kind k)
{
	uint32_t code = length - k.bias, far = pix >= TO_FAR;
	uint8_t *q;

	*out++ = (uint8_t)((code < 7 ? code : 7) << 5 | far << 4 | (pix & 15));
	if (code >= 7) {
		for (code -= 7; code >= 255; code -= 255)
			*out++ = 255;
		*out++ = (uint8_t)code;
	}
	*out++ = (uint8_t)(pix >> 4);
	q = out++;
	*q = (uint8_t)(pix >> 12 & 31);
	if (img) {
		if (!far) {
			*q = img & 63;
			img >>= 6;
		}
		for (; img; img >>= 8) {
			*out++ = (uint8_t)img;
			*q += 64;
		}
	}
	if (pix >= TO_FARTHEST) {
		*out++ = (uint8_t)(pix >> 17);
		*q |= 32;
	}
	return out;
}

/* ---- matches ---- */

struct match {
	uint32_t length, at;            /* what is like it begins at ring[at] */
	const struct glz_segment *from; /* in which segment; NULL: the one at hand, before pos */
};

INLINE uint32_t number_of(const struct glz_segment *s, uint32_t at)
{
	return s->first + (at - s->start);
}

/* With another picture a match may take more bytes than what it stands for. */
INLINE bool pays(const struct glz_segment *seg, const struct match *m, const struct kind k)
{
	uint32_t pix = number_of(m->from, m->at), img = (uint32_t)(seg->id - m->from->id) >> (pix < TO_FAR ? 6 : 0);
	uint32_t bytes = pix < TO_FARTHEST ? 3 : 4;

	for (; img; img >>= 8)
		bytes++;
	return m->length > k.bias && m->length * k.literal > bytes;
}

/* What ring[pos] has in common with `at` of another segment, as far as its words are there. */
INLINE bool match_segment(const struct glz_segment *seg, const struct glz_source *s, uint32_t pos,
	const struct glz_segment *from, uint32_t at, struct match *m, const struct kind k)
{
	uint32_t max = s->filled - pos, left = from->start + from->n - at;

	*m = (struct match){alike(s->ring + at, s->ring + pos, max < left ? max : left, k), at, from};
	return pays(seg, m, k);
}

INLINE bool match_at(const struct glz_dict *d, const struct glz_segment *seg, const struct glz_source *s, uint32_t pos,
	uint32_t at, struct match *m, const struct kind k)
{
	const struct glz_segment *from;

	if (at - seg->start < seg->n) {
		if (at >= pos)
			return false;
		*m = (struct match){alike(s->ring + at, s->ring + pos, s->filled - pos, k), at, NULL};
		return true;
	}
	from = glz_dict_find(d, at);
	if (!from || from->type != seg->type || (from->id == seg->id && from->first > seg->first))
		return false;
	return match_segment(seg, s, pos, from, at, m, k);
}

/* The longest match at pos among the run, the row above and the candidate; v is the key there. */
INLINE void search(const struct glz_dict *d, const struct glz_segment *seg, const struct glz_source *s, uint32_t pos,
	uint64_t v, uint32_t candidate, struct match *m, const struct kind k)
{
	const uint32_t *p = s->ring + pos;
	uint32_t before = pos - seg->start, max = s->filled - pos, length;
	struct match other;

	if (before && key(p - 1, k) == v) {
		length = alike(p - 1, p, max, k);
		if (length > m->length)
			*m = (struct match){length, pos - 1, NULL};
	}
	if (before >= s->width && key(p - s->width, k) == v) {
		length = alike(p - s->width, p, max, k);
		if (length > m->length)
			*m = (struct match){length, pos - s->width, NULL};
	}
	if (key(s->ring + candidate, k) == v && match_at(d, seg, s, pos, candidate, &other, k) &&
		other.length > m->length)
		*m = other;
}

/* ---- what was seen where ---- */

/* Remembers pos in a slot; gives the index that was there, or UINT32_MAX when it was of another hash. */
INLINE uint32_t swap(const struct glz_dict *d, uint32_t *slot, uint32_t hash, uint32_t pos)
{
	uint32_t was = *slot, tag = hash << d->index_bits;

	*slot = tag | pos;
	return (was ^ tag) >> d->index_bits ? UINT32_MAX : was & ((1u << d->index_bits) - 1);
}

INLINE uint32_t swap_key(struct glz_dict *d, uint32_t hash, uint32_t pos)
{
	return swap(d, &d->keys[hash >> (32 - GLZ_KEY_BITS)], hash, pos);
}

INLINE uint32_t swap_mark(struct glz_dict *d, uint32_t pos, const struct kind k)
{
	uint64_t v = 0;
	uint32_t hash;

	for (unsigned i = 0; i < MARK_UNITS; i += 2)
		v = (v ^ two(d->ring + pos + i, k)) * 0x9e3779b97f4a7c15u;
	hash = (uint32_t)(v >> 32);
	return swap(d, &d->marks[hash >> (32 - GLZ_MARK_BITS)], hash, pos);
}

/* What a match covered can be found again, though it was not looked at: its last units, and marks here and there. */
INLINE void remember(struct glz_dict *d, uint32_t pos, uint32_t n, const struct kind k)
{
	for (; n >= MARK_EVERY; n -= MARK_EVERY, pos += MARK_EVERY) {
		for (uint32_t i = 0; i <= MARK_MASK; i++) {
			uint32_t h = hash(key(d->ring + pos + i, k));

			if (h & MARK_MASK)
				continue;
			swap_key(d, h, pos + i);
			swap_mark(d, pos + i, k);
			break;
		}
	}
	swap_key(d, hash(key(d->ring + pos + n - k.key, k)), pos + n - k.key);
}

/* Makes a match longer, back to `start` and beyond the words that are there, and remembers it; returns where it
 * begins. */
INLINE uint32_t stretch(struct glz_dict *d, const struct glz_segment *seg, struct glz_source *s, uint32_t pos,
	uint32_t start, struct match *m, const struct kind k)
{
	const uint32_t *ring = s->ring;
	uint32_t low = m->from ? m->from->start : seg->start, end = m->from ? low + m->from->n : s->end;

	for (; pos > start && m->at > low && one(ring + pos - 1, k) == one(ring + m->at - 1, k); pos--, m->at--)
		m->length++;
	remember(d, pos, m->length, k);
	while (pos + m->length == s->filled && s->filled < s->end && m->at + m->length < end) {
		uint32_t from = m->at + m->length, to = pos + m->length, n, max;

		glz_fill(s);
		max = s->filled - to < end - from ? s->filled - to : end - from;
		n = alike(ring + from, ring + to, max, k);
		m->length += n;
		if (n >= k.key)
			remember(d, to, n, k);
	}
	return pos;
}

/* ---- the trail ---- */

/* A picture is followed in two dimensions, as windows move and parts of them are drawn again. */
struct trail {
	const struct glz_segment *from; /* the first one of the picture that is followed */
	uint32_t dx, dy;                /* where it is less where we are, modulo 2^32 */
	int credit;                     /* none when it is 0 */
	bool aside;                     /* the last pixel was beside the picture */
};

/* What the trail has at pos, whose key is v. */
INLINE bool follow(const struct glz_dict *d, const struct glz_segment *seg, const struct glz_source *s, struct trail *t,
	uint32_t pos, uint64_t v, struct match *m, const struct kind k)
{
	uint32_t number = number_of(seg, pos), x = number % seg->width + t->dx, y = number / seg->width + t->dy, at;
	const struct glz_segment *from = t->from;

	t->aside = x >= from->width || y >= from->height;
	if (t->aside)
		return false;
	number = y * from->width + x;
	if (number >= from->n) {
		from = glz_dict_after(d, from);
		if (!from)
			return false;
	}
	at = from->start + (number - from->first);
	if (key(s->ring + at, k) != v || !match_segment(seg, s, pos, from, at, m, k)) {
		t->credit--;
		return false;
	}
	t->credit = m->length < TRAIL_MOST - (unsigned)t->credit ? t->credit + (int)m->length : TRAIL_MOST;
	return true;
}

/* Follows the picture of a match at pos. */
INLINE void lead(const struct glz_dict *d, const struct glz_segment *seg, struct trail *t, uint32_t pos,
	const struct match *m)
{
	const struct glz_segment *from = glz_dict_first(d, m->from);
	uint32_t ours = number_of(seg, pos), theirs = number_of(m->from, m->at);
	uint32_t dx = theirs % from->width - ours % seg->width, dy = theirs / from->width - ours / seg->width;

	if (!t->credit || t->from != from || t->dx != dx || t->dy != dy)
		*t = (struct trail){from, dx, dy, TRAIL_FIRST, false};
}

/* ---- passes ---- */

/* The match to take at pos, if any, whose key is v; h is its hash and `candidate` where it was seen last. */
INLINE struct match best(struct glz_dict *d, const struct glz_segment *seg, const struct glz_source *s, struct trail *t,
	uint32_t pos, uint64_t v, uint32_t h, uint32_t candidate, const struct kind k)
{
	struct match m = {0, 0, NULL}, other;

	if (t->credit && follow(d, seg, s, t, pos, v, &other, k))
		m = other;
	if (!(h & MARK_MASK) && m.length < MARK_LEAST && pos + MARK_UNITS <= s->filled) {
		uint32_t at = swap_mark(d, pos, k);

		if (at != UINT32_MAX && key(s->ring + at, k) == v && match_at(d, seg, s, pos, at, &other, k) &&
			other.length >= MARK_LEAST)
			m = other;
	}
	if (candidate != UINT32_MAX && m.length < MARK_LEAST)
		search(d, seg, s, pos, v, candidate, &m, k);
	return m;
}

INLINE uint8_t *encode_segment(struct glz_dict *d, const struct glz_segment *seg, struct glz_source *s, struct trail *t,
	uint8_t *out, const struct kind k)
{
	const uint32_t *ring = d->ring;
	uint32_t pos = seg->start, start = pos; /* literals since `start` are still to be written */

	for (;;) {
		uint32_t h, candidate, step;
		struct match m;
		uint64_t v;

		if (pos + MARK_UNITS > s->filled) {
			if (s->filled < s->end) {
				glz_fill(s);
				continue;
			}
			if (pos + k.key > s->end)
				break;
		}
		__builtin_prefetch(&d->keys[hash(key(ring + pos + AHEAD, k)) >> (32 - GLZ_KEY_BITS)], 1);
		v = key(ring + pos, k);
		h = hash(v);
		candidate = swap_key(d, h, pos);
		m.length = 0;
		if (candidate != UINT32_MAX || t->credit || !(h & MARK_MASK))
			m = best(d, seg, s, t, pos, v, h, candidate, k);
		if (m.length < k.least) {
			step = 1 + ((pos - start) >> SKIP_SHIFT);
			if (candidate != UINT32_MAX || (t->credit && !t->aside))
				step = 1;
			pos += step < STEP_MAX ? step : STEP_MAX;
			continue;
		}
		pos = stretch(d, seg, s, pos, start, &m, k);
		out = put_literals(out, ring + start, pos - start, k);
		if (!m.from) {
			out = put_match(out, m.length, 0, pos - m.at - 1, k);
		} else if (m.from->id == seg->id) {
			out = put_match(out, m.length, 0, number_of(seg, pos) - number_of(m.from, m.at) - 1, k);
		} else {
			out = put_match(out, m.length, (uint32_t)(seg->id - m.from->id), number_of(m.from, m.at), k);
			if (m.length >= MARK_LEAST)
				lead(d, seg, t, pos, &m);
		}
		pos += m.length;
		start = pos;
	}
	return put_literals(out, ring + start, s->end - start, k);
}

/* From segment `number` on; the first pass of a picture fills it in. */
INLINE uint8_t *encode_pass(struct glz_dict *d, uint32_t number, struct glz_source *s, bool first, uint8_t *out,
	const struct kind k)
{
	struct trail t = {glz_dict_alike(d, number), 0, 0, TRAIL_FIRST, false};

	if (!t.from)
		t.credit = 0;
	for (; number != d->next; number++) {
		const struct glz_segment *seg = glz_segment(d, number);

		s->end = seg->start + seg->n;
		s->filled = first ? seg->start : s->end;
		out = encode_segment(d, seg, s, &t, out, k);
	}
	return out;
}

size_t glz_bound(enum lz_type type, uint32_t width, uint32_t height)
{
	size_t units = (size_t)width * height, groups = units / MAX_LITERALS + 2;
	size_t colour = type == LZ_RGB16 ? 2 : 3;

	return GLZ_HEADER + colour * units + groups + (type == LZ_RGBA ? units + groups : 0) + SLACK;
}

static uint8_t *put_header(uint8_t *out, const struct glz_info *info)
{
	put_be32(out, MAGIC);
	put_be32(out + 4, FORMAT_VERSION);
	out[8] = (uint8_t)(info->type | (unsigned)info->top_down << 4);
	put_be32(out + 9, info->width);
	put_be32(out + 13, info->height);
	put_be32(out + 17, lz_stride(info->type, info->width));
	put_be64(out + 21, info->id);
	put_be32(out + 29, info->head_dist);
	return out + GLZ_HEADER;
}

int glz_encode(struct glz_dict *d, enum lz_type type, uint32_t width, uint32_t height, const uint8_t *src,
	ptrdiff_t stride, bool top_down, uint8_t *out, size_t cap, size_t *n)
{
	struct glz_source s = {.row = src, .stride = stride, .width = width, .type = type, .ring = d->ring};
	struct glz_info info = {type, width, height, top_down, d->next_id, 0};
	uint64_t units = (uint64_t)width * height;
	uint32_t number;
	uint8_t *p;

	if (!units || units >= d->size || cap < glz_bound(type, width, height))
		return E_LIMIT;
	number = glz_dict_enter(d, type, width, height);
	info.head_dist = (uint32_t)(info.id - glz_segment(d, d->tail)->id);
	p = put_header(out, &info);
	switch (type) {
	case LZ_RGB16:
		p = encode_pass(d, number, &s, true, p, rgb16_kind);
		break;
	case LZ_RGBA:
		p = encode_pass(d, number, &s, true, p, colour_kind);
		p = encode_pass(d, number, &s, false, p, alpha_kind);
		break;
	default:
		p = encode_pass(d, number, &s, true, p, rgb_kind);
	}
	*n = (size_t)(p - out);
	return 0;
}
