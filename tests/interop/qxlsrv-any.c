/* Random commands of every kind, with all that they may carry: rops, brushes, clips, masks, scaling, sources of every
 * format, on the screen and on surfaces of every format. Left out is what the real renderer can't stand (channels.md,
 * "Crash-avoiding rules") or leaves undefined. In the end the screen shows what is on the surfaces. */
#include "qxlsrv.h"

#include <string.h>

enum { SURFACES = 6, FIRST = 40, W = 160, H = 120, TARGETS = SURFACES - 1 };

/* Surface 0 is the screen; the others have the ids FIRST + 1... */
static const int formats[SURFACES] = {SPICE_SURFACE_FMT_32_xRGB, SPICE_SURFACE_FMT_32_xRGB,
	SPICE_SURFACE_FMT_32_ARGB, SPICE_SURFACE_FMT_16_555, SPICE_SURFACE_FMT_16_565, SPICE_SURFACE_FMT_8_A};

/* What is drawn on, and the command that does it. */
struct target {
	int surface, format, w, h;
	QXLDrawable *d;
	int n_reads;
};

struct source {
	QXLPHYSICAL image;
	int w, h;
};

static int depth_of(int format)
{
	return format == SPICE_SURFACE_FMT_8_A ? 8 : format == SPICE_SURFACE_FMT_16_555 ||
		format == SPICE_SURFACE_FMT_16_565 ? 16 : 32;
}

static int id_of(int surface)
{
	return surface ? FIRST + surface : 0;
}

static int one_in(int n)
{
	return below(n) == 0;
}

/* ---- pictures ---- */

static void *noise_under(gsize n, guint32 mask)
{
	guint32 *p = g_malloc0((n + 3) & ~3ul);
	for (gsize i = 0; i < (n + 3) / 4; i++)
		p[i] = g_rand_int(dice) & mask;
	return p;
}

static void *noise(gsize n)
{
	return noise_under(n, ~0u);
}

static QXLPHYSICAL any_palette(int n, int format)
{
	QXLPalette *p = g_malloc0(sizeof(*p) + n * 4);
	p->unique = one_in(2) ? unique++ : 0;
	p->num_ents = n;
	for (int i = 0; i < n; i++)
		p->ents[i] = g_rand_int(dice) & (depth_of(format) == 16 ? 0x7fff : 0xffffffff);
	return PHYSICAL(p);
}

static struct source any_bitmap(int format, int w, int h)
{
	static const int fmts[] = {SPICE_BITMAP_FMT_32BIT, SPICE_BITMAP_FMT_RGBA, SPICE_BITMAP_FMT_24BIT,
		SPICE_BITMAP_FMT_16BIT, SPICE_BITMAP_FMT_8BIT, SPICE_BITMAP_FMT_4BIT_BE, SPICE_BITMAP_FMT_1BIT_BE};
	static const int bits[] = {32, 32, 24, 16, 8, 4, 1};
	gboolean palettes = depth_of(format) == 32 || format == SPICE_SURFACE_FMT_16_555;
	int k = below(palettes ? 7 : 4), stride = (w * bits[k] + 31) / 32 * 4;
	/* compression loses the unused byte of 32 bits, and the renderer has it */
	QXLImage *i = image_of(w, h, fmts[k], noise_under((gsize)stride * h, k ? ~0u : 0xffffff), stride);
	if (bits[k] <= 8)
		i->bitmap.palette = any_palette(1 << bits[k], format);
	if (one_in(4))
		i->bitmap.flags &= ~QXL_BITMAP_TOP_DOWN;
	return (struct source){PHYSICAL(i), w, h};
}

static struct source from_surface(struct target *t, int surface)
{
	reads(t->d, t->n_reads++, id_of(surface), W, H);
	return (struct source){surface_image(id_of(surface), W, H), W, H};
}

