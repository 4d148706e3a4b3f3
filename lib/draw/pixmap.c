/* Shared pixels. The memory is ours, the pixman image over it is for pixman's operations. */
#include <stdlib.h>
#include <wchar.h>

#include "base/mem.h"
#include "draw/canvas.h"

static const struct {
	uint32_t format;
	unsigned bits;
	pixman_format_code_t code;
} formats[] = {
	{SURFACE_FMT_32_xRGB, 32, PIXMAN_x8r8g8b8},
	{SURFACE_FMT_32_ARGB, 32, PIXMAN_a8r8g8b8},
	{SURFACE_FMT_16_555, 16, PIXMAN_x1r5g5b5},
	{SURFACE_FMT_16_565, 16, PIXMAN_r5g6b5},
	{SURFACE_FMT_8_A, 8, PIXMAN_a8},
	{SURFACE_FMT_1_A, 1, PIXMAN_a1},
};

unsigned pixmap_bits(uint32_t format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].format == format)
			return formats[i].bits;
	return 0;
}

static pixman_format_code_t code_of(uint32_t format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].format == format)
			return formats[i].code;
	abort();
}

pixman_image_t *pixmap_view(const struct pixmap *p, uint32_t format)
{
	return pixman_image_create_bits_no_clear(code_of(format), (int)p->width, (int)p->height,
		(uint32_t *)(void *)p->data, p->stride);
}

size_t pixmap_stride(uint32_t format, unsigned width)
{
	return ((size_t)width * pixmap_bits(format) + 31) / 32 * 4;
}

static struct pixmap *make(uint32_t format, unsigned width, unsigned height, bool raw)
{
	struct pixmap *p = new(struct pixmap);

	p->refs = 1;
	p->format = format;
	p->width = width;
	p->height = height;
	p->stride = (int)pixmap_stride(format, width);
	p->data = raw ? xmalloc((size_t)p->stride * height) : xcalloc((size_t)p->stride, height);
	p->image = pixmap_view(p, format);
	return p;
}

struct pixmap *pixmap_new(uint32_t format, unsigned width, unsigned height)
{
	return make(format, width, height, false);
}

struct pixmap *pixmap_raw(uint32_t format, unsigned width, unsigned height)
{
	return make(format, width, height, pixmap_bits(format) == 32); /* others have padding */
}

struct pixmap *pixmap_ref(struct pixmap *p)
{
	p->refs++;
	return p;
}

void pixmap_unref(struct pixmap *p)
{
	if (!p || --p->refs)
		return;
	pixman_image_unref(p->image);
	free(p->data);
	free(p);
}

struct pixmap *pixmap_part(const struct pixmap *p, const struct rect *r)
{
	int w = r->right - r->left, h = r->bottom - r->top;
	struct pixmap *q = pixmap_raw(p->format == SURFACE_FMT_16_565 ? SURFACE_FMT_32_xRGB : p->format, (unsigned)w,
		(unsigned)h);

	pixman_image_composite32(PIXMAN_OP_SRC, p->image, NULL, q->image, r->left, r->top, 0, 0, 0, 0, w, h);
	return q;
}

/* Rows of 32 bits go to the C library, whose stores are as wide as the processor's. */
void pixmap_fill(struct pixmap *p, const struct rect *r, uint32_t value)
{
	int width = r->right - r->left, height = r->bottom - r->top;

	_Static_assert(sizeof(wchar_t) == sizeof(uint32_t), "wmemset sets pixels");
	if (pixmap_bits(p->format) != 32) {
		pixman_fill((uint32_t *)(void *)p->data, p->stride / 4, (int)pixmap_bits(p->format), r->left, r->top,
			width, height, value);
		return;
	}
	for (int y = r->top; y < r->bottom; y++)
		wmemset((wchar_t *)(void *)(p->data + (size_t)y * (size_t)p->stride) + r->left, (wchar_t)value,
			(size_t)width);
}

bool pixmap_is_solid(const struct pixmap *p, uint32_t *colour)
{
	uint32_t differs = 0;

	if (p->format != SURFACE_FMT_32_xRGB || !p->width || !p->height)
		return false;
	*colour = *(const uint32_t *)(const void *)p->data & 0xffffff;
	for (unsigned y = 0; y < p->height && !differs; y++) {
		const uint32_t *row = (const uint32_t *)(const void *)(p->data + (size_t)y * (size_t)p->stride);

		for (unsigned x = 0; x < p->width; x++)
			differs |= (row[x] ^ *colour) & 0xffffff;
	}
	return !differs;
}
