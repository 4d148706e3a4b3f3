/* Video through everything: a device at one end, a viewer of lib/client at the other, a socket between them. Streams
 * open where pictures are painted again and again, what covers them is exact while they play, and whatever is drawn in
 * between, the viewer's screen ends as the device's; with MJPEG as with VP8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/rng.h"
#include "server/video.h"
#include "tests/unit/house.h"

enum { W = 640, H = 480, FRAME_MS = 20 };

static struct {
	struct house h;
	struct client *client, *more[3];
	uint8_t wish;    /* of the client, a codec; 0: none */
	uv_timer_t step;
	bool stepped, marked;
	int closed;
	unsigned frame; /* number of the next one */
} t;

static void on_mark(void *owner, unsigned display)
{
	(void)owner, (void)display;
	t.marked = true;
}

static void on_closed(void *owner, int err)
{
	(void)owner;
	t.closed = err;
}

static struct client *viewer(void)
{
	static const struct client_ops ops = {.mark = on_mark, .closed = on_closed};
	struct endpoint e = {.unix_path = t.h.path};
	struct client_options o = {.view_only = true, .codecs = {t.wish}, .n_codecs = t.wish != 0};

	t.marked = false;
	return client_new(&t.h.loop, &e, &o, &ops, &t);
}

static void connect_viewer(void)
{
	t.client = viewer();
}

static bool same_in(const struct rect *r)
{
	return t.marked && house_shown(&t.h, t.client, r);
}

static bool same_screen(void)
{
	return same_in(NULL);
}

static void until_same(void)
{
	UNTIL(&t.h, t.closed || same_screen());
	assert_int_equal(t.closed, 0);
}

static void on_step(uv_timer_t *h)
{
	(void)h;
	t.stepped = true;
}

static void pass(unsigned ms)
{
	t.stepped = false;
	uv_timer_start(&t.step, on_step, ms, 0);
	while (!t.stepped) {
		assert_int_equal(t.closed, 0);
		uv_run(&t.h.loop, UV_RUN_ONCE);
	}
}

static int setup_with(uint8_t codec, uint8_t wish)
{
	struct server_options o = {.video = SERVER_VIDEO_ALL, .compress = IMAGE_COMPRESSION_LZ4, .jpeg = SERVER_NEVER,
		.codecs = {codec}, .n_codecs = codec != 0};

	memset(&t, 0, sizeof(t));
	t.wish = wish;
	house_open(&t.h, W, H);
	uv_timer_init(&t.h.loop, &t.step);
	house_listen(&t.h, &o, NULL);
	connect_viewer();
	until_same();
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_with(0, 0);
}

static int setup_vp8(void **state)
{
	(void)state;
	return setup_with(VIDEO_CODEC_VP8, 0);
}

static int setup_wish(void **state)
{
	(void)state;
	return setup_with(0, VIDEO_CODEC_VP8);
}

static int teardown(void **state)
{
	(void)state;
	client_free(t.client);
	for (size_t i = 0; i < ARRAY_SIZE(t.more); i++)
		client_free(t.more[i]);
	uv_close((uv_handle_t *)&t.step, NULL);
	house_close(&t.h);
	return 0;
}

/* A number of the statistics: "opened", "frames", "streams"; the sum over all sessions. */
static unsigned figure(const char *name)
{
	struct buf out = {0};
	char *key = xasprintf("\"%s\":", name);
	const char *at;
	unsigned v = 0;

	server_stats(t.h.server, &out);
	at = strstr(buf_cstr(&out), key);
	assert_non_null(at);
	for (; at; at = strstr(at + 1, key))
		v += (unsigned)strtoul(at + strlen(key), NULL, 10);
	buf_fini(&out);
	free(key);
	return v;
}

static bool says(const char *text)
{
	struct buf out = {0};
	bool said;

	server_stats(t.h.server, &out);
	said = strstr(buf_cstr(&out), text);
	buf_fini(&out);
	return said;
}

/* ---- what is drawn ---- */

static struct rect box(int x, int y, int w, int h)
{
	return (struct rect){.left = x, .top = y, .right = x + w, .bottom = y + h};
}

