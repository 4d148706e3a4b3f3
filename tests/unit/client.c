/* A client in front of a server of our making. Hostile: rows 10, 11, 29 and 70 of RELIABILITY 8. And one with two
 * displays, whose pictures come in another order than they were made in. The harness answers the links of main, two
 * displays and cursor over unix sockets on one loop, says something, and asks by a PING on the same channel: either a
 * PONG comes back (what was said did no harm) or the session has ended with an error. The clock that the client sees
 * can be set forward: a server that says nothing any more, or takes nothing, is left by L-21. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "chan/ticket.h"
#include "client/client.h"
#include "codec/glz.h"

enum { W = 64, H = 48, PATIENCE_MS = 20000, PING_ID = 77 };
enum { MAIN, DISPLAY, SECOND, CURSOR, CHANNELS };

static uv_loop_t loop;
static int listener;
static char path[64];
static uint8_t reply[16 + 178 + 4]; /* LinkHeader, LinkReply, LinkResult: the same for every link; full headers */

struct host {
	struct client *c;
	int fds[CHANNELS];
	int closed; /* E_*: the client has said so */
	struct buf got; /* of the channel that is asked */
};

/* In place of libuv's: timers run by the real clock, who asks for the time is told another. */
static uint64_t ahead_ms;

uint64_t uv_now(const uv_loop_t *l)
{
	(void)l;
	return uv_hrtime() / 1000000 + ahead_ms;
}

static void on_closed(void *owner, int err)
{
	((struct host *)owner)->closed = err;
}

static void must_be_in_time(uint64_t since)
{
	if (uv_hrtime() - since > PATIENCE_MS * 1000000ull)
		fail_msg("not in time");
}

static int accept_one(struct host *h)
{
	uint64_t since = uv_hrtime();

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			assert_int_equal(write(fd, reply, sizeof(reply)), sizeof(reply));
			return fd;
		}
		assert_int_equal(h->closed, 0);
		must_be_in_time(since);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
}

