/* Guests: connections in their link stage. Who may be there (L-4), what channels are offered, and whether a ticket lets
 * them in. A main channel then founds a session, any other joins the session that its connection id names. */
#include "server/private.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"

void guest_free(struct guest *g)
{
	keys_cancel(&g->wait);
	list_remove(&g->link);
	g->server->n_guests--;
	if (g->conn)
		link_tell(g->server, SERVER_LINK_DISCONNECTED, g->conn, 0);
	conn_close(g->conn, true);
	free(g);
}

static unsigned guests_of(const struct server *s, const char *source)
{
	struct guest *g;
	unsigned n = 0;

	list_each(g, &s->guests, link)
		n += strcmp(g->info.source, source) == 0;
	return n;
}

/* The source without a session that most guests are of, the one that was here first of several such; at least one is
 * there. */
static const char *crowd(const struct server *s)
{
	const char *source = NULL;
	unsigned most = 0, n;
	struct guest *g;

	list_each(g, &s->guests, link) {
		n = session_of_source(s, g->info.source) ? 0 : guests_of(s, g->info.source);
		if (n > most) {
			most = n;
			source = g->info.source;
		}
	}
	return most > 1 ? source : NULL;
}

/* The oldest guest that has sent nothing, else the oldest; of one source, or (NULL) of those without a session. */
static struct guest *oldest(struct server *s, const char *source)
{
	struct guest *g, *silent = NULL, *any = NULL;

	list_each(g, &s->guests, link) {
		if (source ? strcmp(g->info.source, source) != 0 : session_of_source(s, g->info.source))
			continue;
		if (!any)
			any = g;
		if (!silent && link_server_waiting(&g->conn->link.server))
			silent = g;
	}
	return silent ? silent : any;
}

/* Room for one more guest (L-4); somebody else may have to go. Where it is for the bound on all of them, one of the
 * source that has most of them does: who comes alone and has yet to say something is not driven out by many that
 * have. */
static void make_room(struct server *s, const struct xport_info *info)
{
	bool known = session_of_source(s, info->source);
	unsigned same = guests_of(s, info->source), others = 0;
	unsigned bound = info->local || strncmp(info->source, "127.", 4) == 0 || strcmp(info->source, "::1") == 0
				 ? LIM_UNAUTH : LIM_UNAUTH_SOURCE;
	struct guest *g, *victim = NULL;

	list_each(g, &s->guests, link)
		others += !session_of_source(s, g->info.source);
	if (known && same >= LIM_UNAUTH_KNOWN)
		victim = oldest(s, info->source);
	else if (!known && same >= bound)
		victim = oldest(s, info->source);
	else if (!known && others >= LIM_UNAUTH)
		victim = oldest(s, crowd(s));
	else if (!known && others >= LIM_UNAUTH_EARLY && same > 1 &&
		 rng_below(&s->dice, LIM_UNAUTH - LIM_UNAUTH_EARLY) < others - LIM_UNAUTH_EARLY)
		victim = oldest(s, info->source);
	if (victim) {
		log_info("%s: dropped to make room in the link stage", victim->conn->name);
		guest_free(victim);
	}
}

static bool needs_tls(const struct server *s, unsigned type)
{
	return s->o.need_tls || wire_channel_listed(s->tls_channels, type);
}

static bool offered(unsigned type, unsigned id)
{
	return type == WIRE_MAIN ||
	       (id == 0 && (type == WIRE_DISPLAY || type == WIRE_INPUTS || type == WIRE_CURSOR));
}

