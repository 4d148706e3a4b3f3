/* Who a TLS client believes, with certificates made here: the table of X-22, subjects, pins, chains; and that not one
 * byte of the client's owner leaves before the server is verified. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/tls.h"
#include "net/tls_peer.h"
#include "tests/unit/certs.h"

static void expect(
	X509 *cert, EVP_PKEY *k, const struct tls_trust *trust, const char *host, int want)
{
	size_t leaked;
	int rc = verdict_of(&cert, 1, k, trust, host, &leaked);

	assert_int_equal(rc, want);
	assert_int_equal(leaked, want > 0 ? 3 : 0);
}

static void good_and_bad_certificates(void **state)
{
	static const struct {
		struct spec spec;
		const char *host;
		bool other; /* another CA */
		bool self;  /* signed by itself */
		int want;
	} rows[] = {
		{{.subject = "CN=h", .san = "DNS:h.example"}, "h.example", false, false, 3},
		{{.subject = "CN=h", .san = "DNS:h.example"}, "H.Example", false, false, 3},
		{{.subject = "CN=h.example"}, "h.example", false, false, 3},
		{{.subject = "CN=127.0.0.1"}, "127.0.0.1", false, false, 3},
		{{.subject = "CN=x", .san = "IP:127.0.0.1"}, "127.0.0.1", false, false, 3},
		{{.subject = "CN=x", .san = "IP:::1"}, "::1", false, false, 3},
		{{.subject = "CN=x", .san = "DNS:*.h.example"}, "a.h.example", false, false, 3},
		{{.subject = "CN=h", .eku = "serverAuth"}, "h", false, false, 3},
		{{.subject = "CN=h", .san = "DNS:h.example"}, "h", false, false, E_AUTH},
		{{.subject = "CN=127.0.0.1", .san = "DNS:h"}, "127.0.0.1", false, false, E_AUTH},
		{{.subject = "CN=x", .san = "DNS:127.0.0.1"}, "127.0.0.1", false, false, E_AUTH},
		{{.subject = "CN=x", .san = "IP:127.0.0.2"}, "127.0.0.1", false, false, E_AUTH},
		{{.subject = "CN=h"}, "x", false, false, E_AUTH},
		{{.subject = "CN=x", .san = "DNS:*.h.example"}, "a.b.h.example", false, false,
			E_AUTH},
		{{.subject = "CN=x", .san = "DNS:*.h.example"}, "h.example", false, false, E_AUTH},
		{{.subject = "CN=x", .san = "DNS:a*.h.example"}, "ab.h.example", false, false,
			E_AUTH},
		{{.subject = "CN=x", .san = "DNS:*.example"}, "h.example", false, false, E_AUTH},
		{{.subject = "CN=*"}, "h", false, false, E_AUTH},
		{{.subject = "CN=h", .from = -20, .to = -10}, "h", false, false, E_AUTH},
		{{.subject = "CN=h", .from = 5}, "h", false, false, E_AUTH},
		{{.subject = "CN=h", .eku = "clientAuth"}, "h", false, false, E_AUTH},
		{{.subject = "CN=h"}, "h", true, false, E_AUTH},
		{{.subject = "CN=h"}, "h", false, true, E_AUTH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		X509 *issuer = rows[i].self ? NULL : rows[i].other ? other_ca : ca;
		X509 *cert = make_cert(&rows[i].spec, key, issuer, rows[i].self ? key : ca_key);

		expect(cert, key, lab(NULL), rows[i].host, rows[i].want);
		X509_free(cert);
	}
}

static void a_nul_in_a_name(void **state)
{
	struct spec s = {.subject = "O=x"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	X509_NAME *name = X509_NAME_new();

	(void)state;
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"h\0.evil", 7, -1, 0);
	X509_set_subject_name(cert, name);
	X509_sign(cert, ca_key, EVP_sha256());
	expect(cert, key, lab(NULL), "h", E_AUTH);
	X509_NAME_free(name);
	X509_free(cert);
}

