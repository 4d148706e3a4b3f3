/* A client's video streams: frames are shown in order and when their time has come, late ones are dropped and reported,
 * nothing that waits outlives its stream, and what a hostile server says is bounded. channels.md 2, RELIABILITY rows
 * 10, 21 and 70. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "client/stream.h"
#include "codec/jpeg.h"
#include "codec/vp8.h"

enum { W = 64, H = 48, SIDE = 16, DELAY = 400 };

static struct {
	struct canvas *canvas;
	struct streams *streams;
	unsigned shown, reports;
	struct rect where;
	struct stream_report report;
} t;

static void shown(void *owner, uint32_t surface, const struct rect *r)
{
	assert_ptr_equal(owner, &t);
	assert_int_equal(surface, 0);
	t.shown++;
	t.where = *r;
}

static void report(void *owner, const struct stream_report *r)
{
	assert_ptr_equal(owner, &t);
	t.reports++;
	t.report = *r;
}

static int setup(void **state)
{
	static const struct stream_ops ops = {shown, report};

	(void)state;
	memset(&t, 0, sizeof(t));
	t.canvas = canvas_new(NULL, NULL);
	t.streams = streams_new(t.canvas, &ops, &t);
	return canvas_surface_create(t.canvas, &(struct surface_create){.width = W, .height = H,
		.format = SURFACE_FMT_32_xRGB});
}

static int teardown(void **state)
{
	(void)state;
	streams_free(t.streams);
	canvas_free(t.canvas);
	return 0;
}

/* A picture whose upper half is `top` and whose lower half is `bottom`, grey; kept until the process ends. */
static struct slice jpeg(unsigned w, unsigned h, unsigned top, unsigned bottom)
{
	static struct buf kept[64];
	static unsigned n;
	struct buf *out = &kept[n++ % ARRAY_SIZE(kept)];
	uint8_t *p = xmalloc((size_t)4 * w * h);

	for (unsigned i = 0; i < w * h; i++)
		put_le32(p + 4 * (size_t)i, 0x010101 * (i / w < h / 2 ? top : bottom));
	buf_fini(out);
	assert_int_equal(jpeg_encode(p, w, h, 4 * (size_t)w, 90, out), 0);
	free(p);
	return buf_slice(out);
}

static struct slice grey(unsigned v)
{
	return jpeg(SIDE, SIDE, v, v);
}

static unsigned pixel(unsigned x, unsigned y)
{
	const struct pixmap *p = canvas_surface(t.canvas, 0);

	return p->data[y * (size_t)p->stride + 4 * (size_t)x];
}

static void assert_grey(unsigned x, unsigned y, unsigned v)
{
	assert_in_range(pixel(x, y), v < 3 ? 0 : v - 3, v + 3);
}

static const struct rect dest = {.left = 8, .top = 8, .right = 8 + SIDE, .bottom = 8 + SIDE};

static void create(uint32_t id)
{
	struct stream_create m = {.stream_id = id, .flags = STREAM_FLAGS_TOP_DOWN, .codec_type = VIDEO_CODEC_MJPEG,
		.stream_width = SIDE, .stream_height = SIDE, .src_width = SIDE, .src_height = SIDE, .dest = dest};

	assert_int_equal(streams_create(t.streams, &m), 0);
}

static void frame(uint32_t time, unsigned v, uint32_t now)
{
	streams_frame(t.streams, 0, time, NULL, grey(v), now);
}

/* ---- time ---- */

static void in_order_at_their_times(void **state)
{
	uint32_t base = UINT32_MAX - 60; /* wraps on the way */

	(void)state;
	create(0);
	for (unsigned i = 0; i < 4; i++)
		frame(base + DELAY + 40 * i, 40 + 40 * i, base + 40 * i);
	assert_int_equal(t.shown, 0);
	assert_int_equal(streams_due(t.streams, base + 200), 200);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t now = base + DELAY + 40 * i;
		int32_t next = streams_due(t.streams, now - 1);

		assert_int_equal(next, 1);
		assert_int_equal(t.shown, i);
		next = streams_due(t.streams, now);
		assert_int_equal(next, i < 3 ? 40 : -1);
		assert_int_equal(t.shown, i + 1);
		assert_grey(9, 9, 40 + 40 * i);
	}
	assert_memory_equal(&t.where, &dest, sizeof(dest));
	assert_grey(7, 7, 0);
	assert_grey(8 + SIDE, 9, 0);
	assert_int_equal(streams_counts(t.streams)->late, 0);
	assert_int_equal(streams_counts(t.streams)->dropped, 0);
}

