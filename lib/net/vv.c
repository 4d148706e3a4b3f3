/* Connection files of virt-viewer (.vv): GLib key files, of which the group [virt-viewer] counts
 * (uri-vv.md 2). They come from web pages, so every line is either understood or refused, values
 * hold no control characters (but the line ends of `ca`), and there is no key that runs anything.
 * Repeated keys: the last one counts, as in GLib. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/endpoint.h"

enum { HOST_MAX = 255, NAME_MAX_BYTES = 64 };

/* The newest virt-viewer whose files we understand: `version` asks for at least that. */
static const unsigned understood[] = {11, 0, 0, 0};

/* What is read before it is judged as a whole. */
struct vv {
	struct endpoint *e;
	char *type, *version, *newer; /* newer: where there is a viewer that understands the file */
};

enum kind { TEXT, LINES, PORT, BOOL, SECRET, HOTKEY };

struct key {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct vv when `own`, else in struct endpoint */
	bool own;
};

#define IN_ENDPOINT(m) offsetof(struct endpoint, m), false
#define IN_VV(m) offsetof(struct vv, m), true

static const struct key keys[] = {
	{"type", TEXT, IN_VV(type)},
	{"version", TEXT, IN_VV(version)},
	{"newer-version-url", TEXT, IN_VV(newer)},
	{"unix-path", TEXT, IN_ENDPOINT(unix_path)},
	{"host", TEXT, IN_ENDPOINT(host)},
	{"port", PORT, IN_ENDPOINT(port)},
	{"tls-port", PORT, IN_ENDPOINT(tls_port)},
	{"username", TEXT, IN_ENDPOINT(user)},
	{"password", SECRET, IN_ENDPOINT(password)},
	{"disable-channels", TEXT, IN_ENDPOINT(disable_channels)},
	{"title", TEXT, IN_ENDPOINT(title)},
	{"fullscreen", BOOL, IN_ENDPOINT(fullscreen)},
	{"ca", LINES, IN_ENDPOINT(ca)},
	{"host-subject", TEXT, IN_ENDPOINT(host_subject)},
	{"secure-channels", TEXT, IN_ENDPOINT(secure_channels)},
	{"delete-this-file", BOOL, IN_ENDPOINT(delete_file)},
	{"proxy", TEXT, IN_ENDPOINT(proxy)},
	{"toggle-fullscreen", HOTKEY, IN_ENDPOINT(hotkeys)},
	{"release-cursor", HOTKEY, IN_ENDPOINT(hotkeys)},
	{"secure-attention", HOTKEY, IN_ENDPOINT(hotkeys)},
};

static int refuse(const char *key, const char *why)
{
	log_error("connection file: %s: %s", key, why);
	return E_INVAL;
}

/* \s \n \t \r \\ and, in lists, \; (kept as it is: the list is cut later). */
static int unescape(struct buf *out, struct slice in)
{
	static const char from[] = "sntr\\;", to[] = " \n\t\r\\;";

	for (size_t i = 0; i < in.n; i++) {
		const char *at;

		if (in.p[i] != '\\') {
			buf_u8(out, in.p[i]);
			continue;
		}
		if (++i == in.n || !in.p[i] || !(at = strchr(from, in.p[i])))
			return E_INVAL;
		buf_u8(out, (uint8_t)to[at - from]);
	}
	return 0;
}

/* Printable as it stands: nothing that text_escape would touch, backslashes and (in `ca`) line ends
 * aside. */
static bool is_clean(struct slice s, bool lines)
{
	struct buf rest = {0}, escaped = {0};
	bool clean;

	buf_reserve(&rest, s.n);
	buf_reserve(&escaped, 4 * s.n);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\\' && !(lines && (s.p[i] == '\n' || s.p[i] == '\r')))
			buf_u8(&rest, s.p[i]);
	text_escape(&escaped, buf_slice(&rest));
	clean = buf_len(&escaped) == buf_len(&rest);
	buf_wipe(&rest);
	buf_wipe(&escaped);
	return clean;
}

static int set_text(char **to, const struct key *k, struct slice value)
{
	struct buf b = {0};

	buf_reserve(&b, value.n + 1); /* it may be a secret, which is not moved about */
	if (unescape(&b, value)) {
		buf_wipe(&b);
		return refuse(k->name, "a broken \\ escape");
	}
	if (!is_clean(buf_slice(&b), k->kind == LINES)) {
		buf_wipe(&b);
		return refuse(k->name, "not printable");
	}
	buf_u8(&b, 0);
	secret_free(*to);
	*to = (char *)b.mem;
	if (**to)
		return 0;
	free(*to); /* an empty value is as good as none */
	*to = NULL;
	return 0;
}

/* One more of the list; one that would break the list is none. */
static int add_hotkey(char **list, const struct key *k, struct slice value)
{
	char *chord = NULL, *more;
	int rc = set_text(&chord, k, value);

	if (rc)
		return rc;
	if (!chord || !strpbrk(chord, ",=")) {
		more = xasprintf("%s%s%s=%s", *list ? *list : "", *list ? "," : "", k->name, chord ? chord : "");
		free(*list);
		*list = more;
	}
	free(chord);
	return 0;
}

static int set_port(int *to, const struct key *k, struct slice value)
{
	char *text = xstrndup((const char *)value.p, value.n);
	long long n;
	int rc = text_number(text, -1, 65535, &n);

	free(text);
	if (rc)
		return refuse(k->name, "not a port");
	*to = n > 0 ? (int)n : 0;
	return 0;
}

