/* The way through an HTTP proxy (uri-vv.md 3). */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include "net/xport.h"

struct proxy {
	char *host;
	int port;
	bool tls;	/* to the proxy, whose certificate the system's CAs vouch for */
	char *password; /* "user:password", a secret; NULL: none */
};

/* [http|https]://[user:password@]host[:port][/]; no scheme is http, the ports are 3128 and 3129. 0 or E_USAGE, logged
 * without the text; proxy_fini in any case. */
int proxy_parse(struct proxy *p, const char *url);
void proxy_fini(struct proxy *p);

/* Asks the proxy below for host:port, then passes bytes. Reads give E_AUTH where it wants another password, E_UNREACH
 * where it does not get there, E_PROTO where it is none; logged. Takes below. */
struct xport *xport_proxy(struct xport *below, const struct proxy *p, const char *host, unsigned port);

#endif
