/* The commands of the drawing script that draw: each reads its words and gives the device one command of the protocol,
 * named alike. What real clients can't stand (channels.md, "Crash-avoiding rules") is refused here or said in other
 * words. Masks lie at a place of the surface, where the protocol counts from the box's corner. */
#include "cmd/source-script.h"

#include <stdlib.h>

#include "base/err.h"

static struct script_source arg_source(struct script *s, struct script_args *a)
{
	return script_arg_source(s, a, false);
}

static struct rect rect_of(int x, int y, unsigned w, unsigned h)
{
	return (struct rect){.left = x, .top = y, .right = x + (int)w, .bottom = y + (int)h};
}

/* X Y W H; an empty rectangle is one too, and draws nothing. */
static struct rect arg_rect(struct script_args *a)
{
	int x = arg_coord(a, "x"), y = arg_coord(a, "y");
	int w = arg_int(a, "width", 0, LIM_IMAGE_SIDE), h = arg_int(a, "height", 0, LIM_IMAGE_SIDE);

	return rect_of(x, y, (unsigned)w, (unsigned)h);
}

struct draw_base script_base(struct script *s, struct rect box)
{
	return (struct draw_base){.surface_id = s->on,
		.box = box,
		.clip = {.type = s->clipped ? CLIP_TYPE_RECTS : CLIP_TYPE_NONE,
			.rects = {s->n_clip, s->clip}}};
}

/* The mask in force, for a command with this box; *image is where it may point. */
static struct qmask mask_of(struct script *s, struct rect box, struct image *image)
{
	if (!s->mask)
		return (struct qmask){0};
	*image = device_image(s->device, s->mask->mask_id);
	return (struct qmask){.flags = s->mask_invers ? MASK_FLAGS_INVERS : 0,
		.pos = {box.left - s->mask_x, box.top - s->mask_y},
		.bitmap = image};
}

/* What the device said, when it did not draw. */
void script_not_drawn(struct script_args *a, int rc)
{
	if (rc == E_UNSUP)
		arg_fault(a, "%s is not drawn in this version", a->line->words[0]);
	else if (rc)
		arg_fault(a, "can't be drawn: %s", err_str(rc));
}

void script_draw(struct script *s, struct script_args *a, unsigned number, const void *body)
{
	if (!canvas_surface(s->device->canvas, s->on)) {
		arg_fault(a, "there is no surface %u", s->on);
		return;
	}
	script_not_drawn(a, device_draw(s->device, number, body));
}

static bool inside_target(struct script *s, struct rect box)
{
	struct pixmap *to = canvas_surface(s->device->canvas, s->on);

	return to && box.left >= 0 && box.top >= 0 && box.right <= (int)to->width &&
		box.bottom <= (int)to->height;
}

/* ---- images ---- */

/* libspice drops a copy whose source leaves the image (channels.md, pixel rules): none is sent. */
static void inside_source(struct script_args *a, const struct script_source *src, struct rect r)
{
	if (r.left < 0 || r.top < 0 || r.right > (int)src->width || r.bottom > (int)src->height)
		arg_fault(a, "%dx%d at %d,%d is not inside the picture", r.right - r.left,
			r.bottom - r.top, r.left, r.top);
}

/* X Y PIC [W H [SX SY]] [rop NAME], of image, blend and opaque. */
static struct draw_copy arg_copy(struct script *s, struct script_args *a, struct script_source *src)
{
	int x = arg_coord(a, "x"), y = arg_coord(a, "y"), sx = 0, sy = 0;
	unsigned w, h;
	struct draw_copy c = {.scale_mode = SCALE_MODE_NEAREST, .src = &src->image};

	*src = arg_source(s, a);
	w = src->width;
	h = src->height;
	if (arg_is_number(a)) {
		w = arg_size(a, "width");
		h = arg_size(a, "height");
	}
	if (arg_is_number(a)) {
		sx = arg_coord(a, "source x");
		sy = arg_coord(a, "source y");
	}
	c.rop = arg_rop(a);
	inside_source(a, src, rect_of(sx, sy, w, h));
	c.base = script_base(s, rect_of(x, y, w, h));
	c.src_area = rect_of(sx, sy, w, h);
	return c;
}

static void copy_with(struct script *s, struct script_args *a, unsigned number)
{
	struct script_source src;
	struct image mask;
	struct draw_copy c = arg_copy(s, a, &src);

	if (!arg_end(a))
		return;
	c.mask = mask_of(s, c.base.box, &mask);
	script_draw(s, a, number, &c);
}

