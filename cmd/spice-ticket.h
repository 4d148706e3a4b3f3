/* What the calls of spice-ticket share: their options, and how they print. A call is a row of the table in
 * spice-ticket.c and a function; each has its own file by what it is about. */
#ifndef CMD_SPICE_TICKET_H
#define CMD_SPICE_TICKET_H

#include "base/json.h"
#include "cmd/cli.h"
#include "net/tls_report.h"

extern struct ticket_options {
	char *ticket_file, *control, *valid, *id, *key_type, *subject, *port, *tls_port, *title,
		*out;
	char **hosts;                  /* NULL at the end; NULL: none */
	int once, view_only, all, json, renew;
	bool password;                 /* one was given, by file or descriptor */
	long long valid_ms;            /* of --valid, 0 where not given */
} ticket_opt;

/* --valid in whole seconds, a begun one counts; 0 where not given. */
static inline long long ticket_valid_s(void)
{
	return (ticket_opt.valid_ms + 999) / 1000;
}

/* The calls: words behind their names, an exit status. */
int ticket_ca(int n, const char **words);
int ticket_cert(int n, const char **words);
int ticket_subject(int n, const char **words);
int ticket_new(int n, const char **words);
int ticket_revoke(int n, const char **words);
int ticket_list(int n, const char **words);
int ticket_set(int n, const char **words);
int ticket_vv(int n, const char **words);
int ticket_verify(int n, const char **words);

/* Of a control socket's ticket, as exit statuses. */
int ticket_control_expire(void);
int ticket_control_show(void);

/* A new secret: SECRET_CHARS of a to z and 2 to 7, 130 bits from the system, which fit in a ticket and a dialog. To be
 * wiped. */
enum { SECRET_CHARS = 26 };
void ticket_secret(char out[SECRET_CHARS + 1]);

/* 2026-11-28T07:00:00Z */
enum { TIME_CHARS = 40 };
void ticket_time(int64_t unix_time, char out[TIME_CHARS + 1]);

/* One record on stdout: `key value` a line, or one JSON object with --json. Values are made harmless. */
struct ticket_out {
	struct buf text;
	struct json j;
};
/* Appends a value and a line's end: harmless, but with backslashes as they are, which subjects have. */
void out_line(struct buf *out, struct slice value);
void out_begin(struct ticket_out *o);
void out_str(struct ticket_out *o, const char *key, const char *value);   /* NULL: left out, null */
void out_text(struct ticket_out *o, const char *key, struct slice value);
/* Words apart by blanks: one line, where there are any; an array. */
void out_words(struct ticket_out *o, const char *key, struct slice words);
void out_int(struct ticket_out *o, const char *key, long long value);
void out_opt(struct ticket_out *o, const char *key, int64_t value);       /* 0: as NULL above */
void out_bool(struct ticket_out *o, const char *key, bool value);         /* yes, no */
void out_time(struct ticket_out *o, const char *key, int64_t unix_time);
void out_facts(struct ticket_out *o, const struct cert_facts *f);
int out_end(struct ticket_out *o); /* prints, and wipes: 0, or 74 said */

#endif
