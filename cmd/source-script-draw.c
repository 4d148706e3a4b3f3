/* The drawing commands of the script: each reads its words and gives the device what they say. */
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/log.h"
#include "cmd/source-script.h"

/* ---- pictures ---- */

static struct script_picture *find_picture(struct script *s, const char *name)
{
	struct script_picture *p;

	list_each(p, &s->pictures, link)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

static struct script_picture *load(struct script *s, struct script_args *a, const char *name, const char *file)
{
	struct script_picture *p = new(struct script_picture);
	char why[120];

	if (loaded_read(file, &p->picture, why, sizeof(why))) {
		arg_fault(a, "%s", why);
		free(p);
		return NULL;
	}
	p->name = xstrdup(name);
	p->id = device_picture(s->device, p->picture.p);
	list_append(&s->pictures, &p->link);
	return p;
}

/* PIC: the name of a picture, or a file. */
static struct script_picture *arg_picture(struct script *s, struct script_args *a)
{
	const char *w = arg_word(a, "picture");
	struct script_picture *p;

	if (a->why[0])
		return NULL;
	p = find_picture(s, w);
	return p ? p : load(s, a, w, w);
}

static void drop(struct script *s, struct script_picture *p)
{
	list_remove(&p->link);
	device_picture_forget(s->device, p->id);
	device_picture_forget(s->device, p->mask_id);
	device_picture_forget(s->device, p->alpha_id);
	loaded_fini(&p->picture);
	free(p->name);
	free(p);
}

static void do_picture(struct script *s, struct script_args *a)
{
	const char *name = arg_word(a, "name"), *file = arg_word(a, "file");
	struct script_picture *old;

	if (!arg_end(a))
		return;
	old = find_picture(s, name);
	if (load(s, a, name, file) && old && s->mask != old)
		drop(s, old);
}

static uint64_t mask_id(struct script *s, struct script_picture *p)
{
	if (!p->mask_id) {
		struct pixmap *m = loaded_mask(&p->picture);

		p->mask_id = device_picture(s->device, m);
		pixmap_unref(m);
	}
	return p->mask_id;
}

static uint64_t alpha_id(struct script *s, struct script_picture *p)
{
	if (!p->alpha_id) {
		struct pixmap *m = loaded_alpha(&p->picture);

		p->alpha_id = device_picture(s->device, m);
		pixmap_unref(m);
	}
	return p->alpha_id;
}

/* ---- what commands share ---- */

static struct rect box_at(int x, int y, unsigned w, unsigned h)
{
	return (struct rect){.left = x, .top = y, .right = x + (int)w, .bottom = y + (int)h};
}

/* An empty rectangle is one too: it draws nothing. */
static struct rect arg_box(struct script_args *a)
{
	int x = arg_coord(a, "X"), y = arg_coord(a, "Y");
	int w = arg_int(a, "W", 0, LIM_IMAGE_SIDE), h = arg_int(a, "H", 0, LIM_IMAGE_SIDE);

	return box_at(x, y, (unsigned)w, (unsigned)h);
}

static struct draw_base base_of(const struct script *s, struct rect box)
{
	struct draw_base b = {.surface_id = s->on, .box = box};

	if (s->clipped) {
		b.clip.type = CLIP_TYPE_RECTS;
		b.clip.rects = (struct clip_rects){s->n_clip, s->clip};
	}
	return b;
}

/* The mask of `mask PIC X Y`: its first pixel stands at (X, Y) of the surface. */
static struct qmask mask_of(struct script *s, const struct rect *box, struct image *img)
{
	struct qmask m = {0};

