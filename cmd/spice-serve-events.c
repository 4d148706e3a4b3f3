/* --events of spice-serve: a JSON line for each thing that a client does (field names: spice-serve(1)). */
#include "cmd/spice-serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "cmd/cli.h"

struct serve_events {
	FILE *file;
	uint64_t began;
	void (*stop)(void *owner, int err);
	void *owner;
};

static void event(struct serve_events *e, const char *name, const struct server_client *c,
	void (*more)(struct json *j, const void *data), const void *data)
{
	struct buf line = {0};
	struct json j = {.out = &line};

	json_open(&j, NULL, '{');
	json_decimal(&j, "time", (double)(uv_hrtime() - e->began) / 1e9, 3);
	json_str(&j, "event", name);
	json_uint(&j, "client", c->id);
	if (more)
		more(&j, data);
	json_close(&j, '}');
	buf_u8(&line, '\n');
	if (fwrite(buf_data(&line), 1, buf_len(&line), e->file) != buf_len(&line) || fflush(e->file)) {
		cli_error("--events: %s", strerror(errno));
		e->stop(e->owner, E_IO);
	}
	buf_fini(&line);
}

struct pair {
	const char *a_name, *b_name;
	int a, b;
	int down; /* -1: none */
};

static void put_pair(struct json *j, const void *data)
{
	const struct pair *p = data;

	json_int(j, p->a_name, p->a);
	if (p->b_name)
		json_int(j, p->b_name, p->b);
	if (p->down >= 0)
		json_bool(j, "down", p->down);
}

static void put_client(struct json *j, const void *data)
{
	const struct server_client *c = data;

	json_str(j, "address", c->address);
	json_bool(j, "tls", c->tls);
	json_bool(j, "view_only", c->view_only);
	if (c->ticket_id)
		json_str(j, "ticket", c->ticket_id);
}

static void on_joined(void *owner, const struct server_client *c)
{
	event(owner, "joined", c, put_client, c);
}

static void on_ready(void *owner, const struct server_client *c)
{
	event(owner, "ready", c, NULL, NULL);
}

static void on_left(void *owner, const struct server_client *c)
{
	event(owner, "left", c, NULL, NULL);
}

static void on_key(void *owner, const struct server_client *c, unsigned code, bool down)
{
	event(owner, "key", c, put_pair, &(struct pair){"code", NULL, (int)code, 0, down});
}

static void on_button(void *owner, const struct server_client *c, unsigned button, bool down)
{
	event(owner, "button", c, put_pair, &(struct pair){"button", NULL, (int)button, 0, down});
}

static void on_motion(void *owner, const struct server_client *c, int dx, int dy)
{
	event(owner, "motion", c, put_pair, &(struct pair){"dx", "dy", dx, dy, -1});
}

static void on_position(void *owner, const struct server_client *c, int x, int y, unsigned display)
{
	(void)display;
	event(owner, "position", c, put_pair, &(struct pair){"x", "y", x, y, -1});
}

static void on_locks(void *owner, const struct server_client *c, unsigned modifiers)
{
	event(owner, "locks", c, put_pair, &(struct pair){"modifiers", NULL, (int)modifiers, 0, -1});
}

struct heads {
	const struct head *heads;
	unsigned n;
};

static void put_heads(struct json *j, const void *data)
{
	const struct heads *h = data;

	json_open(j, "monitors", '[');
	for (unsigned i = 0; i < h->n; i++) {
		json_open(j, NULL, '{');
		json_uint(j, "x", h->heads[i].x);
		json_uint(j, "y", h->heads[i].y);
		json_uint(j, "width", h->heads[i].width);
		json_uint(j, "height", h->heads[i].height);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void on_resize(void *owner, const struct server_client *c, const struct head *heads, unsigned n)
{
	event(owner, "resize", c, put_heads, &(struct heads){heads, n});
}

static const struct server_events events = {
	.resize = on_resize,
	.joined = on_joined,
	.left = on_left,
	.ready = on_ready,
	.key = on_key,
	.button = on_button,
	.motion = on_motion,
	.position = on_position,
	.locks = on_locks,
};

struct serve_events *serve_events_new(struct server *s, const char *file, void (*stop)(void *owner, int err),
	void *owner, int *err)
{
	FILE *f = strcmp(file, "-") == 0 ? stdout : fopen(file, "we");
	struct serve_events *e;

	if (!f) {
		cli_error("%s: %s", file, strerror(errno));
		*err = E_CREATE;
		return NULL;
	}
	e = new(struct serve_events);
	*e = (struct serve_events){.file = f, .began = uv_hrtime(), .stop = stop, .owner = owner};
	server_events(s, &events, e);
	return e;
}

void serve_events_free(struct serve_events *e)
{
	if (!e)
		return;
	if (e->file != stdout)
		fclose(e->file);
	free(e);
}
