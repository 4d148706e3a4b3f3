/* Typing: what the keymap says is played on an independent simulated keyboard of the same layout,
 * and the text must come back. Key tables: the three ways to a scan code agree with each other
 * and with the kernel's header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <linux/input-event-codes.h>
#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

#include "base/err.h"
#include "base/mem.h"
#include "view/keymap.h"

struct guest {
	struct xkb_context *ctx;
	struct xkb_keymap *map;
	struct xkb_state *state;
	struct xkb_compose_table *table;
	struct xkb_compose_state *compose;
	char text[1024];
};

static void guest_init(struct guest *g, const char *layout, const char *variant)
{
	memset(g, 0, sizeof(*g));
	g->ctx = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	g->map = xkb_keymap_new_from_names(g->ctx,
		&(struct xkb_rule_names){
			.rules = "evdev", .model = "pc105", .layout = layout, .variant = variant},
		XKB_KEYMAP_COMPILE_NO_FLAGS);
	assert_non_null(g->map);
	g->state = xkb_state_new(g->map);
	g->table = xkb_compose_table_new_from_locale(
		g->ctx, "en_US.UTF-8", XKB_COMPOSE_COMPILE_NO_FLAGS);
	assert_non_null(g->table);
	g->compose = xkb_compose_state_new(g->table, XKB_COMPOSE_STATE_NO_FLAGS);
}

static void guest_fini(struct guest *g)
{
	xkb_compose_state_unref(g->compose);
	xkb_compose_table_unref(g->table);
	xkb_state_unref(g->state);
	xkb_keymap_unref(g->map);
	xkb_context_unref(g->ctx);
}

/* The reverse of keycode_of_evdev; 0 when there is none. */
static unsigned evdev_of(uint16_t code)
{
	for (unsigned e = 1; e < 1000; e++)
		if (keycode_of_evdev(e) == code)
			return e;
	return 0;
}

static void guest_key(struct guest *g, uint16_t code, bool down)
{
	xkb_keycode_t key = evdev_of(code) + 8;
	size_t at = strlen(g->text);

	if (down) {
		xkb_compose_state_feed(g->compose, xkb_state_key_get_one_sym(g->state, key));
		switch (xkb_compose_state_get_status(g->compose)) {
		case XKB_COMPOSE_COMPOSED:
			xkb_compose_state_get_utf8(g->compose, g->text + at, sizeof(g->text) - at);
			xkb_compose_state_reset(g->compose);
			break;
		case XKB_COMPOSE_NOTHING:
			xkb_state_key_get_utf8(g->state, key, g->text + at, sizeof(g->text) - at);
			break;
		default:
			break;
		}
	}
	xkb_state_update_key(g->state, key, down ? XKB_KEY_DOWN : XKB_KEY_UP);
}

static void guest_stroke(struct guest *g, struct stroke s)
{
	uint16_t keys[STROKE_KEYS];
	size_t n = stroke_keys(s, keys);

	for (size_t i = 0; i < n; i++)
		guest_key(g, keys[i], true);
	while (n)
		guest_key(g, keys[--n], false);
}

/* Types text on a layout and asserts that the guest reads it. */
static void round_trip(
	const char *layout, const char *guest_layout, const char *variant, const char *text)
{
	struct slice rest = slice_str(text);
	struct guest g;
	struct keymap *k;

	assert_int_equal(keymap_new(layout, &k), 0);
	guest_init(&g, guest_layout, variant);
	while (rest.n) {
		struct stroke s[STROKES_MAX];
		size_t n;

		if (keymap_next(k, &rest, s, &n))
			fail_msg("%s can't type what stands before \"%s\"", layout, rest.p);
		for (size_t i = 0; i < n; i++)
			guest_stroke(&g, s[i]);
	}
	assert_string_equal(g.text, text);
	guest_fini(&g);
	keymap_free(k);
}

static const char *printable(void)
{
	static char text[96];

	for (int c = 0x20; c < 0x7f; c++)
		text[c - 0x20] = (char)c;
	return text;
}

static void ascii_comes_back(void **state)
{
	(void)state;
	round_trip("us", "us", "", printable());
	round_trip("de", "de", "", printable());
	round_trip("de(nodeadkeys)", "de", "nodeadkeys", printable());
	round_trip("fr", "fr", "", printable());
	round_trip("gb", "gb", "", printable());
	round_trip("es", "es", "", printable());
}

static void accents_come_back(void **state)
{
	(void)state;
	round_trip("de", "de", "", "äöüÄÖÜß€@{[]}\\~|µ²³°éÉèêàâîôûáíóú");
	round_trip("us(intl)", "us", "intl", "éàüñç");
	round_trip("fr", "fr", "", "éèçàùêëïâôÿÊ");
	round_trip("ru", "ru", "", "Привет");
}

