/* Connections of the control socket, and the events that they get. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/pump.h"
#include "server/control-private.h"

enum { SECOND_MS = 1000 };

/* ---- connections ---- */

static void conn_free(struct control_conn *c, bool flush)
{
	log_info("%s: gone", c->name);
	list_remove(&c->link);
	c->control->n--;
	screendump_forget(c->dump);
	pump_close(c->pump, flush);
	monitor_fini(&c->monitor);
	free(c);
}

static void on_timer(uv_timer_t *t);

static void later(struct control *c, unsigned ms)
{
	if (!uv_is_active((uv_handle_t *)&c->timer) || uv_timer_get_due_in(&c->timer) > ms)
		uv_timer_start(&c->timer, on_timer, ms, 0);
}

static void give_budget(struct control_conn *c)
{
	uint64_t now = uv_now(c->control->loop);

	if (now - c->second >= SECOND_MS) {
		c->second = now;
		c->monitor.budget = LIM_CONTROL_RATE;
	}
}

/* Reads, or waits with it. */
static void settle(struct control_conn *c)
{
	if (!c->monitor.budget)
		later(c->control, SECOND_MS);
	pump_pause(c->pump, monitor_is_full(&c->monitor));
	if (buf_len(&c->monitor.out))
		pump_kick(c->pump);
}

static int went_on(struct control_conn *c, int rc)
{
	if (rc)
		log_warn("%s: a request of more than %d bytes", c->name, LIM_CONTROL_LINE);
	else
		settle(c);
	return rc;
}

void control_go_on(struct control_conn *c)
{
	bool inside = c->inside;

	give_budget(c);
	c->inside = true;
	c->flooded |= went_on(c, monitor_go_on(&c->monitor)) != 0;
	c->inside = inside;
	if (c->flooded)
		later(c->control, 0);
}

static int input(void *owner, const uint8_t *p, size_t n)
{
	struct control_conn *c = owner;
	int rc;

	give_budget(c);
	c->inside = true;
	rc = went_on(c, monitor_input(&c->monitor, slice_of(p, n)));
	c->inside = false;
	return c->flooded ? E_LIMIT : rc;
}

static int output(void *owner, struct slice *out)
{
	*out = buf_slice(&((struct control_conn *)owner)->monitor.out);
	return 0;
}

static void sent(void *owner, size_t n)
{
	struct control_conn *c = owner;
	bool full = monitor_is_full(&c->monitor);

	buf_skip(&c->monitor.out, n);
	if (full && !monitor_is_full(&c->monitor))
		later(c->control, 0);
}

static void closed(void *owner, int err)
{
	struct control_conn *c = owner;

	(void)err;
	c->pump = NULL;
	conn_free(c, false);
}

static const struct pump_ops ops = {input, output, sent, closed};

static void on_timer(uv_timer_t *t)
{
	struct control *control = t->data;
	struct control_conn *c;

	list_each(c, &control->conns, link) {
		if (c->flooded)
			conn_free(c, true);
		else if (!c->monitor.busy)
			control_go_on(c);
	}
}

static bool may_come(struct control *c, const struct ucred *who)
{
	if (who->uid != geteuid() && who->uid != 0) {
		log_warn("control socket: user %u is refused", (unsigned)who->uid);
		return false;
	}
	if (c->n == LIM_CONTROL_CONNS) {
		log_warn("control socket: %d connections are there: one more is refused", LIM_CONTROL_CONNS);
		return false;
	}
	return true;
}

static void accepted(void *owner, int fd)
{
	struct control *control = owner;
	struct control_conn *c;
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) || !may_come(control, &who)) {
		close(fd);
		return;
	}
	c = new(struct control_conn);
	c->control = control;
	snprintf(c->name, sizeof(c->name), "control uid %u pid %d", (unsigned)who.uid, (int)who.pid);
	log_info("%s: here", c->name);
	monitor_init(&c->monitor, control_commands, control->version);
	c->second = uv_now(control->loop);
	c->monitor.budget = LIM_CONTROL_RATE;
	list_append(&control->conns, &c->link);
	control->n++;
	c->pump = pump_new(control->loop, xport_socket(fd), &ops, c);
	pump_secret(c->pump);
}

