/* The session: the main channel, and the others as CHANNELS_LIST names them. channels.md 1.
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
};

/* A channel, from the wish for it to its end. */
struct channel {
	struct client *client;
	struct list link;
	uint8_t type, id;
	bool tls;                     /* of this attempt */
	uint64_t since;
	uint32_t pings;               /* of conn->chan, at the last tick */
	struct connecting *connecting;
	struct conn *conn;            /* in its link stage, and main's for good */
	struct client_display *display;  /* the end, once linked */
	struct client_inputs *inputs;
	struct client_cursor *cursor;
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
	struct client_guest *guest; /* while main is linked */
	struct image_cache *images;
	struct glz_window *glz;
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
	bool asked_mode;   /* for the absolute mouse mode, since it was last possible */
};

static const struct client_ops no_ops;

static void open_channel(struct client *c, unsigned type, unsigned id);
static void connect_channel(struct channel *ch);

/* ---- the end of a session ---- */

static void wake(struct client *c);

static void end_session(struct client *c, int err)
{
	if (!c->over)
		c->over = err;
	wake(c);
}

static void channel_free(struct channel *ch)
{
	struct conn *end_conn = ch->display ? client_display_conn(ch->display)
		: ch->inputs ? client_inputs_conn(ch->inputs)
		: ch->cursor ? client_cursor_conn(ch->cursor) : NULL;

	list_remove(&ch->link);
	net_connect_cancel(ch->connecting);
	if (ch->type == WIRE_MAIN) {
		client_guest_free(ch->client->guest);
		ch->client->guest = NULL;
	}
	client_display_free(ch->display);
	client_inputs_free(ch->inputs);
	client_cursor_free(ch->cursor);
	if (ch->conn != end_conn)
		conn_close(ch->conn, true);
	free(ch);
}

