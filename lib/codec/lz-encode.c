/* LZ, encoding. One inlined core, specialised by the constant kind of unit: greedy, with one candidate a hash, which
 * is looked for less often the longer nothing was found. Where the hash finds something, the unit before (runs) and
 * the row above are tried too: they are what desktops are made of. A slot of the table is the low 16 bits of a
 * position and 16 more bits of the hash, so that most misses never look at the picture; a candidate is thus never
 * farther than 65536 units, less than the format could say. */
#include "codec/lz-kind.h"

enum {
	HASH_BITS = 14,
	SKIP_SHIFT = 5,
	ENOUGH = 64, /* a match with the row above that long is taken without a look at others */
};

_Static_assert(sizeof(uint32_t) << HASH_BITS <= LZ_SCRATCH, "the table is the scratch");

struct writer {
	uint8_t *p, *end;
};

COPY_INLINE bool room(const struct writer *w, size_t n)
{
	return (size_t)(w->end - w->p) >= n;
}

/* ---- output ---- */

COPY_INLINE void put_one(uint8_t *out, const uint8_t *src, const struct lz_kind k)
{
	if (k.size == 4 && k.literal == 1)
		out[0] = src[3];
	else if (k.size == 2)
		put_be16(out, get_le16(src) & 0x7fff);
	else
		memcpy(out, src, k.literal);
}

/* n literals, wide on both sides. */
COPY_INLINE void put_many(uint8_t *out, const uint8_t *src, size_t n, const struct lz_kind k)
{
	if (k.size == 4 && k.literal == 1) {
		for (size_t i = 0; i < n; i++)
			out[i] = src[4 * i + 3];
	} else if (k.size == 4) {
		for (size_t i = 0; i < n; i += 4) {
			uint64_t a = get_le64(src + 4 * i), b = get_le64(src + 4 * i + 8);

			a = (a & 0xffffff) | (a >> 8 & 0xffffff000000);
			b = (b & 0xffffff) | (b >> 8 & 0xffffff000000);
			put_le64(out + 3 * i, a | b << 48);
			put_le32(out + 3 * i + 8, (uint32_t)(b >> 16));
		}
	} else if (k.size == 2) {
		for (size_t i = 0; i < n; i += 4) {
			uint64_t a = get_le64(src + 2 * i) & k.mask;

			put_le64(out + 2 * i, (a & 0x00ff00ff00ff00ff) << 8 | (a >> 8 & 0x00ff00ff00ff00ff));
		}
	} else {
		copy_wide(out, src, n * k.size);
	}
}

/* `last` is the end of the picture. */
COPY_INLINE bool put_literals(struct writer *w, const uint8_t *src, size_t n, const uint8_t *last,
	const struct lz_kind k)
{
	while (n) {
		size_t part = n < LZ_GROUP ? n : LZ_GROUP;

		if (!room(w, 1 + part * k.literal))
			return false;
		*w->p++ = (uint8_t)(part - 1);
		if (room(w, part * k.literal + COPY_SLACK) && (size_t)(last - src) >= part * k.size + COPY_SLACK)
			put_many(w->p, src, part, k);
		else
			for (size_t i = 0; i < part; i++)
				put_one(w->p + i * k.literal, src + i * k.size, k);
		w->p += part * k.literal;
		src += part * k.size;
		n -= part;
	}
	return true;
}

COPY_INLINE bool put_match(struct writer *w, size_t distance, size_t length, const struct lz_kind k)
{
	size_t offset = distance - 1, code = length - k.bias;
	bool far = offset >= LZ_NEAR;
	uint8_t *p = w->p;

	if (!room(w, 5 + code / 255) && !room(w, 2u + (code < 7 ? 0 : 1 + (code - 7) / 255) + (far ? 2 : 0)))
		return false;
	*p++ = (uint8_t)((code < 7 ? code : 7) << 5 | (far ? 31 : offset >> 8));
	if (code >= 7) {
		for (code -= 7; code >= 255; code -= 255)
			*p++ = 255;
		*p++ = (uint8_t)code;
	}
	if (far) {
		*p++ = 255;
		put_be16(p, (uint16_t)(offset - LZ_NEAR));
		p += 2;
	} else {
		*p++ = (uint8_t)offset;
	}
	w->p = p;
	return true;
}

/* ---- search ---- */

/* The bits of the first units at p, which are hashed: as many as a match has at least. */
COPY_INLINE uint64_t word(const uint8_t *p, const struct lz_kind k)
{
	if (k.size == 4 && k.literal == 1)
		return (get_le64(p) & k.mask) | (get_le64(p + 4) & k.mask) >> 8;
	if (k.size == 4)
		return get_le64(p) & k.mask;
	if (k.size == 3)
		return get_le64(p) & 0xffffffffffff;
	if (k.size == 2)
		return get_le64(p) & 0x7fff7fff7fff;
	return get_le32(p);
}

struct table {
	uint32_t *slot;
	unsigned shift; /* of a 64-bit hash */
};

/* A place where a match may begin: what it looks like, and what the table says of such places. */
struct spot {
	uint64_t word, hash;
	uint32_t slot;
};

COPY_INLINE struct spot look(const struct table *t, const uint8_t *p, const struct lz_kind k)
{
	uint64_t v = word(p, k), h = v * 0x9e3779b97f4a7c15;

	return (struct spot){v, h, t->slot[h >> t->shift]};
}

COPY_INLINE void note(const struct table *t, const struct spot *s, size_t pos)
{
	t->slot[s->hash >> t->shift] = (uint16_t)pos | (uint32_t)(s->hash >> 16 & 0xffff0000);
}

