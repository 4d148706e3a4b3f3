/* Listening sockets and outgoing connections on the loop. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <uv.h>

#include "net/endpoint.h"
#include "net/tls.h"
#include "net/web.h"

struct listener;

/* A socket was accepted (non-blocking, close-on-exec, TCP_NODELAY): the owner takes fd. */
typedef void listen_fn(void *owner, int fd);

/* One listener an address. `where`: "HOST:PORT" with a numeric or resolvable host, "[IPv6]:PORT",
 * "unix:PATH". Port 0 takes a free one. A stale unix socket of our own that nobody listens on is
 * replaced; anything else in its place, and a taken port, is E_UNREACH (69); the socket is 0600.
 * NULL with the reason logged and *err set. While descriptors are short (EMFILE) accepting stops,
 * and goes on by itself. */
struct listener *listener_new(
	uv_loop_t *loop, const char *where, listen_fn *fn, void *owner, int *err);
/* An inherited listening socket (LISTEN_FDS). */
struct listener *listener_from_fd(uv_loop_t *loop, int fd, listen_fn *fn, void *owner, int *err);
void listener_free(struct listener *l); /* closes; removes a unix socket that it made */

/* "127.0.0.1:5900", "[::1]:5900", "unix:/path". */
const char *listener_name(const struct listener *l);
/* The two halves of it: the path and 0 for a unix socket. */
const char *listener_host(const struct listener *l);
unsigned listener_port(const struct listener *l);
bool listener_is_local(const struct listener *l); /* loopback or unix */

/* The server's end of an accepted socket: finds out by the first bytes what is spoken and gives
 * SPICE bytes. Plain SPICE passes; a TLS hello is answered when `tls` is given; "GET " becomes a
 * WebSocket (subprotocol "binary"), on both, or the file of `web` (NULL: none) that is asked for.
 * tls_only: nothing but TLS. Takes fd. Reads give
 * E_PROTO for anything else, after a wrong magic was answered as wire.md 1.4 says (that is the link
 * stage's: unknown bytes just pass through). */
struct xport *xport_accept(int fd, struct tls_server *tls, bool tls_only, const struct web *web);

struct connecting; /* an attempt under way */
/* 0 and a connected transport for the callback to take, or E_HOST, E_UNREACH, E_TIMEOUT, logged. */
typedef void connect_fn(void *owner, struct xport *x, int err);

/* Resolves and connects, trying each address; or goes through e->proxy, which alone looks the host up, or
 * e->connect_command. With `tls` puts the TLS client on top (use_tls: e->tls_port, else e->port; `tls` is given then
 * and outlives the attempt). The callback comes later, never from within. */
struct connecting *net_connect(uv_loop_t *loop, const struct endpoint *e, bool use_tls,
	struct tls_client *tls, unsigned timeout_ms, connect_fn *fn, void *owner);
void net_connect_cancel(struct connecting *c); /* no callback comes; NULL is fine */

#endif
