/* Words of the drawing script: see the header. Nothing here knows of devices, so that it can be
 * fuzzed alone. */
#include "cmd/source-script-parse.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/wire.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* "#rrggbb" or "#aarrggbb" in n bytes. */
static bool is_colour(const char *p, size_t n)
{
	if ((n != 7 && n != 9) || *p != '#')
		return false;
	for (size_t i = 1; i < n; i++)
		if (!isxdigit((unsigned char)p[i]))
			return false;
	return true;
}

static size_t word_length(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && !blank(p[i]))
		i++;
	return i;
}

static int digit(char c, int base)
{
	int v = text_hex_digit(c);

	return v < base ? v : -1;
}

/* The escape behind a backslash: its value, and how many bytes it took; -1 when it is none. */
static int escape(const char *p, size_t n, size_t *used)
{
	static const char names[] = "abefnrtv\\\"'?", values[] = "\a\b\033\f\n\r\t\v\\\"'?";
	const char *name = n && *p ? strchr(names, *p) : NULL;
	int base = n && *p == 'x' ? 16 : 8, v = 0;
	size_t i = base == 16;

	*used = 1;
	if (name)
		return values[name - names];
	for (; i < 3 && i < n && digit(p[i], base) >= 0; i++)
		v = v * base + digit(p[i], base);
	*used = i;
	return i > (base == 16) && v > 0 && v < 256 ? v : -1;
}

/* A quoted text from behind its quote: the bytes go to out. Bytes taken with the closing quote, or
 * 0 and *why. */
static size_t quoted(struct buf *out, const char *p, size_t n, const char **why)
{
	size_t i = 0, used;
	int c;

	while (i < n && p[i] != '"') {
		if (p[i] != '\\') {
			buf_u8(out, (uint8_t)p[i++]);
			continue;
		}
		i++;
		if ((c = escape(p + i, n - i, &used)) < 0) {
			*why = "an escape that is none";
			return 0;
		}
		buf_u8(out, (uint8_t)c);
		i += used;
	}
	if (i == n) {
		*why = "a quote that does not end";
		return 0;
	}
	return i + 1;
}

/* Words that stand one behind the other, each with its NUL, as the line's own. */
static void keep(struct script_line *line, const struct buf *b)
{
	size_t pointers = line->n * sizeof(*line->words);
	char *text;

	line->words = xmalloc(pointers + buf_len(b));
	text = memcpy((char *)line->words + pointers, buf_data(b), buf_len(b));
	for (unsigned i = 0; i < line->n; i++, text += strlen(text) + 1)
		line->words[i] = text;
}

int script_split(struct script_line *line, const char *text, size_t n, const char **why)
{
	struct buf b = {0};
	size_t i = 0, used;
	int rc = E_INVAL;

	line->n = 0;
	line->words = NULL;
	if (memchr(text, 0, n)) {
		*why = "a NUL byte";
		return E_INVAL;
	}
	for (;;) {
		while (i < n && blank(text[i]))
			i++;
		used = word_length(text + i, n - i);
		if (i == n || (text[i] == '#' && !is_colour(text + i, used)))
			break;
		if (text[i] == '"') {
			if (!(used = quoted(&b, text + i + 1, n - i - 1, why)))
				goto out;
			used++;
		} else {
			buf_put(&b, text + i, used);
		}
		buf_u8(&b, 0);
		line->n++;
		i += used;
		if (i < n && !blank(text[i])) {
			*why = "no blank behind a quote";
			goto out;
		}
	}
	if (line->n)
		keep(line, &b);
	rc = 0;
out:
	buf_fini(&b);
	if (rc)
		line->n = 0;
	return rc;
}

void script_line_free(struct script_line *line)
{
	free(line->words);
	line->words = NULL;
	line->n = 0;
}

/* ---- arguments ---- */

struct script_args script_args(const struct script_line *line)
{
	return (struct script_args){.line = line, .at = 1};
}

void arg_fault(struct script_args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, ap);
	va_end(ap);
}

bool arg_more(const struct script_args *a)
{
	return !a->why[0] && a->at < a->line->n;
}

static const char *next(const struct script_args *a)
{
	return arg_more(a) ? a->line->words[a->at] : "";
}

bool arg_is_number(const struct script_args *a)
{
	const char *s = next(a);

	return isdigit((unsigned char)s[*s == '-' || *s == '+']);
}

bool arg_is_colour(const struct script_args *a)
{
	return is_colour(next(a), strlen(next(a)));
}

