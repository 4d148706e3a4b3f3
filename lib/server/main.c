/* The server's end of the main channel. channels.md 1; order of the first messages as libspice-server sends them.
 *
 * There is no guest with an agent behind us. Where the source can change the size of its displays, we are the agent:
 * one that knows of displays and of nothing else. */
#include "agent/agent.h"
#include "base/err.h"
#include "base/log.h"
#include "server/session.h"

#include <stdlib.h>

enum {
	NET_TEST_BYTES = 256000, /* wire.md 6 */
	NET_PINGS = 3,
	RAM_HINT = 64 << 20,
	/* spice-gtk sends all 16 displays, those that are off as 0x0, to an agent that knows of sparse ones */
	AGENT_CAPS = 1 << AGENT_CAP_MONITORS_CONFIG | 1 << AGENT_CAP_REPLY | 1 << AGENT_CAP_SPARSE_MONITORS_CONFIG |
		     1 << AGENT_CAP_MONITORS_CONFIG_POSITION | 1 << AGENT_CAP_FILE_XFER_DISABLED,
};

struct server_main {
	struct session *session;
	struct conn *conn;
	uint32_t ping_id;
	bool attached;
	/* The network test: its pings are the first ones, NET_PINGS of them, the last with NET_TEST_BYTES. Later ones
	 * tell how long the way is by then. */
	uint64_t sent_us[NET_PINGS + 1]; /* by id; 0: one that came later */
	uint32_t later_id;
	bool has_agent;
	struct agent agent;
};

static uint32_t mode_bit(bool client)
{
	return client ? MOUSE_MODE_CLIENT : MOUSE_MODE_SERVER;
}

static void send_ping(struct server_main *e, size_t filler)
{
	struct buf zero = {0};
	struct ping ping = {.id = e->ping_id++, .timestamp = uv_hrtime() / 1000};

	if (ping.id > NET_PINGS)
		e->later_id = ping.id;
	e->sent_us[ping.id <= NET_PINGS ? ping.id : 0] = ping.timestamp;
	if (filler) {
		memset(buf_reserve(&zero, filler), 0, filler);
		buf_commit(&zero, filler);
	}
	ping.data = buf_slice(&zero);
	chan_send(&e->conn->chan, S_BASE_PING, &ping);
	buf_fini(&zero);
}

static void send_hello(struct server_main *e)
{
	struct session *s = e->session;
	const char *name = session_options(s)->name;
	struct main_init init = {
		.session_id = s->info.id,
		.display_channels_hint = 1,
		.supported_mouse_modes = MOUSE_MODE_SERVER | MOUSE_MODE_CLIENT,
		.current_mouse_mode = mode_bit(session_client_mouse(s)),
		.agent_connected = e->has_agent,
		.agent_tokens = e->has_agent ? AGENT_TOKENS : 0,
		.multi_media_time = session_mm_time(s),
		.ram_hint = RAM_HINT,
	};

	chan_send(&e->conn->chan, S_MAIN_INIT, &init);
	if (conn_peer_can(e->conn, MAIN_CAP_NAME_AND_UUID)) {
		struct main_name n = {.name_len = (uint32_t)strlen(name) + 1,
			.name = slice_of(name, strlen(name) + 1)};
		struct main_uuid uuid = {{0}};

		chan_send(&e->conn->chan, S_MAIN_NAME, &n);
		chan_send(&e->conn->chan, S_MAIN_UUID, &uuid);
	}
	if (!e->conn->info.local) {
		send_ping(e, 0);
		send_ping(e, 0);
		send_ping(e, NET_TEST_BYTES);
	}
}

static void send_channels(struct server_main *e)
{
	struct channel_id list[] = {{CHANNEL_TYPE_DISPLAY, 0}, {CHANNEL_TYPE_INPUTS, 0}, {CHANNEL_TYPE_CURSOR, 0}};

	chan_send(&e->conn->chan, S_MAIN_CHANNELS_LIST,
		&(struct main_channels_list){ARRAY_SIZE(list), list});
}

void server_main_mouse_mode(struct server_main *e, bool client)
{
	chan_send(&e->conn->chan, S_MAIN_MOUSE_MODE,
		&(struct main_mouse_mode){MOUSE_MODE_SERVER | MOUSE_MODE_CLIENT, (uint16_t)mode_bit(client)});
}

void server_main_ping(struct server_main *e)
{
	send_ping(e, 0);
}

void server_main_goodbye(struct server_main *e)
{
	chan_send(&e->conn->chan, S_BASE_DISCONNECTING,
		&(struct disconnecting){.time_stamp = uv_hrtime(), .reason = LINK_ERR_OK});
}

/* The way there and back by the small ones; what the large one takes beyond that is the link's speed. */
static void pong(struct server_main *e, const struct pong *p)
{
	uint32_t id = p->id == e->later_id ? 0 : p->id;
	uint64_t us, latency;

	if (id > NET_PINGS || !e->sent_us[id])
		return;
	us = uv_hrtime() / 1000 - e->sent_us[id];
	e->sent_us[id] = 0;
	if (id < NET_PINGS) {
		link_rate_trip(&e->session->rate, us);
		return;
	}
	latency = link_rate_latency(&e->session->rate);
	us = us > latency ? us - latency : 1;
	session_measured(e->session, 8ull * NET_TEST_BYTES * 1000000 / us);
}