/* What we can, beyond what every channel of ours can. */
static const struct {
	unsigned type;
	uint32_t caps;
} channel_caps[] = {
	{WIRE_MAIN, 1u << MAIN_CAP_NAME_AND_UUID | 1u << MAIN_CAP_AGENT_CONNECTED_TOKENS},
	{WIRE_DISPLAY, 1u << DISPLAY_CAP_MONITORS_CONFIG | 1u << DISPLAY_CAP_PREF_COMPRESSION |
		1u << DISPLAY_CAP_STREAM_REPORT | 1u << DISPLAY_CAP_MULTI_CODEC | 1u << DISPLAY_CAP_CODEC_MJPEG |
		1u << DISPLAY_CAP_CODEC_VP8 | 1u << DISPLAY_CAP_PREF_VIDEO_CODEC_TYPE},
	{WIRE_INPUTS, 1u << INPUTS_CAP_KEY_SCANCODE},
};

static struct link_caps caps_for(unsigned type)
{
	struct link_caps c = {.n_common = 1, .common = {1u << COMMON_CAP_PROTOCOL_AUTH_SELECTION |
		1u << COMMON_CAP_AUTH_SPICE | 1u << COMMON_CAP_MINI_HEADER}};

	for (size_t i = 0; i < ARRAY_SIZE(channel_caps); i++)
		if (channel_caps[i].type == type)
			c.channel[c.n_channel++] = channel_caps[i].caps;
	return c;
}

static void admit(struct guest *g, struct ticket_key *key)
{
	struct link_caps caps = caps_for(g->conn->link.server.channel_type);

	conn_accept(g->conn, key, &caps);
}

static void key_came(void *owner, struct ticket_key *key)
{
	admit(owner, key);
}

/* Is it a channel of a session that is in, from where that came? Then it goes before others (C-9). */
static bool of_session(const struct guest *g, uint32_t id)
{
	struct session *x = session_by_id(g->server, id);

	return x && strcmp(x->source, g->info.source) == 0;
}

static void asked(void *owner, struct conn *c)
{
	struct guest *g = owner;
	const struct link_server *l = &c->link.server;
	struct ticket_key *key;

	g->info = *pump_info(c->pump); /* TLS and WebSocket were found out meanwhile */
	if (needs_tls(g->server, l->channel_type) && !g->info.tls && !g->info.local) {
		conn_refuse(c, LINK_ERR_NEED_SECURED);
		return;
	}
	if (!offered(l->channel_type, l->channel_id)) {
		conn_refuse(c, LINK_ERR_CHANNEL_NOT_AVAILABLE);
		return;
	}
	g->wait.fn = key_came;
	g->wait.owner = g;
	key = keys_take(g->server->keys, &g->wait, of_session(g, l->connection_id));
	if (key)
		admit(g, key);
}

/* ---- authentication ---- */

/* Is this the password of a valid ticket, or, for a channel of a session that is in, of that session's, whatever became
 * of it since? For the former *t is the ticket. */
static bool check_password(struct server *s, const struct link_server *l, uint8_t verifier[VERIFIER],
	struct ticket **t)
{
	struct session *joined = l->channel_type == WIRE_MAIN ? NULL : session_by_id(s, l->connection_id);
	bool said = l->password_ok && l->password[0];

	tickets_verifier(s->tickets, l->password_ok ? l->password : "", verifier);
	*t = tickets_find(s->tickets, verifier, server_boot_ms(s));
	if (joined)
		return said && CRYPTO_memcmp(verifier, joined->verifier, VERIFIER) == 0;
	return said && *t;
}

/* The client that is in longest goes. */
static void give_way(struct server *s)
{
	struct session *x = list_first(&s->sessions, struct session, link);

	if (x && x->main)
		server_main_goodbye(x->main);
	if (x)
		session_leave(x, "another client takes over");
}

