/* Keyboard and mouse. Keys go by their place (SDL's scan codes are USB usages); what was reported
 * down is remembered, so that nothing stays down when the keyboard goes elsewhere. While the mouse
 * is grabbed, so is the keyboard; Ctrl+Alt, pressed and let go alone, gives both back. */
#include "view/window-private.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

/* Either of a pair counts for a hot key. */
static const struct {
	uint16_t left, right;
} hotkey_modifiers[] = {
	{KEYCODE_SHIFT, KEYCODE_SHIFT_R},
	{KEYCODE_CTRL, KEYCODE_CTRL_R},
	{KEYCODE_ALT, KEYCODE_ALTGR},
	{KEYCODE_SUPER, KEYCODE_SUPER_R},
};
enum { CTRL_ALT = 1 << 1 | 1 << 2 };

/* SDL's media keys, which it counts behind the USB keyboard page, as input-event codes. */
static const struct {
	SDL_Scancode sdl;
	unsigned evdev;
} media_keys[] = {
	{SDL_SCANCODE_AUDIONEXT, 163},
	{SDL_SCANCODE_AUDIOPREV, 165},
	{SDL_SCANCODE_AUDIOSTOP, 166},
	{SDL_SCANCODE_AUDIOPLAY, 164},
	{SDL_SCANCODE_AUDIOMUTE, 113},
	{SDL_SCANCODE_MAIL, 155},
	{SDL_SCANCODE_CALCULATOR, 140},
	{SDL_SCANCODE_AC_SEARCH, 217},
	{SDL_SCANCODE_AC_HOME, 172},
	{SDL_SCANCODE_AC_BACK, 158},
	{SDL_SCANCODE_AC_FORWARD, 159},
	{SDL_SCANCODE_AC_REFRESH, 173},
	{SDL_SCANCODE_AC_BOOKMARKS, 156},
	{SDL_SCANCODE_SLEEP, 142},
};

static unsigned modifier_bit(uint16_t code)
{
	for (unsigned i = 0; i < ARRAY_SIZE(hotkey_modifiers); i++)
		if (hotkey_modifiers[i].left == code || hotkey_modifiers[i].right == code)
			return 1u << i;
	return 0;
}

static void report_key(struct window *w, uint16_t code, bool down)
{
	bool *held = &w->input.held[keycode_index(code)];

	if (w->view_only || (!down && !*held))
		return;
	*held = down;
	w->ops->key(w->owner, code, down);
}

void input_release_all(struct window *w)
{
	for (unsigned i = 0; i < KEYCODE_INDEXES; i++)
		if (w->input.held[i])
			report_key(w, keycode_at(i), false);
	for (unsigned b = 1; b <= WINDOW_EXTRA; b++)
		if (w->input.buttons & 1u << b) {
			w->input.buttons &= ~(1u << b);
			w->ops->button(w->owner, b, false);
		}
}

static void act_full_screen(struct window *w)
{
	window_full_screen(w, !w->full_screen);
}

static void act_release(struct window *w)
{
	input_grab(w, false);
}

static void act_secure_attention(struct window *w)
{
	static const uint16_t keys[] = {KEYCODE_CTRL, KEYCODE_ALT, KEYCODE_DELETE};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		report_key(w, keys[i], true);
	for (size_t i = ARRAY_SIZE(keys); i-- > 0;)
		report_key(w, keys[i], false);
}

static const struct {
	const char *name;
	void (*act)(struct window *w);
} actions[] = {
	{"toggle-fullscreen", act_full_screen},
	{"release-cursor", act_release},
	{"secure-attention", act_secure_attention},
};

/* "action=chord" */
static int add_hotkey(struct input *in, const char *word, size_t len)
{
	size_t name = strcspn(word, "=");
	uint16_t codes[KEYCODE_CHORD_MAX];
	struct hotkey h = {0};
	char *chord;
	size_t n = 0;
	int rc;

	for (size_t i = 0; name < len && i < ARRAY_SIZE(actions); i++)
		if (strlen(actions[i].name) == name && strncmp(actions[i].name, word, name) == 0)
			h.act = actions[i].act;
	if (!h.act || in->hotkeys_n == HOTKEYS_MAX) {
		log_error("no hot key \"%.*s\"", (int)len, word);
		return E_USAGE;
	}
	chord = xstrndup(word + name + 1, len - name - 1);
	rc = keycode_chord(chord, codes, &n);
	free(chord);
	if (rc)
		return rc;
	h.code = codes[n - 1];
	for (size_t i = 0; i + 1 < n; i++) {
		if (!modifier_bit(codes[i])) {
			log_error("hot key \"%.*s\": only shift, ctrl, alt and super can be held",
				(int)len, word);
			return E_USAGE;
		}
		h.modifiers |= modifier_bit(codes[i]);
	}
	in->hotkeys[in->hotkeys_n++] = h;
	return 0;
}

int input_init(struct input *in, const char *hotkeys)
{
	for (const char *p = hotkeys; *p;) {
		size_t len = strcspn(p, ",");
		int rc = add_hotkey(in, p, len);

		if (rc)
			return rc;
		p += len;
		p += *p == ',';
	}
	return 0;
}

static bool hotkey(struct window *w, uint16_t code)
{
	struct input *in = &w->input;

	for (size_t i = 0; i < in->hotkeys_n; i++)
		if (in->hotkeys[i].code == code && in->hotkeys[i].modifiers == in->modifiers) {
			input_release_all(w);
			in->swallowed = code;
			in->hotkeys[i].act(w);
			return true;
		}
	return false;
}

static uint16_t code_of(SDL_Scancode sdl)
{
	for (size_t i = 0; i < ARRAY_SIZE(media_keys); i++)
		if (media_keys[i].sdl == sdl)
			return keycode_of_evdev(media_keys[i].evdev);
	return keycode_of_usb(sdl);
}

