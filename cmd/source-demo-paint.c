/* The demo scene as pictures and drawing commands. Windows are painted from the bottom to the top,
 * each through the part of the damage where it can be seen, so that nothing flickers on any client.
 * All pictures are computed. */
#include "cmd/source-demo.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "draw/font.h"

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

static uint32_t *row_of(struct pixmap *p, unsigned y)
{
	return (uint32_t *)(void *)(p->data + (size_t)y * (size_t)p->stride);
}

static uint32_t mix(uint32_t a, uint32_t b, unsigned t, unsigned of)
{
	uint32_t out = 0;

	for (unsigned shift = 0; shift < 24; shift += 8)
		out |= ((a >> shift & 255) * (of - t) + (b >> shift & 255) * t) / of << shift;
	return out;
}

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

/* Smoothed letters of the font at `scale` times its size: coverage 0..255 of a pixel, by a
 * distance-like blur. */
static unsigned big_letter(const uint8_t *rows, int x, int y, int scale)
{
	int sum = 0, n = 0;

	for (int dy = -scale / 2; dy <= scale / 2; dy++)
		for (int dx = -scale / 2; dx <= scale / 2; dx++, n++) {
			int fx = (x + dx + scale) / scale - 1, fy = (y + dy + scale) / scale - 1;

			if (fx >= 0 && fx < 8 && fy >= 0 && fy < FONT_HEIGHT)
				sum += rows[fy] >> (7 - fx) & 1;
		}
	sum = sum * 600 / n - 150;
	return sum < 0 ? 0 : sum > 255 ? 255 : (unsigned)sum;
}

static void big_text(struct pixmap *p, int x, int y, const char *s, int scale, uint32_t colour)
{
	for (; *s; s++, x += 8 * scale) {
		const uint8_t *rows = font_glyph((unsigned char)*s);

		for (int py = -scale; py < (FONT_HEIGHT + 1) * scale; py++)
			for (int px = -scale; px < 9 * scale; px++) {
				unsigned cover = big_letter(rows, px, py, scale);
				int ox = x + px, oy = y + py;

				if (cover && ox >= 0 && oy >= 0 && ox < (int)p->width &&
					oy < (int)p->height)
					row_of(p, (unsigned)oy)[ox] = mix(
						row_of(p, (unsigned)oy)[ox], colour, cover, 255);
			}
	}
}

/* Dusk over hills: a sky that fades down, a sun, three ridges of sines. */
static uint64_t make_backdrop(struct demo *d)
{
	static const uint32_t ridges[] = {0x35558a, 0x223f70, 0x142a52};
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, d->width, d->height);
	double w = d->width, h = d->height, sun_x = 0.90 * w, sun_y = 0.52 * h;

	for (unsigned y = 0; y < d->height; y++)
		for (unsigned x = 0; x < d->width; x++) {
			double dist = hypot((x - sun_x), (y - sun_y)) / h;
			unsigned t = (unsigned)(1000 * y / h);
			uint32_t c = t < 500 ? mix(0x1d2b5c, 0x7c5a9c, t, 500)
					     : mix(0x7c5a9c, 0xf6a96c, t - 500, 500);
			double glow = dist < 0.09 ? 1 : exp(-(dist - 0.09) * 6);

			c = mix(c, 0xffe3a8, (unsigned)(900 * glow * (dist < 0.09 ? 1 : 0.7)),
				1000);
			for (unsigned i = 0; i < ARRAY_SIZE(ridges); i++) {
				double line = 0.62 + 0.11 * i +
					0.05 * sin(x / w * (5 + 3 * i) + 2 * i) +
					0.02 * sin(x / w * (17 + 6 * i) + i);

				if (y / h > line)
					c = mix(ridges[i], 0x0b1630,
						(unsigned)(1000 * (y / h - line)), 500);
			}
			row_of(p, y)[x] = c;
		}
	big_text(p, (int)d->width / 24, (int)d->height / 20, "spiceutils", d->width >= 900 ? 4 : 2,
		0xffffff);
	return keep(d, p);
}

/* A title bar, lighter at its top. */
static uint64_t make_bar(struct demo *d, unsigned w, uint32_t top, uint32_t bottom)
{
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, w, DEMO_TITLE);

	for (unsigned y = 0; y < DEMO_TITLE; y++)
		for (unsigned x = 0; x < w; x++)
			row_of(p, y)[x] = y == DEMO_TITLE - 1 ? bottom - 0x101010
							      : mix(top, bottom, y, DEMO_TITLE);
	return keep(d, p);
}