/* A message whose body is `raw`, whole whatever the socket takes at once. */
static void say_raw(struct host *h, unsigned channel, unsigned number, struct slice raw)
{
	uint8_t head[18] = {1};
	struct buf out = {0};
	uint64_t since = uv_hrtime();

	put_le16(head + 8, (uint16_t)number);
	put_le32(head + 10, (uint32_t)raw.n);
	buf_put(&out, head, sizeof(head));
	buf_put(&out, raw.p, raw.n);
	while (buf_len(&out) && !h->closed) {
		ssize_t n = write(h->fds[channel], buf_data(&out), buf_len(&out));

		if (n > 0)
			buf_skip(&out, (size_t)n);
		else if (errno != EAGAIN)
			break;
		must_be_in_time(since);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	buf_fini(&out);
}

static void say(struct host *h, unsigned channel, unsigned number, const void *body)
{
	static const unsigned types[] = {WIRE_MAIN, WIRE_DISPLAY, WIRE_DISPLAY, WIRE_CURSOR};
	const struct wire_msg *m = wire_msg_find(types[channel], WIRE_S, number);
	struct buf out = {0};

	assert_non_null(m);
	assert_int_equal(wire_encode(m->desc(), body, 0, &out), 0);
	say_raw(h, channel, number, buf_slice(&out));
	buf_fini(&out);
}

/* Did the client answer the ping? What it says has full headers. */
static bool ponged(struct host *h)
{
	struct slice s = buf_slice(&h->got);

	while (s.n >= 18 && s.n - 18 >= get_le32(s.p + 10)) {
		size_t n = 18 + get_le32(s.p + 10);

		if (get_le16(s.p + 8) == C_BASE_PONG && get_le32(s.p + 18) == PING_ID)
			return true;
		s = slice_of(s.p + n, s.n - n);
	}
	return false;
}

/* 0: the channel is alive and well; else what ended the session. */
static int outcome(struct host *h, unsigned channel)
{
	uint64_t since = uv_hrtime();
	struct ping ping = {.id = PING_ID};
	bool link_head = true;

	buf_clear(&h->got);
	say(h, channel, S_BASE_PING, &ping);
	while (!h->closed) {
		ssize_t n = read(h->fds[channel], buf_reserve(&h->got, 4096), 4096);

		if (n > 0)
			buf_commit(&h->got, (size_t)n);
		/* before the first message of the client its link stage stands: the header says how long it is */
		if (link_head && buf_len(&h->got) >= 16 && memcmp(buf_data(&h->got), "REDQ", 4) == 0) {
			size_t head = 16 + get_le32(buf_data(&h->got) + 12) + TICKET_SIZE;

			if (buf_len(&h->got) < head)
				continue;
			buf_skip(&h->got, head);
			link_head = false;
		}
		if (ponged(h))
			return 0;
		must_be_in_time(since);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	return h->closed;
}

static void open_host(struct host *h)
{
	static const struct client_ops ops = {.closed = on_closed};
	struct endpoint where = {.unix_path = path};
	struct client_options o = {.timeout_ms = PATIENCE_MS, .view_only = true};
	struct channel_id list[] = {{WIRE_DISPLAY, 0}, {WIRE_DISPLAY, 1}, {WIRE_CURSOR, 0}};

	*h = (struct host){0};
	h->c = client_new(&loop, &where, &o, &ops, h);
	h->fds[MAIN] = accept_one(h);
	say(h, MAIN, S_MAIN_INIT, &(struct main_init){.session_id = 7, .supported_mouse_modes = MOUSE_MODE_SERVER,
		.current_mouse_mode = MOUSE_MODE_SERVER});
	say(h, MAIN, S_MAIN_CHANNELS_LIST, &(struct main_channels_list){ARRAY_SIZE(list), list});
	for (int i = DISPLAY; i < CHANNELS; i++)
		h->fds[i] = accept_one(h);
	say(h, DISPLAY, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.width = W, .height = H,
		.format = SURFACE_FMT_32_xRGB, .flags = SURFACE_FLAGS_PRIMARY});
	assert_int_equal(outcome(h, DISPLAY), 0);
}

static void close_host(struct host *h)
{
	client_free(h->c);
	for (int i = 0; i < CHANNELS; i++)
		close(h->fds[i]);
	buf_fini(&h->got);
	while (uv_run(&loop, UV_RUN_NOWAIT))
		;
}

/* One message to a new session: what became of that. */
static int after(unsigned channel, unsigned number, const void *body)
{
	struct host h;
	int rc;

	open_host(&h);
	say(&h, channel, number, body);
	rc = outcome(&h, channel);
	close_host(&h);
	return rc;
}

static void assert_refused(int rc)
{
	assert_true(rc == E_PROTO || rc == E_LIMIT);
}

/* ---- row 10: ids of surfaces that are not there ---- */

static void absent_surfaces(void **state)
{
	static const uint32_t ids[] = {1, 1023, 1024, 0x7fffffff, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		uint32_t id = ids[i];
		uint8_t pixel[4] = {0};
		struct image img = {.d = {.type = IMAGE_TYPE_BITMAP, .width = 1, .height = 1},
			.bitmap = {.format = BITMAP_FMT_32BIT, .x = 1, .y = 1, .stride = 4, .data = {pixel, 4}}};
		struct draw_base base = {.surface_id = id, .box = {0, 0, 1, 1}};
		struct image from = {.d = {.type = IMAGE_TYPE_SURFACE, .width = 1, .height = 1}, .surface_id = id};
		struct head head = {.surface_id = id, .width = W, .height = H};

		assert_refused(after(DISPLAY, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = base,
			.brush = {.type = BRUSH_TYPE_SOLID}, .rop = ROPD_OP_PUT}));
		assert_refused(after(DISPLAY, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = base, .src = &img,
			.src_area = {0, 0, 1, 1}, .rop = ROPD_OP_PUT}));
		base.surface_id = 0;
		assert_refused(after(DISPLAY, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = base, .src = &from,
			.src_area = {0, 0, 1, 1}, .rop = ROPD_OP_PUT}));
		assert_refused(after(DISPLAY, S_DISPLAY_STREAM_CREATE, &(struct stream_create){.surface_id = id,
			.codec_type = VIDEO_CODEC_MJPEG}));
		assert_refused(after(DISPLAY, S_DISPLAY_SURFACE_DESTROY, &(struct surface_destroy){id}));
		/* only where heads lie is taken from it */
		assert_int_equal(after(DISPLAY, S_DISPLAY_MONITORS_CONFIG, &(struct monitors_config){1, 1, &head}), 0);
	}
}

