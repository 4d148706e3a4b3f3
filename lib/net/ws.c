/* WebSocket frames, either role. The borders of frames have no relation to those of SPICE messages,
 * so payloads pass as a stream and are never kept whole. Clients mask what they send, servers
 * don't, and neither is let off; lengths are minimal, control frames short and whole, pings few
 * (they would make us send). */
#include "net/ws.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <uv.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/ws_http.h"

enum opcode { OP_MORE = 0, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };
enum { CLOSE_NORMAL = 1000, CLOSE_PROTOCOL = 1002 };
enum {
	CHUNK = 16 << 10,	/* read at once while it is not clear what comes */
	WRITE_CHUNK = 64 << 10, /* payload of a frame that we send */
	CONTROL_MAX = 125,
	HEADER_MAX = 14,
	FRAMES = 64,	   /* without payload, in one read */
	ANSWERS = 4 << 10, /* of pongs that wait: more than that are left out */
	SECOND = 1000000000,
	/* a SPICE message with its header, which real clients put into a frame each (L-16) */
	FRAME_MAX_SERVER = LIM_C_USBREDIR + 18 + HEADER_MAX,
	FRAME_MAX_CLIENT = LIM_S_DISPLAY_MAX + 18 + HEADER_MAX,
};

struct ws {
	struct xport x;
	bool client;
	char **origins; /* of a server: pages that may come, or NULL */
	bool open;	/* the HTTP part is over */
	bool ended;	/* a close frame was sent */
	bool more;	/* whole frames may wait in raw */
	int err;	/* sticky */
	struct buf raw; /* read, not looked at yet */
	size_t seen;	/* bytes of raw without the end of the head */
	struct buf out; /* for the transport below */
	uint8_t nonce[WS_NONCE];
	uint8_t header[HEADER_MAX];
	unsigned have;	      /* bytes of it */
	bool in_frame;	      /* the header is parsed */
	bool fin, fragmented; /* of the frame; a message has begun and goes on */
	uint8_t op;
	uint64_t left; /* payload still to come */
	uint8_t mask[4];
	unsigned mask_at;
	uint8_t control[CONTROL_MAX];
	unsigned control_n;
	uint64_t second; /* what `pings` counts in */
	unsigned pings;
};

static struct ws *of(struct xport *x)
{
	return container_of(x, struct ws, x);
}

/* Sends what waits: 0 when all is gone, else E_*. */
static int flush(struct ws *w)
{
	return xport_flush(w->x.below, &w->out);
}

static void mask_bytes(uint8_t *p, size_t n, const uint8_t mask[4], unsigned at)
{
	for (size_t i = 0; i < n; i++)
		p[i] ^= mask[(at + i) & 3];
}

static void put_frame(struct ws *w, enum opcode op, const void *p, size_t n)
{
	unsigned masked = w->client ? 0x80 : 0;
	uint8_t head[HEADER_MAX] = {(uint8_t)(0x80 | op)};
	size_t len = 2;

	if (n <= CONTROL_MAX) {
		head[1] = (uint8_t)(masked | n);
	} else if (n <= 0xffff) {
		head[1] = (uint8_t)(masked | 126);
		put_be16(head + 2, (uint16_t)n);
		len = 4;
	} else {
		head[1] = (uint8_t)(masked | 127);
		put_be64(head + 2, n);
		len = 10;
	}
	if (w->client && RAND_bytes(head + len, 4) != 1)
		w->err = E_IO;
	buf_put(&w->out, head, len + (w->client ? 4 : 0));
	buf_put(&w->out, p, n);
	if (w->client)
		mask_bytes(w->out.mem + w->out.end - n, n, head + len, 0);
}

static void put_close(struct ws *w, unsigned code)
{
	uint8_t body[2];

	if (w->ended)
		return;
	w->ended = true;
	put_be16(body, (uint16_t)code);
	put_frame(w, OP_CLOSE, body, sizeof(body));
}

static int broken(struct ws *w, const char *why)
{
	xport_complain(&w->x, "WebSocket", why);
	if (w->open)
		put_close(w, CLOSE_PROTOCOL);
	flush(w);
	w->err = E_PROTO;
	return E_PROTO;
}

/* More bytes into raw. */
static int fill(struct ws *w)
{
	ssize_t n = xport_read(w->x.below, buf_reserve(&w->raw, CHUNK), CHUNK);

	if (n < 0)
		return (int)n;
	buf_commit(&w->raw, (size_t)n);
	return 0;
}

