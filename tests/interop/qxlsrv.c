/*
 * qxlsrv [COMPRESSION]: a real SPICE server, libspice-server, with a synthetic QXL device that
 * emits draw commands, also those no guest driver makes (opaque, transparent, blend, rop3, masks,
 * off-screen surfaces). It listens on a free port of the loopback address and says "up PORT".
 * Lines on stdin:
 *
 *   fill pattern copy opaque transp alpha blend black white invers rop3 stroke text clip mask
 *   surf comp copybits cursor
 *                   a group of draws each (cursor: the pointer's shape)
 *   anim N          N photographs at the same place, 25 a second: with STREAM a video stream
 *   heads N         N monitors side by side, each its part of the screen; more are wished for by
 *                   clients: "wish WxH+X+Y ..."
 *   random N SEED   N draws (fill, copy, copy-bits, invers, with PUT XOR OR AND)
 *   any N SEED [KIND...]
 *                   N draws of every kind (qxlsrv-any.c) on the screen and on surfaces of all
 *                   formats, which the screen shows in the end
 *   ref FILE        the screen as the server's own renderer has it, once all commands are taken:
 *                   the oracle
 *   quit
 *
 * COMPRESSION is the number of the image compression, 1 = off; STREAM (environment) that of the
 * streaming mode, 2 = all, 3 = what looks like video; with AGENT a guest's agent is there, with
 * SECOND another display of one colour. A rop other than PUT needs effect BLEND, or the server
 * drops what the command covers.
 */
#include "qxlsrv.h"

#include <arpa/inet.h>
#include <glib-unix.h>
#include <spice.h>
#include <spice/vd_agent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))

static GMainLoop *loop;
static GAsyncQueue *commands, *cursor_commands;
static GPtrArray *group; /* commands being made: the device's thread must not see them yet */
static QXLInstance device, second = {.id = 1};
static uint8_t *screen;

/* The main loop that the library wants: timers and watches, by GLib. */

struct SpiceTimer {
	SpiceTimerFunc fire;
	void *opaque;
	guint id;
};

struct SpiceWatch {
	SpiceWatchFunc ready;
	void *opaque;
	int fd;
	guint id;
};

static gboolean timer_fired(gpointer data)
{
	SpiceTimer *t = data;
	t->id = 0;
	t->fire(t->opaque);
	return G_SOURCE_REMOVE;
}

static SpiceTimer *timer_add(SpiceTimerFunc fire, void *opaque)
{
	SpiceTimer *t = g_new0(SpiceTimer, 1);
	t->fire = fire;
	t->opaque = opaque;
	return t;
}

static void timer_cancel(SpiceTimer *t)
{
	if (t->id)
		g_source_remove(t->id);
	t->id = 0;
}

static void timer_start(SpiceTimer *t, uint32_t ms)
{
	timer_cancel(t);
	t->id = g_timeout_add(ms, timer_fired, t);
}

static void timer_remove(SpiceTimer *t)
{
	timer_cancel(t);
	g_free(t);
}

static gboolean watch_ready(gint fd, GIOCondition condition, gpointer data)
{
	SpiceWatch *w = data;
	int events = 0;
	if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
		events |= SPICE_WATCH_EVENT_READ;
	if (condition & G_IO_OUT)
		events |= SPICE_WATCH_EVENT_WRITE;
	w->ready(fd, events, w->opaque);
	return G_SOURCE_CONTINUE;
}

static void watch_update(SpiceWatch *w, int mask)
{
	int condition = 0;
	if (w->id)
		g_source_remove(w->id);
	w->id = 0;
	if (mask & SPICE_WATCH_EVENT_READ)
		condition |= G_IO_IN | G_IO_HUP | G_IO_ERR;
	if (mask & SPICE_WATCH_EVENT_WRITE)
		condition |= G_IO_OUT;
	if (condition)
		w->id = g_unix_fd_add(w->fd, (GIOCondition)condition, watch_ready, w);
}

static SpiceWatch *watch_add(int fd, int mask, SpiceWatchFunc ready, void *opaque)
{
	SpiceWatch *w = g_new0(SpiceWatch, 1);
	w->ready = ready;
	w->opaque = opaque;
	w->fd = fd;
	watch_update(w, mask);
	return w;
}

static void watch_remove(SpiceWatch *w)
{
	watch_update(w, 0);
	g_free(w);
}

