/* Messages of a linked channel, seen from outside: headers of both forms, sub-message lists, LIST,
 * and looking for a message again after a loss. wire.md 4.
 *
 * Every byte of a body must be taken once: by the fields of the message that carries, by the list,
 * or by a sub-message. The size that stands with a sub-message is too large in real streams
 * (wire.md 4.2): it is cut to what is left of the body and is no part of that sum. */
#include "capture/session.h"

#include "chan/frame.h"

static size_t header_size(const struct session *s)
{
	return frame_header(s->mini);
}

/* False while the header is not whole. */
static bool peek(const struct session *s, const struct side *me, struct frame *f)
{
	if (!frame_read(s->mini, buf_slice(&me->in), f))
		return false;
	if (s->mini)
		f->serial = me->serial + 1;
	return true;
}

/* What a message means for the reading of others. */
static void act(
	struct session *s, struct side *me, const struct wire_msg *m, const void *body, uint64_t at)
{
	const struct opaque *piece = body;

	if (m->channel == WIRE_SMARTCARD) {
		vsc_body(s, me, body, at);
	} else if (m->channel == WIRE_MAIN && me->dir == WIRE_S) {
		if (m->number == S_MAIN_AGENT_DATA)
			agent_piece(s, me, piece->data, at);
		else if (m->number == S_MAIN_AGENT_DISCONNECTED)
			agent_gone(s);
	} else if (m->channel == WIRE_MAIN) {
		if (m->number == C_MAIN_AGENT_DATA)
			agent_piece(s, me, piece->data, at);
		else if (m->number == C_MAIN_AGENT_START)
			agent_reset(s, me);
	}
}

/* One sub-message of the message `e`: the bytes that it takes of the body in *taken. */
static bool read_sub(struct session *s, struct side *me, struct tap_event e, const struct frame_sub *sub, size_t *taken)
{
	const struct wire_msg *m = wire_msg_find((unsigned)s->type, me->dir, sub->type);
	size_t consumed;
	void *host;

	if (!m || m->desc == wire_desc_message_list)
		return false;
	e.kind = TAP_SUB;
	e.serial = 0;
	e.offset += sub->at + FRAME_SUB;
	e.size = sub->body.n;
	e.raw = sub->body;
	if (!body_read(s, me, e, m, &s->arena, &consumed, &host))
		return false;
	*taken = FRAME_SUB + consumed;
	return true;
}

/* The list at `at` and all that it names; *low becomes the first byte of all that, *taken its bytes. */
static bool read_subs(struct session *s, struct side *me, struct tap_event e, uint32_t at, size_t *low, size_t *taken)
{
	int n = frame_subs(e.raw, at);
	size_t work = 0;

	if (n < 0)
		return false;
	*low = at;
	*taken = 2 + 4 * (size_t)n;
	for (int i = 0; i < n; i++) {
		struct frame_sub sub;
		size_t one;

		arena_reset(&s->arena);
		if (!frame_sub(e.raw, at, i, &sub) || !read_sub(s, me, e, &sub, &one))
			return false;
		*taken += one;
		work += one;
		if (work > FRAME_SUB_WORK * e.raw.n)
			return false;
		if (sub.at < *low)
			*low = sub.at;
	}
	return true;
}

static void read_message(
	struct session *s, struct side *me, const struct frame *f, struct tap_event e)
{
	const struct wire_msg *m = wire_msg_find((unsigned)s->type, me->dir, f->type);
	bool list = m && m->desc == wire_desc_message_list;
	size_t low = e.raw.n, taken = 0, consumed = 0;
	void *host;

	arena_reset(&s->arena);
	if (!m) {
		session_bad(s, me, e, "UNKNOWN", "no such message");
		return;
	}
	if ((list || f->sub_list) && !read_subs(s, me, e, list ? 0 : f->sub_list, &low, &taken)) {
		session_bad(s, me, e, m->name, "a sub-message list that is malformed");
		return;
	}
	e.kind = TAP_MESSAGE;
	if (!list)
		e.raw = slice_of(e.raw.p, low);
	if (!body_read(s, me, e, m, &s->arena, &consumed, &host))
		return;
	if ((list ? taken : consumed + taken) != e.size)
		body_unread(s, me, e, m);
	act(s, me, m, host, e.offset);
}

