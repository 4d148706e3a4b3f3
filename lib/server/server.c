/* The server as its owner sees it: ports, tickets, time, statistics. Who comes in is guest.c's business, who is in
 * session.c's. */
#include "server/private.h"

#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/json.h"

enum { TICK_MS = 250 };

static void system_now(struct moment *now)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	now->unix_ms = 1000 * (int64_t)real.tv_sec + real.tv_nsec / 1000000;
	now->boot_ms = 1000 * (int64_t)boot.tv_sec + boot.tv_nsec / 1000000;
}

static struct moment now(const struct server *s)
{
	struct moment m;

	s->o.now(&m);
	return m;
}

int64_t server_boot_ms(const struct server *s)
{
	return now(s).boot_ms;
}

int64_t server_unix_ms(const struct server *s)
{
	return now(s).unix_ms;
}

static void accepted(void *owner, int fd)
{
	struct port *p = owner;

	guest_accept(p->server, fd, p->tls, p->tls_only);
}

static void on_tick(uv_timer_t *t)
{
	struct server *s = t->data;
	struct session *x;

	guests_watch(s);
	list_each(x, &s->sessions, link)
		session_watch(x, uv_now(s->loop));
}

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
	if (!s->o.auth_ms)
		s->o.auth_ms = LIM_AUTH_MS;
	if (!s->o.now)
		s->o.now = system_now;
	s->client_mouse = o->client_mouse;
	s->keys = keys_new(loop);
	s->tickets = tickets_new();
	s->gate = gate_new();
	s->framer = framer_new(loop, device);
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

void server_disconnect(struct server *s, const char *why)
{
	struct session *x;

	list_each(x, &s->sessions, link) {
		if (x->main)
			server_main_goodbye(x->main);
		session_leave(x, why);
	}
}

void server_free(struct server *s)
{
	struct guest *g;

	if (!s)
		return;
	for (unsigned i = 0; i < s->n_ports; i++) {
		listener_free(s->ports[i].listener);
		free(s->ports[i].name);
	}
	list_each(g, &s->guests, link)
		guest_free(g);
	server_disconnect(s, "we stop");
	keys_free(s->keys);
	tickets_free(s->tickets);
	gate_free(s->gate);
	framer_free(s->framer);
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
	struct moment m = now(s);

	s->asks = true;
	return tickets_load(s->tickets, file, again, &m);
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

int server_set_password(struct server *s, struct slice secret, enum server_connected connected)
{
	int rc;

	if (!s->asks)
		return E_CONFIG;
	if (connected == SERVER_FAIL && s->n_sessions)
		return E_AUTH;
	if ((rc = tickets_set(s->tickets, secret)))
		return rc;
	if (connected == SERVER_DISCONNECT)
		server_disconnect(s, "another password is set");
	return 0;
}

void server_expire_password(struct server *s, int64_t unix_ms)
{
	struct moment m = now(s);

	tickets_set_end(s->tickets, unix_ms, &m);
	if (!s->asks)
		server_disconnect(s, "expire_password, and nobody is asked for one");
}

unsigned server_clients(const struct server *s)
{
	return s->n_sessions;
}

struct device *server_device(struct server *s)
{
	return s->device;
}

const char *server_name(const struct server *s)
{
	return s->name;
}

bool server_client_mouse(const struct server *s)
{
	return s->client_mouse;
}

const struct listener *server_listener(const struct server *s, bool tls)
{
	const struct port *p = NULL;

	for (unsigned i = 0; i < s->n_ports; i++) {
		const struct port *q = &s->ports[i];

		if (tls ? q->tls && (!p || (q->tls_only && !p->tls_only)) : !q->tls_only && !p)
			p = q;
	}
	return p ? p->listener : NULL;
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

static void stats_link(struct json *j, const struct link_rate *r)
{
	json_open(j, "link", '{');
	json_uint(j, "kbit", r->bits / 1000);
	json_uint(j, "latency_us", link_rate_latency(r));
	json_bool(j, "slow", r->slow);
	json_uint(j, "samples", r->samples);
	json_close(j, '}');
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

size_t server_behind(const struct server *s)
{
	struct session *x;
	size_t most = 0;

	list_each(x, &s->sessions, link)
		if (x->display && server_display_queue(x->display) > most)
			most = server_display_queue(x->display);
	return most;
}

void server_stats(struct server *s, struct buf *out)
{
	struct json j = {.out = out};
	struct session *x;

	json_open(&j, NULL, '{');
	json_uint(&j, "clients", s->n_sessions);
	json_uint(&j, "linking", s->n_guests);
	json_uint(&j, "coded", framer_coded(s->framer));
	json_open(&j, "sessions", '[');
	list_each(x, &s->sessions, link) {
		json_open(&j, NULL, '{');
		json_uint(&j, "id", x->info.id);
		json_str(&j, "address", x->address);
		json_bool(&j, "tls", x->info.tls);
		stats_link(&j, &x->rate);
		stats_channel(&j, "main", x->main ? server_main_conn(x->main) : NULL);
		stats_channel(&j, "display", x->display ? server_display_conn(x->display) : NULL);
		stats_channel(&j, "inputs", x->inputs ? server_inputs_conn(x->inputs) : NULL);
		stats_channel(&j, "cursor", x->cursor ? server_cursor_conn(x->cursor) : NULL);
		json_uint(&j, "queue", x->display ? server_display_queue(x->display) : 0);
		if (x->display)
			server_display_stats(x->display, &j);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}
