/* Both ends of the house on one loop: a server with a device, clients of lib/client, and peers that know the link stage
 * and then misbehave. Rows 7, 14, 21, 33, 52, 62, 65, 67, 69 of RELIABILITY 8, L-5 and the tickets of CLI.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "chan/conn.h"
#include "tests/unit/house.h"

enum { W = 120, H = 80 };

struct bench {
	struct house h;
	unsigned joined, left, ready, keys_down, keys_up, last_key, buttons, positions;
	int x; /* of the last position */
	char ticket[16]; /* of the one that left last */
};

static struct bench b;

/* ---- what the server says ---- */

static void on_joined(void *owner, const struct server_client *c)
{
	(void)owner, (void)c;
	b.joined++;
}

static void on_left(void *owner, const struct server_client *c)
{
	(void)owner;
	b.left++;
	snprintf(b.ticket, sizeof(b.ticket), "%s", c->ticket_id ? c->ticket_id : "");
}

static void on_ready(void *owner, const struct server_client *c)
{
	(void)owner, (void)c;
	b.ready++;
}

static void on_key(void *owner, const struct server_client *c, unsigned code, bool down)
{
	(void)owner, (void)c;
	b.keys_down += down;
	b.keys_up += !down;
	b.last_key = code;
}

static void on_button(void *owner, const struct server_client *c, unsigned button, bool down)
{
	(void)owner, (void)c, (void)button, (void)down;
	b.buttons++;
}

static void on_position(void *owner, const struct server_client *c, int x, int y, unsigned display)
{
	(void)owner, (void)c, (void)y, (void)display;
	b.positions++;
	b.x = x;
}

static const struct server_events events = {.joined = on_joined, .left = on_left, .ready = on_ready, .key = on_key,
	.button = on_button, .position = on_position};

/* ---- the bench ---- */

static void start(unsigned max_clients)
{
	struct server_options o = {.client_mouse = true, .max_clients = max_clients};

	memset(&b, 0, sizeof(b));
	house_open(&b.h, W, H);
	device_draw(b.h.device, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = {.box = {10, 10, 50, 70}},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = 0x123456}, .rop = ROPD_OP_PUT});
	house_listen(&b.h, &o, &events);
}

static void finish(void)
{
	house_close(&b.h);
}

/* ---- clients ---- */

struct viewer {
	struct client *c;
	unsigned marks, inputs, damage;
	int closed;
};

static void on_mark(void *owner, unsigned display)
{
	(void)display;
	((struct viewer *)owner)->marks++;
}

static void on_inputs(void *owner)
{
	((struct viewer *)owner)->inputs++;
}

static void on_damage(void *owner, unsigned display, const struct rect *r)
{
	(void)display, (void)r;
	((struct viewer *)owner)->damage++;
}

static void on_closed(void *owner, int err)
{
	((struct viewer *)owner)->closed = err;
}

static const struct client_ops viewer_ops = {.mark = on_mark, .inputs = on_inputs, .damage = on_damage,
	.closed = on_closed};

static void view(struct viewer *v, const char *password)
{
	struct endpoint e = {.unix_path = b.h.path};
	struct client_options o = {.password = password, .compression = IMAGE_COMPRESSION_OFF};

	*v = (struct viewer){0};
	v->c = client_new(&b.h.loop, &e, &o, &viewer_ops, v);
}

static bool same_picture(const struct viewer *v)
{
	return house_shown(&b.h, v->c, NULL);
}

