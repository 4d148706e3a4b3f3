/* Listening sockets: TCP, unix sockets, and those that a service manager hands over.
 *
 * A unix socket is made under a umask, never chmod'ed by path, and one that is in the way is
 * removed only when it is ours and nobody answers on it. When descriptors run out the listener
 * leaves the poll set for a moment: connections wait in the backlog and the loop stays idle. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/addr.h"
#include "net/listen.h"

enum { ACCEPTS = 16, PAUSE_MS = 250, HANDLES = 2 };

struct listener {
	uv_poll_t poll;
	uv_timer_t pause; /* until accepting is tried again */
	unsigned open;	  /* handles that libuv still knows */
	int fd;
	bool closing;
	bool short_of_fds; /* said already */
	listen_fn *fn;
	void *owner;
	char *name;
	char host[128];
	unsigned port;
	bool local;
	char *path; /* a unix socket that we made, and what it was then */
	dev_t dev;
	ino_t ino;
};

static void accept_some(uv_poll_t *h, int status, int events);

static void again(uv_timer_t *t)
{
	struct listener *l = t->data;

	uv_poll_start(&l->poll, UV_READABLE, accept_some);
}

/* False when the next connection can't be taken now. */
static bool refused(struct listener *l)
{
	switch (errno) {
	case EAGAIN:
		l->short_of_fds = false;
		return true;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		if (!l->short_of_fds)
			log_warn("%s: accepting nobody for now: %s", l->name, strerror(errno));
		l->short_of_fds = true;
		uv_poll_stop(&l->poll);
		uv_timer_start(&l->pause, again, PAUSE_MS, 0);
		return true;
	default:
		return false; /* that one connection's own misfortune */
	}
}

static void accept_some(uv_poll_t *h, int status, int events)
{
	struct listener *l = h->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS && !l->closing; i++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && refused(l))
			return;
		if (fd < 0)
			continue;
		addr_tune(fd);
		l->fn(l->owner, fd);
	}
}

static void handle_closed(uv_handle_t *h)
{
	struct listener *l = h->data;

	if (--l->open)
		return;
	free(l->name);
	free(l->path);
	free(l);
}

/* The name as it is printed: what the kernel says the address is. */
static int describe(struct listener *l)
{
	struct sockaddr_storage a = {0};
	socklen_t len = sizeof(a);

	if (getsockname(l->fd, (struct sockaddr *)&a, &len) != 0) {
		log_error("listening socket: %s", strerror(errno));
		return E_IO;
	}
	addr_host(&a, len, l->host, sizeof(l->host));
	l->port = addr_port(&a);
	l->local = addr_is_local(&a);
	if (a.ss_family == AF_UNIX)
		l->name = xasprintf("unix:%s", l->host);
	else
		l->name = xasprintf(strchr(l->host, ':') ? "[%s]:%u" : "%s:%u", l->host, l->port);
	return 0;
}

/* A listener around a listening socket; takes fd. */
static struct listener *start(uv_loop_t *loop, int fd, listen_fn *fn, void *owner, int *err)
{
	struct listener *l = new(struct listener);

	l->fd = fd;
	l->fn = fn;
	l->owner = owner;
	*err = describe(l);
	if (*err) {
		close(fd);
		free(l);
		return NULL;
	}
	l->poll.data = l->pause.data = l;
	l->open = HANDLES;
	uv_poll_init(loop, &l->poll, fd);
	uv_timer_init(loop, &l->pause);
	uv_poll_start(&l->poll, UV_READABLE, accept_some);
	return l;
}

