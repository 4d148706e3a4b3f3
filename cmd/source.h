/* Where the picture of spice-serve comes from: a table of sources, each a few functions around the device. What is
 * shared by them stands here too: bytes of a file or of stdin on the loop, timers, pictures. */
#ifndef CMD_SOURCE_H
#define CMD_SOURCE_H

#include <uv.h>

#include "server/server.h"

/* What a source is given; it outlives the source. */
struct source_env {
	uv_loop_t *loop;
	struct device *device;
	struct server *server;
	unsigned width, height;   /* of --geometry, all heads together; 0: the source chooses */
	unsigned heads;           /* of --heads: the screen is divided into so many, side by side */
	const char *argument;     /* of the source's option, NULL without one */
	const char **words;       /* --image: the pictures, NULL at the end */
	long long delay_ms;       /* --delay */
	bool strict;              /* --strict */
	double speed;             /* --speed; 0: as fast as it goes */
	long long commands;       /* --commands; -1: all */
	/* The source has come to its end and the command is to stop with this E_* or 0 (quit of a script, an error
	 * that --strict does not forgive). Called at most once, from the loop or from start. */
	void (*stop)(void *owner, int err);
	void *owner;
};

enum {
	SOURCE_WIDTH = 1024, /* where neither --geometry nor the source says */
	SOURCE_HEIGHT = 768,
};

struct source_ops {
	const char *name; /* its option is --name */
	bool reads_stdin; /* whatever its argument is; one that is "-" says so for any source */
	/* Looks at its arguments and files, makes the first picture where it can without waiting. 0 and *source, or
	 * E_* with the reason logged. Nothing has been served yet. */
	int (*open)(const struct source_env *env, void **source);
	const struct server_events *events; /* owner: the source; NULL: it doesn't listen */
	bool resize; /* any size is fine: clients are offered to ask, and it follows or --events tells */
	void (*free)(void *source);         /* handles close on the loop afterwards */
};

/* Each is a row of spice-serve.c's `sources`. */
extern const struct source_ops source_demo, source_script, source_image, source_raw, source_y4m, source_qxl;

/* The screen in the size of --geometry, else in the given one. 0 or E_*, logged. */
int source_screen(const struct source_env *env, unsigned width, unsigned height);
/* The screen in this size, with its heads. 0 or E_*. */
int source_resize(const struct source_env *env, unsigned width, unsigned height);

/* ---- handles: each is memory of its own, freed when the loop has let go of it ---- */

uv_timer_t *source_timer(uv_loop_t *loop, void *owner); /* not started; owner is its data */
uv_idle_t *source_idle(uv_loop_t *loop, void *owner);
void source_handle_free(void *handle); /* closes and frees; NULL is fine */

/* ---- bytes of a file or of stdin ---- */

struct input;
struct input_ops {
	/* Where the next bytes go, at least some and at most *n of them; NULL: to memory of the input. */
	uint8_t *(*room)(void *owner, size_t *n);
	void (*data)(void *owner, const uint8_t *p, size_t n);
	void (*end)(void *owner, int err); /* 0, or E_IO with the reason logged; the last call */
};

/* "-" is stdin. NULL with the reason logged and *err E_NOFILE. Calls come from the loop. */
struct input *input_new(uv_loop_t *loop, const char *file, const struct input_ops *ops, void *owner, int *err);
/* Holds the bytes back at once; the writer of a pipe then waits. */
void input_pause(struct input *in, bool paused);
/* Up to about `max` bytes are handed over at once, without waiting, for regular files: a source can show what it has
 * before anybody is served. True when the end was reached. */
bool input_read_now(struct input *in, size_t max);
void input_free(struct input *in);

#endif
