/* GLZ: the encoder (glz.md 1, 2 and 8). At each pixel the one before it (a run) and the one candidate that the hash of
 * three pixels gives are tried, and the longer match is taken; a short one is put off when a much longer one begins at
 * the next pixel. What follows surprised us: the slot of a hash is better not written at that next pixel, nor within
 * runs, because the next row of text then finds the beginning of the run above, and with it its end. */
#include "base/err.h"
#include "codec/glz-dict.h"

enum {
	MAGIC = 0x20205a4c,
	FORMAT_VERSION = 0x00010001,
	MAX_LITERALS = 32,
	BLOCK = 4096,        /* pixels that are copied into the ring at a time */
	LONG_RUN = 16,       /* nothing better is looked for */
	PUT_OFF_LEAST = 4,   /* matches of these lengths are put off for one */
	PUT_OFF_MOST = 64,   /* that is longer by this factor */
	PUT_OFF_FACTOR = 4,
	TO_FAR = 4096,       /* offsets from here on take the far form */
	TO_FARTHEST = 1 << 17,
};

#define INLINE static inline __attribute__((always_inline))

/* A kind of pass. */
struct kind {
	uint32_t mask;    /* bits of a word that it codes */
	unsigned literal; /* bytes of one */
	unsigned bias;
	unsigned least;   /* units that a match must have */
};

static const struct kind rgb16_kind = {0xffffffff, 2, 1, 3};
static const struct kind rgb_kind = {0xffffffff, 3, 0, 2};
static const struct kind colour_kind = {0x00ffffff, 3, 0, 2};
static const struct kind alpha_kind = {0xff000000, 1, 2, 6};

/* The rows of a picture, and how far they have been turned into words of the ring. */
struct source {
	const uint8_t *row;
	ptrdiff_t stride;
	uint32_t x, width;
	enum lz_type type;
	uint32_t *ring;
	uint32_t filled, end; /* of the segment at hand: words are there up to `filled` */
};

/* ---- pixels ---- */

static void row_words(enum lz_type type, const uint8_t *src, uint32_t *out, uint32_t n)
{
	switch (type) {
	case LZ_RGB16:
		for (uint32_t i = 0; i < n; i++)
			out[i] = get_le16(src + 2 * (size_t)i) & 0x7fff;
		break;
	case LZ_RGB24:
		for (uint32_t i = 0; i < n; i++, src += 3)
			out[i] = src[0] | (uint32_t)src[1] << 8 | (uint32_t)src[2] << 16;
		break;
	case LZ_RGB32:
		for (uint32_t i = 0; i < n; i++)
			out[i] = get_le32(src + 4 * (size_t)i) & 0xffffff;
		break;
	default:
		for (uint32_t i = 0; i < n; i++)
			out[i] = get_le32(src + 4 * (size_t)i);
	}
}

static __attribute__((noinline)) void fill(struct source *s)
{
	static const uint8_t bytes[] = {[LZ_RGB16] = 2, [LZ_RGB24] = 3, [LZ_RGB32] = 4, [LZ_RGBA] = 4};
	uint32_t n = s->end - s->filled < BLOCK ? s->end - s->filled : BLOCK;

	while (n) {
		uint32_t part = s->width - s->x < n ? s->width - s->x : n;

		row_words(s->type, s->row + (size_t)s->x * bytes[s->type], s->ring + s->filled, part);
		s->filled += part;
		n -= part;
		s->x += part;
		if (s->x == s->width) {
			s->x = 0;
			s->row += s->stride;
		}
	}
}

INLINE uint32_t one(const uint32_t *p, const struct kind k)
{
	return *p & k.mask;
}

/* Two units, the first one in the low half. */
INLINE uint64_t two(const uint32_t *p, const struct kind k)
{
	return (uint64_t)one(p + 1, k) << 32 | one(p, k);
}

/* Of three units. */
INLINE uint32_t hash_at(const uint32_t *p, const struct kind k)
{
	return (uint32_t)((two(p, k) ^ (uint64_t)one(p + 2, k) << 20) * 0x9e3779b97f4a7c15u >> 32);
}

