/* Inside the TLS filter: what its three files share. */
#ifndef NET_TLS_PEER_H
#define NET_TLS_PEER_H

#include <openssl/ssl.h>

#include "net/tls.h"

enum { PIN_BYTES = 32 };

struct tls_server {
	SSL_CTX *ctx;
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

/* The address that the host is a literal of, in network order: its 4 or 16 bytes. 0 when it is a name. A zone belongs
 * to us, not to a certificate. */
size_t tls_literal(const char *host, uint8_t addr[16]);

/* Does the certificate speak for the host name or address literal? */
bool tls_host_match(X509 *cert, const char *host);

/* "What openssl says", taken off its queue. Valid until the next call. */
const char *tls_reason(void);

struct tls_server *tls_server_ref(struct tls_server *t); /* dropped by tls_server_free */
void tls_client_unref(struct tls_client *t);
int tls_client_roots(struct tls_client *t); /* before a connection: 0, or E_CONFIG, said */

#endif
