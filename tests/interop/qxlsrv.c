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
 *   ref FILE        the screen as the server's own renderer has it, once all commands are taken:
 *                   the oracle
 *   quit
 *
 * COMPRESSION is the number of the image compression, 1 = off; STREAM (environment) that of the
 * streaming mode, 2 = all, 3 = what looks like video; with AGENT a guest's agent is there, with
 * SECOND another display of one colour. A rop other than PUT needs effect BLEND, or the server
 * drops what the command covers.
 */
#include <arpa/inet.h>
#include <glib-unix.h>
#include <math.h>
#include <spice.h>
#include <spice/enums.h>
#include <spice/qxl_dev.h>
#include <spice/vd_agent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 800
#define HEIGHT 600
#define PHYSICAL(p) ((QXLPHYSICAL)(uintptr_t)(p))
#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))
#define PUT SPICE_ROPD_OP_PUT

static GMainLoop *loop;
static GAsyncQueue *commands, *cursor_commands;
static GPtrArray *group; /* commands being made: the device's thread must not see them yet */
static QXLInstance device, second = {.id = 1};
static uint8_t *screen;
static GRand *dice;
static guint64 unique = 1;
static int surface_id;

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

static void push(int type, void *command)
{
	QXLCommandExt *e = g_new0(QXLCommandExt, 1);
	e->cmd.type = type;
	e->cmd.data = PHYSICAL(command);
	g_ptr_array_add(group, e);
}

static void hand_over(void)
{
	for (guint i = 0; i < group->len; i++)
		g_async_queue_push(commands, group->pdata[i]);
	g_ptr_array_set_size(group, 0);
	spice_qxl_wakeup(&device);
}

/* Pictures and commands. */

static int below(int n)
{
	return g_rand_int_range(dice, 0, n);
}

static QXLRect rect(int x, int y, int w, int h)
{
	return (QXLRect){.top = y, .left = x, .bottom = y + h, .right = x + w};
}

enum kind { GRADIENT, PHOTO, ICON, RAMP };

struct pixel {
	int r, g, b, a;
};

static struct pixel pixel_of(enum kind kind, int x, int y, int w, int h)
{
	struct pixel p = {x * 255 / w, y * 255 / h, (x + y) & 255, 255};
	int dx = x - w / 2, dy = y - h / 2;
	switch (kind) {
	case GRADIENT:
		return p;
	case PHOTO:
		p.r = 128 + (int)(100 * sin(x / 17.0)) + below(16);
		p.g = 128 + (int)(90 * cos(y / 23.0 + x / 40.0)) + below(16);
		p.b = 128 + (int)(80 * sin((x * y) / 900.0)) + below(8);
		return p;
	case ICON:
		return dx * dx + dy * dy < w * h / 6 ? (struct pixel){255, 200, 0, 255}
						     : (struct pixel){0, 0, 255, 255};
	case RAMP:
		p.a = x * 255 / w;
		p.r = p.r * p.a / 255;
		p.g = p.g * p.a / 255;
		p.b = p.b * p.a / 255;
		return p;
	}
	return p;
}

static int bits_of(int format)
{
	switch (format) {
	case SPICE_BITMAP_FMT_1BIT_BE:
		return 1;
	case SPICE_BITMAP_FMT_8BIT:
		return 8;
	case SPICE_BITMAP_FMT_16BIT:
		return 16;
	case SPICE_BITMAP_FMT_24BIT:
		return 24;
	default:
		return 32;
	}
}

static void store(uint8_t *row, int x, int y, struct pixel p, int format)
{
	guint16 v = p.r >> 3 << 10 | p.g >> 3 << 5 | p.b >> 3;
	int bytes = bits_of(format) / 8;
	switch (format) {
	case SPICE_BITMAP_FMT_1BIT_BE:
		if ((x / 6 + y / 6) & 1)
			row[x / 8] |= 0x80 >> (x & 7);
		return;
	case SPICE_BITMAP_FMT_8BIT:
		row[x] = (x / 4 + y / 4) & 15;
		return;
	case SPICE_BITMAP_FMT_16BIT:
		memcpy(row + x * 2, &v, 2);
		return;
	default:
		row[x * bytes] = p.b;
		row[x * bytes + 1] = p.g;
		row[x * bytes + 2] = p.r;
		if (bytes == 4)
			row[x * 4 + 3] = format == SPICE_BITMAP_FMT_RGBA ? p.a : 0;
	}
}

