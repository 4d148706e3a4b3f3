/* The rate of a link: when it is slow, when it is so no more, and what pings in a stream say of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/link-rate.h"

enum { MBIT = 1000000 };

static void the_test_decides_at_once(void **state)
{
	struct link_rate r = {0};

	(void)state;
	link_rate_test(&r, 3 * MBIT);
	assert_true(r.slow);
	link_rate_test(&r, 30 * MBIT);
	assert_false(r.slow);
	assert_int_equal(r.bits, 30 * MBIT);
}

/* Bytes of so many Mbit/s in 100 ms. */
static uint64_t bytes_at(unsigned mbit)
{
	return (uint64_t)mbit * MBIT / 80;
}

static void one_bad_moment_is_none(void **state)
{
	struct link_rate r = {0};
	uint64_t now = 0;

	(void)state;
	link_rate_test(&r, 100 * MBIT);
	for (int i = 0; i < 40; i++) /* four times in ten */
		assert_false(link_rate_sample(&r, bytes_at(i % 10 < 4 ? 1 : 100), 100000, false, now += 100000));
	assert_false(r.slow);
	for (int i = 0; i < 20; i++) /* that it carries at least so much says nothing */
		assert_false(link_rate_sample(&r, bytes_at(1), 100000, true, now += 100000));
	assert_true(r.bits > 20 * MBIT);
}

static void slow_and_fast_again(void **state)
{
	struct link_rate r = {0};
	uint64_t now = 0;
	unsigned n = 0;

	(void)state;
	link_rate_test(&r, 40 * MBIT);
	while (!link_rate_sample(&r, bytes_at(2), 100000, false, now += 100000))
		assert_true(++n < 30);
	assert_true(r.slow);
	assert_true(n >= 10); /* for a while */
	for (n = 0; n < 30; n++) /* a little above the bound is not fast yet */
		assert_false(link_rate_sample(&r, bytes_at(12), 100000, false, now += 100000));
	while (!link_rate_sample(&r, bytes_at(40), 100000, true, now += 100000))
		assert_true(++n < 60);
	assert_false(r.slow);
}

static void least_trip_of_late(void **state)
{
	struct link_rate r = {0};

	(void)state;
	assert_int_equal(link_rate_latency(&r), 0);
	link_rate_trip(&r, 500);
	link_rate_trip(&r, 900);
	assert_int_equal(link_rate_latency(&r), 500);
	for (int i = 0; i < LINK_TRIPS; i++)
		link_rate_trip(&r, 700 + i);
	assert_int_equal(link_rate_latency(&r), 700);
}

static void pings_in_a_stream(void **state)
{
	struct link_probe p = {0};
	struct probe_ping s;
	uint64_t end = 0, us = 0;
	uint32_t a, b;

	(void)state;
	/* 128 KiB at once, whose first half is there after 110 ms and the second 100 ms later */
	for (int i = 0; i < 7; i++)
		assert_false(link_probe_sent(&p, end += 8192, 1000));
	assert_true(link_probe_sent(&p, end += 8192, 1000));
	a = link_probe_ping(&p, 1000);
	for (int i = 0; i < 7; i++)
		assert_false(link_probe_sent(&p, end += 8192, 1200));
	assert_true(link_probe_sent(&p, end += 8192, 1300));
	link_probe_dry(&p, true); /* the socket has room, the link has not */
	b = link_probe_ping(&p, 1300);
	assert_false(link_probe_pong(&p, b, 20000, 5000, &s, &us)); /* not this one now */
	assert_true(link_probe_pong(&p, a, 20000, 111000, &s, &us));
	assert_int_equal(us, 110000);
	assert_false(s.at_least);
	assert_true(link_probe_pong(&p, b, 20000, 211000, &s, &us));
	assert_int_equal(us, 100000);
	assert_int_equal(s.bytes, 65536);
	assert_false(s.at_least);
	/* a little, and then nothing */
	assert_false(link_probe_sent(&p, end += 10000, 300000));
	assert_false(link_probe_dry(&p, true));
	assert_false(link_probe_sent(&p, end += 10000, 350000));
	assert_true(link_probe_dry(&p, false));
	a = link_probe_ping(&p, 360000);
	assert_false(link_probe_dry(&p, false));
	assert_true(link_probe_pong(&p, a, 20000, 400000, &s, &us));
	assert_int_equal(us, 100000);
	assert_int_equal(s.bytes, 20000);
	assert_true(s.at_least);
	/* many small ones */
	for (int i = 0; i < 100; i++)
		link_probe_sent(&p, end += 700, 500000);
	a = link_probe_ping(&p, 500000);
	assert_true(link_probe_pong(&p, a, 20000, 600000, &s, &us));
	assert_true(s.at_least);
	/* answers that come together are one */
	link_probe_sent(&p, end += 70000, 1000000);
	a = link_probe_ping(&p, 1000000);
	link_probe_sent(&p, end += 70000, 1000000);
	b = link_probe_ping(&p, 1000000);
	link_probe_sent(&p, end += 70000, 1000000);
	link_probe_ping(&p, 1000000);
	assert_true(link_probe_pong(&p, a, 20000, 1100000, &s, &us));
	assert_false(link_probe_pong(&p, b, 20000, 1100100, &s, &us));
	assert_true(link_probe_pong(&p, b + 1, 20000, 1200000, &s, &us));
	assert_int_equal(us, 100000);
	assert_int_equal(s.bytes, 140000);
	assert_false(s.at_least);
	/* who does not answer is not asked for ever */
	for (int i = 0; i < PROBES; i++) {
		assert_true(link_probe_sent(&p, end += 70000, 700000));
		link_probe_ping(&p, 700000);
	}
	assert_false(link_probe_sent(&p, end += 70000, 700000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_test_decides_at_once),
		cmocka_unit_test(one_bad_moment_is_none),
		cmocka_unit_test(slow_and_fast_again),
		cmocka_unit_test(least_trip_of_late),
		cmocka_unit_test(pings_in_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
