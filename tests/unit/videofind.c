/* The detector of video on synthetic paintings and clocks, and the rate of a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "server/video-find.h"
#include "server/video-rate.h"

enum { W = 1280, H = 720 };

static struct video_find *find;
static struct rect found[VIDEO_FOUND];

static int setup(void **state)
{
	(void)state;
	find = video_find_new(W, H);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	video_find_free(find);
	return 0;
}

static struct rect box(int x, int y, int w, int h)
{
	return (struct rect){.left = x, .top = y, .right = x + w, .bottom = y + h};
}

static void assert_box(const struct rect *r, int x, int y, int w, int h)
{
	assert_int_equal(r->left, x);
	assert_int_equal(r->top, y);
	assert_int_equal(r->right, x + w);
	assert_int_equal(r->bottom, y + h);
}

/* Paints it every `ms` from *now until `end`, and looks each time; when it was found first, 0: never. */
static uint64_t paint(struct rect r, unsigned ms, uint64_t *now, uint64_t end)
{
	uint64_t first = 0;

	for (; *now < end; *now += ms) {
		video_find_painted(find, &r, *now);
		if (video_find_look(find, *now, found) && !first)
			first = *now;
	}
	return first;
}

static void steady_video(void **state)
{
	static const unsigned steps[] = {16, 33, 40, 66, 100};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		uint64_t now = 1000000 * (i + 1), start = now;
		uint64_t at = paint(box(101, 67, 640, 360), steps[i], &now, now + 2000);

		assert_true(at);
		assert_in_range(at - start, 400, steps[i] < 66 ? 800 : 1200);
		assert_int_equal(video_find_look(find, now + 100, found), 1);
		assert_box(&found[0], 101, 67, 640, 360);
		video_find_forget(find, &found[0]);
	}
}

static void too_slow_or_too_small(void **state)
{
	uint64_t now = 5000;

	(void)state;
	assert_false(paint(box(100, 100, 640, 360), 250, &now, now + 10000));
	assert_false(paint(box(100, 100, 95, 96), 40, &now, now + 5000));
	assert_true(paint(box(100, 200, 96, 96), 40, &now, now + 5000));
}

static void a_short_burst(void **state)
{
	uint64_t now = 5000;

	(void)state;
	for (unsigned i = 0; i < 10; i++) { /* a burst of ten frames, a second's rest */
		assert_false(paint(box(100, 100, 640, 360), 40, &now, now + 360));
		now += 1000;
	}
}

static void it_ends(void **state)
{
	uint64_t now = 5000;

	(void)state;
	assert_true(paint(box(100, 100, 640, 360), 40, &now, now + 2000));
	assert_int_equal(video_find_look(find, now + 600, found), 0);
}

static void in_bands_and_parts(void **state)
{
	uint64_t now = 5000;
	struct rng r = {7};

	(void)state;
	for (unsigned i = 0; i < 50; i++, now += 40) { /* four bands a frame, and only what changed of each */
		for (int y = 0; y < 4; y++) {
			int cut = (int)rng_below(&r, 20);
			struct rect part = box(200 + cut, 100 + 90 * y, 600 - cut, 90);

			video_find_painted(find, &part, now);
		}
	}
	assert_int_equal(video_find_look(find, now, found), 1);
	assert_in_range(found[0].left, 200, 207);
	assert_int_equal(found[0].top, 100);
	assert_int_equal(found[0].right, 800);
	assert_int_equal(found[0].bottom, 460);
}

static void two_at_a_time(void **state)
{
	uint64_t now = 5000;

	(void)state;
	for (unsigned i = 0; i < 40; i++, now += 40) {
		struct rect a = box(0, 0, 320, 240), b = box(700, 400, 320, 240);
		struct rect typing = box(500, (int)i * 10, 12, 16);

		video_find_painted(find, &a, now);
		video_find_painted(find, &b, now + 5);
		video_find_painted(find, &typing, now + 10);
	}
	assert_int_equal(video_find_look(find, now, found), 2);
	assert_box(&found[0], 0, 0, 320, 240);
	assert_box(&found[1], 700, 400, 320, 240);
}

/* A window that is moved across the video, each step of it a picture of its own, does not hide it. */
static void survives_overlays(void **state)
{
	uint64_t now = 5000;

	(void)state;
	for (unsigned i = 0; i < 50; i++, now += 40) {
		struct rect video = box(200, 100, 640, 360), over = box(150 + 10 * (int)i, 80, 200, 150);

		video_find_painted(find, &video, now);
		video_find_painted(find, &over, now + 3);
	}
	assert_int_equal(video_find_look(find, now, found), 1);
	assert_in_range(found[0].left, 180, 200);
	assert_in_range(found[0].right, 840, 872);
}

/* The strip that a scrolled page uncovers, again and again. */
static void scrolling_is_none(void **state)
{
	uint64_t now = 5000;

	(void)state;
	for (unsigned i = 0; i < 100; i++, now += 40) {
		struct rect page = box(0, 0, 1000, 600), strip = box(0, 600, 1000, 120);

		video_find_forget(find, &page);
		strip.top -= 20;
		video_find_forget(find, &strip);
		video_find_painted(find, &strip, now);
		assert_int_equal(video_find_look(find, now, found), 0);
	}
}

