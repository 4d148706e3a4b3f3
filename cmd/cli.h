/* What all commands share: the main skeleton, the option families of CLI.md, exit statuses, signals, readiness and
 * secrets. A command is a row (struct cli_command) and a function; a family is a popt table that commands include:
 *
 *	static struct poptOption options[] = {
 *		{"once", 0, POPT_ARG_NONE, &once, 0, "stop when the first client has left", NULL},
 *		CLI_LISTEN, CLI_SECURITY,
 *		CLI_END
 *	};
 *
 * A string whose value is optional (POPT_ARGFLAG_OPTIONAL, --opt=VALUE) is "" when it was given without one.
 * The families fill the structures below; their defaults stand after cli_main has begun. */
#ifndef CMD_CLI_H
#define CMD_CLI_H

#include <popt.h>
#include <uv.h>

#include "base/buf.h"
#include "net/endpoint.h"
#include "net/tls.h"
#include "server/server.h"

/* ---- the skeleton ---- */

struct cli_command {
	const char *name;              /* "spice-serve" */
	const char *words;             /* "[OPTIONS] [SOURCE]", for --help */
	const struct poptOption *options;
	/* The words behind the options, NULL at the end. Returns the exit status (err_exit, or a job's own). */
	int (*run)(int n, const char **words);
};

int cli_main(int argc, char **argv, const struct cli_command *command);

/* "NAME: text" on stderr, whatever -q says. */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, and 64: a command line that can't be understood. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* -v was given n times, -q: -1. */
int cli_verbosity(void);

/* Values of options as numbers; the message names the option. 0, or E_USAGE said. A NULL text leaves *out. */
int cli_duration(const char *option, const char *text, long long unit_ms, long long *out_ms);
/* A list of video codecs, "vp8,mjpeg", best first, each once: enum video_codec. NULL: none is named. */
enum { CLI_CODECS = 4 };
int cli_codecs(const char *option, const char *text, uint8_t codecs[CLI_CODECS], unsigned *n);
/* A compression of images: "auto" is IMAGE_COMPRESSION_INVALID, the others are the words of enum image_compression. */
int cli_compression(const char *option, const char *text, uint8_t *out);
int cli_number(const char *option, const char *text, long long min, long long max, long long *out);

/* Flushes stdout: 0, or 74 said. */
int cli_flush(void);

extern struct poptOption cli_listen_table[], cli_security_table[], cli_tickets_table[], cli_connect_table[],
	cli_common_table[];
#define CLI_FAMILY(table, title) {NULL, 0, POPT_ARG_INCLUDE_TABLE, table, 0, title, NULL}
#define CLI_LISTEN CLI_FAMILY(cli_listen_table, "Where to listen:")
#define CLI_SECURITY CLI_FAMILY(cli_security_table, "Certificates:")
#define CLI_TICKETS CLI_FAMILY(cli_tickets_table, "Who may come in:")
#define CLI_CONNECT CLI_FAMILY(cli_connect_table, "The connection:")
#define CLI_END CLI_FAMILY(cli_common_table, "Common options:"), POPT_AUTOHELP POPT_TABLEEND

/* A descriptor that an option names, known to be open: `text` is the option's word, NULL where it is not given, and fd
 * -1 then. For the tables of cli-listen.c and cli-connect.c. */
extern struct cli_fd {
	char *text;
	int fd;
} cli_ready_fd, cli_password_fd;

/* ---- secrets ---- */

/* Takes the command line and the environment over, and wipes secrets where ps shows them (C-1): a copy of argv. What
 * SPICE_PASSWORD and SPICE_PROXY said is kept for clients, below: NULL where they said nothing. */
char **cli_take_secrets(int argc, char **argv);
void cli_forget_secrets(char **words); /* wipes and frees all of them */
extern char *cli_env_password, *cli_env_proxy;
/* The first line of what a secret's file held, the caller's, for secret_free; the text itself is wiped and gone. */
char *cli_first_line(struct buf *text);
/* The same of a descriptor (or, where it is -1, of what errno says). NULL with *err E_NOFILE, said. */
char *cli_secret(int fd, const char *what, int *err);
/* Asks on the terminal; NULL when there is none, or nothing was answered. *interrupted: by SIGINT or SIGTERM, which the
 * loop gets afterwards. */
char *cli_ask_password(const char *prompt, bool *interrupted);

/* ---- signals ---- */

/* SIGTERM and SIGINT call stop (a second one ends the process at once), SIGHUP calls reload where that is given. */
struct cli_signals {
	uv_signal_t term, intr, hup;
	void (*stop)(void *owner, int signo);
	void (*reload)(void *owner);
	void *owner;
	bool stopping;
};
void cli_signals_start(struct cli_signals *s, uv_loop_t *loop);
void cli_signals_stop(struct cli_signals *s); /* lets the loop end */

/* ---- listening ---- */

/* Opens what the listening options say on the server, by the rule of D-1, and reads tickets. 0 or E_*, said. */
int cli_listen(struct server *s);
/* Says that it accepts: the lines on stdout (or stderr), the file, the descriptor, sd_notify. 0, or E_CREATE. */
int cli_ready(bool on_stdout);
/* SIGHUP: tickets and certificates again; what can't be read stays as it was. */
void cli_listen_reload(struct server *s);
/* Before server_new: fills need_tls, tls_channels, max_clients and web. 0 or E_*, said. */
int cli_server_options(struct server_options *o);
void cli_listen_done(void); /* frees certificates; after server_free and the loop */

/* ---- connecting ---- */

/* A SERVER word or FILE of one (.vv, "-" for one on stdin), with --proxy and --connect-command put in. 0 or E_*,
 * said. */
int cli_endpoint(const char *word, struct endpoint *e);
/* The password, at most LIM_PASSWORD bytes: of --password-file, --password-fd, SPICE_PASSWORD, the endpoint; the
 * caller's, for secret_free. NULL when there is none (so also with --ticket-command), or with *err, said: E_NOFILE
 * where one of these can't be read, E_INVAL where it is too long, E_USAGE. */
char *cli_password(const struct endpoint *e, int *err);
/* What a TLS client trusts, or NULL with *err. `e` may bring a CA and a subject. */
struct tls_client *cli_trust(const struct endpoint *e, int *err);
/* What that goes by; valid as long as e. */
struct tls_trust cli_trust_options(const struct endpoint *e);

extern struct cli_connect {
	char *ca_file, *host_subject, *pin, *tls_channels, *proxy, *connect_command, *timeout, *retry, *ticket_command;
} cli_connect;

/* Starts --ticket-command for one connection to e. `fn` comes later, with what the command printed (its first line, to
 * be wiped and freed by the owner), or with NULL and E_AUTH, said. NULL, said, when it can't be started. */
struct cli_ticket;
struct cli_ticket *cli_ticket_new(uv_loop_t *loop, const struct endpoint *e,
	void (*fn)(void *owner, char *secret, int err), void *owner);
void cli_ticket_free(struct cli_ticket *t); /* ends the command; also after `fn` came; NULL is fine */
/* --timeout and --retry in milliseconds, 0 none; E_USAGE said. */
int cli_timeouts(long long *timeout_ms, long long *retry_ms);

#endif
