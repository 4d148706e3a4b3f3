/* Keys by number and by name. The house's key is a PC set-1 scan code, as SPICE's inputs channel
 * carries them: 0x01..0x7f for a plain key, 0xe000 | code for an extended one (0xe048 is "up"),
 * and KEYCODE_PAUSE, the one key whose press is three bytes. Presses only: the byte of a release
 * has 0x80 set, which keycode_bytes does. */
#ifndef VIEW_KEYCODE_H
#define VIEW_KEYCODE_H

#include "base/bytes.h"

enum {
	KEYCODE_NONE = 0,
	KEYCODE_ESCAPE = 0x01,
	KEYCODE_BACKSPACE = 0x0e,
	KEYCODE_TAB = 0x0f,
	KEYCODE_ENTER = 0x1c,
	KEYCODE_CTRL = 0x1d,
	KEYCODE_SHIFT = 0x2a,
	KEYCODE_SHIFT_R = 0x36,
	KEYCODE_ALT = 0x38,
	KEYCODE_CAPS_LOCK = 0x3a,
	KEYCODE_NUM_LOCK = 0x45,
	KEYCODE_SCROLL_LOCK = 0x46,
	KEYCODE_CTRL_R = 0xe01d,
	KEYCODE_PRINT = 0xe037,
	KEYCODE_ALTGR = 0xe038,
	KEYCODE_DELETE = 0xe053,
	KEYCODE_SUPER = 0xe05b,
	KEYCODE_SUPER_R = 0xe05c,
	KEYCODE_PAUSE = 0xe145,
	KEYCODE_BYTES_MAX = 3,
	KEYCODE_CHORD_MAX = 8,
	KEYCODE_INDEXES = 257,
};

/* The bytes that the keyboard sends for a press or a release, in their order: 1 to 3. A KEY_DOWN
 * or KEY_UP message holds them least significant first. */
size_t keycode_bytes(uint16_t code, bool down, uint8_t out[KEYCODE_BYTES_MAX]);

/* Keys counted from 0 to KEYCODE_INDEXES - 1, for whoever remembers something of each; and back. */
unsigned keycode_index(uint16_t code);
uint16_t keycode_at(unsigned index);

/* Linux' input-event codes (KEY_*; an XKB key code is this plus 8), and usages of the USB
 * keyboard page, which are SDL's scan codes below 256. KEYCODE_NONE for keys that a PC keyboard
 * never had. */
uint16_t keycode_of_evdev(unsigned code);
uint16_t keycode_of_usb(unsigned usage);

/* A key by its name, in either case: "f10", "up", "kp_enter", "super"; letters, digits and signs
 * by their place on the us layout. KEYCODE_NONE when there is none. */
uint16_t keycode_named(struct slice name);

/* "ctrl+alt+del": keys joined by +, pressed in this order and released in the reverse. The plus
 * sign itself is "plus". 0, or E_USAGE with the reason logged. *n counts. */
int keycode_chord(const char *text, uint16_t out[KEYCODE_CHORD_MAX], size_t *n);

#endif
