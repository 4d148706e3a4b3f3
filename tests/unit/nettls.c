/* TLS between both ends over a socket pair, with certificates made here: who is believed and who is
 * not, that not one byte of the client's owner leaves before the server is verified, and that bytes
 * pass whole however they are cut. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/tls.h"
#include "net/listen.h"
#include "net/pump.h"
#include "net/tls_peer.h"
#include "net/ws.h"

static char dir[] = "/tmp/nettls-XXXXXX";
static EVP_PKEY *key, *ca_key, *rsa2048, *rsa1024;
static X509 *ca, *other_ca;

struct spec {
	const char *subject; /* "CN=x" parts by '/', in order */
	const char *san;     /* openssl's words, or NULL */
	bool is_ca;
	int from, to; /* days from now */
	const EVP_MD *md;
	const char *eku;
};

static void add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static void set_subject(X509 *cert, const char *subject)
{
	char *text = xstrdup(subject), *save = NULL;
	X509_NAME *name = X509_NAME_new();

	for (char *part = strtok_r(text, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		char *eq = strchr(part, '=');

		*eq = 0;
		assert_int_equal(X509_NAME_add_entry_by_txt(
					 name, part, MBSTRING_UTF8, (uint8_t *)eq + 1, -1, -1, 0),
			1);
	}
	assert_int_equal(X509_set_subject_name(cert, name), 1);
	X509_NAME_free(name);
	free(text);
}

/* A certificate for `pub`, signed by issuer (NULL: by itself) with `signer`. */
static X509 *make_cert(const struct spec *s, EVP_PKEY *pub, X509 *issuer, EVP_PKEY *signer)
{
	X509 *cert = X509_new();
	static long serial = 1;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), s->from * 86400L);
	X509_gmtime_adj(X509_getm_notAfter(cert), (s->to ? s->to : 10) * 86400L);
	set_subject(cert, s->subject);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
	X509_set_pubkey(cert, pub);
	add_ext(cert, issuer ? issuer : cert, NID_basic_constraints,
		s->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (s->san)
		add_ext(cert, cert, NID_subject_alt_name, s->san);
	if (s->eku)
		add_ext(cert, cert, NID_ext_key_usage, s->eku);
	assert_true(X509_sign(cert, signer, s->md ? s->md : EVP_sha256()) > 0);
	return cert;
}

static X509 *make_ca(const char *subject, EVP_PKEY *k)
{
	struct spec s = {.subject = subject, .is_ca = true, .from = -1};

	return make_cert(&s, k, NULL, k);
}

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void put_pem(const char *name, X509 **certs, size_t n, EVP_PKEY *k)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fchmod(fileno(f), 0600);
	for (size_t i = 0; i < n; i++)
		PEM_write_X509(f, certs[i]);
	if (k)
		PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	free(path);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	key = EVP_EC_gen("P-256");
	ca_key = EVP_EC_gen("P-256");
	rsa2048 = EVP_RSA_gen(2048);
	rsa1024 = EVP_RSA_gen(1024);
	ca = make_ca("O=Lab/CN=Lab CA", ca_key);
	other_ca = make_ca("O=Else/CN=Other CA", ca_key);
	put_pem("ca.pem", &ca, 1, NULL);
	put_pem("other.pem", &other_ca, 1, NULL);
	return 0;
}

static int teardown(void **state)
{
	static const char *const files[] = {"ca.pem", "other.pem", "cert.pem", "key.pem", "keylog"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *path = path_of(files[i]);

		unlink(path);
		free(path);
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(rsa2048);
	EVP_PKEY_free(rsa1024);
	X509_free(ca);
	X509_free(other_ca);
	return rmdir(dir);
}

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

/* A server that offers anything, also what ours refuses to load. */
static SSL_CTX *careless_server(X509 **chain, size_t n, EVP_PKEY *k)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_security_level(ctx, 0);
	assert_int_equal(SSL_CTX_use_certificate(ctx, chain[0]), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, k), 1);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(SSL_CTX_add1_chain_cert(ctx, chain[i]), 1);
	return ctx;
}

