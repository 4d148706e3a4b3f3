/* spice-dump: the messages of a capture, readable. CLI.md. The work is lib/capture's; here are
 * options, filters, the table of --stat and what an exit status means. */
#include "cmd/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "capture/pcap.h"
#include "capture/say.h"

static int as_json, hex, no_payload, stat_table, check;
static char **channels, **messages, *direction;

static const struct poptOption options[] = {
	{"json", 0, POPT_ARG_NONE, &as_json, 0, "a JSON object a line", NULL},
	{"hex", 'x', POPT_ARG_NONE, &hex, 0, "the bytes of bodies, too", NULL},
	{"channel", 'c', POPT_ARG_ARGV, &channels, 0,
		"only these channels: main,display,...,agent,vsc", "CHANNEL,..."},
	{"message", 'm', POPT_ARG_ARGV, &messages, 0, "only these messages: DRAW_COPY,...",
		"NAME,..."},
	{"direction", 0, POPT_ARG_STRING, &direction, 0,
		"only what the client got (in) or sent (out)", "in|out"},
	{"no-payload", 0, POPT_ARG_NONE, &no_payload, 0,
		"leave pixels, sound and other payload out", NULL},
	{"stat", 0, POPT_ARG_NONE, &stat_table, 0,
		"a table of counts and bytes by channel and message instead", NULL},
	{"check", 0, POPT_ARG_NONE, &check, 0,
		"print only what is not understood; 65 if there is any", NULL},
	CLI_END};

/* ---- filters ---- */

static bool channel_wanted[256], channel_filter;
static char **names; /* of -m, one each */
static size_t names_n;

/* The words of all `lists`, split at commas, given to f; nonzero of f ends it. */
static int each_word(char **lists, int (*f)(const char *word))
{
	for (; lists && *lists; lists++) {
		char *copy = xstrdup(*lists), *rest = copy, *word;
		int rc = 0;

		while (!rc && (word = strsep(&rest, ",")))
			rc = f(word);
		free(copy);
		if (rc)
			return rc;
	}
	return 0;
}

static int want_channel(const char *word)
{
	unsigned number = wire_channel_number(word);

	if (!number)
		return cli_usage("-c: '%s' is no channel", word);
	channel_filter = channel_wanted[number] = true;
	return 0;
}

static bool is_message(const char *word)
{
	static const char *const others[] = {"LINK_HEADER", "LINK_MESS", "LINK_REPLY",
		"AUTH_MECHANISM", "ENCRYPTED_TICKET", "LINK_RESULT", "SASL_MECHLIST",
		"SASL_MECHNAME", "SASL_START", "SASL_STEP", "SASL_DATA", "SASL_RESULT",
		"SASL_REASON", "TLS", "SASL", "REFUSED", "LOST", "CUT", "UNKNOWN"};

	for (size_t i = 0; i < wire_msgs_n; i++)
		if (strcmp(word, wire_msgs[i].name) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(word, others[i]) == 0)
			return true;
	return false;
}

static int want_message(const char *word)
{
	if (!is_message(word))
		return cli_usage("-m: '%s' is no message", word);
	names = xrealloc(names, names_n + 1, sizeof(*names));
	names[names_n++] = xstrdup(word);
	return 0;
}

static int read_filters(void)
{
	if (direction && strcmp(direction, "in") != 0 && strcmp(direction, "out") != 0)
		return cli_usage("--direction: 'in' or 'out', not '%s'", direction);
	if (hex && no_payload)
		return cli_usage("-x and --no-payload exclude each other");
	return each_word(channels, want_channel)   ? EX_USAGE
	       : each_word(messages, want_message) ? EX_USAGE
						   : 0;
}

static bool wanted(const struct tap_event *e)
{
	if (direction && strcmp(direction, say_dir(e->dir)) != 0)
		return false;
	if (channel_filter && (e->type < 0 || !channel_wanted[e->type & 255]))
		return false;
	for (size_t i = 0; i < names_n; i++)
		if (strcmp(names[i], e->name) == 0)
			return true;
	return names_n == 0;
}

/* ---- output ---- */

static int write_error; /* an errno: nothing is written after it */

static void write_out(const struct buf *b)
{
	if (!write_error && buf_len(b) && fwrite(buf_data(b), buf_len(b), 1, stdout) != 1)
		write_error = errno ? errno : EIO;
}

static void flush_out(void)
{
	if (!write_error && fflush(stdout) != 0)
		write_error = errno ? errno : EIO;
}

/* 0 or 74. That whoever reads has seen enough is no fault. */
static int close_out(void)
{
	flush_out();
	if (!write_error)
		return 0;
	if (write_error != EPIPE)
		cli_error("standard output: %s", strerror(write_error));
	__fpurge(stdout);
	clearerr(stdout);
	return write_error == EPIPE ? 0 : EX_IOERR;
}

/* ---- --stat ---- */

struct total {
	int type;
	enum wire_dir dir;
	enum tap_kind kind; /* as far as it shows in the name */
	const char *name;
	uint64_t count, bytes;
};

static struct total *totals;
static size_t totals_n;

static int total_order(const void *a, const void *b)
{
	const struct total *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->dir != y->dir)
		return x->dir < y->dir ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void add(const struct tap_event *e)
{
	enum tap_kind kind = e->kind == TAP_SUB || e->kind == TAP_BAD ? e->kind : TAP_MESSAGE;
	struct total *t = totals;

	for (; t < totals + totals_n; t++)
		if (t->name == e->name && t->type == e->type && t->dir == e->dir && t->kind == kind)
			break;
	if (t == totals + totals_n) {
		totals = xrealloc(totals, totals_n + 1, sizeof(*totals));
		t = &totals[totals_n++];
		*t = (struct total){e->type, e->dir, kind, e->name, 0, 0};
	}
	t->count++;
	t->bytes += e->size;
}

