/* The session: its channels as CHANNELS_LIST names them, the clock that they share, liveness, and the door for the
 * owner.
 *
 * Ends call back into their user from deep inside a message, and users may leave from there. So nothing is torn down
 * at once: the session is marked, and the idle handle does it when the stack is empty. The same handle goes on with
 * channels that waited for others. */
#include "client/client.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "client/ends.h"
#include "codec/glz.h"

enum {
	TICK_MS = 250,
	OWN_PAUSE_MS = 2000, /* between ticks: we were stopped, and nobody is late before he could say something */
	DEFAULT_TIMEOUT_MS = 30000,
	LISTED_MAX = 256, /* channels that are remembered */
};

/* A channel, from the wish for it to its end. */
struct channel {
	struct client *client;
	struct list link;
	const struct client_kind *kind;
	uint8_t id;
	bool tls;                     /* of this attempt */
	uint64_t since;
	uint32_t pings;               /* of conn->chan, at the last tick */
	struct connecting *connecting;
	struct conn *conn;
	void *end;                    /* of the kind, once linked */
};

struct client {
	uv_loop_t *loop;
	struct endpoint where;
	char *password, *tls_channels, *disable;
	struct client_options o;
	const struct client_ops *ops;
	void *owner;
	struct client_session session;
	struct list channels;
	struct image_cache *images;
	struct glz_window *glz;
	size_t surface_bytes;
	unsigned locks;
	uint32_t mm_time;  /* the multimedia clock, as the server set it when uv_now was mm_at */
	uint64_t mm_at;
	uv_timer_t tick, frames;
	uv_idle_t idle;
	unsigned handles;
	int over;          /* E_*: the session has ended, the owner is to be told */
	bool leaving;      /* client_free was called */
	bool password_refused;
	bool pings;        /* the server lets us hear from it when there is nothing to say */
	uint64_t ticked;   /* the last tick */
};

static const struct client_ops no_ops;

static const struct client_kind *const kinds[] = {&client_main_kind, &client_display_kind, &client_inputs_kind,
	&client_cursor_kind};

static const struct client_kind *kind_of(unsigned type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i]->type == type)
			return kinds[i];
	return NULL;
}

static struct channel *find(const struct client *c, unsigned type, unsigned id)
{
	struct channel *ch;

	list_each(ch, &c->channels, link)
		if (ch->kind->type == type && ch->id == id)
			return ch;
	return NULL;
}

/* The end of a channel: of the type that goes with its kind. NULL while it is not linked. */
static void *end_of(const struct client *c, unsigned type, unsigned id)
{
	struct channel *ch = find(c, type, id);

	return ch ? ch->end : NULL;
}

/* ---- the end of a session ---- */

static void wake(struct client *c);
static void connect_channel(struct channel *ch);

static void end_session(struct client *c, int err)
{
	if (!c->over)
		c->over = err;
	wake(c);
}

static void channel_free(struct channel *ch)
{
	list_remove(&ch->link);
	net_connect_cancel(ch->connecting);
	if (ch->end)
		ch->kind->detach(ch->end);
	conn_close(ch->conn, true);
	free(ch);
}

/* Main goes last: with it the server ends the session, and hears no last words of other channels any more. */
static void drop_channels(struct client *c)
{
	struct channel *ch;

	list_each(ch, &c->channels, link)
		if (ch->kind != &client_main_kind)
			channel_free(ch);
	list_each(ch, &c->channels, link)
		channel_free(ch);
}

static void handle_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	if (--c->handles)
		return;
	endpoint_fini(&c->where);
	image_cache_free(c->images);
	glz_window_free(c->glz);
	free(c->session.name);
	free(c->session.list);
	secret_free(c->password);
	free(c->tls_channels);
	free(c->disable);
	free(c);
}

static bool is_linked(const struct channel *ch)
{
	return ch->conn && ch->conn->linked;
}

static bool parked(const struct channel *ch)
{
	return is_linked(ch) && ch->conn->chan.parked;
}

static void on_idle(uv_idle_t *h)
{
	struct client *c = h->data;
	struct channel *ch;

	uv_idle_stop(&c->idle);
	if (c->leaving) {
		drop_channels(c);
		uv_close((uv_handle_t *)&c->tick, handle_closed);
		uv_close((uv_handle_t *)&c->frames, handle_closed);
		uv_close((uv_handle_t *)&c->idle, handle_closed);
		return;
	}
	if (c->over) {
		const struct client_ops *ops = c->ops;

		drop_channels(c);
		uv_timer_stop(&c->tick);
		uv_timer_stop(&c->frames);
		c->ops = &no_ops;
		if (ops->closed)
			ops->closed(c->owner, c->over);
		return;
	}
	list_each(ch, &c->channels, link)
		if (parked(ch))
			conn_resume(ch->conn);
}

