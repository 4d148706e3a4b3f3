/* Sessions: a client that is in, its channels, and the events that it makes. */
#include "server/private.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"

enum { MM_DELAY_MS = 400, MANY = 2 };

/* ---- what the ends ask ---- */

struct device *session_device(const struct session *s)
{
	return s->server->device;
}

const struct server_options *session_options(const struct session *s)
{
	return &s->server->o;
}

struct framer *session_framer(struct session *s)
{
	return s->server->framer;
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
	return session_frame_time(s) - MM_DELAY_MS;
}

uint32_t session_frame_time(const struct session *s)
{
	return (uint32_t)uv_now(s->server->loop);
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

bool session_resize(struct session *s, const struct head *heads, unsigned n)
{
	const struct device *d = s->server->device;

	TELL(s, resize, heads, n);
	if (d->n_heads != n)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (d->heads[i].width != heads[i].width || d->heads[i].height != heads[i].height)
			return false;
	return true;
}

bool session_is_slow(const struct session *s)
{
	return s->rate.slow;
}

bool session_has_many(const struct session *s)
{
	return s->server->n_sessions > MANY;
}

/* Somebody came or went. */
static void others_changed(struct server *s)
{
	struct session *x;

	list_each(x, &s->sessions, link)
		if (x->display)
			server_display_rules(x->display);
}

static void rate_changed(struct session *s)
{
	log_info("%s: the link carries %llu kbit/s: it is %s", s->address, (unsigned long long)s->rate.bits / 1000,
		s->rate.slow ? "slow" : "fast");
	if (s->display)
		server_display_rules(s->display);
}

void session_measured(struct session *s, uint64_t bits)
{
	link_rate_test(&s->rate, bits);
	rate_changed(s);
}

void session_sampled(struct session *s, uint64_t bytes, uint64_t us, bool at_least)
{
	log_debug("%s: %llu bytes in %llu us%s", s->address, (unsigned long long)bytes, (unsigned long long)us,
		at_least ? ", or less" : "");
	if (link_rate_sample(&s->rate, bytes, us, at_least, uv_hrtime() / 1000))
		rate_changed(s);
}

/* ---- connections ---- */

static struct server_link link_of(const struct conn *c, uint32_t session)
{
	struct server_link l = {.info = c->pump ? pump_info(c->pump) : &c->info, .session = session};

	if (session) {
		l.type = c->chan.type;
		l.id = c->chan.id;
	}
	return l;
}

void link_tell(const struct server *s, enum server_link_state state, const struct conn *c, uint32_t session)
{
	struct server_link l = link_of(c, session);

	for (unsigned i = 0; i < s->n_events; i++)
		if (s->events[i].ev->link)
			s->events[i].ev->link(s->events[i].owner, state, &l);
}

enum { CHANNELS = 4 };

/* Of all its channels, NULL where there is none, the main one first. */
static void conns_of(const struct session *s, struct conn *conns[CHANNELS])
{
	conns[0] = s->main ? server_main_conn(s->main) : NULL;
	conns[1] = s->display ? server_display_conn(s->display) : NULL;
	conns[2] = s->inputs ? server_inputs_conn(s->inputs) : NULL;
	conns[3] = s->cursor ? server_cursor_conn(s->cursor) : NULL;
}

void server_each_link(struct server *s, void (*fn)(void *owner, const struct server_link *l), void *owner)
{
	struct conn *conns[CHANNELS];
	struct session *x;

	list_each(x, &s->sessions, link) {
		conns_of(x, conns);
		for (unsigned i = 0; i < CHANNELS; i++) {
			if (conns[i]) {
				struct server_link l = link_of(conns[i], x->info.id);

				fn(owner, &l);
			}
		}
	}
}

/* ---- which ---- */

bool session_of_source(const struct server *s, const char *source)
{
	struct session *x;

	list_each(x, &s->sessions, link)
		if (strcmp(x->source, source) == 0)
			return true;
	return false;
}

struct session *session_by_id(struct server *s, uint32_t id)
{
	struct session *x;

	list_each(x, &s->sessions, link)
		if (x->info.id == id && !x->dying)
			return x;
	return NULL;
}

/* ---- channels of a session ---- */

static void channel_closed(void *owner, struct conn *c, int err)
{
	struct session *s = owner;

	log_info("%s: %s channel: %s", c->name, wire_channel_name(c->chan.type), err_str(err));
	if (s->main && server_main_conn(s->main) == c) {
		session_leave(s, err_str(err));
		return;
	}
	link_tell(s->server, SERVER_LINK_DISCONNECTED, c, s->info.id);
	if (s->display && server_display_conn(s->display) == c) {
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

void session_join(struct session *s, struct conn *c)
{
	c->ops = &channel_ops;
	c->owner = s;
	if (join(s, c)) {
		link_tell(s->server, SERVER_LINK_INITIALIZED, c, s->info.id);
		return;
	}
	log_warn("%s: %s channel: there already", c->name, wire_channel_name(c->chan.type));
	link_tell(s->server, SERVER_LINK_DISCONNECTED, c, s->info.id);
	conn_close(c, false);
}

/* ---- coming and going ---- */

/* What the session knows of its ticket is its own: tickets may be read again meanwhile. */
static void came_by(struct session *x, struct ticket *by)
{
	by->used = true;
	x->info.view_only = by->view_only;
	x->info.ticket_id = x->ticket_id = by->id ? xstrdup(by->id) : NULL;
}

struct session *session_found(struct server *s, const char *address, const struct xport_info *info,
	const uint8_t verifier[VERIFIER], struct ticket *by)
{
	struct session *x = new(struct session);

	x->server = s;
	x->pinged = uv_now(s->loop);
	do {
		if (RAND_bytes((uint8_t *)&x->info.id, sizeof(x->info.id)) != 1)
			abort();
	} while (x->info.id == 0 || session_by_id(s, x->info.id));
	snprintf(x->address, sizeof(x->address), "%s", address);
	snprintf(x->source, sizeof(x->source), "%s", info->source);
	x->info.address = x->address;
	x->info.tls = info->tls;
	memcpy(x->verifier, verifier, VERIFIER);
	if (by)
		came_by(x, by);
	list_append(&s->sessions, &x->link);
	s->n_sessions++;
	others_changed(s);
	return x;
}

void session_leave(struct session *s, const char *why)
{
	struct conn *conns[CHANNELS];

	if (s->dying)
		return;
	s->dying = true;
	conns_of(s, conns);
	for (unsigned i = CHANNELS; i--;)
		if (conns[i])
			link_tell(s->server, SERVER_LINK_DISCONNECTED, conns[i], s->info.id);
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
	others_changed(s->server);
	free(s->ticket_id);
	OPENSSL_cleanse(s->verifier, sizeof(s->verifier));
	free(s);
}

/* ---- time ---- */

static int overdue(struct conn *c)
{
	return c ? conn_overdue(c) : 0;
}

void session_watch(struct session *s, uint64_t now)
{
	struct conn *conns[CHANNELS];
	uint64_t heard = 0;

	conns_of(s, conns);
	if (s->main && !server_main_tick(s->main, now)) {
		session_leave(s, "gives the agent no tokens");
		return;
	}
	if (s->display)
		server_display_tick(s->display, now);
	for (size_t i = 0; i < ARRAY_SIZE(conns); i++) {
		if (overdue(conns[i])) {
			session_leave(s, "takes no more bytes");
			return;
		}
		if (conns[i] && conns[i]->heard > heard)
			heard = conns[i]->heard;
	}
	if (s->main && now - heard > LIM_SILENT_MS) {
		session_leave(s, "silent");
	} else if (s->main && now - s->pinged > LIM_PING_MS) {
		s->pinged = now;
		server_main_ping(s->main);
	}
}