static void only_the_newest_that_is_due(void **state)
{
	(void)state;
	create(0);
	frame(100, 50, 0);
	frame(140, 100, 0);
	frame(180, 150, 0);
	frame(900, 200, 0);
	assert_int_equal(streams_due(t.streams, 200), 700);
	assert_int_equal(t.shown, 1);
	assert_grey(9, 9, 150);
	assert_int_equal(streams_counts(t.streams)->dropped, 2);
}

static void late_ones_are_dropped(void **state)
{
	(void)state;
	create(0);
	frame(999, 50, 1000); /* late, but the first: a picture is better than none */
	assert_grey(9, 9, 50);
	frame(1050, 100, 1051);
	frame(1100, 150, 1250 - 1);
	assert_grey(9, 9, 50);
	frame(1200, 200, 1000 + STREAM_STANDING_MS); /* the last one stands too long */
	assert_grey(9, 9, 200);
	assert_int_equal(streams_counts(t.streams)->late, 4);
	assert_int_equal(t.shown, 2);
	frame(1600, 250, 1550); /* one waits: a late one does not push it away */
	frame(1500, 20, 1560);
	assert_int_equal(t.shown, 2);
	assert_int_equal(streams_due(t.streams, 1600), -1);
	assert_grey(9, 9, 250);
}

static void far_ahead_is_no_time(void **state)
{
	(void)state;
	create(0);
	frame(STREAM_EARLY_MS, 100, 0);
	assert_int_equal(t.shown, 0);
	frame(STREAM_EARLY_MS + 1, 200, 0);
	assert_int_equal(t.shown, 1);
	assert_grey(9, 9, 200);
	assert_int_equal(streams_due(t.streams, 0), -1);
}

static void a_jump_shows_the_newest(void **state)
{
	(void)state;
	create(0);
	frame(5000, 100, 4700);
	frame(5040, 200, 4700);
	streams_jump(t.streams, 10);
	assert_int_equal(t.shown, 1);
	assert_grey(9, 9, 200);
	assert_int_equal(streams_due(t.streams, 10), -1);
}

/* ---- what is drawn ---- */

static void upside_down_without_top_down(void **state)
{
	struct stream_create m = {.codec_type = VIDEO_CODEC_MJPEG, .dest = dest};

	(void)state;
	assert_int_equal(streams_create(t.streams, &m), 0);
	streams_frame(t.streams, 0, 0, NULL, jpeg(SIDE, SIDE, 10, 240), 0);
	assert_grey(9, 9, 240);
	assert_grey(9, 8 + SIDE - 1, 10);
	m.flags = STREAM_FLAGS_TOP_DOWN;
	assert_int_equal(streams_create(t.streams, &m), 0);
	streams_frame(t.streams, 0, 0, NULL, jpeg(SIDE, SIDE, 10, 240), 0);
	assert_grey(9, 9, 10);
	assert_grey(9, 8 + SIDE - 1, 240);
}

static void scaled_by_nearest(void **state)
{
	struct rect sized = {.left = 0, .top = 0, .right = 32, .bottom = 40};

	(void)state;
	create(0);
	streams_frame(t.streams, 0, 0, &sized, jpeg(16, 20, 0, 250), 0);
	assert_grey(31, 18, 0); /* the seam, where JPEG has none: rows of 16 hold it within a block */
	assert_grey(31, 39, 250);
	assert_memory_equal(&t.where, &sized, sizeof(sized));
	frame(1, 100, 1); /* the next one has the stream's own place again */
	assert_memory_equal(&t.where, &dest, sizeof(dest));
}

