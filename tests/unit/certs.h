/* Certificates made on the spot, in files of a directory that goes with the test: group fixtures certs_setup and
 * certs_teardown. Included after cmocka.h. */
#ifndef UNIT_CERTS_H
#define UNIT_CERTS_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/tls.h"

static char certs_dir[] = "/tmp/certs-XXXXXX";
static EVP_PKEY *key, *ca_key;
static X509 *ca, *other_ca;

struct spec {
	const char *subject; /* "CN=x" parts by '/', in order */
	const char *san;     /* openssl's words, or NULL */
	bool is_ca;
	int from, to; /* days from now */
	const EVP_MD *md;
	const char *eku;
};

static inline void add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static inline void set_subject(X509 *cert, const char *subject)
{
	char *text = xstrdup(subject), *save = NULL;
	X509_NAME *name = X509_NAME_new();

	for (char *part = strtok_r(text, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		char *value = strchr(part, '=') + 1;

		value[-1] = 0;
		assert_int_equal(
			X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (uint8_t *)value, -1, -1, 0), 1);
	}
	assert_int_equal(X509_set_subject_name(cert, name), 1);
	X509_NAME_free(name);
	free(text);
}

/* A certificate for `pub`, signed by issuer (NULL: by itself) with `signer`. */
static inline X509 *make_cert(const struct spec *s, EVP_PKEY *pub, X509 *issuer, EVP_PKEY *signer)
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

static inline X509 *make_ca(const char *subject, EVP_PKEY *k)
{
	struct spec s = {.subject = subject, .is_ca = true, .from = -1};

	return make_cert(&s, k, NULL, k);
}

static inline char *path_of(const char *name)
{
	return xasprintf("%s/%s", certs_dir, name);
}

static inline void put_pem(const char *name, X509 **certs, size_t n, EVP_PKEY *k)
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

static inline int certs_setup(void **state)
{
	(void)state;
	if (!mkdtemp(certs_dir))
		return -1;
	key = EVP_EC_gen("P-256");
	ca_key = EVP_EC_gen("P-256");
	ca = make_ca("O=Lab/CN=Lab CA", ca_key);
	other_ca = make_ca("O=Else/CN=Other CA", ca_key);
	put_pem("ca.pem", &ca, 1, NULL);
	return 0;
}

static inline int certs_teardown(void **state)
{
	static const char *const files[] = {"ca.pem", "cert.pem", "key.pem", "keylog"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *path = path_of(files[i]);

		unlink(path);
		free(path);
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	X509_free(ca);
	X509_free(other_ca);
	return rmdir(certs_dir);
}

/* Trust in our CA, and in this subject where one is given. Valid until the next call. */
static inline const struct tls_trust *lab(const char *subject)
{
	static struct tls_trust t;
	static char *file;

	if (!file)
		file = path_of("ca.pem");
	t = (struct tls_trust){.ca_file = file, .host_subject = subject};
	return &t;
}

/* A server that offers anything, also what ours refuses to load. */
static inline SSL_CTX *careless_server(X509 **chain, size_t n, EVP_PKEY *k)
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
static inline int verdict_of(X509 **chain, size_t n, EVP_PKEY *k, const struct tls_trust *trust,
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

/* The SHA-256 of a certificate, as a pin says it: with colons, and as openssl prints it then, or without. */
static inline void fingerprint(X509 *cert, const char *between, char pin[96])
{
	uint8_t digest[32];
	int n = 0;

	X509_digest(cert, EVP_sha256(), digest, NULL);
	for (int i = 0; i < 32; i++)
		n += snprintf(pin + n, 96 - (size_t)n, *between ? "%s%02X" : "%s%02x", i ? between : "", digest[i]);
}

#endif