/* Is the slot of a place with the same hash? */
COPY_INLINE bool hit(const struct spot *s)
{
	return ((s->hash >> 16 ^ s->slot) & 0xffff0000) == 0;
}

/* The fewest units that are worth a match. */
COPY_INLINE size_t worth(size_t distance, const struct lz_kind k)
{
	size_t least = k.literal == 3 ? 2 : 3;

	return distance > LZ_NEAR ? least + (k.literal == 1 ? 2 : 1) : least;
}

/* Is one unit like another? Reads 4 bytes. */
COPY_INLINE bool same(const uint8_t *a, const uint8_t *b, const struct lz_kind k)
{
	uint32_t one = k.size == 4 ? UINT32_MAX : (1u << 8 * k.size % 32) - 1;

	return ((get_le32(a) ^ get_le32(b)) & (uint32_t)k.mask & one) == 0;
}

struct found {
	size_t distance, length;
};

/* The units alike at p and from, n bytes at most; 8 bytes of 4-byte pixels are known to be. */
COPY_INLINE size_t extend(const uint8_t *p, const uint8_t *from, size_t n, const struct lz_kind k)
{
	if (k.size != 4)
		return copy_alike(p, from, n, k.mask) / k.size;
	return 2 + copy_alike(p + 8, from + 8, n - 8, k.mask) / 4;
}

/* What lies `distance` units back, when it goes on for longer than what was found before. v is the word at p. */
COPY_INLINE void consider(struct found *f, const uint8_t *p, uint64_t v, size_t distance, size_t n,
	const struct lz_kind k)
{
	const uint8_t *from = p - distance * k.size;
	size_t length;

	if (word(from, k) != v)
		return;
	length = extend(p, from, n, k);
	if (length > f->length)
		*f = (struct found){distance, length};
}

/* The longest match at p among the row above, the run and what the table has. False when it is not worth its bytes. */
COPY_INLINE bool search(struct found *f, const uint8_t *p, const struct spot *here, size_t pos, size_t row, size_t n,
	const struct lz_kind k)
{
	size_t candidate = (uint16_t)(pos - 1 - here->slot) + (size_t)1;

	*f = (struct found){0, 0};
	if (pos >= row)
		consider(f, p, here->word, row, n, k);
	if (f->length >= ENOUGH)
		return true;
	consider(f, p, here->word, 1, n, k);
	if (candidate != 1 && candidate != row)
		consider(f, p, here->word, candidate, n, k);
	return f->length >= worth(f->distance, k);
}

/* `row` is how far back the unit above is. */
COPY_INLINE uint8_t *encode_pass(const uint8_t *src, size_t units, size_t row, uint8_t *out, uint8_t *end,
	uint32_t *slots, const struct lz_kind k)
{
	const size_t s = k.size, tail = 16 / s + 1; /* the last units are never the start of a match: wide loads */
	const uint8_t *last = src + units * s;
	struct table t = {slots, 64 - HASH_BITS};
	struct writer w = {out, end};
	struct spot here, ahead;
	size_t pos = 1, start = 0;

	while (t.shift < 64 - 8 && units < (size_t)1 << (63 - t.shift))
		t.shift++; /* small pictures have less to clear */
	memset(slots, 0, sizeof(*slots) << (64 - t.shift));
	if (row > LZ_FAR + 1)
		row = units;
	if (pos + tail > units)
		return put_literals(&w, src, units, last, k) ? w.p : NULL;
	here = look(&t, src + pos * s, k);
	for (;;) {
		const uint8_t *p = src + pos * s;
		size_t next = pos + 1 + ((pos - start) >> SKIP_SHIFT), literals;
		struct found f;

		note(&t, &here, pos);
		if (next + tail > units)
			break;
		ahead = look(&t, src + next * s, k); /* before it is known to be wanted: the processor waits less */
		if (!hit(&here) || !search(&f, p, &here, pos, row, (size_t)(last - p), k)) {
			pos = next;
			here = ahead;
			continue;
		}
		for (; pos > start && pos > f.distance && same(p - s, p - s - f.distance * s, k); p -= s, pos--)
			f.length++;
		literals = pos - start;
		pos += f.length;
		if (pos + tail <= units) {
			here = look(&t, src + (pos - 2) * s, k);
			note(&t, &here, pos - 2);
			here = look(&t, src + pos * s, k);
		}
		if (!put_literals(&w, src + start * s, literals, last, k) || !put_match(&w, f.distance, f.length, k))
			return NULL;
		start = pos;
		if (pos + tail > units)
			break;
	}
	return put_literals(&w, src + start * s, units - start, last, k) ? w.p : NULL;
}

uint8_t *lz_encode_units(enum lz_type type, const uint8_t *src, size_t units, size_t row, uint8_t *out, uint8_t *end,
	void *scratch)
{
	switch (type) {
	case LZ_RGB16:
		return encode_pass(src, units, row, out, end, scratch, LZ_RGB16_KIND);
	case LZ_RGB24:
		return encode_pass(src, units, row, out, end, scratch, LZ_RGB24_KIND);
	case LZ_RGB32:
	case LZ_RGBA:
		return encode_pass(src, units, row, out, end, scratch, LZ_RGB32_KIND);
	case LZ_ALPHA:
		return encode_pass(src, units, row, out, end, scratch, LZ_ALPHA_KIND);
	default:
		return encode_pass(src, units, row, out, end, scratch, LZ_BYTE_KIND);
	}
}
