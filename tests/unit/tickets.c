/* Tickets and the gate: who is let in, and how often one may try (RELIABILITY L-6, X-23, rows 53 and 73). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth/ticketfile.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "server/gate.h"
#include "server/tickets.h"

static char path[] = "/tmp/spice-tickets-XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* When the machine booted, Unix time. */
enum { BOOT_MS = 500000 };

static int load(struct tickets *t, const char *file, bool keep)
{
	return tickets_load(t, file, keep, &(struct moment){BOOT_MS + 1000, 1000});
}

/* now: Unix time */
static struct ticket *find(struct tickets *t, const char *secret, int64_t now)
{
	uint8_t v[VERIFIER];

	tickets_verifier(t, secret, v);
	return tickets_find(t, v, 1000 * now - BOOT_MS);
}

static void file_format(void **state)
{
	struct tickets *t = tickets_new();

	(void)state;
	write_file("# a comment\n\n  plainsecret\nwith%20blank id=alice view-only\r\n"
		   "limited expires=1000\nsingle once id=bob");
	assert_int_equal(load(t, path, false), 0);
	assert_non_null(find(t, "plainsecret", 1));
	assert_null(find(t, "plainsecre", 1));
	assert_null(find(t, "plainsecrett", 1));
	assert_null(find(t, "", 1));
	assert_true(find(t, "with blank", 1)->view_only);
	assert_string_equal(find(t, "with blank", 1)->id, "alice");
	assert_non_null(find(t, "limited", 999));
	assert_null(find(t, "limited", 1000));
	find(t, "single", 1)->used = true;
	assert_null(find(t, "single", 1));
	/* read again: what was used stays used */
	assert_int_equal(load(t, path, true), 0);
	assert_null(find(t, "single", 1));
	tickets_free(t);
}

static void bad_files(void **state)
{
	static const char *const bad[] = {"secret1 sometimes", "secret1 expires=soon", "secret1 expires=-1", "sec%ret1",
		"sec%00ret", "secret1 id=", "secret1 expires=1x", "%",
		"0123456789012345678901234567890123456789012345678901234567890"};
	struct tickets *t = tickets_new();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(bad[i]);
		assert_int_equal(load(t, path, false), E_CONFIG);
		assert_null(find(t, "secret1", 1));
	}
	write_file("keepme12");
	assert_int_equal(load(t, path, false), 0);
	write_file("keepme12\nbroken how");
	assert_int_equal(load(t, path, true), E_CONFIG);
	assert_non_null(find(t, "keepme12", 1));
	assert_int_equal(load(t, "/nonexistent", true), E_NOFILE);
	assert_non_null(find(t, "keepme12", 1));
	assert_int_equal(load(t, "/nonexistent", false), E_NOFILE);
	assert_null(find(t, "keepme12", 1));
	tickets_free(t);
}

/* As many as may be, and a comment behind them. */
static void full_file(void **state)
{
	enum { MOST = 4096 };
	struct tickets *t = tickets_new();
	struct buf text = {0};

	(void)state;
	for (unsigned i = 0; i < MOST; i++)
		buf_printf(&text, "secret%03x\n", i);
	buf_printf(&text, "# the end\n");
	write_file(buf_cstr(&text));
	assert_int_equal(load(t, path, false), 0);
	assert_non_null(find(t, "secretfff", 1));
	buf_printf(&text, "onemore1\n");
	write_file(buf_cstr(&text));
	assert_int_equal(load(t, path, false), E_CONFIG);
	buf_fini(&text);
	tickets_free(t);
}

/* Admits nobody. */
static void empty_file(void **state)
{
	struct tickets *t = tickets_new();

	(void)state;
	write_file("");
	assert_int_equal(load(t, path, false), 0);
	assert_null(find(t, "", 1));
	tickets_free(t);
}

