/* Drawing commands of a recording as messages of the display channel. What decides how the text goes on must be right,
 * else the reading ends; other values that no device accepts make the one command a fault. */
#include "base/err.h"
#include "base/mem.h"
#include "draw/bitmap.h"
#include "server/qxl-text.h"

struct reading {
	struct qxl_text *t;
	struct qxl_event *e;
	struct draw_base base;
	bool self_bitmap;
	bool compat; /* of old drivers: some fields are others */
};

enum { IMAGE_DIRECT = 1 };
enum { ROPD_ALL = 0x7ff, MASK_ALL = MASK_FLAGS_INVERS, ALPHA_ALL = 3, COMPOSITE_ALL = 0x3fffff };

static void fault(struct reading *r, const char *why)
{
	if (!r->e->fault)
		r->e->fault = why;
}

static void *get(struct reading *r, size_t n)
{
	void *p = r->t->rc ? NULL : arena_alloc(r->t->arena, n);

	if (!p)
		qxl_fail(r->t, E_LIMIT, "less");
	return p;
}

/* ---- the parts of commands ---- */

static struct rect rect(struct reading *r, const char *key)
{
	uint32_t v[4];

	qxl_u32s(r->t, key, 4, v);
	return (struct rect){.top = (int32_t)v[0], .left = (int32_t)v[1], .bottom = (int32_t)v[2],
		.right = (int32_t)v[3]};
}

static struct point point(struct reading *r)
{
	uint32_t v[2];

	qxl_u32s(r->t, "point", 2, v);
	return (struct point){(int32_t)v[0], (int32_t)v[1]};
}

static struct point16 origin(struct reading *r, const char *key)
{
	uint32_t v[2];

	qxl_u32s(r->t, key, 2, v);
	for (int i = 0; i < 2; i++)
		if ((int32_t)v[i] != (int16_t)v[i])
			fault(r, key);
	return (struct point16){(int16_t)v[0], (int16_t)v[1]};
}

static uint16_t rop(struct reading *r, const char *key)
{
	uint32_t v = qxl_u32(r->t, key);

	if (v & ~(uint32_t)ROPD_ALL)
		fault(r, key);
	return v & ROPD_ALL;
}

static uint8_t small(struct reading *r, const char *key, uint32_t max)
{
	uint32_t v = qxl_u32(r->t, key);

	if (v > max)
		fault(r, key);
	return (uint8_t)v;
}

/* A raw rectangle: top, left, bottom, right. */
static struct rect raw_rect(const uint8_t *p)
{
	return (struct rect){.top = (int32_t)get_le32(p), .left = (int32_t)get_le32(p + 4),
		.bottom = (int32_t)get_le32(p + 8), .right = (int32_t)get_le32(p + 12)};
}

static struct clip clip(struct reading *r)
{
	enum { RECT = 16 };
	struct clip c = {0};
	uint32_t type = qxl_u32(r->t, "type"), n;
	struct slice raw;

	if (type > CLIP_TYPE_RECTS)
		qxl_fail(r->t, E_INVAL, "type of a clip");
	c.type = (uint8_t)type;
	if (r->t->rc || type == CLIP_TYPE_NONE)
		return c;
	n = qxl_u32(r->t, "num_rects");
	raw = qxl_join(r->t, qxl_chunks(r->t, "clip_rects"));
	if (n > LIM_CLIP_RECTS || raw.n / RECT < n) {
		fault(r, "num_rects");
		return c;
	}
	c.rects.rects = get(r, n * sizeof(struct rect));
	c.rects.num_rects = n;
	for (uint32_t i = 0; i < n && c.rects.rects; i++)
		c.rects.rects[i] = raw_rect(raw.p + (size_t)i * RECT);
	return c;
}

/* ---- images ---- */

static struct palette *palette(struct reading *r)
{
	struct palette *p = get(r, sizeof(*p));
	uint32_t n = qxl_u32(r->t, "qp.num_ents");
	uint64_t unique = qxl_u64(r->t, "unique");

	if (n > 256)
		qxl_fail(r->t, E_INVAL, "qp.num_ents");
	if (r->t->rc)
		return NULL;
	p->unique = unique;
	p->num_ents = (uint16_t)n;
	p->ents = get(r, n * sizeof(*p->ents));
	for (uint32_t i = 0; i < n && !r->t->rc; i++)
		p->ents[i] = qxl_u32(r->t, "ents");
	return p;
}