static struct stroke one(struct keymap *k, const char *text, size_t n_want)
{
	struct slice rest = slice_str(text);
	struct stroke s[STROKES_MAX] = {{0}};
	size_t n;

	assert_int_equal(keymap_next(k, &rest, s, &n), 0);
	assert_int_equal(n, n_want);
	assert_int_equal(rest.n, 0);
	return s[0];
}

static void known_strokes(void **state)
{
	struct keymap *us, *de;
	struct slice rest = slice_str("\xff\xc3");
	struct stroke s[STROKES_MAX];
	size_t n;

	(void)state;
	assert_int_equal(keymap_new("us", &us), 0);
	assert_int_equal(keymap_new("de", &de), 0);
	assert_int_equal(one(us, "a", 1).code, 0x1e);
	assert_int_equal(one(us, "A", 1).modifiers, STROKE_SHIFT);
	assert_int_equal(one(us, "y", 1).code, 0x15);
	assert_int_equal(one(de, "y", 1).code, 0x2c);
	assert_int_equal(one(de, "@", 1).code, 0x10);
	assert_int_equal(one(de, "@", 1).modifiers, STROKE_ALTGR);
	assert_int_equal(one(de, "é", 2).code, 0x0d);
	assert_int_equal(one(de, "^", 2).code, 0x29);
	assert_int_equal(one(de, "\n", 1).code, KEYCODE_ENTER);
	assert_int_equal(one(de, "\r\n", 1).code, KEYCODE_ENTER);
	assert_int_equal(one(de, "\t", 1).code, KEYCODE_TAB);
	assert_int_equal(one(de, "\x1b", 1).code, KEYCODE_ESCAPE);

	assert_int_equal(keymap_next(us, &rest, s, &n), E_INVAL);
	assert_int_equal(keymap_next(us, &rest, s, &n), E_INVAL);
	assert_int_equal(rest.n, 0);
	assert_int_equal(keymap_next(us, &rest, s, &n), E_INVAL);
	rest = slice_str("é");
	assert_int_equal(keymap_next(us, &rest, s, &n), E_UNSUP);
	assert_int_equal(rest.n, 0);
	keymap_free(us);
	keymap_free(de);
}

static void bad_layouts(void **state)
{
	static const char *const bad[] = {"", "nosuchlayout", "de(", "de()", "de(nosuchvariant)",
		"us,de", "de)x(", "../us", "(intl)"};
	struct keymap *k;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (keymap_new(bad[i], &k) != E_USAGE)
			fail_msg("layout \"%s\" was taken", bad[i]);
		assert_null(k);
	}
}

