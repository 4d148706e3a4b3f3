/* The pump: one poll handle a connection. What surprises: libuv tells POLLERR as UV_EBADF and stops
 * polling, although bytes that came before the reset can still be read (a server's last words often
 * travel so), and a filter may need the descriptor in the other direction than its owner does (a
 * handshake).
 *
 * A turn reads at most READS times and writes about WRITE_TURN bytes, so that one busy peer leaves
 * the loop to the others; what is left goes on in the next round of the loop, by the idle handle.
 */
#include "net/pump.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"

enum { CHUNK = 64 << 10, READS = 16, WRITE_TURN = 1 << 20, FLUSH_MS = 1000, HANDLES = 3 };

struct pump {
	uv_loop_t *loop;
	uv_poll_t poll;
	uv_idle_t soon;	 /* a turn in the next round */
	uv_timer_t last; /* how long a flush may take */
	int events;	 /* polled now */
	struct xport *x; /* NULL once closed */
	const struct pump_ops *ops;
	void *owner;
	bool paused;
	bool secret;
	bool readable; /* it was polled so, or not read to its end */
	bool kicked;   /* the owner may have something to send */
	bool blocked;  /* it has, and the transport did not take it */
	bool broken;   /* the poll failed: reads will tell why */
	bool flushing; /* pump_close(flush): only `rest` is written any more */
	struct buf rest;
	uint64_t in, out;
	uint64_t progress; /* uv_now when the peer last took something, or nothing waited */
	unsigned open;	   /* handles that libuv still knows */
};

static void handle_closed(uv_handle_t *h)
{
	struct pump *p = h->data;

	if (--p->open)
		return;
	buf_fini(&p->rest);
	free(p);
}

/* Ends the transport and the handles; the memory goes when libuv has let go of them. */
static void shut(struct pump *p)
{
	uv_close((uv_handle_t *)&p->poll, handle_closed);
	uv_close((uv_handle_t *)&p->soon, handle_closed);
	uv_close((uv_handle_t *)&p->last, handle_closed);
	xport_close(p->x);
	p->x = NULL;
	p->ops = NULL;
}

static bool closed(const struct pump *p)
{
	return !p->x || p->flushing;
}

/* The transport ended by itself. */
static void end(struct pump *p, int err)
{
	const struct pump_ops *ops = p->ops;
	void *owner = p->owner;

	shut(p);
	ops->closed(owner, err);
}

static void soon_cb(uv_idle_t *h);
static void poll_cb(uv_poll_t *h, int status, int events);

static void soon(struct pump *p)
{
	uv_idle_start(&p->soon, soon_cb);
}

/* Polls for what the owner and the stack wait for. A stack that wants input before it takes our
 * bytes is not polled for output: the socket is writable all the time then. */
static void poll_again(struct pump *p)
{
	unsigned want = xport_want(p->x);
	int events = 0;

	if (want & XPORT_IN || (!p->paused && !p->flushing))
		events |= UV_READABLE;
	if (want & XPORT_OUT || (p->blocked && !want))
		events |= UV_WRITABLE;
	if (p->broken)
		events = 0;
	if (events == p->events)
		return;
	p->events = events;
	if (events)
		uv_poll_start(&p->poll, events, poll_cb);
	else
		uv_poll_stop(&p->poll);
}

static bool is_plain(const struct pump *p)
{
	return !p->x->info.tls && !p->x->info.websocket;
}

/* Reads what has come, at most READS times. 0, or how the transport ended; stops when the owner
 * closes or pauses. A read that does not fill the chunk has emptied the descriptor: what comes later
 * is polled. Filters give less than there is. */
static int take_input(struct pump *p)
{
	static _Thread_local uint8_t chunk[CHUNK];

	for (int i = 0; i < READS && !p->paused; i++) {
		bool secret = p->secret;
		ssize_t n;
		int rc;

		n = xport_read(p->x, chunk, sizeof(chunk));
		p->readable = n != E_AGAIN;
		if (n == E_AGAIN)
			return p->broken ? E_CLOSED : 0;
		if (n < 0)
			return (int)n;
		p->in += (uint64_t)n;
		rc = p->ops->input(p->owner, chunk, (size_t)n);
		if (secret)
			explicit_bzero(chunk, (size_t)n);
		if (closed(p))
			return 0;
		if (rc)
			return rc;
		if ((size_t)n < sizeof(chunk) && is_plain(p) && !p->broken && !xport_pending(p->x)) {
			p->readable = false;
			return 0;
		}
	}
	if (!p->paused)
		soon(p);
	return 0;
}

/* What comes after E_AGAIN or nothing left to give. */
static void rest_of_output(struct pump *p, bool waits)
{
	if (waits && !p->blocked)
		p->progress = uv_now(p->loop);
	p->blocked = waits;
}

