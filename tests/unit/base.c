/* The room that everybody stands on: buffers, arena, lists, text from peers, numbers from users, JSON. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/filemap.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/text.h"

/* A buffer does what a plain array would. */
static void buffers(void **state)
{
	static uint8_t model[1 << 20];
	size_t begin = 0, end = 0;
	struct rng r = {1};
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t n = rng_below(&r, 200);

		if (end + n > sizeof(model))
			break;
		if (rng_below(&r, 3)) {
			for (size_t k = 0; k < n; k++)
				model[end + k] = (uint8_t)rng_next(&r);
			buf_put(&b, model + end, n);
			end += n;
		} else {
			n = n < end - begin ? n : end - begin;
			buf_skip(&b, n);
			begin += n;
		}
		assert_int_equal(buf_len(&b), end - begin);
		if (end > begin)
			assert_memory_equal(buf_data(&b), model + begin, end - begin);
	}
	assert_true(b.cap < 1 << 20);
	buf_fini(&b);
}

static void decimals(void **state)
{
	static const int64_t some[] = {0, 1, 9, 10, -1, -10, 1234567890, INT64_MAX, INT64_MIN, INT64_MIN + 1};
	struct buf b = {0}, want = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		buf_dec(&b, some[i]);
		buf_udec(&b, (uint64_t)some[i]);
		buf_printf(&want, "%lld%llu", (long long)some[i], (unsigned long long)some[i]);
	}
	buf_printf(&b, "%200d%s", 7, "");
	buf_printf(&want, "%*s7%s", 199, "", "");
	assert_string_equal(buf_cstr(&b), buf_cstr(&want));
	buf_fini(&b);
	buf_fini(&want);
}

static void arenas(void **state)
{
	struct arena a = {.max = 100000};
	size_t n = 0;
	char *p;

	(void)state;
	while ((p = arena_alloc(&a, 33))) {
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (int i = 0; i < 33; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, 33);
		n++;
	}
	assert_in_range(n, 2000, 3100);
	assert_null(arena_alloc(&a, SIZE_MAX));
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 90000));
	assert_null(arena_alloc(&a, 20000));
	assert_non_null(arena_array(&a, 10, 100));
	assert_null(arena_array(&a, UINT64_MAX / 8, 16));
	assert_null(arena_array(&a, UINT64_MAX, SIZE_MAX));
	arena_fini(&a);
}

static void lists(void **state)
{
	struct item {
		int n;
		struct list link;
	} items[5], *i;
	struct list head;
	int sum = 0;

	(void)state;
	list_init(&head);
	for (int k = 0; k < 5; k++) {
		items[k].n = k;
		list_append(&head, &items[k].link);
	}
	list_each(i, &head, link) {
		sum = 10 * sum + i->n;
		if (i->n % 2)
			list_remove(&i->link);
	}
	assert_int_equal(sum, 1234);
	assert_ptr_equal(list_first(&head, struct item, link), &items[0]);
	list_remove(&items[1].link); /* again: harmless */
	sum = 0;
	list_each(i, &head, link)
		sum = 10 * sum + i->n;
	assert_int_equal(sum, 24);
}

static void count_drop(void *value)
{
	++*(int *)value;
}

/* Against an array that holds the same: random ids of a small range, so that runs form and break. */
static void maps(void **state)
{
	enum { IDS = 300, TURNS = 20000 };
	static int values[IDS];
	bool there[IDS] = {false};
	struct map m = {0};
	struct rng r = {7};
	size_t n = 0;

	(void)state;
	assert_null(map_get(&m, 1));
	assert_null(map_remove(&m, 1));
	for (int i = 0; i < TURNS; i++) {
		uint32_t k = rng_below(&r, IDS);
		uint64_t id = (uint64_t)k << 32 | k;

		assert_ptr_equal(map_get(&m, id), there[k] ? &values[k] : NULL);
		if (rng_below(&r, 2)) {
			assert_ptr_equal(map_put(&m, id, &values[k]), there[k] ? &values[k] : NULL);
			n += !there[k];
			there[k] = true;
		} else {
			assert_ptr_equal(map_remove(&m, id), there[k] ? &values[k] : NULL);
			n -= there[k];
			there[k] = false;
		}
		assert_int_equal(m.n, n);
	}
	map_clear(&m, count_drop);
	for (int k = 0; k < IDS; k++)
		assert_int_equal(values[k], there[k]);
	assert_null(map_get(&m, 0));
	map_clear(&m, NULL);
}

