/* F-39: files of certificates and keys, and pins. What is read is whole: each certificate is written and read back to
 * the same, damage anywhere refuses the file, and all that is told of a certificate is printable. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "net/pem.h"
#include "net/tls.h"
#include "net/tls_names.h"
#include "net/tls_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void told(X509 *cert)
{
	struct cert_facts f;

	cert_facts(&f, cert);
	if (buf_len(&f.subject) && tls_subject_match(cert, buf_cstr(&f.subject)) != 1)
		abort();
	if (f.bits < 0 || !f.key)
		abort();
	cert_facts_fini(&f);
	tls_host_match(cert, "localhost");
}

/* The chain as we would write it. */
static void again(STACK_OF(X509) *certs)
{
	BIO *bio = BIO_new(BIO_s_mem());
	STACK_OF(X509) *back;
	char *text;
	long n;

	for (int i = 0; i < sk_X509_num(certs); i++)
		if (PEM_write_bio_X509(bio, sk_X509_value(certs, i)) != 1)
			goto out; /* what openssl reads and can't write */
	n = BIO_get_mem_data(bio, &text);
	back = pem_certs(slice_of(text, (size_t)n));
	if (!back || sk_X509_num(back) != sk_X509_num(certs))
		abort();
	for (int i = 0; i < sk_X509_num(certs); i++)
		if (X509_cmp(sk_X509_value(back, i), sk_X509_value(certs, i)) != 0)
			abort();
	sk_X509_pop_free(back, X509_free);
out:
	BIO_free(bio);
}

static void pin(const uint8_t *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	char *text = strndup((const char *)p, n), hex[2 * PIN_BYTES + 1] = {0};
	uint8_t out[PIN_BYTES], back[PIN_BYTES];

	if (pem_fingerprint(text, out) == 0) {
		for (int i = 0; i < PIN_BYTES; i++) {
			hex[2 * i] = digit[out[i] >> 4];
			hex[2 * i + 1] = digit[out[i] & 15];
		}
		if (pem_fingerprint(hex, back) || memcmp(out, back, PIN_BYTES) != 0)
			abort();
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	STACK_OF(X509) *certs = pem_certs(slice_of(p, n));
	EVP_PKEY *key = n && memmem(p, n, "PRIVATE KEY", 11) ? pem_key(slice_of(p, n)) : NULL; /* it is slow */

	for (int i = 0; i < sk_X509_num(certs); i++)
		told(sk_X509_value(certs, i));
	if (certs)
		again(certs);
	pin(p, n);
	EVP_PKEY_free(key);
	sk_X509_pop_free(certs, X509_free);
	ERR_clear_error();
	return 0;
}
