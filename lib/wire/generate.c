/* Random valid messages: seeds for fuzzers and the matter of round-trip tests. */
#include "wire/table.h"

enum { FEW = 4 };

/* Is the field at `off` a length that a later row of d uses? */
static bool is_length(const struct wire_desc *d, unsigned off)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct len *l = &d->rows[i].len;

		if (l->kind == LEN_NONE)
			continue;
		if (l->a_off == off || (l->kind != LEN_FIELD && l->b_off == off))
			return true;
	}
	return false;
}

static uint64_t random_number(const struct wire_desc *d, const struct row *r, struct rng *rng)
{
	uint64_t v = 0;

	if (is_length(d, r->off))
		return 1 + rng_below(rng, FEW);
	if (!r->en || !r->en->n)
		return rng_next(rng) >> (64 - 8 * (rng_below(rng, r->size) + 1));
	if (r->en->kind == VALUES)
		return r->en->v[rng_below(rng, (uint32_t)r->en->n)].value;
	for (size_t i = 0; i < r->en->n; i++)
		if (rng_next(rng) & 1)
			v |= r->en->v[i].value;
	return v;
}

static uint8_t *random_bytes(struct rng *rng, struct arena *a, size_t n)
{
	uint8_t *p = arena_alloc(a, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rng_next(rng);
	return p;
}

static void generate_row(const struct wire_desc *d, const struct row *r, struct rng *rng,
	uint32_t caps, struct arena *a, char *host)
{
	char *field = host + r->off;
	uint64_t n = 1 + rng_below(rng, FEW);
	char *p;

	if (r->len.kind != LEN_NONE)
		row_len(r, host, &n);
	switch (r->kind) {
	case ROW_INT:
		host_put(field, r->size, random_number(d, r, rng));
		break;
	case ROW_SUB:
		wire_generate(r->sub(), rng, caps, a, field);
		break;
	case ROW_PTR:
		if (!r->nonnull && rng_below(rng, 3) == 0)
			break;
		*(void **)field = arena_alloc(a, r->sub()->size);
		wire_generate(r->sub(), rng, caps, a, *(void **)field);
		break;
	case ROW_ARRAY:
		*(char **)field = p = arena_alloc(a, n * r->sub()->size);
		for (uint64_t i = 0; i < n; i++)
			wire_generate(r->sub(), rng, caps, a, p + i * r->sub()->size);
		break;
	case ROW_RESTINTS:
		*(uint32_t *)(host + r->n_off) = (uint32_t)n;
		*(void **)field = random_bytes(rng, a, n * r->size);
		break;
	case ROW_INTS:
	case ROW_PTRINTS:
		*(void **)field = random_bytes(rng, a, n * r->size);
		break;
	case ROW_BYTES:
	case ROW_PTRBYTES:
	case ROW_REST:
		*(struct slice *)field = slice_of(random_bytes(rng, a, n), n);
		break;
	case ROW_FIXED:
		memcpy(field, random_bytes(rng, a, r->count), r->count);
		break;
	case ROW_FD:
		*(int32_t *)field = -1;
		break;
	}
}

void wire_generate(const struct wire_desc *d, struct rng *rng, uint32_t caps, struct arena *a, void *host)
{
	memset(host, 0, d->size);
	for (size_t i = 0; i < d->n; i++)
		if (row_present(&d->rows[i], host, caps))
			generate_row(d, &d->rows[i], rng, caps, a, host);
}
