/* The tickets of a file: a new one, fewer, a list. What changes the file holds its lock from reading to replacing, so
 * that two at once lose nothing; lines that are not touched stay as they are, comments too. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "auth/ticketfile.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/spice-ticket.h"

struct sheet {
	const char *file;
	int fd;          /* locked, or -1 */
	struct buf text; /* as it was */
	struct buf next; /* as it shall be */
	unsigned tickets; /* in `next` */
};

static void sheet_close(struct sheet *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buf_wipe(&s->text);
	buf_wipe(&s->next);
}

static int complain(const struct sheet *s, int err, const char *why)
{
	cli_error("%s: %s", s->file, why);
	return err;
}

/* Is what was opened and locked still what stands there? Another one may have replaced it meanwhile. */
static bool current(int fd, const char *file)
{
	struct stat st, now;

	return fstat(fd, &st) == 0 && lstat(file, &now) == 0 && st.st_dev == now.st_dev && st.st_ino == now.st_ino;
}

static int sheet_open(struct sheet *s, const char *file, bool create)
{
	struct stat st;
	int why;

	*s = (struct sheet){.file = file, .fd = -1};
	do {
		if (s->fd >= 0)
			close(s->fd);
		s->fd = open(file, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
		if (s->fd < 0)
			return complain(s, create ? E_CREATE : E_NOFILE, strerror(errno));
		if (fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode))
			return complain(s, E_NOFILE, "not a file");
		if (flock(s->fd, LOCK_EX) != 0)
			return complain(s, E_IO, strerror(errno));
	} while (!current(s->fd, file));
	if (st.st_mode & 077)
		log_warn("%s: others could use its tickets (mode %03o); it becomes 600", file, st.st_mode & 0777);
	why = file_read_fd(s->fd, TICKET_FILE_MAX, &s->text);
	return why ? complain(s, E_NOFILE, strerror(why)) : 0;
}

static int sheet_save(struct sheet *s)
{
	int why;

	if (s->tickets > TICKETS_MAX || buf_len(&s->next) > TICKET_FILE_MAX)
		return complain(s, E_CONFIG, "no more tickets have room in it");
	why = file_replace(s->file, 0600, buf_slice(&s->next));
	return why ? complain(s, E_CREATE, strerror(why)) : 0;
}

/* Does this ticket go? */
typedef bool goes_fn(const struct ticket_row *row, const void *arg);

/* All lines but those whose tickets go are copied; *gone counts these. E_CONFIG, said, for a line that is neither. */
static int sheet_sift(struct sheet *s, goes_fn *goes, const void *arg, unsigned *gone)
{
	struct slice text = buf_slice(&s->text), line;
	struct ticket_row row;
	unsigned number = 0;
	bool have, stays;

	*gone = 0;
	while (ticket_line(&text, &line)) {
		number++;
		if (ticket_row_parse(line, &row, &have)) {
			cli_error("%s:%u: not a ticket", s->file, number);
			return E_CONFIG;
		}
		stays = !have || !goes(&row, arg);
		if (stays) {
			buf_put(&s->next, line.p, line.n);
			buf_u8(&s->next, '\n');
		}
		s->tickets += have && stays;
		*gone += !stays;
		ticket_row_fini(&row);
	}
	return 0;
}

/* ---- new ---- */

static bool ended(const struct ticket_row *row)
{
	return row->expires && row->expires <= time(NULL);
}

/* A new ticket takes the place of the one of its name, and of those that have ended. */
static bool displaced(const struct ticket_row *row, const void *id)
{
	return ended(row) || (id && row->id && strcmp(row->id, id) == 0);
}

static int add(const struct ticket_row *row)
{
	unsigned gone;
	struct sheet s;
	int rc = sheet_open(&s, ticket_opt.ticket_file, true);

	if (!rc)
		rc = sheet_sift(&s, displaced, row->id, &gone);
	if (!rc) {
		ticket_row_print(row, &s.next);
		s.tickets++;
		rc = sheet_save(&s);
	}
	sheet_close(&s);
	return rc;
}

