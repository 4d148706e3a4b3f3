/* spice-view with a window: what the session shows goes into the window, what its user does goes to
 * the session. The window shows one head: --display N is display channel N, or head N of the only
 * channel where a server has but one (QXL under Linux). A server that says nothing of heads shows
 * the whole surface. The window appears once the server has marked its first picture. */
#include "cmd/spice-view.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "view/window.h"

struct sight {
	struct view *v;
	struct window *window;
	struct pixmap *screen; /* ours as long as the window reads it */
	bool resizes; /* the guest is to have the window's size */
	bool focused;
	unsigned locks; /* of the user's keyboard */
	/* the pointer's shape that the window has */
	uint32_t *shape;
	unsigned shape_w, shape_h, hot_x, hot_y;
};

/* ---- which head ---- */

static unsigned channel_of(const struct sight *x)
{
	return view_channels(x->v) > 1 ? x->v->display : 0;
}

static unsigned clamp(unsigned v, unsigned max)
{
	return v < max ? v : max;
}

/* The part of the screen that the window shows. */
static struct rect shown_part(const struct sight *x, const struct pixmap *screen)
{
	unsigned channel = channel_of(x), width = screen->width, height = screen->height;
	const struct head *heads, *h;
	unsigned n = client_monitors(x->v->client, channel, &heads);
	unsigned want = channel == x->v->display ? 0 : x->v->display;

	if (want >= n || !heads[want].width || !heads[want].height || heads[want].x >= width ||
		heads[want].y >= height)
		return (struct rect){.right = (int)width, .bottom = (int)height};
	h = &heads[want];
	return (struct rect){
		.left = (int)h->x,
		.top = (int)h->y,
		.right = (int)(h->x + clamp(h->width, width - h->x)),
		.bottom = (int)(h->y + clamp(h->height, height - h->y)),
	};
}

/* ---- from the session ---- */

static void show(struct sight *x)
{
	struct client *c = x->v->client;
	struct pixmap *s = client_screen(c, channel_of(x)), *old = x->screen;
	struct rect r;

	x->screen = s && client_marked(c, channel_of(x)) ? pixmap_ref(s) : NULL;
	if (x->screen) {
		r = shown_part(x, s);
		window_picture(x->window, s->image, r.left, r.top, (unsigned)(r.right - r.left),
			(unsigned)(r.bottom - r.top));
	} else {
		window_picture(x->window, NULL, 0, 0, 0, 0);
	}
	pixmap_unref(old);
}

static void on_joined(void *owner)
{
	struct sight *x = owner;
	const char *name = client_session(x->v->client)->name;
	struct buf title = {0};
	char *uri;

	window_relative(x->window, !client_mouse_absolute(x->v->client));
	if (x->v->o.title || x->v->where.title)
		return;
	if (name && *name) {
		text_escape(&title, slice_str(name));
	} else {
		uri = endpoint_uri(&x->v->where);
		text_escape(&title, slice_str(uri));
		free(uri);
	}
	buf_str(&title, " - spice-view");
	window_title(x->window, buf_cstr(&title));
	buf_fini(&title);
}

static void on_screen(void *owner, unsigned display)
{
	struct sight *x = owner;

	if (display == channel_of(x))
		show(x);
}

static void on_damage(void *owner, unsigned display, const struct rect *r)
{
	struct sight *x = owner;

	if (display == channel_of(x) && x->screen && r->right > r->left && r->bottom > r->top)
		window_damage(x->window, r->left, r->top, (unsigned)(r->right - r->left),
			(unsigned)(r->bottom - r->top));
}

static void send_locks(struct sight *x)
{
	struct client *c = x->v->client;

	if (c && x->focused && client_has_inputs(c) && client_locks(c) != x->locks)
		client_set_locks(c, x->locks);
}

static void on_inputs(void *owner)
{
	send_locks(owner);
}

static void on_mouse_mode(void *owner, bool absolute)
{
	struct sight *x = owner;

	window_relative(x->window, !absolute);
}

/* The window's notation of inverting pixels: a colour without alpha. */
static void set_shape(struct sight *x, const struct client_pointer *p)
{
	size_t n = (size_t)p->width * p->height;
	uint32_t *pixels = xcalloc(n ? n : 1, sizeof(*pixels));
	bool same;

	for (size_t i = 0; i < n; i++)
		pixels[i] = p->invert && p->invert[i] ? 0xffffff : p->pixels[i];
	same = x->shape && x->shape_w == p->width && x->shape_h == p->height &&
	       x->hot_x == p->hot_x && x->hot_y == p->hot_y &&
	       memcmp(x->shape, pixels, n * sizeof(*pixels)) == 0;
	free(x->shape);
	x->shape = pixels;
	x->shape_w = p->width;
	x->shape_h = p->height;
	x->hot_x = p->hot_x;
	x->hot_y = p->hot_y;
	if (!same)
		window_cursor(x->window, pixels, p->width, p->height, p->hot_x, p->hot_y);
}

