/* LZ as lz.md 2 and 7 write it, a byte and a unit at a time: what the fast decoder is compared with. */
#ifndef UNIT_PLAIN_LZ_H
#define UNIT_PLAIN_LZ_H

#include "base/err.h"
#include "codec/lz.h"

struct plain_lz {
	unsigned size, literal, bias; /* bytes of a unit in memory and in the stream; what a match counts for more */
	bool alpha;                   /* only the fourth byte of 4 */
};

static inline void plain_lz_literal(uint8_t *out, const uint8_t *in, struct plain_lz k)
{
	if (k.alpha) {
		out[3] = in[0];
	} else if (k.size == 2) {
		out[0] = in[1];
		out[1] = in[0];
	} else {
		for (unsigned i = 0; i < k.literal; i++)
			out[i] = in[i];
		if (k.size == 4)
			out[3] = 0;
	}
}

static inline int plain_lz_pass(struct slice *in, uint8_t *out, size_t units, struct plain_lz k)
{
	const uint8_t *p = in->p, *end = in->p + in->n;
	size_t pos = 0;

	while (pos < units) {
		size_t length, offset;
		unsigned c, t;

		if (p == end)
			return E_INVAL;
		c = *p++;
		if (c < 32) {
			for (unsigned i = 0; i <= c; i++, pos++, p += k.literal) {
				if (pos == units || (size_t)(end - p) < k.literal)
					return E_INVAL;
				plain_lz_literal(out + pos * k.size, p, k);
			}
			continue;
		}
		length = c >> 5;
		offset = (size_t)(c & 31) << 8;
		if (length == 7) {
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
		if (offset == 8191) {
			if (end - p < 2)
				return E_INVAL;
			offset = 8191 + get_be16(p);
			p += 2;
		}
		length += k.bias;
		if (offset + 1 > pos || length > units - pos)
			return E_INVAL;
		for (; length; length--, pos++)
			for (unsigned i = k.alpha ? 3 : 0; i < k.size; i++)
				out[pos * k.size + i] = out[(pos - offset - 1) * k.size + i];
	}
	*in = slice_of(p, (size_t)(end - p));
	return 0;
}

static inline int plain_lz_decode(struct slice in, const struct lz_info *info, bool wide, uint8_t *dst)
{
	static const struct plain_lz byte = {1, 1, 2, false}, rgb16 = {2, 2, 1, false}, rgb24 = {3, 3, 0, false},
		rgb32 = {4, 3, 0, false}, alpha = {4, 1, 2, true};
	size_t pixels = (size_t)info->width * info->height;
	struct slice s = {in.p + 28, in.n - 28};
	int rc;

	switch (info->type) {
	case LZ_RGB16:
		rc = plain_lz_pass(&s, dst, pixels, rgb16);
		break;
	case LZ_RGB24:
		rc = plain_lz_pass(&s, dst, pixels, wide ? rgb32 : rgb24);
		break;
	case LZ_RGB32:
		rc = plain_lz_pass(&s, dst, pixels, rgb32);
		break;
	case LZ_RGBA:
		rc = plain_lz_pass(&s, dst, pixels, rgb32);
		if (!rc)
			rc = plain_lz_pass(&s, dst, pixels, alpha);
		break;
	case LZ_ALPHA:
		rc = plain_lz_pass(&s, dst, pixels, alpha);
		break;
	default:
		rc = plain_lz_pass(&s, dst, (size_t)info->stride * info->height, byte);
	}
	return rc || s.n ? E_INVAL : 0;
}

#endif
