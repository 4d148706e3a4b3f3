/* Is it video? Where pictures are painted as those of a film are (video-find.h), the screen is looked at some times: a
 * film looks like photographs each time, and does not come again picture by picture. One display's; times in ms, never
 * going back. */
#ifndef SERVER_VIDEO_JUDGE_H
#define SERVER_VIDEO_JUDGE_H

#include "server/device.h"
#include "server/video-find.h"

struct video_judge;

/* all: a film need not look like photographs. */
struct video_judge *video_judge_new(struct device *d, bool all); /* borrowed */
void video_judge_free(struct video_judge *j);                    /* NULL is fine */

/* The screen is another one, or none. */
void video_judge_screen(struct video_judge *j);
/* What is there begins anew: it was scrolled. */
void video_judge_forget(struct video_judge *j, const struct rect *r);
/* A DRAW_COPY put its picture on the screen. False when nothing can come of it. */
bool video_judge_painted(struct video_judge *j, const struct draw_item *item, uint64_t now);
/* Regions that move like a film; most of the time there is none. */
unsigned video_judge_look(struct video_judge *j, uint64_t now, struct rect out[VIDEO_FOUND]);
/* Is such a region one? If so it begins anew. It takes some looks, and all that waits is drawn for each. */
bool video_judge_is_film(struct video_judge *j, const struct rect *r, uint64_t now);

#endif
