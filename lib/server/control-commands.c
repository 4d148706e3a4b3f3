/* What can be asked of the control socket. */
#include <jansson.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "server/control-private.h"

#define DEVICE "qxl0" /* what screendump knows our device by */

static struct control *control_of(struct monitor *m)
{
	return control_conn_of(m)->control;
}

static const char *text_of(const json_t *args, const char *name)
{
	return json_string_value(json_object_get(args, name));
}

/* ---- questions ---- */

static void query_version(struct monitor *m, const json_t *args)
{
	(void)args;
	monitor_return(m, monitor_version(control_of(m)->version));
}

static void query_status(struct monitor *m, const json_t *args)
{
	(void)args;
	monitor_return(m, json_pack("{s:s, s:b, s:b}", "status", "running", "singlestep", 0, "running", 1));
}

static void query_name(struct monitor *m, const json_t *args)
{
	json_t *name = json_string(server_name(control_of(m)->server));

	(void)args;
	monitor_return(m, name ? json_pack("{s:o}", "name", name) : NULL);
}

static void put_channel(void *list, const struct server_link *l)
{
	json_t *o = json_object();

	control_put_link(o, l);
	json_array_append_new(list, o);
}

static void put_listener(json_t *o, const char *name, const struct listener *l)
{
	json_t *host = json_string(listener_host(l));

	if (listener_port(l))
		json_object_set_new(o, name, json_integer(listener_port(l)));
	json_object_set_new(o, "host", host ? host : json_string("?"));
}

static void query_spice(struct monitor *m, const json_t *args)
{
	struct control *c = control_of(m);
	const struct listener *plain = server_listener(c->server, false), *tls = server_listener(c->server, true);
	json_t *o = json_pack("{s:b, s:b, s:s}", "migrated", 0, "enabled", 1, "auth",
		server_asks(c->server) ? "spice" : "none");
	json_t *channels = json_array();

	(void)args;
	if (tls)
		put_listener(o, "tls-port", tls);
	if (plain)
		put_listener(o, "port", plain);
	json_object_set_new(o, "compiled-version", json_string(c->version));
	server_each_link(c->server, put_channel, channels);
	json_object_set_new(o, "channels", channels);
	json_object_set_new(o, "mouse-mode", json_string(server_client_mouse(c->server) ? "client" : "server"));
	monitor_return(m, o);
}

/* ---- the password ---- */

static bool for_spice(const json_t *args)
{
	return strcmp(text_of(args, "protocol"), "spice") == 0;
}

static const char *const connected_words[] = {"keep", "fail", "disconnect", NULL};

static enum server_connected connected_of(const json_t *args)
{
	const char *text = text_of(args, "connected");

	if (!text || strcmp(text, "keep") == 0)
		return SERVER_KEEP;
	return strcmp(text, "fail") == 0 ? SERVER_FAIL : SERVER_DISCONNECT;
}

static void set_password(struct monitor *m, const json_t *args)
{
	const json_t *secret = json_object_get(args, "password");
	struct slice text = {(const uint8_t *)json_string_value(secret), json_string_length(secret)};

	if (!for_spice(args) || server_set_password(control_of(m)->server, text, connected_of(args))) {
		monitor_fail(m, MONITOR_GENERIC, "Could not set password");
		return;
	}
	log_info("%s: has set the password", control_conn_of(m)->name);
	monitor_return(m, NULL);
}

/* "now", "never", "+SECONDS", "UNIXTIME"; what is none of these is past, as with QEMU. */
static int64_t end_of(struct server *s, const char *text)
{
	enum { FOREVER = INT32_MAX };
	long long seconds;

	if (strcmp(text, "never") == 0)
		return TICKET_NEVER;
	if (text_number(text + (*text == '+'), 0, INT64_MAX / 1000, &seconds))
		return 0;
	return *text == '+' ? server_unix_ms(s) + 1000 * (seconds > FOREVER ? FOREVER : seconds) : 1000 * seconds;
}

static void expire_password(struct monitor *m, const json_t *args)
{
	struct server *s = control_of(m)->server;

	if (!for_spice(args)) {
		monitor_fail(m, MONITOR_GENERIC, "Could not set password expire time");
		return;
	}
	server_expire_password(s, end_of(s, text_of(args, "time")));
	log_info("%s: has set when the password expires", control_conn_of(m)->name);
	monitor_return(m, NULL);
}