static void do_image(struct script *s, struct script_args *a)
{
	copy_with(s, a, S_DISPLAY_DRAW_COPY);
}

static void do_blend(struct script *s, struct script_args *a)
{
	copy_with(s, a, S_DISPLAY_DRAW_BLEND);
}

static void do_opaque(struct script *s, struct script_args *a)
{
	struct script_source src;
	struct image mask;
	struct draw_copy c = arg_copy(s, a, &src);
	struct draw_opaque o = {.base = c.base,
		.src = c.src,
		.src_area = c.src_area,
		.rop = c.rop,
		.scale_mode = c.scale_mode,
		.brush = {.type = BRUSH_TYPE_NONE}};

	if (!arg_end(a))
		return;
	o.mask = mask_of(s, o.base.box, &mask);
	script_draw(s, a, S_DISPLAY_DRAW_OPAQUE, &o);
}

static void do_stretch(struct script *s, struct script_args *a)
{
	struct rect box = arg_rect(a);
	struct script_source src = arg_source(s, a);
	struct image mask;
	struct draw_copy c = {.base = script_base(s, box),
		.src = &src.image,
		.rop = ROPD_OP_PUT,
		.src_area = rect_of(0, 0, src.width, src.height),
		.scale_mode = SCALE_MODE_NEAREST};

	if (arg_is_number(a))
		c.src_area = arg_rect(a);
	if (c.src_area.left == c.src_area.right || c.src_area.top == c.src_area.bottom)
		arg_fault(a, "an empty source");
	inside_source(a, &src, c.src_area);
	if (arg_take(a, "smooth"))
		c.scale_mode = SCALE_MODE_INTERPOLATE;
	else
		arg_take(a, "nearest");
	if (!arg_end(a))
		return;
	c.mask = mask_of(s, box, &mask);
	script_draw(s, a, S_DISPLAY_DRAW_COPY, &c);
}

static void do_transparent(struct script *s, struct script_args *a)
{
	int x = arg_coord(a, "x"), y = arg_coord(a, "y");
	struct script_source src = arg_source(s, a);
	uint32_t key = arg_colour(a);
	struct draw_transparent t = {.base = script_base(s, rect_of(x, y, src.width, src.height)),
		.src = &src.image,
		.src_area = rect_of(0, 0, src.width, src.height),
		.src_color = key,
		.true_color = key};

	if (arg_end(a))
		script_draw(s, a, S_DISPLAY_DRAW_TRANSPARENT, &t);
}

static void do_alpha(struct script *s, struct script_args *a)
{
	int x = arg_coord(a, "x"), y = arg_coord(a, "y");
	struct script_source src = arg_source(s, a);
	struct draw_alpha_blend b = {.base = script_base(s, rect_of(x, y, src.width, src.height)),
		.src = &src.image,
		.src_area = rect_of(0, 0, src.width, src.height),
		.alpha = (uint8_t)arg_int(a, "opacity", 0, 255)};
	struct pixmap *to = canvas_surface(s->device->canvas, s->on);

	if (to && to->format == SURFACE_FMT_32_ARGB)
		b.alpha_flags = ALPHA_FLAGS_DEST_HAS_ALPHA;
	if (arg_end(a))
		script_draw(s, a, S_DISPLAY_DRAW_ALPHA_BLEND, &b);
}

/* Operators of X Render by name, in the order of their numbers. */
static unsigned arg_operator(struct script_args *a)
{
	static const char *const names[] = {"clear", "src", "dst", "over", "over-reverse", "in",
		"in-reverse", "out", "out-reverse", "atop", "atop-reverse", "xor", "add",
		"saturate"};
	static const char *const blends[] = {"multiply", "screen", "overlay", "darken", "lighten",
		"color-dodge", "color-burn", "hard-light", "soft-light", "difference", "exclusion",
		"hsl-hue", "hsl-saturation", "hsl-color", "hsl-luminosity"};
	const char *word = arg_word(a, "operator");

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	for (unsigned i = 0; i < ARRAY_SIZE(blends); i++)
		if (strcmp(word, blends[i]) == 0)
			return 0x30 + i;
	arg_fault(a, "'%.20s' is no operator", word);
	return 0;
}

