/* F-5: bodies that a server sends, all channels, with all the offsets of drawing commands. */
#include "tests/fuzz/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return fuzz_body(WIRE_S, p, n);
}
