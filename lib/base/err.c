/* Names and exit statuses of the error codes. */
#include "base/err.h"

#include <limits.h>
#include <sysexits.h>

#include "base/mem.h"

enum { EX_TIMEOUT = 75 }; /* EX_TEMPFAIL, which CLI.md uses for time-outs */

static const struct row {
	int err, status;
	const char *text;
} table[] = {
	{0, EX_OK, "no error"},
	{E_AGAIN, EX_SOFTWARE, "not ready"},
	{E_INVAL, EX_DATAERR, "malformed data"},
	{E_LIMIT, EX_PROTOCOL, "limit exceeded"},
	{E_UNSUP, EX_DATAERR, "not supported"},
	{E_PROTO, EX_PROTOCOL, "protocol error"},
	{E_AUTH, EX_NOPERM, "refused"},
	{E_CLOSED, EX_UNAVAILABLE, "connection closed"},
	{E_IO, EX_IOERR, "input/output error"},
	{E_TIMEOUT, EX_TIMEOUT, "timed out"},
	{E_HOST, EX_NOHOST, "host not found"},
	{E_UNREACH, EX_UNAVAILABLE, "unreachable"},
	{E_NOFILE, EX_NOINPUT, "can't read file"},
	{E_CREATE, EX_CANTCREAT, "can't create file"},
	{E_CONFIG, EX_CONFIG, "bad configuration"},
	{E_SECURE, EX_NOPERM, "the peer wants TLS"},
	{E_USAGE, EX_USAGE, "bad usage"},
	{INT_MAX, EX_SOFTWARE, "unknown error"},
};

/* The row of err; the last one, of what is no error code, where there is none. */
static const struct row *find(int err)
{
	const struct row *r = table;

	while (r->err != err && r < table + ARRAY_SIZE(table) - 1)
		r++;
	return r;
}

const char *err_str(int err)
{
	return find(err)->text;
}

int err_exit(int err)
{
	return find(err)->status;
}
