/* Escaping of foreign text and parsing of users' numbers. */
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"

size_t text_utf8(const uint8_t *p, size_t n, uint32_t *cp)
{
	static const uint32_t min[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;

	if (len == 0 || len > n)
		return 0;
	*cp = len == 1 ? p[0] : p[0] & (0xff >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		*cp = *cp << 6 | (p[i] & 63);
	}
	if (*cp < min[len] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;
	return len;
}

/* Code points that move the cursor, hide or reorder text. */
static bool harmful(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xad || cp == 0x61c ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || (cp >= 0xe000 && cp <= 0xf8ff) || cp == 0xfeff ||
	       (cp >= 0xfff0 && cp <= 0xffff) || cp >= 0xe0000;
}

void text_escape(struct buf *out, struct slice in)
{
	for (size_t i = 0; i < in.n;) {
		uint32_t cp;
		size_t len = text_utf8(in.p + i, in.n - i, &cp);

		if (len == 0 || harmful(cp) || cp == '\\') {
			size_t bad = len ? len : 1;

			for (size_t k = 0; k < bad; k++)
				buf_printf(out, "\\x%02x", in.p[i + k]);
			i += bad;
		} else {
			buf_put(out, in.p + i, len);
			i += len;
		}
	}
}

void text_json(struct buf *out, struct slice in)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < in.n;) {
		uint32_t cp;
		size_t len = text_utf8(in.p + i, in.n - i, &cp);

		if (len == 0) {
			buf_str(out, "\\ufffd");
			i++;
		} else if (cp == '"' || cp == '\\') {
			buf_u8(out, '\\');
			buf_u8(out, (uint8_t)cp);
			i += len;
		} else if (harmful(cp) && cp < 0x10000) {
			buf_printf(out, "\\u%04x", (unsigned)cp);
			i += len;
		} else if (harmful(cp)) {
			cp -= 0x10000;
			buf_printf(out, "\\u%04x\\u%04x", 0xd800u | (unsigned)(cp >> 10),
				0xdc00u | (unsigned)(cp & 0x3ff));
			i += len;
		} else {
			buf_put(out, in.p + i, len);
			i += len;
		}
	}
	buf_u8(out, '"');
}

bool text_ends(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

int text_hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int text_unpercent(struct buf *out, struct slice in)
{
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c == '%') {
			bool whole = in.n - i > 2;
			int hi = whole ? text_hex_digit((char)in.p[i + 1]) : -1;
			int lo = whole ? text_hex_digit((char)in.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return E_INVAL;
			c = (uint8_t)(hi << 4 | lo);
			i += 2;
		}
		if (c == 0)
			return E_INVAL;
		buf_u8(out, c);
	}
	return 0;
}

/* Digits at *s up to something else; E_INVAL where there are none or too many. */
static int digits(const char **s, long long *out)
{
	char *end;

	if (**s < '0' || **s > '9')
		return E_INVAL;
	errno = 0;
	*out = strtoll(*s, &end, 10);
	if (errno)
		return E_INVAL;
	*s = end;
	return 0;
}

int text_number(const char *s, long long min, long long max, long long *out)
{
	bool neg = *s == '-';
	long long v;

	s += neg;
	if (digits(&s, &v) || *s)
		return E_INVAL;
	v = neg ? -v : v;
	if (v < min || v > max)
		return E_INVAL;
	*out = v;
	return 0;
}

struct unit {
	const char *name;
	long long factor;
};

static int with_unit(const char *s, const struct unit *units, size_t n, long long bare, long long *out)
{
	long long v;

	if (digits(&s, &v))
		return E_INVAL;
	if (*s == 0)
		return __builtin_mul_overflow(v, bare, out) ? E_INVAL : 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(s, units[i].name) == 0)
			return __builtin_mul_overflow(v, units[i].factor, out) ? E_INVAL : 0;
	return E_INVAL;
}

int text_duration_ms(const char *s, long unit_ms, long long *out)
{
	static const struct unit units[] = {
		{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

	return with_unit(s, units, sizeof(units) / sizeof(units[0]), unit_ms, out);
}

int text_size(const char *s, long long *out)
{
	static const struct unit units[] = {{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};

	return with_unit(s, units, sizeof(units) / sizeof(units[0]), 1, out);
}

int text_geometry(const char *s, unsigned max, unsigned *w, unsigned *h)
{
	long long a, b;

	if (digits(&s, &a) || *s++ != 'x' || digits(&s, &b) || *s)
		return E_INVAL;
	if (a < 1 || b < 1 || a > max || b > max)
		return E_INVAL;
	*w = (unsigned)a;
	*h = (unsigned)b;
	return 0;
}
