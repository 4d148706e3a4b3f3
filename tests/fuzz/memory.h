/* A transport in memory, for filters. */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/ws_http.h"
#include "net/xport.h"

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

static struct memory *memory_new(struct slice in, size_t piece)
{
	struct memory *m = new(struct memory);

	m->x.ops = &memory_ops;
	m->x.fd = -1;
	m->in = in;
	m->piece = piece;
	return m;
}

/* Everything that comes through, and how it ends. */
static int drain(struct xport *x, struct buf *out)
{
	ssize_t n;

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

#endif
