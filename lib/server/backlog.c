/* Commands stand in cells of their surface by the top left corner of what they draw. */
#include "server/backlog.h"

#include <stdlib.h>

#include "draw/rect.h"
#include "server/item.h"

enum {
	CELL_SHIFT = 7,   /* cells of 128 pixels */
	CELL_SIDE = 32,   /* so many each way; what lies beyond shares the last */
	LOOK = 8,         /* commands of a cell that are looked at */
	READS = 8,        /* reads of a surface that are remembered one by one */
};

/* The commands of a surface, by place. */
struct cells {
	struct list cell[CELL_SIDE * CELL_SIDE];
	struct read {
		uint64_t seq;
		struct rect area;
	} reads[READS];
	unsigned n_reads;
	uint64_t barrier; /* of commands before it nothing is known: they stay */
};

void backlog_init(struct backlog *b)
{
	*b = (struct backlog){0};
	list_init(&b->all);
}

/* ---- memory ---- */

static void count(struct backlog *b, const struct draw_item *item)
{
	b->bytes += item->bytes;
	b->pixels += rect_pixels(&item->damage);
	for (unsigned i = 0; i < item->n_pictures; i++) {
		const struct pixmap *p = item->pictures[i];
		uintptr_t times = (uintptr_t)map_get(&b->pictures, (uintptr_t)p);

		if (!times)
			b->bytes += (size_t)p->stride * p->height;
		map_put(&b->pictures, (uintptr_t)p, (void *)(times + 1));
	}
}

static void uncount(struct backlog *b, const struct draw_item *item)
{
	b->bytes -= item->bytes;
	b->pixels -= rect_pixels(&item->damage);
	for (unsigned i = 0; i < item->n_pictures; i++) {
		const struct pixmap *p = item->pictures[i];
		uintptr_t times = (uintptr_t)map_remove(&b->pictures, (uintptr_t)p);

		if (times > 1)
			map_put(&b->pictures, (uintptr_t)p, (void *)(times - 1));
		else
			b->bytes -= (size_t)p->stride * p->height;
	}
}

void backlog_remove(struct backlog *b, struct waiting *w)
{
	list_remove(&w->link);
	list_remove(&w->place);
	b->n--;
	if (w->item)
		uncount(b, w->item);
	draw_item_unref(w->item);
	free(w);
}

struct waiting *backlog_first(const struct backlog *b)
{
	return list_first(&b->all, struct waiting, link);
}

void backlog_clear(struct backlog *b)
{
	struct waiting *w;

	list_each(w, &b->all, link)
		backlog_remove(b, w);
	for (uint32_t id = 0; id < LIM_SURFACES; id++) {
		free(b->cells[id]);
		b->cells[id] = NULL;
	}
	map_clear(&b->pictures, NULL);
}

static struct cells *cells_of(struct backlog *b, uint32_t surface)
{
	struct cells *c = b->cells[surface];

	if (c)
		return c;
	c = b->cells[surface] = new(struct cells);
	for (unsigned i = 0; i < ARRAY_SIZE(c->cell); i++)
		list_init(&c->cell[i]);
	return c;
}

static unsigned cell_at(int v)
{
	unsigned i = (unsigned)v >> CELL_SHIFT;

	return i < CELL_SIDE ? i : CELL_SIDE - 1;
}

/* ---- what is read ---- */

/* Did anything that came after it read pixels that it draws? */
static bool was_read(const struct cells *c, const struct waiting *w)
{
	if (w->seq < c->barrier)
		return true;
	for (unsigned i = 0; i < c->n_reads; i++)
		if (c->reads[i].seq > w->seq && rect_overlap(&c->reads[i].area, &w->item->damage))
			return true;
	return false;
}

struct reader {
	struct backlog *b;
	uint64_t seq;
};

static void note_read(void *user, uint32_t surface, const struct rect *area)
{
	const struct reader *r = user;
	struct cells *c = cells_of(r->b, surface);

	if (c->n_reads == READS) { /* the oldest one counts for all of the surface from now on */
		c->barrier = c->reads[0].seq;
		memmove(c->reads, c->reads + 1, (READS - 1) * sizeof(c->reads[0]));
		c->n_reads--;
	}
	c->reads[c->n_reads++] = (struct read){r->seq, *area};
}

static void unread(void *user, uint32_t surface, const struct rect *area)
{
	const struct reader *r = user;
	struct cells *c = r->b->cells[surface];

	(void)area;
	for (unsigned i = 0; c && i < c->n_reads; i++)
		if (c->reads[i].seq == r->seq) {
			c->n_reads--;
			memmove(c->reads + i, c->reads + i + 1, (c->n_reads - i) * sizeof(c->reads[0]));
			break;
		}
}

bool backlog_reads(const struct backlog *b, uint32_t surface, const struct rect *r)
{
	const struct cells *c = b->cells[surface];
	const struct waiting *oldest = backlog_first(b);

	if (!c || !oldest)
		return false;
	if (c->barrier >= oldest->seq)
		return true;
	for (unsigned i = 0; i < c->n_reads; i++)
		if (c->reads[i].seq >= oldest->seq && rect_overlap(&c->reads[i].area, r))
			return true;
	return false;
}

/* ---- what hides what ---- */

/* Nobody will see what it draws, and what it read need not stay for it. */
static void drop(struct backlog *b, struct waiting *w)
{
	draw_item_reads(w->item, unread, &(struct reader){b, w->seq});
	backlog_remove(b, w);
	b->hidden++;
}

void backlog_hide(struct backlog *b, const struct draw_item *item)
{
	struct cells *c = b->cells[item->surface];
	const struct rect *r = &item->damage;

	if (!c)
		return;
	for (unsigned y = cell_at(r->top); y <= cell_at(r->bottom - 1); y++) {
		for (unsigned x = cell_at(r->left); x <= cell_at(r->right - 1); x++) {
			struct list *cell = &c->cell[y * CELL_SIDE + x], *at = cell->prev, *before;

			for (unsigned n = 0; at != cell && n < LOOK; n++, at = before) {
				struct waiting *w = list_item(at, struct waiting, place);

				before = at->prev;
				if (rect_inside(&w->item->damage, r) && !was_read(c, w))
					drop(b, w);
			}
		}
	}
}

void backlog_surface_gone(struct backlog *b, uint32_t surface)
{
	struct cells *c = b->cells[surface];
	struct waiting *w;

	for (unsigned i = 0; c && i < ARRAY_SIZE(c->cell); i++)
		list_each(w, &c->cell[i], place)
			drop(b, w);
	free(c);
	b->cells[surface] = NULL;
}

void backlog_append(struct backlog *b, struct waiting *w, struct draw_item *item, bool hides)
{
	struct cells *c;

	w->seq = ++b->seq;
	w->item = item;
	list_init(&w->place);
	list_append(&b->all, &w->link);
	b->n++;
	if (!item)
		return;
	draw_item_ref(item);
	count(b, item);
	c = cells_of(b, item->surface);
	draw_item_reads(item, note_read, &(struct reader){b, w->seq});
	if (hides)
		backlog_hide(b, item);
	list_append(&c->cell[cell_at(item->damage.top) * CELL_SIDE + cell_at(item->damage.left)], &w->place);
}
