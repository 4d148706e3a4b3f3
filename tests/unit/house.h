/* Both ends of the house on one loop: a server with a device behind it, listening on a unix socket of its own. Clients
 * are the test's. Included after cmocka.h. */
#ifndef UNIT_HOUSE_H
#define UNIT_HOUSE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/client.h"
#include "server/server.h"

enum { PATIENCE_MS = 60000 };

struct house {
	uv_loop_t loop;
	struct device *device;
	struct server *server;
	char path[64];
};

/* The server comes with house_listen: what is drawn in between is there when the first client comes. */
static inline void house_open(struct house *h, unsigned width, unsigned height)
{
	memset(h, 0, sizeof(*h));
	uv_loop_init(&h->loop);
	h->device = device_new();
	assert_int_equal(device_resize(h->device, width, height), 0);
}

/* events: NULL for none; their owner is NULL. */
static inline void house_listen(struct house *h, const struct server_options *o, const struct server_events *events)
{
	char *where;

	h->server = server_new(&h->loop, h->device, o);
	if (events)
		server_events(h->server, events, NULL);
	snprintf(h->path, sizeof(h->path), "/tmp/spice-house-%d.sock", (int)getpid());
	where = xasprintf("unix:%s", h->path);
	assert_int_equal(server_listen(h->server, where, NULL, false, NULL), 0);
	free(where);
}

/* Nothing is left of it: no handle, no socket. The clients have gone before. */
static inline void house_close(struct house *h)
{
	server_free(h->server);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	device_free(h->device);
	assert_int_equal(access(h->path, F_OK), -1);
}

/* Does the client show what the device has, in this rectangle (NULL: all of the screen)? */
static inline bool house_shown(const struct house *h, struct client *c, const struct rect *in)
{
	struct pixmap *a = device_surface(h->device, 0), *s = client_screen(c, 0);
	struct rect all;

	if (!s || s->width != a->width || s->height != a->height)
		return false;
	all = (struct rect){.right = (int)a->width, .bottom = (int)a->height};
	in = in ? in : &all;
	for (int y = in->top; y < in->bottom; y++) {
		const uint32_t *p = (const uint32_t *)(const void *)(a->data + (size_t)y * (size_t)a->stride);
		const uint32_t *q = (const uint32_t *)(const void *)(s->data + (size_t)y * (size_t)s->stride);

		for (int x = in->left; x < in->right; x++)
			if ((p[x] ^ q[x]) & 0xffffff)
				return false;
	}
	return true;
}

/* Runs the loop until the condition holds; fails after PATIENCE_MS. */
#define UNTIL(house, condition)                                                                                        \
	do {                                                                                                           \
		uint64_t end_ = uv_hrtime() + PATIENCE_MS * 1000000ull;                                                \
		while (!(condition)) {                                                                                 \
			if (uv_hrtime() > end_)                                                                        \
				fail_msg("not in time: %s", #condition);                                               \
			uv_run(&(house)->loop, UV_RUN_ONCE);                                                           \
		}                                                                                                      \
	} while (0)

#endif
