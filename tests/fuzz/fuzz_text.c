/* F-48: whatever a peer says, what we print of it moves no cursor and breaks no line; and JSON strings keep to
 * printable bytes as well (rule of F-32). */
#include <stdlib.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct buf *b)
{
	const uint8_t *p = buf_data(b);

	for (size_t i = 0; i < buf_len(b); i++) {
		if (p[i] < 0x20 || p[i] == 0x7f)
			abort();
		if (p[i] == 0xc2 && i + 1 < buf_len(b) && p[i + 1] >= 0x80 && p[i + 1] < 0xa0) /* C1 */
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf a = {0}, b = {0}, again = {0};

	text_escape(&a, slice_of(p, n));
	text_json(&b, slice_of(p, n));
	if (buf_len(&a))
		check(&a);
	check(&b);
	if (text_unpercent(&again, slice_of(p, n)) == 0 && buf_len(&again) > n)
		abort();
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&again);
	return 0;
}
