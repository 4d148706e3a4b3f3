/* F-46: what happens to pixels and regions between coding and screen, each beside a plain loop over single pixels. The
 * first byte chooses: rows of bitmaps, conversions between surface formats, scaled pictures, clips, the record of what
 * a client has inexactly, the damage differ. The rest is read as small numbers, and as zeros behind its end. */
#include <stdlib.h>

#include "base/mem.h"
#include "draw/bitmap.h"
#include "draw/paint.h"
#include "server/differ.h"
#include "server/mend.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SIDE = 24, FRAME_W = 96, FRAME_H = 56, TURNS = 24, RECTS = 12 };

static const uint32_t formats[] = {SURFACE_FMT_32_xRGB, SURFACE_FMT_32_ARGB, SURFACE_FMT_16_555, SURFACE_FMT_16_565,
	SURFACE_FMT_8_A, SURFACE_FMT_1_A};

static struct slice in;

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static unsigned take(unsigned below)
{
	unsigned v = in.n ? in.p[0] : 0;

	if (in.n)
		in = slice_of(in.p + 1, in.n - 1);
	return v % below;
}

static int take_range(int from, int to)
{
	return from + (int)take((unsigned)(to - from + 1));
}

static struct rect take_rect(int side)
{
	struct rect r = {.left = take_range(-6, side), .top = take_range(-6, side)};

	r.right = r.left + take_range(-2, side);
	r.bottom = r.top + take_range(-2, side);
	return r;
}

/* What is left of the input, again and again, so that short ones make whole pictures. */
static void take_pixels(uint8_t *p, size_t n)
{
	unsigned round = 0;

	for (size_t i = 0, k = 0; i < n; i++) {
		p[i] = in.n ? (uint8_t)(in.p[k] + round) : (uint8_t)(i * 7);
		if (++k >= in.n) {
			k = 0;
			round++;
		}
	}
}

static struct pixmap *take_pixmap(uint32_t format)
{
	struct pixmap *p = pixmap_new(format, 1 + take(SIDE), 1 + take(SIDE));

	take_pixels(p->data, (size_t)p->stride * p->height);
	return p;
}

/* ---- single pixels ---- */

static uint32_t word(const struct pixmap *p, unsigned x, unsigned y)
{
	const uint8_t *row = p->data + (size_t)y * (size_t)p->stride;

	switch (pixmap_bits(p->format)) {
	case 32:
		return get_le32(row + 4 * (size_t)x);
	case 16:
		return get_le16(row + 2 * (size_t)x);
	case 8:
		return row[x];
	default:
		return row[x / 8] >> x % 8 & 1;
	}
}

/* n bits at `shift` as a channel of eight: repeated from the top. */
static uint32_t channel(uint32_t v, unsigned shift, unsigned n)
{
	v = v >> shift & ((1u << n) - 1);
	return v << (8 - n) | v >> (2 * n - 8);
}

static uint32_t to_argb(uint32_t v, uint32_t format)
{
	switch (format) {
	case SURFACE_FMT_32_xRGB:
		return v | 0xff000000;
	case SURFACE_FMT_32_ARGB:
		return v;
	case SURFACE_FMT_16_555:
		return 0xff000000 | channel(v, 10, 5) << 16 | channel(v, 5, 5) << 8 | channel(v, 0, 5);
	case SURFACE_FMT_16_565:
		return 0xff000000 | channel(v, 11, 5) << 16 | channel(v, 5, 6) << 8 | channel(v, 0, 5);
	case SURFACE_FMT_8_A:
		return v << 24;
	default:
		return v ? 0xff000000 : 0;
	}
}

static uint32_t from_argb(uint32_t c, uint32_t format)
{
	uint32_t r = c >> 16 & 255, g = c >> 8 & 255, b = c & 255;

	switch (format) {
	case SURFACE_FMT_16_555:
		return r >> 3 << 10 | g >> 3 << 5 | b >> 3;
	case SURFACE_FMT_16_565:
		return r >> 3 << 11 | g >> 2 << 5 | b >> 3;
	case SURFACE_FMT_8_A:
		return c >> 24;
	case SURFACE_FMT_1_A:
		return c >> 31;
	default:
		return c;
	}
}

/* The top bit of 555 and the top byte of xRGB are nobody's, but where words are copied. */
static uint32_t counts(uint32_t format)
{
	return format == SURFACE_FMT_32_xRGB ? 0xffffff : format == SURFACE_FMT_16_555 ? 0x7fff : 0xffffffff;
}

/* ---- rows of bitmaps: images.md 2 ---- */