static void just_destroyed(void **state)
{
	struct host h;

	(void)state;
	open_host(&h);
	say(&h, DISPLAY, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.surface_id = 5, .width = 8, .height = 8,
		.format = SURFACE_FMT_32_ARGB});
	say(&h, DISPLAY, S_DISPLAY_SURFACE_DESTROY, &(struct surface_destroy){5});
	assert_int_equal(outcome(&h, DISPLAY), 0);
	say(&h, DISPLAY, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = {.surface_id = 5, .box = {0, 0, 1, 1}},
		.brush = {.type = BRUSH_TYPE_SOLID}, .rop = ROPD_OP_PUT});
	assert_refused(outcome(&h, DISPLAY));
	close_host(&h);
}

/* ---- row 11: surfaces of impossible sizes, formats, ids ---- */

static void surface_sizes(void **state)
{
	static const uint32_t sizes[][2] = {{0, 0}, {0, 1}, {1, 0}, {65536, 65536}, {0xffffffff, 1}, {16385, 1},
		{8192, 8193}};
	static const uint32_t formats[] = {0, 33, 255};
	struct host h;
	uint32_t id = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_refused(after(DISPLAY, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.surface_id = 1,
			.width = sizes[i][0], .height = sizes[i][1], .format = SURFACE_FMT_32_xRGB}));
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		assert_refused(after(DISPLAY, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.surface_id = 1,
			.width = 1, .height = 1, .format = formats[i]}));
	/* twice the same, the screen too */
	assert_refused(after(DISPLAY, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.width = W, .height = H,
		.format = SURFACE_FMT_32_xRGB}));
	open_host(&h);
	for (; id < 10000 && !h.closed; id++)
		say(&h, DISPLAY, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.surface_id = id, .width = 1,
			.height = 1, .format = SURFACE_FMT_32_xRGB});
	assert_refused(outcome(&h, DISPLAY));
	close_host(&h);
	/* up to the last id that there is, all is well */
	open_host(&h);
	for (id = 1; id < LIM_SURFACES; id++)
		say(&h, DISPLAY, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.surface_id = id, .width = 1,
			.height = 1, .format = SURFACE_FMT_32_xRGB});
	assert_int_equal(outcome(&h, DISPLAY), 0);
	close_host(&h);
}

/* The header of a message that claims so many bytes, after a surface of this size (0: none): does the session end? */
static int after_claim(unsigned channel, uint32_t width, uint32_t height, uint32_t bytes)
{
	uint8_t head[18] = {1};
	struct host h;
	int rc;

	open_host(&h);
	if (width)
		say(&h, DISPLAY, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.surface_id = 1, .width = width,
			.height = height, .format = SURFACE_FMT_32_xRGB});
	assert_int_equal(outcome(&h, channel), 0);
	put_le16(head + 8, S_BASE_NOTIFY);
	put_le32(head + 10, bytes);
	assert_int_equal(write(h.fds[channel], head, sizeof(head)), sizeof(head));
	for (uint64_t end = uv_hrtime() + 50 * 1000000ull; uv_hrtime() < end && !h.closed;)
		uv_run(&loop, UV_RUN_NOWAIT);
	rc = h.closed;
	close_host(&h);
	return rc;
}

