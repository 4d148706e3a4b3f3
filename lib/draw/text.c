/* DRAW_TEXT: the glyphs of a string become one mask, the fore brush is painted OVER through it. Rows of a glyph are
 * stored bottom-up, whatever RASTER_TOP_DOWN says. Real renderers read the rows of A8 glyphs one too far; we don't
 * (channels.md, "Text": senders avoid A8). */
#include "base/err.h"
#include "base/mem.h"
#include "draw/paint.h"
#include "draw/rop.h"

/* A glyph of any depth. */
struct glyph {
	int64_t x, y; /* the surface pixel of its top left */
	unsigned w, h, bits;
	const uint8_t *data;
};

struct box64 {
	int64_t x1, y1, x2, y2;
};

static struct glyph glyph_at(const struct string *s, unsigned i)
{
#define GLYPH(g, depth)                                                                                     \
	((struct glyph){(int64_t)(g)->render_pos.x + (g)->glyph_origin.x,                                   \
		(int64_t)(g)->render_pos.y + (g)->glyph_origin.y, (g)->width, (g)->height, depth, (g)->data.p})
	if (s->a1)
		return GLYPH(&s->a1[i], 1);
	if (s->a4)
		return GLYPH(&s->a4[i], 4);
	if (s->a8)
		return GLYPH(&s->a8[i], 8);
	return (struct glyph){0};
#undef GLYPH
}

static uint8_t coverage(const struct glyph *g, unsigned x, unsigned row)
{
	const uint8_t *p = g->data + (size_t)(g->h - 1 - row) * ((g->w * g->bits + 7) / 8);

	switch (g->bits) {
	case 1:
		return p[x / 8] & 0x80 >> x % 8 ? 255 : 0;
	case 4:
		return (uint8_t)((x & 1 ? p[x / 2] & 15 : p[x / 2] >> 4) * 16);
	default:
		return p[x];
	}
}

static struct box64 glyph_box(const struct glyph *g)
{
	return (struct box64){g->x, g->y, g->x + g->w, g->y + g->h};
}

/* What all glyphs cover. */
static struct box64 string_box(const struct string *s)
{
	struct box64 b = {INT64_MAX, INT64_MAX, INT64_MIN, INT64_MIN};

	for (unsigned i = 0; i < s->length; i++) {
		struct glyph g = glyph_at(s, i);
		struct box64 r = glyph_box(&g);

		if (r.x1 >= r.x2 || r.y1 >= r.y2)
			continue;
		b.x1 = r.x1 < b.x1 ? r.x1 : b.x1;
		b.y1 = r.y1 < b.y1 ? r.y1 : b.y1;
		b.x2 = r.x2 > b.x2 ? r.x2 : b.x2;
		b.y2 = r.y2 > b.y2 ? r.y2 : b.y2;
	}
	return b;
}

/* region becomes what of it lies in the box. */
static void cut_region(pixman_region32_t *region, struct box64 b)
{
	const pixman_box32_t e = *pixman_region32_extents(region);

	b.x1 = b.x1 > e.x1 ? b.x1 : e.x1;
	b.y1 = b.y1 > e.y1 ? b.y1 : e.y1;
	b.x2 = b.x2 < e.x2 ? b.x2 : e.x2;
	b.y2 = b.y2 < e.y2 ? b.y2 : e.y2;
	if (b.x1 < b.x2 && b.y1 < b.y2)
		pixman_region32_intersect_rect(region, region, (int)b.x1, (int)b.y1, (unsigned)(b.x2 - b.x1),
			(unsigned)(b.y2 - b.y1));
	else
		pixman_region32_clear(region);
}

/* Adds a glyph to the mask, which covers the region's extents; overlapping glyphs combine by maximum. */
static void add_glyph(struct pixmap *mask, const pixman_box32_t *e, const struct glyph *g)
{
	struct box64 b = glyph_box(g);
	int64_t x1 = b.x1 > e->x1 ? b.x1 : e->x1, x2 = b.x2 < e->x2 ? b.x2 : e->x2;
	int64_t y1 = b.y1 > e->y1 ? b.y1 : e->y1, y2 = b.y2 < e->y2 ? b.y2 : e->y2;

	for (int64_t y = y1; y < y2; y++) {
		uint8_t *row = mask->data + (size_t)(y - e->y1) * (size_t)mask->stride;

		for (int64_t x = x1; x < x2; x++) {
			uint8_t v = coverage(g, (unsigned)(x - g->x), (unsigned)(y - g->y));

			if (v > row[x - e->x1])
				row[x - e->x1] = v;
		}
	}
}

