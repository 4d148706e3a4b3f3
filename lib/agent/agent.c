/* The agent's peer: its coming and going, capabilities, tokens, and the queue of messages that leaves in pieces.
 * agent.md 1 and 2. A message always begins in a new piece: real servers insist on it. */
#include "agent/private.h"

#include "base/err.h"

enum { BATCH = 5 /* tokens are given back so many at a time, as libspice-server does */ };

void agent_init(struct agent *a, enum agent_role role, uint32_t caps, const char *name, const struct agent_ops *ops,
	void *owner)
{
	*a = (struct agent){.role = role, .ours = caps, .name = name, .ops = ops, .owner = owner, .max_clipboard = -1};
}

void agent_close(struct agent *a)
{
	const struct agent fresh = {.role = a->role, .ours = a->ours, .name = a->name, .ops = a->ops,
		.owner = a->owner, .max_clipboard = -1, .now = a->now, .log = a->log};

	buf_fini(&a->out);
	buf_fini(&a->in.body);
	arena_fini(&a->arena);
	*a = fresh;
}

void agent_fini(struct agent *a)
{
	agent_close(a);
}

/* ---- capabilities ---- */

bool agent_both(const struct agent *a, unsigned bit)
{
	return agent_peer_has(a, bit) && a->ours >> bit & 1;
}

uint32_t agent_layout(const struct agent *a)
{
	return (agent_both(a, AGENT_CAP_CLIPBOARD_SELECTION) ? WIRE_CAP_SELECTION : 0) |
	       (agent_both(a, AGENT_CAP_CLIPBOARD_GRAB_SERIAL) ? WIRE_CAP_GRAB_SERIAL : 0);
}

static void announce(struct agent *a)
{
	struct agent_announce_capabilities m = {
		.request = a->role == AGENT_CLIENT && !a->known, .caps = &a->ours, .caps_n = 1};

	a->announced = true;
	a->answer_due = false;
	agent_send(a, AGENT_MSG_ANNOUNCE_CAPABILITIES, &m);
}

void agent_open(struct agent *a, uint32_t credit, uint32_t grant)
{
	agent_close(a);
	a->open = true;
	a->credit = credit;
	a->granted = grant;
	if (a->role == AGENT_CLIENT)
		announce(a);
}

/* ---- tokens ---- */

static uint32_t sum(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

void agent_credit(struct agent *a, uint32_t tokens)
{
	a->credit = sum(a->credit, tokens);
	a->waits &= !a->credit;
}

void agent_watch_tokens(struct agent *a)
{
	bool waits = a->open && !a->credit && (agent_queued(a) || a->answer_due);

	if (waits && !a->waits)
		a->waits_since = a->now;
	a->waits = waits;
}

bool agent_starved(const struct agent *a)
{
	return a->waits && a->now - a->waits_since >= LIM_AGENT_TOKENS_MS;
}

uint32_t agent_owed(struct agent *a)
{
	uint32_t n = a->owed;

	if (n < BATCH)
		return 0;
	a->owed = 0;
	a->granted = sum(a->granted, n);
	return n;
}

/* ---- output ---- */

bool agent_output(struct agent *a, struct slice *piece)
{
	size_t n;

	buf_skip(&a->out, a->sent);
	a->sent = 0;
	if (a->answer_due && !buf_len(&a->out))
		announce(a);
	if (!a->credit || !buf_len(&a->out)) {
		buf_trim(&a->out);
		return false;
	}
	if (!a->left)
		a->left = AGENT_HEADER + (size_t)get_le32(buf_data(&a->out) + 16);
	n = a->left < LIM_AGENT_PIECE ? a->left : LIM_AGENT_PIECE;
	*piece = slice_of(buf_data(&a->out), n);
	a->sent = n;
	a->left -= n;
	a->credit--;
	return true;
}

int agent_send(struct agent *a, unsigned type, const void *body)
{
	const struct wire_msg *m = wire_msg_find(WIRE_AGENT, a->role == AGENT_CLIENT ? WIRE_C : WIRE_S, type);
	size_t start;
	int rc;

	if (!a->open)
		return E_CLOSED;
	if (agent_queued(a) >= LIM_AGENT_QUEUE)
		return E_AGAIN;
	if (!m)
		return E_UNSUP;
	start = buf_len(&a->out);
	buf_le32(&a->out, AGENT_PROTOCOL);
	buf_le32(&a->out, type);
	buf_le64(&a->out, 0);
	buf_le32(&a->out, 0);
	rc = wire_encode(m->desc(), body, agent_layout(a), &a->out);
	if (rc)
		a->out.end = a->out.off + start;
	else
		put_le32(buf_data(&a->out) + start + 16, (uint32_t)(buf_len(&a->out) - start - AGENT_HEADER));
	return rc;
}

int agent_reply(struct agent *a, unsigned type, bool done)
{
	struct agent_reply m = {.type = type, .error = done ? AGENT_REPLY_ERROR_SUCCESS : AGENT_REPLY_ERROR_ERROR};

	return a->ours >> AGENT_CAP_REPLY & 1 ? agent_send(a, AGENT_MSG_REPLY, &m) : E_UNSUP;
}
