/* What a certificate is called: subjects as SPICE writes them, host names and addresses. wire.md 1.6. To match a
 * subject stands in tls.h. */
#ifndef NET_TLS_NAMES_H
#define NET_TLS_NAMES_H

#include <openssl/x509.h>

#include "base/buf.h"

/* Does the certificate speak for the host name or address literal? */
bool tls_host_match(X509 *cert, const char *host);

/* The address that the host is a literal of, in network order: its 4 or 16 bytes. 0 when it is a name. A zone belongs
 * to us, not to a certificate. */
size_t tls_literal(const char *host, uint8_t addr[16]);

/* A host-subject string as a name, NULL where it is none; to be X509_NAME_free'd. */
X509_NAME *tls_subject_parse(const char *text);
/* Appends the subject as a host-subject string; false, and nothing, where none would match it. */
bool tls_subject_print(X509 *cert, struct buf *out);

#endif
