/* The client's end of a QMP socket, QEMU's or spice-serve's: one command after the other. Events are passed over. It
 * blocks, but no longer than it is told. */
#ifndef AUTH_QMP_H
#define AUTH_QMP_H

#include "base/bytes.h"

struct qmp;
struct json_t;

/* Connects, reads the greeting, agrees on capabilities. NULL and *err, said: E_UNREACH (nobody listens), E_TIMEOUT
 * (QEMU talks to one client at a time), E_CLOSED, E_PROTO (what answers is not QMP). timeout_ms bounds each step. */
struct qmp *qmp_open(const char *path, int timeout_ms, int *err);
void qmp_close(struct qmp *q); /* NULL is fine */

/* Runs a command with arguments that are strings, {key, value, ..., NULL} or NULL, which may be secrets: they are wiped
 * from where they were copied. 0 and in *answer (which may be NULL) the value, to be json_decref'ed; or E_CONFIG (the
 * server can't or won't, said in its words), or as above. */
int qmp_call(struct qmp *q, const char *command, const char *const *arguments, struct json_t **answer);

#endif
