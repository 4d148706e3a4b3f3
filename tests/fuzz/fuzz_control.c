/* F-27: the commands of the control socket, on a server without clients. What is written is JSON, a line each; a
 * request has one answer, in its turn; and it is the same however the bytes come. No file is written: screendump is
 * ours. */
#include <jansson.h>
#include <stdlib.h>

#include "base/err.h"
#include "server/control-private.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Stands before the library's own: done at once, but told of later. */
struct screendump {
	void (*done)(void *owner, const char *file, int why);
	void *owner;
	char *file;
};

struct screendump *screendump_new(uv_loop_t *loop, struct device *d, const struct rect *part, const char *file,
	enum picture_format format, void (*done)(void *owner, const char *file, int why), void *owner)
{
	struct screendump *s = new(struct screendump);

	(void)loop, (void)d, (void)format;
	if (part->left < 0 || part->top < 0 || part->right > 64 || part->bottom > 48)
		abort();
	*s = (struct screendump){done, owner, xstrdup(file)};
	return s;
}

void screendump_forget(struct screendump *s)
{
	if (s)
		free(s->file);
	free(s);
}

static uv_loop_t loop;
static struct device *device;
static struct server *server;
static struct control control;

static void quit(void *owner)
{
	(void)owner;
}

/* The key that a worker is making must be done before openssl is. */
static void tear_down(void)
{
	uv_close((uv_handle_t *)&control.timer, NULL);
	server_free(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	device_free(device);
}

static void set_up(void)
{
	static const struct server_options o = {.client_mouse = true};

	if (server)
		return;
	uv_loop_init(&loop);
	device = device_new();
	device_resize(device, 64, 48);
	server = server_new(&loop, device, &o);
	server_ticket(server, "some-secret");
	control = (struct control){.loop = &loop, .server = server, .version = "0.1", .quit = quit, .stopped = true};
	list_init(&control.conns);
	uv_timer_init(&loop, &control.timer);
	atexit(tear_down);
}

static void finish_dump(struct control_conn *c)
{
	struct screendump *s = c->dump;

	if (!s)
		return;
	s->done(s->owner, s->file, s->file[0] == '/' ? 13 : 0);
	if (c->dump == s)
		abort();
	screendump_forget(s);
}

/* Pieces of `step` bytes; what came out. */
static void talk(const uint8_t *p, size_t n, size_t step, struct buf *out)
{
	struct control_conn c = {.control = &control, .second = uv_now(&loop)};
	int rc = 0;

	monitor_init(&c.monitor, control_commands, "0.1");
	list_append(&control.conns, &c.link);
	c.monitor.budget = UINT32_MAX;
	for (size_t at = 0; at < n && !rc; at += step) {
		c.inside = true;
		rc = monitor_input(&c.monitor, slice_of(p + at, n - at < step ? n - at : step));
		c.inside = false;
		while (!rc && (c.dump || buf_len(&c.monitor.out))) {
			finish_dump(&c);
			buf_put(out, buf_data(&c.monitor.out), buf_len(&c.monitor.out));
			buf_clear(&c.monitor.out);
			rc = monitor_go_on(&c.monitor);
		}
		if (!c.monitor.busy != !c.dump)
			abort();
	}
	list_remove(&c.link);
	monitor_fini(&c.monitor);
	if (rc && rc != E_LIMIT)
		abort();
}

/* Every line is an object that is an answer, an event or the greeting. */
static void check_lines(struct buf *out)
{
	while (buf_len(out)) {
		const uint8_t *end = memmem(buf_data(out), buf_len(out), "\r\n", 2);
		size_t n = end ? (size_t)(end - buf_data(out)) : 0;
		json_t *v = json_loadb((const char *)buf_data(out), n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

		if (!json_is_object(v) || !json_object_get(v, "return") + !json_object_get(v, "error") +
				!json_object_get(v, "event") + !json_object_get(v, "QMP") != 3)
			abort();
		json_decref(v);
		buf_skip(out, n + 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf whole = {0}, pieces = {0};

	set_up();
	if (n > LIM_CONTROL_LINE)
		return 0;
	talk(p, n, n ? n : 1, &whole);
	talk(p, n, 1 + n / 7, &pieces);
	if (!slice_eq(buf_slice(&whole), buf_slice(&pieces)))
		abort();
	check_lines(&whole);
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