static void weak_keys_and_signatures(void **state)
{
	struct spec s = {.subject = "CN=h"}, sha1 = {.subject = "CN=h", .md = EVP_sha1()};
	EVP_PKEY *rsa2048 = EVP_RSA_gen(2048), *rsa1024 = EVP_RSA_gen(1024);
	X509 *strong = make_cert(&s, rsa2048, ca, ca_key),
	     *weak = make_cert(&s, rsa1024, ca, ca_key);
	X509 *old = make_cert(&sha1, key, ca, ca_key);
	char pin[96];

	(void)state;
	expect(strong, rsa2048, lab(NULL), "h", 3);
	expect(weak, rsa1024, lab(NULL), "h", E_AUTH);
	expect(weak, rsa1024, lab("CN=h"), "h", E_AUTH);
	expect(old, key, lab(NULL), "h", E_AUTH);
	fingerprint(weak, "", pin);
	expect(weak, rsa1024, &(struct tls_trust){.pin = pin}, "h", E_AUTH);
	X509_free(strong);
	X509_free(weak);
	X509_free(old);
	EVP_PKEY_free(rsa2048);
	EVP_PKEY_free(rsa1024);
}

static void subjects(void **state)
{
	struct spec s = {.subject = "C=XX/O=Lab, Inc/CN=a\\b", .san = "DNS:unrelated"};
	X509 *cert = make_cert(&s, key, ca, ca_key);
	static const struct {
		const char *subject;
		int want;
	} rows[] = {
		{"C=XX,O=Lab\\, Inc,CN=a\\\\b", 3},
		{"C=XX, O=lab\\, inc,  CN=A\\\\B", 3},
		{"O=Lab\\, Inc,C=XX,CN=a\\\\b", E_AUTH}, /* reordered */
		{"C=XX,O=Lab\\, Inc", E_AUTH},		 /* partial */
		{"CN=a\\\\b", E_AUTH},
		{"c=XX,o=Lab\\, Inc,cn=a\\\\b", E_AUTH}, /* types keep their case */
		{"C=XX,O=Lab\\, Inc,CN=ab", E_AUTH},
		{"C=XX,O=Lab, Inc,CN=a\\\\b", E_AUTH},
		{"C=XX,O=Lab\\, Inc,CN=a\\\\b,", E_AUTH},
		{"C=XX,O=Lab\\, Inc,CN=a\\b", E_AUTH},
		{"", E_AUTH},
		{",", E_AUTH},
		{"CN", E_AUTH},
		{"CN=", E_AUTH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(cert, key, lab(rows[i].subject), "elsewhere", rows[i].want);
	assert_int_equal(tls_subject_match(cert, "C=XX,O=Lab\\, Inc,CN=a\\\\b"), 1);
	assert_int_equal(tls_subject_match(cert, "C=XX"), 0);
	assert_int_equal(tls_subject_match(cert, "nonsense"), E_INVAL);
	X509_free(cert);
}

/* A pin replaces all else: the CA, the host, the dates. It belongs to one certificate and signs no
 * other. */
static void pins(void **state)
{
	struct spec s = {.subject = "CN=elsewhere", .from = -20, .to = -10},
		    child = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, NULL, key),
	     *signed_by_it = make_cert(&child, key, cert, key);
	char pin[96];
	struct tls_trust trust = {.pin = pin, .host_subject = "CN=not this"};

	(void)state;
	fingerprint(cert, "", pin);
	expect(cert, key, &trust, "h", 3);
	expect(signed_by_it, key, &trust, "h", E_AUTH);
	fingerprint(cert, ":", pin);
	expect(cert, key, &trust, "h", 3);
	pin[0] = pin[0] == '0' ? '1' : '0';
	expect(cert, key, &trust, "h", E_AUTH);
	X509_free(cert);
	X509_free(signed_by_it);
}

/* A chain of LIM_CHAIN_DEPTH certificates above the leaf is believed, one more is not. */
static void chain_depth(void **state)
{
	(void)state;
	for (int over = 0; over <= 1; over++) {
		X509 *chain[LIM_CHAIN_DEPTH + 1] = {0}, *issuer = ca;
		struct spec s = {.is_ca = true}, leaf = {.subject = "CN=h"};
		size_t n = LIM_CHAIN_DEPTH - 1 + (size_t)over, leaked;
		char name[32];

		for (size_t i = n; i > 0; i--) {
			snprintf(name, sizeof(name), "CN=sub %zu", i);
			s.subject = name;
			issuer = chain[i] = make_cert(&s, ca_key, issuer, ca_key);
		}
		chain[0] = make_cert(&leaf, key, issuer, ca_key);
		assert_int_equal(
			verdict_of(chain, n + 1, key, lab(NULL), "h", &leaked), over ? E_AUTH : 3);
		assert_int_equal(leaked, over ? 0 : 3);
		for (size_t i = 0; i <= n; i++)
			X509_free(chain[i]);
	}
}

static void an_issuer_that_is_no_ca(void **state)
{
	struct spec leaf = {.subject = "CN=h"}, middle = {.subject = "CN=middle"};
	X509 *chain[2];
	size_t leaked;

	(void)state;
	chain[1] = make_cert(&middle, ca_key, ca, ca_key);
	chain[0] = make_cert(&leaf, key, chain[1], ca_key);
	assert_int_equal(verdict_of(chain, 2, key, lab(NULL), "h", &leaked), E_AUTH);
	assert_int_equal(leaked, 0);
	X509_free(chain[0]);
	X509_free(chain[1]);
}

static void files_that_are_refused(void **state)
{
	struct spec s = {.subject = "CN=h"};
	EVP_PKEY *rsa1024 = EVP_RSA_gen(1024);
	X509 *cert = make_cert(&s, key, ca, ca_key), *weak = make_cert(&s, rsa1024, ca, ca_key);
	char *cert_file = path_of("cert.pem"), *key_file = path_of("key.pem"), *none = path_of("none");
	struct tls_trust trust = {0};
	static const mode_t modes[] = {0640, 0620, 0604, 0644};
	int err;

	(void)state;
	put_pem("cert.pem", &cert, 1, NULL);
	put_pem("key.pem", NULL, 0, ca_key); /* of another certificate */
	assert_null(tls_server_new(cert_file, key_file, &err));
	assert_int_equal(err, E_CONFIG);
	assert_null(tls_server_new(none, key_file, &err));
	assert_int_equal(err, E_NOFILE);
	assert_null(tls_server_new(cert_file, none, &err));
	assert_int_equal(err, E_NOFILE);
	assert_null(tls_server_new(key_file, key_file, &err)); /* no certificate */
	assert_int_equal(err, E_CONFIG);
	put_pem("key.pem", NULL, 0, key);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		chmod(key_file, modes[i]);
		assert_null(tls_server_new(cert_file, key_file, &err));
		assert_int_equal(err, E_CONFIG);
	}
	put_pem("cert.pem", &weak, 1, NULL);
	put_pem("key.pem", NULL, 0, rsa1024);
	assert_null(tls_server_new(cert_file, key_file, &err));
	assert_int_equal(err, E_CONFIG);

	trust.ca_file = none;
	assert_null(tls_client_new(&trust, &err));
	assert_int_equal(err, E_NOFILE);
	trust.ca_file = key_file;
	assert_null(tls_client_new(&trust, &err));
	assert_int_equal(err, E_CONFIG);
	trust = (struct tls_trust){.pin = "12:34"};
	assert_null(tls_client_new(&trust, &err));
	assert_int_equal(err, E_CONFIG);
	free(cert_file);
	free(key_file);
	free(none);
	X509_free(cert);
	X509_free(weak);
	EVP_PKEY_free(rsa1024);
}

