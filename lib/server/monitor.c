/* QMP: framing, negotiation, the check of requests and their arguments. The protocol's own two commands are here,
 * qmp_capabilities and query-commands; the others are the owner's table. */
#include "server/monitor.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"

/* ---- out ---- */

static int append(const char *p, size_t n, void *out)
{
	buf_put(out, p, n);
	return 0;
}

static void put(struct monitor *m, json_t *line)
{
	json_dump_callback(line, append, &m->out, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	buf_str(&m->out, "\r\n");
	json_decref(line);
}

void monitor_return(struct monitor *m, json_t *value)
{
	json_t *line = json_object();

	json_object_set_new(line, "return", value ? value : json_object());
	if (m->id)
		json_object_set_new(line, "id", m->id);
	m->id = NULL;
	m->busy = false;
	put(m, line);
}

void monitor_fail(struct monitor *m, enum monitor_class class, const char *fmt, ...)
{
	static const char *const names[] = {"GenericError", "CommandNotFound", "DeviceNotFound"};
	json_t *line = json_object(), *text;
	struct buf desc = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&desc, fmt, ap);
	va_end(ap);
	text = json_string(buf_cstr(&desc)); /* NULL where it is not UTF-8: the name of a file */
	buf_fini(&desc);
	if (m->id)
		json_object_set_new(line, "id", m->id);
	m->id = NULL;
	m->busy = false;
	json_object_set_new(line, "error", json_pack("{s:s, s:o}", "class", names[class],
		"desc", text ? text : json_string("the reason is not UTF-8")));
	put(m, line);
}

void monitor_event(struct monitor *m, const char *name, const json_t *data, const struct timeval *when)
{
	json_t *line;

	if (!m->negotiated)
		return;
	line = json_pack("{s:{s:I, s:I}, s:s}", "timestamp", "seconds", (json_int_t)when->tv_sec, "microseconds",
		(json_int_t)when->tv_usec, "event", name);
	if (data)
		json_object_set_new(line, "data", json_deep_copy(data));
	put(m, line);
}

json_t *monitor_version(const char *text)
{
	char *end;
	long major = strtol(text, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	char package[64];

	snprintf(package, sizeof(package), "spiceutils %s", text);
	return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "micro", 0, "minor", (int)minor, "major", (int)major,
		"package", package);
}

/* ---- the protocol's own commands ---- */

static void negotiate(struct monitor *m, const json_t *args)
{
	const json_t *enable = json_object_get(args, "enable");
	const char *first = json_string_value(json_array_get(enable, 0));

	if (enable && !json_is_array(enable)) {
		monitor_fail(m, MONITOR_GENERIC, "Invalid parameter type for 'enable', expected: array");
	} else if (json_object_size(args) > (enable ? 1 : 0)) {
		monitor_fail(m, MONITOR_GENERIC, "Parameters other than 'enable' are unexpected");
	} else if (json_array_size(enable)) {
		monitor_fail(m, MONITOR_GENERIC, "Capability '%s' is not offered", first ? first : "?");
	} else {
		m->negotiated = true;
		monitor_return(m, NULL);
	}
}

static void list_commands(struct monitor *m, const json_t *args)
{
	json_t *list = json_array();

	(void)args;
	for (const struct monitor_command *c = m->commands; c->name; c++)
		json_array_append_new(list, json_pack("{s:s}", "name", c->name));
	json_array_append_new(list, json_pack("{s:s}", "name", "query-commands"));
	json_array_append_new(list, json_pack("{s:s}", "name", "qmp_capabilities"));
	monitor_return(m, list);
}

static const struct monitor_command own[] = {{"query-commands", NULL, list_commands}, {NULL, NULL, NULL}};

/* ---- requests ---- */

static const struct monitor_command *find(const struct monitor_command *c, const char *name)
{
	while (c->name && strcmp(c->name, name) != 0)
		c++;
	return c->name ? c : NULL;
}

static bool is_word(const struct monitor_arg *a, const char *text)
{
	for (const char *const *w = a->words; *w; w++)
		if (strcmp(*w, text) == 0)
			return true;
	return false;
}

/* One argument; false, and said what is wrong with it. */
static bool good_arg(struct monitor *m, const struct monitor_arg *a, const json_t *value)
{
	if (!value && !a->optional)
		monitor_fail(m, MONITOR_GENERIC, "Parameter '%s' is missing", a->name);
	else if (value && (a->type == MONITOR_INTEGER ? !json_is_integer(value) : !json_is_string(value)))
		monitor_fail(m, MONITOR_GENERIC, "Invalid parameter type for '%s', expected: %s", a->name,
			a->type == MONITOR_INTEGER ? "integer" : "string");
	else if (value && a->type == MONITOR_WORD && !is_word(a, json_string_value(value)))
		monitor_fail(m, MONITOR_GENERIC, "Parameter '%s' does not accept value '%s'", a->name,
			json_string_value(value));
	else
		return true;
	return false;
}

