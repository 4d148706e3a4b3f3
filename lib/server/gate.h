/* The gate: how often a source may try (L-6). It never locks out a source that has not failed. */
#ifndef SERVER_GATE_H
#define SERVER_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct gate;

struct gate *gate_new(void);
void gate_free(struct gate *g);

/* May this source (xport_info.source) have its ticket looked at now? When not, it is refused unseen. */
bool gate_open(struct gate *g, const char *source, uint64_t now_ms);
/* What came of it. */
void gate_result(struct gate *g, const char *source, uint64_t now_ms, bool ok);

#endif
