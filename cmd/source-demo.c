/* The demo scene: a little desktop that exercises what a display does. Windows overlap, move by themselves and when
 * dragged, and come to the front at a click; one scrolls text (COPY_BITS), one takes what is typed, one shows a picture,
 * one plays a moving region. A window keeps its own pixels; what of the screen changes is put together from them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/source.h"
#include "draw/font.h"
#include "view/keycode.h"

enum {
	WINDOWS = 4,
	TITLE = 20,
	EDGE = 1,
	FRAME_MS = 66,
	SCROLL_EVERY = 6,   /* frames */
	TYPED = 4096,
	POINTER = 16,
};

enum { SCROLLER, EDITOR, PICTURE, MOVIE };

struct window {
	const char *title;
	int x, y, w, h;      /* with its frame */
	uint32_t *pixels;    /* of all of it */
};

struct demo {
	const struct source_env *env;
	int width, height;
	uint32_t *backdrop, *screen;
	struct window win[WINDOWS];
	int order[WINDOWS];  /* back to front */
	uv_timer_t *timer;
	unsigned frame, line;
	char typed[TYPED];
	size_t n_typed;
	bool shift;
	int pointer_x, pointer_y, grab, grab_x, grab_y; /* grab: a window or -1 */
};

/* ---- putting the screen together ---- */

static struct rect window_rect(const struct window *w)
{
	return (struct rect){.left = w->x, .top = w->y, .right = w->x + w->w, .bottom = w->y + w->h};
}

static void clip_rect(struct rect *r, int left, int top, int right, int bottom)
{
	r->left = r->left > left ? r->left : left;
	r->top = r->top > top ? r->top : top;
	r->right = r->right < right ? r->right : right;
	r->bottom = r->bottom < bottom ? r->bottom : bottom;
}

static void paint_window(struct demo *d, const struct window *w, struct rect r)
{
	clip_rect(&r, w->x, w->y, w->x + w->w, w->y + w->h);
	for (int y = r.top; y < r.bottom && r.left < r.right; y++)
		memcpy(d->screen + (size_t)y * (size_t)d->width + r.left,
			w->pixels + (size_t)(y - w->y) * (size_t)w->w + (r.left - w->x),
			4 * (size_t)(r.right - r.left));
}

/* Makes the rectangle anew and shows it. */
static void show(struct demo *d, struct rect r)
{
	clip_rect(&r, 0, 0, d->width, d->height);
	if (r.left >= r.right || r.top >= r.bottom)
		return;
	for (int y = r.top; y < r.bottom; y++)
		memcpy(d->screen + (size_t)y * (size_t)d->width + r.left,
			d->backdrop + (size_t)y * (size_t)d->width + r.left, 4 * (size_t)(r.right - r.left));
	for (int i = 0; i < WINDOWS; i++)
		paint_window(d, &d->win[d->order[i]], r);
	device_put(d->env->device, 0, r.left, r.top, (unsigned)(r.right - r.left), (unsigned)(r.bottom - r.top),
		(const uint8_t *)(d->screen + (size_t)r.top * (size_t)d->width + r.left), 4 * (size_t)d->width);
}

static void show_part(struct demo *d, const struct window *w, int x, int y, int width, int height)
{
	show(d, (struct rect){.left = w->x + x, .top = w->y + y, .right = w->x + x + width,
			.bottom = w->y + y + height});
}

/* ---- pixels ---- */

static uint32_t mix(uint32_t a, uint32_t b, int t, int of)
{
	uint32_t out = 0;

	for (int shift = 0; shift < 24; shift += 8) {
		int p = (int)(a >> shift & 255), q = (int)(b >> shift & 255);

		out |= (uint32_t)(p + (q - p) * t / of) << shift;
	}
	return out;
}

static void fill(struct window *w, int x, int y, int width, int height, uint32_t color)
{
	for (int r = y; r < y + height; r++)
		for (int c = x; c < x + width; c++)
			w->pixels[r * w->w + c] = color;
}

static void text(struct window *w, int x, int y, const char *s, uint32_t color)
{
	font_draw(w->pixels, (size_t)w->w, (size_t)(w->w - EDGE), (size_t)(w->h - EDGE), x, y, s, color);
}

static void frame_window(struct window *w, const char *title, int x, int y, int width, int height, uint32_t inside)
{
	*w = (struct window){.title = title, .x = x, .y = y, .w = width, .h = height,
		.pixels = xcalloc((size_t)width * (size_t)height, 4)};
	fill(w, 0, 0, width, height, 0x1c2430);
	for (int r = EDGE; r < TITLE; r++)
		fill(w, EDGE, r, width - 2 * EDGE, 1, mix(0x4d6fa8, 0x2c4370, r, TITLE));
	fill(w, EDGE, TITLE, width - 2 * EDGE, height - TITLE - EDGE, inside);
	text(w, 8, 2, title, 0xf4f6fa);
	fill(w, width - 16, 6, 9, 9, 0xc8553d);
}

