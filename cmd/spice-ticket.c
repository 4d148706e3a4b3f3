/* spice-ticket: tickets and certificates. One call a run: a word that says what to do, and the options that belong to
 * it. */
#include "cmd/spice-ticket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

struct ticket_options ticket_opt;

static struct poptOption own[] = {
	{"host", 0, POPT_ARG_ARGV, &ticket_opt.hosts, 0, "a name or address of the server (again for each)", "H"},
	{"key-type", 0, POPT_ARG_STRING, &ticket_opt.key_type, 0, "ecdsa (P-256, the default) or rsa (3072 bits)", "T"},
	{"subject", 0, POPT_ARG_STRING, &ticket_opt.subject, 0, "the certificate's subject, C=XX,O=Lab,CN=x", "S"},
	{"renew", 0, POPT_ARG_NONE, &ticket_opt.renew, 0, "a new certificate also where the old one would do", NULL},
	{"valid", 0, POPT_ARG_STRING, &ticket_opt.valid, 0, "how long it is good", "D"},
	{"once", 0, POPT_ARG_NONE, &ticket_opt.once, 0, "the ticket lets in one session", NULL},
	{"view-only", 0, POPT_ARG_NONE, &ticket_opt.view_only, 0, "the ticket lets nobody type or click", NULL},
	{"id", 0, POPT_ARG_STRING, &ticket_opt.id, 0, "what the ticket is called", "NAME"},
	{"ticket-file", 0, POPT_ARG_STRING, &ticket_opt.ticket_file, 0, "a server's tickets, one a line", "FILE"},
	{"control", 0, POPT_ARG_STRING, &ticket_opt.control, 0, "a server's QMP socket", "PATH"},
	{"all", 0, POPT_ARG_NONE, &ticket_opt.all, 0, "every ticket", NULL},
	{"port", 'p', POPT_ARG_STRING, &ticket_opt.port, 0, "the server's plain port", "N"},
	{"tls-port", 0, POPT_ARG_STRING, &ticket_opt.tls_port, 0, "the server's TLS port", "N"},
	{"title", 0, POPT_ARG_STRING, &ticket_opt.title, 0, "the window's title", "T"},
	{"output", 'o', POPT_ARG_STRING, &ticket_opt.out, 0, "write to FILE instead of stdout", "FILE"},
	{"json", 0, POPT_ARG_NONE, &ticket_opt.json, 0, "print JSON", NULL},
	POPT_TABLEEND
};

static struct poptOption options[] = {
	CLI_FAMILY(own, "Certificates and tickets:"), CLI_CONNECT, CLI_END
};

enum {
	CA = 1 << 0, CERT = 1 << 1, NEW = 1 << 2, SET = 1 << 3, REVOKE = 1 << 4, LIST = 1 << 5, VV = 1 << 6,
	VERIFY = 1 << 7, SUBJECT = 1 << 8, EVERY = ~0,
};

static const struct call {
	const char *name;
	unsigned bit;
	int min, max; /* words behind it */
	int (*run)(int n, const char **words);
	const char *usage;
} calls[] = {
	{"ca", CA, 1, 1, ticket_ca, "DIR"},
	{"cert", CERT, 1, 1, ticket_cert, "DIR --host NAME"},
	{"new", NEW, 0, 0, ticket_new, "[--ticket-file FILE]"},
	{"set", SET, 0, 0, ticket_set, "--control PATH"},
	{"revoke", REVOKE, 0, 1, ticket_revoke, "ID|--all --ticket-file FILE, or --all --control PATH"},
	{"list", LIST, 0, 0, ticket_list, "--ticket-file FILE|--control PATH"},
	{"vv", VV, 0, 0, ticket_vv, "--host H [--port N] [--tls-port N]"},
	{"verify", VERIFY, 1, 1, ticket_verify, "SERVER"},
	{"subject", SUBJECT, 1, 1, ticket_subject, "CERT"},
};

