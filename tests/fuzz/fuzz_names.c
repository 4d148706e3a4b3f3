/* F-38: what certificates are called. The input is a certificate's names and what a client was told, parts apart by
 * line feeds: a host name, a subject string, then alternative names. The matcher is asked beside a slow one that goes
 * by wire.md alone, and a subject that is written is read back to the same. */
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "net/tls.h"
#include "net/tls_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PARTS = 8, PART_MAX = 512 };

struct parts {
	char text[PARTS][PART_MAX + 1];
	size_t len[PARTS];
	size_t n;
};

static void cut(struct parts *parts, const uint8_t *p, size_t n)
{
	memset(parts, 0, sizeof(*parts));
	while (n && parts->n < PARTS) {
		const uint8_t *end = memchr(p, '\n', n);
		size_t len = end ? (size_t)(end - p) : n, keep = len < PART_MAX ? len : PART_MAX;

		memcpy(parts->text[parts->n], p, keep);
		parts->len[parts->n++] = keep;
		n -= len + (end != NULL);
		p += len + (end != NULL);
	}
}

/* ---- the slow matcher: labels one by one ---- */

static bool address(const char *host, uint8_t out[16], size_t *n)
{
	char bare[PART_MAX + 1] = {0};

	memcpy(bare, host, strcspn(host, "%"));
	*n = inet_pton(AF_INET, bare, out) == 1 ? 4 : inet_pton(AF_INET6, bare, out) == 1 ? 16 : 0;
	return *n;
}

/* The label that begins at *at, and where the next one does; false behind the last. */
static bool label(const char *s, size_t n, size_t *at, const char **l, size_t *len)
{
	if (*at > n)
		return false;
	*l = s + *at;
	*len = 0;
	while (*at + *len < n && (*l)[*len] != '.')
		++*len;
	*at += *len + 1;
	return true;
}

static bool same_label(const char *a, size_t an, const char *b, size_t bn)
{
	return an == bn && strncasecmp(a, b, an) == 0 && !memchr(a, '*', an);
}

static bool slow_name(const char *pattern, size_t n, const char *host)
{
	size_t h = strlen(host), i = 0, k = 0, an, bn, labels = 1;
	const char *a, *b;

	if (memchr(pattern, 0, n))
		return false;
	if (n && pattern[n - 1] == '.')
		n--;
	if (h && host[h - 1] == '.')
		h--;
	if (!n)
		return false;
	for (size_t x = 0; x < n; x++)
		labels += pattern[x] == '.';
	if (n > 2 && pattern[0] == '*' && pattern[1] == '.') {
		if (labels < 3 || !label(pattern, n, &i, &a, &an) || !label(host, h, &k, &b, &bn) || !bn)
			return false;
	}
	for (;;) {
		bool more = label(pattern, n, &i, &a, &an);

		if (more != label(host, h, &k, &b, &bn))
			return false;
		if (!more)
			return true;
		if (!same_label(a, an, b, bn))
			return false;
	}
}

static bool slow_match(const struct parts *parts, const char *cn)
{
	const char *host = parts->text[0];
	bool dns = false, match = false;
	uint8_t want[16], have[16];
	size_t want_n, have_n;
	bool literal = address(host, want, &want_n);

	for (size_t i = 2; i < parts->n; i++) {
		if (parts->text[i][0] == '@') {
			if (address(parts->text[i] + 1, have, &have_n) && literal && want_n == have_n)
				match |= memcmp(want, have, have_n) == 0;
		} else {
			dns = true;
			match |= !literal && slow_name(parts->text[i], parts->len[i], host);
		}
	}
	return match || (!dns && cn && slow_name(cn, strlen(cn), host));
}

/* ---- a certificate of these names ---- */

static void add(GENERAL_NAMES *names, int type, const void *p, size_t n)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_STRING *s = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();

	ASN1_STRING_set(s, p, (int)n);
	GENERAL_NAME_set0_value(g, type, s);
	sk_GENERAL_NAME_push(names, g);
}

static X509 *certificate(const struct parts *parts, X509_NAME *subject)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	X509 *cert = X509_new();
	uint8_t a[16];
	size_t n;

	if (subject)
		X509_set_subject_name(cert, subject);
	for (size_t i = 2; i < parts->n; i++) {
		if (parts->text[i][0] != '@')
			add(names, GEN_DNS, parts->text[i], parts->len[i]);
		else if (address(parts->text[i] + 1, a, &n))
			add(names, GEN_IPADD, a, n);
	}
	if (sk_GENERAL_NAME_num(names))
		X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0);
	GENERAL_NAMES_free(names);
	return cert;
}

/* The only CN of the subject, when it is the only one. */
static char *only_cn(X509_NAME *subject, unsigned *count)
{
	char *cn = NULL;

	*count = 0;
	for (int i = -1; subject && (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
		unsigned char *text = NULL;
		int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));

		++*count;
		free(cn);
		cn = n >= 0 ? strndup((const char *)text, (size_t)n) : NULL;
		OPENSSL_free(text);
	}
	return cn;
}

static void check_subject(X509 *cert, const char *said)
{
	struct buf text = {0};

	if (tls_subject_match(cert, said) != 1)
		abort(); /* it was made of it */
	if (tls_subject_print(cert, &text) && tls_subject_match(cert, buf_cstr(&text)) != 1)
		abort();
	if (buf_len(&text)) {
		buf_str(&text, ",CN=one more");
		if (tls_subject_match(cert, buf_cstr(&text)) == 1)
			abort();
	}
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct parts parts;
	X509_NAME *subject;
	unsigned cns;
	X509 *cert;
	char *cn;

	cut(&parts, p, n);
	subject = tls_subject_parse(parts.text[1]);
	cert = certificate(&parts, subject);
	cn = only_cn(subject, &cns);
	if (subject)
		check_subject(cert, parts.text[1]);
	else if (tls_subject_match(cert, parts.text[1]) == 1)
		abort();
	if (cns <= 1 && tls_host_match(cert, parts.text[0]) != slow_match(&parts, cn))
		abort();
	free(cn);
	X509_free(cert);
	X509_NAME_free(subject);
	return 0;
}