/* Offers the client's bytes to a careless server until the client has its verdict, and says how
 * many bytes of the client's owner arrived: 3 when it trusts ("abc"), 0 when not. */
static int verdict_of(X509 **chain, size_t n, EVP_PKEY *k, const struct tls_trust *trust,
	const char *host, size_t *leaked)
{
	SSL_CTX *ctx = careless_server(chain, n, k);
	SSL *ssl = SSL_new(ctx);
	int fd[2], err = 1;
	struct tls_client *c = tls_client_new(trust, &err);
	struct xport *x;
	ssize_t rc = E_AGAIN;
	char bytes[16];

	assert_non_null(c);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = xport_tls_client(xport_socket(fd[0]), c, host);
	tls_client_free(c); /* the connection keeps what it needs */
	SSL_set_fd(ssl, fd[1]);
	SSL_set_accept_state(ssl);
	*leaked = 0;
	for (int i = 0; i < 100 && rc == E_AGAIN; i++) {
		rc = xport_write(x, "abc", 3);
		SSL_do_handshake(ssl);
	}
	for (int i = 0, got; i < 4; i++)
		if ((got = SSL_read(ssl, bytes, sizeof(bytes))) > 0)
			*leaked += (size_t)got;
	if (rc < 0) {
		assert_int_equal(xport_write(x, "abc", 3), rc); /* it stays so */
		assert_int_equal(xport_read(x, bytes, sizeof(bytes)), rc);
	}
	xport_close(x);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd[1]);
	return (int)rc;
}

static void expect(
	X509 *cert, EVP_PKEY *k, const struct tls_trust *trust, const char *host, int want)
{
	size_t leaked;
	int rc = verdict_of(&cert, 1, k, trust, host, &leaked);

	assert_int_equal(rc, want);
	assert_int_equal(leaked, want > 0 ? 3 : 0);
}

static const struct tls_trust *lab(const char *subject)
{
	static struct tls_trust t;
	static char *file;

	if (!file)
		file = xasprintf("%s/ca.pem", dir);
	t = (struct tls_trust){.ca_file = file, .host_subject = subject};
	return &t;
}

