/* spice-view with windows: what the session shows goes into them, what their user does goes to the session. Each head
 * has a window: a head is a display channel, or one of the heads of the only channel where a server has but one (QXL
 * under Linux). A server that says nothing of heads shows the whole surface. --display N shows one of them alone. A
 * window appears once the server has marked its first picture, and goes with its head; the last one stays, black. */
#include "cmd/spice-view.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/text.h"
#include "view/keycode.h"
#include "view/window.h"

struct sights {
	struct view *v;
	struct list list;
	struct window_options options;
	char *name; /* the title: this, the number of a further display, suffix */
	const char *suffix;
	char *hotkeys; /* of the .vv file and our own */
	bool only;           /* --display: no head but that one has a window */
	bool resizes;        /* the guest is to have the windows' sizes */
	bool focused;        /* one of them is */
	unsigned locks;      /* of the user's keyboard */
};

struct sight {
	struct list link;
	struct sights *all;
	bool assigned; /* to a head */
	unsigned channel, head;
	struct window *window; /* NULL: its user closed it */
	struct pixmap *screen; /* ours as long as the window reads it */
	struct rect part;      /* of the screen, that is shown */
	unsigned wish_w, wish_h; /* the size that its user gave it, until the head has another; 0: none */
	/* the pointer's shape that the window has */
	uint32_t *shape;
	unsigned shape_w, shape_h, hot_x, hot_y;
};

static const struct window_ops window_ops;

/* ---- which heads ---- */

/* The heads of a display channel that are to have a window, by their ids: parts of the surface, empty for others. */
static void wanted(const struct sights *a, unsigned channel, const struct pixmap *screen, struct rect out[LIM_HEADS])
{
	bool channels = view_channels(a->v) > 1, any = false;
	unsigned alone = channels ? 0 : a->v->display, n;
	const struct head *heads;
	struct rect r;

	memset(out, 0, LIM_HEADS * sizeof(*out));
	if (a->only && channels && channel != a->v->display)
		return;
	n = client_monitors(a->v->client, channel, &heads);
	for (unsigned i = 0; i < n; i++) {
		unsigned id = heads[i].monitor_id;

		if (id >= LIM_HEADS || !view_head(&heads[i], screen, &r) || (a->only && id != alone))
			continue;
		out[id] = r;
		any = true;
	}
	if (!any)
		out[a->only ? alone : 0] = (struct rect){.right = (int)screen->width, .bottom = (int)screen->height};
}

/* As the user and the guest's agent count. */
static unsigned number_of(const struct sight *x)
{
	return x->channel + x->head;
}

static unsigned open_windows(const struct sights *a)
{
	struct sight *x;
	unsigned n = 0;

	list_each(x, &a->list, link)
		n += x->window != NULL;
	return n;
}

/* ---- windows ---- */

static void set_title(struct sight *x)
{
	struct buf title = {0};

	buf_str(&title, x->all->name);
	if (x->assigned && number_of(x) && !x->all->only)
		buf_printf(&title, " (%u)", number_of(x) + 1);
	buf_str(&title, x->all->suffix);
	window_title(x->window, buf_cstr(&title));
	buf_fini(&title);
}

static int open_sight(struct sights *a, struct sight **out)
{
	struct sight *x = *out = new (struct sight);

	x->all = a;
	list_append(&a->list, &x->link);
	return window_new(a->v->loop, &a->options, &window_ops, x, &x->window);
}

static void shut(struct sight *x)
{
	window_free(x->window);
	x->window = NULL;
	pixmap_unref(x->screen);
	x->screen = NULL;
}

static void drop(struct sight *x)
{
	shut(x);
	list_remove(&x->link);
	free(x->shape);
	free(x);
}

/* ---- from the session ---- */

static void set_shape(struct sight *x, const struct client_pointer *p)
{
	size_t bytes = (size_t)p->width * p->height * sizeof(*p->pixels);

	if (x->shape && x->shape_w == p->width && x->shape_h == p->height && x->hot_x == p->hot_x &&
		x->hot_y == p->hot_y && memcmp(x->shape, p->pixels, bytes) == 0)
		return;
	x->shape = memcpy(xrealloc(x->shape, 1, bytes), p->pixels, bytes);
	x->shape_w = p->width;
	x->shape_h = p->height;
	x->hot_x = p->hot_x;
	x->hot_y = p->hot_y;
	window_cursor(x->window, x->shape, p->width, p->height, p->hot_x, p->hot_y);
}

static void show_pointer(struct sight *x)
{
	const struct client_pointer *p = client_pointer(x->all->v->client, x->channel);

	if (p->pixels) {
		set_shape(x, p);
	} else if (x->shape) {
		free(x->shape);
		x->shape = NULL;
		window_cursor(x->window, NULL, 0, 0, 0, 0);
	}
	window_cursor_at(x->window, p->x, p->y, p->visible);
}

