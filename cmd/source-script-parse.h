/* Words of the drawing script (CLI.md): lines into words, words into numbers, colours and ropd
 * bits. */
#ifndef CMD_SOURCE_SCRIPT_PARSE_H
#define CMD_SOURCE_SCRIPT_PARSE_H

#include "base/bytes.h"

enum {
	SCRIPT_LINE_MAX = 64 << 10, /* bytes of a line */
	SCRIPT_COORD = 32767,	    /* coordinates lie within +-this */
};

struct script_line {
	unsigned number; /* from 1 */
	unsigned n;
	char **words;    /* owned, their text behind them; words[0] is the command */
	const char *why; /* for whoever keeps lines: it can't be taken apart, n is 0 */
	bool said;       /* its fault was said: once is enough in a loop */
};

/* Takes a line apart, without its line feed. 0, also for an empty line or a comment (n is then 0),
 * or E_INVAL and *why. A # at the begin of a word starts a comment unless it is a colour. */
int script_split(struct script_line *line, const char *text, size_t n, const char **why);
void script_line_free(struct script_line *line);

/* Reads the words of a line one by one. The first fault stays in `why`; what comes after it gives
 * harmless values. */
struct script_args {
	const struct script_line *line;
	unsigned at;
	char why[160]; /* empty: no fault */
};

struct script_args script_args(const struct script_line *line);
void arg_fault(struct script_args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool arg_more(const struct script_args *a);
bool arg_is_number(const struct script_args *a); /* the next word begins like a number */
bool arg_is_colour(const struct script_args *a);
bool arg_take(struct script_args *a, const char *word); /* takes the next word if it is this one */
const char *arg_word(struct script_args *a, const char *what);		/* never NULL */
int arg_int(struct script_args *a, const char *what, int min, int max); /* decimal, or 0x... */
int arg_coord(struct script_args *a, const char *what);
unsigned arg_size(struct script_args *a, const char *what); /* 1..LIM_IMAGE_SIDE */
uint32_t arg_colour(struct script_args *a); /* the number as written: #rrggbb has a top byte of 0 */
void arg_geometry(struct script_args *a, unsigned *w, unsigned *h); /* WxH */
/* "N,N,...": at most max numbers within lo..hi; returns how many. */
unsigned arg_list(struct script_args *a, const char *what, int lo, int hi, int *out, unsigned max);
/* "rop NAME+NAME" if it comes next, else PUT: bits of enum wire_ropd. */
uint16_t arg_rop(struct script_args *a);
bool arg_end(struct script_args *a); /* nothing may follow; true when all was well */

#endif
