/* The arena: blocks in a list, the newest in use. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The first block is small: messages are, and thousands of them may wait somewhere. */
enum { FIRST = 480, BLOCK = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t cap, used;
	max_align_t mem[];
};

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->head;
	void *p;

	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (a->max && (n > a->max || a->used > a->max - n))
		return NULL;
	if (!b || b->cap - b->used < n) {
		size_t cap = b ? BLOCK : FIRST;

		cap = n > cap ? n : cap;
		b = xmalloc(sizeof(*b) + cap);
		b->cap = cap;
		b->used = 0;
		b->next = a->head;
		a->head = b;
	}
	p = (char *)b->mem + b->used;
	b->used += n;
	a->used += n;
	return memset(p, 0, n);
}

void *arena_array(struct arena *a, uint64_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : arena_alloc(a, bytes);
}

void arena_reset(struct arena *a)
{
	struct arena_block *b = a->head;

	if (b) {
		while (b->next) {
			struct arena_block *next = b->next->next;

			free(b->next);
			b->next = next;
		}
		if (b->cap > BLOCK) {
			free(b);
			a->head = NULL;
		} else {
			b->used = 0;
		}
	}
	a->used = 0;
}

void arena_fini(struct arena *a)
{
	arena_reset(a);
	free(a->head);
	a->head = NULL;
}
