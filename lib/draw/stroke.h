/* Between thin lines and dashed ones: a path as lists of pixels. Private to the room. */
#ifndef DRAW_STROKE_H
#define DRAW_STROKE_H

#include "draw/paint.h"

/* All points of a path, and where each figure ends (behind its last point; a closed one ends with its first point). */
struct figures {
	struct point *points;
	size_t n, cap;
	struct figure_end {
		size_t n;
		bool closed;
	} *ends;
	size_t ends_n, ends_cap;
};

/* Coordinates and lengths of 28.4 to pixels: a half goes down. */
static inline int stroke_pixel(int32_t v)
{
	return (int)(((int64_t)v + 7) >> 4);
}

/* Draws the figures dashed (dash.c). */
void dash_figures(struct job *j, const struct figures *f, const struct line_attr *attr, uint8_t rop);

#endif
