/* SERVER words: URIs by the rules of spice-gtk (uri-vv.md 1), and HOST[:PORT]. What differs:
 * spice://HOST has port 5900, a user's name in it may carry anything %-encoded, and a port is a
 * plain decimal of 1 to 65535. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/endpoint.h"
#include "net/uri.h"

enum {
	KEY_MAX = 31,
	VALUE_MAX = 127,
	HOST_MAX = 255,
	PATH_MAX_BYTES = 1024,
	ZONE_MAX = 31,
	UNIX_PATH_MAX = 107,
};

struct scheme {
	const char *name;
	bool tls, websocket, is_unix;
	int port; /* when none is given; 0: it must be */
};

static const struct scheme schemes[] = {
	{"spice", false, false, false, ENDPOINT_PORT},
	{"spice+tls", true, false, false, 0},
	{"spice+unix", false, false, true, 0},
	{"ws", false, true, false, 80},
	{"wss", true, true, false, 443},
};

/* Errors never repeat the word: it may hold a password. */
static int refuse(const char *why)
{
	log_error("server address: %s", why);
	return E_USAGE;
}

char *uri_decoded(struct slice s)
{
	struct buf b = {0};

	buf_reserve(&b, s.n + 1); /* it may be a secret, which is not moved about */
	if (text_unpercent(&b, s)) {
		buf_wipe(&b);
		return NULL;
	}
	buf_u8(&b, 0);
	return (char *)b.mem;
}

static bool is_name_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '.' || c == '_';
}

static bool is_host_name(const char *s)
{
	for (const char *p = s; *p; p++)
		if (!is_name_byte((uint8_t)*p) && !((uint8_t)*p & 0x80))
			return false;
	return *s && strlen(s) <= HOST_MAX;
}

static bool is_ipv6(const char *s)
{
	const char *zone = strchr(s, '%');
	struct in6_addr a;
	char *addr = zone ? xstrndup(s, (size_t)(zone - s)) : xstrdup(s);
	bool ok = inet_pton(AF_INET6, addr, &a) == 1;

	free(addr);
	if (!zone)
		return ok;
	for (const char *p = zone + 1; *p; p++)
		ok = ok && is_name_byte((uint8_t)*p);
	return ok && zone[1] && strlen(zone + 1) <= ZONE_MAX;
}

bool endpoint_is_host(const char *s)
{
	return is_host_name(s) || is_ipv6(s);
}

bool endpoint_is_unix_path(const char *s)
{
	return s[0] == '/' && strlen(s) <= UNIX_PATH_MAX;
}

/* NULL, or what is wrong. */
static const char *read_port(struct slice s, int *port)
{
	char *text = xstrndup((const char *)s.p, s.n);
	long long n;
	int rc = text_number(text, 1, 65535, &n);

	free(text);
	if (rc || s.n > 5)
		return "a port is a number of 1 to 65535";
	*port = (int)n;
	return NULL;
}

const char *uri_host_port(struct slice s, bool uri, char **host_out, int *port)
{
	bool bracket = s.n && s.p[0] == '[';
	const uint8_t *end = s.n ? memchr(s.p, bracket ? ']' : ':', s.n) : NULL;
	struct slice host = s, rest = {0};

	if (bracket && !end)
		return "a bracket is missing";
	if (end) {
		host.n = (size_t)(end - s.p);
		rest = slice_of(end + bracket, s.n - host.n - bracket);
	}
	if (bracket)
		host = slice_of(host.p + 1, host.n - 1);
	else if (!uri && rest.n > 1 &&
		 memchr(rest.p + 1, ':', rest.n - 1)) /* a bare IPv6 address */
		host = s, rest = (struct slice){0}, bracket = true;
	*host_out = uri ? uri_decoded(host) : xstrndup((const char *)host.p, host.n);
	if (!*host_out || !(bracket ? is_ipv6(*host_out) : is_host_name(*host_out)))
		return "the host is not a name or an address";
	if (!rest.n)
		return NULL;
	if (rest.p[0] != ':')
		return "bytes after a bracket";
	return read_port(slice_of(rest.p + 1, rest.n - 1), port);
}

static int host_port(struct endpoint *e, struct slice s, bool uri, int *port)
{
	const char *why = uri_host_port(s, uri, &e->host, port);

	return why ? refuse(why) : 0;
}

/* [user@]host[:port] of a URI. */
static int authority(struct endpoint *e, struct slice s, int *port)
{
	const uint8_t *at = s.n ? memrchr(s.p, '@', s.n) : NULL;

	if (at) {
		size_t n = (size_t)(at - s.p);

		if (n && !(e->user = uri_decoded(slice_of(s.p, n))))
			return refuse("a broken % escape");
		if (e->user && strlen(e->user) > VALUE_MAX)
			return refuse("the user's name is too long");
		s = slice_of(at + 1, s.n - n - 1);
	}
	return host_port(e, s, true, port);
}