static void clips(void **state)
{
	struct rect left = {.left = 8, .top = 8, .right = 16, .bottom = 8 + SIDE};
	struct clip half = {.type = CLIP_TYPE_RECTS, .rects = {1, &left}}, none = {.type = CLIP_TYPE_RECTS},
		all = {.type = CLIP_TYPE_NONE};

	(void)state;
	create(0);
	frame(40, 100, 0);
	streams_clip(t.streams, 0, &half); /* counts for what waits */
	streams_due(t.streams, 40);
	assert_grey(15, 9, 100);
	assert_grey(16, 9, 0);
	streams_clip(t.streams, 0, &none);
	frame(80, 200, 80);
	assert_grey(15, 9, 100);
	assert_int_equal(t.shown, 1); /* hidden: no damage is told */
	streams_clip(t.streams, 0, &all);
	frame(120, 250, 120);
	assert_grey(15, 9, 250);
	assert_grey(16, 9, 250);
	assert_int_equal(streams_counts(t.streams)->broken, 0);
}

/* ---- what waits ends with its stream ---- */

static void destroyed_while_frames_wait(void **state)
{
	(void)state;
	create(0);
	create(1);
	frame(40, 100, 0);
	streams_frame(t.streams, 1, 40, NULL, grey(150), 0);
	streams_destroy(t.streams, 0);
	frame(40, 200, 0); /* unknown now */
	streams_clip(t.streams, 0, &(struct clip){0});
	streams_destroy(t.streams, 0);
	streams_due(t.streams, 40);
	assert_grey(9, 9, 150);
	assert_int_equal(t.shown, 1);
	frame(80, 100, 0);
	create(0);
	frame(80, 100, 0);
	create(0); /* anew: what waited is gone */
	assert_int_equal(streams_due(t.streams, 80), -1);
	frame(90, 100, 80);
	streams_destroy_all(t.streams);
	assert_int_equal(streams_due(t.streams, 90), -1);
	create(0);
	frame(95, 100, 90);
	streams_surface_gone(t.streams, 0);
	assert_int_equal(canvas_surface_destroy(t.canvas, 0), 0);
	assert_int_equal(streams_due(t.streams, 95), -1);
	assert_int_equal(t.shown, 1);
}

/* ---- reports ---- */

static void reports_by_frames_and_time(void **state)
{
	struct stream_activate_report a = {.stream_id = 0, .unique_id = 9, .max_window_size = 5, .timeout_ms = 1000};

	(void)state;
	create(0);
	streams_activate_report(t.streams, &a, 0);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(t.reports, 0);
		frame(1000 + 40 * i, 100, 900 + 40 * i);
	}
	assert_int_equal(t.reports, 1);
	assert_int_equal(t.report.unique_id, 9);
	assert_int_equal(t.report.num_frames, 5);
	assert_int_equal(t.report.num_drops, 0);
	assert_int_equal(t.report.start_frame_mm_time, 1000);
	assert_int_equal(t.report.end_frame_mm_time, 1160);
	assert_int_equal(t.report.last_frame_delay, 100);
	assert_int_equal(t.report.audio_delay, UINT32_MAX);
	frame(3000, 100, 2000); /* a frame a second: by the time */
	frame(4000, 100, 2999);
	assert_int_equal(t.reports, 1);
	frame(5000, 100, 3000);
	assert_int_equal(t.reports, 2);
	assert_int_equal(t.report.num_frames, 3);
	create(0); /* nothing waits any more */
	a.unique_id = 10;
	streams_activate_report(t.streams, &a, 6000);
	frame(6000, 100, 6000);
	for (unsigned i = 0; i < 3; i++) { /* three lost in a row: at once */
		assert_int_equal(t.reports, 2);
		frame(6001, 100, 6010 + i);
	}
	assert_int_equal(t.reports, 3);
	assert_int_equal(t.report.unique_id, 10);
	assert_int_equal(t.report.num_frames, 4);
	assert_int_equal(t.report.num_drops, 3);
	assert_int_equal(t.report.last_frame_delay, 6001 - 6012);
}

static void a_codec_that_we_lack(void **state)
{
	struct stream_create m = {.codec_type = VIDEO_CODEC_H264, .dest = dest};
	struct stream_activate_report a = {.unique_id = 3, .max_window_size = 1};

	(void)state;
	assert_int_equal(streams_create(t.streams, &m), 0);
	streams_activate_report(t.streams, &a, 0);
	assert_int_equal(t.reports, 1);
	assert_int_equal(t.report.num_frames, 0);
	assert_int_equal(t.report.num_drops, UINT32_MAX);
	frame(0, 100, 0);
	assert_int_equal(t.shown, 0);
	assert_int_equal(t.reports, 1);
}