/* ---- the agent ---- */

/* So that nothing is left of them or above. */
static void move_to_origin(struct head *heads, unsigned n)
{
	uint32_t x = UINT32_MAX, y = UINT32_MAX;

	for (unsigned i = 0; i < n; i++) {
		x = heads[i].x < x ? heads[i].x : x;
		y = heads[i].y < y ? heads[i].y : y;
	}
	for (unsigned i = 0; i < n; i++) {
		heads[i].x -= x;
		heads[i].y -= y;
	}
}

/* The displays that are on; 0 when one of them can't be. Without positions they stand side by side. */
static unsigned wished_heads(const struct agent_monitors_config *m, struct head *heads)
{
	uint64_t pixels = 0;
	uint32_t x = 0;
	unsigned n = 0;

	for (uint32_t i = 0; i < m->num_of_monitors; i++) {
		const struct mon_config *c = &m->monitors[i];
		bool placed = m->flags & MONITORS_FLAGS_USE_POS && c->x >= 0 && c->y >= 0;

		if (!c->width && !c->height)
			continue;
		if (!c->width || !c->height || c->width > LIM_IMAGE_SIDE || c->height > LIM_IMAGE_SIDE ||
			(placed && (c->x > LIM_IMAGE_SIDE || c->y > LIM_IMAGE_SIDE)))
			return 0;
		heads[n] = (struct head){.monitor_id = i, .width = c->width, .height = c->height,
			.x = placed ? (uint32_t)c->x : x, .y = placed ? (uint32_t)c->y : 0};
		x += c->width;
		pixels += (uint64_t)c->width * c->height;
		n++;
	}
	move_to_origin(heads, n);
	return pixels <= LIM_IMAGE_PIXELS ? n : 0;
}

static void on_monitors(void *owner, const struct agent_monitors_config *m)
{
	struct server_main *e = owner;
	struct head heads[LIM_AGENT_MONITORS];
	unsigned n = wished_heads(m, heads);

	agent_reply(&e->agent, AGENT_MSG_MONITORS_CONFIG, n && session_resize(e->session, heads, n));
}

static const struct agent_ops agent_ops = {.monitors = on_monitors};

static int pull(void *end)
{
	struct server_main *e = end;
	struct slice piece;

	if (!agent_output(&e->agent, &piece))
		return 0;
	chan_send_raw(&e->conn->chan, S_MAIN_AGENT_DATA, piece);
	return 1;
}

static int agent_data(struct server_main *e, struct slice piece)
{
	int rc = agent_input(&e->agent, piece, uv_now(e->conn->loop));
	uint32_t tokens = agent_owed(&e->agent);

	if (tokens)
		chan_send(&e->conn->chan, S_MAIN_AGENT_TOKEN, &(struct main_agent_token){tokens});
	pump_kick(e->conn->pump);
	return rc;
}

bool server_main_tick(struct server_main *e, uint64_t now)
{
	agent_tick(&e->agent, now);
	return !agent_starved(&e->agent);
}

/* ---- messages ---- */

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct server_main *e = end;
	const struct main_mouse_mode_request *mode = body;

	switch (m->number) {
	case C_MAIN_ATTACH_CHANNELS:
		if (!e->attached)
			send_channels(e);
		e->attached = true;
		return 0;
	case C_MAIN_MOUSE_MODE_REQUEST:
		if (!e->session->info.view_only &&
			(mode->mode == MOUSE_MODE_CLIENT || mode->mode == MOUSE_MODE_SERVER))
			server_mouse_mode(e->session->server, mode->mode == MOUSE_MODE_CLIENT);
		return 0;
	case C_BASE_PONG:
		pong(e, body);
		return 0;
	case C_MAIN_AGENT_START:
		if (e->has_agent)
			agent_open(&e->agent, ((const struct main_agent_token *)body)->num_tokens, AGENT_TOKENS);
		return 0;
	case C_MAIN_AGENT_TOKEN:
		agent_credit(&e->agent, ((const struct main_agent_token *)body)->num_tokens);
		pump_kick(e->conn->pump);
		return 0;
	case C_MAIN_AGENT_DATA:
		return agent_data(e, ((const struct opaque *)body)->data);
	default: /* others that ask for nothing here */
		return 0;
	}
}

static const struct chan_ops ops = {.message = message, .pull = pull};

struct server_main *server_main_new(struct session *s, struct conn *c)
{
	struct server_main *e = new(struct server_main);

	e->session = s;
	e->conn = c;
	e->ping_id = c->info.local ? NET_PINGS + 1 : 1; /* which is not tested */
	e->has_agent = session_options(s)->resize && !s->info.view_only;
	agent_init(&e->agent, AGENT_GUEST, AGENT_CAPS, c->name, &agent_ops, e);
	conn_attach(c, &ops, e);
	send_hello(e);
	return e;
}

void server_main_free(struct server_main *e)
{
	if (!e)
		return;
	conn_close(e->conn, true);
	agent_fini(&e->agent);
	free(e);
}

struct conn *server_main_conn(const struct server_main *e)
{
	return e->conn;
}
