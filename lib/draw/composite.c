/* DRAW_COMPOSITE: pixman's composite with the arguments of the message (channels.md, "Pixel rules"). Numbers that it
 * does not know, or that need parameters which the protocol does not carry, are refused here: pixman indexes tables
 * with them. */
#include "base/err.h"
#include "base/mem.h"
#include "draw/paint.h"
#include "draw/rop.h"

/* The fields of the flag word: where source and mask have their own. */
static const struct fields {
	unsigned filter, repeat; /* shifts of three and two bits */
	uint32_t has_transform;
} source_fields = {8, 14, COMPOSITE_FLAGS_HAS_SRC_TRANSFORM}, mask_fields = {11, 16,
	COMPOSITE_FLAGS_HAS_MASK_TRANSFORM};

static bool operator_ok(unsigned op)
{
	return op <= PIXMAN_OP_SATURATE || (op >= PIXMAN_OP_MULTIPLY && op <= PIXMAN_OP_HSL_LUMINOSITY);
}

static bool filter_ok(uint32_t flags, const struct fields *f)
{
	return (flags >> f->filter & 7) <= PIXMAN_FILTER_BILINEAR;
}

/* An image in the form in which a command sees it; a surface stays what it is, an image without alpha is opaque. */
static struct pixmap *seen(struct pixmap *p, bool surface, uint32_t target)
{
	bool wide = pixmap_bits(target) == 32;

	return surface || (wide && pixmap_bits(p->format) == 32) ? p
		: pixmap_convert(p, wide ? SURFACE_FMT_32_xRGB : target);
}

static pixman_image_t *view(const struct pixmap *p, uint32_t format, uint32_t flags, const struct fields *f,
	const struct transform *t)
{
	pixman_image_t *v = pixmap_view(p, format);
	pixman_transform_t m = {{{t->t00, t->t01, t->t02}, {t->t10, t->t11, t->t12}, {0, 0, pixman_fixed_1}}};

	pixman_image_set_filter(v, (pixman_filter_t)(flags >> f->filter & 7), NULL, 0);
	pixman_image_set_repeat(v, (pixman_repeat_t)(flags >> f->repeat & 3));
	if (flags & f->has_transform)
		pixman_image_set_transform(v, &m);
	return v;
}

/* On a copy of what the region covers, since the source may be the surface itself; then the region back. */
static void composite(struct job *j, const struct draw_composite *m, struct pixmap *mask)
{
	const pixman_box32_t *e = pixman_region32_extents(&j->a.region);
	int w = e->x2 - e->x1, h = e->y2 - e->y1;
	int dx = e->x1 - m->base.box.left, dy = e->y1 - m->base.box.top;
	bool opaque = m->flags & COMPOSITE_FLAGS_SOURCE_OPAQUE && m->src->d.type == IMAGE_TYPE_SURFACE &&
		j->src->format == SURFACE_FMT_32_ARGB;
	pixman_image_t *from, *by = NULL;

	j->sheet = (struct sheet){pixmap_new(j->a.dst->format, (unsigned)w, (unsigned)h), e->x1, e->y1};
	pixman_image_composite32(PIXMAN_OP_SRC, j->a.dst->image, NULL, j->sheet.p->image, e->x1, e->y1, 0, 0, 0, 0, w,
		h);
	from = view(j->src, opaque ? SURFACE_FMT_32_xRGB : j->src->format, m->flags, &source_fields, &m->src_transform);
	if (mask) {
		by = view(mask, mask->format, m->flags, &mask_fields, &m->mask_transform);
		pixman_image_set_component_alpha(by, !!(m->flags & COMPOSITE_FLAGS_COMPONENT_ALPHA));
	}
	pixman_image_composite32((pixman_op_t)(m->flags & 0xff), from, by, j->sheet.p->image, m->src_origin.x + dx,
		m->src_origin.y + dy, m->mask_origin.x + dx, m->mask_origin.y + dy, 0, 0, w, h);
	if (by)
		pixman_image_unref(by);
	pixman_image_unref(from);
	paint_rop(&j->a, ROP_S, &j->ink, &j->sheet);
}

int draw_composite(struct job *j, const void *body)
{
	const struct draw_composite *m = body;
	const struct rect *box = &m->base.box;
	struct pixmap *mask = NULL;
	int rc;

	if ((rc = job_fetch(j, m->src, false, &j->src)))
		return rc;
	if (m->mask && (rc = job_fetch(j, m->mask, false, &mask)))
		return rc;
	if (!operator_ok(m->flags & 0xff) || !filter_ok(m->flags, &source_fields) || !filter_ok(m->flags, &mask_fields))
		rc = E_INVAL;
	/* boxes that don't lie in the surface are undefined: those far outside are not drawn */
	if (rc || box->left < -LIM_IMAGE_SIDE || box->top < -LIM_IMAGE_SIDE || j->a.dst->format == SURFACE_FMT_1_A)
		pixman_region32_clear(&j->a.region);
	if (!area_empty(&j->a)) {
		j->src = seen(j->src, m->src->d.type == IMAGE_TYPE_SURFACE, j->a.dst->format);
		if (mask)
			mask = seen(mask, m->mask->d.type == IMAGE_TYPE_SURFACE, j->a.dst->format);
		composite(j, m, mask);
	}
	pixmap_unref(mask);
	return rc;
}
