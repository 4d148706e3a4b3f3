/* Frames and flow control of a channel. Input is parsed where it lies when whole messages arrive at once, and
 * gathered only when they don't; the declared size of a message is never allocated, bytes that came are. */
#include "chan/chan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "chan/frame.h"

enum {
	ITEMS_AHEAD = 4,
	SMALL_AHEAD = 4 << 10, /* but more of them while they are no more bytes: each write has its price */
};

static const uint32_t limits[2][CHANNEL_TYPE_WEBDAV + 1] = {
	[CHAN_SERVER] = {[WIRE_MAIN] = LIM_C_MAIN, [WIRE_DISPLAY] = LIM_C_DISPLAY,
		[WIRE_INPUTS] = LIM_C_INPUTS, [WIRE_CURSOR] = LIM_C_CURSOR,
		[WIRE_PLAYBACK] = LIM_C_PLAYBACK, [WIRE_RECORD] = LIM_C_RECORD,
		[WIRE_SMARTCARD] = LIM_C_MAIN, [WIRE_USBREDIR] = LIM_C_USBREDIR,
		[WIRE_PORT] = LIM_C_PORT, [WIRE_WEBDAV] = LIM_C_PORT},
	[CHAN_CLIENT] = {[WIRE_MAIN] = LIM_S_OTHER, [WIRE_DISPLAY] = LIM_S_DISPLAY,
		[WIRE_INPUTS] = LIM_S_OTHER, [WIRE_CURSOR] = LIM_S_CURSOR,
		[WIRE_PLAYBACK] = LIM_S_OTHER, [WIRE_RECORD] = LIM_S_OTHER,
		[WIRE_SMARTCARD] = LIM_S_OTHER, [WIRE_USBREDIR] = LIM_S_OTHER,
		[WIRE_PORT] = LIM_S_OTHER, [WIRE_WEBDAV] = LIM_S_OTHER},
};

void chan_init(struct chan *c, enum chan_role role, unsigned type, unsigned id, bool mini,
	const struct chan_ops *ops, void *end)
{
	*c = (struct chan){.role = role, .type = (uint8_t)type, .id = (uint8_t)id, .mini = mini,
		.limit = limits[role][type], .ops = ops, .end = end};
}

void chan_fini(struct chan *c)
{
	arena_fini(&c->arena);
	buf_fini(&c->in);
	buf_fini(&c->out);
}

/* Says what the peer did, and is err. */
static __attribute__((format(printf, 3, 4))) int broken(const struct chan *c, int err, const char *fmt, ...)
{
	char why[80];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	log_warn("%s: %s channel: %s", c->peer ? c->peer : "peer", wire_channel_name(c->type), why);
	return err;
}

/* ---- messages that every channel answers alike ---- */

static int client_base(struct chan *c, unsigned number, const void *body, bool *mine)
{
	const struct wait_for_channels *wait = body;
	const struct set_ack *set = body;
	const struct ping *ping = body;

	*mine = true;
	switch (number) {
	case S_BASE_SET_ACK:
		c->ack_window = set->window;
		c->ack_count = 0;
		chan_send(c, C_BASE_ACK_SYNC, &(struct ack_sync){set->generation});
		return 0;
	case S_BASE_PING:
		chan_send(c, C_BASE_PONG, &(struct pong){ping->id, ping->timestamp});
		c->pings++;
		return 0;
	case S_BASE_WAIT_FOR_CHANNELS:
		for (unsigned i = 0; i < wait->wait_count; i++)
			if (c->ops->reached && !c->ops->reached(c->end, wait->wait_list[i].channel_type,
				wait->wait_list[i].channel_id, wait->wait_list[i].message_serial))
				return E_AGAIN;
		return 0;
	}
	*mine = false;
	return 0;
}

