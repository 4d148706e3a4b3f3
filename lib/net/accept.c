/* The server's end of an accepted socket: one port serves plain SPICE, TLS and WebSocket, also a
 * WebSocket inside TLS. The first byte of a TLS hello is 0x16, a browser begins with "GET ";
 * whatever else comes is the link stage's to judge, which answers a wrong magic as real servers do.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/listen.h"
#include "net/tls_peer.h"
#include "net/ws.h"

enum { TLS_HANDSHAKE = 0x16, LOOK = 4 };

/* A filter that gives back what was read to look at it. */
struct held {
	struct xport x;
	struct buf bytes;
};

static ssize_t held_read(struct xport *x, void *p, size_t n)
{
	struct held *h = container_of(x, struct held, x);

	if (!buf_len(&h->bytes))
		return xport_read(x->below, p, n);
	if (n > buf_len(&h->bytes))
		n = buf_len(&h->bytes);
	memcpy(p, buf_data(&h->bytes), n);
	buf_skip(&h->bytes, n);
	return (ssize_t)n;
}

static ssize_t below_write(struct xport *x, const void *p, size_t n)
{
	return xport_write(x->below, p, n);
}

static unsigned below_want(struct xport *x)
{
	return xport_want(x->below);
}

static bool held_pending(struct xport *x)
{
	return buf_len(&container_of(x, struct held, x)->bytes) || xport_pending(x->below);
}

static void held_close(struct xport *x)
{
	struct held *h = container_of(x, struct held, x);

	xport_close(x->below);
	buf_fini(&h->bytes);
	free(h);
}

static const struct xport_ops held_ops = {
	.read = held_read,
	.write = below_write,
	.want = below_want,
	.pending = held_pending,
	.close = held_close,
};

/* Takes below, and the memory of bytes. */
static struct xport *hold(struct xport *below, struct buf *bytes)
{
	struct held *h = new(struct held);

	h->x = (struct xport){
		.ops = &held_ops, .below = below, .fd = below->fd, .info = below->info};
	h->bytes = *bytes;
	*bytes = (struct buf){0};
	return &h->x;
}

/* The top of the stack until it is known what is spoken, and a way through afterwards. */
struct sniff {
	struct xport x;
	struct tls_server *tls; /* a reference; NULL once used, or none */
	bool tls_only;
	bool known;
	int err; /* sticky */
	struct buf seen;
};

static struct sniff *of(struct xport *x)
{
	return container_of(x, struct sniff, x);
}

static void put_on(struct sniff *s, struct xport *top)
{
	s->x.below = top;
	s->x.info = top->info;
}

static void begin_tls(struct sniff *s)
{
	put_on(s, xport_tls_server(hold(s->x.below, &s->seen), s->tls));
	tls_server_free(s->tls);
	s->tls = NULL;
}

/* Judges the bytes seen: true when it is known now what is spoken. */
static bool judge(struct sniff *s)
{
	static const char get[LOOK] = "GET ";
	size_t n = buf_len(&s->seen) < LOOK ? buf_len(&s->seen) : LOOK;

	if (!n)
		return false;
	if (s->tls && buf_data(&s->seen)[0] == TLS_HANDSHAKE) {
		begin_tls(s);
		return false;
	}
	if (s->tls_only && !s->x.info.tls) {
		xport_complain(&s->x, "TLS", "plain bytes on a port for TLS only");
		s->err = E_PROTO;
		return false;
	}
	if (memcmp(buf_data(&s->seen), get, n) != 0)
		return true;
	if (n < LOOK)
		return false;
	put_on(s, xport_ws_server(hold(s->x.below, &s->seen)));
	return true;
}

/* 0 once it is known what is spoken. */
static int find_out(struct sniff *s)
{
	while (!s->err && !s->known) {
		size_t n = LOOK - buf_len(&s->seen);
		ssize_t r = xport_read(s->x.below, buf_reserve(&s->seen, n), n);

		if (r == E_CLOSED && buf_len(&s->seen) && (!s->tls_only || s->x.info.tls)) {
			s->known = true; /* "GE" and gone: somebody else's to complain about */
			break;
		}
		if (r < 0)
			return (int)r;
		buf_commit(&s->seen, (size_t)r);
		s->known = judge(s);
	}
	return s->err;
}

static ssize_t sniff_read(struct xport *x, void *p, size_t n)
{
	struct sniff *s = of(x);
	int rc = find_out(s);

	if (rc)
		return rc;
	if (!buf_len(&s->seen))
		return xport_read(x->below, p, n);
	if (n > buf_len(&s->seen))
		n = buf_len(&s->seen);
	memcpy(p, buf_data(&s->seen), n);
	buf_skip(&s->seen, n);
	return (ssize_t)n;
}

static ssize_t sniff_write(struct xport *x, const void *p, size_t n)
{
	int rc = find_out(of(x));

	return rc ? rc : xport_write(x->below, p, n);
}

static unsigned sniff_want(struct xport *x)
{
	struct sniff *s = of(x);

	return xport_want(x->below) | (s->known || s->err ? 0 : XPORT_IN);
}

static bool sniff_pending(struct xport *x)
{
	struct sniff *s = of(x);

	return (s->known && buf_len(&s->seen)) || xport_pending(x->below);
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

struct xport *xport_accept(int fd, struct tls_server *tls, bool tls_only)
{
	struct sniff *s = new(struct sniff);

	s->x.ops = &sniff_ops;
	s->x.fd = fd;
	s->tls = tls ? tls_server_ref(tls) : NULL;
	s->tls_only = tls_only;
	put_on(s, xport_socket(fd));
	return &s->x;
}
