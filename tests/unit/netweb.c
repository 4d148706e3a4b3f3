/* Files for browsers: requests as a table of bytes and answers, the same however they are cut; what lies outside of the
 * folder is not there; a reader that takes nothing holds one piece of a file. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/listen.h"

enum { BIG = 3000000 };

static char folder[] = "/tmp/netweb.XXXXXX";
static struct web web;

static void put(const char *name, size_t n, char fill)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fputc(fill ? fill : (char)(i % 251), f);
	fclose(f);
	free(path);
}

static char *in_folder(const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

static void make_folder(const char *name)
{
	char *path = in_folder(name);

	assert_int_equal(mkdir(path, 0755), 0);
	free(path);
}

static void make_link(const char *to, const char *name)
{
	char *path = in_folder(name);

	assert_int_equal(symlink(to, path), 0);
	free(path);
}

static int make_files(void **state)
{
	char *fifo;

	(void)state;
	assert_non_null(mkdtemp(folder));
	make_folder("www");
	make_folder("www/sub");
	make_folder("www/bare");
	make_folder("www/.git");
	put("secret", 6, 's');
	put("www/spice_auto.html", 4, 'a');
	put("www/sub/index.html", 5, 'i');
	put("www/sub/spice_auto.html", 4, 'x');
	put("www/a b.js", 7, 'j');
	put("www/empty.css", 0, 'e');
	put("www/data", 8, 'd');
	put("www/.hidden", 9, 'h');
	put("www/.git/config", 9, 'h');
	put("www/big.bin", BIG, 0);
	make_link("data", "www/inside");
	make_link("../secret", "www/outside");
	make_link("/etc/passwd", "www/absolute");
	make_link("..", "www/up");
	make_link("/proc/self/root", "www/magic");
	fifo = in_folder("www/fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	free(fifo);
	fifo = in_folder("www");
	web.dir = web_dir(fifo);
	free(fifo);
	return web.dir < 0;
}

static int drop_files(void **state)
{
	static const char *const names[] = {"www/sub/index.html", "www/sub/spice_auto.html", "www/sub", "www/bare",
		"www/.git/config", "www/.git", "www/spice_auto.html", "www/a b.js", "www/empty.css", "www/data",
		"www/.hidden", "www/big.bin", "www/inside", "www/outside", "www/absolute", "www/up", "www/magic",
		"www/fifo", "secret", "www", "."};
	int rc = 0;

	(void)state;
	close(web.dir);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = in_folder(i + 1 == ARRAY_SIZE(names) ? "" : names[i]);

		rc |= remove(path);
		free(path);
	}
	return rc;
}

/* What a request, in pieces (0: whole), is answered; *err is how the server's end stands then. */
static struct buf ask(const char *request, size_t piece, const struct web *w, int *err)
{
	struct slice s = slice_str(request);
	struct buf got = {0};
	struct xport *x;
	uint8_t drop[100];
	ssize_t n, r = E_AGAIN;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = xport_accept(fd[1], NULL, false, w);
	x->info.local = x->below->info.local = false; /* as if it were TCP */
	while (s.n && r == E_AGAIN) {
		size_t k = piece && piece < s.n ? piece : s.n;

		assert_int_equal(write(fd[0], s.p, k), k);
		s = slice_of(s.p + k, s.n - k);
		r = xport_read(x, drop, sizeof(drop));
	}
	for (int i = 0; i < 1000 && r == E_AGAIN; i++) {
		while ((n = read(fd[0], buf_reserve(&got, 65536), 65536)) > 0)
			buf_commit(&got, (size_t)n);
		r = xport_read(x, drop, sizeof(drop));
	}
	*err = (int)r;
	xport_close(x);
	while ((n = read(fd[0], buf_reserve(&got, 65536), 65536)) > 0)
		buf_commit(&got, (size_t)n);
	close(fd[0]);
	return got;
}

