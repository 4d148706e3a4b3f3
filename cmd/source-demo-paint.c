/* The demo scene as drawing commands. Windows are painted from the bottom to the top,
 * each through the part of the damage where it can be seen, so that nothing flickers on any client. */
#include "cmd/source-demo.h"

#include <stdio.h>
#include <stdlib.h>

#include "draw/font.h"
#include "draw/region.h"

/* ---- primitives ---- */

static struct rect rect_of(int x, int y, int w, int h)
{
	return (struct rect){.left = x, .top = y, .right = x + w, .bottom = y + h};
}

static struct draw_base base(struct demo *d, struct rect box)
{
	return (struct draw_base){.surface_id = d->surface,
		.box = box,
		.clip = {.type = CLIP_TYPE_RECTS, .rects = {d->n_clip, d->clip}}};
}

static void fill(struct demo *d, struct rect box, uint32_t colour, uint16_t rop)
{
	device_draw(d->device, S_DISPLAY_DRAW_FILL,
		&(struct draw_fill){.base = base(d, box),
			.rop = rop,
			.brush = {.type = BRUSH_TYPE_SOLID, .color = colour}});
}

/* The part of a picture that starts at sx sy. */
static void picture_part(struct demo *d, uint64_t id, struct rect box, int sx, int sy)
{
	struct image img = device_image(d->device, id);

	device_draw(d->device, S_DISPLAY_DRAW_COPY,
		&(struct draw_copy){.base = base(d, box),
			.src = &img,
			.src_area = rect_of(sx, sy, box.right - box.left, box.bottom - box.top),
			.rop = ROPD_OP_PUT,
			.scale_mode = SCALE_MODE_NEAREST});
}

static void blend(struct demo *d, uint64_t id, int x, int y, uint8_t alpha)
{
	struct image img = device_image(d->device, id);
	int w = (int)img.d.width, h = (int)img.d.height;

	device_draw(d->device, S_DISPLAY_DRAW_ALPHA_BLEND,
		&(struct draw_alpha_blend){.base = base(d, rect_of(x, y, w, h)),
			.src = &img,
			.src_area = rect_of(0, 0, w, h),
			.alpha = alpha});
}

/* ---- pictures ---- */

/* Takes the reference. */
static uint64_t keep(struct demo *d, struct pixmap *p)
{
	uint64_t id = device_picture(d->device, p);

	pixmap_unref(p);
	return id;
}

/* A line of text: a picture that is clear around the letters. */
static void text(struct demo *d, int x, int y, const char *s, uint32_t colour)
{
	unsigned w = FONT_WIDTH * (unsigned)strlen(s);
	struct pixmap *p;
	uint64_t id;

	if (!w)
		return;
	p = pixmap_new(SURFACE_FMT_32_ARGB, w, FONT_HEIGHT);
	font_draw((uint32_t *)(void *)p->data, (size_t)p->stride / 4, w, FONT_HEIGHT, 0, 0, s,
		0xff000000 | colour);
	id = keep(d, p);
	blend(d, id, x, y, 255);
	device_picture_forget(d->device, id);
}

/* ---- what stands in the windows ---- */

static void paint_plasma(struct demo *d, struct rect c)
{
	picture_part(d, d->plasma, rect_of(c.left, c.top, PLASMA_WIDTH, PLASMA_HEIGHT), 0, 0);
}

static void paint_terminal(struct demo *d, struct rect c)
{
	static const char *const lines[] = {
		"$ spice-serve --demo",
		"listening spice 127.0.0.1:5900",
		"",
		"$ spice-view localhost",
		"connected: main display inputs cursor",
		"",
		"$ ffmpeg -i film.mkv -f rawvideo -pix_fmt bgr0 - |",
		"      spice-serve --raw 1280x720@25",
		"",
		"$ printf 'text 20 20 \"hello\"\\n' | spice-serve --script -",
		"",
		"$ spice-dump session.pcap | grep DRAW_COPY | wc -l",
		"4711",
		"",
		"$ spice-view --screenshot now.png host:5901",
		"",
	};

	fill(d, c, 0x10141c, ROPD_OP_PUT);
	for (unsigned i = 0; i < DEMO_LINES; i++) {
		const char *s = lines[(i + d->scrolled) % ARRAY_SIZE(lines)];

		text(d, c.left + 8, c.top + 6 + (int)i * FONT_HEIGHT, s,
			*s == '$' || *s == ' ' ? 0x9fe870 : 0xc8d0dc);
	}
}

