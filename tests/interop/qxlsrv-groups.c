/* The groups of commands that qxlsrv knows by name, and random ones of the plainest kinds. */
#include "qxlsrv.h"

#include <string.h>

static void do_fill(void)
{
	fill(rect(0, 0, WIDTH, HEIGHT), 0x204060, PUT);
	fill(rect(10, 10, 90, 60), 0xff8000, PUT);
	fill(rect(50, 30, 90, 60), 0x00ff00, SPICE_ROPD_OP_XOR);
}

static void do_pattern(void)
{
	QXLDrawable *d = draw(QXL_DRAW_FILL, rect(150, 10, 90, 60), FALSE);
	d->u.fill.brush.type = SPICE_BRUSH_TYPE_PATTERN;
	d->u.fill.brush.u.pattern.pat = image32(16, 16, ICON);
	d->u.fill.rop_descriptor = PUT;
}

static void do_copy(void)
{
	copy(rect(250, 10, 100, 60), image32(100, 60, GRADIENT), 100, 60, PUT);
	copy(rect(360, 10, 160, 120), image32(160, 120, PHOTO), 160, 120, PUT);
	copy(rect(530, 10, 100, 80), image32(40, 40, PHOTO), 40, 40, PUT);
	copy(rect(640, 10, 64, 64), image(64, 64, GRADIENT, SPICE_BITMAP_FMT_16BIT), 64, 64, PUT);
	copy(rect(710, 10, 64, 64), image(64, 64, GRADIENT, SPICE_BITMAP_FMT_24BIT), 64, 64, PUT);
	copy(rect(640, 80, 64, 64), image(64, 64, GRADIENT, SPICE_BITMAP_FMT_8BIT), 64, 64, PUT);
	copy(rect(710, 80, 64, 64), image32(64, 64, ICON), 64, 64, SPICE_ROPD_OP_XOR);
}

static void opaque(QXLRect box, uint32_t colour, int rop)
{
	int w = box.right - box.left, h = box.bottom - box.top;
	QXLDrawable *d = draw(QXL_DRAW_OPAQUE, box, FALSE);
	d->u.opaque.src_bitmap = image32(w, h, GRADIENT);
	d->u.opaque.src_area = rect(0, 0, w, h);
	d->u.opaque.brush = solid(colour);
	d->u.opaque.rop_descriptor = rop;
}

/* Every word of ropd with every inversion, of a brush, of an image, and of both: 16 columns, a row each operation. */
static void do_rops(void)
{
	enum { SIDE = 10, OPS = 7 };
	static const int inversions[] = {SPICE_ROPD_INVERS_SRC, SPICE_ROPD_INVERS_BRUSH, SPICE_ROPD_INVERS_DEST,
		SPICE_ROPD_INVERS_RES};
	copy(rect(0, 450, 600, 150), image32(600, 150, GRADIENT), 600, 150, PUT);
	for (int i = 0; i < 16 * OPS; i++) {
		int rop = PUT << i / 16, x = 10 + i % 16 * (SIDE + 1), y = 460 + i / 16 * (SIDE + 1);
		for (int k = 0; k < 4; k++)
			rop |= i >> k & 1 ? inversions[k] : 0;
		fill(rect(x, y, SIDE, SIDE), 0x3355cc, rop)->effect = QXL_EFFECT_BLEND;
		copy(rect(x + 200, y, SIDE, SIDE), image32(SIDE, SIDE, PHOTO), SIDE, SIDE, rop)->effect =
			QXL_EFFECT_BLEND;
		opaque(rect(x + 400, y, SIDE, SIDE), 0x3355cc, rop);
	}
}

static void do_opaque(void)
{
	opaque(rect(10, 150, 80, 60), 0xffff00, SPICE_ROPD_OP_AND);
}

static void do_transparent(void)
{
	QXLDrawable *d = draw(QXL_DRAW_TRANSPARENT, rect(100, 150, 80, 60), FALSE);
	d->u.transparent.src_bitmap = image32(80, 60, ICON);
	d->u.transparent.src_area = rect(0, 0, 80, 60);
	d->u.transparent.src_color = d->u.transparent.true_color = 0x0000ff;
}

static void alpha(int x, int opacity, QXLPHYSICAL source)
{
	QXLDrawable *d = draw(QXL_DRAW_ALPHA_BLEND, rect(x, 150, 80, 60), FALSE);
	d->u.alpha_blend.alpha = opacity;
	d->u.alpha_blend.src_bitmap = source;
	d->u.alpha_blend.src_area = rect(0, 0, 80, 60);
}

