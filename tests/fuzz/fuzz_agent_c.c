/* F-22: a client of the agent: what a guest says of clipboards, files, displays and itself. The input is that of
 * agent.h. */
#include "tests/fuzz/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return fuzz_agent(AGENT_CLIENT, p, n);
}
