/* QMP without I/O: what QEMU 7.2 was seen to answer, limits L-23, row 72. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "server/monitor.h"

static unsigned runs;

static void run_plain(struct monitor *m, const struct json_t *args)
{
	(void)args;
	runs++;
	monitor_return(m, NULL);
}

static void run_later(struct monitor *m, const struct json_t *args)
{
	(void)m, (void)args;
}

static const char *const words[] = {"keep", "fail", NULL};
static const struct monitor_arg args[] = {{"text", MONITOR_STRING, false, NULL}, {"word", MONITOR_WORD, true, words},
	{"n", MONITOR_INTEGER, true, NULL}, {NULL, MONITOR_STRING, false, NULL}};
static const struct monitor_command commands[] = {{"plain", NULL, run_plain}, {"args", args, run_plain},
	{"later", NULL, run_later}, {NULL, NULL, NULL}};

static void start(struct monitor *m)
{
	monitor_init(m, commands, "0.1");
	m->budget = 1000000;
	runs = 0;
}

/* What came out since the last time. Where a parser stops is its own affair: N. */
static const char *heard(struct monitor *m)
{
	static const char at[] = "at byte ";
	static char text[4096];
	char *p = text;

	assert_true(buf_len(&m->out) < sizeof(text));
	memcpy(text, buf_data(&m->out), buf_len(&m->out));
	text[buf_len(&m->out)] = 0;
	buf_skip(&m->out, buf_len(&m->out));
	while ((p = strstr(p, at))) {
		p += sizeof(at) - 1;
		*p = 'N';
		memmove(p + 1, p + strspn(p + 1, "0123456789") + 1, strlen(p + strspn(p + 1, "0123456789")));
	}
	return text;
}

static int say(struct monitor *m, const char *text)
{
	return monitor_input(m, slice_str(text));
}

static void negotiated(struct monitor *m)
{
	start(m);
	heard(m);
	assert_int_equal(say(m, "{\"execute\": \"qmp_capabilities\"}\n"), 0);
	assert_string_equal(heard(m), "{\"return\": {}}\r\n");
}

static void negotiation(void **state)
{
	struct monitor m;

	(void)state;
	start(&m);
	assert_string_equal(heard(&m), "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 1, \"major\": 0}, "
		"\"package\": \"spiceutils 0.1\"}, \"capabilities\": []}}\r\n");
	monitor_event(&m, "EARLY", NULL, &(struct timeval){0, 0});
	say(&m, "{\"execute\":\"plain\",\"id\":1}");
	assert_string_equal(heard(&m), "{\"id\": 1, \"error\": {\"class\": \"CommandNotFound\", \"desc\": "
		"\"Expecting capabilities negotiation with 'qmp_capabilities'\"}}\r\n");
	assert_int_equal(runs, 0);
	say(&m, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[]}}");
	assert_string_equal(heard(&m), "{\"return\": {}}\r\n");
	say(&m, "{\"execute\":\"qmp_capabilities\"}");
	assert_string_equal(heard(&m), "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": "
		"\"Capabilities negotiation is already complete, command ignored\"}}\r\n");
	monitor_event(&m, "NOW", NULL, &(struct timeval){12, 34});
	assert_string_equal(heard(&m),
		"{\"timestamp\": {\"seconds\": 12, \"microseconds\": 34}, \"event\": \"NOW\"}\r\n");
	monitor_fini(&m);
}

#define OK "{\"return\": {}"
#define ERROR(class, desc) "{\"error\": {\"class\": \"" class "\", \"desc\": \"" desc "\"}}\r\n"
#define GENERIC(desc) ERROR("GenericError", desc)

