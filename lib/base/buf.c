/* The growable byte buffer. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { BUF_START = 256, BUF_KEEP = 64 << 10 };

void buf_fini(struct buf *b)
{
	free(b->mem);
	*b = (struct buf){0};
}

void buf_wipe(struct buf *b)
{
	if (b->mem)
		explicit_bzero(b->mem, b->cap);
	buf_fini(b);
}

void buf_clear(struct buf *b)
{
	b->off = b->end = 0;
}

uint8_t *buf_grow(struct buf *b, size_t n)
{
	size_t len = buf_len(b), cap;

	if (b->off && b->cap - len >= n && b->off >= len) {
		memcpy(b->mem, b->mem + b->off, len);
		b->off = 0;
		b->end = len;
		return b->mem + b->end;
	}
	cap = len + n;
	if (cap < 2 * len)
		cap = 2 * len;
	if (cap < BUF_START)
		cap = BUF_START;
	if (b->off) {
		uint8_t *mem = xmalloc(cap);

		memcpy(mem, b->mem + b->off, len);
		free(b->mem);
		b->mem = mem;
		b->off = 0;
		b->end = len;
	} else {
		b->mem = xrealloc(b->mem, cap, 1);
	}
	b->cap = cap;
	return b->mem + b->end;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), p, n);
	b->end += n;
}

void buf_skip(struct buf *b, size_t n)
{
	b->off += n;
	if (b->off == b->end)
		b->off = b->end = 0;
}

void buf_trim(struct buf *b)
{
	if (b->off == b->end && b->cap > BUF_KEEP)
		buf_fini(b);
}

void buf_u8(struct buf *b, uint8_t v)
{
	*buf_reserve(b, 1) = v;
	b->end++;
}

void buf_le16(struct buf *b, uint16_t v)
{
	put_le16(buf_reserve(b, 2), v);
	b->end += 2;
}

void buf_le32(struct buf *b, uint32_t v)
{
	put_le32(buf_reserve(b, 4), v);
	b->end += 4;
}

void buf_le64(struct buf *b, uint64_t v)
{
	put_le64(buf_reserve(b, 8), v);
	b->end += 8;
}

void buf_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_udec(struct buf *b, uint64_t v)
{
	char digits[20], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	buf_put(b, p, (size_t)(digits + sizeof(digits) - p));
}

void buf_dec(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_u8(b, '-');
	buf_udec(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	enum { MOSTLY = 64 }; /* bytes that are enough */
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf((char *)buf_reserve(b, MOSTLY), MOSTLY, fmt, ap);
	if (n >= MOSTLY)
		vsnprintf((char *)buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
	if (n > 0)
		b->end += (size_t)n;
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = 0;
	return (const char *)buf_data(b);
}
