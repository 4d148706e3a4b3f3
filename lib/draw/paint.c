/* Painting row by row: regions are walked as rectangles, masks as runs of bits inside their rows. */
#include "draw/paint.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "draw/rop.h"

void area_fini(struct area *a)
{
	pixman_region32_fini(&a->region);
	pixmap_unref(a->mask);
}

/* ---- spans ---- */

typedef void span_fn(void *user, const struct area *a, int x, int y, int n);

static bool mask_bit(const struct area *a, int x, int y)
{
	const uint8_t *row = a->mask->data + (size_t)(y - a->mask_y) * (size_t)a->mask->stride;
	int bit = x - a->mask_x;

	return (row[bit / 8] >> bit % 8 & 1) != a->mask_invers;
}

static void masked_span(const struct area *a, int x, int y, int end, span_fn *fn, void *user)
{
	while (x < end) {
		int from;

		while (x < end && !mask_bit(a, x, y))
			x++;
		from = x;
		while (x < end && mask_bit(a, x, y))
			x++;
		if (x > from)
			fn(user, a, from, y, x - from);
	}
}

/* Every span of the area; the region lies within the mask already. */
static void each_span(struct area *a, span_fn *fn, void *user)
{
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles(&a->region, &n);

	for (; n > 0; n--, box++) {
		for (int y = box->y1; y < box->y2; y++) {
			if (a->mask)
				masked_span(a, box->x1, y, box->x2, fn, user);
			else
				fn(user, a, box->x1, y, box->x2 - box->x1);
		}
	}
}

static uint8_t *pixel(const struct pixmap *p, int x, int y)
{
	return p->data + (size_t)y * (size_t)p->stride + (size_t)x * (pixmap_bits(p->format) / 8);
}

/* ---- raster operations ---- */

/* Up to PAINT_CHUNK pixels of ink for (x, y); how many there are in a row of it. */
static int ink_at(const struct painter *j, int x, int y, int n, const uint8_t **p)
{
	const struct ink *ink = j->ink;
	int w, px, py;

	if (!ink->pattern) {
		*p = (const uint8_t *)j->solid;
		return n < PAINT_CHUNK ? n : PAINT_CHUNK;
	}
	w = (int)ink->pattern->width;
	px = (int)(((int64_t)x - ink->x) % w);
	py = (int)(((int64_t)y - ink->y) % (int)ink->pattern->height);
	px += px < 0 ? w : 0;
	py += py < 0 ? (int)ink->pattern->height : 0;
	*p = pixel(ink->pattern, px, py);
	return n < w - px ? n : w - px;
}

static void rop_span(const struct painter *j, const struct area *a, int x, int y, int n)
{
	while (n > 0) {
		const uint8_t *p = NULL, *s = NULL;
		int part = n;

		if (j->needs_p)
			part = ink_at(j, x, y, n, &p);
		if (j->needs_s)
			s = pixel(j->src->p, x - j->src->x, y - j->src->y);
		rop_bytes(j->rop, pixel(a->dst, x, y), p, s, (size_t)part * j->bytes);
		x += part;
		n -= part;
	}
}

/* 1_A: solid PUT only; other operations are undefined on it and do nothing. */
static void bit_span(const struct painter *j, const struct area *a, int x, int y, int n)
{
	uint8_t *row = a->dst->data + (size_t)y * (size_t)a->dst->stride;

	if (j->rop != ROP_P || j->ink->pattern)
		return;
	for (int i = x; i < x + n; i++) {
		if (j->ink->word & 1)
			row[i / 8] |= (uint8_t)(1 << i % 8);
		else
			row[i / 8] &= (uint8_t)~(1 << i % 8);
	}
}

void painter_init(struct painter *j, uint32_t format, uint8_t rop, const struct ink *ink, const struct sheet *src)
{
	uint32_t word = ink->word;

	j->rop = rop;
	j->needs_p = rop_needs_p(rop);
	j->needs_s = rop_needs_s(rop);
	j->ink = ink;
	j->src = src;
	j->bytes = pixmap_bits(format) / 8;
	if (!j->needs_p || ink->pattern)
		return;
	if (j->bytes == 2)
		word = (word & 0xffff) * 0x10001u;
	else if (j->bytes == 1)
		word = (word & 0xff) * 0x1010101u;
	for (int i = 0; i < PAINT_CHUNK; i++)
		j->solid[i] = word;
}

void painter_span(void *painter, const struct area *a, int x, int y, int n)
{
	const struct painter *j = painter;

	if (a->dst->format == SURFACE_FMT_1_A)
		bit_span(j, a, x, y, n);
	else
		rop_span(j, a, x, y, n);
}

static void fill_boxes(struct area *a, uint32_t word)
{
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles(&a->region, &n);

	for (; n > 0; n--, box++)
		pixmap_fill(a->dst, &(struct rect){.left = box->x1, .top = box->y1, .right = box->x2,
			.bottom = box->y2}, word);
}

void paint_rop(struct area *a, uint8_t rop, const struct ink *ink, const struct sheet *src)
{
	struct painter j;

	if (rop == ROP_D)
		return;
	if (rop == ROP_P && !ink->pattern && !a->mask && a->dst->format != SURFACE_FMT_1_A) {
		fill_boxes(a, ink->word);
		return;
	}
	painter_init(&j, a->dst->format, rop, ink, src);
	each_span(a, painter_span, &j);
}

struct keyed_job {
	const struct sheet *src;
	uint32_t key, mask;
};

