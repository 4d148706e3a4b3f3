/* GLZ: header and passes of the decoder, and what its words look like as pixels. glz.md 1, 2 and 4. */
#include <zlib.h>

#include "base/err.h"
#include "codec/glz-window.h"

enum {
	MAGIC = 0x20205a4c,
	FORMAT_VERSION = 0x00010001,
	MAX_SIDE = 1 << 24,
	MAX_PIXELS = 1 << 28,
	MAX_LITERALS = 32,
};

#define INLINE static inline __attribute__((always_inline))

int glz_header(struct slice in, struct glz_info *info)
{
	uint32_t type, stride;

	if (in.n < GLZ_HEADER || get_be32(in.p) != MAGIC || get_be32(in.p + 4) != FORMAT_VERSION)
		return E_INVAL;
	type = in.p[8] & 15;
	*info = (struct glz_info){type, get_be32(in.p + 9), get_be32(in.p + 13), in.p[8] >> 4,
		get_be64(in.p + 21), get_be32(in.p + 29)};
	stride = get_be32(in.p + 17);
	if (type < LZ_RGB16 || type > LZ_RGBA || !info->width || !info->height || info->width > MAX_SIDE ||
		info->height > MAX_SIDE || (uint64_t)info->width * info->height > MAX_PIXELS ||
		stride != lz_stride(type, info->width) || info->head_dist > info->id)
		return E_INVAL;
	return 0;
}

struct reader {
	const uint8_t *p, *end;
	bool over; /* something was read past the end, as 0 */
};

INLINE unsigned get(struct reader *r)
{
	if (r->p == r->end) {
		r->over = true;
		return 0;
	}
	return *r->p++;
}

struct match {
	size_t length, pix;
	uint32_t img;
};

/* glz.md 2: a match whose control byte is c. */
INLINE void get_match(struct reader *r, unsigned c, unsigned bias, struct match *m)
{
	unsigned q, n, t;

	m->length = c >> 5;
	m->pix = c & 15;
	if (m->length == 7) {
		do {
			t = get(r);
			m->length += t;
		} while (t == 255);
	}
	m->length += bias;
	m->pix += (size_t)get(r) << 4;
	q = get(r);
	n = q >> 6;
	if (!(c & 16)) {
		m->img = q & 63;
		for (unsigned i = 0; i < n; i++)
			m->img += get(r) << (6 + 8 * i);
		return;
	}
	m->pix += (size_t)(q & 31) << 12;
	m->img = 0;
	for (unsigned i = 0; i < n; i++)
		m->img += get(r) << 8 * i;
	if (q & 32)
		m->pix += (size_t)get(r) << 17;
}

/* n words, of which only the bits outside `keep` are written. */
INLINE void copy(uint32_t *out, const uint32_t *from, size_t n, uint32_t keep)
{
	if (!keep && (from + n <= out || from >= out + n)) {
		memcpy(out, from, 4 * n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (out[i] & keep) | (from[i] & ~keep);
}

INLINE uint32_t literal_at(const uint8_t *p, const unsigned literal)
{
	return literal == 1 ? (uint32_t)p[0] << 24 : literal == 2 ? get_be16(p)
		: p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

INLINE int decode_pass(const struct glz_window *w, struct reader *r, const struct glz_info *info, uint32_t *out,
	const unsigned literal, const unsigned bias, const uint32_t keep, uint64_t *missing)
{
	size_t units = (size_t)info->width * info->height, pos = 0;

	while (pos < units) {
		unsigned c = get(r);
		const struct glz_stored *s;
		struct match m;

		if (r->over)
			return E_INVAL;
		if (c < MAX_LITERALS) {
			if ((size_t)(r->end - r->p) < (c + 1) * literal || units - pos < c + 1)
				return E_INVAL;
			for (unsigned i = 0; i <= c; i++, r->p += literal, pos++)
				out[pos] = (out[pos] & keep) | literal_at(r->p, literal);
			continue;
		}
		get_match(r, c, bias, &m);
		if (r->over || m.length > units - pos)
			return E_INVAL;
		if (m.img == 0) {
			if (m.pix + 1 > pos)
				return E_INVAL;
			copy(out + pos, out + pos - (m.pix + 1), m.length, keep);
			pos += m.length;
			continue;
		}
		if (m.img > info->head_dist)
			return E_INVAL;
		s = glz_window_find(w, info->id - m.img);
		if (!s) {
			*missing = info->id - m.img;
			return E_AGAIN;
		}
		if (s->type != info->type || m.pix > s->n || m.length > s->n - m.pix)
			return E_INVAL;
		copy(out + pos, s->pixels + m.pix, m.length, keep);
		pos += m.length;
	}
	return 0;
}

int glz_decode_passes(const struct glz_window *w, struct slice in, const struct glz_info *info, uint32_t *out,
	uint64_t *missing)
{
	struct reader r = {in.p + GLZ_HEADER, in.p + in.n, false};
	int rc;

	switch (info->type) {
	case LZ_RGB16:
		rc = decode_pass(w, &r, info, out, 2, 1, 0, missing);
		break;
	case LZ_RGBA:
		/* every alpha is written by the second pass, so that the first may copy whole words */
		rc = decode_pass(w, &r, info, out, 3, 0, 0, missing);
		if (!rc)
			rc = decode_pass(w, &r, info, out, 1, 2, 0x00ffffff, missing);
		break;
	default:
		rc = decode_pass(w, &r, info, out, 3, 0, 0, missing);
	}
	return !rc && r.p != r.end ? E_INVAL : rc;
}

INLINE uint32_t widened(uint32_t v)
{
	uint32_t r = v >> 10 & 31, g = v >> 5 & 31, b = v & 31;

	return (r << 3 | r >> 2) << 16 | (g << 3 | g >> 2) << 8 | (b << 3 | b >> 2);
}

void glz_pixels(const struct glz_info *info, const uint32_t *pixels, uint8_t *dst, ptrdiff_t stride)
{
	for (uint32_t y = 0; y < info->height; y++) {
		uint8_t *row = dst + (ptrdiff_t)(info->top_down ? y : info->height - 1 - y) * stride;

		for (uint32_t x = 0; x < info->width; x++)
			put_le32(row + 4 * (size_t)x, info->type == LZ_RGB16 ? widened(pixels[x]) : pixels[x]);
		pixels += info->width;
	}
}

int glz_inflate(struct slice in, uint8_t *out, size_t n)
{
	z_stream z = {.next_in = (uint8_t *)in.p, .avail_in = (uInt)in.n, .next_out = out, .avail_out = (uInt)n};
	int rc;

	if (in.n > UINT32_MAX || n > UINT32_MAX || inflateInit(&z) != Z_OK)
		return E_INVAL;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0 ? 0 : E_INVAL;
}