static void pattern(struct demo *d, uint64_t id, struct rect box)
{
	struct image img = device_image(d->device, id);

	device_draw(d->device, S_DISPLAY_DRAW_FILL,
		&(struct draw_fill){.base = base(d, box),
			.rop = ROPD_OP_PUT,
			.brush = {.type = BRUSH_TYPE_PATTERN,
				.pattern = {&img, {box.left, box.top}}}});
}

static void scaled(struct demo *d, uint64_t id, struct rect box)
{
	struct image img = device_image(d->device, id);

	device_draw(d->device, S_DISPLAY_DRAW_COPY,
		&(struct draw_copy){.base = base(d, box),
			.src = &img,
			.src_area = rect_of(0, 0, (int)img.d.width, (int)img.d.height),
			.rop = ROPD_OP_PUT,
			.scale_mode = SCALE_MODE_INTERPOLATE});
}

static void paint_drawing(struct demo *d, struct rect c)
{
	static const uint32_t swatches[] = {
		0x264653, 0x2a9d8f, 0xe9c46a, 0xf4a261, 0xe76f51, 0x9b5de5};
	int x = c.left, y = c.top;

	fill(d, c, 0xf4f1ea, ROPD_OP_PUT);
	picture_part(d, d->gradient, rect_of(x + 14, y + 14, 200, 72), 0, 0);
	for (int i = 0; i < (int)ARRAY_SIZE(swatches); i++)
		fill(d, rect_of(x + 14 + 34 * i, y + 96, 30, 30), swatches[i], ROPD_OP_PUT);
	for (int i = 0; i < (int)ARRAY_SIZE(swatches); i++)
		fill(d, rect_of(x + 20 + 34 * i, y + 106, 18, 10), 0xffffff, ROPD_OP_XOR);
	blend(d, d->ball, x + 224, y + 12, 255);
	blend(d, d->ball, x + 256, y + 52, 150);
	blend(d, d->curves, x + 14, y + 130, 255);
	pattern(d, d->weave, rect_of(x + 14, y + 222, 96, 48));
	scaled(d, d->gradient, rect_of(x + 118, y + 222, 96, 48));
	text(d, x + 224, y + 224, "copy  fill", 0x555555);
	text(d, x + 224, y + 240, "blend scale", 0x555555);
	text(d, x + 224, y + 256, "pattern xor", 0x555555);
}

/* Calls `line` for each line that typed text takes in so many columns; the last one holds the
 * caret. */
static int typed_lines(const struct demo *d, int columns,
	void (*line)(void *user, int number, const char *s, int n), void *user)
{
	int number = 0;
	size_t start = 0, i;

	for (i = 0; i < d->n_typed; i++) {
		bool feed = d->typed[i] == '\n';

		if (!feed && i - start < (size_t)columns)
			continue;
		line(user, number++, d->typed + start, (int)(i - start));
		start = i + feed;
	}
	line(user, number++, d->typed + start, (int)(i - start));
	return number;
}

struct notes {
	struct demo *d;
	int x, y, first;    /* where the first line to be seen stands, and which it is */
	int last_y, last_n; /* of the caret */
};

static void count_line(void *user, int number, const char *s, int n)
{
	(void)user, (void)number, (void)s, (void)n;
}

static void note_line(void *user, int number, const char *s, int n)
{
	struct notes *t = user;
	char line[DEMO_COLUMNS + 1];

	t->last_y = t->y + (number - t->first) * FONT_HEIGHT;
	t->last_n = n;
	if (number < t->first)
		return;
	snprintf(line, sizeof(line), "%.*s", n, s);
	text(t->d, t->x, t->last_y, line, 0x35405a);
}