/* ---- events ---- */

static void tell(struct control *control, const char *name, const json_t *data)
{
	struct control_conn *c;
	struct timeval now;

	gettimeofday(&now, NULL);
	list_each(c, &control->conns, link) {
		monitor_event(&c->monitor, name, data, &now);
		if (buf_len(&c->monitor.out) > LIM_CONTROL_OUT && !c->flooded) {
			log_warn("%s: leaves its events unread", c->name);
			c->flooded = true;
			later(control, 0);
		}
		if (!c->inside)
			pump_kick(c->pump);
	}
}

void control_put_end(json_t *o, const struct xport_info *info, bool server)
{
	const char *host = server ? info->own_host : info->host;
	json_t *port = info->local ? json_string(server ? host : "")
				   : json_sprintf("%u", server ? info->own_port : info->port);
	const char *family = info->local ? "unix" : strchr(info->own_host, ':') ? "ipv6" : "ipv4";

	json_object_set_new(o, "port", port ? port : json_string("?"));
	json_object_set_new(o, "family", json_string(family));
	json_object_set_new(o, "host", json_string(info->local ? "localhost" : host));
}

void control_put_link(json_t *o, const struct server_link *l)
{
	control_put_end(o, l->info, false);
	json_object_set_new(o, "channel-type", json_integer(l->type));
	json_object_set_new(o, "connection-id", json_integer((int32_t)l->session)); /* QEMU 7.2 says it signed */
	json_object_set_new(o, "channel-id", json_integer(l->id));
	json_object_set_new(o, "tls", json_boolean(l->info->tls));
}

static void on_link(void *owner, enum server_link_state state, const struct server_link *l)
{
	static const char *const names[] = {"SPICE_CONNECTED", "SPICE_INITIALIZED", "SPICE_DISCONNECTED"};
	struct control *c = owner;
	json_t *data = json_object(), *server = json_object(), *client = json_object();

	if (state == SERVER_LINK_INITIALIZED)
		json_object_set_new(server, "auth", json_string(server_asks(c->server) ? "spice" : "none"));
	control_put_end(server, l->info, true);
	if (state == SERVER_LINK_INITIALIZED)
		control_put_link(client, l);
	else
		control_put_end(client, l->info, false);
	json_object_set_new(data, "server", server);
	json_object_set_new(data, "client", client);
	tell(c, names[state], data);
	json_decref(data);
}

static const struct server_events events = {.link = on_link};

void control_say_shutdown(struct control *c, const char *reason)
{
	json_t *data = json_pack("{s:b, s:s}", "guest", 0, "reason", reason);

	if (!c->stopped)
		tell(c, "SHUTDOWN", data);
	c->stopped = true;
	json_decref(data);
}

/* ---- begin and end ---- */

struct control *control_new(uv_loop_t *loop, const char *path, struct server *s, const char *version,
	void (*quit)(void *owner), void *owner, int *err)
{
	struct control *c = new(struct control);
	char *where = xasprintf("unix:%s", path);

	*c = (struct control){.loop = loop, .server = s, .version = version, .quit = quit, .owner = owner};
	list_init(&c->conns);
	c->listener = listener_new(loop, where, accepted, c, err);
	free(where);
	if (!c->listener) {
		free(c);
		return NULL;
	}
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	server_events(s, &events, c);
	return c;
}

void control_stop(struct control *c, bool by_signal)
{
	if (c)
		control_say_shutdown(c, by_signal ? "host-signal" : "guest-shutdown");
}

static void timer_closed(uv_handle_t *h)
{
	free(h->data);
}

void control_free(struct control *control)
{
	struct control_conn *c;

	if (!control)
		return;
	listener_free(control->listener);
	list_each(c, &control->conns, link)
		conn_free(c, true);
	uv_close((uv_handle_t *)&control->timer, timer_closed);
}
