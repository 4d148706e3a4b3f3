/* Video streams of a client's display: frames wait until the multimedia clock reaches their time, are decoded and
 * drawn onto the canvas. channels.md 2 "Streams". No clock of its own and no descriptor: time comes with each call. */
#ifndef CLIENT_STREAM_H
#define CLIENT_STREAM_H

#include "draw/canvas.h"

struct streams;

enum {
	STREAM_FRAMES = 60,          /* that wait, of one stream */
	STREAM_BYTES = 64 << 20,     /* of frames that wait, all streams of a display together */
	STREAM_EARLY_MS = 10000,     /* a frame that is earlier has a clock that we don't have: it is shown at once */
	STREAM_STANDING_MS = 250,    /* a picture that stood so long is replaced by one that comes late */
};

struct stream_ops {
	void (*shown)(void *owner, uint32_t surface, const struct rect *r); /* pixels that may have changed */
	void (*report)(void *owner, const struct stream_report *r);
};

struct stream_counts {
	uint64_t shown, late, dropped, broken; /* frames; dropped: overtaken by newer ones, or too many */
};

/* The canvas is borrowed. */
struct streams *streams_new(struct canvas *c, const struct stream_ops *ops, void *owner);
void streams_free(struct streams *s); /* NULL is fine */

/* E_LIMIT for an id beyond L-10, E_INVAL for a surface that is not there. An id in use begins anew. */
int streams_create(struct streams *s, const struct stream_create *m);
/* Ids that are unknown are ignored by all of these. */
void streams_clip(struct streams *s, uint32_t id, const struct clip *clip);
void streams_destroy(struct streams *s, uint32_t id);
void streams_destroy_all(struct streams *s);
void streams_surface_gone(struct streams *s, uint32_t surface);
void streams_activate_report(struct streams *s, const struct stream_activate_report *m, uint32_t now);

/* A frame came; `dest` NULL: the stream's own. Times are those of the multimedia clock, in ms, and wrap. */
void streams_frame(struct streams *s, uint32_t id, uint32_t time, const struct rect *dest, struct slice data,
	uint32_t now);
/* Shows what is due; ms until the next frame is, -1 when none waits. */
int32_t streams_due(struct streams *s, uint32_t now);
/* The clock jumped: of what waits the newest frame of each stream is shown now. */
void streams_jump(struct streams *s, uint32_t now);

const struct stream_counts *streams_counts(const struct streams *s);

#endif
