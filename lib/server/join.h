/* Copies from one place that come one by one, as drivers send those of a region, become one with a clip. */
#ifndef SERVER_JOIN_H
#define SERVER_JOIN_H

#include "base/arena.h"
#include "wire/wire.h"

enum { JOIN_RECTS = 32 }; /* of the clip of one command */

/* Widens `a` to draw what `b` draws as well, if both copy as it is from the same surface, not the one drawn on, or the
 * same picture that the client keeps (FROM_CACHE), and to the same distance. The new clip is in the arena. False: `a`
 * is as it was. */
bool join_copies(struct draw_copy *a, const struct draw_copy *b, struct arena *arena);

#endif