bool arg_take(struct script_args *a, const char *word)
{
	bool same = arg_more(a) && strcmp(next(a), word) == 0;

	a->at += same;
	return same;
}

const char *arg_word(struct script_args *a, const char *what)
{
	if (!arg_more(a)) {
		arg_fault(a, "%s is missing", what);
		return "";
	}
	return a->line->words[a->at++];
}

/* A whole number, decimal or 0x..., at the start of s; *end behind it. */
static bool number(const char *s, const char **end, int *out)
{
	bool negative = *s == '-', hex;
	long long v = 0;
	const char *p = s + (*s == '-' || *s == '+'), *first;

	hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	p += hex ? 2 : 0;
	first = p;
	for (; digit(*p, hex ? 16 : 10) >= 0; p++) {
		v = v * (hex ? 16 : 10) + digit(*p, hex ? 16 : 10);
		if (v > INT_MAX)
			return false;
	}
	*end = p;
	*out = (int)(negative ? -v : v);
	return p != first;
}

int arg_int(struct script_args *a, const char *what, int min, int max)
{
	const char *s = arg_word(a, what), *end = "";
	int v = min;

	if (a->why[0])
		return min;
	if (!number(s, &end, &v) || *end)
		arg_fault(a, "%s: '%.40s' is no number", what, s);
	else if (v < min || v > max)
		arg_fault(a, "%s: %d is not within %d to %d", what, v, min, max);
	return a->why[0] ? min : v;
}

int arg_coord(struct script_args *a, const char *what)
{
	return arg_int(a, what, -SCRIPT_COORD, SCRIPT_COORD);
}

unsigned arg_size(struct script_args *a, const char *what)
{
	return (unsigned)arg_int(a, what, 1, LIM_IMAGE_SIDE);
}

uint32_t arg_colour(struct script_args *a)
{
	const char *s = arg_word(a, "colour");

	if (a->why[0])
		return 0;
	if (!is_colour(s, strlen(s))) {
		arg_fault(a, "colour: '%.40s' is not #rrggbb or #aarrggbb", s);
		return 0;
	}
	return (uint32_t)strtoul(s + 1, NULL, 16);
}

void arg_geometry(struct script_args *a, unsigned *w, unsigned *h)
{
	const char *s = arg_word(a, "WxH");

	*w = *h = 1;
	if (!a->why[0] && text_geometry(s, LIM_IMAGE_SIDE, w, h))
		arg_fault(a, "'%.40s' is no WxH", s);
}

unsigned arg_list(struct script_args *a, const char *what, int lo, int hi, int *out, unsigned max)
{
	const char *s = arg_word(a, what);
	unsigned n = 0;

	while (!a->why[0]) {
		if (n == max)
			arg_fault(a, "%s: more than %u numbers", what, max);
		else if (!number(s, &s, &out[n]) || out[n] < lo || out[n] > hi || (*s && *s != ','))
			arg_fault(a, "%s: numbers within %d to %d and commas are wanted", what, lo,
				hi);
		else if (n++, !*s++)
			break;
	}
	return a->why[0] ? 0 : n;
}

/* A word of ropd: "put", "OP_PUT", "invers-src". */
static uint16_t rop_bit(const char *s, size_t n)
{
	char word[24];

	for (unsigned bit = 1; bit <= ROPD_INVERS_RES; bit <<= 1) {
		const char *w = wire_enum_word("ropd", bit);

		snprintf(word, sizeof(word), "%.*s", (int)(n < sizeof(word) ? n : sizeof(word) - 1),
			s);
		for (char *p = word; *p; p++)
			*p = *p == '-' ? '_' : *p;
		if (w &&
			(strcasecmp(w, word) == 0 ||
				(strncmp(w, "OP_", 3) == 0 && strcasecmp(w + 3, word) == 0)))
			return (uint16_t)bit;
	}
	return 0;
}

uint16_t arg_rop(struct script_args *a)
{
	uint16_t rop = 0, bit;
	const char *s;
	size_t n;

	if (!arg_take(a, "rop"))
		return ROPD_OP_PUT;
	s = arg_word(a, "name behind rop");
	for (; !a->why[0]; s += n + 1) {
		n = strcspn(s, "+");
		if (!(bit = rop_bit(s, n)))
			arg_fault(a, "rop: '%.*s' is no word of ropd", n < 40 ? (int)n : 40, s);
		rop |= bit;
		if (!s[n])
			break;
	}
	return rop;
}

bool arg_end(struct script_args *a)
{
	if (arg_more(a))
		arg_fault(a, "'%.40s' is more than %s takes", next(a), a->line->words[0]);
	return !a->why[0];
}
