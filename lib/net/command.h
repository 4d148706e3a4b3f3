/* Commands that users name, run by /bin/sh: one whose stdin and stdout are a connection, as ssh's ProxyCommand is. */
#ifndef NET_COMMAND_H
#define NET_COMMAND_H

#include <uv.h>

#include "net/endpoint.h"
#include "net/xport.h"

/* Starts `command` with SPICE_HOST and SPICE_PORT in its environment (never in its words: both may come from a
 * stranger's .vv file), stdin and stdout as given, our stderr. 0 or E_UNREACH, logged; the handle is to be closed in
 * any case. */
int command_spawn(uv_loop_t *loop, uv_process_t *process, const char *command, const struct endpoint *e, bool tls,
	const uv_stdio_container_t stdio[2], uv_exit_cb exited);

/* The connection that e->connect_command is; NULL with the reason logged. When it is closed the command gets SIGHUP. */
struct xport *xport_command(uv_loop_t *loop, const struct endpoint *e, bool tls);

#endif