static void good_and_bad_certificates(void **state)
{
	static const struct {
		struct spec spec;
		const char *host;
		bool other; /* another CA */
		bool self;  /* signed by itself */
		int want;
	} rows[] = {
		{{.subject = "CN=h", .san = "DNS:h.example"}, "h.example", false, false, 3},
		{{.subject = "CN=h", .san = "DNS:h.example"}, "H.Example", false, false, 3},
		{{.subject = "CN=h.example"}, "h.example", false, false, 3},
		{{.subject = "CN=127.0.0.1"}, "127.0.0.1", false, false, 3},
		{{.subject = "CN=x", .san = "IP:127.0.0.1"}, "127.0.0.1", false, false, 3},
		{{.subject = "CN=x", .san = "IP:::1"}, "::1", false, false, 3},
		{{.subject = "CN=x", .san = "DNS:*.h.example"}, "a.h.example", false, false, 3},
		{{.subject = "CN=h", .eku = "serverAuth"}, "h", false, false, 3},
		{{.subject = "CN=h", .san = "DNS:h.example"}, "h", false, false, E_AUTH},
		{{.subject = "CN=127.0.0.1", .san = "DNS:h"}, "127.0.0.1", false, false, E_AUTH},
		{{.subject = "CN=x", .san = "DNS:127.0.0.1"}, "127.0.0.1", false, false, E_AUTH},
		{{.subject = "CN=x", .san = "IP:127.0.0.2"}, "127.0.0.1", false, false, E_AUTH},
		{{.subject = "CN=h"}, "x", false, false, E_AUTH},
		{{.subject = "CN=x", .san = "DNS:*.h.example"}, "a.b.h.example", false, false,
			E_AUTH},
		{{.subject = "CN=x", .san = "DNS:*.h.example"}, "h.example", false, false, E_AUTH},
		{{.subject = "CN=x", .san = "DNS:a*.h.example"}, "ab.h.example", false, false,
			E_AUTH},
		{{.subject = "CN=x", .san = "DNS:*.example"}, "h.example", false, false, E_AUTH},
		{{.subject = "CN=*"}, "h", false, false, E_AUTH},
		{{.subject = "CN=h", .from = -20, .to = -10}, "h", false, false, E_AUTH},
		{{.subject = "CN=h", .from = 5}, "h", false, false, E_AUTH},
		{{.subject = "CN=h", .eku = "clientAuth"}, "h", false, false, E_AUTH},
		{{.subject = "CN=h"}, "h", true, false, E_AUTH},
		{{.subject = "CN=h"}, "h", false, true, E_AUTH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		X509 *issuer = rows[i].self ? NULL : rows[i].other ? other_ca : ca;
		X509 *cert = make_cert(&rows[i].spec, key, issuer, rows[i].self ? key : ca_key);

		expect(cert, key, lab(NULL), rows[i].host, rows[i].want);
		X509_free(cert);
	}
}

static void a_nul_in_a_name(void **state)
{
	struct spec s = {.subject = "O=x"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	X509_NAME *name = X509_NAME_new();

	(void)state;
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"h\0.evil", 7, -1, 0);
	X509_set_subject_name(cert, name);
	X509_sign(cert, ca_key, EVP_sha256());
	expect(cert, key, lab(NULL), "h", E_AUTH);
	X509_NAME_free(name);
	X509_free(cert);
}

static void weak_keys_and_signatures(void **state)
{
	struct spec s = {.subject = "CN=h"}, sha1 = {.subject = "CN=h", .md = EVP_sha1()};
	X509 *strong = make_cert(&s, rsa2048, ca, ca_key),
	     *weak = make_cert(&s, rsa1024, ca, ca_key);
	X509 *old = make_cert(&sha1, key, ca, ca_key);
	char hex[65], *pin = hex;
	uint8_t digest[32];

	(void)state;
	expect(strong, rsa2048, lab(NULL), "h", 3);
	expect(weak, rsa1024, lab(NULL), "h", E_AUTH);
	expect(weak, rsa1024, lab("CN=h"), "h", E_AUTH);
	expect(old, key, lab(NULL), "h", E_AUTH);
	X509_digest(weak, EVP_sha256(), digest, NULL);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	expect(weak, rsa1024, &(struct tls_trust){.pin = pin}, "h", E_AUTH);
	X509_free(strong);
	X509_free(weak);
	X509_free(old);
}

static void subjects(void **state)
{
	struct spec s = {.subject = "C=XX/O=Lab, Inc/CN=a\\b", .san = "DNS:unrelated"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	static const struct {
		const char *subject;
		int want;
	} rows[] = {
		{"C=XX,O=Lab\\, Inc,CN=a\\\\b", 3},
		{"C=XX, O=lab\\, inc,  CN=A\\\\B", 3},
		{"O=Lab\\, Inc,C=XX,CN=a\\\\b", E_AUTH}, /* reordered */
		{"C=XX,O=Lab\\, Inc", E_AUTH},		 /* partial */
		{"CN=a\\\\b", E_AUTH},
		{"c=XX,o=Lab\\, Inc,cn=a\\\\b", E_AUTH}, /* types keep their case */
		{"C=XX,O=Lab\\, Inc,CN=ab", E_AUTH},
		{"C=XX,O=Lab, Inc,CN=a\\\\b", E_AUTH},
		{"C=XX,O=Lab\\, Inc,CN=a\\\\b,", E_AUTH},
		{"C=XX,O=Lab\\, Inc,CN=a\\b", E_AUTH},
		{"", E_AUTH},
		{",", E_AUTH},
		{"CN", E_AUTH},
		{"CN=", E_AUTH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(cert, key, lab(rows[i].subject), "elsewhere", rows[i].want);
	assert_int_equal(tls_subject_match(cert, "C=XX,O=Lab\\, Inc,CN=a\\\\b"), 1);
	assert_int_equal(tls_subject_match(cert, "C=XX"), 0);
	assert_int_equal(tls_subject_match(cert, "nonsense"), E_INVAL);
	X509_free(cert);
}

/* A pin replaces all else: the CA, the host, the dates. It belongs to one certificate and signs no
 * other. */
static void pins(void **state)
{
	struct spec s = {.subject = "CN=elsewhere", .from = -20, .to = -10},
		    child = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, NULL, key),
	     *signed_by_it = make_cert(&child, key, cert, key);
	char hex[65], colons[96];
	uint8_t digest[32];
	struct tls_trust trust = {.pin = hex, .host_subject = "CN=not this"};

	(void)state;
	X509_digest(cert, EVP_sha256(), digest, NULL);
	for (int i = 0; i < 32; i++) {
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
		snprintf(colons + 3 * i, 4, i < 31 ? "%02X:" : "%02X", digest[i]);
	}
	expect(cert, key, &trust, "h", 3);
	expect(signed_by_it, key, &trust, "h", E_AUTH);
	trust.pin = colons;
	expect(cert, key, &trust, "h", 3);
	colons[0] = colons[0] == '0' ? '1' : '0';
	expect(cert, key, &trust, "h", E_AUTH);
	X509_free(cert);
	X509_free(signed_by_it);
}

/* A chain of LIM_CHAIN_DEPTH certificates above the leaf is believed, one more is not. */
static void chain_depth(void **state)
{
	(void)state;
	for (int over = 0; over <= 1; over++) {
		X509 *chain[LIM_CHAIN_DEPTH + 1] = {0}, *issuer = ca;
		struct spec s = {.is_ca = true}, leaf = {.subject = "CN=h"};
		size_t n = LIM_CHAIN_DEPTH - 1 + (size_t)over, leaked;
		char name[32];

		for (size_t i = n; i > 0; i--) {
			snprintf(name, sizeof(name), "CN=sub %zu", i);
			s.subject = name;
			issuer = chain[i] = make_cert(&s, ca_key, issuer, ca_key);
		}
		chain[0] = make_cert(&leaf, key, issuer, ca_key);
		assert_int_equal(
			verdict_of(chain, n + 1, key, lab(NULL), "h", &leaked), over ? E_AUTH : 3);
		assert_int_equal(leaked, over ? 0 : 3);
		for (size_t i = 0; i <= n; i++)
			X509_free(chain[i]);
	}
}

static void an_issuer_that_is_no_ca(void **state)
{
	struct spec leaf = {.subject = "CN=h"}, middle = {.subject = "CN=middle"};
	X509 *chain[2];
	size_t leaked;

	(void)state;
	chain[1] = make_cert(&middle, ca_key, ca, ca_key);
	chain[0] = make_cert(&leaf, key, chain[1], ca_key);
	assert_int_equal(verdict_of(chain, 2, key, lab(NULL), "h", &leaked), E_AUTH);
	assert_int_equal(leaked, 0);
	X509_free(chain[0]);
	X509_free(chain[1]);
}

static void files_that_are_refused(void **state)
{
	struct spec s = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, ca, ca_key), *weak = make_cert(&s, rsa1024, ca, ca_key);
	char *cert_file = path_of("cert.pem"), *key_file = path_of("key.pem"),
	     *none = path_of("none");
	struct tls_trust trust = {0};
	static const mode_t modes[] = {0640, 0620, 0604, 0644};
	int err;

	(void)state;
	put_pem("cert.pem", &cert, 1, NULL);
	put_pem("key.pem", NULL, 0, ca_key); /* of another certificate */
	assert_null(tls_server_new(cert_file, key_file, &err));
	assert_int_equal(err, E_CONFIG);
	assert_null(tls_server_new(none, key_file, &err));
	assert_int_equal(err, E_NOFILE);
	assert_null(tls_server_new(cert_file, none, &err));
	assert_int_equal(err, E_NOFILE);
	assert_null(tls_server_new(key_file, key_file, &err)); /* no certificate */
	assert_int_equal(err, E_CONFIG);
	put_pem("key.pem", NULL, 0, key);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		chmod(key_file, modes[i]);
		assert_null(tls_server_new(cert_file, key_file, &err));
		assert_int_equal(err, E_CONFIG);
	}
	put_pem("cert.pem", &weak, 1, NULL);
	put_pem("key.pem", NULL, 0, rsa1024);
	assert_null(tls_server_new(cert_file, key_file, &err));
	assert_int_equal(err, E_CONFIG);

	trust.ca_file = none;
	assert_null(tls_client_new(&trust, &err));
	assert_int_equal(err, E_NOFILE);
	trust.ca_file = key_file;
	assert_null(tls_client_new(&trust, &err));
	assert_int_equal(err, E_CONFIG);
	trust = (struct tls_trust){.pin = "12:34"};
	assert_null(tls_client_new(&trust, &err));
	assert_int_equal(err, E_CONFIG);
	free(cert_file);
	free(key_file);
	free(none);
	X509_free(cert);
	X509_free(weak);
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
		l.server = xport_accept(fd[1], server, only);
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
	x = xport_accept(fd[1], server, true);
	tls_server_free(server); /* certificates are replaced while somebody connects */
	assert_int_equal(write(fd[0], "REDQ", 4), 4);
	assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_PROTO);
	assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_PROTO);
	xport_close(x);
	close(fd[0]);
	X509_free(cert);
}

