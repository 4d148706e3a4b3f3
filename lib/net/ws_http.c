/* The HTTP that opens a WebSocket (wire.md 1.6): strict lines, few headers, no continuation lines.
 *
 * Browsers let any page open a WebSocket to any host, so a page's Origin must be the host that it
 * connects to (ports may differ), or one that was named. The subprotocol is `binary` where one is
 * asked for; spice-html5 does. */
#include "net/ws_http.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "net/http.h"

enum { KEY_CHARS = 24, SHA1_BYTES = 20, ACCEPT_CHARS = 28 };

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

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

/* Does the page come from the host that it talks to, or from one of the others that may? */
static bool is_welcome(struct slice origin, struct slice host, char *const *origins)
{
	const uint8_t *mark = origin.n ? memmem(origin.p, origin.n, "://", 3) : NULL;
	struct slice page;

	if (!mark)
		return false;
	page = http_host(slice_of(mark + 3, origin.n - (size_t)(mark + 3 - origin.p)));
	host = http_host(host);
	if (page.n && page.n == host.n && strncasecmp((const char *)page.p, (const char *)host.p, page.n) == 0)
		return true;
	for (; origins && *origins; origins++)
		if (http_same(page, *origins))
			return true;
	return false;
}

static bool is_binary(struct slice protocol)
{
	return http_begins(protocol, "binary") && (protocol.n == 6 || strchr(", \t", protocol.p[6]));
}

static bool is_request(struct slice line)
{
	static const char tail[] = " HTTP/1.1";
	size_t n = sizeof(tail) - 1;

	return http_begins(line, "GET /") && line.n > n + 4 &&
	       memcmp(line.p + line.n - n, tail, n) == 0 &&
	       !memchr(line.p + 4, ' ', line.n - n - 4);
}

/* The status of the answer; *why when it is not 101. */
static unsigned judge(struct slice bytes, char *const *origins, struct http_head *h, struct slice *key,
	struct slice *protocol, const char **why)
{
	bool twice = false;
	struct slice origin, version, host;

	*why = http_parse(bytes, h);
	if (*why)
		return 400;
	*key = http_find(h, "Sec-WebSocket-Key", &twice);
	*protocol = http_find(h, "Sec-WebSocket-Protocol", &twice);
	version = http_find(h, "Sec-WebSocket-Version", &twice);
	origin = http_find(h, "Origin", &twice);
	host = http_find(h, "Host", &twice);
	*why = !is_request(h->first)		      ? "not a request"
	       : twice				      ? "a header stands there twice"
	       : protocol->p && !is_binary(*protocol) ? "the subprotocol is not binary"
						      : NULL;
	if (*why)
		return 400;
	*why = !http_lists(h, "Upgrade", "websocket") || !http_lists(h, "Connection", "upgrade")
		       ? "no upgrade is asked for"
	       : version.p && !http_same(version, "13") ? "an unknown version"
						   : NULL;
	if (*why)
		return 426;
	if (key->n != KEY_CHARS) {
		*why = "a malformed key";
		return 400;
	}
	if (origin.p && !is_welcome(origin, host, origins)) {
		*why = "a page from elsewhere";
		return 403;
	}
	return 101;
}

int ws_http_answer(struct slice bytes, char *const *origins, struct buf *out, const char **why)
{
	char accept[ACCEPT_CHARS + 1];
	struct slice key, protocol;
	struct http_head h;
	unsigned status = judge(bytes, origins, &h, &key, &protocol, why);

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
	char key[KEY_CHARS + 1];

	key_of(nonce, key);
	buf_printf(out, "GET %s HTTP/1.1\r\nHost: ", path ? path : "/");
	http_put_host(out, host, port);
	buf_printf(out,
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n",
		key);
}

const char *ws_http_check(struct slice bytes, const uint8_t nonce[WS_NONCE], unsigned *status)
{
	char key[KEY_CHARS + 1], accept[ACCEPT_CHARS + 1];
	struct slice given, protocol;
	const char *why;
	bool twice = false;
	struct http_head h;

	*status = 0;
	why = http_parse(bytes, &h);
	if (why)
		return why;
	*status = http_status(h.first);
	if (*status != 101 || !http_begins(h.first, "HTTP/1.1"))
		return *status && *status != 101 ? "no WebSocket is there" : "not an HTTP/1.1 answer";
	key_of(nonce, key);
	accept_hash(slice_str(key), accept);
	given = http_find(&h, "Sec-WebSocket-Accept", &twice);
	protocol = http_find(&h, "Sec-WebSocket-Protocol", &twice);
	if (twice)
		return "a header stands there twice";
	if (!http_lists(&h, "Upgrade", "websocket") || !http_lists(&h, "Connection", "upgrade"))
		return "no upgrade";
	if (!slice_eq(given, slice_str(accept)))
		return "not the answer to our key";
	if (http_find(&h, "Sec-WebSocket-Extensions", &twice).n)
		return "an extension that was not asked for";
	return protocol.p && !http_same(protocol, "binary") ? "the subprotocol is not binary" : NULL;
}
