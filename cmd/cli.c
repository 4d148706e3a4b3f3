/* The skeleton of every command: options, log, exit status, signals. */
#include "cmd/cli.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/wire.h"

static const char *name = "spiceutils";
static int quiet, verbose, version;
struct cli_fd cli_ready_fd, cli_password_fd;

static void count_verbose(poptContext con, enum poptCallbackReason reason, const struct poptOption *o, const char *arg,
	void *data)
{
	(void)con, (void)reason, (void)arg, (void)data;
	if (o->val == 'v')
		verbose++;
}

struct poptOption cli_common_table[] = {
	{NULL, 0, POPT_ARG_CALLBACK, (void *)count_verbose, 0, NULL, NULL},
	{"quiet", 'q', POPT_ARG_NONE, &quiet, 0, "only errors", NULL},
	{"verbose", 'v', POPT_ARG_NONE, NULL, 'v', "say more; twice: everything", NULL},
	{"version", 0, POPT_ARG_NONE, &version, 0, "print the version", NULL},
	POPT_TABLEEND
};

static void say(const char *fmt, va_list ap)
{
	struct buf line = {0};

	buf_printf(&line, "%s: ", name);
	buf_vprintf(&line, fmt, ap);
	buf_u8(&line, '\n');
	fwrite(buf_data(&line), 1, buf_len(&line), stderr);
	buf_fini(&line);
}

void cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

int cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return EX_USAGE;
}

static void sink(enum log_level level, const char *line)
{
	(void)level;
	fprintf(stderr, "%s: %s\n", name, line);
}

int cli_verbosity(void)
{
	return quiet ? -1 : verbose;
}

int cli_flush(void)
{
	static bool said;

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (!said)
		cli_error("standard output: %s", errno ? strerror(errno) : "can't be written");
	said = true;
	return EX_IOERR;
}

int cli_duration(const char *option, const char *text, long long unit_ms, long long *out_ms)
{
	if (!text || text_duration_ms(text, unit_ms, out_ms) == 0)
		return 0;
	cli_error("%s: '%s' is not a duration", option, text);
	return E_USAGE;
}

int cli_number(const char *option, const char *text, long long min, long long max, long long *out)
{
	if (!text || text_number(text, min, max, out) == 0)
		return 0;
	cli_error("%s: '%s' is not a number from %lld to %lld", option, text, min, max);
	return E_USAGE;
}

int cli_codecs(const char *option, const char *text, uint8_t codecs[CLI_CODECS], unsigned *n)
{
	static const struct {
		const char *name;
		uint8_t value;
	} rows[] = {{"mjpeg", VIDEO_CODEC_MJPEG}, {"vp8", VIDEO_CODEC_VP8}};

	*n = 0;
	while (text) {
		size_t len = strcspn(text, ",");
		unsigned known = 0;

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			if (strlen(rows[i].name) == len && strncmp(rows[i].name, text, len) == 0)
				known = rows[i].value;
		if (!known || memchr(codecs, (int)known, *n)) {
			cli_error("%s: '%.*s' %s", option, (int)(len < 40 ? len : 40), text,
				known ? "is there twice" : "is no codec (mjpeg and vp8 are)");
			return E_USAGE;
		}
		codecs[(*n)++] = (uint8_t)known;
		text = text[len] ? text + len + 1 : NULL;
	}
	return 0;
}

/* A word of the protocol's as our options have it: auto-glz for AUTO_GLZ. */
static void option_word(const char *word, struct buf *out)
{
	buf_clear(out);
	for (; *word; word++)
		buf_u8(out, *word == '_' ? '-' : (uint8_t)tolower((unsigned char)*word));
}

int cli_compression(const char *option, const char *text, uint8_t *out)
{
	struct buf wish = {0}, word = {0}, all = {0};
	const char *known = "auto";
	bool found = !text;

	option_word(text ? text : "", &wish);
	for (uint8_t i = IMAGE_COMPRESSION_INVALID; !found && known; known = wire_enum_word("image_compression", ++i)) {
		option_word(known, &word);
		buf_printf(&all, "%s%s", i ? ", " : "", buf_cstr(&word));
		if ((found = slice_eq(buf_slice(&wish), buf_slice(&word))))
			*out = i;
	}
	if (!found)
		cli_error("%s: '%s' is not one of %s", option, text, buf_cstr(&all));
	buf_fini(&wish);
	buf_fini(&word);
	buf_fini(&all);
	return found ? 0 : E_USAGE;
}

