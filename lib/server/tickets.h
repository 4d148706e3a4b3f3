/* The tickets that let clients in: the ticket file of CLI.md and one more from elsewhere. Secrets are kept as
 * HMAC-SHA256 under a key of this process, never in plain (C-3, C-4). */
#ifndef SERVER_TICKETS_H
#define SERVER_TICKETS_H

#include "base/bytes.h"

enum { VERIFIER = 32 };

struct ticket {
	uint8_t verifier[VERIFIER];
	int64_t expires; /* Unix time, 0 never */
	bool once, used, view_only;
	char *id;        /* may be NULL */
};

struct tickets;

struct tickets *tickets_new(void);
void tickets_free(struct tickets *t);

/* Reads the file in place of what it gave before. 0; E_NOFILE or E_CONFIG, logged: nobody is admitted by it then.
 * `keep`: a bad file leaves the old tickets (SIGHUP). */
int tickets_load(struct tickets *t, const char *file, bool keep);
/* Adds one; E_CONFIG for an empty one or one over LIM_PASSWORD. */
int tickets_add(struct tickets *t, struct slice secret);

void tickets_verifier(const struct tickets *t, const char *secret, uint8_t out[VERIFIER]);

/* The valid ticket that this verifier is of, or NULL; looks at all of them in the same time. `now`: Unix time. A
 * `once` ticket that was used is none. */
struct ticket *tickets_find(struct tickets *t, const uint8_t verifier[VERIFIER], int64_t now);

#endif
