/* The rate of a video stream. Worse at once and better slowly, as those do who share a line: first the quality goes
 * down, then the number of frames; the way back is the same. */
#include "server/video-rate.h"

enum {
	SETTLE_MS = 300,    /* until a change shows its effect */
	BETTER_MS = 2000,   /* without trouble */
	LONG_WAIT_MS = 60,  /* for the socket: more than a frame's time */
	SHORT_LEFT_MS = 120, /* of the client's 400 ms of delay are left when a frame comes */
	FIRST_PACE = 50,
};

void video_rate_init(struct video_rate *r, bool slow, uint64_t now)
{
	*r = (struct video_rate){.quality = slow ? 50 : VIDEO_QUALITY_BEST, .changed = now, .trouble = now};
}

static void worse(struct video_rate *r, uint64_t now)
{
	r->trouble = now;
	if (now - r->changed < SETTLE_MS)
		return;
	r->changed = now;
	if (r->quality > VIDEO_QUALITY_LEAST)
		r->quality -= 10;
	else if (r->pace < FIRST_PACE)
		r->pace = FIRST_PACE;
	else if (r->pace < VIDEO_PACE_LEAST)
		r->pace += r->pace / 4;
}

static void better(struct video_rate *r, uint64_t now)
{
	if (now - r->trouble < BETTER_MS || now - r->changed < BETTER_MS)
		return;
	r->changed = now;
	if (r->pace > FIRST_PACE)
		r->pace -= r->pace / 4;
	else if (r->pace)
		r->pace = 0;
	else if (r->quality < VIDEO_QUALITY_BEST)
		r->quality += 10;
}

void video_rate_sent(struct video_rate *r, uint64_t took, uint64_t now)
{
	if (took > LONG_WAIT_MS)
		worse(r, now);
	else
		better(r, now);
}

void video_rate_report(struct video_rate *r, const struct stream_report *m, uint64_t now)
{
	if (m->num_drops || m->last_frame_delay < SHORT_LEFT_MS)
		worse(r, now);
	else
		better(r, now);
}
