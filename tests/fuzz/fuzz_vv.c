/* F-23: .vv files. What parses names a server, its values are printable, and a group that nobody
 * knows changes nothing. What is written of it is read back to the same. */
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

static void same(const char *a, const char *b)
{
	if (!a != !b || (a && strcmp(a, b) != 0))
		abort();
}

/* What is written is read back to the same. */
static void written(const struct endpoint *e)
{
	struct endpoint back;
	struct buf text = {0};

	if (endpoint_print_vv(e, &text) == 0 && endpoint_parse_vv(&back, buf_slice(&text)) == 0) {
		if (back.port != e->port || back.tls_port != e->tls_port || back.fullscreen != e->fullscreen ||
			back.delete_file != e->delete_file)
			abort();
		same(back.host, e->host);
		same(back.unix_path, e->unix_path);
		same(back.user, e->user);
		same(back.password, e->password);
		same(back.title, e->title);
		same(back.ca, e->ca);
		same(back.host_subject, e->host_subject);
		same(back.proxy, e->proxy);
		same(back.secure_channels, e->secure_channels);
		same(back.disable_channels, e->disable_channels);
		endpoint_fini(&back);
	} else if (buf_len(&text) <= LIM_VV_FILE) {
		abort();
	}
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char more[] = "\n[nobody knows]\nhost=other\nport=x\ntype=vnc\n";
	struct endpoint e, longer;
	struct buf text = {0};
	int rc = endpoint_parse_vv(&e, slice_of(p, n)), again;

	if (rc == 0) {
		check(&e);
		written(&e);
	}
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
