/* TLS between both ends over a socket pair: bytes pass whole however they are cut, what is spoken and what is refused,
 * what one port makes of what it hears, and both ends on the loop. Who is believed is nettrust.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/listen.h"
#include "net/ws.h"
#include "tests/unit/certs.h"
#include "tests/unit/side.h"

static struct tls_server *server_of(X509 **chain, size_t n, EVP_PKEY *k)
{
	char *cert = path_of("cert.pem"), *priv = path_of("key.pem");
	struct tls_server *s;
	int err = 1;

	put_pem("cert.pem", chain, n, NULL);
	put_pem("key.pem", NULL, 0, k);
	s = tls_server_new(cert, priv, &err);
	assert_non_null(s);
	assert_int_equal(err, 0);
	free(cert);
	free(priv);
	return s;
}

/* Both of our ends over a socket pair. */
struct link {
	struct xport *client, *server;
};

static void link_up(struct link *l)
{
	struct spec s = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	struct tls_server *server = server_of(&cert, 1, key);
	int fd[2], err;
	struct tls_client *client = tls_client_new(lab(NULL), &err);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	l->client = xport_tls_client(xport_socket(fd[0]), client, "h");
	l->server = xport_tls_server(xport_socket(fd[1]), server);
	tls_client_free(client);
	tls_server_free(server);
	X509_free(cert);
}

static void carry(struct link *l, size_t n, size_t in_piece, size_t out_piece)
{
	struct buf out = {0}, in = {0};
	size_t sent = 0;
	uint8_t *p = buf_reserve(&out, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 13 + (i >> 9));
	buf_commit(&out, n);
	while (buf_len(&in) < n) {
		size_t left = n - sent;
		ssize_t r = xport_write(
			l->client, buf_data(&out) + sent, left < out_piece ? left : out_piece);

		assert_true(r >= 0 || r == E_AGAIN);
		sent += r > 0 ? (size_t)r : 0;
		do {
			r = xport_read(l->server, buf_reserve(&in, in_piece), in_piece);
			if (r > 0)
				buf_commit(&in, (size_t)r);
		} while (r > 0);
		assert_int_equal(r, E_AGAIN);
	}
	assert_memory_equal(buf_data(&in), buf_data(&out), n);
	buf_fini(&in);
	buf_fini(&out);
}

static void bytes_pass_whole(void **state)
{
	static const struct {
		size_t n, in, out;
	} rows[] = {
		{500, 1, 1}, {100000, 7919, 13}, {3000000, 65536, 3000000}, {300000, 100, 16385}};
	struct link l;
	char byte;

	(void)state;
	link_up(&l);
	assert_true(l.client->info.tls);
	assert_int_equal(xport_want(l.client), XPORT_IN);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		carry(&l, rows[i].n, rows[i].in, rows[i].out);
	assert_int_equal(xport_want(l.client), 0);
	assert_int_equal(xport_want(l.server), 0);
	xport_close(l.client);
	assert_int_equal(xport_read(l.server, &byte, 1), E_CLOSED);
	xport_close(l.server);
}

/* The last words of a peer that resets are read although writing failed. */
static void last_words_through_tls(void **state)
{
	struct link l;
	char bytes[8];

	(void)state;
	link_up(&l);
	carry(&l, 10, 10, 10);
	assert_int_equal(xport_write(l.server, "bye", 3), 3);
	xport_close(l.server);
	while (xport_write(l.client, "x", 1) > 0)
		;
	assert_int_equal(xport_read(l.client, bytes, sizeof(bytes)), 3);
	assert_int_equal(xport_read(l.client, bytes, sizeof(bytes)), E_CLOSED);
	xport_close(l.client);
}

