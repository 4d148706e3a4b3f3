/* A display's messages between the pipe and the socket: in the order in which they are sent, each ready once its
 * pictures are encoded, which the worker pool does for several at a time. What is in here is sent; only what still
 * waits in the pipe can be dropped. */
#ifndef SERVER_OUTBOX_H
#define SERVER_OUTBOX_H

#include <uv.h>

#include "chan/chan.h"
#include "server/item.h"
#include "server/encode.h"

struct outbox;

struct outbox_options {
	struct encode_rules rules;  /* glz is the outbox's own */
	uint64_t glz_pixels;        /* the window that the client announced; 0: no GLZ */
	uint64_t cache_pixels;      /* its image cache */
	void (*kick)(void *owner);  /* the first message has become ready */
	void *owner;
};

struct outbox *outbox_new(uv_loop_t *loop, const struct outbox_options *o);
/* Nothing is sent any more; the memory goes when the jobs that run have ended. NULL is fine. */
void outbox_free(struct outbox *o);
void outbox_rules(struct outbox *o, const struct encode_rules *r); /* for what comes from now on */

/* Enough is under way: put no more in. */
bool outbox_full(const struct outbox *o);
bool outbox_empty(const struct outbox *o);
/* Milliseconds of processors, for pictures that this outbox was the first to need. */
uint64_t outbox_encode_ms(const struct outbox *o);
uint64_t outbox_images(const struct outbox *o, uint8_t type); /* IMAGE_TYPE_*: sent so far */

/* A message without pictures; the body is copied. */
void outbox_message(struct outbox *o, unsigned number, const void *body);
/* The same, and `sent` is called (with the outbox's owner) when it goes out. */
void outbox_last(struct outbox *o, unsigned number, const void *body, void (*sent)(void *owner));
/* A drawing command with its pictures; large ones may become several commands. True when any of them is in a lossy
 * form, or the client keeps it so. */
bool outbox_item(struct outbox *o, struct draw_item *item);
/* Pixels that go to a rectangle of a surface as they are, in one message; exact: by no lossy form. The same. */
bool outbox_pixels(struct outbox *o, uint32_t surface, const struct rect *to, struct pixmap *p, bool exact);

/* Sends the first message if it is ready: true then. */
bool outbox_send(struct outbox *o, struct chan *c);

#endif