static int query_port(int *port, char *value)
{
	const char *why;

	if (*port)
		return refuse("a port is given twice");
	why = read_port(slice_str(value), port);
	return why ? refuse(why) : 0;
}

/* One key=value. */
static int query_pair(
	struct endpoint *e, const struct scheme *scheme, struct slice key, char *value)
{
	bool port = slice_eq(key, slice_str("port")), tls = slice_eq(key, slice_str("tls-port"));

	if ((port || tls) && scheme->tls) {
		log_warn("server address: ports in the query of spice+tls:// are ignored");
		return 0;
	}
	if (port || tls)
		return query_port(port ? &e->port : &e->tls_port, value);
	if (!slice_eq(key, slice_str("password")))
		return refuse("an unknown key in the query");
	if (e->password)
		return refuse("a password is given twice");
	log_warn("a password in a URI can be seen by others on this machine");
	e->password = xstrdup(value);
	return 0;
}

static int query_item(struct endpoint *e, const struct scheme *scheme, struct slice s)
{
	const uint8_t *eq = memchr(s.p, '=', s.n);
	size_t n = eq ? (size_t)(eq - s.p) : 0;
	char *value;
	int rc;

	if (n == 0 || n > KEY_MAX)
		return refuse("the query is not key=value");
	if (n + 1 == s.n)
		return 0; /* an empty value is skipped */
	if (s.n - n - 1 > VALUE_MAX)
		return refuse("a value in the query is too long");
	value = uri_decoded(slice_of(eq + 1, s.n - n - 1));
	if (!value)
		return refuse("a broken % escape");
	rc = query_pair(e, scheme, slice_of(s.p, n), value);
	secret_free(value);
	return rc;
}

static int query(struct endpoint *e, const struct scheme *scheme, const char *s)
{
	int rc = 0;

	while (*s && rc == 0) {
		size_t n = strcspn(s, "&;");

		if (n)
			rc = query_item(e, scheme, slice_of(s, n));
		s += n + (s[n] != 0);
	}
	return rc;
}

static int unix_uri(struct endpoint *e, const char *path)
{
	if (!endpoint_is_unix_path(path))
		return refuse("the path of a unix socket is absolute and at most 107 bytes long");
	e->unix_path = xstrdup(path);
	return 0;
}

static void read_path(struct endpoint *e, const struct scheme *scheme, const char *s, size_t n)
{
	if (scheme->websocket)
		e->path = s[0] == '/' && n > 1 ? xstrndup(s, n) : NULL;
	else if (n > 1)
		log_warn("server address: the path is ignored");
}

/* What follows scheme://. */
static int inet_uri(struct endpoint *e, const struct scheme *scheme, const char *s)
{
	size_t n = strcspn(s, "/?;"), path;
	int *port = scheme->tls ? &e->tls_port : &e->port;
	int rc = authority(e, slice_of(s, n), port);

	if (rc)
		return rc;
	s += n;
	path = scheme->websocket ? strlen(s) : strcspn(s, "?;");
	if (scheme->websocket && s[0] && s[0] != '/')
		return refuse("a WebSocket's address has no query without a path");
	if (path > PATH_MAX_BYTES)
		return refuse("the path is too long");
	for (size_t i = 0; i < path; i++)
		if (s[i] == ' ' || s[i] == '#' || s[i] & 0x80)
			return refuse("a byte that does not belong in a path");
	read_path(e, scheme, s, path);
	s += path;
	if (*s && (rc = query(e, scheme, s + 1)))
		return rc;
	if (!e->port && !e->tls_port)
		*port = scheme->port;
	return *port || e->tls_port ? 0 : refuse("the port is missing");
}

static int parse_uri(struct endpoint *e, const char *word, size_t n)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const struct scheme *s = &schemes[i];

		if (strlen(s->name) != n || strncasecmp(s->name, word, n) != 0)
			continue;
		e->websocket = s->websocket;
		return s->is_unix ? unix_uri(e, word + n + 3) : inet_uri(e, s, word + n + 3);
	}
	return refuse("unknown scheme (spice, spice+tls, spice+unix, ws or wss)");
}

int endpoint_parse(struct endpoint *e, const char *word)
{
	const char *mark = strstr(word, "://");

	*e = (struct endpoint){0};
	if (strlen(word) > LIM_URI)
		return refuse("too long");
	for (const char *p = word; *p; p++)
		if ((uint8_t)*p < 0x20 || *p == 0x7f)
			return refuse("a control character");
	if (mark)
		return parse_uri(e, word, (size_t)(mark - word));
	e->port = ENDPOINT_PORT;
	return host_port(e, slice_str(word), false, &e->port);
}
