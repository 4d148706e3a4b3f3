/* Rows of bitmaps, a format each, into the formats of surfaces. */
#include "draw/bitmap.h"

#include "base/err.h"
#include "base/mem.h"

static const struct bitmap_form forms[] = {
	[BITMAP_FMT_1BIT_LE] = {1, true, 0},
	[BITMAP_FMT_1BIT_BE] = {1, true, 0},
	[BITMAP_FMT_4BIT_LE] = {4, true, 0},
	[BITMAP_FMT_4BIT_BE] = {4, true, 0},
	[BITMAP_FMT_8BIT] = {8, true, 0},
	[BITMAP_FMT_16BIT] = {16, false, SURFACE_FMT_16_555},
	[BITMAP_FMT_24BIT] = {24, false, SURFACE_FMT_32_xRGB},
	[BITMAP_FMT_32BIT] = {32, false, SURFACE_FMT_32_xRGB},
	[BITMAP_FMT_RGBA] = {32, false, SURFACE_FMT_32_ARGB},
	[BITMAP_FMT_8BIT_A] = {8, false, SURFACE_FMT_8_A},
};

const struct bitmap_form *bitmap_form(uint8_t format)
{
	return format < ARRAY_SIZE(forms) && forms[format].bits ? &forms[format] : NULL;
}

size_t bitmap_row_bytes(const struct bitmap_form *f, uint32_t width)
{
	return ((size_t)width * f->bits + 7) / 8;
}

struct pixmap *bitmap_pixmap(uint8_t format, bool mask, uint32_t target, uint32_t width, uint32_t height)
{
	uint32_t indexed = target == SURFACE_FMT_16_555 ? SURFACE_FMT_16_555 : SURFACE_FMT_32_xRGB;

	if (mask && format != BITMAP_FMT_1BIT_LE && format != BITMAP_FMT_1BIT_BE)
		return NULL;
	return pixmap_raw(mask ? SURFACE_FMT_1_A : forms[format].indexed ? indexed : forms[format].surface, width,
		height);
}

static unsigned index_at(const uint8_t *row, uint32_t x, uint8_t format)
{
	switch (format) {
	case BITMAP_FMT_1BIT_LE:
		return row[x / 8] >> x % 8 & 1;
	case BITMAP_FMT_1BIT_BE:
		return row[x / 8] >> (7 - x % 8) & 1;
	case BITMAP_FMT_4BIT_LE:
		return x & 1 ? row[x / 2] >> 4 : row[x / 2] & 15;
	case BITMAP_FMT_4BIT_BE:
		return x & 1 ? row[x / 2] & 15 : row[x / 2] >> 4;
	default:
		return row[x];
	}
}

static int indexed_row(const uint8_t *src, uint8_t format, const struct colours *c, const struct pixmap *p,
	uint8_t *dst)
{
	for (uint32_t x = 0; x < p->width; x++) {
		unsigned i = index_at(src, x, format);

		if (i >= c->n)
			return E_INVAL;
		if (p->format == SURFACE_FMT_16_555)
			put_le16(dst + 2 * (size_t)x, (uint16_t)(c->ents[i] & 0x7fff));
		else
			put_le32(dst + 4 * (size_t)x, c->ents[i]);
	}
	return 0;
}

static void wide_row(const uint8_t *src, uint32_t width, uint8_t *dst)
{
	for (uint32_t x = 0; x < width; x++, src += 3, dst += 4)
		put_le32(dst, src[0] | (uint32_t)src[1] << 8 | (uint32_t)src[2] << 16);
}

static void mask_row(const uint8_t *src, uint8_t format, uint32_t width, uint8_t *dst)
{
	for (uint32_t x = 0; x < width; x++)
		dst[x / 8] |= (uint8_t)(index_at(src, x, format) << x % 8);
}

int bitmap_row(uint8_t format, const uint8_t *src, const struct colours *c, struct pixmap *p, uint32_t y)
{
	uint8_t *dst = p->data + (size_t)y * (size_t)p->stride;

	if (p->format == SURFACE_FMT_1_A)
		mask_row(src, format, p->width, dst);
	else if (forms[format].indexed)
		return indexed_row(src, format, c, p, dst);
	else if (format == BITMAP_FMT_24BIT)
		wide_row(src, p->width, dst);
	else
		memcpy(dst, src, bitmap_row_bytes(&forms[format], p->width));
	return 0;
}

void pixmap_high_bits(struct pixmap *p)
{
	for (unsigned y = 0; y < p->height; y++) {
		uint8_t *row = p->data + (size_t)y * (size_t)p->stride;

		for (unsigned x = 0; x < p->width; x++)
			row[4 * (size_t)x + 3] = 0xff;
	}
}