/* What a server answered to our request. */
static int check_answer(struct ws *w, struct slice head)
{
	unsigned status;
	const char *why = ws_http_check(head, w->nonce, &status);

	if (!why)
		return 0;
	log_error("%s: WebSocket: %s (%u)", w->x.info.host, why, status);
	w->err = E_PROTO;
	return E_PROTO;
}

/* The HTTP part: 0 when the WebSocket is open. */
static int open_up(struct ws *w)
{
	const char *why;
	struct slice head;
	int rc;

	if (w->open)
		return 0;
	rc = http_read(w->x.below, &w->raw, &w->seen, &head.n);
	if (rc)
		return rc == E_LIMIT ? broken(w, "the HTTP head is too long") : rc;
	head.p = buf_data(&w->raw);
	if (w->client)
		rc = check_answer(w, head);
	else if (ws_http_answer(head, w->origins, &w->out, &why))
		rc = broken(w, why);
	if (rc)
		return rc;
	w->open = true;
	buf_skip(&w->raw, head.n);
	return 0;
}

/* What the first two bytes say: NULL, or what is wrong with it. */
static const char *check_start(const struct ws *w)
{
	unsigned op = w->header[0] & 15, n = w->header[1] & 0x7f;
	bool fin = w->header[0] & 0x80, masked = w->header[1] & 0x80;

	if (w->header[0] & 0x70)
		return "a reserved bit";
	if (masked == w->client)
		return masked ? "a masked frame" : "a frame without a mask";
	switch (op) {
	case OP_MORE:
		return w->fragmented ? NULL : "a continuation of nothing";
	case OP_BINARY:
		return w->fragmented ? "a message within a message" : NULL;
	case OP_CLOSE:
	case OP_PING:
	case OP_PONG:
		return !fin		 ? "a control frame in pieces"
		       : n > CONTROL_MAX ? "a long control frame"
					 : NULL;
	default:
		return op == 1 ? "a text frame" : "an unknown opcode";
	}
}

/* At least n bytes of the header. */
static int need(struct ws *w, unsigned n)
{
	while (w->have < n) {
		size_t k = n - w->have;
		int rc;

		if (!buf_len(&w->raw) && (rc = fill(w)))
			return rc;
		if (k > buf_len(&w->raw))
			k = buf_len(&w->raw);
		memcpy(w->header + w->have, buf_data(&w->raw), k);
		buf_skip(&w->raw, k);
		w->have += (unsigned)k;
	}
	return 0;
}

static int parse_header(struct ws *w)
{
	const char *wrong;
	unsigned n, size;
	int rc = need(w, 2);

	if (rc)
		return rc;
	wrong = check_start(w);
	if (wrong)
		return broken(w, wrong);
	n = w->header[1] & 0x7f;
	size = n == 127 ? 10 : n == 126 ? 4 : 2;
	rc = need(w, size + (w->client ? 0 : 4));
	if (rc)
		return rc;
	w->left = n == 127 ? get_be64(w->header + 2) : n == 126 ? get_be16(w->header + 2) : n;
	if ((n == 126 && w->left < 126) || (n == 127 && w->left <= 0xffff))
		return broken(w, "a length that is not minimal");
	if (w->left > (uint64_t)(w->client ? FRAME_MAX_CLIENT : FRAME_MAX_SERVER))
		return broken(w, "a frame that is too long");
	if (!w->client)
		memcpy(w->mask, w->header + size, 4);
	w->fin = w->header[0] & 0x80;
	w->op = w->header[0] & 15;
	w->mask_at = w->control_n = w->have = 0;
	w->in_frame = true;
	return 0;
}

/* The next payload bytes, unmasked. */
static ssize_t payload(struct ws *w, uint8_t *p, size_t n)
{
	ssize_t got;

	if (n > w->left)
		n = (size_t)w->left;
	if (buf_len(&w->raw)) {
		got = (ssize_t)(n < buf_len(&w->raw) ? n : buf_len(&w->raw));
		memcpy(p, buf_data(&w->raw), (size_t)got);
		buf_skip(&w->raw, (size_t)got);
	} else {
		got = xport_read(w->x.below, p, n);
	}
	if (got <= 0)
		return got;
	if (!w->client)
		mask_bytes(p, (size_t)got, w->mask, w->mask_at);
	w->mask_at = (w->mask_at + (unsigned)got) & 3;
	w->left -= (uint64_t)got;
	return got;
}

