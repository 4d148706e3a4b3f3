/* F-33: requests for files and answers of proxies, over a transport in memory. The first byte chooses which; the rest
 * comes whole and again in pieces, and must give the same bytes and the same end. The same text is read as the URL of a
 * proxy, too. */
#include "tests/fuzz/memory.h"
#include "net/http.h"
#include "net/proxy.h"
#include "net/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int through_proxy(struct slice in, size_t piece, struct buf *out)
{
	struct proxy p = {0};

	return drain(xport_proxy(&memory_new(in, piece)->x, &p, "h", 1), out);
}

/* What a web server of an empty folder makes of it: an answer, or nothing. */
static void request(struct slice in)
{
	static const struct web web = {.dir = -1};
	size_t n = http_length(in, 0);
	struct buf none = {0};

	if (!n || n > LIM_HTTP_HEAD || !web_is_file(slice_of(in.p, n)))
		return;
	if (drain(xport_web(&memory_new((struct slice){0}, 0)->x, &web, slice_of(in.p, n)), &none) != E_CLOSED)
		abort();
	if (buf_len(&none)) /* nothing of SPICE comes from a browser that wants a file */
		abort();
	buf_fini(&none);
}

static void url(struct slice in)
{
	char *text = xstrndup((const char *)in.p, in.n);
	struct proxy p;

	if (proxy_parse(&p, text) == 0 && (!p.host || !*p.host || p.port < 1 || p.port > 65535))
		abort();
	proxy_fini(&p);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf whole = {0}, cut = {0};
	struct slice in;

	if (!n)
		return 0;
	in = slice_of(p + 1, n - 1);
	if (p[0] & 1) {
		request(in);
		url(in);
		return 0;
	}
	if (through_proxy(in, 0, &whole) != through_proxy(in, 1 + p[0] / 2 % 7, &cut) ||
		!slice_eq(buf_slice(&whole), buf_slice(&cut)))
		abort();
	buf_fini(&whole);
	buf_fini(&cut);
	return 0;
}
