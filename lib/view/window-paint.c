/* Drawing: damage of the picture becomes rectangles of the window, and pixman copies or scales just
 * those from the owner's pixels into the window's buffer. One transformation holds for the whole
 * picture, so a part drawn alone is what it would be in a full drawing. */
#include "view/window-private.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

static const struct {
	uint32_t sdl;
	pixman_format_code_t pixman;
} formats[] = {
	{SDL_PIXELFORMAT_RGB888, PIXMAN_x8r8g8b8},
	{SDL_PIXELFORMAT_ARGB8888, PIXMAN_x8r8g8b8},
	{SDL_PIXELFORMAT_BGR888, PIXMAN_x8b8g8r8},
	{SDL_PIXELFORMAT_ABGR8888, PIXMAN_x8b8g8r8},
	{SDL_PIXELFORMAT_RGBX8888, PIXMAN_r8g8b8x8},
	{SDL_PIXELFORMAT_BGRX8888, PIXMAN_b8g8r8x8},
	{SDL_PIXELFORMAT_ARGB2101010, PIXMAN_x2r10g10b10},
	{SDL_PIXELFORMAT_RGB565, PIXMAN_r5g6b5},
	{SDL_PIXELFORMAT_RGB555, PIXMAN_x1r5g5b5},
};

/* The window's buffer for pixman; NULL when there is none now or it is of a kind we can't draw. */
static pixman_image_t *target_of(SDL_Surface *s)
{
	for (size_t i = 0; s && i < ARRAY_SIZE(formats); i++)
		if (formats[i].sdl == s->format->format)
			return pixman_image_create_bits(
				formats[i].pixman, s->w, s->h, s->pixels, s->pitch);
	return NULL;
}

int paint_check(SDL_Window *sdl)
{
	SDL_Surface *s = SDL_GetWindowSurface(sdl);
	pixman_image_t *target = target_of(s);

	if (!target) {
		log_error("can't draw in this window: %s",
			s ? SDL_GetPixelFormatName(s->format->format) : SDL_GetError());
		return E_UNSUP;
	}
	pixman_image_unref(target);
	return 0;
}

void paint_fini(struct paint *p)
{
	if (p->source)
		pixman_image_unref(p->source);
	if (p->cursor)
		pixman_image_unref(p->cursor);
	pixman_region32_fini(&p->damage);
}

static void soon(struct window *w)
{
	uint64_t now = uv_now(w->frame.loop), due = w->painted_at + FRAME_MS;

	if (!w->closed && !uv_is_active((uv_handle_t *)&w->frame))
		uv_timer_start(&w->frame, window_frame, due > now ? due - now : 0, 0);
}

/* A part of the picture (in the image's coordinates) as it lies in the window, rounded outwards. */
static struct box to_window(const struct paint *p, struct box b)
{
	int64_t x0 = b.x - p->view.x, y0 = b.y - p->view.y;
	int64_t x1 = x0 + b.w, y1 = y0 + b.h;
	int edge = p->scaled ? 1 : 0; /* a smooth pixel mixes with its neighbours */

	x0 = (x0 - edge) * p->place.w / p->view.w - edge;
	y0 = (y0 - edge) * p->place.h / p->view.h - edge;
	x1 = ((x1 + edge) * p->place.w + p->view.w - 1) / p->view.w + edge;
	y1 = ((y1 + edge) * p->place.h + p->view.h - 1) / p->view.h + edge;
	return (struct box){
		p->place.x + (int)x0, p->place.y + (int)y0, (int)(x1 - x0), (int)(y1 - y0)};
}

static void damage_box(struct window *w, struct box b)
{
	pixman_region32_t *d = &w->paint.damage;

	pixman_region32_union_rect(d, d, b.x, b.y, (unsigned)b.w, (unsigned)b.h);
	pixman_region32_intersect_rect(d, d, 0, 0, (unsigned)w->width, (unsigned)w->height);
	if (pixman_region32_not_empty(d))
		soon(w);
}

void paint_all(struct window *w)
{
	damage_box(w, (struct box){0, 0, w->width, w->height});
}

/* Scales by exactly place / view, with pixels outside the picture like its edge. */
static void set_transform(struct paint *p, bool smooth)
{
	pixman_transform_t t;

	pixman_image_set_repeat(p->source, PIXMAN_REPEAT_PAD);
	if (!p->scaled) {
		pixman_image_set_transform(p->source, NULL);
		pixman_image_set_filter(p->source, PIXMAN_FILTER_NEAREST, NULL, 0);
		return;
	}
	pixman_transform_init_scale(&t, pixman_double_to_fixed((double)p->view.w / p->place.w),
		pixman_double_to_fixed((double)p->view.h / p->place.h));
	t.matrix[0][2] = pixman_int_to_fixed(p->skip);
	pixman_image_set_transform(p->source, &t);
	pixman_image_set_filter(
		p->source, smooth ? PIXMAN_FILTER_BILINEAR : PIXMAN_FILTER_NEAREST, NULL, 0);
}