static void do_composite(struct script *s, struct script_args *a)
{
	unsigned op = arg_operator(a);
	int x = arg_coord(a, "x"), y = arg_coord(a, "y");
	struct script_source src = script_arg_source(s, a, true);
	bool masked = arg_more(a);
	struct image mask = masked ? script_arg_alpha(s, a) : (struct image){0};
	struct draw_composite c = {.base = script_base(s, rect_of(x, y, src.width, src.height)),
		.src = &src.image,
		.mask = masked ? &mask : NULL,
		.flags = op | (masked ? COMPOSITE_FLAGS_HAS_MASK : 0)};

	if (!arg_end(a))
		return;
	if (inside_target(s, c.base.box))
		script_draw(s, a, S_DISPLAY_DRAW_COMPOSITE, &c);
	else
		arg_fault(a, "the picture must lie within the surface");
}

/* ---- brushes and ternary operations ---- */

static void do_fill(struct script *s, struct script_args *a)
{
	struct rect box = arg_rect(a);
	struct image mask;
	struct draw_fill f = {.base = script_base(s, box),
		.brush = {.type = BRUSH_TYPE_SOLID, .color = arg_colour(a)}};

	f.rop = arg_rop(a);
	if (!arg_end(a))
		return;
	f.mask = mask_of(s, box, &mask);
	script_draw(s, a, S_DISPLAY_DRAW_FILL, &f);
}

static void do_pattern(struct script *s, struct script_args *a)
{
	struct rect box = arg_rect(a);
	struct script_source src = arg_source(s, a);
	struct image mask;
	struct draw_fill f = {.base = script_base(s, box),
		.brush = {.type = BRUSH_TYPE_PATTERN, .pattern = {.pat = &src.image}}};

	if (arg_is_number(a)) {
		f.brush.pattern.pos.x = arg_coord(a, "pattern x");
		f.brush.pattern.pos.y = arg_coord(a, "pattern y");
	}
	f.rop = arg_rop(a);
	if (!arg_end(a))
		return;
	f.mask = mask_of(s, box, &mask);
	script_draw(s, a, S_DISPLAY_DRAW_FILL, &f);
}

static void draw_plain(struct script *s, struct script_args *a, unsigned number, struct rect box)
{
	struct image mask;
	struct draw_blackness b = {.base = script_base(s, box), .mask = mask_of(s, box, &mask)};

	script_draw(s, a, number, &b);
}

/* What a ternary operation needs, whichever command it becomes. */
struct ternary {
	struct draw_base base;
	struct image *src;
	struct rect area;
	struct brush brush;
	struct qmask mask;
};

static void draw_ternary(struct script *s, struct script_args *a, const struct ternary *t, uint8_t code)
{
	enum { NEAREST = SCALE_MODE_NEAREST };
	uint16_t rop = 0;

	switch (rop3_reduce(code, &rop)) {
	case ROP3_REAL:
		script_draw(s, a, S_DISPLAY_DRAW_ROP3, &(struct draw_rop3){.base = t->base, .src = t->src,
			.src_area = t->area, .brush = t->brush, .rop3 = code, .scale_mode = NEAREST, .mask = t->mask});
		break;
	case ROP3_NOTHING:
		break;
	case ROP3_BLACKNESS:
		draw_plain(s, a, S_DISPLAY_DRAW_BLACKNESS, t->base.box);
		break;
	case ROP3_WHITENESS:
		draw_plain(s, a, S_DISPLAY_DRAW_WHITENESS, t->base.box);
		break;
	case ROP3_INVERS:
		draw_plain(s, a, S_DISPLAY_DRAW_INVERS, t->base.box);
		break;
	case ROP3_FILL:
		script_draw(s, a, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = t->base, .brush = t->brush,
			.rop = rop, .mask = t->mask});
		break;
	case ROP3_COPY:
		script_draw(s, a, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = t->base, .src = t->src,
			.src_area = t->area, .rop = rop, .scale_mode = NEAREST, .mask = t->mask});
		break;
	case ROP3_OPAQUE:
		script_draw(s, a, S_DISPLAY_DRAW_OPAQUE, &(struct draw_opaque){.base = t->base, .src = t->src,
			.src_area = t->area, .brush = t->brush, .rop = rop, .scale_mode = NEAREST, .mask = t->mask});
		break;
	}
}

