/* Displays that a client asks for: a session of both ends of the house, the server playing the guest's agent. And
 * clients that have no right to it, or that break its rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "chan/conn.h"
#include "server/private.h"
#include "tests/unit/house.h"

static struct {
	struct house h;
	unsigned asked, left, n;
	struct head heads[LIM_HEADS];
	bool follows;
} b;

static struct {
	struct client *c;
	unsigned marks, inputs, resized;
	int closed, err;
} v;

static void on_resize(void *owner, const struct server_client *c, const struct head *heads, unsigned n)
{
	(void)owner, (void)c;
	b.asked++;
	b.n = n;
	memcpy(b.heads, heads, n * sizeof(*heads));
	if (b.follows)
		device_resize(b.h.device, heads[0].width, heads[0].height);
}

static void on_left(void *owner, const struct server_client *c)
{
	(void)owner, (void)c;
	b.left++;
}

static const struct server_events events = {.resize = on_resize, .left = on_left};

static void on_mark(void *owner, unsigned display)
{
	(void)owner, (void)display;
	v.marks++;
}

static void on_resized(void *owner, int err)
{
	(void)owner;
	v.resized++;
	v.err = err;
}

static void on_closed(void *owner, int err)
{
	(void)owner;
	v.closed = err;
}

static const struct client_ops ops = {.mark = on_mark, .resized = on_resized, .closed = on_closed};

static void start(bool resize, bool view_only)
{
	struct server_options o = {.client_mouse = true, .resize = resize};
	struct client_options co = {.view_only = view_only};
	struct endpoint e = {.unix_path = b.h.path};

	memset(&b, 0, sizeof(b));
	memset(&v, 0, sizeof(v));
	b.follows = true;
	house_open(&b.h, 120, 80);
	house_listen(&b.h, &o, &events);
	v.c = client_new(&b.h.loop, &e, &co, &ops, NULL);
	UNTIL(&b.h, v.marks);
}

static void finish(void)
{
	client_free(v.c);
	UNTIL(&b.h, b.left);
	house_close(&b.h);
}

static bool shows(unsigned width, unsigned height)
{
	struct pixmap *p = client_screen(v.c, 0);

	return p && p->width == width && p->height == height;
}

static void follows(void **state)
{
	struct head heads[3] = {{.width = 300, .height = 200}};

	(void)state;
	start(true, false);
	assert_true(client_has_agent(v.c));
	assert_int_equal(client_resize(v.c, heads, 1), E_AGAIN);
	UNTIL(&b.h, v.resized == 1);
	assert_int_equal(v.err, 0);
	UNTIL(&b.h, shows(300, 200));
	assert_int_equal(b.n, 1);
	heads[0].width = 333;
	assert_int_equal(client_resize(v.c, heads, 1), 0); /* they know each other now */
	UNTIL(&b.h, shows(333, 200));
	for (unsigned i = 0; i < 100; i++) { /* more than there are tokens */
		heads[0].width = 200 + i;
		assert_int_equal(client_resize(v.c, heads, 1), 0);
	}
	UNTIL(&b.h, shows(299, 200));
	assert_int_equal(b.asked, 102);
	/* several, placed; the one that is the first is not */
	b.follows = false;
	heads[0] = (struct head){.width = 200, .height = 100, .x = 50, .y = 10};
	heads[1] = (struct head){.width = 10, .height = 10, .x = 250, .y = 30};
	heads[2] = (struct head){.width = 20, .height = 20, .x = 260, .y = 10};
	assert_int_equal(client_resize(v.c, heads, 3), 0);
	UNTIL(&b.h, b.asked == 103);
	assert_int_equal(b.n, 3);
	assert_int_equal(b.heads[0].x, 0);
	assert_int_equal(b.heads[0].y, 0);
	assert_int_equal(b.heads[1].x, 200);
	assert_int_equal(b.heads[1].y, 20);
	assert_int_equal(b.heads[2].monitor_id, 2);
	/* one of them off: the others keep their numbers */
	heads[1].width = heads[1].height = 0;
	assert_int_equal(client_resize(v.c, heads, 3), 0);
	UNTIL(&b.h, b.asked == 104);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.heads[0].monitor_id, 0);
	assert_int_equal(b.heads[1].monitor_id, 2);
	assert_int_equal(b.heads[1].x, 210);
	/* what can't be is not asked for */
	heads[0].width = LIM_IMAGE_SIDE + 1;
	assert_int_equal(client_resize(v.c, heads, 1), 0);
	heads[0].width = heads[0].height = 8192;
	heads[1] = heads[0];
	assert_int_equal(client_resize(v.c, heads, 2), 0); /* 128 Mpx */
	assert_int_equal(client_resize(v.c, heads, 0), E_LIMIT);
	heads[0].width = 77;
	assert_int_equal(client_resize(v.c, heads, 1), 0);
	UNTIL(&b.h, b.asked == 105);
	assert_int_equal(b.heads[0].width, 77);
	finish();
}

