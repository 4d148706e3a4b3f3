/* Frames of one video stream to pictures, whatever its codec. Room-private. */
#ifndef CLIENT_FILM_H
#define CLIENT_FILM_H

#include "draw/canvas.h"

struct film {
	uint8_t codec;          /* enum video_codec */
	bool bottom_up;
	struct jpeg_frames *jpeg;
	struct vp8_decoder *vp8;
	struct pixmap *picture; /* the last one, for its memory */
	uint64_t pixels;        /* of the last frame: what the memory goes by */
};

bool film_knows(uint8_t codec);
/* Each frame builds on those before: none may be left out (film_skip). */
bool film_builds(const struct film *f);

/* The next frame's picture, borrowed until the next call; at most `room` pixels. E_AGAIN: it has none. E_INVAL and
 * E_LIMIT, E_UNSUP for a codec that there is none of: the next frame may be better. */
int film_decode(struct film *f, struct slice data, uint64_t room, struct pixmap **out);
/* Takes note of a frame that nobody will see; cheap where frames do not build on each other. Errors likewise. */
int film_skip(struct film *f, struct slice data, uint64_t room);
void film_fini(struct film *f);

#endif
