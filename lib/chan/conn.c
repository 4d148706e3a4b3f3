/* Connections on the loop: the pump's bytes go to the link stage, then to the channel. */
#include "chan/conn.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "chan/ticket.h"

static struct buf *link_out(struct conn *c)
{
	return c->role == CHAN_SERVER ? &c->link.server.out : &c->link.client.out;
}

static void enter(struct conn *c)
{
	c->busy++;
}

/* False when the connection was closed meanwhile; it is gone then if nobody else is inside. */
static bool leave(struct conn *c)
{
	if (--c->busy || !c->doomed)
		return !c->doomed;
	chan_fini(&c->chan);
	buf_fini(&c->early);
	if (c->role == CHAN_SERVER)
		link_server_fini(&c->link.server);
	else
		link_client_fini(&c->link.client);
	free(c);
	return false;
}

static void kick(void *owner)
{
	struct conn *c = owner;

	if (c->pump)
		pump_kick(c->pump);
}

static void begin_channel(struct conn *c)
{
	bool server = c->role == CHAN_SERVER;
	unsigned type = server ? c->link.server.channel_type : c->chan.type;
	unsigned id = server ? c->link.server.channel_id : c->chan.id;

	chan_init(&c->chan, c->role, type, id, server ? c->link.server.mini : c->link.client.mini, NULL, NULL);
	c->chan.kick = kick;
	c->chan.owner = c;
	c->chan.peer = c->name;
	c->linked = true;
	c->ops->linked(c->owner, c);
}

/* One event of the link stage. */
static int on_link(struct conn *c, int event)
{
	switch (event) {
	case LINK_ASKED:
		c->ops->asked(c->owner, c);
		return 0;
	case LINK_TICKET:
		c->ops->ticket(c->owner, c);
		return 0;
	case LINK_DONE:
		begin_channel(c);
		return 0;
	default:
		return event < 0 ? event : 0;
	}
}

static int link_bytes(struct conn *c, const uint8_t **p, size_t *n)
{
	size_t used;
	int event = c->role == CHAN_SERVER ? link_server_input(&c->link.server, *p, *n, &used)
					   : link_client_input(&c->link.client, *p, *n, &used);

	*p += used;
	*n -= used;
	if (buf_len(link_out(c)))
		kick(c);
	return event == LINK_MORE ? E_AGAIN : on_link(c, event);
}

/* The link stage, as far as the bytes and the owner's answers go. A refusal is written before it ends us. */
static int link_stage(struct conn *c, const uint8_t **p, size_t *n)
{
	int rc;

	while (!c->linked && !c->doomed && (rc = link_bytes(c, p, n)) != E_AGAIN) {
		if (rc && !buf_len(link_out(c)))
			return rc;
		if (rc) {
			c->ending = rc;
			pump_pause(c->pump, true);
			return 0;
		}
	}
	if (!c->linked && !c->doomed && *n) { /* the owner has to answer first */
		buf_put(&c->early, *p, *n);
		pump_pause(c->pump, true);
	}
	return 0;
}

/* Not while a message waits for another channel, nor on and on from a server that takes none of our answers. */
static void read_on(struct conn *c)
{
	bool heedless = c->role == CHAN_CLIENT && buf_len(&c->chan.out) > LIM_ANSWERS;

	pump_pause(c->pump, c->chan.parked || heedless);
}

static int bytes(struct conn *c, const uint8_t *p, size_t n)
{
	int rc = 0;

	if (c->ending)
		return 0;
	enter(c);
	if (!c->linked)
		rc = link_stage(c, &p, &n);
	if (!rc && c->linked && !c->doomed && n)
		rc = chan_input(&c->chan, p, n);
	if (!c->doomed && c->linked)
		read_on(c);
	return leave(c) ? rc : 0;
}

static int input(void *owner, const uint8_t *p, size_t n)
{
	struct conn *c = owner;

	c->heard = uv_now(c->loop);
	return bytes(c, p, n);
}

static int output(void *owner, struct slice *out)
{
	struct conn *c = owner;
	int rc = 0;

	*out = buf_slice(link_out(c));
	if (!out->n && c->ending)
		return c->ending;
	if (out->n || !c->linked || !c->chan.ops)
		return 0;
	enter(c);
	rc = chan_output(&c->chan, out);
	if (!leave(c)) {
		*out = (struct slice){0};
		return 0;
	}
	return rc;
}

static void sent(void *owner, size_t n)
{
	struct conn *c = owner;

	if (buf_len(link_out(c))) {
		buf_skip(link_out(c), n);
	} else {
		chan_sent(&c->chan, n);
		read_on(c);
	}
}