static void make_backdrop(struct demo *d)
{
	for (int y = 0; y < d->height; y++) {
		for (int x = 0; x < d->width; x++) {
			double hill = 0.62 + 0.06 * sin(x / 97.0) + 0.04 * sin(x / 41.0 + 2);
			bool land = y > hill * d->height;
			int t = y * 256 / d->height;

			d->backdrop[y * d->width + x] = land ? mix(0x3a6b52, 0x16302b, t, 256)
				: mix(0x27406b, 0xe8b27a, t * 3 / 2 > 255 ? 255 : t * 3 / 2, 256);
		}
	}
	font_draw(d->backdrop, (size_t)d->width, (size_t)d->width, (size_t)d->height, 12, d->height - 24,
		"spice-serve: type, click and drag", 0xb8c8bc);
}

/* A smooth picture of colours that moves with t. */
static uint32_t plasma(int x, int y, double t)
{
	double v = sin(x / 23.0 + t) + sin(y / 17.0 - t / 2) + sin((x + y) / 31.0 + t / 3) +
		   sin(sqrt((double)(x * x + y * y)) / 13.0 - t);

	return (uint32_t)(127 + 60 * sin(v * 1.6) + 60 * sin(t / 5)) << 16 |
	       (uint32_t)(127 + 120 * sin(v * 1.6 + 2.1)) << 8 | (uint32_t)(127 + 120 * sin(v * 1.6 + 4.2));
}

static void draw_plasma(struct window *w, double t)
{
	for (int y = TITLE; y < w->h - EDGE; y++)
		for (int x = EDGE; x < w->w - EDGE; x++)
			w->pixels[y * w->w + x] = plasma(x, y, t);
}

/* ---- what moves ---- */

static void log_line(struct demo *d, char *out, size_t n)
{
	static const char *const what[] = {"DRAW_COPY", "DRAW_FILL", "COPY_BITS", "MONITORS_CONFIG", "CURSOR_SET", "PING"};

	snprintf(out, n, "%06u %-16s %4ux%-4u ok", d->line, what[d->line * 7 % ARRAY_SIZE(what)],
		16 + d->line * 37 % 900, 8 + d->line * 53 % 700);
	d->line++;
}

static int rows_of(const struct window *w)
{
	return (w->h - TITLE - 2 * EDGE) / FONT_HEIGHT;
}

static bool on_top(const struct demo *d, int i)
{
	return d->order[WINDOWS - 1] == i;
}

static bool on_screen(const struct demo *d, const struct window *w)
{
	return w->x >= 0 && w->y >= 0 && w->x + w->w <= d->width && w->y + w->h <= d->height;
}

/* A line more at the bottom. In front of all, the screen is scrolled by a command and only the new line is pixels. */
static void scroll(struct demo *d)
{
	struct window *w = &d->win[SCROLLER];
	int rows = rows_of(w), top = TITLE + EDGE, width = w->w - 2 * EDGE, last = top + (rows - 1) * FONT_HEIGHT;
	char line[64];

	memmove(w->pixels + top * w->w, w->pixels + (top + FONT_HEIGHT) * w->w,
		4 * (size_t)w->w * (size_t)((rows - 1) * FONT_HEIGHT));
	fill(w, EDGE, last, width, FONT_HEIGHT, 0x10151c);
	log_line(d, line, sizeof(line));
	text(w, 6, last, line, d->line % 5 ? 0x9fd3a8 : 0xf0c674);
	if (!on_top(d, SCROLLER) || !on_screen(d, w)) {
		show_part(d, w, EDGE, top, width, rows * FONT_HEIGHT);
		return;
	}
	device_draw(d->env->device, S_DISPLAY_COPY_BITS, &(struct copy_bits){
		.base = {.box = {.left = w->x + EDGE, .top = w->y + top, .right = w->x + EDGE + width,
				 .bottom = w->y + last}},
		.src_pos = {w->x + EDGE, w->y + top + FONT_HEIGHT}});
	show_part(d, w, EDGE, last, width, FONT_HEIGHT);
}

