/* The server: who may come in, and what becomes of them. A connection is a guest until its link is authenticated; a
 * main channel then founds a session, any other joins the session that its connection id names. */
#include "server/server.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/rng.h"
#include "server/gate.h"
#include "server/keys.h"
#include "server/session.h"

enum { TICK_MS = 250, MM_DELAY_MS = 400, MAX_LISTENERS = 16, MAX_EVENTS = 4 };

struct port {
	struct server *server;
	struct listener *listener;
	struct tls_server *tls; /* not owned */
	bool tls_only;
	char *name;
};

/* A connection in its link stage. */
struct guest {
	struct list link;
	struct server *server;
	struct conn *conn;
	struct key_wait wait;
	struct xport_info info;
	bool heard;
};

struct server {
	uv_loop_t *loop;
	struct device *device;
	struct server_options o;
	char *name, *tls_channels;
	struct port ports[MAX_LISTENERS];
	unsigned n_ports;
	struct keys *keys;
	struct tickets *tickets;
	bool asks;
	struct gate *gate;
	struct rng dice;       /* early random drop */
	struct list guests, sessions;
	unsigned n_guests, n_sessions;
	uv_timer_t tick;
	struct {
		const struct server_events *ev;
		void *owner;
	} events[MAX_EVENTS];
	unsigned n_events;
	bool client_mouse;
	unsigned locks;
};

static void session_free(struct session *s, const char *why);

/* ---- what the ends ask ---- */

struct device *session_device(struct session *s)
{
	return s->server->device;
}

const struct server_options *session_options(struct session *s)
{
	return &s->server->o;
}

bool session_client_mouse(const struct session *s)
{
	return s->server->client_mouse;
}

unsigned session_locks(const struct session *s)
{
	return s->server->locks;
}

uint32_t session_mm_time(const struct session *s)
{
	return (uint32_t)(uv_now(s->server->loop) - MM_DELAY_MS);
}