static void channel_event(int event, SpiceChannelEventInfo *info)
{
	static const char *const names[] = {
		[1] = "connected", [2] = "initialized", [3] = "disconnected"};
	SAY("channel %s type %d id %d\n", event >= 1 && event <= 3 ? names[event] : "?", info->type,
		info->id);
}

static SpiceCoreInterface core = {
	.base = {"core", "glib", SPICE_INTERFACE_CORE_MAJOR, SPICE_INTERFACE_CORE_MINOR},
	.timer_add = timer_add,
	.timer_start = timer_start,
	.timer_cancel = timer_cancel,
	.timer_remove = timer_remove,
	.watch_add = watch_add,
	.watch_update_mask = watch_update,
	.watch_remove = watch_remove,
	.channel_event = channel_event,
};

/* The device: all memory is ours, nothing is ever released. */

static void dev_attached(QXLInstance *q)
{
	(void)q;
}

static void dev_level(QXLInstance *q, int level)
{
	(void)q, (void)level;
}

static void dev_info(QXLInstance *q, QXLDevInitInfo *info)
{
	(void)q;
	*info = (QXLDevInitInfo){
		.num_memslots_groups = 1,
		.num_memslots = 1,
		.memslot_gen_bits = 8,
		.memslot_id_bits = 8,
		.n_surfaces = 64,
		.qxl_ram_size = 1 << 26,
	};
}

/* The second device, if there is one, does nothing. */
static int dev_command(QXLInstance *q, QXLCommandExt *out)
{
	QXLCommandExt *e = q == &device ? g_async_queue_try_pop(commands) : NULL;
	if (!e)
		return 0;
	*out = *e;
	return 1;
}

static int dev_cursor(QXLInstance *q, QXLCommandExt *out)
{
	QXLCommandExt *e = q == &device ? g_async_queue_try_pop(cursor_commands) : NULL;
	if (!e)
		return 0;
	*out = *e;
	return 1;
}

static int dev_notify(QXLInstance *q)
{
	return q != &device || g_async_queue_length(commands) <= 0;
}

static int dev_notify_cursor(QXLInstance *q)
{
	return q != &device || g_async_queue_length(cursor_commands) <= 0;
}

static void dev_release(QXLInstance *q, QXLReleaseInfoExt info)
{
	(void)q, (void)info;
}

static void dev_update(QXLInstance *q, uint32_t id)
{
	(void)q, (void)id;
}

static int dev_flush(QXLInstance *q)
{
	(void)q;
	return 0;
}

static void dev_async(QXLInstance *q, uint64_t cookie)
{
	(void)q, (void)cookie;
}

static void dev_updated(QXLInstance *q, uint32_t surface, QXLRect *rects, uint32_t n)
{
	(void)q, (void)surface, (void)rects, (void)n;
}

static void dev_caps(QXLInstance *q, uint8_t present, uint8_t caps[SPICE_CAPABILITIES_SIZE])
{
	(void)q, (void)present, (void)caps;
}

/* No config: may there be any? */
static int dev_monitors(QXLInstance *q, VDAgentMonitorsConfig *config)
{
	(void)q;
	if (!config)
		return TRUE;
	printf("wish");
	for (uint32_t i = 0; i < config->num_of_monitors; i++) {
		VDAgentMonConfig *m = &config->monitors[i];
		printf(" %ux%u+%d+%d", m->width, m->height, m->x, m->y);
	}
	SAY("\n");
	return TRUE;
}

static QXLInterface qxl = {
	.base = {SPICE_INTERFACE_QXL, "synthetic", SPICE_INTERFACE_QXL_MAJOR,
		SPICE_INTERFACE_QXL_MINOR},
	.attached_worker = dev_attached,
	.set_compression_level = dev_level,
	.get_init_info = dev_info,
	.get_command = dev_command,
	.req_cmd_notification = dev_notify,
	.release_resource = dev_release,
	.get_cursor_command = dev_cursor,
	.req_cursor_notification = dev_notify_cursor,
	.notify_update = dev_update,
	.flush_resources = dev_flush,
	.async_complete = dev_async,
	.update_area_complete = dev_updated,
	.set_client_capabilities = dev_caps,
	.client_monitors_config = dev_monitors,
};

/* A guest's agent that answers a client's announcement with its own, that it can do monitors, and hears nothing else:
 * what it is asked for goes to the device. */

