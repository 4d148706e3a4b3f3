/* What a client's display still has to be told, in order, in bounded memory (L-18). A pipe is in one of two states:
 *
 *   queue    commands wait one behind the other; those that a later one hides go;
 *   catch up the client's surfaces are compared with the device's: what is missing is created, and damaged regions
 *            are re-read from the canvas when the socket takes them. Commands that come meanwhile only add damage.
 *
 * A new client begins by catching up on everything; a client that lags more than LIM_PIPE_BYTES or LIM_PIPE_MS falls
 * back to it. So it gets the newest state and not the backlog, and there is one mechanism for both. */
#ifndef SERVER_PIPE_H
#define SERVER_PIPE_H

#include "server/device.h"

enum pipe_kind {
	PIPE_NOTHING,
	PIPE_DRAW,     /* item: unref it */
	PIPE_CREATE,   /* surface `create` */
	PIPE_DESTROY,  /* surface `id` */
	PIPE_REGION,   /* re-read `rect` of surface `id` from the canvas: a band, or all of the first picture */
	PIPE_MARK,     /* the screen is complete: MONITORS_CONFIG and MARK are due */
	PIPE_MONITORS, /* MONITORS_CONFIG alone */
};

struct pipe_out {
	enum pipe_kind kind;
	struct draw_item *item;
	uint32_t id;
	struct surface_create create;
	struct rect rect;
	bool exact; /* REGION: it is there to mend what the client has inexactly */
};

struct pipe;

/* Listens to the device; `kick` is called when there is something new. now: a clock in milliseconds. */
struct pipe *pipe_new(struct device *d, uint64_t (*now)(void *), void (*kick)(void *), void *owner);
void pipe_free(struct pipe *p);
/* The client does not know DRAW_COMPOSITE: what it draws is read from the canvas. */
void pipe_without_composite(struct pipe *p);
/* Nor may it be given surfaces of format 8_A: what is drawn with them is read from the canvas. Before the first
 * pipe_next. */
void pipe_without_a8(struct pipe *p);

/* Somebody else may take care of what commands draw (video): asked about each of them, before it is queued. */
enum pipe_verdict {
	PIPE_QUEUE,    /* it goes its way */
	PIPE_TAKEN,    /* nothing is due here, damage of its region neither */
	PIPE_REREAD,   /* it draws on, or reads, what the client has not exactly: its region is read from the canvas */
};
typedef enum pipe_verdict pipe_filter_fn(void *owner, struct draw_item *item);
void pipe_filter(struct pipe *p, pipe_filter_fn *fn, void *owner);
/* A region of a surface is to be sent again, exactly. */
void pipe_damage(struct pipe *p, uint32_t surface, const struct rect *r);
/* The client has the device's screen, its first picture included. */
bool pipe_screen_sent(const struct pipe *p);

/* The next thing to send; it counts as sent. */
void pipe_next(struct pipe *p, struct pipe_out *out);

size_t pipe_bytes(const struct pipe *p);       /* held by queued items */
unsigned pipe_hidden(const struct pipe *p);    /* commands dropped so far because later ones hid them */
bool pipe_catching_up(const struct pipe *p);

#endif