static void bitmap(struct reading *r, struct qxl_image *q)
{
	struct bitmap_data *b = &q->image.bitmap;
	const struct bitmap_form *f;
	uint32_t flags, has_palette;
	struct slice *flat;

	b->format = small(r, "bitmap.format", BITMAP_FMT_8BIT_A);
	flags = qxl_u32(r->t, "bitmap.flags");
	b->flags = flags & BITMAP_FLAGS_TOP_DOWN;
	b->x = qxl_u32(r->t, "bitmap.x");
	b->y = qxl_u32(r->t, "bitmap.y");
	b->stride = qxl_u32(r->t, "bitmap.stride");
	has_palette = qxl_u32(r->t, "has_palette");
	if (has_palette > 1)
		qxl_fail(r->t, E_INVAL, "has_palette");
	if (has_palette)
		b->palette = palette(r);
	if (flags & IMAGE_DIRECT) {
		flat = get(r, sizeof(*flat));
		if (flat)
			*flat = qxl_block(r->t, "image_data_flat");
		q->bytes = (struct qxl_bytes){flat, 1, flat ? flat->n : 0};
	} else {
		q->bytes = qxl_chunks(r->t, "bitmap.data");
	}
	f = bitmap_form(b->format);
	if (!f || !lim_image_fits(b->x, b->y) || b->stride < bitmap_row_bytes(f, b->x) ||
		q->bytes.total < (uint64_t)b->stride * b->y)
		fault(r, "bitmap");
}

static struct image *image(struct reading *r)
{
	uint32_t there = qxl_u32(r->t, "image");
	struct qxl_image *q;
	uint32_t type;

	if (there > 1)
		qxl_fail(r->t, E_INVAL, "image");
	if (r->t->rc || !there || !(q = get(r, sizeof(*q))))
		return NULL;
	q->image.d.id = qxl_u64(r->t, "descriptor.id");
	type = qxl_u32(r->t, "descriptor.type");
	q->image.d.flags = qxl_u32(r->t, "descriptor.flags") & (IMAGE_FLAGS_CACHE_ME | IMAGE_FLAGS_HIGH_BITS_SET);
	q->image.d.width = qxl_u32(r->t, "descriptor.width");
	q->image.d.height = qxl_u32(r->t, "descriptor.height");
	q->image.d.type = (uint8_t)type;
	if (r->t->rc)
		return NULL;
	if (type == IMAGE_TYPE_BITMAP) {
		bitmap(r, q);
	} else if (type == IMAGE_TYPE_QUIC) {
		q->image.coded.data_size = qxl_u32(r->t, "quic.data_size");
		q->bytes = qxl_chunks(r->t, "quic.data");
	} else if (type == IMAGE_TYPE_SURFACE) {
		q->image.surface_id = qxl_u32(r->t, "surface_image.surface_id");
	} else {
		qxl_fail(r->t, E_INVAL, "descriptor.type");
	}
	return r->t->rc ? NULL : &q->image;
}

/* The source of a command, which may be what it draws on. */
static void source(struct reading *r, struct image **field, struct rect *area)
{
	*field = image(r);
	if (!*field && r->self_bitmap)
		r->e->self = field;
	*area = rect(r, "rect src_area");
}

static struct brush brush(struct reading *r)
{
	struct brush b = {0};
	uint32_t type = qxl_u32(r->t, "type");

	if (type > BRUSH_TYPE_PATTERN)
		qxl_fail(r->t, E_INVAL, "type of a brush");
	if (r->t->rc)
		return b;
	b.type = (uint8_t)type;
	if (type == BRUSH_TYPE_SOLID)
		b.color = qxl_u32(r->t, "u.color");
	if (type == BRUSH_TYPE_PATTERN) {
		b.pattern.pat = image(r);
		b.pattern.pos = point(r);
		if (!b.pattern.pat)
			fault(r, "a brush without its pattern");
	}
	return b;
}

static struct qmask mask(struct reading *r)
{
	struct qmask m = {0};

	m.flags = qxl_u32(r->t, "flags") & MASK_ALL;
	m.pos = point(r);
	m.bitmap = image(r);
	r->e->mask = m.bitmap;
	return m;
}

/* ---- the commands, in the order of their numbers ---- */

static void fill(struct reading *r, void *body)
{
	struct draw_fill *m = body;

	m->brush = brush(r);
	m->rop = rop(r, "rop_descriptor");
	m->mask = mask(r);
}

