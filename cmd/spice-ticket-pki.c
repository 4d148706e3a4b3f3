/* Certificates: an authority, what it signs for servers, and the subject of any. */
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "auth/authority.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/spice-ticket.h"
#include "net/pem.h"
#include "net/tls_names.h"
#include "net/tls_peer.h"

enum { CA_DAYS = 3650, CERT_DAYS = 365, DAY = 86400 };

/* 0, or 64 said. */
static int read_wish(struct authority_wish *w, int days)
{
	const char *type = ticket_opt.key_type;

	*w = (struct authority_wish){.now = time(NULL), .subject = ticket_opt.subject, .renew = ticket_opt.renew};
	w->valid = ticket_opt.valid ? ticket_valid_s() : (int64_t)days * DAY;
	if (type && strcmp(type, "ecdsa") == 0)
		w->key = KEY_ECDSA;
	else if (type && strcmp(type, "rsa") == 0)
		w->key = KEY_RSA;
	else if (type)
		return cli_usage("--key-type: '%s' is neither ecdsa nor rsa", type);
	return 0;
}

static int tell(X509 *cert, const char *dir, const char *file, bool made)
{
	struct cert_facts f;
	struct ticket_out o;
	struct buf path = {0};
	int rc;

	buf_printf(&path, "%s/%s", dir, file);
	cert_facts(&f, cert);
	out_begin(&o);
	out_text(&o, "file", buf_slice(&path));
	out_bool(&o, "made", made);
	out_facts(&o, &f);
	rc = out_end(&o);
	cert_facts_fini(&f);
	buf_fini(&path);
	return rc;
}

int ticket_ca(int n, const char **words)
{
	struct authority_wish w;
	X509 *cert = NULL;
	bool made;
	int rc;

	(void)n;
	if ((rc = read_wish(&w, CA_DAYS)))
		return rc;
	rc = err_exit(authority_ca(words[0], &w, &cert, &made));
	if (!rc)
		rc = tell(cert, words[0], "ca-cert.pem", made);
	X509_free(cert);
	return rc;
}

int ticket_cert(int n, const char **words)
{
	struct authority_wish w;
	X509 *cert = NULL;
	bool made;
	int rc;

	(void)n;
	if ((rc = read_wish(&w, CERT_DAYS)))
		return rc;
	w.hosts = (const char *const *)ticket_opt.hosts;
	while (w.hosts && w.hosts[w.n_hosts])
		w.n_hosts++;
	if (!w.n_hosts)
		return cli_usage("cert: for which server? --host NAME");
	rc = err_exit(authority_server(words[0], &w, &cert, &made));
	if (!rc)
		rc = tell(cert, words[0], "server-cert.pem", made);
	X509_free(cert);
	return rc;
}

int ticket_subject(int n, const char **words)
{
	struct buf pem = {0}, subject = {0}, line = {0};
	STACK_OF(X509) *certs = NULL;
	struct ticket_out o;
	int rc = err_exit(pem_file(words[0], false, &pem));

	(void)n;
	if (!rc && !(certs = pem_certs(buf_slice(&pem)))) {
		log_error("%s: no certificate: %s", words[0], tls_reason());
		rc = EX_DATAERR;
	} else if (!rc && !tls_subject_print(sk_X509_value(certs, 0), &subject)) {
		log_error("%s: its subject can't be written as a host-subject", words[0]);
		rc = EX_DATAERR;
	}
	if (!rc && ticket_opt.json) {
		out_begin(&o);
		out_text(&o, "subject", buf_slice(&subject));
		rc = out_end(&o);
	} else if (!rc) {
		out_line(&line, buf_slice(&subject));
		fputs(buf_cstr(&line), stdout);
		rc = cli_flush();
	}
	sk_X509_pop_free(certs, X509_free);
	buf_fini(&pem);
	buf_fini(&subject);
	buf_fini(&line);
	return rc;
}
