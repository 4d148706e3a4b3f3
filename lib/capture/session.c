/* A connection of a capture: finds out what it is, takes wrappings off (HTTP CONNECT, WebSocket),
 * and lets the readers of both directions run until neither gets on. TLS can't be read and is one
 * stretch; what is no SPICE is forgotten at once. wire.md 1.6. */
#include "capture/session.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

enum {
	SNIFF_MAX = 64 << 10, /* a stream that has not said by then what it is, is something else */
	TLS_HANDSHAKE = 22,
};

struct session *session_new(struct tap *tap)
{
	struct session *s = new(struct session);

	s->tap = tap;
	s->type = -1;
	s->side[WIRE_S].dir = WIRE_S;
	s->side[WIRE_C].dir = WIRE_C;
	return s;
}

static size_t held(const struct session *s)
{
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		n += buf_len(&s->side[i].in) + buf_len(&s->side[i].agent);
	return n;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	s->tap->held -= held(s);
	for (int i = 0; i < 2; i++) {
		buf_fini(&s->side[i].in);
		buf_fini(&s->side[i].agent);
		buf_fini(&s->side[i].ws.head);
	}
	arena_fini(&s->arena);
	arena_fini(&s->inner);
	free(s);
}

void session_tell(struct session *s, const struct side *me, struct tap_event e)
{
	if (!s->conn)
		s->conn = ++s->tap->conns;
	e.conn = s->conn;
	e.dir = me->dir;
	e.time = me->time;
	if (e.kind != TAP_INNER && !(e.kind == TAP_BAD && e.type)) {
		e.type = s->type;
		e.id = s->id;
	}
	s->tap->fn(s->tap->owner, &e);
}

void session_bad(struct session *s, const struct side *me, struct tap_event e, const char *name, const char *why)
{
	e.kind = TAP_BAD;
	e.name = name;
	e.why = why;
	session_tell(s, me, e);
}

void side_take(struct session *s, struct side *me, size_t n)
{
	(void)s;
	buf_skip(&me->in, n);
	me->offset += n;
}

/* ---- stretches ---- */

static bool read_stretch(struct session *s, struct side *me)
{
	size_t n = buf_len(&me->in);

	me->stretch += n;
	side_take(s, me, n);
	return n;
}

bool side_stretch(struct side *me, enum tap_kind kind, const char *name, const char *why)
{
	me->step = read_stretch;
	me->stretch = 0;
	me->stretch_at = me->offset;
	me->stretch_kind = kind;
	me->stretch_name = name;
	me->stretch_why = why;
	return true;
}

/* What a server was not obliged to read is no riddle when it did refuse, or left without a word. */
static void end_stretch(struct session *s, struct side *me)
{
	struct tap_event e = {.kind = me->stretch_kind,
		.name = me->stretch_name,
		.why = me->stretch_why,
		.size = me->stretch,
		.offset = me->stretch_at};

	if (e.kind == TAP_BAD && me->dir == WIRE_C && (s->refused || !s->side[WIRE_S].answered) &&
		s->result != ANSWER_OK) {
		e.kind = TAP_OPAQUE;
		e.name = "REFUSED";
	}
	if (e.size)
		session_tell(s, me, e);
	me->stretch = 0;
}

/* ---- what is it ---- */

static void ignore(struct session *s)
{
	s->wrap = WRAP_IGNORED;
	for (int i = 0; i < 2; i++) {
		buf_fini(&s->side[i].in);
		s->side[i].step = NULL;
	}
}

static bool begins(const struct side *me, const char *word)
{
	size_t n = strlen(word);

	return buf_len(&me->in) >= n && memcmp(buf_data(&me->in), word, n) == 0;
}

static void begin_spice(struct session *s)
{
	s->wrap = s->wrap == WRAP_WS ? WRAP_WS : WRAP_NONE;
	s->side[WIRE_C].step = read_hello;
	s->side[WIRE_S].step = read_reply;
}

/* The length of an HTTP head at the front of me->in, 0 when it is not whole. */
static size_t http_head(const struct side *me)
{
	const uint8_t *p = NULL;

	if (buf_len(&me->in))
		p = memmem(buf_data(&me->in), buf_len(&me->in), "\r\n\r\n", 4);
	return p ? (size_t)(p + 4 - buf_data(&me->in)) : 0;
}

/* After "GET " or "CONNECT ": both heads must be whole and the answer must agree. */
static void sniff_http(struct session *s)
{
	struct side *c = &s->side[WIRE_C], *v = &s->side[WIRE_S];
	size_t asked = http_head(c), answer = http_head(v);
	bool tunnel = begins(c, "CONNECT ");
	uint8_t *status;

	if (!asked || !answer)
		return;
	status = memchr(buf_data(&v->in), ' ', answer);
	if (!begins(v, "HTTP/1.") || !status ||
		memcmp(status, tunnel ? " 2" : " 101", tunnel ? 2 : 4) != 0) {
		ignore(s);
		return;
	}
	side_take(s, c, asked);
	side_take(s, v, answer);
	if (tunnel) {
		s->wrap = WRAP_SNIFF;
		return;
	}
	s->wrap = WRAP_WS;
	for (int i = 0; i < 2; i++) {
		struct buf rest = s->side[i].in;

		s->side[i].in = (struct buf){0};
		ws_input(&s->side[i].ws, buf_slice(&rest), &s->side[i].in);
		buf_fini(&rest);
	}
}

