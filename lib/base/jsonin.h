/* JSON in: one value, read whole by jansson. Include jansson.h to look at it. */
#ifndef BASE_JSONIN_H
#define BASE_JSONIN_H

#include "base/bytes.h"

struct json_t;

/* The value, to be given back by json_decref; or NULL, and *at how many bytes of the text were looked at. Refused are
 * keys that stand twice, nesting beyond LIM_JSON_DEPTH, NUL in strings, UTF-8 that is none, bytes behind the value.
 * Why is not said: the reason would quote the text, which may be a secret. */
struct json_t *json_read(struct slice text, size_t *at);

/* Where one value ends in a stream of them. Zero-initialised at the front of each. */
struct json_scan {
	size_t at; /* bytes looked at */
	unsigned depth;
	bool begun, string, escape;
};

/* Looks on at the value in front of `text`, of which it has seen the first s->at bytes. How long it is, blanks before
 * it and all; 0: its end has not come. An object or array ends with its last bracket, anything else with its line. What
 * can be no JSON may end anywhere: at a line's end within a string, or with a byte 0xff, by which clients of QMP begin
 * anew. */
size_t json_scan(struct json_scan *s, struct slice text);

#endif