static int server_base(struct chan *c, unsigned number, const void *body, bool *mine)
{
	const struct ack_sync *sync = body;

	*mine = true;
	switch (number) {
	case C_BASE_ACK_SYNC:
		if (sync->generation == c->want_generation)
			c->want_synced = true;
		return 0;
	case C_BASE_ACK:
		if (!c->want_synced) /* of an older generation */
			return 0;
		/* spice-html5 counts the SET_ACK as well, so its first one comes a message early */
		if (c->unacked + 1 < c->want_window)
			return broken(c, E_PROTO, "more acknowledged than was sent");
		c->unacked -= c->unacked < c->want_window ? c->unacked : c->want_window;
		if (c->kick)
			c->kick(c->owner);
		return 0;
	}
	*mine = false;
	return 0;
}

/* ---- input ---- */

/* A message or sub-message: whichever it is, the memory of the one before it is free again. */
static int deliver(struct chan *c, unsigned number, struct slice body)
{
	enum wire_dir dir = c->role == CHAN_CLIENT ? WIRE_S : WIRE_C;
	const struct wire_msg *m = wire_msg_find(c->type, dir, number);
	struct wire_in in = {.msg = body, .arena = &c->arena};
	void *host;
	bool mine = false;
	int rc;

	if (!m) {
		if (c->unknown++ == 0)
			broken(c, 0, "unknown message %u", number);
		return c->role == CHAN_CLIENT ? 0 : E_PROTO;
	}
	arena_reset(&c->arena);
	c->arena.max = 0;
	host = arena_alloc(&c->arena, m->size);
	if ((rc = wire_decode(m->desc(), &in, host)))
		return broken(c, rc == E_LIMIT ? rc : E_PROTO, "malformed %s", m->name);
	rc = c->role == CHAN_CLIENT ? client_base(c, number, host, &mine)
				    : server_base(c, number, host, &mine);
	return mine ? rc : c->ops->message(c->end, m, host);
}

/* The sub-messages of the list at `off`, in list order, before the message that carries them. */
static int sub_messages(struct chan *c, struct slice body, uint32_t off)
{
	int n = frame_subs(body, off), rc;
	size_t work = 0;

	if (n < 0)
		return broken(c, E_PROTO, "sub-message list outside its message");
	for (int i = 0; i < n; i++) {
		struct frame_sub sub;

		if (!frame_sub(body, off, i, &sub))
			return broken(c, E_PROTO, "sub-message outside its message");
		work += FRAME_SUB + sub.body.n;
		if (work > FRAME_SUB_WORK * body.n)
			return broken(c, E_PROTO, "sub-messages that share too many bytes");
		if (sub.type == S_BASE_LIST)
			return broken(c, E_PROTO, "a list inside a list");
		if (i < c->subs_done)
			continue;
		if ((rc = deliver(c, sub.type, sub.body)))
			return rc;
		c->subs_done = i + 1;
	}
	return 0;
}

static void count_for_ack(struct chan *c, unsigned type)
{
	if (c->counted)
		return;
	c->counted = true;
	if (!c->ack_window || type == S_BASE_SET_ACK)
		return;
	if (++c->ack_count == c->ack_window) {
		c->ack_count = 0;
		chan_send(c, C_BASE_ACK, NULL);
	}
}

static int message(struct chan *c, const struct frame *f, struct slice body)
{
	bool list = c->role == CHAN_CLIENT && f->type == S_BASE_LIST;
	int rc = 0;

	if (c->role == CHAN_CLIENT)
		count_for_ack(c, f->type);
	if (f->sub_list || list)
		rc = sub_messages(c, body, list ? 0 : f->sub_list);
	if (!rc && !list)
		rc = deliver(c, f->type, body);
	if (rc)
		return rc;
	c->serial_in = f->serial ? f->serial : c->serial_in + 1;
	c->counted = false;
	c->subs_done = 0;
	return 0;
}