static void escapes(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"plain", "plain"},
		{"back\\slash", "back\\x5cslash"},
		{"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
		{"a\r\nb\tc", "a\\x0d\\x0ab\\x09c"},
		{"sch\xc3\xb6n", "sch\xc3\xb6n"},
		{"\xe2\x80\xae" "evil", "\\xe2\\x80\\xae" "evil"}, /* right-to-left override */
		{"\xc2\x9b" "31m", "\\xc2\\x9b" "31m"},            /* C1 CSI */
		{"\xc0\xaf", "\\xc0\\xaf"},                      /* overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},             /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},    /* beyond U+10FFFF */
		{"\xe2\x82", "\\xe2\\x82"},                      /* cut */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf b = {0};

		text_escape(&b, slice_str(rows[i].in));
		assert_string_equal(buf_cstr(&b), rows[i].out);
		buf_fini(&b);
	}
}

static void json_writer(void **state)
{
	struct buf b = {0};
	struct json j = {.out = &b};

	(void)state;
	json_open(&j, NULL, '{');
	json_str(&j, "a", "x\"y\\\x01\xff\xf0\x9f\x98\x80");
	json_open(&j, "b", '[');
	json_int(&j, NULL, -1);
	json_uint(&j, NULL, UINT64_MAX);
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_close(&j, ']');
	json_bool(&j, "c", true);
	json_hex(&j, "d", slice_of("\x00\xab", 2));
	json_none(&j, "e");
	json_decimal(&j, "f", 1.5, 2);
	json_close(&j, '}');
	assert_string_equal(buf_cstr(&b), "{\"a\":\"x\\\"y\\\\\\u0001\\ufffd\xf0\x9f\x98\x80\","
		"\"b\":[-1,18446744073709551615,{}],\"c\":true,\"d\":\"00ab\",\"e\":null,\"f\":1.50}");
	buf_fini(&b);
}

static void json_reader(void **state)
{
	static const char *const bad[] = {"", " ", "{", "{}x", "{} {}", "{\"a\":1,\"a\":2}", "\"\xff\"",
		"\"a\\u0000b\"", "\"\\ud800\"", "[1,]", "nul", "01", "'a'", "99999999999999999999"};
	struct buf deep = {0};
	struct json_t *v;
	size_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(json_read(slice_str(bad[i]), &at));
	assert_null(json_read(slice_of("\"a\0b\"", 5), &at));
	v = json_read(slice_str(" {\"a\": [null, 1.5, true, \"\\\"}{\"], \"b\": -7}\r\n"), &at);
	assert_non_null(v);
	assert_int_equal(json_integer_value(json_object_get(v, "b")), -7);
	assert_string_equal(json_string_value(json_array_get(json_object_get(v, "a"), 3)), "\"}{");
	json_decref(v);
	for (int over = 0; over <= 1; over++) {
		int n = LIM_JSON_DEPTH + over;

		buf_clear(&deep);
		for (int i = 0; i < n; i++)
			buf_u8(&deep, '[');
		for (int i = 0; i < n; i++)
			buf_u8(&deep, ']');
		v = json_read(buf_slice(&deep), &at);
		assert_int_equal(v == NULL, over);
		assert_int_equal(at, over ? LIM_JSON_DEPTH : 2 * LIM_JSON_DEPTH);
		json_decref(v);
	}
	buf_fini(&deep);
}

static void numbers(void **state)
{
	long long v;
	unsigned w, h;

	(void)state;
	assert_int_equal(text_number("65535", 0, 65535, &v), 0);
	assert_int_equal(v, 65535);
	assert_int_equal(text_number("-5", -10, 10, &v), 0);
	assert_int_equal(v, -5);
	assert_int_equal(text_number("65536", 0, 65535, &v), E_INVAL);
	assert_int_equal(text_number("4294967396", 0, 65535, &v), E_INVAL);
	assert_int_equal(text_number("99999999999999999999", 0, INT64_MAX, &v), E_INVAL);
	assert_int_equal(text_number("", 0, 10, &v), E_INVAL);
	assert_int_equal(text_number(" 1", 0, 10, &v), E_INVAL);
	assert_int_equal(text_number("1x", 0, 10, &v), E_INVAL);
	assert_int_equal(text_number("+1", 0, 10, &v), E_INVAL);
	assert_int_equal(text_duration_ms("250ms", 1000, &v), 0);
	assert_int_equal(v, 250);
	assert_int_equal(text_duration_ms("10", 1000, &v), 0);
	assert_int_equal(v, 10000);
	assert_int_equal(text_duration_ms("10", 1, &v), 0);
	assert_int_equal(v, 10);
	assert_int_equal(text_duration_ms("2d", 1000, &v), 0);
	assert_int_equal(v, 172800000);
	assert_int_equal(text_duration_ms("5 m", 1000, &v), E_INVAL);
	assert_int_equal(text_duration_ms("9223372036854775807d", 1000, &v), E_INVAL);
	assert_int_equal(text_size("64K", &v), 0);
	assert_int_equal(v, 65536);
	assert_int_equal(text_size("2G", &v), 0);
	assert_int_equal(v, 2ll << 30);
	assert_int_equal(text_size("2g", &v), E_INVAL);
	assert_int_equal(text_geometry("640x480", 16384, &w, &h), 0);
	assert_int_equal(w, 640);
	assert_int_equal(h, 480);
	assert_int_equal(text_geometry("0x480", 16384, &w, &h), E_INVAL);
	assert_int_equal(text_geometry("16385x1", 16384, &w, &h), E_INVAL);
	assert_int_equal(text_geometry("640x480x", 16384, &w, &h), E_INVAL);
	assert_int_equal(text_geometry("640", 16384, &w, &h), E_INVAL);
}

