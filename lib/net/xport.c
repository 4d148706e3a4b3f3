/* The five verbs of a transport, and its bottom: a connected stream socket. Peers leave by FIN, by
 * RST (a client that is killed, or that closes with our bytes unread) or by a broken pipe; all
 * three are E_CLOSED here. */
#include "net/xport.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/addr.h"

enum { DRAIN_CHUNK = 16 << 10, DRAIN_CHUNKS = 16 };

ssize_t xport_read(struct xport *x, void *p, size_t n)
{
	return x->ops->read(x, p, n);
}

ssize_t xport_write(struct xport *x, const void *p, size_t n)
{
	return x->ops->write(x, p, n);
}

unsigned xport_want(struct xport *x)
{
	return x->ops->want(x);
}

bool xport_pending(struct xport *x)
{
	return x->ops->pending(x);
}

void xport_close(struct xport *x)
{
	if (x)
		x->ops->close(x);
}

void xport_put_on(struct xport *x, const struct xport_ops *ops, struct xport *below)
{
	*x = (struct xport){.ops = ops, .below = below, .fd = below->fd, .info = below->info};
}

int xport_flush(struct xport *below, struct buf *held)
{
	while (buf_len(held)) {
		ssize_t n = xport_write(below, buf_data(held), buf_len(held));

		if (n <= 0)
			return n ? (int)n : E_AGAIN;
		buf_skip(held, (size_t)n);
	}
	buf_trim(held);
	return (int)xport_write(below, NULL, 0);
}

void xport_complain(const struct xport *x, const char *what, const char *why)
{
	static struct log_limit limit;

	log_peer(&limit, uv_hrtime() / 1000000, LOG_WARN, "%s: %s: %s", x->info.host, what, why);
}

static ssize_t failed(struct xport *x, const char *what)
{
	switch (errno) {
	case EAGAIN:
#if EWOULDBLOCK != EAGAIN
	case EWOULDBLOCK:
#endif
	case EINTR:
	case ENOBUFS:
		return E_AGAIN;
	case EPIPE:
	case ECONNRESET:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
	case ECONNABORTED:
		log_info("%s: %s", x->info.host, strerror(errno));
		return E_CLOSED;
	default:
		log_error("%s: %s: %s", x->info.host, what, strerror(errno));
		return E_IO;
	}
}

static ssize_t socket_read(struct xport *x, void *p, size_t n)
{
	ssize_t r = recv(x->fd, p, n, 0);

	if (r > 0)
		return r;
	return r == 0 ? E_CLOSED : failed(x, "read");
}

static ssize_t socket_write(struct xport *x, const void *p, size_t n)
{
	ssize_t r;

	if (n == 0)
		return 0;
	r = send(x->fd, p, n, MSG_NOSIGNAL);
	return r >= 0 ? r : failed(x, "write");
}

static unsigned socket_want(struct xport *x)
{
	(void)x;
	return 0;
}

static bool socket_pending(struct xport *x)
{
	(void)x;
	return false;
}

/* Bytes that came and nobody read would turn our FIN into an RST, and the peer might lose our last
 * words. */
static void socket_close(struct xport *x)
{
	char drop[DRAIN_CHUNK];

	for (int i = 0; i < DRAIN_CHUNKS && recv(x->fd, drop, sizeof(drop), MSG_DONTWAIT) > 0; i++)
		;
	close(x->fd);
	free(x);
}

static const struct xport_ops socket_ops = {
	.read = socket_read,
	.write = socket_write,
	.want = socket_want,
	.pending = socket_pending,
	.close = socket_close,
};

struct xport *xport_socket(int fd)
{
	struct xport *x = new(struct xport);

	x->ops = &socket_ops;
	x->fd = fd;
	addr_info(fd, &x->info);
	addr_tune(fd);
	return x;
}
