/* Doing what waits to be drawn, all at once: the commands are walked from the last to the first, and each pixel is
 * drawn only as the last of them leaves it, however often it was drawn or moved before. */
#ifndef SERVER_DUE_H
#define SERVER_DUE_H

#include "draw/canvas.h"
#include "server/backlog.h"

/* Commands that draw_item_can_wait has let in, whose surfaces are all there. They are done; the backlog is empty
 * then. */
void due_settle(struct backlog *b, struct canvas *c);

#endif
