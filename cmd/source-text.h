/* Text in the built-in 8x16 font. */
#ifndef CMD_SOURCE_TEXT_H
#define CMD_SOURCE_TEXT_H

#include "server/device.h"

struct text_style {
	uint32_t colour, back;
	bool has_back; /* the text's box is filled with `back` first */
	unsigned bits; /* of a glyph's pixel: 1, 4 or 8 */
};

/* UTF-8 text of at most LIM_GLYPHS bytes, line feeds included, its top left at x y. `base` says
 * surface and clip; its box is that of the text. 0 or E_* as device_draw. */
int text_draw(struct device *d, struct draw_base base, int x, int y, const char *text,
	const struct text_style *style);

#endif
