/* Secrets: out of the command line and the environment before anybody looks, off descriptors, and from a terminal. They
 * stay where they are wiped. */
#include "cmd/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

char *cli_env_password, *cli_env_proxy;

/* The place of a password in a URI, behind "password=", and its length; NULL when there is none. */
static char *uri_secret(char *word, size_t *n)
{
	char *p = strstr(word, "://") ? word : NULL;

	while (p && (p = strpbrk(p, "?;&"))) {
		if (strncmp(++p, "password=", 9) != 0)
			continue;
		p += 9;
		*n = strcspn(p, ";&");
		return p;
	}
	return NULL;
}

/* The place of a password in USER:PASSWORD@ before a host, in a URI or a proxy without a scheme; NULL when there is
 * none. */
static char *login_secret(char *word, bool proxy, size_t *n)
{
	char *mark = strstr(word, "://"), *at, *colon;

	if (!mark && !proxy)
		return NULL;
	word = mark ? mark + 3 : word;
	at = memrchr(word, '@', strcspn(word, "/?;"));
	colon = at ? memchr(word, ':', (size_t)(at - word)) : NULL;
	if (!colon)
		return NULL;
	*n = (size_t)(at - colon - 1);
	return colon + 1;
}

/* A variable's value, which is then gone from the environment, where others see it and children would get it. */
static char *take_variable(const char *variable)
{
	char *env = getenv(variable), *value;

	if (!env)
		return NULL;
	value = xstrdup(env);
	explicit_bzero(env, strlen(env));
	unsetenv(variable);
	return value;
}

char **cli_take_secrets(int argc, char **argv)
{
	char **copy = xcalloc((size_t)argc + 1, sizeof(*copy)), *secret;
	size_t n;

	for (int i = 0; i < argc; i++) {
		bool value = i && strcmp(argv[i - 1], "--proxy") == 0, proxy = strncmp(argv[i], "--proxy=", 8) == 0;

		copy[i] = xstrdup(argv[i]);
		if ((secret = uri_secret(argv[i], &n)))
			memset(secret, 'x', n);
		if ((secret = login_secret(argv[i] + (proxy ? 8 : 0), proxy || value, &n)))
			memset(secret, 'x', n);
	}
	cli_env_password = take_variable("SPICE_PASSWORD");
	cli_env_proxy = take_variable("SPICE_PROXY");
	return copy;
}

static void forget(char **secret)
{
	secret_free(*secret);
	*secret = NULL;
}

void cli_forget_secrets(char **words)
{
	for (char **w = words; *w; w++) {
		secret_free(*w);
	}
	free(words);
	forget(&cli_env_password);
	forget(&cli_env_proxy);
}

char *cli_first_line(struct buf *text)
{
	const char *all = buf_cstr(text);
	char *s = xstrndup(all, strcspn(all, "\r\n"));

	buf_wipe(text);
	return s;
}

char *cli_secret(int fd, const char *what, int *err)
{
	struct buf text = {0};
	int why = fd < 0 ? errno : file_read_fd(fd, LIM_PASSWORD_FILE, &text);

	if (!why)
		return cli_first_line(&text);
	cli_error("%s: %s", what, strerror(why));
	buf_wipe(&text);
	*err = E_NOFILE;
	return NULL;
}

/* A signal while the terminal waits ends the waiting, in whichever thread it arrives: the pool's threads take signals,
 * too. It is given on when the terminal is as it was. The pipe stays open, for a thread may be in the handler still. */
static volatile sig_atomic_t asked_to_stop;
static int stop_pipe[2];

static void stop_asking(int signo)
{
	int saved = errno;
	ssize_t n;

	asked_to_stop = signo;
	n = write(stop_pipe[1], "", 1);
	(void)n;
	errno = saved;
}

static ssize_t read_unless_stopped(int fd, char *line, size_t size)
{
	struct pollfd in[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_pipe[0], .events = POLLIN}};

	while (!asked_to_stop) {
		if (poll(in, ARRAY_SIZE(in), -1) < 0 && errno != EINTR)
			break;
		if (in[0].revents && !in[1].revents)
			return read(fd, line, size);
	}
	return -1;
}

/* A line without echo; its length, or less than 1. The prompt comes when the echo is off: what was typed before is
 * dropped. */
static ssize_t read_hidden(int fd, const char *prompt, char *line, size_t size)
{
	struct sigaction stop = {.sa_handler = stop_asking}, old_int, old_term;
	struct termios old, quiet;
	bool echo = tcgetattr(fd, &old) == 0;
	ssize_t n;

	asked_to_stop = 0;
	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	sigaction(SIGINT, &stop, &old_int);
	sigaction(SIGTERM, &stop, &old_term);
	if (echo) {
		quiet = old;
		quiet.c_lflag &= (tcflag_t) ~(unsigned)ECHO;
		tcsetattr(fd, TCSAFLUSH, &quiet);
	}
	dprintf(fd, "%s", prompt);
	n = read_unless_stopped(fd, line, size);
	if (echo)
		tcsetattr(fd, TCSAFLUSH, &old);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	if (asked_to_stop)
		raise(asked_to_stop);
	return n;
}

char *cli_ask_password(const char *prompt, bool *interrupted)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	char line[256] = {0}, *secret;
	ssize_t n;

	*interrupted = false;
	if (fd < 0)
		return NULL;
	n = read_hidden(fd, prompt, line, sizeof(line) - 1);
	dprintf(fd, "\n");
	close(fd);
	line[strcspn(line, "\r\n")] = 0;
	*interrupted = asked_to_stop;
	secret = n > 0 ? xstrdup(line) : NULL;
	explicit_bzero(line, sizeof(line));
	return secret;
}
