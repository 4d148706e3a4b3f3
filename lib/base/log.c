/* The log: format, escape, cut, hand to the sink. */
#include "base/log.h"

#include <stdarg.h>

#include "base/limits.h"
#include "base/text.h"

static log_sink *sink;
static enum log_level max_level;
static bool hushed;

void log_set(log_sink *s, enum log_level max)
{
	sink = s;
	max_level = max;
}

bool log_set_quiet(bool quiet)
{
	bool was = hushed;

	hushed = quiet;
	return was;
}

/* At most LIM_LOG_LINE bytes, not cut within a character: half of one may be a control code to a terminal. */
static void cut(struct buf *line)
{
	size_t n = LIM_LOG_LINE - 3;

	if (buf_len(line) <= LIM_LOG_LINE)
		return;
	while ((buf_data(line)[n] & 0xc0) == 0x80)
		n--;
	line->end = line->off + n;
	buf_str(line, "...");
}

static void say(enum log_level level, const char *fmt, va_list ap)
{
	struct buf raw = {0}, out = {0};

	if (!sink || hushed || level > max_level)
		return;
	buf_vprintf(&raw, fmt, ap);
	text_escape(&out, buf_slice(&raw));
	cut(&out);
	sink(level, buf_cstr(&out));
	buf_fini(&raw);
	buf_fini(&out);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(level, fmt, ap);
	va_end(ap);
}

void log_peer(struct log_limit *l, unsigned long long now_ms, enum log_level level,
	const char *fmt, ...)
{
	va_list ap;

	if (now_ms / 1000 != l->second) {
		if (l->suppressed)
			log_msg(level, "suppressed %u lines", l->suppressed);
		*l = (struct log_limit){now_ms / 1000, 0, 0};
	}
	if (l->said >= LIM_LOG_RATE) {
		l->suppressed++;
		return;
	}
	l->said++;
	va_start(ap, fmt);
	say(level, fmt, ap);
	va_end(ap);
}
