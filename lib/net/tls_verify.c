/* How a client knows its server: a pinned certificate, else a chain to a trusted CA and, on top of
 * it, the subject of the certificate or the name of the host (wire.md 1.6).
 *
 * Real clients match the subject in the certificate's own order and all of it, values without case.
 * For host names any dNSName hides the CN, without one the CN counts for address literals too, and
 * a wildcard is a whole leftmost label here (spice-gtk also takes "local*"). Everything denies
 * until proven otherwise, an error of openssl included. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "net/tls_peer.h"

enum { MIN_RSA_BITS = 2048, VALUE_MAX = 1024 };

const char *tls_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return why ? why : "no reason given";
}

/* One attribute, "TYPE=value" up to an unescaped comma. Returns where the next begins, NULL when
 * malformed. */
static const char *subject_part(const char *s, X509_NAME *name)
{
	struct buf value = {0};
	const char *eq = strchr(s, '=');
	char type[64];
	bool ok;

	if (!eq || eq == s || (size_t)(eq - s) >= sizeof(type))
		return NULL;
	memcpy(type, s, (size_t)(eq - s));
	type[eq - s] = 0;
	for (s = eq + 1; *s && *s != ','; s++) {
		if (*s == '\\' && *++s != ',' && *s != '\\') {
			buf_fini(&value);
			return NULL;
		}
		buf_u8(&value, (uint8_t)*s);
	}
	ok = buf_len(&value) && buf_len(&value) <= VALUE_MAX &&
	     X509_NAME_add_entry_by_txt(
		     name, type, MBSTRING_UTF8, buf_data(&value), (int)buf_len(&value), -1, 0) == 1;
	buf_fini(&value);
	if (!ok || (*s && !s[1]))
		return NULL;
	return s + (*s == ',');
}

int tls_subject_match(const void *cert, const char *subject)
{
	X509_NAME *name = X509_NAME_new();
	const char *s = subject;
	int rc = E_INVAL;

	while (name && s && *s) {
		s += strspn(s, " \t");
		s = subject_part(s, name);
	}
	if (name && s && s != subject)
		rc = X509_NAME_cmp(name, X509_get_subject_name((const X509 *)cert)) == 0;
	X509_NAME_free(name);
	ERR_clear_error();
	return rc;
}

/* Does a name of a certificate, exactly n bytes, stand for the host? */
static bool name_match(const char *pattern, size_t n, const char *host)
{
	size_t len = strlen(host);
	const char *dot = strchr(host, '.');

	if (n && memchr(pattern, 0, n))
		return false;
	if (n && pattern[n - 1] == '.')
		n--;
	if (len && host[len - 1] == '.')
		len--;
	if (n > 2 && pattern[0] == '*' && pattern[1] == '.') {
		if (!dot || dot == host || !memchr(pattern + 2, '.', n - 2)) /* never "*.com" */
			return false;
		len -= (size_t)(dot - host);
		host = dot;
		pattern++;
		n--;
	}
	return n && n == len && !memchr(pattern, '*', n) && strncasecmp(pattern, host, n) == 0;
}

size_t tls_literal(const char *host, uint8_t addr[16])
{
	char text[INET6_ADDRSTRLEN + 1];
	size_t n = strcspn(host, "%");

	if (n >= sizeof(text))
		return 0;
	memcpy(text, host, n);
	text[n] = 0;
	if (inet_pton(AF_INET, text, addr) == 1)
		return 4;
	return inet_pton(AF_INET6, text, addr) == 1 ? 16 : 0;
}

static bool cn_match(X509 *cert, const char *host)
{
	X509_NAME *name = X509_get_subject_name(cert);

	for (int i = -1; (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;) {
		unsigned char *text = NULL;
		int n = ASN1_STRING_to_UTF8(
			&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
		bool same = n > 0 && name_match((const char *)text, (size_t)n, host);

		OPENSSL_free(text);
		if (same)
			return true;
	}
	return false;
}

bool tls_host_match(X509 *cert, const char *host)
{
	GENERAL_NAMES *names;
	uint8_t addr[16];
	size_t addr_len = tls_literal(host, addr);
	bool match = false, dns = false;
	int critical;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
	if (!names && critical != -1) /* twice, or unreadable */
		return false;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type == GEN_DNS) {
			dns = true;
			match |= !addr_len &&
				 name_match((const char *)ASN1_STRING_get0_data(g->d.dNSName),
					 (size_t)ASN1_STRING_length(g->d.dNSName), host);
		} else if (g->type == GEN_IPADD) {
			match |= addr_len && slice_eq(slice_of(addr, addr_len),
				slice_of(ASN1_STRING_get0_data(g->d.iPAddress),
					(size_t)ASN1_STRING_length(g->d.iPAddress)));
		}
	}
	GENERAL_NAMES_free(names);
	return match || (!dns && cn_match(cert, host));
}

/* A key that can be broken proves nothing, pinned or not. */
static bool strong_key(X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	return key && (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
			      EVP_PKEY_get_bits(key) >= MIN_RSA_BITS);
}

static const char *check_pin(const struct tls_verify *v, X509 *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (X509_digest(cert, EVP_sha256(), digest, &n) != 1 || n != PIN_BYTES)
		return "its certificate has no fingerprint";
	if (memcmp(digest, v->trust->pin, PIN_BYTES) != 0)
		return "its certificate is not the pinned one";
	return strong_key(cert) ? NULL : "its key is too short";
}

/* Why the server is refused, or NULL. */
static const char *check(const struct tls_verify *v, X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	int subject;

	if (!cert)
		return "it has no certificate";
	if (v->trust->pinned)
		return check_pin(v, cert);
	if (X509_verify_cert(store) != 1) {
		int e = X509_STORE_CTX_get_error(store);

		return e ? X509_verify_cert_error_string(e) : "the verification failed";
	}
	if (!v->trust->host_subject)
		return tls_host_match(cert, v->host) ? NULL
						     : "its certificate is not for this host name";
	subject = tls_subject_match(cert, v->trust->host_subject);
	if (subject == 1)
		return NULL;
	return subject == 0 ? "the subject of its certificate differs"
			    : "the host subject can't be parsed";
}

int tls_verify(X509_STORE_CTX *store, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_verify *v = ssl ? SSL_get_app_data(ssl) : NULL;
	const char *why;

	(void)unused;
	if (!v)
		return 0;
	why = check(v, store);
	ERR_clear_error();
	if (!why) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		v->verdict = TLS_VERIFIED;
		return 1;
	}
	if (X509_STORE_CTX_get_error(store) == X509_V_OK)
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	v->verdict = TLS_DENIED;
	log_error("%s: the server is refused: %s", v->peer, why);
	return 0;
}