/* Which calls an option belongs to; those of the connection that stand not here are verify's. */
static const struct {
	const char *name;
	unsigned calls;
} belongs[] = {
	{"host", CERT | VV},
	{"key-type", CA | CERT},
	{"subject", CA | CERT},
	{"renew", CA | CERT},
	{"valid", CA | CERT | NEW | SET},
	{"once", NEW},
	{"view-only", NEW},
	{"id", NEW},
	{"ticket-file", NEW | REVOKE | LIST},
	{"control", SET | REVOKE | LIST},
	{"all", REVOKE},
	{"port", VV},
	{"tls-port", VV},
	{"title", VV},
	{"output", VV},
	{"json", EVERY},
	{"ca-file", VV | VERIFY},
	{"host-subject", VV | VERIFY},
	{"proxy", VV | VERIFY},
	{"timeout", SET | REVOKE | LIST | VERIFY},
	{"retry", 0},
	{"password-file", SET | VV},
	{"password-fd", SET | VV},
	{"ticket-command", 0},
};

static unsigned calls_of(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(belongs); i++)
		if (strcmp(belongs[i].name, option) == 0)
			return belongs[i].calls;
	return VERIFY;
}

static bool is_given(const struct poptOption *o)
{
	if (!o->arg || !o->longName)
		return false;
	if ((o->argInfo & POPT_ARG_MASK) == POPT_ARG_NONE)
		return *(const int *)o->arg;
	return *(void *const *)o->arg != NULL;
}

/* The first option that was given and does not belong to the call; NULL when there is none. */
static const char *stray(const struct poptOption *o, unsigned call)
{
	for (; o->longName || o->shortName || o->arg; o++)
		if (is_given(o) && !(calls_of(o->longName) & call))
			return o->longName;
	return NULL;
}

static bool given(const struct poptOption *o, const char *name)
{
	for (; o->longName || o->shortName || o->arg; o++)
		if (o->longName && strcmp(o->longName, name) == 0)
			return is_given(o);
	return false;
}

static int run_call(const struct call *c, int n, const char **words)
{
	const char *option = stray(own, c->bit);

	if (!option)
		option = stray(cli_connect_table, c->bit);
	if (option)
		return cli_usage("%s: --%s does not belong to it", c->name, option);
	if (n < c->min || n > c->max)
		return cli_usage("usage: spice-ticket %s %s", c->name, c->usage);
	if (cli_duration("--valid", ticket_opt.valid, 1000, &ticket_opt.valid_ms))
		return EX_USAGE;
	if (ticket_opt.valid && (ticket_opt.valid_ms == 0 || ticket_opt.valid_ms / 1000 > INT32_MAX))
		return cli_usage("--valid: '%s' is too %s", ticket_opt.valid, ticket_opt.valid_ms ? "long" : "short");
	ticket_opt.password = given(cli_connect_table, "password-file") || given(cli_connect_table, "password-fd");
	umask(077);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return c->run(n, words);
}

static int run(int n, const char **words)
{
	if (n == 0)
		return cli_usage("which of ca, cert, new, set, revoke, list, vv, verify, subject?");
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (strcmp(calls[i].name, words[0]) == 0)
			return run_call(&calls[i], n - 1, words + 1);
	return cli_usage("'%s' is none of ca, cert, new, set, revoke, list, vv, verify, subject", words[0]);
}

