/* The ends of a client's channels. Private to the room. */
#ifndef CLIENT_ENDS_H
#define CLIENT_ENDS_H

#include "base/list.h"
#include "chan/conn.h"
#include "client/client.h"
#include "client/image.h"

enum { CLIENT_GLZ_PIXELS = LIM_GLZ_WINDOW / 4 }; /* the window that is announced */

/* A kind of channel that a client has an end for: a file of this room, and a row. */
struct client_kind {
	uint8_t type;  /* enum wire_channel */
	uint8_t ids;   /* channels 0 to ids - 1 are linked */
	uint32_t caps; /* 1 << capability of the channel, that we have */
	/* The connection is linked: the end attaches itself to it, and borrows it. */
	void *(*attach)(struct client *c, struct conn *conn);
	/* The session closes the connection next; what is sent here still goes out. */
	void (*detach)(void *end);
};

extern const struct client_kind client_main_kind, client_display_kind, client_inputs_kind, client_cursor_kind;

struct client_main;
struct client_guest *client_main_guest(struct client_main *e);

struct client_display;
struct pixmap *client_display_screen(struct client_display *e);
bool client_display_marked(const struct client_display *e);
unsigned client_display_monitors(const struct client_display *e, const struct head **heads);
void client_display_frames(struct client_display *e); /* shows what is due, and asks to be called again */
void client_display_jump(struct client_display *e);   /* the multimedia clock did */

struct client_inputs;
void client_inputs_key(struct client_inputs *e, uint16_t code, bool down);
void client_inputs_locks(struct client_inputs *e, unsigned modifiers);
void client_inputs_motion(struct client_inputs *e, int dx, int dy);
void client_inputs_position(struct client_inputs *e, unsigned display, int x, int y);
void client_inputs_button(struct client_inputs *e, unsigned button, bool down);

struct client_cursor;
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

struct client_session *client_known(struct client *c); /* main fills it */
/* Links the channels of a list that are not there yet: a later list names only what is new. */
void client_channels(struct client *c, const struct main_channels_list *m);
struct image_cache *client_images(struct client *c);
struct glz_window *client_glz(struct client *c);
size_t *client_surface_bytes(struct client *c); /* of all displays together */
uint8_t client_compression(const struct client *c);
unsigned client_codecs(const struct client *c, const uint8_t **codecs);
bool client_several_displays(const struct client *c);
uint32_t client_mm_time(const struct client *c); /* ms, wraps */
void client_set_mm_time(struct client *c, uint32_t time);
void client_wake_frames(struct client *c, uint32_t ms); /* client_display_frames after so long, or earlier */
void client_told_locks(struct client *c, unsigned modifiers);
/* WAIT_FOR_CHANNELS: chan_ops.reached for every end. Who has processed a message says so by client_progress, and
 * channels that waited go on. */
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