	if (!s->mask)
		return m;
	*img = device_image(s->device, mask_id(s, s->mask));
	m.bitmap = img;
	m.flags = s->mask_invers ? MASK_FLAGS_INVERS : 0;
	m.pos = (struct point){box->left - s->mask_x, box->top - s->mask_y};
	return m;
}

static void draw(struct script *s, struct script_args *a, unsigned number, const void *body)
{
	int rc = device_draw(s->device, number, body);

	if (rc == E_UNSUP)
		arg_fault(a, "%s is not in this version", a->line->words[0]);
	else if (rc)
		arg_fault(a, "surface %u can't be drawn on so: %s", s->on, err_str(rc));
}

/* ---- surfaces and state ---- */

static const struct {
	const char *name;
	uint32_t format;
} formats[] = {{"xrgb", SURFACE_FMT_32_xRGB}, {"argb", SURFACE_FMT_32_ARGB}, {"555", SURFACE_FMT_16_555},
	{"565", SURFACE_FMT_16_565}, {"a8", SURFACE_FMT_8_A}, {"a1", SURFACE_FMT_1_A}, {"32_xRGB", SURFACE_FMT_32_xRGB},
	{"32_ARGB", SURFACE_FMT_32_ARGB}, {"16_555", SURFACE_FMT_16_555}, {"16_565", SURFACE_FMT_16_565},
	{"8_A", SURFACE_FMT_8_A}, {"1_A", SURFACE_FMT_1_A}};

static uint32_t arg_format(struct script_args *a)
{
	const char *w = arg_more(a) ? arg_word(a, "format") : "xrgb";

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcasecmp(formats[i].name, w) == 0)
			return formats[i].format;
	arg_fault(a, "format: '%.40s' is not one of xrgb, argb, 555, 565, a8, a1", w);
	return SURFACE_FMT_32_xRGB;
}

static void do_surface(struct script *s, struct script_args *a)
{
	uint32_t id = (uint32_t)arg_int(a, "ID", 1, LIM_SURFACES - 1);
	unsigned w, h;
	uint32_t format;
	int rc;

	arg_geometry(a, &w, &h);
	format = arg_format(a);
	if (!arg_end(a))
		return;
	rc = device_surface_create(s->device, id, w, h, format);
	if (rc)
		arg_fault(a, "surface %u: %s", id, rc == E_INVAL ? "there is one already" : err_str(rc));
}

static void do_destroy(struct script *s, struct script_args *a)
{
	uint32_t id = (uint32_t)arg_int(a, "ID", 1, LIM_SURFACES - 1);

	if (!arg_end(a))
		return;
	if (device_surface_destroy(s->device, id))
		arg_fault(a, "there is no surface %u", id);
	else if (s->on == id)
		s->on = 0;
}

static void do_on(struct script *s, struct script_args *a)
{
	uint32_t id = (uint32_t)arg_int(a, "ID", 0, LIM_SURFACES - 1);

	if (!arg_end(a))
		return;
	if (canvas_surface(s->device->canvas, id))
		s->on = id;
	else
		arg_fault(a, "there is no surface %u", id);
}

