/* Drawing commands that wait, in their order, without those that a later one hides. A command looks at the newest few
 * of those that stand where it draws, so that its cost does not grow with their number. What was read meanwhile
 * (scrolled, or copied from the surface) stays as long as its reader waits. */
#ifndef SERVER_BACKLOG_H
#define SERVER_BACKLOG_H

#include "base/list.h"
#include "base/limits.h"
#include "base/map.h"
#include "wire/wire.h"

struct draw_item;

/* One that waits; the first member of what its owner has allocated for it. */
struct waiting {
	struct list link;
	struct list place;      /* in its cell */
	uint64_t seq;
	struct draw_item *item; /* a reference; NULL: something else that has its place in the order */
};

struct cells;

struct backlog {
	struct list all; /* struct waiting */
	uint64_t seq;
	struct cells *cells[LIM_SURFACES]; /* of surfaces with commands, by place */
	size_t bytes;                      /* of the items and their pictures, each of which counts once */
	struct map pictures;               /* by pixmap: how many times it is there */
	uint64_t pixels;                   /* that they draw */
	unsigned n;
	unsigned hidden;                   /* were dropped */
};

void backlog_init(struct backlog *b);
void backlog_clear(struct backlog *b); /* all go */

/* To the end. `hides`: the item sets every pixel of its damage, whatever was there; what it hides is freed. */
void backlog_append(struct backlog *b, struct waiting *w, struct draw_item *item, bool hides);
void backlog_remove(struct backlog *b, struct waiting *w); /* and frees it */
struct waiting *backlog_first(const struct backlog *b);   /* NULL: nothing waits */

/* Such an item goes by another way: what it hides is freed. */
void backlog_hide(struct backlog *b, const struct draw_item *item);
/* A surface that nothing here reads is gone: what draws on it is freed. */
void backlog_surface_gone(struct backlog *b, uint32_t surface);
/* Does a command that waits read there? */
bool backlog_reads(const struct backlog *b, uint32_t surface, const struct rect *r);

#endif