void paint_layout(struct window *w)
{
	struct paint *p = &w->paint;
	int pw = p->view.w, ph = p->view.h, dw, dh;
	bool fits = pw <= w->width && ph <= w->height;

	if (p->source && w->width > 0 && w->height > 0) {
		if (w->scale == WINDOW_SCALE_OFF && fits) {
			dw = pw;
			dh = ph;
		} else if ((int64_t)w->width * ph <= (int64_t)w->height * pw) {
			dw = w->width;
			dh = (int)((int64_t)ph * dw / pw);
		} else {
			dh = w->height;
			dw = (int)((int64_t)pw * dh / ph);
		}
		dw = dw > 0 ? dw : 1;
		dh = dh > 0 ? dh : 1;
		p->place = (struct box){(w->width - dw) / 2, (w->height - dh) / 2, dw, dh};
		p->scaled = dw != pw || dh != ph;
		set_transform(p, w->scale != WINDOW_SCALE_NEAREST);
	}
	paint_all(w);
}

bool paint_to_image(const struct window *w, int x, int y, int *ix, int *iy)
{
	const struct paint *p = &w->paint;
	int64_t px, py;

	if (!p->source || !p->place.w)
		return false;
	px = (int64_t)(x - p->place.x) * p->view.w / p->place.w;
	py = (int64_t)(y - p->place.y) * p->view.h / p->place.h;
	px = px < 0 ? 0 : px >= p->view.w ? p->view.w - 1 : px;
	py = py < 0 ? 0 : py >= p->view.h ? p->view.h - 1 : py;
	*ix = p->view.x + (int)px;
	*iy = p->view.y + (int)py;
	return true;
}

/* The pointer that we draw ourselves, in the window; empty when we draw none. */
static struct box cursor_box(const struct window *w)
{
	const struct paint *p = &w->paint;
	struct box at;

	if (!w->input.relative || !p->cursor || !p->cursor_visible || !p->source || !p->place.w)
		return (struct box){0};
	at = to_window(p, (struct box){p->cursor_x, p->cursor_y, 0, 0});
	at.x += p->scaled ? 1 : 0;
	at.y += p->scaled ? 1 : 0;
	return (struct box){at.x - p->hot_x, at.y - p->hot_y, pixman_image_get_width(p->cursor),
		pixman_image_get_height(p->cursor)};
}

void paint_cursor_changed(struct window *w)
{
	struct box b = cursor_box(w);

	if (b.w)
		damage_box(w, b);
}

static void draw_box(struct window *w, pixman_image_t *target, const pixman_box32_t *b)
{
	const struct paint *p = &w->paint;
	static const pixman_color_t black = {0, 0, 0, 0xffff};
	int skip = p->scaled ? 0 : p->skip; /* a transformation has it already */
	pixman_region32_t area;
	pixman_box32_t *part;
	struct box c = cursor_box(w);

	pixman_region32_init_rect(
		&area, b->x1, b->y1, (unsigned)(b->x2 - b->x1), (unsigned)(b->y2 - b->y1));
	pixman_image_set_clip_region32(target, &area);
	if (p->source)
		pixman_region32_intersect_rect(&area, &area, p->place.x, p->place.y,
			(unsigned)p->place.w, (unsigned)p->place.h);
	part = pixman_region32_extents(&area);
	if (!p->source || part->x1 != b->x1 || part->x2 != b->x2 || part->y1 != b->y1 ||
		part->y2 != b->y2)
		pixman_image_fill_boxes(PIXMAN_OP_SRC, target, &black, 1, b);
	if (p->source && pixman_region32_not_empty(&area))
		pixman_image_composite32(PIXMAN_OP_SRC, p->source, NULL, target,
			part->x1 - p->place.x + skip, part->y1 - p->place.y, 0, 0, part->x1, part->y1,
			part->x2 - part->x1, part->y2 - part->y1);
	if (c.w) {
		pixman_image_set_clip_region32(target, &area);
		pixman_image_composite32(
			PIXMAN_OP_OVER, p->cursor, NULL, target, 0, 0, 0, 0, c.x, c.y, c.w, c.h);
	}
	pixman_region32_fini(&area);
}