static void do_mask(struct script *s, struct script_args *a)
{
	struct script_picture *p = arg_picture(s, a);
	int x = arg_coord(a, "X"), y = arg_coord(a, "Y");
	bool invers = arg_take(a, "invers");

	if (!arg_end(a))
		return;
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

static void drop_clip(struct script *s)
{
	free(s->clip);
	s->clip = NULL;
	s->n_clip = 0;
	s->clipped = false;
}

static void do_clip(struct script *s, struct script_args *a)
{
	struct rect *list = NULL;
	unsigned n = 0;

	do {
		struct rect r = arg_box(a);

		if (n == LIM_CLIP_RECTS)
			arg_fault(a, "more than %d rectangles", LIM_CLIP_RECTS);
		if (a->why[0])
			break;
		list = xrealloc(list, n + 1, sizeof(*list));
		list[n++] = r;
	} while (arg_more(a));
	if (!arg_end(a)) {
		free(list);
		return;
	}
	drop_clip(s);
	s->clip = list;
	s->n_clip = n;
	s->clipped = true;
}

static void do_noclip(struct script *s, struct script_args *a)
{
	if (arg_end(a))
		drop_clip(s);
}

static void do_resize(struct script *s, struct script_args *a)
{
	unsigned w, h;

	arg_geometry(a, &w, &h);
	if (arg_end(a) && device_resize(s->device, w, h))
		arg_fault(a, "too large");
}

static void do_monitors(struct script *s, struct script_args *a)
{
	struct head heads[LIM_HEADS] = {{0}};
	unsigned n = 0;

	do {
		int v[4];

		if (n == LIM_HEADS)
			arg_fault(a, "more than %d monitors", LIM_HEADS);
		if (arg_list(a, "X,Y,W,H", 0, LIM_IMAGE_SIDE, v, 4) != 4)
			arg_fault(a, "a monitor is X,Y,W,H");
		if (a->why[0])
			return;
		heads[n] = (struct head){.monitor_id = n, .x = (uint32_t)v[0], .y = (uint32_t)v[1],
			.width = (uint32_t)v[2], .height = (uint32_t)v[3]};
		n++;
	} while (arg_more(a));
	device_monitors(s->device, heads, n);
}

/* ---- pictures on the surface ---- */

/* image, opaque and blend: X Y PIC [W H [SX SY]] [rop NAME] */
struct placed {
	struct script_picture *pic;
	struct rect box, area;
	uint16_t rop;
};

static bool arg_placed(struct script *s, struct script_args *a, struct placed *p)
{
	int x = arg_coord(a, "X"), y = arg_coord(a, "Y"), sx = 0, sy = 0;
	unsigned w = 0, h = 0;

	p->pic = arg_picture(s, a);
	if (!p->pic)
		return false;
	w = p->pic->picture.p->width;
	h = p->pic->picture.p->height;
	if (arg_is_number(a)) {
		w = arg_size(a, "W");
		h = arg_size(a, "H");
	}
	if (arg_is_number(a)) {
		sx = arg_coord(a, "SX");
		sy = arg_coord(a, "SY");
	}
	p->rop = arg_rop(a);
	p->box = box_at(x, y, w, h);
	p->area = box_at(sx, sy, w, h);
	/* libspice drops a copy whose source leaves the image (channels.md, pixel rules): never send one */
	if (!a->why[0] && (sx < 0 || sy < 0 || (unsigned)sx + w > p->pic->picture.p->width ||
		(unsigned)sy + h > p->pic->picture.p->height))
		arg_fault(a, "%ux%u at %d,%d is not inside the picture", w, h, sx, sy);
	return arg_end(a);
}

static void copy_like(struct script *s, struct script_args *a, unsigned number)
{
	struct image img, mask;
	struct placed p;
	struct draw_copy m;

	if (!arg_placed(s, a, &p))
		return;
	img = device_image(s->device, p.pic->id);
	m = (struct draw_copy){.base = base_of(s, p.box), .src = &img, .src_area = p.area, .rop = p.rop,
		.scale_mode = SCALE_MODE_NEAREST, .mask = mask_of(s, &p.box, &mask)};
	draw(s, a, number, &m);
}

static void do_image(struct script *s, struct script_args *a)
{
	copy_like(s, a, S_DISPLAY_DRAW_COPY);
}

static void do_blend(struct script *s, struct script_args *a)
{
	copy_like(s, a, S_DISPLAY_DRAW_BLEND);
}

static void do_opaque(struct script *s, struct script_args *a)
{
	struct image img, mask;
	struct placed p;
	struct draw_opaque m;

	if (!arg_placed(s, a, &p))
		return;
	img = device_image(s->device, p.pic->id);
	m = (struct draw_opaque){.base = base_of(s, p.box), .src = &img, .src_area = p.area,
		.brush = {.type = BRUSH_TYPE_SOLID, .color = 0xffffff}, .rop = p.rop,
		.scale_mode = SCALE_MODE_NEAREST, .mask = mask_of(s, &p.box, &mask)};
	draw(s, a, S_DISPLAY_DRAW_OPAQUE, &m);
}

static void do_stretch(struct script *s, struct script_args *a)
{
	struct rect box = arg_box(a), area = {0};
	struct script_picture *pic = arg_picture(s, a);
	uint8_t mode = SCALE_MODE_INTERPOLATE;
	struct image img, mask;
	struct draw_copy m;

	if (!pic)
		return;
	area = box_at(0, 0, pic->picture.p->width, pic->picture.p->height);
	if (arg_is_number(a))
		area = arg_box(a);
	if (arg_take(a, "nearest"))
		mode = SCALE_MODE_NEAREST;
	else
		arg_take(a, "smooth");
	if (!a->why[0] && (area.left < 0 || area.top < 0 || area.right > (int)pic->picture.p->width ||
		area.bottom > (int)pic->picture.p->height))
		arg_fault(a, "the source is not inside the picture");
	if (!arg_end(a))
		return;
	img = device_image(s->device, pic->id);
	m = (struct draw_copy){.base = base_of(s, box), .src = &img, .src_area = area, .rop = ROPD_OP_PUT,
		.scale_mode = mode, .mask = mask_of(s, &box, &mask)};
	draw(s, a, S_DISPLAY_DRAW_COPY, &m);
}

static void do_transparent(struct script *s, struct script_args *a)
{
	int x = arg_coord(a, "X"), y = arg_coord(a, "Y");
	struct script_picture *pic = arg_picture(s, a);
	uint32_t colour = arg_colour(a) & 0xffffff;
	struct image img;

	if (!pic || !arg_end(a))
		return;
	img = device_image(s->device, pic->id);
	draw(s, a, S_DISPLAY_DRAW_TRANSPARENT, &(struct draw_transparent){
		.base = base_of(s, box_at(x, y, pic->picture.p->width, pic->picture.p->height)), .src = &img,
		.src_area = box_at(0, 0, pic->picture.p->width, pic->picture.p->height),
		.src_color = colour, .true_color = colour});
}

static void do_alpha(struct script *s, struct script_args *a)
{
	int x = arg_coord(a, "X"), y = arg_coord(a, "Y");
	struct script_picture *pic = arg_picture(s, a);
	int opacity = arg_int(a, "opacity", 0, 255);
	struct image img;

	if (!pic || !arg_end(a))
		return;
	img = device_image(s->device, pic->id);
	draw(s, a, S_DISPLAY_DRAW_ALPHA_BLEND, &(struct draw_alpha_blend){
		.base = base_of(s, box_at(x, y, pic->picture.p->width, pic->picture.p->height)),
		.alpha = (uint8_t)opacity, .src = &img,
		.src_area = box_at(0, 0, pic->picture.p->width, pic->picture.p->height)});
}

static void do_composite(struct script *s, struct script_args *a)
{
	static const char *const ops[] = {"clear", "src", "dst", "over", "over-reverse", "in", "in-reverse", "out",
		"out-reverse", "atop", "atop-reverse", "xor", "add", "saturate"};
	const char *w = arg_word(a, "operator");
	int x = arg_coord(a, "X"), y = arg_coord(a, "Y");
	struct script_picture *pic = arg_picture(s, a), *mask = pic && arg_more(a) ? arg_picture(s, a) : NULL;
	struct image img, mask_img;
	struct draw_composite m;
	uint32_t op = ARRAY_SIZE(ops);

	for (uint32_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (strcmp(ops[i], w) == 0)
			op = i;
	if (op == ARRAY_SIZE(ops))
		arg_fault(a, "'%.40s' is no operator", w);
	if (!pic || !arg_end(a))
		return;
	img = device_image(s->device, pic->id);
	m = (struct draw_composite){.flags = op, .src = &img,
		.base = base_of(s, box_at(x, y, pic->picture.p->width, pic->picture.p->height))};
	if (mask) {
		mask_img = device_image(s->device, alpha_id(s, mask));
		m.flags |= COMPOSITE_FLAGS_HAS_MASK;
		m.mask = &mask_img;
	}
	draw(s, a, S_DISPLAY_DRAW_COMPOSITE, &m);
}

/* ---- brushes ---- */

static void do_fill(struct script *s, struct script_args *a)
{
	struct rect box = arg_box(a);
	uint32_t colour = arg_colour(a);
	uint16_t rop = arg_rop(a);
	struct image mask;

	if (!arg_end(a))
		return;
	draw(s, a, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = base_of(s, box),
		.brush = {.type = BRUSH_TYPE_SOLID, .color = colour}, .rop = rop, .mask = mask_of(s, &box, &mask)});
}

static void do_pattern(struct script *s, struct script_args *a)
{
	struct rect box = arg_box(a);
	struct script_picture *pic = arg_picture(s, a);
	int ox = 0, oy = 0;
	uint16_t rop;
	struct image img, mask;

	if (arg_is_number(a)) {
		ox = arg_coord(a, "OX");
		oy = arg_coord(a, "OY");
	}
	rop = arg_rop(a);
	if (!pic || !arg_end(a))
		return;
	img = device_image(s->device, pic->id);
	draw(s, a, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = base_of(s, box),
		.brush = {.type = BRUSH_TYPE_PATTERN, .pattern = {&img, {ox, oy}}}, .rop = rop,
		.mask = mask_of(s, &box, &mask)});
}