static void nobody_to_ask(void **state)
{
	struct head head = {.width = 300, .height = 200};

	(void)state;
	start(false, false);
	assert_false(client_has_agent(v.c));
	assert_int_equal(client_resize(v.c, &head, 1), E_UNSUP);
	finish();
	assert_int_equal(b.asked, 0);
}

static void looking_only(void **state)
{
	struct head head = {.width = 300, .height = 200};

	(void)state;
	start(true, true);
	assert_true(client_has_agent(v.c)); /* but who only looks has nothing to ask it */
	assert_int_equal(client_resize(v.c, &head, 1), E_UNSUP);
	finish();
	assert_int_equal(b.asked, 0);
}

/* ---- a client of our own, that gives the agent no tokens ---- */

static struct {
	struct conn *conn;
	bool started;
	int closed;
} miser;

/* Speaks to the agent and asks what it can. */
static int miser_message(void *end, const struct wire_msg *m, const void *body)
{
	static const uint8_t announce[28] = {1, 0, 0, 0, AGENT_MSG_ANNOUNCE_CAPABILITIES, [16] = 8, [20] = 1};

	(void)end, (void)body;
	if (m->number != S_MAIN_INIT)
		return 0;
	chan_send(&miser.conn->chan, C_MAIN_AGENT_START, &(struct main_agent_token){0});
	chan_send_raw(&miser.conn->chan, C_MAIN_AGENT_DATA, slice_of(announce, sizeof(announce)));
	miser.started = true;
	return 0;
}

static void miser_linked(void *owner, struct conn *c)
{
	static const struct chan_ops chan_ops = {.message = miser_message};

	(void)owner;
	miser.conn = c;
	conn_attach(c, &chan_ops, NULL);
}

static void miser_closed(void *owner, struct conn *c, int err)
{
	(void)owner;
	conn_close(c, false);
	miser.closed = err;
}

static void miser_connected(void *owner, struct xport *x, int err)
{
	static const struct conn_ops conn_ops = {.linked = miser_linked, .closed = miser_closed};
	static const struct link_caps caps = {.n_common = 1, .common = {1u << COMMON_CAP_PROTOCOL_AUTH_SELECTION |
		1u << COMMON_CAP_AUTH_SPICE | 1u << COMMON_CAP_MINI_HEADER}};

	(void)owner;
	assert_int_equal(err, 0);
	conn_client(&b.h.loop, x, 0, WIRE_MAIN, 0, &caps, NULL, &conn_ops, NULL);
}

static void no_tokens(void **state)
{
	struct server_options o = {.resize = true};
	struct endpoint e = {.unix_path = b.h.path};
	struct session *s;
	uint64_t now;

	(void)state;
	memset(&b, 0, sizeof(b));
	memset(&miser, 0, sizeof(miser));
	house_open(&b.h, 120, 80);
	house_listen(&b.h, &o, &events);
	net_connect(&b.h.loop, &e, false, NULL, 10000, miser_connected, NULL);
	UNTIL(&b.h, miser.started);
	s = list_first(&b.h.server->sessions, struct session, link);
	UNTIL(&b.h, server_main_conn(s->main)->chan.serial_in >= 2);
	now = uv_now(&b.h.loop);
	session_watch(s, now);
	session_watch(s, now + LIM_AGENT_TOKENS_MS - 1);
	assert_int_equal(b.left, 0);
	session_watch(s, now + LIM_AGENT_TOKENS_MS);
	assert_int_equal(b.left, 1);
	UNTIL(&b.h, miser.closed);
	assert_int_equal(miser.closed, E_CLOSED);
	house_close(&b.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows),
		cmocka_unit_test(nobody_to_ask),
		cmocka_unit_test(looking_only),
		cmocka_unit_test(no_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
