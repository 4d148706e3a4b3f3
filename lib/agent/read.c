/* The agent's input: messages put together from pieces in any cutting, checked, and handed on. L-14: nothing is kept
 * that is not understood, a clipboard only up to its maximum, bytes of files never. What is well framed but wrong
 * is passed over with a line in the log; only a broken frame, or pieces without tokens, end the understanding. */
#include "agent/private.h"

#include "base/err.h"
#include "base/mem.h"

static void say(struct agent *a, const char *what)
{
	log_peer(&a->log, a->now, LOG_WARN, "%s: agent: %s: %s", a->name,
		a->in.row ? a->in.row->name : "message", what);
}

/* ---- what messages do ---- */

static int got_announce(struct agent *a, const void *body)
{
	const struct agent_announce_capabilities *m = body;

	if (m->caps_n > LIM_AGENT_CAPS)
		return E_LIMIT;
	a->known = true;
	a->theirs = m->caps_n ? m->caps[0] : 0;
	/* answered when the queue is empty: a peer that asks and asks makes us hold nothing */
	a->answer_due |= m->request || !a->announced;
	if (a->ops->ready)
		a->ops->ready(a->owner);
	return 0;
}

static int got_monitors(struct agent *a, const void *body)
{
	const struct agent_monitors_config *m = body;

	if (m->num_of_monitors > LIM_AGENT_MONITORS) {
		agent_reply(a, AGENT_MSG_MONITORS_CONFIG, false);
		return E_LIMIT;
	}
	if (a->ops->monitors)
		a->ops->monitors(a->owner, m);
	return 0;
}

static int got_reply(struct agent *a, const void *body)
{
	const struct agent_reply *m = body;

	if (a->ops->reply)
		a->ops->reply(a->owner, m->type, m->error == AGENT_REPLY_ERROR_SUCCESS);
	return 0;
}

static int got_max_clipboard(struct agent *a, const void *body)
{
	const struct agent_max_clipboard *m = body;

	a->max_clipboard = m->max < 0 ? -1 : m->max;
	return 0;
}

static const struct {
	uint32_t type;
	bool layout; /* depends on capabilities */
	int (*fn)(struct agent *a, const void *body);
} handlers[] = {
	{AGENT_MSG_ANNOUNCE_CAPABILITIES, false, got_announce},
	{AGENT_MSG_MONITORS_CONFIG, false, got_monitors},
	{AGENT_MSG_REPLY, false, got_reply},
	{AGENT_MSG_MAX_CLIPBOARD, false, got_max_clipboard},
	{AGENT_MSG_CLIPBOARD_GRAB, true, agent_got_grab},
	{AGENT_MSG_CLIPBOARD_REQUEST, true, agent_got_request},
	{AGENT_MSG_CLIPBOARD, true, agent_got_clipboard},
	{AGENT_MSG_CLIPBOARD_RELEASE, true, agent_got_release},
	{AGENT_MSG_FILE_XFER_START, false, agent_got_file_start},
	{AGENT_MSG_FILE_XFER_STATUS, false, agent_got_file_status},
};

static int handle(struct agent *a, uint32_t type, const void *body)
{
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (handlers[i].type != type)
			continue;
		return handlers[i].layout && !a->known ? E_PROTO : handlers[i].fn(a, body);
	}
	if (a->ops->other)
		a->ops->other(a->owner, type, body);
	return 0;
}

/* ---- a whole message ---- */

static void handle_body(struct agent *a)
{
	const struct wire_msg *m = a->in.row;
	struct wire_in in = {.msg = buf_slice(&a->in.body), .arena = &a->arena, .caps = agent_layout(a)};
	void *host;
	int rc;

	arena_reset(&a->arena);
	a->arena.max = 0;
	host = arena_alloc(&a->arena, m->size + 1);
	rc = wire_decode(m->desc(), &in, host);
	if (!rc)
		rc = handle(a, m->number, host);
	if (rc)
		say(a, err_str(rc));
}

