/* How a client knows its server: a pinned certificate, else a chain to a trusted CA and, on top of
 * it, the subject of the certificate or the name of the host (tls_names.h). Everything denies until
 * proven otherwise, an error of openssl included. */
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/log.h"
#include "net/tls_names.h"
#include "net/tls_peer.h"

enum { MIN_RSA_BITS = 2048 };

const char *tls_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return why ? why : "no reason given";
}

/* A key that can be broken proves nothing, pinned or not. */
bool tls_key_strong(X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	return key && (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
			      EVP_PKEY_get_bits(key) >= MIN_RSA_BITS);
}

const char *tls_check_pin(const struct tls_client *trust, X509 *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (X509_digest(cert, EVP_sha256(), digest, &n) != 1 || n != PIN_BYTES)
		return "its certificate has no fingerprint";
	if (memcmp(digest, trust->pin, PIN_BYTES) != 0)
		return "its certificate is not the pinned one";
	return tls_key_strong(cert) ? NULL : "its key is too short";
}

const char *tls_check_name(const struct tls_client *trust, X509 *cert, const char *host)
{
	int subject;

	if (!trust->host_subject)
		return tls_host_match(cert, host) ? NULL : "its certificate is not for this host name";
	subject = tls_subject_match(cert, trust->host_subject);
	if (subject == 1)
		return NULL;
	return subject == 0 ? "the subject of its certificate differs" : "the host subject can't be parsed";
}

/* Why the server is refused, or NULL. */
static const char *check(const struct tls_verify *v, X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);

	if (!cert)
		return "it has no certificate";
	if (v->trust->pinned)
		return tls_check_pin(v->trust, cert);
	if (X509_verify_cert(store) != 1) {
		int e = X509_STORE_CTX_get_error(store);

		return e ? X509_verify_cert_error_string(e) : "the verification failed";
	}
	return tls_check_name(v->trust, cert, v->host);
}

int tls_verify(X509_STORE_CTX *store, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_verify *v = ssl ? SSL_get_app_data(ssl) : NULL;
	const char *why;

	(void)unused;
	if (!v)
		return 0;
	why = check(v, store);
	ERR_clear_error();
	if (v->trust->look)
		v->trust->look(v->trust->looker, v, store, why);
	if (!why) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		v->verdict = TLS_VERIFIED;
		return 1;
	}
	if (X509_STORE_CTX_get_error(store) == X509_V_OK)
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	v->verdict = TLS_DENIED;
	log_error("%s: the server is refused: %s", v->peer, why);
	return 0;
}