/* The target takes the words of this surface as they are: not those whose alpha is not defined. */
static gboolean takes_words(const struct target *t, int s)
{
	return s != t->surface && depth_of(formats[s]) == depth_of(t->format) &&
		(t->format != SPICE_SURFACE_FMT_32_ARGB || formats[s] == t->format);
}

/* Of at least this size. */
static struct source any_source(struct target *t, int w, int h)
{
	int s = 1 + below(TARGETS);
	if (one_in(3) && t->n_reads < 3 && takes_words(t, s) && w <= W && h <= H)
		return from_surface(t, s);
	return any_bitmap(t->format, w + below(20), h + below(20));
}

/* ---- what commands share ---- */

static QXLRect any_box(const struct target *t)
{
	int w = 1 + below(t->w < 200 ? t->w : 200), h = 1 + below(t->h < 150 ? t->h : 150);
	return rect(below(t->w - w + 1), below(t->h - h + 1), w, h);
}

static int width(const QXLRect *r)
{
	return r->right - r->left;
}

static int height(const QXLRect *r)
{
	return r->bottom - r->top;
}

static int any_rop(void)
{
	int rop = PUT << below(7);
	return one_in(2) ? rop : rop | (int)(g_rand_int(dice) & (SPICE_ROPD_INVERS_SRC | SPICE_ROPD_INVERS_BRUSH |
		SPICE_ROPD_INVERS_DEST | SPICE_ROPD_INVERS_RES));
}

static QXLBrush plain_brush(void)
{
	QXLBrush b = solid(g_rand_int(dice));
	if (one_in(8))
		b.type = SPICE_BRUSH_TYPE_NONE;
	return b;
}

static QXLBrush pattern(QXLPHYSICAL image)
{
	return (QXLBrush){.type = SPICE_BRUSH_TYPE_PATTERN,
		.u.pattern = {image, {below(100) - 50, below(100) - 50}}};
}

static QXLBrush any_brush(struct target *t)
{
	return one_in(3) ? pattern(any_source(t, 1 + below(30), 1 + below(30)).image) : plain_brush();
}

static void any_mask(QXLQMask *m)
{
	int w = 1 + below(200), h = 1 + below(150), stride = (w + 31) / 32 * 4;
	if (!one_in(3))
		return;
	m->flags = one_in(2) ? SPICE_MASK_FLAGS_INVERS : 0;
	m->pos = (QXLPoint){below(30) - 10, below(30) - 10};
	m->bitmap = PHYSICAL(image_of(w, h, SPICE_BITMAP_FMT_1BIT_BE, noise((gsize)stride * h), stride));
}

static void any_clip(struct target *t)
{
	QXLRect rects[5];
	int n = one_in(8) ? 0 : 1 + below(5);
	if (!one_in(3))
		return;
	for (int i = 0; i < n; i++)
		rects[i] = any_box(t);
	clip_to(t->d, n, rects);
}

static void begin(struct target *t, int type, QXLRect box)
{
	t->d = draw(type, box, FALSE);
	t->d->surface_id = id_of(t->surface);
	any_clip(t);
}

/* ---- the kinds ---- */

static void do_fill(struct target *t)
{
	begin(t, QXL_DRAW_FILL, any_box(t));
	t->d->u.fill.brush = any_brush(t);
	t->d->u.fill.rop_descriptor = any_rop();
	any_mask(&t->d->u.fill.mask);
}

/* Part of a source for a box, unscaled. */
static QXLRect any_area(const struct source *s, int w, int h)
{
	return rect(below(s->w - w + 1), below(s->h - h + 1), w, h);
}

static void any_copy(struct target *t, int type)
{
	QXLRect box = any_box(t);
	begin(t, type, box);
	struct source s = any_source(t, width(&box), height(&box));
	QXLCopy *c = &t->d->u.copy;
	c->src_bitmap = s.image;
	c->src_area = any_area(&s, width(&box), height(&box));
	c->rop_descriptor = any_rop();
	any_mask(&c->mask);
}

