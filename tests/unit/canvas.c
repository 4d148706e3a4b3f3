/* The canvas against an oracle: every command done anew here, a pixel at a time, as channels.md "Pixel rules" says it,
 * on surfaces of all formats; thousands of random commands, whole surfaces compared, damage exact. The oracle knows
 * nothing of pixman, regions or spans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "draw/canvas.h"

enum { W = 40, H = 28, SURFACES = 6, ROUNDS = 6000, MAX_RECTS = 4 };

static const uint32_t formats[SURFACES] = {SURFACE_FMT_32_xRGB, SURFACE_FMT_32_ARGB, SURFACE_FMT_16_555,
	SURFACE_FMT_16_565, SURFACE_FMT_8_A, SURFACE_FMT_1_A};

/* ---- pixels of the oracle: a word each ---- */

struct plane {
	uint32_t format;
	int w, h;
	uint32_t px[W * H];
};

static uint32_t word_get(const struct pixmap *p, int x, int y)
{
	const uint8_t *row = p->data + (size_t)y * (size_t)p->stride;

	switch (pixmap_bits(p->format)) {
	case 32:
		return get_le32(row + 4 * x);
	case 16:
		return get_le16(row + 2 * x);
	case 8:
		return row[x];
	default:
		return row[x / 8] >> x % 8 & 1;
	}
}

static void word_put(struct pixmap *p, int x, int y, uint32_t v)
{
	uint8_t *row = p->data + (size_t)y * (size_t)p->stride;

	switch (pixmap_bits(p->format)) {
	case 32:
		put_le32(row + 4 * x, v);
		break;
	case 16:
		put_le16(row + 2 * x, (uint16_t)v);
		break;
	case 8:
		row[x] = (uint8_t)v;
		break;
	default:
		row[x / 8] = (uint8_t)((row[x / 8] & ~(1 << x % 8)) | (int)(v & 1) << x % 8);
	}
}

static uint32_t word_mask(uint32_t format)
{
	return pixmap_bits(format) == 32 ? 0xffffffff : (1u << pixmap_bits(format)) - 1;
}

static uint32_t five(uint32_t v)
{
	return (v & 31) << 3 | (v & 31) >> 2;
}

/* A stored word as 8-bit channels, ARGB. */
static uint32_t to_argb(uint32_t v, uint32_t format)
{
	switch (format) {
	case SURFACE_FMT_32_xRGB:
		return v | 0xff000000;
	case SURFACE_FMT_32_ARGB:
		return v;
	case SURFACE_FMT_16_555:
		return 0xff000000 | five(v >> 10) << 16 | five(v >> 5) << 8 | five(v);
	case SURFACE_FMT_16_565:
		return 0xff000000 | five(v >> 11) << 16 | ((v >> 5 & 63) << 2 | (v >> 9 & 3)) << 8 | five(v);
	case SURFACE_FMT_8_A:
		return v << 24;
	default:
		return v ? 0xff000000 : 0;
	}
}

static uint32_t from_argb(uint32_t c, uint32_t format)
{
	switch (format) {
	case SURFACE_FMT_16_555:
		return (c >> 9 & 0x7c00) | (c >> 6 & 0x3e0) | (c >> 3 & 31);
	case SURFACE_FMT_16_565:
		return (c >> 8 & 0xf800) | (c >> 5 & 0x7e0) | (c >> 3 & 31);
	case SURFACE_FMT_8_A:
		return c >> 24;
	default:
		return c;
	}
}

static uint32_t convert(uint32_t v, uint32_t from, uint32_t to)
{
	if (from == to || (pixmap_bits(from) == 32 && pixmap_bits(to) == 32))
		return v;
	return from_argb(to_argb(v, from), to);
}

static bool inside(const struct plane *p, int x, int y)
{
	return x >= 0 && y >= 0 && x < p->w && y < p->h;
}

/* What an image becomes on a surface: a surface of as many bits keeps its words. */
static uint32_t seen(uint32_t v, uint32_t from, uint32_t to, const struct image *img)
{
	return img->d.type == IMAGE_TYPE_SURFACE && pixmap_bits(from) == pixmap_bits(to) ? v : convert(v, from, to);
}

/* ---- the world: surfaces, and images that commands name ---- */

