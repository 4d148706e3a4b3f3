/* RSA tickets by openssl. The key is 1024 bits because the protocol has no other; it lives for one link. */
#include "chan/ticket.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

struct ticket_key {
	EVP_PKEY *pkey;
	uint8_t der[TICKET_KEY_DER];
};

/* The exponent 65537 makes the DER exactly TICKET_KEY_DER bytes. */
static bool key_der(EVP_PKEY *pkey, uint8_t out[TICKET_KEY_DER])
{
	uint8_t *p = out;

	return i2d_PUBKEY(pkey, NULL) == TICKET_KEY_DER && i2d_PUBKEY(pkey, &p) == TICKET_KEY_DER;
}

struct ticket_key *ticket_key_new(void)
{
	struct ticket_key *k = new(struct ticket_key);

	do {
		EVP_PKEY_free(k->pkey);
		k->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)8 * TICKET_SIZE);
		if (!k->pkey)
			abort(); /* no entropy or no RSA in the library: nothing can be right */
	} while (!key_der(k->pkey, k->der));
	return k;
}

void ticket_key_free(struct ticket_key *k)
{
	if (k)
		EVP_PKEY_free(k->pkey);
	free(k);
}

void ticket_key_der(const struct ticket_key *k, uint8_t out[TICKET_KEY_DER])
{
	memcpy(out, k->der, TICKET_KEY_DER);
}

static int decrypt(struct ticket_key *k, const uint8_t in[TICKET_SIZE], uint8_t out[TICKET_SIZE], size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	bool ok;

	*n = TICKET_SIZE;
	ok = ctx && EVP_PKEY_decrypt_init(ctx) > 0 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	     EVP_PKEY_decrypt(ctx, out, n, in, TICKET_SIZE) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : E_AUTH;
}

/* spice-html5 0.3.0 leaves leading zeros of the number away and fills up at the end: 2 of 739 of its tickets came so,
 * one in 256 is to be expected. */
int ticket_decrypt(struct ticket_key *k, const uint8_t in[TICKET_SIZE], uint8_t out[TICKET_SIZE], size_t *n)
{
	enum { MOST_ZEROS = 2 };
	uint8_t whole[TICKET_SIZE];
	int rc = decrypt(k, in, out, n);

	for (unsigned z = 1; rc && z <= MOST_ZEROS && in[TICKET_SIZE - z] == 0; z++) {
		memset(whole, 0, z);
		memcpy(whole + z, in, TICKET_SIZE - z);
		rc = decrypt(k, whole, out, n);
	}
	return rc;
}

int ticket_encrypt(const uint8_t der[TICKET_KEY_DER], const char *password, uint8_t out[TICKET_SIZE])
{
	const uint8_t *p = der;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, TICKET_KEY_DER);
	EVP_PKEY_CTX *ctx = NULL;
	size_t len = TICKET_SIZE;
	bool ok = pkey && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA &&
		  EVP_PKEY_get_size(pkey) == TICKET_SIZE && strlen(password) <= LIM_PASSWORD;

	if (ok) {
		ctx = EVP_PKEY_CTX_new(pkey, NULL);
		ok = ctx && EVP_PKEY_encrypt_init(ctx) > 0 &&
		     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
		     EVP_PKEY_encrypt(ctx, out, &len, (const uint8_t *)password,
			     strlen(password) + 1) > 0 && len == TICKET_SIZE;
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	if (!ok)
		log_error("the server's public key is not one that a ticket can be made for");
	return ok ? 0 : E_PROTO;
}
