/* Listeners and outgoing connections on loopback and unix sockets: names, readiness, refusals,
 * stale sockets, short descriptors, time-outs, cancelling. */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/listen.h"

static uv_loop_t loop;
static char dir[] = "/tmp/netlisten-XXXXXX";

struct got {
	int fds[256];
	int n;
	struct xport *x;
	int err;
	bool called;
};

static void on_accept(void *owner, int fd)
{
	struct got *g = owner;

	g->fds[g->n++] = fd;
}

static void on_connect(void *owner, struct xport *x, int err)
{
	struct got *g = owner;

	g->called = true;
	g->x = x;
	g->err = err;
}

static void got_fini(struct got *g)
{
	for (int i = 0; i < g->n; i++)
		close(g->fds[i]);
	xport_close(g->x);
	*g = (struct got){0};
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? uv_loop_init(&loop) : -1;
}

static int teardown(void **state)
{
	(void)state;
	uv_run(&loop, UV_RUN_DEFAULT);
	rmdir(dir);
	return uv_loop_close(&loop);
}

static struct listener *listen_at(const char *where, struct got *g)
{
	int err = 1;
	struct listener *l = listener_new(&loop, where, on_accept, g, &err);

	assert_non_null(l);
	assert_int_equal(err, 0);
	return l;
}

static void endpoint_of(const struct listener *l, struct endpoint *e)
{
	const char *name = listener_name(l);
	const char *colon = strrchr(name, ':');

	*e = (struct endpoint){0};
	if (strncmp(name, "unix:", 5) == 0) {
		e->unix_path = (char *)name + 5;
		return;
	}
	e->host = name[0] == '[' ? xstrndup(name + 1, (size_t)(colon - name) - 2)
				 : xstrndup(name, (size_t)(colon - name));
	e->port = (int)strtol(colon + 1, NULL, 10);
}

static void meets(const char *where, const char *host)
{
	struct got g = {0};
	struct listener *l = listen_at(where, &g);
	struct endpoint e;

	assert_true(listener_is_local(l));
	endpoint_of(l, &e);
	net_connect(&loop, &e, false, NULL, 5000, on_connect, &g);
	assert_false(g.called);
	while (!g.called || !g.n)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(g.err, 0);
	assert_string_equal(g.x->info.host, host);
	assert_true(fcntl(g.fds[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(g.fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(xport_write(g.x, "hello", 5), 5);
	got_fini(&g);
	free(e.host);
	listener_free(l);
}

static void tcp_and_unix_meet(void **state)
{
	char where[64];
	struct stat st;

	(void)state;
	meets("127.0.0.1:0", "127.0.0.1");
	if (access("/proc/net/if_inet6", F_OK) == 0)
		meets("[::1]:0", "::1");
	snprintf(where, sizeof(where), "unix:%s/s", dir);
	meets(where, where + 5);
	assert_int_equal(lstat(where + 5, &st), -1); /* removed again */
}

static void names_that_are_refused(void **state)
{
	char longest[256] = "unix:/";
	static const struct {
		const char *where;
		int err;
	} rows[] = {
		{"", E_USAGE},
		{"5900", E_USAGE},
		{"127.0.0.1", E_USAGE},
		{":5900", E_USAGE},
		{"127.0.0.1:", E_USAGE},
		{"127.0.0.1:65536", E_USAGE},
		{"127.0.0.1:-1", E_USAGE},
		{"127.0.0.1:5x", E_USAGE},
		{"::1:0", E_USAGE},
		{"[]:1", E_USAGE},
		{"unix:", E_USAGE},
		{"host.invalid:0", E_HOST},
		{"unix:/nowhere/at/all", E_UNREACH},
	};
	int err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		err = 0;
		assert_null(listener_new(&loop, rows[i].where, on_accept, NULL, &err));
		assert_int_equal(err, rows[i].err);
	}
	/* row 66: sun_path holds 107 bytes and a NUL */
	memset(longest + 6, 'x', 107);
	err = 0;
	assert_null(listener_new(&loop, longest, on_accept, NULL, &err));
	assert_int_equal(err, E_USAGE);
}

static void taken_port(void **state)
{
	struct got g = {0};
	struct listener *l = listen_at("127.0.0.1:0", &g);
	int err = 0;

	(void)state;
	assert_null(listener_new(&loop, listener_name(l), on_accept, &g, &err));
	assert_int_equal(err, E_UNREACH);
	listener_free(l);
}

static void unix_socket_is_private(void **state)
{
	char where[64];
	struct got g = {0};
	struct listener *l;
	struct stat st;
	mode_t mask = umask(0);

	(void)state;
	snprintf(where, sizeof(where), "unix:%s/s", dir);
	l = listen_at(where, &g);
	assert_int_equal(lstat(where + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(umask(mask), 0);
	listener_free(l);
}

/* Row 2: what is in the way is replaced only when it is our own dead socket. */
static void what_is_in_the_way(void **state)
{
	char path[64], where[80], other[64];
	struct sockaddr_un u = {.sun_family = AF_UNIX};
	struct got g = {0};
	struct listener *l;
	int err, fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(other, sizeof(other), "%s/o", dir);
	snprintf(where, sizeof(where), "unix:%s", path);
	memcpy(u.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&u, sizeof(u)), 0);
	close(fd); /* stale now */
	l = listen_at(where, &g);
	assert_null(listener_new(&loop, where, on_accept, &g, &err)); /* alive */
	assert_int_equal(err, E_UNREACH);
	listener_free(l);

	close(open(path, O_CREAT | O_WRONLY, 0600)); /* a file */
	assert_null(listener_new(&loop, where, on_accept, &g, &err));
	assert_int_equal(err, E_UNREACH);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(listener_new(&loop, where, on_accept, &g, &err));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_null(listener_new(&loop, where, on_accept, &g, &err));
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(listener_new(&loop, where, on_accept, &g, &err));
	assert_int_equal(unlink(path), 0);
}

/* A socket that somebody put in our place meanwhile stays. */
static void a_foreign_socket_stays(void **state)
{
	char where[64];
	struct got g = {0};
	struct listener *l, *second;

	(void)state;
	snprintf(where, sizeof(where), "unix:%s/s", dir);
	l = listen_at(where, &g);
	assert_int_equal(unlink(where + 5), 0);
	second = listen_at(where, &g);
	listener_free(l);
	assert_int_equal(access(where + 5, F_OK), 0);
	listener_free(second);
}

static void inherited_sockets(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int err = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
	struct listener *l;

	(void)state;
	assert_null(listener_from_fd(&loop, fd, on_accept, NULL, &err));
	assert_int_equal(err, E_CONFIG);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	l = listener_from_fd(&loop, fd, on_accept, NULL, &err);
	assert_non_null(l);
	assert_false(listener_is_local(l));
	assert_memory_equal(listener_name(l), "0.0.0.0:", 8);
	listener_free(l);
}

static void connect_failures(void **state)
{
	struct got g = {0};
	struct listener *l = listen_at("127.0.0.1:0", &g);
	struct endpoint e, host = {.host = "host.invalid", .port = 1},
			   gone = {.unix_path = "/nowhere/s"};
	struct endpoint *rows[] = {&e, &host, &gone};
	static const int errs[] = {E_UNREACH, E_HOST, E_UNREACH};

	(void)state;
	endpoint_of(l, &e);
	listener_free(l);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		g = (struct got){0};
		net_connect(&loop, rows[i], false, NULL, 20000, on_connect, &g);
		while (!g.called)
			uv_run(&loop, UV_RUN_ONCE);
		assert_int_equal(g.err, errs[i]);
		assert_null(g.x);
	}
	free(e.host);
}

/* A full backlog answers nothing: the attempt ends when its time is up. */
static void connect_times_out(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0), fill[4];
	struct got g = {0};
	struct endpoint e = {.host = "127.0.0.1"};

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 0), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	for (size_t i = 0; i < ARRAY_SIZE(fill); i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fill[i], (struct sockaddr *)&a, sizeof(a));
	}
	e.port = ntohs(a.sin_port);
	net_connect(&loop, &e, false, NULL, 100, on_connect, &g);
	while (!g.called)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(g.err, E_TIMEOUT);
	for (size_t i = 0; i < ARRAY_SIZE(fill); i++)
		close(fill[i]);
	close(fd);
}

