/* Random commands of every kind, with all that they may carry, on the screen and on surfaces of every format, given to
 * a device. Included after cmocka.h. */
#ifndef UNIT_ANYDRAW_H
#define UNIT_ANYDRAW_H

#include "base/rng.h"
#include "server/device.h"

enum { ANY_SURFACES = 6, ANY_PICTURES = 4, ANY_W = 160, ANY_H = 120 };

struct anydraw {
	struct device *device;
	struct rng *rng;
	uint64_t pictures[ANY_PICTURES], mask;
	uint32_t formats[ANY_SURFACES]; /* of the surfaces that there are, the screen first; 0: none */
};

static inline int any_in(struct anydraw *a, int from, int to)
{
	return from + (int)rng_below(a->rng, (uint32_t)(to - from + 1));
}

static inline bool any_one_in(struct anydraw *a, unsigned n)
{
	return rng_below(a->rng, n) == 0;
}

static inline uint64_t any_picture(struct anydraw *a, uint32_t format, unsigned w, unsigned h)
{
	struct pixmap *p = pixmap_new(format, w, h);
	uint64_t id;

	for (size_t i = 0; i < (size_t)p->stride * h; i++) /* a byte that is not used is 0: compression loses it */
		p->data[i] = format == SURFACE_FMT_32_xRGB && i % 4 == 3 ? 0 : (uint8_t)rng_next(a->rng);
	id = device_picture(a->device, p);
	pixmap_unref(p);
	return id;
}

static inline void anydraw_init(struct anydraw *a, struct device *d, struct rng *r)
{
	*a = (struct anydraw){.device = d, .rng = r, .formats = {SURFACE_FMT_32_xRGB}};
	a->pictures[0] = any_picture(a, SURFACE_FMT_32_xRGB, 90, 70);
	a->pictures[1] = any_picture(a, SURFACE_FMT_32_ARGB, 60, 50);
	a->pictures[2] = any_picture(a, SURFACE_FMT_16_555, 33, 21);
	a->pictures[3] = any_picture(a, SURFACE_FMT_32_xRGB, 7, 300);
	a->mask = any_picture(a, SURFACE_FMT_1_A, 300, 200);
}

static inline void any_give(struct anydraw *a, unsigned number, const void *body)
{
	assert_int_equal(device_draw(a->device, number, body), 0);
}

static inline struct rect any_box(struct anydraw *a, const struct pixmap *on)
{
	int w = any_in(a, 1, (int)on->width), h = any_in(a, 1, (int)on->height);
	int x = any_in(a, 0, (int)on->width - w), y = any_in(a, 0, (int)on->height - h);

	return (struct rect){y, x, y + h, x + w};
}

/* A picture, or another surface of the depth of the one drawn on. What has no alpha is not taken where alpha counts:
 * its top byte is not defined. */
static inline struct image any_image(struct anydraw *a, uint32_t on)
{
	uint32_t id = (uint32_t)any_in(a, 1, ANY_SURFACES - 1), format = a->formats[id];

	if (any_one_in(a, 2) && id != on && format && pixmap_bits(format) == pixmap_bits(a->formats[on]) &&
		(a->formats[on] != SURFACE_FMT_32_ARGB || format == SURFACE_FMT_32_ARGB))
		return device_surface_image(a->device, id);
	return device_image(a->device, a->pictures[any_in(a, 0, ANY_PICTURES - 1)]);
}

static inline struct brush any_brush(struct anydraw *a, struct image *img, uint32_t on)
{
	if (!any_one_in(a, 3))
		return (struct brush){.type = BRUSH_TYPE_SOLID, .color = (uint32_t)rng_next(a->rng)};
	*img = any_image(a, on);
	return (struct brush){.type = BRUSH_TYPE_PATTERN,
		.pattern = {img, {any_in(a, -30, 30), any_in(a, -30, 30)}}};
}

static inline uint16_t any_rop(struct anydraw *a)
{
	return (uint16_t)(any_one_in(a, 2) ? ROPD_OP_PUT : ROPD_OP_PUT << any_in(a, 0, 6) | any_in(a, 0, 7));
}