/* ---- VP8: every frame is decoded, seen or not ---- */

/* The next frame of an encoder: two greys, the same change from each frame to the next. */
static struct slice vp8(struct vp8_encoder *e, unsigned v)
{
	static struct buf kept[128];
	static unsigned n;
	struct buf *out = &kept[n++ % ARRAY_SIZE(kept)];
	uint8_t p[4 * SIDE * SIDE];

	for (unsigned i = 0; i < SIDE * SIDE; i++)
		put_le32(p + 4 * (size_t)i, 0x010101 * (i / SIDE < SIDE / 2 ? v : 255 - v));
	buf_fini(out);
	assert_int_equal(vp8_encode(e, p, 4 * (size_t)SIDE, 4000, 40 * n, out), 0);
	return buf_slice(out);
}

static struct vp8_encoder *create_vp8(uint8_t flags)
{
	assert_int_equal(streams_create(t.streams, &(struct stream_create){.codec_type = VIDEO_CODEC_VP8,
		.flags = flags, .stream_width = SIDE, .stream_height = SIDE, .dest = dest}), 0);
	return vp8_encoder_new(SIDE, SIDE);
}

static void about(unsigned x, unsigned y, unsigned v)
{
	assert_in_range(pixel(x, y) + 8, v, v + 16);
}

static void shows(unsigned v)
{
	about(9, 8 + 2, v);
	about(9, 8 + SIDE - 3, 255 - v);
}

static void vp8_builds_on_what_was_dropped(void **state)
{
	struct vp8_encoder *e = create_vp8(STREAM_FLAGS_TOP_DOWN);

	(void)state;
	streams_frame(t.streams, 0, 1000, NULL, vp8(e, 40), 1000);
	shows(40);
	for (unsigned i = 1; i < 6; i++) /* all late */
		streams_frame(t.streams, 0, 1000 + i, NULL, vp8(e, 40 + 4 * i), 1010 + i);
	assert_int_equal(t.shown, 1);
	streams_frame(t.streams, 0, 1100, NULL, vp8(e, 64), 1050);
	streams_frame(t.streams, 0, 1049, NULL, vp8(e, 68), 1051); /* late, behind one that waits: with it */
	assert_int_equal(t.shown, 1);
	assert_int_equal(streams_due(t.streams, 1100), -1);
	shows(68);
	for (unsigned i = 0; i < STREAM_FRAMES + 10; i++) /* the oldest have no room */
		streams_frame(t.streams, 0, 2000 + i, NULL, vp8(e, 70 + i), 1200);
	streams_due(t.streams, 3000);
	shows(70 + STREAM_FRAMES + 9);
	assert_int_equal(t.shown, 3);
	assert_int_equal(streams_counts(t.streams)->broken, 0);
	vp8_encoder_free(e);
}

/* Late frames wait behind one that is early, since they are built on; when they go after all, they were reported. */
static void vp8_reports_a_loss_once(void **state)
{
	struct stream_activate_report a = {.unique_id = 9, .max_window_size = 4, .timeout_ms = 10000};
	struct vp8_encoder *e = create_vp8(STREAM_FLAGS_TOP_DOWN);

	(void)state;
	streams_activate_report(t.streams, &a, 0);
	streams_frame(t.streams, 0, 1100, NULL, vp8(e, 40), 1000);
	streams_frame(t.streams, 0, 1010, NULL, vp8(e, 44), 1020);
	streams_frame(t.streams, 0, 1015, NULL, vp8(e, 48), 1025);
	assert_int_equal(streams_due(t.streams, 1100), -1);
	assert_int_equal(t.shown, 1);
	assert_grey(9, 9, 48);
	streams_frame(t.streams, 0, 1200, NULL, vp8(e, 52), 1110);
	assert_int_equal(t.reports, 1);
	assert_int_equal(t.report.num_frames, 4);
	assert_int_equal(t.report.num_drops, 3); /* the early one, overtaken, and two late ones */
	vp8_encoder_free(e);
}