static void wake(struct client *c)
{
	uv_idle_start(&c->idle, on_idle);
}

/* ---- the multimedia clock, and frames that wait for it ---- */

enum { MM_JUMP_MS = 500 }; /* a clock set further than that is another one (channels.md 1) */

uint32_t client_mm_time(const struct client *c)
{
	return c->mm_time + (uint32_t)(uv_now(c->loop) - c->mm_at);
}

static void each_display(struct client *c, void (*fn)(struct client_display *e))
{
	struct channel *ch;

	list_each(ch, &c->channels, link)
		if (ch->end && ch->kind == &client_display_kind)
			fn(ch->end);
}

void client_set_mm_time(struct client *c, uint32_t time)
{
	int32_t step = (int32_t)(time - client_mm_time(c));

	c->mm_time = time;
	c->mm_at = uv_now(c->loop);
	each_display(c, step > MM_JUMP_MS || step < -MM_JUMP_MS ? client_display_jump : client_display_frames);
}

static void on_frames(uv_timer_t *t)
{
	each_display(t->data, client_display_frames);
}

void client_wake_frames(struct client *c, uint32_t ms)
{
	if (c->leaving || c->over)
		return;
	if (!uv_is_active((uv_handle_t *)&c->frames) || uv_timer_get_due_in(&c->frames) > ms)
		uv_timer_start(&c->frames, on_frames, ms, 0);
}

/* ---- channels ---- */

static void linked(void *owner, struct conn *conn)
{
	struct channel *ch = owner;

	ch->end = ch->kind->attach(ch->client, conn);
	if (ch->kind == &client_inputs_kind)
		CLIENT_TELL(ch->client, inputs);
}

static bool can_try_tls(const struct channel *ch)
{
	return !ch->tls && ch->client->where.tls_port && ch->client->o.tls;
}

static void closed(void *owner, struct conn *conn, int err)
{
	struct channel *ch = owner;
	struct client *c = ch->client;
	bool was_linked = conn->linked;

	c->password_refused |= !was_linked && conn->link.client.error == LINK_ERR_PERMISSION_DENIED;
	log_info("%s: %s channel: %s", conn->name, wire_channel_name(ch->kind->type), err_str(err));
	if (err == E_SECURE && can_try_tls(ch)) {
		conn_close(ch->conn, false);
		ch->conn = NULL;
		ch->tls = true;
		connect_channel(ch);
		return;
	}
	if (err == E_SECURE)
		log_error("%s: the %s channel needs TLS", conn->name, wire_channel_name(ch->kind->type));
	/* a channel that is not offered, or an input or pointer channel that ends, leaves the rest alive */
	if (ch->kind != &client_main_kind && ((!was_linked && err == E_UNSUP) ||
		(was_linked && err == E_CLOSED && ch->kind != &client_display_kind))) {
		channel_free(ch);
		return;
	}
	end_session(c, err);
}

static const struct conn_ops conn_ops = {.linked = linked, .closed = closed};

static void connected(void *owner, struct xport *x, int err)
{
	struct channel *ch = owner;
	struct client *c = ch->client;
	const struct link_caps caps = {
		.n_common = 1,
		.common = {1u << COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1u << COMMON_CAP_AUTH_SPICE |
			   1u << COMMON_CAP_MINI_HEADER},
		.n_channel = ch->kind->caps ? 1 : 0,
		.channel = {ch->kind->caps},
	};

	ch->connecting = NULL;
	if (err) {
		end_session(c, err);
		return;
	}
	ch->conn = conn_client(c->loop, x, c->session.id, ch->kind->type, ch->id, &caps, c->password, &conn_ops, ch);
}

static void connect_channel(struct channel *ch)
{
	struct client *c = ch->client;

	ch->since = uv_now(c->loop);
	ch->connecting = net_connect(c->loop, &c->where, ch->tls, c->o.tls, c->o.timeout_ms, connected, ch);
}

