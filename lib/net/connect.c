/* Outgoing connections: the name look-up in the pool, then each address in turn, never blocking. An
 * address that does not answer may use its share of the time that is left, so that a dead IPv6
 * route does not cost the IPv4 one. Where a proxy is on the way it is the one that is looked up. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/addr.h"
#include "net/command.h"
#include "net/listen.h"
#include "net/proxy.h"
#include "net/ws.h"

enum { UNIX_RETRY_MS = 50 };

struct connecting {
	uv_loop_t *loop;
	uv_getaddrinfo_t lookup;
	uv_timer_t timer;
	uv_poll_t *poll; /* of the address being tried, or NULL; freed when libuv has closed it */
	unsigned open;	 /* what libuv still holds: the look-up and the timer */
	bool done;	 /* called back or cancelled */
	struct addrinfo *list, *next;
	struct sockaddr_storage unix_addr;
	socklen_t unix_len; /* 0: TCP */
	int fd;
	int err; /* errno of the last address; E_* when not even the look-up could begin */
	uint64_t deadline; /* uv_now */
	struct endpoint e;
	const char *host; /* of the server, or the path of its socket */
	unsigned port;
	struct proxy proxy;	      /* without a host: none */
	struct tls_client *tls;
	struct tls_client *proxy_tls; /* ours, when the proxy speaks TLS */
	bool lacks_tls; /* TLS was asked for, without a client's trust: never falls back to plain */
	connect_fn *fn;
	void *owner;
};

static void try_next(struct connecting *c);

static void released(struct connecting *c)
{
	if (--c->open)
		return;
	uv_freeaddrinfo(c->list);
	endpoint_fini(&c->e);
	proxy_fini(&c->proxy);
	tls_client_free(c->proxy_tls);
	free(c);
}

static void timer_closed(uv_handle_t *h)
{
	released(h->data);
}

static void poll_closed(uv_handle_t *h)
{
	free(h);
}

static void drop_poll(struct connecting *c)
{
	if (c->poll)
		uv_close((uv_handle_t *)c->poll, poll_closed);
	c->poll = NULL;
}

/* Lets go of everything but what libuv still holds. */
static void stop(struct connecting *c)
{
	c->done = true;
	drop_poll(c);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	uv_cancel((uv_req_t *)&c->lookup);
	uv_close((uv_handle_t *)&c->timer, timer_closed);
}

static void finish(struct connecting *c, struct xport *x, int err)
{
	connect_fn *fn = c->fn;
	void *owner = c->owner;

	stop(c);
	fn(owner, x, err);
}

static void give_up(struct connecting *c, int err, const char *why)
{
	if (c->unix_len)
		log_error("%s: %s", c->host, why);
	else if (c->proxy.host)
		log_error("proxy %s port %d: %s", c->proxy.host, c->proxy.port, why);
	else
		log_error("%s port %u: %s", c->host, c->port, why);
	finish(c, NULL, err);
}

/* The stack on top of what was connected to. */
static void pile_up(struct connecting *c, struct xport *x)
{
	if (c->proxy.tls)
		x = xport_tls_client(x, c->proxy_tls, c->proxy.host);
	if (c->proxy.host)
		x = xport_proxy(x, &c->proxy, c->host, c->port);
	if (c->tls)
		x = xport_tls_client(x, c->tls, c->host);
	if (c->e.websocket)
		x = xport_ws_client(x, c->host, c->port, c->e.path);
	finish(c, x, 0);
}

static void connected(struct connecting *c)
{
	struct xport *x = xport_socket(c->fd);

	c->fd = -1;
	pile_up(c, x);
}

/* The address in hand did not work. */
static void failed(struct connecting *c, int why)
{
	drop_poll(c);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->err = why;
	try_next(c);
}

static void ready(uv_poll_t *h, int status, int events)
{
	struct connecting *c = h->data;
	int err = 0;
	socklen_t len = sizeof(err);

	(void)status;
	(void)events;
	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		failed(c, err);
		return;
	}
	connected(c);
}

static void too_long(uv_timer_t *t)
{
	struct connecting *c = t->data;

	uv_update_time(c->loop);
	failed(c, ETIMEDOUT);
}

static void unix_again(uv_timer_t *t)
{
	try_next(t->data);
}

static bool overdue(const struct connecting *c)
{
	return uv_now(c->loop) >= c->deadline;
}

/* Starts to connect. 0 when connected, else errno. */
static int begin(struct connecting *c, const struct sockaddr *a, socklen_t len)
{
	c->fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return errno;
	return connect(c->fd, a, len) == 0 ? 0 : errno;
}

/* A unix socket connects at once or not at all; a full backlog says EAGAIN and can't be polled for.
 */
static void try_unix(struct connecting *c)
{
	int rc = begin(c, (const struct sockaddr *)&c->unix_addr, c->unix_len);

	if (rc == 0) {
		connected(c);
		return;
	}
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (rc == EAGAIN && !overdue(c))
		uv_timer_start(&c->timer, unix_again, UNIX_RETRY_MS, 0);
	else
		give_up(c, rc == EAGAIN ? E_TIMEOUT : E_UNREACH, strerror(rc));
}