static void paint_notes(struct demo *d, struct rect c)
{
	int columns = (c.right - c.left - 28) / FONT_WIDTH,
	    rows = (c.bottom - c.top - 16) / FONT_HEIGHT - 3;
	int lines = typed_lines(d, columns, count_line, NULL);
	struct notes t = {.d = d,
		.x = c.left + 10,
		.y = c.top + 8 + 3 * FONT_HEIGHT,
		.first = lines > rows ? lines - rows : 0};

	fill(d, c, 0xfffbe6, ROPD_OP_PUT);
	text(d, t.x, c.top + 8, "Type: your keys arrive here.", 0x9a8650);
	text(d, t.x, c.top + 8 + FONT_HEIGHT, "Drag a window by its title bar.", 0x9a8650);
	typed_lines(d, columns, note_line, &t);
	fill(d, rect_of(t.x + FONT_WIDTH * t.last_n, t.last_y + 1, FONT_WIDTH, FONT_HEIGHT - 2),
		0x35405a, ROPD_OP_PUT);
}

/* ---- windows ---- */

struct rect demo_frame(const struct demo_window *w)
{
	return rect_of(w->x, w->y, (int)w->w, (int)w->h);
}

struct rect demo_content(const struct demo_window *w)
{
	return (struct rect){.left = w->x + DEMO_BORDER,
		.top = w->y + DEMO_TITLE,
		.right = w->x + (int)w->w - DEMO_BORDER,
		.bottom = w->y + (int)w->h - DEMO_BORDER};
}

static void paint_window(struct demo *d, struct demo_window *w, bool front)
{
	struct rect f = demo_frame(w), c = demo_content(w);
	static const uint32_t knobs[] = {0xff5f57, 0xfebc2e, 0x28c840};

	picture_part(d, w->bar[front], rect_of(f.left, f.top, (int)w->w, DEMO_TITLE), 0, 0);
	for (int i = 0; i < 3; i++) {
		struct rect k = rect_of(f.left + 10 + 18 * i, f.top + 7, 10, 10);

		fill(d,
			(struct rect){.left = k.left + 2,
				.right = k.right - 2,
				.top = k.top,
				.bottom = k.bottom},
			front ? knobs[i] : 0x8a92a0, ROPD_OP_PUT);
		fill(d,
			(struct rect){.left = k.left,
				.right = k.right,
				.top = k.top + 2,
				.bottom = k.bottom - 2},
			front ? knobs[i] : 0x8a92a0, ROPD_OP_PUT);
		fill(d,
			(struct rect){.left = k.left + 1,
				.right = k.right - 1,
				.top = k.top + 1,
				.bottom = k.bottom - 1},
			front ? knobs[i] : 0x8a92a0, ROPD_OP_PUT);
	}
	text(d, f.left + ((int)w->w - 8 * (int)strlen(w->title)) / 2, f.top + 4, w->title,
		front ? 0xffffff : 0xb8c0cc);
	for (int i = 0; i < 3; i++)
		fill(d,
			i == 0		 ? rect_of(f.left, c.top, DEMO_BORDER, c.bottom - c.top)
				: i == 1 ? rect_of(c.right, c.top, DEMO_BORDER, c.bottom - c.top)
					 : rect_of(f.left, c.bottom, (int)w->w, DEMO_BORDER),
			0x2a3346, ROPD_OP_PUT);
	w->paint(d, c);
}

/* ---- painting by damage ---- */

/* Makes a region the clip; false when it is empty. */
static bool clip_to(struct demo *d, pixman_region32_t *r)
{
	int n;
	const pixman_box32_t *b = pixman_region32_rectangles(r, &n);

	if ((unsigned)n > d->cap_clip) {
		d->cap_clip = (unsigned)n;
		d->clip = xrealloc(d->clip, d->cap_clip, sizeof(*d->clip));
	}
	d->n_clip = (unsigned)n;
	for (int i = 0; i < n; i++)
		d->clip[i] = region_rect(&b[i]);
	return n > 0;
}

