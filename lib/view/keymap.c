/* Text to key strokes by asking XKB backwards: every key of the main block is pressed on a
 * simulated keyboard with no modifier, shift, AltGr and both, and what it would type is noted;
 * then every dead key is followed by every key, and what Compose makes of the two is noted too.
 * The first way found is the plainest and stays. */
#include "view/keymap.h"

#include <stdio.h>
#include <stdlib.h>

#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { XKB_OF_EVDEV = 8, EVDEV_SHIFT = 42, EVDEV_ALTGR = 100, EVDEV_SPACE = 57 };

struct way {
	uint32_t ch; /* Unicode */
	uint8_t n;
	struct stroke s[STROKES_MAX];
};

/* What one stroke does, also where that is a dead key or nothing that text has. */
struct press {
	struct stroke s;
	xkb_keysym_t sym;
};

struct keymap {
	struct way *ways; /* sorted by ch, one each */
	size_t n, cap;
};

/* The keys that carry characters on some layout; the keypad is left out, it depends on Num Lock.
 * Space first: a dead key followed by it is the most portable way to a bare accent. */
static const struct {
	uint8_t first, last;
} text_keys[] = {{EVDEV_SPACE, EVDEV_SPACE}, {2, 13}, {16, 27}, {30, 41}, {43, 53}, {86, 86},
	{89, 89}, {124, 124}};

static const struct {
	uint32_t ch;
	uint16_t code;
} controls[] = {
	{'\n', KEYCODE_ENTER},
	{'\r', KEYCODE_ENTER},
	{'\t', KEYCODE_TAB},
	{0x1b, KEYCODE_ESCAPE},
	{'\b', KEYCODE_BACKSPACE},
	{0x7f, KEYCODE_DELETE},
};

static void xkb_says(struct xkb_context *ctx, enum xkb_log_level level, const char *fmt, va_list ap)
{
	char line[256];

	(void)ctx;
	(void)level;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = 0;
	log_debug("xkb: %s", line);
}

static void way_add(struct keymap *k, uint32_t ch, const struct stroke *s, size_t n)
{
	struct way w = {.ch = ch, .n = (uint8_t)n};

	for (size_t i = 0; i < k->n; i++)
		if (k->ways[i].ch == ch)
			return;
	if (k->n == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 256;
		k->ways = xrealloc(k->ways, k->cap, sizeof(*k->ways));
	}
	memcpy(w.s, s, n * sizeof(*s));
	k->ways[k->n++] = w;
}

static int way_order(const void *a, const void *b)
{
	uint32_t x = ((const struct way *)a)->ch, y = ((const struct way *)b)->ch;

	return (x > y) - (x < y);
}

/* Presses every key under one set of modifiers, into p; returns how many of them mean something.
 */
static size_t presses(struct xkb_keymap *map, uint8_t modifiers, struct press *p)
{
	struct xkb_state *state = xkb_state_new(map);
	size_t n = 0;

	if (!state)
		return 0;
	if (modifiers & STROKE_SHIFT)
		xkb_state_update_key(state, EVDEV_SHIFT + XKB_OF_EVDEV, XKB_KEY_DOWN);
	if (modifiers & STROKE_ALTGR)
		xkb_state_update_key(state, EVDEV_ALTGR + XKB_OF_EVDEV, XKB_KEY_DOWN);
	for (size_t r = 0; r < ARRAY_SIZE(text_keys); r++)
		for (unsigned key = text_keys[r].first; key <= text_keys[r].last; key++) {
			xkb_keysym_t sym = xkb_state_key_get_one_sym(state, key + XKB_OF_EVDEV);

			if (sym != XKB_KEY_NoSymbol)
				p[n++] = (struct press){{keycode_of_evdev(key), modifiers}, sym};
		}
	xkb_state_unref(state);
	return n;
}

/* The file itself and not the locale's table: that one would be the user's own ~/.XCompose, which
 * the guest has not. */
static struct xkb_compose_table *compose_table(struct xkb_context *ctx)
{
	const char *dir = getenv("XLOCALEDIR");
	char *path = xasprintf("%s/en_US.UTF-8/Compose", dir ? dir : "/usr/share/X11/locale");
	FILE *f = fopen(path, "re");
	struct xkb_compose_table *t = NULL;

	if (f) {
		t = xkb_compose_table_new_from_file(ctx, f, "en_US.UTF-8",
			XKB_COMPOSE_FORMAT_TEXT_V1, XKB_COMPOSE_COMPILE_NO_FLAGS);
		fclose(f);
	}
	if (!t)
		log_info("no Compose table at %s: characters that need dead keys can't be typed",
			path);
	free(path);
	return t;
}

static bool is_dead(xkb_keysym_t sym)
{
	return sym >= XKB_KEY_dead_grave && sym <= XKB_KEY_dead_greek;
}