static void any_rectangle(void **state)
{
	struct rng r = {3};
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct rect any = {.left = (int)rng_below(&r, 4000) - 1000, .top = (int)rng_below(&r, 4000) - 1000,
			.right = (int)rng_below(&r, 4000) - 1000, .bottom = (int)rng_below(&r, 4000) - 1000};
		unsigned n;

		now += rng_below(&r, 5);
		video_find_painted(find, &any, now);
		if (i % 50 == 0)
			video_find_forget(find, &any);
		n = video_find_look(find, now, found);
		assert_true(n <= VIDEO_FOUND);
		for (unsigned k = 0; k < n; k++)
			assert_true((found[k].right - found[k].left) * (found[k].bottom - found[k].top) >= VIDEO_AREA);
	}
}

/* ---- the rate ---- */

static void worse_at_once_better_slowly(void **state)
{
	struct stream_report good = {.num_frames = 5, .last_frame_delay = 380}, bad = {.num_frames = 5, .num_drops = 2};
	struct video_rate r;
	uint64_t now = 10000, back;
	unsigned quality;

	(void)state;
	video_rate_init(&r, false, now);
	assert_int_equal(r.quality, VIDEO_QUALITY_BEST);
	assert_int_equal(r.pace, 0);
	now += 400;
	video_rate_report(&r, &bad, now);
	quality = r.quality;
	assert_true(quality < VIDEO_QUALITY_BEST);
	video_rate_report(&r, &bad, now + 50); /* the first change has not shown its effect yet */
	assert_int_equal(r.quality, quality);
	for (unsigned i = 0; i < 100; i++)
		video_rate_report(&r, &bad, now += 400);
	assert_int_equal(r.quality, VIDEO_QUALITY_LEAST);
	assert_in_range(r.pace, VIDEO_PACE_LEAST, VIDEO_PACE_LEAST * 5 / 4);
	back = now;
	while (r.pace || r.quality < VIDEO_QUALITY_BEST) {
		video_rate_report(&r, &good, now += 200);
		assert_true(now - back < 60000);
	}
	assert_true(now - back > 10000);
}

/* A line that carries 70 and not 80: how often 80 is tried. */
static void what_failed_is_tried_more_seldom(void **state)
{
	struct video_rate r;
	uint64_t tried[8] = {0};
	unsigned n = 0;

	(void)state;
	video_rate_init(&r, false, 0);
	for (uint64_t now = 0; n < ARRAY_SIZE(tried); now += 40) {
		unsigned before = r.quality;

		video_rate_sent(&r, r.quality > 70 ? 150 : 10, now);
		assert_true(now < 700000);
		if (r.quality > before)
			tried[n++] = now;
	}
	assert_in_range(tried[0], 8000, 10000);
	assert_in_range(tried[1] - tried[0], 16000, 20000);
	assert_in_range(tried[7] - tried[6], 16000, 20000);
	for (uint64_t now = tried[7]; now < tried[7] + 20000; now += 40) /* now it does */
		video_rate_sent(&r, 10, now);
	assert_int_equal(r.quality, VIDEO_QUALITY_BEST);
	assert_int_equal(r.patience, 2000);
}

static void the_socket_and_late_frames_count(void **state)
{
	struct stream_report late = {.num_frames = 5, .last_frame_delay = 30}, at_best = {.num_frames = 5,
		.last_frame_delay = 390}, queued = {.num_frames = 5, .last_frame_delay = 310};
	struct video_rate r;

	(void)state;
	video_rate_init(&r, false, 0);
	video_rate_sent(&r, 5, 1000);
	assert_int_equal(r.quality, VIDEO_QUALITY_BEST);
	video_rate_sent(&r, 150, 2000);
	assert_true(r.quality < VIDEO_QUALITY_BEST);
	video_rate_init(&r, false, 0);
	video_rate_report(&r, &late, 1000);
	assert_true(r.quality < VIDEO_QUALITY_BEST);
	video_rate_init(&r, false, 0); /* in time, but much waits on the way: others wait behind it */
	video_rate_report(&r, &queued, 1000);
	assert_int_equal(r.quality, VIDEO_QUALITY_BEST);
	video_rate_report(&r, &at_best, 2000);
	video_rate_report(&r, &queued, 3000);
	video_rate_report(&r, &at_best, 3200);
	video_rate_report(&r, &queued, 3400);
	assert_int_equal(r.quality, VIDEO_QUALITY_BEST); /* by chance */
	video_rate_report(&r, &queued, 3600);
	assert_true(r.quality < VIDEO_QUALITY_BEST);
	video_rate_init(&r, false, 0);
	video_rate_coded(&r, 50); /* it is the encoder that takes the time */
	video_rate_report(&r, &at_best, 1000);
	video_rate_report(&r, &queued, 2000);
	video_rate_report(&r, &queued, 3000);
	assert_int_equal(r.quality, VIDEO_QUALITY_BEST);
	video_rate_init(&r, false, 0);
	video_rate_sent(&r, 70, 1000);
	video_rate_sent(&r, 5, 1040);
	video_rate_sent(&r, 70, 1080);
	assert_int_equal(r.quality, VIDEO_QUALITY_BEST);
	video_rate_sent(&r, 70, 1120);
	assert_true(r.quality < VIDEO_QUALITY_BEST);
	video_rate_init(&r, true, 0);
	assert_true(r.quality < VIDEO_QUALITY_BEST);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(steady_video),
		TEST(too_slow_or_too_small),
		TEST(a_short_burst),
		TEST(it_ends),
		TEST(in_bands_and_parts),
		TEST(two_at_a_time),
		TEST(survives_overlays),
		TEST(scrolling_is_none),
		TEST(any_rectangle),
		cmocka_unit_test(worse_at_once_better_slowly),
		cmocka_unit_test(what_failed_is_tried_more_seldom),
		cmocka_unit_test(the_socket_and_late_frames_count),
	};

	return cmocka_run_group_tests_name("videofind", tests, NULL, NULL);
}
