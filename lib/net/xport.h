/* A transport: a stack of filters over one descriptor (socket, TLS, WebSocket), seen through five
 * verbs. Nothing blocks. Whoever holds the top of the stack owns all of it. */
#ifndef NET_XPORT_H
#define NET_XPORT_H

#include <sys/types.h>

#include "base/buf.h"

enum { XPORT_IN = 1, XPORT_OUT = 2 };

/* Who is at the other end, for limits, logs and events. */
struct xport_info {
	bool tls;
	bool websocket;
	bool web;	 /* a browser that is given a file: SPICE never comes */
	bool local;	 /* AF_UNIX */
	char host[64];	 /* numeric address without brackets; the path, cut, for AF_UNIX */
	unsigned port;	 /* of the peer; 0 for AF_UNIX */
	char own_host[112]; /* our end's address; the path of AF_UNIX */
	unsigned own_port;
	char source[48]; /* what limits count by: IPv4 address, IPv6 /64, "unix:UID" */
};

struct xport;

struct xport_ops {
	ssize_t (*read)(struct xport *x, void *p, size_t n);
	ssize_t (*write)(struct xport *x, const void *p, size_t n);
	unsigned (*want)(struct xport *x);
	bool (*pending)(struct xport *x);
	void (*close)(struct xport *x);
};

struct xport {
	const struct xport_ops *ops;
	struct xport *below; /* owned; NULL at the bottom */
	int fd;		     /* of the whole stack, for polling */
	struct xport_info info;
};

/* 1..n bytes; E_AGAIN when there are none now; E_CLOSED at the end of the stream; another E_* when
 * the stack broke (E_AUTH: the peer's certificate was refused, and nothing was sent to it). */
ssize_t xport_read(struct xport *x, void *p, size_t n);

/* 0..n bytes taken; E_AGAIN when none can be; E_* as above. The caller comes back with the same
 * bytes. With n 0 the stack goes on with what it does by itself (a handshake, bytes that it holds).
 */
ssize_t xport_write(struct xport *x, const void *p, size_t n);

/* What the stack itself waits for on the descriptor (XPORT_IN | XPORT_OUT), whatever its owner
 * wants: a handshake, bytes that it still holds. Where this is not 0 a write that gave E_AGAIN
 * waits for it, else for XPORT_OUT. */
unsigned xport_want(struct xport *x);

/* Bytes wait above the descriptor, which polling would not tell. */
bool xport_pending(struct xport *x);

/* Ends the stack, politely where that does not block, and frees it. NULL is fine. */
void xport_close(struct xport *x);

/* Says what a peer did wrong before it is anybody: "HOST: what: why". At most LIM_LOG_RATE lines a
 * second for all such peers together (L-24), for strangers have many addresses. */
void xport_complain(const struct xport *x, const char *what, const char *why);

/* For filters: makes x the top of the stack over `below`, with its descriptor and its peer. Takes below. */
void xport_put_on(struct xport *x, const struct xport_ops *ops, struct xport *below);

/* For filters: hands what they hold to the transport below. 0 when all of it is gone, there too; E_AGAIN when some
 * waits; other E_*. */
int xport_flush(struct xport *below, struct buf *held);

/* The bottom: a connected non-blocking stream socket. Takes fd. */
struct xport *xport_socket(int fd);

#endif