/* Damage that is no part of the frames from this place in the order upwards. */
static void uncovered(
	struct demo *d, pixman_region32_t *out, pixman_region32_t *damage, unsigned place)
{
	pixman_region32_t above;

	pixman_region32_init(&above);
	for (unsigned i = place; i < DEMO_WINDOWS; i++) {
		struct rect frame = demo_frame(&d->windows[d->order[i]]);

		region_add(&above, &frame);
	}
	pixman_region32_subtract(out, damage, &above);
	pixman_region32_fini(&above);
}

static void paint_place(struct demo *d, pixman_region32_t *damage, unsigned place)
{
	struct demo_window *w = &d->windows[d->order[place]];
	pixman_region32_t visible, part;
	struct rect f = demo_frame(w);

	pixman_region32_init(&visible);
	pixman_region32_init(&part);
	uncovered(d, &visible, damage, place); /* where its shadow can fall */
	pixman_region32_intersect_rect(&part, &visible, f.left - DEMO_SHADOW, f.top - DEMO_SHADOW,
		w->w + 2 * DEMO_SHADOW, w->h + 2 * DEMO_SHADOW);
	if (clip_to(d, &part))
		blend(d, w->shadow, f.left - DEMO_SHADOW, f.top - DEMO_SHADOW, 255);
	uncovered(d, &visible, damage, place + 1);
	pixman_region32_intersect_rect(&part, &visible, f.left, f.top, w->w, w->h);
	if (clip_to(d, &part))
		paint_window(d, w, place == DEMO_WINDOWS - 1);
	pixman_region32_fini(&visible);
	pixman_region32_fini(&part);
}

void demo_paint(struct demo *d, struct rect damage)
{
	pixman_region32_t all, part;

	pixman_region32_init(&part);
	pixman_region32_init_rect(&all, 0, 0, d->width, d->height);
	pixman_region32_intersect_rect(&all, &all, damage.left, damage.top,
		(unsigned)(damage.right - damage.left), (unsigned)(damage.bottom - damage.top));
	uncovered(d, &part, &all, 0);
	if (clip_to(d, &part))
		picture_part(d, d->backdrop, rect_of(0, 0, (int)d->width, (int)d->height), 0, 0);
	for (unsigned i = 0; i < DEMO_WINDOWS; i++)
		paint_place(d, &all, i);
	pixman_region32_fini(&all);
	pixman_region32_fini(&part);
}

void demo_plasma_step(struct demo *d)
{
	device_picture_forget(d->device, d->plasma);
	d->plasma = keep(d, demo_plasma(d->frame));
	demo_paint(d, demo_content(&d->windows[DEMO_PLASMA]));
}

/* May the content be moved by COPY_BITS: nothing lies on it, not even a shadow, and it is all on
 * the screen? */
static bool untouched(const struct demo *d, unsigned id)
{
	struct rect c = demo_content(&d->windows[id]);
	bool above = false;

	if (c.left < 0 || c.top < 0 || c.right > (int)d->width || c.bottom > (int)d->height)
		return false;
	for (unsigned i = 0; i < DEMO_WINDOWS; i++) {
		struct rect f = demo_frame(&d->windows[d->order[i]]);

		if (above && f.left - DEMO_SHADOW < c.right && f.right + DEMO_SHADOW > c.left &&
			f.top - DEMO_SHADOW < c.bottom && f.bottom + DEMO_SHADOW > c.top)
			return false;
		above = above || d->order[i] == id;
	}
	return true;
}

void demo_scroll(struct demo *d)
{
	struct rect c = demo_content(&d->windows[DEMO_TERMINAL]), last = c;
	struct copy_bits move = {.base = {.box = c}, .src_pos = {c.left, c.top + FONT_HEIGHT}};

	d->scrolled++;
	if (untouched(d, DEMO_TERMINAL)) {
		move.base.box.bottom -= FONT_HEIGHT;
		device_draw(d->device, S_DISPLAY_COPY_BITS, &move);
		/* above the first line stands what has left: the margins are painted anew, and the
		 * new last line */
		demo_paint(d,
			(struct rect){.left = c.left,
				.top = c.top,
				.right = c.right,
				.bottom = c.top + 6});
		last.top = c.top + 6 + (DEMO_LINES - 1) * FONT_HEIGHT;
	}
	demo_paint(d, last);
}