static void print_total(const struct total *t, struct buf *out)
{
	struct tap_event e = {.kind = t->kind, .name = t->name};
	struct buf channel = {0}, name = {0};
	struct json j = {.out = out};

	say_channel(t->type, &channel);
	say_name(&e, &name);
	if (as_json) {
		json_open(&j, NULL, '{');
		json_text(&j, "channel", buf_slice(&channel));
		json_str(&j, "dir", say_dir(t->dir));
		json_text(&j, "name", buf_slice(&name));
		json_uint(&j, "count", t->count);
		json_uint(&j, "bytes", t->bytes);
		json_close(&j, '}');
		buf_u8(out, '\n');
	} else {
		buf_printf(out, "%-10s %-3s %-27s %10llu %14llu\n", buf_cstr(&channel),
			say_dir(t->dir), buf_cstr(&name), (unsigned long long)t->count,
			(unsigned long long)t->bytes);
	}
	buf_fini(&channel);
	buf_fini(&name);
}

static void print_totals(void)
{
	struct buf out = {0};

	if (totals_n)
		qsort(totals, totals_n, sizeof(*totals), total_order);
	if (!as_json)
		buf_printf(&out, "%-10s %-3s %-27s %10s %14s\n", "channel", "dir", "name", "count",
			"bytes");
	for (size_t i = 0; i < totals_n; i++)
		print_total(&totals[i], &out);
	write_out(&out);
	buf_fini(&out);
	free(totals);
}

/* ---- the lines ---- */

static struct buf line;
static uint64_t zero; /* the time of the first packet */
static bool not_understood;

static void event(void *owner, const struct tap_event *e)
{
	bool trouble = e->kind == TAP_BAD || e->kind == TAP_LOST;

	(void)owner;
	if (!wanted(e) && !(trouble && check))
		return;
	not_understood |= trouble;
	if (stat_table)
		add(e);
	if (check ? !trouble : stat_table)
		return;
	buf_clear(&line);
	if (as_json)
		say_json(e, zero, (no_payload ? SAY_NO_PAYLOAD : 0) | (hex ? SAY_HEX : 0), &line);
	else
		say_text(e, zero, &line);
	buf_u8(&line, '\n');
	if (hex && !as_json)
		say_hex(e->raw, &line);
	write_out(&line);
	buf_trim(&line);
}

/* Reads to the end. Lines go out at once where somebody watches: a terminal, or a capture that is
 * being made. */
static int read_all(struct capture *c, struct tap *tap, bool live)
{
	struct tcp *tcp = tcp_new(tap);
	struct tcp_segment seg;
	bool first = true;
	int rc = 0;

	while (!write_error && (rc = capture_next(c, &seg)) == 1) {
		if (first)
			zero = seg.time;
		first = false;
		tcp_input(tcp, &seg);
		if (live)
			flush_out();
	}
	tcp_end(tcp);
	tcp_free(tcp);
	return write_error ? 0 : rc;
}

/* ---- the word ---- */

/* FILE or SERVER, by the rule of CLI.md: is it one of the servers, of which this version reads none? */
static bool is_server(const char *word)
{
	struct stat st;

	if (stat(word, &st) == 0 || (errno != ENOENT && errno != ENOTDIR))
		return false;
	return strstr(word, "://") || (!strchr(word, '/') && !text_ends(word, ".pcap") &&
		!text_ends(word, ".pcapng") && !text_ends(word, ".vv"));
}

static FILE *open_word(const char *word, int *status)
{
	bool in = strcmp(word, "-") == 0;
	struct stat st;
	FILE *f;

	if (!in && is_server(word)) {
		*status = cli_usage("'%s' is no file: only captures are read, not servers", word);
		return NULL;
	}
	f = in ? fdopen(dup(STDIN_FILENO), "rb") : fopen(word, "rbe");
	if (f && fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(f);
		f = NULL;
		errno = EISDIR;
	}
	if (f)
		return f;
	cli_error("%s: %s", word, strerror(errno));
	*status = EX_NOINPUT;
	return NULL;
}

static int finish(int rc)
{
	int out;

	if (stat_table)
		print_totals();
	out = close_out();
	return out ? out : check && (not_understood || rc) ? EX_DATAERR : 0;
}

static int run(int n, const char **words)
{
	struct tap tap = {.fn = event};
	struct capture *c;
	struct stat st;
	bool live;
	FILE *f;
	int rc;

	if (n != 1)
		return cli_usage("one capture FILE (or -) is needed; --help says more");
	if ((rc = read_filters()))
		return rc;
	if (!(f = open_word(words[0], &rc)))
		return rc;
	live = isatty(STDOUT_FILENO) || (fstat(fileno(f), &st) == 0 && !S_ISREG(st.st_mode));
	if (!(c = capture_open(f, &rc)))
		return err_exit(rc);
	rc = read_all(c, &tap, live);
	capture_close(c);
	rc = finish(rc);
	for (size_t i = 0; i < names_n; i++)
		free(names[i]);
	free(names);
	buf_fini(&line);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct cli_command command = {"spice-dump", "[OPTIONS] FILE", options, run};

	return cli_main(argc, argv, &command);
}