void ticket_secret(char out[SECRET_CHARS + 1])
{
	static const char digit[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t r[SECRET_CHARS];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		abort();
	for (int i = 0; i < SECRET_CHARS; i++)
		out[i] = digit[r[i] & 31];
	out[SECRET_CHARS] = 0;
	explicit_bzero(r, sizeof(r));
}

/* ---- printing ---- */

void out_line(struct buf *out, struct slice value)
{
	for (;;) {
		const uint8_t *back = value.n ? memchr(value.p, '\\', value.n) : NULL;
		size_t n = back ? (size_t)(back - value.p) : value.n;

		text_escape(out, slice_of(value.p, n));
		if (!back)
			break;
		buf_u8(out, '\\');
		value = slice_of(back + 1, value.n - n - 1);
	}
	buf_u8(out, '\n');
}

void out_begin(struct ticket_out *o)
{
	*o = (struct ticket_out){0};
	o->j.out = &o->text;
	buf_reserve(&o->text, 4096); /* there may be a secret in it, which should not be moved about */
	if (ticket_opt.json)
		json_open(&o->j, NULL, '{');
}

void out_text(struct ticket_out *o, const char *key, struct slice value)
{
	if (ticket_opt.json) {
		json_text(&o->j, key, value);
		return;
	}
	buf_printf(&o->text, "%s ", key);
	out_line(&o->text, value);
}

void out_str(struct ticket_out *o, const char *key, const char *value)
{
	if (value)
		out_text(o, key, slice_str(value));
	else if (ticket_opt.json)
		json_none(&o->j, key);
}

void out_words(struct ticket_out *o, const char *key, struct slice words)
{
	if (!ticket_opt.json && words.n)
		out_text(o, key, words);
	if (!ticket_opt.json)
		return;
	json_open(&o->j, key, '[');
	while (words.n) {
		const uint8_t *end = memchr(words.p, ' ', words.n);
		size_t n = end ? (size_t)(end - words.p) : words.n;

		json_text(&o->j, NULL, slice_of(words.p, n));
		words = end ? slice_of(end + 1, words.n - n - 1) : (struct slice){0};
	}
	json_close(&o->j, ']');
}

void out_int(struct ticket_out *o, const char *key, long long value)
{
	if (ticket_opt.json)
		json_int(&o->j, key, value);
	else
		buf_printf(&o->text, "%s %lld\n", key, value);
}

void out_bool(struct ticket_out *o, const char *key, bool value)
{
	if (ticket_opt.json)
		json_bool(&o->j, key, value);
	else
		out_str(o, key, value ? "yes" : "no");
}

void ticket_time(int64_t unix_time, char out[TIME_CHARS + 1])
{
	time_t t = (time_t)unix_time;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, TIME_CHARS + 1, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, TIME_CHARS + 1, "?");
}

void out_time(struct ticket_out *o, const char *key, int64_t unix_time)
{
	char text[TIME_CHARS + 1];

	ticket_time(unix_time, text);
	out_str(o, key, text);
}

void out_opt(struct ticket_out *o, const char *key, int64_t value)
{
	if (value)
		out_int(o, key, value);
	else
		out_str(o, key, NULL);
}

/* Days begun do not count; what has ended has less than 0. */
static long long days_left(int64_t end)
{
	int64_t left = end - time(NULL);

	return left >= 0 ? left / 86400 : -1 - (-left) / 86400;
}

void out_facts(struct ticket_out *o, const struct cert_facts *f)
{
	char key[64];

	snprintf(key, sizeof(key), "%s %d", f->key, f->bits);
	if (buf_len(&f->subject))
		out_text(o, "subject", buf_slice(&f->subject));
	else
		out_str(o, "subject", NULL);
	out_text(o, "issuer", buf_slice(&f->issuer));
	out_words(o, "names", buf_slice(&f->names));
	out_str(o, "fingerprint", f->fingerprint);
	out_str(o, "key", key);
	out_time(o, "not_before", f->from);
	out_time(o, "not_after", f->to);
	out_int(o, "days_left", days_left(f->to));
}

int out_end(struct ticket_out *o)
{
	if (ticket_opt.json) {
		json_close(&o->j, '}');
		buf_u8(&o->text, '\n');
	}
	fwrite(buf_data(&o->text), 1, buf_len(&o->text), stdout);
	buf_wipe(&o->text);
	return cli_flush();
}

int main(int argc, char **argv)
{
	static const struct cli_command command = {
		"spice-ticket", "[OPTIONS] ca|cert|new|set|revoke|list|vv|verify|subject [WORD]", options, run};

	return cli_main(argc, argv, &command);
}
