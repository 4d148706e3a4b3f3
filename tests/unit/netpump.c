/* The bottom of the transport stack and the pump, over socket pairs: bytes arrive whole and in
 * order however they are cut, back pressure reaches the peer, last words are read, and closing
 * leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/listen.h"
#include "tests/unit/side.h"

struct pair {
	uv_loop_t loop;
	int fd[2];
	struct side a, b;
};

static void pair_init(struct pair *t, bool b_pumped)
{
	*t = (struct pair){0};
	uv_loop_init(&t->loop);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, t->fd), 0);
	t->a.pump = pump_new(&t->loop, xport_socket(t->fd[0]), &side_ops, &t->a);
	if (b_pumped)
		t->b.pump = pump_new(&t->loop, xport_socket(t->fd[1]), &side_ops, &t->b);
}

static void pair_fini(struct pair *t)
{
	pump_close(t->a.pump, false);
	pump_close(t->b.pump, false);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	buf_fini(&t->a.in);
	buf_fini(&t->a.out);
	buf_fini(&t->b.in);
	buf_fini(&t->b.out);
}

static void fill(struct buf *b, size_t n)
{
	uint8_t *p = buf_reserve(b, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + (i >> 8));
	buf_commit(b, n);
}

static void assert_filled(const struct buf *b, size_t n)
{
	struct buf want = {0};

	fill(&want, n);
	assert_int_equal(buf_len(b), n);
	assert_memory_equal(buf_data(b), buf_data(&want), n);
	buf_fini(&want);
}

static void carry(size_t piece, size_t n)
{
	struct pair t;

	pair_init(&t, true);
	t.a.piece = piece;
	fill(&t.a.out, n);
	fill(&t.b.out, n);
	while (buf_len(&t.b.in) < n || buf_len(&t.a.in) < n)
		uv_run(&t.loop, UV_RUN_ONCE);
	assert_filled(&t.b.in, n);
	assert_filled(&t.a.in, n);
	assert_int_equal(pump_bytes_out(t.a.pump), n);
	assert_int_equal(pump_bytes_in(t.b.pump), n);
	assert_int_equal(pump_stalled_ms(t.a.pump), 0);
	pair_fini(&t);
}

static void carries_both_ways(void **state)
{
	(void)state;
	carry(1, 3000);
	carry(7919, 2000000);
	carry(0, 5000000);
}

static void kick_sends_later_output(void **state)
{
	struct pair t;

	(void)state;
	pair_init(&t, true);
	uv_run(&t.loop, UV_RUN_NOWAIT);
	uv_run(&t.loop, UV_RUN_NOWAIT);
	buf_str(&t.a.out, "later");
	pump_kick(t.a.pump);
	pump_kick(t.a.pump);
	while (buf_len(&t.b.in) < 5)
		uv_run(&t.loop, UV_RUN_ONCE);
	assert_memory_equal(buf_data(&t.b.in), "later", 5);
	pair_fini(&t);
}

/* An owner that has just given the last of a backlog is still blocked in the pump's eyes when it asks
 * for another turn: it gets one. */
static void kick_from_within_is_kept(void **state)
{
	enum { BACKLOG = 4 << 20, MORE = 100 };
	struct pair t;

	(void)state;
	pair_init(&t, false);
	fill(&t.a.out, BACKLOG);
	for (int i = 0; i < 8; i++)
		uv_run(&t.loop, UV_RUN_NOWAIT);
	assert_true(buf_len(&t.a.out) > 0);
	t.a.refill = MORE;
	t.b.pump = pump_new(&t.loop, xport_socket(t.fd[1]), &side_ops, &t.b);
	while (buf_len(&t.b.in) < BACKLOG + MORE)
		uv_run(&t.loop, UV_RUN_ONCE);
	pair_fini(&t);
}

static void idle_pump_does_not_spin(void **state)
{
	struct pair t;
	uv_timer_t timer;

	(void)state;
	pair_init(&t, true);
	for (int i = 0; i < 4; i++)
		uv_run(&t.loop, UV_RUN_NOWAIT);
	uv_timer_init(&t.loop, &timer);
	assert_int_equal(
		uv_backend_timeout(&t.loop), -1); /* nothing but descriptors is waited for */
	uv_close((uv_handle_t *)&timer, NULL);
	pair_fini(&t);
}