/* The next frame of a film, at a place, under a clip of n rectangles (0: none). */
static void film(const struct rect *r, const struct rect *clip, unsigned n)
{
	unsigned w = (unsigned)(r->right - r->left), h = (unsigned)(r->bottom - r->top), f = t.frame++;
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, w, h);
	struct draw_copy m = {.base = {.box = *r, .clip = {.type = n ? CLIP_TYPE_RECTS : CLIP_TYPE_NONE,
		.rects = {n, (struct rect *)clip}}}, .src_area = {.right = (int)w, .bottom = (int)h},
		.rop = ROPD_OP_PUT};
	struct image img;
	uint64_t id;

	for (unsigned y = 0; y < h; y++)
		for (unsigned x = 0; x < w; x++)
			((uint32_t *)(void *)(p->data + y * (size_t)p->stride))[x] = ((x + 3 * f) / 2 % 256) << 16 |
				((y + 5 * f) / 3 % 256) << 8 | ((x + y + f) % 256);
	id = device_picture(t.h.device, p);
	pixmap_unref(p);
	img = device_image(t.h.device, id);
	m.src = &img;
	assert_int_equal(device_draw(t.h.device, S_DISPLAY_DRAW_COPY, &m), 0);
	device_picture_forget(t.h.device, id);
}

static void fill(const struct rect *r, uint32_t color, uint16_t rop)
{
	assert_int_equal(device_draw(t.h.device, S_DISPLAY_DRAW_FILL, &(struct draw_fill){.base = {.box = *r},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = color}, .rop = rop}), 0);
}

static void move(const struct rect *r, int from_x, int from_y)
{
	assert_int_equal(device_draw(t.h.device, S_DISPLAY_COPY_BITS, &(struct copy_bits){.base = {.box = *r},
		.src_pos = {from_x, from_y}}), 0);
}

static void play(const struct rect *r, unsigned frames)
{
	while (frames--) {
		film(r, NULL, 0);
		pass(FRAME_MS);
	}
}

static void play_until_streamed(const struct rect *r)
{
	for (unsigned i = 0; figure("streams") == 0; i++) {
		assert_true(i < 200);
		play(r, 1);
	}
}

/* ---- the tests ---- */

static void plays_and_rests(void **state)
{
	struct rect at = box(37, 21, 320, 240);
	unsigned frames;

	(void)state;
	fill(&(struct rect){.right = W, .bottom = H}, 0x336699, ROPD_OP_PUT);
	play_until_streamed(&at);
	play(&at, 30);
	frames = figure("frames");
	assert_in_range(frames, 3, 31); /* a busy machine makes fewer */
	assert_false(same_screen()); /* lossy, and behind */
	until_same();
	assert_int_equal(figure("streams"), 0);
	assert_int_equal(figure("opened"), 1);
}

static void what_covers_it_is_exact(void **state)
{
	struct rect at = box(100, 100, 400, 300), over = box(250, 60, 100, 200), half = box(100, 260, 400, 140);
	struct rect clips[] = {box(100, 100, 150, 160), box(350, 100, 150, 160), half};
	unsigned frames;

	(void)state;
	play_until_streamed(&at);
	play(&at, 20);
	fill(&over, 0xff0000, ROPD_OP_PUT);
	frames = figure("frames");
	for (unsigned i = 0, exact = 0; exact < 15; i++) {
		film(&at, clips, ARRAY_SIZE(clips));
		pass(FRAME_MS);
		if (exact)
			assert_true(same_in(&over)); /* no frame goes over it */
		exact += same_in(&over);
		assert_true(i < 1000);
	}
	assert_true(figure("frames") > frames);
	play(&at, 20); /* uncovered: all of it is video again */
	assert_int_equal(figure("opened"), 1);
	assert_false(same_in(&over));
	until_same();
}

