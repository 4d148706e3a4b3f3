/* HTTP CONNECT, the client's end (uri-vv.md 3). The proxy is told the host as it was given: Proxmox and others give out
 * names that only their proxy understands, and that are never looked up here. */
#include "net/proxy.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/endpoint.h"
#include "net/http.h"
#include "net/uri.h"

enum { HTTP_PORT = 3128, HTTPS_PORT = 3129, LOGIN_MAX = 255 };

/* ---- its URL ---- */

static int refuse(const char *why)
{
	log_error("proxy: %s", why);
	return E_USAGE;
}

/* "user:password@", each %-encoded, before the host. */
static int read_login(struct proxy *p, struct slice s)
{
	char *login = s.n <= LOGIN_MAX ? uri_decoded(s) : NULL;

	if (!login)
		return refuse("a user's name or password is too long, or a broken % escape");
	p->password = strchr(login, ':') ? login : xasprintf("%s:", login);
	if (p->password != login)
		free(login);
	return 0;
}

int proxy_parse(struct proxy *p, const char *url)
{
	const char *mark = strstr(url, "://"), *at;
	size_t scheme = mark ? (size_t)(mark - url) : 0, n;
	const char *why;

	*p = (struct proxy){0};
	p->tls = scheme == 5 && strncasecmp(url, "https", 5) == 0;
	if (mark && !p->tls && !(scheme == 4 && strncasecmp(url, "http", 4) == 0))
		return refuse("neither http:// nor https://");
	if (strlen(url) > LIM_URI)
		return refuse("too long");
	url += mark ? scheme + 3 : 0;
	n = strcspn(url, "/");
	if (url[n] && url[n + 1])
		return refuse("a path makes no sense");
	at = memrchr(url, '@', n);
	if (at && read_login(p, slice_of(url, (size_t)(at - url))))
		return E_USAGE;
	if (at) {
		n -= (size_t)(at + 1 - url);
		url = at + 1;
	}
	p->port = p->tls ? HTTPS_PORT : HTTP_PORT;
	why = uri_host_port(slice_of(url, n), true, &p->host, &p->port);
	return why ? refuse(why) : 0;
}

void proxy_fini(struct proxy *p)
{
	secret_free(p->password);
	free(p->host);
	*p = (struct proxy){0};
}

int endpoint_check_proxy(const char *url)
{
	struct proxy p;
	int rc = proxy_parse(&p, url);

	proxy_fini(&p);
	return rc;
}

/* ---- the filter ---- */

struct tunnel {
	struct xport x;
	bool open;
	int err;	 /* sticky */
	struct buf out;	 /* the request */
	struct buf raw;	 /* the answer, and what came behind it */
	size_t seen;	 /* bytes of raw without the end of the head */
};

static struct tunnel *of(struct xport *x)
{
	return container_of(x, struct tunnel, x);
}

static int judge(struct tunnel *t, struct slice head)
{
	const char *host = t->x.info.host;
	struct http_head h;
	unsigned status = http_parse(head, &h) ? 0 : http_status(h.first);

	switch (status) {
	case 200:
		return 0;
	case 0:
		log_error("%s: that is no HTTP proxy", host);
		return E_PROTO;
	case 401: /* tinyproxy 1.11, to a wrong password */
	case 407:
		log_error("%s: the proxy wants a user's name and password, or others", host);
		return E_AUTH;
	default:
		log_error("%s: the proxy does not connect us (%u)", host, status);
		return E_UNREACH;
	}
}

/* 0 once the proxy has connected us. */
static int open_up(struct tunnel *t)
{
	size_t n;
	int rc;

	if (t->open || t->err)
		return t->err;
	rc = xport_flush(t->x.below, &t->out);
	if (rc && rc != E_AGAIN)
		return rc;
	rc = http_read(t->x.below, &t->raw, &t->seen, &n);
	if (rc == E_LIMIT)
		log_error("%s: the proxy's answer is too long", t->x.info.host);
	if (rc && rc != E_LIMIT)
		return rc;
	t->err = rc ? E_PROTO : judge(t, slice_of(buf_data(&t->raw), n));
	t->open = !t->err;
	if (t->open)
		buf_skip(&t->raw, n);
	return t->err;
}

static ssize_t tunnel_read(struct xport *x, void *p, size_t n)
{
	struct tunnel *t = of(x);
	int rc = open_up(t);

	if (rc)
		return rc;
	if (!buf_len(&t->raw))
		return xport_read(x->below, p, n);
	if (n > buf_len(&t->raw))
		n = buf_len(&t->raw);
	memcpy(p, buf_data(&t->raw), n);
	buf_skip(&t->raw, n);
	return (ssize_t)n;
}

static ssize_t tunnel_write(struct xport *x, const void *p, size_t n)
{
	int rc = open_up(of(x));

	return rc ? rc : xport_write(x->below, p, n);
}

static unsigned tunnel_want(struct xport *x)
{
	struct tunnel *t = of(x);
	unsigned want = xport_want(x->below);

	if (!t->open && !t->err)
		want |= XPORT_IN | (buf_len(&t->out) ? XPORT_OUT : 0);
	return want;
}

static bool tunnel_pending(struct xport *x)
{
	return (of(x)->open && buf_len(&of(x)->raw)) || xport_pending(x->below);
}

static void tunnel_close(struct xport *x)
{
	struct tunnel *t = of(x);

	xport_close(x->below);
	buf_wipe(&t->out);
	buf_fini(&t->raw);
	free(t);
}

static const struct xport_ops tunnel_ops = {
	.read = tunnel_read,
	.write = tunnel_write,
	.want = tunnel_want,
	.pending = tunnel_pending,
	.close = tunnel_close,
};

static void put_login(struct buf *out, const char *login)
{
	char text[4 * LOGIN_MAX];

	EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)login, (int)strlen(login));
	buf_printf(out, "Proxy-Authorization: Basic %s\r\n", text);
	explicit_bzero(text, sizeof(text));
}

struct xport *xport_proxy(struct xport *below, const struct proxy *p, const char *host, unsigned port)
{
	struct tunnel *t = new(struct tunnel);

	xport_put_on(&t->x, &tunnel_ops, below);
	buf_str(&t->out, "CONNECT ");
	http_put_host(&t->out, host, port);
	buf_str(&t->out, " HTTP/1.0\r\nHost: ");
	http_put_host(&t->out, host, port);
	buf_str(&t->out, "\r\n");
	if (p->password)
		put_login(&t->out, p->password);
	buf_str(&t->out, "\r\n");
	return &t->x;
}