/* L-8: a display's messages may be as large as its largest surface, within limits. */
static void message_sizes(void **state)
{
	static const struct {
		unsigned channel;
		uint32_t width, height, most;
	} rows[] = {
		{MAIN, 0, 0, LIM_S_OTHER}, {CURSOR, 0, 0, LIM_S_CURSOR}, {DISPLAY, 0, 0, LIM_S_DISPLAY},
		{DISPLAY, 2048, 2048, LIM_S_DISPLAY}, {SECOND, 8192, 8192, LIM_S_DISPLAY},
		{DISPLAY, 8192, 4096, 4 * 8192 * 4096 + LIM_S_OTHER},
		{DISPLAY, 8192, 8192, 4 * 8192 * 8192 + LIM_S_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t w = rows[i].width, h = rows[i].height;

		assert_int_equal(after_claim(rows[i].channel, w, h, rows[i].most), 0);
		assert_int_equal(after_claim(rows[i].channel, w, h, rows[i].most + 1), E_LIMIT);
	}
}

/* L-10: the surfaces of all displays together. */
static void surfaces_of_two_displays(void **state)
{
	struct surface_create large = {.width = 8192, .height = 8192, .format = SURFACE_FMT_32_xRGB}; /* 256 MiB */
	struct host h;

	(void)state;
	open_host(&h);
	large.surface_id = 1;
	say(&h, DISPLAY, S_DISPLAY_SURFACE_CREATE, &large);
	assert_int_equal(outcome(&h, DISPLAY), 0);
	say(&h, DISPLAY, S_DISPLAY_SURFACE_DESTROY, &(struct surface_destroy){1});
	assert_int_equal(outcome(&h, DISPLAY), 0);
	say(&h, SECOND, S_DISPLAY_SURFACE_CREATE, &large);
	assert_int_equal(outcome(&h, SECOND), 0);
	say(&h, DISPLAY, S_DISPLAY_SURFACE_CREATE, &large);
	assert_refused(outcome(&h, DISPLAY)); /* for there is a screen */
	close_host(&h);
}

/* ---- channels ---- */

/* What is named too often, has a number beyond ours or is of a type that nobody knows, is not connected to. */
static void channels_that_are_not_linked(void **state)
{
	struct channel_id list[64];
	struct host h;
	uint64_t end;
	int fd;

	(void)state;
	open_host(&h);
	for (unsigned i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = (struct channel_id){(uint8_t)(1 + i / 8), i % 8 ? (uint8_t)(CLIENT_DISPLAYS + i % 4) : 0};
	say(&h, MAIN, S_MAIN_CHANNELS_LIST, &(struct main_channels_list){ARRAY_SIZE(list), list});
	assert_int_equal(outcome(&h, MAIN), 0);
	for (end = uv_hrtime() + 100 * 1000000ull; uv_hrtime() < end;) {
		uv_run(&loop, UV_RUN_NOWAIT);
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		assert_int_equal(fd, -1);
	}
	assert_int_equal(outcome(&h, DISPLAY), 0);
	close_host(&h);
}

/* ---- row 29: pointer shapes ---- */

/* Bytes of a shape, channels.md 4. */
static size_t shape_bytes(unsigned type, size_t w, size_t h)
{
	static const unsigned bits[] = {32, 1, 4, 8, 16, 24, 32};
	size_t mask = (w + 7) / 8 * h;
	size_t palette = type == CURSOR_TYPE_COLOR4 ? 64 : type == CURSOR_TYPE_COLOR8 ? 1024 : 0;

	return (w * bits[type] + 7) / 8 * h + palette + (type == CURSOR_TYPE_ALPHA ? 0 : mask);
}

/* A CURSOR_SET with `n` bytes of shape; type is written over afterwards, for an encoder makes no wrong ones. */
static int after_cursor(unsigned type, unsigned w, unsigned h, size_t n, uint16_t flags, uint16_t hot)
{
	uint8_t *data = xcalloc(n + 1, 1);
	struct cursor_set set = {.visible = 1, .cursor = {.flags = flags, .header = {.unique = 9, .width = (uint16_t)w,
		.height = (uint16_t)h, .hot_spot_x = hot, .hot_spot_y = hot}, .data = {data, n}}};
	const struct wire_msg *m = wire_msg_find(WIRE_CURSOR, WIRE_S, S_CURSOR_SET);
	struct buf out = {0};
	struct host host;
	int rc;

	assert_int_equal(wire_encode(m->desc(), &set, 0, &out), 0);
	buf_data(&out)[4 + 1 + 2 + 8] = (uint8_t)type;
	open_host(&host);
	say_raw(&host, CURSOR, S_CURSOR_SET, buf_slice(&out));
	rc = outcome(&host, CURSOR);
	close_host(&host);
	buf_fini(&out);
	free(data);
	return rc;
}

static void pointer_shapes(void **state)
{
	static const unsigned bad_sides[] = {0, 513, 65535};

	(void)state;
	for (unsigned type = CURSOR_TYPE_ALPHA; type <= CURSOR_TYPE_COLOR32; type++) {
		size_t n = shape_bytes(type, 31, 7);

		assert_int_equal(after_cursor(type, 31, 7, n, 0, 3), 0);
		assert_int_equal(after_cursor(type, 31, 7, n + 5, 0, 3), 0); /* real servers pad */
		assert_refused(after_cursor(type, 31, 7, n - 1, 0, 3));
		assert_int_equal(after_cursor(type, 31, 7, n, 0, 65535), 0); /* the hot spot goes inside */
		assert_int_equal(after_cursor(type, 512, 512, shape_bytes(type, 512, 512), 0, 0), 0);
		for (size_t i = 0; i < ARRAY_SIZE(bad_sides); i++) {
			assert_refused(after_cursor(type, bad_sides[i], 1, 4096, 0, 0));
			assert_refused(after_cursor(type, 1, bad_sides[i], 4096, 0, 0));
		}
	}
	assert_refused(after_cursor(7, 8, 8, 4096, 0, 0));
	assert_refused(after_cursor(255, 8, 8, 4096, 0, 0));
	assert_refused(after_cursor(CURSOR_TYPE_ALPHA, 8, 8, 0, CURSOR_FLAGS_FROM_CACHE, 0));
}

/* One pixel of each: seen, not there, inverting; as window_cursor takes them. */
static void pointer_pixels(void **state)
{
	static const struct {
		uint8_t type, n, bytes[12];
		uint32_t pixel;
	} rows[] = {
		{CURSOR_TYPE_ALPHA, 4, {1, 2, 3, 0x80}, 0x80030201}, {CURSOR_TYPE_ALPHA, 4, {1, 2, 3, 0}, 0},
		{CURSOR_TYPE_MONO, 2, {0x00, 0x80}, 0xffffffff}, {CURSOR_TYPE_MONO, 2, {0x00, 0x00}, 0xff000000},
		{CURSOR_TYPE_MONO, 2, {0x80, 0x00}, 0}, {CURSOR_TYPE_MONO, 2, {0x80, 0x80}, 0x00ffffff},
		{CURSOR_TYPE_COLOR32, 5, {1, 2, 3, 9, 0x00}, 0xff030201},
		{CURSOR_TYPE_COLOR32, 5, {0, 0, 0, 0, 0x80}, 0},
		{CURSOR_TYPE_COLOR32, 5, {0xff, 0xff, 0xff, 0, 0x80}, 0x00ffffff},
		{CURSOR_TYPE_COLOR24, 4, {1, 2, 3, 0x00}, 0xff030201},
		{CURSOR_TYPE_COLOR16, 3, {0x1f, 0x7c, 0x00}, 0xffff00ff},
	};
	struct host h;

	(void)state;
	open_host(&h);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		say(&h, CURSOR, S_CURSOR_SET, &(struct cursor_set){.visible = 1, .cursor = {.header = {.width = 1,
			.height = 1, .type = rows[i].type}, .data = {rows[i].bytes, rows[i].n}}});
		assert_int_equal(outcome(&h, CURSOR), 0);
		assert_int_equal(client_pointer(h.c, 0)->pixels[0], rows[i].pixel);
	}
	close_host(&h);
}

/* L-11: shapes are kept as far as their pixels go. */
static void pointer_cache(void **state)
{
	size_t n = 4 * LIM_CURSOR_SIDE * LIM_CURSOR_SIDE;
	uint8_t *data = xcalloc(n, 1);
	struct cursor_set set = {.visible = 1, .cursor = {.flags = CURSOR_FLAGS_CACHE_ME, .header = {
		.width = LIM_CURSOR_SIDE, .height = LIM_CURSOR_SIDE, .type = CURSOR_TYPE_ALPHA}, .data = {data, n}}};
	struct host h;

	(void)state;
	open_host(&h);
	for (uint64_t id = 1; id <= LIM_CURSOR_CACHE / n; id++) {
		set.cursor.header.unique = id;
		say(&h, CURSOR, S_CURSOR_SET, &set);
	}
	say(&h, CURSOR, S_CURSOR_SET, &set); /* one that is there takes no more */
	say(&h, CURSOR, S_CURSOR_INVAL_ONE, &(struct cursor_inval_one){1});
	set.cursor.header.unique = 1000;
	say(&h, CURSOR, S_CURSOR_SET, &set);
	assert_int_equal(outcome(&h, CURSOR), 0);
	set.cursor.header.unique = 1001;
	say(&h, CURSOR, S_CURSOR_SET, &set);
	assert_refused(outcome(&h, CURSOR));
	close_host(&h);
	free(data);
}

/* ---- row 70: rectangles ---- */

static void rectangles(void **state)
{
	static const struct rect boxes[] = {{0, 0, 0, 0}, {0, 0, H, 0}, {0, 0, 0, W}, {10, 20, 5, 3},
		{INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX}, {0, INT32_MAX, 1, INT32_MIN}, {H, W, 2 * H, 2 * W},
		{-5, -5, -1, -1}, {INT32_MAX - 1, INT32_MAX - 1, INT32_MAX, INT32_MAX}};
	struct rect *many = xcalloc(65535, sizeof(*many));
	struct draw_fill fill = {.brush = {.type = BRUSH_TYPE_SOLID, .color = 0xffffff}, .rop = ROPD_OP_PUT};
	struct host h;

	(void)state;
	open_host(&h);
	for (size_t i = 0; i < ARRAY_SIZE(boxes); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(boxes); k++) {
			struct rect clip = boxes[k];

			fill.base = (struct draw_base){.box = boxes[i], .clip = {.type = CLIP_TYPE_RECTS,
				.rects = {1, &clip}}};
			say(&h, DISPLAY, S_DISPLAY_DRAW_FILL, &fill);
		}
		say(&h, DISPLAY, S_DISPLAY_COPY_BITS,
			&(struct copy_bits){.base = {.box = boxes[i]}, .src_pos = {-3, -4}});
		say(&h, DISPLAY, S_DISPLAY_COPY_BITS, &(struct copy_bits){.base = {.box = boxes[i]},
			.src_pos = {INT32_MIN, INT32_MAX}});
	}
	say(&h, DISPLAY, S_DISPLAY_COPY_BITS, &(struct copy_bits){.base = {.box = {1, 1, H, W}}});
	fill.base = (struct draw_base){.box = {0, 0, H, W}, .clip = {.type = CLIP_TYPE_RECTS, .rects = {LIM_CLIP_RECTS,
		many}}};
	for (size_t i = 0; i < 65535; i++)
		many[i] = (struct rect){(int)(i / W % H), (int)(i % W), (int)(i / W % H) + 1, (int)(i % W) + 1};
	say(&h, DISPLAY, S_DISPLAY_DRAW_FILL, &fill);
	assert_int_equal(outcome(&h, DISPLAY), 0);
	for (int i = 0; i < LIM_CLIP_RECTS && i < W * H; i++) /* as far as the clip goes */
		assert_int_equal(get_le32(client_screen(h.c, 0)->data + 4 * (size_t)i) & 0xffffff, 0xffffff);
	fill.base.clip.rects.num_rects = 65535;
	say(&h, DISPLAY, S_DISPLAY_DRAW_FILL, &fill);
	assert_refused(outcome(&h, DISPLAY));
	close_host(&h);
	free(many);
}

