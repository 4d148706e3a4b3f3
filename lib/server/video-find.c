/* The detector of video. The screen is a grid of tiles, and time one of slots: a tile counts the slots in which its
 * middle was painted, and begins anew after a pause. Tiles that have counted enough are hot; hot ones that touch are a
 * region. So it does not matter whether a frame is painted as one picture, in bands, or only where it has changed,
 * nor that windows lie over parts of it. The exact edges are those of what was painted there lately. */
#include "server/video-find.h"

#include <stdlib.h>

#include "base/mem.h"
#include "draw/rect.h"

enum {
	SLOT_MS = 50,
	PAUSE = 4,        /* slots: a longer one begins anew */
	HOT = 10,         /* counts: half a second at 20 a second or more, a second at 10 */
	RECENT = 64,      /* paintings that are remembered one by one */
	RECENT_MS = 400,
	FULL = 2,         /* of the tiles of a region's box one in so many at least is hot */
};

struct tile {
	uint32_t slot;    /* in which it was painted last; 0: never */
	uint8_t count;
	bool seen;        /* by the look that is under way */
};

struct video_find {
	int columns, rows;
	bool hot;         /* some tile may be */
	uint64_t looked;
	struct recent {
		struct rect r;
		uint64_t when;
	} recent[RECENT];
	unsigned next;
	int *stack;       /* of tiles, for the walk over a region */
	struct tile tiles[];
};

struct video_find *video_find_new(unsigned width, unsigned height)
{
	int columns = (int)((width + VIDEO_TILE - 1) / VIDEO_TILE);
	int rows = (int)((height + VIDEO_TILE - 1) / VIDEO_TILE);
	struct video_find *f = xcalloc(1, sizeof(*f) + (size_t)columns * (size_t)rows * sizeof(f->tiles[0]));

	f->columns = columns;
	f->rows = rows;
	f->stack = xcalloc((size_t)columns * (size_t)rows, sizeof(*f->stack));
	return f;
}

void video_find_free(struct video_find *f)
{
	if (f)
		free(f->stack);
	free(f);
}

/* Tiles from *from to behind *to have their middle between these pixels. */
static void middles(int start, int end, int n, int *from, int *to)
{
	*from = start <= 0 ? 0 : (start + VIDEO_TILE / 2 - 1) / VIDEO_TILE;
	*to = end <= 0 ? 0 : (end + VIDEO_TILE / 2 - 1) / VIDEO_TILE;
	if (*to > n)
		*to = n;
}

static struct rect tiles_of(const struct video_find *f, const struct rect *r)
{
	struct rect t;

	middles(r->left, r->right, f->columns, &t.left, &t.right);
	middles(r->top, r->bottom, f->rows, &t.top, &t.bottom);
	return t;
}

void video_find_painted(struct video_find *f, const struct rect *r, uint64_t now)
{
	uint32_t slot = (uint32_t)(now / SLOT_MS) + 1;
	struct rect t = tiles_of(f, r);

	if (t.left >= t.right || t.top >= t.bottom)
		return;
	f->recent[f->next++ % RECENT] = (struct recent){*r, now};
	for (int y = t.top; y < t.bottom; y++) {
		for (int x = t.left; x < t.right; x++) {
			struct tile *tile = &f->tiles[y * f->columns + x];

			if (tile->slot == slot)
				continue;
			if (!tile->slot || slot - tile->slot > PAUSE)
				tile->count = 0;
			tile->slot = slot;
			if (tile->count < HOT)
				tile->count++;
			f->hot |= tile->count == HOT;
		}
	}
}

void video_find_forget(struct video_find *f, const struct rect *r)
{
	struct rect t = tiles_of(f, r);

	for (int y = t.top; y < t.bottom; y++)
		for (int x = t.left; x < t.right; x++)
			f->tiles[y * f->columns + x].count = 0;
}

static bool is_hot(const struct video_find *f, int i, uint32_t slot)
{
	return f->tiles[i].count == HOT && slot - f->tiles[i].slot <= PAUSE && !f->tiles[i].seen;
}

/* The hot tiles that hang together with tile i: the box around them, in tiles, and how many they are. */
static struct rect walk(struct video_find *f, int i, uint32_t slot, unsigned *n)
{
	struct rect box = {.left = f->columns, .top = f->rows};
	unsigned depth = 0;

	*n = 0;
	f->stack[depth++] = i;
	f->tiles[i].seen = true;
	while (depth) {
		int at = f->stack[--depth], x = at % f->columns, y = at / f->columns;
		const int beside[] = {x > 0 ? at - 1 : at, x + 1 < f->columns ? at + 1 : at,
			y > 0 ? at - f->columns : at, y + 1 < f->rows ? at + f->columns : at};

		++*n;
		box.left = x < box.left ? x : box.left;
		box.top = y < box.top ? y : box.top;
		box.right = x >= box.right ? x + 1 : box.right;
		box.bottom = y >= box.bottom ? y + 1 : box.bottom;
		for (size_t k = 0; k < ARRAY_SIZE(beside); k++) {
			if (!is_hot(f, beside[k], slot))
				continue;
			f->tiles[beside[k]].seen = true;
			f->stack[depth++] = beside[k];
		}
	}
	return box;
}

/* What was painted lately inside a box of tiles, or up to a tile beyond it. */
static bool edges(const struct video_find *f, const struct rect *tiles, uint64_t now, struct rect *out)
{
	struct rect around = {.left = (tiles->left - 1) * VIDEO_TILE, .top = (tiles->top - 1) * VIDEO_TILE,
		.right = (tiles->right + 1) * VIDEO_TILE, .bottom = (tiles->bottom + 1) * VIDEO_TILE};
	bool any = false;

	for (unsigned i = 0; i < RECENT; i++) {
		const struct rect *r = &f->recent[i].r;

		if (f->recent[i].when + RECENT_MS < now || r->left >= r->right || !rect_inside(r, &around))
			continue;
		*out = any ? rect_join(out, r) : *r;
		any = true;
	}
	return any;
}

static bool is_region(const struct video_find *f, const struct rect *tiles, unsigned n, uint64_t now, struct rect *out)
{
	return n * FULL >= (unsigned)((tiles->right - tiles->left) * (tiles->bottom - tiles->top)) &&
	       edges(f, tiles, now, out) && (out->right - out->left) * (out->bottom - out->top) >= VIDEO_AREA;
}

unsigned video_find_look(struct video_find *f, uint64_t now, struct rect out[VIDEO_FOUND])
{
	uint32_t slot = (uint32_t)(now / SLOT_MS) + 1;
	unsigned found = 0, n;
	bool hot = false;

	if (!f->hot || now - f->looked < VIDEO_LOOK_MS)
		return 0;
	f->looked = now;
	for (int i = 0; i < f->columns * f->rows; i++)
		f->tiles[i].seen = false;
	for (int i = 0; i < f->columns * f->rows && found < VIDEO_FOUND; i++) {
		struct rect box;

		if (!is_hot(f, i, slot))
			continue;
		hot = true;
		box = walk(f, i, slot, &n);
		if (is_region(f, &box, n, now, &out[found]))
			found++;
	}
	f->hot = hot;
	return found;
}
