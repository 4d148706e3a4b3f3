/* Files for browsers, beside SPICE on one port: GET and HEAD, one answer a connection. The kernel keeps paths within
 * the folder (openat2, RESOLVE_BENEATH); names that begin with a dot are not there, folders are not listed. A file is
 * read in pieces as the browser takes it, so that a connection holds one piece, whatever the file's size; how long it
 * may take is the business of who accepted it. */
#include "net/web.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"

enum { PIECE = 64 << 10, TURNS = 16, DROP = 4 << 10 };

static const struct {
	unsigned status;
	const char *words;
} answers[] = {
	{200, "OK"},
	{301, "Moved Permanently"},
	{400, "Bad Request"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
};

static const struct {
	const char *end, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".htm", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".txt", "text/plain; charset=utf-8"},
	{".json", "application/json"},
	{".map", "application/json"},
	{".webmanifest", "application/manifest+json"},
	{".wasm", "application/wasm"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".jpeg", "image/jpeg"},
	{".gif", "image/gif"},
	{".webp", "image/webp"},
	{".ico", "image/vnd.microsoft.icon"},
	{".woff", "font/woff"},
	{".woff2", "font/woff2"},
	{".ttf", "font/ttf"},
	{".oga", "audio/ogg"},
	{".wav", "audio/wav"},
};

/* What a folder shows, the first that it has. */
static const char *const indices[] = {"index.html", "spice_auto.html"};

struct page {
	struct xport x;
	struct buf out; /* the head, then pieces of the file */
	int fd;		/* of the file, or -1 */
	uint64_t left;	/* of it */
	int err;	/* sticky */
};

/* A request, in pieces of its head. */
struct request {
	struct http_head head;
	struct slice target; /* "/path?query" */
	struct slice raw;    /* "/path" as it came */
	char *path;	     /* the same decoded, without the first slash */
	bool with_body;
};

static struct page *of(struct xport *x)
{
	return container_of(x, struct page, x);
}

/* ---- the folder ---- */

static int open_beneath(int dir, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

int web_dir(const char *path)
{
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), probe;

	if (dir < 0) {
		log_error("%s: %s", path, strerror(errno));
		return E_NOFILE;
	}
	probe = open_beneath(dir, ".", O_RDONLY | O_DIRECTORY);
	if (probe >= 0) {
		close(probe);
		return dir;
	}
	log_error("%s: %s", path, errno == ENOSYS ? "the kernel can't keep paths within a folder" : strerror(errno));
	close(dir);
	return errno == ENOSYS ? E_CONFIG : E_NOFILE;
}

/* Every part of the path has a name, and none begins with a dot; a slash may end it. */
static bool is_open_path(const char *s)
{
	while (*s) {
		if (*s == '.' || *s == '/')
			return false;
		s += strcspn(s, "/");
		s += *s == '/';
	}
	return true;
}