/* What a window of this size throws on those below, premultiplied black. */
static uint64_t make_shadow(struct demo *d, unsigned w, unsigned h)
{
	struct pixmap *p =
		pixmap_new(SURFACE_FMT_32_ARGB, w + 2 * DEMO_SHADOW, h + 2 * DEMO_SHADOW);

	for (unsigned y = 0; y < p->height; y++)
		for (unsigned x = 0; x < p->width; x++) {
			double dx = fmax(
				fmax(DEMO_SHADOW - (double)x, (double)x - (DEMO_SHADOW + w - 1)),
				0);
			double dy = fmax(fmax(DEMO_SHADOW + 4 - (double)y,
						 (double)y - (DEMO_SHADOW + h + 3)),
				0);
			double far = fmin(hypot(dx, dy) / DEMO_SHADOW, 1);

			row_of(p, y)[x] = (uint32_t)(110 * (1 - far) * (1 - far)) << 24;
		}
	return keep(d, p);
}

/* A ball with a highlight and soft edge. */
static uint64_t make_ball(struct demo *d)
{
	enum { SIZE = 72 };
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_ARGB, SIZE, SIZE);

	for (unsigned y = 0; y < SIZE; y++)
		for (unsigned x = 0; x < SIZE; x++) {
			double r = hypot(x - 35.5, y - 35.5),
			       light = exp(-hypot(x - 25.0, y - 22.0) / 22);
			double cover = r > 35 ? 0 : r > 34 ? 35 - r : 1;
			uint32_t c = mix(0x8a1030, 0xffd0b0, (unsigned)(1000 * light), 1000);

			c = mix(0, c, (unsigned)(1000 * cover), 1000);
			row_of(p, y)[x] = (uint32_t)(255 * cover) << 24 | c;
		}
	return keep(d, p);
}

/* All hues, fading to white at the top and to black at the bottom. */
static uint64_t make_gradient(struct demo *d)
{
	enum { W = 200, H = 72 };
	static const uint32_t hues[] = {
		0xff0000, 0xffff00, 0x00ff00, 0x00ffff, 0x0000ff, 0xff00ff, 0xff0000};
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, W, H);

	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++) {
			unsigned at = x * 6000 / W;
			uint32_t c = mix(hues[at / 1000], hues[at / 1000 + 1], at % 1000, 1000);

			row_of(p, y)[x] = y < H / 2 ? mix(0xffffff, c, y, H / 2)
						    : mix(c, 0, y - H / 2, H / 2);
		}
	return keep(d, p);
}

/* Three waves of light: soft discs along sines. */
static uint64_t make_curves(struct demo *d)
{
	enum { W = 312, H = 84, STEPS = 4 * W, REACH = 4 };
	static const uint32_t colours[] = {0x2a9d8f, 0xe76f51, 0x9b5de5};
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_ARGB, W, H);

	for (unsigned i = 0; i < STEPS * ARRAY_SIZE(colours); i++) {
		double t = (double)(i / ARRAY_SIZE(colours)) / STEPS,
		       phase = 2.1 * (i % ARRAY_SIZE(colours));
		double cx = 6 + t * (W - 12),
		       cy = H / 2 + (H / 2 - 8) * sin(2 * M_PI * t * 1.5 + phase) * sin(M_PI * t);

		for (int y = (int)cy - REACH; y <= (int)cy + REACH; y++)
			for (int x = (int)cx - REACH; x <= (int)cx + REACH; x++) {
				double cover = fmin(fmax(2.4 - hypot(x - cx, y - cy), 0), 1);
				uint32_t *at = x >= 0 && y >= 0 && x < W && y < H
					? row_of(p, (unsigned)y) + x
					: NULL;

				if (at && (uint32_t)(255 * cover) > *at >> 24)
					*at = (uint32_t)(255 * cover) << 24 |
						mix(0, colours[i % ARRAY_SIZE(colours)],
							(unsigned)(255 * cover), 255);
			}
	}
	return keep(d, p);
}

/* A little weave to fill areas with. */
static uint64_t make_weave(struct demo *d)
{
	enum { SIZE = 8 };
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, SIZE, SIZE);

	for (unsigned y = 0; y < SIZE; y++)
		for (unsigned x = 0; x < SIZE; x++)
			row_of(p, y)[x] = (x + y) % SIZE < 2 ? 0x264653
				: (x + SIZE - y) % SIZE < 2  ? 0x3d6b7d
							     : 0xe9c46a;
	return keep(d, p);
}

/* ---- what stands in the windows ---- */

static void paint_plasma(struct demo *d, struct rect c)
{
	picture_part(d, d->plasma, rect_of(c.left, c.top, PLASMA_WIDTH, PLASMA_HEIGHT), 0, 0);
}

