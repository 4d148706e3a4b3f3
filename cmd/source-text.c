/* Text in the built-in font as DRAW_TEXT: what the script and the demo scene write. */
#include "cmd/source-text.h"

#include <stdlib.h>

#include "base/text.h"
#include "draw/font.h"

enum { FONT_ASCENT = 12 };

/* The raster of one character: rows bottom up, as the wire has them. */
static void glyph_raster(uint8_t out[8 * FONT_HEIGHT], uint32_t code, unsigned bits)
{
	const uint8_t *rows = font_glyph(code);

	for (unsigned y = 0; y < FONT_HEIGHT; y++) {
		uint8_t row = rows[FONT_HEIGHT - 1 - y], *o = out + y * bits;

		for (unsigned x = 0; x < 8; x++) {
			unsigned lit = row >> (7 - x) & 1;

			if (bits == 8)
				o[x] = lit ? 0xff : 0;
			else if (bits == 4)
				o[x / 2] =
					(uint8_t)(o[x / 2] | (lit ? 0xf0 >> (x & 1 ? 4 : 0) : 0));
			else
				o[0] = row;
		}
	}
}

/* The next character of UTF-8 text; what is broken counts as one byte. */
static uint32_t next_code(const char **p)
{
	uint32_t code;
	size_t n = text_utf8((const uint8_t *)*p, strlen(*p), &code);

	if (!n)
		code = (uint8_t)**p;
	*p += n ? n : 1;
	return code;
}

/* The glyphs of a text with line feeds; returns their number and the box. */
static unsigned set_text(struct glyph_a1 *glyphs, uint8_t *rasters, const char *text, int x, int y,
	unsigned bits, struct rect *box)
{
	unsigned n = 0;
	uint32_t code;
	int gx = x, gy = y;

	*box = (struct rect){.left = x, .top = y, .right = x, .bottom = y + FONT_HEIGHT};
	while (*text) {
		if ((code = next_code(&text)) == '\n') {
			gx = x;
			gy += FONT_HEIGHT;
			continue;
		}
		glyph_raster(rasters + n * 8 * FONT_HEIGHT, code, bits);
		glyphs[n] = (struct glyph_a1){.render_pos = {gx, gy + FONT_ASCENT},
			.glyph_origin = {0, -FONT_ASCENT},
			.width = 8,
			.height = FONT_HEIGHT,
			.data = slice_of(rasters + n * 8 * FONT_HEIGHT, bits * FONT_HEIGHT)};
		n++;
		gx += 8;
		box->right = gx > box->right ? gx : box->right;
		box->bottom = gy + FONT_HEIGHT;
	}
	return n;
}

int text_draw(struct device *d, struct draw_base base, int x, int y, const char *text,
	const struct text_style *style)
{
	struct glyph_a1 *glyphs = xcalloc(strlen(text) + 1, sizeof(*glyphs));
	uint8_t *rasters = xcalloc(strlen(text) + 1, 8 * FONT_HEIGHT);
	struct string str = {0};
	struct draw_text t = {.str = &str,
		.fore_mode = ROPD_OP_PUT,
		.back_mode = ROPD_OP_PUT,
		.fore_brush = {.type = BRUSH_TYPE_SOLID, .color = style->colour},
		.back_brush = {.type = BRUSH_TYPE_SOLID, .color = style->back}};
	int rc = 0;

	/* the three kinds of glyphs have one layout */
	_Static_assert(sizeof(struct glyph_a1) == sizeof(struct glyph_a4) &&
			sizeof(struct glyph_a1) == sizeof(struct glyph_a8),
		"glyphs");
	str.length = (uint16_t)set_text(glyphs, rasters, text, x, y, style->bits, &base.box);
	str.flags = style->bits == 8 ? STRING_FLAGS_RASTER_A8
		: style->bits == 4   ? STRING_FLAGS_RASTER_A4
				     : STRING_FLAGS_RASTER_A1;
	if (style->bits == 8)
		str.a8 = (struct glyph_a8 *)(void *)glyphs;
	else if (style->bits == 4)
		str.a4 = (struct glyph_a4 *)(void *)glyphs;
	else
		str.a1 = glyphs;
	t.base = base;
	if (style->has_back)
		t.back_area = base.box;
	if (str.length) /* real clients don't stand empty strings */
		rc = device_draw(d, S_DISPLAY_DRAW_TEXT, &t);
	free(glyphs);
	free(rasters);
	return rc;
}
