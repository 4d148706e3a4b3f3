/* The gate: how often a source may try (L-6). It never locks out a source that has not failed. */
#ifndef SERVER_GATE_H
#define SERVER_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct gate;

struct gate *gate_new(void);
void gate_free(struct gate *g);

/* May this source (xport_info.source) have its ticket looked at now? SHUT: it is refused unseen. WAIT: where there are
 * many failures, of whatever sources, one that has none has it looked at after GATE_WAIT_MS. */
enum verdict { GATE_OPEN, GATE_WAIT, GATE_SHUT };
enum { GATE_WAIT_MS = 1000 };
enum verdict gate_ask(struct gate *g, const char *source, uint64_t now_ms);
/* What came of it. */
void gate_result(struct gate *g, const char *source, uint64_t now_ms, bool ok);

#endif
