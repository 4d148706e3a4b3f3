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

/* Every string of an endpoint. */
static const size_t strings[] = {
	offsetof(struct endpoint, host), offsetof(struct endpoint, unix_path), offsetof(struct endpoint, path),
	offsetof(struct endpoint, user), offsetof(struct endpoint, password), offsetof(struct endpoint, title),
	offsetof(struct endpoint, ca), offsetof(struct endpoint, host_subject), offsetof(struct endpoint, proxy),
	offsetof(struct endpoint, secure_channels), offsetof(struct endpoint, disable_channels),
	offsetof(struct endpoint, connect_command), offsetof(struct endpoint, hotkeys),
};

static char **string(struct endpoint *e, size_t offset)
{
	return (char **)(void *)((char *)e + offset);
}

void endpoint_copy(struct endpoint *to, const struct endpoint *from)
{
	*to = *from;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		char **s = string(to, strings[i]);

		*s = *s ? xstrdup(*s) : NULL;
	}
}

void endpoint_fini(struct endpoint *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		secret_free(*string(e, strings[i])); /* the password, and a proxy may hold one */
	*e = (struct endpoint){0};
}
