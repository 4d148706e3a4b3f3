/* The listening family: addresses, certificates, tickets, readiness; and the rule that nothing listens beyond
 * loopback without TLS and authentication (D-1). */
#include "cmd/cli.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/addr.h"

static struct {
	char *port, *tls_port, *unix_path, *addr, *listen_file, *max_clients, **limits;
	char *web, **web_origins;
	char *pki_dir, *cert, *key, *tls_channels, *ticket_file, *client_ca;
	int no_auth, insecure, takeover;
} opt;

struct poptOption cli_listen_table[] = {
	{"port", 'p', POPT_ARG_STRING, &opt.port, 0,
		"plain port, that takes TLS and WebSocket too (default 5900, 0 any)", "N"},
	{"tls-port", 0, POPT_ARG_STRING, &opt.tls_port, 0, "a port for TLS only", "N"},
	{"unix", 0, POPT_ARG_STRING, &opt.unix_path, 0, "a unix socket", "PATH"},
	{"addr", 0, POPT_ARG_STRING, &opt.addr, 0, "address to listen on (default 127.0.0.1 and ::1)", "A"},
	{"web", 0, POPT_ARG_STRING, &opt.web, 0, "files for browsers, on the same ports", "DIR"},
	{"web-origin", 0, POPT_ARG_ARGV, &opt.web_origins, 0,
		"pages of this host too may open a WebSocket (again for each)", "HOST"},
	{"insecure-open", 0, POPT_ARG_NONE, &opt.insecure, 0, "listen beyond loopback without TLS or tickets", NULL},
	{"max-clients", 0, POPT_ARG_STRING, &opt.max_clients, 0, "clients at once (default 8, at most 64)", "N"},
	{"takeover", 0, POPT_ARG_NONE, &opt.takeover, 0, "one client more sends the first one away", NULL},
	{"limit", 0, POPT_ARG_ARGV, &opt.limits, 0, "change a limit (again for each): clients, auth", "NAME=VALUE"},
	{"listen-file", 0, POPT_ARG_STRING, &opt.listen_file, 0, "write the addresses to FILE once it accepts", "FILE"},
	{"ready-fd", 0, POPT_ARG_STRING, &cli_ready_fd.text, 0, "write a newline to descriptor N once it accepts", "N"},
	POPT_TABLEEND
};

struct poptOption cli_security_table[] = {
	{"pki-dir", 0, POPT_ARG_STRING, &opt.pki_dir, 0, "server-cert.pem and server-key.pem are in DIR", "DIR"},
	{"cert", 0, POPT_ARG_STRING, &opt.cert, 0, "certificate, PEM", "FILE"},
	{"key", 0, POPT_ARG_STRING, &opt.key, 0, "its key, PEM", "FILE"},
	{"tls-channels", 0, POPT_ARG_STRING, &opt.tls_channels, 0, "channels that must use TLS: main,inputs,... or all",
		"LIST"},
	POPT_TABLEEND
};

struct poptOption cli_tickets_table[] = {
	{"ticket-file", 0, POPT_ARG_STRING, &opt.ticket_file, 0, "the tickets that are let in, one a line", "FILE"},
	{"password-fd", 0, POPT_ARG_STRING, &cli_password_fd.text, 0, "one ticket more, read from descriptor N", "N"},
	{"client-ca", 0, POPT_ARG_STRING, &opt.client_ca, 0, "TLS only, and with a certificate of these CAs", "FILE"},
	{"no-auth", 0, POPT_ARG_NONE, &opt.no_auth, 0, "ask nobody (on loopback and unix sockets only)", NULL},
	POPT_TABLEEND
};

static struct tls_server *tls;
static struct web web = {.dir = -1};
static const char *lines[16];
static unsigned n_lines;

static bool certificates_given(void)
{
	return opt.pki_dir || opt.cert || opt.key;
}

static bool tickets_given(void)
{
	return opt.ticket_file || cli_password_fd.text;
}

/* Is anybody asked who they are? */
static bool auth_given(void)
{
	return tickets_given() || opt.client_ca;
}

/* The first time and at every SIGHUP. */
static int load_certificates(void)
{
	char *cert, *key;
	int err = 0;

	if (!certificates_given())
		return 0;
	if (!opt.pki_dir && (!opt.cert || !opt.key)) {
		cli_error("--cert and --key go together");
		return E_USAGE;
	}
	cert = opt.cert ? xstrdup(opt.cert) : xasprintf("%s/server-cert.pem", opt.pki_dir);
	key = opt.key ? xstrdup(opt.key) : xasprintf("%s/server-key.pem", opt.pki_dir);
	if (tls)
		err = tls_server_reload(tls, cert, key);
	else if ((tls = tls_server_new(cert, key, &err)) && opt.client_ca)
		err = tls_server_clients(tls, opt.client_ca);
	free(cert);
	free(key);
	return err;
}

