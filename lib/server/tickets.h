/* The tickets that let clients in: the ticket file of CLI.md, those that were added, and one that the control socket
 * sets. Secrets are kept as HMAC-SHA256 under a key of this process, never in plain (C-3, C-4). */
#ifndef SERVER_TICKETS_H
#define SERVER_TICKETS_H

#include "base/bytes.h"

enum { VERIFIER = 32 };

/* Now, by two clocks, in milliseconds: Unix time, in which people say when a ticket ends, and the time since the boot,
 * by which it does, since nobody sets that clock. */
struct moment {
	int64_t unix_ms, boot_ms;
};

#define TICKET_NEVER INT64_MAX

struct ticket {
	uint8_t verifier[VERIFIER];
	int64_t ends;    /* boot_ms; TICKET_NEVER */
	bool once, used, view_only;
	char *id;        /* may be NULL */
};

struct tickets;

struct tickets *tickets_new(void);
void tickets_free(struct tickets *t);

/* Reads the file in place of what it gave before. 0; E_NOFILE or E_CONFIG, logged: nobody is admitted by it then.
 * `keep`: a bad file leaves the old tickets (SIGHUP). */
int tickets_load(struct tickets *t, const char *file, bool keep, const struct moment *now);
/* Adds one; E_CONFIG for an empty one or one over LIM_PASSWORD. */
int tickets_add(struct tickets *t, struct slice secret);

/* The one of the control socket, in place of the one before; empty: none. E_LIMIT over LIM_PASSWORD: it stays as it
 * was. When it ends is said apart from it, before or after, as QEMU 7.2 has it: Unix time, 0 at once, or
 * TICKET_NEVER. */
int tickets_set(struct tickets *t, struct slice secret);
void tickets_set_end(struct tickets *t, int64_t unix_ms, const struct moment *now);

void tickets_verifier(const struct tickets *t, const char *secret, uint8_t out[VERIFIER]);

/* The valid ticket that this verifier is of, or NULL; looks at all of them in the same time. A `once` ticket that was
 * used is none. */
struct ticket *tickets_find(struct tickets *t, const uint8_t verifier[VERIFIER], int64_t boot_ms);

#endif