static void tables_agree(void **state)
{
	static const struct {
		unsigned usb, evdev;
		const char *name;
		uint16_t code;
	} rows[] = {
		{0x04, KEY_A, "a", 0x1e},
		{0x1d, KEY_Z, "z", 0x2c},
		{0x1e, KEY_1, "1", 0x02},
		{0x27, KEY_0, "0", 0x0b},
		{0x28, KEY_ENTER, "enter", 0x1c},
		{0x29, KEY_ESC, "escape", 0x01},
		{0x2a, KEY_BACKSPACE, "backspace", 0x0e},
		{0x2b, KEY_TAB, "tab", 0x0f},
		{0x2c, KEY_SPACE, "space", 0x39},
		{0x31, KEY_BACKSLASH, "backslash", 0x2b},
		{0x35, KEY_GRAVE, "grave", 0x29},
		{0x38, KEY_SLASH, "slash", 0x35},
		{0x39, KEY_CAPSLOCK, "caps_lock", 0x3a},
		{0x3a, KEY_F1, "f1", 0x3b},
		{0x43, KEY_F10, "f10", 0x44},
		{0x44, KEY_F11, "f11", 0x57},
		{0x45, KEY_F12, "f12", 0x58},
		{0x46, KEY_SYSRQ, "print", 0xe037},
		{0x47, KEY_SCROLLLOCK, "scroll_lock", 0x46},
		{0x48, KEY_PAUSE, "pause", KEYCODE_PAUSE},
		{0x49, KEY_INSERT, "insert", 0xe052},
		{0x4a, KEY_HOME, "home", 0xe047},
		{0x4b, KEY_PAGEUP, "page_up", 0xe049},
		{0x4c, KEY_DELETE, "delete", 0xe053},
		{0x4d, KEY_END, "end", 0xe04f},
		{0x4e, KEY_PAGEDOWN, "page_down", 0xe051},
		{0x4f, KEY_RIGHT, "right", 0xe04d},
		{0x50, KEY_LEFT, "left", 0xe04b},
		{0x51, KEY_DOWN, "down", 0xe050},
		{0x52, KEY_UP, "up", 0xe048},
		{0x53, KEY_NUMLOCK, "num_lock", 0x45},
		{0x54, KEY_KPSLASH, "kp_divide", 0xe035},
		{0x58, KEY_KPENTER, "kp_enter", 0xe01c},
		{0x5f, KEY_KP7, "kp_7", 0x47},
		{0x62, KEY_KP0, "kp_0", 0x52},
		{0x63, KEY_KPDOT, "kp_decimal", 0x53},
		{0x64, KEY_102ND, "less", 0x56},
		{0x65, KEY_COMPOSE, "menu", 0xe05d},
		{0x73, KEY_F24, "f24", 0x74},
		{0x87, KEY_RO, "ro", 0x73},
		{0x89, KEY_YEN, "yen", 0x7d},
		{0x8a, KEY_HENKAN, "henkan", 0x79},
		{0xe0, KEY_LEFTCTRL, "ctrl", 0x1d},
		{0xe1, KEY_LEFTSHIFT, "shift", 0x2a},
		{0xe2, KEY_LEFTALT, "alt", 0x38},
		{0xe3, KEY_LEFTMETA, "super", 0xe05b},
		{0xe4, KEY_RIGHTCTRL, "ctrl_r", 0xe01d},
		{0xe5, KEY_RIGHTSHIFT, "shift_r", 0x36},
		{0xe6, KEY_RIGHTALT, "altgr", 0xe038},
		{0xe7, KEY_RIGHTMETA, "super_r", 0xe05c},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(keycode_of_usb(rows[i].usb), rows[i].code);
		assert_int_equal(keycode_of_evdev(rows[i].evdev), rows[i].code);
		assert_int_equal(keycode_named(slice_str(rows[i].name)), rows[i].code);
	}
	for (unsigned e = 1; e < 1000; e++) /* a scan code stands for one key */
		if (keycode_of_evdev(e))
			assert_int_equal(evdev_of(keycode_of_evdev(e)), e);
	for (unsigned i = 0; i < KEYCODE_INDEXES; i++)
		assert_int_equal(keycode_index(keycode_at(i)), i);
	assert_int_equal(keycode_of_usb(0x03), KEYCODE_NONE);
	assert_int_equal(keycode_of_usb(0xffff), KEYCODE_NONE);
	assert_int_equal(keycode_of_evdev(0xffff), KEYCODE_NONE);
}

static void bytes_of_keys(void **state)
{
	uint8_t b[KEYCODE_BYTES_MAX];

	(void)state;
	assert_int_equal(keycode_bytes(0x1e, true, b), 1);
	assert_int_equal(b[0], 0x1e);
	assert_int_equal(keycode_bytes(0x1e, false, b), 1);
	assert_int_equal(b[0], 0x9e);
	assert_int_equal(keycode_bytes(0xe048, true, b), 2);
	assert_memory_equal(b, "\xe0\x48", 2);
	assert_int_equal(keycode_bytes(0xe048, false, b), 2);
	assert_memory_equal(b, "\xe0\xc8", 2);
	assert_int_equal(keycode_bytes(KEYCODE_PAUSE, true, b), 3);
	assert_memory_equal(b, "\xe1\x1d\x45", 3);
	assert_int_equal(keycode_bytes(KEYCODE_PAUSE, false, b), 3);
	assert_memory_equal(b, "\xe1\x9d\xc5", 3);
}

static void chords(void **state)
{
	static const char *const bad[] = {
		"", "+", "ctrl+", "+a", "ctrl++", "nokey", "a+b+c+d+e+f+g+h+i"};
	uint16_t c[KEYCODE_CHORD_MAX];
	size_t n;

	(void)state;
	assert_int_equal(keycode_chord("Ctrl+ALT+del", c, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(c[0], 0x1d);
	assert_int_equal(c[1], 0x38);
	assert_int_equal(c[2], 0xe053);
	assert_int_equal(keycode_chord("super", c, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(keycode_chord("a+b+c+d+e+f+g+h", c, &n), 0);
	assert_int_equal(n, 8);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (keycode_chord(bad[i], c, &n) != E_USAGE)
			fail_msg("chord \"%s\" was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_comes_back),
		cmocka_unit_test(accents_come_back),
		cmocka_unit_test(known_strokes),
		cmocka_unit_test(bad_layouts),
		cmocka_unit_test(tables_agree),
		cmocka_unit_test(bytes_of_keys),
		cmocka_unit_test(chords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
