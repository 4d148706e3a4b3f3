/* Shared bytes: counted references, immutable once shared. One of the three lifetimes. */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include "base/bytes.h"

struct blob {
	unsigned refs;
	size_t n;
	uint8_t data[];
};

struct blob *blob_new(const void *p, size_t n); /* one reference; p NULL leaves the bytes undefined */
struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b); /* NULL is fine */

static inline struct slice blob_slice(const struct blob *b)
{
	return slice_of(b->data, b->n);
}

#endif
