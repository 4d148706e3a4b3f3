/* The drawing script at work: what its commands share. Private to source-script*.c. */
#ifndef CMD_SOURCE_SCRIPT_H
#define CMD_SOURCE_SCRIPT_H

#include "cmd/source-picture.h"
#include "cmd/source-script-parse.h"
#include "cmd/source.h"

enum {
	SCRIPT_LOOPS = 32, /* how deep repeat may nest */
	SCRIPT_FILMS = 8,  /* that play at a time */
};

/* Why the script stands still. */
enum script_wait { WAIT_NONE, WAIT_TIME, WAIT_AT, WAIT_CLIENT, WAIT_INPUT };

struct script_picture {
	struct list link;
	char *name; /* of `picture`, or the file */
	struct loaded picture;
	uint64_t id;	   /* the device's */
	uint64_t mask_id;  /* of its 1-bit form; 0: not made yet */
	uint64_t alpha_id; /* of its form as a mask of composite */
};

struct script {
	const struct source_env *env;
	struct device *device;
	const char *file;

	/* lines that were read: all of a loop that is open, else what was not executed yet */
	struct input *input;
	bool no_more;
	struct buf text; /* of a line that is not complete */
	bool too_long;	 /* that line is passed over */
	unsigned number; /* of the last line */
	struct script_line *lines;
	size_t n, cap, at;

	struct {
		size_t start;
		long left;	 /* turns to come behind this one */
		unsigned number; /* its line */
	} loops[SCRIPT_LOOPS];
	unsigned n_loops;
	unsigned skip; /* inside so many loops of no turns */

	enum script_wait wait;
	bool stopped;
	uv_timer_t *timer;
	uv_idle_t *idle;
	bool begun; /* a first client has had its picture, at `zero` */
	uint64_t zero;
	long long due;			   /* of WAIT_AT, ms behind zero */
	uint32_t clients[LIM_CLIENTS_MAX]; /* whose picture is there */
	unsigned n_clients;

	/* what commands set for those that follow */
	uint32_t on;
	struct list pictures;
	bool clipped;
	struct rect *clip;
	unsigned n_clip;
	struct script_picture *mask; /* NULL: none */
	int mask_x, mask_y;
	bool mask_invers;

	struct list films;
};

struct script_command {
	const char *name;
	void (*run)(struct script *s, struct script_args *a); /* faults go to arg_fault */
};

/* The commands that draw; ends with a NULL name. */
extern const struct script_command script_drawing[];

/* What drawing commands share: surface, box and clip; the device, whose refusal becomes a fault. */
struct draw_base script_base(struct script *s, struct rect box);
void script_draw(struct script *s, struct script_args *a, unsigned number, const void *body);
void script_not_drawn(struct script_args *a, int rc);

/* source-script-surfaces.c: what is drawn on and with */
struct script_source {
	struct image image;
	unsigned width, height;
};
/* The next word as a picture: the name of one, else a file, which is kept under its name. NULL after a fault. */
struct script_picture *script_arg_picture(struct script *s, struct script_args *a);
/* The same, or a surface: "@ID"; any_depth: also of another depth than the one drawn on. 1x1 after a fault. */
struct script_source script_arg_source(struct script *s, struct script_args *a, bool any_depth);
struct image script_arg_alpha(struct script *s, struct script_args *a); /* as a mask of composite */
void script_do_surface(struct script *s, struct script_args *a);
void script_do_destroy(struct script *s, struct script_args *a);
void script_do_on(struct script *s, struct script_args *a);
void script_do_picture(struct script *s, struct script_args *a);
void script_pictures_fini(struct script *s);

/* source-script-screen.c */
void script_do_cursor(struct script *s, struct script_args *a);
void script_do_cursor_move(struct script *s, struct script_args *a);
void script_do_cursor_hide(struct script *s, struct script_args *a);
void script_do_monitors(struct script *s, struct script_args *a);
void script_do_resize(struct script *s, struct script_args *a);
/* source-script-video.c */
void script_do_video(struct script *s, struct script_args *a);
void script_films_fini(struct script *s);
/* source-script-figures.c */
void script_do_stroke(struct script *s, struct script_args *a);
void script_do_curve(struct script *s, struct script_args *a);
void script_do_text(struct script *s, struct script_args *a);

/* ROP3 in other words, when its result does not depend on all three operands. */
enum rop3_as {
	ROP3_REAL,
	ROP3_NOTHING,
	ROP3_BLACKNESS,
	ROP3_WHITENESS,
	ROP3_INVERS,
	ROP3_FILL,
	ROP3_COPY,
	ROP3_OPAQUE
};
enum rop3_as rop3_reduce(uint8_t code, uint16_t *ropd);

#endif