static const struct {
	const char *in, *out;
} rows[] = {
	{"{\"execute\":\"plain\"}\n", OK "}\r\n"},
	{"{\"execute\":\"plain\"}\r\n", OK "}\r\n"},
	{"{\"execute\":\n \"plain\"\t}", OK "}\r\n"},
	{"  \n{\"execute\":\"plain\"}{\"execute\":\"plain\"}", OK "}\r\n" OK "}\r\n"},
	{"{\"execute\":\"plain\",\"id\":null}", OK ", \"id\": null}\r\n"},
	{"{\"execute\":\"plain\",\"id\":{\"a\":[1,\"\xc3\xa9}\"]}}", OK ", \"id\": {\"a\": [1, \"\\u00E9}\"]}}\r\n"},
	{"{\"execute\":\"nosuch\"}", ERROR("CommandNotFound", "The command nosuch has not been found")},
	{"{\"execute\":\"plain\",\"arguments\":{\"a\":1}}", GENERIC("Parameter 'a' is unexpected")},
	{"{\"execute\":\"plain\",\"arguments\":null}", GENERIC("QMP input member 'arguments' must be an object")},
	{"{\"execute\":\"plain\",\"control\":1}", GENERIC("QMP input member 'control' is unexpected")},
	{"{\"execute\":1}", GENERIC("QMP input member 'execute' must be a string")},
	{"{}", GENERIC("QMP input lacks member 'execute'")},
	{"[]", GENERIC("QMP input must be a JSON object")},
	{"1\n", GENERIC("QMP input must be a JSON object")},
	{"\"a\"\n", GENERIC("QMP input must be a JSON object")},
	{"{\"execute\":\"args\"}", GENERIC("Parameter 'text' is missing")},
	{"{\"execute\":\"args\",\"arguments\":{\"text\":1,\"x\":1}}",
		GENERIC("Invalid parameter type for 'text', expected: string")},
	{"{\"execute\":\"args\",\"arguments\":{\"text\":\"\",\"n\":1.5}}",
		GENERIC("Invalid parameter type for 'n', expected: integer")},
	{"{\"execute\":\"args\",\"arguments\":{\"text\":\"\",\"word\":\"maybe\"}}",
		GENERIC("Parameter 'word' does not accept value 'maybe'")},
	{"{\"execute\":\"args\",\"arguments\":{\"text\":\"\",\"word\":\"fail\",\"n\":-1}}", OK "}\r\n"},
	{"{\"execute\":\"args\",\"arguments\":{\"text\":\"\",\"extra\":0}}",
		GENERIC("Parameter 'extra' is unexpected")},
	/* broken JSON: said, and the connection stays. QEMU gives reasons, which quote the request */
	{"nonsense\n", GENERIC("JSON parse error, at byte N")},
	{"}\n", GENERIC("JSON parse error, at byte N")},
	{"{\"execute\" \"plain\"}", GENERIC("JSON parse error, at byte N")},
	{"{\"execute\":\"plain\",\"execute\":\"plain\"}", GENERIC("JSON parse error, at byte N")},
	{"{\"execute\":\"a\\ud800\"}", GENERIC("JSON parse error, at byte N")},
	{"{\"execute\":\"a\\u0000\"}", GENERIC("JSON parse error, at byte N")},
	{"{\"id\":1e400}", GENERIC("JSON parse error, at byte N")},
	{"\xff{\"execute\":\"plain\"}", GENERIC("JSON parse error, at byte N") OK "}\r\n"},
	{"{\"execute\": \"unended\xff{\"execute\":\"plain\"}", GENERIC("JSON parse error, at byte N") OK "}\r\n"},
	{"{\"execute\": \"unended\n{\"execute\":\"plain\"}", GENERIC("JSON parse error, at byte N") OK "}\r\n"},
	{"{\"id\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]],\"execute\":\"plain\"}",
		OK ", \"id\": [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}\r\n"},
	{"{\"id\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]],\"execute\":\"plain\"}", GENERIC("JSON parse error, at byte N")},
};

static void requests(void **state)
{
	struct monitor m;

	(void)state;
	negotiated(&m);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(say(&m, rows[i].in), 0);
		assert_string_equal(heard(&m), rows[i].out);
		/* a byte at a time it is the same */
		for (const char *p = rows[i].in; *p; p++)
			assert_int_equal(monitor_input(&m, slice_of(p, 1)), 0);
		assert_string_equal(heard(&m), rows[i].out);
	}
	/* row 72: NUL is no blank and ends nothing */
	assert_int_equal(monitor_input(&m, slice_of("{\"execute\":\"plain\0\"}\0\n", 23)), 0);
	assert_string_equal(heard(&m), GENERIC("JSON parse error, at byte N") GENERIC("JSON parse error, at byte N"));
	monitor_fini(&m);
}

