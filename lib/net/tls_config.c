/* What TLS is set up with: a server's certificate and key, a client's trust, and the rules of both.
 * Files are read here, not by openssl, so that their size and mode are checked on the descriptor
 * that is read, and so that nobody ever asks for a pass phrase. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/tls_peer.h"

/* Forward secrecy and AEAD only; TLS 1.3 has nothing else. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";
enum { SECURITY_LEVEL = 2 /* RSA of 2048 bits, no SHA-1 signatures */ };

static int read_file(const char *file, bool secret, struct buf *out)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int why;

	if (fd < 0 || fstat(fd, &st) != 0) {
		log_error("%s: %s", file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return E_NOFILE;
	}
	if (secret && st.st_mode & 077) {
		log_error("%s: a key that others can read is no secret (mode %03o)", file,
			st.st_mode & 0777);
		close(fd);
		return E_CONFIG;
	}
	why = file_read_fd(fd, LIM_CA_FILE, out);
	if (why)
		log_error("%s: %s", file, strerror(why));
	close(fd);
	return why == 0 ? 0 : why == EFBIG ? E_CONFIG : E_NOFILE;
}

static int no_passphrase(char *out, int n, int writing, void *arg)
{
	(void)out, (void)n, (void)writing, (void)arg;
	return -1;
}

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
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_cipher_list(ctx, ciphers) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* The next certificate of a PEM text; NULL with *end at its end, else where one is damaged (openssl says how). */
static X509 *next_cert(BIO *bio, bool *end)
{
	X509 *cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);

	*end = !cert && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	if (*end)
		ERR_clear_error();
	return cert;
}

/* The certificate and what comes behind it in the file, its chain. */
static bool use_chain(SSL_CTX *ctx, const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(buf_data(pem), (int)buf_len(pem));
	X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1, end = false;

	X509_free(cert);
	while (ok && (cert = next_cert(bio, &end))) {
		ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1;
		if (!ok)
			X509_free(cert);
	}
	BIO_free(bio);
	return ok && end;
}

static bool use_key(SSL_CTX *ctx, const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(buf_data(pem), (int)buf_len(pem));
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	bool ok =
		key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok;
}

/* A server's settings with these files in them; NULL and *err, logged. */
static SSL_CTX *server_context(const char *cert_file, const char *key_file, int *err)
{
	struct buf cert = {0}, key = {0};
	SSL_CTX *ctx = NULL, *good = NULL;

	*err = read_file(cert_file, false, &cert);
	if (!*err)
		*err = read_file(key_file, true, &key);
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
	if (key.mem)
		explicit_bzero(key.mem, key.cap);
	buf_fini(&key);
	buf_fini(&cert);
	return good;
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

int tls_server_reload(struct tls_server *t, const char *cert_file, const char *key_file)
{
	int err;
	SSL_CTX *ctx = server_context(cert_file, key_file, &err);

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
	free(t);
}

struct tls_server *tls_server_ref(struct tls_server *t)
{
	t->refs++;
	return t;
}

/* Every certificate of a PEM text becomes trusted. */
static int trust_pem(SSL_CTX *ctx, struct slice pem, const char *name)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	bool end = false;
	X509 *cert;
	int n = 0;

	while (bio && (cert = next_cert(bio, &end))) {
		n += X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
	}
	BIO_free(bio);
	if (n && end)
		return 0;
	if (end)
		log_error("%s: no CA certificate in it", name);
	else
		log_error("%s: not usable CA certificates: %s", name, tls_reason());
	return E_CONFIG;
}

static int trust_roots(struct tls_client *t, const struct tls_trust *trust)
{
	SSL_CTX *ctx = t->ctx;
	struct buf pem = {0};
	int rc;

	if (trust->ca_file) {
		rc = read_file(trust->ca_file, false, &pem);
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

/* 64 hex digits, with a colon between bytes or none. */
static int read_pin(const char *s, uint8_t pin[PIN_BYTES])
{
	for (int i = 0; i < PIN_BYTES; i++, s += 2) {
		if (i && *s == ':')
			s++;
		if (text_hex_digit(s[0]) < 0 || text_hex_digit(s[1]) < 0)
			return E_CONFIG;
		pin[i] = (uint8_t)(text_hex_digit(s[0]) << 4 | text_hex_digit(s[1]));
	}
	return *s ? E_CONFIG : 0;
}

static void keylog_line(const SSL *ssl, const char *line)
{
	const struct tls_verify *v = SSL_get_app_data(ssl);
	char *text = xasprintf("%s\n", line);

	if (v && write(v->trust->keylog, text, strlen(text)) < 0)
		log_warn("SSLKEYLOGFILE: %s", strerror(errno));
	explicit_bzero(text, strlen(text));
	free(text);
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
		*err = read_pin(trust->pin, t->pin);
		if (*err)
			log_error("a pin is a SHA-256 fingerprint: 64 hex digits, colons optional");
	} else if (!*err) {
		*err = trust_roots(t, trust);
	}
	if (*err) {
		tls_client_free(t);
		return NULL;
	}
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
