/* The demo scene at work: it stands still until a first client has its picture, so that this
 * picture is always the same; then the plasma plays and the terminal scrolls while anybody watches.
 * Keys write into the notes, a click raises a window, its title bar drags it. */
#include "cmd/source-demo.h"

#include <stdlib.h>

#include "base/err.h"
#include "view/keycode.h"

enum {
	FRAME_MS = 40,
	SCROLL_FRAMES = 12, /* a line of the terminal */
	MOST_PIXELS = 4096 * 2304, /* that clients may ask for: the backdrop is computed */
};

/* ---- animation ---- */

static void on_frame(uv_timer_t *t)
{
	struct demo *d = t->data;

	d->frame++;
	demo_plasma_step(d);
	if (d->frame % SCROLL_FRAMES == 0)
		demo_scroll(d);
}

static void on_ready(void *owner, const struct server_client *c)
{
	struct demo *d = owner;

	(void)c;
	if (d->moving)
		return;
	d->moving = true;
	uv_timer_start(d->timer, on_frame, FRAME_MS, FRAME_MS);
}

static void on_left(void *owner, const struct server_client *c)
{
	struct demo *d = owner;

	(void)c;
	if (server_clients(d->env->server) > 1) /* the one that leaves is counted still */
		return;
	d->moving = false;
	uv_timer_stop(d->timer);
}

/* ---- windows ---- */

static bool within(struct rect r, int x, int y)
{
	return x >= r.left && x < r.right && y >= r.top && y < r.bottom;
}

/* The topmost window at a place, as its place in the order; -1: the desktop. */
static int window_at(const struct demo *d, int x, int y)
{
	for (int i = DEMO_WINDOWS - 1; i >= 0; i--)
		if (within(demo_frame(&d->windows[d->order[i]]), x, y))
			return i;
	return -1;
}

static struct rect with_shadow(struct rect r)
{
	return (struct rect){.left = r.left - DEMO_SHADOW,
		.top = r.top - DEMO_SHADOW,
		.right = r.right + DEMO_SHADOW,
		.bottom = r.bottom + DEMO_SHADOW};
}

static void raise_window(struct demo *d, int place)
{
	unsigned id = d->order[place], old = d->order[DEMO_WINDOWS - 1];

	if (id == old)
		return;
	for (int i = place; i < DEMO_WINDOWS - 1; i++)
		d->order[i] = d->order[i + 1];
	d->order[DEMO_WINDOWS - 1] = id;
	demo_paint(d, with_shadow(demo_frame(&d->windows[id])));
	demo_paint(d, demo_frame(&d->windows[old]));
}

static void drag_to(struct demo *d, int x, int y)
{
	struct demo_window *w = &d->windows[d->drag];
	struct rect old = with_shadow(demo_frame(w)), now;

	w->x = demo_clamp(x - d->drag_x, 40 - (int)w->w, (int)d->width - 40);
	w->y = demo_clamp(y - d->drag_y, 0, (int)d->height - DEMO_TITLE);
	now = with_shadow(demo_frame(w));
	demo_paint(d, rect_join(&old, &now));
}

/* ---- input ---- */

static void pointer_to(struct demo *d, int x, int y)
{
	d->pointer_x = demo_clamp(x, 0, (int)d->width - 1);
	d->pointer_y = demo_clamp(y, 0, (int)d->height - 1);
	if (d->drag >= 0)
		drag_to(d, d->pointer_x, d->pointer_y);
}

static void on_position(void *owner, const struct server_client *c, int x, int y, unsigned display)
{
	(void)c;
	(void)display;
	pointer_to(owner, x, y);
}

/* Server mouse mode: the pointer is ours to move. */
static void on_motion(void *owner, const struct server_client *c, int dx, int dy)
{
	struct demo *d = owner;

	(void)c;
	pointer_to(d, d->pointer_x + demo_clamp(dx, -10000, 10000),
		d->pointer_y + demo_clamp(dy, -10000, 10000));
	device_pointer_move(d->device, d->pointer_x, d->pointer_y);
}

