/* Inexact regions, by surface. They may be thought larger than they are, never smaller. */
#include "server/mend.h"

#include <stdlib.h>

#include "base/mem.h"
#include "draw/region.h"
#include "server/band.h"

enum {
	RECTS = 64,       /* a region of more becomes its bounding box */
	LEAST_SIDE = 8,   /* of a piece, where its region is not smaller: lower ones compress badly */
	REST_MS = 500,    /* what was drawn in a lossy form rests after so long, or twice that */
	PIECE_MS = 100,   /* a piece keeps the link busy for about so long */
	PIECE_DEAR = 12,  /* bits of a pixel that is mended */
	PIECE_LEAST = 4096, PIECE_MOST = BAND_PIXELS, /* its pixels */
	LOST_MS = 2000,   /* for clients that answer no pings */
	PING = 1u << 31,  /* in the ids of our pings */
};

struct inexact {
	pixman_region32_t recent, resting;
};

struct mend {
	struct inexact *surfaces[LIM_SURFACES]; /* NULL: exact */
	unsigned n;                             /* that are not NULL */
	bool rests;                             /* something does */
	uint64_t rested;                        /* when it was looked last */
	uint32_t pieces;                        /* number of the last one */
	bool under_way;                         /* since then: */
	uint64_t since;
	uint64_t done;
};

/* ---- regions ---- */

static void bound(struct inexact *x)
{
	region_bound(&x->recent, RECTS);
	region_bound(&x->resting, RECTS);
}

static bool touches(const struct inexact *x, const struct rect *r)
{
	return region_touches(&x->recent, r) || region_touches(&x->resting, r);
}

static uint64_t count(const pixman_region32_t *region)
{
	const pixman_box32_t *b;
	uint64_t pixels = 0;
	int n;

	b = pixman_region32_rectangles((pixman_region32_t *)region, &n);
	for (int i = 0; i < n; i++)
		pixels += (uint64_t)(b[i].x2 - b[i].x1) * (uint64_t)(b[i].y2 - b[i].y1);
	return pixels;
}

/* ---- what becomes of them ---- */

static struct inexact *inexact_of(struct mend *m, uint32_t surface)
{
	struct inexact *x = m->surfaces[surface];

	if (x)
		return x;
	x = m->surfaces[surface] = new(struct inexact);
	pixman_region32_init(&x->recent);
	pixman_region32_init(&x->resting);
	m->n++;
	return x;
}

void mend_gone(struct mend *m, uint32_t surface)
{
	struct inexact *x = m->surfaces[surface];

	if (!x)
		return;
	pixman_region32_fini(&x->recent);
	pixman_region32_fini(&x->resting);
	free(x);
	m->surfaces[surface] = NULL;
	m->n--;
}

static void tidy(struct mend *m, uint32_t surface)
{
	struct inexact *x = m->surfaces[surface];

	if (x && region_is_empty(&x->recent) && region_is_empty(&x->resting))
		mend_gone(m, surface);
}

static void is_inexact(struct mend *m, uint32_t surface, const pixman_region32_t *r)
{
	struct inexact *x = inexact_of(m, surface);

	pixman_region32_subtract(&x->resting, &x->resting, (pixman_region32_t *)r);
	pixman_region32_union(&x->recent, &x->recent, (pixman_region32_t *)r);
	bound(x);
}

static void is_exact(struct mend *m, uint32_t surface, const pixman_region32_t *r)
{
	struct inexact *x = m->surfaces[surface];

	if (!x)
		return;
	pixman_region32_subtract(&x->recent, &x->recent, (pixman_region32_t *)r);
	pixman_region32_subtract(&x->resting, &x->resting, (pixman_region32_t *)r);
	bound(x);
	tidy(m, surface);
}

struct reading {
	struct mend *m;
	bool found;
};

static void reads(void *user, uint32_t surface, const struct rect *area)
{
	struct reading *r = user;
	const struct inexact *x = surface < LIM_SURFACES ? r->m->surfaces[surface] : NULL;

	if (x && touches(x, area))
		r->found = true;
}

/* Scrolled pixels take their errors with them, and nothing else is where they come to stand. */
static void moves(struct mend *m, const struct draw_item *item, const pixman_region32_t *to)
{
	struct point by = draw_item_move(item);
	struct inexact *x = m->surfaces[item->surface];
	pixman_region32_t moved;

	pixman_region32_init(&moved);
	pixman_region32_union(&moved, &x->recent, &x->resting);
	pixman_region32_translate(&moved, by.x, by.y);
	pixman_region32_intersect(&moved, &moved, (pixman_region32_t *)to);
	is_exact(m, item->surface, to);
	if (!region_is_empty(&moved))
		is_inexact(m, item->surface, &moved);
	pixman_region32_fini(&moved);
}