static struct {
	uint8_t bytes[256];
	unsigned n, taken;
} agent;

static int agent_write(SpiceCharDeviceInstance *c, const uint8_t *data, int n);

static int agent_read(SpiceCharDeviceInstance *c, uint8_t *data, int n)
{
	(void)c;
	n = MIN(n, (int)(agent.n - agent.taken));
	memcpy(data, agent.bytes + agent.taken, n);
	agent.taken += n;
	return n;
}

static void agent_state(SpiceCharDeviceInstance *c, int connected)
{
	(void)c, (void)connected;
}

static SpiceCharDeviceInterface agent_interface = {
	.base = {SPICE_INTERFACE_CHAR_DEVICE, "agent", SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
		SPICE_INTERFACE_CHAR_DEVICE_MINOR},
	.state = agent_state,
	.write = agent_write,
	.read = agent_read,
};
static SpiceCharDeviceInstance agent_device = {.base.sif = &agent_interface.base, .subtype = "vdagent"};

static int agent_write(SpiceCharDeviceInstance *c, const uint8_t *data, int n)
{
	struct __attribute__((packed)) {
		VDIChunkHeader chunk;
		VDAgentMessage message;
		uint32_t request, caps;
	} answer = {
		.chunk = {VDP_CLIENT_PORT, sizeof(answer) - sizeof(answer.chunk)},
		.message = {VD_AGENT_PROTOCOL, VD_AGENT_ANNOUNCE_CAPABILITIES, 0, 8},
		.caps = 1 << VD_AGENT_CAP_MONITORS_CONFIG | 1 << VD_AGENT_CAP_REPLY |
			1 << VD_AGENT_CAP_SPARSE_MONITORS_CONFIG | 1 << VD_AGENT_CAP_MONITORS_CONFIG_POSITION,
	};
	const VDIChunkHeader *chunk = (const void *)data;
	const VDAgentMessage *message = (const void *)(chunk + 1);
	if (n >= (int)(sizeof(*chunk) + sizeof(*message)) && chunk->port == VDP_CLIENT_PORT &&
		message->type == VD_AGENT_ANNOUNCE_CAPABILITIES) {
		memcpy(agent.bytes, &answer, agent.n = sizeof(answer));
		agent.taken = 0;
		spice_server_char_device_wakeup(c);
	}
	return n;
}

void push(int type, void *command)
{
	QXLCommandExt *e = g_new0(QXLCommandExt, 1);
	e->cmd.type = type;
	e->cmd.data = PHYSICAL(command);
	g_ptr_array_add(group, e);
}

void push_cursor(QXLCursorCmd *command)
{
	QXLCommandExt *e = g_new0(QXLCommandExt, 1);
	e->cmd.type = QXL_CMD_CURSOR;
	e->cmd.data = PHYSICAL(command);
	g_async_queue_push(cursor_commands, e);
}

static void hand_over(void)
{
	for (guint i = 0; i < group->len; i++)
		g_async_queue_push(commands, group->pdata[i]);
	g_ptr_array_set_size(group, 0);
	spice_qxl_wakeup(&device);
}

static gboolean next_frame(gpointer left)
{
	int *n = left;
	copy(rect(440, 420, 320, 160), image32(320, 160, PHOTO), 320, 160, PUT);
	hand_over();
	if (--*n > 0)
		return G_SOURCE_CONTINUE;
	g_free(n);
	SAY("animated\n");
	return G_SOURCE_REMOVE;
}

static void do_animation(int n)
{
	int *left = g_new(int, 1);
	*left = n;
	g_timeout_add(40, next_frame, left);
}

/* The device reads it some time later: it stays. */
static void do_heads(int n)
{
	QXLMonitorsConfig *c = g_malloc0(sizeof(*c) + n * sizeof(*c->heads));
	c->count = c->max_allowed = n;
	for (int i = 0; i < n; i++)
		c->heads[i] = (QXLHead){.id = i, .width = WIDTH / n, .height = HEIGHT, .x = i * (WIDTH / n)};
	spice_qxl_monitors_config_async(&device, PHYSICAL(c), 0, 0);
}