/* ---- two displays, one window of GLZ pictures ---- */

enum { SIDE = 32 };

struct glz_picture {
	uint8_t pixels[4 * SIDE * SIDE], stream[8 * SIDE * SIDE];
	struct image img;
};

/* The next picture of the dictionary: noise, the same for the same seed. */
static void make_glz(struct glz_dict *d, uint64_t seed, struct glz_picture *p)
{
	struct rng r = {seed};
	size_t n;

	for (size_t i = 0; i < SIDE * SIDE; i++)
		put_le32(p->pixels + 4 * i, (uint32_t)rng_next(&r) & 0xffffff);
	assert_int_equal(glz_encode(d, LZ_RGB32, SIDE, SIDE, p->pixels, 4 * SIDE, true, p->stream, sizeof(p->stream),
		&n), 0);
	p->img = (struct image){.d = {.type = IMAGE_TYPE_GLZ_RGB, .width = SIDE, .height = SIDE},
		.coded = {(uint32_t)n, {p->stream, n}}};
}

static void assert_shows(struct host *h, unsigned display, const struct glz_picture *p)
{
	struct pixmap *s = client_screen(h->c, display);

	for (size_t y = 0; y < SIDE; y++)
		for (size_t x = 0; x < SIDE; x++)
			assert_int_equal(get_le32(s->data + y * (size_t)s->stride + 4 * x) & 0xffffff,
				get_le32(p->pixels + 4 * (y * SIDE + x)));
}

