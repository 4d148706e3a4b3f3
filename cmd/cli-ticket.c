/* --ticket-command: a command that prints a fresh ticket. */
#include "cmd/cli.h"

#include <signal.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/command.h"

enum { HANDLES = 2 };

struct cli_ticket {
	uv_process_t process;
	uv_pipe_t out;
	unsigned handles; /* that libuv still knows */
	bool running, reading;
	int64_t status;
	struct buf text;
	void (*fn)(void *owner, char *secret, int err); /* NULL once it came, or is not to come */
	void *owner;
};

static void handle_closed(uv_handle_t *h)
{
	struct cli_ticket *t = h->data;

	if (--t->handles)
		return;
	buf_wipe(&t->text);
	free(t);
}

/* Once both have come, the command's end and that of its output. */
static void tell(struct cli_ticket *t)
{
	void (*fn)(void *owner, char *secret, int err) = t->fn;
	bool empty = !buf_len(&t->text) || strchr("\r\n", *buf_cstr(&t->text));

	if (t->running || t->reading || !fn)
		return;
	t->fn = NULL;
	if (t->status)
		cli_error("the ticket command ended with %lld", (long long)t->status);
	else if (empty)
		cli_error("the ticket command has printed no ticket");
	if (t->status || empty)
		fn(t->owner, NULL, E_AUTH);
	else
		fn(t->owner, cli_first_line(&t->text), 0);
}

static void room(uv_handle_t *h, size_t n, uv_buf_t *out)
{
	struct cli_ticket *t = h->data;
	size_t left = LIM_PASSWORD_FILE - buf_len(&t->text);

	(void)n;
	*out = uv_buf_init((char *)buf_reserve(&t->text, left + 1), (unsigned)left);
}

static void came(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct cli_ticket *t = s->data;

	(void)b;
	if (n >= 0) {
		buf_commit(&t->text, (size_t)n);
		return;
	}
	uv_read_stop(s); /* its end, or more than a ticket can be */
	t->reading = false;
	tell(t);
}

static void exited(uv_process_t *p, int64_t status, int signo)
{
	struct cli_ticket *t = p->data;

	t->running = false;
	t->status = signo ? 128 + signo : status;
	tell(t);
}

struct cli_ticket *cli_ticket_new(uv_loop_t *loop, const struct endpoint *e,
	void (*fn)(void *owner, char *secret, int err), void *owner)
{
	struct cli_ticket *t = new(struct cli_ticket);
	uv_stdio_container_t stdio[] = {{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&t->out}};

	t->process.data = t->out.data = t;
	t->handles = HANDLES;
	uv_pipe_init(loop, &t->out, 0);
	if (command_spawn(loop, &t->process, cli_connect.ticket_command, e, !e->port, stdio, exited)) {
		cli_ticket_free(t);
		return NULL;
	}
	t->running = t->reading = true;
	t->fn = fn;
	t->owner = owner;
	uv_read_start((uv_stream_t *)&t->out, room, came);
	return t;
}

void cli_ticket_free(struct cli_ticket *t)
{
	if (!t)
		return;
	t->fn = NULL;
	if (t->running)
		uv_process_kill(&t->process, SIGTERM);
	uv_close((uv_handle_t *)&t->process, handle_closed);
	uv_close((uv_handle_t *)&t->out, handle_closed);
}