static void do_alpha(void)
{
	alpha(190, 128, image32(80, 60, GRADIENT));
	alpha(280, 255, image(80, 60, RAMP, SPICE_BITMAP_FMT_RGBA));
}

static void do_blend(void)
{
	QXLDrawable *d = draw(QXL_DRAW_BLEND, rect(370, 150, 80, 60), FALSE);
	d->u.blend.src_bitmap = image32(80, 60, GRADIENT);
	d->u.blend.src_area = rect(0, 0, 80, 60);
	d->u.blend.rop_descriptor = SPICE_ROPD_OP_OR;
}

static void do_black(void)
{
	draw(QXL_DRAW_BLACKNESS, rect(460, 150, 40, 60), TRUE);
}

static void do_white(void)
{
	draw(QXL_DRAW_WHITENESS, rect(510, 150, 40, 60), TRUE);
}

static void do_invers(void)
{
	draw(QXL_DRAW_INVERS, rect(490, 160, 40, 30), FALSE);
}

static void do_rop3(void)
{
	QXLDrawable *d = draw(QXL_DRAW_ROP3, rect(570, 150, 80, 60), FALSE);
	d->u.rop3.src_bitmap = image32(80, 60, GRADIENT);
	d->u.rop3.src_area = rect(0, 0, 80, 60);
	d->u.rop3.brush = solid(0xff00ff);
	d->u.rop3.rop3 = 0xb8;
}

/* A path of one segment and its points, in pixels. */
static QXLPHYSICAL path(int flags, int n, const int (*xy)[2])
{
	gsize size = sizeof(QXLPathSeg) + n * sizeof(QXLPointFix);
	QXLPath *p = g_malloc0(sizeof(*p) + size);
	QXLPathSeg *s = (QXLPathSeg *)p->chunk.data;
	s->flags = flags;
	s->count = n;
	for (int i = 0; i < n; i++)
		s->points[i] = (QXLPointFix){xy[i][0] * 16, xy[i][1] * 16};
	p->data_size = p->chunk.data_size = size;
	return PHYSICAL(p);
}

static void do_stroke(void)
{
	static const int xy[][2] = {{20, 230}, {120, 290}, {220, 230}, {120, 250}, {20, 290}};
	QXLDrawable *d = draw(QXL_DRAW_STROKE, rect(15, 225, 215, 70), FALSE);
	d->u.stroke.path = path(SPICE_PATH_BEGIN | SPICE_PATH_END, G_N_ELEMENTS(xy), xy);
	d->u.stroke.brush = solid(0xffffff);
	d->u.stroke.fore_mode = d->u.stroke.back_mode = PUT;
}

/* Six glyphs of noise, side by side. */
static QXLPHYSICAL string(int x, int y, int flags, int bits)
{
	enum { N = 6, GW = 16, GH = 20 };
	int bytes = GW * bits / 8 * GH;
	gsize size = N * (sizeof(QXLRasterGlyph) + bytes);
	QXLString *s = g_malloc0(sizeof(*s) + size);
	for (int i = 0; i < N; i++) {
		QXLRasterGlyph *g =
			(void *)(s->chunk.data + i * (sizeof(QXLRasterGlyph) + bytes));
		g->render_pos = (QXLPoint){x + i * (GW + 2), y};
		g->glyph_origin = (QXLPoint){0, -16};
		g->width = GW;
		g->height = GH;
		for (int b = 0; b < bytes; b++)
			g->data[b] = (b * 37 + i * 11) ^ b >> 2;
	}
	s->data_size = s->chunk.data_size = size;
	s->length = N;
	s->flags = flags;
	return PHYSICAL(s);
}

static void text(int y, QXLPHYSICAL glyphs, gboolean back)
{
	QXLRect box = rect(245, y, 120, 24);
	QXLDrawable *d = draw(QXL_DRAW_TEXT, box, FALSE);
	d->u.text.str = glyphs;
	d->u.text.fore_brush = solid(0xffff80);
	d->u.text.back_brush = solid(0x800000);
	d->u.text.back_area = back ? box : rect(0, 0, 0, 0);
	d->u.text.fore_mode = d->u.text.back_mode = PUT;
}

/* Not A8: the real renderers read a row behind each such glyph (channels.md, "Text"). */
static void do_text(void)
{
	text(230, string(250, 250, SPICE_STRING_FLAGS_RASTER_A1, 1), FALSE);
	text(254, string(250, 274, SPICE_STRING_FLAGS_RASTER_A4, 4), TRUE);
}

