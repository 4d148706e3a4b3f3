/* F-19: a session's channels on the server, in process: the input is a script of what a client sends on which channel,
 * in what pieces, what the device draws meanwhile, and who leaves. There is no socket: bytes go into the channels and
 * come out of them. What must hold: the queue stays bounded (L-18), and everything is freed at the end (LeakSanitizer
 * says). */
#include <stdlib.h>

#include "base/err.h"
#include "server/pipe.h"
#include "server/private.h"
#include "server/repaint.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uv_loop_t loop;
static struct device *device;
static struct repaint *repainter;
static struct server *server;

/* The key that a worker is making must be done before openssl is. */
static void tear_down(void)
{
	server_free(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	repaint_free(repainter);
	device_free(device);
}

static void set_up(void)
{
	static const struct server_options o = {.client_mouse = true, .resize = true};

	if (server)
		return;
	uv_loop_init(&loop);
	device = device_new();
	repainter = repaint_new(device);
	device_resize(device, 64, 48);
	server = server_new(&loop, device, &o);
	atexit(tear_down);
}

/* A linked connection without a transport. */
static struct conn *fake(struct session *s, unsigned type, bool mini)
{
	static const struct conn_ops nobody;
	struct conn *c = new(struct conn);

	c->ops = &nobody;
	c->loop = &loop;
	c->role = CHAN_SERVER;
	c->linked = true;
	c->link.server.channel_type = (uint8_t)type;
	c->link.server.peer = (struct link_caps){.common = {9}, .n_common = 1, .channel = {0xffffffff}, .n_channel = 1};
	chan_init(&c->chan, CHAN_SERVER, type, 0, mini, NULL, NULL);
	session_join(s, c);
	return c;
}

struct channel {
	struct conn *c;
	bool open;
};

static void take(struct channel *ch, size_t n)
{
	struct slice out;

	if (!ch->open || chan_output(&ch->c->chan, &out))
		return;
	chan_sent(&ch->c->chan, out.n < n ? out.n : n);
}

static void feed(struct channel *ch, const uint8_t *p, size_t n)
{
	if (ch->open && chan_input(&ch->c->chan, p, n))
		ch->open = false; /* the pump would close it: no byte goes in any more */
}

static void draw(uint8_t how)
{
	static uint8_t pixels[32 * 32 * 4];
	struct draw_fill fill = {.base = {.box = {how % 40, how % 50, 48, 64}}, .rop = ROPD_OP_PUT,
		.brush = {.type = BRUSH_TYPE_SOLID, .color = how}};

	pixels[how] = how;
	if (how % 16 == 0)
		device_resize(device, 32 + how, 48);
	else if (how % 3 == 0)
		device_draw(device, S_DISPLAY_DRAW_FILL, &fill);
	else if (how % 3 == 1)
		repaint(repainter, 0, &(struct rect){how % 10, how % 20, how % 10 + 32, how % 20 + 32},
			&(struct repaint_pixels){.p = pixels, .stride = 128});
	else
		device_pointer_set(device, CURSOR_TYPE_ALPHA, 32, 32, how, how, slice_of(pixels, sizeof(pixels)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t types[4] = {WIRE_MAIN, WIRE_DISPLAY, WIRE_INPUTS, WIRE_CURSOR};
	struct xport_info info = {.source = "fuzz"};
	struct channel ch[4];
	struct session *s;
	bool mini = n && p[0] & 1;

	set_up();
	s = session_found(server, "fuzz", &info, (const uint8_t[VERIFIER]){0}, NULL);
	for (int i = 0; i < 4; i++)
		ch[i] = (struct channel){fake(s, types[i], mini), true};
	for (size_t at = 1; at + 2 <= n;) {
		uint8_t op = p[at], len = p[at + 1];

		at += 2;
		if (len > n - at)
			len = (uint8_t)(n - at);
		switch (op >> 2 & 7) {
		case 0 ... 4:
			feed(&ch[op & 3], p + at, len);
			at += len;
			break;
		case 5:
			take(&ch[op & 3], (size_t)len * 64);
			break;
		default:
			draw(len);
		}
		if (s->display && server_display_queue(s->display) > LIM_PIPE_BYTES + (1 << 20))
			abort();
	}
	session_leave(s, "end of input");
	if (server_clients(server))
		abort();
	return 0;
}