static void opaque(struct reading *r, void *body)
{
	struct draw_opaque *m = body;

	source(r, &m->src, &m->src_area);
	m->brush = brush(r);
	m->rop = rop(r, "rop_descriptor");
	m->scale_mode = small(r, "scale_mode", SCALE_MODE_NEAREST);
	m->mask = mask(r);
}

static void copy(struct reading *r, void *body)
{
	struct draw_copy *m = body;

	source(r, &m->src, &m->src_area);
	m->rop = rop(r, "rop_descriptor");
	m->scale_mode = small(r, "scale_mode", SCALE_MODE_NEAREST);
	m->mask = mask(r);
}

static void copy_bits(struct reading *r, void *body)
{
	((struct copy_bits *)body)->src_pos = point(r);
}

static void plain(struct reading *r, void *body)
{
	((struct draw_blackness *)body)->mask = mask(r);
}

static void rop3(struct reading *r, void *body)
{
	struct draw_rop3 *m = body;

	source(r, &m->src, &m->src_area);
	m->brush = brush(r);
	m->rop3 = small(r, "rop3", UINT8_MAX);
	m->scale_mode = small(r, "scale_mode", SCALE_MODE_NEAREST);
	m->mask = mask(r);
}

static void transparent(struct reading *r, void *body)
{
	struct draw_transparent *m = body;

	source(r, &m->src, &m->src_area);
	m->src_color = qxl_u32(r->t, "src_color");
	m->true_color = qxl_u32(r->t, "true_color");
}

static void alpha_blend(struct reading *r, void *body)
{
	struct draw_alpha_blend *m = body;

	if (!r->compat)
		m->alpha_flags = qxl_u32(r->t, "alpha_flags") & ALPHA_ALL;
	m->alpha = small(r, "alpha", UINT8_MAX);
	source(r, &m->src, &m->src_area);
}

static bool transform(struct reading *r, const char *key, struct transform *m)
{
	enum { SIZE = 24 };
	uint32_t there = qxl_u32(r->t, key);
	struct slice s;

	if (there > 1)
		qxl_fail(r->t, E_INVAL, key);
	if (r->t->rc || !there)
		return false;
	s = qxl_block(r->t, "transform");
	if (s.n != SIZE) {
		qxl_fail(r->t, E_INVAL, "transform");
		return false;
	}
	*m = (struct transform){(int32_t)get_le32(s.p), (int32_t)get_le32(s.p + 4), (int32_t)get_le32(s.p + 8),
		(int32_t)get_le32(s.p + 12), (int32_t)get_le32(s.p + 16), (int32_t)get_le32(s.p + 20)};
	return true;
}

/* What is there decides over the flags that say so. */
static void composite(struct reading *r, void *body)
{
	struct draw_composite *m = body;
	uint32_t there;

	m->flags = qxl_u32(r->t, "flags") & COMPOSITE_ALL & ~(uint32_t)(COMPOSITE_FLAGS_HAS_MASK |
		COMPOSITE_FLAGS_HAS_SRC_TRANSFORM | COMPOSITE_FLAGS_HAS_MASK_TRANSFORM);
	m->src = image(r);
	if (transform(r, "src_transform", &m->src_transform))
		m->flags |= COMPOSITE_FLAGS_HAS_SRC_TRANSFORM;
	there = qxl_u32(r->t, "mask");
	if (there > 1)
		qxl_fail(r->t, E_INVAL, "mask");
	if (there && (m->mask = image(r)))
		m->flags |= COMPOSITE_FLAGS_HAS_MASK;
	if (transform(r, "mask_transform", &m->mask_transform))
		m->flags |= COMPOSITE_FLAGS_HAS_MASK_TRANSFORM;
	m->src_origin = origin(r, "src_origin");
	m->mask_origin = origin(r, "mask_origin");
}

static void stroke(struct reading *r, void *body)
{
	struct draw_stroke *m = body;
	uint32_t n;
	struct slice style;

	m->path = qxl_path(qxl_join(r->t, qxl_chunks(r->t, "path")), r->t->arena);
	if (!m->path)
		fault(r, "path");
	m->attr.flags = qxl_u32(r->t, "attr.flags") & (LINE_FLAGS_START_WITH_GAP | LINE_FLAGS_STYLED);
	if (m->attr.flags & LINE_FLAGS_STYLED) {
		n = qxl_u32(r->t, "attr.style_nseg");
		style = qxl_block(r->t, "style");
		if (n > UINT8_MAX || style.n / 4 < n) {
			fault(r, "attr.style_nseg");
			n = 0;
		}
		m->attr.style_nseg = (uint8_t)n;
		m->attr.style = get(r, n * sizeof(*m->attr.style));
		for (uint32_t i = 0; i < n && m->attr.style; i++)
			m->attr.style[i] = (int32_t)get_le32(style.p + 4 * (size_t)i);
	}
	m->brush = brush(r);
	m->fore_mode = rop(r, "fore_mode");
	m->back_mode = rop(r, "back_mode");
}