static void open_channel(struct client *c, const struct client_kind *kind, unsigned id)
{
	struct channel *ch = new(struct channel);

	ch->client = c;
	ch->kind = kind;
	ch->id = (uint8_t)id;
	ch->tls = !c->where.unix_path && (wire_channel_listed(c->tls_channels, kind->type) || !c->where.port);
	list_append(&c->channels, &ch->link);
	connect_channel(ch);
}

static bool wanted(const struct client *c, const struct client_kind *kind, unsigned id)
{
	return kind && id < kind->ids && !find(c, kind->type, id) && !wire_channel_listed(c->disable, kind->type) &&
	       !(c->o.view_only && kind == &client_inputs_kind);
}

void client_channels(struct client *c, const struct main_channels_list *m)
{
	for (uint32_t i = 0; i < m->num_of_channels && c->session.n_list < LISTED_MAX; i++) {
		const struct client_kind *kind = kind_of(m->channels[i].type);

		c->session.list = xrealloc(c->session.list, c->session.n_list + 1, sizeof(*c->session.list));
		c->session.list[c->session.n_list++] = m->channels[i];
		if (wanted(c, kind, m->channels[i].id))
			open_channel(c, kind, m->channels[i].id);
	}
	CLIENT_TELL(c, channels);
}

/* ---- time ---- */

static struct client_guest *guest(const struct client *c)
{
	struct client_main *e = end_of(c, WIRE_MAIN, 0);

	return e ? client_main_guest(e) : NULL;
}

static bool channel_overdue(const struct channel *ch, uint64_t now)
{
	if (!is_linked(ch) && now - ch->since > ch->client->o.timeout_ms) {
		log_error("the %s channel was not linked in time", wire_channel_name(ch->kind->type));
		return true;
	}
	if (is_linked(ch) && conn_overdue(ch->conn)) {
		log_error("the server takes no more bytes on the %s channel", wire_channel_name(ch->kind->type));
		return true;
	}
	return false;
}

/* libspice-server 0.15.1 pings an idle client every 15 s, but on a unix socket never: then there is nothing that
 * silence could mean. The pings of the network test at the start say nothing of later ones. */
static void note_pings(struct channel *ch)
{
	if (ch->conn->chan.pings != ch->pings && ch->conn->heard - ch->since > LIM_PING_MS / 2)
		ch->client->pings = true;
	ch->pings = ch->conn->chan.pings;
}

/* L-21: no byte on any channel for so long. */
static bool is_silent(struct client *c, uint64_t now)
{
	struct channel *ch;
	uint64_t heard = 0;

	list_each(ch, &c->channels, link) {
		if (!is_linked(ch))
			return false;
		note_pings(ch);
		heard = ch->conn->heard > heard ? ch->conn->heard : heard;
	}
	return c->pings && now - heard > LIM_SILENT_MS;
}

static void on_tick(uv_timer_t *t)
{
	struct client *c = t->data;
	uint64_t now = uv_now(c->loop), before = c->ticked;
	struct channel *ch;

	c->ticked = now;
	if (guest(c))
		client_guest_tick(guest(c), now);
	if (now - before > OWN_PAUSE_MS)
		return;
	list_each(ch, &c->channels, link) {
		if (channel_overdue(ch, now)) {
			end_session(c, E_TIMEOUT);
			return;
		}
	}
	if (is_silent(c, now)) {
		log_error("the server has fallen silent");
		end_session(c, E_TIMEOUT);
	}
}

/* ---- what the ends ask ---- */

const struct client_ops *client_ops(const struct client *c)
{
	return c->ops;
}

void *client_owner(const struct client *c)
{
	return c->owner;
}

struct client_session *client_known(struct client *c)
{
	return &c->session;
}

size_t *client_surface_bytes(struct client *c)
{
	return &c->surface_bytes;
}

struct image_cache *client_images(struct client *c)
{
	return c->images;
}

struct glz_window *client_glz(struct client *c)
{
	return c->glz;
}

uint8_t client_compression(const struct client *c)
{
	return c->o.compression;
}

unsigned client_codecs(const struct client *c, const uint8_t **codecs)
{
	*codecs = c->o.codecs;
	return c->o.n_codecs;
}

bool client_several_displays(const struct client *c)
{
	struct channel *ch;
	unsigned n = 0;

	list_each(ch, &c->channels, link)
		n += ch->kind == &client_display_kind;
	return n > 1;
}

void client_told_locks(struct client *c, unsigned modifiers)
{
	c->locks = modifiers;
	CLIENT_TELL(c, locks, modifiers);
}

