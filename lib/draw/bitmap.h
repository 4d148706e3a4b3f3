/* Bitmaps of the wire and of devices become pixmaps: rows of every depth, palettes, masks. What both ends of the
 * protocol need of it; where rows lie and in what order is the caller's business. images.md 2. */
#ifndef DRAW_BITMAP_H
#define DRAW_BITMAP_H

#include "draw/canvas.h"

/* Bits a pixel, and the surface format of what is no palette index. */
struct bitmap_form {
	uint8_t bits;
	bool indexed;
	uint32_t surface;
};

const struct bitmap_form *bitmap_form(uint8_t format); /* enum bitmap_fmt; NULL for an unknown one */
size_t bitmap_row_bytes(const struct bitmap_form *f, uint32_t width);

/* Colours of a palette: 0x00rrggbb, or 15-bit values when they are for a 16_555 surface. */
struct colours {
	const uint32_t *ents;
	uint32_t n;
};

/* Pixels for a bitmap, to be filled by bitmap_row: palette indexes become those of the surface drawn on (16_555 or 32
 * bits), masks 1_A, everything else keeps its depth. NULL where the format can't be a mask. The size is one
 * that lim_image_fits. */
struct pixmap *bitmap_pixmap(uint8_t format, bool mask, uint32_t target, uint32_t width, uint32_t height);

/* Row y of a pixmap of bitmap_pixmap from a row of the bitmap, bitmap_row_bytes of it. E_INVAL for an index that the
 * palette does not have; `c` is looked at for indexes only. */
int bitmap_row(uint8_t format, const uint8_t *src, const struct colours *c, struct pixmap *p, uint32_t y);

/* The unused byte of 32-bit pixels becomes 0xff. */
void pixmap_high_bits(struct pixmap *p);

#endif
