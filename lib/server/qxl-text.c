/* Lines and blocks of a recording. A line is a key and decimal numbers with one blank before each; 32-bit values may
 * stand there with either sign. Blocks are not looked into, so a command of megabytes is some dozens of lines. */
#include "server/qxl-text.h"

#include <string.h>

#include "base/err.h"
#include "codec/glz.h"

enum {
	BLOCK_MAX = QXL_EVENT_MAX,
	ZLIB_RATIO = 1032,      /* a byte of zlib stands for at most so many */
	CHUNK_LINES = 14,       /* the least that a chunk takes in the file: "binary 0 a 0:" and two line feeds */
	DIGITS = 20,
};

void qxl_fail(struct qxl_text *t, int rc, const char *expected)
{
	if (t->rc)
		return;
	t->rc = rc;
	t->expected = expected;
}

/* Bytes up to `need` from here are wanted. */
static void again(struct qxl_text *t, size_t need)
{
	size_t had = (size_t)(t->at - t->start);

	if (need > QXL_EVENT_MAX || had > QXL_EVENT_MAX - need) {
		qxl_fail(t, E_LIMIT, "less");
		return;
	}
	t->need = had + need;
	qxl_fail(t, E_AGAIN, NULL);
}

/* How many bytes of the key are here: all of it, or fewer at the end of the input; -1 when it is another. */
static int match(const struct qxl_text *t, const char *key, size_t n)
{
	size_t left = (size_t)(t->end - t->at), part = left < n ? left : n;

	return part && memcmp(t->at, key, part) != 0 ? -1 : (int)part;
}

bool qxl_is(struct qxl_text *t, const char *key)
{
	size_t n = strlen(key);
	int got = t->rc ? -1 : match(t, key, n);

	if (got >= 0 && (size_t)got < n)
		again(t, n);
	return !t->rc && got >= 0;
}

static bool take_key(struct qxl_text *t, const char *key)
{
	size_t n = strlen(key);

	if (qxl_is(t, key))
		t->at += n;
	else
		qxl_fail(t, E_INVAL, key);
	return !t->rc;
}

/* One byte of the text. */
static void take_byte(struct qxl_text *t, char c, const char *key)
{
	if (t->rc)
		return;
	if (t->at == t->end)
		again(t, 1);
	else if (*t->at != (uint8_t)c)
		qxl_fail(t, E_INVAL, key);
	else
		t->at++;
}

/* Digits, which end where something else begins. */
static uint64_t take_number(struct qxl_text *t, const char *key)
{
	const uint8_t *p = t->at;
	bool negative;
	uint64_t v = 0;
	unsigned n = 0;

	if (t->rc)
		return 0;
	negative = p < t->end && *p == '-';
	p += negative;
	for (; p < t->end && *p >= '0' && *p <= '9'; p++, n++) {
		if (n == DIGITS || v > (UINT64_MAX - (*p - '0')) / 10) {
			qxl_fail(t, E_INVAL, key);
			return 0;
		}
		v = v * 10 + (*p - '0');
	}
	if (p == t->end) {
		again(t, (size_t)(p - t->at) + 1);
		return 0;
	}
	if (n == 0) {
		qxl_fail(t, E_INVAL, key);
		return 0;
	}
	t->at = p;
	return negative ? 0 - v : v;
}

void qxl_line(struct qxl_text *t, const char *key, unsigned n, uint64_t *v)
{
	take_key(t, key);
	for (unsigned i = 0; i < n; i++) {
		if (i || *key)
			take_byte(t, ' ', key);
		v[i] = take_number(t, key);
	}
	take_byte(t, '\n', key);
	if (t->rc)
		memset(v, 0, n * sizeof(*v));
}

void qxl_key(struct qxl_text *t, const char *key)
{
	take_key(t, key);
	take_byte(t, '\n', key);
}

uint64_t qxl_u64(struct qxl_text *t, const char *key)
{
	uint64_t v;

	qxl_line(t, key, 1, &v);
	return v;
}

/* What 32 bits hold, with a sign or without. */
static uint32_t narrow(struct qxl_text *t, uint64_t v, const char *key)
{
	if (v > UINT32_MAX && v < (uint64_t)INT32_MIN) {
		qxl_fail(t, E_INVAL, key);
		return 0;
	}
	return (uint32_t)v;
}

