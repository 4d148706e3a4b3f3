/* The HTTP that opens a WebSocket (wire.md 1.6): strict lines, few headers, no continuation lines.
 *
 * Browsers let any page open a WebSocket to any host, so a page's Origin must be the host that it
 * connects to (ports may differ). The subprotocol is `binary` where one is named; spice-html5 names
 * it. */
#include "net/ws_http.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/limits.h"

enum { KEY_CHARS = 24, SHA1_BYTES = 20, ACCEPT_CHARS = 28 };

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

struct head {
	struct slice first;
	struct {
		struct slice name, value;
	} field[LIM_HTTP_LINES];
	unsigned n;
};

size_t ws_http_length(struct slice s, size_t seen)
{
	const uint8_t *end;

	seen = seen > 3 ? seen - 3 : 0;
	end = s.n > seen ? memmem(s.p + seen, s.n - seen, "\r\n\r\n", 4) : NULL;
	return end ? (size_t)(end - s.p) + 4 : 0;
}

static bool same(struct slice a, const char *b)
{
	return a.n == strlen(b) && strncasecmp((const char *)a.p, b, a.n) == 0;
}

static bool begins(struct slice a, const char *b)
{
	return a.n >= strlen(b) && memcmp(a.p, b, strlen(b)) == 0;
}

static bool clean(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

/* The next line without its CRLF; false when it holds control characters. */
static bool next_line(struct slice *s, struct slice *line)
{
	const uint8_t *end = s->n ? memmem(s->p, s->n, "\r\n", 2) : NULL;

	if (!end)
		return false;
	*line = slice_of(s->p, (size_t)(end - s->p));
	*s = slice_of(end + 2, s->n - line->n - 2);
	return clean(*line);
}

/* NULL, or what is wrong. */
static const char *parse(struct slice s, struct head *h)
{
	struct slice line;

	h->n = 0;
	if (!next_line(&s, &h->first))
		return "a malformed first line";
	for (;;) {
		const uint8_t *colon;
		size_t n;

		if (!next_line(&s, &line))
			return "control characters in the head";
		if (!line.n)
			return NULL;
		colon = memchr(line.p, ':', line.n);
		n = colon ? (size_t)(colon - line.p) : 0;
		if (!n || memchr(line.p, ' ', n) || memchr(line.p, '\t', n))
			return "a header without a name";
		if (h->n == LIM_HTTP_LINES)
			return "too many headers";
		h->field[h->n].name = slice_of(line.p, n);
		h->field[h->n++].value = slice_trim(slice_of(colon + 1, line.n - n - 1));
	}
}

/* The value of a header that stands there once; *twice is set when it stands there more often. */
static struct slice find(const struct head *h, const char *name, bool *twice)
{
	struct slice value = {0};

	for (unsigned i = 0; i < h->n; i++) {
		if (!same(h->field[i].name, name))
			continue;
		if (value.p)
			*twice = true;
		value = h->field[i].value;
	}
	return value;
}

/* Is the word one of a comma-separated list, in any of the headers of that name? */
static bool lists(const struct head *h, const char *name, const char *word)
{
	for (unsigned i = 0; i < h->n; i++) {
		struct slice rest = h->field[i].value;

		while (same(h->field[i].name, name) && rest.n) {
			const uint8_t *comma = memchr(rest.p, ',', rest.n);
			size_t n = comma ? (size_t)(comma - rest.p) : rest.n;

			if (same(slice_trim(slice_of(rest.p, n)), word))
				return true;
			rest = slice_of(rest.p + n + (comma != NULL), rest.n - n - (comma != NULL));
		}
	}
	return false;
}

static void accept_hash(struct slice key, char out[ACCEPT_CHARS + 1])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct buf text = {0};
	unsigned n = 0;

	buf_put(&text, key.p, key.n);
	buf_str(&text, guid);
	EVP_Digest(buf_data(&text), buf_len(&text), digest, &n, EVP_sha1(), NULL);
	EVP_EncodeBlock((unsigned char *)out, digest, SHA1_BYTES);
	buf_fini(&text);
}

/* "host:port" and "[v6]:port" without the port. */
static struct slice host_of(struct slice s)
{
	bool bracket = s.n && s.p[0] == '[';
	const uint8_t *end = s.n ? memchr(s.p, bracket ? ']' : ':', s.n) : NULL;

	if (end)
		s.n = (size_t)(end - s.p) + (*end == ']');
	return s;
}