static void percent(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {{"a%20b", "a b"}, {"%41%4a%4A", "AJJ"}, {"%", NULL}, {"%4", NULL}, {"a%4", NULL}, {"%zz", NULL},
		{"%00", NULL}, {"x%25", "x%"}, {"", ""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf b = {0};

		assert_int_equal(text_unpercent(&b, slice_str(rows[i].in)), rows[i].out ? 0 : E_INVAL);
		if (rows[i].out)
			assert_string_equal(buf_cstr(&b), rows[i].out);
		buf_fini(&b);
	}
}

static char said[4096];
static unsigned lines;

static void sink(enum log_level level, const char *line)
{
	(void)level;
	snprintf(said, sizeof(said), "%s", line);
	lines++;
}

static void logging(void **state)
{
	struct log_limit limit = {0};
	char longest[2000];

	(void)state;
	log_set(sink, LOG_WARN);
	log_info("not said");
	assert_int_equal(lines, 0);
	log_warn("peer says %s", "\x1b[2J");
	assert_string_equal(said, "peer says \\x1b[2J");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	log_warn("%s", longest);
	assert_int_equal(strlen(said), LIM_LOG_LINE);
	for (int shift = 0; shift < 4; shift++) { /* whole characters, wherever the limit falls */
		memset(longest, 0, sizeof(longest));
		memset(longest, 'x', (size_t)shift);
		while (strlen(longest) + 4 < sizeof(longest))
			memcpy(longest + strlen(longest), "\xf0\x9f\x98\x80", 4);
		log_warn("%s", longest);
		assert_in_range(strlen(said), LIM_LOG_LINE - 3, LIM_LOG_LINE);
		assert_string_equal(said + strlen(said) - 4, "\x80...");
		assert_int_equal((strlen(said) - 3 - (size_t)shift) % 4, 0);
	}
	lines = 0;
	for (int i = 0; i < 100; i++)
		log_peer(&limit, 5000, LOG_WARN, "line %d", i);
	assert_int_equal(lines, LIM_LOG_RATE);
	log_peer(&limit, 6000, LOG_WARN, "next second");
	assert_int_equal(lines, LIM_LOG_RATE + 2); /* "suppressed 90 lines" before it */
	log_set(NULL, LOG_ERROR);
}

/* A file as it lies there; one that is cut under us ends in zeros, and we live. */
static void mapped_files(void **state)
{
	char name[] = "/tmp/mapped-XXXXXX", piece[4096];
	int fd = mkstemp(name);
	struct slice s;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(filemap_open(name, &s), ENODEV);
	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 64; i++)
		assert_int_equal(write(fd, piece, sizeof(piece)), sizeof(piece));
	assert_int_equal(filemap_open(name, &s), 0);
	assert_int_equal(s.n, 64 * sizeof(piece));
	assert_int_equal(s.p[0], 'x');
	assert_int_equal(filemap_open(name, &s), ENFILE);
	assert_int_equal(ftruncate(fd, 10 * sizeof(piece)), 0);
	assert_int_equal(s.p[10 * sizeof(piece) - 1], 'x');
	assert_int_equal(s.p[40 * sizeof(piece)], 0);
	for (size_t i = 11 * sizeof(piece); i < s.n; i += 512)
		assert_true(s.p[i] == 0 || s.p[i] == 'x'); /* what had been read ahead may still be there */
	filemap_done(slice_of(s.p + 100, 5 * sizeof(piece)));
	assert_int_equal(s.p[3 * sizeof(piece)], 'x');
	filemap_close(s);
	assert_int_equal(filemap_open("/", &s), ENODEV);
	assert_int_equal(filemap_open("/nowhere/at/all", &s), ENOENT);
	close(fd);
	unlink(name);
}

/* All of it or nothing, with this mode, and nothing is left beside it. */
/* D-5: a file that is swapped for another while it is unlinked. */
struct swap {
	char *name, *victim;
	int fd; /* of the victim */
	unsigned spin;
};

static void *swap_in(void *arg)
{
	struct swap *s = arg;

	for (volatile unsigned i = 0; i < s->spin; i++)
		;
	rename(s->victim, s->name);
	return NULL;
}

