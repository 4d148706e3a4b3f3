/* Displays that a client asks for: a session of both ends of the house, the server playing the guest's agent. And
 * clients that have no right to it, or that break its rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
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
	assert_false(client_has_agent(v.c));
	assert_int_equal(client_resize(v.c, &head, 1), E_UNSUP);
	finish();
	assert_int_equal(b.asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows),
		cmocka_unit_test(nobody_to_ask),
		cmocka_unit_test(looking_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
