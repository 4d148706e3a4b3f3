/* Tickets: RSA-1024 keys that live for one link, OAEP with SHA-1. wire.md 2. */
#ifndef CHAN_TICKET_H
#define CHAN_TICKET_H

#include "base/bytes.h"

enum { TICKET_KEY_DER = 162, TICKET_SIZE = 128 };

struct ticket_key;

/* Slow (tens of milliseconds): call it off the loop. Never NULL; safe in any thread. */
struct ticket_key *ticket_key_new(void);
void ticket_key_free(struct ticket_key *k);
/* The public half as it stands in LinkReply. */
void ticket_key_der(const struct ticket_key *k, uint8_t out[TICKET_KEY_DER]);

/* Plain text of at most 128 bytes; E_AUTH when it does not decrypt. */
int ticket_decrypt(struct ticket_key *k, const uint8_t in[TICKET_SIZE], uint8_t out[TICKET_SIZE], size_t *n);
/* For a peer's key; E_PROTO when that is no RSA-1024 key. `password` at most LIM_PASSWORD bytes. */
int ticket_encrypt(const uint8_t der[TICKET_KEY_DER], const char *password, uint8_t out[TICKET_SIZE]);

#endif
