/* LZ. One inlined core, specialised by the constant kind of unit: how many bytes it has in memory, how many as a
 * literal, and how much a match counts for (the bias of lz.md 1). */
#include "codec/lz.h"

#include "base/err.h"

enum {
	HEADER = 28,
	MAGIC = 0x20205a4c,
	LZ_VERSION = 0x00010001,
	MAX_LITERALS = 32,
	NEAR = 8191,              /* offsets below it have the short form */
	FAR = NEAR + 65535,
	MAX_SIDE = 1 << 24,
	MAX_BYTES = (1 << 30) - 1,
	HASH_BITS = 14,
};

/* A kind of unit. */
struct kind {
	unsigned size;    /* bytes in memory */
	unsigned literal; /* bytes in the stream */
	unsigned bias;
	bool alpha;       /* only the fourth byte of 4 */
};

static const struct kind byte_kind = {1, 1, 2, false};
static const struct kind rgb16_kind = {2, 2, 1, false};
static const struct kind rgb24_kind = {3, 3, 0, false};
static const struct kind rgb32_kind = {4, 3, 0, false};
static const struct kind alpha_kind = {4, 1, 2, true};

#define INLINE static inline __attribute__((always_inline))

uint32_t lz_stride(enum lz_type type, uint32_t width)
{
	switch (type) {
	case LZ_PLT1_LE:
	case LZ_PLT1_BE:
		return (width + 7) / 8;
	case LZ_PLT4_LE:
	case LZ_PLT4_BE:
		return (width + 1) / 2;
	case LZ_PLT8:
	case LZ_A8:
		return width;
	case LZ_RGB16:
		return 2 * width;
	case LZ_RGB24:
		return 3 * width;
	default:
		return 4 * width;
	}
}

int lz_header(struct slice in, struct lz_info *info)
{
	uint32_t type;

	if (in.n < HEADER || get_be32(in.p) != MAGIC || get_be32(in.p + 4) != LZ_VERSION)
		return E_INVAL;
	type = get_be32(in.p + 8);
	*info = (struct lz_info){type, get_be32(in.p + 12), get_be32(in.p + 16), get_be32(in.p + 20),
		get_be32(in.p + 24) != 0};
	if (type < LZ_PLT1_LE || type > LZ_A8 || !info->width || !info->height || info->width > MAX_SIDE ||
		info->height > MAX_SIDE || info->stride != lz_stride(type, info->width) ||
		(uint64_t)info->stride * info->height > MAX_BYTES)
		return E_INVAL;
	return 0;
}

/* ---- decoder ---- */

INLINE void put_literal(uint8_t *out, const uint8_t *in, const struct kind k)
{
	if (k.alpha)
		out[3] = in[0];
	else if (k.size == 1)
		out[0] = in[0];
	else if (k.size == 2)
		put_le16(out, get_be16(in));
	else if (k.size == 3)
		memcpy(out, in, 3);
	else
		put_le32(out, in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16);
}

/* n units from `distance` units back; they may overlap what they make. */
INLINE void copy_match(uint8_t *out, size_t distance, size_t n, const struct kind k)
{
	const uint8_t *from = out - distance * k.size;

	if (k.alpha) {
		for (size_t i = 0; i < n; i++)
			out[4 * i + 3] = from[4 * i + 3];
		return;
	}
	/* what lies between is copied whole, and doubles each time */
	while (n > distance) {
		memcpy(out, from, distance * k.size);
		out += distance * k.size;
		n -= distance;
		distance *= 2;
	}
	memcpy(out, from, n * k.size);
}

