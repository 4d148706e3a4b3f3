/* A client's session: its main channel and what hangs on it. Private to the room. */
#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include "chan/conn.h"
#include "server/server.h"
#include "server/tickets.h"

struct session {
	struct list link;      /* in server->sessions */
	struct server *server;
	struct server_client info;
	char address[80];
	char source[48];
	uint8_t verifier[VERIFIER]; /* of the ticket it came in with: its other channels bring the same */
	bool ready;            /* its first picture is out */
	bool dying;
	uint64_t pinged;
	struct main_end *main;
	struct display_end *display;
	struct inputs_end *inputs;
	struct cursor_end *cursor;
};

/* The ends, one a channel. `new` attaches itself to the linked connection and takes it; `free` closes it. */
struct main_end *main_end_new(struct session *s, struct conn *c);
void main_end_free(struct main_end *e);
void main_end_mouse_mode(struct main_end *e, bool client); /* tells the client */
void main_end_ping(struct main_end *e);
void main_end_goodbye(struct main_end *e);                 /* DISCONNECTING: we stop */

struct display_end *display_end_new(struct session *s, struct conn *c);
void display_end_free(struct display_end *e);

struct inputs_end *inputs_end_new(struct session *s, struct conn *c);
void inputs_end_free(struct inputs_end *e); /* releases what the client holds down */
void inputs_end_locks(struct inputs_end *e, unsigned modifiers);

struct cursor_end *cursor_end_new(struct session *s, struct conn *c);
void cursor_end_free(struct cursor_end *e);

struct conn *main_end_conn(const struct main_end *e);
struct conn *display_end_conn(const struct display_end *e);
struct conn *inputs_end_conn(const struct inputs_end *e);
struct conn *cursor_end_conn(const struct cursor_end *e);
size_t display_end_queue(const struct display_end *e);

/* ---- what the ends ask of the server ---- */

struct device *session_device(struct session *s);
const struct server_options *session_options(struct session *s);
bool session_client_mouse(const struct session *s);
unsigned session_locks(const struct session *s);
uint32_t session_mm_time(const struct session *s); /* ms, as INIT gives it */
void session_ready(struct session *s);

/* Events; they go to all that listen, unless the client may only look. */
void session_tell_key(struct session *s, unsigned code, bool down);
void session_tell_button(struct session *s, unsigned button, bool down);
void session_tell_motion(struct session *s, int dx, int dy);
void session_tell_position(struct session *s, int x, int y, unsigned display);
void session_tell_locks(struct session *s, unsigned modifiers);

#endif
