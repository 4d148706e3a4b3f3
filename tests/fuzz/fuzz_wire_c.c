/* F-4: bodies that a client sends, all channels, and those of its agent and smart card messages. */
#include "tests/fuzz/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return fuzz_body(WIRE_C, p, n);
}
