/* The connecting family: servers, what is trusted, and secrets, which never stand on the command line. */
#include "cmd/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/uri.h"

static char *password_file;
struct cli_connect cli_connect;

struct poptOption cli_connect_table[] = {
	{"ca-file", 0, POPT_ARG_STRING, &cli_connect.ca_file, 0, "trust the certificates in FILE", "FILE"},
	{"host-subject", 0, POPT_ARG_STRING, &cli_connect.host_subject, 0,
		"the server's certificate has this subject, whatever its host name", "S"},
	{"pin", 0, POPT_ARG_STRING, &cli_connect.pin, 0, "the server's certificate has this SHA-256", "HEX"},
	{"tls-channels", 0, POPT_ARG_STRING, &cli_connect.tls_channels, 0,
		"channels that must use TLS: main,... or all", "LIST"},
	{"proxy", 0, POPT_ARG_STRING, &cli_connect.proxy, 0,
		"the way goes through this HTTP proxy: [http|https]://[USER:PASSWORD@]HOST[:PORT]", "URL"},
	{"connect-command", 0, POPT_ARG_STRING, &cli_connect.connect_command, 0,
		"stdin and stdout of CMD are the connection, one a channel", "CMD"},
	{"timeout", 0, POPT_ARG_STRING, &cli_connect.timeout, 0, "give up after D", "D"},
	{"retry", 0, POPT_ARG_STRING, &cli_connect.retry, 0, "try again for D while nobody listens", "D"},
	{"password-file", 0, POPT_ARG_STRING, &password_file, 0, "the ticket is the first line of FILE", "FILE"},
	{"password-fd", 0, POPT_ARG_STRING, &cli_password_fd.text, 0,
		"the ticket is the first line of descriptor N", "N"},
	{"ticket-command", 0, POPT_ARG_STRING, &cli_connect.ticket_command, 0,
		"CMD prints a fresh ticket at each connect", "CMD"},
	POPT_TABLEEND
};

int cli_timeouts(long long *timeout_ms, long long *retry_ms)
{
	*timeout_ms = *retry_ms = 0;
	if (cli_duration("--timeout", cli_connect.timeout, 1000, timeout_ms) ||
		cli_duration("--retry", cli_connect.retry, 1000, retry_ms))
		return E_USAGE;
	return 0;
}

static int read_vv(const char *word, struct endpoint *e)
{
	bool in = strcmp(word, "-") == 0;
	int fd = in ? STDIN_FILENO : open(word, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct buf text = {0};
	struct stat st;
	int rc = 0, why = fd < 0 ? errno : file_read_fd(fd, LIM_VV_FILE, &text);

	if (why) {
		cli_error("%s: %s", word, strerror(why));
		rc = E_NOFILE;
	}
	if (!rc)
		rc = endpoint_parse_vv(e, buf_slice(&text));
	/* only the very file that was read goes, and only if it is ours (D-5) */
	if (!rc && e->delete_file && !in && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		(why = file_unlink(word, fd)))
		log_warn("%s: not deleted: %s", word, why == ESTALE ? "something else stands there" : strerror(why));
	if (fd >= 0 && !in)
		close(fd);
	buf_wipe(&text);
	return rc;
}

static void replace(char **s, const char *with)
{
	secret_free(*s);
	*s = with && *with ? xstrdup(with) : NULL;
}

/* The way to the server: the option before what the file says, and that before the environment; "" is none. */
static int choose_way(struct endpoint *e)
{
	const char *proxy = cli_connect.proxy, *connect_command = cli_connect.connect_command;

	if (connect_command && proxy) {
		cli_error("--connect-command and --proxy exclude each other");
		return E_USAGE;
	}
	if (proxy || (cli_env_proxy && !e->proxy))
		replace(&e->proxy, proxy ? proxy : cli_env_proxy);
	if (e->proxy && endpoint_check_proxy(e->proxy))
		return E_USAGE;
	replace(&e->connect_command, connect_command);
	return 0;
}

/* As desktops name files: file:///PATH, file://localhost/PATH. */
static int read_file_uri(const char *rest, struct endpoint *e)
{
	char *path = NULL;
	int rc = E_USAGE;

	if (strncasecmp(rest, "localhost/", 10) == 0)
		rest += 9;
	if (*rest == '/')
		path = uri_decoded(slice_str(rest));
	if (path)
		rc = read_vv(path, e);
	else
		cli_error("server address: not a file of this machine");
	free(path);
	return rc;
}

int cli_endpoint(const char *word, struct endpoint *e)
{
	struct stat st;
	int rc;

	*e = (struct endpoint){0};
	if (strcmp(word, "-") == 0) {
		rc = read_vv(word, e);
	} else if (strncasecmp(word, "file://", 7) == 0) {
		rc = read_file_uri(word + 7, e);
	} else if (strstr(word, "://")) {
		rc = endpoint_parse(e, word);
	} else if (stat(word, &st) == 0 && S_ISREG(st.st_mode)) {
		rc = read_vv(word, e);
	} else if (strchr(word, '/') || text_ends(word, ".vv")) {
		cli_error("%s: %s", word, strerror(ENOENT));
		rc = E_NOFILE;
	} else {
		rc = endpoint_parse(e, word);
	}
	return rc ? rc : choose_way(e);
}

/* From the first place that has one. */
static char *find_password(const struct endpoint *e, int *err)
{
	char *secret;
	int fd;

	if (password_file) {
		fd = open(password_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		secret = cli_secret(fd, password_file, err);
		if (fd >= 0)
			close(fd);
		return secret;
	}
	if (cli_password_fd.text)
		return cli_secret(cli_password_fd.fd, "--password-fd", err);
	if (cli_env_password)
		return xstrdup(cli_env_password);
	return e->password ? xstrdup(e->password) : NULL;
}

char *cli_password(const struct endpoint *e, int *err)
{
	char *secret;

	*err = 0;
	if (cli_connect.ticket_command && (password_file || cli_password_fd.text)) {
		cli_error("--ticket-command and a password from elsewhere exclude each other");
		*err = E_USAGE;
	}
	if (cli_connect.ticket_command)
		return NULL;
	secret = find_password(e, err);
	if (!secret || strlen(secret) <= LIM_PASSWORD)
		return secret;
	cli_error("a password has at most %d bytes", LIM_PASSWORD); /* the protocol has no room for more */
	secret_free(secret);
	*err = E_INVAL;
	return NULL;
}

struct tls_trust cli_trust_options(const struct endpoint *e)
{
	return (struct tls_trust){
		.ca_file = cli_connect.ca_file,
		.ca_pem = e->ca ? slice_str(e->ca) : (struct slice){0},
		.host_subject = cli_connect.host_subject ? cli_connect.host_subject : e->host_subject,
		.pin = cli_connect.pin,
	};
}

struct tls_client *cli_trust(const struct endpoint *e, int *err)
{
	struct tls_trust t = cli_trust_options(e);

	return tls_client_new(&t, err);
}