static void picture_and_inputs(void **state)
{
	struct viewer v;

	(void)state;
	start(8);
	view(&v, NULL);
	UNTIL(&b.h, v.marks && v.inputs);
	assert_true(same_picture(&v));
	assert_int_equal(b.joined, 1);
	assert_int_equal(b.ready, 1);
	client_key(v.c, 0x1e, true);
	client_key(v.c, 0xe048, true);
	UNTIL(&b.h, b.keys_down == 2);
	assert_int_equal(b.last_key, 0xe048);
	client_key(v.c, 0xe145, true); /* Pause: press and release at once, and it is not held */
	client_key(v.c, 0xe145, false);
	UNTIL(&b.h, b.keys_down == 3 && b.keys_up == 1);
	assert_int_equal(b.last_key, 0xe145);
	for (int i = 0; i < 50; i++)
		client_position(v.c, 0, i, i);
	client_button(v.c, MOUSE_BUTTON_LEFT, true);
	UNTIL(&b.h, b.buttons == 1);
	assert_in_range(b.positions, 1, 20); /* what ran ahead of the acknowledgements was left out */
	device_resize(b.h.device, 40, 30);
	UNTIL(&b.h, v.marks == 2);
	assert_true(same_picture(&v));
	for (int i = 0; i < 30; i++)
		client_position(v.c, 0, i, i);
	client_free(v.c); /* the pointer comes to rest where it was moved, and what was held is let go */
	UNTIL(&b.h, b.left == 1);
	assert_int_equal(b.x, 29);
	assert_int_equal(b.keys_up, 3);
	assert_int_equal(b.buttons, 2);
	finish();
}

/* As the server's ticket file, or in its place; SIGHUP reads it again. */
static void read_tickets(const char *text)
{
	char file[] = "/tmp/spice-session-XXXXXX";
	int fd = mkstemp(file);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(server_tickets(b.h.server, file), 0);
	unlink(file);
}

static void tickets(void **state)
{
	struct viewer v;

	(void)state;
	start(8);
	read_tickets("opensesame\nonlyonce once\nlooking1 view-only\n");
	view(&v, "opensesame");
	UNTIL(&b.h, v.marks);
	client_free(v.c);
	UNTIL(&b.h, b.left == 1);
	view(&v, "wrongwrong");
	UNTIL(&b.h, v.closed);
	assert_int_equal(v.closed, E_AUTH);
	client_free(v.c);
	view(&v, NULL);
	UNTIL(&b.h, v.closed);
	assert_int_equal(v.closed, E_AUTH);
	client_free(v.c);
	/* a once ticket lets one session in, all its channels included, and burns */
	view(&v, "onlyonce");
	UNTIL(&b.h, v.marks && v.inputs);
	client_free(v.c);
	UNTIL(&b.h, b.left == 2);
	view(&v, "onlyonce");
	UNTIL(&b.h, v.closed);
	assert_int_equal(v.closed, E_AUTH);
	client_free(v.c);
	view(&v, "looking1");
	UNTIL(&b.h, v.marks && v.inputs);
	client_key(v.c, 0x1e, true);
	client_free(v.c);
	UNTIL(&b.h, b.left == 3);
	assert_int_equal(b.keys_down, 0);
	finish();
}

/* The session was let in by it: what becomes of the file since is nothing to it. */
static void tickets_read_again(void **state)
{
	struct viewer v;

	(void)state;
	start(8);
	read_tickets("opensesame id=alice\n");
	view(&v, "opensesame");
	UNTIL(&b.h, v.marks);
	read_tickets("another1 id=bob\n");
	client_free(v.c);
	UNTIL(&b.h, b.left == 1);
	assert_string_equal(b.ticket, "alice");
	finish();
}

/* L-5: all see the same display; one too many is refused and the others go on. */
static void many_clients(void **state)
{
	struct viewer v[4];

	(void)state;
	start(3);
	for (int i = 0; i < 3; i++)
		view(&v[i], NULL);
	UNTIL(&b.h, v[0].marks && v[1].marks && v[2].marks);
	view(&v[3], NULL);
	UNTIL(&b.h, v[3].closed);
	assert_int_equal(v[3].closed, E_AUTH);
	device_draw(b.h.device, S_DISPLAY_DRAW_INVERS, &(struct draw_blackness){.base = {.box = {0, 0, H, W}}});
	UNTIL(&b.h, same_picture(&v[0]) && same_picture(&v[1]) && same_picture(&v[2]));
	for (int i = 0; i < 4; i++)
		client_free(v[i].c);
	UNTIL(&b.h, b.left == 3);
	finish();
}

/* Row 65: nothing is left of many that came and went. */
static void come_and_go(void **state)
{
	struct viewer v;

	(void)state;
	start(8);
	for (unsigned i = 1; i <= 40; i++) {
		view(&v, NULL);
		if (i % 2)
			UNTIL(&b.h, v.marks);
		client_free(v.c);
		if (i % 2)
			UNTIL(&b.h, b.left == b.joined);
	}
	finish();
}