static void keyed_span(void *user, const struct area *a, int x, int y, int n)
{
	const struct keyed_job *j = user;
	uint8_t *d = pixel(a->dst, x, y);
	const uint8_t *s = pixel(j->src->p, x - j->src->x, y - j->src->y);

	for (int i = 0; i < n; i++) {
		switch (pixmap_bits(a->dst->format)) {
		case 32:
			if ((((const uint32_t *)(const void *)s)[i] & j->mask) != j->key)
				((uint32_t *)(void *)d)[i] = ((const uint32_t *)(const void *)s)[i];
			break;
		case 16:
			if ((((const uint16_t *)(const void *)s)[i] & j->mask) != j->key)
				((uint16_t *)(void *)d)[i] = ((const uint16_t *)(const void *)s)[i];
			break;
		case 8: /* no colours: the key is clear, as any colour is on such a surface */
			if (s[i])
				d[i] = s[i];
			break;
		}
	}
}

void paint_keyed(struct area *a, const struct sheet *src, uint32_t key, uint32_t mask)
{
	struct keyed_job j = {src, key & mask, mask};

	each_span(a, keyed_span, &j);
}

/* ---- sources ---- */

struct pixmap *pixmap_convert(struct pixmap *img, uint32_t format)
{
	struct pixmap *p;

	/* words are copied as they are, top byte included */
	if (img->format == format || (pixmap_bits(img->format) == 32 && pixmap_bits(format) == 32))
		return img;
	p = pixmap_new(format, img->width, img->height);
	pixman_image_composite32(PIXMAN_OP_SRC, img->image, NULL, p->image, 0, 0, 0, 0, 0, 0, (int)img->width,
		(int)img->height);
	pixmap_unref(img);
	return p;
}

struct pixmap *pixmap_rename(struct pixmap *img, uint32_t format)
{
	struct pixmap *p;

	if (img->format == format)
		return img;
	p = pixmap_new(format, img->width, img->height);
	memcpy(p->data, img->data, (size_t)p->stride * p->height);
	pixmap_unref(img);
	return p;
}

struct pixmap *pixmap_for(struct pixmap *img, bool surface, uint32_t format)
{
	return surface && pixmap_bits(img->format) == pixmap_bits(format) ? img : pixmap_convert(img, format);
}

/* Areas beyond this can't be of any image, and would overflow 16.16 numbers. */
enum { FAR = 32767 };

static bool far_off(const struct rect *r)
{
	return r->left < -FAR || r->top < -FAR || r->right > FAR || r->bottom > FAR;
}

/* A scaled source for the region's extents: channels.md, "Scaled images". */
static void scale(struct sheet *out, struct pixmap *img, const struct rect *area, const struct rect *box,
	pixman_region32_t *region, uint32_t format, unsigned scale_mode, bool like_rop3)
{
	const pixman_box32_t *e = pixman_region32_extents(region);
	int64_t sw = area->right - area->left, sh = area->bottom - area->top;
	int64_t dw = (int64_t)box->right - box->left, dh = (int64_t)box->bottom - box->top;
	int64_t shift_x = e->x1 - (int64_t)box->left, shift_y = e->y1 - (int64_t)box->top;
	pixman_fixed_t fx = (pixman_fixed_t)(65536 * sw / dw), fy = (pixman_fixed_t)(65536 * sh / dh);
	pixman_transform_t t = {{{fx, 0, area->left * 65536}, {0, fy, area->top * 65536}, {0, 0, 65536}}};
	pixman_image_t *from = pixmap_view(img, img->format);

	if (like_rop3) {
		t.matrix[0][2] = t.matrix[1][2] = 0;
		shift_x += (2 * area->left * dw + sw) / (2 * sw);
		shift_y += (2 * area->top * dh + sh) / (2 * sh);
	}
	out->p = pixmap_new(format, (unsigned)(e->x2 - e->x1), (unsigned)(e->y2 - e->y1));
	out->x = e->x1;
	out->y = e->y1;
	pixman_image_set_transform(from, &t);
	pixman_image_set_repeat(from, PIXMAN_REPEAT_NONE);
	pixman_image_set_filter(from, scale_mode == SCALE_MODE_NEAREST ? PIXMAN_FILTER_NEAREST : PIXMAN_FILTER_GOOD,
		NULL, 0);
	if (shift_x <= INT32_MAX && shift_y <= INT32_MAX)
		pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, out->p->image, (int)shift_x, (int)shift_y, 0, 0, 0,
			0, (int)out->p->width, (int)out->p->height);
	pixman_image_unref(from);
}

int sheet_cut(struct sheet *out, struct pixmap *img, const struct rect *area, const struct rect *box,
	pixman_region32_t *region, uint32_t format, unsigned scale_mode, bool like_rop3)
{
	int64_t dw = (int64_t)box->right - box->left, dh = (int64_t)box->bottom - box->top;

	*out = (struct sheet){0};
	if (!pixman_region32_not_empty(region))
		return 0;
	/* the box meets the surface, so it is not far off itself where it is as large as the area */
	if (rect_is_empty(area) || far_off(area))
		return E_INVAL;
	if (area->right - area->left == dw && area->bottom - area->top == dh) {
		/* where the image's first pixel lies */
		out->x = box->left - area->left;
		out->y = box->top - area->top;
		pixman_region32_intersect_rect(region, region, out->x, out->y, img->width, img->height);
		out->p = pixmap_convert(pixmap_ref(img), format);
		return 0;
	}
	scale(out, img, area, box, region, format, scale_mode, like_rop3);
	return 0;
}