static void key_event(struct window *w, const SDL_KeyboardEvent *e)
{
	struct input *in = &w->input;
	uint16_t code = code_of(e->keysym.scancode);
	unsigned bit = modifier_bit(code), before = in->modifiers;
	bool down = e->state == SDL_PRESSED;

	if (!code)
		return;
	if (code == in->swallowed) {
		in->swallowed = down ? code : 0;
		return;
	}
	if (down && !e->repeat && hotkey(w, code))
		return;
	if (down && !before)
		in->only_modifiers = true;
	if (!bit)
		in->only_modifiers = false;
	in->modifiers = down ? in->modifiers | bit : in->modifiers & ~bit;
	report_key(w, code, down);
	if (!down && before == CTRL_ALT && in->only_modifiers) {
		in->only_modifiers = false;
		input_grab(w, false);
	}
}

/* The mouse is kept in relative mode only; in absolute mode the keyboard alone is. */
void input_grab(struct window *w, bool on)
{
	struct input *in = &w->input;

	if (w->desk->gone || w->view_only)
		return;
	on = on && w->focused;
	in->grabbed = on;
	SDL_SetWindowKeyboardGrab(w->sdl, on ? SDL_TRUE : SDL_FALSE);
	if (SDL_SetRelativeMouseMode(on && in->relative ? SDL_TRUE : SDL_FALSE) && on)
		log_warn("the mouse can't be kept in the window: %s", SDL_GetError());
}

static unsigned lock_state(void)
{
	SDL_Keymod m = SDL_GetModState();

	return (m & KMOD_SCROLL ? WINDOW_SCROLL_LOCK : 0) | (m & KMOD_NUM ? WINDOW_NUM_LOCK : 0) |
	       (m & KMOD_CAPS ? WINDOW_CAPS_LOCK : 0);
}

void input_focus(struct window *w, bool focused)
{
	if (focused == w->focused)
		return;
	w->input.modifiers = 0;
	w->input.swallowed = 0;
	w->input.only_modifiers = false;
	if (!focused) {
		input_release_all(w);
		input_grab(w, false);
	}
	w->focused = focused;
	if (focused && w->full_screen)
		input_grab(w, true);
	if (!w->view_only)
		w->ops->focus(w->owner, focused, lock_state());
}

void input_flush(struct window *w)
{
	struct input *in = &w->input;
	int x, y;

	if (!in->moved)
		return;
	in->moved = false;
	if (w->view_only)
		return;
	if (in->relative) {
		if (in->dx || in->dy)
			w->ops->motion(w->owner, in->dx, in->dy);
		in->dx = in->dy = 0;
	} else if (paint_to_image(w, in->x, in->y, &x, &y)) {
		w->ops->position(w->owner, x, y);
	}
}

static void motion_event(struct window *w, const SDL_MouseMotionEvent *e)
{
	struct input *in = &w->input;

	if (in->relative && !in->grabbed)
		return;
	in->moved = true;
	in->dx += e->xrel;
	in->dy += e->yrel;
	in->x = e->x;
	in->y = e->y;
}

static void button_event(struct window *w, const SDL_MouseButtonEvent *e)
{
	static const uint8_t buttons[] = {
		[SDL_BUTTON_LEFT] = WINDOW_LEFT,
		[SDL_BUTTON_MIDDLE] = WINDOW_MIDDLE,
		[SDL_BUTTON_RIGHT] = WINDOW_RIGHT,
		[SDL_BUTTON_X1] = WINDOW_SIDE,
		[SDL_BUTTON_X2] = WINDOW_EXTRA,
	};
	unsigned button = e->button < ARRAY_SIZE(buttons) ? buttons[e->button] : 0;
	bool down = e->state == SDL_PRESSED;
	struct input *in = &w->input;

	if (!button || w->view_only)
		return;
	if (down && !in->grabbed) {
		input_grab(w, true);
		if (in->relative) /* this click only takes the mouse */
			return;
	}
	if (!down && !(in->buttons & 1u << button))
		return;
	if (!in->relative && (in->x != e->x || in->y != e->y)) {
		in->x = e->x;
		in->y = e->y;
		in->moved = true;
	}
	input_flush(w);
	in->buttons = down ? in->buttons | 1u << button : in->buttons & ~(1u << button);
	w->ops->button(w->owner, button, down);
}

static void wheel_event(struct window *w, const SDL_MouseWheelEvent *e)
{
	int steps = e->direction == SDL_MOUSEWHEEL_FLIPPED ? -e->y : e->y;

	if (steps && !w->view_only && (!w->input.relative || w->input.grabbed))
		w->ops->wheel(w->owner, steps);
}

void input_event(struct window *w, const SDL_Event *e)
{
	if (e->type == SDL_MOUSEMOTION) {
		motion_event(w, &e->motion);
		return;
	}
	input_flush(w);
	switch (e->type) {
	case SDL_KEYDOWN:
	case SDL_KEYUP:
		key_event(w, &e->key);
		break;
	case SDL_MOUSEBUTTONDOWN:
	case SDL_MOUSEBUTTONUP:
		button_event(w, &e->button);
		break;
	case SDL_MOUSEWHEEL:
		wheel_event(w, &e->wheel);
		break;
	}
}

void window_relative(struct window *w, bool relative)
{
	struct input *in = &w->input;

	if (in->relative == relative)
		return;
	input_flush(w);
	paint_cursor_changed(w);
	in->relative = relative;
	in->dx = in->dy = 0;
	if (in->grabbed)
		input_grab(w, true);
	paint_cursor_changed(w);
}
