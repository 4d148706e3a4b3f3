/* Events of a recording: the head, what the host told its device, surfaces and the pointer. Drawing commands are in
 * qxl-draw.c. An event has no length, so whatever is not known here ends the reading. */
#include "server/qxl.h"

#include "base/err.h"
#include "server/qxl-text.h"

static const char magic[] = "SPICE_REPLAY 1\n";

enum { GUEST = 0, HOST = 1 };
enum { CMD_DRAW = 1, CMD_UPDATE, CMD_CURSOR, CMD_MESSAGE, CMD_SURFACE };
enum { HOST_ALL_GONE = 19, HOST_CREATE = 20, HOST_DESTROY = 21, HOST_CREATE_ASYNC = 29, HOST_LAST = 40 };
enum { CURSOR_SET, CURSOR_MOVE, CURSOR_HIDE, CURSOR_TRAIL };
enum { KEEP_DATA = 1 };

/* ---- surfaces ---- */

/* Rows as they are said to be must be there, one behind the other. */
static void check_data(struct qxl_event *e)
{
	uint64_t stride = e->stride < 0 ? 0 - (uint64_t)e->stride : (uint64_t)e->stride;

	if (e->data.total && e->data.total != stride * e->surface.height)
		e->fault = "initial pixels of another size";
}

static struct qxl_bytes one_block(struct qxl_text *t, const char *name)
{
	struct slice *piece = arena_alloc(t->arena, sizeof(*piece));

	if (!piece) {
		qxl_fail(t, E_LIMIT, name);
		return (struct qxl_bytes){0};
	}
	*piece = qxl_block(t, name);
	return (struct qxl_bytes){piece, 1, piece->n};
}

static void screen(struct qxl_text *t, struct qxl_event *e)
{
	uint32_t size[4], rest[4];

	qxl_u32s(t, "", 4, size);
	qxl_u32s(t, "", 4, rest);
	e->what = QXL_SCREEN;
	e->surface = (struct surface_create){.width = size[0], .height = size[1], .format = size[3]};
	e->stride = (int32_t)size[2];
	e->data = one_block(t, "data");
	check_data(e);
}

static void surface(struct qxl_text *t, struct qxl_event *e)
{
	uint32_t type, flags;

	qxl_key(t, "surface_cmd");
	e->surface.surface_id = qxl_u32(t, "surface_id");
	type = qxl_u32(t, "type");
	flags = qxl_u32(t, "flags");
	e->what = QXL_SURFACE_GONE;
	if (t->rc || type == 1)
		return;
	if (type != 0) {
		qxl_fail(t, E_INVAL, "type of a surface command");
		return;
	}
	e->what = QXL_SURFACE;
	e->surface.format = qxl_u32(t, "u.surface_create.format");
	e->surface.width = qxl_u32(t, "u.surface_create.width");
	e->surface.height = qxl_u32(t, "u.surface_create.height");
	e->stride = (int32_t)qxl_u32(t, "u.surface_create.stride");
	if (flags & KEEP_DATA)
		e->data = one_block(t, "data");
	check_data(e);
}

/* ---- the pointer ---- */

static void pointer_at(struct qxl_text *t, struct qxl_event *e)
{
	uint32_t v[2];

	qxl_u32s(t, "point16", 2, v);
	e->pointer.x = (int16_t)v[0];
	e->pointer.y = (int16_t)v[1];
}

static uint16_t u16(struct qxl_text *t, const char *key)
{
	uint32_t v = qxl_u32(t, key);

	if (v > UINT16_MAX)
		qxl_fail(t, E_INVAL, key);
	return (uint16_t)v;
}

static void pointer_shape(struct qxl_text *t, struct qxl_event *e)
{
	e->what = QXL_POINTER_SHAPE;
	pointer_at(t, e);
	e->pointer.visible = qxl_u32(t, "u.set.visible");
	qxl_u64(t, "header.unique");
	e->pointer.type = u16(t, "header.type");
	e->pointer.width = u16(t, "header.width");
	e->pointer.height = u16(t, "header.height");
	e->pointer.hot_x = u16(t, "header.hot_spot_x");
	e->pointer.hot_y = u16(t, "header.hot_spot_y");
	qxl_u32(t, "data_size");
	e->pointer.data = qxl_join(t, qxl_chunks(t, "cursor"));
}