/* The one ticket of --password-fd. */
static int read_ticket(struct server *s)
{
	int rc = 0;
	char *secret = cli_secret(cli_password_fd.fd, "--password-fd", &rc);

	if (secret)
		rc = server_ticket(s, secret);
	secret_free(secret);
	return rc;
}

static int read_tickets(struct server *s)
{
	int rc = 0;

	if (opt.no_auth && auth_given()) {
		cli_error("--no-auth and tickets or --client-ca contradict each other");
		return E_USAGE;
	}
	if (opt.ticket_file)
		rc = server_tickets(s, opt.ticket_file);
	if (!rc && cli_password_fd.text)
		rc = read_ticket(s);
	return rc;
}

void cli_listen_reload(struct server *s)
{
	if (opt.ticket_file && server_tickets(s, opt.ticket_file) == 0)
		log_info("tickets read again");
	if (!tls)
		return;
	if (load_certificates())
		log_warn("the certificate stays as it was");
	else
		log_info("certificates read again");
}

/* Addresses that no other machine reaches; names may mean anything, but for localhost. */
static bool loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ((const uint8_t *)&four)[0] == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcmp(host, "localhost") == 0;
}

static int check_open(const char *addr)
{
	if (opt.insecure) {
		log_warn("--insecure-open: %s is open to the network without TLS or tickets", addr);
		return 0;
	}
	if (!auth_given() || !certificates_given()) {
		cli_error("%s is not loopback: that needs tickets (--ticket-file) and TLS (--pki-dir), or "
			  "--insecure-open", addr);
		return E_CONFIG;
	}
	return 0;
}

static int listen_one(struct server *s, const char *where, bool tls_only)
{
	const char *line;
	int rc = server_listen(s, where, tls, tls_only, &line);

	if (!rc)
		lines[n_lines++] = line;
	return rc;
}

/* A port on --addr, or on both loopbacks: a machine without IPv6 has one of them only. */
static int listen_port(struct server *s, const char *option, const char *text, bool tls_only)
{
	long long port;
	char *where;
	int rc;

	if (cli_number(option, text, 0, 65535, &port))
		return E_USAGE;
	if (opt.addr) {
		where = xasprintf(strchr(opt.addr, ':') ? "[%s]:%lld" : "%s:%lld", opt.addr, port);
		rc = listen_one(s, where, tls_only);
		free(where);
		return rc;
	}
	where = xasprintf("127.0.0.1:%lld", port);
	rc = listen_one(s, where, tls_only);
	free(where);
	if (rc)
		return rc;
	/* the same port on ::1, also when it was chosen for us */
	where = xasprintf("[::1]%s", strrchr(lines[n_lines - 1], ':'));
	log_set_quiet(true);
	listen_one(s, where, tls_only);
	log_set_quiet(false);
	free(where);
	return 0;
}

/* Is this socket one that only this machine reaches? */
static bool local_socket(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &n) == 0 && addr_is_local(&a);
}

enum { FIRST_INHERITED = 3 };

/* LISTEN_FDS of socket activation; how many there are. */
static int inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long long p = 0, n = 0;

	if (!pid || !fds || text_number(pid, 1, INT32_MAX, &p) || p != getpid() || text_number(fds, 1, 16, &n))
		return 0;
	return (int)n;
}

static int listen_inherited(struct server *s, int n)
{
	int rc = 0;

	for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + n && !rc; fd++) {
		const char *line;

		if (!local_socket(fd) && (rc = check_open("the inherited socket")))
			return rc;
		if (!(rc = server_listen_fd(s, fd, tls, false, &line)))
			lines[n_lines++] = line;
	}
	return rc;
}

/* --limit NAME=VALUE: the limits that are options, with their hard maximum. */
static int read_limits(long long *clients, long long *auth)
{
	const struct {
		const char *name;
		long long max, *value;
	} rows[] = {{"clients", LIM_CLIENTS_MAX, clients}, {"auth", LIM_AUTH_MS_MAX / 1000, auth}};

	for (char **l = opt.limits; l && *l; l++) {
		const char *is = strchr(*l, '=');
		size_t i = 0;

		while (i < ARRAY_SIZE(rows) && !(is && strlen(rows[i].name) == (size_t)(is - *l) &&
					strncmp(rows[i].name, *l, (size_t)(is - *l)) == 0))
			i++;
		if (i == ARRAY_SIZE(rows)) {
			cli_error("--limit: '%s' is no limit that can be changed: NAME=VALUE, NAME is clients or auth",
				*l);
			return E_USAGE;
		}
		if (cli_number(*l, is + 1, 1, rows[i].max, rows[i].value))
			return E_USAGE;
	}
	return 0;
}

