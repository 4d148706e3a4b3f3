/* What the .def rows become for the walkers. Only the files of this room read it. */
#ifndef WIRE_TABLE_H
#define WIRE_TABLE_H

#include "wire/wire.h"

enum row_kind {
	ROW_INT,
	ROW_SUB,
	ROW_PTR,
	ROW_ARRAY,
	ROW_INTS,
	ROW_PTRINTS,
	ROW_BYTES,
	ROW_PTRBYTES,
	ROW_REST,
	ROW_RESTINTS,
	ROW_FIXED,
	ROW_FD,
};

enum guard_kind { GUARD_NONE, GUARD_FIELD, GUARD_CAP };

enum { GUARD_VALUES = 8 }; /* that a WHEN may name; with more the table does not compile */

struct guard {
	uint8_t kind, size, n;
	uint16_t off;
	uint32_t mask;
	uint32_t val[GUARD_VALUES];
};

enum len_kind { LEN_NONE, LEN_FIELD, LEN_MUL, LEN_ROW };

struct len {
	uint8_t kind, bits;
	uint8_t a_size, b_size;
	uint16_t a_off, b_off;
};

struct wire_value {
	const char *name;
	uint32_t value;
};

enum enum_kind { VALUES, BITS, CAPS };

struct wire_enum {
	const char *name;
	enum enum_kind kind;
	const struct wire_value *v;
	size_t n;
};

struct row {
	uint8_t kind;     /* enum row_kind */
	uint8_t size;     /* of a number: 1, 2, 4, 8 */
	bool is_signed;
	bool closed;      /* values outside the enum are refused */
	bool nonnull;
	bool text;
	uint16_t off;     /* in the C struct */
	uint16_t count;   /* of FIXED */
	uint16_t n_off;   /* of name_n, RESTINTS */
	uint32_t max;     /* of a count, 0 none */
	const char *name;
	const struct wire_enum *en;
	const struct wire_desc *(*sub)(void);
	struct guard guard;
	struct len len;
};

struct wire_desc {
	const char *name;
	const struct row *rows;
	size_t n;
	size_t size;  /* of the C struct */
	size_t align;
};

/* A number of `size` bytes in a C struct. */
static inline uint64_t host_get(const void *p, unsigned size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return *(const uint16_t *)p;
	case 4:
		return *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

static inline void host_put(void *p, unsigned size, uint64_t v)
{
	switch (size) {
	case 1:
		*(uint8_t *)p = (uint8_t)v;
		break;
	case 2:
		*(uint16_t *)p = (uint16_t)v;
		break;
	case 4:
		*(uint32_t *)p = (uint32_t)v;
		break;
	default:
		*(uint64_t *)p = v;
	}
}

/* What a row of structures or numbers elsewhere has in a C struct: where they are. */
static inline const char *host_pointer(const void *field)
{
	return *(const char *const *)field;
}

bool guard_holds(const struct guard *g, const void *host, uint32_t caps);

/* Does the row stand on the wire, given the fields before it? */
static inline bool row_present(const struct row *r, const void *host, uint32_t caps)
{
	return r->guard.kind == GUARD_NONE || guard_holds(&r->guard, host, caps);
}

/* The row's length from earlier fields, in elements; E_LIMIT when it does not fit in 63 bits. */
int row_len(const struct row *r, const void *host, uint64_t *n);

const struct wire_value *enum_find(const struct wire_enum *e, uint64_t value);

#endif