INLINE uint32_t alike(const uint32_t *a, const uint32_t *b, uint32_t max, const struct kind k)
{
	uint32_t n = 0;

	for (; n + 2 <= max; n += 2) {
		uint64_t x = two(a + n, k) ^ two(b + n, k);

		if (x)
			return n + ((uint32_t)x == 0);
	}
	return n + (n < max && one(a + n, k) == one(b + n, k));
}

/* ---- operations ---- */

INLINE uint8_t *put_literals(uint8_t *out, const uint32_t *from, size_t n, const struct kind k)
{
	while (n) {
		size_t part = n < MAX_LITERALS ? n : MAX_LITERALS;

		*out++ = (uint8_t)(part - 1);
		for (size_t i = 0; i < part; i++) {
			if (k.literal == 3)
				put_le32(out + 3 * i, from[i]); /* a byte too many: there is slack */
			else if (k.literal == 2)
				put_be16(out + 2 * i, (uint16_t)from[i]);
			else
				out[i] = (uint8_t)(from[i] >> 24);
		}
		out += part * k.literal;
		from += part;
		n -= part;
	}
	return out;
}

struct match {
	uint32_t length;
	uint32_t img; /* ids back; 0: this picture */
	uint32_t pix; /* the number of a pixel; within this picture the distance less 1 */
};

INLINE uint8_t *put_match(uint8_t *out, const struct match *m, const struct kind k)
{
	uint32_t code = m->length - k.bias, img = m->img;
	bool far = m->pix >= TO_FAR;
	uint8_t *q;

	*out++ = (uint8_t)((code < 7 ? code : 7) << 5 | (unsigned)far << 4 | (m->pix & 15));
	if (code >= 7) {
		for (code -= 7; code >= 255; code -= 255)
			*out++ = 255;
		*out++ = (uint8_t)code;
	}
	*out++ = (uint8_t)(m->pix >> 4);
	q = out++;
	if (far) {
		*q = (uint8_t)(m->pix >> 12 & 31);
	} else {
		*q = img & 63;
		img >>= 6;
	}
	for (; img; img >>= 8) {
		*out++ = (uint8_t)img;
		*q += 64;
	}
	if (m->pix >= TO_FARTHEST) {
		*out++ = (uint8_t)(m->pix >> 17);
		*q |= 32;
	}
	return out;
}

/* ---- matches ---- */

/* How long ring[pos] is like what begins at `from`, at most `max` units; fills in on the way. */
INLINE uint32_t extend(struct source *s, uint32_t pos, const uint32_t *from, uint32_t max, const struct kind k)
{
	uint32_t n = 0, there;

	for (;;) {
		there = s->filled - pos < max ? s->filled - pos : max;
		n += alike(from + n, s->ring + pos + n, there - n, k);
		if (n < there || n == max)
			return n;
		fill(s);
	}
}

/* With another picture a match may take more bytes than what it stands for. */
INLINE bool pays(const struct match *m, const struct kind k)
{
	uint32_t img = m->pix < TO_FAR ? m->img >> 6 : m->img, bytes = m->pix >= TO_FARTHEST ? 4 : 3;

	for (; img; img >>= 8)
		bytes++;
	return m->length > k.bias && m->length * k.literal > bytes;
}

INLINE bool match_at(const struct glz_dict *d, const struct glz_segment *seg, struct source *s, uint32_t pos,
	uint32_t at, struct match *m, const struct kind k)
{
	uint32_t max = s->end - pos;

	if (at - seg->start < seg->n) {
		if (at >= pos)
			return false;
		*m = (struct match){extend(s, pos, s->ring + at, max, k), 0, pos - at - 1};
	} else {
		const struct glz_segment *from = glz_dict_find(d, at);

		if (!from || from->type != seg->type || (from->id == seg->id && from->first > seg->first))
			return false;
		if (max > from->start + from->n - at)
			max = from->start + from->n - at;
		*m = (struct match){extend(s, pos, s->ring + at, max, k), (uint32_t)(seg->id - from->id),
			from->first + (at - from->start)};
		if (!m->img)
			m->pix = seg->first + (pos - seg->start) - m->pix - 1;
		return pays(m, k);
	}
	return true;
}