/* The status of an answer, and what follows the head. */
static unsigned status_of(struct buf *got, struct slice *body)
{
	const uint8_t *end = memmem(buf_data(got), buf_len(got), "\r\n\r\n", 4);
	unsigned status = 0;

	assert_non_null(end);
	*body = slice_of(end + 4, (size_t)(buf_data(got) + buf_len(got) - end - 4));
	assert_int_equal(sscanf(buf_cstr(got), "HTTP/1.1 %u ", &status), 1);
	return status;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h:1\r\n\r\n"

static void requests(void **state)
{
	static const struct {
		const char *request;
		unsigned status;
		const char *body, *line; /* NULL: not looked at */
	} rows[] = {
		{GET("/"), 200, "aaaa", "Content-Type: text/html; charset=utf-8"},
		{GET("/?host=x&port=1"), 200, "aaaa", "Content-Length: 4"},
		{GET("/sub/"), 200, "iiiii", NULL},
		{GET("/sub"), 301, NULL, "Location: /sub/"},
		{GET("/sub?x=1"), 301, NULL, "Location: /sub/"},
		{GET("/bare/"), 404, NULL, NULL}, /* nothing is listed */
		{GET("/a%20b.js"), 200, "jjjjjjj", "Content-Type: text/javascript; charset=utf-8"},
		{GET("/empty.css"), 200, "", "Content-Type: text/css; charset=utf-8"},
		{GET("/data"), 200, "dddddddd", "Content-Type: application/octet-stream"},
		{GET("/inside"), 200, "dddddddd", "X-Content-Type-Options: nosniff"},
		{"GET /data HTTP/1.0\r\n\r\n", 200, "dddddddd", "Connection: close"},
		{"HEAD /data HTTP/1.1\r\nHost: h\r\n\r\n", 200, "", "Content-Length: 8"},
		{"HEAD /nix HTTP/1.1\r\nHost: h\r\n\r\n", 404, "", NULL},
		{GET("/nix"), 404, "Not Found\n", NULL},
		{GET("/outside"), 404, NULL, NULL},
		{GET("/absolute"), 404, NULL, NULL},
		{GET("/up/secret"), 404, NULL, NULL},
		{GET("/up/"), 404, NULL, NULL},
		{GET("/magic/etc/passwd"), 404, NULL, NULL},
		{GET("/fifo"), 404, NULL, NULL},
		{GET("/../secret"), 404, NULL, NULL},
		{GET("/sub/../data"), 404, NULL, NULL},
		{GET("/%2e%2e/secret"), 404, NULL, NULL},
		{GET("/sub%2f..%2f..%2fsecret"), 404, NULL, NULL},
		{GET("/./data"), 404, NULL, NULL},
		{GET("//data"), 404, NULL, NULL},
		{GET("//sub"), 404, NULL, NULL},
		{GET("/sub//index.html"), 404, NULL, NULL},
		{GET("/data/"), 404, NULL, NULL},
		{GET("/.hidden"), 404, NULL, NULL},
		{GET("/.git/config"), 404, NULL, NULL},
		{GET("/data%00.html"), 400, NULL, NULL},
		{GET("/%zz"), 400, NULL, NULL},
		{GET("data"), 400, NULL, NULL},
		{GET("http://h/data"), 400, NULL, NULL},
		{GET("/data x"), 400, NULL, NULL},
		{"GET /data HTTP/2.0\r\n\r\n", 400, NULL, NULL},
		{"GET /data\r\n\r\n", 400, NULL, NULL},
		{"POST /data HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 405, NULL, "Allow: GET, HEAD"},
		{"PUT /data HTTP/1.1\r\n\r\n", 405, NULL, NULL},
		{"OPTIONS * HTTP/1.1\r\n\r\n", 405, NULL, NULL},
		{"DELETE /data HTTP/1.1\r\n\r\n", 405, NULL, NULL},
		{"GETTY /data HTTP/1.1\r\n\r\n", 0, NULL, NULL}, /* nobody's word: bytes for the link stage */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t piece = 0; piece < 4; piece++) {
			struct slice body;
			int err;
			struct buf got = ask(rows[i].request, piece, &web, &err);

			if (!rows[i].status) {
				assert_true(err > 0);
				assert_int_equal(buf_len(&got), 0);
				buf_fini(&got);
				continue;
			}
			assert_int_equal(err, E_CLOSED);
			if (status_of(&got, &body) != rows[i].status)
				fail_msg("request %zu: %s", i, buf_cstr(&got));
			if (rows[i].body && !slice_eq(body, slice_str(rows[i].body)))
				fail_msg("request %zu: %s", i, buf_cstr(&got));
			if (rows[i].line && !strstr(buf_cstr(&got), rows[i].line))
				fail_msg("request %zu: %s", i, buf_cstr(&got));
			buf_fini(&got);
		}
	}
}

static void a_large_file(void **state)
{
	struct slice body;
	int err;
	struct buf got = ask(GET("/big.bin"), 0, &web, &err);

	(void)state;
	assert_int_equal(err, E_CLOSED);
	assert_int_equal(status_of(&got, &body), 200);
	assert_int_equal(body.n, BIG);
	for (size_t i = 0; i < BIG; i++)
		assert_int_equal(body.p[i], i % 251);
	buf_fini(&got);
}

/* Row 57 holds beside files too; and so does L-16. */
static void heads_beyond_the_limits(void **state)
{
	(void)state;
	for (int endless = 0; endless <= 1; endless++) {
		struct buf b = {0}, got;
		int err;

		buf_str(&b, "GET /data HTTP/1.1\r\n");
		while (buf_len(&b) < 20000)
			buf_str(&b, endless ? "a: b\r\n" : "xxxx");
		got = ask(buf_cstr(&b), 100, &web, &err);
		assert_int_equal(err, E_PROTO);
		assert_int_equal(buf_len(&got), 0);
		buf_fini(&got);
		buf_fini(&b);
	}
}

/* What is not taken is not read: a second of polling holds no more than a piece and what the kernel takes. */
static void a_reader_that_takes_nothing(void **state)
{
	uint8_t drop[16];
	struct xport *x;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = xport_accept(fd[1], NULL, false, &web);
	assert_int_equal(write(fd[0], GET("/big.bin"), sizeof(GET("/big.bin")) - 1), sizeof(GET("/big.bin")) - 1);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(xport_read(x, drop, sizeof(drop)), E_AGAIN);
	assert_int_equal(xport_want(x), XPORT_OUT);
	assert_int_equal(xport_write(x, NULL, 0), E_AGAIN);
	close(fd[0]); /* and goes */
	assert_int_equal(xport_read(x, drop, sizeof(drop)), E_CLOSED);
	assert_int_equal(xport_want(x), 0);
	xport_close(x);
}

static void in_clear_where_tls_is_needed(void **state)
{
	static const struct {
		const char *request;
		unsigned status;
		const char *line;
	} rows[] = {
		{GET("/data"), 301, "Location: https://h:1/data\r\n"},
		{GET("/?a=b"), 301, "Location: https://h:1/?a=b\r\n"},
		{"GET / HTTP/1.1\r\nHost: [::1]:5900\r\n\r\n", 301, "Location: https://[::1]:5900/\r\n"},
		{"GET / HTTP/1.1\r\n\r\n", 400, ""},
		{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, ""},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, ""},
	};
	struct web secure = web;

	(void)state;
	secure.to_https = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slice body;
		int err;
		struct buf got = ask(rows[i].request, 0, &secure, &err);

		if (status_of(&got, &body) != rows[i].status || !strstr(buf_cstr(&got), rows[i].line))
			fail_msg("request %zu: %s", i, buf_cstr(&got));
		buf_fini(&got);
	}
}

