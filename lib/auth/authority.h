/* A certificate authority in a folder, and what it signs for servers: the files that QEMU expects (x509-dir) and that
 * spice-serve reads (--pki-dir). Keys are 0600, certificates 0644; a key that others can read is refused. */
#ifndef AUTH_AUTHORITY_H
#define AUTH_AUTHORITY_H

#include <openssl/x509.h>

#include "base/bytes.h"

enum authority_key { KEY_ANY, KEY_ECDSA, KEY_RSA }; /* P-256, 3072 bits. ANY: what is there, else ECDSA */

struct authority_wish {
	enum authority_key key;
	int64_t now;             /* Unix time */
	int64_t valid;           /* seconds */
	const char *subject;     /* as a host-subject string; NULL: made up for a CA, CN=HOST for a server */
	const char *const *hosts; /* names, "*.domain", addresses; n_hosts of them */
	unsigned n_hosts;
	bool renew;              /* also where what is there would do; a server gets a new key too */
};

/* The authority of the folder, made with the folder (0700) where there is none. What is there and good is left alone:
 * *made tells. An authority is never replaced: `renew` signs its key anew under its old name, so that what it has
 * signed stays good. Said: E_CONFIG (half an authority, one that has ended, a folder that others can write to),
 * E_NOFILE, E_CREATE, E_USAGE (a subject or host that is none). *cert is the caller's, to be X509_free'd. */
int authority_ca(const char *dir, const struct authority_wish *w, X509 **cert, bool *made);

/* A server's certificate by the authority of the folder, which must be there. Left alone where the one that is there
 * has these very names, key and subject, and a third of the validity that was asked for to go. Its key is kept, unless
 * `renew` or of another kind. Ends no later than the authority. Errors as above. */
int authority_server(const char *dir, const struct authority_wish *w, X509 **cert, bool *made);

#endif
