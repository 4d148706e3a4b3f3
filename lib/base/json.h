/* A JSON writer: values appended to a buffer, commas and quotes kept right. Keys are our own words and
 * go out as they are; strings are escaped. No name of it is one of jansson's, which its library would then call. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

struct json {
	struct buf *out; /* not owned */
	bool more;       /* a value stands before the next one */
};

/* key is NULL inside arrays and at the top. */
void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);                 /* '}' or ']' */
void json_text(struct json *j, const char *key, struct slice s);
void json_str(struct json *j, const char *key, const char *s);
void json_int(struct json *j, const char *key, long long v);
void json_uint(struct json *j, const char *key, unsigned long long v);
void json_bool(struct json *j, const char *key, bool v);
void json_decimal(struct json *j, const char *key, double v, int decimals);
void json_hex(struct json *j, const char *key, struct slice s); /* a string of hex digits */
void json_none(struct json *j, const char *key);

#endif
