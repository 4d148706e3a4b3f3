/* F-21: the agent as a server plays it: pieces, tokens and messages of a client. The input is that of agent.h. */
#include "tests/fuzz/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return fuzz_agent(AGENT_GUEST, p, n);
}