static uint32_t bits_of(const uint8_t *row, unsigned x, uint8_t format)
{
	switch (format) {
	case BITMAP_FMT_1BIT_LE:
		return row[x / 8] >> x % 8 & 1;
	case BITMAP_FMT_1BIT_BE:
		return row[x / 8] << x % 8 >> 7 & 1;
	case BITMAP_FMT_4BIT_LE:
		return row[x / 2] >> 4 * (x % 2) & 15;
	case BITMAP_FMT_4BIT_BE:
		return row[x / 2] >> 4 * (1 - x % 2) & 15;
	case BITMAP_FMT_8BIT:
	case BITMAP_FMT_8BIT_A:
		return row[x];
	case BITMAP_FMT_16BIT:
		return get_le16(row + 2 * (size_t)x);
	case BITMAP_FMT_24BIT:
		return row[3 * x] | (uint32_t)row[3 * x + 1] << 8 | (uint32_t)row[3 * x + 2] << 16;
	default:
		return get_le32(row + 4 * (size_t)x);
	}
}

static void bitmaps(void)
{
	uint8_t format = (uint8_t)take_range(BITMAP_FMT_INVALID, BITMAP_FMT_8BIT_A + 1);
	uint32_t target = formats[take(ARRAY_SIZE(formats))], width = 1 + take(SIDE), ents[256];
	bool mask = take(4) == 0, within = true;
	const struct bitmap_form *f = bitmap_form(format);
	struct colours colours = {ents, take(2) ? 256 : take(20)};
	struct pixmap *p;
	uint8_t *row;

	if (!f || !(p = bitmap_pixmap(format, mask, target, width, 1)))
		return;
	take_pixels((uint8_t *)ents, sizeof(ents));
	row = xmalloc(bitmap_row_bytes(f, width)); /* at its exact size */
	take_pixels(row, bitmap_row_bytes(f, width));
	for (unsigned x = 0; x < width && f->indexed && !mask; x++)
		within &= bits_of(row, x, format) < colours.n;
	must(!bitmap_row(format, row, &colours, p, 0) == within);
	for (unsigned x = 0; x < width && within; x++) {
		uint32_t v = bits_of(row, x, format);

		if (f->indexed && !mask)
			v = ents[v] & (p->format == SURFACE_FMT_16_555 ? 0x7fff : 0xffffffff);
		must(word(p, x, 0) == v);
	}
	free(row);
	pixmap_unref(p);
}

/* ---- conversions: channels.md 2 "Pixel rules" ---- */

static void conversions(void)
{
	struct pixmap *p = take_pixmap(formats[take(ARRAY_SIZE(formats))]), *out;
	uint32_t to = formats[take(ARRAY_SIZE(formats) - 1)];
	bool as_it_is = p->format == to || (pixmap_bits(p->format) == 32 && pixmap_bits(to) == 32);

	out = pixmap_convert(pixmap_ref(p), to);
	must((out == p) == as_it_is && out->width == p->width && out->height == p->height);
	for (unsigned y = 0; y < p->height && !as_it_is; y++)
		for (unsigned x = 0; x < p->width; x++)
			must(!((word(out, x, y) ^ from_argb(to_argb(word(p, x, y), p->format), to)) & counts(to)));
	pixmap_unref(out);
	pixmap_unref(p);
}

/* ---- scaled pictures: channels.md 2 "Scaled images" ---- */

static uint32_t argb_at(const struct pixmap *p, int64_t x, int64_t y)
{
	bool inside = x >= 0 && y >= 0 && x < (int)p->width && y < (int)p->height;

	return inside ? to_argb(word(p, (unsigned)x, (unsigned)y), p->format) : 0;
}

static int64_t sample(int i, int left, int64_t sn, int64_t dn, bool like_rop3)
{
	int64_t f = 65536 * sn / dn;

	if (like_rop3)
		return (i + (2 * left * dn + sn) / (2 * sn)) * f + ((f + 1) >> 1);
	return 65536 * (int64_t)left + i * f + ((f + 1) >> 1);
}

static uint32_t blended(const struct pixmap *p, int64_t u, int64_t v)
{
	int64_t x = (u - 32768) >> 16, y = (v - 32768) >> 16;
	uint32_t wx = (u - 32768) >> 9 & 127, wy = (v - 32768) >> 9 & 127, out = 0;
	uint32_t a = argb_at(p, x, y), b = argb_at(p, x + 1, y), c = argb_at(p, x, y + 1), d = argb_at(p, x + 1, y + 1);

	for (unsigned i = 0; i < 32; i += 8)
		out |= ((a >> i & 255) * (128 - wx) * (128 - wy) + (b >> i & 255) * wx * (128 - wy) +
			(c >> i & 255) * (128 - wx) * wy + (d >> i & 255) * wx * wy) >> 14 << i;
	return out;
}