static int open_index(int dir, const char *folder, const char **name)
{
	for (size_t i = 0; i < ARRAY_SIZE(indices); i++) {
		char *path = xasprintf("%s%s", folder, indices[i]);
		int fd = open_beneath(dir, path, O_RDONLY);

		free(path);
		*name = indices[i];
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* The file of a path, with its size and the name that says its type; E_NOFILE, or E_UNSUP for a folder whose path
 * lacks the slash. */
static int open_file(int dir, const char *path, const char **name, uint64_t *size)
{
	bool folder = !*path || text_ends(path, "/");
	struct stat st;
	int fd;

	*name = path;
	if (!is_open_path(path))
		return E_NOFILE;
	fd = folder ? open_index(dir, path, name) : open_beneath(dir, path, O_RDONLY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	if (fd < 0)
		return E_NOFILE;
	close(fd);
	return S_ISDIR(st.st_mode) ? E_UNSUP : E_NOFILE;
}

/* ---- the answer ---- */

static const char *type_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (text_ends(name, types[i].end))
			return types[i].type;
	return "application/octet-stream";
}

static const char *words_of(unsigned status)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (answers[i].status == status)
			return answers[i].words;
	return "";
}

static void put_head(struct page *p, unsigned status, const char *type, uint64_t length)
{
	buf_printf(&p->out, "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %llu\r\nConnection: close\r\n",
		status, words_of(status), type, (unsigned long long)length);
	/* pages keep to their types, are not framed by others, and are asked for anew */
	buf_str(&p->out, "X-Content-Type-Options: nosniff\r\nX-Frame-Options: SAMEORIGIN\r\n"
			 "Cache-Control: no-cache\r\n");
}

/* An answer without a file; `more` is a further line of its head, or "". */
static void put_words(struct page *p, unsigned status, const char *more, bool with_body)
{
	const char *words = words_of(status);

	put_head(p, status, "text/plain; charset=utf-8", strlen(words) + 1);
	buf_printf(&p->out, "%s\r\n", more);
	if (with_body)
		buf_printf(&p->out, "%s\n", words);
}

static unsigned redirect(struct page *p, const struct request *r, const char *scheme_host, struct slice to,
	const char *slash)
{
	char *line = xasprintf("Location: %s%.*s%s\r\n", scheme_host, (int)to.n, (const char *)to.p, slash);

	put_words(p, 301, line, r->with_body);
	free(line);
	return 301;
}

/* The same port takes TLS too. */
static unsigned send_to_https(struct page *p, const struct request *r)
{
	static const char host_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
	bool twice = false;
	struct slice host = http_find(&r->head, "Host", &twice);
	bool good = host.n && !twice;
	unsigned status;
	char *there;

	for (size_t i = 0; i < host.n; i++)
		good = good && strchr(host_bytes, host.p[i]);
	if (!good) {
		put_words(p, 400, "", r->with_body);
		return 400;
	}
	there = xasprintf("https://%.*s", (int)host.n, (const char *)host.p);
	status = redirect(p, r, there, r->target, "");
	free(there);
	return status;
}

static unsigned send_file(struct page *p, const struct web *w, const struct request *r)
{
	const char *name;
	uint64_t size = 0;
	int fd = open_file(w->dir, r->path, &name, &size);

	if (fd == E_UNSUP)
		return redirect(p, r, "", r->raw, "/");
	if (fd < 0) {
		put_words(p, 404, "", r->with_body);
		return 404;
	}
	put_head(p, 200, type_of(name), size);
	buf_str(&p->out, "\r\n");
	if (r->with_body) {
		p->fd = fd;
		p->left = size;
	} else {
		close(fd);
	}
	return 200;
}

/* Understands the head: 0, or the status that says why not. */
static unsigned parse(struct slice head, struct request *r)
{
	static const char tail[] = " HTTP/1.";
	size_t n = sizeof(tail) - 1;
	const uint8_t *blank, *end;
	struct buf path = {0};
	struct slice line;

	if (http_parse(head, &r->head))
		return 400;
	line = r->head.first;
	blank = memchr(line.p, ' ', line.n);
	r->target = blank ? slice_of(blank + 1, line.n - (size_t)(blank + 1 - line.p)) : (struct slice){0};
	if (r->target.n < n + 2 || memcmp(r->target.p + r->target.n - n - 1, tail, n) != 0)
		return 400;
	r->target.n -= n + 1;
	r->with_body = http_begins(line, "GET ");
	if (!r->with_body && !http_begins(line, "HEAD "))
		return 405;
	if (r->target.p[0] != '/' || memchr(r->target.p, ' ', r->target.n))
		return 400;
	end = memchr(r->target.p, '?', r->target.n);
	r->raw = slice_of(r->target.p, end ? (size_t)(end - r->target.p) : r->target.n);
	if (text_unpercent(&path, slice_of(r->raw.p + 1, r->raw.n - 1))) {
		buf_fini(&path);
		return 400;
	}
	buf_u8(&path, 0);
	r->path = (char *)path.mem;
	return 0;
}

static void answer(struct page *p, const struct web *w, struct slice head)
{
	struct request r = {0};
	unsigned status = parse(head, &r);

	if (status)
		put_words(p, status, status == 405 ? "Allow: GET, HEAD\r\n" : "", true);
	else if (w->to_https && !p->x.info.tls && !p->x.info.local)
		status = send_to_https(p, &r);
	else
		status = send_file(p, w, &r);
	/* without the query, where pages have passwords */
	log_info("%s: web: %u %.*s", p->x.info.host, status, (int)r.raw.n, (const char *)r.raw.p);
	free(r.path);
}

bool web_is_file(struct slice bytes)
{
	struct http_head h;

	return !http_parse(bytes, &h) && !http_lists(&h, "Upgrade", "websocket");
}

/* ---- the filter ---- */

static int next_piece(struct page *p)
{
	size_t n = p->left < PIECE ? (size_t)p->left : PIECE;
	ssize_t got = read(p->fd, buf_reserve(&p->out, n), n);

	if (got <= 0) {
		log_warn("a file of the web folder: %s", got ? strerror(errno) : "shorter than it was");
		return E_IO;
	}
	buf_commit(&p->out, (size_t)got);
	p->left -= (uint64_t)got;
	return 0;
}

/* E_CLOSED once all of the answer is gone. */
static int send_on(struct page *p)
{
	for (int i = 0; i < TURNS && !p->err; i++) {
		int rc = xport_flush(p->x.below, &p->out);

		if (rc == E_AGAIN)
			return rc;
		p->err = rc ? rc : p->left ? next_piece(p) : E_CLOSED;
	}
	return p->err ? p->err : E_AGAIN;
}

/* What the browser goes on to say is not for us. */
static ssize_t page_read(struct xport *x, void *p, size_t n)
{
	int rc = send_on(of(x));
	ssize_t got = rc == E_AGAIN ? xport_read(x->below, p, n < DROP ? n : DROP) : rc;

	if (got < 0 && got != E_AGAIN)
		of(x)->err = (int)got;
	return got < 0 ? got : E_AGAIN;
}

static ssize_t page_write(struct xport *x, const void *p, size_t n)
{
	(void)p, (void)n;
	return send_on(of(x));
}

static unsigned page_want(struct xport *x)
{
	return xport_want(x->below) | (of(x)->err ? 0 : XPORT_OUT);
}

static bool page_pending(struct xport *x)
{
	return xport_pending(x->below);
}

static void page_close(struct xport *x)
{
	struct page *p = of(x);

	if (p->fd >= 0)
		close(p->fd);
	xport_close(x->below);
	buf_fini(&p->out);
	free(p);
}

static const struct xport_ops page_ops = {
	.read = page_read,
	.write = page_write,
	.want = page_want,
	.pending = page_pending,
	.close = page_close,
};

struct xport *xport_web(struct xport *below, const struct web *w, struct slice head)
{
	struct page *p = new(struct page);

	xport_put_on(&p->x, &page_ops, below);
	p->x.info.web = true;
	p->fd = -1;
	answer(p, w, head);
	return &p->x;
}