/* Characters that a dead key and a second stroke make together. */
static void add_composed(struct keymap *k, struct xkb_context *ctx, const struct press *p, size_t n)
{
	struct xkb_compose_table *t = compose_table(ctx);
	struct xkb_compose_state *state =
		t ? xkb_compose_state_new(t, XKB_COMPOSE_STATE_NO_FLAGS) : NULL;

	for (size_t i = 0; state && i < n; i++)
		for (size_t j = 0; is_dead(p[i].sym) && j < n; j++) {
			xkb_compose_state_reset(state);
			xkb_compose_state_feed(state, p[i].sym);
			xkb_compose_state_feed(state, p[j].sym);
			if (xkb_compose_state_get_status(state) == XKB_COMPOSE_COMPOSED) {
				uint32_t ch =
					xkb_keysym_to_utf32(xkb_compose_state_get_one_sym(state));

				if (ch >= 0x20)
					way_add(k, ch, (struct stroke[]){p[i].s, p[j].s}, 2);
			}
		}
	xkb_compose_state_unref(state);
	xkb_compose_table_unref(t);
}

static void keymap_fill(struct keymap *k, struct xkb_context *ctx, struct xkb_keymap *map)
{
	static const uint8_t plainest_first[] = {
		0, STROKE_SHIFT, STROKE_ALTGR, STROKE_SHIFT | STROKE_ALTGR};
	struct press p[ARRAY_SIZE(plainest_first) * 64];
	bool dead = false;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		way_add(k, controls[i].ch, &(struct stroke){controls[i].code, 0}, 1);
	for (size_t i = 0; i < ARRAY_SIZE(plainest_first); i++)
		n += presses(map, plainest_first[i], p + n);
	for (size_t i = 0; i < n; i++) {
		uint32_t ch = xkb_keysym_to_utf32(p[i].sym);

		dead |= is_dead(p[i].sym);
		if (ch >= 0x20)
			way_add(k, ch, &p[i].s, 1);
	}
	if (dead)
		add_composed(k, ctx, p, n);
	qsort(k->ways, k->n, sizeof(*k->ways), way_order);
}

/* "de(nodeadkeys)" into its two words; several layouts at once are not one. */
static struct xkb_keymap *compile(struct xkb_context *ctx, const char *layout)
{
	size_t len = strcspn(layout, "(");
	const char *rest = layout + len;
	size_t variant_len = *rest ? strcspn(rest + 1, ")") : 0;
	struct xkb_keymap *map = NULL;
	char *name, *variant;

	if (!len || strpbrk(layout, ",/%") ||
		(*rest && (!variant_len || strcmp(rest + 1 + variant_len, ")"))))
		return NULL;
	name = xstrndup(layout, len);
	variant = xstrndup(*rest ? rest + 1 : "", variant_len);
	map = xkb_keymap_new_from_names(ctx,
		&(struct xkb_rule_names){.rules = "evdev",
			.model = "pc105",
			.layout = name,
			.variant = variant,
			.options = ""},
		XKB_KEYMAP_COMPILE_NO_FLAGS);
	free(name);
	free(variant);
	return map;
}

int keymap_new(const char *layout, struct keymap **out)
{
	struct xkb_context *ctx = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	struct xkb_keymap *map = NULL;
	int rc = E_USAGE;

	*out = NULL;
	if (ctx) {
		xkb_context_set_log_fn(ctx, xkb_says);
		map = compile(ctx, layout);
	}
	if (map) {
		*out = new (struct keymap);
		keymap_fill(*out, ctx, map);
		rc = 0;
	} else {
		log_error("no keyboard layout \"%s\" (or xkb-data is not installed)", layout);
	}
	xkb_keymap_unref(map);
	xkb_context_unref(ctx);
	return rc;
}

void keymap_free(struct keymap *k)
{
	if (!k)
		return;
	free(k->ways);
	free(k);
}

int keymap_next(
	const struct keymap *k, struct slice *text, struct stroke out[STROKES_MAX], size_t *n)
{
	struct way key = {0}, *w;
	size_t len = text->n ? text_utf8(text->p, text->n, &key.ch) : 0;

	*n = 0;
	if (!len) {
		if (text->n)
			*text = slice_of(text->p + 1, text->n - 1);
		return E_INVAL;
	}
	if (key.ch == '\r' && text->n > 1 && text->p[1] == '\n')
		len = 2;
	*text = slice_of(text->p + len, text->n - len);
	w = bsearch(&key, k->ways, k->n, sizeof(*k->ways), way_order);
	if (!w)
		return E_UNSUP;
	*n = w->n;
	memcpy(out, w->s, w->n * sizeof(*out));
	return 0;
}

size_t stroke_keys(struct stroke s, uint16_t out[STROKE_KEYS])
{
	size_t n = 0;

	if (s.modifiers & STROKE_SHIFT)
		out[n++] = KEYCODE_SHIFT;
	if (s.modifiers & STROKE_ALTGR)
		out[n++] = KEYCODE_ALTGR;
	out[n++] = s.code;
	return n;
}