static int give_output(struct pump *p)
{
	size_t given = 0;

	p->kicked = false;
	while (given < WRITE_TURN) {
		struct slice out = {0};
		int rc = p->ops->output(p->owner, &out);
		ssize_t n;

		if (closed(p))
			return 0;
		if (rc && rc != E_AGAIN)
			return rc;
		if (rc)
			out = (struct slice){0};
		n = xport_write(p->x, out.p, out.n);
		if (n < 0 && n != E_AGAIN)
			return (int)n;
		if (out.n == 0 || n <= 0) {
			rest_of_output(p, out.n != 0 || xport_want(p->x) & XPORT_OUT);
			return 0;
		}
		p->out += (uint64_t)n;
		p->progress = uv_now(p->loop);
		given += (size_t)n;
		p->ops->sent(p->owner, (size_t)n);
		if (closed(p))
			return 0;
	}
	p->kicked = true;
	soon(p);
	return 0;
}

/* Writing failed: what came before may say why, and is read to its end. Returns the better reason.
 */
static int last_words(struct pump *p, int err)
{
	uint64_t before;
	int rc = 0;

	do {
		before = p->in;
		rc = take_input(p);
	} while (!closed(p) && !p->paused && !rc && p->in != before);
	return rc ? rc : err;
}

/* One turn with an owner. */
static void turn(struct pump *p)
{
	bool read = p->readable || p->broken || xport_want(p->x) || xport_pending(p->x);
	int rc = read ? take_input(p) : 0;

	if (!closed(p) && !rc && (p->kicked || p->blocked || xport_want(p->x))) {
		rc = give_output(p);
		if (!closed(p) && rc == E_CLOSED)
			rc = last_words(p, rc);
	}
	if (closed(p))
		return;
	if (rc) {
		end(p, rc);
		return;
	}
	if (!p->paused && xport_pending(p->x)) /* a handshake that went on while writing took input */
		soon(p);
	if (p->kicked && !p->blocked) /* kicked from within, while it was still blocked */
		soon(p);
	poll_again(p);
}

/* A turn of a pump that nobody owns any more: writes the rest, then closes. */
static void flush(struct pump *p)
{
	ssize_t n = 0;

	while (buf_len(&p->rest) &&
		(n = xport_write(p->x, buf_data(&p->rest), buf_len(&p->rest))) > 0)
		buf_skip(&p->rest, (size_t)n);
	if (!buf_len(&p->rest) && n >= 0)
		n = xport_write(p->x, NULL, 0);
	p->blocked = buf_len(&p->rest) != 0;
	if ((n < 0 && n != E_AGAIN) || p->broken ||
		(!p->blocked && !(xport_want(p->x) & XPORT_OUT)))
		shut(p);
	else
		poll_again(p);
}

static void run(struct pump *p)
{
	uv_idle_stop(&p->soon);
	if (p->flushing)
		flush(p);
	else
		turn(p);
}

static void soon_cb(uv_idle_t *h)
{
	run(h->data);
}

static void poll_cb(uv_poll_t *h, int status, int events)
{
	struct pump *p = h->data;

	p->readable |= (events & ~UV_WRITABLE) != 0;
	if (status < 0) {
		p->events = 0;
		p->broken = true;
	}
	run(p);
}

static void too_long(uv_timer_t *t)
{
	shut(t->data);
}

struct pump *pump_new(uv_loop_t *loop, struct xport *x, const struct pump_ops *ops, void *owner)
{
	struct pump *p = new(struct pump);

	p->loop = loop;
	p->x = x;
	p->ops = ops;
	p->owner = owner;
	p->poll.data = p->soon.data = p->last.data = p;
	p->open = HANDLES;
	p->kicked = p->readable = true;
	uv_poll_init(loop, &p->poll, x->fd);
	uv_idle_init(loop, &p->soon);
	uv_timer_init(loop, &p->last);
	soon(p);
	return p;
}

void pump_kick(struct pump *p)
{
	if (!p || closed(p) || p->kicked)
		return;
	p->kicked = true;
	if (!p->blocked)
		soon(p);
}

void pump_pause(struct pump *p, bool paused)
{
	if (!p || closed(p) || p->paused == paused)
		return;
	p->paused = paused;
	p->readable = true;
	soon(p);
}

void pump_secret(struct pump *p)
{
	p->secret = true;
}

/* Copies the output that is ready, so that the owner can go. */
static void collect(struct pump *p)
{
	while (buf_len(&p->rest) < LIM_AHEAD) {
		struct slice out = {0};

		if (p->ops->output(p->owner, &out) || out.n == 0)
			return;
		buf_put(&p->rest, out.p, out.n);
		p->ops->sent(p->owner, out.n);
	}
}

void pump_close(struct pump *p, bool flush_first)
{
	if (!p || closed(p))
		return;
	p->flushing = true; /* whoever closes again from within output or sent does no harm */
	if (flush_first && !p->broken)
		collect(p);
	p->ops = NULL;
	if (!buf_len(&p->rest) && !(flush_first && xport_want(p->x) & XPORT_OUT)) {
		shut(p);
		return;
	}
	uv_timer_start(&p->last, too_long, FLUSH_MS, 0);
	flush(p); /* at once: who closes several pumps has an order in mind */
}

const struct xport_info *pump_info(const struct pump *p)
{
	return &p->x->info;
}

uint64_t pump_bytes_in(const struct pump *p)
{
	return p->in;
}

uint64_t pump_bytes_out(const struct pump *p)
{
	return p->out;
}

uint64_t pump_stalled_ms(const struct pump *p)
{
	return p->blocked ? uv_now(p->loop) - p->progress : 0;
}