/* ---- the picture ---- */

/* What a head shows of the screen, or all of it; false where it shows nothing. */
static bool rect_of(const struct pixmap *screen, const struct head *head, struct rect *part)
{
	struct rect all = {.right = (int)screen->width, .bottom = (int)screen->height};
	struct rect of = all;

	if (head)
		of = (struct rect){.left = (int)head->x, .top = (int)head->y, .right = (int)(head->x + head->width),
			.bottom = (int)(head->y + head->height)};
	*part = rect_meet(&all, &of);
	return !rect_is_empty(part);
}

/* The part of the screen that is asked for; false, and said what is wrong. */
static bool part_of(struct monitor *m, const json_t *args, struct rect *part)
{
	const char *device = text_of(args, "device");
	const json_t *number = json_object_get(args, "head");
	json_int_t head = json_integer_value(number);
	struct device *d = server_device(control_of(m)->server);
	const struct pixmap *screen = device_surface(d, 0);

	if (!screen) {
		monitor_fail(m, MONITOR_GENERIC, "There is no console to take a screendump from");
	} else if (number && !device) {
		monitor_fail(m, MONITOR_GENERIC, "'head' must be specified together with 'device'");
	} else if (device && strcmp(device, DEVICE) != 0) {
		monitor_fail(m, MONITOR_NO_DEVICE, "Device '%s' not found", device);
	} else if (head < 0 || (number && head >= d->n_heads) ||
		   !rect_of(screen, number ? &d->heads[head] : NULL, part)) {
		monitor_fail(m, MONITOR_GENERIC, "Device %s (head %lld) is not bound to a QemuConsole", device,
			(long long)head);
	} else {
		return true;
	}
	return false;
}

static void dumped(void *owner, const char *file, int why)
{
	struct control_conn *c = owner;

	c->dump = NULL;
	if (why)
		monitor_fail(&c->monitor, MONITOR_GENERIC, "failed to open file '%s': %s", file, strerror(why));
	else
		monitor_return(&c->monitor, NULL);
	control_go_on(c);
}

static const char *const picture_words[] = {"ppm", "png", NULL};

static void screendump(struct monitor *m, const json_t *args)
{
	struct control_conn *c = control_conn_of(m);
	const char *format = text_of(args, "format");
	struct rect part;

	if (part_of(m, args, &part))
		c->dump = screendump_new(c->control->loop, server_device(c->control->server), &part,
			text_of(args, "filename"), format && strcmp(format, "png") == 0 ? PICTURE_PNG : PICTURE_PPM,
			dumped, c);
}

/* ---- the end ---- */

static void quit(struct monitor *m, const json_t *args)
{
	struct control *c = control_of(m);

	(void)args;
	log_info("%s: quit", control_conn_of(m)->name);
	control_say_shutdown(c, "host-qmp-quit");
	monitor_return(m, NULL);
	c->quit(c->owner);
}

/* ---- the table ---- */

static const char *const protocols[] = {"vnc", "spice", NULL};

static const struct monitor_arg set_password_args[] = {
	{"protocol", MONITOR_WORD, false, protocols},
	{"password", MONITOR_STRING, false, NULL},
	{"connected", MONITOR_WORD, true, connected_words},
	{NULL, MONITOR_STRING, false, NULL},
};

static const struct monitor_arg expire_password_args[] = {
	{"protocol", MONITOR_WORD, false, protocols},
	{"time", MONITOR_STRING, false, NULL},
	{NULL, MONITOR_STRING, false, NULL},
};

static const struct monitor_arg screendump_args[] = {
	{"filename", MONITOR_STRING, false, NULL},
	{"device", MONITOR_STRING, true, NULL},
	{"head", MONITOR_INTEGER, true, NULL},
	{"format", MONITOR_WORD, true, picture_words},
	{NULL, MONITOR_STRING, false, NULL},
};

const struct monitor_command control_commands[] = {
	{"query-version", NULL, query_version},
	{"query-status", NULL, query_status},
	{"query-name", NULL, query_name},
	{"query-spice", NULL, query_spice},
	{"set_password", set_password_args, set_password},
	{"expire_password", expire_password_args, expire_password},
	{"screendump", screendump_args, screendump},
	{"quit", NULL, quit},
	{NULL, NULL, NULL},
};