static int set_bool(bool *to, const struct key *k, struct slice value)
{
	bool yes = slice_eq(value, slice_str("true")) || slice_eq(value, slice_str("1"));

	if (!yes && !slice_eq(value, slice_str("false")) && !slice_eq(value, slice_str("0")))
		return refuse(k->name, "neither true nor false");
	*to = yes;
	return 0;
}

static int set(struct vv *v, struct slice name, struct slice value)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct key *k = &keys[i];
		char *at = (k->own ? (char *)v : (char *)v->e) + k->offset;

		if (!slice_eq(name, slice_str(k->name)))
			continue;
		switch (k->kind) {
		case PORT:
			return set_port((int *)(void *)at, k, slice_trim(value));
		case BOOL:
			return set_bool((bool *)at, k, slice_trim(value));
		case HOTKEY:
			return add_hotkey((char **)(void *)at, k, slice_trim(value));
		default:
			return set_text((char **)(void *)at, k, value);
		}
	}
	return 0;
}

/* One line; *ours says whether the group that it stands in is [virt-viewer], *any whether there was
 * a group. */
static int line(struct vv *v, struct slice s, bool *ours, bool *any)
{
	const uint8_t *eq;
	struct slice name, value;

	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	if (slice_trim(s).n == 0 || s.p[0] == '#')
		return 0;
	if (s.p[0] == '[') {
		s = slice_trim(s);
		if (s.n < 3 || s.p[s.n - 1] != ']' || memchr(s.p + 1, '[', s.n - 1))
			return refuse("group", "malformed");
		*any = true;
		*ours = slice_eq(slice_of(s.p + 1, s.n - 2), slice_str("virt-viewer"));
		return 0;
	}
	eq = memchr(s.p, '=', s.n);
	name = slice_trim(slice_of(s.p, eq ? (size_t)(eq - s.p) : 0));
	if (!eq || !name.n || name.n > NAME_MAX_BYTES || !*any)
		return refuse("line", *any ? "not key=value" : "not in a group");
	value = slice_of(eq + 1, s.n - (size_t)(eq + 1 - s.p));
	while (value.n && (value.p[0] == ' ' || value.p[0] == '\t'))
		value = slice_of(value.p + 1, value.n - 1);
	return *ours ? set(v, name, value) : 0;
}

static int refuse_old(const char *newer)
{
	log_error("connection file: version: the file asks for a newer viewer%s%s", newer ? ": " : "",
		newer ? newer : "");
	return E_INVAL;
}

/* "a.b.c-d" against what we understand. */
static int check_version(const char *s, const char *newer)
{
	for (size_t i = 0; i < ARRAY_SIZE(understood) && s && *s; i++) {
		size_t n = strspn(s, "0123456789");
		unsigned long part = n && n < 6 ? strtoul(s, NULL, 10) : 0;

		if (!n || n > 5)
			return refuse("version", "malformed");
		if (part != understood[i])
			return part < understood[i]
				       ? 0
				       : refuse_old(newer);
		s += n;
		if (*s && !strchr(".-", *s))
			return refuse("version", "malformed");
		s += *s != 0;
	}
	return 0;
}

/* What only a proxy has to understand: Proxmox gives out "pvespiceproxy:5f3c:100:node::signature". */
static bool is_graphic(const char *s)
{
	for (const char *p = s; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return strlen(s) <= HOST_MAX;
}

static int check(const struct vv *v)
{
	const struct endpoint *e = v->e;

	if (!v->type || strcmp(v->type, "spice") != 0)
		return refuse("type", v->type ? "not spice" : "missing");
	if (check_version(v->version, v->newer))
		return E_INVAL;
	if (e->unix_path && (e->host || e->port || e->tls_port))
		return refuse("unix-path", "not together with host and ports");
	if (e->unix_path && !endpoint_is_unix_path(e->unix_path))
		return refuse("unix-path", "not an absolute path of at most 107 bytes");
	if (!e->unix_path && !e->host)
		return refuse("host", "missing");
	if (e->proxy && endpoint_check_proxy(e->proxy))
		return E_INVAL;
	if (e->host && !endpoint_is_host(e->host) && !(e->proxy && is_graphic(e->host)))
		return refuse("host", "neither a name nor an address");
	if (!e->unix_path && !e->port && !e->tls_port)
		return refuse("port", "neither port nor tls-port");
	return 0;
}

int endpoint_parse_vv(struct endpoint *e, struct slice text)
{
	struct vv v = {.e = e};
	bool ours = false, any = false;
	int rc = 0;

	*e = (struct endpoint){0};
	if (text.n > LIM_VV_FILE)
		return refuse("file", "too long");
	if (text.n && memchr(text.p, 0, text.n))
		return refuse("file", "not text");
	while (text.n && rc == 0) {
		const uint8_t *nl = memchr(text.p, '\n', text.n);
		size_t n = nl ? (size_t)(nl - text.p) : text.n;

		rc = line(&v, slice_of(text.p, n), &ours, &any);
		text = nl ? slice_of(nl + 1, text.n - n - 1) : (struct slice){0};
	}
	if (rc == 0)
		rc = check(&v);
	free(v.type);
	free(v.version);
	free(v.newer);
	return rc;
}