static void do_rop3(struct script *s, struct script_args *a)
{
	struct rect box = arg_rect(a);
	struct script_source src = arg_source(s, a);
	struct ternary t = {.base = script_base(s, box), .src = &src.image,
		.area = {.right = box.right - box.left, .bottom = box.bottom - box.top},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = arg_colour(a)}};
	uint8_t code = (uint8_t)arg_int(a, "code", 0, 255);
	struct image mask;

	if (!arg_end(a))
		return;
	t.mask = mask_of(s, box, &mask);
	if (t.area.right > (int)src.width || t.area.bottom > (int)src.height)
		arg_fault(a, "the picture must cover the rectangle");
	else if (!inside_target(s, box))
		arg_fault(a, "the rectangle must lie within the surface");
	else
		draw_ternary(s, a, &t, code);
}

static void plain(struct script *s, struct script_args *a, unsigned number)
{
	struct rect box = arg_rect(a);

	if (arg_end(a))
		draw_plain(s, a, number, box);
}

static void do_blackness(struct script *s, struct script_args *a)
{
	plain(s, a, S_DISPLAY_DRAW_BLACKNESS);
}

static void do_whiteness(struct script *s, struct script_args *a)
{
	plain(s, a, S_DISPLAY_DRAW_WHITENESS);
}

static void do_invers(struct script *s, struct script_args *a)
{
	plain(s, a, S_DISPLAY_DRAW_INVERS);
}

static void do_copy_bits(struct script *s, struct script_args *a)
{
	struct rect from = arg_rect(a);
	int dx = arg_coord(a, "to x"), dy = arg_coord(a, "to y");
	struct copy_bits c = {.src_pos = {from.left, from.top},
		.base = script_base(s,
			rect_of(dx, dy, (unsigned)(from.right - from.left),
				(unsigned)(from.bottom - from.top)))};

	if (arg_end(a))
		script_draw(s, a, S_DISPLAY_COPY_BITS, &c);
}

/* ---- masks and clips ---- */

static void do_mask(struct script *s, struct script_args *a)
{
	struct script_picture *p = script_arg_picture(s, a);
	int x = arg_coord(a, "x"), y = arg_coord(a, "y");
	bool invers = arg_take(a, "invers");

	if (!arg_end(a))
		return;
	if (!p->mask_id) {
		struct pixmap *m = loaded_mask(&p->picture);

		p->mask_id = device_picture(s->device, m);
		pixmap_unref(m);
	}
	s->mask = p;
	s->mask_x = x;
	s->mask_y = y;
	s->mask_invers = invers;
}

static void do_nomask(struct script *s, struct script_args *a)
{
	if (arg_end(a))
		s->mask = NULL;
}

static void do_clip(struct script *s, struct script_args *a)
{
	unsigned n = 0, max = a->line->n / 4;
	struct rect *r = xcalloc(max + 1, sizeof(*r));

	if (max > LIM_CLIP_RECTS)
		arg_fault(a, "more than %d rectangles", LIM_CLIP_RECTS);
	while (arg_more(a) && n < max) {
		int x = arg_coord(a, "x"), y = arg_coord(a, "y");
		int w = arg_int(a, "width", 0, SCRIPT_COORD),
		    h = arg_int(a, "height", 0, SCRIPT_COORD);

		if (w && h)
			r[n++] = rect_of(x, y, (unsigned)w, (unsigned)h);
		else
			max--;
	}
	if (!arg_end(a)) {
		free(r);
		return;
	}
	free(s->clip);
	s->clip = r;
	s->n_clip = n;
	s->clipped = true;
}

static void do_noclip(struct script *s, struct script_args *a)
{
	if (arg_end(a))
		s->clipped = false;
}

const struct script_command script_drawing[] = {
	{"surface", script_do_surface},
	{"destroy", script_do_destroy},
	{"on", script_do_on},
	{"picture", script_do_picture},
	{"image", do_image},
	{"opaque", do_opaque},
	{"blend", do_blend},
	{"stretch", do_stretch},
	{"transparent", do_transparent},
	{"alpha", do_alpha},
	{"composite", do_composite},
	{"fill", do_fill},
	{"pattern", do_pattern},
	{"rop3", do_rop3},
	{"blackness", do_blackness},
	{"whiteness", do_whiteness},
	{"invers", do_invers},
	{"mask", do_mask},
	{"nomask", do_nomask},
	{"clip", do_clip},
	{"noclip", do_noclip},
	{"copy-bits", do_copy_bits},
	{"stroke", script_do_stroke},
	{"curve", script_do_curve},
	{"text", script_do_text},
	{"cursor", script_do_cursor},
	{"cursor-move", script_do_cursor_move},
	{"cursor-hide", script_do_cursor_hide},
	{"monitors", script_do_monitors},
	{"resize", script_do_resize},
	{NULL, NULL},
};
