/* LZ, decoding. One inlined core, specialised by the constant kind of unit. Far from both ends it stores 16 bytes at a
 * time and checks only what a stream can lie about; what comes near an end, and whatever looks odd, is one operation of
 * the careful kind, which is also the only judge of what is refused. */
#include "base/err.h"
#include "codec/lz-kind.h"

enum {
	IN_MARGIN = 1 + 3 * LZ_GROUP + COPY_SLACK,  /* the largest group and what wide loads read behind it */
	OUT_MARGIN = 4 * LZ_GROUP + COPY_SLACK,
};

struct cursor {
	const uint8_t *p, *end; /* the stream */
	uint8_t *out, *o, *stop; /* the picture: first byte, next one, behind the last */
};

/* ---- wide ---- */

/* Literals of 8 bytes of the picture or more, wide. */
COPY_INLINE void literals(uint8_t *o, const uint8_t *p, size_t n, const struct lz_kind k)
{
	if (k.size == 4 && k.literal == 1) {
		for (size_t i = 0; i < n; i++)
			o[4 * i + 3] = p[i];
	} else if (k.size == 4) {
		for (size_t i = 0; i < n; i += 4) {
			uint64_t a = get_le64(p + 3 * i), b = get_le64(p + 3 * i + 6);

			put_le64(o + 4 * i, (a & 0xffffff) | (a & 0xffffff000000) << 8);
			put_le64(o + 4 * i + 8, (b & 0xffffff) | (b & 0xffffff000000) << 8);
		}
	} else if (k.size == 2) {
		for (size_t i = 0; i < n; i += 4) {
			uint64_t a = get_le64(p + 2 * i);

			put_le64(o + 2 * i, (a & 0x00ff00ff00ff00ff) << 8 | (a >> 8 & 0x00ff00ff00ff00ff));
		}
	} else {
		copy_wide(o, p, n * k.size);
	}
}

/* The alpha bytes of 16 from a and b. */
COPY_INLINE void blend(uint8_t *o, uint64_t a, uint64_t b, uint64_t mask)
{
	put_le64(o, (get_le64(o) & ~mask) | (a & mask));
	put_le64(o + 8, (get_le64(o + 8) & ~mask) | (b & mask));
}

/* copy_back() of alpha alone. */
COPY_INLINE void alpha_back(uint8_t *o, size_t distance, size_t n, uint64_t mask)
{
	const uint8_t *from = o - distance;
	size_t done = 0;
	uint64_t a, b;

	if (distance < 16) {
		for (; done < 16; done += 4)
			o[done + 3] = from[done + 3];
		a = get_le64(o);
		b = get_le64(o + 8);
		if (distance != 12) {
			for (; done < n; done += 16)
				blend(o + done, a, b, mask);
			return;
		}
		from = o - 24;
	}
	for (; done < n; done += 16)
		blend(o + done, get_le64(from + done), get_le64(from + done + 8), mask);
}

COPY_INLINE void match(uint8_t *o, size_t distance, size_t length, const struct lz_kind k)
{
	if (k.size == 4 && k.literal == 1)
		alpha_back(o, 4 * distance, 4 * length, k.mask);
	else
		copy_back(o, distance * k.size, length * k.size, k.size);
}

/* ---- an operation at a time ---- */

COPY_INLINE void put_literal(uint8_t *out, const uint8_t *in, const struct lz_kind k)
{
	if (k.size == 4 && k.literal == 1)
		out[3] = in[0];
	else if (k.size == 4)
		put_le32(out, in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16);
	else if (k.size == 2)
		put_le16(out, get_be16(in));
	else
		memcpy(out, in, k.size);
}