/* What is printed is read back the same, whatever bytes the secret has. */
static void rows(void **state)
{
	static const struct ticket_row row[] = {
		{.secret = (char *)"plain"},
		{.secret = (char *)"# no comment", .expires = 1, .id = (char *)"a"},
		{.secret = (char *)"100% \t\r\n \x01\xff", .once = true, .view_only = true},
		{.secret = (char *)"0123456789012345678901234567890123456789012345678901234567 \n",
			.expires = INT64_MAX, .once = true, .view_only = true, .id = (char *)"bob@host"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct buf text = {0};
		struct slice all, line;
		struct ticket_row back;
		bool have;

		ticket_row_print(&row[i], &text);
		all = buf_slice(&text);
		assert_true(ticket_line(&all, &line));
		assert_int_equal(all.n, 0);
		assert_int_equal(ticket_row_parse(line, &back, &have), 0);
		assert_true(have);
		assert_string_equal(back.secret, row[i].secret);
		assert_int_equal(back.expires, row[i].expires);
		assert_int_equal(back.once, row[i].once);
		assert_int_equal(back.view_only, row[i].view_only);
		assert_string_equal(back.id ? back.id : "", row[i].id ? row[i].id : "");
		ticket_row_fini(&back);
		buf_wipe(&text);
	}
}

static void ids(void **state)
{
	char longest[66];

	(void)state;
	assert_true(ticket_id_good("alice@example.org"));
	assert_true(ticket_id_good("caf\xc3\xa9"));
	assert_false(ticket_id_good(""));
	assert_false(ticket_id_good("a b"));
	assert_false(ticket_id_good("a\nb"));
	assert_false(ticket_id_good("a\x1b[2J"));
	memset(longest, 'a', sizeof(longest));
	longest[64] = 0;
	assert_true(ticket_id_good(longest));
	longest[64] = 'a';
	longest[65] = 0;
	assert_false(ticket_id_good(longest));
}

static void one_more(void **state)
{
	struct tickets *t = tickets_new();
	uint8_t longest[LIM_PASSWORD + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(tickets_add(t, slice_of(longest, LIM_PASSWORD + 1)), E_CONFIG);
	assert_int_equal(tickets_add(t, slice_of(longest, LIM_PASSWORD)), 0);
	assert_int_equal(tickets_add(t, slice_of(NULL, 0)), E_CONFIG);
	write_file("fromfile");
	assert_int_equal(load(t, path, false), 0);
	longest[LIM_PASSWORD] = 0;
	assert_non_null(find(t, (char *)longest, 1));
	assert_non_null(find(t, "fromfile", 1));
	tickets_free(t);
}

/* X-23, fake clock: to the millisecond, whatever becomes of the time of day. */
static void ends_exactly(void **state)
{
	struct tickets *t = tickets_new();
	uint8_t v[VERIFIER];
	struct moment now = {.unix_ms = 4102444800000, .boot_ms = 5000}; /* the year 2100 */

	(void)state;
	write_file("valid-by-1s expires=4102444801\nended-by-1s expires=4102444799\n"
		"forever0 expires=9223372036854775807");
	assert_int_equal(tickets_load(t, path, false, &now), 0);
	tickets_verifier(t, "valid-by-1s", v);
	assert_non_null(tickets_find(t, v, 5000));
	assert_non_null(tickets_find(t, v, 5999));
	assert_null(tickets_find(t, v, 6000));
	tickets_verifier(t, "ended-by-1s", v);
	assert_null(tickets_find(t, v, 5000));
	assert_non_null(tickets_find(t, v, 3999));
	tickets_verifier(t, "forever0", v);
	assert_non_null(tickets_find(t, v, INT64_MAX - 1));
	tickets_free(t);
}

/* The control socket's own: one, beside the file's; its end is kept apart from it, as QEMU 7.2 does. */
static void set_and_expire(void **state)
{
	struct tickets *t = tickets_new();
	struct moment now = {BOOT_MS + 1000, 1000};
	uint8_t longest[LIM_PASSWORD + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	write_file("fromfile");
	assert_int_equal(load(t, path, false), 0);
	assert_int_equal(tickets_set(t, slice_str("first-one")), 0);
	assert_int_equal(tickets_set(t, slice_str("second-one")), 0);
	assert_null(find(t, "first-one", 1));
	assert_non_null(find(t, "second-one", 1));
	assert_int_equal(tickets_set(t, slice_of(longest, LIM_PASSWORD + 1)), E_LIMIT);
	assert_int_equal(tickets_set(t, slice_of("a\0b", 3)), E_LIMIT);
	assert_non_null(find(t, "second-one", 1));
	tickets_set_end(t, now.unix_ms + 2000, &now);
	assert_non_null(find(t, "second-one", BOOT_MS / 1000 + 2));
	assert_null(find(t, "second-one", BOOT_MS / 1000 + 3));
	assert_non_null(find(t, "fromfile", BOOT_MS / 1000 + 3));
	tickets_set_end(t, 0, &now);
	assert_int_equal(tickets_set(t, slice_str("third-one")), 0);
	assert_null(find(t, "third-one", BOOT_MS / 1000 + 1));
	tickets_set_end(t, TICKET_NEVER, &now);
	assert_non_null(find(t, "third-one", BOOT_MS / 1000 + 1));
	/* the file is read again: the set one stays. Row 53: an empty one is none */
	assert_int_equal(load(t, path, true), 0);
	assert_non_null(find(t, "third-one", 1));
	assert_int_equal(tickets_set(t, slice_of(NULL, 0)), 0);
	assert_null(find(t, "third-one", 1));
	assert_null(find(t, "", 1));
	assert_non_null(find(t, "fromfile", 1));
	tickets_free(t);
}

static void gate_waits(void **state)
{
	struct gate *g = gate_new();
	uint64_t now = 1000000;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.1", now));
		gate_result(g, "10.0.0.1", now, false);
	}
	assert_int_equal(GATE_SHUT, gate_ask(g, "10.0.0.1", now + 999));
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.1", now + 1000));
	gate_result(g, "10.0.0.1", now + 1000, false);
	assert_int_equal(GATE_SHUT, gate_ask(g, "10.0.0.1", now + 2999));
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.1", now + 3000));
	/* a source that never failed is not touched */
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.2", now));
	/* one that gets in is clean again */
	gate_result(g, "10.0.0.1", now + 3000, true);
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.1", now + 3000));
	gate_free(g);
}

static void gate_window(void **state)
{
	struct gate *g = gate_new();
	uint64_t now = 1000000, start = now;
	unsigned evaluated = 0;

	(void)state;
	for (; now < start + 590000; now += 500) {
		if (gate_ask(g, "10.0.0.1", now) == GATE_OPEN) {
			evaluated++;
			gate_result(g, "10.0.0.1", now, false);
		}
	}
	assert_in_range(evaluated, 10, 20);
	gate_free(g);
}

/* L-6, at the numbers: 5 free tries; the sixth waits 1 s, the next ones twice as long each, at most 60 s. */
static void gate_doubles(void **state)
{
	struct gate *g = gate_new();
	uint64_t now = 1000000, wait = 1000;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.1", now));
		gate_result(g, "10.0.0.1", now, false);
	}
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(GATE_SHUT, gate_ask(g, "10.0.0.1", now + wait - 1));
		now += wait;
		assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.1", now));
		gate_result(g, "10.0.0.1", now, false);
		wait = wait >= 32000 ? 60000 : 2 * wait;
	}
	gate_free(g);
}