/* An end on the loop: sends `out`, keeps what comes. */
struct side {
	struct pump *pump;
	struct buf in, out;
	int closed;
};

struct meeting {
	uv_loop_t loop;
	struct tls_server *server;
	struct side a, b;
	int err;
};

static int side_input(void *owner, const uint8_t *p, size_t n)
{
	buf_put(&((struct side *)owner)->in, p, n);
	return 0;
}

static int side_output(void *owner, struct slice *out)
{
	*out = buf_slice(&((struct side *)owner)->out);
	return 0;
}

static void side_sent(void *owner, size_t n)
{
	buf_skip(&((struct side *)owner)->out, n);
}

static void side_closed(void *owner, int err)
{
	struct side *s = owner;

	s->pump = NULL;
	s->closed = err;
}

static const struct pump_ops side_ops = {side_input, side_output, side_sent, side_closed};

static void on_accept(void *owner, int fd)
{
	struct meeting *m = owner;

	m->a.pump = pump_new(&m->loop, xport_accept(fd, m->server, true), &side_ops, &m->a);
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
		cmocka_unit_test(good_and_bad_certificates),
		cmocka_unit_test(a_nul_in_a_name),
		cmocka_unit_test(weak_keys_and_signatures),
		cmocka_unit_test(subjects),
		cmocka_unit_test(pins),
		cmocka_unit_test(chain_depth),
		cmocka_unit_test(an_issuer_that_is_no_ca),
		cmocka_unit_test(files_that_are_refused),
		cmocka_unit_test(bytes_pass_whole),
		cmocka_unit_test(last_words_through_tls),
		cmocka_unit_test(versions_and_floods),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(one_port_for_all),
		cmocka_unit_test(plain_on_a_tls_port),
		cmocka_unit_test(through_the_loop),
		cmocka_unit_test(keys_are_logged_on_demand),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