static inline void any_stroke(struct anydraw *a, struct draw_base base, const struct brush *brush)
{
	const struct pixmap *on = canvas_surface(a->device->canvas, base.surface_id);
	struct point_fix points[10];
	int32_t style[3] = {16 * any_in(a, 1, 9), 16 * any_in(a, 1, 9), 16 * any_in(a, 1, 9)};
	struct path_segment seg[2] = {{PATH_FLAGS_BEGIN, 1, points},
		{(uint8_t)(PATH_FLAGS_END | (any_one_in(a, 2) ? PATH_FLAGS_BEZIER : 0)), 9, points + 1}};
	struct path path = {2, seg};

	for (int i = 0; i < 10; i++)
		points[i] = (struct point_fix){any_in(a, -200, 16 * (int)on->width),
			any_in(a, -200, 16 * (int)on->height)};
	any_give(a, S_DISPLAY_DRAW_STROKE, &(struct draw_stroke){.base = base, .path = &path, .brush = *brush,
		.attr = {any_one_in(a, 2) ? LINE_FLAGS_STYLED : 0, (uint8_t)any_in(a, 1, 3), style},
		.fore_mode = any_rop(a)});
}

static inline void any_text(struct anydraw *a, struct draw_base base, const struct brush *fore,
	const struct brush *back)
{
	uint8_t bits[3][64];
	struct glyph_a1 g[3];
	struct string str = {.length = 3};
	int depth = any_in(a, 0, 2);

	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 64; k++)
			bits[i][k] = (uint8_t)rng_next(a->rng);
		g[i] = (struct glyph_a1){{base.box.left + 10 * i, base.box.top + 8}, {0, -8}, 8, 8,
			{bits[i], depth == 0 ? 8 : depth == 1 ? 32 : 64}};
	}
	str.flags = depth == 0 ? STRING_FLAGS_RASTER_A1 : depth == 1 ? STRING_FLAGS_RASTER_A4
		: STRING_FLAGS_RASTER_A8;
	if (depth == 0)
		str.a1 = g;
	else if (depth == 1)
		str.a4 = (struct glyph_a4 *)(void *)g; /* the three kinds have one layout */
	else
		str.a8 = (struct glyph_a8 *)(void *)g;
	any_give(a, S_DISPLAY_DRAW_TEXT, &(struct draw_text){.base = base, .str = &str, .fore_mode = ROPD_OP_PUT,
		.back_mode = ROPD_OP_PUT, .back_area = any_one_in(a, 2) ? base.box : (struct rect){0},
		.fore_brush = *fore, .back_brush = *back});
}

static inline void any_composite(struct anydraw *a, struct draw_base base)
{
	struct image src = any_image(a, base.surface_id), mask = any_image(a, base.surface_id);
	struct draw_composite c = {.base = base, .src = &src, .mask = any_one_in(a, 2) ? &mask : NULL,
		.src_origin = {(int16_t)any_in(a, -9, 9), (int16_t)any_in(a, -9, 9)}};

	c.flags = (uint32_t)(any_one_in(a, 2) ? any_in(a, 0, 13) : any_in(a, 0x30, 0x3e));
	c.flags |= (uint32_t)any_in(a, 0, 3) << 14 | (uint32_t)any_in(a, 0, 3) << 16;
	c.flags |= c.mask ? COMPOSITE_FLAGS_HAS_MASK : 0;
	if (any_one_in(a, 3)) {
		c.flags |= COMPOSITE_FLAGS_HAS_SRC_TRANSFORM | 4 << 8;
		c.src_transform = (struct transform){
			(uint32_t)any_in(a, 0x8000, 0x18000), (uint32_t)any_in(a, -9000, 9000),
			(uint32_t)any_in(a, -90000, 90000),
			(uint32_t)any_in(a, -9000, 9000), (uint32_t)any_in(a, 0x8000, 0x18000),
			(uint32_t)any_in(a, -90000, 90000)};
	}
	any_give(a, S_DISPLAY_DRAW_COMPOSITE, &c);
}

