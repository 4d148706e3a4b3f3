/* GLZ: the window of a client (glz.md 3). What the newest picture of the gap-free prefix no longer holds is dropped,
 * but not before the next picture comes: until then the caller may read the pixels that it was given last, whatever
 * the gap that they closed. */
#include "codec/glz-window.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

/* A picture counts as so many pixels at least, for what keeping it costs beside its pixels. */
enum { LEAST_PIXELS = 32 };

struct glz_window *glz_window_new(uint64_t pixels)
{
	struct glz_window *w = new(struct glz_window);

	w->pixels = pixels;
	return w;
}

void glz_window_free(struct glz_window *w)
{
	if (!w)
		return;
	map_clear(&w->pictures, free);
	free(w);
}

uint64_t glz_window_next(const struct glz_window *w)
{
	return w->next;
}

bool glz_window_has(const struct glz_window *w, uint64_t id)
{
	return id < w->next || glz_window_find(w, id);
}

static uint64_t counted(uint64_t pixels)
{
	return pixels < LEAST_PIXELS ? LEAST_PIXELS : pixels;
}

static void release(struct glz_window *w)
{
	for (; w->oldest < w->head; w->oldest++) {
		struct glz_stored *s = map_remove(&w->pictures, w->oldest);

		if (w->recent[s->id % GLZ_RECENT] == s)
			w->recent[s->id % GLZ_RECENT] = NULL;
		w->held -= counted(s->n);
		free(s);
	}
}

/* The newest picture of the gap-free prefix decides what nobody can refer to any more. */
static void store(struct glz_window *w, struct glz_stored *picture)
{
	const struct glz_stored *s;

	map_put(&w->pictures, picture->id, picture);
	w->recent[picture->id % GLZ_RECENT] = picture;
	w->held += counted(picture->n);
	for (; (s = glz_window_find(w, w->next)); w->next++)
		if (s->id - s->head_dist > w->head)
			w->head = s->id - s->head_dist;
}

int glz_decode(struct glz_window *w, struct slice in, const struct glz_info *info, const uint32_t **pixels,
	uint64_t *missing)
{
	uint64_t n = (uint64_t)info->width * info->height;
	struct glz_stored *s;
	int rc;

	release(w);
	if (info->id < w->oldest || glz_window_find(w, info->id))
		return E_INVAL;
	if (n > w->pixels || w->held + counted(n) > 2 * w->pixels)
		return E_LIMIT;
	s = xmalloc(sizeof(*s) + 4 * ((size_t)n + GLZ_BEYOND));
	*s = (struct glz_stored){info->id, info->type, info->head_dist, (size_t)n};
	rc = glz_decode_passes(w, in, info, s->pixels, missing);
	if (rc) {
		free(s);
		return rc == E_AGAIN && *missing < w->next ? E_INVAL : rc;
	}
	store(w, s);
	*pixels = s->pixels;
	return 0;
}
