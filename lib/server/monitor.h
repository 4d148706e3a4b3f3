/* QMP, the JSON protocol of QEMU's monitor, as a server speaks it; without I/O: requests in, answers and events out.
 * Words, errors and their order are those that QEMU 7.2 was seen to use. Answers come in the order of the requests;
 * while one is owed nothing more is read. */
#ifndef SERVER_MONITOR_H
#define SERVER_MONITOR_H

#include <sys/time.h>

#include "base/buf.h"
#include "base/jsonin.h"

struct monitor;

enum monitor_class { MONITOR_GENERIC, MONITOR_NO_COMMAND, MONITOR_NO_DEVICE };

enum monitor_type { MONITOR_STRING, MONITOR_WORD, MONITOR_INTEGER };

struct monitor_arg {
	const char *name; /* NULL ends a list */
	enum monitor_type type;
	bool optional;
	const char *const *words; /* of MONITOR_WORD, NULL at the end */
};

struct monitor_command {
	const char *name; /* NULL ends a table */
	const struct monitor_arg *args;
	/* Is answered by monitor_return or monitor_fail, now or later. The arguments are as the list says, and go when
	 * this returns. */
	void (*run)(struct monitor *m, const struct json_t *args);
};

/* In a connection of the control socket. */
struct monitor {
	const struct monitor_command *commands;
	struct buf in, out; /* out: the owner sends it, and takes it away by buf_skip */
	struct json_scan scan;
	struct json_t *id;  /* of the request that is not answered yet; NULL: it had none */
	bool negotiated;
	bool busy;          /* an answer is owed */
	unsigned budget;    /* requests that may still come: the owner gives them */
};

/* version: "1.2". The greeting is in `out` then. */
void monitor_init(struct monitor *m, const struct monitor_command *commands, const char *version);
void monitor_fini(struct monitor *m);

/* Bytes of the client, at most LIM_CONTROL_LINE at a time. 0, or E_LIMIT: a request is longer than that. */
int monitor_input(struct monitor *m, struct slice bytes);
/* Goes on with what came already: after an answer, budget, or when some of `out` is gone. As monitor_input. */
int monitor_go_on(struct monitor *m);
/* No more input is to be read now. */
bool monitor_is_full(const struct monitor *m);

void monitor_return(struct monitor *m, struct json_t *value); /* takes it; NULL: {} */
void monitor_fail(struct monitor *m, enum monitor_class class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "1.2" as query-version and the greeting say it; owned by the caller. */
struct json_t *monitor_version(const char *version);
/* To clients that have negotiated. */
void monitor_event(struct monitor *m, const char *name, const struct json_t *data, const struct timeval *when);

#endif
