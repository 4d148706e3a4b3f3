/* GLZ: header and passes of the decoder, and what its words look like as pixels. glz.md 1, 2 and 4. */
#include <endian.h>

#include "base/err.h"
#include "codec/glz-window.h"

enum {
	MAGIC = 0x20205a4c,
	FORMAT_VERSION = 0x00010001,
	MAX_SIDE = 1 << 24,
	MAX_PIXELS = 1 << 28,
	MAX_LITERALS = 32,
	FAR = 16,                               /* bit of a match's first byte */
	IN_MARGIN = 1 + 3 * MAX_LITERALS + 16,  /* the largest group, and what is read behind it */
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

/* Where a pass stands. */
struct cursor {
	const struct glz_window *w;
	const struct glz_info *info;
	const uint8_t *p, *end;      /* the stream */
	uint32_t *out, *o, *stop;    /* the picture: first word, next one, behind the last */
	uint64_t *missing;
};

/* A kind of pass. */
struct kind {
	unsigned literal; /* bytes of one */
	unsigned bias;
	uint32_t keep;    /* bits of a word that it leaves alone */
};

static const struct kind rgb16_kind = {2, 1, 0};
static const struct kind rgb_kind = {3, 0, 0};
static const struct kind alpha_kind = {1, 2, 0x00ffffff};

/* The words that `length` units begin at, 0, or an error. */
INLINE int source(struct cursor *c, size_t img, size_t pix, size_t length, const uint32_t **from)
{
	const struct glz_stored *s;

	if (img == 0) {
		if (pix >= (size_t)(c->o - c->out))
			return E_INVAL;
		*from = c->o - (pix + 1);
		return 0;
	}
	if (img > c->info->head_dist)
		return E_INVAL;
	s = glz_window_find(c->w, c->info->id - img);
	if (!s) {
		*c->missing = c->info->id - img;
		return E_AGAIN;
	}
	if (s->type != c->info->type || pix > s->n || length > s->n - pix)
		return E_INVAL;
	*from = s->pixels + pix;
	return 0;
}

/* ---- copies: they may go a few words too far, where what follows is written later, or into the slack ---- */

/* The low half first, whatever the order of bytes: compilers make one store of it where they can. */
INLINE void put_two(uint32_t *out, uint64_t v)
{
	out[0] = (uint32_t)v;
	out[1] = (uint32_t)(v >> 32);
}

INLINE void copy4(uint32_t *out, const uint32_t *from, const struct kind k)
{
	uint64_t v[2], was[2], keep = (uint64_t)k.keep << 32 | k.keep;

	memcpy(v, from, sizeof(v));
	if (keep) {
		memcpy(was, out, sizeof(was));
		v[0] = (was[0] & keep) | (v[0] & ~keep);
		v[1] = (was[1] & keep) | (v[1] & ~keep);
	}
	memcpy(out, v, sizeof(v));
}

/* n times the word v or a few more. */
INLINE void repeat(uint32_t *out, uint32_t v, size_t n, const struct kind k)
{
	const uint32_t four[] = {v, v, v, v};

	for (size_t i = 0; i < n; i += 4)
		copy4(out + i, four, k);
}

/* n words or a few more. */
INLINE void copy(uint32_t *out, const uint32_t *from, size_t n, const struct kind k)
{
	size_t distance = ((uintptr_t)out - (uintptr_t)from) / 4, i = 0;

	if (distance < 4) {
		if (distance == 1) {
			repeat(out, *from, n, k);
			return;
		}
		/* four words one by one: they are a pattern, or what lies a multiple of the distance back goes on */
		for (; i < 4; i++)
			out[i] = (out[i] & k.keep) | (from[i] & ~k.keep);
		from -= distance == 3 ? 3 : 4 - distance;
	}
	for (; i < n; i += 4)
		copy4(out + i, from + i, k);
}

/* ---- an operation at a time, believing nothing ---- */

INLINE unsigned get(struct cursor *c, bool *over)
{
	if (c->p == c->end) {
		*over = true;
		return 0;
	}
	return *c->p++;
}

INLINE uint32_t literal_at(const uint8_t *p, const struct kind k)
{
	return k.literal == 1 ? (uint32_t)p[0] << 24 : k.literal == 2 ? get_be16(p)
		: p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

INLINE int one(struct cursor *c, const struct kind k)
{
	bool over = false;
	unsigned first = get(c, &over), q, n, t;
	size_t room = (size_t)(c->stop - c->o), length = first >> 5, pix = first & 15, img = 0;
	const uint32_t *from;
	int rc;

	if (over)
		return E_INVAL;
	if (first < MAX_LITERALS) {
		if ((size_t)(c->end - c->p) < (first + 1) * k.literal || room < first + 1)
			return E_INVAL;
		for (unsigned i = 0; i <= first; i++, c->p += k.literal, c->o++)
			*c->o = (*c->o & k.keep) | literal_at(c->p, k);
		return 0;
	}
	if (length == 7) {
		do {
			t = get(c, &over);
			length += t;
		} while (t == 255);
	}
	length += k.bias;
	pix += (size_t)get(c, &over) << 4;
	q = get(c, &over);
	n = q >> 6;
	for (unsigned i = 0; i < n; i++)
		img += (size_t)get(c, &over) << 8 * i;
	if (first & FAR) {
		pix += (size_t)(q & 31) << 12;
		if (q & 32)
			pix += (size_t)get(c, &over) << 17;
	} else {
		img = (img << 6) + (q & 63);
	}
	if (over || length > room)
		return E_INVAL;
	rc = source(c, img, pix, length, &from);
	if (rc)
		return rc;
	copy(c->o, from, length, k);
	c->o += length;
	return 0;
}

/* ---- many operations: the stream is far from its end ---- */

/* n words or a few more. */
INLINE void literals(uint32_t *out, const uint8_t *p, size_t n, const struct kind k)
{
	for (size_t i = 0; i < n; i += 4) {
		if (k.literal == 3) {
			uint64_t a = get_le64(p + 3 * i), b = get_le64(p + 3 * i + 6);

			put_two(out + i, (a & 0xffffff) | (a & 0xffffff000000) << 8);
			put_two(out + i + 2, (b & 0xffffff) | (b & 0xffffff000000) << 8);
		} else {
			for (size_t j = i; j < i + 4; j++)
				out[j] = (out[j] & k.keep) | literal_at(p + k.literal * j, k);
		}
	}
}

/* What it stops at is for one() to judge. */
INLINE void run(struct cursor *c, const struct kind k)
{
	const uint8_t *p = c->p;
	uint32_t *o = c->o;

	while (c->end - p > IN_MARGIN) {
		const uint8_t *at = p;
		size_t first = *at++, length, pix, img, q, n, far, hi, t;
		const uint32_t *from;
		uint64_t v;

		if (first < MAX_LITERALS) {
			if (first >= (size_t)(c->stop - o))
				break;
			literals(o, at, first + 1, k);
			p = at + (first + 1) * k.literal;
			o += first + 1;
			continue;
		}
		length = first >> 5;
		if (length == 7) {
			do {
				t = *at++;
				length += t;
			} while (t == 255 && at != c->end);
			if (c->end - at < 8)
				break;
		}
		length += k.bias;
		v = get_le64(at);
		q = v >> 8 & 255;
		/* both forms without a branch, as nobody can guess which it is; their usual size is guessed, so that
		 * what follows does not wait for it */
		far = -(first >> 4 & 1);
		img = q & 63 & ~far;
		pix = (first & 15) + ((v & 255) << 4) + ((q & 31 & far) << 12);
		at += 2;
		if (q & (0xc0 | (far & 0x20))) {
			n = q >> 6;
			hi = q >> 5 & far & 1;
			img += (v >> 16 & ((1u << 8 * n) - 1)) << (6 & ~far);
			pix += (v >> (16 + 8 * n) & 255 & -hi) << 17;
			at += n + hi;
		}
		if (length > (size_t)(c->stop - o))
			break;
		if (img == 0) {
			if (pix >= (size_t)(o - c->out))
				break;
			from = o - (pix + 1);
		} else if (source(c, img, pix, length, &from)) {
			break;
		}
		copy(o, from, length, k);
		p = at;
		o += length;
	}
	c->p = p;
	c->o = o;
}

INLINE int decode_pass(struct cursor *c, const struct kind k)
{
	int rc = 0;

	c->o = c->out;
	while (!rc && c->o != c->stop) {
		run(c, k);
		if (c->o != c->stop)
			rc = one(c, k);
	}
	return rc;
}

int glz_decode_passes(const struct glz_window *w, struct slice in, const struct glz_info *info, uint32_t *out,
	uint64_t *missing)
{
	struct cursor c = {w, info, in.p + GLZ_HEADER, in.p + in.n, out, out,
		out + (size_t)info->width * info->height, missing};
	int rc;

	if (info->type == LZ_RGB16)
		rc = decode_pass(&c, rgb16_kind);
	else
		rc = decode_pass(&c, rgb_kind);
	/* every alpha is written by the second pass, so that the first one may copy whole words */
	if (!rc && info->type == LZ_RGBA)
		rc = decode_pass(&c, alpha_kind);
	return !rc && c.p != c.end ? E_INVAL : rc;
}

void glz_pixels(const struct glz_info *info, const uint32_t *pixels, uint8_t *dst, ptrdiff_t stride)
{
	for (uint32_t y = 0; y < info->height; y++) {
		uint8_t *row = dst + (ptrdiff_t)(info->top_down ? y : info->height - 1 - y) * stride;

		if (info->type != LZ_RGB16 && htole32(1) == 1) {
			memcpy(row, pixels, 4 * (size_t)info->width);
		} else {
			for (uint32_t x = 0; x < info->width; x++)
				put_le32(row + 4 * (size_t)x,
					info->type == LZ_RGB16 ? colour_of_555(pixels[x]) : pixels[x]);
		}
		pixels += info->width;
	}
}
