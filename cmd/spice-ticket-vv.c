/* A connection file for spice-view and virt-viewer. */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/spice-ticket.h"
#include "net/pem.h"
#include "net/tls_peer.h"

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

/* The certificates of the file and nothing else: a key that stands beside them stays where it is. */
static int read_ca(const char *file, char **out)
{
	struct buf pem = {0};
	STACK_OF(X509) *certs = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;
	int rc = pem_file(file, false, &pem);

	if (!rc && !(certs = pem_certs(buf_slice(&pem)))) {
		log_error("%s: not usable CA certificates: %s", file, tls_reason());
		rc = E_CONFIG;
	}
	for (int i = 0; i < sk_X509_num(certs); i++)
		PEM_write_bio_X509(bio, sk_X509_value(certs, i));
	if (!rc && (n = BIO_get_mem_data(bio, &text)) > 0)
		*out = xstrndup(text, (size_t)n);
	BIO_free(bio);
	sk_X509_pop_free(certs, X509_free);
	buf_wipe(&pem);
	return rc;
}

static int read_port(const char *option, const char *text, int *port)
{
	long long v = 0;

	if (cli_number(option, text, 1, 65535, &v))
		return E_USAGE;
	*port = (int)v;
	return 0;
}

static int fill(struct endpoint *e)
{
	struct endpoint nobody = {0};
	int rc = 0;

	if (read_port("--port", ticket_opt.port, &e->port) ||
		read_port("--tls-port", ticket_opt.tls_port, &e->tls_port))
		return E_USAGE;
	e->host = xstrdup(ticket_opt.hosts[0]);
	e->title = copy(ticket_opt.title);
	e->host_subject = copy(cli_connect.host_subject);
	e->proxy = copy(cli_connect.proxy);
	if (cli_connect.ca_file)
		rc = read_ca(cli_connect.ca_file, &e->ca);
	if (!rc && ticket_opt.password)
		e->password = cli_password(&nobody, &rc);
	if (!rc && e->password && (!*e->password || strlen(e->password) > LIM_PASSWORD)) {
		cli_error("a ticket has 1 to %d bytes", LIM_PASSWORD);
		rc = E_INVAL;
	}
	return rc;
}

static int write_out(struct slice text)
{
	bool to_file = ticket_opt.out && strcmp(ticket_opt.out, "-") != 0;
	struct ticket_out o;
	int why = to_file ? file_replace(ticket_opt.out, 0600, text) : 0;

	if (why) {
		cli_error("%s: %s", ticket_opt.out, strerror(why));
		return EX_CANTCREAT;
	}
	if (ticket_opt.json) {
		out_begin(&o);
		if (to_file)
			out_str(&o, "file", ticket_opt.out);
		else
			out_text(&o, "vv", text);
		return out_end(&o);
	}
	if (!to_file)
		fwrite(text.p, 1, text.n, stdout);
	return cli_flush();
}

int ticket_vv(int n, const char **words)
{
	struct endpoint e = {0};
	struct buf text = {0};
	int rc;

	(void)n, (void)words;
	if (!ticket_opt.hosts || !ticket_opt.hosts[0] || ticket_opt.hosts[1])
		return cli_usage("vv: --host, and one of it");
	if (!ticket_opt.port && !ticket_opt.tls_port)
		return cli_usage("vv: --port or --tls-port or both");
	buf_reserve(&text, LIM_VV_FILE); /* a secret is not moved about */
	rc = err_exit(fill(&e));
	if (!rc)
		rc = err_exit(endpoint_print_vv(&e, &text));
	if (!rc)
		rc = write_out(buf_slice(&text));
	buf_wipe(&text);
	endpoint_fini(&e);
	return rc;
}