/* A client of plain openssl with `setup` against our server: how our end sees it. */
static int foreign_client(void (*prepare)(SSL *ssl), bool (*after)(SSL *ssl))
{
	struct spec s = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	struct tls_server *server = server_of(&cert, 1, key);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	struct xport *x;
	char bytes[256];
	ssize_t rc = E_AGAIN;
	int fd[2];

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	ssl = SSL_new(ctx);
	prepare(ssl);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = xport_tls_server(xport_socket(fd[1]), server);
	SSL_set_fd(ssl, fd[0]);
	SSL_set_connect_state(ssl);
	for (int i = 0; i < 20 && rc == E_AGAIN && !SSL_is_init_finished(ssl); i++) {
		SSL_do_handshake(ssl);
		rc = xport_read(x, bytes, sizeof(bytes));
	}
	for (int i = 0; i < 200 && rc == E_AGAIN && after && after(ssl); i++)
		rc = xport_read(x, bytes, sizeof(bytes));
	if (rc == E_AGAIN && SSL_write(ssl, "hi", 2) == 2)
		rc = xport_read(x, bytes, sizeof(bytes));
	xport_close(x);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd[0]);
	tls_server_free(server);
	X509_free(cert);
	return (int)rc;
}

static void tls12(SSL *ssl)
{
	SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
}

static void tls13(SSL *ssl)
{
	SSL_set_min_proto_version(ssl, TLS1_3_VERSION);
}

static void tls11(SSL *ssl)
{
	SSL_set_max_proto_version(ssl, TLS1_1_VERSION);
}

