/* X.509 with openssl. A pair of files can't be replaced at once: the key comes first, and a certificate that does not
 * match its key is made anew by the next call. */
#include "auth/authority.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/endpoint.h"
#include "net/pem.h"
#include "net/tls_names.h"
#include "net/tls_peer.h"

enum {
	CN_MAX = 64,       /* of X.520 */
	DNS_MAX = 253,
	SERIAL_BYTES = 16,
	RSA_BITS = 3072,
	BACKDATE = 3600,   /* clocks that run late believe it at once */
	X509_V3 = 2,
};

/* A certificate with its key, and where they stand. */
struct pair {
	char *cert_file, *key_file;
	X509 *cert;
	EVP_PKEY *key;
};

static void pair_init(struct pair *p, const char *dir, const char *who)
{
	*p = (struct pair){.cert_file = xasprintf("%s/%s-cert.pem", dir, who),
		.key_file = xasprintf("%s/%s-key.pem", dir, who)};
}

static void pair_fini(struct pair *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	free(p->cert_file);
	free(p->key_file);
}

static bool there(const char *file)
{
	struct stat st;

	return lstat(file, &st) == 0 || errno != ENOENT;
}

static int bad_pem(const char *file, const char *what)
{
	ERR_clear_error();
	log_error("%s: no %s in it", file, what);
	return E_CONFIG;
}

static int load_cert(struct pair *p)
{
	struct buf pem = {0};
	STACK_OF(X509) *certs;
	int rc = pem_file(p->cert_file, false, &pem);

	if (!rc && (certs = pem_certs(buf_slice(&pem)))) {
		p->cert = sk_X509_shift(certs);
		sk_X509_pop_free(certs, X509_free);
	} else if (!rc) {
		rc = bad_pem(p->cert_file, "certificate");
	}
	buf_fini(&pem);
	return rc;
}

static int load_key(struct pair *p)
{
	struct buf pem = {0};
	int rc = pem_file(p->key_file, true, &pem);

	if (!rc && !(p->key = pem_key(buf_slice(&pem))))
		rc = bad_pem(p->key_file, "key without a pass phrase");
	buf_wipe(&pem);
	return rc;
}

/* ---- writing ---- */

static int put_file(const char *file, mode_t mode, BIO *bio)
{
	char *text = NULL;
	long n = BIO_get_mem_data(bio, &text);
	int why = n > 0 ? file_replace(file, mode, slice_of(text, (size_t)n)) : EIO;

	if (why)
		log_error("%s: %s", file, strerror(why));
	return why ? E_CREATE : 0;
}

static int save_key(const struct pair *p)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool ok = bio && PEM_write_bio_PKCS8PrivateKey(bio, p->key, NULL, NULL, 0, NULL, NULL) == 1;
	int rc = ok ? put_file(p->key_file, 0600, bio) : E_CREATE;

	if (!ok)
		log_error("%s: %s", p->key_file, tls_reason());
	BIO_free(bio);
	return rc;
}

static int save_cert(const struct pair *p)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio && PEM_write_bio_X509(bio, p->cert) == 1;
	int rc = ok ? put_file(p->cert_file, 0644, bio) : E_CREATE;

	if (!ok)
		log_error("%s: %s", p->cert_file, tls_reason());
	BIO_free(bio);
	return rc;
}

/* ---- making ---- */

static bool key_is(EVP_PKEY *key, enum authority_key kind)
{
	switch (kind) {
	case KEY_RSA:
		return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == RSA_BITS;
	case KEY_ECDSA:
		return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == 256;
	default:
		return true;
	}
}

static EVP_PKEY *new_key(enum authority_key kind)
{
	EVP_PKEY *key = kind == KEY_RSA ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");

	if (!key)
		log_error("no key can be made: %s", tls_reason());
	return key;
}

static bool set_serial(X509 *cert)
{
	uint8_t bytes[SERIAL_BYTES];
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and never shorter */
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return ok;
}

static bool add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

