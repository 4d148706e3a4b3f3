/* F-20 and F-16: a whole client against a hostile server, over unix sockets on a loop. The harness answers the links of
 * main, display, inputs and cursor; then the input is a script of what the server says on which channel (cursor shapes
 * and their cache among it). Nothing of it may do more than end the session, and everything is freed. */
#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "chan/ticket.h"
#include "client/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { CHANNELS = 4, TURNS = 200 };

static uv_loop_t loop;
static int listener = -1;
static char path[64];
static uint8_t reply[16 + 178 + 4]; /* LinkHeader, LinkReply, LinkResult: the same for every link */

static void put_away(void)
{
	unlink(path);
}

static void set_up(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct ticket_key *key;

	if (listener >= 0)
		return;
	uv_loop_init(&loop);
	snprintf(path, sizeof(path), "/tmp/fuzz-client-%d.sock", (int)getpid());
	memcpy(a.sun_path, path, strlen(path) + 1);
	unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 16))
		abort();
	atexit(put_away);
	key = ticket_key_new();
	memcpy(reply, "REDQ\2\0\0\0\2\0\0\0\262\0\0\0", 16);
	ticket_key_der(key, reply + 20);
	ticket_key_free(key);
}

static void turn(void)
{
	for (int i = 0; i < 4; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

/* The next connection, its link answered; -1 when none comes. */
static int accept_one(void)
{
	for (int i = 0; i < TURNS; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			/* one that the client has given up already can't be written to */
			if (write(fd, reply, sizeof(reply)) == sizeof(reply)) {
				turn();
				return fd;
			}
			close(fd);
		}
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	return -1;
}

static void say(int fd, const uint8_t *p, size_t n)
{
	uint8_t drain[4096];

	while (fd >= 0 && read(fd, drain, sizeof(drain)) > 0)
		;
	if (fd >= 0 && n && write(fd, p, n) < 0 && errno != EAGAIN && errno != EPIPE && errno != ECONNRESET)
		abort();
}

/* INIT and CHANNELS_LIST with full headers, which the reply's missing capabilities ask for. */
static void open_session(int fd)
{
	static const uint8_t init[18 + 32] = {1, [8] = 103, [10] = 32, [18] = 7, [22] = 1, [26] = 3, [30] = 1};
	static const uint8_t list[18 + 10] = {2, [8] = 104, [10] = 10, [18] = 3, [22] = 2, [24] = 3, [26] = 4};

	say(fd, init, sizeof(init));
	say(fd, list, sizeof(list));
	turn();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct client_ops ops;
	struct endpoint where = {0};
	struct client_options o = {.timeout_ms = 100000};
	int fds[CHANNELS] = {-1, -1, -1, -1};
	struct client *c;

	signal(SIGPIPE, SIG_IGN);
	set_up();
	where.unix_path = path;
	c = client_new(&loop, &where, &o, &ops, NULL);
	fds[0] = accept_one();
	open_session(fds[0]);
	for (int i = 1; i < CHANNELS; i++)
		fds[i] = accept_one();
	while (n >= 2) {
		size_t len = p[1] < n - 2 ? p[1] : n - 2;

		say(fds[p[0] % CHANNELS], p + 2, len);
		if (p[0] & 0x80)
			turn();
		p += 2 + len;
		n -= 2 + len;
	}
	turn();
	client_free(c);
	for (int i = 0; i < CHANNELS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	while (uv_run(&loop, UV_RUN_NOWAIT))
		;
	/* nothing of this run is left for the next */
	while ((fds[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(fds[0]);
	return 0;
}