static void write_screen(const char *name)
{
	QXLRect all = rect(0, 0, WIDTH, HEIGHT), dirty;
	spice_qxl_update_area(&device, 0, &all, &dirty, 1, 0);
	FILE *out = fopen(name, "wb");
	if (!out)
		exit(73);
	fprintf(out, "P6\n%d %d\n255\n", WIDTH, HEIGHT);
	for (const uint8_t *p = screen; p < screen + WIDTH * HEIGHT * 4; p += 4)
		fwrite((uint8_t[3]){p[2], p[1], p[0]}, 3, 1, out);
	if (fclose(out))
		exit(74);
	SAY("ref %s\n", name);
}

/* The worker takes commands as the client takes pictures, so "all taken" is asked for again and
 * again. */
static gboolean write_when_taken(gpointer name)
{
	if (g_async_queue_length(commands) > 0)
		return G_SOURCE_CONTINUE;
	write_screen(name);
	g_free(name);
	return G_SOURCE_REMOVE;
}

static void run_line(const char *line)
{
	int n, seed, at;
	if (!strncmp(line, "ref ", 4)) {
		g_timeout_add(10, write_when_taken, g_strdup(line + 4));
		return;
	}
	if (!strcmp(line, "quit")) {
		g_main_loop_quit(loop);
		return;
	}
	if (sscanf(line, "random %d %d", &n, &seed) == 2)
		draw_random(n, seed);
	if (sscanf(line, "any %d %d%n", &n, &seed, &at) == 2)
		draw_any(n, seed, line + at);
	if (sscanf(line, "heads %d", &n) == 1)
		do_heads(n);
	if (sscanf(line, "anim %d", &n) == 1)
		do_animation(n);
	draw_group(line);
	hand_over();
}

static gboolean read_lines(gint fd, GIOCondition condition, gpointer data)
{
	(void)condition;
	GString *lines = data;
	char part[1024], *end;
	ssize_t n = read(fd, part, sizeof(part));
	if (n <= 0)
		return G_SOURCE_REMOVE;
	g_string_append_len(lines, part, n);
	while ((end = strchr(lines->str, '\n'))) {
		*end = 0;
		run_line(lines->str);
		g_string_erase(lines, 0, end - lines->str + 1);
	}
	return G_SOURCE_CONTINUE;
}

static int listen_loopback(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 16))
		exit(71);
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_in a = {0};
	getsockname(fd, (struct sockaddr *)&a, &(socklen_t){sizeof(a)});
	return ntohs(a.sin_port);
}

/* A display of its own, black; returns its pixels. */
static uint8_t *add_device(SpiceServer *server, QXLInstance *q)
{
	uint8_t *pixels = g_malloc0(WIDTH * HEIGHT * 4);
	QXLDevSurfaceCreate primary = {
		.width = WIDTH,
		.height = HEIGHT,
		.stride = WIDTH * 4,
		.format = SPICE_SURFACE_FMT_32_xRGB,
		.mouse_mode = 1,
		.mem = PHYSICAL(pixels),
	};
	q->base.sif = &qxl.base;
	spice_server_add_interface(server, &q->base);
	spice_qxl_add_memslot(q, &(QXLDevMemSlot){.virt_end = ~0ul});
	spice_qxl_create_primary_surface(q, 0, &primary);
	return pixels;
}

int main(int argc, char **argv)
{
	loop = g_main_loop_new(NULL, FALSE);
	commands = g_async_queue_new();
	cursor_commands = g_async_queue_new();
	group = g_ptr_array_new();
	dice = g_rand_new_with_seed(1);
	SpiceServer *server = spice_server_new();
	int fd = listen_loopback();
	spice_server_set_listen_socket_fd(server, fd);
	spice_server_set_noauth(server);
	spice_server_set_image_compression(
		server, argc > 1 ? (int)g_ascii_strtoull(argv[1], NULL, 10) : SPICE_IMAGE_COMPRESSION_OFF);
	if (g_getenv("STREAM"))
		spice_server_set_streaming_video(
			server, (int)g_ascii_strtoull(g_getenv("STREAM"), NULL, 10));
	if (spice_server_init(server, &core))
		return 70;
	screen = add_device(server, &device);
	if (g_getenv("SECOND"))
		memset(add_device(server, &second), 0x9f, WIDTH * HEIGHT * 4);
	if (g_getenv("AGENT"))
		spice_server_add_interface(server, &agent_device.base);
	spice_server_vm_start(server);
	g_unix_fd_add(0, G_IO_IN | G_IO_HUP, read_lines, g_string_new(""));
	SAY("up %d\n", port_of(fd));
	g_main_loop_run(loop);
	return 0;
}