/* ---- peers that misbehave ---- */

static int dial(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", b.h.path);
	assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd;
}

/* Whatever comes; 0 when the server has closed. */
static ssize_t hear(int fd)
{
	uint8_t buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf)), all = 0;

	for (; n > 0; n = read(fd, buf, sizeof(buf)))
		all += n;
	return n == 0 ? 0 : all ? all : -1;
}

/* The bytes of a client that links main and goes on as `more` says; the server must close it, and live. */
static void closed_after(const void *bytes, size_t n)
{
	int fd = dial();

	assert_int_equal(write(fd, bytes, n), n);
	UNTIL(&b.h, hear(fd) == 0);
	close(fd);
}

static void not_spice(void **state)
{
	static const char junk[64] = "HELO example.org and so on";
	static const uint8_t large[16] = {'R', 'E', 'D', 'Q', 2, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
	struct viewer v;

	(void)state;
	start(8);
	closed_after(junk, sizeof(junk));
	closed_after(large, sizeof(large));
	view(&v, NULL);
	UNTIL(&b.h, v.marks);
	assert_int_equal(v.closed, 0);
	client_free(v.c);
	UNTIL(&b.h, b.left == 1);
	finish();
}

/* A channel after its link, played by the chan layer in the client's role: the hostile bytes go out as they are. */
struct rogue {
	struct conn *conn;
	bool linked;
	int closed;
	uint32_t session;
};

static int rogue_message(void *end, const struct wire_msg *m, const void *body)
{
	struct rogue *r = end;

	if (r->conn->chan.type == WIRE_MAIN && m->number == S_MAIN_INIT)
		r->session = ((const struct main_init *)body)->session_id;
	return 0;
}

static const struct chan_ops rogue_ops = {.message = rogue_message};

static void rogue_linked(void *owner, struct conn *c)
{
	((struct rogue *)owner)->linked = true;
	conn_attach(c, &rogue_ops, owner);
}

static void rogue_closed(void *owner, struct conn *c, int err)
{
	(void)c;
	((struct rogue *)owner)->closed = err;
}

static const struct conn_ops rogue_conn = {.linked = rogue_linked, .closed = rogue_closed};

static void link_with(struct rogue *r, unsigned type, uint32_t session, const char *password)
{
	struct link_caps caps = {.common = {1 << COMMON_CAP_MINI_HEADER | 1}, .n_common = 1};

	*r = (struct rogue){0};
	r->conn = conn_client(&b.h.loop, xport_socket(dial()), session, type, 0, &caps, password, &rogue_conn, r);
	UNTIL(&b.h, r->linked || r->closed);
}

static void link_as(struct rogue *r, unsigned type, uint32_t session)
{
	link_with(r, type, session, NULL);
}

static void hang_up(struct rogue *r)
{
	conn_close(r->conn, false);
	r->conn = NULL;
}

/* A frame with this number and these bytes ends the channel, and only that. */
static void refused(unsigned type, unsigned number, const void *body, size_t n)
{
	struct rogue main, other;
	struct rogue *r = type == WIRE_MAIN ? &main : &other;

	link_as(&main, WIRE_MAIN, 0);
	UNTIL(&b.h, main.session);
	if (r == &other)
		link_as(&other, type, main.session);
	buf_le16(&r->conn->chan.out, (uint16_t)number);
	buf_le32(&r->conn->chan.out, (uint32_t)n);
	buf_put(&r->conn->chan.out, body, n);
	pump_kick(r->conn->pump);
	UNTIL(&b.h, r->closed);
	if (r == &other)
		hang_up(&other);
	hang_up(&main);
	UNTIL(&b.h, server_clients(b.h.server) == 0);
}

static void hostile_messages(void **state)
{
	static const uint8_t zero[LIM_C_MAIN + 1];

	(void)state;
	start(8);
	refused(WIRE_MAIN, C_MAIN_CLIENT_INFO, zero, 7);               /* row 14: one byte short */
	refused(WIRE_MAIN, C_MAIN_AGENT_DATA, zero, 30);               /* no agent */
	refused(WIRE_MAIN, C_BASE_MIGRATE_DATA, zero, LIM_C_MAIN + 1); /* L-7 */
	refused(WIRE_MAIN, 999, zero, 0);
	refused(WIRE_DISPLAY, C_DISPLAY_INIT, zero, 13);
	refused(WIRE_DISPLAY, C_DISPLAY_GL_DRAW_DONE, NULL, 0);
	refused(WIRE_INPUTS, C_INPUTS_KEY_SCANCODE, zero, LIM_C_INPUTS + 1);
	refused(WIRE_CURSOR, 101, zero, 4);
	finish();
}

/* Rows 21 and 67: a client's numbers about pictures and streams, none of which means anything. */
static void absurd_numbers(struct rogue *r)
{
	static const uint32_t values[] = {0, 1, VIDEO_CODEC_VP9, LIM_STREAMS - 1, LIM_STREAMS, 0x7fffffff, 0x80000000,
		0xffffffff};
	uint8_t codecs[255];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		uint32_t v = values[i];

		for (size_t k = 0; k < ARRAY_SIZE(values); k++)
			chan_send(&r->conn->chan, C_DISPLAY_STREAM_REPORT, &(struct stream_report){v, values[k], v,
				values[k], v, values[k], (int32_t)v, values[k]});
		chan_send(&r->conn->chan, C_DISPLAY_PREFERRED_COMPRESSION,
			&(struct display_preferred_compression){(uint8_t)v});
		memset(codecs, (int)v, sizeof(codecs));
		chan_send(&r->conn->chan, C_DISPLAY_PREFERRED_VIDEO_CODEC_TYPE,
			&(struct display_preferred_video_codec_type){(uint8_t)v, {codecs, (uint8_t)v}});
	}
}