static void begin_tls(struct session *s)
{
	s->wrap = WRAP_TLS;
	side_stretch(&s->side[WIRE_C], TAP_OPAQUE, "TLS", "enclosed by TLS");
	side_stretch(&s->side[WIRE_S], TAP_OPAQUE, "TLS", "enclosed by TLS");
}

static void sniff(struct session *s)
{
	struct side *c = &s->side[WIRE_C], *v = &s->side[WIRE_S];
	bool tls;

	while (s->wrap == WRAP_HTTP || (s->wrap == WRAP_SNIFF && (begins(c, "GET ") || begins(c, "CONNECT ")))) {
		s->wrap = WRAP_HTTP;
		sniff_http(s);
		if (s->wrap == WRAP_HTTP || s->wrap == WRAP_IGNORED)
			return;
	}
	tls = buf_len(&c->in) >= 2 && buf_data(&c->in)[0] == TLS_HANDSHAKE && buf_data(&c->in)[1] == 3;
	if (begins(c, "REDQ") || begins(v, "REDQ"))
		begin_spice(s);
	else if (tls && s->wrap == WRAP_SNIFF)
		begin_tls(s);
	else if (buf_len(&v->in) >= 4)
		ignore(s);
}

/* Does what is going on still have to be found out? */
static bool sniffing(const struct session *s)
{
	return s->wrap == WRAP_SNIFF || s->wrap == WRAP_HTTP ||
	       (s->wrap == WRAP_WS && !s->side[WIRE_C].step);
}

/* ---- input ---- */

static void run(struct session *s)
{
	bool more = true;

	if (sniffing(s))
		sniff(s);
	if (sniffing(s) && held(s) > SNIFF_MAX)
		ignore(s);
	while (more) {
		more = false;
		for (int i = 0; i < 2; i++)
			if (s->side[i].step && s->side[i].step(s, &s->side[i]))
				more = true;
	}
	for (int i = 0; i < 2; i++) {
		struct side *me = &s->side[i];

		if (me->step && me->step != read_frame && buf_len(&me->in) > LIM_CAPTURE_FLOW) {
			side_stretch(me, TAP_BAD, "UNKNOWN", "the other direction never answered");
			read_stretch(s, me);
		}
		buf_trim(&me->in);
	}
}

void session_input(struct session *s, enum wire_dir dir, uint64_t time, struct slice data)
{
	struct side *me = &s->side[dir];
	size_t before = held(s);

	if (s->wrap == WRAP_IGNORED || !data.n)
		return;
	me->time = time;
	me->answered = true;
	if (s->wrap != WRAP_WS) {
		buf_put(&me->in, data.p, data.n);
	} else if (!me->ws.broken && ws_input(&me->ws, data, &me->in)) {
		session_tell(s, me,
			(struct tap_event){.kind = TAP_BAD,
				.name = "UNKNOWN",
				.size = data.n,
				.offset = me->offset,
				.why = "no WebSocket frame"});
	}
	run(s);
	s->tap->held += held(s) - before;
}

void session_lost(struct session *s, enum wire_dir dir, uint64_t time, uint64_t n)
{
	struct side *me = &s->side[dir];
	size_t before = held(s);

	if (s->wrap == WRAP_IGNORED)
		return;
	if (sniffing(s)) {
		ignore(s);
		s->tap->held -= before;
		return;
	}
	me->time = time;
	if (me->step == read_stretch) {
		me->stretch += n;
		me->offset += n;
		return;
	}
	session_tell(s, me,
		(struct tap_event){.kind = TAP_LOST,
			.name = "LOST",
			.size = n,
			.offset = me->offset + buf_len(&me->in),
			.why = "not in the capture"});
	if (s->wrap == WRAP_WS) {
		me->ws.broken = true;
	} else if (me->step == read_frame) {
		frame_lost(s, me, n);
	} else {
		me->offset += buf_len(&me->in) + n;
		buf_clear(&me->in);
		side_stretch(me, TAP_BAD, "UNKNOWN", "behind a loss in the link stage");
	}
	s->tap->held += held(s) - before;
}

void session_end(struct session *s)
{
	for (int i = WIRE_C; i >= WIRE_S; i--) {
		struct side *me = &s->side[i];
		uint64_t n = buf_len(&me->in);

		if (!me->step)
			continue;
		end_stretch(s, me);
		if (n)
			session_tell(s, me,
				(struct tap_event){.kind = TAP_CUT,
					.name = "CUT",
					.size = n,
					.offset = me->offset,
					.why = "the connection ends within it"});
	}
	s->tap->held -= held(s);
	ignore(s);
	for (int i = 0; i < 2; i++)
		buf_fini(&s->side[i].agent);
}

/* ---- bodies ---- */

bool body_read(struct session *s, struct side *me, struct tap_event e, const struct wire_msg *m,
	struct arena *arena, size_t *consumed, void **host)
{
	struct wire_in in = {.msg = e.raw, .arena = arena, .caps = e.caps};

	arena->max = 0;
	*host = arena_alloc(arena, m->size ? m->size : 1);
	*consumed = 0;
	e.name = m->name;
	if (wire_decode(m->desc(), &in, *host)) {
		session_bad(s, me, e, m->name, "malformed");
		return false;
	}
	*consumed = in.consumed;
	e.desc = m->desc();
	e.body = *host;
	session_tell(s, me, e);
	return true;
}

void body_unread(struct session *s, struct side *me, struct tap_event e, const struct wire_msg *m)
{
	session_bad(s, me, e, m->name, "fields and bytes of it don't match");
}
