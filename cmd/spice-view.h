/* What the parts of spice-view share: one view, which has a client and a mode. A mode is what the view is for (a
 * screenshot, a script, a window...): the client's calls go to it. */
#ifndef CMD_SPICE_VIEW_H
#define CMD_SPICE_VIEW_H

#include "client/client.h"
#include "cmd/cli.h"

struct view_options {
	char *screenshot, *script, *type, *layout, *rate, *settle, *display, *compression, *codecs, *title, *hotkeys,
		*scale, *resize;
	int info, json, view_only, full_screen;
};

struct view {
	uv_loop_t *loop;
	struct view_options o;
	unsigned display;
	long long settle_ms, timeout_ms, retry_ms;
	struct endpoint where;
	struct client_options co;
	struct client *client;
	struct cli_ticket *ticket; /* while --ticket-command runs */
	const struct view_mode *mode;
	void *owner;               /* of the mode */
	struct cli_signals signals;
	uv_timer_t deadline, again;
	uint64_t began;
	bool done;
	int status;
};

struct view_mode {
	struct client_ops ops;     /* `closed` is the view's own */
	bool picture_only;         /* no other channel than the display is linked */
	bool job;                  /* it has an end: --timeout bounds it, a signal cuts it short */
	int (*start)(struct view *v, void **owner); /* before the connection: reads files. Exit status, 0 goes on */
	void (*stop)(void *owner); /* the view is over: lets the loop end; may be NULL */
	void (*free)(void *owner);
};

extern const struct view_mode view_screenshot, view_script, view_info, view_window;

/* The command is over with this exit status. Safe from any call. */
void view_finish(struct view *v, int status);

/* How many display channels the server has. */
unsigned view_channels(const struct view *v);
/* --display names a display channel where there are several, a head of the only one where there is one: the channel, */
unsigned view_channel(const struct view *v);
/* and the part of its screen that is meant: all of it where the option is not given. False: that is not there. */
bool view_part(const struct view *v, struct rect *r);
/* A head as it lies in the surface; false when it is off or elsewhere. */
bool view_head(const struct head *h, const struct pixmap *screen, struct rect *r);
/* What displays there are now, by their number, which is that of a display channel where there are several, and of the
 * head where there is one; width 0: not there. Returns how many numbers there are. */
unsigned view_heads(const struct view *v, struct head heads[LIM_HEADS]);
/* Asks the guest for displays of these sizes, as client_resize; they come to stand side by side. */
int view_ask(struct view *v, struct head *heads, unsigned n);
/* Asks for this size of the display that is shown. */
int view_resize(struct view *v, unsigned width, unsigned height);

/* That part as 32-bit pixels: a reference, or NULL when there is none. */
struct pixmap *view_pixels(struct view *v);
/* Writes it: PNG, PPM or JPEG by the ending, "-" is PPM on stdout. 0 or an E_*, said. */
int view_capture(struct view *v, const char *file);

#endif
