/* What the sources share: the screen, handles of the loop, and bytes of a file or of stdin. Regular files can't be
 * polled, so they are read a piece in each turn of the loop; everything else is read when it has something. */
#include "cmd/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

enum { PIECE = 64 << 10 };

int source_resize(const struct source_env *env, unsigned width, unsigned height)
{
	struct head heads[LIM_HEADS] = {0};
	unsigned n = env->heads, each = width / n;
	int rc = device_resize(env->device, width, height);

	if (rc || n == 1 || each == 0)
		return rc;
	for (unsigned i = 0; i < n; i++)
		heads[i] = (struct head){.monitor_id = i,
			.x = i * each,
			.width = i < n - 1 ? each : width - i * each,
			.height = height};
	return device_monitors(env->device, heads, n);
}

int source_screen(const struct source_env *env, unsigned width, unsigned height)
{
	if (env->width) {
		width = env->width;
		height = env->height;
	}
	return source_resize(env, width, height);
}

uv_timer_t *source_timer(uv_loop_t *loop, void *owner)
{
	uv_timer_t *t = new(uv_timer_t);

	uv_timer_init(loop, t);
	t->data = owner;
	return t;
}

uv_idle_t *source_idle(uv_loop_t *loop, void *owner)
{
	uv_idle_t *i = new(uv_idle_t);

	uv_idle_init(loop, i);
	i->data = owner;
	return i;
}

static void handle_closed(uv_handle_t *h)
{
	free(h);
}

void source_handle_free(void *handle)
{
	if (handle)
		uv_close(handle, handle_closed);
}

struct input {
	const struct input_ops *ops;
	void *owner;
	char *name;
	int fd;
	bool own_fd;
	bool paused, ended;
	uv_poll_t *poll; /* one of the two */
	uv_idle_t *idle;
	uint8_t piece[PIECE];
};

static void stop_watching(struct input *in)
{
	if (in->poll)
		uv_poll_stop(in->poll);
	else
		uv_idle_stop(in->idle);
}

static void finish(struct input *in, int err)
{
	in->ended = true;
	stop_watching(in);
	in->ops->end(in->owner, err);
}

/* One read, handed over; false when there is nothing more now. */
static bool read_piece(struct input *in)
{
	size_t room = sizeof(in->piece);
	uint8_t *to = in->ops->room ? in->ops->room(in->owner, &room) : in->piece;
	ssize_t n = read(in->fd, to, room);

	if (n > 0) {
		in->ops->data(in->owner, to, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n < 0)
		log_error("%s: %s", in->name, strerror(errno));
	finish(in, n < 0 ? E_IO : 0);
	return false;
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	read_piece(h->data);
}

static void on_idle(uv_idle_t *h)
{
	read_piece(h->data);
}

static void watch(struct input *in)
{
	if (in->paused || in->ended)
		stop_watching(in);
	else if (in->poll)
		uv_poll_start(in->poll, UV_READABLE, on_poll);
	else
		uv_idle_start(in->idle, on_idle);
}

/* Polls the descriptor, or reads it in each turn where it is of those that can't be polled: a regular file, /dev/null.
 * libuv makes what it polls non-blocking, for all who share it, as those do who read a terminal after us; one read each
 * time there is something never blocks, so it stays as it was. Anything but EPERM says that it is polled already. */
static int attach(struct input *in, uv_loop_t *loop)
{
	uv_poll_t *poll = new(uv_poll_t);
	int flags = fcntl(in->fd, F_GETFL), no = uv_poll_init(loop, poll, in->fd);

	if (no) {
		free(poll);
		if (no == UV_EPERM)
			in->idle = source_idle(loop, in);
		return no == UV_EPERM ? 0 : no;
	}
	fcntl(in->fd, F_SETFL, flags);
	poll->data = in;
	in->poll = poll;
	return 0;
}

struct input *input_new(uv_loop_t *loop, const char *file, const struct input_ops *ops, void *owner, int *err)
{
	bool is_stdin = strcmp(file, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct input *in;
	int no;

	if (fd < 0) {
		log_error("%s: %s", file, strerror(errno));
		*err = E_NOFILE;
		return NULL;
	}
	in = new(struct input);
	in->ops = ops;
	in->owner = owner;
	in->name = xstrdup(is_stdin ? "stdin" : file);
	in->fd = fd;
	in->own_fd = !is_stdin;
	if ((no = attach(in, loop))) {
		log_error("%s: %s", in->name, uv_strerror(no));
		*err = E_NOFILE;
		input_free(in);
		return NULL;
	}
	watch(in);
	return in;
}

void input_pause(struct input *in, bool paused)
{
	if (in->paused == paused)
		return;
	in->paused = paused;
	watch(in);
}

bool input_read_now(struct input *in, size_t max)
{
	for (size_t n = 0; in->idle && !in->ended && !in->paused && n < max; n += PIECE)
		if (!read_piece(in))
			break;
	return in->ended;
}

void input_free(struct input *in)
{
	if (!in)
		return;
	source_handle_free(in->poll);
	source_handle_free(in->idle);
	if (in->own_fd)
		close(in->fd);
	free(in->name);
	free(in);
}