static void closed(void *owner, int err)
{
	struct conn *c = owner;

	c->pump = NULL;
	enter(c);
	c->ops->closed(c->owner, c, err);
	leave(c);
}

/* What the pump does when `input` fails, where we were not called by it. */
static void fail(struct conn *c, int err)
{
	pump_close(c->pump, false);
	closed(c, err);
}

static const struct pump_ops pump_ops = {input, output, sent, closed};

static struct conn *conn_new(uv_loop_t *loop, struct xport *x, enum chan_role role,
	const struct conn_ops *ops, void *owner)
{
	struct conn *c = new(struct conn);

	c->ops = ops;
	c->owner = owner;
	c->loop = loop;
	c->role = role;
	c->info = x->info;
	c->since = c->heard = uv_now(loop);
	c->auth_ms = LIM_AUTH_MS;
	snprintf(c->name, sizeof(c->name), !x->info.port ? "%s" : strchr(x->info.host, ':') ? "[%s]:%u" : "%s:%u",
		x->info.host, x->info.port);
	c->pump = pump_new(loop, x, &pump_ops, c);
	return c;
}

struct conn *conn_server(uv_loop_t *loop, struct xport *x, const struct conn_ops *ops, void *owner)
{
	struct conn *c = conn_new(loop, x, CHAN_SERVER, ops, owner);

	link_server_init(&c->link.server);
	return c;
}

struct conn *conn_client(uv_loop_t *loop, struct xport *x, uint32_t connection_id, unsigned type, unsigned id,
	const struct link_caps *caps, const char *password, const struct conn_ops *ops, void *owner)
{
	struct conn *c = conn_new(loop, x, CHAN_CLIENT, ops, owner);

	c->chan.type = (uint8_t)type;
	c->chan.id = (uint8_t)id;
	link_client_init(&c->link.client, connection_id, type, id, caps, password);
	kick(c);
	return c;
}

/* The link stage goes on with what the owner has said. */
static void go_on(struct conn *c)
{
	struct buf early = c->early;
	int rc;

	kick(c);
	if (c->busy) /* bytes() is on the stack and goes on by itself */
		return;
	c->early = (struct buf){0};
	pump_pause(c->pump, false);
	enter(c);
	rc = bytes(c, buf_data(&early), buf_len(&early));
	buf_fini(&early);
	if (!c->doomed && rc)
		fail(c, rc);
	leave(c);
}

void conn_accept(struct conn *c, struct ticket_key *key, const struct link_caps *caps)
{
	link_accept(&c->link.server, key, caps);
	go_on(c);
}

void conn_refuse(struct conn *c, uint32_t link_err)
{
	link_refuse(&c->link.server, link_err);
	go_on(c);
}

void conn_result(struct conn *c, uint32_t link_err)
{
	link_result(&c->link.server, link_err);
	go_on(c);
}

void conn_attach(struct conn *c, const struct chan_ops *ops, void *end)
{
	c->chan.ops = ops;
	c->chan.end = end;
	kick(c);
}

const struct link_caps *conn_peer_caps(const struct conn *c)
{
	return c->role == CHAN_SERVER ? &c->link.server.peer : &c->link.client.peer;
}

void conn_resume(struct conn *c)
{
	int rc;

	if (!c->linked || !c->chan.parked)
		return;
	enter(c);
	rc = chan_resume(&c->chan);
	if (!c->doomed && rc)
		fail(c, rc);
	else if (!c->doomed)
		read_on(c);
	leave(c);
}

/* The end is gone: what the channel still has in hand goes nowhere. */
static int message_to_nobody(void *end, const struct wire_msg *m, const void *body)
{
	(void)end, (void)m, (void)body;
	return E_CLOSED;
}

static const struct chan_ops nobody = {.message = message_to_nobody};

void conn_close(struct conn *c, bool flush)
{
	if (!c || c->doomed)
		return;
	enter(c);
	c->chan.ops = &nobody;
	pump_close(c->pump, flush); /* asks for the output that is ready */
	c->pump = NULL;
	c->doomed = true;
	leave(c);
}

int conn_overdue(const struct conn *c)
{
	uint64_t now = uv_now(c->loop);

	if (!c->pump)
		return 0;
	if (!c->linked && now - c->since > c->auth_ms)
		return E_TIMEOUT;
	if (!c->linked && c->role == CHAN_SERVER && link_server_waiting(&c->link.server) &&
		now - c->since > LIM_HEADER_MS)
		return E_TIMEOUT;
	return pump_stalled_ms(c->pump) > LIM_STALL_MS ? E_TIMEOUT : 0;
}
