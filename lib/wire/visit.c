/* Visiting: every structure of one kind that a message points at, in the order of the wire. */
#include "wire/table.h"

static void visit_rows(const struct wire_desc *d, char *host, const struct wire_desc *kind, wire_visit_fn *fn,
	void *user)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct row *r = &d->rows[i];
		char *field = host + r->off;
		void **ptr = (void **)field;

		if ((r->kind != ROW_SUB && r->kind != ROW_PTR) || !row_present(r, host, 0))
			continue;
		if (r->kind == ROW_SUB) {
			visit_rows(r->sub(), field, kind, fn, user);
		} else if (*ptr) {
			if (r->sub() == kind)
				fn(user, ptr);
			else
				visit_rows(r->sub(), *ptr, kind, fn, user);
		}
	}
}

void wire_visit(const struct wire_desc *d, void *host, const struct wire_desc *kind, wire_visit_fn *fn, void *user)
{
	visit_rows(d, host, kind, fn, user);
}
