/* Fresh RSA keys for tickets, made off the loop and kept ready: a link takes one and it is gone (C-9). */
#ifndef SERVER_KEYS_H
#define SERVER_KEYS_H

#include <uv.h>

#include "base/list.h"
#include "chan/ticket.h"

struct keys;

/* Somebody who waits for a key; embedded, zeroed before use. */
struct key_wait {
	struct list link;
	void (*fn)(void *owner, struct ticket_key *key); /* takes key; called later, from the loop */
	void *owner;
	bool waiting;
};

struct keys *keys_new(uv_loop_t *loop);
void keys_free(struct keys *k); /* waits for a key that is being made */

/* A ready key, or NULL: then w->fn gets one later, those with `first` before the others. */
struct ticket_key *keys_take(struct keys *k, struct key_wait *w, bool first);
void keys_cancel(struct key_wait *w);

#endif
