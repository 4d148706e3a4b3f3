/* The pixels of a picture on their way into the window of a server, a block at a time, so that the encoder finds them
 * in the first cache. */
#ifndef CODEC_GLZ_SOURCE_H
#define CODEC_GLZ_SOURCE_H

#include "codec/glz.h"

/* The rows of a picture, and how far they have been turned into words of the ring. */
struct glz_source {
	const uint8_t *row;
	ptrdiff_t stride;
	uint32_t x, width;
	enum lz_type type;
	uint32_t *ring;
	uint32_t filled, end; /* of the segment at hand: words are there up to `filled` */
};

/* Turns the next block of pixels into words; `filled` moves on. filled < end. */
void glz_fill(struct glz_source *s);

#endif