static void do_copy(struct target *t)
{
	any_copy(t, QXL_DRAW_COPY);
}

static void do_blend(struct target *t)
{
	any_copy(t, QXL_DRAW_BLEND);
}

static void do_stretch(struct target *t)
{
	begin(t, QXL_DRAW_COPY, any_box(t));
	struct source s = any_source(t, 1 + below(150), 1 + below(110));
	QXLCopy *c = &t->d->u.copy;
	c->src_bitmap = s.image;
	c->src_area = any_area(&s, 1 + below(s.w), 1 + below(s.h));
	c->rop_descriptor = any_rop();
	c->scale_mode = below(2);
	any_mask(&c->mask);
}

static void do_opaque(struct target *t)
{
	QXLRect box = any_box(t);
	begin(t, QXL_DRAW_OPAQUE, box);
	gboolean scaled = one_in(2);
	struct source s = any_source(t, width(&box), height(&box));
	QXLOpaque *o = &t->d->u.opaque;
	o->src_bitmap = s.image;
	o->src_area = scaled ? any_area(&s, 1 + below(s.w), 1 + below(s.h))
			     : any_area(&s, width(&box), height(&box));
	o->brush = any_brush(t);
	o->rop_descriptor = any_rop();
	o->scale_mode = below(2);
	any_mask(&o->mask);
}

static void do_transparent(struct target *t)
{
	QXLRect box = any_box(t);
	begin(t, QXL_DRAW_TRANSPARENT, box);
	QXLTransparent *k = &t->d->u.transparent;
	k->src_color = k->true_color = below(2) ? 0 : g_rand_int(dice) & 0xffffff;
	int w = 1 + below(100), h = 1 + below(100);
	QXLPHYSICAL icon = image(w, h, ICON, SPICE_BITMAP_FMT_32BIT);
	struct source s = one_in(2) ? (struct source){icon, w, h} : any_source(t, width(&box), height(&box));
	if (s.image == icon)
		k->src_color = k->true_color = below(2) ? 0x0000ff : 0xffc800;
	k->src_bitmap = s.image;
	k->src_area = s.image == icon || one_in(2) ? rect(0, 0, s.w, s.h) : any_area(&s, width(&box), height(&box));
}

static void do_alpha(struct target *t)
{
	QXLRect box = any_box(t);
	begin(t, QXL_DRAW_ALPHA_BLEND, box);
	struct source s = any_source(t, width(&box), height(&box));
	QXLAlphaBlend *b = &t->d->u.alpha_blend;
	b->src_bitmap = s.image;
	b->src_area = one_in(2) ? rect(0, 0, s.w, s.h) : any_area(&s, width(&box), height(&box));
	b->alpha = one_in(3) ? 255 : below(256);
	b->alpha_flags = t->format == SPICE_SURFACE_FMT_32_ARGB ? SPICE_ALPHA_FLAGS_DEST_HAS_ALPHA : 0;
	if (one_in(3))
		b->alpha_flags |= SPICE_ALPHA_FLAGS_SRC_SURFACE_HAS_ALPHA;
}

/* A code whose result depends on pattern, source and destination: no other exists in the renderer. */
static int any_rop3(void)
{
	for (;;) {
		int c = below(256);
		if ((c >> 4) != (c & 15) && (c >> 2 & 0x33) != (c & 0x33) && (c >> 1 & 0x55) != (c & 0x55))
			return c;
	}
}

static void do_rop3(struct target *t)
{
	QXLRect box = any_box(t);
	if (t->format == SPICE_SURFACE_FMT_8_A)
		return;
	begin(t, QXL_DRAW_ROP3, box);
	struct source s = any_source(t, width(&box), height(&box));
	QXLRop3 *r = &t->d->u.rop3;
	r->src_bitmap = s.image;
	r->src_area = any_area(&s, width(&box), height(&box));
	r->brush = any_brush(t);
	if (r->brush.type == SPICE_BRUSH_TYPE_PATTERN)
		r->brush.u.pattern.pos = (QXLPoint){box.left - below(box.left + 1), box.top - below(box.top + 1)};
	r->rop3 = any_rop3();
	any_mask(&r->mask);
}

