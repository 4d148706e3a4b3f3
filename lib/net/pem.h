/* Certificates and keys as files. They are read here, not by openssl, so that their size and mode are checked on the
 * descriptor that is read, and so that nobody ever asks for a pass phrase. */
#ifndef NET_PEM_H
#define NET_PEM_H

#include <openssl/x509.h>

#include "base/buf.h"

enum { PIN_BYTES = 32 };

/* Appends a file, at most LIM_CA_FILE bytes. `secret`: nobody but its owner may have it (C-7). 0; or E_NOFILE,
 * E_CONFIG, said. */
int pem_file(const char *file, bool secret, struct buf *out);

/* The certificates in their order, to be freed with sk_X509_pop_free; NULL when there is none (pem_none then) or one is
 * damaged. openssl's queue says why. */
STACK_OF(X509) *pem_certs(struct slice pem);
bool pem_none(void);
/* The private key, without a pass phrase; NULL when there is none, openssl's queue says why. */
EVP_PKEY *pem_key(struct slice pem);

/* A SHA-256 fingerprint: 64 hex digits, a colon between bytes or none. 0 or E_CONFIG. */
int pem_fingerprint(const char *text, uint8_t out[PIN_BYTES]);

/* For openssl where it would ask: there is none. */
int pem_no_passphrase(char *out, int n, int writing, void *arg);

#endif
