/* What a certificate says, and everything that a client would refuse about it: for people. What decides stands in
 * tls_verify.c; this asks the same points, all of them. */
#ifndef NET_TLS_REPORT_H
#define NET_TLS_REPORT_H

#include <openssl/x509.h>

#include "base/buf.h"
#include "net/tls.h"

struct cert_facts {
	struct buf subject;    /* as a host-subject string; empty where none matches it */
	struct buf issuer;     /* for reading */
	struct buf names;      /* "DNS:a IP:127.0.0.1", for reading */
	char fingerprint[96];  /* of SHA-256, as --pin takes it */
	int64_t from, to;      /* Unix time */
	const char *key;       /* "EC", "RSA"... */
	int bits;
};

void cert_facts(struct cert_facts *f, X509 *cert);
void cert_facts_fini(struct cert_facts *f);

enum tls_point { TLS_CHAIN, TLS_HOST, TLS_SUBJECT, TLS_PIN, TLS_KEY, TLS_POINTS };

struct tls_report {
	bool shown;               /* the server showed a certificate */
	struct cert_facts facts;
	int length;               /* of the chain as it was shown */
	const char *why;          /* it is refused; NULL: it is believed */
	struct {
		bool asked;           /* it counts */
		struct buf why;       /* empty: fine */
	} point[TLS_POINTS];
};

/* A tls_look_fn whose owner is a zeroed struct tls_report. */
void tls_report_look(void *owner, const struct tls_verify *v, void *store, const char *why);
const char *tls_point_word(enum tls_point p); /* "check_chain"... */
void tls_report_fini(struct tls_report *r);

#endif