static void display_numbers(void **state)
{
	static const struct display_init bad[] = {{1, -1, 1, 0}, {1, 0, 1, -1}, {1, INT64_MIN, 1, INT32_MIN},
		{1, 0, 1, INT32_MAX}};
	struct rogue main, display;

	(void)state;
	start(8);
	link_as(&main, WIRE_MAIN, 0);
	UNTIL(&b.h, main.session);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		link_as(&display, WIRE_DISPLAY, main.session);
		chan_send(&display.conn->chan, C_DISPLAY_INIT, &bad[i]);
		UNTIL(&b.h, display.closed);
		hang_up(&display);
	}
	link_as(&display, WIRE_DISPLAY, main.session);
	absurd_numbers(&display);
	chan_send(&display.conn->chan, C_DISPLAY_INIT, &(struct display_init){255, INT64_MAX, 255, 1 << 20});
	UNTIL(&b.h, display.conn->chan.serial_in > 0); /* the channel lives: it is answered */
	absurd_numbers(&display);
	assert_int_equal(display.closed, 0);
	chan_send(&display.conn->chan, C_DISPLAY_INIT, &(struct display_init){0}); /* the second one */
	UNTIL(&b.h, display.closed);
	assert_int_equal(main.closed, 0);
	hang_up(&display);
	hang_up(&main);
	UNTIL(&b.h, server_clients(b.h.server) == 0);
	finish();
}

/* Row 33: every scan code, and streams of them that break off. */
static void scan_codes(void **state)
{
	struct rogue main, inputs;
	uint8_t bytes[256];

	(void)state;
	start(8);
	link_as(&main, WIRE_MAIN, 0);
	UNTIL(&b.h, main.session);
	link_as(&inputs, WIRE_INPUTS, main.session);
	for (uint32_t code = 0; code < 0x10000; code++) {
		struct inputs_key_down down = {code};

		chan_send(&inputs.conn->chan, code & 1 ? C_INPUTS_KEY_UP : C_INPUTS_KEY_DOWN, &down);
	}
	chan_send(&inputs.conn->chan, C_INPUTS_KEY_DOWN, &(struct inputs_key_down){0xffffffff});
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = i + 1 == n ? (n & 1 ? 0xe0 : 0xe1) : (uint8_t)(i * 7 + n);
		chan_send(&inputs.conn->chan, C_INPUTS_KEY_SCANCODE, &(struct opaque){{bytes, n}});
	}
	chan_send(&inputs.conn->chan, C_INPUTS_MOUSE_PRESS, &(struct inputs_mouse_press){255, 0xffff});
	chan_send(&inputs.conn->chan, C_INPUTS_MOUSE_PRESS, &(struct inputs_mouse_press){MOUSE_BUTTON_RIGHT, 0});
	UNTIL(&b.h, b.buttons == 1);
	assert_int_equal(inputs.closed, 0);
	hang_up(&inputs);
	hang_up(&main);
	UNTIL(&b.h, b.left == 1);
	assert_true(b.keys_down > 100);
	finish();
}

