/* What the house says: one line a fact, to a sink that the command sets. lib never prints by itself;
 * without a sink lines are dropped (tests, fuzzers). Lines are escaped and cut to LIM_LOG_LINE bytes. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_ERROR, /* shown even with -q */
	LOG_WARN,  /* default */
	LOG_INFO,  /* -v */
	LOG_DEBUG, /* -vv */
};

typedef void log_sink(enum log_level level, const char *line);

void log_set(log_sink *sink, enum log_level max);
/* Says nothing for a while: of something that may fail without being a fault. Returns what it was. */
bool log_set_quiet(bool quiet);
void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_msg(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_msg(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_DEBUG, __VA_ARGS__)

/* A bound on what one peer can make us say (L-24): at most LIM_LOG_RATE lines a second, then one
 * "suppressed N". Zero-initialised; now_ms from any monotonic clock. */
struct log_limit {
	unsigned long long second;
	unsigned said, suppressed;
};
void log_peer(struct log_limit *l, unsigned long long now_ms, enum log_level level,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