static QXLPHYSICAL palette(void)
{
	QXLPalette *p = g_malloc0(sizeof(*p) + 256 * 4);
	p->unique = unique++;
	p->num_ents = 256;
	for (int k = 0; k < 256; k++)
		p->ents[k] = (k * 16 & 255) << 16 | ((255 - k * 16) & 255) << 8 | (k * 40 & 255);
	return PHYSICAL(p);
}

static QXLPHYSICAL image(int w, int h, enum kind kind, int format)
{
	QXLImage *i = g_malloc0(sizeof(*i));
	int bits = bits_of(format), stride = bits == 1 ? (w + 7) / 8 : (w * bits / 8 + 3) & ~3;
	uint8_t *data = g_malloc0((gsize)stride * h);
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			store(data + y * stride, x, y, pixel_of(kind, x, y, w, h), format);
	i->descriptor.id = unique++ | (guint64)0x5a << 40;
	i->descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
	i->descriptor.width = w;
	i->descriptor.height = h;
	i->bitmap.format = format;
	i->bitmap.flags = QXL_BITMAP_DIRECT | QXL_BITMAP_TOP_DOWN;
	i->bitmap.x = w;
	i->bitmap.y = h;
	i->bitmap.stride = stride;
	i->bitmap.data = PHYSICAL(data);
	if (format == SPICE_BITMAP_FMT_8BIT)
		i->bitmap.palette = palette();
	return PHYSICAL(i);
}

static QXLPHYSICAL image32(int w, int h, enum kind kind)
{
	return image(w, h, kind, SPICE_BITMAP_FMT_32BIT);
}

static QXLBrush solid(uint32_t colour)
{
	return (QXLBrush){.type = SPICE_BRUSH_TYPE_SOLID, .u.color = colour};
}

static QXLDrawable *draw(int type, QXLRect box, gboolean opaque)
{
	QXLDrawable *d = g_new0(QXLDrawable, 1);
	d->release_info.id = unique++;
	d->type = type;
	d->effect = opaque ? QXL_EFFECT_OPAQUE : QXL_EFFECT_BLEND;
	d->bbox = box;
	d->clip.type = SPICE_CLIP_TYPE_NONE;
	d->mm_time = g_get_monotonic_time() / 1000;
	for (int i = 0; i < 3; i++)
		d->surfaces_dest[i] = -1;
	push(QXL_CMD_DRAW, d);
	return d;
}

static QXLDrawable *fill(QXLRect box, uint32_t colour, int rop)
{
	QXLDrawable *d = draw(QXL_DRAW_FILL, box, rop == PUT);
	d->u.fill.brush = solid(colour);
	d->u.fill.rop_descriptor = rop;
	return d;
}

static QXLDrawable *copy(QXLRect box, QXLPHYSICAL source, int w, int h, int rop)
{
	QXLDrawable *d = draw(QXL_DRAW_COPY, box, rop == PUT);
	d->u.copy.src_bitmap = source;
	d->u.copy.src_area = rect(0, 0, w, h);
	d->u.copy.rop_descriptor = rop;
	d->u.copy.scale_mode = SPICE_IMAGE_SCALE_MODE_NEAREST;
	return d;
}

/* The groups. */

static void do_fill(void)
{
	fill(rect(0, 0, WIDTH, HEIGHT), 0x204060, PUT);
	fill(rect(10, 10, 90, 60), 0xff8000, PUT);
	fill(rect(50, 30, 90, 60), 0x00ff00, SPICE_ROPD_OP_XOR);
}

static void do_pattern(void)
{
	QXLDrawable *d = draw(QXL_DRAW_FILL, rect(150, 10, 90, 60), FALSE);
	d->u.fill.brush.type = SPICE_BRUSH_TYPE_PATTERN;
	d->u.fill.brush.u.pattern.pat = image32(16, 16, ICON);
	d->u.fill.rop_descriptor = PUT;
}

