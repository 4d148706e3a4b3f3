/* The client's end of the inputs channel: keys, locks, and a pointer that does not run ahead of the server's
 * acknowledgements. channels.md 3. */
#include <stdlib.h>

#include "client/ends.h"

enum {
	ACKED_AT_ONCE = 4,
	MAX_UNACKED = 8,
	KEYS = 256,        /* 0x00..0x7f plain, 0x80..0xff extended */
	EXTENDED = 0xe000,
	PAUSE = 0xe145,
	RELEASE = 0x80,
};

struct client_inputs {
	struct client *client;
	struct conn *conn;
	bool held[KEYS];
	uint16_t buttons;      /* mask */
	unsigned unacked;
	/* what waits for an acknowledgement */
	bool waits;
	int dx, dy;            /* relative */
	bool absolute;
	unsigned display;
	int x, y;
};

static uint32_t wire_code(unsigned code, bool down)
{
	uint32_t low = code & 0x7f;

	if (!down)
		low |= RELEASE;
	return (code & 0xff00) == EXTENDED ? 0xe0u | low << 8 : low;
}

void client_inputs_key(struct client_inputs *e, unsigned code, bool down)
{
	unsigned i = (code & 0x7f) | ((code & 0xff00) == EXTENDED ? 0x80u : 0);
	struct inputs_key_down key = {wire_code(code, down)};

	if (code == PAUSE) { /* it is not held: its release comes with the press */
		if (down) {
			chan_send(&e->conn->chan, C_INPUTS_KEY_DOWN, &(struct inputs_key_down){0x451de1});
			chan_send(&e->conn->chan, C_INPUTS_KEY_UP, &(struct inputs_key_down){0xc59de1});
		}
		return;
	}
	if (!down && !e->held[i])
		return;
	e->held[i] = down;
	chan_send(&e->conn->chan, down ? C_INPUTS_KEY_DOWN : C_INPUTS_KEY_UP, &key);
}

void client_inputs_release(struct client_inputs *e)
{
	for (unsigned i = 0; i < KEYS; i++)
		if (e->held[i])
			client_inputs_key(e, i & 0x80 ? EXTENDED | (i & 0x7f) : i, false);
}

void client_inputs_locks(struct client_inputs *e, unsigned modifiers)
{
	chan_send(&e->conn->chan, C_INPUTS_KEY_MODIFIERS, &(struct inputs_key_modifiers){(uint16_t)modifiers});
}

/* Sends what waits, as far as the window allows. */
static void send_moves(struct client_inputs *e)
{
	if (!e->waits || e->unacked >= MAX_UNACKED)
		return;
	if (e->absolute)
		chan_send(&e->conn->chan, C_INPUTS_MOUSE_POSITION, &(struct inputs_mouse_position){
			(uint32_t)e->x, (uint32_t)e->y, e->buttons, (uint8_t)e->display});
	else
		chan_send(&e->conn->chan, C_INPUTS_MOUSE_MOTION,
			&(struct inputs_mouse_motion){e->dx, e->dy, e->buttons});
	e->unacked++;
	e->dx = e->dy = 0;
	e->waits = false;
}

void client_inputs_motion(struct client_inputs *e, int dx, int dy)
{
	e->dx += dx;
	e->dy += dy;
	e->absolute = false;
	e->waits = true;
	send_moves(e);
}

void client_inputs_position(struct client_inputs *e, unsigned display, int x, int y)
{
	e->x = x > 0 ? x : 0;
	e->y = y > 0 ? y : 0;
	e->display = display;
	e->absolute = true;
	e->waits = true;
	send_moves(e);
}

static uint16_t button_bit(unsigned button)
{
	return button >= MOUSE_BUTTON_LEFT && button <= MOUSE_BUTTON_EXTRA ? (uint16_t)(1u << (button - 1)) : 0;
}

/* A button counts where the pointer is: a move that still waits goes first, also as the one beyond the window. A click
 * in the wrong place is worse than a move too early. */
void client_inputs_button(struct client_inputs *e, unsigned button, bool down)
{
	struct inputs_mouse_press m = {.button = (uint8_t)button};
	uint16_t bit = button_bit(button);

	if (!bit)
		return;
	if (e->waits && e->unacked >= MAX_UNACKED) {
		e->unacked = MAX_UNACKED - 1;
		send_moves(e);
	}
	e->buttons = (uint16_t)(down ? e->buttons | bit : e->buttons & ~bit);
	m.buttons_state = e->buttons;
	chan_send(&e->conn->chan, down ? C_INPUTS_MOUSE_PRESS : C_INPUTS_MOUSE_RELEASE, &m);
}

bool client_inputs_idle(const struct client_inputs *e)
{
	return !e->waits && buf_len(&e->conn->chan.out) == 0;
}

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct client_inputs *e = end;

	switch (m->number) {
	case S_INPUTS_INIT:
	case S_INPUTS_KEY_MODIFIERS:
		client_told_locks(e->client, ((const struct inputs_key_modifiers *)body)->modifiers);
		break;
	case S_INPUTS_MOUSE_MOTION_ACK:
		e->unacked = e->unacked > ACKED_AT_ONCE ? e->unacked - ACKED_AT_ONCE : 0;
		send_moves(e);
		break;
	}
	client_progress(e->client);
	return 0;
}

static const struct chan_ops ops = {.message = message};

struct client_inputs *client_inputs_new(struct client *c, struct conn *conn)
{
	struct client_inputs *e = new(struct client_inputs);

	e->client = c;
	e->conn = conn;
	conn_attach(conn, &ops, e);
	return e;
}

void client_inputs_free(struct client_inputs *e)
{
	if (!e)
		return;
	client_inputs_release(e);
	conn_close(e->conn, true);
	free(e);
}

struct conn *client_inputs_conn(const struct client_inputs *e)
{
	return e->conn;
}
