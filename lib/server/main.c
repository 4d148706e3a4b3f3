/* The server's end of the main channel. channels.md 1; order of the first messages as libspice-server sends them. */
#include "base/err.h"
#include "base/log.h"
#include "server/session.h"

#include <stdlib.h>

enum {
	NET_TEST_BYTES = 256000, /* wire.md 6 */
	NET_PINGS = 3,
	RAM_HINT = 64 << 20,
};

struct server_main {
	struct session *session;
	struct conn *conn;
	uint32_t ping_id;
	bool attached;
	/* the network test: its pings are the first ones, NET_PINGS of them, the last with NET_TEST_BYTES */
	uint64_t sent_us[NET_PINGS + 1]; /* by id */
	uint64_t latency_us;
};

static bool client_has(const struct server_main *e, unsigned bit)
{
	const struct link_caps *caps = conn_peer_caps(e->conn);

	return cap_has(caps->channel, caps->n_channel, bit);
}

static uint32_t mode_bit(bool client)
{
	return client ? MOUSE_MODE_CLIENT : MOUSE_MODE_SERVER;
}

static void send_ping(struct server_main *e, size_t filler)
{
	struct buf zero = {0};
	struct ping ping = {.id = e->ping_id++, .timestamp = uv_hrtime() / 1000};

	if (ping.id <= NET_PINGS)
		e->sent_us[ping.id] = ping.timestamp;
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
		.multi_media_time = session_mm_time(s),
		.ram_hint = RAM_HINT,
	};

	chan_send(&e->conn->chan, S_MAIN_INIT, &init);
	if (client_has(e, MAIN_CAP_NAME_AND_UUID)) {
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
	uint64_t us;

	if (p->id == 0 || p->id > NET_PINGS || !e->sent_us[p->id])
		return;
	us = uv_hrtime() / 1000 - e->sent_us[p->id];
	e->sent_us[p->id] = 0;
	if (p->id < NET_PINGS) {
		e->latency_us = !e->latency_us || us < e->latency_us ? us : e->latency_us;
		return;
	}
	us = us > e->latency_us ? us - e->latency_us : 1;
	session_measured(e->session, 8ull * NET_TEST_BYTES * 1000000 / us);
}

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
	case C_MAIN_AGENT_DATA:
		log_warn("%s: main channel: agent data without an agent", e->conn->name);
		return E_PROTO;
	default: /* AGENT_START and others that ask for nothing here */
		return 0;
	}
}

static const struct chan_ops ops = {.message = message};

struct server_main *server_main_new(struct session *s, struct conn *c)
{
	struct server_main *e = new(struct server_main);

	e->session = s;
	e->conn = c;
	e->ping_id = 1;
	conn_attach(c, &ops, e);
	send_hello(e);
	return e;
}

void server_main_free(struct server_main *e)
{
	if (!e)
		return;
	conn_close(e->conn, true);
	free(e);
}

struct conn *server_main_conn(const struct server_main *e)
{
	return e->conn;
}