static void pause_holds_input(void **state)
{
	struct pair t;
	char big[256 << 10];
	ssize_t sent = 0, n;

	(void)state;
	pair_init(&t, false);
	t.a.pause = true;
	memset(big, 'x', sizeof(big));
	while ((n = send(t.fd[1], big, sizeof(big), MSG_DONTWAIT)) > 0)
		sent += n;
	assert_true(sent > 0);
	while (!t.a.inputs)
		uv_run(&t.loop, UV_RUN_ONCE);
	for (int i = 0; i < 20; i++)
		uv_run(&t.loop, UV_RUN_NOWAIT);
	assert_int_equal(t.a.inputs, 1);
	t.a.pause = false;
	pump_pause(t.a.pump, false);
	while (buf_len(&t.a.in) < (size_t)sent)
		uv_run(&t.loop, UV_RUN_ONCE);
	assert_int_equal(buf_len(&t.a.in), sent);
	close(t.fd[1]);
	pair_fini(&t);
}

static void end_of_stream_closes(void **state)
{
	struct pair t;

	(void)state;
	pair_init(&t, false);
	assert_int_equal(write(t.fd[1], "bye", 3), 3);
	close(t.fd[1]);
	while (!t.a.closed)
		uv_run(&t.loop, UV_RUN_ONCE);
	assert_int_equal(t.a.closed, E_CLOSED);
	assert_int_equal(buf_len(&t.a.in), 3);
	pair_fini(&t);
}

