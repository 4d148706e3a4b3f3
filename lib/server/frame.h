/* Frames of video streams on their way through the worker pool. JPEG frames of the same pixels in the same quality are
 * coded once, for all clients. */
#ifndef SERVER_FRAME_H
#define SERVER_FRAME_H

#include <uv.h>

#include "base/buf.h"
#include "server/device.h"

struct framer;

struct framer *framer_new(uv_loop_t *loop, struct device *d); /* borrowed; both end after it */
void framer_free(struct framer *f); /* after those that ask for frames. NULL is fine */
uint64_t framer_coded(const struct framer *f); /* so many went through the pool */

/* A frame that is being coded, or is: then rc (0 or E_*) and out count. */
struct frame {
	unsigned refs;
	bool coded;
	int rc;
	struct buf out;
	struct rect rect;
	unsigned quality;
	struct pixmap *pixels;    /* until it is coded */
	struct vp8_encoder *vp8;  /* comes with the frame, and goes to whoever takes it when that is coded */
	unsigned kbps;
	uint32_t time;
	struct list link;         /* among those that may be shared: the screen is there still as they have it */
	struct list users;
	uv_work_t work;
};

/* Who waits for a frame. */
struct frame_user {
	void (*coded)(void *owner);
	void *owner;
	struct list link;
};

/* The screen's pixels in a rectangle inside it, as they are now, as JPEG. `u` is called unless it is coded already. */
struct frame *frame_jpeg(struct framer *f, const struct rect *r, unsigned quality, struct frame_user *u);
/* The same, as the encoder's next frame; for one client. The encoder is the frame's until its user takes it back. */
struct frame *frame_vp8(struct framer *f, const struct rect *r, struct vp8_encoder *e, unsigned kbps, uint32_t time,
	struct frame_user *u);
/* The user has done with it, or does not wait any more. f NULL is fine. */
void frame_leave(struct frame *f, struct frame_user *u);

#endif