/* The LinkResult for a guest. A main channel founds the session *founded, for which a `once` ticket burns. */
static uint32_t judge(struct guest *g, const struct link_server *l, struct session **founded)
{
	struct server *s = g->server;
	uint8_t verifier[VERIFIER] = {0};
	struct ticket *t = NULL;
	bool ok = l->ticket_ok;

	if (s->asks) {
		ok = check_password(s, l, verifier, &t);
		gate_result(s->gate, g->info.source, uv_now(s->loop), ok);
	}
	if (!ok)
		return LINK_ERR_PERMISSION_DENIED;
	if (l->channel_type != WIRE_MAIN)
		return session_by_id(s, l->connection_id) ? LINK_ERR_OK : LINK_ERR_BAD_CONNECTION_ID;
	if (s->n_sessions >= s->o.max_clients && s->o.takeover)
		give_way(s);
	if (s->n_sessions >= s->o.max_clients) {
		log_warn("%s: refused: %u clients are in", g->conn->name, s->n_sessions);
		return LINK_ERR_PERMISSION_DENIED;
	}
	*founded = session_found(s, g->conn->name, &g->info, verifier, t);
	return LINK_ERR_OK;
}

/* The guest may be gone afterwards. */
static void decide(struct guest *g, enum verdict verdict)
{
	struct conn *c = g->conn;
	struct session *x = NULL;
	uint32_t err = verdict == GATE_OPEN ? judge(g, &c->link.server, &x) : LINK_ERR_PERMISSION_DENIED;

	if (err == LINK_ERR_PERMISSION_DENIED)
		log_warn("%s: ticket refused", c->name);
	if (x)
		c->link.server.connection_id = x->info.id; /* linked() finds it by this */
	conn_result(c, err);
}

static void ticket(void *owner, struct conn *c)
{
	struct guest *g = owner;
	uint64_t now = uv_now(c->loop);
	enum verdict verdict = g->server->asks ? gate_ask(g->server->gate, g->info.source, now) : GATE_OPEN;

	if (verdict == GATE_WAIT)
		g->decide_at = now + GATE_WAIT_MS;
	else
		decide(g, verdict);
}

/* ---- in, or gone ---- */

static void linked(void *owner, struct conn *c)
{
	struct guest *g = owner;
	struct server *server = g->server;
	struct session *s = session_by_id(server, c->link.server.connection_id);

	g->conn = NULL; /* it goes on without the guest */
	guest_free(g);
	if (s) {
		session_join(s, c);
		return;
	}
	link_tell(server, SERVER_LINK_DISCONNECTED, c, 0);
	conn_close(c, false);
}

static void guest_closed(void *owner, struct conn *c, int err)
{
	struct guest *g = owner;
	struct session *s = session_by_id(g->server, c->link.server.connection_id);

	log_info("%s: left in the link stage: %s", c->name, err_str(err));
	if (s && !s->main && c->link.server.channel_type == WIRE_MAIN)
		session_leave(s, "never linked");
	guest_free(g);
}

static const struct conn_ops guest_ops = {asked, ticket, linked, guest_closed};

void guest_accept(struct server *s, int fd, struct tls_server *tls, bool tls_only)
{
	struct xport *x = xport_accept(fd, tls, tls_only, s->o.web);
	struct guest *g = new(struct guest);

	g->server = s;
	g->info = x->info;
	make_room(s, &x->info);
	list_append(&s->guests, &g->link);
	s->n_guests++;
	g->conn = conn_server(s->loop, x, &guest_ops, g);
	g->conn->auth_ms = s->o.auth_ms;
	link_tell(s, SERVER_LINK_CONNECTED, g->conn, 0);
}

/* A browser that is given a file has a time of its own; others have that of the link stage. */
static bool overdue(const struct guest *g)
{
	if (g->conn->pump && pump_info(g->conn->pump)->web)
		return uv_now(g->server->loop) - g->conn->since > LIM_WEB_MS;
	return conn_overdue(g->conn);
}

void guests_watch(struct server *s)
{
	struct guest *g;

	list_each(g, &s->guests, link) {
		if (g->decide_at && uv_now(s->loop) >= g->decide_at) {
			g->decide_at = 0;
			decide(g, GATE_OPEN);
		} else if (g->conn && overdue(g)) {
			log_warn("%s: the link stage took too long", g->conn->name);
			guest_closed(g, g->conn, E_TIMEOUT);
		}
	}
}
