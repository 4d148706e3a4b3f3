/* Events of captures as lines: text and JSON. Whatever a peer sent, a line is printable and is one
 * line. */
#ifndef CAPTURE_SAY_H
#define CAPTURE_SAY_H

#include "capture/tap.h"

/* "TIME CONN CHANNEL[ID] DIR NAME size=N field=value ..." without the line end; times count from
 * `zero` (nanoseconds). Sub-messages are sub:NAME, what was not understood bad:NAME. */
void say_text(const struct tap_event *e, uint64_t zero, struct buf *out);

enum { SAY_NO_PAYLOAD = WIRE_NO_PAYLOAD, SAY_HEX = 1 << 8 };

/* One JSON object; flags SAY_*. */
void say_json(const struct tap_event *e, uint64_t zero, unsigned flags, struct buf *out);

/* 16 bytes a line, indented, with their printable characters. */
void say_hex(struct slice s, struct buf *out);

/* "main", or the number of a channel that we don't know, or "-". */
void say_channel(int type, struct buf *out);
/* "NAME", "sub:NAME", "bad:NAME". */
void say_name(const struct tap_event *e, struct buf *out);
/* "in" from the server, "out" to it. */
const char *say_dir(enum wire_dir dir);

#endif
