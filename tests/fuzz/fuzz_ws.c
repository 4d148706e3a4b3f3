/* F-33, F-34: the WebSocket layer, either role, over a transport in memory. The first byte chooses
 * the role, and whether the HTTP part is put in front; the rest comes whole and again in pieces of
 * a few bytes, and must give the same bytes and the same end. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/ws.h"
#include "net/ws_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char head[] = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* Gives `in` in pieces, an E_AGAIN between them, then the end; answers a client's request first
 * where `open`. */
struct memory {
	struct xport x;
	struct slice in;
	size_t piece;
	bool pause, open;
	struct buf answer;
};

static ssize_t memory_read(struct xport *x, void *p, size_t n)
{
	struct memory *m = container_of(x, struct memory, x);
	struct slice s = buf_len(&m->answer) ? buf_slice(&m->answer) : m->in;

	m->pause = !m->pause;
	if (m->pause && s.n)
		return E_AGAIN;
	if (!s.n)
		return E_CLOSED;
	if (n > s.n)
		n = s.n;
	if (m->piece && n > m->piece)
		n = m->piece;
	memcpy(p, s.p, n);
	if (buf_len(&m->answer))
		buf_skip(&m->answer, n);
	else
		m->in = slice_of(s.p + n, s.n - n);
	return (ssize_t)n;
}

static ssize_t memory_write(struct xport *x, const void *p, size_t n)
{
	struct memory *m = container_of(x, struct memory, x);
	const char *why;

	if (m->open && n && ws_http_answer(slice_of(p, n), NULL, &m->answer, &why))
		abort(); /* our own request */
	if (n)
		m->open = false;
	return (ssize_t)n;
}

static unsigned memory_want(struct xport *x)
{
	(void)x;
	return 0;
}

static bool memory_pending(struct xport *x)
{
	(void)x;
	return false;
}

static void memory_close(struct xport *x)
{
	struct memory *m = container_of(x, struct memory, x);

	buf_fini(&m->answer);
	free(m);
}

static const struct xport_ops memory_ops = {
	.read = memory_read,
	.write = memory_write,
	.want = memory_want,
	.pending = memory_pending,
	.close = memory_close,
};

static int run(struct slice in, size_t piece, bool client, bool open, struct buf *out)
{
	struct memory *m = new(struct memory);
	struct xport *x;
	ssize_t n;

	m->x.ops = &memory_ops;
	m->x.fd = -1;
	m->in = in;
	m->piece = piece;
	m->open = client && open;
	x = client ? xport_ws_client(&m->x, "h", 1, NULL) : xport_ws_server(&m->x, NULL);
	do {
		n = xport_read(x, buf_reserve(out, 97), 97);
		if (n > 0)
			buf_commit(out, (size_t)n);
	} while (n > 0 || n == E_AGAIN);
	if (xport_read(x, buf_reserve(out, 1), 1) != n) /* it ends for good */
		abort();
	xport_close(x);
	return (int)n;
}

/* Whole and in pieces. Pings are counted by the clock, so a difference counts when it stays. */
static bool differs(struct slice in, uint8_t how)
{
	bool client = how & 1, open = !(how & 2);
	struct buf whole = {0}, cut = {0};
	int a = run(in, 0, client, open, &whole), b = run(in, 1 + how / 4 % 7, client, open, &cut);
	bool same = a == b && slice_eq(buf_slice(&whole), buf_slice(&cut));

	buf_fini(&whole);
	buf_fini(&cut);
	return !same;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf in = {0};

	if (!n)
		return 0;
	if (!(p[0] & 3))
		buf_str(&in, head);
	buf_put(&in, p + 1, n - 1);
	if (differs(buf_slice(&in), p[0]) && differs(buf_slice(&in), p[0]))
		abort();
	buf_fini(&in);
	return 0;
}
