/* JSON in: one value, read whole by jansson. Include jansson.h to look at it. */
#ifndef BASE_JSONIN_H
#define BASE_JSONIN_H

#include "base/bytes.h"

struct json_t;

/* The value, to be given back by json_decref; or NULL, and *at how many bytes of the text were looked at. Refused are
 * keys that stand twice, nesting beyond LIM_JSON_DEPTH, NUL in strings, UTF-8 that is none, bytes behind the value.
 * Why is not said: the reason would quote the text, which may be a secret. */
struct json_t *json_read(struct slice text, size_t *at);

#endif