static void do_plain(struct target *t)
{
	begin(t, QXL_DRAW_BLACKNESS + below(3), any_box(t));
	any_mask(&t->d->u.blackness.mask);
}

static void do_copy_bits(struct target *t)
{
	QXLRect box = any_box(t);
	begin(t, QXL_COPY_BITS, box);
	t->d->u.copy_bits.src_pos = (QXLPoint){below(t->w - width(&box) + 1), below(t->h - height(&box) + 1)};
}

/* ---- lines ---- */

static QXLPointFix any_point(const struct target *t)
{
	return (QXLPointFix){below((t->w + 40) * 16) - 320, below((t->h + 40) * 16) - 320};
}

static void add_segment(GByteArray *out, const struct target *t, int flags, int n)
{
	QXLPathSeg s = {.flags = flags, .count = n};
	g_byte_array_append(out, (void *)&s, sizeof(s));
	for (int i = 0; i < n; i++) {
		QXLPointFix p = any_point(t);
		if (one_in(2))
			p.x &= ~15, p.y &= ~15;
		g_byte_array_append(out, (void *)&p, sizeof(p));
	}
}

static QXLPHYSICAL any_path(const struct target *t, gboolean curves)
{
	GByteArray *out = g_byte_array_new();
	for (int i = 1 + below(3); i > 0; i--) {
		int end = one_in(3) ? SPICE_PATH_END | SPICE_PATH_CLOSE : SPICE_PATH_END;
		add_segment(out, t, SPICE_PATH_BEGIN, 1 + below(3));
		if (curves)
			add_segment(out, t, SPICE_PATH_BEZIER, 3 * (1 + below(3)));
		add_segment(out, t, end, 1 + below(4));
	}
	QXLPath *p = g_malloc0(sizeof(*p) + out->len);
	p->data_size = p->chunk.data_size = out->len;
	memcpy(p->chunk.data, out->data, out->len);
	return PHYSICAL(p);
}

static void any_stroke(struct target *t, gboolean curves)
{
	begin(t, QXL_DRAW_STROKE, one_in(3) ? any_box(t) : rect(0, 0, t->w, t->h));
	QXLStroke *s = &t->d->u.stroke;
	s->path = any_path(t, curves);
	/* patterns are not converted here: one of another depth ends the renderer */
	s->brush = depth_of(t->format) == 32 && one_in(3) ? pattern(image32(20, 30, PHOTO)) : plain_brush();
	s->fore_mode = any_rop();
	s->back_mode = PUT;
}

static void do_stroke(struct target *t)
{
	any_stroke(t, FALSE);
}

static void do_curve(struct target *t)
{
	any_stroke(t, TRUE);
}

static void do_dash(struct target *t)
{
	any_stroke(t, one_in(4));
	int n = 1 + below(6);
	gint32 *style = g_new0(gint32, n);
	for (int i = 0; i < n; i++)
		style[i] = 16 * (1 + below(14)) + below(7);
	t->d->u.stroke.attr.flags = SPICE_LINE_FLAGS_STYLED;
	if (n > 1 && one_in(2))
		t->d->u.stroke.attr.flags |= SPICE_LINE_FLAGS_START_WITH_GAP;
	t->d->u.stroke.attr.style_nseg = n;
	t->d->u.stroke.attr.style = PHYSICAL(style);
}

/* ---- text ---- */