/* 30 failures a minute are let pass, of many sources; one more and those that failed are refused, others wait. */
static void gate_minute(void **state)
{
	struct gate *g = gate_new();
	uint64_t now = 1000000;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "10.0.0.%u", i);
		gate_result(g, name, now, false);
	}
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.1", now));
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.9.9.9", now));
	gate_result(g, "10.0.0.30", now, false);
	assert_int_equal(GATE_SHUT, gate_ask(g, "10.0.0.1", now));
	assert_int_equal(GATE_WAIT, gate_ask(g, "10.9.9.9", now));
	assert_int_equal(GATE_WAIT, gate_ask(g, "10.9.9.9", now + 60000));
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.9.9.9", now + 60001));
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.0.1", now + 60001));
	gate_free(g);
}

static void gate_many_sources(void **state)
{
	struct gate *g = gate_new();
	uint64_t now = 1000000;
	char name[32];

	(void)state;
	for (int i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "10.0.%d.%d", i / 256, i % 256);
		gate_result(g, name, now + (uint64_t)i, false);
	}
	assert_int_equal(GATE_WAIT, gate_ask(g, "192.168.1.1", now + 6000)); /* let in, a moment later */
	assert_int_equal(GATE_SHUT, gate_ask(g, "10.0.23.1", now + 6000)); /* the listener-wide bound */
	assert_int_equal(GATE_OPEN, gate_ask(g, "10.0.23.1", now + 70000));
	gate_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_format),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(full_file),
		cmocka_unit_test(empty_file),
		cmocka_unit_test(one_more),
		cmocka_unit_test(rows),
		cmocka_unit_test(ids),
		cmocka_unit_test(ends_exactly),
		cmocka_unit_test(set_and_expire),
		cmocka_unit_test(gate_waits),
		cmocka_unit_test(gate_window),
		cmocka_unit_test(gate_doubles),
		cmocka_unit_test(gate_minute),
		cmocka_unit_test(gate_many_sources),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