static int say_new(const struct ticket_row *row)
{
	struct ticket_out o;

	if (!ticket_opt.json) {
		puts(row->secret);
		return cli_flush();
	}
	out_begin(&o);
	out_str(&o, "ticket", row->secret);
	out_str(&o, "id", row->id);
	out_opt(&o, "expires", row->expires);
	out_bool(&o, "once", row->once);
	out_bool(&o, "view_only", row->view_only);
	return out_end(&o);
}

int ticket_new(int n, const char **words)
{
	char secret[SECRET_CHARS + 1];
	struct ticket_row row = {.secret = secret, .once = ticket_opt.once, .view_only = ticket_opt.view_only,
		.id = ticket_opt.id};
	int rc = 0;

	(void)n, (void)words;
	if (!ticket_opt.ticket_file && (row.once || row.view_only || row.id || ticket_opt.valid))
		return cli_usage("new: what is to be remembered of a ticket needs --ticket-file");
	if (row.id && !ticket_id_good(row.id))
		return cli_usage("--id: a word of at most 64 bytes");
	if (ticket_opt.valid)
		row.expires = time(NULL) + ticket_valid_s();
	ticket_secret(secret);
	if (ticket_opt.ticket_file)
		rc = err_exit(add(&row));
	if (!rc)
		rc = say_new(&row);
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

/* ---- revoke ---- */

static bool named(const struct ticket_row *row, const void *id)
{
	return !id || (row->id && strcmp(row->id, id) == 0);
}

static int take_out(const char *id)
{
	unsigned gone;
	struct sheet s;
	int rc = sheet_open(&s, ticket_opt.ticket_file, false);

	if (!rc)
		rc = sheet_sift(&s, named, id, &gone);
	if (!rc && gone)
		rc = sheet_save(&s);
	if (!rc && !gone && id)
		log_warn("%s: no ticket is called '%s'", ticket_opt.ticket_file, id);
	sheet_close(&s);
	return rc;
}

int ticket_revoke(int n, const char **words)
{
	const char *id = n ? words[0] : NULL;

	if (!ticket_opt.ticket_file == !ticket_opt.control)
		return cli_usage("revoke: of --ticket-file or of --control?");
	if (!id == !ticket_opt.all)
		return cli_usage("revoke: a ticket's name or --all?");
	if (!ticket_opt.control)
		return err_exit(take_out(id));
	return id ? cli_usage("revoke: a control socket's ticket has no name: --all") : ticket_control_expire();
}

/* ---- list ---- */

static int say_row(unsigned number, const struct ticket_row *row)
{
	struct ticket_out o;
	char when[TIME_CHARS + 1] = "never";

	if (!ticket_opt.json) {
		if (row->expires)
			ticket_time(row->expires, when);
		printf("%u %s %s %s%s%s\n", number, row->id ? row->id : "-", when, ended(row) ? "expired" : "valid",
			row->once ? " once" : "", row->view_only ? " view-only" : "");
		return cli_flush();
	}
	out_begin(&o);
	out_int(&o, "line", number);
	out_str(&o, "id", row->id);
	out_opt(&o, "expires", row->expires);
	out_bool(&o, "expired", ended(row));
	out_bool(&o, "once", row->once);
	out_bool(&o, "view_only", row->view_only);
	return out_end(&o);
}

static int list(const char *file, struct slice text)
{
	struct ticket_row row;
	unsigned number = 0;
	struct slice line;
	bool have;
	int rc = 0;

	while (!rc && ticket_line(&text, &line)) {
		number++;
		if (ticket_row_parse(line, &row, &have)) {
			cli_error("%s:%u: not a ticket", file, number);
			return EX_CONFIG;
		}
		if (have)
			rc = say_row(number, &row);
		ticket_row_fini(&row);
	}
	return rc;
}

int ticket_list(int n, const char **words)
{
	struct buf text = {0};
	int why, rc;

	(void)n, (void)words;
	if (!ticket_opt.ticket_file == !ticket_opt.control)
		return cli_usage("list: of --ticket-file or of --control?");
	if (ticket_opt.control)
		return ticket_control_show();
	why = file_read(ticket_opt.ticket_file, TICKET_FILE_MAX, &text);
	if (why)
		cli_error("%s: %s", ticket_opt.ticket_file, strerror(why));
	rc = why ? EX_NOINPUT : list(ticket_opt.ticket_file, buf_slice(&text));
	buf_wipe(&text);
	return rc;
}
