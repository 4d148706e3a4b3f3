/* An endpoint's end, and its URI for messages and titles: what endpoint_parse reads back to the
 * same, less the password. */
#include "net/endpoint.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

static void put_encoded(struct buf *b, const char *s)
{
	for (; *s; s++) {
		uint8_t c = (uint8_t)*s;
		bool plain =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (plain || strchr("-._~:", c))
			buf_u8(b, c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

static const char *scheme(const struct endpoint *e)
{
	if (e->websocket)
		return e->tls_port ? "wss" : "ws";
	return e->port ? "spice" : "spice+tls";
}

char *endpoint_uri(const struct endpoint *e)
{
	bool v6 = e->host && strchr(e->host, ':');
	struct buf b = {0};

	if (e->unix_path)
		return xasprintf("spice+unix://%s", e->unix_path);
	buf_printf(&b, "%s://", scheme(e));
	if (e->user) {
		put_encoded(&b, e->user);
		buf_u8(&b, '@');
	}
	buf_str(&b, v6 ? "[" : "");
	put_encoded(&b, e->host ? e->host : "");
	buf_str(&b, v6 ? "]" : "");
	buf_printf(&b, ":%d", e->port ? e->port : e->tls_port);
	if (e->websocket && e->path)
		buf_str(&b, e->path);
	if (!e->websocket && e->port && e->tls_port)
		buf_printf(&b, "?tls-port=%d", e->tls_port);
	buf_u8(&b, 0);
	return (char *)b.mem;
}

void endpoint_fini(struct endpoint *e)
{
	if (e->password)
		explicit_bzero(e->password, strlen(e->password));
	free(e->host);
	free(e->unix_path);
	free(e->path);
	free(e->user);
	free(e->password);
	free(e->title);
	free(e->ca);
	free(e->host_subject);
	free(e->proxy);
	free(e->secure_channels);
	free(e->disable_channels);
	*e = (struct endpoint){0};
}
