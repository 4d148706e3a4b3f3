/* Text to key strokes. SPICE carries keys, not characters: who types text must know which keys
 * make it on the layout that the guest has set. Layouts are XKB's, read by libxkbcommon (files of
 * xkb-data); accents that need two strokes follow the dead keys of X11's Compose table (files of
 * libx11-data). */
#ifndef VIEW_KEYMAP_H
#define VIEW_KEYMAP_H

#include "view/keycode.h"

enum {
	STROKE_SHIFT = 1, /* the left shift key is held */
	STROKE_ALTGR = 2, /* the right alt key is held */
	STROKES_MAX = 2,  /* for one character: a dead key and its letter */
	STROKE_KEYS = 3,  /* that one stroke presses */
};

/* One key pressed and released while modifiers are held. Lock keys are taken to be off. */
struct stroke {
	uint16_t code;	   /* set-1 scan code, see keycode.h */
	uint8_t modifiers; /* STROKE_* */
};

struct keymap;

/* A layout by its XKB name, "us", "de", with its variant in parentheses "de(nodeadkeys)". 0, or
 * E_USAGE for a layout that does not exist, with the reason logged. */
int keymap_new(const char *layout, struct keymap **out);
void keymap_free(struct keymap *k); /* NULL is fine */

/* Takes one UTF-8 character from the front of *text and gives the strokes that type it; line ends
 * (also CR LF, which is one), tab, escape and backspace are keys. *n is 1..STROKES_MAX. 0;
 * E_UNSUP when the layout can't type it (the character is taken, nothing is logged); E_INVAL for
 * bytes that are not UTF-8 (one byte is taken). */
int keymap_next(
	const struct keymap *k, struct slice *text, struct stroke out[STROKES_MAX], size_t *n);

/* The keys of a stroke in the order in which they go down; they come up in the reverse. Returns
 * how many. */
size_t stroke_keys(struct stroke s, uint16_t out[STROKE_KEYS]);

#endif