enum { SLOT_SRC, SLOT_PATTERN, SLOT_MASK, IMAGES };

struct world {
	struct rng rng;
	struct canvas *canvas;
	struct plane surface[SURFACES], image[IMAGES];
	unsigned asked;
};

static int random_in(struct world *w, int from, int to)
{
	return from + (int)rng_below(&w->rng, (uint32_t)(to - from + 1));
}

static int give_image(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	struct world *w = owner;
	const struct plane *from = &w->image[img->d.id];
	struct pixmap *p = pixmap_new(from->format, (unsigned)from->w, (unsigned)from->h);

	(void)target;
	assert_int_equal(mask, from->format == SURFACE_FMT_1_A);
	for (int y = 0; y < from->h; y++)
		for (int x = 0; x < from->w; x++)
			word_put(p, x, y, from->px[y * W + x]);
	w->asked++;
	*out = p;
	return 0;
}

static void world_init(struct world *w, uint64_t seed)
{
	*w = (struct world){.rng = {seed}};
	w->canvas = canvas_new(give_image, w);
	for (unsigned i = 0; i < SURFACES; i++) {
		struct surface_create m = {.surface_id = i, .width = W - i, .height = H - i, .format = formats[i]};

		w->surface[i] = (struct plane){.format = formats[i], .w = (int)(W - i), .h = (int)(H - i)};
		assert_int_equal(canvas_surface_create(w->canvas, &m), 0);
	}
}

static struct plane *random_image(struct world *w, unsigned slot, struct image *img)
{
	struct plane *p;
	unsigned k = rng_below(&w->rng, 8);
	bool mask = slot == SLOT_MASK;

	memset(img, 0, sizeof(*img));
	if (k == 0 || (mask && k < 3)) {
		img->d.type = IMAGE_TYPE_SURFACE;
		img->surface_id = mask ? SURFACES - 1 : rng_below(&w->rng, SURFACES - 1);
		return &w->surface[img->surface_id];
	}
	img->d.id = slot;
	p = &w->image[img->d.id];
	p->w = random_in(w, 1, k == 1 ? 3 : W);
	p->h = random_in(w, 1, k == 1 ? 3 : H);
	p->format = mask ? SURFACE_FMT_1_A : formats[rng_below(&w->rng, SURFACES - 1)];
	for (int i = 0; i < W * H; i++)
		p->px[i] = (uint32_t)rng_next(&w->rng) & word_mask(p->format);
	if (p->format == SURFACE_FMT_32_ARGB) /* premultiplied, as senders do */
		for (int i = 0; i < W * H; i++)
			p->px[i] = (p->px[i] & 0xff000000) | (p->px[i] & 0xffffff & (p->px[i] >> 24) * 0x10101);
	return p;
}

static struct rect random_rect(struct world *w)
{
	int x = random_in(w, -12, W), y = random_in(w, -12, H);

	return (struct rect){.left = x, .top = y, .right = x + random_in(w, -1, W), .bottom = y + random_in(w, -1, H)};
}

/* ---- what the oracle knows of a command ---- */

struct setup {
	struct draw_base base;
	struct rect clips[MAX_RECTS];
	struct image mask_image, src_image, pattern_image;
	struct qmask mask;
	struct brush brush;
	const struct plane *mask_p, *src, *pattern;
	struct rect area;
	uint8_t scale;
	uint16_t rop;
	bool top_undefined; /* the top byte of what is drawn */
	struct plane *dst;
};

static bool in_rect(const struct rect *r, int x, int y)
{
	return x >= r->left && x < r->right && y >= r->top && y < r->bottom;
}

static bool scaled(const struct setup *s)
{
	return s->area.right - s->area.left != s->base.box.right - s->base.box.left ||
	       s->area.bottom - s->area.top != s->base.box.bottom - s->base.box.top;
}

/* Box, surface, clip, the mask's rectangle, and what an unscaled source reaches. */
static bool in_region(const struct setup *s, int x, int y)
{
	const struct rect *box = &s->base.box;
	bool in = in_rect(box, x, y);

	if (s->base.clip.type == CLIP_TYPE_RECTS) {
		bool any = false;

		for (uint32_t i = 0; i < s->base.clip.rects.num_rects; i++)
			any |= in_rect(&s->clips[i], x, y);
		in &= any;
	}
	if (s->mask_p)
		in &= inside(s->mask_p, x - box->left + s->mask.pos.x, y - box->top + s->mask.pos.y);
	if (s->src && !scaled(s))
		in &= inside(s->src, x - box->left + s->area.left, y - box->top + s->area.top);
	return in;
}

