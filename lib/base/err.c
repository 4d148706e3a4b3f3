/* Names and exit statuses of the error codes. */
#include "base/err.h"

#include <stddef.h>
#include <sysexits.h>

enum { EX_TIMEOUT = 75 }; /* EX_TEMPFAIL, which CLI.md uses for time-outs */

static const struct {
	int err, status;
	const char *text;
} table[] = {
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
};

const char *err_str(int err)
{
	if (err == 0)
		return "no error";
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].err == err)
			return table[i].text;
	return "unknown error";
}

int err_exit(int err)
{
	if (err == 0)
		return EX_OK;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].err == err)
			return table[i].status;
	return EX_SOFTWARE;
}
