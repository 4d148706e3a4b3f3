/* TLS, either role, as a filter. TLS 1.2 and 1.3, AEAD only, no renegotiation, no compression.
 * wire.md 1.6. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/xport.h"

struct tls_server; /* certificate, key and settings of a listener */
struct tls_client; /* what a client trusts */

/* PEM files. NULL with the reason logged: missing (E_NOFILE), unusable or not matching (E_CONFIG)
 * in *err. A key that group or others can read is refused (C-7). */
struct tls_server *tls_server_new(const char *cert_file, const char *key_file, int *err);
void tls_server_free(struct tls_server *t);
/* Reads the files again: connections from now on use what is there, those that stand keep what they have. An error, as
 * above, leaves everything as it was. */
int tls_server_reload(struct tls_server *t, const char *cert_file, const char *key_file);

struct tls_verify; /* what a client is about to believe, within a handshake: net/tls_report.h tells of it */
/* A client has looked at a server's certificate: `why` it is refused, NULL when it is not. `store` is openssl's
 * X509_STORE_CTX. It changes nothing: for those who tell people. */
typedef void tls_look_fn(void *owner, const struct tls_verify *v, void *store, const char *why);

/* Connections from now on are of clients only whose certificate one of this file vouches for, also after a reload,
 * which reads it again. 0 or an error as above, which changes nothing. */
int tls_server_clients(struct tls_server *t, const char *ca_file);

/* How a client knows its server, in this order where given: pin, subject, host name. */
struct tls_trust {
	const char *ca_file;	  /* PEM; NULL: ca_pem, else the system's */
	struct slice ca_pem;	  /* PEM text (.vv) */
	const char *host_subject; /* wire.md 1.6: replaces the check of the host name */
	const char
		*pin; /* SHA-256 of the server's certificate, hex, colons optional; replaces all */
	tls_look_fn *look; /* or NULL */
	void *looker;
};
struct tls_client *tls_client_new(const struct tls_trust *trust, int *err);
void tls_client_free(struct tls_client *t);

/* The filters. Take `below`. The handshake runs inside read and write; the client sends nothing of
 * its owner before the server is verified, and read and write give E_AUTH with the reason logged
 * when it is not. `host` is the name (or literal) that was connected to. */
struct xport *xport_tls_server(struct xport *below, struct tls_server *t);
struct xport *xport_tls_client(struct xport *below, struct tls_client *t, const char *host);

/* Does the subject of a certificate equal a host-subject string? Both as in wire.md 1.6: "C=XX,
 * O=Lab, CN=x\,y". `cert` is an openssl X509 *. 1, 0, or E_INVAL when the string can't be parsed.
 */
int tls_subject_match(const void *cert, const char *subject);

#endif