static bool masked_out(const struct setup *s, int x, int y)
{
	const struct rect *box = &s->base.box;
	uint32_t bit;

	if (!s->mask_p)
		return false;
	bit = s->mask_p->px[(y - box->top + s->mask.pos.y) * W + x - box->left + s->mask.pos.x];
	return bit == (s->mask.flags & MASK_FLAGS_INVERS ? 1u : 0u);
}

static int floor_mod(int a, int n)
{
	return (a % n + n) % n;
}

static uint32_t ink_at(const struct setup *s, int x, int y)
{
	const struct plane *p = s->pattern;

	if (s->brush.type == BRUSH_TYPE_SOLID)
		return s->brush.color & word_mask(s->dst->format);
	if (s->brush.type == BRUSH_TYPE_NONE)
		return 0;
	return seen(p->px[floor_mod(y - s->brush.pattern.pos.y, p->h) * W +
		floor_mod(x - s->brush.pattern.pos.x, p->w)], p->format, s->dst->format, &s->pattern_image);
}

static uint32_t argb_at(const struct plane *p, int64_t x, int64_t y)
{
	return x >= 0 && y >= 0 && x < p->w && y < p->h ? to_argb(p->px[y * W + x], p->format) : 0;
}

static uint32_t bilinear(const struct plane *p, int64_t u, int64_t v)
{
	int64_t x = (u - 32768) >> 16, y = (v - 32768) >> 16;
	uint32_t wx = (u - 32768) >> 9 & 127, wy = (v - 32768) >> 9 & 127, out = 0;
	uint32_t p00 = argb_at(p, x, y), p10 = argb_at(p, x + 1, y);
	uint32_t p01 = argb_at(p, x, y + 1), p11 = argb_at(p, x + 1, y + 1);

	for (int c = 0; c < 32; c += 8)
		out |= (((p00 >> c & 255) * (128 - wx) * (128 - wy) + (p10 >> c & 255) * wx * (128 - wy) +
			(p01 >> c & 255) * (128 - wx) * wy + (p11 >> c & 255) * wx * wy) >> 14) << c;
	return out;
}

/* Scaled as a source without alpha, and taken by its words. */
static bool top_undefined(const struct setup *s)
{
	return scaled(s) && s->src->format != SURFACE_FMT_32_ARGB && s->dst->format == SURFACE_FMT_32_ARGB;
}

/* Where box column i samples, in 1/65536 of an image pixel. */
static int64_t sample_at(int64_t i, int left, int64_t sw, int64_t dw, bool rop3)
{
	int64_t f = 65536 * sw / dw;

	if (rop3)
		return (i + (2 * left * dw + sw) / (2 * sw)) * f + ((f + 1) >> 1);
	return 65536 * (int64_t)left + i * f + ((f + 1) >> 1);
}

/* The source as 8-bit channels (scaled), or its word in its own format. */
static uint32_t scaled_at(const struct setup *s, int x, int y, bool rop3)
{
	const struct rect *box = &s->base.box, *a = &s->area;
	int64_t u = sample_at(x - box->left, a->left, a->right - a->left, box->right - box->left, rop3);
	int64_t v = sample_at(y - box->top, a->top, a->bottom - a->top, box->bottom - box->top, rop3);

	if (s->scale == SCALE_MODE_INTERPOLATE)
		return bilinear(s->src, u, v);
	return argb_at(s->src, (u - 1) >> 16, (v - 1) >> 16);
}

/* A word of the source for the surface. An image is converted before it is scaled; a surface is scaled in the format
 * of the one drawn on when it is just put there (`stored`), else in its own. */