/* Is there a whole message at the front of s? 0, E_AGAIN or E_LIMIT. */
static int next_frame(const struct chan *c, struct slice s, struct frame *f)
{
	if (!frame_read(c->mini, s, f))
		return E_AGAIN;
	if (f->size > c->limit)
		return broken(c, E_LIMIT, "message too large");
	return s.n - frame_header(c->mini) < f->size ? E_AGAIN : 0;
}

/* All whole messages of s, until one has to wait. */
static int messages(struct chan *c, struct slice s, size_t *used)
{
	size_t header = frame_header(c->mini);
	struct frame f;
	int rc;

	*used = 0;
	while ((rc = next_frame(c, slice_of(s.p + *used, s.n - *used), &f)) == 0) {
		if ((rc = message(c, &f, slice_of(s.p + *used + header, f.size)))) {
			c->parked = rc == E_AGAIN;
			break;
		}
		*used += header + f.size;
	}
	return rc == E_AGAIN ? 0 : rc;
}

int chan_input(struct chan *c, const uint8_t *p, size_t n)
{
	size_t used = 0;
	int rc;

	if (buf_len(&c->in) || c->parked) {
		buf_put(&c->in, p, n);
		return c->parked ? 0 : chan_resume(c);
	}
	rc = messages(c, slice_of(p, n), &used);
	if (rc == 0)
		buf_put(&c->in, p + used, n - used);
	return rc;
}

int chan_resume(struct chan *c)
{
	size_t used;
	int rc;

	c->parked = false;
	rc = messages(c, buf_slice(&c->in), &used);
	buf_skip(&c->in, used);
	buf_trim(&c->in);
	return rc;
}

/* ---- output ---- */

/* Room for a header; returns where the body starts. */
static size_t begin(struct chan *c, unsigned number)
{
	c->serial_out++;
	if (!c->mini)
		buf_le64(&c->out, c->serial_out);
	buf_le16(&c->out, (uint16_t)number);
	buf_le32(&c->out, 0);
	if (!c->mini)
		buf_le32(&c->out, 0);
	return buf_len(&c->out);
}

static void finish(struct chan *c, size_t body)
{
	uint8_t *size = buf_data(&c->out) + body - (c->mini ? 4 : 8);

	put_le32(size, (uint32_t)(buf_len(&c->out) - body));
	if (c->want_window)
		c->unacked++;
	if (!c->pulling && c->kick)
		c->kick(c->owner);
}

void chan_send(struct chan *c, unsigned number, const void *body)
{
	const struct wire_msg *m =
		wire_msg_find(c->type, c->role == CHAN_CLIENT ? WIRE_C : WIRE_S, number);
	size_t start = begin(c, number);

	if (!m || wire_encode(m->desc(), body ? body : "", 0, &c->out))
		abort();
	finish(c, start);
}

void chan_send_raw(struct chan *c, unsigned number, struct slice body)
{
	size_t start = begin(c, number);

	buf_put(&c->out, body.p, body.n);
	finish(c, start);
}

void chan_want_acks(struct chan *c, uint32_t window)
{
	c->want_generation++;
	c->want_window = 0;
	chan_send(c, S_BASE_SET_ACK, &(struct set_ack){c->want_generation, window});
	c->want_window = window;
	c->want_synced = false;
	c->unacked = 0;
}

static bool window_open(const struct chan *c)
{
	return !c->want_window || c->unacked <= 2 * c->want_window;
}

int chan_output(struct chan *c, struct slice *out)
{
	int rc = 1;

	c->pulling = true;
	for (int i = 0; (i < ITEMS_AHEAD || buf_len(&c->out) < SMALL_AHEAD) && rc == 1; i++) {
		if (!c->ops->pull || buf_len(&c->out) >= LIM_AHEAD || !window_open(c))
			break;
		rc = c->ops->pull(c->end);
	}
	c->pulling = false;
	*out = buf_slice(&c->out);
	return rc < 0 ? rc : 0;
}

void chan_sent(struct chan *c, size_t n)
{
	buf_skip(&c->out, n);
	buf_trim(&c->out);
}