uint32_t qxl_u32(struct qxl_text *t, const char *key)
{
	return narrow(t, qxl_u64(t, key), key);
}

void qxl_u32s(struct qxl_text *t, const char *key, unsigned n, uint32_t *v)
{
	uint64_t wide[4];

	qxl_line(t, key, n, wide);
	for (unsigned i = 0; i < n; i++)
		v[i] = narrow(t, wide[i], key);
	if (t->rc)
		memset(v, 0, n * sizeof(*v));
}

static void *get(struct qxl_text *t, size_t n)
{
	void *p = t->rc ? NULL : arena_alloc(t->arena, n);

	if (!p)
		qxl_fail(t, E_LIMIT, "less");
	return p;
}

/* n bytes as they stand, and the end of their line. */
static struct slice take_bytes(struct qxl_text *t, uint64_t n, const char *name)
{
	struct slice s = {0};

	if (t->rc)
		return s;
	if (n > BLOCK_MAX)
		qxl_fail(t, E_LIMIT, name);
	else if ((size_t)(t->end - t->at) < n + 1)
		again(t, (size_t)n + 1);
	if (t->rc)
		return s;
	s = slice_of(t->at, (size_t)n);
	t->at += n;
	take_byte(t, '\n', name);
	return t->rc ? (struct slice){0} : s;
}

static struct slice inflated(struct qxl_text *t, struct slice z, uint64_t size, const char *name)
{
	uint8_t *out = NULL;

	if (size > BLOCK_MAX || size / ZLIB_RATIO > z.n)
		qxl_fail(t, E_INVAL, name);
	else
		out = get(t, (size_t)size + 1);
	if (!t->rc && glz_inflate(z, out, (size_t)size))
		qxl_fail(t, E_INVAL, name);
	return t->rc ? (struct slice){0} : slice_of(out, (size_t)size);
}

struct slice qxl_block(struct qxl_text *t, const char *name)
{
	uint64_t packed, size, stored;
	struct slice s;

	take_key(t, "binary ");
	packed = take_number(t, "binary");
	take_byte(t, ' ', "binary");
	take_key(t, name);
	take_byte(t, ' ', name);
	stored = size = take_number(t, name);
	take_byte(t, ':', name);
	if (packed == 1) {
		stored = take_number(t, name);
		take_byte(t, ':', name);
	} else if (packed) {
		qxl_fail(t, E_UNSUP, name);
	}
	s = take_bytes(t, stored, name);
	return packed == 1 ? inflated(t, s, size, name) : s;
}

struct qxl_bytes qxl_chunks(struct qxl_text *t, const char *name)
{
	struct qxl_bytes b = {0};
	struct slice *pieces;
	uint64_t v[2], sum = 0;

	qxl_line(t, "data_chunks", 2, v);
	if (t->rc)
		return b;
	if (v[0] >= QXL_EVENT_MAX / CHUNK_LINES)
		qxl_fail(t, E_LIMIT, "fewer chunks");
	else if ((v[0] + 1) * CHUNK_LINES > (size_t)(t->end - t->at))
		again(t, (size_t)(v[0] + 1) * CHUNK_LINES);
	pieces = get(t, (size_t)(v[0] + 1) * sizeof(*pieces));
	for (uint64_t i = 0; i <= v[0] && !t->rc; i++) {
		pieces[i] = qxl_block(t, name);
		sum += pieces[i].n;
	}
	if (!t->rc && sum != v[1])
		qxl_fail(t, E_INVAL, "data_chunks");
	if (t->rc)
		return b;
	return (struct qxl_bytes){pieces, (uint32_t)v[0] + 1, (size_t)sum};
}

struct slice qxl_join(struct qxl_text *t, struct qxl_bytes b)
{
	uint8_t *all, *to;

	if (b.n <= 1 || t->rc)
		return b.n ? b.pieces[0] : (struct slice){0};
	all = to = get(t, b.total);
	for (uint32_t i = 0; i < b.n && to; i++) {
		if (b.pieces[i].n)
			memcpy(to, b.pieces[i].p, b.pieces[i].n);
		to += b.pieces[i].n;
	}
	return all ? slice_of(all, b.total) : (struct slice){0};
}