static void move_window(struct demo *d, int i, int x, int y)
{
	struct window *w = &d->win[i];
	struct rect old = window_rect(w), now;

	w->x = x;
	w->y = y;
	now = window_rect(w);
	if (old.left < now.right && now.left < old.right && old.top < now.bottom && now.top < old.bottom) {
		clip_rect(&old, -d->width, -d->height, 2 * d->width, 2 * d->height);
		show(d, (struct rect){.left = old.left < now.left ? old.left : now.left,
				.top = old.top < now.top ? old.top : now.top,
				.right = old.right > now.right ? old.right : now.right,
				.bottom = old.bottom > now.bottom ? old.bottom : now.bottom});
		return;
	}
	show(d, old);
	show(d, now);
}

static void on_frame(uv_timer_t *t)
{
	struct demo *d = t->data;
	struct window *movie = &d->win[MOVIE];

	d->frame++;
	draw_plasma(movie, d->frame / 8.0);
	show_part(d, movie, EDGE, TITLE, movie->w - 2 * EDGE, movie->h - TITLE - EDGE);
	if (d->frame % SCROLL_EVERY == 0)
		scroll(d);
	if (d->grab != PICTURE && d->frame % 2 == 0)
		move_window(d, PICTURE, d->win[PICTURE].x + (d->frame / 80 % 2 ? -1 : 1), d->win[PICTURE].y);
}

/* ---- the editor ---- */

static void draw_editor(struct demo *d)
{
	struct window *w = &d->win[EDITOR];
	int columns = (w->w - 16) / FONT_WIDTH, rows = rows_of(w), x = 0, y = 0, skip = 0;

	fill(w, EDGE, TITLE, w->w - 2 * EDGE, w->h - TITLE - EDGE, 0xfbfaf5);
	for (int pass = 0; pass < 2; pass++) {
		x = y = 0;
		for (size_t i = 0; i < d->n_typed; i++) {
			char c[2] = {d->typed[i], 0};

			if (c[0] == '\n' || x == columns) {
				x = 0;
				y++;
			}
			if (c[0] == '\n')
				continue;
			if (pass && y >= skip)
				text(w, 8 + x * FONT_WIDTH, TITLE + 4 + (y - skip) * FONT_HEIGHT, c, 0x22262e);
			x++;
		}
		skip = y >= rows ? y - rows + 1 : 0;
	}
	fill(w, 8 + x * FONT_WIDTH, TITLE + 4 + (y - skip) * FONT_HEIGHT, 2, FONT_HEIGHT - 2, 0xc8553d);
}

static void typed(struct demo *d, char c)
{
	struct window *w = &d->win[EDITOR];

	if (c == '\b') {
		d->n_typed -= d->n_typed > 0;
	} else {
		if (d->n_typed == TYPED) {
			memmove(d->typed, d->typed + TYPED / 2, TYPED / 2);
			d->n_typed = TYPED / 2;
		}
		d->typed[d->n_typed++] = c;
	}
	draw_editor(d);
	show_part(d, w, EDGE, TITLE, w->w - 2 * EDGE, w->h - TITLE - EDGE);
}

static void on_key(void *owner, const struct server_client *c, unsigned code, bool down)
{
	static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
	static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
	struct demo *d = owner;
	char ch;

	(void)c;
	if (code == KEYCODE_SHIFT || code == KEYCODE_SHIFT_R)
		d->shift = down;
	if (!down || code >= sizeof(plain) - 1)
		return;
	ch = (d->shift ? shifted : plain)[code];
	if (ch == '\n' || ch == '\b' || ch >= ' ')
		typed(d, ch);
}

/* ---- the pointer ---- */

static int window_at(const struct demo *d, int x, int y)
{
	for (int i = WINDOWS; i-- > 0;) {
		const struct window *w = &d->win[d->order[i]];

		if (x >= w->x && y >= w->y && x < w->x + w->w && y < w->y + w->h)
			return d->order[i];
	}
	return -1;
}

static void raise_window(struct demo *d, int i)
{
	int at = 0;

	while (d->order[at] != i)
		at++;
	for (; at < WINDOWS - 1; at++)
		d->order[at] = d->order[at + 1];
	d->order[WINDOWS - 1] = i;
	show(d, window_rect(&d->win[i]));
}

static void on_button(void *owner, const struct server_client *c, unsigned button, bool down)
{
	struct demo *d = owner;
	int i = window_at(d, d->pointer_x, d->pointer_y);

	(void)c;
	if (button != MOUSE_BUTTON_LEFT)
		return;
	d->grab = -1;
	if (!down || i < 0)
		return;
	raise_window(d, i);
	d->grab = i;
	d->grab_x = d->pointer_x - d->win[i].x;
	d->grab_y = d->pointer_y - d->win[i].y;
}

static int within(int v, int max)
{
	return v < 0 ? 0 : v > max ? max : v;
}

