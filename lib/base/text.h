/* Text that came from a peer, made safe for terminals, logs and JSON; and numbers that users write. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

/* Appends the bytes with everything that is not printable ASCII or valid, harmless UTF-8 as \xNN
 * escapes: no control byte (also C1, bidi overrides, backslash) gets through (F-48). */
void text_escape(struct buf *out, struct slice in);

/* Appends a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD. */
void text_json(struct buf *out, struct slice in);

/* The UTF-8 character at the front of n > 0 bytes: its length and code point; 0 when it is none. */
size_t text_utf8(const uint8_t *p, size_t n, uint32_t *cp);

/* %-decoding. 0, or E_INVAL on a broken escape or a NUL. */
int text_unpercent(struct buf *out, struct slice in);

/* The value of a hexadecimal digit, -1 for another character. */
int text_hex_digit(char c);

/* Does s end in `end`? */
bool text_ends(const char *s, const char *end);

/* A whole decimal number within [min, max], nothing around it: 0 or E_INVAL. */
int text_number(const char *s, long long min, long long max, long long *out);

/* Durations "250ms 10s 5m 1h 2d", a bare number in `unit_ms` units; sizes "64K 16M 2G". */
int text_duration_ms(const char *s, long unit_ms, long long *out);
int text_size(const char *s, long long *out);

/* "640x480": both within 1..max. */
int text_geometry(const char *s, unsigned max, unsigned *w, unsigned *h);

#endif
