/* The drawing script's words, and ROP3 codes in other words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "cmd/source-script.h"

static struct script_line split(const char *text)
{
	struct script_line line = {.number = 1};
	const char *why = NULL;

	assert_int_equal(script_split(&line, text, strlen(text), &why), 0);
	return line;
}

static void refused(const char *text, size_t n, const char *expected)
{
	struct script_line line = {0};
	const char *why = NULL;

	assert_int_equal(script_split(&line, text, n, &why), E_INVAL);
	assert_string_equal(why, expected);
	assert_null(line.words);
}

static void words(void **state)
{
	struct script_line l =
		split("  text 1 -2 \"a \\\"b\\\" \\n\\x41\\102\"\t#ff0000 # a comment");

	(void)state;
	assert_int_equal(l.n, 5);
	assert_string_equal(l.words[0], "text");
	assert_string_equal(l.words[2], "-2");
	assert_string_equal(l.words[3], "a \"b\" \nAB");
	assert_string_equal(l.words[4], "#ff0000");
	script_line_free(&l);
	l = split("#ff00 is no colour");
	assert_int_equal(l.n, 0);
	script_line_free(&l);
	l = split("fill #80ff0000#no");
	assert_int_equal(l.n, 1);
	script_line_free(&l);
	refused("text \"abc", 9, "a quote that does not end");
	refused("text \"a\\q\"", 10, "an escape that is none");
	refused("text \"a\\x00\"", 12, "an escape that is none");
	refused("text \"a\"b", 9, "no blank behind a quote");
	refused("fi\0ll", 5, "a NUL byte");
}

static void numbers(void **state)
{
	struct script_line l =
		split("c 10 0x1F -7 32768 12a #102030 640x480 1,2,3 rop invers-src+OP_XOR tail");
	struct script_args a = script_args(&l);
	unsigned w, h;
	int list[4];

	(void)state;
	assert_int_equal(arg_int(&a, "n", 0, 100), 10);
	assert_int_equal(arg_int(&a, "n", 0, 100), 31);
	assert_int_equal(arg_coord(&a, "n"), -7);
	assert_int_equal(arg_coord(&a, "x"), -SCRIPT_COORD);
	assert_string_equal(a.why, "x: 32768 is not within -32767 to 32767");
	assert_int_equal(arg_int(&a, "later", 5, 100), 5); /* the first fault stays */
	assert_string_equal(a.why, "x: 32768 is not within -32767 to 32767");
	a.why[0] = 0;
	arg_int(&a, "n", 0, 100);
	assert_string_equal(a.why, "n: '12a' is no number");
	a.why[0] = 0;
	assert_true(arg_is_colour(&a));
	assert_int_equal(arg_colour(&a), 0x102030);
	arg_geometry(&a, &w, &h);
	assert_int_equal(w, 640);
	assert_int_equal(h, 480);
	assert_int_equal(arg_list(&a, "l", 0, 9, list, 4), 3);
	assert_int_equal(list[2], 3);
	assert_int_equal(arg_rop(&a), ROPD_INVERS_SRC | ROPD_OP_XOR);
	assert_false(arg_end(&a));
	assert_string_equal(a.why, "'tail' is more than c takes");
	script_line_free(&l);
}

/* What a ropd word makes of two bits. channels.md, "ROP descriptor". */
static unsigned ropd(uint16_t rop, uint16_t inv_a, uint16_t inv_b, unsigned x, unsigned y)
{
	unsigned v;

	x ^= !!(rop & inv_a);
	y ^= !!(rop & inv_b);
	v = rop & ROPD_OP_PUT ? x : rop & ROPD_OP_OR ? x | y : rop & ROPD_OP_AND ? x & y : x ^ y;
	return v ^ !!(rop & ROPD_INVERS_RES);
}

static unsigned result(enum rop3_as as, uint16_t rop, unsigned p, unsigned s, unsigned d)
{
	switch (as) {
	case ROP3_NOTHING:
		return d;
	case ROP3_BLACKNESS:
		return 0;
	case ROP3_WHITENESS:
		return 1;
	case ROP3_INVERS:
		return !d;
	case ROP3_FILL:
		return ropd(rop, ROPD_INVERS_BRUSH, ROPD_INVERS_DEST, p, d);
	case ROP3_COPY:
		return ropd(rop, ROPD_INVERS_SRC, ROPD_INVERS_DEST, s, d);
	default:
		return ropd(rop, ROPD_INVERS_BRUSH, ROPD_INVERS_SRC, p, s);
	}
}

/* All 256 codes: what is sent does the same, and ROP3 stays away from the codes that abort real
 * clients. */
static void rop3(void **state)
{
	static const uint8_t missing[] = {0x00, 0x03, 0x05, 0x0a, 0x0c, 0x0f, 0x11, 0x22, 0x30,
		0x33, 0x3c, 0x3f, 0x44, 0x50, 0x55, 0x5a, 0x5f, 0x66, 0x77, 0x88, 0x99, 0xa0, 0xa5,
		0xaa, 0xaf, 0xbb, 0xc0, 0xc3, 0xcc, 0xcf, 0xdd, 0xee, 0xf0, 0xf3, 0xf5, 0xfa, 0xfc,
		0xff};

	(void)state;
	for (unsigned code = 0; code < 256; code++) {
		uint16_t rop = 0;
		enum rop3_as as = rop3_reduce((uint8_t)code, &rop);

		assert_int_equal(
			as != ROP3_REAL, memchr(missing, (int)code, sizeof(missing)) != NULL);
		for (unsigned psd = 0; as != ROP3_REAL && psd < 8; psd++)
			assert_int_equal(
				result(as, rop, psd >> 2, psd >> 1 & 1, psd & 1), code >> psd & 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words), cmocka_unit_test(numbers), cmocka_unit_test(rop3)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
