/* The truth table of certificates (RELIABILITY X-22): each kind of certificate, by a CA file and the host's name, by a
 * pin, and by a CA file and a subject. On a refusal not one byte of the client's owner is sent, and what is told of it
 * in words agrees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "net/tls_report.h"
#include "tests/unit/certs.h"

#define HOST "h.example"
#define SUBJECT "C=XX,O=Lab\\, Inc,CN=h.example"
#define NAME "C=XX/O=Lab, Inc/CN=h.example"

enum issuer { BY_CA, BY_NOBODY_KNOWN, BY_ITSELF, BY_NO_CA, BY_SHORT_PATH, BY_LONG_CHAIN, BY_HUGE_CHAIN, BY_RSA };
enum { HUGE_CHAIN = 2500, CHAIN_MAX = HUGE_CHAIN + 1 };

struct row {
	const char *what;
	bool ca, pin, subject;  /* is it believed? */
	struct spec spec;       /* without a subject: NAME, without a SAN: DNS:HOST */
	enum issuer issuer;
	const char *host;       /* NULL: HOST */
	const char *as;         /* the subject that the client was told; NULL: SUBJECT */
	int rsa;                /* bits of the key; 0: P-256 */
	bool no_san, nul;
	const EVP_MD *(*md)(void); /* of the signature; NULL: SHA-256 */
};

static const struct row rows[] = {
	{"good", 1, 1, 1, .spec = {0}},
	{"by an address", 1, 1, 1, .spec = {.san = "IP:192.0.2.7"}, .host = "192.0.2.7"},
	{"without a list of revoked ones", 1, 1, 1, .spec = {.eku = "serverAuth"}},
	{"expired", 0, 1, 0, .spec = {.from = -9, .to = -1}},
	{"not yet valid", 0, 1, 0, .spec = {.from = 1}},
	{"another host", 0, 1, 1, .spec = {.san = "DNS:else.example"}, .host = "x.example"},
	{"the right CN, another name", 0, 1, 1, .spec = {.san = "DNS:else.example"}},
	{"an address as a DNS name", 0, 1, 1, .spec = {.san = "DNS:192.0.2.7"}, .host = "192.0.2.7"},
	{"another address", 0, 1, 1, .spec = {.san = "IP:192.0.2.8"}, .host = "192.0.2.7"},
	{"*.com", 0, 1, 1, .spec = {.san = "DNS:*.com"}, .host = "h.com"},
	{"*", 0, 1, 1, .spec = {.san = "DNS:*"}, .host = "h"},
	{"a NUL in the CN", 0, 1, 0, .spec = {0}, .no_san = true, .nul = true},
	{"a subject in another order", 1, 1, 0, .spec = {0}, .as = "O=Lab\\, Inc,C=XX,CN=h.example"},
	{"a comma without its backslash", 1, 1, 0, .spec = {0}, .as = "C=XX,O=Lab, Inc,CN=h.example"},
	{"a part of the subject", 1, 1, 0, .spec = {0}, .as = "CN=h.example"},
	{"signed by itself", 0, 1, 0, .spec = {0}, .issuer = BY_ITSELF},
	{"an unknown CA", 0, 1, 0, .spec = {0}, .issuer = BY_NOBODY_KNOWN},
	{"an issuer that is no CA", 0, 1, 0, .spec = {0}, .issuer = BY_NO_CA},
	{"a path longer than its CA allows", 0, 1, 0, .spec = {0}, .issuer = BY_SHORT_PATH},
	{"a signature by MD5", 0, 1, 0, .md = EVP_md5, .issuer = BY_RSA},
	{"a signature by SHA-1", 0, 1, 0, .md = EVP_sha1, .issuer = BY_RSA},
	{"a signature by SHA-256", 1, 1, 1, .issuer = BY_RSA},
	{"a key of 512 bits", 0, 0, 0, .spec = {0}, .rsa = 512},
	{"a key of 1024 bits", 0, 0, 0, .spec = {0}, .rsa = 1024},
	{"a chain of nine", 0, 1, 0, .spec = {0}, .issuer = BY_LONG_CHAIN},
	{"a chain of a megabyte", 0, 0, 0, .spec = {0}, .issuer = BY_HUGE_CHAIN},
	{"for clients only", 0, 1, 0, .spec = {.eku = "clientAuth"}},
};

static EVP_PKEY *rsa_key; /* of an authority, for signatures that ECDSA does not make */