/* Glyphs side by side: where they overlap, A4 is not defined. */
static QXLPHYSICAL any_string(QXLRect box)
{
	GByteArray *out = g_byte_array_new();
	int bits = one_in(2) ? 1 : 4, n = 1 + below(10), x = box.left - below(10);
	for (int i = 0; i < n; i++) {
		QXLRasterGlyph g = {.render_pos = {x, box.top + below(10)},
			.glyph_origin = {below(3), -below(12)},
			.width = 1 + below(24),
			.height = 1 + below(24)};
		int bytes = (g.width * bits + 7) / 8 * g.height;
		g_byte_array_append(out, (void *)&g, sizeof(g));
		g_byte_array_append(out, noise(bytes), bytes);
		x += g.width + 3;
	}
	QXLString *s = g_malloc0(sizeof(*s) + out->len);
	s->data_size = s->chunk.data_size = out->len;
	memcpy(s->chunk.data, out->data, out->len);
	s->length = n;
	s->flags = bits == 1 ? SPICE_STRING_FLAGS_RASTER_A1 : SPICE_STRING_FLAGS_RASTER_A4;
	return PHYSICAL(s);
}

static void do_text(struct target *t)
{
	QXLRect box = any_box(t);
	begin(t, QXL_DRAW_TEXT, box);
	QXLText *x = &t->d->u.text;
	x->str = any_string(box);
	/* not of a surface: the renderer leaves a transform on it */
	x->fore_brush = one_in(3) ? pattern(any_bitmap(t->format, 1 + below(50), 1 + below(50)).image) : plain_brush();
	x->back_brush = any_brush(t);
	x->back_area = one_in(2) ? rect(0, 0, 0, 0) : any_box(t);
	x->fore_mode = x->back_mode = PUT; /* the renderer aborts at others */
}

/* ---- composite ---- */

static QXLPHYSICAL any_transform(void)
{
	QXLTransform *t = g_new0(QXLTransform, 1);
	t->t00 = 0x8000 + below(0x18000);
	t->t11 = 0x8000 + below(0x18000);
	if (one_in(2)) {
		t->t01 = below(0x10000) - 0x8000;
		t->t10 = below(0x10000) - 0x8000;
	}
	t->t02 = below(40 << 16) - (20 << 16);
	t->t12 = below(40 << 16) - (20 << 16);
	return PHYSICAL(t);
}

/* An operand of composite: a surface of any depth will do. With a transform it is none: the renderer leaves the
 * transform on the surface, for all that read it later. */
static QXLPHYSICAL operand(struct target *t, QXLPHYSICAL transform)
{
	int s = 1 + below(TARGETS);
	if (!transform && s != t->surface && one_in(2))
		return from_surface(t, s).image;
	return any_bitmap(t->format, 1 + below(150), 1 + below(110)).image;
}

static QXLPoint16 any_origin(void)
{
	return (QXLPoint16){below(40) - 20, below(40) - 20};
}

static void do_composite(struct target *t)
{
	begin(t, QXL_DRAW_COMPOSITE, any_box(t));
	QXLComposite *c = &t->d->u.composite;
	c->flags = one_in(2) ? below(QXL_OP_SATURATE + 1)
			     : QXL_OP_MULTIPLY + below(QXL_OP_HSL_LUMINOSITY - QXL_OP_MULTIPLY + 1);
	c->flags |= below(5) << 8 | below(5) << 11 | below(4) << 14 | below(4) << 16;
	c->src_transform = one_in(3) ? any_transform() : 0;
	c->src = operand(t, c->src_transform);
	c->src_origin = any_origin();
	c->flags |= c->src_transform ? SPICE_COMPOSITE_HAS_SRC_TRANSFORM : 0;
	if (one_in(3) && (!t->n_reads || t->d->surfaces_dest[0] < FIRST + 3)) /* of less depth it crashes */
		c->flags |= SPICE_COMPOSITE_SOURCE_OPAQUE;
	if (!one_in(2))
		return;
	c->flags |= SPICE_COMPOSITE_HAS_MASK | (one_in(3) ? SPICE_COMPOSITE_COMPONENT_ALPHA : 0);
	c->mask_transform = one_in(3) ? any_transform() : 0;
	c->mask = operand(t, c->mask_transform);
	c->mask_origin = any_origin();
	c->flags |= c->mask_transform ? SPICE_COMPOSITE_HAS_MASK_TRANSFORM : 0;
}

