/* A channel after its link stage, either role, without I/O: bytes in, messages out; messages in, bytes out. Frames
 * (mini and full headers, sub-messages), serials, ack windows, pings and waiting live here; what a message means is
 * its end's business (client/, server/). wire.md 4 to 6. */
#ifndef CHAN_CHAN_H
#define CHAN_CHAN_H

#include "wire/wire.h"

enum chan_role { CHAN_CLIENT, CHAN_SERVER };

struct chan;

struct chan_ops {
	/* A message of the peer, decoded and valid; `body` and its slices live until the return. Messages of all
	 * numbers come here but those that chan answers itself (below). 0; E_AGAIN: not now, give it again after
	 * chan_resume (GLZ); E_* closes the channel, said by whoever found it. */
	int (*message)(void *end, const struct wire_msg *m, const void *body);
	/* The socket takes more and the peer's ack window is open: send something by chan_send and return 1, or 0 when
	 * there is nothing. May be NULL. E_* closes. */
	int (*pull)(void *end);
	/* WAIT_FOR_CHANNELS: has that channel processed its message `serial`? Unknown channels count as yes. NULL:
	 * yes. */
	bool (*reached)(void *end, unsigned type, unsigned id, uint64_t serial);
};

struct chan {
	enum chan_role role;
	uint8_t type, id;   /* type: enum wire_channel */
	bool mini;          /* header form, both directions */
	bool parked;        /* a message waits for chan_resume */
	uint32_t limit;     /* body bytes accepted from the peer (L-7, L-8); may be raised */
	const struct chan_ops *ops;
	void *end;
	void (*kick)(void *owner); /* there is output now; set by conn, may be NULL */
	void *owner;
	struct arena arena; /* of the message in hand */
	struct buf in, out;
	uint64_t serial_in, serial_out; /* of the last message received and processed, and sent */
	/* the acks that we give (client) */
	uint32_t ack_window, ack_count;
	/* the acks that we want (server) */
	uint32_t want_window, want_generation, unacked;
	bool want_synced;
	uint32_t unknown;   /* messages of unknown number that were met; only the first is said */
	uint32_t pings;     /* answered (client) */
	bool pulling;
	/* of the message at the front of `in`, which may be given several times while parked */
	bool counted;       /* for the ack */
	int subs_done;      /* sub-messages processed */
	const char *peer;   /* for log lines; not owned; may be NULL */
};

/* Answered here: SET_ACK, PING (client), ACK_SYNC, ACK (server), WAIT_FOR_CHANNELS, LIST. Everything else, PONG,
 * NOTIFY, DISCONNECTING and MIGRATE included, goes to the end. */
/* type: a channel's of enum wire_channel, which the caller has looked at; zeroes the rest. */
void chan_init(struct chan *c, enum chan_role role, unsigned type, unsigned id, bool mini,
	const struct chan_ops *ops, void *end);
void chan_fini(struct chan *c);

/* n bytes of the peer, in any cutting. 0 or E_* (close it). While parked the bytes are kept: stop reading. */
int chan_input(struct chan *c, const uint8_t *p, size_t n);
/* Goes on with what was parked. 0 or E_*; c->parked tells whether it is so again. */
int chan_resume(struct chan *c);

/* Appends one message; `body` is the C struct of its row (NULL for an empty one). Aborts on a number that the
 * role may not send: that is a bug of ours. */
void chan_send(struct chan *c, unsigned number, const void *body);
/* The same with a body that is encoded already. */
void chan_send_raw(struct chan *c, unsigned number, struct slice body);

/* Server: announces a window; after 2 * window unacknowledged messages nothing is pulled any more. */
void chan_want_acks(struct chan *c, uint32_t window);

/* What to write now; pulls while less than LIM_AHEAD is ready. E_* from pull. */
int chan_output(struct chan *c, struct slice *out);
void chan_sent(struct chan *c, size_t n);

/* Is capability `bit` set in these words? */
static inline bool cap_has(const uint32_t *words, uint32_t n, unsigned bit)
{
	return bit / 32 < n && words[bit / 32] >> bit % 32 & 1;
}

#endif
