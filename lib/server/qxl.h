/* Recordings of the commands of a real QXL device (qxl.md 3): bytes in, events out, and a player that has our device
 * do them. The reader is pure and believes nothing; what an event holds points into the bytes or lies in the arena. */
#ifndef SERVER_QXL_H
#define SERVER_QXL_H

#include "server/device.h"

enum {
	QXL_EVENT_MAX = 320 << 20, /* bytes of an event; E_LIMIT beyond */
};

enum qxl_what {
	QXL_NOTHING,       /* what a player has nothing to do for */
	QXL_SCREEN,        /* surface 0 anew: surface, data */
	QXL_SCREEN_GONE,
	QXL_ALL_GONE,      /* all surfaces */
	QXL_SURFACE,       /* surface, data */
	QXL_SURFACE_GONE,  /* surface.surface_id */
	QXL_DRAW,          /* number, body ... */
	QXL_POINTER_SHAPE, /* pointer */
	QXL_POINTER_MOVE,
	QXL_POINTER_HIDE,
};

/* Bytes in one or more pieces. */
struct qxl_bytes {
	const struct slice *pieces;
	uint32_t n;
	size_t total;
};

/* An image as it was recorded: BITMAP and QUIC (their data are `bytes`, what is in image stays empty), SURFACE. */
struct qxl_image {
	struct image image;
	struct qxl_bytes bytes;
};

struct qxl_event {
	enum qxl_what what;
	bool command;           /* one of the guest's, not of its host */
	uint32_t counter;
	uint64_t time;          /* nanoseconds */
	const char *fault;      /* it has values that no device accepts: to be passed over */
	/* DRAW: a message of the display channel; its images are struct qxl_image */
	unsigned number;
	void *body;
	const struct image *mask; /* of its images the one that is a 1-bit mask, or NULL */
	struct image **self;      /* its source where that is the surface itself (the field is NULL), or NULL */
	struct rect self_area;
	/* SCREEN, SURFACE: rows of the first pixels, none of them when data.total is 0 */
	struct surface_create surface;
	struct qxl_bytes data;
	int32_t stride;         /* negative: the lowest row first */
	/* POINTER_* */
	struct {
		uint16_t type, width, height, hot_x, hot_y;
		int16_t x, y;
		bool visible;
		struct slice data;
	} pointer;
};

/* The first line. 0, E_AGAIN (it is not complete) or E_INVAL. */
int qxl_header(struct slice in, size_t *used);

/* The head of the next event: is it a command, when was it. 0, E_AGAIN or E_INVAL. */
int qxl_peek(struct slice in, bool *command, uint64_t *time);

/* The next event. 0 and the *used bytes that it took; E_AGAIN with the *used bytes that it will take at least; E_INVAL
 * or E_LIMIT with *expected what should have stood there and *used where. The arena is emptied first. */
int qxl_event(struct slice in, struct arena *arena, struct qxl_event *e, size_t *used, const char **expected);

/* Plays events on a device. Pictures that the recording marks for caches are kept under their ids, least used go. */
struct qxl_player;
struct qxl_player *qxl_player_new(struct device *d);
void qxl_player_free(struct qxl_player *p); /* NULL is fine */
/* 0, or E_* for what the device refuses: nothing is drawn then. The event's images are replaced by the device's; its
 * arena may be exchanged for another. */
int qxl_play(struct qxl_player *p, struct qxl_event *e, struct arena *arena);

/* The bytes that events were read from stay where they are, as long as the player lives. A command that sets a
 * rectangle of a surface is then done only when another one looks at it: one that covers it makes it void, and its
 * pixels are never read. qxl_settle does what is due; the device shows all that was played after it. */
void qxl_player_stays(struct qxl_player *p);
void qxl_settle(struct qxl_player *p);

#endif
