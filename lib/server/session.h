/* A client's session: its main channel and what hangs on it. Private to the room. */
#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include "chan/conn.h"
#include "server/link-rate.h"
#include "server/server.h"
#include "server/tickets.h"

struct session {
	struct list link;      /* in server->sessions */
	struct server *server;
	struct server_client info;
	char address[80];
	char source[48];
	char *ticket_id;       /* info's */
	uint8_t verifier[VERIFIER]; /* of the ticket it came in with: its other channels bring the same */
	bool ready;            /* its first picture is out */
	bool dying;
	uint64_t pinged;
	struct link_rate rate;
	struct server_main *main;
	struct server_display *display;
	struct server_inputs *inputs;
	struct server_cursor *cursor;
};

/* The ends, one a channel. `new` attaches itself to the linked connection and takes it; `free` closes it. */
struct server_main *server_main_new(struct session *s, struct conn *c);
void server_main_free(struct server_main *e);
void server_main_mouse_mode(struct server_main *e, bool client); /* tells the client */
void server_main_ping(struct server_main *e);
bool server_main_tick(struct server_main *e, uint64_t now); /* false: it lets the agent wait for tokens for ever */
void server_main_goodbye(struct server_main *e);                 /* DISCONNECTING: we stop */

struct server_display *server_display_new(struct session *s, struct conn *c);
void server_display_free(struct server_display *e);
void server_display_rules(struct server_display *e); /* what is known of the client has changed */

struct server_inputs *server_inputs_new(struct session *s, struct conn *c);
void server_inputs_free(struct server_inputs *e); /* releases what the client holds down */
void server_inputs_locks(struct server_inputs *e, unsigned modifiers);

struct server_cursor *server_cursor_new(struct session *s, struct conn *c);
void server_cursor_free(struct server_cursor *e);

struct conn *server_main_conn(const struct server_main *e);
struct conn *server_display_conn(const struct server_display *e);
struct conn *server_inputs_conn(const struct server_inputs *e);
struct conn *server_cursor_conn(const struct server_cursor *e);
size_t server_display_queue(const struct server_display *e);
void server_display_tick(struct server_display *e, uint64_t now);
void server_display_stats(const struct server_display *e, struct json *j);

/* ---- what the ends ask of the server ---- */

struct device *session_device(const struct session *s);
const struct server_options *session_options(const struct session *s);
struct framer *session_framer(struct session *s); /* of video, that clients share */
bool session_client_mouse(const struct session *s);
unsigned session_locks(const struct session *s);
uint32_t session_mm_time(const struct session *s); /* ms, as INIT gives it */
uint32_t session_frame_time(const struct session *s); /* of a frame that is made now: clients show it a moment later */
void session_ready(struct session *s);
bool session_is_slow(const struct session *s); /* its link, as far as that is known */
bool session_has_many(const struct session *s); /* others look too: what can be shared is better */
void session_measured(struct session *s, uint64_t bits); /* a second, as the network test found */
void session_sampled(struct session *s, uint64_t bytes, uint64_t us, bool at_least); /* see link_rate_sample */

/* Events; they go to all that listen, unless the client may only look. */
void session_tell_key(struct session *s, unsigned code, bool down);
void session_tell_button(struct session *s, unsigned button, bool down);
void session_tell_motion(struct session *s, int dx, int dy);
void session_tell_position(struct session *s, int x, int y, unsigned display);
void session_tell_locks(struct session *s, unsigned modifiers);
/* True when the device has such heads now. */
bool session_resize(struct session *s, const struct head *heads, unsigned n);

#endif
