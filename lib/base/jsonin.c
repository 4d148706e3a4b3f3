/* The JSON reader: jansson, whose own bound on nesting is 2048. */
#include "base/jsonin.h"

#include <jansson.h>

#include "base/limits.h"

/* How many bytes lie within the bound on nesting. */
static size_t shallow(struct slice s)
{
	bool string = false;
	int depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (string && c == '\\')
			i++;
		else if (c == '"')
			string = !string;
		else if (!string && (c == '{' || c == '[') && ++depth > LIM_JSON_DEPTH)
			return i;
		else if (!string && (c == '}' || c == ']'))
			depth--;
	}
	return s.n;
}

struct json_t *json_read(struct slice text, size_t *at)
{
	json_error_t e;
	json_t *v;

	*at = shallow(text);
	if (*at < text.n)
		return NULL;
	v = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (!v)
		*at = e.position > 0 ? (size_t)e.position : 0;
	return v;
}
