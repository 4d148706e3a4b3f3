/* Deep copies: what a decoded or built message holds, moved into another arena. */
#include "wire/table.h"

static void copy_rows(const struct wire_desc *d, char *host, uint32_t caps, struct arena *a);

static void *copy_mem(struct arena *a, const void *p, uint64_t n, size_t size)
{
	return p && n ? memcpy(arena_array(a, n, size), p, n * size) : NULL;
}

static void copy_row(const struct row *r, char *host, uint32_t caps, struct arena *a)
{
	char *field = host + r->off;
	void **ptr = (void **)field;
	struct slice *s = (struct slice *)field;
	const struct wire_desc *d;
	uint64_t n = 0;

	switch (r->kind) {
	case ROW_SUB:
		copy_rows(r->sub(), field, caps, a);
		break;
	case ROW_PTR:
		d = r->sub();
		*ptr = copy_mem(a, *ptr, 1, d->size);
		if (*ptr)
			copy_rows(d, *ptr, caps, a);
		break;
	case ROW_ARRAY:
		d = r->sub();
		row_len(r, host, &n);
		*ptr = copy_mem(a, *ptr, n, d->size);
		for (uint64_t i = 0; *ptr && i < n; i++)
			copy_rows(d, (char *)*ptr + i * d->size, caps, a);
		break;
	case ROW_INTS:
	case ROW_PTRINTS:
		row_len(r, host, &n);
		*ptr = copy_mem(a, *ptr, n, r->size);
		break;
	case ROW_RESTINTS:
		*ptr = copy_mem(a, *ptr, host_get(host + r->n_off, 4), r->size);
		break;
	case ROW_BYTES:
	case ROW_PTRBYTES:
	case ROW_REST:
		*s = slice_of(copy_mem(a, s->p, s->n, 1), s->n);
		break;
	}
}

/* Numbers were copied with their structure. */
static bool has_more(const struct row *r)
{
	return r->kind != ROW_INT && r->kind != ROW_FIXED && r->kind != ROW_FD;
}

static void copy_rows(const struct wire_desc *d, char *host, uint32_t caps, struct arena *a)
{
	for (size_t i = 0; i < d->n; i++)
		if (has_more(&d->rows[i]) && row_present(&d->rows[i], host, caps))
			copy_row(&d->rows[i], host, caps, a);
}

void *wire_copy(const struct wire_desc *d, const void *host, uint32_t caps, struct arena *a)
{
	void *copy = arena_alloc(a, d->size);

	memcpy(copy, host, d->size);
	copy_rows(d, copy, caps, a);
	return copy;
}
