/* The plain GLZ decoder and window, an oracle: glz.md word for word, a unit at a time, a few pictures only. */
#ifndef TESTS_PLAIN_GLZ_H
#define TESTS_PLAIN_GLZ_H

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/glz.h"

enum { PLAIN_PICTURES = 32 };

struct plain_picture {
	uint64_t id;
	bool there; /* not dropped yet */
	enum lz_type type;
	uint32_t head_dist;
	size_t n;
	uint32_t *pixels;
};

struct plain_window {
	struct plain_picture pictures[PLAIN_PICTURES];
	unsigned n;
	uint64_t next; /* every id below it has been there */
};

static inline void plain_fini(struct plain_window *w)
{
	for (unsigned i = 0; i < w->n; i++)
		free(w->pictures[i].pixels);
	*w = (struct plain_window){.n = 0};
}

/* NULL: it never came. */
static inline struct plain_picture *plain_find(struct plain_window *w, uint64_t id)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->pictures[i].id == id)
			return &w->pictures[i];
	return NULL;
}

struct plain_reader {
	const uint8_t *p, *end;
	bool over;
};

static inline uint32_t plain_get(struct plain_reader *in)
{
	if (in->p == in->end) {
		in->over = true;
		return 0;
	}
	return *in->p++;
}

/* `keep`: the bits of a word that the pass leaves alone. */
static inline int plain_pass(struct plain_window *w, struct plain_reader *in, const struct glz_info *info,
	struct plain_picture *to, unsigned literal, unsigned bias, uint32_t keep, uint64_t *missing)
{
	size_t pos = 0;

	while (pos < to->n) {
		unsigned c = plain_get(in), q, n, t;
		size_t img = 0, pix = c & 15, length = c >> 5;
		const struct plain_picture *from = to;

		if (c < 32) {
			for (unsigned i = 0; i <= c; i++) {
				uint32_t v = plain_get(in);

				if (literal == 1)
					v <<= 24;
				else if (literal == 2)
					v = v << 8 | plain_get(in);
				else
					v |= plain_get(in) << 8, v |= plain_get(in) << 16;
				if (in->over || pos == to->n)
					return E_INVAL;
				to->pixels[pos] = (to->pixels[pos] & keep) | v;
				pos++;
			}
			continue;
		}
		if (length == 7) {
			do {
				t = plain_get(in);
				length += t;
			} while (t == 255);
		}
		length += bias;
		pix += plain_get(in) << 4;
		q = plain_get(in);
		n = q >> 6;
		if (c & 16) {
			pix += (q & 31) << 12;
			for (unsigned i = 0; i < n; i++)
				img += (size_t)plain_get(in) << 8 * i;
			if (q & 32)
				pix += (size_t)plain_get(in) << 17;
		} else {
			img = q & 63;
			for (unsigned i = 0; i < n; i++)
				img += (size_t)plain_get(in) << (6 + 8 * i);
		}
		if (in->over || length > to->n - pos)
			return E_INVAL;
		if (img == 0) {
			if (pix + 1 > pos)
				return E_INVAL;
			pix = pos - (pix + 1);
		} else {
			if (img > info->head_dist)
				return E_INVAL;
			from = plain_find(w, info->id - img);
			if (!from) {
				*missing = info->id - img;
				return *missing < w->next ? E_INVAL : E_AGAIN;
			}
			if (!from->there || from->type != info->type || pix > from->n || length > from->n - pix)
				return E_INVAL;
		}
		for (; length; length--, pos++, pix++)
			to->pixels[pos] = (to->pixels[pos] & keep) | (from->pixels[pix] & ~keep);
	}
	return 0;
}

/* glz.md 3: what the end of the gap-free prefix no longer holds is dropped. */
static inline void plain_store(struct plain_window *w, const struct plain_picture *picture)
{
	struct plain_picture *last;

	w->pictures[w->n++] = *picture;
	for (; (last = plain_find(w, w->next)); w->next++)
		for (unsigned i = 0; i < w->n; i++)
			if (w->pictures[i].id < last->id - last->head_dist)
				w->pictures[i].there = false;
}

/* As glz_decode, but without a limit, and *pixels are there until the window goes. */
static inline int plain_decode(struct plain_window *w, struct slice s, const struct glz_info *info,
	const uint32_t **pixels, uint64_t *missing)
{
	struct plain_reader in = {s.p + GLZ_HEADER, s.p + s.n, false};
	struct plain_picture to = {info->id, true, info->type, info->head_dist,
		(size_t)info->width * info->height, NULL};
	int rc;

	if (plain_find(w, info->id) || w->n == PLAIN_PICTURES)
		return E_INVAL;
	to.pixels = xcalloc(to.n, 4);
	rc = plain_pass(w, &in, info, &to, info->type == LZ_RGB16 ? 2 : 3, info->type == LZ_RGB16, 0, missing);
	if (!rc && info->type == LZ_RGBA)
		rc = plain_pass(w, &in, info, &to, 1, 2, 0xffffff, missing);
	if (!rc && in.p != in.end)
		rc = E_INVAL;
	if (rc)
		free(to.pixels);
	else
		plain_store(w, &to);
	*pixels = to.pixels;
	return rc;
}

#endif
