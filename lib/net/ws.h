/* WebSocket (RFC 6455) as a filter, inside lib/net: SPICE bytes in binary frames. */
#ifndef NET_WS_H
#define NET_WS_H

#include "net/web.h"

/* The server's end; reads the request from its "GET " on. `web` says who may come, NULL: our own pages. Takes below. */
struct xport *xport_ws_server(struct xport *below, const struct web *web);

/* The client's end; asks for `path` ("/...", NULL is "/"). Takes below. */
struct xport *xport_ws_client(
	struct xport *below, const char *host, unsigned port, const char *path);

#endif