/* One subject alternative name; never through openssl's text forms, which a name could break out of. */
static bool add_name(GENERAL_NAMES *names, const char *host)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	uint8_t addr[16];
	int n = (int)tls_literal(host, addr);
	ASN1_STRING *s = n ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	bool ok = g && s && ASN1_STRING_set(s, n ? (const void *)addr : host, n ? n : (int)strlen(host)) == 1;

	if (ok) {
		GENERAL_NAME_set0_value(g, n ? GEN_IPADD : GEN_DNS, s);
		s = NULL;
	}
	ok = ok && sk_GENERAL_NAME_push(names, g);
	if (!ok)
		GENERAL_NAME_free(g);
	ASN1_STRING_free(s);
	return ok;
}

static GENERAL_NAMES *host_names(const struct authority_wish *w)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool ok = names != NULL;

	for (unsigned i = 0; ok && i < w->n_hosts; i++)
		ok = add_name(names, w->hosts[i]);
	if (ok)
		return names;
	GENERAL_NAMES_free(names);
	return NULL;
}

static bool add_hosts(X509 *cert, const struct authority_wish *w)
{
	GENERAL_NAMES *names = host_names(w);
	bool ok = names && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;

	GENERAL_NAMES_free(names);
	return ok;
}

/* NULL, said, where the text is no subject. */
static X509_NAME *subject_of(const char *text)
{
	X509_NAME *name = tls_subject_parse(text);

	if (!name)
		log_error("'%s' is no subject: TYPE=value, separated by commas", text);
	return name;
}

/* A CA's own name: two of them are never mistaken for each other. */
static char *ca_name(void)
{
	uint8_t r[4];

	if (RAND_bytes(r, sizeof(r)) != 1)
		return NULL;
	return xasprintf("O=SPICE,CN=CA %02x%02x%02x%02x", r[0], r[1], r[2], r[3]);
}

/* The first host that fits is the name; what is longer stands in the alternative names only. */
static char *server_name(const struct authority_wish *w)
{
	for (unsigned i = 0; i < w->n_hosts; i++)
		if (strlen(w->hosts[i]) <= CN_MAX)
			return xasprintf("CN=%s", w->hosts[i]);
	return xstrdup("CN=SPICE server");
}

/* All but names and extensions. `end`: Unix time. */
static X509 *blank(EVP_PKEY *key, X509_NAME *subject, X509_NAME *issuer, int64_t now, int64_t end)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_V3) == 1 && set_serial(cert) &&
		ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(now - BACKDATE)) &&
		ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)end) && X509_set_subject_name(cert, subject) == 1 &&
		X509_set_issuer_name(cert, issuer) == 1 && X509_set_pubkey(cert, key) == 1)
		return cert;
	X509_free(cert);
	return NULL;
}

static int unmade(X509 *cert)
{
	log_error("no certificate can be made: %s", tls_reason());
	X509_free(cert);
	return E_CONFIG;
}

static int make_ca(struct pair *ca, X509_NAME *name, const struct authority_wish *w)
{
	X509 *cert = blank(ca->key, name, name, w->now, w->now + w->valid);

	if (!cert || !add_ext(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
		!add_ext(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
		!add_ext(cert, cert, NID_subject_key_identifier, "hash") || !X509_sign(cert, ca->key, EVP_sha256()))
		return unmade(cert);
	X509_free(ca->cert);
	ca->cert = cert;
	return 0;
}

static int make_server(struct pair *s, const struct pair *ca, X509_NAME *name, const struct authority_wish *w,
	int64_t end)
{
	bool rsa = EVP_PKEY_is_a(s->key, "RSA");
	X509 *cert = blank(s->key, name, X509_get_subject_name(ca->cert), w->now, end);

	if (!cert || !add_ext(cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") ||
		!add_ext(cert, ca->cert, NID_key_usage,
			rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature") ||
		!add_ext(cert, ca->cert, NID_ext_key_usage, "serverAuth") ||
		!add_ext(cert, ca->cert, NID_subject_key_identifier, "hash") ||
		!add_ext(cert, ca->cert, NID_authority_key_identifier, "keyid") || !add_hosts(cert, w) ||
		!X509_sign(cert, ca->key, EVP_sha256()))
		return unmade(cert);
	X509_free(s->cert);
	s->cert = cert;
	return 0;
}

/* ---- the folder ---- */

/* Who can write to the folder can put another key there. */
static int check_dir(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) != 0) {
		log_error("%s: %s", dir, strerror(errno));
		return E_NOFILE;
	}
	if (!S_ISDIR(st.st_mode) || st.st_mode & 022) {
		log_error("%s: %s", dir, S_ISDIR(st.st_mode) ? "others can write to it" : "not a folder");
		return E_CONFIG;
	}
	return 0;
}

static int make_dir(const char *dir)
{
	if (mkdir(dir, 0700) == 0)
		return chmod(dir, 0700) == 0 ? 0 : E_CREATE;
	if (errno == EEXIST)
		return 0;
	log_error("%s: %s", dir, strerror(errno));
	return E_CREATE;
}

static int64_t left(X509 *cert, int64_t now)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)now);
	int days = 0, seconds = 0;

	if (!t || ASN1_TIME_diff(&days, &seconds, t, X509_get0_notAfter(cert)) != 1)
		days = seconds = 0;
	ASN1_TIME_free(t);
	return (int64_t)days * 86400 + seconds;
}