static void owner_ends_by_error_or_close(void **state)
{
	static const struct {
		int fail, closed;
	} rows[] = {{E_PROTO, E_PROTO}, {0, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pair t;

		pair_init(&t, false);
		t.a.stop_at = 2;
		t.a.fail = rows[i].fail;
		assert_int_equal(write(t.fd[1], "xyz", 3), 3);
		while (t.a.pump)
			uv_run(&t.loop, UV_RUN_ONCE);
		assert_int_equal(t.a.closed, rows[i].closed);
		close(t.fd[1]);
		pair_fini(&t);
	}
}

/* The peer sends its reason and closes with our bytes unread: that is a reset, yet the reason is
 * read. */
static void last_words_are_read(void **state)
{
	struct pair t;

	(void)state;
	pair_init(&t, false);
	fill(&t.a.out, 100);
	uv_run(&t.loop, UV_RUN_NOWAIT);
	fill(&t.a.out, 100);
	pump_kick(t.a.pump);
	assert_int_equal(write(t.fd[1], "no", 2), 2);
	close(t.fd[1]);
	while (!t.a.closed)
		uv_run(&t.loop, UV_RUN_ONCE);
	assert_int_equal(buf_len(&t.a.in), 2);
	assert_int_equal(t.a.closed, E_CLOSED);
	pair_fini(&t);
}

static void flush_writes_what_is_ready(void **state)
{
	struct pair t;
	struct buf got = {0};
	ssize_t n = 1;

	(void)state;
	pair_init(&t, false);
	fill(&t.a.out, 200000);
	pump_close(t.a.pump, true);
	t.a.pump = NULL;
	assert_int_equal(buf_len(&t.a.out), 0); /* nothing is asked of the owner later */
	while (n != 0) {
		uv_run(&t.loop, UV_RUN_NOWAIT);
		n = recv(t.fd[1], buf_reserve(&got, 4096), 4096, MSG_DONTWAIT);
		if (n > 0)
			buf_commit(&got, (size_t)n);
	}
	assert_filled(&got, 200000);
	buf_fini(&got);
	close(t.fd[1]);
	pair_fini(&t);
}

/* A peer that reads nothing holds a flush for a second, no longer. */
static void flush_gives_up(void **state)
{
	struct pair t;
	uint64_t before;

	(void)state;
	pair_init(&t, false);
	fill(&t.a.out, 4 << 20);
	for (int i = 0; i < 8; i++)
		uv_run(&t.loop, UV_RUN_NOWAIT);
	uv_update_time(&t.loop);
	assert_true(buf_len(&t.a.out) > 0);
	before = uv_now(&t.loop);
	pump_close(t.a.pump, true);
	t.a.pump = NULL;
	uv_run(&t.loop, UV_RUN_DEFAULT);
	uv_update_time(&t.loop);
	assert_in_range(uv_now(&t.loop) - before, 900, 1900);
	close(t.fd[1]);
	pair_fini(&t);
}

static void tick(uv_timer_t *t)
{
	(void)t;
}

static void stall_is_measured(void **state)
{
	struct pair t;
	uv_timer_t timer;
	char sink[65536];

	(void)state;
	pair_init(&t, false);
	fill(&t.a.out, 1 << 20);
	uv_timer_init(&t.loop, &timer);
	while (pump_stalled_ms(t.a.pump) < 30) {
		uv_timer_start(&timer, tick, 5, 0);
		uv_run(&t.loop, UV_RUN_ONCE);
	}
	while (buf_len(&t.a.out)) {
		while (recv(t.fd[1], sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
		uv_run(&t.loop, UV_RUN_NOWAIT);
	}
	uv_run(&t.loop, UV_RUN_NOWAIT);
	assert_int_equal(pump_stalled_ms(t.a.pump), 0);
	uv_close((uv_handle_t *)&timer, NULL);
	close(t.fd[1]);
	pair_fini(&t);
}

/* A sender that never stops leaves the loop to a second connection. */
static void busy_peer_does_not_starve(void **state)
{
	struct pair t, quiet;
	char big[128 << 10] = {0};
	int rounds = 0;

	(void)state;
	pair_init(&t, false);
	quiet = (struct pair){0};
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, quiet.fd), 0);
	quiet.a.pump = pump_new(&t.loop, xport_socket(quiet.fd[0]), &side_ops, &quiet.a);
	assert_int_equal(write(quiet.fd[1], "q", 1), 1);
	while (!buf_len(&quiet.a.in) && rounds++ < 10) {
		while (send(t.fd[1], big, sizeof(big), MSG_DONTWAIT) > 0)
			;
		uv_run(&t.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(buf_len(&quiet.a.in), 1);
	pump_close(quiet.a.pump, false);
	close(quiet.fd[1]);
	close(t.fd[1]);
	buf_fini(&quiet.a.in);
	pair_fini(&t);
}

static void info_of_a_unix_peer(void **state)
{
	struct pair t;
	char source[48];

	(void)state;
	pair_init(&t, false);
	snprintf(source, sizeof(source), "unix:%u", (unsigned)getuid());
	assert_string_equal(pump_info(t.a.pump)->source, source);
	assert_string_equal(pump_info(t.a.pump)->host, "unix");
	assert_true(pump_info(t.a.pump)->local);
	close(t.fd[1]);
	pair_fini(&t);
}

/* Bytes that come after we have read and before a stack that does not know yet what is spoken is
 * asked to go on: it takes them then, and they are not left lying. */
static void input_taken_by_a_write_is_given(void **state)
{
	struct pair t = {0};

	(void)state;
	uv_loop_init(&t.loop);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, t.fd), 0);
	t.a.late = t.fd[1];
	t.a.pump = pump_new(&t.loop, xport_accept(t.fd[0], NULL, false, NULL), &side_ops, &t.a);
	for (int i = 0; i < 10; i++)
		uv_run(&t.loop, UV_RUN_NOWAIT);
	assert_int_equal(buf_len(&t.a.in), 4);
	close(t.fd[1]);
	pair_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_both_ways),
		cmocka_unit_test(kick_sends_later_output),
		cmocka_unit_test(kick_from_within_is_kept),
		cmocka_unit_test(idle_pump_does_not_spin),
		cmocka_unit_test(pause_holds_input),
		cmocka_unit_test(end_of_stream_closes),
		cmocka_unit_test(owner_ends_by_error_or_close),
		cmocka_unit_test(last_words_are_read),
		cmocka_unit_test(flush_writes_what_is_ready),
		cmocka_unit_test(flush_gives_up),
		cmocka_unit_test(stall_is_measured),
		cmocka_unit_test(busy_peer_does_not_starve),
		cmocka_unit_test(input_taken_by_a_write_is_given),
		cmocka_unit_test(info_of_a_unix_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
