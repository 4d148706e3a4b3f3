/* One connection's two byte streams, read: sniffing, wrappings, link stage, messages. wire.md 1
 * to 4.
 *
 * Each direction is a side with its own reader (`step`); where a reader needs to know what the
 * other direction said, it waits with its bytes. Nothing is taken for SPICE that does not begin so
 * (REDQ) in at least one direction. */
#ifndef CAPTURE_SESSION_H
#define CAPTURE_SESSION_H

#include "capture/tap.h"

struct session;
struct side;

/* Reads something from the front of me->in. True when it got on (bytes or state), false when it
 * waits. */
typedef bool side_step(struct session *s, struct side *me);

enum link_answer { ANSWER_NONE, ANSWER_OK, ANSWER_REFUSED };

/* The WebSocket frame of a direction that is under way. */
struct ws {
	struct buf head; /* of a frame, while it is not whole */
	uint64_t left;	 /* payload bytes of the frame still to come */
	uint8_t mask[4];
	unsigned at; /* position in the mask */
	bool data;   /* the payload is of the stream: no ping, no close */
	bool masked, broken;
};

struct side {
	enum wire_dir dir;
	struct buf in;	 /* plain bytes not read yet */
	uint64_t offset; /* of their first one */
	uint64_t time;
	uint64_t serial;
	side_step *step;
	bool answered; /* this side has sent something after the wrapping */
	struct ws ws;
	/* a stretch that is passed over */
	uint64_t stretch, stretch_at;
	enum tap_kind stretch_kind;
	const char *stretch_name, *stretch_why;
	/* messages */
	uint64_t skip; /* bytes of a body that is not read */
	bool resync;   /* after a loss: looks for a message again */
	/* the agent's messages inside AGENT_DATA */
	struct buf agent;
	uint64_t agent_skip;
	bool agent_resync; /* drops pieces until one begins like a message */
	bool announced;
	uint32_t agent_caps; /* first word */
};

enum session_wrap { WRAP_SNIFF, WRAP_HTTP, WRAP_WS, WRAP_NONE, WRAP_TLS, WRAP_IGNORED };

struct session {
	struct tap *tap;
	unsigned conn; /* 0 until it has a number */
	enum session_wrap wrap;
	struct side side[2]; /* by enum wire_dir: WIRE_S, WIRE_C */
	int type;	     /* -1 until known */
	unsigned id;
	/* link stage */
	bool client_selects, client_mini, server_mini; /* capabilities */
	enum link_answer reply, result;
	uint32_t mechanism; /* 0: not said yet */
	bool refused;	    /* the server said so, with an error number */
	int sasl_turns;	    /* steps that the server asked for and the client has not sent yet */
	bool sasl_complete, sasl_layer;
	bool mini;
	struct arena arena, inner; /* of a message, and of what is inside of it */
};

struct session *session_new(struct tap *tap);
/* Bytes of a direction, in order. */
void session_input(struct session *s, enum wire_dir dir, uint64_t time, struct slice data);
/* n bytes of a direction are missing here. */
void session_lost(struct session *s, enum wire_dir dir, uint64_t time, uint64_t n);
/* The connection is over: tells what was cut and the stretches. Once. */
void session_end(struct session *s);
void session_free(struct session *s); /* NULL is fine */

/* ---- between the readers (session.c, link.c, frames.c, agent.c) ---- */

/* Fills conn, time, channel and dir (where type is 0 and id is 0: the session's) and gives it away.
 */
void session_tell(struct session *s, const struct side *me, struct tap_event e);
/* The same of something that is not understood: what it was thought to be, or "UNKNOWN", and why. */
void session_bad(struct session *s, const struct side *me, struct tap_event e, const char *name, const char *why);
void side_take(struct session *s, struct side *me, size_t n); /* n bytes of me->in are read */
/* From here on the direction is one stretch, told when it ends. Returns true, for use in steps. */
bool side_stretch(struct side *me, enum tap_kind kind, const char *name, const char *why);

static inline struct side *side_other(struct session *s, const struct side *me)
{
	return &s->side[me->dir == WIRE_S ? WIRE_C : WIRE_S];
}

side_step read_hello, read_reply,
	read_frame; /* the first readers of client and server, and the messages */

/* n bytes are missing behind me->in: goes on within a message that is long enough, or looks for
 * one. */
void frame_lost(struct session *s, struct side *me, uint64_t n);

/* WebSocket payload of data, unmasked, to out. E_PROTO when it is no WebSocket. */
int ws_input(struct ws *w, struct slice data, struct buf *out);

/* A piece of the agent's stream, a message that says something about the agent, a smart card's
 * body. */
void agent_piece(struct session *s, struct side *me, struct slice piece, uint64_t at);
void agent_reset(struct session *s, struct side *me);
void agent_gone(struct session *s);
void vsc_body(struct session *s, struct side *me, const struct smartcard_data *d, uint64_t at);
/* Decodes e.raw as the body of m and tells it, or that it is malformed (false). What of `raw` no
 * field took is the caller's to judge: *consumed. *host lives as long as the arena. */
bool body_read(struct session *s, struct side *me, struct tap_event e, const struct wire_msg *m,
	struct arena *arena, size_t *consumed, void **host);
/* Tells that n bytes of the body of `e` were left over or taken twice. */
void body_unread(struct session *s, struct side *me, struct tap_event e, const struct wire_msg *m);

#endif