static int on_ping(struct ws *w)
{
	uint64_t second = uv_hrtime() / SECOND;

	if (second != w->second) {
		w->second = second;
		w->pings = 0;
	}
	if (++w->pings > LIM_WS_PINGS)
		return broken(w, "too many pings");
	if (w->op == OP_PING && !w->ended && buf_len(&w->out) < ANSWERS)
		put_frame(w, OP_PONG, w->control, w->control_n);
	return 0;
}

static int on_close(struct ws *w)
{
	unsigned code = w->control_n >= 2 ? get_be16(w->control) : CLOSE_NORMAL;
	bool known = (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
		     (code >= 3000 && code < 5000);

	if (w->control_n == 1 || !known)
		return broken(w, "a malformed close");
	put_close(w, code);
	flush(w);
	w->err = E_CLOSED;
	return E_CLOSED;
}

/* The end of a frame. */
static int frame_done(struct ws *w)
{
	int rc = 0;

	w->in_frame = false;
	if (w->op == OP_CLOSE)
		return on_close(w);
	if (w->op == OP_PING || w->op == OP_PONG)
		rc = on_ping(w);
	else
		w->fragmented = !w->fin;
	return rc;
}

static ssize_t ws_read(struct xport *x, void *p, size_t n)
{
	struct ws *w = of(x);
	ssize_t got;
	int rc;

	w->more = false;
	if (w->err)
		return w->err;
	flush(w); /* whether that fails or not, there may be last words to read */
	rc = open_up(w);
	if (rc)
		return rc;
	for (int frames = 0; frames < FRAMES;) {
		if (!w->in_frame && (rc = parse_header(w)))
			break;
		if (w->left && w->op < OP_CLOSE) {
			got = payload(w, p, n);
			if (got > 0 && !w->left)
				frame_done(w);
			return got;
		}
		while (w->left) {
			got = payload(w, w->control + w->control_n, CONTROL_MAX - w->control_n);
			if (got <= 0)
				return got;
			w->control_n += (unsigned)got;
		}
		rc = frame_done(w);
		if (rc)
			break;
		frames++;
	}
	w->more = !rc;
	flush(w); /* answers */
	return rc ? rc : E_AGAIN;
}

static ssize_t ws_write(struct xport *x, const void *p, size_t n)
{
	struct ws *w = of(x);
	size_t taken = 0;
	int rc;

	if (w->err)
		return w->err;
	rc = flush(w);
	if (!rc && !w->open && (rc = open_up(w)) == 0) {
		w->more = buf_len(&w->raw) > 0;
		rc = flush(w);
	}
	if (!rc && w->ended)
		rc = E_CLOSED;
	while (!rc && taken < n) {
		size_t chunk = n - taken < WRITE_CHUNK ? n - taken : WRITE_CHUNK;

		put_frame(w, OP_BINARY, (const uint8_t *)p + taken, chunk);
		if (w->err)
			return w->err;
		taken += chunk;
		rc = flush(w);
	}
	return rc && (rc != E_AGAIN || !taken) ? rc : (ssize_t)taken;
}

static unsigned ws_want(struct xport *x)
{
	struct ws *w = of(x);

	return xport_want(x->below) | (w->open || w->err ? 0 : XPORT_IN) |
	       (buf_len(&w->out) ? XPORT_OUT : 0);
}

static bool ws_pending(struct xport *x)
{
	return of(x)->more || xport_pending(x->below);
}

static void ws_close(struct xport *x)
{
	struct ws *w = of(x);

	if (w->open && !w->err)
		put_close(w, CLOSE_NORMAL);
	flush(w);
	xport_close(x->below);
	buf_fini(&w->raw);
	buf_fini(&w->out);
	free(w);
}

static const struct xport_ops ws_ops = {
	.read = ws_read,
	.write = ws_write,
	.want = ws_want,
	.pending = ws_pending,
	.close = ws_close,
};

static struct ws *ws_new(struct xport *below, bool client)
{
	struct ws *w = new(struct ws);

	xport_put_on(&w->x, &ws_ops, below);
	w->x.info.websocket = true;
	w->client = client;
	return w;
}

struct xport *xport_ws_server(struct xport *below, const struct web *web)
{
	struct ws *w = ws_new(below, false);

	w->origins = web ? web->origins : NULL;
	return &w->x;
}

struct xport *xport_ws_client(
	struct xport *below, const char *host, unsigned port, const char *path)
{
	struct ws *w = ws_new(below, true);

	if (RAND_bytes(w->nonce, sizeof(w->nonce)) != 1)
		w->err = E_IO;
	ws_http_ask(&w->out, host, port, path, w->nonce);
	return &w->x;
}
