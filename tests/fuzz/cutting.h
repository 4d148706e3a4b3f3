/* A reader of a stream gives the same whether the bytes come at once or one by one. */
#ifndef FUZZ_CUTTING_H
#define FUZZ_CUTTING_H

#include <stdlib.h>

#include "base/buf.h"

/* Puts what can be seen from outside of bytes read in pieces of `step` into `seen`; `how` is the fuzzer's to choose. */
typedef void in_pieces(unsigned how, const uint8_t *p, size_t n, size_t step, struct buf *seen);

/* The first byte is `how`. */
static inline int in_any_cutting(const uint8_t *p, size_t n, in_pieces *run)
{
	struct buf whole = {0}, split = {0};

	if (n < 1)
		return 0;
	run(p[0], p + 1, n - 1, n, &whole);
	run(p[0], p + 1, n - 1, 1, &split);
	if (!slice_eq(buf_slice(&whole), buf_slice(&split)))
		abort();
	buf_fini(&whole);
	buf_fini(&split);
	return 0;
}

#endif
