/* Shared bytes. All references are taken and given back on the loop thread; a worker that reads a
 * blob is covered by the reference of its job. */
#include "base/blob.h"

#include <stdlib.h>

#include "base/mem.h"

struct blob *blob_new(const void *p, size_t n)
{
	struct blob *b = xmalloc(sizeof(*b) + n);

	b->refs = 1;
	b->n = n;
	if (p && n)
		memcpy(b->data, p, n);
	return b;
}

struct blob *blob_ref(struct blob *b)
{
	b->refs++;
	return b;
}

void blob_unref(struct blob *b)
{
	if (b && --b->refs == 0)
		free(b);
}