static void plain(struct script *s, struct script_args *a, unsigned number)
{
	struct rect box = arg_box(a);
	struct image mask;

	if (arg_end(a))
		draw(s, a, number, &(struct draw_blackness){base_of(s, box), mask_of(s, &box, &mask)});
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

/* A rop3 in the words that the reference's renderer has. */
static void draw_rop3(struct script *s, struct script_args *a, struct draw_rop3 *m)
{
	uint16_t ropd = 0;
	enum rop3_as as = rop3_reduce(m->rop3, &ropd);
	struct draw_blackness bare = {m->base, m->mask};

	switch (as) {
	case ROP3_NOTHING:
		return;
	case ROP3_REAL:
		draw(s, a, S_DISPLAY_DRAW_ROP3, m);
		return;
	case ROP3_BLACKNESS:
		draw(s, a, S_DISPLAY_DRAW_BLACKNESS, &bare);
		return;
	case ROP3_WHITENESS:
		draw(s, a, S_DISPLAY_DRAW_WHITENESS, &bare);
		return;
	case ROP3_INVERS:
		draw(s, a, S_DISPLAY_DRAW_INVERS, &bare);
		return;
	case ROP3_FILL:
		draw(s, a, S_DISPLAY_DRAW_FILL,
			&(struct draw_fill){.base = m->base, .brush = m->brush, .rop = ropd, .mask = m->mask});
		return;
	case ROP3_COPY:
		draw(s, a, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = m->base, .src = m->src,
			.src_area = m->src_area, .rop = ropd, .scale_mode = m->scale_mode, .mask = m->mask});
		return;
	case ROP3_OPAQUE:
		draw(s, a, S_DISPLAY_DRAW_OPAQUE, &(struct draw_opaque){.base = m->base, .src = m->src,
			.src_area = m->src_area, .brush = m->brush, .rop = ropd, .scale_mode = m->scale_mode,
			.mask = m->mask});
		return;
	}
}