/* After a loss: is what lies here a message? Known, of a size that may be, and it decodes to its
 * end. */
static bool plausible(struct session *s, struct side *me, const struct frame *f)
{
	const struct wire_msg *m = wire_msg_find((unsigned)s->type, me->dir, f->type);
	size_t head = header_size(s);
	struct wire_in in = {.arena = &s->arena};

	if (!m || f->size > LIM_CAPTURE_MESSAGE - head || f->sub_list > f->size)
		return false;
	if (buf_len(&me->in) - head < f->size || f->sub_list || m->desc == wire_desc_message_list)
		return true;
	in.msg = slice_of(buf_data(&me->in) + head, f->size);
	arena_reset(&s->arena);
	s->arena.max = 0;
	return wire_decode(m->desc(), &in, arena_alloc(&s->arena, m->size + 1)) == 0 &&
	       in.consumed == f->size;
}

static bool find_again(struct session *s, struct side *me, const struct frame *f)
{
	size_t n = buf_len(&me->in);

	if (!plausible(s, me, f)) {
		me->stretch += n;
		side_take(s, me, n);
		return false;
	}
	me->resync = false;
	if (me->stretch)
		session_tell(s, me,
			(struct tap_event){.kind = TAP_BAD,
				.name = "UNKNOWN",
				.size = me->stretch,
				.offset = me->stretch_at,
				.why = "behind a loss"});
	me->stretch = 0;
	return true;
}

static bool pass_over(struct session *s, struct side *me)
{
	size_t n = buf_len(&me->in) < me->skip ? buf_len(&me->in) : (size_t)me->skip;

	side_take(s, me, n);
	me->skip -= n;
	return n;
}

static void too_large(struct session *s, struct side *me, const struct frame *f)
{
	const struct wire_msg *m = wire_msg_find((unsigned)s->type, me->dir, f->type);

	session_bad(s, me,
		(struct tap_event){.size = f->size,
			.offset = me->offset + header_size(s),
			.serial = f->serial},
		m ? m->name : "UNKNOWN", "too large to hold");
	side_take(s, me, header_size(s));
	me->serial = f->serial;
	me->skip = f->size;
}

bool read_frame(struct session *s, struct side *me)
{
	size_t head = header_size(s);
	struct frame f;

	if (me->skip)
		return pass_over(s, me);
	if (!peek(s, me, &f) || (me->resync && !find_again(s, me, &f)))
		return false;
	if (buf_len(&me->in) - head < f.size) {
		if (f.size <= LIM_CAPTURE_MESSAGE - head && s->tap->held <= LIM_CAPTURE_TOTAL)
			return false;
		too_large(s, me, &f);
		return true;
	}
	me->serial = f.serial;
	read_message(s, me, &f,
		(struct tap_event){.kind = TAP_MESSAGE,
			.size = f.size,
			.offset = me->offset + head,
			.serial = f.serial,
			.raw = slice_of(buf_data(&me->in) + head, f.size)});
	side_take(s, me, head + f.size);
	return true;
}

void frame_lost(struct session *s, struct side *me, uint64_t n)
{
	size_t have = buf_len(&me->in), head = header_size(s);
	uint64_t in_skip = n < me->skip ? n : me->skip;
	struct frame f;

	me->skip -= in_skip;
	me->offset += in_skip;
	n -= in_skip;
	if (n && !me->resync && peek(s, me, &f) && head + (uint64_t)f.size >= have + n) {
		me->serial = f.serial;
		me->skip = head + (uint64_t)f.size - have - n;
	} else if (n) {
		me->resync = true;
		me->stretch = 0;
		me->stretch_at = me->offset + have + n;
		me->stretch_kind = TAP_BAD;
		me->stretch_name = "UNKNOWN";
		me->stretch_why = "behind a loss";
	}
	me->offset += have + n;
	buf_clear(&me->in);
	agent_reset(s, me);
	me->agent_resync = true;
}