/* The fore brush as a source. On 16-bit surfaces, 565 too, a colour is a 555 value. */
static pixman_image_t *fore_source(const struct ink *ink, uint32_t format)
{
	uint32_t c = ink->word;
	pixman_image_t *v;

	if (ink->pattern) {
		v = pixmap_view(ink->pattern, ink->pattern->format);
		pixman_image_set_repeat(v, PIXMAN_REPEAT_NORMAL);
		return v;
	}
	if (pixmap_bits(format) == 16)
		c = colour_of_555(c);
	return pixman_image_create_solid_fill(&(pixman_color_t){.red = (uint16_t)((c >> 16 & 255) * 0x101),
		.green = (uint16_t)((c >> 8 & 255) * 0x101), .blue = (uint16_t)((c & 255) * 0x101), .alpha = 0xffff});
}

static void paint_glyphs(struct job *j, const struct string *s, const struct ink *ink, struct box64 box)
{
	pixman_region32_t *region = &j->a.region;
	const pixman_box32_t *e = pixman_region32_extents(region);
	struct pixmap *mask = pixmap_new(SURFACE_FMT_8_A, (unsigned)(e->x2 - e->x1), (unsigned)(e->y2 - e->y1));
	pixman_image_t *to = pixmap_view(j->a.dst, j->a.dst->format), *from = fore_source(ink, j->a.dst->format);
	int64_t px = e->x1 - box.x1, py = e->y1 - box.y1;

	for (unsigned i = 0; i < s->length; i++) {
		struct glyph g = glyph_at(s, i);

		add_glyph(mask, e, &g);
	}
	if (ink->pattern) { /* it counts from the string's top left */
		px = (px - ink->x) % ink->pattern->width;
		py = (py - ink->y) % ink->pattern->height;
	}
	pixman_image_set_clip_region32(to, region);
	pixman_image_composite32(PIXMAN_OP_OVER, from, mask->image, to, (int)px, (int)py, 0, 0, e->x1, e->y1,
		e->x2 - e->x1, e->y2 - e->y1);
	pixman_image_unref(from);
	pixman_image_unref(to);
	pixmap_unref(mask);
}

/* Fills the back area; the region of the glyphs is cut to where they are. */
static void draw_string(struct job *j, const struct draw_text *m, const struct ink *back)
{
	struct box64 box = string_box(m->str);
	pixman_region32_t all;

	pixman_region32_init(&all);
	pixman_region32_copy(&all, &j->a.region);
	if (!rect_is_empty(&m->back_area)) {
		cut_region(&j->a.region, (struct box64){m->back_area.left, m->back_area.top, m->back_area.right,
			m->back_area.bottom});
		paint_rop(&j->a, ROP_P, back, NULL);
	} else {
		pixman_region32_clear(&j->a.region);
	}
	if (m->fore_brush.type != BRUSH_TYPE_NONE) {
		pixman_region32_t filled = j->a.region;

		j->a.region = all;
		cut_region(&j->a.region, box);
		if (!area_empty(&j->a))
			paint_glyphs(j, m->str, &j->ink, box);
		pixman_region32_union(&j->a.region, &j->a.region, &filled);
		pixman_region32_fini(&filled);
	} else {
		pixman_region32_fini(&all);
	}
}

int draw_text(struct job *j, const void *body)
{
	const struct draw_text *m = body;
	struct ink back = {0};
	int rc;

	if ((rc = job_ink(j, &m->fore_brush, &j->ink)) || (rc = job_ink(j, &m->back_brush, &back)))
		goto out;
	if (!m->str->a1 && !m->str->a4 && !m->str->a8) {
		rc = E_INVAL; /* no glyph, or of no depth */
		goto out;
	}
	if (j->a.dst->format == SURFACE_FMT_1_A ||
		(!rect_is_empty(&m->back_area) && !(m->fore_mode & ROPD_OP_PUT)))
		pixman_region32_clear(&j->a.region);
	else
		draw_string(j, m, &back);
out:
	pixmap_unref(back.pattern);
	return rc;
}