static void do_composite(void)
{
	QXLDrawable *d = draw(QXL_DRAW_COMPOSITE, rect(20, 320, 120, 90), FALSE);
	d->u.composite.flags = QXL_OP_OVER;
	d->u.composite.src = image(120, 90, RAMP, SPICE_BITMAP_FMT_RGBA);
}

static void do_clip(void)
{
	const QXLRect rects[2] = {rect(400, 230, 30, 70), rect(450, 240, 30, 40)};
	QXLDrawable *d = fill(rect(390, 225, 120, 80), 0x00c0c0, PUT);
	d->effect = QXL_EFFECT_BLEND;
	clip_to(d, 2, rects);
}

static void do_mask(void)
{
	QXLDrawable *d = fill(rect(520, 230, 64, 64), 0xc000c0, PUT);
	d->effect = QXL_EFFECT_BLEND;
	d->u.fill.mask.bitmap = image(64, 64, GRADIENT, SPICE_BITMAP_FMT_1BIT_BE);
}

static void do_surface(void)
{
	static int id;
	id++;
	surface_create(id, SPICE_SURFACE_FMT_32_xRGB, 128, 96, -128 * 4);
	fill(rect(0, 0, 128, 96), 0x806000, PUT)->surface_id = id;
	copy(rect(20, 20, 80, 60), image32(80, 60, PHOTO), 80, 60, PUT)->surface_id = id;
	reads(copy(rect(600, 230, 128, 96), surface_image(id, 128, 96), 128, 96, PUT), 0, id, 128, 96);
	push(QXL_CMD_SURFACE, surface(id, QXL_SURFACE_CMD_DESTROY));
}

static void copy_bits(QXLRect box, int x, int y)
{
	QXLDrawable *d = draw(QXL_COPY_BITS, box, TRUE);
	d->u.copy_bits.src_pos.x = x;
	d->u.copy_bits.src_pos.y = y;
}

static void do_copy_bits(void)
{
	copy_bits(rect(200, 320, 300, 120), 360, 10);
}

static void do_cursor(void)
{
	enum { SIDE = 32, BYTES = SIDE * SIDE * 4 };
	QXLCursor *c = g_malloc0(sizeof(*c) + BYTES);
	QXLCursorCmd *set = g_new0(QXLCursorCmd, 1);
	c->header = (QXLCursorHeader){unique++, SPICE_CURSOR_TYPE_ALPHA, SIDE, SIDE, 3, 5};
	c->data_size = c->chunk.data_size = BYTES;
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE - y; x++)
			memcpy(c->chunk.data + (y * SIDE + x) * 4, &(guint32){0xffff0000u + x * 8}, 4);
	set->release_info.id = unique++;
	set->type = QXL_CURSOR_SET;
	set->u.set.position = (QXLPoint16){100, 120};
	set->u.set.visible = 1;
	set->u.set.shape = PHYSICAL(c);
	push_cursor(set);
}

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{"fill", do_fill},
	{"pattern", do_pattern},
	{"copy", do_copy},
	{"rops", do_rops},
	{"opaque", do_opaque},
	{"transp", do_transparent},
	{"alpha", do_alpha},
	{"blend", do_blend},
	{"black", do_black},
	{"white", do_white},
	{"invers", do_invers},
	{"rop3", do_rop3},
	{"stroke", do_stroke},
	{"text", do_text},
	{"clip", do_clip},
	{"mask", do_mask},
	{"surf", do_surface},
	{"comp", do_composite},
	{"copybits", do_copy_bits},
	{"cursor", do_cursor},
};

void draw_group(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		if (!strcmp(name, groups[i].name))
			groups[i].run();
}

void draw_random(int n, int seed)
{
	static const int rops[] = {PUT, SPICE_ROPD_OP_XOR, SPICE_ROPD_OP_OR, SPICE_ROPD_OP_AND};
	g_rand_set_seed(dice, seed);
	for (int i = 0; i < n; i++) {
		int w = 1 + below(200), h = 1 + below(150);
		int x = below(WIDTH - w), y = below(HEIGHT - h);
		int rop = rops[below(4)];
		switch (below(4)) {
		case 0:
			fill(rect(x, y, w, h), below(1 << 24), rop);
			break;
		case 1:
			copy(rect(x, y, w, h), image32(w, h, below(3)), w, h, rop);
			break;
		case 2:
			copy_bits(rect(x, y, w, h), below(WIDTH - w), below(HEIGHT - h));
			break;
		default:
			draw(QXL_DRAW_INVERS, rect(x, y, w, h), FALSE);
		}
	}
}