static void scaled(void)
{
	struct pixmap *p = take_pixmap(formats[take(ARRAY_SIZE(formats) - 1)]);
	uint32_t to = formats[take(ARRAY_SIZE(formats) - 1)];
	struct rect area = take_rect(SIDE), box = take_rect(2 * SIDE), r;
	unsigned mode = take(2) ? SCALE_MODE_NEAREST : SCALE_MODE_INTERPOLATE;
	int sw = area.right - area.left, sh = area.bottom - area.top;
	bool like_rop3 = take(3) == 0, same = sw == box.right - box.left && sh == box.bottom - box.top;
	pixman_region32_t region;
	struct sheet out;

	r = rect_meet(&box, &(struct rect){.right = SIDE, .bottom = SIDE}); /* the surface */
	if (!rect_is_empty(&r) && !same) {
		pixman_region32_init_rect(&region, r.left, r.top, (unsigned)(r.right - r.left),
			(unsigned)(r.bottom - r.top));
		must(!sheet_cut(&out, p, &area, &box, &region, to, mode, like_rop3) == !rect_is_empty(&area));
		for (int y = r.top; y < r.bottom && out.p; y++) {
			for (int x = r.left; x < r.right; x++) {
				int64_t u = sample(x - box.left, area.left, sw, box.right - box.left, like_rop3);
				int64_t v = sample(y - box.top, area.top, sh, box.bottom - box.top, like_rop3);
				uint32_t want = mode == SCALE_MODE_NEAREST ? argb_at(p, (u - 1) >> 16, (v - 1) >> 16)
					: blended(p, u, v);

				must(!((word(out.p, (unsigned)(x - out.x), (unsigned)(y - out.y)) ^
					from_argb(want, to)) & counts(to)));
			}
		}
		pixmap_unref(out.p);
		pixman_region32_fini(&region);
	}
	pixmap_unref(p);
}

/* ---- clips, and the damage that they leave ---- */

static bool in_rect(const struct rect *r, int x, int y)
{
	return x >= r->left && x < r->right && y >= r->top && y < r->bottom;
}

static void clips(void)
{
	struct canvas *c = canvas_new(NULL, NULL);
	struct rect rects[RECTS], damage, around = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
	struct draw_fill m = {.base = {.box = take_rect(SIDE), .clip = {.type = CLIP_TYPE_RECTS, .rects = {take(RECTS),
		rects}}}, .brush = {.type = BRUSH_TYPE_SOLID, .color = 1}, .rop = ROPD_OP_PUT};

	must(!canvas_surface_create(c, &(struct surface_create){.width = SIDE, .height = SIDE,
		.format = SURFACE_FMT_32_xRGB}));
	for (unsigned i = 0; i < m.base.clip.rects.num_rects; i++)
		rects[i] = take_rect(SIDE);
	must(!canvas_draw(c, S_DISPLAY_DRAW_FILL, &m, &damage));
	for (int y = 0; y < SIDE; y++) {
		for (int x = 0; x < SIDE; x++) {
			struct rect pixel = {.left = x, .top = y, .right = x + 1, .bottom = y + 1};
			bool hit = false;

			for (unsigned i = 0; i < m.base.clip.rects.num_rects; i++)
				hit |= in_rect(&rects[i], x, y);
			hit &= in_rect(&m.base.box, x, y);
			must(word(canvas_surface(c, 0), (unsigned)x, (unsigned)y) == hit);
			if (hit)
				around = rect_join(&around, &pixel);
		}
	}
	must(rect_is_empty(&around) ? rect_is_empty(&damage) : rect_inside(&around, &damage) &&
		rect_inside(&damage, &around));
	canvas_free(c);
}

/* ---- what is inexact: never thought smaller than it is ---- */

static void mends(void)
{
	struct mend *m = mend_new();
	bool inexact[SIDE][SIDE] = {{false}};
	uint64_t now = 0; /* what rests is looked at twice a second */
	struct rect r;
	uint32_t surface;

	for (unsigned i = 0; i < TURNS && in.n; i++) {
		bool lossy = take(3);

		r = take_rect(SIDE);
		r = rect_meet(&r, &(struct rect){.right = SIDE, .bottom = SIDE});
		if (rect_is_empty(&r))
			continue;
		mend_pixels(m, 5, &r, lossy);
		for (int y = r.top; y < r.bottom; y++)
			for (int x = r.left; x < r.right; x++)
				inexact[y][x] = lossy;
		if (take(4) == 0)
			mend_tick(m, now += 500);
	}
	mend_tick(m, now += 500); /* the first call may be what begins it */
	mend_tick(m, now += 500);
	while (mend_next(m, 64 + take(200), now, &surface, &r)) {
		must(surface == 5 && !rect_is_empty(&r) && r.left >= 0 && r.top >= 0 && r.right <= SIDE &&
			r.bottom <= SIDE);
		for (int y = r.top; y < r.bottom; y++)
			memset(&inexact[y][r.left], 0, (size_t)(r.right - r.left));
	}
	must(mend_left(m) == 0);
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			must(!inexact[y][x]);
	mend_free(m);
}