static void do_copy(void)
{
	copy(rect(250, 10, 100, 60), image32(100, 60, GRADIENT), 100, 60, PUT);
	copy(rect(360, 10, 160, 120), image32(160, 120, PHOTO), 160, 120, PUT);
	copy(rect(530, 10, 100, 80), image32(40, 40, PHOTO), 40, 40, PUT);
	copy(rect(640, 10, 64, 64), image(64, 64, GRADIENT, SPICE_BITMAP_FMT_16BIT), 64, 64, PUT);
	copy(rect(710, 10, 64, 64), image(64, 64, GRADIENT, SPICE_BITMAP_FMT_24BIT), 64, 64, PUT);
	copy(rect(640, 80, 64, 64), image(64, 64, GRADIENT, SPICE_BITMAP_FMT_8BIT), 64, 64, PUT);
	copy(rect(710, 80, 64, 64), image32(64, 64, ICON), 64, 64, SPICE_ROPD_OP_XOR);
}

static void do_opaque(void)
{
	QXLDrawable *d = draw(QXL_DRAW_OPAQUE, rect(10, 150, 80, 60), FALSE);
	d->u.opaque.src_bitmap = image32(80, 60, GRADIENT);
	d->u.opaque.src_area = rect(0, 0, 80, 60);
	d->u.opaque.brush = solid(0xffff00);
	d->u.opaque.rop_descriptor = SPICE_ROPD_OP_AND;
}

static void do_transparent(void)
{
	QXLDrawable *d = draw(QXL_DRAW_TRANSPARENT, rect(100, 150, 80, 60), FALSE);
	d->u.transparent.src_bitmap = image32(80, 60, ICON);
	d->u.transparent.src_area = rect(0, 0, 80, 60);
	d->u.transparent.src_color = d->u.transparent.true_color = 0x0000ff;
}

static void alpha(int x, int opacity, QXLPHYSICAL source)
{
	QXLDrawable *d = draw(QXL_DRAW_ALPHA_BLEND, rect(x, 150, 80, 60), FALSE);
	d->u.alpha_blend.alpha = opacity;
	d->u.alpha_blend.src_bitmap = source;
	d->u.alpha_blend.src_area = rect(0, 0, 80, 60);
}

static void do_alpha(void)
{
	alpha(190, 128, image32(80, 60, GRADIENT));
	alpha(280, 255, image(80, 60, RAMP, SPICE_BITMAP_FMT_RGBA));
}

static void do_blend(void)
{
	QXLDrawable *d = draw(QXL_DRAW_BLEND, rect(370, 150, 80, 60), FALSE);
	d->u.blend.src_bitmap = image32(80, 60, GRADIENT);
	d->u.blend.src_area = rect(0, 0, 80, 60);
	d->u.blend.rop_descriptor = SPICE_ROPD_OP_OR;
}

static void do_black(void)
{
	draw(QXL_DRAW_BLACKNESS, rect(460, 150, 40, 60), TRUE);
}

static void do_white(void)
{
	draw(QXL_DRAW_WHITENESS, rect(510, 150, 40, 60), TRUE);
}

static void do_invers(void)
{
	draw(QXL_DRAW_INVERS, rect(490, 160, 40, 30), FALSE);
}

static void do_rop3(void)
{
	QXLDrawable *d = draw(QXL_DRAW_ROP3, rect(570, 150, 80, 60), FALSE);
	d->u.rop3.src_bitmap = image32(80, 60, GRADIENT);
	d->u.rop3.src_area = rect(0, 0, 80, 60);
	d->u.rop3.brush = solid(0xff00ff);
	d->u.rop3.rop3 = 0xb8;
}

/* A path of one segment and its points, in pixels. */
static QXLPHYSICAL path(int flags, int n, const int (*xy)[2])
{
	gsize size = sizeof(QXLPathSeg) + n * sizeof(QXLPointFix);
	QXLPath *p = g_malloc0(sizeof(*p) + size);
	QXLPathSeg *s = (QXLPathSeg *)p->chunk.data;
	s->flags = flags;
	s->count = n;
	for (int i = 0; i < n; i++)
		s->points[i] = (QXLPointFix){xy[i][0] * 16, xy[i][1] * 16};
	p->data_size = p->chunk.data_size = size;
	return PHYSICAL(p);
}

static void do_stroke(void)
{
	static const int xy[][2] = {{20, 230}, {120, 290}, {220, 230}, {120, 250}, {20, 290}};
	QXLDrawable *d = draw(QXL_DRAW_STROKE, rect(15, 225, 215, 70), FALSE);
	d->u.stroke.path = path(SPICE_PATH_BEGIN | SPICE_PATH_END, G_N_ELEMENTS(xy), xy);
	d->u.stroke.brush = solid(0xffffff);
	d->u.stroke.fore_mode = d->u.stroke.back_mode = PUT;
}

