/* The control socket: QMP as QEMU speaks it, for a server. It belongs to the user who runs the server: mode 0600, and
 * whoever else gets through (another user, by file descriptors or a wrong mode) is sent away before a byte is read. */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include <uv.h>

#include "server/server.h"

struct control;

/* Listens on the socket; E_USAGE, E_UNREACH as listener_new. quit: the command of that name; called once, from within.
 * version: "1.2", of the program. The server outlives the control socket's use of it: control_stop, server_free,
 * control_free. */
struct control *control_new(uv_loop_t *loop, const char *path, struct server *s, const char *version,
	void (*quit)(void *owner), void *owner, int *err);
/* The server is about to end, by a signal or otherwise: the event SHUTDOWN. NULL is fine. */
void control_stop(struct control *c, bool by_signal);
void control_free(struct control *c);

#endif
