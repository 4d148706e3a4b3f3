/* The commands of the drawing script that draw figures: lines, curves, text. Forms that real
 * clients can't stand (channels.md, pixel rules) are refused: dashes of no length, curves of four
 * equal points, empty strings. */
#include "cmd/source-script.h"

#include <stdlib.h>

#include "base/err.h"
#include "cmd/source-text.h"

/* ---- lines ---- */

enum { FIX = 16, DASHES = 64 };

/* X Y X Y ... to the end of the line; 0 on a fault. The points are malloc'ed. */
static uint32_t arg_points(struct script_args *a, struct point_fix **out)
{
	uint32_t n = 0, max = (a->line->n - a->at) / 2 + 1;

	*out = xcalloc(max, sizeof(**out));
	while (arg_more(a) && n < max) {
		(*out)[n].x = FIX * arg_coord(a, "x");
		(*out)[n++].y = FIX * arg_coord(a, "y");
	}
	return arg_end(a) ? n : 0;
}

/* A path as one figure; its box has room for the mitres of dashes. */
static void stroke(struct script *s, struct script_args *a, struct point_fix *points, uint32_t n,
	uint8_t flags, struct draw_stroke *st)
{
	struct path_segment segments[2] = {
		{.flags = PATH_FLAGS_BEGIN, .count = 1, .points = points},
		{.flags = flags, .count = n - 1, .points = points + 1},
	};
	struct path path = {.num_segments = 2, .segments = segments};
	struct rect box = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};

	for (uint32_t i = 0; i < n; i++) {
		int x = points[i].x / FIX, y = points[i].y / FIX;

		box.left = x < box.left ? x : box.left;
		box.top = y < box.top ? y : box.top;
		box.right = x > box.right ? x : box.right;
		box.bottom = y > box.bottom ? y : box.bottom;
	}
	st->base = script_base(s,
		(struct rect){.left = box.left - 8,
			.top = box.top - 8,
			.right = box.right + 8,
			.bottom = box.bottom + 8});
	st->path = &path;
	st->fore_mode = st->back_mode = ROPD_OP_PUT;
	script_draw(s, a, S_DISPLAY_DRAW_STROKE, st);
}

/* "dash N,N,..." when it comes next. Lengths of all zero would hang real clients. */
static void arg_dashes(struct script_args *a, struct line_attr *attr, int32_t style[DASHES])
{
	int n[DASHES], sum = 0;

	if (!arg_take(a, "dash"))
		return;
	attr->style_nseg = (uint8_t)arg_list(a, "dash", 0, 255, n, DASHES);
	for (unsigned i = 0; i < attr->style_nseg; i++) {
		style[i] = FIX * n[i];
		sum += n[i];
	}
	if (sum == 0)
		arg_fault(a, "dashes of no length");
	attr->flags = LINE_FLAGS_STYLED;
	attr->style = style;
}

void script_do_stroke(struct script *s, struct script_args *a)
{
	struct draw_stroke st = {.brush = {.type = BRUSH_TYPE_SOLID, .color = arg_colour(a)}};
	int32_t style[DASHES];
	struct point_fix *points;
	uint32_t n;

	arg_dashes(a, &st.attr, style);
	n = arg_points(a, &points);
	if (!a->why[0] && (n < 2 || n > LIM_PATH_POINTS))
		arg_fault(a, "a line needs two to %d points", LIM_PATH_POINTS);
	if (!a->why[0])
		stroke(s, a, points, n, PATH_FLAGS_END, &st);
	free(points);
}

/* Real clients halve a curve of four equal points without end. */
static bool curve_of_no_length(const struct point_fix *p)
{
	for (unsigned i = 1; i < 4; i++)
		if (p[i].x != p[0].x || p[i].y != p[0].y)
			return false;
	return true;
}

void script_do_curve(struct script *s, struct script_args *a)
{
	struct draw_stroke st = {.brush = {.type = BRUSH_TYPE_SOLID, .color = arg_colour(a)}};
	struct point_fix *points;
	uint32_t n = arg_points(a, &points);

	if (!a->why[0] && (n < 4 || n % 3 != 1 || n > LIM_PATH_POINTS))
		arg_fault(a, "a curve needs one point and three for each piece");
	for (uint32_t i = 0; !a->why[0] && i + 3 < n; i += 3)
		if (curve_of_no_length(points + i))
			arg_fault(a, "a piece of four equal points");
	if (!a->why[0])
		stroke(s, a, points, n, PATH_FLAGS_END | PATH_FLAGS_BEZIER, &st);
	free(points);
}

/* ---- text ---- */

void script_do_text(struct script *s, struct script_args *a)
{
	int x = arg_coord(a, "x"), y = arg_coord(a, "y"), rc;
	struct text_style style = {.colour = 0xffffff, .bits = 1};
	const char *text = arg_word(a, "text");

	if (arg_is_colour(a))
		style.colour = arg_colour(a);
	if ((style.has_back = arg_is_colour(a)))
		style.back = arg_colour(a);
	style.bits = arg_take(a, "a8") ? 8 : arg_take(a, "a4") ? 4 : 1;
	if (style.bits == 1)
		arg_take(a, "a1");
	if (!arg_end(a))
		return;
	if (!*text || strlen(text) > LIM_GLYPHS) {
		arg_fault(a, "a text has 1 to %d bytes", LIM_GLYPHS);
		return;
	}
	rc = text_draw(s->device, script_base(s, (struct rect){0}), x, y, text, &style);
	script_not_drawn(a, rc);
}