/* Six glyphs of noise, side by side. */
static QXLPHYSICAL string(int x, int y, int flags, int bits)
{
	enum { N = 6, GW = 16, GH = 20 };
	int bytes = GW * bits / 8 * GH;
	gsize size = N * (sizeof(QXLRasterGlyph) + bytes);
	QXLString *s = g_malloc0(sizeof(*s) + size);
	for (int i = 0; i < N; i++) {
		QXLRasterGlyph *g =
			(void *)(s->chunk.data + i * (sizeof(QXLRasterGlyph) + bytes));
		g->render_pos = (QXLPoint){x + i * (GW + 2), y};
		g->glyph_origin = (QXLPoint){0, -16};
		g->width = GW;
		g->height = GH;
		for (int b = 0; b < bytes; b++)
			g->data[b] = (b * 37 + i * 11) ^ b >> 2;
	}
	s->data_size = s->chunk.data_size = size;
	s->length = N;
	s->flags = flags;
	return PHYSICAL(s);
}

static void text(int y, QXLPHYSICAL glyphs, gboolean back)
{
	QXLRect box = rect(245, y, 120, 24);
	QXLDrawable *d = draw(QXL_DRAW_TEXT, box, FALSE);
	d->u.text.str = glyphs;
	d->u.text.fore_brush = solid(0xffff80);
	d->u.text.back_brush = solid(0x800000);
	d->u.text.back_area = back ? box : rect(0, 0, 0, 0);
	d->u.text.fore_mode = d->u.text.back_mode = PUT;
}

/* Not A8: the real renderers read a row behind each such glyph (channels.md, "Text"). */
static void do_text(void)
{
	text(230, string(250, 250, SPICE_STRING_FLAGS_RASTER_A1, 1), FALSE);
	text(254, string(250, 274, SPICE_STRING_FLAGS_RASTER_A4, 4), TRUE);
}

static void do_composite(void)
{
	QXLDrawable *d = draw(QXL_DRAW_COMPOSITE, rect(20, 320, 120, 90), FALSE);
	d->u.composite.flags = QXL_OP_OVER;
	d->u.composite.src = image(120, 90, RAMP, SPICE_BITMAP_FMT_RGBA);
}

static void do_clip(void)
{
	QXLClipRects *clip = g_malloc0(sizeof(*clip) + 2 * sizeof(QXLRect));
	QXLRect rects[2] = {rect(400, 230, 30, 70), rect(450, 240, 30, 40)};
	clip->num_rects = 2;
	clip->chunk.data_size = sizeof(rects);
	memcpy(clip->chunk.data, rects, sizeof(rects));
	QXLDrawable *d = fill(rect(390, 225, 120, 80), 0x00c0c0, PUT);
	d->effect = QXL_EFFECT_BLEND;
	d->clip.type = SPICE_CLIP_TYPE_RECTS;
	d->clip.data = PHYSICAL(clip);
}

static void do_mask(void)
{
	QXLDrawable *d = fill(rect(520, 230, 64, 64), 0xc000c0, PUT);
	d->effect = QXL_EFFECT_BLEND;
	d->u.fill.mask.bitmap = image(64, 64, GRADIENT, SPICE_BITMAP_FMT_1BIT_BE);
}

static QXLSurfaceCmd *surface(int type)
{
	QXLSurfaceCmd *s = g_new0(QXLSurfaceCmd, 1);
	s->release_info.id = unique++;
	s->surface_id = surface_id;
	s->type = type;
	return s;
}