/* ---- the damage differ: what it says makes the screen right ---- */

static uint32_t *pixel(uint32_t *frame, int x, int y)
{
	return frame + y * FRAME_W + x;
}

static void apply(uint32_t *screen, const struct differ_op *op, const uint32_t *want, const struct rect *at)
{
	static uint32_t copy[FRAME_W * FRAME_H];

	must(!rect_is_empty(&op->to) && rect_inside(&op->to, at));
	if (op->kind == DIFFER_COPY)
		memcpy(copy, screen, sizeof(copy));
	for (int y = op->to.top; y < op->to.bottom; y++) {
		for (int x = op->to.left; x < op->to.right; x++) {
			int fx = op->x + x - op->to.left, fy = op->y + y - op->to.top;

			if (op->kind == DIFFER_COPY) {
				must(fx >= 0 && fy >= 0 && fx < FRAME_W && fy < FRAME_H);
				*pixel(screen, x, y) = *pixel(copy, fx, fy);
			} else {
				*pixel(screen, x, y) = op->kind == DIFFER_FILL ? op->colour : want[y * FRAME_W + x];
			}
		}
	}
}

/* A frame from another: parts of it moved, filled, painted anew. */
static void next_frame(uint32_t *want)
{
	static uint32_t was[FRAME_W * FRAME_H];

	for (unsigned i = 1 + take(4); i; i--) {
		struct rect r = take_rect(FRAME_W), all = {.right = FRAME_W, .bottom = FRAME_H};
		unsigned kind = take(4);
		int dx = take_range(-9, 9), dy = take_range(-9, 9);

		memcpy(was, want, sizeof(was));
		r = kind == 3 ? all : rect_meet(&r, &all);
		for (int y = r.top; y < r.bottom; y++) {
			for (int x = r.left; x < r.right; x++) {
				if (kind == 0)
					*pixel(want, x, y) = (uint32_t)dx * 0x10203;
				else if (kind == 1)
					*pixel(want, x, y) ^= (uint32_t)(x * dy) << 24 | (uint32_t)y;
				else if (in_rect(&all, x - dx, y - dy))
					*pixel(want, x, y) = *pixel(was, x - dx, y - dy);
			}
		}
	}
}

static void differs(void)
{
	static uint32_t screen[FRAME_W * FRAME_H], frame[FRAME_W * FRAME_H], want[FRAME_W * FRAME_H];
	struct rect all = {.right = FRAME_W, .bottom = FRAME_H}, at = take(2) ? all : take_rect(FRAME_W);
	bool alpha = take(2);
	uint32_t counting = alpha ? 0xffffffff : 0xffffff;
	struct differ *d = differ_new(take(2) ? cpu_level() : CPU_C);
	const struct differ_op *ops;
	struct differ_task t = {.frame = (uint8_t *)frame, .frame_stride = 4 * FRAME_W, .width = FRAME_W,
		.height = FRAME_H, .stride = 4 * FRAME_W, .alpha = alpha};

	t.at = rect_meet(&at, &all);
	if (rect_is_empty(&t.at))
		t.at = all;
	t.pixels = (uint8_t *)pixel(want, t.at.left, t.at.top);
	take_pixels((uint8_t *)frame, sizeof(frame));
	memcpy(screen, frame, sizeof(screen));
	memcpy(want, frame, sizeof(want));
	next_frame(want);
	for (unsigned n = differ_run(d, &t, &ops); n; n--, ops++)
		apply(screen, ops, want, &t.at);
	for (int y = 0; y < FRAME_H; y++) {
		for (int x = 0; x < FRAME_W; x++) {
			must(!((*pixel(screen, x, y) ^ *pixel(frame, x, y)) & counting));
			must(!in_rect(&t.at, x, y) || !((*pixel(screen, x, y) ^ *pixel(want, x, y)) & counting));
		}
	}
	differ_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void (*const parts[])(void) = {bitmaps, conversions, scaled, clips, mends, differs};

	in = slice_of(p, n);
	parts[take(ARRAY_SIZE(parts))]();
	return 0;
}
