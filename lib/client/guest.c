/* What a session asks of the guest's agent: displays of another size. channels.md 1 (agent transport), agent.md 5, 7.
 * The agent is spoken to once there is something to ask, and asked again when it has been away. */
#include "agent/agent.h"
#include "base/err.h"
#include "base/log.h"
#include "client/ends.h"

#include <stdlib.h>

enum {
	/* both of the layouts that may be negotiated are understood */
	CAPS = 1 << AGENT_CAP_MONITORS_CONFIG | 1 << AGENT_CAP_REPLY | 1 << AGENT_CAP_MONITORS_CONFIG_POSITION |
	       1 << AGENT_CAP_CLIPBOARD_SELECTION | 1 << AGENT_CAP_CLIPBOARD_GRAB_SERIAL,
	TOKENS = 64, /* that the server gets */
	DEPTH = 32,
};

struct client_guest {
	struct client *client;
	struct conn *conn;  /* of main; not owned */
	struct agent agent;
	bool there;
	uint32_t tokens;    /* of the server, for when it is spoken to */
	struct head wish[LIM_HEADS];
	unsigned n_wish;
	bool due;           /* the wish waits for the agent's capabilities */
};

/* All that may go now; what is left is pulled as the socket takes it. */
static void move(struct client_guest *g)
{
	struct slice piece;
	uint32_t tokens = agent_owed(&g->agent);

	if (tokens)
		chan_send(&g->conn->chan, C_MAIN_AGENT_TOKEN, &(struct main_agent_token){tokens});
	while (buf_len(&g->conn->chan.out) < LIM_AHEAD && agent_output(&g->agent, &piece))
		chan_send_raw(&g->conn->chan, C_MAIN_AGENT_DATA, piece);
}

int client_guest_pull(struct client_guest *g)
{
	struct slice piece;

	if (!agent_output(&g->agent, &piece))
		return 0;
	chan_send_raw(&g->conn->chan, C_MAIN_AGENT_DATA, piece);
	return 1;
}

/* Places and displays that are off only where the agent says that it knows what they mean. */
static int send_wish(struct client_guest *g)
{
	bool sparse = agent_peer_has(&g->agent, AGENT_CAP_SPARSE_MONITORS_CONFIG);
	struct mon_config monitors[LIM_HEADS];
	struct agent_monitors_config m = {.monitors = monitors};

	if (!agent_peer_has(&g->agent, AGENT_CAP_MONITORS_CONFIG))
		return E_UNSUP;
	if (agent_peer_has(&g->agent, AGENT_CAP_MONITORS_CONFIG_POSITION))
		m.flags = MONITORS_FLAGS_USE_POS;
	for (unsigned i = 0; i < g->n_wish; i++)
		if (sparse || g->wish[i].width)
			monitors[m.num_of_monitors++] = (struct mon_config){.width = g->wish[i].width,
				.height = g->wish[i].height, .depth = DEPTH, .x = (int32_t)g->wish[i].x,
				.y = (int32_t)g->wish[i].y};
	return agent_send(&g->agent, AGENT_MSG_MONITORS_CONFIG, &m);
}

static void on_ready(void *owner)
{
	struct client_guest *g = owner;
	int rc;

	if (!g->due)
		return;
	g->due = false;
	rc = send_wish(g);
	move(g);
	CLIENT_TELL(g->client, resized, rc);
}

static void on_reply(void *owner, uint32_t type, bool done)
{
	struct client_guest *g = owner;

	if (type == AGENT_MSG_MONITORS_CONFIG && !done)
		log_info("%s: the guest has not changed its displays", g->conn->name);
}

static const struct agent_ops ops = {.ready = on_ready, .reply = on_reply};

static void speak(struct client_guest *g)
{
	chan_send(&g->conn->chan, C_MAIN_AGENT_START, &(struct main_agent_token){TOKENS});
	agent_open(&g->agent, g->tokens, TOKENS);
	move(g);
}

static void came(struct client_guest *g)
{
	bool spoken = g->n_wish != 0;

	g->there = true;
	g->due = spoken;
	if (spoken)
		speak(g);
}

static void went(struct client_guest *g)
{
	bool due = g->due;

	g->there = g->due = false;
	agent_close(&g->agent);
	if (due)
		CLIENT_TELL(g->client, resized, E_UNSUP);
}

/* What can't be understood costs the agent, not the session: the guest is less to be trusted than its server. */
static void data(struct client_guest *g, struct slice piece)
{
	if (!g->agent.open)
		return;
	if (agent_input(&g->agent, piece, uv_now(g->conn->loop)))
		went(g);
	else
		move(g);
}

bool client_guest_message(struct client_guest *g, unsigned number, const void *body)
{
	const struct main_init *init = body;
	const struct main_agent_token *tokens = body;

	switch (number) {
	case S_MAIN_INIT:
		g->tokens = init->agent_tokens;
		g->there = init->agent_connected;
		return false;
	case S_MAIN_AGENT_CONNECTED_TOKENS:
		g->tokens = tokens->num_tokens;
		came(g);
		return true;
	case S_MAIN_AGENT_CONNECTED: /* tokens stay what they were */
		g->tokens = g->agent.open ? g->agent.credit : g->tokens;
		came(g);
		return true;
	case S_MAIN_AGENT_DISCONNECTED:
		g->tokens = g->agent.open ? g->agent.credit : g->tokens;
		went(g);
		return true;
	case S_MAIN_AGENT_TOKEN:
		agent_credit(&g->agent, tokens->num_tokens);
		move(g);
		return true;
	case S_MAIN_AGENT_DATA:
		data(g, ((const struct opaque *)body)->data);
		return true;
	}
	return false;
}

bool client_guest_there(const struct client_guest *g)
{
	return g->there;
}

int client_guest_resize(struct client_guest *g, const struct head *heads, unsigned n)
{
	int rc;

	if (!n || n > LIM_HEADS)
		return E_LIMIT;
	memcpy(g->wish, heads, n * sizeof(*heads));
	g->n_wish = n;
	if (!g->there)
		return E_UNSUP;
	if (!g->agent.known) {
		g->due = true;
		if (!g->agent.open)
			speak(g);
		return E_AGAIN;
	}
	rc = send_wish(g);
	move(g);
	return rc;
}

void client_guest_tick(struct client_guest *g, uint64_t now)
{
	agent_tick(&g->agent, now);
}

struct client_guest *client_guest_new(struct client *c, struct conn *main)
{
	struct client_guest *g = new(struct client_guest);

	g->client = c;
	g->conn = main;
	agent_init(&g->agent, AGENT_CLIENT, CAPS, main->name, &ops, g);
	return g;
}

void client_guest_free(struct client_guest *g)
{
	if (!g)
		return;
	agent_fini(&g->agent);
	free(g);
}
