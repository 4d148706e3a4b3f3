/* The server's end of the inputs channel: set-1 scan codes, buttons, motion; what is held down is let go when the
 * client leaves. channels.md 3. */
#include "server/session.h"

#include <stdlib.h>

enum {
	MOTIONS_PER_ACK = 4,
	RELEASE = 0x80,
	EXTENDED = 0xe0,
	PAUSE = 0xe1,         /* begins the six bytes of Pause: e1 1d 45, e1 9d c5 */
	PAUSE_CODE = 0xe145,
	KEYS = 256,           /* 0x00..0x7f plain, 0x80..0xff extended */
};

struct server_inputs {
	struct session *session;
	struct conn *conn;
	uint8_t prefix;       /* EXTENDED, PAUSE or 0: state of the scan code stream */
	unsigned pause_left;
	bool held[KEYS];
	uint16_t buttons;
	unsigned motions;
};

static void key(struct server_inputs *e, uint8_t code, bool extended, bool down)
{
	unsigned i = (code & 0x7fu) | (extended ? 0x80u : 0);

	if (!down && !e->held[i])
		return;
	e->held[i] = down;
	session_tell_key(e->session, (code & 0x7fu) | (extended ? 0xe000u : 0), down);
}

static void scan_code(struct server_inputs *e, uint8_t byte)
{
	if (e->pause_left) {
		if (--e->pause_left == 0)
			session_tell_key(e->session, PAUSE_CODE, byte < RELEASE);
		return;
	}
	if (byte == PAUSE) {
		e->pause_left = 2;
		e->prefix = 0;
	} else if (byte == EXTENDED) {
		e->prefix = EXTENDED;
	} else if (byte == 0) { /* ends a code in KEY_DOWN and KEY_UP; no key has it */
		e->prefix = 0;
	} else {
		key(e, byte, e->prefix == EXTENDED, !(byte & RELEASE));
		e->prefix = 0;
	}
}

/* KEY_DOWN and KEY_UP: up to four bytes, least significant first. */
static void key_code(struct server_inputs *e, uint32_t code)
{
	for (unsigned i = 0; i < 4 && code; i++, code >>= 8)
		scan_code(e, (uint8_t)code);
	e->prefix = 0;
	e->pause_left = 0;
}

static void moved(struct server_inputs *e)
{
	if (++e->motions % MOTIONS_PER_ACK == 0)
		chan_send(&e->conn->chan, S_INPUTS_MOUSE_MOTION_ACK, NULL);
}

static void button(struct server_inputs *e, unsigned number, bool down)
{
	if (number == MOUSE_BUTTON_INVALID || number > MOUSE_BUTTON_EXTRA)
		return;
	e->buttons = (uint16_t)(down ? e->buttons | 1u << number : e->buttons & ~(1u << number));
	session_tell_button(e->session, number, down);
}

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct server_inputs *e = end;
	const struct inputs_mouse_motion *motion = body;
	const struct inputs_mouse_position *pos = body;
	const struct opaque *codes = body;

	switch (m->number) {
	case C_INPUTS_KEY_DOWN:
	case C_INPUTS_KEY_UP:
		key_code(e, ((const struct inputs_key_down *)body)->code);
		break;
	case C_INPUTS_KEY_SCANCODE:
		for (size_t i = 0; i < codes->data.n; i++)
			scan_code(e, codes->data.p[i]);
		break;
	case C_INPUTS_KEY_MODIFIERS:
		session_tell_locks(e->session, ((const struct inputs_key_modifiers *)body)->modifiers);
		break;
	case C_INPUTS_MOUSE_MOTION:
		if (!session_client_mouse(e->session))
			session_tell_motion(e->session, motion->dx, motion->dy);
		moved(e);
		break;
	case C_INPUTS_MOUSE_POSITION:
		if (session_client_mouse(e->session))
			session_tell_position(e->session, (int)(pos->x & INT32_MAX), (int)(pos->y & INT32_MAX),
				pos->display_id);
		moved(e);
		break;
	case C_INPUTS_MOUSE_PRESS:
	case C_INPUTS_MOUSE_RELEASE:
		button(e, ((const struct inputs_mouse_press *)body)->button, m->number == C_INPUTS_MOUSE_PRESS);
		break;
	}
	return 0;
}

static const struct chan_ops ops = {.message = message};

struct server_inputs *server_inputs_new(struct session *s, struct conn *c)
{
	struct server_inputs *e = new(struct server_inputs);

	e->session = s;
	e->conn = c;
	conn_attach(c, &ops, e);
	chan_send(&c->chan, S_INPUTS_INIT, &(struct inputs_init){(uint16_t)session_locks(s)});
	return e;
}

void server_inputs_locks(struct server_inputs *e, unsigned modifiers)
{
	chan_send(&e->conn->chan, S_INPUTS_KEY_MODIFIERS, &(struct inputs_key_modifiers){(uint16_t)modifiers});
}

void server_inputs_free(struct server_inputs *e)
{
	if (!e)
		return;
	for (unsigned i = 0; i < KEYS; i++)
		if (e->held[i])
			key(e, i & 0x7f, i & 0x80, false);
	for (unsigned i = MOUSE_BUTTON_LEFT; i <= MOUSE_BUTTON_EXTRA; i++)
		if (e->buttons >> i & 1)
			button(e, i, false);
	conn_close(e->conn, false);
	free(e);
}

struct conn *server_inputs_conn(const struct server_inputs *e)
{
	return e->conn;
}