static int check_ca(const struct pair *ca, int64_t now, bool renew)
{
	const char *why = NULL;

	if (X509_check_private_key(ca->cert, ca->key) != 1)
		why = "its key is another one";
	else if (X509_check_ca(ca->cert) != 1)
		why = "not the certificate of an authority";
	else if (left(ca->cert, now) <= 0 && !renew)
		why = "it has ended (spice-ticket ca --renew)";
	ERR_clear_error();
	if (why)
		log_error("%s: %s", ca->cert_file, why);
	return why ? E_CONFIG : 0;
}

static int load_ca(struct pair *ca, int64_t now, bool renew)
{
	int rc = load_cert(ca);

	if (!rc)
		rc = load_key(ca);
	return rc ? rc : check_ca(ca, now, renew);
}

/* What is asked for and is not so: an authority stays what it is. */
static void warn_of_old(const struct pair *ca, X509_NAME *name, const struct authority_wish *w)
{
	if (w->subject && X509_NAME_cmp(X509_get_subject_name(ca->cert), name) != 0)
		log_warn("%s: the authority keeps the subject that it has", ca->cert_file);
	if (!key_is(ca->key, w->key))
		log_warn("%s: the authority keeps the key that it has", ca->key_file);
}

static int new_ca(struct pair *ca, X509_NAME *name, const struct authority_wish *w)
{
	int rc = (ca->key = new_key(w->key)) ? make_ca(ca, name, w) : E_CONFIG;

	if (!rc)
		rc = save_key(ca);
	return rc ? rc : save_cert(ca);
}

static int renew_ca(struct pair *ca, const struct authority_wish *w)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(ca->cert));
	int rc = name ? make_ca(ca, name, w) : E_CONFIG;

	X509_NAME_free(name);
	return rc ? rc : save_cert(ca);
}

int authority_ca(const char *dir, const struct authority_wish *w, X509 **cert, bool *made)
{
	char *text = w->subject ? xstrdup(w->subject) : ca_name();
	X509_NAME *name = text ? subject_of(text) : NULL;
	bool have_cert, have_key;
	struct pair ca;
	int rc = E_USAGE;

	*made = false;
	pair_init(&ca, dir, "ca");
	if (!name || (rc = make_dir(dir)) || (rc = check_dir(dir)))
		goto out;
	have_cert = there(ca.cert_file);
	have_key = there(ca.key_file);
	*made = w->renew || (!have_cert && !have_key);
	if (have_cert != have_key) {
		log_error("%s: half an authority: %s is missing", dir, have_cert ? ca.key_file : ca.cert_file);
		rc = E_CONFIG;
	} else if (!have_cert) {
		rc = new_ca(&ca, name, w);
	} else if (!(rc = load_ca(&ca, w->now, w->renew))) {
		warn_of_old(&ca, name, w);
		rc = w->renew ? renew_ca(&ca, w) : 0;
	}
out:
	*cert = rc ? NULL : X509_dup(ca.cert);
	X509_NAME_free(name);
	free(text);
	pair_fini(&ca);
	return rc;
}