static uint32_t source_at(const struct setup *s, int x, int y, bool rop3, bool stored)
{
	uint32_t to = s->dst->format;
	bool surface = s->src_image.d.type == IMAGE_TYPE_SURFACE, same = pixmap_bits(s->src->format) == pixmap_bits(to);
	struct plane first = *s->src;
	struct setup t = *s;

	if (!scaled(s))
		return seen(s->src->px[(y - s->base.box.top + s->area.top) * W + x - s->base.box.left + s->area.left],
			s->src->format, to, &s->src_image);
	if (!surface && pixmap_bits(to) < 32) {
		first.format = to;
		for (int i = 0; i < first.h; i++)
			for (int k = 0; k < first.w; k++)
				first.px[i * W + k] = convert(s->src->px[i * W + k], s->src->format, to);
	}
	t.src = &first;
	return from_argb(scaled_at(&t, x, y, rop3), same && !stored && first.format != to ? first.format : to);
}

static uint32_t ropd(uint16_t rop, uint32_t a, uint32_t b, bool a_brush, bool b_source)
{
	uint32_t r, plain = b;

	if (rop & (a_brush ? ROPD_INVERS_BRUSH : ROPD_INVERS_SRC))
		a = ~a;
	if (rop & (b_source ? ROPD_INVERS_SRC : ROPD_INVERS_DEST))
		b = ~b;
	if (!(rop & ROPD_OP_PUT)) {
		if (rop & ROPD_OP_OR)
			a |= b;
		else if (rop & ROPD_OP_AND)
			a &= b;
		else if (rop & ROPD_OP_XOR)
			a ^= b;
		else if (rop & ROPD_OP_BLACKNESS)
			return 0;
		else if (rop & ROPD_OP_WHITENESS)
			return ~0u;
		else if (rop & ROPD_OP_INVERS)
			return ~plain;
	}
	r = rop & ROPD_INVERS_RES ? ~a : a;
	return r;
}

static uint32_t rop3(uint8_t code, uint32_t p, uint32_t s, uint32_t d)
{
	uint32_t r = 0;

	for (int i = 0; i < 32; i++)
		r |= (uint32_t)(code >> ((p >> i & 1) << 2 | (s >> i & 1) << 1 | (d >> i & 1)) & 1) << i;
	return r;
}

static uint32_t mul(uint32_t a, uint32_t b)
{
	uint32_t t = a * b + 128;

	return (t + (t >> 8)) >> 8;
}

static uint32_t over(uint32_t s, uint32_t d, uint32_t alpha)
{
	uint32_t sa = mul(s >> 24, alpha), out = 0;

	for (int c = 0; c < 32; c += 8) {
		uint32_t v = mul(s >> c & 255, alpha) + mul(d >> c & 255, 255 - sa);

		out |= (v > 255 ? 255 : v) << c;
	}
	return out;
}

/* ---- random commands ---- */

static void random_setup(struct world *w, struct setup *s)
{
	unsigned id = rng_below(&w->rng, SURFACES - 1);

	memset(s, 0, sizeof(*s));
	s->dst = &w->surface[id];
	s->base.surface_id = id;
	s->base.box = random_rect(w);
	if (rng_below(&w->rng, 3) == 0) {
		s->base.clip.type = CLIP_TYPE_RECTS;
		s->base.clip.rects.num_rects = rng_below(&w->rng, MAX_RECTS + 1);
		s->base.clip.rects.rects = s->clips;
		for (int i = 0; i < MAX_RECTS; i++)
			s->clips[i] = random_rect(w);
	}
}

static void random_mask(struct world *w, struct setup *s)
{
	if (rng_below(&w->rng, 3))
		return;
	s->mask_p = random_image(w, SLOT_MASK, &s->mask_image);
	s->mask.bitmap = &s->mask_image;
	s->mask.flags = (uint8_t)rng_below(&w->rng, 2);
	s->mask.pos = (struct point){random_in(w, -9, 9), random_in(w, -9, 9)};
}

static void random_brush(struct world *w, struct setup *s)
{
	s->brush.type = (uint8_t)rng_below(&w->rng, 3);
	if (s->brush.type == BRUSH_TYPE_SOLID)
		s->brush.color = (uint32_t)rng_next(&w->rng);
	if (s->brush.type != BRUSH_TYPE_PATTERN)
		return;
	do
		s->pattern = random_image(w, SLOT_PATTERN, &s->pattern_image);
	while (s->pattern == s->dst || s->pattern == s->src);
	s->brush.pattern.pat = &s->pattern_image;
	s->brush.pattern.pos = (struct point){random_in(w, -50, 50), random_in(w, -50, 50)};
}

