/* What the window and the decoder of GLZ know of each other; nobody else includes this. */
#ifndef CODEC_GLZ_WINDOW_H
#define CODEC_GLZ_WINDOW_H

#include "base/map.h"
#include "codec/glz.h"

enum { GLZ_BEYOND = 32 }; /* words behind the pixels that may be written, and mean nothing */

struct glz_stored {
	uint64_t id;
	enum lz_type type;
	uint32_t head_dist;
	size_t n; /* pixels */
	uint32_t pixels[];
};

enum { GLZ_RECENT = 1024 };

struct glz_window {
	struct map pictures;   /* of struct glz_stored */
	uint64_t held, pixels; /* counted pixels; what was announced */
	uint64_t next;         /* every id below it has arrived */
	uint64_t head;         /* ids below it are of no use any more */
	uint64_t oldest;       /* ids below it were dropped */
	const struct glz_stored *recent[GLZ_RECENT]; /* of the ids that end alike, the one that came last */
};

/* NULL when it is not there. */
static inline const struct glz_stored *glz_window_find(const struct glz_window *w, uint64_t id)
{
	const struct glz_stored *s = w->recent[id % GLZ_RECENT];

	return s && s->id == id ? s : map_get(&w->pictures, id);
}

/* The passes: into width * height words and GLZ_BEYOND. As glz_decode, but `missing` may be a picture that never
 * comes. */
int glz_decode_passes(const struct glz_window *w, struct slice in, const struct glz_info *info, uint32_t *out,
	uint64_t *missing);

#endif
