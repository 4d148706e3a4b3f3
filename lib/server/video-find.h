/* Where on the screen is video? Tells from where and when pictures are painted; pure, time comes with each call. */
#ifndef SERVER_VIDEO_FIND_H
#define SERVER_VIDEO_FIND_H

#include "wire/wire.h"

struct video_find;

enum {
	VIDEO_TILE = 32,            /* pixels a side: how exact places are remembered */
	VIDEO_AREA = 96 * 96,       /* smaller regions are none (channels.md 2) */
	VIDEO_FOUND = 4,            /* regions that one look finds */
};

struct video_find *video_find_new(unsigned width, unsigned height);
void video_find_free(struct video_find *f); /* NULL is fine */

/* An opaque picture was painted there, now (ms, never going back). */
void video_find_painted(struct video_find *f, const struct rect *r, uint64_t now);
/* What is there begins anew: it was scrolled, has become a stream, or was looked at and is none. */
void video_find_forget(struct video_find *f, const struct rect *r);
/* Regions that have been painted at least some ten times a second for half a second or more, at most VIDEO_FOUND.
 * Cheap while there can be none; else looks once in VIDEO_LOOK_MS. */
enum { VIDEO_LOOK_MS = 100 };
unsigned video_find_look(struct video_find *f, uint64_t now, struct rect out[VIDEO_FOUND]);

#endif
