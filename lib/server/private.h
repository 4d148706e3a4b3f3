/* The server's insides, for the files of the room that share them: server.c (ports, time), guest.c (who comes in),
 * session.c (who is in). */
#ifndef SERVER_PRIVATE_H
#define SERVER_PRIVATE_H

#include "base/rng.h"
#include "server/frame.h"
#include "server/gate.h"
#include "server/keys.h"
#include "server/session.h"

enum { MAX_LISTENERS = 16, MAX_EVENTS = 4 };

struct port {
	struct server *server;
	struct listener *listener;
	struct tls_server *tls; /* not owned */
	bool tls_only;
	char *name;
};

/* A connection in its link stage. */
struct guest {
	struct list link;
	struct server *server;
	struct conn *conn;
	struct key_wait wait;
	struct xport_info info;
	uint64_t decide_at; /* its ticket came, and is looked at then; 0 none */
};

struct server {
	uv_loop_t *loop;
	struct device *device;
	struct server_options o;
	char *name, *tls_channels;
	struct port ports[MAX_LISTENERS];
	unsigned n_ports;
	struct keys *keys;
	struct tickets *tickets;
	bool asks;
	struct gate *gate;
	struct rng dice;       /* early random drop */
	struct framer *framer;
	struct list guests, sessions;
	unsigned n_guests, n_sessions;
	uv_timer_t tick;
	struct {
		const struct server_events *ev;
		void *owner;
	} events[MAX_EVENTS];
	unsigned n_events;
	bool client_mouse;
	unsigned locks;
};

/* ---- server.c ---- */

int64_t server_boot_ms(const struct server *s);

/* ---- guest.c ---- */

void guest_accept(struct server *s, int fd, struct tls_server *tls, bool tls_only);
void guest_free(struct guest *g);
void guests_watch(struct server *s); /* those whose link stage lasts too long go */

/* ---- session.c ---- */

/* An authenticated main link founds a session; its other channels will bring the same verifier. `by`: the ticket that
 * let it in, which counts as used then; NULL where nobody is asked. Never NULL. */
struct session *session_found(struct server *s, const char *address, const struct xport_info *info,
	const uint8_t verifier[VERIFIER], struct ticket *by);
void session_leave(struct session *s, const char *why);
/* A connection has come, is linked, or goes; it belongs to the session (0: none, and it was never linked). */
void link_tell(const struct server *s, enum server_link_state state, const struct conn *c, uint32_t session);
struct session *session_by_id(struct server *s, uint32_t id);
bool session_of_source(const struct server *s, const char *source);
/* A linked connection becomes a channel of the session, or is closed when it has that one already. */
void session_join(struct session *s, struct conn *c);
/* L-21: a peer that takes nothing, a session that says nothing although it is pinged. */
void session_watch(struct session *s, uint64_t now);

#endif