/* A file that is cut within a certificate is no smaller chain, and no smaller set of authorities. */
static void files_that_are_cut(void **state)
{
	struct spec s = {.subject = "CN=h"};
	X509 *cert = make_cert(&s, key, ca, ca_key), *both[] = {cert, ca};
	char *cert_file = path_of("cert.pem"), *key_file = path_of("key.pem");
	struct tls_trust trust = {.ca_file = cert_file};
	struct tls_server *server;
	struct tls_client *client;
	struct stat st;
	int err;

	(void)state;
	put_pem("key.pem", NULL, 0, key);
	put_pem("cert.pem", both, 2, NULL);
	assert_non_null(server = tls_server_new(cert_file, key_file, &err));
	assert_non_null(client = tls_client_new(&trust, &err));
	tls_client_free(client);
	assert_int_equal(stat(cert_file, &st), 0);
	assert_int_equal(truncate(cert_file, st.st_size - 50), 0);
	assert_null(tls_server_new(cert_file, key_file, &err));
	assert_int_equal(err, E_CONFIG);
	assert_int_equal(tls_server_reload(server, cert_file, key_file), E_CONFIG);
	assert_null(tls_client_new(&trust, &err));
	assert_int_equal(err, E_CONFIG);
	tls_server_free(server);
	free(cert_file);
	free(key_file);
	X509_free(cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_and_bad_certificates),
		cmocka_unit_test(a_nul_in_a_name),
		cmocka_unit_test(weak_keys_and_signatures),
		cmocka_unit_test(subjects),
		cmocka_unit_test(pins),
		cmocka_unit_test(chain_depth),
		cmocka_unit_test(an_issuer_that_is_no_ca),
		cmocka_unit_test(files_that_are_refused),
		cmocka_unit_test(files_that_are_cut),
	};

	return cmocka_run_group_tests(tests, certs_setup, certs_teardown);
}