/* ---- making ---- */

static void make_pointer(struct demo *d)
{
	uint8_t arrow[4 * DEMO_ARROW_WIDTH * DEMO_ARROW_HEIGHT];

	demo_arrow(arrow);
	device_pointer_set(d->device, CURSOR_TYPE_ALPHA, DEMO_ARROW_WIDTH, DEMO_ARROW_HEIGHT, 0, 0,
		slice_of(arrow, sizeof(arrow)));
	d->pointer_x = (int)d->width / 2;
	d->pointer_y = (int)d->height / 2;
	device_pointer_move(d->device, d->pointer_x, d->pointer_y);
}

/* A window at a place on a screen of 1024x768, moved as the screen is larger or smaller. */
static void make_window(struct demo *d, unsigned id, const char *title, int x, int y, unsigned w,
	unsigned h, void (*paint)(struct demo *d, struct rect content))
{
	struct demo_window *win = &d->windows[id];

	*win = (struct demo_window){.title = title,
		.w = w + 2 * DEMO_BORDER,
		.h = h + DEMO_TITLE + DEMO_BORDER,
		.paint = paint,
		.x = x * (int)d->width / SOURCE_WIDTH,
		.y = y * (int)d->height / SOURCE_HEIGHT};
	win->shadow = keep(d, demo_shadow(win->w, win->h));
	win->bar[0] = keep(d, demo_bar(win->w, 0x5a6478, 0x48505f));
	win->bar[1] = keep(d, demo_bar(win->w, 0x4d8de0, 0x2d5fb4));
	d->order[id] = id;
}

void demo_make(struct demo *d)
{
	d->backdrop = keep(d, demo_backdrop(d->width, d->height));
	d->ball = keep(d, demo_ball());
	d->gradient = keep(d, demo_gradient());
	d->curves = keep(d, demo_curves());
	d->weave = keep(d, demo_weave());
	d->plasma = keep(d, demo_plasma(d->frame));
	make_window(d, DEMO_TERMINAL, "terminal", 60, 170, 8 * DEMO_COLUMNS + 16,
		DEMO_LINES * FONT_HEIGHT + 12, paint_terminal);
	make_window(d, DEMO_PLASMA, "video", 610, 90, PLASMA_WIDTH, PLASMA_HEIGHT, paint_plasma);
	make_window(d, DEMO_DRAWING, "drawing", 460, 340, 340, 286, paint_drawing);
	make_window(d, DEMO_NOTES, "notes", 130, 480, 300, 200, paint_notes);
	make_pointer(d);
}

/* Windows stay where they are as long as their title bars can be reached. */
void demo_fit(struct demo *d)
{
	device_picture_forget(d->device, d->backdrop);
	d->backdrop = keep(d, demo_backdrop(d->width, d->height));
	for (unsigned i = 0; i < DEMO_WINDOWS; i++) {
		struct demo_window *w = &d->windows[i];

		w->x = demo_clamp(w->x, 40 - (int)w->w, (int)d->width - 40);
		w->y = demo_clamp(w->y, 0, (int)d->height - DEMO_TITLE);
	}
	demo_paint(d, rect_of(0, 0, (int)d->width, (int)d->height));
}

void demo_unmake(struct demo *d)
{
	for (unsigned i = 0; i < DEMO_WINDOWS; i++) {
		device_picture_forget(d->device, d->windows[i].shadow);
		device_picture_forget(d->device, d->windows[i].bar[0]);
		device_picture_forget(d->device, d->windows[i].bar[1]);
	}
	device_picture_forget(d->device, d->backdrop);
	device_picture_forget(d->device, d->ball);
	device_picture_forget(d->device, d->gradient);
	device_picture_forget(d->device, d->curves);
	device_picture_forget(d->device, d->weave);
	device_picture_forget(d->device, d->plasma);
	free(d->clip);
}