/* Descriptors 0 to 2 that are closed would be taken by sockets and files, and written to by messages. */
static bool fds_open(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
			open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

/* Descriptors that options name are looked at before we open any: a number that is free now would be one of ours. */
static bool fd_good(const char *option, struct cli_fd *named)
{
	long long fd = -1;

	if (cli_number(option, named->text, 0, INT32_MAX, &fd))
		return false;
	named->fd = (int)fd;
	/* ours alone: commands that we start have no use for it */
	if (named->text && fcntl(named->fd, F_SETFD, FD_CLOEXEC) < 0) {
		cli_error("%s %s: %s", option, named->text, strerror(errno));
		return false;
	}
	return true;
}

/* Is `word` a long option of the table whose value is optional, without one? */
static bool optional_bare(const struct poptOption *o, const char *word)
{
	for (; o->longName || o->shortName || o->arg; o++) {
		if (o->argInfo == POPT_ARG_INCLUDE_TABLE ? optional_bare(o->arg, word)
			: (o->argInfo & POPT_ARGFLAG_OPTIONAL) && o->longName && strcmp(word + 2, o->longName) == 0)
			return true;
	}
	return false;
}

/* popt would take the next word as an optional value; CLI.md says --opt=VALUE or none. */
static void optional_values(const struct poptOption *options, char **words)
{
	for (; *words && strcmp(*words, "--") != 0; words++) {
		char *bare = *words;

		if (strncmp(bare, "--", 2) != 0 || !optional_bare(options, bare))
			continue;
		*words = xasprintf("%s=", bare);
		free(bare);
	}
}

static int bad_option(poptContext con, int rc)
{
	const char *option = poptBadOption(con, POPT_BADOPTION_NOALIAS);

	if (option && (strcmp(option, "--password") == 0 || strncmp(option, "--password=", 11) == 0))
		return cli_usage("secrets never go on the command line: use --password-file, --password-fd or "
				 "SPICE_PASSWORD");
	return cli_usage("%s: %s", option, poptStrerror(rc));
}

/* popt's own help ends the process without a look at what became of its output. */
static void help_done(void)
{
	if (fflush(stdout) || ferror(stdout))
		_exit(cli_flush());
}

static int parse_and_run(int argc, char **argv, const struct cli_command *c)
{
	poptContext con = poptGetContext(c->name, argc, (const char **)argv, c->options, 0);
	const char **words;
	int rc, n = 0;

	poptSetOtherOptionHelp(con, c->words);
	atexit(help_done);
	while ((rc = poptGetNextOpt(con)) > 0)
		;
	if (rc < -1) {
		rc = bad_option(con, rc);
	} else if (!fd_good("--ready-fd", &cli_ready_fd) || !fd_good("--password-fd", &cli_password_fd)) {
		rc = EX_USAGE;
	} else if (version) {
		printf("%s %s\n", c->name, VERSION);
		rc = cli_flush();
	} else {
		log_set(sink, quiet ? LOG_ERROR : verbose == 0 ? LOG_WARN : verbose == 1 ? LOG_INFO : LOG_DEBUG);
		words = poptGetArgs(con);
		while (words && words[n])
			n++;
		rc = c->run(n, words ? words : (const char *[]){NULL});
	}
	poptFreeContext(con);
	return rc;
}

int cli_main(int argc, char **argv, const struct cli_command *c)
{
	char **words;
	int rc;

	name = c->name;
	if (argc == 0 || !fds_open())
		return EX_USAGE;
	setvbuf(stderr, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	/* secrets live in this process: no core, no ptrace by others (C-3) */
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	words = cli_take_secrets(argc, argv);
	optional_values(c->options, words);
	rc = parse_and_run(argc, words, c);
	cli_forget_secrets(words);
	return rc;
}

/* ---- signals ---- */

static void on_stop(uv_signal_t *h, int signo)
{
	struct cli_signals *s = h->data;

	if (s->stopping)
		_exit(128 + signo);
	s->stopping = true;
	s->stop(s->owner, signo);
}

static void on_reload(uv_signal_t *h, int signo)
{
	struct cli_signals *s = h->data;

	(void)signo;
	if (s->reload)
		s->reload(s->owner);
}

void cli_signals_start(struct cli_signals *s, uv_loop_t *loop)
{
	uv_signal_init(loop, &s->term);
	uv_signal_init(loop, &s->intr);
	uv_signal_init(loop, &s->hup);
	s->term.data = s->intr.data = s->hup.data = s;
	uv_signal_start(&s->term, on_stop, SIGTERM);
	uv_signal_start(&s->intr, on_stop, SIGINT);
	if (s->reload)
		uv_signal_start(&s->hup, on_reload, SIGHUP);
	/* they don't keep the loop alive by themselves */
	uv_unref((uv_handle_t *)&s->term);
	uv_unref((uv_handle_t *)&s->intr);
	uv_unref((uv_handle_t *)&s->hup);
}

void cli_signals_stop(struct cli_signals *s)
{
	uv_close((uv_handle_t *)&s->term, NULL);
	uv_close((uv_handle_t *)&s->intr, NULL);
	uv_close((uv_handle_t *)&s->hup, NULL);
}
