/* One video stream of a client: the pixels that it owns, and what the client has been told of it. channels.md 2
 * "Streams". Private to video*.c. */
#ifndef SERVER_VIDEO_STREAM_H
#define SERVER_VIDEO_STREAM_H

#include "codec/vp8.h"
#include "draw/region.h"
#include "server/outbox.h"
#include "server/video-rate.h"

enum { VIDEO_CLIP_RECTS = 128 }; /* a stream that is cut into more is none */

struct video_stream {
	uint32_t id;              /* for the client */
	uint32_t unique;          /* a number of this opening: a frame or a report may be of an earlier one */
	uint8_t codec;            /* enum video_codec */
	struct rect dest;
	pixman_region32_t owned;
	struct vp8_encoder *vp8;  /* NULL: none was needed yet, or it is with a frame */
	bool announced;           /* the client knows it: */
	bool sized;               /* it has moved, each frame says where it belongs */
	pixman_region32_t told;   /* what the client draws under */
	/* what follows is video.c's: */
	bool used;
	bool dirty;               /* there is something newer than the last frame */
	bool mixed;               /* its frames come in commands of several kinds, as those of the differ do */
	unsigned fills;
	uint64_t filled;          /* the last of them, ms */
	uint64_t painted, framed;
	struct video_rate rate;
};

void video_stream_init(struct video_stream *s, uint32_t id, uint32_t unique, uint8_t codec, const struct rect *dest);
void video_stream_fini(struct video_stream *s); /* says nothing: withdraw it before */

/* The client is told all that the next frame needs; reports: it is asked how frames fare. */
void video_stream_tell(struct video_stream *s, struct outbox *box, bool reports);
/* Has the client still a clip with pixels that others draw on? Then it must be told before they do. */
bool video_stream_must_be_cut(const struct video_stream *s);
void video_stream_cut(struct video_stream *s, struct outbox *box);
/* A frame for `dest`, as it was when the frame was begun; `sent` as outbox_last. */
void video_stream_frame(const struct video_stream *s, struct outbox *box, uint32_t time, const struct rect *dest,
	struct slice data, void (*sent)(void *owner));
/* For the client it is over. It goes on as another one, under a new number. */
void video_stream_withdraw(struct video_stream *s, struct outbox *box, uint32_t unique);

#endif