/* `units` units; *in moves on. */
INLINE int decode_pass(struct slice *in, uint8_t *out, size_t units, const struct kind k)
{
	const uint8_t *p = in->p, *end = in->p + in->n;
	size_t pos = 0;

	while (pos < units) {
		size_t length, offset;
		unsigned c;

		if (p == end)
			return E_INVAL;
		c = *p++;
		if (c < MAX_LITERALS) {
			if ((size_t)(end - p) < (c + 1) * k.literal || units - pos < c + 1)
				return E_INVAL;
			for (unsigned i = 0; i <= c; i++, p += k.literal)
				put_literal(out + (pos + i) * k.size, p, k);
			pos += c + 1;
			continue;
		}
		length = c >> 5;
		offset = (size_t)(c & 31) << 8;
		if (length == 7) {
			unsigned t;

			do {
				if (p == end)
					return E_INVAL;
				t = *p++;
				length += t;
			} while (t == 255);
		}
		if (p == end)
			return E_INVAL;
		offset += *p++;
		if (offset == NEAR) {
			if (end - p < 2)
				return E_INVAL;
			offset = NEAR + get_be16(p);
			p += 2;
		}
		length += k.bias;
		if (offset + 1 > pos || length > units - pos)
			return E_INVAL;
		copy_match(out + pos * k.size, offset + 1, length, k);
		pos += length;
	}
	*in = slice_of(p, (size_t)(end - p));
	return 0;
}

int lz_decode(struct slice in, const struct lz_info *info, bool wide, uint8_t *dst)
{
	size_t pixels = (size_t)info->width * info->height;
	struct slice s = {in.p + HEADER, in.n - HEADER};
	int rc;

	switch (info->type) {
	case LZ_RGB16:
		rc = decode_pass(&s, dst, pixels, rgb16_kind);
		break;
	case LZ_RGB24:
		rc = wide ? decode_pass(&s, dst, pixels, rgb32_kind) : decode_pass(&s, dst, pixels, rgb24_kind);
		break;
	case LZ_RGB32:
		rc = decode_pass(&s, dst, pixels, rgb32_kind);
		break;
	case LZ_RGBA:
		rc = decode_pass(&s, dst, pixels, rgb32_kind);
		if (!rc)
			rc = decode_pass(&s, dst, pixels, alpha_kind);
		break;
	case LZ_ALPHA:
		rc = decode_pass(&s, dst, pixels, alpha_kind);
		break;
	default:
		rc = decode_pass(&s, dst, (size_t)info->stride * info->height, byte_kind);
	}
	return rc || s.n ? E_INVAL : 0;
}

/* ---- encoder ---- */

struct writer {
	uint8_t *p, *end;
};

INLINE uint32_t unit_at(const uint8_t *src, size_t i, const struct kind k)
{
	if (k.alpha)
		return src[4 * i + 3];
	if (k.size == 1)
		return src[i];
	if (k.size == 2)
		return get_le16(src + 2 * i) & 0x7fff;
	if (k.size == 3)
		return src[3 * i] | (uint32_t)src[3 * i + 1] << 8 | (uint32_t)src[3 * i + 2] << 16;
	return get_le32(src + 4 * i) & 0xffffff;
}

INLINE bool put_literals(struct writer *w, const uint8_t *src, size_t from, size_t n, const struct kind k)
{
	while (n) {
		size_t part = n < MAX_LITERALS ? n : MAX_LITERALS;

		if ((size_t)(w->end - w->p) < 1 + part * k.literal)
			return false;
		*w->p++ = (uint8_t)(part - 1);
		for (size_t i = 0; i < part; i++, from++) {
			uint32_t v = unit_at(src, from, k);

			if (k.literal == 2) {
				put_be16(w->p, (uint16_t)v);
			} else {
				w->p[0] = (uint8_t)v;
				if (k.literal == 3) {
					w->p[1] = (uint8_t)(v >> 8);
					w->p[2] = (uint8_t)(v >> 16);
				}
			}
			w->p += k.literal;
		}
		n -= part;
	}
	return true;
}

INLINE bool put_match(struct writer *w, size_t distance, size_t length, const struct kind k)
{
	size_t offset = distance - 1, code = length - k.bias;
	bool far = offset >= NEAR;

	if ((size_t)(w->end - w->p) < 5 + code / 255)
		return false;
	*w->p++ = (uint8_t)((code < 7 ? code : 7) << 5 | (far ? 31 : offset >> 8));
	if (code >= 7) {
		for (code -= 7; code >= 255; code -= 255)
			*w->p++ = 255;
		*w->p++ = (uint8_t)code;
	}
	if (far) {
		*w->p++ = 255;
		put_be16(w->p, (uint16_t)(offset - NEAR));
		w->p += 2;
	} else {
		*w->p++ = (uint8_t)offset;
	}
	return true;
}

