/* The JSON reader: jansson, whose own bound on nesting is 2048. */
#include "base/jsonin.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"

/* What jansson held may have been a secret. */
static void free_wiped(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

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

	json_set_alloc_funcs(xmalloc, free_wiped);
	*at = shallow(text);
	if (*at < text.n)
		return NULL;
	v = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (!v)
		*at = e.position > 0 ? (size_t)e.position : 0;
	return v;
}

/* A byte within a string; true when the value is broken off there. */
static bool scan_string(struct json_scan *s, uint8_t c)
{
	s->string = s->escape || c != '"';
	s->escape = !s->escape && c == '\\';
	return c == '\n';
}

static bool scan_byte(struct json_scan *s, uint8_t c)
{
	if (c == 0xff)
		return true;
	if (s->string)
		return scan_string(s, c);
	if (c == '"')
		s->string = true;
	if (c == '{' || c == '[')
		s->depth++;
	else if ((c == '}' || c == ']') && s->depth)
		return --s->depth == 0;
	s->begun |= c != ' ' && c != '\t' && c != '\r' && c != '\n';
	return s->begun && !s->depth && c == '\n';
}

size_t json_scan(struct json_scan *s, struct slice text)
{
	while (s->at < text.n)
		if (scan_byte(s, text.p[s->at++]))
			return s->at;
	return 0;
}
