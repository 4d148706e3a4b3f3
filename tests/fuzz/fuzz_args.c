/* F-25: command lines, split at NULs, through the option families that commands share. Whatever is said, the answer is
 * to go on (0), bad usage (64) or contradictory configuration (78), and nothing is opened on the way. What prints help
 * and leaves is left out. */
#include <stdlib.h>

#include "base/err.h"
#include "cmd/cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* popt forgets the string of an option that is given twice. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:poptGetNextOpt\n";
}

enum { WORDS = 24 };

static struct poptOption options[] = {CLI_LISTEN, CLI_SECURITY, CLI_TICKETS, CLI_CONNECT, CLI_END};

static int run(int n, const char **words)
{
	struct server_options o = {0};
	struct endpoint e;
	long long a, b;
	int rc = cli_server_options(&o);

	if (!rc)
		rc = cli_timeouts(&a, &b);
	/* only words that name no file */
	if (!rc && n == 1 && strstr(words[0], "://")) {
		rc = endpoint_parse(&e, words[0]);
		endpoint_fini(&e);
	}
	return err_exit(rc);
}

/* Every option as it was before any was given. */
static void reset(const struct poptOption *o)
{
	for (; o->longName || o->shortName || o->arg; o++) {
		unsigned kind = o->argInfo & POPT_ARG_MASK;

		if (kind == POPT_ARG_INCLUDE_TABLE && o->arg != poptHelpOptions) {
			reset(o->arg);
		} else if (kind == POPT_ARG_STRING && o->arg) {
			free(*(char **)o->arg);
			*(char **)o->arg = NULL;
		} else if (kind == POPT_ARG_NONE && o->arg) {
			*(int *)o->arg = 0;
		}
	}
}

static bool leaves(const char *word)
{
	return strncmp(word, "-?", 2) == 0 || strstr(word, "help") || strstr(word, "usage") || strstr(word,
		"version") ||
	       (word[0] == '-' && word[1] != '-' && strchr(word, '?'));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct cli_command command = {"fuzz", "", options, run};
	char *text = malloc(n + 1), *argv[WORDS + 2] = {(char *)"fuzz"};
	int argc = 1, rc;

	memcpy(text, p, n);
	text[n] = 0;
	for (size_t at = 0; at < n && argc <= WORDS; at += strlen(text + at) + 1) {
		if (leaves(text + at))
			break;
		argv[argc++] = text + at;
	}
	argv[argc] = NULL;
	reset(options);
	rc = cli_main(argc, argv, &command);
	if (rc != 0 && rc != 64 && rc != 78)
		abort();
	free(text);
	return 0;
}
