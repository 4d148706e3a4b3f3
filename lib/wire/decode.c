/* Decoding: one walk over the rows, every bound checked here and nowhere behind. wire.md 4.3 to 4.6. */
#include "base/err.h"
#include "wire/table.h"

struct walk {
	struct wire_in *in;
	size_t pos;     /* in the message */
	unsigned depth;
};

static int decode_rows(struct walk *w, const struct wire_desc *d, char *host);

static size_t left(const struct walk *w)
{
	return w->in->msg.n - w->pos;
}

static inline int get_number(struct walk *w, unsigned size, uint64_t *v)
{
	const uint8_t *p = w->in->msg.p + w->pos;

	if (left(w) >= sizeof(*v)) { /* one load for all sizes, but at the very end */
		*v = get_le64(p) & ~0ull >> (64 - 8 * size);
		w->pos += size;
		w->in->consumed += size;
		return 0;
	}
	if (left(w) < size)
		return E_INVAL;
	*v = 0;
	for (unsigned i = 0; i < size; i++)
		*v |= (uint64_t)p[i] << 8 * i;
	w->pos += size;
	w->in->consumed += size;
	return 0;
}

/* Enters a target: *there walks from the offset that stands at w. *null when it is 0. */
static int follow(struct walk *w, const struct row *r, struct walk *there, bool *null)
{
	uint64_t off;

	if (get_number(w, 4, &off))
		return E_INVAL;
	*null = off == 0;
	if (off == 0)
		return r->nonnull ? E_INVAL : 0;
	if (off >= w->in->msg.n)
		return E_INVAL;
	if (w->depth >= LIM_WIRE_DEPTH)
		return E_LIMIT;
	*there = (struct walk){w->in, off, w->depth + 1};
	return 0;
}

static int get_bytes(struct walk *w, uint64_t n, struct slice *out)
{
	if (n > left(w))
		return E_INVAL;
	*out = n ? slice_of(w->in->msg.p + w->pos, n) : (struct slice){0};
	w->pos += n;
	w->in->consumed += n;
	return 0;
}

/* Memory for n elements of `size` bytes, each of which takes at least `least` in the message. NULL for none. */
static int get_memory(struct walk *w, const struct row *r, uint64_t n, size_t least, size_t size, void **out)
{
	*out = NULL;
	if (n > left(w) / least)
		return E_INVAL;
	if (r->max && n > r->max)
		return E_LIMIT;
	if (n && !(*out = arena_array(w->in->arena, n, size)))
		return E_LIMIT;
	return 0;
}

static int get_ints(struct walk *w, const struct row *r, uint64_t n, void **out)
{
	int rc = get_memory(w, r, n, r->size, r->size, out);
	char *p = *out;

	for (uint64_t i = 0; i < n && !rc; i++, p += r->size) {
		uint64_t v = 0;

		rc = get_number(w, r->size, &v);
		host_put(p, r->size, v);
	}
	return rc;
}

static int get_array(struct walk *w, const struct row *r, uint64_t n, void **out)
{
	const struct wire_desc *d = r->sub();
	int rc = get_memory(w, r, n, 1, d->size, out);
	char *p = *out;

	for (uint64_t i = 0; i < n && !rc; i++, p += d->size)
		rc = decode_rows(w, d, p);
	return rc;
}

static inline int decode_int(struct walk *w, const struct row *r, char *field)
{
	uint64_t v = 0;

	if (get_number(w, r->size, &v) || (r->closed && !enum_find(r->en, v)))
		return E_INVAL;
	host_put(field, r->size, v);
	return 0;
}

/* Everything but numbers and structures inline, which are most rows of most messages. */
static __attribute__((noinline)) int decode_other(struct walk *w, const struct row *r, char *host)
{
	char *field = host + r->off;
	struct walk there;
	uint64_t v = 0;
	bool null;
	int rc;

	switch (r->kind) {
	case ROW_PTR:
		if ((rc = follow(w, r, &there, &null)) || null)
			return rc;
		if (!(*(void **)field = arena_alloc(w->in->arena, r->sub()->size)))
			return E_LIMIT;
		return decode_rows(&there, r->sub(), *(char **)field);
	case ROW_ARRAY:
		if ((rc = row_len(r, host, &v)))
			return rc;
		return get_array(w, r, v, (void **)field);
	case ROW_INTS:
		if ((rc = row_len(r, host, &v)))
			return rc;
		return get_ints(w, r, v, (void **)field);
	case ROW_PTRINTS:
		if ((rc = row_len(r, host, &v)) || (rc = follow(w, r, &there, &null)))
			return rc;
		if (null)
			return v ? E_INVAL : 0;
		return get_ints(&there, r, v, (void **)field);
	case ROW_BYTES:
		if ((rc = row_len(r, host, &v)))
			return rc;
		return get_bytes(w, v, (struct slice *)field);
	case ROW_PTRBYTES:
		if ((rc = row_len(r, host, &v)) || (rc = follow(w, r, &there, &null)))
			return rc;
		if (null)
			return v ? E_INVAL : 0;
		return get_bytes(&there, v, (struct slice *)field);
	case ROW_REST:
		return get_bytes(w, left(w), (struct slice *)field);
	case ROW_RESTINTS:
		v = left(w) / r->size;
		*(uint32_t *)(host + r->n_off) = (uint32_t)v;
		return get_ints(w, r, v, (void **)field);
	case ROW_FIXED:
		if (left(w) < r->count)
			return E_INVAL;
		memcpy(field, w->in->msg.p + w->pos, r->count);
		w->pos += r->count;
		w->in->consumed += r->count;
		return 0;
	default: /* ROW_FD */
		*(int32_t *)field = -1;
		return 0;
	}
}

static int decode_rows(struct walk *w, const struct wire_desc *d, char *host)
{
	int rc = 0;

	if (++w->depth > LIM_WIRE_DEPTH)
		return E_LIMIT;
	for (const struct row *r = d->rows, *end = r + d->n; r < end && !rc; r++) {
		if (!row_present(r, host, w->in->caps))
			continue;
		if (r->kind == ROW_INT)
			rc = decode_int(w, r, host + r->off);
		else if (r->kind == ROW_SUB)
			rc = decode_rows(w, r->sub(), host + r->off);
		else
			rc = decode_other(w, r, host);
	}
	w->depth--;
	return rc;
}

int wire_decode(const struct wire_desc *d, struct wire_in *in, void *host)
{
	struct walk w = {in, 0, 0};

	if (!in->msg.p) /* an empty body: offsets are added to it */
		in->msg.p = (const uint8_t *)"";
	in->consumed = 0;
	in->arena->max = in->arena->used + 4 * in->msg.n + (16 << 10);
	memset(host, 0, d->size);
	return decode_rows(&w, d, host);
}
