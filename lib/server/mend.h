/* What a client has inexactly: where a picture was drawn in a lossy form, and what later commands made of that. When
 * it rests it is sent again, without loss, a piece at a time. One client's, in the order in which it is sent things. */
#ifndef SERVER_MEND_H
#define SERVER_MEND_H

#include "server/item.h"

struct mend;

struct mend *mend_new(void);
void mend_free(struct mend *m); /* NULL is fine */

/* A command, some picture of which is in a lossy form or not. */
void mend_item(struct mend *m, const struct draw_item *item, bool lossy);
/* Pixels of a rectangle of a surface. */
void mend_pixels(struct mend *m, uint32_t surface, const struct rect *r, bool lossy);
/* The surface is another one, or none. */
void mend_gone(struct mend *m, uint32_t surface);
/* Others take care of this part of the screen. */
void mend_spare(struct mend *m, const pixman_region32_t *r);

/* Some time has passed: what became inexact since the last call begins to rest. True if something did already. */
bool mend_rest(struct mend *m);
/* A piece of what rests, of so many pixels at most (but 64 at least); it counts as mended. False when there is none. */
bool mend_next(struct mend *m, unsigned pixels, uint32_t *surface, struct rect *r);

uint64_t mend_left(const struct mend *m); /* inexact pixels */

#endif
