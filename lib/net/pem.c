/* PEM, with bounds. */
#include "net/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"

int pem_file(const char *file, bool secret, struct buf *out)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int why;

	if (fd < 0 || fstat(fd, &st) != 0) {
		log_error("%s: %s", file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return E_NOFILE;
	}
	if (secret && st.st_mode & 077) {
		log_error("%s: a key that others can read is no secret (mode %03o)", file,
			st.st_mode & 0777);
		close(fd);
		return E_CONFIG;
	}
	why = file_read_fd(fd, LIM_CA_FILE, out);
	if (why)
		log_error("%s: %s", file, strerror(why));
	close(fd);
	return why == 0 ? 0 : why == EFBIG ? E_CONFIG : E_NOFILE;
}

int pem_no_passphrase(char *out, int n, int writing, void *arg)
{
	(void)out, (void)n, (void)writing, (void)arg;
	return -1;
}

bool pem_none(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

STACK_OF(X509) *pem_certs(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.n ? (const void *)pem.p : "", (int)pem.n);
	X509 *cert = bio ? PEM_read_bio_X509_AUX(bio, NULL, pem_no_passphrase, NULL) : NULL;
	STACK_OF(X509) *certs = cert ? sk_X509_new_null() : NULL;

	while (certs && cert && sk_X509_push(certs, cert))
		cert = PEM_read_bio_X509(bio, NULL, pem_no_passphrase, NULL);
	BIO_free(bio);
	if (certs && !cert && pem_none()) {
		ERR_clear_error();
		return certs;
	}
	X509_free(cert); /* one that found no room */
	sk_X509_pop_free(certs, X509_free);
	return NULL;
}

EVP_PKEY *pem_key(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.n ? (const void *)pem.p : "", (int)pem.n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, pem_no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return key;
}

int pem_fingerprint(const char *s, uint8_t out[PIN_BYTES])
{
	for (int i = 0; i < PIN_BYTES; i++, s += 2) {
		if (i && *s == ':')
			s++;
		if (text_hex_digit(s[0]) < 0 || text_hex_digit(s[1]) < 0)
			return E_CONFIG;
		out[i] = (uint8_t)(text_hex_digit(s[0]) << 4 | text_hex_digit(s[1]));
	}
	return *s ? E_CONFIG : 0;
}