/* LinkResult 8 for a session that does not exist, and nothing for a channel that is there already. */
static void strangers(void **state)
{
	struct rogue main, again;

	(void)state;
	start(8);
	link_as(&main, WIRE_DISPLAY, 12345);
	assert_int_equal(main.closed, E_PROTO);
	hang_up(&main);
	link_as(&main, WIRE_SMARTCARD, 0); /* row 12 */
	assert_int_equal(main.closed, E_UNSUP);
	hang_up(&main);
	link_as(&main, WIRE_MAIN, 0);
	UNTIL(&b.h, main.session);
	link_as(&again, WIRE_INPUTS, main.session);
	assert_int_equal(again.closed, 0);
	hang_up(&again);
	hang_up(&main);
	UNTIL(&b.h, b.left == 1);
	finish();
}

/* a `once` ticket burns on success only: not for a channel without a session, nor where there is no room. */
static void ticket_without_success(void **state)
{
	struct rogue stray;
	struct viewer first, second;

	(void)state;
	start(1);
	read_tickets("opensesame\nonlyonce once\n");
	link_with(&stray, WIRE_DISPLAY, 12345, "onlyonce");
	assert_int_equal(stray.closed, E_PROTO);
	hang_up(&stray);
	view(&first, "opensesame");
	UNTIL(&b.h, first.marks);
	view(&second, "onlyonce");
	UNTIL(&b.h, second.closed);
	client_free(second.c);
	client_free(first.c);
	UNTIL(&b.h, b.left == 1);
	view(&second, "onlyonce");
	UNTIL(&b.h, second.marks || second.closed);
	assert_int_equal(second.closed, 0);
	client_free(second.c);
	UNTIL(&b.h, b.left == 2);
	finish();
}

/* Rows 7 and 62: a client that goes after k bytes of its life, for many k, while another one is served. */
static void cut_anywhere(void **state)
{
	struct viewer v;
	uint8_t mess[16 + 18 + 4] = {'R', 'E', 'D', 'Q', 2, 0, 0, 0, 2, 0, 0, 0, 22, 0, 0, 0, [20] =
		WIRE_MAIN, [22] = 1,
		[30] = 18, [34] = 9};

	(void)state;
	start(8);
	view(&v, NULL);
	UNTIL(&b.h, v.marks);
	for (size_t k = 0; k <= sizeof(mess); k++) {
		int fd = dial();

		assert_int_equal(write(fd, mess, k), k);
		for (int i = 0; i < 3; i++)
			uv_run(&b.h.loop, UV_RUN_NOWAIT);
		close(fd);
	}
	for (unsigned k = 0; k < 30; k++) {
		struct viewer cut;

		view(&cut, NULL);
		for (unsigned i = 0; i < 3 * k; i++)
			uv_run(&b.h.loop, UV_RUN_NOWAIT);
		client_free(cut.c);
	}
	device_draw(b.h.device, S_DISPLAY_DRAW_INVERS, &(struct draw_blackness){.base = {.box = {0, 0, H, W}}});
	UNTIL(&b.h, same_picture(&v));
	UNTIL(&b.h, server_clients(b.h.server) == 1);
	client_free(v.c);
	UNTIL(&b.h, server_clients(b.h.server) == 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picture_and_inputs),
		cmocka_unit_test(tickets),
		cmocka_unit_test(tickets_read_again),
		cmocka_unit_test(many_clients),
		cmocka_unit_test(come_and_go),
		cmocka_unit_test(not_spice),
		cmocka_unit_test(hostile_messages),
		cmocka_unit_test(display_numbers),
		cmocka_unit_test(scan_codes),
		cmocka_unit_test(strangers),
		cmocka_unit_test(ticket_without_success),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