static X509 *sub_ca(const char *subject, X509 *issuer, bool pathlen)
{
	struct spec s = {.subject = subject, .is_ca = !pathlen, .from = -1};
	X509 *cert = make_cert(&s, ca_key, issuer, ca_key);

	if (pathlen) {
		X509_EXTENSION_free(X509_delete_ext(cert, X509_get_ext_by_NID(cert, NID_basic_constraints, -1)));
		add_ext(cert, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
		assert_true(X509_sign(cert, ca_key, EVP_sha256()) > 0);
	}
	return cert;
}

/* What stands above the leaf, from its issuer on. Returns how many there are in the chain. */
static size_t issuers(enum issuer kind, X509 **chain)
{
	struct spec no_ca = {.subject = "CN=no CA", .from = -1};
	struct spec rsa_ca = {.subject = "CN=RSA", .is_ca = true, .from = -1};
	size_t n = 0;

	switch (kind) {
	case BY_NO_CA:
		chain[n++] = make_cert(&no_ca, ca_key, ca, ca_key);
		break;
	case BY_SHORT_PATH:
		chain[1] = sub_ca("CN=path of none", ca, true);
		chain[0] = sub_ca("CN=one too many", chain[1], false);
		n = 2;
		break;
	case BY_RSA:
		chain[n++] = make_cert(&rsa_ca, rsa_key, ca, ca_key);
		break;
	case BY_LONG_CHAIN:
		for (X509 *by = ca; n < LIM_CHAIN_DEPTH; n++) {
			char name[32];

			snprintf(name, sizeof(name), "CN=sub %zu", n);
			by = chain[LIM_CHAIN_DEPTH - 1 - n] = sub_ca(name, by, false);
		}
		break;
	case BY_HUGE_CHAIN:
		for (; n < HUGE_CHAIN; n++) {
			chain[n] = ca;
			X509_up_ref(ca);
		}
		break;
	default:
		break;
	}
	return n;
}

static void put_nul(X509 *cert)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(cert));

	X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, X509_NAME_entry_count(name) - 1));
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)HOST "\0.evil", sizeof(HOST) + 5, -1, 0);
	X509_set_subject_name(cert, name);
	X509_NAME_free(name);
}

static X509 *leaf(const struct row *r, EVP_PKEY *k, X509 *issuer)
{
	struct spec s = r->spec;
	bool self = r->issuer == BY_ITSELF;
	X509 *cert;

	s.md = r->md ? r->md() : NULL;
	s.subject = s.subject ? s.subject : NAME;
	s.san = s.san || r->no_san ? s.san : "DNS:" HOST;
	cert = make_cert(&s, k, self ? NULL : issuer, self ? k : r->issuer == BY_RSA ? rsa_key : ca_key);
	if (r->nul) {
		put_nul(cert);
		assert_true(X509_sign(cert, ca_key, EVP_sha256()) > 0);
	}
	return cert;
}

static void judge(const struct row *r, const char *by, X509 **chain, size_t n, EVP_PKEY *k, struct tls_trust trust,
	bool want)
{
	struct tls_report report = {0};
	size_t leaked;
	int rc;

	trust.look = tls_report_look;
	trust.looker = &report;
	rc = verdict_of(chain, n, k, &trust, r->host ? r->host : HOST, &leaked);
	if ((rc == 3) != want || leaked != (want ? 3 : 0))
		fail_msg("%s, by %s: %d, %zu bytes", r->what, by, rc, leaked);
	if (report.shown && !report.why != want)
		fail_msg("%s, by %s: told that %s", r->what, by, report.why ? report.why : "it is fine");
	if (report.why) {
		bool said = false;

		for (int i = 0; i < TLS_POINTS; i++)
			said |= report.point[i].asked && buf_len(&report.point[i].why);
		if (!said)
			fail_msg("%s, by %s: refused, and no point of it", r->what, by);
	}
	tls_report_fini(&report);
}

static void check(const struct row *r)
{
	EVP_PKEY *k = r->rsa ? EVP_RSA_gen((unsigned)r->rsa) : key;
	static X509 *chain[CHAIN_MAX];
	size_t n = issuers(r->issuer, chain + 1);
	char pin[96];

	assert_non_null(k);
	chain[0] = leaf(r, k, r->issuer == BY_NOBODY_KNOWN ? other_ca : n ? chain[1] : ca);
	fingerprint(chain[0], ":", pin);
	judge(r, "CA file", chain, n + 1, k, *lab(NULL), r->ca);
	judge(r, "pin", chain, n + 1, k, (struct tls_trust){.pin = pin}, r->pin);
	judge(r, "subject", chain, n + 1, k, *lab(r->as ? r->as : SUBJECT), r->subject);
	for (size_t i = 0; i <= n; i++)
		X509_free(chain[i]);
	if (r->rsa)
		EVP_PKEY_free(k);
}

static void table(void **state)
{
	(void)state;
	rsa_key = EVP_RSA_gen(2048);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(&rows[i]);
	EVP_PKEY_free(rsa_key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
	};

	return cmocka_run_group_tests(tests, certs_setup, certs_teardown);
}
