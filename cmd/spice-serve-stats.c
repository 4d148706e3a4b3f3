/* --stats: a JSON line a second on stdout. Whoever reads them may be slow or stand still, and nobody is to wait for
 * that: lines stay whole, but there are fewer. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "cmd/cli.h"
#include "cmd/source.h"
#include "cmd/spice-serve.h"

enum { PERIOD_MS = 1000 };

struct serve_stats {
	struct server *server;
	uv_timer_t *timer;
	struct buf line; /* what is left of it */
	void (*stop)(void *owner, int err);
	void *owner;
};

static bool is_writable(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) > 0;
}

/* A pipe that polls as writable takes so many bytes without waiting; a terminal or a file takes them as well. */
static int write_some(struct buf *b)
{
	while (buf_len(b) && is_writable()) {
		size_t n = buf_len(b) < PIPE_BUF ? buf_len(b) : PIPE_BUF;
		ssize_t done = write(STDOUT_FILENO, buf_data(b), n);

		if (done >= 0) {
			buf_skip(b, (size_t)done);
		} else if (errno == EAGAIN || errno == EINTR) {
			break;
		} else {
			cli_error("standard output: %s", strerror(errno));
			return E_IO;
		}
	}
	return 0;
}

static void on_timer(uv_timer_t *t)
{
	struct serve_stats *s = t->data;
	int rc;

	if (!buf_len(&s->line)) {
		server_stats(s->server, &s->line);
		buf_u8(&s->line, '\n');
	}
	if ((rc = write_some(&s->line)))
		s->stop(s->owner, rc);
}

struct serve_stats *serve_stats_new(uv_loop_t *loop, struct server *server, void (*stop)(void *owner, int err),
	void *owner)
{
	struct serve_stats *s = new(struct serve_stats);

	*s = (struct serve_stats){.server = server, .timer = source_timer(loop, s), .stop = stop, .owner = owner};
	uv_timer_start(s->timer, on_timer, PERIOD_MS, PERIOD_MS);
	return s;
}

void serve_stats_free(struct serve_stats *s)
{
	if (!s)
		return;
	source_handle_free(s->timer);
	buf_fini(&s->line);
	free(s);
}