static void do_rop3(struct script *s, struct script_args *a)
{
	struct rect box = arg_box(a);
	struct script_picture *pic = arg_picture(s, a);
	uint32_t colour = arg_colour(a);
	int code = arg_int(a, "code", 0, 255);
	struct image img, mask;
	struct draw_rop3 m;

	if (!a->why[0] && pic && (box.right - box.left > (int)pic->picture.p->width ||
		box.bottom - box.top > (int)pic->picture.p->height))
		arg_fault(a, "the picture does not cover %dx%d", box.right - box.left, box.bottom - box.top);
	if (!pic || !arg_end(a))
		return;
	img = device_image(s->device, pic->id);
	m = (struct draw_rop3){.base = base_of(s, box), .src = &img,
		.src_area = {.right = box.right - box.left, .bottom = box.bottom - box.top},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = colour}, .rop3 = (uint8_t)code,
		.scale_mode = SCALE_MODE_NEAREST, .mask = mask_of(s, &box, &mask)};
	draw_rop3(s, a, &m);
}

static void do_copy_bits(struct script *s, struct script_args *a)
{
	struct rect from = arg_box(a);
	int dx = arg_coord(a, "DX"), dy = arg_coord(a, "DY");

	if (!arg_end(a))
		return;
	draw(s, a, S_DISPLAY_COPY_BITS, &(struct copy_bits){
		.base = base_of(s, box_at(dx, dy, (unsigned)(from.right - from.left), (unsigned)(from.bottom - from.top))),
		.src_pos = {from.left, from.top}});
}

