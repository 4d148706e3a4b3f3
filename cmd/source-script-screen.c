/* The commands of the drawing script that concern the pointer and the screen's shape: cursor,
 * monitors, resize. */
#include "cmd/source-script.h"

#include "base/err.h"

static enum wire_cursor_type arg_cursor_type(struct script_args *a)
{
	static const char *const names[] = {
		"alpha", "mono", "color4", "color8", "color16", "color24", "color32"};
	const char *word = arg_more(a) ? arg_word(a, "kind") : names[0];

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(word, names[i]) == 0)
			return (enum wire_cursor_type)i;
	arg_fault(a, "'%.20s' is no kind of pointer", word);
	return CURSOR_TYPE_ALPHA;
}

static int set_cursor(
	struct script *s, const struct loaded *l, enum wire_cursor_type type, int hx, int hy)
{
	struct buf shape = {0};
	int rc;

	loaded_cursor(l, type, &shape);
	rc = device_pointer_set(s->device, type, l->p->width, l->p->height, (unsigned)hx,
		(unsigned)hy, buf_slice(&shape));
	buf_fini(&shape);
	return rc;
}

void script_do_cursor(struct script *s, struct script_args *a)
{
	struct script_picture *p = script_arg_picture(s, a);
	int hx = arg_int(a, "hot spot x", 0, LIM_CURSOR_SIDE - 1);
	int hy = arg_int(a, "hot spot y", 0, LIM_CURSOR_SIDE - 1), rc;
	enum wire_cursor_type type = arg_cursor_type(a);
	struct loaded wide;

	if (!arg_end(a))
		return;
	if (p->picture.p->width > LIM_CURSOR_SIDE || p->picture.p->height > LIM_CURSOR_SIDE) {
		arg_fault(a, "a pointer is at most %dx%d", LIM_CURSOR_SIDE, LIM_CURSOR_SIDE);
		return;
	}
	if (type == CURSOR_TYPE_ALPHA) {
		rc = set_cursor(s, &p->picture, type, hx, hy);
	} else {
		wide = loaded_widened(&p->picture);
		rc = set_cursor(s, &wide, type, hx, hy);
		loaded_fini(&wide);
	}
	if (rc)
		arg_fault(a, "the pointer: %s", err_str(rc));
}

void script_do_cursor_move(struct script *s, struct script_args *a)
{
	int x = arg_coord(a, "x"), y = arg_coord(a, "y");

	if (arg_end(a))
		device_pointer_move(s->device, x, y);
}

void script_do_cursor_hide(struct script *s, struct script_args *a)
{
	if (arg_end(a))
		device_pointer_hide(s->device);
}

void script_do_monitors(struct script *s, struct script_args *a)
{
	struct pixmap *screen = canvas_surface(s->device->canvas, 0);
	struct head heads[LIM_HEADS] = {0};
	unsigned n = 0;

	while (arg_more(a) || !n) {
		int v[4] = {0};
		struct head *h = &heads[n];

		if (n == LIM_HEADS) {
			arg_fault(a, "more than %d monitors", LIM_HEADS);
			break;
		}
		if (arg_list(a, "X,Y,W,H", 0, LIM_IMAGE_SIDE, v, 4) != 4)
			arg_fault(a, "a monitor is X,Y,W,H");
		*h = (struct head){.monitor_id = n++,
			.x = (uint32_t)v[0],
			.y = (uint32_t)v[1],
			.width = (uint32_t)v[2],
			.height = (uint32_t)v[3]};
		if (!screen || h->x + h->width > screen->width || h->y + h->height > screen->height)
			arg_fault(a, "a monitor must lie within the screen");
	}
	if (arg_end(a))
		device_monitors(s->device, heads, n);
}

void script_do_resize(struct script *s, struct script_args *a)
{
	unsigned w, h;
	int rc;

	arg_geometry(a, &w, &h);
	if (arg_end(a) && (rc = source_resize(s->env, w, h)) != 0)
		arg_fault(a, "%ux%u: %s", w, h, err_str(rc));
}
