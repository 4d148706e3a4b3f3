/* The words of a recording: lines of a key and numbers, and blocks of bytes. Private to qxl*.c. */
#ifndef SERVER_QXL_TEXT_H
#define SERVER_QXL_TEXT_H

#include "base/arena.h"
#include "server/qxl.h"

/* A reader with a memory of what went wrong: after a fault everything reads as zero and nothing moves. */
struct qxl_text {
	const uint8_t *start, *at, *end;
	struct arena *arena;
	int rc;               /* 0, E_AGAIN, E_INVAL, E_LIMIT */
	const char *expected; /* E_INVAL: the key that is not there */
	size_t need;          /* E_AGAIN: bytes from the start */
};

void qxl_fail(struct qxl_text *t, int rc, const char *expected);

/* Does the next line begin with the key? */
bool qxl_is(struct qxl_text *t, const char *key);
/* A line: the key (may be empty) and n numbers, of 64 bits with either sign. */
void qxl_line(struct qxl_text *t, const char *key, unsigned n, uint64_t *v);
/* Lines of one number, and of some that have 32 bits. */
uint64_t qxl_u64(struct qxl_text *t, const char *key);
uint32_t qxl_u32(struct qxl_text *t, const char *key);
void qxl_u32s(struct qxl_text *t, const char *key, unsigned n, uint32_t *v);
void qxl_key(struct qxl_text *t, const char *key); /* a line without numbers */

/* A block of bytes: in place, or inflated into the arena. */
struct slice qxl_block(struct qxl_text *t, const char *name);
/* Chunks of a name: in pieces, and as one (joined in the arena where there are more). */
struct qxl_bytes qxl_chunks(struct qxl_text *t, const char *name);
struct slice qxl_join(struct qxl_text *t, struct qxl_bytes b);

/* qxl-draw.c: a drawing command. */
void qxl_read_draw(struct qxl_text *t, struct qxl_event *e);

/* qxl-figures.c: glyphs and paths as devices have them, into the arena; NULL when they are not whole or too many. */
struct path *qxl_path(struct slice raw, struct arena *a);
struct string *qxl_string(struct slice raw, uint32_t length, uint32_t flags, struct arena *a);

#endif