/* What the table has for the three units at pos, which must be there; false when there is nothing as long as `least`.
 * `enter`: the table remembers pos. */
INLINE bool find(struct glz_dict *d, const struct glz_segment *seg, struct source *s, uint32_t pos, bool enter,
	struct match *m, uint32_t least, const struct kind k)
{
	uint32_t h = hash_at(s->ring + pos, k), *slot = &d->table[h >> (32 - GLZ_HASH_BITS)], was = *slot;
	uint32_t tag = h << d->index_bits, at = was & ((1u << d->index_bits) - 1);
	struct match found;

	if (enter)
		*slot = tag | pos;
	if ((was ^ tag) >> d->index_bits || two(s->ring + at, k) != two(s->ring + pos, k) ||
		!match_at(d, seg, s, pos, at, &found, k) || found.length < least)
		return false;
	*m = found;
	return true;
}

INLINE void remember(struct glz_dict *d, uint32_t at, const struct kind k)
{
	uint32_t h = hash_at(d->ring + at, k);

	d->table[h >> (32 - GLZ_HASH_BITS)] = h << d->index_bits | at;
}

/* ---- passes ---- */

INLINE uint8_t *encode_segment(struct glz_dict *d, const struct glz_segment *seg, struct source *s, uint8_t *out,
	const struct kind k)
{
	const uint32_t *ring = d->ring;
	uint32_t pos = seg->start, end = s->end, start = pos; /* literals since `start` are still to be written */

	while (end - pos >= 3) {
		struct match m = {0, 0, 0};

		if (s->filled - pos < 4 && s->filled < end)
			fill(s);
		if (pos > seg->start && one(ring + pos - 1, k) == one(ring + pos, k) &&
			one(ring + pos, k) == one(ring + pos + 1, k))
			m.length = extend(s, pos, ring + pos - 1, end - pos, k);
		if (m.length < LONG_RUN)
			find(d, seg, s, pos, true, &m, m.length < k.least ? k.least : m.length + 1, k);
		if (m.length < k.least) {
			pos++;
			continue;
		}
		if (m.length >= PUT_OFF_LEAST && m.length <= PUT_OFF_MOST && end - pos >= 4 &&
			find(d, seg, s, pos + 1, false, &m, PUT_OFF_FACTOR * m.length + 1, k))
			pos++;
		out = put_literals(out, ring + start, pos - start, k);
		out = put_match(out, &m, k);
		pos += m.length;
		for (unsigned back = 2; back; back--)
			if (s->filled - (pos - back) >= 3)
				remember(d, pos - back, k);
		start = pos;
	}
	while (s->filled < end)
		fill(s);
	return put_literals(out, ring + start, end - start, k);
}

/* From segment `number` on; the first pass of a picture fills it in. */
INLINE uint8_t *encode_pass(struct glz_dict *d, uint32_t number, struct source *s, bool first, uint8_t *out,
	const struct kind k)
{
	for (; number != d->next; number++) {
		const struct glz_segment *seg = glz_segment(d, number);

		s->end = seg->start + seg->n;
		s->filled = first ? seg->start : s->end;
		out = encode_segment(d, seg, s, out, k);
	}
	return out;
}

size_t glz_bound(enum lz_type type, uint32_t width, uint32_t height)
{
	size_t units = (size_t)width * height, groups = units / MAX_LITERALS + 2;
	size_t colour = type == LZ_RGB16 ? 2 : 3;

	return GLZ_HEADER + colour * units + groups + (type == LZ_RGBA ? units + groups : 0) + 4;
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
	struct source s = {.row = src, .stride = stride, .width = width, .type = type, .ring = d->ring};
	struct glz_info info = {type, width, height, top_down, d->next_id, 0};
	uint64_t units = (uint64_t)width * height;
	uint32_t number;
	uint8_t *p;

	if (!units || units >= d->size || cap < glz_bound(type, width, height))
		return E_LIMIT;
	number = glz_dict_enter(d, type, (uint32_t)units);
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