static int make_socket(int family)
{
	int on = 1, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	if (family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

/* Splits "HOST:PORT" and "[IPv6]:PORT". 0 or E_USAGE, logged. */
static int split(const char *where, char **host, const char **port)
{
	const char *colon = strrchr(where, ':');
	size_t n = colon ? (size_t)(colon - where) : 0;
	long long number;

	*host = NULL;
	if (colon && n > 2 && where[0] == '[' && where[n - 1] == ']')
		*host = xstrndup(where + 1, n - 2);
	else if (colon && n && !memchr(where, ':', n) && !memchr(where, '[', n))
		*host = xstrndup(where, n);
	*port = colon + 1;
	if (*host && text_number(*port, 0, 65535, &number) == 0)
		return 0;
	free(*host);
	*host = NULL;
	log_error("%s: not an address to listen on (HOST:PORT, [IPv6]:PORT or unix:PATH)", where);
	return E_USAGE;
}

static int listen_inet(const char *where, int *fd)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				.ai_flags = AI_PASSIVE | AI_NUMERICSERV},
			*list;
	const char *port;
	char *host;
	int rc = split(where, &host, &port);

	if (rc)
		return rc;
	rc = getaddrinfo(host, port, &hints, &list);
	free(host);
	if (rc) {
		log_error("%s: %s", where, gai_strerror(rc));
		return E_HOST;
	}
	*fd = make_socket(list->ai_family);
	if (*fd < 0 || bind(*fd, list->ai_addr, list->ai_addrlen) != 0 ||
		listen(*fd, SOMAXCONN) != 0) {
		log_error("%s: %s", where, strerror(errno));
		rc = E_UNREACH;
	}
	freeaddrinfo(list);
	return rc;
}

/* A socket of our own at the path that nobody listens on any more. */
static bool is_stale(const char *path, const struct sockaddr_storage *a, socklen_t len)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return false;
	fd = make_socket(AF_UNIX);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)a, len) != 0 && errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int bind_private(int fd, const struct sockaddr_storage *a, socklen_t len)
{
	mode_t mask = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)a, len);

	umask(mask);
	return rc;
}

static int listen_unix(const char *path, int *fd)
{
	struct sockaddr_storage a;
	socklen_t len;
	int rc = addr_unix(path, &a, &len);

	if (rc)
		return rc;
	*fd = make_socket(AF_UNIX);
	if (*fd < 0)
		goto failed;
	rc = bind_private(*fd, &a, len);
	if (rc != 0 && errno == EADDRINUSE) {
		if (is_stale(path, &a, len) && unlink(path) == 0)
			rc = bind_private(*fd, &a, len);
		else
			errno = EADDRINUSE;
	}
	if (rc == 0 && listen(*fd, SOMAXCONN) == 0)
		return 0;
failed:
	log_error("unix:%s: %s", path, strerror(errno));
	return E_UNREACH;
}

struct listener *listener_new(
	uv_loop_t *loop, const char *where, listen_fn *fn, void *owner, int *err)
{
	bool is_unix = strncmp(where, "unix:", 5) == 0;
	struct listener *l;
	struct stat st;
	int fd = -1;

	*err = is_unix ? listen_unix(where + 5, &fd) : listen_inet(where, &fd);
	if (*err) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	l = start(loop, fd, fn, owner, err);
	if (l && is_unix && lstat(where + 5, &st) == 0) {
		l->path = xstrdup(where + 5);
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	return l;
}

struct listener *listener_from_fd(uv_loop_t *loop, int fd, listen_fn *fn, void *owner, int *err)
{
	int listening = 0, flags = fcntl(fd, F_GETFL);
	socklen_t len = sizeof(listening);

	if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 ||
		!listening) {
		log_error("descriptor %d is not a listening socket", fd);
		*err = E_CONFIG;
		return NULL;
	}
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return start(loop, fd, fn, owner, err);
}

void listener_free(struct listener *l)
{
	struct stat st;

	if (!l)
		return;
	l->closing = true;
	uv_close((uv_handle_t *)&l->poll, handle_closed);
	uv_close((uv_handle_t *)&l->pause, handle_closed);
	close(l->fd);
	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
}

const char *listener_name(const struct listener *l)
{
	return l->name;
}

const char *listener_host(const struct listener *l)
{
	return l->host;
}

unsigned listener_port(const struct listener *l)
{
	return l->port;
}

bool listener_is_local(const struct listener *l)
{
	return l->local;
}
