/* Inside the TLS filter: what its three files share. */
#ifndef NET_TLS_PEER_H
#define NET_TLS_PEER_H

#include <openssl/ssl.h>

#include "net/pem.h"
#include "net/tls.h"

struct tls_server {
	SSL_CTX *ctx;
	char *client_ca; /* the file, or NULL: clients need no certificate */
	unsigned refs; /* the owner and every connection that does not know yet whether it needs it */
};

struct tls_client {
	SSL_CTX *ctx;
	unsigned refs;	    /* the owner and every connection */
	char *host_subject; /* or NULL */
	bool pinned;
	bool roots_due; /* the system's are to be read when a connection needs them: it takes 20 ms */
	uint8_t pin[PIN_BYTES];
	int keylog; /* descriptor of SSLKEYLOGFILE, or -1 */
	tls_look_fn *look; /* or NULL */
	void *looker;
};

/* What a connection believes about its peer; denied until tls_verify has said otherwise. */
enum tls_verdict { TLS_DENIED, TLS_VERIFIED };

struct tls_verify {
	const struct tls_client *trust;
	char *host;
	const char *peer; /* for log lines */
	enum tls_verdict verdict;
};

/* The callback of SSL_CTX_set_cert_verify_callback; finds its struct tls_verify as the SSL's app
 * data. 1 or 0. */
int tls_verify(X509_STORE_CTX *store, void *unused);

/* The points of it, each NULL or why the server is refused. A key that can be broken proves nothing, pinned or not. */
const char *tls_check_pin(const struct tls_client *trust, X509 *cert);
const char *tls_check_name(const struct tls_client *trust, X509 *cert, const char *host);
bool tls_key_strong(X509 *cert);

/* "What openssl says", taken off its queue. Valid until the next call. */
const char *tls_reason(void);

struct tls_server *tls_server_ref(struct tls_server *t); /* dropped by tls_server_free */
void tls_client_unref(struct tls_client *t);
int tls_client_roots(struct tls_client *t); /* before a connection: 0, or E_CONFIG, said */

#endif
