/* Heads of HTTP/1 messages, as functions of bytes: strict lines, few headers (L-16), no continuation lines. What
 * WebSocket, the files beside it and proxies share. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/buf.h"
#include "base/limits.h"
#include "net/xport.h"

struct http_head {
	struct slice first;
	struct {
		struct slice name, value;
	} field[LIM_HTTP_LINES];
	unsigned n;
};

/* The length of a head with its empty line, which begins in s; 0 when it is not whole. `seen` bytes
 * of it were looked at before. */
size_t http_length(struct slice s, size_t seen);

/* Reads from x into raw until a head stands at its front: 0 and *n, its length; E_LIMIT when it is longer than
 * LIM_HTTP_HEAD; what xport_read gives. *seen is 0 at first and kept between calls. More than the head may come. */
int http_read(struct xport *x, struct buf *raw, size_t *seen, size_t *n);

/* NULL, or what is wrong with a whole head. */
const char *http_parse(struct slice s, struct http_head *h);

/* The value of a header that stands there once; *twice is set when it stands there more often. */
struct slice http_find(const struct http_head *h, const char *name, bool *twice);

/* Is the word one of a comma-separated list, in any of the headers of that name? */
bool http_lists(const struct http_head *h, const char *name, const char *word);

/* Equal but for the case of letters? */
bool http_same(struct slice a, const char *b);
bool http_begins(struct slice a, const char *b);

/* The number in an answer's first line, "HTTP/1.1 200 OK"; 0 when it is malformed. */
unsigned http_status(struct slice line);

/* "host:port" and "[v6]:port" without the port. */
struct slice http_host(struct slice s);

/* Appends "host:port", an IPv6 address in brackets. */
void http_put_host(struct buf *out, const char *host, unsigned port);

#endif