/* Does any place to listen on need TLS and tickets? */
static bool open_to_network(void)
{
	for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + inherited(); fd++)
		if (!local_socket(fd))
			return true;
	return opt.addr && !loopback(opt.addr);
}

int cli_server_options(struct server_options *o)
{
	long long n = LIM_CLIENTS, auth = LIM_AUTH_MS / 1000;

	if (read_limits(&n, &auth) || cli_number("--max-clients", opt.max_clients, 1, LIM_CLIENTS_MAX, &n))
		return E_USAGE;
	if (opt.web && (web.dir = web_dir(opt.web)) < 0)
		return web.dir;
	web.origins = opt.web_origins;
	o->web = &web;
	o->max_clients = (unsigned)n;
	o->auth_ms = (unsigned)(1000 * auth);
	o->takeover = opt.takeover;
	o->tls_channels = opt.tls_channels;
	o->need_tls = (open_to_network() && !opt.insecure) || opt.client_ca;
	web.to_https = o->need_tls;
	if ((o->tls_channels || opt.client_ca) && !certificates_given()) {
		cli_error("%s needs certificates: --pki-dir", opt.client_ca ? "--client-ca" : "--tls-channels");
		return E_CONFIG;
	}
	return 0;
}

int cli_listen(struct server *s)
{
	int rc, n = inherited();
	char *where;

	if ((rc = load_certificates()) || (rc = read_tickets(s)))
		return rc;
	if (opt.tls_port && !tls) {
		cli_error("--tls-port needs certificates: --pki-dir");
		return E_CONFIG;
	}
	if (opt.addr && !loopback(opt.addr) && (rc = check_open(opt.addr)))
		return rc;
	if (n)
		return listen_inherited(s, n);
	if (opt.unix_path) {
		where = xasprintf("unix:%s", opt.unix_path);
		rc = listen_one(s, where, false);
		free(where);
	}
	if (!rc && (opt.port || (!opt.unix_path && !opt.tls_port)))
		rc = listen_port(s, "--port", opt.port ? opt.port : "5900", false);
	if (!rc && opt.tls_port)
		rc = listen_port(s, "--tls-port", opt.tls_port, true);
	return rc;
}

void cli_listen_done(void)
{
	tls_server_free(tls);
	tls = NULL;
	if (web.dir >= 0)
		close(web.dir);
}

/* ---- readiness ---- */

/* The file appears whole. */
static int write_listen_file(struct slice text)
{
	mode_t mask = umask(0);
	int why;

	umask(mask);
	why = file_replace(opt.listen_file, 0666 & ~mask, text);
	if (why)
		cli_error("%s: %s", opt.listen_file, strerror(why));
	return why ? E_CREATE : 0;
}

static void notify_systemd(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, strlen(path));
	if (*path == '@')
		a.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		log_warn("NOTIFY_SOCKET: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* "spice ADDRESS", and the same as browsers know it. */
static void put_line(struct buf *text, const char *line)
{
	static const struct {
		const char *spice, *web;
	} schemes[] = {{"spice ", "http "}, {"spice+tls ", "https "}};

	buf_printf(text, "listening %s\n", line);
	for (size_t i = 0; i < ARRAY_SIZE(schemes) && web.dir >= 0; i++) {
		size_t n = strlen(schemes[i].spice);

		if (strncmp(line, schemes[i].spice, n) == 0)
			buf_printf(text, "listening %s%s\n", schemes[i].web, line + n);
	}
}

int cli_ready(bool on_stdout)
{
	struct buf text = {0};
	int rc = 0;

	for (unsigned i = 0; i < n_lines; i++)
		put_line(&text, lines[i]);
	if (opt.listen_file)
		rc = write_listen_file(buf_slice(&text));
	if (!rc)
		fputs(buf_cstr(&text), on_stdout ? stdout : stderr);
	buf_fini(&text);
	if (!rc && cli_flush())
		rc = E_IO;
	if (!rc && cli_ready_fd.text && write(cli_ready_fd.fd, "\n", 1) != 1) {
		cli_error("--ready-fd %d: %s", cli_ready_fd.fd, strerror(errno));
		rc = E_CREATE;
	}
	if (!rc)
		notify_systemd();
	return rc;
}