static void random_source(struct world *w, struct setup *s)
{
	const struct rect *box = &s->base.box;

	do
		s->src = random_image(w, SLOT_SRC, &s->src_image);
	while (s->src == s->dst);
	s->area.left = random_in(w, -5, 20);
	s->area.top = random_in(w, -5, 20);
	s->area.right = s->area.left + box->right - box->left;
	s->area.bottom = s->area.top + box->bottom - box->top;
	if (rng_below(&w->rng, 2)) {
		s->area.right = s->area.left + random_in(w, 1, W);
		s->area.bottom = s->area.top + random_in(w, 1, H);
	}
	s->scale = (uint8_t)rng_below(&w->rng, 2);
}

static uint16_t random_rop(struct world *w)
{
	return (uint16_t)(rng_below(&w->rng, 3) ? 8u << rng_below(&w->rng, 7) | (rng_below(&w->rng, 2) ? 0 :
		(uint32_t)rng_next(&w->rng) & 0x407) : (uint32_t)rng_next(&w->rng) & 0x7ff);
}

typedef uint32_t pixel_fn(const struct setup *s, const void *user, int x, int y, uint32_t old);

/* Runs the command on both; `strict`: on xRGB the top byte is defined too. */
static void compare(struct world *w, struct setup *s, unsigned number, const void *body, pixel_fn *fn, bool strict)
{
	struct plane *d = s->dst, before = *d;
	struct pixmap *real = canvas_surface(w->canvas, s->base.surface_id);
	struct rect want = {.left = W, .top = H}, damage;
	bool clear = (d->format == SURFACE_FMT_32_xRGB && !strict) || s->top_undefined;
	uint32_t shown = clear ? 0xffffff : word_mask(d->format);

	assert_int_equal(canvas_draw(w->canvas, number, body, &damage), 0);
	for (int y = 0; y < d->h; y++) {
		for (int x = 0; x < d->w; x++) {
			uint32_t *px = &d->px[y * W + x], got = word_get(real, x, y);

			if (in_region(s, x, y)) {
				want.left = x < want.left ? x : want.left;
				want.top = y < want.top ? y : want.top;
				want.right = x >= want.right ? x + 1 : want.right;
				want.bottom = y >= want.bottom ? y + 1 : want.bottom;
				if (!masked_out(s, x, y))
					*px = fn(s, body, x, y, before.px[y * W + x]) & word_mask(d->format);
			}
			if ((got & shown) != (*px & shown))
				fail_msg("message %u on format %u at %d,%d: %08x, not %08x (was %08x)", number,
					d->format, x, y, got, *px, before.px[y * W + x]);
			*px = got;
		}
	}
	if (want.right == 0)
		want = (struct rect){0};
	if (memcmp(&want, &damage, sizeof(want)))
		fail_msg("message %u: damage %d,%d %d,%d, not %d,%d %d,%d", number, damage.left, damage.top,
			damage.right, damage.bottom, want.left, want.top, want.right, want.bottom);
}

static uint32_t px_fill(const struct setup *s, const void *m, int x, int y, uint32_t old)
{
	(void)m;
	return ropd(s->rop, ink_at(s, x, y), old, true, false);
}

static void do_fill(struct world *w, struct setup *s)
{
	struct draw_fill m;

	random_brush(w, s);
	random_mask(w, s);
	s->rop = random_rop(w);
	m = (struct draw_fill){s->base, s->brush, s->rop, s->mask};
	compare(w, s, S_DISPLAY_DRAW_FILL, &m, px_fill, false);
}

static bool is_put(uint16_t rop)
{
	return ropd(rop, 0xcccccccc, 0xaaaaaaaa, false, false) == 0xcccccccc;
}

static uint32_t px_copy(const struct setup *s, const void *m, int x, int y, uint32_t old)
{
	(void)m;
	return ropd(s->rop, source_at(s, x, y, false, is_put(s->rop)), old, false, false);
}

static void do_copy(struct world *w, struct setup *s)
{
	struct draw_copy m;

	random_source(w, s);
	random_mask(w, s);
	s->rop = random_rop(w);
	s->top_undefined = top_undefined(s) && !is_put(s->rop);
	m = (struct draw_copy){s->base, &s->src_image, s->area, s->rop, s->scale, s->mask};
	compare(w, s, rng_below(&w->rng, 2) ? S_DISPLAY_DRAW_COPY : S_DISPLAY_DRAW_BLEND, &m, px_copy, false);
}

