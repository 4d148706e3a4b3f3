/* The viewer's windows: each shows pixels that somebody else owns, and says what its user does. They know nothing of
 * SPICE. SDL makes them (X11, Wayland, KMS); pixels go from the picture straight into the window's own buffer, only
 * where they were damaged. All windows of a process run on one loop. */
#ifndef VIEW_WINDOW_H
#define VIEW_WINDOW_H

#include <pixman.h>
#include <uv.h>

#include "view/keycode.h"

enum window_scale {
	WINDOW_SCALE_OFF, /* pixel by pixel; scaled down, smoothly, only where it does not fit */
	WINDOW_SCALE_NEAREST, /* as large as fits, keeping its shape */
	WINDOW_SCALE_SMOOTH,
};

/* Mouse buttons as SPICE numbers them; 4 and 5 are wheel steps and come by `wheel`. */
enum window_button {
	WINDOW_LEFT = 1,
	WINDOW_MIDDLE,
	WINDOW_RIGHT,
	WINDOW_SIDE = 6,
	WINDOW_EXTRA,
};

/* Lock keys, the bits that SPICE uses. */
enum { WINDOW_SCROLL_LOCK = 1, WINDOW_NUM_LOCK = 2, WINDOW_CAPS_LOCK = 4 };

struct window_ops {
	/* A key, by the place where it is: see keycode.h. A held key repeats its press. */
	void (*key)(void *owner, uint16_t code, bool down);
	/* Relative mode: how far the mouse moved. */
	void (*motion)(void *owner, int dx, int dy);
	/* Absolute mode: where the pointer is, in pixels of the picture's image; never outside the
	 * part that is shown. */
	void (*position)(void *owner, int x, int y);
	void (*button)(void *owner, enum window_button button, bool down);
	/* Steps of the wheel, positive away from the user. */
	void (*wheel)(void *owner, int steps);
	/* The window got or lost the keyboard. All keys and buttons that were down have been
	 * reported up before it is lost. locks: what the user's lock keys are now. */
	void (*focus)(void *owner, bool focused, unsigned locks);
	/* The user gave the window another size and it has rested since; pixels. May be
	 * NULL. */
	void (*resize)(void *owner, unsigned width, unsigned height);
	/* The user closed the window (0) or the display has gone (E_CLOSED); nothing comes after
	 * this and window_free is due. */
	void (*close)(void *owner, int err);
	/* The display has gone in the middle of one of SDL's calls. SDL 2.26 believes answers that never came
	 * (XGetModifierMapping, XkbGetMap) and falls over them, so there is no safe way back: an owner that does not
	 * end the process here may see `close` instead, or not live to see it. May be NULL. */
	void (*lost)(void *owner);
};

struct window_options {
	const char *title;
	const char *hotkeys; /* NULL: WINDOW_HOTKEYS */
	enum window_scale scale;
	unsigned number;  /* counts from 0: on which of the user's monitors it begins */
	bool full_screen; /* for as many windows as there are monitors */
	bool view_only; /* the picture and the hot keys, but no keyboard and mouse */
};

/* remote-viewer's. Actions: toggle-fullscreen, release-cursor, secure-attention (which types
 * ctrl+alt+del), each followed by = and a chord of keycode_chord. */
#define WINDOW_HOTKEYS                                                                             \
	"toggle-fullscreen=shift+f11,release-cursor=shift+f12,secure-attention=ctrl+alt+end"

struct window;

/* Opens a window, still hidden; the first picture shows it. 0; E_USAGE for bad hot keys,
 * E_UNREACH without a display, E_UNSUP for one whose pixels we can't make; the reason is logged. */
int window_new(uv_loop_t *loop, const struct window_options *o, const struct window_ops *ops,
	void *owner, struct window **out);

/* Closes it at once; no call comes after this. Its memory goes when the loop has run. NULL is fine.
 */
void window_free(struct window *w);

/* Shows a part of an image (any format and size that pixman knows), or black where image is NULL.
 * The image's pixels are read until the next call, so they must stay; the image itself need not. A
 * picture of another size resizes the window, unless that is full screen or the user's own. */
void window_picture(
	struct window *w, pixman_image_t *image, int x, int y, unsigned width, unsigned height);

/* Pixels of the image have changed: drawn soon, many at once. In the image's coordinates. */
void window_damage(struct window *w, int x, int y, unsigned width, unsigned height);

void window_title(struct window *w, const char *title);

/* Whether the mouse is reported by `motion` (and kept in the window once clicked, until Ctrl+Alt or
 * the hot key releases it) or by `position`. Absolute at first. */
void window_relative(struct window *w, bool relative);

/* The pointer's shape: width * height of ARGB, premultiplied, row by row; a pixel that has a colour
 * but no alpha inverts what is below it, which is drawn as black with a white edge. Copied. NULL
 * pixels: the user's ordinary arrow. The hot spot is clamped into the shape. */
void window_cursor(struct window *w, const uint32_t *argb, unsigned width, unsigned height,
	unsigned hot_x, unsigned hot_y);

/* Where the pointer is in the image (drawn there in relative mode) and whether it shows at all. */
void window_cursor_at(struct window *w, int x, int y, bool visible);

#endif
