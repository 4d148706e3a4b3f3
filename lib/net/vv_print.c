/* Connection files written: what vv.c and virt-viewer read back to the same. */
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "net/endpoint.h"

/* As GLib reads values: a blank at the front, line ends and backslashes are escaped. */
static void put(struct buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "%s=", key);
	for (const char *s = value; *s; s++) {
		switch (*s) {
		case '\\':
			buf_str(out, "\\\\");
			break;
		case '\n':
			buf_str(out, "\\n");
			break;
		case '\r':
			buf_str(out, "\\r");
			break;
		case '\t':
			buf_str(out, "\\t");
			break;
		case ' ':
			buf_str(out, s == value ? "\\s" : " ");
			break;
		default:
			buf_u8(out, (uint8_t)*s);
		}
	}
	buf_u8(out, '\n');
}

static void put_number(struct buf *out, const char *key, int v)
{
	if (v)
		buf_printf(out, "%s=%d\n", key, v);
}

int endpoint_print_vv(const struct endpoint *e, struct buf *out)
{
	struct endpoint back;
	size_t start = buf_len(out);
	int rc;

	buf_str(out, "[virt-viewer]\ntype=spice\n");
	put(out, "unix-path", e->unix_path);
	put(out, "host", e->host);
	put_number(out, "port", e->port);
	put_number(out, "tls-port", e->tls_port);
	put(out, "username", e->user);
	put(out, "password", e->password);
	put(out, "title", e->title);
	put_number(out, "fullscreen", e->fullscreen);
	put(out, "ca", e->ca);
	put(out, "host-subject", e->host_subject);
	put(out, "secure-channels", e->secure_channels);
	put(out, "disable-channels", e->disable_channels);
	put(out, "proxy", e->proxy);
	put_number(out, "delete-this-file", e->delete_file);
	/* what a viewer would refuse is not written */
	rc = endpoint_parse_vv(&back, slice_of(buf_data(out) + start, buf_len(out) - start));
	endpoint_fini(&back);
	return rc;
}