bool client_reached(struct client *c, unsigned type, unsigned id, uint64_t serial)
{
	struct channel *ch = find(c, type, id);

	return !ch || (is_linked(ch) && ch->conn->chan.serial_in >= serial);
}

void client_progress(struct client *c)
{
	struct channel *ch;

	list_each(ch, &c->channels, link) {
		if (parked(ch)) {
			wake(c);
			return;
		}
	}
}

/* ---- for the owner ---- */

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

struct client *client_new(uv_loop_t *loop, const struct endpoint *e, const struct client_options *o,
	const struct client_ops *ops, void *owner)
{
	struct client *c = new(struct client);

	c->loop = loop;
	endpoint_copy(&c->where, e);
	c->o = *o;
	c->password = copy(o->password);
	c->tls_channels = copy(o->tls_channels ? o->tls_channels : e->secure_channels);
	c->disable = copy(o->disable_channels ? o->disable_channels : e->disable_channels);
	if (!c->o.timeout_ms)
		c->o.timeout_ms = DEFAULT_TIMEOUT_MS;
	c->ops = ops;
	c->owner = owner;
	c->images = image_cache_new();
	c->glz = glz_window_new(CLIENT_GLZ_PIXELS);
	list_init(&c->channels);
	uv_timer_init(loop, &c->tick);
	uv_idle_init(loop, &c->idle);
	uv_timer_init(loop, &c->frames);
	c->tick.data = c->frames.data = c->idle.data = c;
	c->handles = 3;
	c->ticked = uv_now(loop);
	uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS);
	open_channel(c, &client_main_kind, 0);
	return c;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	c->ops = &no_ops;
	c->leaving = true;
	uv_timer_stop(&c->tick);
	uv_timer_stop(&c->frames);
	wake(c);
}

const struct client_session *client_session(const struct client *c)
{
	return &c->session;
}

struct pixmap *client_screen(struct client *c, unsigned display)
{
	struct client_display *e = end_of(c, WIRE_DISPLAY, display);

	return e ? client_display_screen(e) : NULL;
}

bool client_marked(const struct client *c, unsigned display)
{
	const struct client_display *e = end_of(c, WIRE_DISPLAY, display);

	return e && client_display_marked(e);
}

unsigned client_monitors(const struct client *c, unsigned display, const struct head **heads)
{
	const struct client_display *e = end_of(c, WIRE_DISPLAY, display);

	return e ? client_display_monitors(e, heads) : 0;
}

const struct client_pointer *client_pointer(const struct client *c, unsigned display)
{
	static const struct client_pointer none;
	const struct client_cursor *e = end_of(c, WIRE_CURSOR, display);

	return e ? client_cursor_pointer(e) : &none;
}

bool client_password_refused(const struct client *c)
{
	return c->password_refused;
}

bool client_mouse_absolute(const struct client *c)
{
	return c->session.mode == MOUSE_MODE_CLIENT;
}

unsigned client_locks(const struct client *c)
{
	return c->locks;
}

bool client_has_agent(const struct client *c)
{
	return guest(c) && client_guest_there(guest(c));
}

int client_resize(struct client *c, const struct head *heads, unsigned n)
{
	return guest(c) && !c->o.view_only ? client_guest_resize(guest(c), heads, n) : E_UNSUP;
}

static struct client_inputs *inputs(const struct client *c)
{
	return end_of(c, WIRE_INPUTS, 0);
}

bool client_has_inputs(const struct client *c)
{
	return inputs(c);
}

void client_key(struct client *c, uint16_t code, bool down)
{
	if (inputs(c))
		client_inputs_key(inputs(c), code, down);
}

void client_set_locks(struct client *c, unsigned modifiers)
{
	if (inputs(c))
		client_inputs_locks(inputs(c), modifiers);
}

void client_motion(struct client *c, int dx, int dy)
{
	if (inputs(c))
		client_inputs_motion(inputs(c), dx, dy);
}

void client_position(struct client *c, unsigned display, int x, int y)
{
	if (inputs(c))
		client_inputs_position(inputs(c), display, x, y);
}

void client_button(struct client *c, unsigned button, bool down)
{
	if (inputs(c))
		client_inputs_button(inputs(c), button, down);
}

void client_wheel(struct client *c, int steps)
{
	unsigned button = steps > 0 ? MOUSE_BUTTON_UP : MOUSE_BUTTON_DOWN;

	for (int i = abs(steps); i > 0; i--) {
		client_button(c, button, true);
		client_button(c, button, false);
	}
}