static void vp8_builds_on_what_was_hidden(void **state)
{
	struct clip none = {.type = CLIP_TYPE_RECTS}, all = {.type = CLIP_TYPE_NONE};
	struct vp8_encoder *e = create_vp8(0);

	(void)state;
	streams_frame(t.streams, 0, 0, NULL, vp8(e, 40), 0);
	shows(255 - 40); /* bottom up */
	streams_clip(t.streams, 0, &none);
	for (unsigned i = 1; i < 6; i++)
		streams_frame(t.streams, 0, i, NULL, vp8(e, 40 + 10 * i), i);
	assert_int_equal(t.shown, 1);
	streams_clip(t.streams, 0, &all);
	streams_frame(t.streams, 0, 10, NULL, vp8(e, 100), 5);
	streams_frame(t.streams, 0, 20, NULL, vp8(e, 110), 5);
	streams_jump(t.streams, 5);
	shows(255 - 110);
	assert_int_equal(streams_counts(t.streams)->broken, 0);
	vp8_encoder_free(e);
}

static void vp8_without_a_beginning(void **state)
{
	struct vp8_encoder *e = create_vp8(STREAM_FLAGS_TOP_DOWN);
	struct slice first = vp8(e, 40), second = vp8(e, 44);
	uint8_t head[16] = {0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x1f, 0xff, 0x1f};

	(void)state;
	streams_frame(t.streams, 0, 0, NULL, second, 0);
	streams_frame(t.streams, 0, 0, NULL, slice_of(head, sizeof(head)), 0); /* of 8191 x 8191 pixels */
	streams_frame(t.streams, 0, 0, NULL, grey(9), 0);
	assert_int_equal(t.shown, 0);
	assert_int_equal(streams_counts(t.streams)->broken, 3);
	streams_frame(t.streams, 0, 0, NULL, first, 0);
	streams_frame(t.streams, 0, 0, NULL, second, 0);
	shows(44);
	vp8_encoder_free(e);
}

/* ---- hostile ---- */

static void ids_and_surfaces(void **state)
{
	static const uint32_t ids[] = {LIM_STREAMS, LIM_STREAMS + 1, 0x7fffffff, UINT32_MAX};
	struct stream_create m = {.codec_type = VIDEO_CODEC_MJPEG, .dest = dest};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		m.stream_id = ids[i];
		assert_int_equal(streams_create(t.streams, &m), E_LIMIT);
		streams_frame(t.streams, ids[i], 0, NULL, grey(9), 0);
		streams_clip(t.streams, ids[i], &m.clip);
		streams_activate_report(t.streams, &(struct stream_activate_report){.stream_id = ids[i]}, 0);
		streams_destroy(t.streams, ids[i]);
	}
	m.stream_id = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		m.surface_id = ids[i];
		assert_int_equal(streams_create(t.streams, &m), E_INVAL);
	}
	m.surface_id = 0;
	m.stream_id = LIM_STREAMS - 1;
	assert_int_equal(streams_create(t.streams, &m), 0);
	assert_int_equal(t.shown + t.reports, 0);
}

static void rectangles(void **state)
{
	static const struct rect rects[] = {
		{0, 0, 0, 0}, {5, 5, 5, 9}, {9, 9, 2, 2}, {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN},
		{INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX}, {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN},
		{1000, 1000, 1010, 1010}, {-40, -40, -8, -8}, {-8, -8, 2000000000, 2000000000},
	};

	(void)state;
	create(0);
	for (size_t i = 0; i < ARRAY_SIZE(rects); i++) {
		unsigned before = t.shown;

		streams_frame(t.streams, 0, 0, &rects[i], grey(50), 0);
		if (t.shown != before) {
			assert_true(t.where.left >= 0 && t.where.top >= 0);
			assert_true(t.where.right <= W && t.where.bottom <= H);
		}
	}
	frame(0, 200, 0);
	assert_grey(9, 9, 200);
}

