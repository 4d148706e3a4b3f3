/* The JSON writer. */
#include "base/json.h"

#include "base/text.h"

static void begin(struct json *j, const char *key)
{
	if (j->more)
		buf_u8(j->out, ',');
	j->more = true;
	if (key) {
		buf_u8(j->out, '"');
		buf_str(j->out, key);
		buf_str(j->out, "\":");
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	buf_u8(j->out, (uint8_t)bracket);
	j->more = false;
}

void json_close(struct json *j, char bracket)
{
	buf_u8(j->out, (uint8_t)bracket);
	j->more = true;
}

void json_text(struct json *j, const char *key, struct slice s)
{
	begin(j, key);
	text_json(j->out, s);
}

void json_str(struct json *j, const char *key, const char *s)
{
	json_text(j, key, slice_str(s));
}

void json_int(struct json *j, const char *key, long long v)
{
	begin(j, key);
	buf_dec(j->out, v);
}

void json_uint(struct json *j, const char *key, unsigned long long v)
{
	begin(j, key);
	buf_udec(j->out, v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	begin(j, key);
	buf_str(j->out, v ? "true" : "false");
}

void json_decimal(struct json *j, const char *key, double v, int decimals)
{
	begin(j, key);
	buf_printf(j->out, "%.*f", decimals, v);
}

void json_hex(struct json *j, const char *key, struct slice s)
{
	static const char digit[] = "0123456789abcdef";
	uint8_t *p;

	begin(j, key);
	p = buf_reserve(j->out, 2 * s.n + 2);
	*p++ = '"';
	for (size_t i = 0; i < s.n; i++) {
		*p++ = (uint8_t)digit[s.p[i] >> 4];
		*p++ = (uint8_t)digit[s.p[i] & 15];
	}
	*p = '"';
	buf_commit(j->out, 2 * s.n + 2);
}

void json_none(struct json *j, const char *key)
{
	begin(j, key);
	buf_str(j->out, "null");
}
