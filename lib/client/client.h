/* A SPICE client: the session that owns a viewer's channels. Everything runs on one loop; what happens is told by
 * struct client_ops, what a person does is said by the client_* calls. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <uv.h>

#include "draw/canvas.h"
#include "chan/link.h"
#include "net/listen.h"

enum { CLIENT_DISPLAYS = 4 }; /* display channels that are linked */

struct client;

/* The pointer as the server shows it. */
struct client_pointer {
	bool visible;
	int x, y;                /* of the hot spot; server mouse mode */
	unsigned width, height, hot_x, hot_y;
	/* ARGB, premultiplied, width * height; the client's. NULL: the default pointer. A pixel that has a colour but
	 * no alpha inverts what is below it. */
	uint32_t *pixels;
};

/* Every function may be NULL. */
struct client_ops {
	void (*joined)(void *owner);                      /* main is up: client_session is filled */
	void (*channels)(void *owner);                    /* CHANNELS_LIST came, channels are being linked */
	void (*screen)(void *owner, unsigned display);    /* its primary surface came, went or changed its size */
	void (*damage)(void *owner, unsigned display, const struct rect *r); /* pixels of the primary changed */
	void (*mark)(void *owner, unsigned display);      /* its picture is valid now */
	void (*monitors)(void *owner, unsigned display);
	void (*inputs)(void *owner);                      /* the inputs channel is up */
	void (*locks)(void *owner, unsigned modifiers);   /* KBD_MODIFIERS_* of the machine */
	void (*pointer)(void *owner, unsigned display);   /* shape, place or visibility */
	void (*mouse_mode)(void *owner, bool client);     /* absolute or relative */
	/* After client_resize gave E_AGAIN: the guest was asked (0), or can't be (E_UNSUP). */
	void (*resized)(void *owner, int err);
	/* The session is over: E_CLOSED (the server left), E_AUTH, E_UNREACH, E_HOST, E_TIMEOUT, E_PROTO... said. */
	void (*closed)(void *owner, int err);
};

struct client_options {
	const char *password;      /* NULL: none */
	struct tls_client *tls;    /* trust; NULL where no TLS is possible */
	const char *tls_channels;  /* "main,inputs" or "all": TLS or nothing */
	const char *disable_channels;
	unsigned timeout_ms;       /* for a connection to be made and linked; 0: 30 s */
	uint8_t compression;       /* enum image_compression that is asked for; 0: what the server likes */
	uint8_t codecs[4];         /* enum video_codec that are asked for, best first; n_codecs 0: what it likes */
	unsigned n_codecs;
	bool view_only;            /* no inputs channel */
};

/* What is known of the session, for --info. */
struct client_session {
	uint32_t id;
	char *name;                /* NULL: not told */
	bool has_uuid;
	uint8_t uuid[16];
	unsigned supported_modes, mode; /* MOUSE_MODE_* */
	uint32_t ram_hint;
	struct channel_id *list;   /* n_list of CHANNELS_LIST, as the server gave them */
	unsigned n_list;
	const struct link_caps *main_caps; /* of the server */
};

/* Begins to connect; e and the strings of o are copied, o->tls is borrowed. */
struct client *client_new(uv_loop_t *loop, const struct endpoint *e, const struct client_options *o,
	const struct client_ops *ops, void *owner);
/* Leaves: closes all, no call comes any more. NULL is fine. */
void client_free(struct client *c);

const struct client_session *client_session(const struct client *c);
/* The primary surface of a display channel, NULL when there is none. Borrowed; changes at `screen`. */
struct pixmap *client_screen(struct client *c, unsigned display);
bool client_marked(const struct client *c, unsigned display);
/* Heads of a display channel, as MONITORS_CONFIG gave them. */
unsigned client_monitors(const struct client *c, unsigned display, const struct head **heads);
const struct client_pointer *client_pointer(const struct client *c, unsigned display);
/* The session ended because the server refused the password, not for want of trust in the server: one may ask for
 * another. */
bool client_password_refused(const struct client *c);
bool client_has_inputs(const struct client *c);
bool client_mouse_absolute(const struct client *c);
unsigned client_locks(const struct client *c);

/* Is there an agent in the guest, or a server that plays it? */
bool client_has_agent(const struct client *c);
/* Asks for n displays of these sizes at these places (1 to LIM_HEADS; a width of 0: one that is off, left out where
 * the agent knows no such thing). 0: asked; E_AGAIN: `resized` will tell; E_UNSUP:
 * nobody can be asked, now or ever (a view-only client never). What was wished last is asked again of an agent that
 * comes later. What becomes of it is seen by `screen` and `monitors`. */
int client_resize(struct client *c, const struct head *heads, unsigned n);

/* ---- what a person does; ignored while there is no inputs channel ---- */

/* A key by its scan code (view/keycode.h). What is held is remembered: a press may repeat, a release without one is
 * nothing. */
void client_key(struct client *c, uint16_t code, bool down);
void client_set_locks(struct client *c, unsigned modifiers);
/* Relative in server mode, absolute in client mode (pixels of the display's surface). Summed up, or only the last
 * kept, while the server has not acknowledged earlier ones. */
void client_motion(struct client *c, int dx, int dy);
void client_position(struct client *c, unsigned display, int x, int y);
void client_button(struct client *c, unsigned button, bool down); /* enum mouse_button, wheel included */
void client_wheel(struct client *c, int steps); /* positive away from the user */

#endif
