/* What the files of the agent room share: agent.c (life, tokens, output), read.c (input), clipboard.c, transfer.c. */
#ifndef AGENT_PRIVATE_H
#define AGENT_PRIVATE_H

#include "agent/agent.h"

enum { AGENT_HEADER = 20, AGENT_PROTOCOL = 1, FILE_DATA_HEADER = 12 };

/* WIRE_CAP_* in force: what both sides announced. */
uint32_t agent_layout(const struct agent *a);
/* Have both announced it? */
bool agent_both(const struct agent *a, unsigned bit);

void agent_watch_tokens(struct agent *a); /* for agent_starved */

/* ---- what messages do; 0, or E_* for one that breaks a rule (it is passed over) ---- */

int agent_got_grab(struct agent *a, const void *body);
int agent_got_request(struct agent *a, const void *body);
int agent_got_clipboard(struct agent *a, const void *body);
int agent_got_release(struct agent *a, const void *body);
/* A clipboard that was not kept whole: of its first bytes the selection counts. */
void agent_clipboard_lost(struct agent *a, struct slice start);

int agent_got_file_start(struct agent *a, const void *body);
int agent_got_file_status(struct agent *a, const void *body);
/* The next bytes of a FILE_XFER_DATA of `size` bytes in all, header included; in.body gathers the header. */
void agent_file_bytes(struct agent *a, uint32_t size, const uint8_t *p, size_t n);

#endif
