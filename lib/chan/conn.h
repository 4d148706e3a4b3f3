/* A connection: transport, link stage and channel on the loop, either role. The owner answers the link's questions
 * and, once it is linked, attaches the end that the channel belongs to. */
#ifndef CHAN_CONN_H
#define CHAN_CONN_H

#include <uv.h>

#include "chan/chan.h"
#include "chan/link.h"
#include "net/pump.h"

struct conn;

struct conn_ops {
	/* Server: the client has said what it wants (conn->link.server); answer now or later by conn_accept or
	 * conn_refuse. */
	void (*asked)(void *owner, struct conn *c);
	/* Server: a ticket came; answer now or later by conn_result. */
	void (*ticket)(void *owner, struct conn *c);
	/* The link stage is done and the channel initialised: call conn_attach before returning, or conn_close. */
	void (*linked)(void *owner, struct conn *c);
	/* The connection ended by itself (E_CLOSED, E_PROTO, E_AUTH, ...). It is still whole; the owner calls
	 * conn_close. */
	void (*closed)(void *owner, struct conn *c, int err);
};

struct conn {
	const struct conn_ops *ops;
	void *owner;
	struct pump *pump;
	struct xport_info info; /* who is at the other end */
	uv_loop_t *loop;
	enum chan_role role;
	bool linked;
	int ending;             /* E_*: it ends so once the link stage's last words are written */
	struct buf early;       /* what the peer sent before the owner answered */
	uint64_t since;         /* uv_now at the start */
	unsigned auth_ms;       /* how long the link stage may last */
	uint64_t heard;         /* uv_now when bytes last came */
	union {
		struct link_server server;
		struct link_client client;
	} link;
	struct chan chan;       /* once linked */
	unsigned busy;          /* calls into us on the stack */
	bool doomed;            /* conn_close was called meanwhile */
	char name[80];          /* of the peer, for log lines */
};

/* Takes x. */
struct conn *conn_server(uv_loop_t *loop, struct xport *x, const struct conn_ops *ops, void *owner);
struct conn *conn_client(uv_loop_t *loop, struct xport *x, uint32_t connection_id, unsigned type, unsigned id,
	const struct link_caps *caps, const char *password, const struct conn_ops *ops, void *owner);

void conn_accept(struct conn *c, struct ticket_key *key, const struct link_caps *caps);
void conn_refuse(struct conn *c, uint32_t link_err); /* the connection ends once that is written */
void conn_result(struct conn *c, uint32_t link_err);

/* The end that takes the channel's messages from now on; frames that came already are given at once. */
void conn_attach(struct conn *c, const struct chan_ops *ops, void *end);

/* Capabilities that the peer announced for this channel. */
const struct link_caps *conn_peer_caps(const struct conn *c);
static inline bool conn_peer_can(const struct conn *c, unsigned bit) /* enum *_cap of the channel */
{
	return cap_has(conn_peer_caps(c)->channel, conn_peer_caps(c)->n_channel, bit);
}

/* After something that a parked channel waited for: goes on with it. */
void conn_resume(struct conn *c);

/* Ends the connection; no call comes to the owner or the end afterwards. Safe from any callback; NULL is fine. With
 * `flush` what is ready is still written. */
void conn_close(struct conn *c, bool flush);

/* E_TIMEOUT when the link stage has lasted too long (L-1, L-2) or the peer has taken nothing for LIM_STALL_MS (L-21);
 * else 0. To be asked now and then. */
int conn_overdue(const struct conn *c);

#endif