static void what_reads_it_is_exact(void **state)
{
	struct rect at = box(0, 0, 320, 240), copy = box(330, 10, 200, 150), mark = box(40, 300, 60, 60);
	struct rng r = {11};

	(void)state;
	play_until_streamed(&at);
	for (unsigned i = 0; i < 40; i++) {
		play(&at, 1);
		if (i % 4 == 0)
			move(&copy, (int)rng_below(&r, 100), (int)rng_below(&r, 80));
		if (i % 4 == 1)
			fill(&(struct rect){.left = 300, .top = 100, .right = 400, .bottom = 160}, 0x00ff00,
				ROPD_OP_XOR);
		if (i % 8 == 2)
			move(&(struct rect){.left = 10, .top = 10, .right = 200, .bottom = 200}, 20, 30);
		if (i % 8 == 3)
			move(&mark, 330, 10); /* what was read is read again */
	}
	assert_true(figure("frames") > 10);
	until_same();
}

static void moves(void **state)
{
	(void)state;
	struct rect at = box(0, 0, 320, 240);

	play_until_streamed(&at);
	for (int i = 0; i < 20; i++) {
		at = box(10 * i, 5 * i, 320, 240);
		play(&at, 1);
	}
	assert_int_equal(figure("streams"), 1);
	play(&at, 10);
	assert_int_equal(figure("opened"), 1);
	until_same();
}

static void grows(void **state)
{
	struct rect at = box(100, 100, 200, 200);

	(void)state;
	play_until_streamed(&at);
	at = box(96, 100, 210, 208);
	play(&at, 20);
	assert_int_equal(figure("streams"), 1);
	assert_int_equal(figure("opened"), 1);
	until_same();
}

static void the_screen_goes(void **state)
{
	struct rect at = box(50, 50, 320, 240);

	(void)state;
	play_until_streamed(&at);
	play(&at, 10);
	assert_int_equal(device_resize(t.h.device, 400, 300), 0);
	at = box(50, 50, 320, 240);
	play(&at, 5);
	assert_int_equal(figure("streams"), 0);
	until_same();
	play_until_streamed(&at);
	assert_int_equal(figure("opened"), 2);
	until_same();
}

static void the_client_goes(void **state)
{
	struct rect at = box(50, 50, 320, 240);

	(void)state;
	play_until_streamed(&at);
	film(&at, NULL, 0);
	client_free(t.client);
	play(&at, 5);
	connect_viewer();
	until_same();
	play_until_streamed(&at);
	until_same();
}

static void anything_between(void **state)
{
	struct rect at = box(120, 80, 320, 240), other = box(10, 340, 160, 120);
	struct rng r = {5};

	(void)state;
	for (unsigned i = 0; i < 250; i++) {
		struct rect any = box((int)rng_below(&r, W), (int)rng_below(&r, H), 1 + (int)rng_below(&r, 300),
			1 + (int)rng_below(&r, 200));

		film(&at, NULL, 0);
		film(&other, NULL, 0);
		if (i % 5 == 0) {
			switch (rng_below(&r, 5)) {
			case 0:
				fill(&any, (uint32_t)rng_next(&r), ROPD_OP_PUT);
				break;
			case 1:
				fill(&any, (uint32_t)rng_next(&r), ROPD_OP_XOR);
				break;
			case 2:
				move(&any, (int)rng_below(&r, W), (int)rng_below(&r, H));
				break;
			case 3:
				film(&any, NULL, 0);
				break;
			default:
				at = box(at.left + 3, at.top - 1, 320, 240);
			}
		}
		pass(i % 50 == 49 ? 700 : 20);
		if (i % 125 == 124)
			until_same();
	}
	assert_true(figure("frames") > 30);
	until_same();
}

static void codec_as_wished(void **state)
{
	struct rect at = box(37, 21, 320, 240);

	(void)state;
	play_until_streamed(&at);
	play(&at, 10);
	assert_true(says(t.wish ? "\"codec\":\"vp8\"" : "\"codec\":\"mjpeg\""));
	until_same();
}

static void clients_share_frames(void **state)
{
	struct rect at = box(37, 21, 320, 240);
	unsigned frames, coded;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t.more); i++) {
		t.more[i] = viewer();
		until_same();
	}
	while (figure("streams") < 1 + ARRAY_SIZE(t.more))
		play(&at, 1);
	frames = figure("frames");
	coded = figure("coded");
	play(&at, 50);
	frames = figure("frames") - frames;
	coded = figure("coded") - coded;
	assert_true(coded > 10);
	assert_true(2 * coded <= frames + 8); /* of four clients; one that lags a frame has it alone */
	until_same();
	for (size_t i = 0; i < ARRAY_SIZE(t.more); i++)
		UNTIL(&t.h, house_shown(&t.h, t.more[i], NULL));
}

