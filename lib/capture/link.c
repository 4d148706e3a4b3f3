/* The link stage and the authentication of a connection, seen from outside. wire.md 1 to 3.
 *
 * Whether the mechanism word, a ticket, a SASL exchange or a second LinkReply comes depends on the
 * other direction, so readers here often wait for it. A server answers a bad mechanism (and a
 * client that lacks AUTH_SELECTION where SASL is on) by a second LinkReply, told from every other
 * answer by its magic. A SASL security layer begins between the accept word and the LinkResult; the
 * first four bytes tell it from a bare LinkResult, since a length of such a layer is big-endian. */
#include "capture/session.h"

#include "base/err.h"
#include "chan/link.h"
#include "chan/ticket.h"

enum {
	SASL_MAX = 1 << 20,
	RESULT_MAX = LINK_ERR_CHANNEL_NOT_AVAILABLE,
};

static bool has_magic(const struct side *me)
{
	return buf_len(&me->in) >= 4 && get_le32(buf_data(&me->in)) == LINK_MAGIC;
}

/* Tells the first n bytes, decoded by d where that is given, and takes them. */
static void tell(struct session *s, struct side *me, struct tap_event e, size_t n,
	const struct wire_desc *d, void *host)
{
	struct wire_in in = {.msg = slice_of(buf_data(&me->in), n), .arena = &s->arena};

	e.kind = TAP_LINK;
	e.size = n;
	e.offset = me->offset;
	e.raw = in.msg;
	if (d && wire_decode(d, &in, host) == 0) {
		e.desc = d;
		e.body = host;
	}
	session_tell(s, me, e);
	side_take(s, me, n);
}

/* The header, told; *size is of what follows. */
static void take_header(struct session *s, struct side *me, uint32_t *size)
{
	struct link_header h = {0};

	tell(s, me, (struct tap_event){.name = "LINK_HEADER"}, LINK_HEADER_SIZE, wire_desc_link_header(), &h);
	*size = h.size;
}

/* n words at `at` of the first `size` bytes, as far as they are there; *at goes behind them. */
static struct tap_caps words_at(
	const struct side *me, size_t size, size_t *at, uint32_t n, const char *word)
{
	struct tap_caps c = {.word = word};
	size_t room = *at < size ? (size - *at) / 4 : 0;

	c.n = n < room ? n : (uint32_t)room;
	c.truncated = c.n < n;
	c.words = slice_of(buf_data(&me->in) + (c.n ? *at : 0), 4 * (size_t)c.n);
	*at += 4 * (size_t)c.n;
	return c;
}

static bool has_cap(const struct tap_caps *c, unsigned bit)
{
	return bit / 32 < c->n && get_le32(c->words.p + bit / 32 * 4) >> bit % 32 & 1;
}

static const char *channel_caps_word(int type)
{
	switch (type) {
	case WIRE_MAIN:
		return "main_cap";
	case WIRE_DISPLAY:
		return "display_cap";
	case WIRE_INPUTS:
		return "inputs_cap";
	case WIRE_PLAYBACK:
		return "playback_cap";
	case WIRE_RECORD:
		return "record_cap";
	case WIRE_USBREDIR:
	case WIRE_PORT:
	case WIRE_WEBDAV:
		return "spicevmc_cap";
	}
	return NULL;
}

/* ---- the client ---- */

static bool client_waits(struct session *s, struct side *me)
{
	if (s->result == ANSWER_OK) {
		me->step = read_frame;
		return true;
	}
	if (s->result == ANSWER_REFUSED || s->refused)
		return side_stretch(me, TAP_BAD, "UNKNOWN", "behind a refusal");
	if (s->sasl_layer)
		return side_stretch(me, TAP_OPAQUE, "SASL", "enclosed by a SASL security layer");
	return false;
}

static bool client_ticket(struct session *s, struct side *me)
{
	struct encrypted_ticket t;

	if (buf_len(&me->in) < TICKET_SIZE)
		return client_waits(s, me);
	tell(s, me, (struct tap_event){.name = "ENCRYPTED_TICKET"}, TICKET_SIZE,
		wire_desc_encrypted_ticket(), &t);
	me->step = client_waits;
	return true;
}

/* A u32 length and so many bytes at the front: 0 when they are there, E_AGAIN, E_PROTO. */
static int counted(const struct side *me, uint32_t max, uint32_t *n)
{
	if (buf_len(&me->in) < 4)
		return E_AGAIN;
	*n = get_le32(buf_data(&me->in));
	if (*n > max)
		return E_PROTO;
	return buf_len(&me->in) - 4 < *n ? E_AGAIN : 0;
}

static bool sasl_bad(struct side *me)
{
	return side_stretch(me, TAP_BAD, "UNKNOWN", "no SASL exchange");
}

