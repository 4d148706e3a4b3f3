/* The ticket file (CLI.md): what servers read and who makes tickets writes. One ticket a line,
 * `SECRET [expires=UNIXTIME] [once] [view-only] [id=NAME]`, the secret percent-encoded where it has bytes that a word
 * has not; blank lines and comments (#) stand between. */
#ifndef AUTH_TICKETFILE_H
#define AUTH_TICKETFILE_H

#include "base/buf.h"

enum { TICKET_FILE_MAX = 1 << 20, TICKETS_MAX = 4096 };

struct ticket_row {
	char *secret;     /* decoded, 1 to LIM_PASSWORD bytes */
	int64_t expires;  /* Unix time, 0 never */
	bool once, view_only;
	char *id;         /* or NULL */
};

/* One line, without its end. *have: it is a ticket, in *row; else there is none in it. 0; or E_CONFIG, unsaid: it is
 * neither, and nothing is in *row. */
int ticket_row_parse(struct slice line, struct ticket_row *row, bool *have);
/* Appends the line, with its end. */
void ticket_row_print(const struct ticket_row *row, struct buf *out);
void ticket_row_fini(struct ticket_row *row); /* wipes the secret */

/* May this be the name of a ticket? A word of printable characters, at most 64 bytes. */
bool ticket_id_good(const char *id);

/* Takes the next line off the text; false at its end. */
bool ticket_line(struct slice *text, struct slice *line);

#endif
