/* Heads of HTTP/1 messages. What is malformed in any line makes the whole head so: who is strict here can't be led to
 * read a head otherwise than a proxy in between did. */
#include "net/http.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"

enum { CHUNK = 16 << 10 };

size_t http_length(struct slice s, size_t seen)
{
	const uint8_t *end;

	seen = seen > 3 ? seen - 3 : 0;
	end = s.n > seen ? memmem(s.p + seen, s.n - seen, "\r\n\r\n", 4) : NULL;
	return end ? (size_t)(end - s.p) + 4 : 0;
}

int http_read(struct xport *x, struct buf *raw, size_t *seen, size_t *n)
{
	for (;;) {
		ssize_t got;

		*n = buf_len(raw) ? http_length(buf_slice(raw), *seen) : 0;
		if (*n > LIM_HTTP_HEAD || (!*n && buf_len(raw) > LIM_HTTP_HEAD))
			return E_LIMIT;
		if (*n)
			return 0;
		*seen = buf_len(raw);
		got = xport_read(x, buf_reserve(raw, CHUNK), CHUNK);
		if (got < 0)
			return (int)got;
		buf_commit(raw, (size_t)got);
	}
}

bool http_same(struct slice a, const char *b)
{
	return a.n == strlen(b) && strncasecmp((const char *)a.p, b, a.n) == 0;
}

bool http_begins(struct slice a, const char *b)
{
	return a.n >= strlen(b) && memcmp(a.p, b, strlen(b)) == 0;
}

static bool clean(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

/* The next line without its CRLF; false when it holds control characters. */
static bool next_line(struct slice *s, struct slice *line)
{
	const uint8_t *end = s->n ? memmem(s->p, s->n, "\r\n", 2) : NULL;

	if (!end)
		return false;
	*line = slice_of(s->p, (size_t)(end - s->p));
	*s = slice_of(end + 2, s->n - line->n - 2);
	return clean(*line);
}

const char *http_parse(struct slice s, struct http_head *h)
{
	struct slice line;

	h->n = 0;
	if (!next_line(&s, &h->first))
		return "a malformed first line";
	for (;;) {
		const uint8_t *colon;
		size_t n;

		if (!next_line(&s, &line))
			return "control characters in the head";
		if (!line.n)
			return NULL;
		colon = memchr(line.p, ':', line.n);
		n = colon ? (size_t)(colon - line.p) : 0;
		if (!n || memchr(line.p, ' ', n) || memchr(line.p, '\t', n))
			return "a header without a name";
		if (h->n == LIM_HTTP_LINES)
			return "too many headers";
		h->field[h->n].name = slice_of(line.p, n);
		h->field[h->n++].value = slice_trim(slice_of(colon + 1, line.n - n - 1));
	}
}

struct slice http_find(const struct http_head *h, const char *name, bool *twice)
{
	struct slice value = {0};

	for (unsigned i = 0; i < h->n; i++) {
		if (!http_same(h->field[i].name, name))
			continue;
		if (value.p)
			*twice = true;
		value = h->field[i].value;
	}
	return value;
}

bool http_lists(const struct http_head *h, const char *name, const char *word)
{
	for (unsigned i = 0; i < h->n; i++) {
		struct slice rest = h->field[i].value;

		while (http_same(h->field[i].name, name) && rest.n) {
			const uint8_t *comma = memchr(rest.p, ',', rest.n);
			size_t n = comma ? (size_t)(comma - rest.p) : rest.n;

			if (http_same(slice_trim(slice_of(rest.p, n)), word))
				return true;
			rest = slice_of(rest.p + n + (comma != NULL), rest.n - n - (comma != NULL));
		}
	}
	return false;
}

struct slice http_host(struct slice s)
{
	bool bracket = s.n && s.p[0] == '[';
	const uint8_t *end = s.n ? memchr(s.p, bracket ? ']' : ':', s.n) : NULL;

	if (end)
		s.n = (size_t)(end - s.p) + (*end == ']');
	return s;
}

unsigned http_status(struct slice line)
{
	static const char version[] = "HTTP/1.";
	size_t n = sizeof(version) - 1; /* then "1 200" and a blank or the end */
	unsigned status = 0;

	if (!http_begins(line, version) || line.n < n + 5 || (line.p[n] != '0' && line.p[n] != '1') ||
		line.p[n + 1] != ' ' || (line.n > n + 5 && line.p[n + 5] != ' '))
		return 0;
	for (size_t i = n + 2; i < n + 5; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return 0;
		status = status * 10 + line.p[i] - '0';
	}
	return status;
}

void http_put_host(struct buf *out, const char *host, unsigned port)
{
	int n = (int)strcspn(host, "%"); /* a zone is nobody's business but ours */
	char *bare = xstrndup(host, (size_t)n);
	struct in6_addr six;
	bool bracket = inet_pton(AF_INET6, bare, &six) == 1;

	if (bracket)
		buf_printf(out, "[%s]:%u", bare, port);
	else
		buf_printf(out, "%s:%u", host, port);
	free(bare);
}