static void cancelled_attempts_are_silent(void **state)
{
	struct got g = {0};
	struct listener *l = listen_at("127.0.0.1:0", &g);
	struct endpoint e;
	struct connecting *c;

	(void)state;
	endpoint_of(l, &e);
	for (int rounds = 0; rounds < 4; rounds++) {
		c = net_connect(&loop, &e, false, NULL, 5000, on_connect, &g);
		for (int i = 0; i < rounds && !g.called; i++)
			uv_run(&loop, UV_RUN_ONCE);
		if (!g.called)
			net_connect_cancel(c);
		xport_close(g.x);
		g.x = NULL;
		g.called = false;
		for (int i = 0; i < 3; i++)
			uv_run(&loop, UV_RUN_NOWAIT);
		assert_false(g.called);
	}
	net_connect_cancel(NULL);
	got_fini(&g);
	free(e.host);
	listener_free(l);
}

static void silent(uv_timer_t *t)
{
	*(bool *)t->data = true;
}

/* Row 25: without descriptors the listener waits instead of spinning, and goes on when there are
 * some again. */
static void short_of_descriptors(void **state)
{
	struct rlimit old, small;
	struct got g = {0};
	struct listener *l = listen_at("127.0.0.1:0", &g);
	struct endpoint e;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), top = dup(fd), rounds = 0;
	bool over = false;
	uv_timer_t timer;

	(void)state;
	close(top);
	endpoint_of(l, &e);
	a.sin_port = htons((uint16_t)e.port);
	(void)!connect(fd, (struct sockaddr *)&a, sizeof(a));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	small = (struct rlimit){(rlim_t)top, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	uv_timer_init(&loop, &timer);
	timer.data = &over;
	uv_timer_start(&timer, silent, 600, 0);
	for (; !over; rounds++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(rounds < 20);
	assert_int_equal(g.n, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	uv_update_time(&loop);
	over = false;
	uv_timer_start(&timer, silent, 1000, 0);
	while (!g.n && !over)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(g.n, 1);
	uv_close((uv_handle_t *)&timer, NULL);
	close(fd);
	got_fini(&g);
	free(e.host);
	listener_free(l);
	uv_run(&loop, UV_RUN_DEFAULT); /* the timer is ours */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_and_unix_meet),
		cmocka_unit_test(names_that_are_refused),
		cmocka_unit_test(taken_port),
		cmocka_unit_test(unix_socket_is_private),
		cmocka_unit_test(what_is_in_the_way),
		cmocka_unit_test(a_foreign_socket_stays),
		cmocka_unit_test(inherited_sockets),
		cmocka_unit_test(connect_failures),
		cmocka_unit_test(connect_times_out),
		cmocka_unit_test(cancelled_attempts_are_silent),
		cmocka_unit_test(short_of_descriptors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
