/* The built-in 8x16 font: a picture with text in it is the same everywhere. */
#ifndef DRAW_FONT_H
#define DRAW_FONT_H

#include <stddef.h>
#include <stdint.h>

enum { FONT_WIDTH = 8, FONT_HEIGHT = 16 };

/* FONT_HEIGHT rows from the top, a byte each, the most significant bit left. Latin-1; "?" for what it does not have. */
const uint8_t *font_glyph(uint32_t code);

/* Writes text (Latin-1) into 32-bit pixels, `stride` words a row, cut to width and height; (x, y) is the top left. */
void font_draw(uint32_t *pixels, size_t stride, size_t width, size_t height, int x, int y, const char *text,
	uint32_t color);

#endif
