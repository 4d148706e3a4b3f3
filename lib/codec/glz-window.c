/* GLZ: the window of a client (glz.md 3). Pictures stand in an open hash by id. What the newest picture of the
 * gap-free prefix no longer holds is dropped, but not before the next picture comes: until then the caller may read
 * the pixels that it was given last, whatever the gap that they closed. */
#include "codec/glz-window.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

/* A picture counts as so many pixels at least, for what keeping it costs beside its pixels. */
enum { LEAST_PIXELS = 32 };

struct glz_window {
	struct glz_stored *slots; /* cap, a power of two, at most 3/4 taken */
	size_t n, cap;
	unsigned shift;         /* 64 - log2(cap) */
	uint64_t held, pixels;  /* counted pixels; what was announced */
	uint64_t next;          /* every id below it has arrived */
	uint64_t head;          /* ids below it are of no use any more */
	uint64_t oldest;        /* ids below it were dropped */
};

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
	for (size_t i = 0; i < w->cap; i++)
		free(w->slots[i].pixels);
	free(w->slots);
	free(w);
}

uint64_t glz_window_next(const struct glz_window *w)
{
	return w->next;
}

static size_t home(const struct glz_window *w, uint64_t id)
{
	return (size_t)(id * 0x9e3779b97f4a7c15u >> w->shift);
}

/* Where it is, or where it would go. There is always a free slot. */
static struct glz_stored *slot_of(const struct glz_window *w, uint64_t id)
{
	size_t i = home(w, id);

	while (w->slots[i].pixels && w->slots[i].id != id)
		i = (i + 1) & (w->cap - 1);
	return &w->slots[i];
}

const struct glz_stored *glz_window_find(const struct glz_window *w, uint64_t id)
{
	const struct glz_stored *s = w->cap ? slot_of(w, id) : NULL;

	return s && s->pixels ? s : NULL;
}

bool glz_window_has(const struct glz_window *w, uint64_t id)
{
	return id < w->next || glz_window_find(w, id);
}

static void grow(struct glz_window *w)
{
	struct glz_window old = *w;

	w->cap = old.cap ? 2 * old.cap : 64;
	w->shift = old.cap ? old.shift - 1 : 64 - 6;
	w->slots = xcalloc(w->cap, sizeof(*w->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].pixels)
			*slot_of(w, old.slots[i].id) = old.slots[i];
	free(old.slots);
}

static uint64_t counted(uint64_t pixels)
{
	return pixels < LEAST_PIXELS ? LEAST_PIXELS : pixels;
}

static void drop(struct glz_window *w, uint64_t id)
{
	struct glz_stored *s = slot_of(w, id);
	size_t i = (size_t)(s - w->slots);

	w->held -= counted(s->n);
	w->n--;
	free(s->pixels);
	*s = (struct glz_stored){0};
	/* those behind it up to a free slot may have to come nearer */
	for (i = (i + 1) & (w->cap - 1); w->slots[i].pixels; i = (i + 1) & (w->cap - 1)) {
		struct glz_stored moved = w->slots[i];

		w->slots[i] = (struct glz_stored){0};
		*slot_of(w, moved.id) = moved;
	}
}

static void release(struct glz_window *w)
{
	for (; w->oldest < w->head; w->oldest++)
		drop(w, w->oldest);
}

/* The newest picture of the gap-free prefix decides what nobody can refer to any more. */
static void advance(struct glz_window *w)
{
	const struct glz_stored *s;

	while ((s = glz_window_find(w, w->next))) {
		if (s->id - s->head_dist > w->head)
			w->head = s->id - s->head_dist;
		w->next++;
	}
}

static void store(struct glz_window *w, const struct glz_info *info, uint32_t *pixels, size_t n)
{
	if (4 * (w->n + 1) > 3 * w->cap)
		grow(w);
	*slot_of(w, info->id) = (struct glz_stored){info->id, info->type, info->head_dist, n, pixels};
	w->n++;
	w->held += counted(n);
	advance(w);
}

int glz_decode(struct glz_window *w, struct slice in, const struct glz_info *info, const uint32_t **pixels,
	uint64_t *missing)
{
	uint64_t n = (uint64_t)info->width * info->height;
	uint32_t *out;
	int rc;

	release(w);
	if (info->id < w->oldest || glz_window_find(w, info->id))
		return E_INVAL;
	if (n > w->pixels || w->held + counted(n) > 2 * w->pixels)
		return E_LIMIT;
	out = xmalloc(4 * (size_t)n);
	rc = glz_decode_passes(w, in, info, out, missing);
	if (rc) {
		free(out);
		return rc == E_AGAIN && *missing < w->next ? E_INVAL : rc;
	}
	store(w, info, out, (size_t)n);
	*pixels = out;
	return 0;
}