/* One counted piece; `words` are shown, the rest of the exchange may be secret. */
static bool sasl_piece(
	struct session *s, struct side *me, const char *name, bool words, size_t more)
{
	struct tap_event e = {.name = name};
	uint32_t n;
	int rc = counted(me, SASL_MAX, &n);

	if (rc == E_PROTO)
		return sasl_bad(me);
	if (rc || buf_len(&me->in) < 4 + (size_t)n + more)
		return false;
	if (words)
		e.text = slice_of(buf_data(&me->in) + 4, n);
	tell(s, me, e, 4 + (size_t)n + more, NULL, NULL);
	return true;
}

static bool client_sasl_step(struct session *s, struct side *me)
{
	if (s->sasl_turns == 0) {
		if (s->sasl_complete || s->refused) {
			me->step = client_waits;
			return true;
		}
		return false;
	}
	if (!sasl_piece(s, me, "SASL_STEP", false, 0))
		return false;
	s->sasl_turns--;
	return true;
}

static bool client_sasl_start(struct session *s, struct side *me)
{
	if (!sasl_piece(s, me, "SASL_START", false, 0))
		return client_waits(s, me);
	if (me->step == client_sasl_start)
		me->step = client_sasl_step;
	return true;
}

static bool client_sasl_name(struct session *s, struct side *me)
{
	if (!sasl_piece(s, me, "SASL_MECHNAME", true, 0))
		return client_waits(s, me);
	if (me->step == client_sasl_name)
		me->step = client_sasl_start;
	return true;
}

static bool client_mechanism(struct session *s, struct side *me)
{
	struct auth_mechanism a;

	if (buf_len(&me->in) < 4)
		return false;
	tell(s, me, (struct tap_event){.name = "AUTH_MECHANISM"}, 4, wire_desc_auth_mechanism(),
		&a);
	s->mechanism = a.mechanism;
	if (a.mechanism == AUTH_MECHANISM_SPICE)
		me->step = client_ticket;
	else if (a.mechanism == AUTH_MECHANISM_SASL)
		me->step = client_sasl_name;
	else
		return side_stretch(me, TAP_BAD, "UNKNOWN", "behind an unknown mechanism");
	return true;
}

static bool client_linked(struct session *s, struct side *me)
{
	if (s->reply == ANSWER_REFUSED)
		return side_stretch(me, TAP_BAD, "UNKNOWN", "behind a refusal");
	if (s->reply == ANSWER_NONE)
		return false;
	me->step = s->client_selects ? client_mechanism : client_ticket;
	return true;
}

static bool client_mess(struct session *s, struct side *me, uint32_t size)
{
	struct link_mess m = {0};
	struct wire_in in = {.msg = slice_of(buf_data(&me->in), size), .arena = &s->arena};
	struct tap_caps common, channel;
	size_t at;

	wire_decode(wire_desc_link_mess(), &in, &m);
	s->type = m.channel_type;
	s->id = m.channel_id;
	at = m.caps_offset;
	common = words_at(me, size, &at, m.num_common_caps, "common_cap");
	channel = words_at(me, size, &at, m.num_channel_caps, channel_caps_word(m.channel_type));
	s->client_selects = has_cap(&common, COMMON_CAP_PROTOCOL_AUTH_SELECTION);
	s->client_mini = has_cap(&common, COMMON_CAP_MINI_HEADER);
	tell(s, me, (struct tap_event){.name = "LINK_MESS", .common = &common, .channel = &channel},
		size, wire_desc_link_mess(), &m);
	me->step = client_linked;
	return true;
}

/* Is a link header with all of its message there? If not, *went_on tells whether a stretch of something else was
 * taken instead. */
static bool whole_message(struct session *s, struct side *me, uint32_t min, uint32_t *size, bool *went_on)
{
	*went_on = false;
	if (buf_len(&me->in) >= 4 && !has_magic(me)) {
		*went_on = side_stretch(me, TAP_BAD, "UNKNOWN", "no link header");
		return false;
	}
	if (buf_len(&me->in) < LINK_HEADER_SIZE)
		return false;
	*size = get_le32(buf_data(&me->in) + 12);
	if (*size < min || *size > LIM_LINK_MAX) {
		take_header(s, me, size);
		*went_on = side_stretch(
			me, TAP_BAD, "UNKNOWN", "behind a link header of an impossible size");
		return false;
	}
	return buf_len(&me->in) >= LINK_HEADER_SIZE + (size_t)*size;
}

bool read_hello(struct session *s, struct side *me)
{
	bool went_on;
	uint32_t size;

	if (!whole_message(s, me, LIM_LINK_MIN, &size, &went_on))
		return went_on;
	s->type = buf_data(&me->in)[LINK_HEADER_SIZE + 4];
	s->id = buf_data(&me->in)[LINK_HEADER_SIZE + 5];
	take_header(s, me, &size);
	return client_mess(s, me, size);
}