/* Does the page come from the host that it talks to? */
static bool is_own_page(struct slice origin, struct slice host)
{
	const uint8_t *mark = origin.n ? memmem(origin.p, origin.n, "://", 3) : NULL;
	struct slice page;

	if (!mark)
		return false;
	page = host_of(slice_of(mark + 3, origin.n - (size_t)(mark + 3 - origin.p)));
	host = host_of(host);
	return page.n && page.n == host.n &&
	       strncasecmp((const char *)page.p, (const char *)host.p, page.n) == 0;
}

static bool is_binary(struct slice protocol)
{
	return begins(protocol, "binary") && (protocol.n == 6 || strchr(", \t", protocol.p[6]));
}

static bool is_request(struct slice line)
{
	static const char tail[] = " HTTP/1.1";
	size_t n = sizeof(tail) - 1;

	return begins(line, "GET /") && line.n > n + 4 &&
	       memcmp(line.p + line.n - n, tail, n) == 0 &&
	       !memchr(line.p + 4, ' ', line.n - n - 4);
}

/* The status of the answer; *why when it is not 101. */
static unsigned judge(struct slice bytes, struct head *h, struct slice *key, struct slice *protocol,
	const char **why)
{
	bool twice = false;
	struct slice origin, version, host;

	*why = parse(bytes, h);
	if (*why)
		return 400;
	*key = find(h, "Sec-WebSocket-Key", &twice);
	*protocol = find(h, "Sec-WebSocket-Protocol", &twice);
	version = find(h, "Sec-WebSocket-Version", &twice);
	origin = find(h, "Origin", &twice);
	host = find(h, "Host", &twice);
	*why = !is_request(h->first)		      ? "not a request"
	       : twice				      ? "a header stands there twice"
	       : protocol->p && !is_binary(*protocol) ? "the subprotocol is not binary"
						      : NULL;
	if (*why)
		return 400;
	*why = !lists(h, "Upgrade", "websocket") || !lists(h, "Connection", "upgrade")
		       ? "no upgrade is asked for"
	       : version.p && !same(version, "13") ? "an unknown version"
						   : NULL;
	if (*why)
		return 426;
	if (key->n != KEY_CHARS || !clean(*key)) {
		*why = "a malformed key";
		return 400;
	}
	if (origin.p && !is_own_page(origin, host)) {
		*why = "a page from elsewhere";
		return 403;
	}
	return 101;
}

int ws_http_answer(struct slice bytes, struct buf *out, const char **why)
{
	char accept[ACCEPT_CHARS + 1];
	struct slice key, protocol;
	struct head h;
	unsigned status = judge(bytes, &h, &key, &protocol, why);

	if (status != 101) {
		buf_printf(out, "HTTP/1.1 %s\r\n%sConnection: close\r\nContent-Length: 0\r\n\r\n",
			status == 403	? "403 Forbidden"
			: status == 426 ? "426 Upgrade Required"
					: "400 Bad Request",
			status == 426 ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : "");
		return E_PROTO;
	}
	accept_hash(key, accept);
	buf_printf(out,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n%s\r\n",
		accept, protocol.p ? "Sec-WebSocket-Protocol: binary\r\n" : "");
	return 0;
}

static void key_of(const uint8_t nonce[WS_NONCE], char key[KEY_CHARS + 1])
{
	EVP_EncodeBlock((unsigned char *)key, nonce, WS_NONCE);
}

void ws_http_ask(struct buf *out, const char *host, unsigned port, const char *path,
	const uint8_t nonce[WS_NONCE])
{
	bool v6 = strchr(host, ':');
	char key[KEY_CHARS + 1];

	key_of(nonce, key);
	buf_printf(out,
		"GET %s HTTP/1.1\r\nHost: %s%s%s:%u\r\nUpgrade: websocket\r\nConnection: "
		"Upgrade\r\n"
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: "
		"binary\r\n\r\n",
		path ? path : "/", v6 ? "[" : "", host, v6 ? "]" : "", port, key);
}

int ws_http_check(struct slice bytes, const uint8_t nonce[WS_NONCE])
{
	char key[KEY_CHARS + 1], accept[ACCEPT_CHARS + 1];
	struct slice given, protocol;
	bool twice = false;
	struct head h;

	if (parse(bytes, &h) || !begins(h.first, "HTTP/1.1 101"))
		return E_PROTO;
	key_of(nonce, key);
	accept_hash(slice_str(key), accept);
	given = find(&h, "Sec-WebSocket-Accept", &twice);
	protocol = find(&h, "Sec-WebSocket-Protocol", &twice);
	if (twice || !lists(&h, "Upgrade", "websocket") || !slice_eq(given, slice_str(accept)))
		return E_PROTO;
	return protocol.p && !same(protocol, "binary") ? E_PROTO : 0;
}
