/* What lies inside of messages: the agent's own messages, cut into AGENT_DATA pieces, and smart
 * card bodies. agent.md 1 and 2. Two fields of the clipboard exist only when both sides announced
 * them. An agent that sends before its client has announced anything goes by its own capabilities
 * (tests/captures, table-client). */
#include "capture/session.h"

enum { AGENT_HEADER = 20, AGENT_PROTOCOL = 1 };

void agent_reset(struct session *s, struct side *me)
{
	(void)s;
	buf_fini(&me->agent);
	me->agent_skip = 0;
}

void agent_gone(struct session *s)
{
	for (int i = 0; i < 2; i++) {
		agent_reset(s, &s->side[i]);
		s->side[i].announced = false;
		s->side[i].agent_caps = 0;
		s->side[i].agent_resync = true;
	}
}

static uint32_t caps_in_force(struct session *s, const struct side *me)
{
	const struct side *other = side_other(s, me);
	uint32_t both = me->agent_caps & (other->announced ? other->agent_caps : ~0u);

	return (both >> AGENT_CAP_CLIPBOARD_SELECTION & 1 ? WIRE_CAP_SELECTION : 0) |
	       (both >> AGENT_CAP_CLIPBOARD_GRAB_SERIAL & 1 ? WIRE_CAP_GRAB_SERIAL : 0);
}

static void agent_message(struct session *s, struct side *me, uint32_t type, struct tap_event e)
{
	const struct wire_msg *m = wire_msg_find(WIRE_AGENT, me->dir, type);
	const struct agent_announce_capabilities *a;
	size_t consumed;
	void *host;

	arena_reset(&s->inner);
	if (!m) {
		session_bad(s, me, e, "UNKNOWN", "no such agent message");
		return;
	}
	e.caps = caps_in_force(s, me);
	if (!body_read(s, me, e, m, &s->inner, &consumed, &host))
		return;
	if (consumed != e.size)
		body_unread(s, me, e, m);
	if (m->desc == wire_desc_agent_announce_capabilities) {
		a = host;
		me->announced = true;
		me->agent_caps = a->caps_n ? a->caps[0] : 0;
	}
}

/* One message at the front of what was gathered; true when there was one. */
static bool agent_next(struct session *s, struct side *me, struct tap_event e)
{
	const uint8_t *p = buf_data(&me->agent);
	size_t n = buf_len(&me->agent);
	uint32_t size;

	if (n < AGENT_HEADER)
		return false;
	size = get_le32(p + 16);
	if (get_le32(p) != AGENT_PROTOCOL) {
		e.size = n;
		session_bad(s, me, e, "UNKNOWN", "no agent message");
		agent_reset(s, me);
		me->agent_resync = true;
		return false;
	}
	e.size = size;
	if (n - AGENT_HEADER < size) {
		if (size <= LIM_CAPTURE_FLOW - AGENT_HEADER && s->tap->held <= LIM_CAPTURE_TOTAL)
			return false;
		session_bad(s, me, e, "UNKNOWN", "an agent message too large to hold");
		agent_reset(s, me);
		me->agent_skip = size - (n - AGENT_HEADER);
		return false;
	}
	e.raw = slice_of(p + AGENT_HEADER, size);
	agent_message(s, me, get_le32(p + 4), e);
	buf_skip(&me->agent, AGENT_HEADER + (size_t)size);
	return true;
}

/* A message always begins with a piece. */
static bool begins_message(const struct side *me, struct slice piece)
{
	return piece.n >= AGENT_HEADER && get_le32(piece.p) == AGENT_PROTOCOL &&
	       wire_msg_find(WIRE_AGENT, me->dir, get_le32(piece.p + 4));
}

void agent_piece(struct session *s, struct side *me, struct slice piece, uint64_t at)
{
	struct tap_event e = {.kind = TAP_INNER, .type = WIRE_AGENT, .id = s->id, .offset = at};
	size_t n = piece.n < me->agent_skip ? piece.n : (size_t)me->agent_skip;

	if (me->agent_resync && !begins_message(me, piece))
		return;
	me->agent_resync = false;
	me->agent_skip -= n;
	buf_put(&me->agent, piece.p + n, piece.n - n);
	while (agent_next(s, me, e))
		;
	buf_trim(&me->agent);
}

void vsc_body(struct session *s, struct side *me, const struct smartcard_data *d, uint64_t at)
{
	struct tap_event e = {.kind = TAP_INNER,
		.type = WIRE_VSC,
		.id = s->id,
		.offset = at,
		.raw = d->data,
		.size = d->data.n};
	const struct wire_msg *m = wire_msg_find(WIRE_VSC, me->dir, d->type);
	size_t consumed;
	void *host;

	arena_reset(&s->inner);
	if (!m) {
		session_bad(s, me, e, "UNKNOWN", "no such smart card message");
		return;
	}
	if (body_read(s, me, e, m, &s->inner, &consumed, &host) && consumed != e.size)
		body_unread(s, me, e, m);
}