static void frames_that_are_none(void **state)
{
	struct slice whole = jpeg(SIDE, SIDE, 30, 220);
	struct rng r = {1};

	(void)state;
	create(0);
	frame(0, 100, 0);
	for (size_t n = 0; n + 2 < whole.n; n++) { /* the end mark may be missing */
		uint8_t *cut = xmalloc(n + 1);

		memcpy(cut, whole.p, n);
		streams_frame(t.streams, 0, 0, NULL, slice_of(cut, n), 0);
		free(cut);
	}
	assert_int_equal(t.shown, 1);
	assert_grey(9, 9, 100);
	for (unsigned i = 0; i < 300; i++) {
		uint8_t *bad = xmalloc(whole.n);

		memcpy(bad, whole.p, whole.n);
		bad[rng_below(&r, (uint32_t)whole.n)] ^= (uint8_t)(1 + rng_below(&r, 255));
		streams_frame(t.streams, 0, 0, NULL, slice_of(bad, whole.n), 0);
		free(bad);
	}
	frame(0, 200, 0);
	assert_grey(9, 9, 200);
}

static void memory_is_bounded(void **state)
{
	size_t large = STREAM_BYTES / 3;
	uint8_t *p = xcalloc(1, large);

	(void)state;
	create(0);
	create(1);
	for (unsigned i = 0; i < STREAM_FRAMES + 5; i++)
		frame(1000 + i, 100, 0);
	assert_int_equal(streams_counts(t.streams)->dropped, 5);
	assert_int_equal(streams_due(t.streams, 0), 1005);
	for (unsigned i = 0; i < 4; i++)
		streams_frame(t.streams, 1, 500 + i, NULL, slice_of(p, large), 0);
	/* 61 frames and two of 21 MiB fit, not three */
	assert_true(streams_counts(t.streams)->dropped >= 5 + 1);
	assert_int_equal(streams_due(t.streams, 0), 502);
	free(p);
}

/* ---- JPEG without tables ---- */

/* The file without its DHT segments. */
static struct slice without_tables(struct slice in, uint8_t *out)
{
	size_t at = 2, n = 2;

	memcpy(out, in.p, 2);
	while (in.p[at + 1] != 0xda) {
		size_t len = 2u + get_be16(in.p + at + 2);

		if (in.p[at + 1] != 0xc4) {
			memcpy(out + n, in.p + at, len);
			n += len;
		}
		at += len;
	}
	memcpy(out + n, in.p + at, in.n - at);
	return slice_of(out, n + in.n - at);
}

static void without_huffman_tables(void **state)
{
	struct slice whole = jpeg(SIDE, SIDE, 30, 220), bare;
	uint8_t *mem = xmalloc(whole.n), a[4 * SIDE * SIDE], b[4 * SIDE * SIDE];
	struct jpeg_frames *f = jpeg_frames_new();

	(void)state;
	bare = without_tables(whole, mem);
	assert_true(bare.n + 400 < whole.n);
	assert_int_equal(jpeg_frame_decode(f, bare, SIDE, SIDE, a, 4 * SIDE, false), 0); /* the standard ones */
	assert_int_equal(jpeg_frame_decode(f, whole, SIDE, SIDE, b, 4 * SIDE, false), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(jpeg_frame_decode(f, bare, SIDE, SIDE, a, 4 * SIDE, false), 0); /* those that came */
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(jpeg_frame_decode(f, bare, SIDE, SIDE + 1, a, 4 * SIDE, false), E_INVAL);
	create(0);
	streams_frame(t.streams, 0, 0, NULL, bare, 0);
	assert_grey(9, 9, 30);
	assert_grey(9, 8 + SIDE - 1, 220);
	jpeg_frames_free(f);
	free(mem);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(in_order_at_their_times),
		TEST(only_the_newest_that_is_due),
		TEST(late_ones_are_dropped),
		TEST(far_ahead_is_no_time),
		TEST(a_jump_shows_the_newest),
		TEST(upside_down_without_top_down),
		TEST(scaled_by_nearest),
		TEST(clips),
		TEST(destroyed_while_frames_wait),
		TEST(reports_by_frames_and_time),
		TEST(a_codec_that_we_lack),
		TEST(vp8_builds_on_what_was_dropped),
		TEST(vp8_reports_a_loss_once),
		TEST(vp8_builds_on_what_was_hidden),
		TEST(vp8_without_a_beginning),
		TEST(ids_and_surfaces),
		TEST(rectangles),
		TEST(frames_that_are_none),
		TEST(memory_is_bounded),
		TEST(without_huffman_tables),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
