/* A growable byte buffer. Zero-initialised is empty and valid. What was read from the front is
 * skipped by `off`, so that a queue of bytes does not move at every read. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/bytes.h"

struct buf {
	uint8_t *mem; /* owned */
	size_t off;   /* first byte that still counts */
	size_t end;   /* behind the last one */
	size_t cap;
};

void buf_fini(struct buf *b); /* frees the memory; the buffer is empty and usable again */
void buf_wipe(struct buf *b); /* the same for secrets; reserve first: memory that a buffer grew out of is not wiped */

static inline uint8_t *buf_data(const struct buf *b)
{
	return b->mem ? b->mem + b->off : b->mem; /* NULL + 0 is undefined */
}

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->off;
}

static inline struct slice buf_slice(const struct buf *b)
{
	return b->end > b->off ? slice_of(b->mem + b->off, b->end - b->off) : (struct slice){0};
}

void buf_clear(struct buf *b); /* empty, memory kept */

/* Room for n more bytes; returns where they go. buf_commit makes the first n of them count. Growth is
 * to at most twice what the buffer then holds (L-9). */
uint8_t *buf_grow(struct buf *b, size_t n); /* the slow half */
static inline uint8_t *buf_reserve(struct buf *b, size_t n)
{
	return b->mem && b->cap - b->end >= n ? b->mem + b->end : buf_grow(b, n);
}

static inline void buf_commit(struct buf *b, size_t n)
{
	b->end += n;
}

void buf_put(struct buf *b, const void *p, size_t n);
void buf_skip(struct buf *b, size_t n); /* drops n bytes from the front */
void buf_trim(struct buf *b);           /* gives memory back when empty and over 64 KiB */

void buf_u8(struct buf *b, uint8_t v);
void buf_le16(struct buf *b, uint16_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_le64(struct buf *b, uint64_t v);
void buf_str(struct buf *b, const char *s); /* without the NUL */
/* Decimal, as %lld and %llu would have it: what is printed most. */
void buf_dec(struct buf *b, int64_t v);
void buf_udec(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/* NUL-terminated view of the contents, valid until the next change. */
const char *buf_cstr(struct buf *b);

#endif
