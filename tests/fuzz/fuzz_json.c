/* F-26: JSON of the control socket. Where a value ends is found alike however its bytes come; what is taken is within
 * the bound on nesting, is UTF-8 and comes back the same when it is written and read again. */
#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/jsonin.h"
#include "base/limits.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned depth_of(const json_t *v)
{
	unsigned most = 0, d;
	const char *key;
	json_t *x;
	size_t i;

	json_object_foreach((json_t *)v, key, x)
		most = (d = depth_of(x)) > most ? d : most;
	json_array_foreach(v, i, x)
		most = (d = depth_of(x)) > most ? d : most;
	return most + (json_is_object(v) || json_is_array(v));
}

static int append(const char *p, size_t n, void *out)
{
	buf_put(out, p, n);
	return 0;
}

static void check_value(struct slice text)
{
	struct buf again = {0};
	size_t at;
	json_t *v = json_read(text, &at), *w;

	if (at > text.n)
		abort();
	if (!v)
		return;
	if (depth_of(v) > LIM_JSON_DEPTH)
		abort();
	json_dump_callback(v, append, &again, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
	w = json_read(buf_slice(&again), &at);
	if (!w || !json_equal(v, w))
		abort();
	json_decref(v);
	json_decref(w);
	buf_fini(&again);
}

/* The same end, a byte more at a time. */
static void check_end(struct slice text, size_t whole)
{
	struct json_scan s = {0};
	size_t end = 0;

	for (size_t n = 0; n <= text.n && !end; n++)
		end = json_scan(&s, slice_of(text.p, n));
	if (end != whole)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice rest = {p, n};

	check_value(rest);
	while (rest.n) {
		struct json_scan s = {0};
		size_t end = json_scan(&s, rest);

		if (n < 512)
			check_end(rest, end);
		if (!end)
			break;
		check_value(slice_of(rest.p, end));
		rest = slice_of(rest.p + end, rest.n - end);
	}
	return 0;
}
