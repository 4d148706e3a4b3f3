/* What a certificate is called (wire.md 1.6).
 *
 * Real clients match the subject in the certificate's own order and all of it, values without case.
 * For host names any dNSName hides the CN, without one the CN counts for address literals too, and
 * a wildcard is a whole leftmost label here (spice-gtk also takes "local*"). */
#include "net/tls_names.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/tls.h"

enum { VALUE_MAX = 1024, TYPE_MAX = 64 };

/* One attribute, "TYPE=value" up to an unescaped comma. Returns where the next begins, NULL when
 * malformed. */
static const char *subject_part(const char *s, X509_NAME *name)
{
	struct buf value = {0};
	const char *eq = strchr(s, '=');
	char type[TYPE_MAX];
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

X509_NAME *tls_subject_parse(const char *text)
{
	X509_NAME *name = X509_NAME_new();
	const char *s = text;

	while (name && s && *s) {
		s += strspn(s, " \t");
		s = subject_part(s, name);
	}
	ERR_clear_error();
	if (name && s && s != text)
		return name;
	X509_NAME_free(name);
	return NULL;
}

int tls_subject_match(const void *cert, const char *subject)
{
	X509_NAME *name = tls_subject_parse(subject);
	int rc = name ? X509_NAME_cmp(name, X509_get_subject_name((const X509 *)cert)) == 0 : E_INVAL;

	X509_NAME_free(name);
	return rc;
}

/* One attribute as subject_part reads it; false when it can't be. */
static bool put_attribute(struct buf *out, const X509_NAME_ENTRY *e)
{
	const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(e);
	unsigned char *text = NULL;
	char oid[TYPE_MAX];
	int nid = OBJ_obj2nid(type), n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(e));

	if (n <= 0 || (nid == NID_undef && OBJ_obj2txt(oid, sizeof(oid), type, 1) >= (int)sizeof(oid))) {
		OPENSSL_free(text);
		return false;
	}
	buf_printf(out, "%s%s=", buf_len(out) ? "," : "", nid == NID_undef ? oid : OBJ_nid2sn(nid));
	for (int i = 0; i < n; i++) {
		if (text[i] == ',' || text[i] == '\\')
			buf_u8(out, '\\');
		buf_u8(out, text[i]);
	}
	OPENSSL_free(text);
	return true;
}

bool tls_subject_print(X509 *cert, struct buf *out)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	struct buf text = {0};
	bool good = X509_NAME_entry_count(name) > 0;

	for (int i = 0; good && i < X509_NAME_entry_count(name); i++)
		good = put_attribute(&text, X509_NAME_get_entry(name, i));
	/* several values in one place, bytes that are no text: read back they would be another subject */
	good = good && tls_subject_match(cert, buf_cstr(&text)) == 1;
	if (good)
		buf_put(out, buf_data(&text), buf_len(&text));
	buf_fini(&text);
	ERR_clear_error();
	return good;
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
