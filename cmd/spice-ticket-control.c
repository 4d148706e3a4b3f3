/* The one ticket of a running server, by its QMP socket: QEMU and spice-serve alike (qmp.md). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "auth/qmp.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/spice-ticket.h"

enum { TIMEOUT_MS = 10000, SHORT_SECRET = 8 };

static int timeout_ms(long long *out)
{
	long long retry;

	if (cli_timeouts(out, &retry))
		return E_USAGE;
	if (!*out || *out > INT32_MAX)
		*out = TIMEOUT_MS;
	return 0;
}

static int open_control(struct qmp **q)
{
	long long ms;
	int rc = timeout_ms(&ms);

	if (!rc)
		*q = qmp_open(ticket_opt.control, (int)ms, &rc);
	return rc;
}

static int expire(struct qmp *q, const char *when)
{
	const char *const args[] = {"protocol", "spice", "time", when, NULL};

	return qmp_call(q, "expire_password", args, NULL);
}

/* The password first: until the second call it ends when the old one did, so that no moment lets in more than before
 * and after. */
static int set(const char *secret)
{
	const char *const args[] = {"protocol", "spice", "password", secret, "connected", "keep", NULL};
	char when[32] = "never";
	struct qmp *q;
	int rc = open_control(&q);

	if (rc)
		return rc;
	if (ticket_opt.valid)
		snprintf(when, sizeof(when), "+%lld", ticket_valid_s());
	rc = qmp_call(q, "set_password", args, NULL);
	if (!rc)
		rc = expire(q, when);
	qmp_close(q);
	return rc;
}

/* A given secret, or a new one; NULL with the exit status. */
static char *choose(int *rc)
{
	struct endpoint nobody = {0};
	char *secret;
	int err = 0;
	size_t n;

	*rc = 0;
	if (!ticket_opt.password) {
		secret = xmalloc(SECRET_CHARS + 1);
		ticket_secret(secret);
		return secret;
	}
	secret = cli_password(&nobody, &err);
	n = secret ? strlen(secret) : 0;
	if (!err && n >= 1 && n <= LIM_PASSWORD) {
		if (n < SHORT_SECRET)
			log_warn("a ticket of less than %d characters is easily guessed", SHORT_SECRET);
		return secret;
	}
	if (!err)
		cli_error("a ticket has 1 to %d bytes", LIM_PASSWORD);
	*rc = err ? err_exit(err) : EX_DATAERR;
	if (secret)
		explicit_bzero(secret, n);
	free(secret);
	return NULL;
}

static int say(const char *secret)
{
	struct ticket_out o;

	if (!ticket_opt.json) {
		puts(secret);
		return cli_flush();
	}
	out_begin(&o);
	out_str(&o, "ticket", secret);
	out_opt(&o, "valid_s", ticket_valid_s());
	return out_end(&o);
}

int ticket_set(int n, const char **words)
{
	char *secret;
	int rc;

	(void)n, (void)words;
	if (!ticket_opt.control)
		return cli_usage("set: in which server? --control PATH");
	if (!(secret = choose(&rc)))
		return rc;
	rc = err_exit(set(secret));
	if (!rc)
		rc = say(secret);
	secret_free(secret);
	return rc;
}

/* What query-spice says of who is asked: "spice", "sasl", "none"; NULL where there is no SPICE. E_*, said. */
static int query(struct qmp *q, json_t **answer, const char **auth)
{
	int rc = qmp_call(q, "query-spice", NULL, answer);

	*auth = rc ? NULL : json_string_value(json_object_get(*answer, "auth"));
	return rc;
}

/* A server that asks nobody would throw its clients out (qmp.md 2), and let them in again. */
int ticket_control_expire(void)
{
	json_t *answer = NULL;
	const char *auth;
	struct qmp *q;
	int rc = open_control(&q);

	if (rc)
		return err_exit(rc);
	rc = query(q, &answer, &auth);
	if (!rc && (!auth || strcmp(auth, "spice") != 0)) {
		cli_error("%s: no ticket lets anybody in there (it asks for: %s)", ticket_opt.control,
			auth ? auth : "none");
		rc = E_CONFIG;
	}
	if (!rc)
		rc = expire(q, "now");
	json_decref(answer);
	qmp_close(q);
	return err_exit(rc);
}

int ticket_control_show(void)
{
	json_t *answer = NULL;
	struct ticket_out o;
	const char *auth;
	struct qmp *q;
	int rc = open_control(&q);

	if (rc)
		return err_exit(rc);
	rc = err_exit(query(q, &answer, &auth));
	if (!rc) {
		out_begin(&o);
		out_bool(&o, "ticket", auth && strcmp(auth, "spice") == 0);
		out_str(&o, "auth", auth ? auth : "none");
		out_int(&o, "channels", (long long)json_array_size(json_object_get(answer, "channels")));
		rc = out_end(&o);
	}
	json_decref(answer);
	qmp_close(q);
	return rc;
}