INLINE size_t match_length(const uint8_t *src, size_t a, size_t b, size_t max, const struct kind k)
{
	size_t n = 0;

	while (n < max && unit_at(src, a + n, k) == unit_at(src, b + n, k))
		n++;
	return n;
}

INLINE uint32_t hash_at(const uint8_t *src, size_t i, const struct kind k)
{
	uint32_t v = unit_at(src, i, k) * 0x9e3779b1u ^ unit_at(src, i + 1, k) * 0x85ebca6bu ^
		     unit_at(src, i + 2, k) * 0xc2b2ae35u;

	return v * 0x9e3779b1u >> (32 - HASH_BITS);
}

/* The units that a match must have to be worth its bytes. */
INLINE size_t worth(size_t distance, const struct kind k)
{
	size_t least = k.bias + 1;

	if (least < 3)
		least = k.literal == 3 ? 2 : 3;
	return distance - 1 >= NEAR ? least + (k.literal == 1 ? 2 : 1) : least;
}

/* Greedy: at each unit the one candidate of its hash, or the unit before (runs). */
INLINE bool encode_pass(struct writer *w, const uint8_t *src, size_t units, uint32_t *table, const struct kind k)
{
	size_t pos = 0, start = 0;

	memset(table, 0xff, sizeof(*table) << HASH_BITS);
	while (pos + 3 <= units) {
		uint32_t h = hash_at(src, pos, k);
		size_t at = table[h], distance = 0, length = 0;

		table[h] = (uint32_t)pos;
		if (pos && unit_at(src, pos, k) == unit_at(src, pos - 1, k)) {
			distance = 1;
			length = match_length(src, pos - 1, pos, units - pos, k);
		}
		if (at != 0xffffffff && pos - at <= FAR && pos - at != 1) {
			size_t n = match_length(src, at, pos, units - pos, k);

			if (n > length) {
				distance = pos - at;
				length = n;
			}
		}
		if (length < worth(distance ? distance : 1, k)) {
			pos++;
			continue;
		}
		if (!put_literals(w, src, start, pos - start, k) || !put_match(w, distance, length, k))
			return false;
		/* the last positions of the match are where the next one may come from */
		for (size_t i = pos + length > 2 ? pos + length - 2 : 0; i < pos + length && i + 3 <= units; i++)
			table[hash_at(src, i, k)] = (uint32_t)i;
		pos += length;
		start = pos;
	}
	return put_literals(w, src, start, units - start, k);
}

size_t lz_bound(enum lz_type type, uint32_t width, uint32_t height)
{
	size_t n = (size_t)lz_stride(type, width) * height;

	return HEADER + n + n / 16 + 64;
}

int lz_encode(const struct lz_info *info, const uint8_t *src, uint8_t *out, size_t cap, size_t *n, void *scratch)
{
	size_t pixels = (size_t)info->width * info->height;
	struct writer w = {out + HEADER, out + cap};
	bool ok;

	if (cap < HEADER)
		return E_LIMIT;
	put_be32(out, MAGIC);
	put_be32(out + 4, LZ_VERSION);
	put_be32(out + 8, info->type);
	put_be32(out + 12, info->width);
	put_be32(out + 16, info->height);
	put_be32(out + 20, lz_stride(info->type, info->width));
	put_be32(out + 24, info->top_down);
	switch (info->type) {
	case LZ_RGB16:
		ok = encode_pass(&w, src, pixels, scratch, rgb16_kind);
		break;
	case LZ_RGB24:
		ok = encode_pass(&w, src, pixels, scratch, rgb24_kind);
		break;
	case LZ_RGB32:
		ok = encode_pass(&w, src, pixels, scratch, rgb32_kind);
		break;
	case LZ_RGBA:
		ok = encode_pass(&w, src, pixels, scratch, rgb32_kind) &&
		     encode_pass(&w, src, pixels, scratch, alpha_kind);
		break;
	case LZ_ALPHA:
		ok = encode_pass(&w, src, pixels, scratch, alpha_kind);
		break;
	default:
		ok = encode_pass(&w, src, (size_t)lz_stride(info->type, info->width) * info->height, scratch,
			byte_kind);
	}
	*n = (size_t)(w.p - out);
	return ok ? 0 : E_LIMIT;
}