static void finish(struct agent *a)
{
	if (a->in.how == AGENT_KEEP && !a->in.cut)
		handle_body(a);
	else if (a->in.how == AGENT_KEEP && a->in.row->number == AGENT_MSG_CLIPBOARD)
		agent_clipboard_lost(a, buf_slice(&a->in.body));
	if (a->in.cut)
		say(a, "too large, passed over");
	a->in.n_head = 0;
	a->in.cut = false;
	buf_clear(&a->in.body);
	buf_trim(&a->in.body);
}

/* ---- pieces ---- */

/* The header is whole: what is to be done with the rest. */
static int begin(struct agent *a)
{
	uint32_t type = get_le32(a->in.head + 4), size = get_le32(a->in.head + 16);
	size_t max = LIM_AGENT_BODY;

	a->in.row = NULL;
	if (get_le32(a->in.head) != AGENT_PROTOCOL) {
		say(a, "not of this protocol");
		return E_PROTO;
	}
	a->in.row = wire_msg_find(WIRE_AGENT, a->role == AGENT_CLIENT ? WIRE_S : WIRE_C, type);
	a->in.left = size;
	a->in.how = !a->in.row ? AGENT_SKIP : type == AGENT_MSG_FILE_XFER_DATA ? AGENT_STREAM : AGENT_KEEP;
	if (!a->in.row)
		log_peer(&a->log, a->now, LOG_INFO, "%s: agent: message %u is unknown", a->name,
			type);
	if (a->in.how == AGENT_KEEP && type == AGENT_MSG_CLIPBOARD)
		max = LIM_AGENT_CLIPBOARD + 8; /* selection and type */
	a->in.cut = a->in.how == AGENT_KEEP && size > max;
	/* of a clipboard that is too large the selection is kept, to say so */
	a->in.keep = !a->in.cut ? max : type == AGENT_MSG_CLIPBOARD ? 8 : 0;
	return 0;
}

static size_t lowest(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void take_body(struct agent *a, const uint8_t *p, size_t n)
{
	if (a->in.how == AGENT_STREAM)
		agent_file_bytes(a, get_le32(a->in.head + 16), p, n);
	else if (a->in.how == AGENT_KEEP)
		buf_put(&a->in.body, p, lowest(n, a->in.keep - buf_len(&a->in.body)));
}

static int take(struct agent *a, struct slice s)
{
	while (s.n) {
		size_t n;

		if (a->in.n_head < AGENT_HEADER) {
			n = lowest(s.n, AGENT_HEADER - a->in.n_head);
			memcpy(a->in.head + a->in.n_head, s.p, n);
			a->in.n_head += (unsigned)n;
			if (a->in.n_head == AGENT_HEADER && begin(a))
				return E_PROTO;
		} else {
			n = lowest(s.n, a->in.left);
			a->in.left -= (uint32_t)n;
			take_body(a, s.p, n);
		}
		s.p += n;
		s.n -= n;
		if (a->in.n_head == AGENT_HEADER && !a->in.left)
			finish(a);
	}
	return 0;
}

int agent_input(struct agent *a, struct slice piece, uint64_t now)
{
	int rc;

	a->now = now;
	a->in.last = now;
	if (!a->open) {
		log_peer(&a->log, now, LOG_WARN, "%s: agent: data without an agent", a->name);
		return E_PROTO;
	}
	if (piece.n > LIM_AGENT_PIECE || !a->granted) {
		log_peer(&a->log, now, LOG_WARN, "%s: agent: %s", a->name,
			a->granted ? "a piece too large" : "data without a token");
		return a->granted ? E_LIMIT : E_PROTO;
	}
	a->granted--;
	a->owed = a->owed == UINT32_MAX ? a->owed : a->owed + 1;
	rc = take(a, piece);
	if (rc)
		agent_close(a);
	return rc;
}

void agent_tick(struct agent *a, uint64_t now)
{
	a->now = now;
	agent_watch_tokens(a);
	if (a->in.n_head < AGENT_HEADER || a->in.how != AGENT_KEEP || now - a->in.last <= LIM_AGENT_IDLE_MS)
		return;
	say(a, "never completed, passed over");
	if (a->in.row->number == AGENT_MSG_CLIPBOARD)
		agent_clipboard_lost(a, buf_slice(&a->in.body));
	buf_fini(&a->in.body);
	a->in.how = AGENT_SKIP;
	a->in.cut = false;
}