/* ---- the server ---- */

static bool server_refuses(struct session *s, struct side *me)
{
	s->refused = true;
	return side_stretch(me, TAP_BAD, "UNKNOWN", "behind a refusal");
}

static bool server_result(struct session *s, struct side *me)
{
	struct link_result r;

	if (buf_len(&me->in) < 4)
		return false;
	if (has_magic(me)) {
		me->step = read_reply;
		return true;
	}
	tell(s, me, (struct tap_event){.name = "LINK_RESULT"}, 4, wire_desc_link_result(), &r);
	if (r.error != LINK_ERR_OK) {
		s->result = ANSWER_REFUSED;
		return server_refuses(s, me);
	}
	s->result = ANSWER_OK;
	s->mini = s->client_mini && s->server_mini;
	me->step = read_frame;
	return true;
}

static bool server_sasl_end(struct session *s, struct side *me)
{
	if (buf_len(&me->in) < 4)
		return false;
	if (get_le32(buf_data(&me->in)) <= RESULT_MAX) {
		me->step = server_result;
		return true;
	}
	s->sasl_layer = true;
	return side_stretch(me, TAP_OPAQUE, "SASL", "enclosed by a SASL security layer");
}

static bool server_sasl_reason(struct session *s, struct side *me)
{
	if (!sasl_piece(s, me, "SASL_REASON", true, 0))
		return false;
	return server_refuses(s, me);
}

static bool server_sasl_accept(struct session *s, struct side *me)
{
	uint32_t rejected;

	if (buf_len(&me->in) < 4)
		return false;
	rejected = get_le32(buf_data(&me->in));
	tell(s, me,
		(struct tap_event){
			.name = "SASL_RESULT", .why = rejected ? "rejected" : "accepted"},
		4, NULL, NULL);
	me->step = rejected ? server_sasl_reason : server_sasl_end;
	return true;
}

static bool server_sasl_data(struct session *s, struct side *me)
{
	uint32_t n = 0;
	bool complete;

	if (has_magic(me)) {
		me->step = read_reply;
		return true;
	}
	complete = counted(me, SASL_MAX, &n) == 0 && buf_len(&me->in) > 4 + (size_t)n &&
		   buf_data(&me->in)[4 + n];
	if (!sasl_piece(s, me, "SASL_DATA", false, 1))
		return false;
	if (complete) {
		s->sasl_complete = true;
		me->step = server_sasl_accept;
	} else if (me->step == server_sasl_data) {
		s->sasl_turns++;
	}
	return true;
}

static bool server_sasl_list(struct session *s, struct side *me)
{
	if (has_magic(me)) {
		me->step = read_reply;
		return true;
	}
	if (!sasl_piece(s, me, "SASL_MECHLIST", true, 0))
		return false;
	if (me->step == server_sasl_list)
		me->step = server_sasl_data;
	return true;
}

/* After a good reply: what comes depends on the client. */
static bool server_chooses(struct session *s, struct side *me)
{
	if (!s->client_selects)
		me->step = server_result;
	else if (s->mechanism == 0 && !has_magic(me))
		return false;
	else
		me->step = s->mechanism == AUTH_MECHANISM_SASL ? server_sasl_list : server_result;
	return true;
}

static void server_said(struct session *s, struct side *me, uint32_t size)
{
	struct link_reply r = {0};
	struct wire_in in = {.msg = slice_of(buf_data(&me->in), size), .arena = &s->arena};
	struct tap_caps common, channel;
	size_t at;

	wire_decode(wire_desc_link_reply(), &in, &r);
	at = r.caps_offset;
	common = words_at(me, size, &at, r.num_common_caps, "common_cap");
	channel = words_at(me, size, &at, r.num_channel_caps, channel_caps_word(s->type));
	s->server_mini = has_cap(&common, COMMON_CAP_MINI_HEADER);
	tell(s, me,
		(struct tap_event){.name = "LINK_REPLY", .common = &common, .channel = &channel},
		size, wire_desc_link_reply(), &r);
	if (r.error != LINK_ERR_OK || s->reply != ANSWER_NONE) {
		s->reply = ANSWER_REFUSED;
		server_refuses(s, me);
	} else {
		s->reply = ANSWER_OK;
		me->step = server_chooses;
	}
}

bool read_reply(struct session *s, struct side *me)
{
	bool went_on;
	uint32_t size;

	if (!whole_message(s, me, LINK_REPLY_SIZE, &size, &went_on))
		return went_on;
	take_header(s, me, &size);
	server_said(s, me, size);
	return true;
}