static void text(struct reading *r, void *body)
{
	struct draw_text *m = body;
	uint32_t length, flags;

	qxl_u32(r->t, "data_size");
	length = qxl_u32(r->t, "length");
	flags = qxl_u32(r->t, "flags");
	m->str = qxl_string(qxl_join(r->t, qxl_chunks(r->t, "string")), length, flags, r->t->arena);
	if (!m->str)
		fault(r, "string");
	m->back_area = rect(r, "rect back_area");
	m->fore_brush = brush(r);
	m->back_brush = brush(r);
	m->fore_mode = rop(r, "fore_mode");
	m->back_mode = rop(r, "back_mode");
}

static const struct kind {
	unsigned number; /* of the message; 0: none */
	size_t size;
	void (*read)(struct reading *r, void *body);
} kinds[] = {
	{0, 0, NULL},
	{S_DISPLAY_DRAW_FILL, sizeof(struct draw_fill), fill},
	{S_DISPLAY_DRAW_OPAQUE, sizeof(struct draw_opaque), opaque},
	{S_DISPLAY_DRAW_COPY, sizeof(struct draw_copy), copy},
	{S_DISPLAY_COPY_BITS, sizeof(struct copy_bits), copy_bits},
	{S_DISPLAY_DRAW_BLEND, sizeof(struct draw_copy), copy},
	{S_DISPLAY_DRAW_BLACKNESS, sizeof(struct draw_blackness), plain},
	{S_DISPLAY_DRAW_WHITENESS, sizeof(struct draw_blackness), plain},
	{S_DISPLAY_DRAW_INVERS, sizeof(struct draw_blackness), plain},
	{S_DISPLAY_DRAW_ROP3, sizeof(struct draw_rop3), rop3},
	{S_DISPLAY_DRAW_STROKE, sizeof(struct draw_stroke), stroke},
	{S_DISPLAY_DRAW_TEXT, sizeof(struct draw_text), text},
	{S_DISPLAY_DRAW_TRANSPARENT, sizeof(struct draw_transparent), transparent},
	{S_DISPLAY_DRAW_ALPHA_BLEND, sizeof(struct draw_alpha_blend), alpha_blend},
	{S_DISPLAY_DRAW_COMPOSITE, sizeof(struct draw_composite), composite},
};

/* What every command has before its own; commands of old drivers draw on the screen only. */
static void base(struct reading *r)
{
	uint32_t self = 0;

	qxl_key(r->t, "drawable");
	r->base.box = rect(r, "rect bbox");
	r->base.clip = clip(r);
	qxl_u32(r->t, "effect");
	qxl_u32(r->t, "mm_time");
	r->compat = qxl_is(r->t, "bitmap_offset");
	if (r->compat) {
		self = qxl_u32(r->t, "bitmap_offset");
		r->e->self_area = rect(r, "rect bitmap_area");
	} else {
		self = qxl_u32(r->t, "self_bitmap");
		r->e->self_area = rect(r, "rect self_bitmap_area");
		r->base.surface_id = qxl_u32(r->t, "surface_id");
		for (int i = 0; i < 3; i++) {
			qxl_u32(r->t, "surfaces_dest");
			rect(r, "rect surfaces_rects");
		}
	}
	r->self_bitmap = self != 0;
}

void qxl_read_draw(struct qxl_text *t, struct qxl_event *e)
{
	struct reading r = {.t = t, .e = e};
	const struct kind *k;
	uint32_t type;
	void *body;

	base(&r);
	type = qxl_u32(t, "type");
	if (type >= ARRAY_SIZE(kinds))
		qxl_fail(t, E_INVAL, "type of a drawing command");
	if (t->rc)
		return;
	k = &kinds[type];
	if (!k->number || !(body = get(&r, k->size)))
		return;
	k->read(&r, body);
	*(struct draw_base *)body = r.base; /* the first member of every command */
	e->what = QXL_DRAW;
	e->number = k->number;
	e->body = body;
}