static void on_pointer(void *owner, unsigned display)
{
	struct sight *x = owner;
	const struct client_pointer *p = client_pointer(x->v->client, display);

	if (display != channel_of(x) || !p)
		return;
	if (p->shape && p->width && p->height) {
		set_shape(x, p);
	} else if (x->shape) {
		free(x->shape);
		x->shape = NULL;
		window_cursor(x->window, NULL, 0, 0, 0, 0);
	}
	window_cursor_at(x->window, p->x, p->y, p->visible);
}

/* ---- from the window ---- */

static void on_key(void *owner, uint16_t code, bool down)
{
	struct sight *x = owner;

	if (x->v->client)
		client_key(x->v->client, code, down);
}

static void on_motion(void *owner, int dx, int dy)
{
	struct sight *x = owner;

	if (x->v->client)
		client_motion(x->v->client, dx, dy);
}

static void on_position(void *owner, int px, int py)
{
	struct sight *x = owner;

	if (x->v->client)
		client_position(x->v->client, channel_of(x), px, py);
}

static void on_button(void *owner, enum window_button button, bool down)
{
	struct sight *x = owner;

	if (x->v->client)
		client_button(x->v->client, button, down);
}

static void on_wheel(void *owner, int steps)
{
	struct sight *x = owner;
	unsigned button = steps > 0 ? MOUSE_BUTTON_UP : MOUSE_BUTTON_DOWN;

	for (int i = 0; x->v->client && i < abs(steps); i++) {
		client_button(x->v->client, button, true);
		client_button(x->v->client, button, false);
	}
}

static void on_focus(void *owner, bool focused, unsigned locks)
{
	struct sight *x = owner;

	x->focused = focused;
	x->locks = locks;
	send_locks(x);
}

/* Without an agent in the guest the picture stays as it is. */
static void on_resize(void *owner, unsigned width, unsigned height)
{
	struct sight *x = owner;

	if (x->v->client && x->resizes)
		view_resize(x->v, width, height);
}

static void on_close(void *owner, int err)
{
	struct sight *x = owner;

	view_finish(x->v, err_exit(err));
}

/* From deep inside of SDL, which can't go on: nothing of ours is unfinished that the kernel does not close. */
static void on_lost(void *owner)
{
	(void)owner;
	cli_error("the display has gone");
	_exit(err_exit(E_CLOSED));
}

/* ---- life ---- */

static const struct window_ops window_ops = {
	.key = on_key,
	.motion = on_motion,
	.position = on_position,
	.button = on_button,
	.wheel = on_wheel,
	.focus = on_focus,
	.resize = on_resize,
	.close = on_close,
	.lost = on_lost,
};

/* --scale: as large as the window, smoothly; --scale=nearest with sharp pixels. */
static int scale_of(const struct view_options *o, enum window_scale *scale)
{
	static const char *const names[] = {
		[WINDOW_SCALE_OFF] = "off",
		[WINDOW_SCALE_NEAREST] = "nearest",
		[WINDOW_SCALE_SMOOTH] = "smooth",
	};

	*scale = WINDOW_SCALE_SMOOTH;
	if (!o->scale || !*o->scale) /* given without a word */
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(o->scale, names[i]) == 0) {
			*scale = (enum window_scale)i;
			return 0;
		}
	return cli_usage("--scale: '%s' is none of off, nearest and smooth", o->scale);
}

static int resize_of(const struct view_options *o, enum window_scale scale, bool *out)
{
	*out = o->resize ? strcmp(o->resize, "on") == 0 : scale == WINDOW_SCALE_OFF;
	if (o->resize && !*out && strcmp(o->resize, "off") != 0)
		return cli_usage("--resize: '%s' is neither on nor off", o->resize);
	return 0;
}

static int start(struct view *v, void **owner)
{
	struct window_options o = {
		.hotkeys = v->o.hotkeys,
		.full_screen = v->o.full_screen || v->where.fullscreen,
		.view_only = v->o.view_only,
	};
	struct buf title = {0};
	struct sight *x;
	bool resizes;
	int rc = scale_of(&v->o, &o.scale);

	if (rc || (rc = resize_of(&v->o, o.scale, &resizes)))
		return rc;
	x = *owner = new (struct sight);
	x->v = v;
	x->resizes = resizes;
	if (v->o.title || v->where.title)
		text_escape(&title, slice_str(v->o.title ? v->o.title : v->where.title));
	else
		buf_str(&title, "spice-view");
	o.title = buf_cstr(&title);
	rc = window_new(v->loop, &o, &window_ops, x, &x->window);
	buf_fini(&title);
	return err_exit(rc);
}

static void stop(void *owner)
{
	struct sight *x = owner;

	window_free(x->window);
	x->window = NULL;
	pixmap_unref(x->screen);
	x->screen = NULL;
}

static void done(void *owner)
{
	struct sight *x = owner;

	free(x->shape);
	free(x);
}

const struct view_mode view_window = {
	.ops =
		{
			.joined = on_joined,
			.screen = on_screen,
			.damage = on_damage,
			.mark = on_screen,
			.monitors = on_screen,
			.inputs = on_inputs,
			.pointer = on_pointer,
			.mouse_mode = on_mouse_mode,
		},
	.start = start,
	.stop = stop,
	.free = done,
};
