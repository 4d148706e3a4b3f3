/* The client's end of the inputs channel: keys, locks, and a pointer that does not run ahead of the server's
 * acknowledgements. channels.md 3. */
#include <stdlib.h>

#include "client/ends.h"
#include "view/keycode.h"

enum {
	ACKED_AT_ONCE = 4,
	MAX_UNACKED = 8,
};

struct client_inputs {
	struct client *client;
	struct conn *conn;
	bool held[KEYCODE_INDEXES];
	uint16_t buttons;      /* mask */
	unsigned unacked;
	/* what waits for an acknowledgement */
	bool waits;
	int dx, dy;            /* relative */
	bool absolute;
	unsigned display;
	int x, y;
};

static void send_key(struct client_inputs *e, uint16_t code, bool down)
{
	uint8_t bytes[sizeof(uint32_t)] = {0};

	keycode_bytes(code, down, bytes);
	chan_send(&e->conn->chan, down ? C_INPUTS_KEY_DOWN : C_INPUTS_KEY_UP,
		&(struct inputs_key_down){get_le32(bytes)});
}

void client_inputs_key(struct client_inputs *e, uint16_t code, bool down)
{
	bool *held = &e->held[keycode_index(code)];

	if (!down && !*held)
		return;
	*held = down;
	send_key(e, code, down);
	if (code == KEYCODE_PAUSE && down) { /* a keyboard sends its release with the press */
		*held = false;
		send_key(e, code, false);
	}
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

/* As far as there are numbers: a server may never acknowledge. */
static int sum(int a, int b)
{
	int64_t s = (int64_t)a + b;

	return s > INT32_MAX ? INT32_MAX : s < INT32_MIN ? INT32_MIN : (int)s;
}

void client_inputs_motion(struct client_inputs *e, int dx, int dy)
{
	e->dx = sum(e->dx, dx);
	e->dy = sum(e->dy, dy);
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

/* A move that still waits goes now, also as the one beyond the window. */
static void hurry_moves(struct client_inputs *e)
{
	if (e->waits && e->unacked >= MAX_UNACKED)
		e->unacked = MAX_UNACKED - 1;
	send_moves(e);
}

/* A button counts where the pointer is. A click in the wrong place is worse than a move too early. */
void client_inputs_button(struct client_inputs *e, unsigned button, bool down)
{
	struct inputs_mouse_press m = {.button = (uint8_t)button};
	uint16_t bit = button_bit(button);

	if (!bit)
		return;
	hurry_moves(e);
	e->buttons = (uint16_t)(down ? e->buttons | bit : e->buttons & ~bit);
	m.buttons_state = e->buttons;
	chan_send(&e->conn->chan, down ? C_INPUTS_MOUSE_PRESS : C_INPUTS_MOUSE_RELEASE, &m);
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

static void *attach(struct client *c, struct conn *conn)
{
	struct client_inputs *e = new(struct client_inputs);

	e->client = c;
	e->conn = conn;
	conn_attach(conn, &ops, e);
	return e;
}

/* The pointer comes to rest where it was moved, and nothing stays down. */
static void detach(void *end)
{
	struct client_inputs *e = end;

	hurry_moves(e);
	for (unsigned i = 0; i < KEYCODE_INDEXES; i++)
		if (e->held[i])
			client_inputs_key(e, keycode_at(i), false);
	free(e);
}

const struct client_kind client_inputs_kind = {
	.type = WIRE_INPUTS,
	.ids = 1,
	.attach = attach,
	.detach = detach,
};
