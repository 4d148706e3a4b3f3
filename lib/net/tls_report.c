/* Certificates told in words. */
#include "net/tls_report.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "net/tls_names.h"
#include "net/tls_peer.h"

static int64_t unix_time(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* A name for reading only: what can't be written as a host-subject has one too. */
static void put_name(struct buf *out, X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_SEP_COMMA_PLUS | ASN1_STRFLGS_UTF8_CONVERT) >= 0 &&
		(n = BIO_get_mem_data(bio, &text)) > 0)
		buf_put(out, text, (size_t)n);
	BIO_free(bio);
}

static void put_address(struct buf *out, const ASN1_OCTET_STRING *a)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(ASN1_STRING_length(a) == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(a), text, sizeof(text));
	buf_printf(out, "IP:%s", text);
}

static bool address(const GENERAL_NAME *g)
{
	return g->type == GEN_IPADD && (ASN1_STRING_length(g->d.ip) == 4 || ASN1_STRING_length(g->d.ip) == 16);
}

/* Those that count for hosts. */
static void put_names(struct buf *out, X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		bool dns = g->type == GEN_DNS;

		if (!dns && !address(g))
			continue;
		buf_str(out, buf_len(out) ? " " : "");
		if (dns) {
			buf_str(out, "DNS:");
			buf_put(out, ASN1_STRING_get0_data(g->d.dNSName), (size_t)ASN1_STRING_length(g->d.dNSName));
		} else {
			put_address(out, g->d.ip);
		}
	}
	GENERAL_NAMES_free(names);
}

static void put_fingerprint(char out[96], X509 *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	out[0] = 0;
	if (X509_digest(cert, EVP_sha256(), digest, &n) == 1)
		for (unsigned i = 0; i < n; i++)
			snprintf(out + 3 * i, 4, i + 1 < n ? "%02X:" : "%02X", digest[i]);
}

void cert_facts(struct cert_facts *f, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	*f = (struct cert_facts){0};
	f->from = unix_time(X509_get0_notBefore(cert));
	f->to = unix_time(X509_get0_notAfter(cert));
	tls_subject_print(cert, &f->subject);
	put_name(&f->issuer, X509_get_issuer_name(cert));
	put_names(&f->names, cert);
	put_fingerprint(f->fingerprint, cert);
	f->key = key ? EVP_PKEY_get0_type_name(key) : NULL;
	f->key = f->key ? f->key : "unknown";
	f->bits = key ? EVP_PKEY_get_bits(key) : 0;
	ERR_clear_error();
}

void cert_facts_fini(struct cert_facts *f)
{
	buf_fini(&f->subject);
	buf_fini(&f->issuer);
	buf_fini(&f->names);
}

/* Where in the chain a fault lies. */
static const char *place(X509_STORE_CTX *store)
{
	int depth = X509_STORE_CTX_get_error_depth(store);

	return depth <= 0 ? "" : depth == 1 ? " (its issuer)" : " (further up)";
}

/* Every fault is noted and passed over, so that the next one is found too. */
static int note_fault(int ok, X509_STORE_CTX *store)
{
	struct buf *why = X509_STORE_CTX_get_ex_data(store, 0);
	const char *text = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
	char *line;

	if (ok)
		return 1;
	line = xasprintf("%s%s", text, place(store));
	if (!strstr(buf_cstr(why), line)) {
		buf_str(why, buf_len(why) ? "; " : "");
		buf_str(why, line);
	}
	free(line);
	return 1;
}

/* The chain once more, by the same rules, past its first fault. */
static void walk_chain(X509_STORE_CTX *as, struct buf *why)
{
	X509_STORE_CTX *again = X509_STORE_CTX_new();

	if (again && X509_STORE_CTX_init(again, X509_STORE_CTX_get0_store(as), X509_STORE_CTX_get0_cert(as),
			     X509_STORE_CTX_get0_untrusted(as)) == 1 &&
		X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(again), X509_STORE_CTX_get0_param(as)) == 1 &&
		X509_STORE_CTX_set_ex_data(again, 0, why) == 1) {
		X509_STORE_CTX_set_verify_cb(again, note_fault);
		if (X509_verify_cert(again) != 1 && !buf_len(why))
			buf_str(why, "the verification failed");
	} else {
		buf_str(why, "the verification failed");
	}
	X509_STORE_CTX_free(again);
}

static void note(struct tls_report *r, enum tls_point p, bool asked, const char *why)
{
	r->point[p].asked = asked;
	if (why)
		buf_str(&r->point[p].why, why);
}

void tls_report_look(void *owner, const struct tls_verify *v, void *ctx, const char *why)
{
	const struct tls_client *trust = v->trust;
	X509_STORE_CTX *store = ctx;
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	bool chain = !trust->pinned;
	struct tls_report *r = owner;

	tls_report_fini(r);
	r->why = why;
	r->shown = cert != NULL;
	if (!cert)
		return;
	cert_facts(&r->facts, cert);
	r->length = sk_X509_num(X509_STORE_CTX_get0_untrusted(store));
	walk_chain(store, &r->point[TLS_CHAIN].why);
	note(r, TLS_CHAIN, chain, NULL);
	note(r, TLS_HOST, chain && !trust->host_subject,
		tls_host_match(cert, v->host) ? NULL : "its certificate is not for this host name");
	if (trust->host_subject)
		note(r, TLS_SUBJECT, chain, tls_check_name(trust, cert, v->host));
	if (trust->pinned)
		note(r, TLS_PIN, true, tls_check_pin(trust, cert));
	note(r, TLS_KEY, true, tls_key_strong(cert) ? NULL : "its key is too short");
	ERR_clear_error();
}

const char *tls_point_word(enum tls_point p)
{
	static const char *const words[TLS_POINTS] = {"check_chain", "check_host", "check_subject", "check_pin",
		"check_key"};

	return words[p];
}

void tls_report_fini(struct tls_report *r)
{
	cert_facts_fini(&r->facts);
	for (int i = 0; i < TLS_POINTS; i++)
		buf_fini(&r->point[i].why);
	*r = (struct tls_report){0};
}
