/* An arena: memory of one message. Everything in it ends together; nothing in it is freed alone. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
	struct arena_block *head; /* the block in use, older ones behind it */
	size_t used;              /* bytes handed out since the last reset */
	size_t max;               /* arena_alloc fails beyond; 0 = no bound */
};

/* n bytes, zeroed and aligned for anything, or NULL when `max` would be passed. */
void *arena_alloc(struct arena *a, size_t n);
/* The same for n things of `size` bytes, or NULL too when that is more than there can be; n may be a peer's. */
void *arena_array(struct arena *a, uint64_t n, size_t size);
void arena_reset(struct arena *a); /* empties it and keeps one block for the next message */
void arena_fini(struct arena *a);

#endif
