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

/* ---- when ----
 * One piece at a time, while nothing else is to be sent: it keeps the link busy for a moment, and what is drawn then
 * waits behind it. The next one goes when the client has answered a ping behind it. Times in ms, of any clock. */

/* To be called now and then. True when there is something to mend from now on. */
bool mend_tick(struct mend *m, uint64_t now);
/* Is there a piece to be sent, and none under way? */
bool mend_is_due(const struct mend *m);
/* The pixels of a piece for a link of so many bits a second; 0: not known. */
unsigned mend_size(uint64_t bits);
/* The next piece of what rests, of so many pixels at most (64 or more); it counts as mended. False when there is none;
 * else a ping with id mend_ping is to follow it. */
bool mend_next(struct mend *m, unsigned pixels, uint64_t now, uint32_t *surface, struct rect *r);
uint32_t mend_ping(const struct mend *m);
/* A ping is answered. True if it was one of ours: of the piece under way, which is none any more, or an earlier one. */
bool mend_pong(struct mend *m, uint32_t id);

uint64_t mend_left(const struct mend *m); /* inexact pixels */
uint64_t mend_done(const struct mend *m); /* pixels that were mended */

#endif