static void pointer_to(struct demo *d, int x, int y)
{
	d->pointer_x = within(x, d->width - 1);
	d->pointer_y = within(y, d->height - 1);
	if (d->grab >= 0)
		move_window(d, d->grab, d->pointer_x - d->grab_x, d->pointer_y - d->grab_y);
	device_pointer_move(d->env->device, d->pointer_x, d->pointer_y);
}

static void on_position(void *owner, const struct server_client *c, int x, int y, unsigned display)
{
	(void)c;
	(void)display;
	pointer_to(owner, x, y);
}

static void on_motion(void *owner, const struct server_client *c, int dx, int dy)
{
	struct demo *d = owner;

	(void)c;
	pointer_to(d, d->pointer_x + within(dx + 10000, 20000) - 10000, d->pointer_y + within(dy + 10000, 20000) - 10000);
}

static const struct server_events events = {
	.key = on_key, .button = on_button, .position = on_position, .motion = on_motion};

/* An arrow: white with a dark edge. */
static void make_pointer(struct demo *d)
{
	static const char *const rows[POINTER] = {"#", "##", "#.#", "#..#", "#...#", "#....#", "#.....#", "#......#",
		"#.......#", "#........#", "#.....#####", "#..#..#", "#.# #..#", "##  #..#", "#    #..#", "     ####"};
	uint8_t shape[POINTER * POINTER * 4] = {0};

	for (int y = 0; y < POINTER; y++)
		for (int x = 0; rows[y][x]; x++)
			if (rows[y][x] != ' ')
				put_le32(shape + 4 * (y * POINTER + x), rows[y][x] == '#' ? 0xff101418 : 0xffffffff);
	device_pointer_set(d->env->device, CURSOR_TYPE_ALPHA, POINTER, POINTER, 0, 0, slice_of(shape, sizeof(shape)));
}

/* ---- life ---- */

static void demo_free(void *source)
{
	struct demo *d = source;

	source_handle_free(d->timer);
	for (int i = 0; i < WINDOWS; i++)
		free(d->win[i].pixels);
	free(d->backdrop);
	free(d->screen);
	free(d);
}

static void make_windows(struct demo *d)
{
	int w = d->width, h = d->height;

	frame_window(&d->win[PICTURE], "picture", w * 5 / 9, h / 12, w * 3 / 8, h * 3 / 8, 0);
	frame_window(&d->win[SCROLLER], "log", w / 20, h / 10, w / 2 < 380 ? w / 2 : 380, h * 2 / 5, 0x10151c);
	frame_window(&d->win[MOVIE], "moving", w * 3 / 5, h / 2, w / 3, h * 2 / 5, 0);
	frame_window(&d->win[EDITOR], "type here", w / 6, h * 5 / 9, w * 2 / 5, h * 3 / 8, 0xfbfaf5);
	draw_plasma(&d->win[PICTURE], 2.5);
	draw_plasma(&d->win[MOVIE], 0);
	for (int r = 0; r < rows_of(&d->win[SCROLLER]); r++) {
		char line[64];

		log_line(d, line, sizeof(line));
		text(&d->win[SCROLLER], 6, TITLE + EDGE + r * FONT_HEIGHT, line, d->line % 5 ? 0x9fd3a8 : 0xf0c674);
	}
	draw_editor(d);
}

static int demo_open(const struct source_env *env, void **source)
{
	struct demo *d = new(struct demo);
	static const char hello[] = "The quick brown fox jumps over\nthe lazy dog. ";
	static const int order[WINDOWS] = {PICTURE, MOVIE, EDITOR, SCROLLER};
	int rc = source_screen(env, SOURCE_WIDTH, SOURCE_HEIGHT);
	const struct pixmap *screen = canvas_surface(env->device->canvas, 0);

	if (rc) {
		free(d);
		return rc;
	}
	d->env = env;
	d->width = (int)screen->width;
	d->height = (int)screen->height;
	d->grab = -1;
	memcpy(d->order, order, sizeof(order));
	d->n_typed = sizeof(hello) - 1;
	memcpy(d->typed, hello, d->n_typed);
	d->backdrop = xcalloc((size_t)d->width * (size_t)d->height, 4);
	d->screen = xcalloc((size_t)d->width * (size_t)d->height, 4);
	make_backdrop(d);
	make_windows(d);
	make_pointer(d);
	show(d, (struct rect){.right = d->width, .bottom = d->height});
	pointer_to(d, d->width / 2, d->height / 2);
	d->timer = source_timer(env->loop, d);
	uv_timer_start(d->timer, on_frame, FRAME_MS, FRAME_MS);
	*source = d;
	return 0;
}

const struct source_ops source_demo = {.name = "demo", .open = demo_open, .events = &events, .free = demo_free};
