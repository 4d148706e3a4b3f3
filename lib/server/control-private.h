/* What the files of the control socket share: control.c (connections, events), control-commands.c (what can be asked),
 * screendump.c. */
#ifndef SERVER_CONTROL_PRIVATE_H
#define SERVER_CONTROL_PRIVATE_H

#include "codec/picture.h"
#include "server/control.h"
#include "server/monitor.h"

struct control_conn {
	struct list link;
	struct control *control;
	struct pump *pump;
	struct monitor monitor;
	struct screendump *dump; /* that the client waits for */
	char name[48];           /* "control uid 1000 pid 17" */
	uint64_t second;         /* uv_now when the budget was last given */
	bool inside;             /* a call from its pump is on the stack */
	bool flooded;            /* it reads nothing; it goes */
};

struct control {
	uv_loop_t *loop;
	struct listener *listener;
	struct server *server;
	const char *version;
	void (*quit)(void *owner);
	void *owner;
	struct list conns;
	unsigned n;
	uv_timer_t timer; /* for what waits: budgets, and connections that go */
	bool stopped;     /* SHUTDOWN was said */
};

extern const struct monitor_command control_commands[];

/* Takes a picture of the surface's part as it is now and writes it in the pool; the answer comes when the file is
 * complete. `done` is called from the loop, unless the job was forgotten: errno, and 0. */
struct screendump;
struct screendump *screendump_new(uv_loop_t *loop, struct device *d, const struct rect *part, const char *file,
	enum picture_format format, void (*done)(void *owner, const char *file, int why), void *owner);
void screendump_forget(struct screendump *s); /* nobody waits any more; NULL is fine */

/* The event SHUTDOWN, once. */
void control_say_shutdown(struct control *c, const char *reason);
/* An answer came later: the connection goes on. */
void control_go_on(struct control_conn *c);

/* An end of a connection, and a channel, as QEMU writes them, into the object. */
void control_put_end(struct json_t *o, const struct xport_info *info, bool server);
void control_put_link(struct json_t *o, const struct server_link *l);

static inline struct control_conn *control_conn_of(struct monitor *m)
{
	return container_of(m, struct control_conn, monitor);
}

#endif
