/* Video streams of one client's display: finds regions of the screen that move like video, sends them as frames instead
 * of as pictures, and gives them back to the pipe, which repairs them without loss, when they rest. */
#ifndef SERVER_VIDEO_H
#define SERVER_VIDEO_H

#include <uv.h>

#include "server/frame.h"
#include "server/outbox.h"
#include "server/pipe.h"

struct video;

enum { VIDEO_STREAMS = 8, VIDEO_IDLE_MS = 600, VIDEO_CODECS = 4 };

struct video_options {
	bool all;                            /* regions need not look like photographs */
	bool reports;                        /* the client has DISPLAY_CAP_STREAM_REPORT */
	bool sized;                          /* and DISPLAY_CAP_SIZED_STREAM */
	bool (*slow)(void *owner);           /* is its link, when a stream begins? NULL: no */
	uint8_t codecs[VIDEO_CODECS];        /* n_codecs of enum video_codec that may be used, best first */
	unsigned n_codecs;
	struct framer *framer;               /* borrowed */
	uint32_t (*mm_time)(void *owner);    /* what frames are stamped with */
	void (*sent)(void *owner);           /* given to the outbox with each frame: the owner calls video_sent */
	void (*kick)(void *owner);           /* there is something for video_take */
	void *owner;
};

/* Becomes the pipe's filter. Device, pipe and outbox are borrowed; all end after it. */
struct video *video_new(uv_loop_t *loop, struct device *d, struct pipe *p, struct outbox *box,
	const struct video_options *o);
void video_free(struct video *v); /* NULL is fine */

/* To be called before each pipe_next: what is due of the streams goes into the outbox. True if something went. */
bool video_take(struct video *v);
void video_sent(struct video *v);
void video_report(struct video *v, const struct stream_report *r);
/* Others may be used, for streams that begin from now on. At most VIDEO_CODECS. */
void video_codecs(struct video *v, const uint8_t *codecs, unsigned n);

/* Adds the pixels of the screen that streams own: they are repaired when the streams end. */
void video_owned(const struct video *v, pixman_region32_t *out);

struct video_figures {
	unsigned streams;  /* now */
	uint64_t opened, frames, reports;
	unsigned quality, pace; /* of the one that was framed last */
	uint8_t codec;
};
struct video_figures video_figures(const struct video *v);

#endif