void mend_item(struct mend *m, const struct draw_item *item, bool lossy)
{
	struct reading reading = {m, false};
	pixman_region32_t region;

	if (!m->n && !lossy)
		return;
	draw_item_region(item, &region);
	draw_item_reads(item, reads, &reading);
	if (item->number == S_DISPLAY_COPY_BITS && reading.found)
		moves(m, item, &region);
	else if (lossy || reading.found)
		is_inexact(m, item->surface, &region);
	else if (draw_item_is_opaque(item))
		is_exact(m, item->surface, &region);
	pixman_region32_fini(&region);
}

void mend_pixels(struct mend *m, uint32_t surface, const struct rect *r, bool lossy)
{
	pixman_region32_t region;

	region_init(&region, r);
	if (lossy)
		is_inexact(m, surface, &region);
	else
		is_exact(m, surface, &region);
	pixman_region32_fini(&region);
}

void mend_spare(struct mend *m, const pixman_region32_t *r)
{
	is_exact(m, 0, r);
}

/* ---- what rests ---- */

/* What became inexact since the last time begins to rest. Does something already? */
static bool rest(struct mend *m)
{
	bool some = false;

	for (uint32_t id = 0; m->n && id < LIM_SURFACES; id++) {
		struct inexact *x = m->surfaces[id];

		if (!x)
			continue;
		some |= !region_is_empty(&x->resting);
		pixman_region32_union(&x->resting, &x->resting, &x->recent);
		pixman_region32_clear(&x->recent);
	}
	return some;
}

bool mend_tick(struct mend *m, uint64_t now)
{
	bool lost = m->under_way && now - m->since > LOST_MS;

	m->under_way = m->under_way && !lost;
	if (now - m->rested < REST_MS)
		return lost;
	m->rested = now;
	m->rests |= rest(m);
	return m->rests || lost;
}

bool mend_is_due(const struct mend *m)
{
	return m->rests && !m->under_way;
}

uint32_t mend_ping(const struct mend *m)
{
	return PING | m->pieces;
}

bool mend_pong(struct mend *m, uint32_t id)
{
	if (id == mend_ping(m))
		m->under_way = false;
	return id & PING;
}

unsigned mend_size(uint64_t bits)
{
	uint64_t n = bits / 1000 * PIECE_MS / PIECE_DEAR;

	return n < PIECE_LEAST ? PIECE_LEAST : n > PIECE_MOST ? PIECE_MOST : (unsigned)n;
}

/* A piece at the top left of a box; as wide as the pixels allow at the least height. */
static struct rect piece_of(const pixman_box32_t *b, unsigned pixels)
{
	int w = b->x2 - b->x1, h = b->y2 - b->y1, widest = (int)pixels / LEAST_SIDE, highest;

	w = w < widest ? w : widest;
	highest = (int)pixels / w;
	h = h < highest ? h : highest;
	return (struct rect){.left = b->x1, .top = b->y1, .right = b->x1 + w, .bottom = b->y1 + h};
}

bool mend_next(struct mend *m, unsigned pixels, uint64_t now, uint32_t *surface, struct rect *r)
{
	uint32_t id = 0;

	while (id < LIM_SURFACES && (!m->surfaces[id] || region_is_empty(&m->surfaces[id]->resting)))
		id++;
	m->rests = id < LIM_SURFACES;
	if (!m->rests)
		return false;
	*surface = id;
	*r = piece_of(pixman_region32_rectangles(&m->surfaces[id]->resting, NULL), pixels);
	mend_pixels(m, id, r, false);
	m->done += rect_pixels(r);
	m->pieces = (m->pieces + 1) % PING;
	m->under_way = true;
	m->since = now;
	return true;
}

uint64_t mend_done(const struct mend *m)
{
	return m->done;
}

uint64_t mend_left(const struct mend *m)
{
	uint64_t pixels = 0;

	for (uint32_t id = 0; m->n && id < LIM_SURFACES; id++)
		if (m->surfaces[id])
			pixels += count(&m->surfaces[id]->recent) + count(&m->surfaces[id]->resting);
	return pixels;
}

/* ---- life ---- */

struct mend *mend_new(void)
{
	return new(struct mend);
}

void mend_free(struct mend *m)
{
	for (uint32_t id = 0; m && id < LIM_SURFACES; id++)
		mend_gone(m, id);
	free(m);
}
