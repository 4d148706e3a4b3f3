/* The way through an HTTP proxy: its URL, what is asked, what answers mean, however they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/proxy.h"

static void urls(void **state)
{
	static const struct {
		const char *url;
		int err;
		const char *host;
		int port;
		bool tls;
		const char *password;
	} rows[] = {
		{"h", 0, "h", 3128, false, NULL},
		{"http://h", 0, "h", 3128, false, NULL},
		{"HTTPS://h/", 0, "h", 3129, true, NULL},
		{"http://h:80/", 0, "h", 80, false, NULL},
		{"http://u:p@h", 0, "h", 3128, false, "u:p"},
		{"u:p@h:1", 0, "h", 1, false, "u:p"},
		{"http://u@h", 0, "h", 3128, false, "u:"},
		{"http://u:p%40%3a%2f@h", 0, "h", 3128, false, "u:p@:/"},
		{"http://u:a@b@h", 0, "h", 3128, false, "u:a@b"},
		{"http://[::1]:8080", 0, "::1", 8080, false, NULL},
		{"http://10.0.0.1:65535", 0, "10.0.0.1", 65535, false, NULL},
		{"", E_USAGE, NULL, 0, false, NULL},
		{"http://", E_USAGE, NULL, 0, false, NULL},
		{"http://:1", E_USAGE, NULL, 0, false, NULL},
		{"http://h:0", E_USAGE, NULL, 0, false, NULL},
		{"http://h:65536", E_USAGE, NULL, 0, false, NULL},
		{"http://h:", E_USAGE, NULL, 0, false, NULL},
		{"http://h/p", E_USAGE, NULL, 0, false, NULL},
		{"http://h\r\nX: y", E_USAGE, NULL, 0, false, NULL},
		{"http://h x", E_USAGE, NULL, 0, false, NULL},
		{"http://%zz:p@h", E_USAGE, NULL, 0, false, NULL},
		{"http://u%00:p@h", E_USAGE, NULL, 0, false, NULL},
		{"ftp://h", E_USAGE, NULL, 0, false, NULL},
		{"socks5://h", E_USAGE, NULL, 0, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct proxy p;
		int err = proxy_parse(&p, rows[i].url);

		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].url, err);
		if (!err) {
			assert_string_equal(p.host, rows[i].host);
			assert_int_equal(p.port, rows[i].port);
			assert_int_equal(p.tls, rows[i].tls);
			assert_int_equal(!p.password, !rows[i].password);
			if (p.password)
				assert_string_equal(p.password, rows[i].password);
		}
		proxy_fini(&p);
	}
}

/* What is asked for this host, with this login. */
static void asks(const char *host, unsigned port, char *login, const char *want)
{
	struct proxy p = {.password = login};
	char got[1000] = "";
	struct xport *x;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = xport_proxy(xport_socket(fd[1]), &p, host, port);
	assert_int_equal(xport_want(x), XPORT_IN | XPORT_OUT);
	assert_int_equal(xport_write(x, "secret", 6), E_AGAIN);
	assert_int_equal(xport_want(x), XPORT_IN);
	assert_true(read(fd[0], got, sizeof(got) - 1) > 0);
	assert_string_equal(got, want);
	xport_close(x);
	close(fd[0]);
}

static void requests(void **state)
{
	char login[] = "Aladdin:open sesame"; /* RFC 7617 2 */

	(void)state;
	asks("h.example", 5900, NULL, "CONNECT h.example:5900 HTTP/1.0\r\nHost: h.example:5900\r\n\r\n");
	asks("::1", 1, NULL, "CONNECT [::1]:1 HTTP/1.0\r\nHost: [::1]:1\r\n\r\n");
	asks("pvespiceproxy:5f:100:n::a", 61000, login,
		"CONNECT pvespiceproxy:5f:100:n::a:61000 HTTP/1.0\r\nHost: pvespiceproxy:5f:100:n::a:61000\r\n"
		"Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

/* What comes through, and how it ends. */
static void answers(void **state)
{
	static const struct {
		const char *bytes;
		int err;
		const char *through;
	} rows[] = {
		{"HTTP/1.0 200 OK\r\n\r\nREDQ", E_AGAIN, "REDQ"},
		{"HTTP/1.1 200\r\na: b\r\n\r\n", E_AGAIN, ""},
		{"HTTP/1.1 200 \r\n\r\n\r\n\r\n", E_AGAIN, "\r\n\r\n"},
		{"HTTP/1.1 407 Who\r\n\r\nREDQ", E_AUTH, ""},
		{"HTTP/1.1 401 Who\r\n\r\nREDQ", E_AUTH, ""},
		{"HTTP/1.1 403 No\r\n\r\nREDQ", E_UNREACH, ""},
		{"HTTP/1.1 503 No\r\n\r\nREDQ", E_UNREACH, ""},
		{"HTTP/1.1 201 x\r\n\r\nREDQ", E_UNREACH, ""},
		{"HTTP/1.1 302 x\r\nLocation: http://h\r\n\r\n", E_UNREACH, ""},
		{"HTTP/2.0 200 OK\r\n\r\nREDQ", E_PROTO, ""},
		{"HTTP/1.1 2000 OK\r\n\r\nREDQ", E_PROTO, ""},
		{"HTTP/1.1 200 OK\r\nno colon\r\n\r\nREDQ", E_PROTO, ""},
		{"REDQ\r\n\r\n", E_PROTO, ""},
		{"HTTP/1.1 200 OK\r\n", E_AGAIN, ""}, /* not whole yet */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows) * 4; i++) {
		size_t row = i / 4, piece = i % 4 ? i % 4 : 1000;
		struct slice s = slice_str(rows[row].bytes);
		struct proxy p = {0};
		struct buf got = {0};
		ssize_t n = E_AGAIN;
		struct xport *x;
		int fd[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		x = xport_proxy(xport_socket(fd[1]), &p, "h", 1);
		while (s.n && n == E_AGAIN) {
			size_t k = piece < s.n ? piece : s.n;

			assert_int_equal(write(fd[0], s.p, k), k);
			s = slice_of(s.p + k, s.n - k);
			while ((n = xport_read(x, buf_reserve(&got, 3), 3)) > 0)
				buf_commit(&got, (size_t)n);
			assert_false(xport_pending(x));
		}
		if (n != rows[row].err || strcmp(buf_cstr(&got), rows[row].through) != 0)
			fail_msg("answer %zu, pieces of %zu: %zd, %s", row, piece, n, buf_cstr(&got));
		if (n != E_AGAIN) { /* for good */
			assert_int_equal(xport_read(x, buf_reserve(&got, 3), 3), n);
			assert_int_equal(xport_write(x, "x", 1), n);
			assert_int_equal(xport_want(x), 0);
		}
		xport_close(x);
		close(fd[0]);
		buf_fini(&got);
	}
}

static void a_long_answer(void **state)
{
	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		size_t n = LIM_HTTP_HEAD + over;
		char *head = xmalloc(n), drop[8];
		struct proxy p = {0};
		struct xport *x;
		int fd[2];

		memset(head, 'x', n);
		memcpy(head, "HTTP/1.1 200 OK\r\nX: ", 20);
		memcpy(head + n - 4, "\r\n\r\n", 4);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		x = xport_proxy(xport_socket(fd[1]), &p, "h", 1);
		assert_int_equal(write(fd[0], head, n), n);
		assert_int_equal(xport_read(x, drop, sizeof(drop)), over ? E_PROTO : E_AGAIN);
		xport_close(x);
		close(fd[0]);
		free(head);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(requests),
		cmocka_unit_test(answers),
		cmocka_unit_test(a_long_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