static void unlinked_files(void **state)
{
	char dir[] = "/tmp/spice-unlink-XXXXXX", *link;
	unsigned ours = 0, swapped = 0;
	struct swap s = {0};
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	s.name = xasprintf("%s/x.vv", dir);
	s.victim = xasprintf("%s/victim", dir);
	link = xasprintf("%s/link", dir);
	for (unsigned i = 0; i < 1000; i++) {
		pthread_t thread;
		int rc;

		fd = open(s.name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		s.fd = open(s.victim, O_RDWR | O_CREAT | O_EXCL, 0600);
		s.spin = i * 37 % 6000;
		assert_true(fd >= 0 && s.fd >= 0);
		assert_int_equal(pthread_create(&thread, NULL, swap_in, &s), 0);
		rc = file_unlink(s.name, fd);
		pthread_join(thread, NULL);
		assert_int_equal(fstat(s.fd, &st), 0);
		assert_int_equal(st.st_nlink, 1); /* whatever happened, the victim lives */
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(st.st_nlink == 0); /* unlinked, or swapped away */
		assert_true(rc == 0 || rc == ESTALE || rc == EEXIST || rc == ENOENT);
		ours += rc == 0;
		swapped += rc != 0;
		close(fd);
		close(s.fd);
		unlink(s.name);
	}
	assert_true(ours + swapped == 1000);
	fd = open(s.name, O_RDWR | O_CREAT, 0600);
	assert_int_equal(symlink("x.vv", link), 0);
	assert_int_equal(file_unlink(link, fd), ESTALE);
	assert_int_equal(lstat(link, &st), 0);
	assert_int_equal(file_unlink("/nonexistent/x", fd), ENOENT);
	assert_int_equal(file_unlink(s.name, fd), 0);
	assert_int_equal(lstat(s.name, &st), -1);
	close(fd);
	unlink(link);
	assert_int_equal(rmdir(dir), 0); /* nothing is left aside */
	free(s.name);
	free(s.victim);
	free(link);
}

static void replaced_files(void **state)
{
	char dir[] = "/tmp/spice-file-XXXXXX", *name, *deep;
	struct buf text = {0};
	struct stat st;
	mode_t mask = umask(0077);

	(void)state;
	assert_non_null(mkdtemp(dir));
	name = xasprintf("%s/f", dir);
	deep = xasprintf("%s/f/g", dir);
	assert_int_equal(file_replace(name, 0640, slice_str("one")), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	umask(0);
	assert_int_equal(file_replace(name, 0600, slice_str("two!")), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_read(name, 100, &text), 0);
	assert_string_equal(buf_cstr(&text), "two!");
	assert_int_equal(file_replace(deep, 0600, slice_str("x")), ENOTDIR);
	/* a link is replaced, not what it leads to */
	free(deep);
	deep = xasprintf("%s/link", dir);
	assert_int_equal(symlink("f", deep), 0);
	assert_int_equal(file_replace(deep, 0600, slice_str("link")), 0);
	buf_clear(&text);
	assert_int_equal(file_read(name, 100, &text), 0);
	assert_string_equal(buf_cstr(&text), "two!");
	buf_fini(&text);
	unlink(deep);
	/* a folder is in the way: it stays, and nothing else */
	assert_int_equal(mkdir(deep, 0700), 0);
	assert_int_equal(file_replace(deep, 0600, slice_str("x")), EISDIR);
	assert_int_equal(rmdir(deep), 0);
	unlink(name);
	assert_int_equal(rmdir(dir), 0);
	free(name);
	free(deep);
	umask(mask);
}

static void exit_statuses(void **state)
{
	(void)state;
	assert_int_equal(err_exit(0), 0);
	assert_int_equal(err_exit(E_AUTH), 77);
	assert_int_equal(err_exit(E_UNREACH), 69);
	assert_int_equal(err_exit(E_HOST), 68);
	assert_int_equal(err_exit(E_TIMEOUT), 75);
	assert_int_equal(err_exit(E_PROTO), 76);
	assert_int_equal(err_exit(-12345), 70);
	for (int e = E_AGAIN; e >= E_USAGE; e--)
		assert_string_not_equal(err_str(e), err_str(-12345));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers),
		cmocka_unit_test(decimals),
		cmocka_unit_test(arenas),
		cmocka_unit_test(lists),
		cmocka_unit_test(maps),
		cmocka_unit_test(escapes),
		cmocka_unit_test(json_writer),
		cmocka_unit_test(json_reader),
		cmocka_unit_test(numbers),
		cmocka_unit_test(percent),
		cmocka_unit_test(logging),
		cmocka_unit_test(mapped_files),
		cmocka_unit_test(unlinked_files),
		cmocka_unit_test(replaced_files),
		cmocka_unit_test(exit_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