/* ---- the pointer ---- */

static const struct {
	const char *name;
	enum wire_cursor_type type;
} shapes[] = {{"alpha", CURSOR_TYPE_ALPHA}, {"mono", CURSOR_TYPE_MONO}, {"color4", CURSOR_TYPE_COLOR4},
	{"color8", CURSOR_TYPE_COLOR8}, {"color16", CURSOR_TYPE_COLOR16}, {"color24", CURSOR_TYPE_COLOR24},
	{"color32", CURSOR_TYPE_COLOR32}};

static enum wire_cursor_type arg_shape(struct script_args *a)
{
	const char *w = arg_more(a) ? arg_word(a, "type") : "alpha";

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (strcmp(shapes[i].name, w) == 0)
			return shapes[i].type;
	arg_fault(a, "'%.40s' is no type of pointer", w);
	return CURSOR_TYPE_ALPHA;
}

static void do_cursor(struct script *s, struct script_args *a)
{
	struct script_picture *pic = arg_picture(s, a);
	int hx = arg_int(a, "HX", 0, LIM_CURSOR_SIDE - 1), hy = arg_int(a, "HY", 0, LIM_CURSOR_SIDE - 1);
	enum wire_cursor_type type = arg_shape(a);
	struct buf shape = {0};

	if (!pic || !arg_end(a))
		return;
	if (pic->picture.p->width > LIM_CURSOR_SIDE || pic->picture.p->height > LIM_CURSOR_SIDE) {
		arg_fault(a, "a pointer is at most %dx%d", LIM_CURSOR_SIDE, LIM_CURSOR_SIDE);
		return;
	}
	loaded_cursor(&pic->picture, type, &shape);
	if (device_pointer_set(s->device, type, pic->picture.p->width, pic->picture.p->height, (unsigned)hx,
		    (unsigned)hy, buf_slice(&shape)))
		arg_fault(a, "no shape of a pointer");
	buf_fini(&shape);
}

static void do_cursor_move(struct script *s, struct script_args *a)
{
	int x = arg_coord(a, "X"), y = arg_coord(a, "Y");

	if (arg_end(a))
		device_pointer_move(s->device, x, y);
}

static void do_cursor_hide(struct script *s, struct script_args *a)
{
	if (arg_end(a))
		device_pointer_hide(s->device);
}

static void not_yet(struct script *s, struct script_args *a)
{
	(void)s;
	arg_fault(a, "%s is not in this version", a->line->words[0]);
}

const struct script_command script_drawing[] = {
	{"surface", do_surface},
	{"destroy", do_destroy},
	{"on", do_on},
	{"picture", do_picture},
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
	{"stroke", not_yet},
	{"curve", not_yet},
	{"text", not_yet},
	{"cursor", do_cursor},
	{"cursor-move", do_cursor_move},
	{"cursor-hide", do_cursor_hide},
	{"monitors", do_monitors},
	{"resize", do_resize},
	{NULL, NULL},
};

void script_drawing_fini(struct script *s)
{
	struct script_picture *p;

	drop_clip(s);
	list_each(p, &s->pictures, link)
		drop(s, p);
}