static void on_button(void *owner, const struct server_client *c, unsigned button, bool down)
{
	struct demo *d = owner;
	int place;
	struct demo_window *w;

	(void)c;
	if (button != MOUSE_BUTTON_LEFT)
		return;
	d->drag = -1;
	if (!down || (place = window_at(d, d->pointer_x, d->pointer_y)) < 0)
		return;
	raise_window(d, place);
	w = &d->windows[d->order[DEMO_WINDOWS - 1]];
	if (d->pointer_y < w->y + DEMO_TITLE) {
		d->drag = (int)d->order[DEMO_WINDOWS - 1];
		d->drag_x = d->pointer_x - w->x;
		d->drag_y = d->pointer_y - w->y;
	}
}

/* Characters of a US keyboard by scan code, plain and with Shift. */
static const char plain[] =
	"\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

static char character(const struct demo *d, unsigned code)
{
	char c = code < sizeof(plain) - 1 ? plain[code] : 0;
	bool letter = c >= 'a' && c <= 'z';

	return c && (letter ? d->shift != d->caps : d->shift) ? shifted[code] : c;
}

static void type(struct demo *d, char c)
{
	if (c == '\b') {
		if (!d->n_typed)
			return;
		d->n_typed--;
	} else if (d->n_typed < DEMO_TYPED) {
		d->typed[d->n_typed++] = c;
	}
	d->typed[d->n_typed] = 0;
	demo_paint(d, demo_content(&d->windows[DEMO_NOTES]));
}

static void on_key(void *owner, const struct server_client *c, unsigned code, bool down)
{
	struct demo *d = owner;
	char typed = character(d, code);

	(void)c;
	if (code == KEYCODE_SHIFT || code == KEYCODE_SHIFT_R)
		d->shift = down;
	if (code == KEYCODE_CAPS_LOCK && down)
		d->caps = !d->caps;
	if (down && (typed >= ' ' || typed == '\n' || typed == '\b'))
		type(d, typed);
}

/* What the client's keyboard shows is what counts. */
static void on_locks(void *owner, const struct server_client *c, unsigned modifiers)
{
	(void)c;
	((struct demo *)owner)->caps = modifiers & KBD_MODIFIERS_CAPS_LOCK;
}

/* The scene has the size that the client's window has: around all of its displays. */
static void on_resize(void *owner, const struct server_client *c, const struct head *heads, unsigned n)
{
	struct demo *d = owner;
	unsigned width = 0, height = 0;

	(void)c;
	for (unsigned i = 0; i < n; i++) {
		if (heads[i].x + heads[i].width > width)
			width = heads[i].x + heads[i].width;
		if (heads[i].y + heads[i].height > height)
			height = heads[i].y + heads[i].height;
	}
	if (width > LIM_IMAGE_SIDE || height > LIM_IMAGE_SIDE || (uint64_t)width * height > MOST_PIXELS)
		return;
	if ((width != d->width || height != d->height) && device_resize(d->device, width, height) == 0) {
		d->width = width;
		d->height = height;
		d->drag = -1;
		d->pointer_x = demo_clamp(d->pointer_x, 0, (int)width - 1);
		d->pointer_y = demo_clamp(d->pointer_y, 0, (int)height - 1);
		demo_fit(d);
	}
	if (n != d->device->n_heads || memcmp(heads, d->device->heads, n * sizeof(*heads)) != 0)
		device_monitors(d->device, heads, n);
}

static const struct server_events events = {
	.resize = on_resize,
	.locks = on_locks,
	.ready = on_ready,
	.left = on_left,
	.key = on_key,
	.button = on_button,
	.motion = on_motion,
	.position = on_position,
};

/* ---- life ---- */

static void demo_free(void *source)
{
	struct demo *d = source;

	source_handle_free(d->timer);
	demo_unmake(d);
	free(d);
}

static int demo_open(const struct source_env *env, void **source)
{
	struct demo *d;
	int rc = source_screen(env, SOURCE_WIDTH, SOURCE_HEIGHT);

	if (rc)
		return rc;
	d = new(struct demo);
	d->env = env;
	d->device = env->device;
	d->width = env->width ? env->width : SOURCE_WIDTH;
	d->height = env->height ? env->height : SOURCE_HEIGHT;
	d->drag = -1;
	d->timer = source_timer(env->loop, d);
	demo_make(d);
	demo_paint(d, (struct rect){.right = (int)d->width, .bottom = (int)d->height});
	*source = d;
	return 0;
}

const struct source_ops source_demo = {
	.name = "demo", .open = demo_open, .events = &events, .resize = true, .free = demo_free};
