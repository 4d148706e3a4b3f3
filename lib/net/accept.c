/* The server's end of an accepted socket: one port serves plain SPICE, TLS and WebSocket, also a
 * WebSocket inside TLS. The first byte of a TLS hello is 0x16, a browser begins with "GET ";
 * whatever else comes is the link stage's to judge, which answers a wrong magic as real servers do.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/listen.h"
#include "net/tls_peer.h"
#include "net/ws.h"

enum { TLS_HANDSHAKE = 0x16, LOOK = 4 };

/* A filter that gives back what was read to look at it. */
struct held {
	struct xport x;
	struct buf bytes;
};

static struct held *held_of(struct xport *x)
{
	return container_of(x, struct held, x);
}

static ssize_t held_read(struct xport *x, void *p, size_t n)
{
	struct buf *b = &held_of(x)->bytes;

	if (!buf_len(b))
		return xport_read(x->below, p, n);
	if (n > buf_len(b))
		n = buf_len(b);
	memcpy(p, buf_data(b), n);
	buf_skip(b, n);
	return (ssize_t)n;
}

static ssize_t held_write(struct xport *x, const void *p, size_t n)
{
	return xport_write(x->below, p, n);
}

static unsigned held_want(struct xport *x)
{
	return xport_want(x->below);
}

static bool held_pending(struct xport *x)
{
	return buf_len(&held_of(x)->bytes) || xport_pending(x->below);
}

static void held_close(struct xport *x)
{
	struct held *h = held_of(x);

	xport_close(x->below);
	buf_fini(&h->bytes);
	free(h);
}

static const struct xport_ops held_ops = {
	.read = held_read,
	.write = held_write,
	.want = held_want,
	.pending = held_pending,
	.close = held_close,
};

/* The top of the stack until it is known what is spoken, and a way through afterwards. */
struct sniff {
	struct xport x;
	struct tls_server *tls; /* a reference; NULL once used, or none */
	bool tls_only;
	const struct web *web; /* or NULL */
	bool known;
	bool http; /* a head is coming, of which `scanned` bytes have no end in them */
	size_t scanned;
	int err; /* sticky */
	struct buf seen; /* empty again once it is known */
};

static struct sniff *of(struct xport *x)
{
	return container_of(x, struct sniff, x);
}

/* What was below, with the bytes seen in front of what it reads next. */
static struct xport *unread(struct sniff *s)
{
	struct held *h = new(struct held);

	xport_put_on(&h->x, &held_ops, s->x.below);
	h->bytes = s->seen;
	s->seen = (struct buf){0};
	return &h->x;
}

static void put_below(struct sniff *s, struct xport *top)
{
	s->x.below = top;
	s->x.info = top->info;
}

static void begin_tls(struct sniff *s)
{
	put_below(s, xport_tls_server(unread(s), s->tls));
	tls_server_free(s->tls);
	s->tls = NULL;
}

static void go_through(struct sniff *s, struct xport *top)
{
	put_below(s, top);
	s->known = true;
}

/* Can these bytes begin a request that a web server understands? Where there are no files, WebSockets are all that a
 * browser can want, and other words are for the link stage to refuse. */
static bool maybe_http(const struct sniff *s)
{
	static const char methods[][LOOK + 1] = {
		"GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC", "TRAC", "CONN"};
	size_t n = s->web && s->web->dir >= 0 ? ARRAY_SIZE(methods) : 1;

	for (size_t i = 0; i < n; i++)
		if (memcmp(buf_data(&s->seen), methods[i], buf_len(&s->seen)) == 0)
			return true;
	return false;
}

/* Judges the bytes seen, of which there are some. */
static void judge(struct sniff *s)
{
	if (s->tls && buf_data(&s->seen)[0] == TLS_HANDSHAKE) {
		begin_tls(s);
	} else if (s->tls_only && !s->x.info.tls) {
		xport_complain(&s->x, "TLS", "plain bytes on a port for TLS only");
		s->err = E_PROTO;
	} else if (!maybe_http(s)) {
		go_through(s, unread(s));
	} else {
		s->http = buf_len(&s->seen) == LOOK;
	}
}

/* A browser wants a WebSocket or a file, which its whole head tells. What is no head is refused by the WebSocket. */
static int judge_head(struct sniff *s)
{
	size_t n;
	int rc;

	if (!s->web || s->web->dir < 0) {
		go_through(s, xport_ws_server(unread(s), s->web));
		return 0;
	}
	rc = http_read(s->x.below, &s->seen, &s->scanned, &n);
	if (rc && rc != E_LIMIT)
		return rc;
	if (!rc && web_is_file(slice_of(buf_data(&s->seen), n))) {
		go_through(s, xport_web(s->x.below, s->web, slice_of(buf_data(&s->seen), n)));
		buf_clear(&s->seen);
	} else {
		go_through(s, xport_ws_server(unread(s), s->web));
	}
	return 0;
}

/* 0 once it is known what is spoken. */
static int find_out(struct sniff *s)
{
	while (!s->err && !s->known) {
		size_t n = LOOK - buf_len(&s->seen);
		ssize_t r = s->http ? judge_head(s) : xport_read(s->x.below, buf_reserve(&s->seen, n), n);

		if (r == E_CLOSED && buf_len(&s->seen)) /* "GE" and gone: somebody else's to complain about */
			go_through(s, unread(s));
		else if (r < 0)
			return (int)r;
		else if (!s->http && (buf_commit(&s->seen, (size_t)r), buf_len(&s->seen)))
			judge(s);
	}
	return s->err;
}

static ssize_t sniff_read(struct xport *x, void *p, size_t n)
{
	int rc = find_out(of(x));

	return rc ? rc : xport_read(x->below, p, n);
}

static ssize_t sniff_write(struct xport *x, const void *p, size_t n)
{
	int rc = find_out(of(x));

	return rc ? rc : xport_write(x->below, p, n);
}

static unsigned sniff_want(struct xport *x)
{
	const struct sniff *s = of(x);

	return xport_want(x->below) | (s->known || s->err ? 0 : XPORT_IN);
}

static bool sniff_pending(struct xport *x)
{
	return xport_pending(x->below);
}

static void sniff_close(struct xport *x)
{
	struct sniff *s = of(x);

	xport_close(x->below);
	tls_server_free(s->tls);
	buf_fini(&s->seen);
	free(s);
}

static const struct xport_ops sniff_ops = {
	.read = sniff_read,
	.write = sniff_write,
	.want = sniff_want,
	.pending = sniff_pending,
	.close = sniff_close,
};

struct xport *xport_accept(int fd, struct tls_server *tls, bool tls_only, const struct web *web)
{
	struct sniff *s = new(struct sniff);

	xport_put_on(&s->x, &sniff_ops, xport_socket(fd));
	s->tls = tls ? tls_server_ref(tls) : NULL;
	s->tls_only = tls_only;
	s->web = web;
	return &s->x;
}
