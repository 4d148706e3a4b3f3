/* How good and how often: quality and pace of one video stream, led by what its client reports and by how long its
 * frames wait for the socket. Pure; times in ms. channels.md 2, STREAM_REPORT. */
#ifndef SERVER_VIDEO_RATE_H
#define SERVER_VIDEO_RATE_H

#include "wire/wire.h"

enum { VIDEO_QUALITY_BEST = 80, VIDEO_QUALITY_LEAST = 30, VIDEO_PACE_LEAST = 200 };

struct video_rate {
	unsigned quality;  /* of JPEG; other codecs make their rate of it */
	unsigned pace;     /* ms between frames at least; 0: as they come */
	uint64_t changed;  /* when something was made worse or better last */
	uint64_t trouble;  /* when there was last a reason to make it worse */
	unsigned patience; /* ms without trouble before it is made better */
	bool tried;        /* it was made better last, not worse */
	unsigned waits, queues; /* frames, reports in a row with a bit of trouble */
	unsigned coding;   /* ms that a frame takes in the encoder, of late at most */
	int32_t most_left; /* ms before its time that a frame came at best, slowly forgotten; 0: not known */
};

void video_rate_init(struct video_rate *r, bool slow, uint64_t now);
/* A frame was in the encoder's hands for so long, ms: it is late at the client for no fault of the line. */
void video_rate_coded(struct video_rate *r, uint64_t took);
/* A frame was `took` ms in our queue before the socket took it. */
void video_rate_sent(struct video_rate *r, uint64_t took, uint64_t now);
/* What a codec that keeps a rate may have for pictures of so many pixels: kilobits a second. */
unsigned video_rate_kbps(const struct video_rate *r, uint64_t pixels);
void video_rate_report(struct video_rate *r, const struct stream_report *m, uint64_t now);

#endif