/* The time for the next address: an equal share of what is left. */
static uint64_t share(const struct connecting *c)
{
	uint64_t now = uv_now(c->loop), left = c->deadline > now ? c->deadline - now : 0;
	unsigned n = 1;

	for (const struct addrinfo *a = c->next->ai_next; a; a = a->ai_next)
		n++;
	return left / n;
}

static void try_next(struct connecting *c)
{
	const struct addrinfo *a = c->next;
	int rc;

	if (c->unix_len) {
		try_unix(c);
		return;
	}
	if (!a || overdue(c)) {
		bool late = overdue(c) || c->err == ETIMEDOUT;

		give_up(c, late ? E_TIMEOUT : E_UNREACH, late ? "timed out" : strerror(c->err));
		return;
	}
	uv_timer_start(&c->timer, too_long, share(c), 0);
	c->next = a->ai_next;
	rc = begin(c, a->ai_addr, a->ai_addrlen);
	if (rc == 0) {
		connected(c);
	} else if (rc == EINPROGRESS) {
		c->poll = new(uv_poll_t);
		uv_poll_init(c->loop, c->poll, c->fd);
		c->poll->data = c;
		uv_poll_start(c->poll, UV_WRITABLE, ready);
	} else {
		failed(c, rc);
	}
}

static void looked_up(uv_getaddrinfo_t *r, int status, struct addrinfo *list)
{
	struct connecting *c = r->data;

	c->list = c->next = list;
	if (!c->done) {
		uv_timer_stop(&c->timer);
		if (status)
			give_up(c, E_HOST, uv_strerror(status));
		else
			try_next(c);
	}
	released(c);
}

static void lookup_late(uv_timer_t *t)
{
	give_up(t->data, E_TIMEOUT, "the name look-up timed out");
}

static void run_command(struct connecting *c)
{
	struct xport *x = xport_command(c->loop, &c->e, c->tls);

	if (x)
		pile_up(c, x);
	else
		finish(c, NULL, E_UNREACH);
}

static void at_once(uv_timer_t *t)
{
	struct connecting *c = t->data;

	if (c->err)
		finish(c, NULL, c->err);
	else if (c->e.connect_command)
		run_command(c);
	else
		try_next(c);
}

/* The proxy that is on the way, if there is one. */
static int prepare_proxy(struct connecting *c)
{
	int err = 0;

	if (!c->e.proxy || c->e.unix_path || c->e.connect_command)
		return 0;
	err = proxy_parse(&c->proxy, c->e.proxy);
	if (!err && c->proxy.tls)
		c->proxy_tls = tls_client_new(&(struct tls_trust){0}, &err);
	return err;
}

/* The look-up begins. */
static void look_up(struct connecting *c, uint64_t timeout_ms)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	const char *host = c->proxy.host ? c->proxy.host : c->host;
	char port[16];
	int rc;

	snprintf(port, sizeof(port), "%u", c->proxy.host ? (unsigned)c->proxy.port : c->port);
	rc = uv_getaddrinfo(c->loop, &c->lookup, looked_up, host, port, &hints);
	if (rc) {
		log_error("%s: %s", host, uv_strerror(rc));
		c->err = E_HOST;
		uv_timer_start(&c->timer, at_once, 0, 0);
		return;
	}
	c->open++;
	uv_timer_start(&c->timer, lookup_late, timeout_ms, 0);
}

/* Where to: the look-up begins, or what needs none is tried in the next round of the loop. */
static void start(struct connecting *c, const struct endpoint *e, uint64_t timeout_ms)
{

	if (c->lacks_tls) {
		log_error("%s: TLS without a trust to go by", c->host);
		c->err = E_CONFIG;
		uv_timer_start(&c->timer, at_once, 0, 0);
		return;
	}
	if (e->unix_path && !e->connect_command)
		c->err = addr_unix(e->unix_path, &c->unix_addr, &c->unix_len);
	else
		c->err = prepare_proxy(c);
	if (c->err || e->unix_path || e->connect_command)
		uv_timer_start(&c->timer, at_once, 0, 0);
	else
		look_up(c, timeout_ms);
}

struct connecting *net_connect(uv_loop_t *loop, const struct endpoint *e, bool use_tls,
	struct tls_client *tls, unsigned timeout_ms, connect_fn *fn, void *owner)
{
	struct connecting *c = new(struct connecting);

	uv_update_time(loop);
	c->loop = loop;
	c->fd = -1;
	c->open = 1;
	c->deadline = uv_now(loop) + timeout_ms;
	endpoint_copy(&c->e, e);
	c->host = c->e.unix_path ? c->e.unix_path : c->e.host;
	c->port = (unsigned)(use_tls ? e->tls_port : e->port);
	c->tls = use_tls ? tls : NULL; /* outlives us */
	c->lacks_tls = use_tls && !tls;
	c->fn = fn;
	c->owner = owner;
	c->lookup.data = c->timer.data = c;
	uv_timer_init(loop, &c->timer);
	start(c, e, timeout_ms);
	return c;
}

void net_connect_cancel(struct connecting *c)
{
	if (c && !c->done)
		stop(c);
}