/* Does an answer to a PING fail to come for many turns of the loop? Gives what came to h->got. */
static bool is_parked(struct host *h, unsigned channel)
{
	struct ping ping = {.id = PING_ID};

	buf_clear(&h->got);
	say(h, channel, S_BASE_PING, &ping);
	for (int i = 0; i < 200; i++) {
		ssize_t n = read(h->fds[channel], buf_reserve(&h->got, 4096), 4096);

		if (n > 0)
			buf_commit(&h->got, (size_t)n);
		if (ponged(h))
			return false;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	return !h->closed;
}

/* Picture 2 repeats picture 1, which has not come yet: the second display waits, with a picture of its message decoded
 * already, and goes on when the first display brings it. */
static void out_of_order(void **state)
{
	struct glz_dict *d = glz_dict_new(1 << 20);
	static struct glz_picture p[3];
	struct draw_base base = {.box = {0, 0, SIDE, SIDE}};
	struct rect all = {0, 0, SIDE, SIDE};
	struct host h;
	uint64_t since = uv_hrtime();

	(void)state;
	make_glz(d, 1, &p[0]);
	make_glz(d, 2, &p[1]);
	make_glz(d, 2, &p[2]);
	assert_true(p[2].img.coded.data_size < 2 * SIDE); /* it refers to picture 1 */
	open_host(&h);
	say(&h, SECOND, S_DISPLAY_SURFACE_CREATE, &(struct surface_create){.width = SIDE, .height = SIDE,
		.format = SURFACE_FMT_32_xRGB, .flags = SURFACE_FLAGS_PRIMARY});
	assert_int_equal(outcome(&h, SECOND), 0);
	say(&h, SECOND, S_DISPLAY_DRAW_OPAQUE, &(struct draw_opaque){.base = base, .src = &p[0].img, .src_area = all,
		.brush = {.type = BRUSH_TYPE_PATTERN, .pattern = {.pat = &p[2].img}}, .rop = ROPD_OP_PUT});
	assert_true(is_parked(&h, SECOND));
	say(&h, DISPLAY, S_DISPLAY_DRAW_COPY, &(struct draw_copy){.base = base, .src = &p[1].img, .src_area = all,
		.rop = ROPD_OP_PUT});
	assert_int_equal(outcome(&h, DISPLAY), 0);
	buf_clear(&h.got);
	while (!ponged(&h)) {
		ssize_t n;

		must_be_in_time(since);
		uv_run(&loop, UV_RUN_NOWAIT);
		while ((n = read(h.fds[SECOND], buf_reserve(&h.got, 4096), 4096)) > 0)
			buf_commit(&h.got, (size_t)n);
	}
	assert_int_equal(h.closed, 0);
	assert_shows(&h, 0, &p[1]);
	assert_shows(&h, 1, &p[2]);
	close_host(&h);
	glz_dict_free(d);
}

/* ---- L-21: liveness ---- */

/* So much later, and a while to notice it: E_* when the session has ended. */
static int later(struct host *h, uint64_t ms)
{
	uint64_t end;

	ahead_ms += ms;
	for (end = uv_hrtime() + 800 * 1000000ull; uv_hrtime() < end && !h->closed;)
		uv_run(&loop, UV_RUN_ONCE);
	return h->closed;
}

static void silence_of_who_pings(void **state)
{
	struct host h;

	(void)state;
	open_host(&h);
	assert_int_equal(later(&h, 15000), 0);
	assert_int_equal(outcome(&h, MAIN), 0);
	assert_int_equal(later(&h, LIM_SILENT_MS - 5000), 0);
	assert_int_equal(outcome(&h, CURSOR), 0); /* any channel will do */
	assert_int_equal(later(&h, LIM_SILENT_MS - 5000), 0);
	assert_int_equal(later(&h, 6000), E_TIMEOUT);
	close_host(&h);
}

static void silence_of_who_does_not(void **state)
{
	struct host h;

	(void)state;
	open_host(&h);
	assert_int_equal(outcome(&h, MAIN), 0);
	assert_int_equal(later(&h, 100ull * LIM_SILENT_MS), 0);
	assert_int_equal(outcome(&h, DISPLAY), 0);
	close_host(&h);
}

/* We were stopped ourselves; what was said meanwhile waits in the socket. */
static void own_sleep(void **state)
{
	struct host h;

	(void)state;
	open_host(&h);
	assert_int_equal(later(&h, 15000), 0);
	assert_int_equal(outcome(&h, MAIN), 0);
	ahead_ms += 2 * LIM_SILENT_MS;
	assert_int_equal(outcome(&h, MAIN), 0);
	assert_int_equal(later(&h, LIM_SILENT_MS / 2), 0);
	close_host(&h);
}

/* A server that asks and asks and takes no answer fills no memory, and is left in time. */
static void answers_not_taken(void **state)
{
	static uint8_t pings[30 * 4096];
	struct host h;
	size_t said = 0;
	uint64_t last = uv_hrtime();

	(void)state;
	for (size_t i = 0; i < sizeof(pings); i += 30) { /* header, id, timestamp */
		put_le16(pings + i + 8, S_BASE_PING);
		put_le32(pings + i + 10, 12);
	}
	open_host(&h);
	while (uv_hrtime() - last < 300 * 1000000ull) {
		ssize_t n = write(h.fds[DISPLAY], pings + said % sizeof(pings), sizeof(pings) - said % sizeof(pings));

		if (n > 0) {
			said += (size_t)n;
			last = uv_hrtime();
		}
		assert_true(said < 16 * LIM_ANSWERS);
		assert_int_equal(h.closed, 0);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	assert_true(said > LIM_ANSWERS);
	assert_int_equal(later(&h, LIM_STALL_MS - 5000), 0);
	assert_int_equal(later(&h, 6000), E_TIMEOUT);
	close_host(&h);
}

static int set_up(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct ticket_key *key = ticket_key_new();

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&loop);
	snprintf(path, sizeof(path), "/tmp/spice-hostile-%d.sock", (int)getpid());
	memcpy(a.sun_path, path, strlen(path) + 1);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	memcpy(reply, "REDQ\2\0\0\0\2\0\0\0\262\0\0\0", 16);
	ticket_key_der(key, reply + 20);
	ticket_key_free(key);
	return bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 16);
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	close(listener);
	return uv_loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_surfaces),
		cmocka_unit_test(just_destroyed),
		cmocka_unit_test(surface_sizes),
		cmocka_unit_test(message_sizes),
		cmocka_unit_test(surfaces_of_two_displays),
		cmocka_unit_test(channels_that_are_not_linked),
		cmocka_unit_test(pointer_shapes),
		cmocka_unit_test(pointer_pixels),
		cmocka_unit_test(pointer_cache),
		cmocka_unit_test(rectangles),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(silence_of_who_pings),
		cmocka_unit_test(silence_of_who_does_not),
		cmocka_unit_test(own_sleep),
		cmocka_unit_test(answers_not_taken),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