#define TELL(s, what, ...)                                                                         \
	do {                                                                                       \
		const struct server *srv = (s)->server;                                            \
		for (unsigned ti = 0; ti < srv->n_events; ti++)                                    \
			if (srv->events[ti].ev->what)                                              \
				srv->events[ti].ev->what(srv->events[ti].owner, &(s)->info, ##__VA_ARGS__); \
	} while (0)

void session_ready(struct session *s)
{
	s->ready = true;
	TELL(s, ready);
}

void session_tell_key(struct session *s, unsigned code, bool down)
{
	if (!s->info.view_only)
		TELL(s, key, code, down);
}

void session_tell_button(struct session *s, unsigned button, bool down)
{
	if (!s->info.view_only)
		TELL(s, button, button, down);
}

void session_tell_motion(struct session *s, int dx, int dy)
{
	if (!s->info.view_only)
		TELL(s, motion, dx, dy);
}

void session_tell_position(struct session *s, int x, int y, unsigned display)
{
	if (!s->info.view_only)
		TELL(s, position, x, y, display);
}

void session_tell_locks(struct session *s, unsigned modifiers)
{
	if (!s->info.view_only)
		TELL(s, locks, modifiers);
}

/* ---- guests ---- */

static void guest_free(struct guest *g)
{
	keys_cancel(&g->wait);
	list_remove(&g->link);
	g->server->n_guests--;
	conn_close(g->conn, true);
	free(g);
}

static bool has_session(const struct server *s, const char *source)
{
	struct session *x;

	list_each(x, &s->sessions, link)
		if (strcmp(x->source, source) == 0)
			return true;
	return false;
}

/* The oldest guest that has sent nothing, else the oldest; of one source where that is given. */
static struct guest *oldest(struct server *s, const char *source)
{
	struct guest *g, *silent = NULL, *any = NULL;

	list_each(g, &s->guests, link) {
		if (source && strcmp(g->info.source, source) != 0)
			continue;
		if (!any)
			any = g;
		if (!silent && link_server_waiting(&g->conn->link.server))
			silent = g;
	}
	return silent ? silent : any;
}

/* Room for one more guest (L-4); somebody else may have to go. */
static void make_room(struct server *s, const struct xport_info *info)
{
	bool known = has_session(s, info->source);
	unsigned same = 0, others = 0;
	unsigned bound = info->local || strncmp(info->source, "127.", 4) == 0 || strcmp(info->source, "::1") == 0
				 ? LIM_UNAUTH : LIM_UNAUTH_SOURCE;
	struct guest *g, *victim = NULL;

	list_each(g, &s->guests, link) {
		if (strcmp(g->info.source, info->source) == 0)
			same++;
		if (!has_session(s, g->info.source))
			others++;
	}
	if (known && same >= LIM_UNAUTH_KNOWN)
		victim = oldest(s, info->source);
	else if (!known && same >= bound)
		victim = oldest(s, info->source);
	else if (!known && others >= LIM_UNAUTH)
		victim = oldest(s, NULL);
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
	const char *name = wire_channel_name(type), *list = s->tls_channels;
	size_t n = name ? strlen(name) : 0;

	if (s->o.need_tls)
		return true;
	while (list && *list) {
		size_t len = strcspn(list, ",");

		if ((len == 3 && strncmp(list, "all", 3) == 0) || (len == n && name && strncmp(list, name, n) == 0))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

static bool offered(unsigned type, unsigned id)
{
	return type == WIRE_MAIN ||
	       (id == 0 && (type == WIRE_DISPLAY || type == WIRE_INPUTS || type == WIRE_CURSOR));
}

static void caps_for(unsigned type, struct link_caps *c)
{
	*c = (struct link_caps){.n_common = 1};
	c->common[0] = 1u << COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1u << COMMON_CAP_AUTH_SPICE |
		       1u << COMMON_CAP_MINI_HEADER;
	if (type == WIRE_MAIN)
		c->channel[0] = 1u << MAIN_CAP_NAME_AND_UUID | 1u << MAIN_CAP_AGENT_CONNECTED_TOKENS;
	else if (type == WIRE_DISPLAY)
		c->channel[0] = 1u << DISPLAY_CAP_MONITORS_CONFIG | 1u << DISPLAY_CAP_PREF_COMPRESSION;
	else if (type == WIRE_INPUTS)
		c->channel[0] = 1u << INPUTS_CAP_KEY_SCANCODE;
	c->n_channel = c->channel[0] ? 1 : 0;
}

static void admit(struct guest *g, struct ticket_key *key)
{
	struct link_caps caps;

	caps_for(g->conn->link.server.channel_type, &caps);
	conn_accept(g->conn, key, &caps);
}

static void key_came(void *owner, struct ticket_key *key)
{
	admit(owner, key);
}

static struct session *session_by_id(struct server *s, uint32_t id)
{
	struct session *x;

	list_each(x, &s->sessions, link)
		if (x->info.id == id && !x->dying)
			return x;
	return NULL;
}

static void asked(void *owner, struct conn *c)
{
	struct guest *g = owner;
	const struct link_server *l = &c->link.server;
	struct ticket_key *key;

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
	key = keys_take(g->server->keys, &g->wait, session_by_id(g->server, l->connection_id));
	if (key)
		admit(g, key);
}

/* ---- authentication ---- */

/* Is this the password of some valid ticket? Fills what the session will know of it. */
static bool check_password(struct server *s, const struct link_server *l, struct session *x)
{
	struct session *joined = l->channel_type == WIRE_MAIN ? NULL : session_by_id(s, l->connection_id);
	uint8_t verifier[VERIFIER];
	struct ticket *t;

	tickets_verifier(s->tickets, l->password_ok ? l->password : "", verifier);
	t = tickets_find(s->tickets, verifier, time(NULL));
	if (joined) /* a channel of a session that is in: its own ticket, whatever became of it since */
		return l->password_ok && l->password[0] &&
		       CRYPTO_memcmp(verifier, joined->verifier, VERIFIER) == 0;
	if (!t || !l->password_ok || !l->password[0])
		return false;
	if (x) {
		memcpy(x->verifier, verifier, VERIFIER);
		x->info.view_only = t->view_only;
		x->info.ticket_id = t->id;
		t->used = true;
	}
	return true;
}

/* The LinkResult for a guest; a main channel's session is founded in *found. */
static uint32_t judge(struct guest *g, const struct link_server *l, struct session **found)
{
	struct server *s = g->server;
	uint64_t now = uv_now(s->loop);
	bool main_channel = l->channel_type == WIRE_MAIN, ok;
	struct session *x;

	if (s->asks) {
		if (!gate_open(s->gate, g->info.source, now))
			return LINK_ERR_PERMISSION_DENIED;
		x = new(struct session);
		ok = check_password(s, l, x);
		gate_result(s->gate, g->info.source, now, ok);
	} else {
		x = new(struct session);
		ok = l->ticket_ok;
	}
	if (ok && main_channel && s->n_sessions < s->o.max_clients) {
		*found = x;
		return LINK_ERR_OK;
	}
	OPENSSL_cleanse(x, sizeof(*x));
	free(x);
	if (!ok)
		return LINK_ERR_PERMISSION_DENIED;
	if (main_channel) {
		log_warn("%s: refused: %u clients are in", g->conn->name, s->n_sessions);
		return LINK_ERR_PERMISSION_DENIED;
	}
	x = session_by_id(s, l->connection_id);
	return x ? LINK_ERR_OK : LINK_ERR_BAD_CONNECTION_ID;
}

static void found_session(struct guest *g, struct session *x)
{
	struct server *s = g->server;

	x->server = s;
	x->pinged = uv_now(s->loop);
	do {
		if (RAND_bytes((uint8_t *)&x->info.id, sizeof(x->info.id)) != 1)
			abort();
	} while (x->info.id == 0 || session_by_id(s, x->info.id));
	snprintf(x->address, sizeof(x->address), "%s", g->conn->name);
	snprintf(x->source, sizeof(x->source), "%s", g->info.source);
	x->info.address = x->address;
	x->info.tls = g->info.tls;
	list_append(&s->sessions, &x->link);
	s->n_sessions++;
	/* the link is done by this id in linked() */
	g->conn->link.server.connection_id = x->info.id;
}

static void ticket(void *owner, struct conn *c)
{
	struct guest *g = owner;
	struct session *x = NULL;
	uint32_t err = judge(g, &c->link.server, &x);

	if (err == LINK_ERR_PERMISSION_DENIED)
		log_warn("%s: ticket refused", c->name);
	if (x)
		found_session(g, x);
	conn_result(c, err);
}

/* ---- channels of a session ---- */

static void channel_closed(void *owner, struct conn *c, int err)
{
	struct session *s = owner;

	log_info("%s: %s channel: %s", c->name, wire_channel_name(c->chan.type), err_str(err));
	if (s->main && server_main_conn(s->main) == c) {
		session_free(s, err_str(err));
	} else if (s->display && server_display_conn(s->display) == c) {
		server_display_free(s->display);
		s->display = NULL;
	} else if (s->inputs && server_inputs_conn(s->inputs) == c) {
		server_inputs_free(s->inputs);
		s->inputs = NULL;
	} else if (s->cursor && server_cursor_conn(s->cursor) == c) {
		server_cursor_free(s->cursor);
		s->cursor = NULL;
	}
}

static const struct conn_ops channel_ops = {.closed = channel_closed};

/* A linked connection becomes a channel; false when the session has that channel already. */
static bool join(struct session *s, struct conn *c)
{
	switch (c->chan.type) {
	case WIRE_MAIN:
		s->main = server_main_new(s, c);
		log_info("%s: joined", c->name);
		TELL(s, joined);
		return true;
	case WIRE_DISPLAY:
		if (!s->display)
			return (s->display = server_display_new(s, c));
		break;
	case WIRE_INPUTS:
		if (!s->inputs)
			return (s->inputs = server_inputs_new(s, c));
		break;
	case WIRE_CURSOR:
		if (!s->cursor)
			return (s->cursor = server_cursor_new(s, c));
		break;
	}
	return false;
}

static void linked(void *owner, struct conn *c)
{
	struct guest *g = owner;
	struct session *s = session_by_id(g->server, c->link.server.connection_id);

	g->conn = NULL; /* it goes on without the guest */
	guest_free(g);
	c->ops = &channel_ops;
	c->owner = s;
	if (!s || !join(s, c)) {
		log_warn("%s: %s channel: no session, or there already", c->name,
			wire_channel_name(c->chan.type));
		conn_close(c, false);
	}
}

static void guest_closed(void *owner, struct conn *c, int err)
{
	struct guest *g = owner;
	struct session *s = session_by_id(g->server, c->link.server.connection_id);

	log_info("%s: left in the link stage: %s", c->name, err_str(err));
	if (s && !s->main && c->link.server.channel_type == WIRE_MAIN)
		session_free(s, "never linked");
	guest_free(g);
}

static const struct conn_ops guest_ops = {asked, ticket, linked, guest_closed};

static void session_free(struct session *s, const char *why)
{
	if (s->dying)
		return;
	s->dying = true;
	server_inputs_free(s->inputs); /* lets keys go while the client still counts */
	if (s->main) {
		log_info("%s: left: %s", s->address, why);
		TELL(s, left);
	}
	server_cursor_free(s->cursor);
	server_display_free(s->display);
	server_main_free(s->main);
	list_remove(&s->link);
	s->server->n_sessions--;
	OPENSSL_cleanse(s->verifier, sizeof(s->verifier));
	free(s);
}

static void accepted(void *owner, int fd)
{
	struct port *p = owner;
	struct xport *x = xport_accept(fd, p->tls, p->tls_only);
	struct guest *g = new(struct guest);

	g->server = p->server;
	g->info = x->info;
	make_room(p->server, &x->info);
	list_append(&p->server->guests, &g->link);
	p->server->n_guests++;
	g->conn = conn_server(p->server->loop, x, &guest_ops, g);
}

/* ---- time ---- */

static int overdue(struct conn *c)
{
	return c ? conn_overdue(c) : 0;
}

/* L-21: a peer that takes nothing, a session that says nothing although it is pinged. */
static void watch_session(struct session *s, uint64_t now)
{
	struct conn *conns[] = {
		s->main ? server_main_conn(s->main) : NULL,
		s->display ? server_display_conn(s->display) : NULL,
		s->inputs ? server_inputs_conn(s->inputs) : NULL,
		s->cursor ? server_cursor_conn(s->cursor) : NULL,
	};
	uint64_t heard = 0;

	for (size_t i = 0; i < ARRAY_SIZE(conns); i++) {
		if (overdue(conns[i])) {
			session_free(s, "takes no more bytes");
			return;
		}
		if (conns[i] && conns[i]->heard > heard)
			heard = conns[i]->heard;
	}
	if (s->main && now - heard > LIM_SILENT_MS) {
		session_free(s, "silent");
	} else if (s->main && now - s->pinged > LIM_PING_MS) {
		s->pinged = now;
		server_main_ping(s->main);
	}
}

static void on_tick(uv_timer_t *t)
{
	struct server *s = t->data;
	struct guest *g;
	struct session *x;

	list_each(g, &s->guests, link) {
		if (overdue(g->conn)) {
			log_warn("%s: the link stage took too long", g->conn->name);
			guest_closed(g, g->conn, E_TIMEOUT);
		}
	}
	list_each(x, &s->sessions, link)
		watch_session(x, uv_now(s->loop));
}

/* ---- for the owner ---- */

struct server *server_new(uv_loop_t *loop, struct device *device, const struct server_options *o)
{
	struct server *s = new(struct server);

	s->loop = loop;
	s->device = device;
	s->o = *o;
	s->o.name = s->name = xstrdup(o->name ? o->name : "spice-serve");
	s->tls_channels = o->tls_channels ? xstrdup(o->tls_channels) : NULL;
	if (!s->o.max_clients)
		s->o.max_clients = LIM_CLIENTS;
	s->client_mouse = o->client_mouse;
	s->keys = keys_new(loop);
	s->tickets = tickets_new();
	s->gate = gate_new();
	s->dice.state = uv_hrtime();
	list_init(&s->guests);
	list_init(&s->sessions);
	uv_timer_init(loop, &s->tick);
	s->tick.data = s;
	uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
	return s;
}

static void tick_closed(uv_handle_t *h)
{
	free(h->data);
}

void server_free(struct server *s)
{
	struct guest *g;
	struct session *x;

	if (!s)
		return;
	for (unsigned i = 0; i < s->n_ports; i++) {
		listener_free(s->ports[i].listener);
		free(s->ports[i].name);
	}
	list_each(g, &s->guests, link)
		guest_free(g);
	list_each(x, &s->sessions, link) {
		if (x->main)
			server_main_goodbye(x->main);
		session_free(x, "we stop");
	}
	keys_free(s->keys);
	tickets_free(s->tickets);
	gate_free(s->gate);
	free(s->name);
	free(s->tls_channels);
	uv_close((uv_handle_t *)&s->tick, tick_closed);
}

void server_events(struct server *s, const struct server_events *ev, void *owner)
{
	if (s->n_events == MAX_EVENTS)
		abort();
	s->events[s->n_events].ev = ev;
	s->events[s->n_events++].owner = owner;
}

/* Takes the listener into the last port. */
static int opened(struct server *s, struct listener *l, const char **name)
{
	struct port *p = &s->ports[s->n_ports];
	const char *at = listener_name(l), *scheme = p->tls_only ? "spice+tls " : "spice ";

	p->listener = l;
	p->name = strncmp(at, "unix:", 5) == 0 ? xasprintf("spice+%s", at) : xasprintf("%s%s", scheme, at);
	s->n_ports++;
	if (name)
		*name = p->name;
	return 0;
}

static struct port *next_port(struct server *s, struct tls_server *tls, bool tls_only)
{
	struct port *p = &s->ports[s->n_ports];

	if (s->n_ports == MAX_LISTENERS)
		return NULL;
	*p = (struct port){.server = s, .tls = tls, .tls_only = tls_only};
	return p;
}

int server_listen(struct server *s, const char *where, struct tls_server *tls, bool tls_only, const char **name)
{
	struct port *p = next_port(s, tls, tls_only);
	int err = E_LIMIT;
	struct listener *l = p ? listener_new(s->loop, where, accepted, p, &err) : NULL;

	return l ? opened(s, l, name) : err;
}

int server_listen_fd(struct server *s, int fd, struct tls_server *tls, bool tls_only, const char **name)
{
	struct port *p = next_port(s, tls, tls_only);
	int err = E_LIMIT;
	struct listener *l = p ? listener_from_fd(s->loop, fd, accepted, p, &err) : NULL;

	return l ? opened(s, l, name) : err;
}

int server_tickets(struct server *s, const char *file)
{
	bool again = s->asks;

	s->asks = true;
	return tickets_load(s->tickets, file, again);
}

int server_ticket(struct server *s, const char *secret)
{
	s->asks = true;
	return tickets_add(s->tickets, slice_str(secret));
}

bool server_asks(const struct server *s)
{
	return s->asks;
}

unsigned server_clients(const struct server *s)
{
	return s->n_sessions;
}

void server_set_locks(struct server *s, unsigned modifiers)
{
	struct session *x;

	s->locks = modifiers;
	list_each(x, &s->sessions, link)
		if (x->inputs)
			server_inputs_locks(x->inputs, modifiers);
}

void server_mouse_mode(struct server *s, bool client)
{
	struct session *x;

	if (s->client_mouse == client)
		return;
	s->client_mouse = client;
	list_each(x, &s->sessions, link)
		if (x->main)
			server_main_mouse_mode(x->main, client);
}

static void stats_channel(struct json *j, const char *name, const struct conn *c)
{
	if (!c || !c->pump)
		return;
	json_open(j, name, '{');
	json_uint(j, "in", pump_bytes_in(c->pump));
	json_uint(j, "out", pump_bytes_out(c->pump));
	json_close(j, '}');
}

void server_stats(struct server *s, struct buf *out)
{
	struct json j = {.out = out};
	struct session *x;

	json_open(&j, NULL, '{');
	json_uint(&j, "clients", s->n_sessions);
	json_uint(&j, "linking", s->n_guests);
	json_open(&j, "sessions", '[');
	list_each(x, &s->sessions, link) {
		json_open(&j, NULL, '{');
		json_uint(&j, "id", x->info.id);
		json_str(&j, "address", x->address);
		json_bool(&j, "tls", x->info.tls);
		stats_channel(&j, "main", x->main ? server_main_conn(x->main) : NULL);
		stats_channel(&j, "display", x->display ? server_display_conn(x->display) : NULL);
		stats_channel(&j, "inputs", x->inputs ? server_inputs_conn(x->inputs) : NULL);
		stats_channel(&j, "cursor", x->cursor ? server_cursor_conn(x->cursor) : NULL);
		json_uint(&j, "queue", x->display ? server_display_queue(x->display) : 0);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}
