/* What the files of spice-serve share; its sources are source.h's. */
#ifndef CMD_SPICE_SERVE_H
#define CMD_SPICE_SERVE_H

#include <uv.h>

#include "server/server.h"

struct serve_events;

/* A log of what clients do, from now on, in a file ("-": stdout). NULL with *err E_CREATE, said. `stop` is called with
 * E_IO, said, when it can't be written any more. */
struct serve_events *serve_events_new(struct server *s, const char *file, void (*stop)(void *owner, int err),
	void *owner, int *err);
void serve_events_free(struct serve_events *e); /* after the server. NULL is fine */

struct serve_stats;

/* Statistics of the server on stdout, a line a second from now on. `stop` as above. */
struct serve_stats *serve_stats_new(uv_loop_t *loop, struct server *server, void (*stop)(void *owner, int err),
	void *owner);
void serve_stats_free(struct serve_stats *s); /* before the server. NULL is fine */

#endif