/* ---- a server's certificate ---- */

static int check_hosts(const struct authority_wish *w)
{
	for (unsigned i = 0; i < w->n_hosts; i++) {
		const char *h = w->hosts[i], *name = strncmp(h, "*.", 2) == 0 && strchr(h + 2, '.') ? h + 2 : h;
		bool ascii = true;

		for (const char *p = h; *p; p++)
			ascii = ascii && !((uint8_t)*p & 0x80);
		if (!ascii || strchr(h, '%') || strlen(h) > DNS_MAX || !endpoint_is_host(name)) {
			log_error("'%s' is neither a name nor an address%s", h,
				ascii ? "" : " (names in other scripts are written as xn--...)");
			return E_USAGE;
		}
	}
	return 0;
}

static bool same_names(X509 *cert, const struct authority_wish *w)
{
	GENERAL_NAMES *have = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL), *want = host_names(w);
	bool same = have && want && sk_GENERAL_NAME_num(have) == sk_GENERAL_NAME_num(want);

	for (int i = 0; same && i < sk_GENERAL_NAME_num(want); i++)
		same = GENERAL_NAME_cmp(sk_GENERAL_NAME_value(have, i), sk_GENERAL_NAME_value(want, i)) == 0;
	GENERAL_NAMES_free(have);
	GENERAL_NAMES_free(want);
	ERR_clear_error();
	return same;
}

/* Does the certificate that is there do, for a third of the time that was asked for? `end`: as long as could be. */
static bool good(const struct pair *s, const struct pair *ca, X509_NAME *name, const struct authority_wish *w,
	int64_t end)
{
	bool ok = s->cert && X509_check_private_key(s->cert, s->key) == 1 &&
		  X509_check_issued(ca->cert, s->cert) == X509_V_OK &&
		  X509_verify(s->cert, X509_get0_pubkey(ca->cert)) == 1 &&
		  X509_NAME_cmp(X509_get_subject_name(s->cert), name) == 0 && same_names(s->cert, w) &&
		  left(s->cert, w->now) > (end - w->now) / 3;

	ERR_clear_error();
	return ok;
}

/* The key that is there, or a new one. */
static int server_key(struct pair *s, const struct authority_wish *w)
{
	int rc = there(s->key_file) ? load_key(s) : 0;

	if (rc || (s->key && key_is(s->key, w->key) && !w->renew))
		return rc;
	EVP_PKEY_free(s->key);
	s->key = new_key(w->key);
	return s->key ? save_key(s) : E_CONFIG;
}

/* The authority is loaded. */
static int serve(struct pair *s, const struct pair *ca, X509_NAME *name, const struct authority_wish *w, bool *made)
{
	int64_t end = w->now + w->valid, last = w->now + left(ca->cert, w->now);
	int rc = server_key(s, w);

	if (rc)
		return rc;
	if (end > last) {
		log_warn("%s ends before: the certificate ends with it", ca->cert_file);
		end = last;
	}
	if (there(s->cert_file) && !w->renew) {
		bool unsaid = log_set_quiet(true);

		load_cert(s);
		log_set_quiet(unsaid);
		if (good(s, ca, name, w, end))
			return 0;
	}
	*made = true;
	rc = make_server(s, ca, name, w, end);
	return rc ? rc : save_cert(s);
}

int authority_server(const char *dir, const struct authority_wish *w, X509 **cert, bool *made)
{
	char *text = w->subject ? xstrdup(w->subject) : server_name(w);
	X509_NAME *name = NULL;
	struct pair ca, s;
	int rc;

	*made = false;
	pair_init(&ca, dir, "ca");
	pair_init(&s, dir, "server");
	if ((rc = check_hosts(w)) || (rc = check_dir(dir)) || (rc = load_ca(&ca, w->now, false)))
		goto out;
	name = subject_of(text);
	rc = name ? serve(&s, &ca, name, w, made) : E_USAGE;
out:
	*cert = rc ? NULL : X509_dup(s.cert);
	X509_NAME_free(name);
	pair_fini(&ca);
	pair_fini(&s);
	free(text);
	return rc;
}
