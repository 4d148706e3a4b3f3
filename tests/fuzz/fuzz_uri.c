/* F-24: SERVER words. What parses has a host that is one and ports in range, and the URI that is
 * printed of it parses to the same and prints the same again; secrets stay out of it. */
#include <stdlib.h>

#include "base/mem.h"
#include "net/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check(const struct endpoint *e)
{
	struct endpoint again;
	char *uri = endpoint_uri(e), *second;

	if (!e->unix_path && (!endpoint_is_host(e->host) || (!e->port && !e->tls_port)))
		abort();
	if (e->port < 0 || e->port > 65535 || e->tls_port < 0 || e->tls_port > 65535)
		abort();
	if (endpoint_parse(&again, uri))
		abort();
	second = endpoint_uri(&again);
	if (!same(uri, second) || !same(e->host, again.host) || !same(e->user, again.user) ||
		!same(e->unix_path, again.unix_path) || !same(e->path, again.path) ||
		e->port != again.port || e->tls_port != again.tls_port ||
		e->websocket != again.websocket || again.password)
		abort();
	free(uri);
	free(second);
	endpoint_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *word = xstrndup((const char *)p, n);
	struct endpoint e;

	if (endpoint_parse(&e, word) == 0)
		check(&e);
	endpoint_fini(&e);
	free(word);
	return 0;
}