void paint_now(struct window *w)
{
	struct paint *p = &w->paint;
	SDL_Rect rects[DAMAGE_RECTS];
	pixman_image_t *target;
	pixman_box32_t *boxes;
	int n;

	if (!w->shown || !pixman_region32_not_empty(&p->damage))
		return;
	target = target_of(SDL_GetWindowSurface(w->sdl));
	if (!target) /* between two sizes: a full drawing follows */
		return;
	boxes = pixman_region32_rectangles(&p->damage, &n);
	if (n > DAMAGE_RECTS) {
		boxes = pixman_region32_extents(&p->damage);
		n = 1;
	}
	for (int i = 0; i < n; i++) {
		draw_box(w, target, &boxes[i]);
		rects[i] = (SDL_Rect){boxes[i].x1, boxes[i].y1, boxes[i].x2 - boxes[i].x1,
			boxes[i].y2 - boxes[i].y1};
	}
	pixman_image_unref(target);
	pixman_region32_clear(&p->damage);
	SDL_UpdateWindowSurfaceRects(w->sdl, rects, n);
	w->painted_at = uv_now(w->frame.loop);
}

/* In the middle of a monitor, where others have begun there a little aside, within it if it fits. */
static void place_window(struct window *w, const SDL_Rect *b, int aside)
{
	int free_w = b->w - w->asked_w, free_h = b->h - w->asked_h;
	int x = free_w / 2 + aside, y = free_h / 2 + aside;

	x = x < free_w ? x : free_w;
	y = y < free_h ? y : free_h;
	SDL_SetWindowPosition(w->sdl, b->x + (x > 0 ? x : 0), b->y + (y > 0 ? y : 0));
}

/* The window becomes as large as the picture, or as the monitor allows, and lies within that. */
static void size_window(struct window *w)
{
	int width = w->paint.view.w, height = w->paint.view.h, x, y;
	SDL_Rect b;
	int monitor = w->shown ? SDL_GetWindowDisplayIndex(w->sdl) : (int)w->number % window_monitors();

	if (SDL_GetDisplayUsableBounds(monitor, &b) || !b.w || !b.h)
		b = (SDL_Rect){0, 0, width, height};
	if (width > b.w) {
		height = (int)((int64_t)height * b.w / width);
		width = b.w;
	}
	if (height > b.h) {
		width = (int)((int64_t)width * b.h / height);
		height = b.h;
	}
	w->asked_w = width > 0 ? width : 1;
	w->asked_h = height > 0 ? height : 1;
	SDL_SetWindowSize(w->sdl, w->asked_w, w->asked_h);
	SDL_GetWindowPosition(w->sdl, &x, &y);
	if (!w->shown)
		place_window(w, &b, ASIDE * ((int)w->number / window_monitors()));
	else if (x + w->asked_w > b.x + b.w || y + w->asked_h > b.y + b.h)
		place_window(w, &b, 0);
	SDL_GetWindowSize(w->sdl, &w->width, &w->height);
}

void window_picture(
	struct window *w, pixman_image_t *image, int x, int y, unsigned width, unsigned height)
{
	struct paint *p = &w->paint;
	bool resized = (int)width != p->view.w || (int)height != p->view.h;

	if (p->source)
		pixman_image_unref(p->source);
	p->source = NULL;
	if (image && width && height && x >= 0 && y >= 0 &&
		(int64_t)x + width <= pixman_image_get_width(image) &&
		(int64_t)y + height <= pixman_image_get_height(image)) {
		pixman_format_code_t format = pixman_image_get_format(image);
		int stride = pixman_image_get_stride(image), bits = (int)PIXMAN_FORMAT_BPP(format);
		uint8_t *at = (uint8_t *)pixman_image_get_data(image) + (ptrdiff_t)y * stride;

		p->skip = bits < 32 ? x % (32 / bits) : 0; /* pixman wants rows on four bytes */
		p->source = pixman_image_create_bits(format, (int)width + p->skip, (int)height,
			(uint32_t *)(void *)(at + (ptrdiff_t)(x - p->skip) * bits / 8), stride);
	}
	if (p->source)
		p->view = (struct box){x, y, (int)width, (int)height};
	if (p->source && resized && !w->full_screen && !w->user_sized && !w->desk->gone)
		size_window(w);
	if (p->source && !w->shown && !w->desk->gone) {
		if (!display_show(w->sdl))
			SDL_ShowWindow(w->sdl);
		w->shown = true;
	}
	paint_layout(w);
}

void window_damage(struct window *w, int x, int y, unsigned width, unsigned height)
{
	if (w->paint.source && w->paint.place.w && width && height)
		damage_box(w, to_window(&w->paint, (struct box){x, y, (int)width, (int)height}));
}