/* A part of the screen; NULL: black. */
static void show(struct sight *x, struct pixmap *screen, const struct rect *r)
{
	unsigned width = (unsigned)(r->right - r->left), height = (unsigned)(r->bottom - r->top);
	bool resized = width != (unsigned)(x->part.right - x->part.left) ||
		       height != (unsigned)(x->part.bottom - x->part.top);
	struct pixmap *old = x->screen;

	if (screen && resized && (width != x->wish_w || height != x->wish_h))
		x->wish_w = x->wish_h = 0;
	if (!x->window || (screen == old && (!screen || memcmp(r, &x->part, sizeof(*r)) == 0)))
		return;
	x->screen = screen ? pixmap_ref(screen) : NULL;
	if (screen) {
		x->part = *r;
		window_picture(x->window, screen->image, r->left, r->top, width, height);
	} else {
		window_picture(x->window, NULL, 0, 0, 0, 0);
	}
	pixmap_unref(old);
}

/* The window of a head: it has one, or takes the first that is free, or a new one. A window that can't be opened
 * counts as one that its user has closed. */
static struct sight *sight_of(struct sights *a, unsigned channel, unsigned head)
{
	struct sight *x, *spare = NULL;

	list_each(x, &a->list, link) {
		if (x->assigned && x->channel == channel && x->head == head)
			return x;
		if (!x->assigned)
			spare = x;
	}
	if (!spare) {
		a->options.number = channel + head;
		open_sight(a, &spare);
	}
	spare->assigned = true;
	spare->channel = channel;
	spare->head = head;
	if (spare->window) {
		window_relative(spare->window, !client_mouse_absolute(a->v->client));
		set_title(spare);
		show_pointer(spare);
	}
	return spare;
}

static void show_channel(struct sights *a, unsigned channel)
{
	struct pixmap *screen = client_screen(a->v->client, channel);
	struct rect parts[LIM_HEADS] = {0};
	bool marked = screen && client_marked(a->v->client, channel);
	struct sight *x;

	if (marked)
		wanted(a, channel, screen, parts);
	for (unsigned id = 0; marked && id < LIM_HEADS; id++)
		if (!rect_is_empty(&parts[id]))
			show(sight_of(a, channel, id), screen, &parts[id]);
	list_each(x, &a->list, link) {
		if (!x->assigned || x->channel != channel || !rect_is_empty(&parts[x->head]))
			continue;
		if (marked && x->window && open_windows(a) == 1)
			x->assigned = false;
		if (marked && x->assigned)
			drop(x);
		else
			show(x, NULL, &parts[x->head]);
	}
}

static void set_name(struct sights *a, const char *name, const char *suffix)
{
	struct buf harmless = {0};

	text_escape(&harmless, slice_str(name));
	free(a->name);
	a->name = xstrdup(buf_cstr(&harmless));
	a->suffix = suffix;
	buf_fini(&harmless);
}

static void on_joined(void *owner)
{
	struct sights *a = owner;
	const char *name = client_session(a->v->client)->name;
	struct sight *x;
	char *uri;

	if (!a->v->o.title && !a->v->where.title) {
		uri = endpoint_uri(&a->v->where);
		set_name(a, name && *name ? name : uri, " - spice-view");
		free(uri);
	}
	list_each(x, &a->list, link) {
		window_relative(x->window, !client_mouse_absolute(a->v->client));
		set_title(x);
	}
}

static void on_screen(void *owner, unsigned display)
{
	show_channel(owner, display);
}

static void on_damage(void *owner, unsigned display, const struct rect *r)
{
	struct sights *a = owner;
	struct sight *x;

	list_each(x, &a->list, link)
		if (x->assigned && x->channel == display && x->screen)
			window_damage(x->window, r->left, r->top, (unsigned)(r->right - r->left),
				(unsigned)(r->bottom - r->top));
}

static void send_locks(struct sights *a)
{
	struct client *c = a->v->client;

	if (c && a->focused && client_has_inputs(c) && client_locks(c) != a->locks)
		client_set_locks(c, a->locks);
}

static void on_inputs(void *owner)
{
	send_locks(owner);
}

static void on_mouse_mode(void *owner, bool absolute)
{
	struct sights *a = owner;
	struct sight *x;

	list_each(x, &a->list, link)
		if (x->window)
			window_relative(x->window, !absolute);
}

static void on_pointer(void *owner, unsigned display)
{
	struct sights *a = owner;
	struct sight *x;

	list_each(x, &a->list, link)
		if (x->assigned && x->channel == display && x->window)
			show_pointer(x);
}

/* ---- from the window ---- */

