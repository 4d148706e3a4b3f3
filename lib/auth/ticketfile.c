/* Lines of the ticket file, read and written. Secrets are copied as rarely as can be, and wiped wherever they were. */
#include "auth/ticketfile.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

enum { ID_MAX = 64 };

void ticket_row_fini(struct ticket_row *row)
{
	secret_free(row->secret);
	free(row->id);
	*row = (struct ticket_row){0};
}

bool ticket_line(struct slice *text, struct slice *line)
{
	const uint8_t *end = text->n ? memchr(text->p, '\n', text->n) : NULL;

	if (!text->n)
		return false;
	*line = slice_of(text->p, end ? (size_t)(end - text->p) : text->n);
	*text = end ? slice_of(end + 1, text->n - line->n - 1) : (struct slice){0};
	return true;
}

/* Takes the next word off the line; one of length 0 at its end. */
static struct slice word(struct slice *line)
{
	struct slice w;

	while (line->n && strchr(" \t\r", line->p[0]) && line->p[0])
		*line = slice_of(line->p + 1, line->n - 1);
	w = slice_of(line->p, 0);
	while (w.n < line->n && (!line->p[w.n] || !strchr(" \t\r", line->p[w.n])))
		w.n++;
	*line = slice_of(line->p + w.n, line->n - w.n);
	return w;
}

static int take_secret(struct ticket_row *row, struct slice w)
{
	struct buf b = {0};
	bool good = text_unpercent(&b, w) == 0 && buf_len(&b) <= LIM_PASSWORD;

	if (good)
		row->secret = xstrndup((const char *)buf_data(&b), buf_len(&b));
	buf_wipe(&b);
	return good ? 0 : E_CONFIG;
}

static int take_expiry(struct ticket_row *row, struct slice digits)
{
	char *text = xstrndup((const char *)digits.p, digits.n);
	long long v;
	int rc = strlen(text) == digits.n ? text_number(text, 1, INT64_MAX, &v) : E_CONFIG;

	free(text);
	if (rc)
		return E_CONFIG;
	row->expires = v;
	return 0;
}

/* Is the word `key` and something behind it, which is put in *value? */
static bool has_value(struct slice w, const char *key, struct slice *value)
{
	size_t n = strlen(key);

	if (w.n <= n || memcmp(w.p, key, n) != 0)
		return false;
	*value = slice_of(w.p + n, w.n - n);
	return true;
}

/* One word behind the secret. */
static int option(struct ticket_row *row, struct slice w)
{
	struct slice value;

	if (slice_eq(w, slice_str("once"))) {
		row->once = true;
	} else if (slice_eq(w, slice_str("view-only"))) {
		row->view_only = true;
	} else if (has_value(w, "expires=", &value)) {
		return take_expiry(row, value);
	} else if (has_value(w, "id=", &value)) {
		free(row->id);
		row->id = xstrndup((const char *)value.p, value.n);
	} else {
		return E_CONFIG;
	}
	return 0;
}

int ticket_row_parse(struct slice line, struct ticket_row *row, bool *have)
{
	struct slice w = word(&line);
	int rc;

	*row = (struct ticket_row){0};
	*have = w.n && w.p[0] != '#';
	if (!*have)
		return 0;
	rc = take_secret(row, w);
	while (!rc && (w = word(&line)).n)
		rc = option(row, w);
	if (rc) {
		ticket_row_fini(row);
		*have = false;
	}
	return rc;
}

/* A byte that stands for itself in a secret. '#' does not: at the front it would begin a comment. */
static bool plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '%' && c != '#';
}

void ticket_row_print(const struct ticket_row *row, struct buf *out)
{
	for (const char *s = row->secret; *s; s++) {
		uint8_t c = (uint8_t)*s;

		if (plain(c))
			buf_u8(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
	if (row->expires)
		buf_printf(out, " expires=%lld", (long long)row->expires);
	buf_str(out, row->once ? " once" : "");
	buf_str(out, row->view_only ? " view-only" : "");
	if (row->id)
		buf_printf(out, " id=%s", row->id);
	buf_u8(out, '\n');
}

bool ticket_id_good(const char *id)
{
	struct buf shown = {0};
	bool good;

	text_escape(&shown, slice_str(id));
	good = *id && strlen(id) <= ID_MAX && buf_len(&shown) == strlen(id) && !strpbrk(id, " \t\r\n");
	buf_fini(&shown);
	return good;
}
