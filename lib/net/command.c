/* Commands as connections. The command has one end of a socket pair as its stdin and stdout; the stack goes on top of
 * the other. It ends when its stdin does; one that does not is told by SIGHUP. */
#include "net/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

extern char **environ;

/* Shared by the transport and libuv; the last of them frees it. */
struct child {
	uv_process_t process;
	bool left;   /* the transport has let go */
	bool closed; /* libuv has */
};

struct piped {
	struct xport x;
	struct child *child;
};

/* ---- starting ---- */

static char **environment(const struct endpoint *e, bool tls)
{
	size_t n = 0, out = 0;
	char **env;

	while (environ[n])
		n++;
	env = xcalloc(n + 3, sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "SPICE_HOST=", 11) != 0 && strncmp(environ[i], "SPICE_PORT=", 11) != 0)
			env[out++] = xstrdup(environ[i]);
	env[out++] = xasprintf("SPICE_HOST=%s", e->unix_path ? e->unix_path : e->host);
	env[out] = xasprintf("SPICE_PORT=%d", tls ? e->tls_port : e->port);
	return env;
}

int command_spawn(uv_loop_t *loop, uv_process_t *process, const char *command, const struct endpoint *e, bool tls,
	const uv_stdio_container_t stdio[2], uv_exit_cb exited)
{
	char shell[] = "/bin/sh", dash_c[] = "-c", *text = xstrdup(command), *words[] = {shell, dash_c, text, NULL};
	uv_stdio_container_t all[] = {stdio[0], stdio[1], {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
	char **env = environment(e, tls);
	uv_process_options_t o = {.file = shell, .args = words, .env = env, .stdio = all, .stdio_count = 3,
		.exit_cb = exited};
	int rc = uv_spawn(loop, process, &o);

	for (char **v = env; *v; v++)
		free(*v);
	free(env);
	free(text);
	if (!rc)
		return 0;
	log_error("a command can't be started: %s", uv_strerror(rc));
	return E_UNREACH;
}

/* ---- the bottom of a stack ---- */

static struct piped *of(struct xport *x)
{
	return container_of(x, struct piped, x);
}

static ssize_t piped_read(struct xport *x, void *p, size_t n)
{
	return xport_read(x->below, p, n);
}

static ssize_t piped_write(struct xport *x, const void *p, size_t n)
{
	return xport_write(x->below, p, n);
}

static unsigned piped_want(struct xport *x)
{
	return xport_want(x->below);
}

static bool piped_pending(struct xport *x)
{
	return xport_pending(x->below);
}

static void piped_close(struct xport *x)
{
	struct child *child = of(x)->child;

	xport_close(x->below);
	child->left = true;
	if (child->closed) {
		free(child);
	} else if (!uv_is_closing((uv_handle_t *)&child->process)) { /* it still runs, and is not waited for */
		uv_process_kill(&child->process, SIGHUP);
		uv_unref((uv_handle_t *)&child->process);
	}
	free(of(x));
}

static const struct xport_ops piped_ops = {
	.read = piped_read,
	.write = piped_write,
	.want = piped_want,
	.pending = piped_pending,
	.close = piped_close,
};

static void child_closed(uv_handle_t *h)
{
	struct child *c = container_of((uv_process_t *)h, struct child, process);

	c->closed = true;
	if (c->left)
		free(c);
}

static void exited(uv_process_t *p, int64_t status, int signo)
{
	struct child *c = container_of(p, struct child, process);

	if (!c->left && (status || signo))
		log_error("the connect command ended with %lld", (long long)(signo ? 128 + signo : status));
	uv_close((uv_handle_t *)p, child_closed);
}

struct xport *xport_command(uv_loop_t *loop, const struct endpoint *e, bool tls)
{
	struct child *child;
	struct piped *p;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0) {
		log_error("a command's connection: %s", strerror(errno));
		return NULL;
	}
	child = new(struct child);
	child->left = true; /* nobody has it yet */
	if (command_spawn(loop, &child->process, e->connect_command, e, tls,
		    (uv_stdio_container_t[]){{.flags = UV_INHERIT_FD, .data.fd = fd[1]},
			    {.flags = UV_INHERIT_FD, .data.fd = fd[1]}}, exited)) {
		close(fd[0]);
		close(fd[1]);
		uv_close((uv_handle_t *)&child->process, child_closed);
		return NULL;
	}
	close(fd[1]);
	child->left = false;
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	p = new(struct piped);
	xport_put_on(&p->x, &piped_ops, xport_socket(fd[0]));
	p->child = child;
	p->x.info.local = false; /* what is behind it may be anywhere */
	snprintf(p->x.info.host, sizeof(p->x.info.host), "%s", e->unix_path ? e->unix_path : e->host);
	return &p->x;
}