COPY_INLINE int one(struct cursor *c, const struct lz_kind k)
{
	const uint8_t *p = c->p, *from;
	size_t room = (size_t)(c->stop - c->o) / k.size, length, offset;
	unsigned first;

	if (p == c->end)
		return E_INVAL;
	first = *p++;
	if (first < LZ_GROUP) {
		if ((size_t)(c->end - p) < (first + 1) * k.literal || room < first + 1)
			return E_INVAL;
		for (unsigned i = 0; i <= first; i++, p += k.literal, c->o += k.size)
			put_literal(c->o, p, k);
		c->p = p;
		return 0;
	}
	length = first >> 5;
	offset = (size_t)(first & 31) << 8;
	if (length == 7) {
		unsigned t;

		do {
			if (p == c->end)
				return E_INVAL;
			t = *p++;
			length += t;
		} while (t == 255);
	}
	if (p == c->end)
		return E_INVAL;
	offset += *p++;
	if (offset == LZ_NEAR) {
		if (c->end - p < 2)
			return E_INVAL;
		offset = LZ_NEAR + get_be16(p);
		p += 2;
	}
	length += k.bias;
	if (offset >= (size_t)(c->o - c->out) / k.size || length > room)
		return E_INVAL;
	c->p = p;
	if (room > COPY_SLACK) { /* all but what is near the end */
		size_t n = length < room - COPY_SLACK ? length : room - COPY_SLACK;

		match(c->o, offset + 1, n, k);
		c->o += n * k.size;
		length -= n;
	}
	for (from = c->o - (offset + 1) * k.size; length; length--, c->o += k.size, from += k.size) {
		if (k.size == 4 && k.literal == 1)
			c->o[3] = from[3];
		else
			memcpy(c->o, from, k.size);
	}
	return 0;
}

/* ---- many operations ---- */

/* As long as both ends are far away. What it stops at is for one() to judge. */
COPY_INLINE void run(struct cursor *c, const struct lz_kind k)
{
	const uint8_t *p = c->p;
	uint8_t *o = c->o;

	if (c->end - p <= IN_MARGIN || c->stop - o <= OUT_MARGIN)
		return;
	do {
		const uint8_t *at = p;
		size_t first = *p++, length, offset;

		if (first < LZ_GROUP) {
			literals(o, p, first + 1, k);
			p += (first + 1) * k.literal;
			o += (first + 1) * k.size;
			continue;
		}
		length = first >> 5;
		offset = (first & 31) << 8;
		if (length == 7) {
			size_t t;

			do {
				t = *p++;
				length += t;
			} while (t == 255 && p != c->end);
			if (c->end - p < 3) {
				p = at;
				break;
			}
		}
		offset += *p++;
		if (offset == LZ_NEAR) {
			offset += get_be16(p);
			p += 2;
		}
		length += k.bias;
		if (offset * k.size >= (size_t)(o - c->out) || length * k.size + COPY_SLACK > (size_t)(c->stop - o)) {
			p = at;
			break;
		}
		match(o, offset + 1, length, k);
		o += length * k.size;
	} while (c->end - p > IN_MARGIN && c->stop - o > OUT_MARGIN);
	c->p = p;
	c->o = o;
}

COPY_INLINE int decode_pass(struct slice *in, uint8_t *out, size_t units, const struct lz_kind k)
{
	struct cursor c = {in->p, in->p + in->n, out, out, out + units * k.size};
	int rc = 0;

	while (!rc && c.o != c.stop) {
		run(&c, k);
		rc = one(&c, k);
	}
	*in = slice_of(c.p, (size_t)(c.end - c.p));
	return rc;
}

int lz_decode_units(enum lz_type type, struct slice *in, uint8_t *out, size_t units)
{
	switch (type) {
	case LZ_RGB16:
		return decode_pass(in, out, units, LZ_RGB16_KIND);
	case LZ_RGB24:
		return decode_pass(in, out, units, LZ_RGB24_KIND);
	case LZ_RGB32:
	case LZ_RGBA:
		return decode_pass(in, out, units, LZ_RGB32_KIND);
	case LZ_ALPHA:
		return decode_pass(in, out, units, LZ_ALPHA_KIND);
	default:
		return decode_pass(in, out, units, LZ_BYTE_KIND);
	}
}
