/* The rate of a video stream. Worse at once and better slowly, as those do who share a line: first the quality goes
 * down, then the number of frames; the way back is the same. A step back that was too much fills the line for a moment,
 * and what is typed beside the film waits: the next one is tried after four times as long. A line that is full stays
 * so; a frame that was a bit late was so by chance. */
#include "server/video-rate.h"

enum {
	SETTLE_MS = 300,    /* until a change shows its effect */
	BETTER_MS = 2000,   /* without trouble, */
	PATIENT_MS = 16000, /* or up to so long, where it came each time that */
	FAILED_MS = 3000,   /* so short a time had passed */
	LONG_WAIT_MS = 60,  /* for the socket: more than a frame's time */
	SHORT_LEFT_MS = 100, /* before its time a frame came */
	LONG_QUEUE_MS = 60, /* later than at best: so much waits on the way, and what is drawn beside it waits too */
	AGAIN = 2,          /* so many of these in a row are trouble */
	FIRST_PACE = 50,
	LEAST_KBPS = 64,
};

void video_rate_init(struct video_rate *r, bool slow, uint64_t now)
{
	*r = (struct video_rate){.quality = slow ? 50 : VIDEO_QUALITY_BEST, .changed = now, .trouble = now,
		.patience = BETTER_MS, .tried = true};
}

static void worse(struct video_rate *r, uint64_t now)
{
	r->trouble = now;
	if (now - r->changed < SETTLE_MS)
		return;
	if (r->tried && now - r->changed < FAILED_MS)
		r->patience = r->patience * 4 < PATIENT_MS ? r->patience * 4 : PATIENT_MS;
	r->tried = false;
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
	if (now - r->trouble < r->patience || now - r->changed < r->patience)
		return;
	if (r->tried) /* and it has held */
		r->patience = BETTER_MS;
	r->tried = true;
	r->changed = now;
	if (r->pace > FIRST_PACE)
		r->pace -= r->pace / 4;
	else if (r->pace)
		r->pace = 0;
	else if (r->quality < VIDEO_QUALITY_BEST)
		r->quality += 10;
}

void video_rate_coded(struct video_rate *r, uint64_t took)
{
	unsigned ms = took < VIDEO_PACE_LEAST ? (unsigned)took : VIDEO_PACE_LEAST, less = r->coding - r->coding / 8;

	r->coding = ms > less ? ms : less;
}

void video_rate_sent(struct video_rate *r, uint64_t took, uint64_t now)
{
	r->waits = took > LONG_WAIT_MS ? r->waits + 1 : 0;
	if (r->waits >= AGAIN || took > AGAIN * LONG_WAIT_MS)
		worse(r, now);
	else if (!r->waits)
		better(r, now);
}

unsigned video_rate_kbps(const struct video_rate *r, uint64_t pixels)
{
	/* tenths of a bit a pixel and second, from the least quality on: a fifth of what JPEG needs */
	static const uint8_t bits[] = {8, 12, 18, 26, 36, 50};
	uint64_t kbps = pixels * bits[(r->quality - VIDEO_QUALITY_LEAST) / 10] / 10 / 1000;

	if (r->pace > 40)
		kbps = kbps * 40 / r->pace; /* of 25 frames a second */
	return kbps < LEAST_KBPS ? LEAST_KBPS : (unsigned)kbps;
}

void video_rate_report(struct video_rate *r, const struct stream_report *m, uint64_t now)
{
	int32_t left = m->last_frame_delay;

	if (left > r->most_left)
		r->most_left = left;
	else if (r->most_left > 0)
		r->most_left--;
	r->queues = r->most_left - left > LONG_QUEUE_MS + (int32_t)r->coding ? r->queues + 1 : 0;
	if (m->num_drops || left < SHORT_LEFT_MS || r->queues >= AGAIN)
		worse(r, now);
	else if (!r->queues)
		better(r, now);
}