static void pointer(struct qxl_text *t, struct qxl_event *e)
{
	qxl_key(t, "cursor_cmd");
	switch (qxl_u32(t, "type")) {
	case CURSOR_SET:
		if (!t->rc)
			pointer_shape(t, e);
		break;
	case CURSOR_MOVE:
		e->what = QXL_POINTER_MOVE;
		pointer_at(t, e);
		break;
	case CURSOR_HIDE:
		e->what = QXL_POINTER_HIDE;
		break;
	case CURSOR_TRAIL:
		qxl_u32(t, "u.trail.length");
		qxl_u32(t, "u.trail.frequency");
		break;
	default:
		qxl_fail(t, E_INVAL, "type of a cursor command");
	}
}

/* ---- events ---- */

static void update(struct qxl_text *t)
{
	uint32_t area[4];

	qxl_key(t, "update");
	qxl_u32s(t, "rect area", 4, area);
	qxl_u32(t, "update_id");
	qxl_u32(t, "surface_id");
}

static void guest(struct qxl_text *t, struct qxl_event *e, uint32_t type)
{
	switch (type) {
	case CMD_DRAW:
		qxl_read_draw(t, e);
		break;
	case CMD_UPDATE:
		update(t);
		break;
	case CMD_CURSOR:
		pointer(t, e);
		break;
	case CMD_MESSAGE:
		qxl_block(t, "message");
		break;
	case CMD_SURFACE:
		surface(t, e);
		break;
	default:
		qxl_fail(t, E_INVAL, "type of a command");
	}
}

static void host(struct qxl_text *t, struct qxl_event *e, uint32_t type)
{
	if (type == HOST_CREATE || type == HOST_CREATE_ASYNC)
		screen(t, e);
	else if (type == HOST_DESTROY)
		e->what = QXL_SCREEN_GONE;
	else if (type == HOST_ALL_GONE)
		e->what = QXL_ALL_GONE;
	else if (type > HOST_LAST)
		qxl_fail(t, E_INVAL, "type of an event");
}

/* Counter, whose event, its type, time. */
static void head(struct qxl_text *t, uint64_t *v)
{
	qxl_line(t, "event", 4, v);
	if (!t->rc && (v[1] > HOST || v[2] > UINT32_MAX))
		qxl_fail(t, E_INVAL, "event");
}

int qxl_event(struct slice in, struct arena *arena, struct qxl_event *e, size_t *used, const char **expected)
{
	struct qxl_text t = {.start = in.p, .at = in.p, .end = in.p + in.n, .arena = arena};
	uint64_t v[4];

	arena_reset(arena);
	arena->max = (size_t)2 * QXL_EVENT_MAX;
	*e = (struct qxl_event){0};
	head(&t, v);
	e->counter = (uint32_t)v[0];
	e->command = v[1] == GUEST;
	e->time = v[3];
	if (!t.rc && e->command)
		guest(&t, e, (uint32_t)v[2]);
	else if (!t.rc)
		host(&t, e, (uint32_t)v[2]);
	*used = t.rc == E_AGAIN ? t.need : (size_t)(t.at - t.start);
	*expected = t.expected;
	return t.rc;
}

int qxl_peek(struct slice in, bool *command, uint64_t *time)
{
	struct qxl_text t = {.start = in.p, .at = in.p, .end = in.p + in.n};
	uint64_t v[4];

	head(&t, v);
	*command = v[1] == GUEST;
	*time = v[3];
	return t.rc;
}

int qxl_header(struct slice in, size_t *used)
{
	size_t n = sizeof(magic) - 1;

	if (in.n && memcmp(in.p, magic, in.n < n ? in.n : n) != 0)
		return E_INVAL;
	if (in.n < n)
		return E_AGAIN;
	*used = n;
	return 0;
}