static void on_key(void *owner, uint16_t code, bool down)
{
	struct sight *x = owner;

	if (x->all->v->client)
		client_key(x->all->v->client, code, down);
}

static void on_motion(void *owner, int dx, int dy)
{
	struct sight *x = owner;

	if (x->all->v->client)
		client_motion(x->all->v->client, dx, dy);
}

static void on_position(void *owner, int px, int py)
{
	struct sight *x = owner;

	if (x->all->v->client)
		client_position(x->all->v->client, x->channel, px, py);
}

static void on_button(void *owner, enum window_button button, bool down)
{
	struct sight *x = owner;

	if (x->all->v->client)
		client_button(x->all->v->client, button, down);
}

static void on_wheel(void *owner, int steps)
{
	struct sight *x = owner;

	if (x->all->v->client)
		client_wheel(x->all->v->client, steps);
}

static void on_focus(void *owner, bool focused, unsigned locks)
{
	struct sight *x = owner;

	x->all->focused = focused;
	x->all->locks = locks;
	send_locks(x->all);
}

/* The guest is asked for all displays: of the sizes that their windows were given, else as they are; a closed window's
 * is off. Without an agent in the guest the picture stays as it is. */
static void ask(struct sights *a)
{
	struct head heads[LIM_HEADS];
	struct sight *x;
	unsigned n;

	if (!a->v->client || !a->resizes)
		return;
	n = view_heads(a->v, heads);
	list_each(x, &a->list, link) {
		unsigned i = number_of(x);

		if (!x->assigned || i >= n)
			continue;
		if (!x->window)
			heads[i] = (struct head){0};
		else if (x->wish_w)
			heads[i] = (struct head){.width = x->wish_w, .height = x->wish_h};
	}
	if (n)
		view_ask(a->v, heads, n);
}

static void on_resize(void *owner, unsigned width, unsigned height)
{
	struct sight *x = owner;

	x->wish_w = width;
	x->wish_h = height;
	ask(x->all);
}

/* The last one ends the view. */
static void on_close(void *owner, int err)
{
	struct sight *x = owner;

	if (err || open_windows(x->all) == 1) {
		view_finish(x->all->v, err_exit(err));
		return;
	}
	shut(x);
	ask(x->all);
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

/* What a .vv file says of an action, the last time; NULL: nothing. */
static char *chord_of(const char *list, const char *action, size_t n)
{
	char *chord = NULL;

	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (len > n && strncmp(list, action, n) == 0 && list[n] == '=') {
			free(chord);
			chord = xstrndup(list + n + 1, len - n - 1);
		}
		list += len + (list[len] == ',');
	}
	return chord;
}

/* The usual hot keys, less those that the file switches off or has otherwise. A chord that we don't know is none. */
static char *hotkeys_of(const char *list)
{
	struct buf all = {0};

	for (const char *p = WINDOW_HOTKEYS; *p;) {
		size_t len = strcspn(p, ","), name = strcspn(p, "=");
		char *chord = chord_of(list, p, name);
		uint16_t codes[KEYCODE_CHORD_MAX];
		size_t n;

		if (!chord)
			chord = xstrndup(p + name + 1, len - name - 1);
		if (*chord && keycode_chord(chord, codes, &n) == 0)
			buf_printf(&all, "%s%.*s=%s", buf_len(&all) ? "," : "", (int)name, p, chord);
		free(chord);
		p += len + (p[len] == ',');
	}
	buf_u8(&all, 0);
	return (char *)all.mem;
}

static int start(struct view *v, void **owner)
{
	const char *title = v->o.title ? v->o.title : v->where.title;
	struct sights *a = *owner = new (struct sights);
	struct sight *first;
	int rc;

	a->v = v;
	a->only = v->o.display != NULL;
	list_init(&a->list);
	a->hotkeys = hotkeys_of(v->where.hotkeys);
	a->options = (struct window_options){
		.hotkeys = v->o.hotkeys ? v->o.hotkeys : a->hotkeys,
		.full_screen = v->o.full_screen || v->where.fullscreen,
		.view_only = v->o.view_only,
	};
	if ((rc = scale_of(&v->o, &a->options.scale)) || (rc = resize_of(&v->o, a->options.scale, &a->resizes)))
		return rc;
	set_name(a, title ? title : "spice-view", "");
	rc = open_sight(a, &first);
	if (!rc)
		set_title(first);
	return err_exit(rc);
}

static void stop(void *owner)
{
	struct sights *a = owner;
	struct sight *x;

	list_each(x, &a->list, link)
		shut(x);
}

static void done(void *owner)
{
	struct sights *a = owner;
	struct sight *x;

	list_each(x, &a->list, link)
		drop(x);
	free(a->name);
	free(a->hotkeys);
	free(a);
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