static void new_plasma(struct demo *d)
{
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, PLASMA_WIDTH, PLASMA_HEIGHT);
	uint8_t sine[1024];
	unsigned t = d->frame;

	for (unsigned i = 0; i < ARRAY_SIZE(sine); i++)
		sine[i] = (uint8_t)(127.5 + 127.4 * sin(i * M_PI / 512));
	for (unsigned y = 0; y < PLASMA_HEIGHT; y++)
		for (unsigned x = 0; x < PLASMA_WIDTH; x++) {
			unsigned v = sine[(7 * x + 7 * t) & 1023] + sine[(9 * y + 3 * t) & 1023] +
				sine[(5 * (x + y) - 5 * t) & 1023];

			row_of(p, y)[x] = (uint32_t)sine[(v + 2 * t) & 1023] << 16 |
				(uint32_t)sine[(2 * v + 300) & 1023] / 3 << 8 |
				(uint32_t)sine[(v + 600) & 1023];
		}
	device_picture_forget(d->device, d->plasma);
	d->plasma = keep(d, p);
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
			*s == '$'	    ? 0x9fe870
				: *s == ' ' ? 0x9fe870
					    : 0xc8d0dc);
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

static void add_rect(pixman_region32_t *r, struct rect b)
{
	pixman_region32_union_rect(
		r, r, b.left, b.top, (unsigned)(b.right - b.left), (unsigned)(b.bottom - b.top));
}

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
		d->clip[i] = (struct rect){
			.left = b[i].x1, .top = b[i].y1, .right = b[i].x2, .bottom = b[i].y2};
	return n > 0;
}

/* Damage that is no part of the frames from this place in the order upwards. */
static void uncovered(
	struct demo *d, pixman_region32_t *out, pixman_region32_t *damage, unsigned place)
{
	pixman_region32_t above;

	pixman_region32_init(&above);
	for (unsigned i = place; i < DEMO_WINDOWS; i++)
		add_rect(&above, demo_frame(&d->windows[d->order[i]]));
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
	new_plasma(d);
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

/* The pointer: an arrow, # its edge, o its inside. */
static void make_pointer(struct demo *d)
{
	static const char *const shape[] = {
		"#           ",
		"##          ",
		"#o#         ",
		"#oo#        ",
		"#ooo#       ",
		"#oooo#      ",
		"#ooooo#     ",
		"#oooooo#    ",
		"#ooooooo#   ",
		"#oooooooo#  ",
		"#ooooooooo# ",
		"#oooooo#####",
		"#ooo#oo#    ",
		"#oo##oo#    ",
		"#o#  #oo#   ",
		"##   #oo#   ",
		"#     #oo#  ",
		"      #oo#  ",
		"       ##   ",
	};
	enum { W = 12, H = ARRAY_SIZE(shape) };
	uint8_t pixels[4 * W * H];

	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++)
			put_le32(pixels + 4 * (y * W + x),
				shape[y][x] == '#'	     ? 0xff101010
					: shape[y][x] == 'o' ? 0xffffffff
							     : 0);
	device_pointer_set(
		d->device, CURSOR_TYPE_ALPHA, W, H, 0, 0, slice_of(pixels, sizeof(pixels)));
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
	win->shadow = make_shadow(d, win->w, win->h);
	win->bar[0] = make_bar(d, win->w, 0x5a6478, 0x48505f);
	win->bar[1] = make_bar(d, win->w, 0x4d8de0, 0x2d5fb4);
	d->order[id] = id;
}

void demo_make(struct demo *d)
{
	d->backdrop = make_backdrop(d);
	d->ball = make_ball(d);
	d->gradient = make_gradient(d);
	d->curves = make_curves(d);
	d->weave = make_weave(d);
	new_plasma(d);
	make_window(d, DEMO_TERMINAL, "terminal", 60, 170, 8 * DEMO_COLUMNS + 16,
		DEMO_LINES * FONT_HEIGHT + 12, paint_terminal);
	make_window(d, DEMO_PLASMA, "video", 610, 90, PLASMA_WIDTH, PLASMA_HEIGHT, paint_plasma);
	make_window(d, DEMO_DRAWING, "drawing", 460, 340, 340, 286, paint_drawing);
	make_window(d, DEMO_NOTES, "notes", 130, 480, 300, 200, paint_notes);
	make_pointer(d);
}

static int pulled(int v, int min, int max)
{
	return v > max ? max : v < min ? min : v;
}

/* Windows stay where they are as long as their title bars can be reached. */
void demo_fit(struct demo *d)
{
	device_picture_forget(d->device, d->backdrop);
	d->backdrop = make_backdrop(d);
	for (unsigned i = 0; i < DEMO_WINDOWS; i++) {
		struct demo_window *w = &d->windows[i];

		w->x = pulled(w->x, 40 - (int)w->w, (int)d->width - 40);
		w->y = pulled(w->y, 0, (int)d->height - DEMO_TITLE);
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