static bool good_args(struct monitor *m, const struct monitor_arg *list, json_t *args)
{
	const struct monitor_arg *a;
	const char *key;
	json_t *value;

	for (a = list; a && a->name; a++)
		if (!good_arg(m, a, json_object_get(args, a->name)))
			return false;
	json_object_foreach(args, key, value) {
		for (a = list; a && a->name && strcmp(a->name, key) != 0; a++)
			;
		if (!a || !a->name) {
			monitor_fail(m, MONITOR_GENERIC, "Parameter '%s' is unexpected", key);
			return false;
		}
	}
	return true;
}

static void run(struct monitor *m, const char *name, json_t *args)
{
	bool capabilities = strcmp(name, "qmp_capabilities") == 0;
	const struct monitor_command *c = find(m->commands, name);

	c = c ? c : find(own, name);
	if (!m->negotiated && !capabilities)
		monitor_fail(m, MONITOR_NO_COMMAND, "Expecting capabilities negotiation with 'qmp_capabilities'");
	else if (capabilities && m->negotiated)
		monitor_fail(m, MONITOR_NO_COMMAND, "Capabilities negotiation is already complete, command ignored");
	else if (capabilities)
		negotiate(m, args);
	else if (!c)
		monitor_fail(m, MONITOR_NO_COMMAND, "The command %s has not been found", name);
	else if (good_args(m, c->args, args))
		c->run(m, args);
}

/* A member of a request that has no place there; NULL: none. */
static const char *stranger(json_t *request)
{
	const char *key;
	json_t *value;

	json_object_foreach(request, key, value)
		if (strcmp(key, "execute") != 0 && strcmp(key, "arguments") != 0 && strcmp(key, "id") != 0)
			return key;
	return NULL;
}

static void check(struct monitor *m, json_t *request)
{
	json_t *name = json_object_get(request, "execute"), *args = json_object_get(request, "arguments");
	const char *other = stranger(request);

	m->id = json_incref(json_object_get(request, "id"));
	if (!json_is_object(request))
		monitor_fail(m, MONITOR_GENERIC, "QMP input must be a JSON object");
	else if (other)
		monitor_fail(m, MONITOR_GENERIC, "QMP input member '%s' is unexpected", other);
	else if (!name)
		monitor_fail(m, MONITOR_GENERIC, "QMP input lacks member 'execute'");
	else if (!json_is_string(name))
		monitor_fail(m, MONITOR_GENERIC, "QMP input member 'execute' must be a string");
	else if (args && !json_is_object(args))
		monitor_fail(m, MONITOR_GENERIC, "QMP input member 'arguments' must be an object");
	else
		run(m, json_string_value(name), args);
}

/* Text that json_scan took for a value. */
static void request(struct monitor *m, struct slice text)
{
	size_t at;
	json_t *r = json_read(text, &at);

	m->busy = true;
	if (r)
		check(m, r);
	else
		monitor_fail(m, MONITOR_GENERIC, "JSON parse error, at byte %zu", at + 1);
	json_decref(r);
}

/* ---- in ---- */

/* What was read may have been a password. */
static void forget(struct monitor *m, size_t n)
{
	explicit_bzero(buf_data(&m->in), n);
	buf_skip(&m->in, n);
	m->scan = (struct json_scan){0};
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct monitor *m)
{
	while (!m->scan.begun && buf_len(&m->in) && is_blank(*buf_data(&m->in)))
		forget(m, 1);
}

/* What waits goes to the front: the buffer never grows, and leaves no copy behind. */
static void to_front(struct buf *in)
{
	size_t n = buf_len(in);

	memmove(in->mem, in->mem + in->off, n);
	explicit_bzero(in->mem + n, in->end - n);
	in->off = 0;
	in->end = n;
}

bool monitor_is_full(const struct monitor *m)
{
	return m->busy || !m->budget || buf_len(&m->out) > LIM_CONTROL_LINE;
}

int monitor_go_on(struct monitor *m)
{
	size_t n;

	while (!monitor_is_full(m)) {
		skip_blanks(m);
		n = json_scan(&m->scan, buf_slice(&m->in));
		if (n > LIM_CONTROL_LINE || (!n && buf_len(&m->in) > LIM_CONTROL_LINE))
			return E_LIMIT;
		if (!n)
			break;
		m->budget--;
		request(m, slice_of(buf_data(&m->in), n));
		forget(m, n);
	}
	return 0;
}

int monitor_input(struct monitor *m, struct slice bytes)
{
	to_front(&m->in);
	buf_put(&m->in, bytes.p, bytes.n);
	return monitor_go_on(m);
}

void monitor_init(struct monitor *m, const struct monitor_command *commands, const char *version)
{
	*m = (struct monitor){.commands = commands};
	buf_reserve(&m->in, 2 * LIM_CONTROL_LINE); /* a request without its end, and what comes at once */
	put(m, json_pack("{s:{s:o, s:[]}}", "QMP", "version", monitor_version(version), "capabilities"));
}

void monitor_fini(struct monitor *m)
{
	buf_wipe(&m->in);
	buf_fini(&m->out);
	json_decref(m->id);
}
