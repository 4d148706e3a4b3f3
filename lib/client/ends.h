/* The ends of a client's channels. Private to the room. */
#ifndef CLIENT_ENDS_H
#define CLIENT_ENDS_H

#include "base/list.h"
#include "chan/conn.h"
#include "client/client.h"
#include "client/image.h"

enum { CLIENT_GLZ_PIXELS = LIM_GLZ_WINDOW / 4 }; /* the window that is announced */

struct client_display;
struct client_inputs;
struct client_cursor;

/* `new` attaches itself to the linked connection and takes it; `free` closes it. */
struct client_display *client_display_new(struct client *c, struct conn *conn);
void client_display_free(struct client_display *e);
struct conn *client_display_conn(const struct client_display *e);
struct pixmap *client_display_screen(struct client_display *e);
bool client_display_marked(const struct client_display *e);
unsigned client_display_monitors(const struct client_display *e, const struct head **heads);
void client_display_frames(struct client_display *e); /* shows what is due, and asks to be called again */
void client_display_jump(struct client_display *e);   /* the multimedia clock did */

struct client_inputs *client_inputs_new(struct client *c, struct conn *conn);
void client_inputs_free(struct client_inputs *e);
struct conn *client_inputs_conn(const struct client_inputs *e);
void client_inputs_key(struct client_inputs *e, unsigned code, bool down);
void client_inputs_release(struct client_inputs *e);
void client_inputs_locks(struct client_inputs *e, unsigned modifiers);
void client_inputs_motion(struct client_inputs *e, int dx, int dy);
void client_inputs_position(struct client_inputs *e, unsigned display, int x, int y);
void client_inputs_button(struct client_inputs *e, unsigned button, bool down);
bool client_inputs_idle(const struct client_inputs *e);

struct client_cursor *client_cursor_new(struct client *c, struct conn *conn);
void client_cursor_free(struct client_cursor *e);
struct conn *client_cursor_conn(const struct client_cursor *e);
const struct client_pointer *client_cursor_pointer(const struct client_cursor *e);

/* The guest's agent, on the main channel. */
struct client_guest *client_guest_new(struct client *c, struct conn *main);
void client_guest_free(struct client_guest *g);
/* A message of the main channel; true when it was the agent's alone. */
bool client_guest_message(struct client_guest *g, unsigned number, const void *body);
int client_guest_pull(struct client_guest *g);
void client_guest_tick(struct client_guest *g, uint64_t now);
bool client_guest_there(const struct client_guest *g);
int client_guest_resize(struct client_guest *g, const struct head *heads, unsigned n);

/* ---- what the ends ask of the session ---- */

struct image_cache *client_images(struct client *c);
struct glz_window *client_glz(struct client *c);
uint8_t client_compression(const struct client *c);
unsigned client_codecs(const struct client *c, const uint8_t **codecs);
bool client_several_displays(const struct client *c);
uint32_t client_mm_time(const struct client *c); /* ms, wraps */
void client_wake_frames(struct client *c, uint32_t ms); /* client_display_frames after so long, or earlier */
void client_told_locks(struct client *c, unsigned modifiers);
/* WAIT_FOR_CHANNELS: chan_ops.reached for every end; `end`'s channels are resumed when others get on. */
bool client_reached(struct client *c, unsigned type, unsigned id, uint64_t serial);
void client_progress(struct client *c);

#define CLIENT_TELL(c, what, ...)                                                                  \
	do {                                                                                       \
		if (client_ops(c)->what)                                                           \
			client_ops(c)->what(client_owner(c), ##__VA_ARGS__);                       \
	} while (0)
const struct client_ops *client_ops(const struct client *c);
void *client_owner(const struct client *c);

#endif
