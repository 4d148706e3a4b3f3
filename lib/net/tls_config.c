/* What TLS is set up with: a server's certificate and key, a client's trust, and the rules of both. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/pem.h"
#include "net/tls_peer.h"

/* Forward secrecy and AEAD only; TLS 1.3 has nothing else. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";
enum { SECURITY_LEVEL = 2 /* RSA of 2048 bits, no SHA-1 signatures */ };

static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	SSL_CTX_set_options(
		ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_default_passwd_cb(ctx, pem_no_passphrase);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_cipher_list(ctx, ciphers) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* The certificate and what comes behind it in the file, its chain. */
static bool use_chain(SSL_CTX *ctx, const struct buf *pem)
{
	STACK_OF(X509) *certs = pem_certs(buf_slice(pem));
	bool ok = certs && SSL_CTX_use_certificate(ctx, sk_X509_value(certs, 0)) == 1;

	for (int i = 1; ok && i < sk_X509_num(certs); i++)
		ok = SSL_CTX_add1_chain_cert(ctx, sk_X509_value(certs, i)) == 1;
	sk_X509_pop_free(certs, X509_free);
	return ok;
}

static bool use_key(SSL_CTX *ctx, const struct buf *pem)
{
	EVP_PKEY *key = pem_key(buf_slice(pem));
	bool ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	return ok;
}

/* A server's settings with these files in them; NULL and *err, logged. */
static SSL_CTX *server_context(const char *cert_file, const char *key_file, int *err)
{
	struct buf cert = {0}, key = {0};
	SSL_CTX *ctx = NULL, *good = NULL;

	*err = pem_file(cert_file, false, &cert);
	if (!*err)
		*err = pem_file(key_file, true, &key);
	if (*err)
		goto out;
	*err = E_CONFIG;
	ctx = context(TLS_server_method());
	if (!ctx || !use_chain(ctx, &cert)) {
		log_error("%s: not a usable certificate: %s", cert_file, tls_reason());
	} else if (!use_key(ctx, &key)) {
		log_error("%s: not the usable key of %s: %s", key_file, cert_file, tls_reason());
	} else {
		SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
		SSL_CTX_set_num_tickets(ctx, 0);
		good = ctx;
		ctx = NULL;
		*err = 0;
	}
out:
	SSL_CTX_free(ctx);
	buf_wipe(&key);
	buf_fini(&cert);
	return good;
}

/* Every certificate of a PEM text becomes trusted. */
static int trust_pem(SSL_CTX *ctx, struct slice pem, const char *name)
{
	STACK_OF(X509) *certs = pem_certs(pem);
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	bool none = !certs && pem_none();
	int n = 0;

	for (int i = 0; i < sk_X509_num(certs); i++)
		n += X509_STORE_add_cert(store, sk_X509_value(certs, i)) == 1;
	sk_X509_pop_free(certs, X509_free);
	if (n)
		return 0;
	if (none)
		log_error("%s: no CA certificate in it", name);
	else
		log_error("%s: not usable CA certificates: %s", name, tls_reason());
	return E_CONFIG;
}

struct tls_server *tls_server_new(const char *cert_file, const char *key_file, int *err)
{
	SSL_CTX *ctx = server_context(cert_file, key_file, err);
	struct tls_server *t;

	if (!ctx)
		return NULL;
	t = new(struct tls_server);
	t->refs = 1;
	t->ctx = ctx;
	return t;
}

/* Who has no certificate of these gets no further than the handshake. */
static int ask_clients(SSL_CTX *ctx, const char *ca_file)
{
	struct buf pem = {0};
	STACK_OF(X509) *certs;
	int rc = pem_file(ca_file, false, &pem);

	if (!rc)
		rc = trust_pem(ctx, buf_slice(&pem), ca_file);
	certs = rc ? NULL : pem_certs(buf_slice(&pem));
	for (int i = 0; i < sk_X509_num(certs); i++) /* clients that have several choose by these names */
		SSL_CTX_add_client_CA(ctx, sk_X509_value(certs, i));
	sk_X509_pop_free(certs, X509_free);
	buf_fini(&pem);
	if (rc)
		return rc;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_verify_depth(ctx, LIM_CHAIN_DEPTH - 1);
	return 0;
}

int tls_server_clients(struct tls_server *t, const char *ca_file)
{
	int rc = ask_clients(t->ctx, ca_file);

	if (rc)
		return rc;
	free(t->client_ca);
	t->client_ca = xstrdup(ca_file);
	return 0;
}

int tls_server_reload(struct tls_server *t, const char *cert_file, const char *key_file)
{
	int err;
	SSL_CTX *ctx = server_context(cert_file, key_file, &err);

	if (ctx && t->client_ca && (err = ask_clients(ctx, t->client_ca))) {
		SSL_CTX_free(ctx);
		return err;
	}
	if (!ctx)
		return err;
	SSL_CTX_free(t->ctx); /* connections hold their own reference */
	t->ctx = ctx;
	return 0;
}

void tls_server_free(struct tls_server *t)
{
	if (!t || --t->refs)
		return;
	SSL_CTX_free(t->ctx);
	free(t->client_ca);
	free(t);
}

struct tls_server *tls_server_ref(struct tls_server *t)
{
	t->refs++;
	return t;
}

static int trust_roots(struct tls_client *t, const struct tls_trust *trust)
{
	SSL_CTX *ctx = t->ctx;
	struct buf pem = {0};
	int rc;

	if (trust->ca_file) {
		rc = pem_file(trust->ca_file, false, &pem);
		if (!rc)
			rc = trust_pem(ctx, buf_slice(&pem), trust->ca_file);
		buf_fini(&pem);
		return rc;
	}
	if (trust->ca_pem.n > LIM_CA_FILE) {
		log_error("the CA certificates are too large");
		return E_CONFIG;
	}
	if (trust->ca_pem.n)
		return trust_pem(ctx, trust->ca_pem, "ca");
	t->roots_due = true;
	return 0;
}

int tls_client_roots(struct tls_client *t)
{
	if (t->roots_due && SSL_CTX_set_default_verify_paths(t->ctx) != 1) {
		log_error("TLS: the system's CA certificates: %s", tls_reason());
		return E_CONFIG;
	}
	t->roots_due = false;
	return 0;
}

static void keylog_line(const SSL *ssl, const char *line)
{
	const struct tls_verify *v = SSL_get_app_data(ssl);
	char *text = xasprintf("%s\n", line);

	if (v && write(v->trust->keylog, text, strlen(text)) < 0)
		log_warn("SSLKEYLOGFILE: %s", strerror(errno));
	secret_free(text);
}

static void open_keylog(struct tls_client *t)
{
	const char *file = secure_getenv("SSLKEYLOGFILE");

	t->keylog = -1;
	if (!file || !*file)
		return;
	t->keylog = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (t->keylog < 0) {
		log_warn("SSLKEYLOGFILE: %s: %s", file, strerror(errno));
		return;
	}
	log_warn("the keys of TLS connections are written to %s (SSLKEYLOGFILE)", file);
	SSL_CTX_set_keylog_callback(t->ctx, keylog_line);
}

struct tls_client *tls_client_new(const struct tls_trust *trust, int *err)
{
	struct tls_client *t = new(struct tls_client);

	t->refs = 1;
	t->keylog = -1;
	t->ctx = context(TLS_client_method());
	*err = t->ctx ? 0 : E_CONFIG;
	if (*err)
		log_error("TLS: %s", tls_reason());
	if (!*err && trust->pin) {
		t->pinned = true;
		*err = pem_fingerprint(trust->pin, t->pin);
		if (*err)
			log_error("a pin is a SHA-256 fingerprint: 64 hex digits, colons optional");
	} else if (!*err) {
		*err = trust_roots(t, trust);
	}
	if (*err) {
		tls_client_free(t);
		return NULL;
	}
	t->look = trust->look;
	t->looker = trust->looker;
	t->host_subject = trust->host_subject ? xstrdup(trust->host_subject) : NULL;
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_verify_depth(
		t->ctx, LIM_CHAIN_DEPTH - 1); /* openssl counts what lies between leaf and root */
	SSL_CTX_set_cert_verify_callback(t->ctx, tls_verify, NULL);
	open_keylog(t);
	return t;
}

void tls_client_unref(struct tls_client *t)
{
	if (--t->refs)
		return;
	SSL_CTX_free(t->ctx);
	if (t->keylog >= 0)
		close(t->keylog);
	free(t->host_subject);
	free(t);
}

void tls_client_free(struct tls_client *t)
{
	if (t)
		tls_client_unref(t);
}
