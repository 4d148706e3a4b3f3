/* What the files of spice-serve share; its sources are source.h's. */
#ifndef CMD_SPICE_SERVE_H
#define CMD_SPICE_SERVE_H

#include "server/server.h"

struct serve_events;

/* A log of what clients do, from now on, in a file ("-": stdout). NULL with *err E_CREATE, said. `stop` is called with
 * E_IO, said, when it can't be written any more. */
struct serve_events *serve_events_new(struct server *s, const char *file, void (*stop)(void *owner, int err),
	void *owner, int *err);
void serve_events_free(struct serve_events *e); /* after the server. NULL is fine */

#endif
