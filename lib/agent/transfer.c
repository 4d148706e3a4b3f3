/* Files from a client to its guest. agent.md 4: an offer is a GLib key file, data come in chunks of any size, which
 * are handed on as they arrive. Who may write what where is the owner's business. */
#include "agent/private.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>

static const char group[] = "[vdagent-file-xfer]";

/* ---- client ---- */

/* A value of a key file: what would end or change it is escaped. */
static void put_value(struct buf *out, const char *s)
{
	static const char from[] = "\n\t\r\\", to[] = "ntr\\";

	for (const char *p = s; *p; p++) {
		const char *e = strchr(from, *p);

		if (e)
			buf_printf(out, "\\%c", to[e - from]);
		else if (*p == ' ' && p == s)
			buf_str(out, "\\s");
		else
			buf_u8(out, (uint8_t)*p);
	}
}

int agent_file_start(struct agent *a, uint32_t id, const char *name, uint64_t size)
{
	struct agent_file_xfer_start m = {.id = id};
	struct buf text = {0};
	int rc;

	if (agent_peer_has(a, AGENT_CAP_FILE_XFER_DISABLED))
		return E_UNSUP;
	buf_printf(&text, "%s\nname=", group);
	put_value(&text, name);
	buf_printf(&text, "\nsize=%llu\n", (unsigned long long)size);
	buf_u8(&text, 0);
	m.keyfile = buf_slice(&text);
	rc = agent_send(a, AGENT_MSG_FILE_XFER_START, &m);
	buf_fini(&text);
	return rc;
}

int agent_file_data(struct agent *a, uint32_t id, struct slice data)
{
	return agent_send(a, AGENT_MSG_FILE_XFER_DATA,
		&(struct agent_file_xfer_data){.id = id, .size = data.n, .data = data});
}

int agent_file_status(struct agent *a, uint32_t id, uint32_t result, struct slice detail)
{
	bool detailed = agent_peer_has(a, AGENT_CAP_FILE_XFER_DETAILED_ERRORS);
	struct agent_file_xfer_status m = {.id = id, .result = result};

	if (detailed)
		m.detail = detail;
	else if (result > FILE_XFER_STATUS_SUCCESS)
		m.result = FILE_XFER_STATUS_ERROR;
	return agent_send(a, AGENT_MSG_FILE_XFER_STATUS, &m);
}

/* ---- guest ---- */

/* The line that begins so, from `line` on and within the group; NULL when there is none. */
static const char *line_of(const char *line, const char *begins)
{
	for (; line; line = strchr(line, '\n'), line += line != NULL) {
		if (strncmp(line, begins, strlen(begins)) == 0)
			return line;
		if (*line == '[' && *begins != '[')
			return NULL;
	}
	return NULL;
}

/* The value of a key ("name=") in the group, unescaped; false when it is not there or broken. */
static bool value(const char *text, const char *key, struct buf *out)
{
	const char *line = line_of(text, group);

	line = line ? line_of(strchrnul(line, '\n'), key) : NULL;
	if (!line)
		return false;
	for (line += strlen(key); *line && *line != '\n'; line++) {
		static const char from[] = "sntr\\", to[] = " \n\t\r\\";
		const char *e;

		if (*line != '\\') {
			buf_u8(out, (uint8_t)*line);
			continue;
		}
		e = *++line ? strchr(from, *line) : NULL;
		if (!e)
			return false;
		buf_u8(out, (uint8_t)to[e - from]);
	}
	return true;
}

static int read_offer(const char *text, struct buf *name, uint64_t *size)
{
	struct buf digits = {0};
	long long v = 0;
	bool ok = value(text, "name=", name) && value(text, "size=", &digits) &&
		  text_number(buf_cstr(&digits), 0, INT64_MAX, &v) == 0 && buf_len(name);

	buf_fini(&digits);
	*size = (uint64_t)v;
	return ok ? 0 : E_INVAL;
}

int agent_got_file_start(struct agent *a, const void *body)
{
	const struct agent_file_xfer_start *m = body;
	char *text = m->keyfile.n ? xstrndup((const char *)m->keyfile.p, m->keyfile.n) : xstrdup("");
	struct buf name = {0};
	uint64_t size = 0;
	int rc = read_offer(text, &name, &size);

	if (rc)
		agent_file_status(a, m->id, FILE_XFER_STATUS_ERROR, (struct slice){0});
	else if (a->ops->file_start)
		a->ops->file_start(a->owner, m->id, buf_cstr(&name), size);
	else
		agent_file_status(a, m->id, FILE_XFER_STATUS_DISABLED, (struct slice){0});
	buf_fini(&name);
	free(text);
	return rc;
}

int agent_got_file_status(struct agent *a, const void *body)
{
	const struct agent_file_xfer_status *m = body;

	if (a->ops->file_status)
		a->ops->file_status(a->owner, m->id, m->result, m->detail);
	return 0;
}

void agent_file_bytes(struct agent *a, uint32_t size, const uint8_t *p, size_t n)
{
	struct buf *head = &a->in.body;
	size_t need = FILE_DATA_HEADER - buf_len(head), part = n < need ? n : need;

	buf_put(head, p, part);
	if (buf_len(head) < FILE_DATA_HEADER)
		return;
	/* a chunk whose sizes contradict each other is nobody's */
	if (get_le64(buf_data(head) + 4) != size - FILE_DATA_HEADER)
		return;
	if ((n > part || size == FILE_DATA_HEADER) && a->ops->file_data)
		a->ops->file_data(a->owner, get_le32(buf_data(head)), slice_of(p + part, n - part), a->in.left);
}