/* One command on this surface, which there is. */
static inline void any_draw(struct anydraw *a, uint32_t on)
{
	const struct pixmap *to = canvas_surface(a->device->canvas, on);
	struct image src = any_image(a, on), front, behind, bits = device_image(a->device, a->mask);
	struct brush brush = any_brush(a, &front, on), back = any_brush(a, &behind, on);
	struct rect clips[3] = {any_box(a, to), any_box(a, to), any_box(a, to)};
	struct rect all = {.right = (int)src.d.width, .bottom = (int)src.d.height};
	struct draw_base base = {.surface_id = on, .box = any_box(a, to)};
	struct qmask mask = {.flags = (uint8_t)any_in(a, 0, 1), .pos = {any_in(a, -5, 5), any_in(a, -5, 5)},
		.bitmap = any_one_in(a, 3) ? &bits : NULL};
	uint8_t scale = (uint8_t)any_in(a, 0, 1), byte = (uint8_t)rng_next(a->rng);
	uint16_t rop = any_rop(a);
	struct draw_blackness plain;
	struct draw_copy copy;

	if (any_one_in(a, 3))
		base.clip = (struct clip){CLIP_TYPE_RECTS, {(uint32_t)any_in(a, 0, 3), clips}};
	plain = (struct draw_blackness){base, mask};
	copy = (struct draw_copy){base, &src, all, rop, scale, mask};
	switch (any_in(a, 0, 13)) {
	case 0:
		any_give(a, S_DISPLAY_DRAW_FILL, &(struct draw_fill){base, brush, rop, mask});
		break;
	case 1:
		any_give(a, S_DISPLAY_DRAW_OPAQUE, &(struct draw_opaque){base, &src, all, brush, rop, scale, mask});
		break;
	case 2:
		any_give(a, S_DISPLAY_DRAW_COPY, &copy);
		break;
	case 3:
		any_give(a, S_DISPLAY_DRAW_BLEND, &copy);
		break;
	case 4:
		any_give(a, S_DISPLAY_DRAW_BLACKNESS, &plain);
		break;
	case 5:
		any_give(a, S_DISPLAY_DRAW_WHITENESS, &plain);
		break;
	case 6:
		any_give(a, S_DISPLAY_DRAW_INVERS, &plain);
		break;
	case 7:
		any_give(a, S_DISPLAY_DRAW_ROP3, &(struct draw_rop3){base, &src, all, brush, byte, scale, mask});
		break;
	case 8:
		any_give(a, S_DISPLAY_DRAW_TRANSPARENT, &(struct draw_transparent){base, &src, all, 0, 0xffffff});
		break;
	case 9:
		any_give(a, S_DISPLAY_DRAW_ALPHA_BLEND, &(struct draw_alpha_blend){base, 0, byte, &src, all});
		break;
	case 10:
		any_stroke(a, base, &brush);
		break;
	case 11:
		any_text(a, base, &brush, &back);
		break;
	case 12:
		any_give(a, S_DISPLAY_COPY_BITS, &(struct copy_bits){base, {clips[0].left, clips[0].top}});
		break;
	default:
		any_composite(a, base);
	}
}

/* A surface comes or goes, is drawn on, or is shown on the screen. */
static inline void any_surface(struct anydraw *a)
{
	static const uint32_t formats[] = {SURFACE_FMT_32_xRGB, SURFACE_FMT_32_ARGB, SURFACE_FMT_16_555,
		SURFACE_FMT_16_565, SURFACE_FMT_8_A};
	const struct pixmap *screen = canvas_surface(a->device->canvas, 0);
	uint32_t id = (uint32_t)any_in(a, 1, ANY_SURFACES - 1);
	struct image img;
	int x, y;

	if (!a->formats[id]) {
		a->formats[id] = formats[any_in(a, 0, ARRAY_SIZE(formats) - 1)];
		assert_int_equal(device_surface_create(a->device, id, ANY_W, ANY_H, a->formats[id]), 0);
	} else if (any_one_in(a, 10)) {
		a->formats[id] = 0;
		assert_int_equal(device_surface_destroy(a->device, id), 0);
	} else if (!any_one_in(a, 3)) {
		any_draw(a, id);
	} else {
		x = any_in(a, 0, (int)screen->width - ANY_W);
		y = any_in(a, 0, (int)screen->height - ANY_H);
		img = device_surface_image(a->device, id);
		any_give(a, S_DISPLAY_DRAW_COMPOSITE, &(struct draw_composite){.src = &img, .flags = 3 /* OVER */,
			.base = {.box = {y, x, y + ANY_H, x + ANY_W}}});
	}
}

#endif