/* ---- surfaces ---- */

/* A surface comes, or goes and comes again with the same number. Not while commands that read it are under way: the
 * server would send pictures of what they draw on, which it has without alpha only, and not of all formats. */
static void make(int s)
{
	static gboolean there[SURFACES];
	if (there[s])
		push(QXL_CMD_SURFACE, surface(id_of(s), QXL_SURFACE_CMD_DESTROY));
	there[s] = TRUE;
	surface_create(id_of(s), formats[s], W, H, W * depth_of(formats[s]) / 8 * (one_in(2) ? 1 : -1));
	struct target t = {.surface = s, .format = formats[s], .w = W, .h = H};
	begin(&t, QXL_DRAW_FILL, rect(0, 0, W, H));
	t.d->clip.type = SPICE_CLIP_TYPE_NONE;
	t.d->u.fill.brush = solid(g_rand_int(dice));
	t.d->u.fill.rop_descriptor = PUT;
}

/* A surface on the screen, or a picture through its alpha. */
static void show(int s, int y, gboolean alpha)
{
	QXLRect box = rect(W * (s - 1), y, W, H);
	struct target t = {.format = formats[0], .w = WIDTH, .h = HEIGHT};
	fill(box, 0x204060, PUT);
	begin(&t, QXL_DRAW_COMPOSITE, box);
	t.d->clip.type = SPICE_CLIP_TYPE_NONE;
	t.d->u.composite.flags = QXL_OP_OVER | (alpha ? SPICE_COMPOSITE_HAS_MASK : 0);
	if (!alpha) {
		t.d->u.composite.src = from_surface(&t, s).image;
		return;
	}
	t.d->u.composite.src = image32(W, H, GRADIENT);
	t.d->u.composite.mask = from_surface(&t, s).image;
}

static const struct {
	const char *name;
	void (*run)(struct target *t);
} kinds[] = {
	{"fill", do_fill},
	{"copy", do_copy},
	{"blend", do_blend},
	{"stretch", do_stretch},
	{"opaque", do_opaque},
	{"transparent", do_transparent},
	{"alpha", do_alpha},
	{"rop3", do_rop3},
	{"plain", do_plain},
	{"copybits", do_copy_bits},
	{"stroke", do_stroke},
	{"curve", do_curve},
	{"dash", do_dash},
	{"text", do_text},
	{"composite", do_composite},
};

void draw_any(int n, int seed, const char *wanted)
{
	int chosen[G_N_ELEMENTS(kinds)], m = 0;
	char **words = g_strsplit_set(g_strstrip(g_strdup(wanted)), " ", -1);
	g_rand_set_seed(dice, seed);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (!words[0] || g_strv_contains((const char *const *)words, kinds[i].name))
			chosen[m++] = i;
	fill(rect(0, 0, WIDTH, HEIGHT), g_rand_int(dice), PUT);
	for (int s = 1; s < SURFACES; s++)
		make(s);
	for (int i = 0; i < n && m; i++) {
		int s = one_in(2) ? 0 : 1 + below(TARGETS);
		struct target t = {s, formats[s], s ? W : WIDTH, s ? H : HEIGHT, NULL, 0};
		kinds[chosen[below(m)]].run(&t);
	}
	for (int s = 1; s < SURFACES; s++) {
		show(s, HEIGHT - H, formats[s] == SPICE_SURFACE_FMT_8_A);
		if (formats[s] == SPICE_SURFACE_FMT_32_ARGB)
			show(s, HEIGHT - 2 * H, TRUE);
	}
	g_strfreev(words);
}