static void drop_channels(struct client *c)
{
	struct channel *ch;

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
	if (c->password)
		explicit_bzero(c->password, strlen(c->password));
	free(c->password);
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

static void set_mm_time(struct client *c, uint32_t time)
{
	int32_t step = (int32_t)(time - client_mm_time(c));
	struct channel *ch;

	c->mm_time = time;
	c->mm_at = uv_now(c->loop);
	list_each(ch, &c->channels, link) {
		if (!ch->display)
			continue;
		if (step > MM_JUMP_MS || step < -MM_JUMP_MS)
			client_display_jump(ch->display);
		else
			client_display_frames(ch->display);
	}
}

static void on_frames(uv_timer_t *t)
{
	struct client *c = t->data;
	struct channel *ch;

	list_each(ch, &c->channels, link)
		if (ch->display)
			client_display_frames(ch->display);
}

void client_wake_frames(struct client *c, uint32_t ms)
{
	if (c->leaving || c->over)
		return;
	if (!uv_is_active((uv_handle_t *)&c->frames) || uv_timer_get_due_in(&c->frames) > ms)
		uv_timer_start(&c->frames, on_frames, ms, 0);
}

/* ---- the main channel ---- */

static void told_modes(struct client *c, unsigned supported, unsigned current)
{
	bool was = client_mouse_absolute(c);
	struct channel *main = list_first(&c->channels, struct channel, link);

	c->session.supported_modes = supported;
	c->session.mode = current;
	/* asked for once: a server that has said no, or goes back, has its reasons */
	if (supported & MOUSE_MODE_CLIENT && current != MOUSE_MODE_CLIENT && !c->asked_mode)
		chan_send(&main->conn->chan, C_MAIN_MOUSE_MODE_REQUEST,
			&(struct main_mouse_mode_request){MOUSE_MODE_CLIENT});
	c->asked_mode = supported & MOUSE_MODE_CLIENT;
	if (was != client_mouse_absolute(c))
		CLIENT_TELL(c, mouse_mode, client_mouse_absolute(c));
}

static int init(struct client *c, struct conn *conn, const struct main_init *m)
{
	if (c->session.id) {
		log_error("%s: main channel: a second INIT", conn->name);
		return E_PROTO;
	}
	c->session.id = m->session_id;
	c->session.agent = m->agent_connected;
	c->session.ram_hint = m->ram_hint;
	set_mm_time(c, m->multi_media_time);
	c->session.main_caps = conn_peer_caps(conn);
	chan_send(&conn->chan, C_MAIN_ATTACH_CHANNELS, NULL);
	told_modes(c, m->supported_mouse_modes, m->current_mouse_mode);
	CLIENT_TELL(c, joined);
	return 0;
}

static bool have(struct client *c, unsigned type, unsigned id)
{
	struct channel *ch;

	list_each(ch, &c->channels, link)
		if (ch->type == type && ch->id == id)
			return true;
	return false;
}

/* Complete at first; later only what is new (channels.md 1). */
static void channels_list(struct client *c, const struct main_channels_list *m)
{
	for (uint32_t i = 0; i < m->num_of_channels; i++) {
		struct channel_id ch = m->channels[i];
		bool wanted = ch.type == WIRE_CURSOR || (ch.type == WIRE_DISPLAY && ch.id < CLIENT_DISPLAYS) ||
			      (ch.type == WIRE_INPUTS && !c->o.view_only);

		if (c->session.n_list == 256)
			break;
		c->session.list = xrealloc(c->session.list, c->session.n_list + 1, sizeof(ch));
		c->session.list[c->session.n_list++] = ch;
		if (wanted && !have(c, ch.type, ch.id) && !wire_channel_listed(c->disable, ch.type))
			open_channel(c, ch.type, ch.id);
	}
	CLIENT_TELL(c, channels);
}

static void name(struct client *c, const struct main_name *m)
{
	free(c->session.name);
	c->session.name = m->name.n ? xstrndup((const char *)m->name.p, m->name.n) : NULL;
}

static void say_notice(const struct conn *conn, const struct notify *m)
{
	enum log_level level = m->severity == NOTIFY_SEVERITY_INFO ? LOG_DEBUG : LOG_INFO;

	log_msg(level, "%s: the server says: %.*s", conn->name, (int)(m->message.n < 300 ? m->message.n : 300),
		(const char *)m->message.p);
}

static void say_disconnecting(const struct conn *conn, const struct disconnecting *m)
{
	const char *word = wire_enum_word("link_err", m->reason);

	if (m->reason == LINK_ERR_OK)
		log_info("%s: the server says goodbye", conn->name);
	else
		log_warn("%s: the server ends the session: %s", conn->name, word ? word : "unknown reason");
}

static int main_message(void *end, const struct wire_msg *m, const void *body)
{
	struct channel *ch = end;
	struct client *c = ch->client;
	const struct main_mouse_mode *modes = body;

	if (client_guest_message(c->guest, m->number, body)) {
		c->session.agent = client_guest_there(c->guest);
		return 0;
	}
	switch (m->number) {
	case S_MAIN_INIT:
		return init(c, ch->conn, body);
	case S_MAIN_CHANNELS_LIST:
		channels_list(c, body);
		return 0;
	case S_MAIN_NAME:
		name(c, body);
		return 0;
	case S_MAIN_UUID:
		memcpy(c->session.uuid, ((const struct main_uuid *)body)->uuid, sizeof(c->session.uuid));
		c->session.has_uuid = true;
		return 0;
	case S_MAIN_MULTI_MEDIA_TIME:
		set_mm_time(c, ((const struct main_multi_media_time *)body)->time);
		return 0;
	case S_MAIN_MOUSE_MODE:
		told_modes(c, modes->supported_modes, modes->current_mode);
		return 0;
	case S_MAIN_MIGRATE_BEGIN:
	case S_MAIN_MIGRATE_BEGIN_SEAMLESS: /* we do not follow */
		chan_send(&ch->conn->chan, C_MAIN_MIGRATE_CONNECT_ERROR, NULL);
		return 0;
	case S_MAIN_MIGRATE_SWITCH_HOST:
		log_error("%s: the server sends us to another host, which is not followed", ch->conn->name);
		return E_AUTH;
	case S_BASE_NOTIFY:
		say_notice(ch->conn, body);
		return 0;
	case S_BASE_DISCONNECTING:
		say_disconnecting(ch->conn, body);
		return 0;
	}
	client_progress(c);
	return 0;
}

static int main_pull(void *end)
{
	return client_guest_pull(((struct channel *)end)->client->guest);
}

static const struct chan_ops main_ops = {.message = main_message, .pull = main_pull};

/* ---- channels ---- */

static void caps_for(unsigned type, struct link_caps *caps)
{
	*caps = (struct link_caps){.n_common = 1};
	caps->common[0] = 1u << COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1u << COMMON_CAP_AUTH_SPICE |
			  1u << COMMON_CAP_MINI_HEADER;
	if (type == WIRE_MAIN)
		caps->channel[0] = 1u << MAIN_CAP_NAME_AND_UUID | 1u << MAIN_CAP_AGENT_CONNECTED_TOKENS;
	else if (type == WIRE_DISPLAY)
		caps->channel[0] = 1u << DISPLAY_CAP_SIZED_STREAM | 1u << DISPLAY_CAP_MONITORS_CONFIG |
				   1u << DISPLAY_CAP_LZ4_COMPRESSION | 1u << DISPLAY_CAP_STREAM_REPORT |
				   1u << DISPLAY_CAP_MULTI_CODEC | 1u << DISPLAY_CAP_CODEC_MJPEG |
				   1u << DISPLAY_CAP_CODEC_VP8 |
				   1u << DISPLAY_CAP_COMPOSITE | 1u << DISPLAY_CAP_A8_SURFACE;
	caps->n_channel = caps->channel[0] ? 1 : 0;
}

static void attach(struct channel *ch)
{
	struct client *c = ch->client;

	switch (ch->type) {
	case WIRE_MAIN:
		c->guest = client_guest_new(c, ch->conn);
		conn_attach(ch->conn, &main_ops, ch);
		break;
	case WIRE_DISPLAY:
		ch->display = client_display_new(c, ch->conn);
		break;
	case WIRE_INPUTS:
		ch->inputs = client_inputs_new(c, ch->conn);
		CLIENT_TELL(c, inputs);
		break;
	case WIRE_CURSOR:
		ch->cursor = client_cursor_new(c, ch->conn);
		break;
	}
}

static void linked(void *owner, struct conn *conn)
{
	(void)conn;
	attach(owner);
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
	log_info("%s: %s channel: %s", conn->name, wire_channel_name(ch->type), err_str(err));
	if (err == E_SECURE && can_try_tls(ch)) {
		conn_close(ch->conn, false);
		ch->conn = NULL;
		ch->tls = true;
		connect_channel(ch);
		return;
	}
	if (err == E_SECURE)
		log_error("%s: the %s channel needs TLS", conn->name, wire_channel_name(ch->type));
	/* a channel that is not offered, or an input or pointer channel that ends, leaves the rest alive */
	if (ch->type != WIRE_MAIN && ((!was_linked && err == E_UNSUP) ||
		(was_linked && err == E_CLOSED && ch->type != WIRE_DISPLAY))) {
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
	struct link_caps caps;

	ch->connecting = NULL;
	if (err) {
		end_session(c, err);
		return;
	}
	caps_for(ch->type, &caps);
	ch->conn = conn_client(c->loop, x, ch->type == WIRE_MAIN ? 0 : c->session.id, ch->type, ch->id, &caps,
		c->password, &conn_ops, ch);
}

static void connect_channel(struct channel *ch)
{
	struct client *c = ch->client;

	ch->since = uv_now(c->loop);
	ch->connecting = net_connect(c->loop, &c->where, ch->tls, c->o.tls, c->o.timeout_ms, connected, ch);
}

static void open_channel(struct client *c, unsigned type, unsigned id)
{
	struct channel *ch = new(struct channel);

	ch->client = c;
	ch->type = (uint8_t)type;
	ch->id = (uint8_t)id;
	ch->tls = !c->where.unix_path && (wire_channel_listed(c->tls_channels, type) || !c->where.port);
	list_append(&c->channels, &ch->link);
	connect_channel(ch);
}

/* ---- time ---- */

static bool channel_overdue(const struct channel *ch, uint64_t now)
{
	if (!is_linked(ch) && now - ch->since > ch->client->o.timeout_ms) {
		log_error("the %s channel was not linked in time", wire_channel_name(ch->type));
		return true;
	}
	if (is_linked(ch) && conn_overdue(ch->conn)) {
		log_error("the server takes no more bytes on the %s channel", wire_channel_name(ch->type));
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
	if (c->guest)
		client_guest_tick(c->guest, now);
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
		n += ch->type == WIRE_DISPLAY;
	return n > 1;
}

void client_told_locks(struct client *c, unsigned modifiers)
{
	c->locks = modifiers;
	CLIENT_TELL(c, locks, modifiers);
}

bool client_reached(struct client *c, unsigned type, unsigned id, uint64_t serial)
{
	struct channel *ch;

	list_each(ch, &c->channels, link)
		if (ch->type == type && ch->id == id)
			return is_linked(ch) && ch->conn->chan.serial_in >= serial;
	return true;
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
	open_channel(c, WIRE_MAIN, 0);
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

static struct channel *find(const struct client *c, unsigned type, unsigned id)
{
	struct channel *ch;

	list_each(ch, &c->channels, link)
		if (ch->type == type && ch->id == id)
			return ch;
	return NULL;
}

struct pixmap *client_screen(struct client *c, unsigned display)
{
	struct channel *ch = find(c, WIRE_DISPLAY, display);

	return ch && ch->display ? client_display_screen(ch->display) : NULL;
}

bool client_marked(const struct client *c, unsigned display)
{
	struct channel *ch = find(c, WIRE_DISPLAY, display);

	return ch && ch->display && client_display_marked(ch->display);
}

unsigned client_monitors(const struct client *c, unsigned display, const struct head **heads)
{
	struct channel *ch = find(c, WIRE_DISPLAY, display);

	return ch && ch->display ? client_display_monitors(ch->display, heads) : 0;
}

const struct client_pointer *client_pointer(const struct client *c, unsigned display)
{
	static const struct client_pointer none;
	struct channel *ch = find(c, WIRE_CURSOR, display);

	return ch && ch->cursor ? client_cursor_pointer(ch->cursor) : &none;
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
	return c->guest && client_guest_there(c->guest) && !c->o.view_only;
}

int client_resize(struct client *c, const struct head *heads, unsigned n)
{
	return c->guest && !c->o.view_only ? client_guest_resize(c->guest, heads, n) : E_UNSUP;
}

static struct client_inputs *inputs(const struct client *c)
{
	struct channel *ch = find(c, WIRE_INPUTS, 0);

	return ch ? ch->inputs : NULL;
}

bool client_has_inputs(const struct client *c)
{
	return inputs(c);
}

void client_key(struct client *c, unsigned code, bool down)
{
	if (inputs(c))
		client_inputs_key(inputs(c), code, down);
}

void client_release_keys(struct client *c)
{
	if (inputs(c))
		client_inputs_release(inputs(c));
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

bool client_idle(const struct client *c)
{
	return !inputs(c) || client_inputs_idle(inputs(c));
}
