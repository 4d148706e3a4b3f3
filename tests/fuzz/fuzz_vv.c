/* F-23: .vv files. What parses names a server, its values are printable, and a group that nobody
 * knows changes nothing. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "net/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* No control byte, line ends aside where `lines`. */
static void printable(const char *s, bool lines)
{
	for (; s && *s; s++)
		if (((uint8_t)*s < 0x20 && !(lines && (*s == '\n' || *s == '\r'))) || *s == 0x7f)
			abort();
}

static void check(const struct endpoint *e)
{
	char *uri = endpoint_uri(e);

	if (!e->unix_path && (!endpoint_is_host(e->host) || (!e->port && !e->tls_port)))
		abort();
	if (e->unix_path && (e->host || e->port || e->tls_port || e->unix_path[0] != '/'))
		abort();
	printable(e->user, false);
	printable(e->password, false);
	printable(e->title, false);
	printable(e->ca, true);
	printable(e->host_subject, false);
	printable(e->proxy, false);
	printable(e->secure_channels, false);
	printable(e->disable_channels, false);
	printable(uri, false);
	free(uri);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char more[] = "\n[nobody knows]\nhost=other\nport=x\ntype=vnc\n";
	struct endpoint e, longer;
	struct buf text = {0};
	int rc = endpoint_parse_vv(&e, slice_of(p, n)), again;

	if (rc == 0)
		check(&e);
	buf_put(&text, p, n);
	buf_str(&text, more);
	again = endpoint_parse_vv(&longer, buf_slice(&text));
	if (buf_len(&text) <= LIM_VV_FILE && rc != again)
		abort();
	if (rc == 0 && again == 0 && (e.port != longer.port || e.tls_port != longer.tls_port))
		abort();
	endpoint_fini(&e);
	endpoint_fini(&longer);
	buf_fini(&text);
	return 0;
}