static uint32_t px_opaque(const struct setup *s, const void *m, int x, int y, uint32_t old)
{
	(void)m, (void)old;
	return ropd(s->rop, ink_at(s, x, y), source_at(s, x, y, false, true), true, true);
}

static void do_opaque(struct world *w, struct setup *s)
{
	struct draw_opaque m;

	random_source(w, s);
	random_brush(w, s);
	random_mask(w, s);
	s->rop = random_rop(w);
	m = (struct draw_opaque){s->base, &s->src_image, s->area, s->brush, s->rop, s->scale, s->mask};
	compare(w, s, S_DISPLAY_DRAW_OPAQUE, &m, px_opaque, false);
}

static uint32_t px_rop3(const struct setup *s, const void *m, int x, int y, uint32_t old)
{
	return rop3(((const struct draw_rop3 *)m)->rop3, ink_at(s, x, y), source_at(s, x, y, true, false), old);
}

static void do_rop3(struct world *w, struct setup *s)
{
	struct draw_rop3 m;

	if (pixmap_bits(s->dst->format) < 16)
		return;
	random_source(w, s);
	s->area.left = abs(s->area.left);
	s->area.top = abs(s->area.top);
	if (s->area.right <= s->area.left || s->area.bottom <= s->area.top)
		return;
	random_brush(w, s);
	random_mask(w, s);
	s->top_undefined = top_undefined(s);
	m = (struct draw_rop3){s->base, &s->src_image, s->area, s->brush, (uint8_t)rng_next(&w->rng), s->scale,
		s->mask};
	compare(w, s, S_DISPLAY_DRAW_ROP3, &m, px_rop3, false);
}

static uint32_t px_plain(const struct setup *s, const void *m, int x, int y, uint32_t old)
{
	(void)m, (void)x, (void)y;
	return s->rop == 0 ? 0 : s->rop == 1 ? ~0u : ~old;
}

static void do_plain(struct world *w, struct setup *s)
{
	static const unsigned numbers[] = {S_DISPLAY_DRAW_BLACKNESS, S_DISPLAY_DRAW_WHITENESS, S_DISPLAY_DRAW_INVERS};
	struct draw_blackness m;

	random_mask(w, s);
	s->rop = (uint16_t)rng_below(&w->rng, 3);
	m = (struct draw_blackness){s->base, s->mask};
	compare(w, s, numbers[s->rop], &m, px_plain, false);
}

static uint32_t px_transparent(const struct setup *s, const void *body, int x, int y, uint32_t old)
{
	uint32_t key = ((const struct draw_transparent *)body)->true_color, v = source_at(s, x, y, false, false);
	uint32_t mask = pixmap_bits(s->dst->format) == 32 ? 0xffffff : word_mask(s->dst->format);

	if (s->dst->format == SURFACE_FMT_8_A)
		return v ? v : old;
	if (pixmap_bits(s->dst->format) == 16)
		key = from_argb(key, s->dst->format);
	return (v & mask) == (key & 0xffffff) ? old : v;
}

static void do_transparent(struct world *w, struct setup *s)
{
	struct draw_transparent m;

	random_source(w, s);
	s->scale = SCALE_MODE_NEAREST;
	s->top_undefined = top_undefined(s);
	m = (struct draw_transparent){s->base, &s->src_image, s->area, 0,
		to_argb(s->src->px[rng_below(&w->rng, W) % (unsigned)s->src->w], s->src->format)};
	compare(w, s, S_DISPLAY_DRAW_TRANSPARENT, &m, px_transparent, false);
}

