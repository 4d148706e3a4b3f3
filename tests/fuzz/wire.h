/* What F-4 and F-5 share: bodies of one direction. The first two bytes choose the message among the
 * rows of that direction, the third the negotiated state; the rest is the body. */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include <stdlib.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The row of number i among those of a direction (agent messages to the guest count as a client's).
 */
static inline const struct wire_msg *fuzz_row(enum wire_dir dir, unsigned i)
{
	unsigned rows = 0;

	for (size_t k = 0; k < wire_msgs_n; k++)
		rows += (wire_msgs[k].dir == WIRE_S) == (dir == WIRE_S);
	i %= rows;
	for (size_t k = 0;; k++)
		if ((wire_msgs[k].dir == WIRE_S) == (dir == WIRE_S) && i-- == 0)
			return &wire_msgs[k];
}

static inline int fuzz_decode(
	const struct wire_msg *m, struct slice s, uint32_t caps, struct arena *a, void **host)
{
	struct wire_in in = {.msg = s, .arena = a, .caps = caps};
	int rc;

	*host = arena_alloc(a, m->size + 1);
	rc = wire_decode(m->desc(), &in, *host);
	/* what a body makes us hold is bounded by its own size */
	if (a->used > 4 * s.n + (20 << 10) + m->size)
		abort();
	return rc;
}

/* Every slice that a message holds lies inside of it: reading all bytes of the text and JSON forms
 * shows. */
static inline void fuzz_print(const struct wire_msg *m, const void *host, uint32_t caps)
{
	struct buf out = {0};
	struct json j = {.out = &out};

	wire_print_text(m->desc(), host, caps, &out);
	json_open(&j, NULL, '{');
	wire_print_json(m->desc(), host, caps, 0, &j);
	json_close(&j, '}');
	for (size_t i = 0; i < buf_len(&out); i++)
		if (buf_data(&out)[i] < 0x20 || buf_data(&out)[i] == 0x7f)
			abort();
	buf_fini(&out);
}

/* What decodes, encodes; and what was encoded decodes to the same. */
static inline int fuzz_body(enum wire_dir dir, const uint8_t *p, size_t n)
{
	struct arena a = {0}, b = {0};
	struct buf once = {0}, again = {0};
	const struct wire_msg *m;
	void *host, *second;
	uint32_t caps;

	if (n < 3)
		return 0;
	m = fuzz_row(dir, get_le16(p));
	caps = p[2] & 3;
	if (fuzz_decode(m, slice_of(p + 3, n - 3), caps, &a, &host) == 0) {
		fuzz_print(m, host, caps);
		if (wire_encode(m->desc(), host, caps, &once))
			abort();
		if (fuzz_decode(m, buf_slice(&once), caps, &b, &second))
			abort();
		if (wire_encode(m->desc(), second, caps, &again))
			abort();
		if (!slice_eq(buf_slice(&once), buf_slice(&again)))
			abort();
	}
	arena_fini(&a);
	arena_fini(&b);
	buf_fini(&once);
	buf_fini(&again);
	return 0;
}

#endif
