/* A drawing command as the listeners of a device share it: life, and what it does to the surfaces. */
#ifndef SERVER_ITEM_H
#define SERVER_ITEM_H

#include "base/arena.h"
#include "base/list.h"
#include "draw/canvas.h"

/* Counted references; immutable. Whoever is told of one holds it with a reference. */
struct draw_item {
	unsigned refs;
	unsigned number;      /* S_DISPLAY_DRAW_*, S_DISPLAY_COPY_BITS */
	void *body;           /* its struct, deep, in `arena` */
	struct arena arena;
	uint32_t surface;     /* drawn on */
	struct rect damage;   /* the part of it that may have changed; never empty */
	bool images;          /* it has some, pictures or surfaces */
	struct pixmap *pictures[4]; /* of its images that are no surfaces, in the order of the body */
	bool kept[4];         /* not DEVICE_ONCE: the picture may come again, under the id in the body */
	unsigned n_pictures;
	size_t bytes;         /* about what it holds in memory, pictures left out */
	struct list codings;  /* of its pictures, as far as clients share them: server/encode.h */
};
void draw_item_ref(struct draw_item *i);
void draw_item_unref(struct draw_item *i); /* NULL is fine */
/* Does its effect not depend on when it is done, but for what it reads, and is it sure to work? Then also what it draws
 * on: *damage, which may be empty. Such a command is opaque. */
bool draw_item_can_wait(const struct draw_item *i, struct canvas *c, struct rect *damage);
/* Does it set every pixel of its box under its clip, whatever was there? (On 1_A surfaces most commands do nothing.) */
bool draw_item_is_opaque(const struct draw_item *i);
/* Does it draw on all of its damage: has the clip no holes? */
bool draw_item_is_whole(const struct draw_item *i);
/* What it may draw on: its damage under its clip. To be finished by the caller. */
void draw_item_region(const struct draw_item *i, pixman_region32_t *out);
/* COPY_BITS: how far its pixels move, at most LIM_IMAGE_SIDE either way. */
struct point draw_item_move(const struct draw_item *i);
/* What it reads beside the pixels that it draws on: an area of a surface, or more than all of it. */
typedef void draw_item_reads_fn(void *user, uint32_t surface, const struct rect *area);
void draw_item_reads(const struct draw_item *i, draw_item_reads_fn *fn, void *user);

#endif