/* A page is let in from its own host, and from those that are named. */
static void origins(void **state)
{
	static char friend[] = "Friend.example";
	static char *names[] = {friend, NULL};
	static const struct {
		const char *origin;
		bool named;
		unsigned status;
	} rows[] = {
		{"", false, 101},
		{"Origin: http://h:8000\r\n", false, 101},
		{"Origin: https://H\r\n", false, 101},
		{"Origin: http://friend.example:99\r\n", false, 403},
		{"Origin: http://friend.example:99\r\n", true, 101},
		{"Origin: http://h\r\n", true, 101},
		{"Origin: http://friend.example.evil\r\n", true, 403},
		{"Origin: http://evil\r\n", true, 403},
		{"Origin: null\r\n", true, 403},
		{"Origin: friend.example\r\n", true, 403},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		struct web w = {.dir = i & 1 ? web.dir : -1, .origins = rows[i / 2].named ? names : NULL};
		struct buf request = {0}, got;
		struct slice body;
		int err;

		buf_printf(&request,
			"GET / HTTP/1.1\r\nHost: h:5900\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
			rows[i / 2].origin);
		got = ask(buf_cstr(&request), 0, &w, &err);
		if (status_of(&got, &body) != rows[i / 2].status)
			fail_msg("origin %zu: %s", i / 2, buf_cstr(&got));
		buf_fini(&request);
		buf_fini(&got);
	}
}

static void folders_that_are_none(void **state)
{
	char *file = in_folder("secret");

	(void)state;
	assert_int_equal(web_dir("/nonexistent"), E_NOFILE);
	assert_int_equal(web_dir(file), E_NOFILE);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(a_large_file),
		cmocka_unit_test(heads_beyond_the_limits),
		cmocka_unit_test(a_reader_that_takes_nothing),
		cmocka_unit_test(in_clear_where_tls_is_needed),
		cmocka_unit_test(origins),
		cmocka_unit_test(folders_that_are_none),
	};

	return cmocka_run_group_tests(tests, make_files, drop_files);
}