static void cbc_only(SSL *ssl)
{
	tls12(ssl);
	SSL_set_cipher_list(ssl, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA");
}

static bool key_update(SSL *ssl)
{
	return SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(ssl) == 1;
}

static bool renegotiate(SSL *ssl)
{
	return SSL_renegotiate(ssl) == 1 && SSL_do_handshake(ssl) == 1;
}

/* Row 26 and X-21: what is spoken, and what is refused. */
static void versions_and_floods(void **state)
{
	static const struct {
		void (*prepare)(SSL *ssl);
		bool (*after)(SSL *ssl);
		int want;
	} rows[] = {
		{tls12, NULL, 2},
		{tls13, NULL, 2},
		{tls11, NULL, E_PROTO},
		{cbc_only, NULL, E_PROTO},
		{tls13, key_update, E_PROTO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(foreign_client(rows[i].prepare, rows[i].after), rows[i].want);
	/* answered by an alert that ends the client's attempt; nothing is negotiated anew */
	assert_int_equal(foreign_client(tls12, renegotiate), E_AGAIN);
}

static void garbage_is_refused(void **state)
{
	struct spec s = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	struct tls_server *server = server_of(&cert, 1, key);
	char bytes[64];

	(void)state;
	for (int eof = 0; eof <= 1; eof++) {
		int fd[2];
		struct xport *x;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		x = xport_tls_server(xport_socket(fd[1]), server);
		assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_AGAIN);
		if (!eof)
			assert_int_equal(write(fd[0], "REDQ\2\0\0\0\2\0\0\0\22\0\0\0", 16), 16);
		else
			close(fd[0]);
		assert_int_equal(xport_read(x, bytes, sizeof(bytes)), eof ? E_CLOSED : E_PROTO);
		xport_close(x);
		if (!eof)
			close(fd[0]);
	}
	tls_server_free(server);
	X509_free(cert);
}

static void keys_are_logged_on_demand(void **state)
{
	char *file = path_of("keylog"), line[512] = "";
	struct link l;
	struct stat st;
	FILE *f;

	(void)state;
	setenv("SSLKEYLOGFILE", file, 1);
	link_up(&l);
	unsetenv("SSLKEYLOGFILE");
	carry(&l, 10, 10, 10);
	xport_close(l.client);
	xport_close(l.server);
	f = fopen(file, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(strstr(line, "_SECRET "));
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fclose(f);
	free(file);
}

/* One port: TLS is told by its first byte, a WebSocket also inside of it. */
static void one_port_for_all(void **state)
{
	struct spec s = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	struct tls_server *server = server_of(&cert, 1, key);

	(void)state;
	for (int kind = 0; kind < 6; kind++) {
		bool ws = kind & 1, tls = kind >= 2, only = kind >= 4;
		int fd[2], err;
		struct tls_client *trust = tls_client_new(lab(NULL), &err);
		struct link l;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		l.server = xport_accept(fd[1], server, only, NULL);
		l.client = xport_socket(fd[0]);
		if (tls)
			l.client = xport_tls_client(l.client, trust, "h");
		if (ws)
			l.client = xport_ws_client(l.client, "h", 1, NULL);
		carry(&l, 100000, 1000, 7919);
		assert_int_equal(l.server->info.tls, tls);
		assert_int_equal(l.server->info.websocket, ws);
		xport_close(l.client);
		xport_close(l.server);
		tls_client_free(trust);
	}
	tls_server_free(server);
	X509_free(cert);
}

static void plain_on_a_tls_port(void **state)
{
	struct spec s = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	struct tls_server *server = server_of(&cert, 1, key);
	char bytes[16];
	int fd[2];
	struct xport *x;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = xport_accept(fd[1], server, true, NULL);
	tls_server_free(server); /* certificates are replaced while somebody connects */
	assert_int_equal(write(fd[0], "REDQ", 4), 4);
	assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_PROTO);
	assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_PROTO);
	xport_close(x);
	close(fd[0]);
	X509_free(cert);
}

struct meeting {
	uv_loop_t loop;
	struct tls_server *server;
	struct side a, b;
	int err;
};

static void on_accept(void *owner, int fd)
{
	struct meeting *m = owner;

	m->a.pump = pump_new(&m->loop, xport_accept(fd, m->server, true, NULL), &side_ops, &m->a);
}

static void on_connect(void *owner, struct xport *x, int err)
{
	struct meeting *m = owner;

	m->err = err;
	if (x)
		m->b.pump = pump_new(&m->loop, x, &side_ops, &m->b);
}

/* Both on the loop: what both want to send before the handshake waits for it without turning in
 * circles; a server that is refused sees nothing of ours. */
static void through_the_loop(void **state)
{
	struct spec s = {.subject = "CN=h", .san = "IP:127.0.0.1"};
	X509 *cert = make_cert(&s, key, ca, ca_key);

	(void)state;
	for (int refuse = 0; refuse <= 1; refuse++) {
		struct meeting m = {.server = server_of(&cert, 1, key)};
		struct tls_client *trust;
		struct endpoint e;
		struct listener *l;
		char *word;
		int err, rounds = 0;

		uv_loop_init(&m.loop);
		trust = tls_client_new(lab(refuse ? "CN=else" : NULL), &err);
		l = listener_new(&m.loop, "127.0.0.1:0", on_accept, &m, &err);
		assert_non_null(l);
		word = xasprintf("wss://%s", listener_name(l));
		assert_int_equal(endpoint_parse(&e, word), 0);
		net_connect(&m.loop, &e, true, trust, 5000, on_connect, &m);
		buf_put(&m.a.out, "from server", 11);
		memset(buf_reserve(&m.b.out, 100000), 'c', 100000);
		buf_commit(&m.b.out, 100000);
		for (; !m.b.closed && (buf_len(&m.a.in) < 100000 || buf_len(&m.b.in) < 11);
			rounds++)
			uv_run(&m.loop, UV_RUN_ONCE);
		assert_int_equal(m.err, 0);
		assert_in_range(rounds, 1, 100);
		assert_int_equal(m.b.closed, refuse ? E_AUTH : 0);
		assert_int_equal(buf_len(&m.a.in), refuse ? 0 : 100000);
		if (!refuse)
			assert_true(pump_info(m.a.pump)->tls && pump_info(m.a.pump)->websocket);
		pump_close(m.a.pump, false);
		pump_close(m.b.pump, false);
		listener_free(l);
		uv_run(&m.loop, UV_RUN_DEFAULT);
		assert_int_equal(uv_loop_close(&m.loop), 0);
		endpoint_fini(&e);
		tls_client_free(trust);
		tls_server_free(m.server);
		buf_fini(&m.a.in);
		buf_fini(&m.a.out);
		buf_fini(&m.b.in);
		buf_fini(&m.b.out);
		free(word);
	}
	X509_free(cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_pass_whole),
		cmocka_unit_test(last_words_through_tls),
		cmocka_unit_test(versions_and_floods),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(one_port_for_all),
		cmocka_unit_test(plain_on_a_tls_port),
		cmocka_unit_test(through_the_loop),
		cmocka_unit_test(keys_are_logged_on_demand),
	};

	return cmocka_run_group_tests(tests, certs_setup, certs_teardown);
}
