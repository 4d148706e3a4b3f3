/* The server's end of the cursor channel: the last shape and the last position, never a queue. channels.md 4. */
#include "server/session.h"

#include <stdlib.h>

enum { ACK_WINDOW = 20 };

struct server_cursor {
	struct session *session;
	struct conn *conn;
	struct device_listener listener;
	bool shape_due, place_due;
	bool was_visible;  /* as the client has it */
};

static struct cursor shape_of(const struct device *d)
{
	const struct pointer *p = &d->pointer;

	if (!p->data)
		return (struct cursor){.flags = CURSOR_FLAGS_NONE};
	return (struct cursor){
		.header = {.unique = p->unique, .type = (uint8_t)p->type, .width = (uint16_t)p->width,
			.height = (uint16_t)p->height, .hot_spot_x = (uint16_t)p->hot_x,
			.hot_spot_y = (uint16_t)p->hot_y},
		.data = blob_slice(p->data),
	};
}

static struct point16 place_of(const struct device *d)
{
	return (struct point16){(int16_t)d->pointer_x, (int16_t)d->pointer_y};
}

static void send_shape(struct server_cursor *e, const struct device *d)
{
	struct cursor_set set = {place_of(d), d->pointer_visible, shape_of(d)};

	chan_send(&e->conn->chan, S_CURSOR_SET, &set);
	e->was_visible = d->pointer_visible;
}

/* In client mouse mode the client draws the shape where its own pointer is: only coming and going is said. */
static bool send_place(struct server_cursor *e, const struct device *d)
{
	bool turns = e->was_visible != d->pointer_visible;

	if (!turns && (!d->pointer_visible || session_client_mouse(e->session)))
		return false;
	if (d->pointer_visible)
		chan_send(&e->conn->chan, S_CURSOR_MOVE, &(struct cursor_move){place_of(d)});
	else
		chan_send(&e->conn->chan, S_CURSOR_HIDE, NULL);
	e->was_visible = d->pointer_visible;
	return true;
}

static int pull(void *end)
{
	struct server_cursor *e = end;
	const struct device *d = session_device(e->session);
	bool shape = e->shape_due, place = e->place_due;

	e->shape_due = e->place_due = false;
	if (shape)
		send_shape(e, d);
	else if (!place || !send_place(e, d))
		return 0;
	return 1;
}

static void shape_changed(void *owner)
{
	struct server_cursor *e = owner;

	e->shape_due = true;
	pump_kick(e->conn->pump);
}

static void place_changed(void *owner)
{
	struct server_cursor *e = owner;

	e->place_due = true;
	pump_kick(e->conn->pump);
}

static const struct device_ops device_ops = {.pointer_shape = shape_changed, .pointer_moved = place_changed};

static int message(void *end, const struct wire_msg *m, const void *body)
{
	(void)end, (void)m, (void)body; /* PONG and the like: nothing to do */
	return 0;
}

static const struct chan_ops ops = {.message = message, .pull = pull};

struct server_cursor *server_cursor_new(struct session *s, struct conn *c)
{
	struct server_cursor *e = new(struct server_cursor);
	struct device *d = session_device(s);
	struct cursor_init init = {.position = place_of(d), .visible = d->pointer_visible, .cursor = shape_of(d)};

	e->session = s;
	e->conn = c;
	e->was_visible = d->pointer_visible;
	conn_attach(c, &ops, e);
	chan_want_acks(&c->chan, ACK_WINDOW);
	chan_send(&c->chan, S_CURSOR_INIT, &init);
	e->listener = (struct device_listener){.ops = &device_ops, .owner = e};
	device_listen(d, &e->listener);
	return e;
}

void server_cursor_free(struct server_cursor *e)
{
	if (!e)
		return;
	device_unlisten(&e->listener);
	conn_close(e->conn, false);
	free(e);
}

struct conn *server_cursor_conn(const struct server_cursor *e)
{
	return e->conn;
}
