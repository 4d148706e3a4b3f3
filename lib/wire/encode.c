/* Encoding: the same walk, the other way. */
#include "base/err.h"
#include "wire/table.h"

struct walk {
	struct buf *out;
	size_t start;     /* message start in `out` */
	uint32_t caps;
};

/* A pointer whose target comes once the structure that holds it is complete. */
struct pending {
	const struct row *row;
	const char *host;
	size_t at; /* of the offset in `out`, from message start */
};

enum { MAX_PENDING = 16 };

struct pendings {
	struct pending mem[MAX_PENDING];
	unsigned n;
};

static int encode_rows(struct walk *w, const struct wire_desc *d, const char *host, struct pendings *p);

static int encode_targets(struct walk *w, const struct pendings *p);

static void put_number(struct walk *w, unsigned size, uint64_t v)
{
	put_le64(buf_reserve(w->out, sizeof(v)), v); /* what is too much is written over */
	buf_commit(w->out, size);
}

static int put_ints(struct walk *w, const struct row *r, const char *p, uint64_t n)
{
	if (n && !p)
		return E_INVAL;
	for (uint64_t i = 0; i < n; i++, p += r->size)
		put_number(w, r->size, host_get(p, r->size));
	return 0;
}

static int put_slice(struct walk *w, struct slice s, uint64_t n)
{
	if (s.n != n)
		return E_INVAL;
	buf_put(w->out, s.p, s.n);
	return 0;
}

static bool target_absent(const struct row *r, const char *host)
{
	if (r->kind == ROW_PTRBYTES)
		return ((const struct slice *)(host + r->off))->n == 0;
	return host_pointer(host + r->off) == NULL;
}

/* What a pointer points at, with its own targets behind it. */
static int encode_target(struct walk *w, const struct row *r, const char *host)
{
	const char *field = host + r->off;
	struct pendings p = {.n = 0};
	uint64_t n;
	int rc;

	if (r->kind == ROW_PTR) {
		if ((rc = encode_rows(w, r->sub(), host_pointer(field), &p)))
			return rc;
	} else {
		if ((rc = row_len(r, host, &n)))
			return rc;
		rc = r->kind == ROW_PTRINTS ? put_ints(w, r, host_pointer(field), n)
					    : put_slice(w, *(const struct slice *)field, n);
		if (rc)
			return rc;
	}
	return encode_targets(w, &p);
}

/* The targets that the structure before them points at. */
static int encode_targets(struct walk *w, const struct pendings *p)
{
	int rc = 0;

	for (unsigned i = 0; i < p->n && !rc; i++) {
		put_le32(buf_data(w->out) + w->start + p->mem[i].at,
			(uint32_t)(buf_len(w->out) - w->start));
		rc = encode_target(w, p->mem[i].row, p->mem[i].host);
	}
	return rc;
}

/* A pointer to nothing is 0; where that is no value, a slice of no bytes still needs a place inside the message. */
static int encode_pointer(struct walk *w, const struct row *r, const char *host, struct pendings *p)
{
	bool absent = target_absent(r, host), place = r->kind == ROW_PTRBYTES && r->nonnull;

	if (!absent) {
		if (p->n == MAX_PENDING)
			return E_LIMIT;
		p->mem[p->n++] = (struct pending){r, host, buf_len(w->out) - w->start};
	}
	put_number(w, 4, absent && place);
	return absent && r->nonnull && !place ? E_INVAL : 0;
}

static int encode_array(struct walk *w, const struct row *r, const char *p, uint64_t n, struct pendings *pendings)
{
	const struct wire_desc *d = r->sub();
	int rc = n && !p ? E_INVAL : 0;

	for (uint64_t i = 0; i < n && !rc; i++)
		rc = encode_rows(w, d, p + i * d->size, pendings);
	return rc;
}

static int encode_row(struct walk *w, const struct row *r, const char *host, struct pendings *p)
{
	const char *field = host + r->off;
	const struct slice *s = (const struct slice *)field;
	uint64_t n = 0;
	int rc = r->len.kind == LEN_NONE ? 0 : row_len(r, host, &n);

	if (rc)
		return rc;
	switch (r->kind) {
	case ROW_INT:
		put_number(w, r->size, host_get(field, r->size));
		return 0;
	case ROW_SUB:
		return encode_rows(w, r->sub(), field, p);
	case ROW_PTR:
	case ROW_PTRINTS:
	case ROW_PTRBYTES:
		return encode_pointer(w, r, host, p);
	case ROW_ARRAY:
		return encode_array(w, r, host_pointer(field), n, p);
	case ROW_INTS:
		return put_ints(w, r, host_pointer(field), n);
	case ROW_RESTINTS:
		return put_ints(w, r, host_pointer(field), host_get(host + r->n_off, 4));
	case ROW_BYTES:
		return put_slice(w, *s, n);
	case ROW_REST:
		return put_slice(w, *s, s->n);
	case ROW_FIXED:
		buf_put(w->out, field, r->count);
		return 0;
	default: /* ROW_FD */
		return 0;
	}
}

static int encode_rows(struct walk *w, const struct wire_desc *d, const char *host, struct pendings *p)
{
	int rc = 0;

	for (size_t i = 0; i < d->n && !rc; i++)
		if (row_present(&d->rows[i], host, w->caps))
			rc = encode_row(w, &d->rows[i], host, p);
	return rc;
}

int wire_encode(const struct wire_desc *d, const void *host, uint32_t caps, struct buf *out)
{
	struct walk w = {.out = out, .start = buf_len(out), .caps = caps};
	struct pendings p = {.n = 0};
	int rc = encode_rows(&w, d, host, &p);

	if (!rc)
		rc = encode_targets(&w, &p);
	if (rc)
		out->end = out->off + w.start;
	return rc;
}