static uint32_t px_alpha(const struct setup *s, const void *body, int x, int y, uint32_t old)
{
	const struct draw_alpha_blend *m = body;
	uint32_t from = s->src->format, src, dst = to_argb(old, s->dst->format);
	struct setup t = *s;
	struct plane seen = *s->src;

	if (from == SURFACE_FMT_32_xRGB && s->src_image.d.type == IMAGE_TYPE_SURFACE &&
		m->alpha_flags & ALPHA_FLAGS_SRC_SURFACE_HAS_ALPHA)
		seen.format = SURFACE_FMT_32_ARGB;
	t.src = &seen;
	if (scaled(s))
		src = scaled_at(&t, x, y, false);
	else
		src = argb_at(&seen, x - s->base.box.left + s->area.left, y - s->base.box.top + s->area.top);
	if (s->dst->format == SURFACE_FMT_32_xRGB && m->alpha_flags & ALPHA_FLAGS_DEST_HAS_ALPHA)
		dst = old;
	return from_argb(over(src, dst, m->alpha), s->dst->format);
}

static void do_alpha(struct world *w, struct setup *s)
{
	struct draw_alpha_blend m;
	uint8_t flags = (uint8_t)rng_below(&w->rng, 4);

	random_source(w, s);
	s->scale = SCALE_MODE_NEAREST;
	m = (struct draw_alpha_blend){s->base, flags, (uint8_t)random_in(w, 1, 255), &s->src_image, s->area};
	compare(w, s, S_DISPLAY_DRAW_ALPHA_BLEND, &m, px_alpha, flags & ALPHA_FLAGS_DEST_HAS_ALPHA);
}

static uint32_t px_bits(const struct setup *s, const void *m, int x, int y, uint32_t old)
{
	(void)m, (void)old;
	return s->src->px[(y - s->base.box.top + s->area.top) * W + x - s->base.box.left + s->area.left];
}

static void do_copy_bits(struct world *w, struct setup *s)
{
	struct plane before = *s->dst;
	struct copy_bits m = {s->base, {random_in(w, -9, W), random_in(w, -9, H)}};
	const struct rect *b = &s->base.box;

	s->src = &before;
	s->area = (struct rect){.left = m.src_pos.x, .top = m.src_pos.y, .right = m.src_pos.x + b->right - b->left,
		.bottom = m.src_pos.y + b->bottom - b->top};
	compare(w, s, S_DISPLAY_COPY_BITS, &m, px_bits, false);
}

/* Keeps the 1_A surface, which serves as mask, full of bits: solid fills are all that is defined on it. */
static void do_bits_fill(struct world *w, struct setup *s)
{
	struct draw_fill m;

	s->base.surface_id = SURFACES - 1;
	s->dst = &w->surface[SURFACES - 1];
	s->brush = (struct brush){.type = BRUSH_TYPE_SOLID, .color = (uint32_t)rng_next(&w->rng)};
	s->rop = ROPD_OP_PUT;
	random_mask(w, s);
	if (s->mask_p == s->dst)
		return;
	m = (struct draw_fill){s->base, s->brush, s->rop, s->mask};
	compare(w, s, S_DISPLAY_DRAW_FILL, &m, px_fill, false);
}

typedef void command_fn(struct world *w, struct setup *s);

static void run(command_fn *fn, uint64_t seed, int rounds)
{
	static command_fn *const all[] = {do_fill, do_copy, do_opaque, do_rop3, do_plain, do_transparent, do_alpha,
		do_copy_bits, do_bits_fill};
	struct world *w = new(struct world);
	struct setup s;

	world_init(w, seed);
	for (int i = 0; i < rounds; i++) {
		do
			random_setup(w, &s);
		while (s.base.box.right <= s.base.box.left || s.base.box.bottom <= s.base.box.top);
		(fn && i % 3 ? fn : all[rng_below(&w->rng, ARRAY_SIZE(all))])(w, &s);
	}
	assert_true(w->asked > (unsigned)rounds / 20);
	canvas_free(w->canvas);
	free(w);
}

#define CASE(name) static void case_##name(void **state) { (void)state; run(do_##name, 20260202, ROUNDS); }
CASE(fill)
CASE(copy)
CASE(opaque)
CASE(rop3)
CASE(plain)
CASE(transparent)
CASE(alpha)
CASE(copy_bits)
CASE(bits_fill)

static void mixed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		run(NULL, seed, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_fill), cmocka_unit_test(case_copy), cmocka_unit_test(case_opaque),
		cmocka_unit_test(case_rop3), cmocka_unit_test(case_plain), cmocka_unit_test(case_transparent),
		cmocka_unit_test(case_alpha), cmocka_unit_test(case_copy_bits), cmocka_unit_test(case_bits_fill),
		cmocka_unit_test(mixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