/* A request of n bytes with its brackets. */
static char *request_of(size_t n)
{
	static const char head[] = "{\"execute\":\"plain\"";
	char *text = xmalloc(n + 1);

	memset(text, ' ', n);
	memcpy(text, head, sizeof(head) - 1);
	text[n - 1] = '}';
	text[n] = 0;
	return text;
}

static void a_line_is_bounded(void **state)
{
	char *text;
	struct monitor m;

	(void)state;
	negotiated(&m);
	text = request_of(LIM_CONTROL_LINE);
	assert_int_equal(say(&m, text), 0);
	assert_string_equal(heard(&m), OK "}\r\n");
	/* without its end, and all kinds of rubbish: as much is waited for, and not one byte more */
	assert_int_equal(monitor_input(&m, slice_of(text, LIM_CONTROL_LINE - 1)), 0);
	assert_int_equal(say(&m, " "), 0);
	assert_int_equal(say(&m, " "), E_LIMIT);
	free(text);
	monitor_fini(&m);
	negotiated(&m);
	text = request_of(LIM_CONTROL_LINE + 1);
	assert_int_equal(say(&m, text), E_LIMIT);
	assert_string_equal(heard(&m), "");
	free(text);
	monitor_fini(&m);
	/* blanks are no line */
	negotiated(&m);
	text = request_of(LIM_CONTROL_LINE);
	memset(text, '\n', LIM_CONTROL_LINE);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(say(&m, text), 0);
	assert_int_equal(runs, 0);
	free(text);
	monitor_fini(&m);
}

static void one_after_the_other(void **state)
{
	struct monitor m;

	(void)state;
	negotiated(&m);
	say(&m, "{\"execute\":\"later\",\"id\":1}{\"execute\":\"plain\",\"id\":2}");
	assert_string_equal(heard(&m), "");
	assert_true(monitor_is_full(&m));
	monitor_event(&m, "MEANWHILE", NULL, &(struct timeval){1, 2});
	assert_string_equal(heard(&m),
		"{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"MEANWHILE\"}\r\n");
	monitor_return(&m, NULL);
	assert_int_equal(monitor_go_on(&m), 0);
	assert_string_equal(heard(&m), OK ", \"id\": 1}\r\n" OK ", \"id\": 2}\r\n");
	assert_false(monitor_is_full(&m));
	monitor_fini(&m);
}

static void requests_are_counted(void **state)
{
	struct monitor m;

	(void)state;
	negotiated(&m);
	m.budget = 2;
	for (int i = 0; i < 3; i++)
		say(&m, "{\"execute\":\"plain\"}\n");
	assert_int_equal(runs, 2);
	assert_true(monitor_is_full(&m));
	m.budget = 100;
	assert_int_equal(monitor_go_on(&m), 0);
	assert_int_equal(runs, 3);
	monitor_fini(&m);
}

/* Who does not read his answers gets no more of them. */
static void answers_are_bounded(void **state)
{
	char *text = request_of(LIM_CONTROL_LINE);
	struct monitor m;

	(void)state;
	memcpy(text, "{\"execute\":\"plain\",\"id\":\"", 25);
	memset(text + 25, 'x', LIM_CONTROL_LINE - 27);
	text[LIM_CONTROL_LINE - 2] = '"';
	negotiated(&m);
	for (int i = 0; i < 2; i++)
		assert_int_equal(say(&m, text), 0);
	assert_true(monitor_is_full(&m));
	assert_true(buf_len(&m.out) < 2 * LIM_CONTROL_LINE + 100);
	buf_skip(&m.out, buf_len(&m.out));
	assert_int_equal(monitor_go_on(&m), 0);
	assert_int_equal(runs, 2);
	free(text);
	monitor_fini(&m);
}

/* A password is not left behind in what was read. */
static void input_is_wiped(void **state)
{
	struct monitor m;

	(void)state;
	negotiated(&m);
	say(&m, "{\"execute\":\"args\",\"arguments\":{\"text\":\"SPCANARY\"}}\n{\"execute\":");
	assert_null(memmem(m.in.mem, m.in.cap, "SPCANARY", 8));
	say(&m, "\"plain\"}");
	assert_int_equal(runs, 2);
	monitor_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiation),
		cmocka_unit_test(requests),
		cmocka_unit_test(a_line_is_bounded),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(requests_are_counted),
		cmocka_unit_test(answers_are_bounded),
		cmocka_unit_test(input_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