static void do_surface(void)
{
	surface_id++;
	QXLSurfaceCmd *s = surface(QXL_SURFACE_CMD_CREATE);
	s->u.surface_create.format = SPICE_SURFACE_FMT_32_xRGB;
	s->u.surface_create.width = 128;
	s->u.surface_create.height = 96;
	s->u.surface_create.stride = -128 * 4;
	s->u.surface_create.data = PHYSICAL(g_malloc0(128 * 96 * 4));
	push(QXL_CMD_SURFACE, s);
	fill(rect(0, 0, 128, 96), 0x806000, PUT)->surface_id = surface_id;
	copy(rect(20, 20, 80, 60), image32(80, 60, PHOTO), 80, 60, PUT)->surface_id = surface_id;

	QXLImage *i = g_malloc0(sizeof(*i));
	i->descriptor.id = unique++;
	i->descriptor.type = SPICE_IMAGE_TYPE_SURFACE;
	i->descriptor.width = 128;
	i->descriptor.height = 96;
	i->surface_image.surface_id = surface_id;
	QXLDrawable *d = copy(rect(600, 230, 128, 96), PHYSICAL(i), 128, 96, PUT);
	d->surfaces_dest[0] = surface_id;
	d->surfaces_rects[0] = rect(0, 0, 128, 96);
	push(QXL_CMD_SURFACE, surface(QXL_SURFACE_CMD_DESTROY));
}

static void copy_bits(QXLRect box, int x, int y)
{
	QXLDrawable *d = draw(QXL_COPY_BITS, box, TRUE);
	d->u.copy_bits.src_pos.x = x;
	d->u.copy_bits.src_pos.y = y;
}

static void do_copy_bits(void)
{
	copy_bits(rect(200, 320, 300, 120), 360, 10);
}

static void do_cursor(void)
{
	enum { SIDE = 32, BYTES = SIDE * SIDE * 4 };
	QXLCursor *c = g_malloc0(sizeof(*c) + BYTES);
	QXLCursorCmd *set = g_new0(QXLCursorCmd, 1);
	QXLCommandExt *e = g_new0(QXLCommandExt, 1);
	c->header = (QXLCursorHeader){unique++, SPICE_CURSOR_TYPE_ALPHA, SIDE, SIDE, 3, 5};
	c->data_size = c->chunk.data_size = BYTES;
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE - y; x++)
			memcpy(c->chunk.data + (y * SIDE + x) * 4, &(guint32){0xffff0000u + x * 8}, 4);
	set->release_info.id = unique++;
	set->type = QXL_CURSOR_SET;
	set->u.set.position = (QXLPoint16){100, 120};
	set->u.set.visible = 1;
	set->u.set.shape = PHYSICAL(c);
	e->cmd.type = QXL_CMD_CURSOR;
	e->cmd.data = PHYSICAL(set);
	g_async_queue_push(cursor_commands, e);
}

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{"fill", do_fill},
	{"pattern", do_pattern},
	{"copy", do_copy},
	{"opaque", do_opaque},
	{"transp", do_transparent},
	{"alpha", do_alpha},
	{"blend", do_blend},
	{"black", do_black},
	{"white", do_white},
	{"invers", do_invers},
	{"rop3", do_rop3},
	{"stroke", do_stroke},
	{"text", do_text},
	{"clip", do_clip},
	{"mask", do_mask},
	{"surf", do_surface},
	{"comp", do_composite},
	{"copybits", do_copy_bits},
	{"cursor", do_cursor},
};

static void do_random(int n)
{
	static const int rops[] = {PUT, SPICE_ROPD_OP_XOR, SPICE_ROPD_OP_OR, SPICE_ROPD_OP_AND};
	for (int i = 0; i < n; i++) {
		int w = 1 + below(200), h = 1 + below(150);
		int x = below(WIDTH - w), y = below(HEIGHT - h);
		int rop = rops[below(4)];
		switch (below(4)) {
		case 0:
			fill(rect(x, y, w, h), below(1 << 24), rop);
			break;
		case 1:
			copy(rect(x, y, w, h), image32(w, h, below(3)), w, h, rop);
			break;
		case 2:
			copy_bits(rect(x, y, w, h), below(WIDTH - w), below(HEIGHT - h));
			break;
		default:
			draw(QXL_DRAW_INVERS, rect(x, y, w, h), FALSE);
		}
	}
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
	int n, seed;
	if (!strncmp(line, "ref ", 4)) {
		g_timeout_add(10, write_when_taken, g_strdup(line + 4));
		return;
	}
	if (!strcmp(line, "quit")) {
		g_main_loop_quit(loop);
		return;
	}
	if (sscanf(line, "random %d %d", &n, &seed) == 2) {
		g_rand_set_seed(dice, seed);
		do_random(n);
	}
	if (sscanf(line, "heads %d", &n) == 1)
		do_heads(n);
	if (sscanf(line, "anim %d", &n) == 1)
		do_animation(n);
	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		if (!strcmp(line, groups[i].name))
			groups[i].run();
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