/* ---- reports that a client makes up, with the streams alone ---- */

static void nothing(void *owner)
{
	(void)owner;
}

static uint32_t mm_time(void *owner)
{
	(void)owner;
	return (uint32_t)uv_now(&t.h.loop);
}

static uint64_t now(void *owner)
{
	(void)owner;
	return uv_now(&t.h.loop);
}

/* A film of a second; what the pipe has is thrown away. True when a stream is open at the end. */
static bool open_after_a_second(struct pipe *p, struct video *v)
{
	struct rect at = box(0, 0, 320, 240);
	struct pipe_out out;

	for (unsigned i = 0; i < 50; i++) {
		film(&at, NULL, 0);
		for (pipe_next(p, &out); out.kind != PIPE_NOTHING; pipe_next(p, &out))
			draw_item_unref(out.item);
		pass(FRAME_MS);
	}
	return video_figures(v).streams == 1;
}

static void reports_made_up(void **state)
{
	static const uint32_t ids[] = {0, 1, VIDEO_STREAMS - 1, VIDEO_STREAMS, LIM_STREAMS, INT32_MAX, UINT32_MAX};
	struct outbox_options oo = {.rules = {.raw = true}, .kick = nothing};
	struct outbox *outbox = outbox_new(&t.h.loop, &oo);
	struct pipe *p = pipe_new(t.h.device, now, nothing, NULL);
	struct framer *framer = framer_new(&t.h.loop, t.h.device);
	struct video *v = video_new(&t.h.loop, t.h.device, p, outbox, &(struct video_options){.all = true,
		.reports = true, .codecs = {VIDEO_CODEC_VP8, VIDEO_CODEC_MJPEG}, .n_codecs = 2, .framer = framer,
		.mm_time = mm_time, .sent = nothing, .kick = nothing});
	struct stream_report r = {.num_drops = UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		r.stream_id = ids[i];
		video_report(v, &r);
	}
	assert_true(open_after_a_second(p, v)); /* of streams that there are none of: they say nothing */
	for (size_t i = 1; i < ARRAY_SIZE(ids); i++) {
		r.stream_id = ids[i];
		r.unique_id = 1;
		video_report(v, &r);
		r.stream_id = 0;
		r.unique_id = ids[i] + 1;
		video_report(v, &r);
	}
	assert_int_equal(video_figures(v).streams, 1);
	r.unique_id = 1;
	video_report(v, &r); /* the true one: the client can't decode; then the next codec's */
	assert_int_equal(video_figures(v).streams, 0);
	assert_true(open_after_a_second(p, v));
	for (r.unique_id = 2; r.unique_id < 10; r.unique_id++)
		video_report(v, &r);
	assert_int_equal(video_figures(v).streams, 0);
	assert_false(open_after_a_second(p, v));
	video_free(v);
	framer_free(framer);
	pipe_free(p);
	outbox_free(outbox);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define VP8(name) {#name "_vp8", name, setup_vp8, teardown, NULL}
	const struct CMUnitTest tests[] = {
		TEST(plays_and_rests),
		TEST(what_covers_it_is_exact),
		TEST(what_reads_it_is_exact),
		TEST(moves),
		TEST(grows),
		TEST(the_screen_goes),
		TEST(the_client_goes),
		TEST(anything_between),
		VP8(plays_and_rests),
		VP8(what_covers_it_is_exact),
		VP8(moves),
		VP8(grows),
		VP8(the_client_goes),
		VP8(anything_between),
		TEST(codec_as_wished),
		{"codec_as_wished_vp8", codec_as_wished, setup_wish, teardown, NULL},
		TEST(clients_share_frames),
		TEST(reports_made_up),
	};

	return cmocka_run_group_tests_name("videostream", tests, NULL, NULL);
}
