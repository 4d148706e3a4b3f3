/* What the window and the decoder of GLZ know of each other; nobody else includes this. */
#ifndef CODEC_GLZ_WINDOW_H
#define CODEC_GLZ_WINDOW_H

#include "codec/glz.h"

enum { GLZ_BEYOND = 32 }; /* words behind the pixels that may be written, and mean nothing */

struct glz_stored {
	uint64_t id;
	enum lz_type type;
	uint32_t head_dist;
	size_t n; /* pixels */
	uint32_t pixels[];
};

/* NULL when it is not there. */
const struct glz_stored *glz_window_find(const struct glz_window *w, uint64_t id);

/* The passes: into width * height words and GLZ_BEYOND. As glz_decode, but `missing` may be a picture that never
 * comes. */
int glz_decode_passes(const struct glz_window *w, struct slice in, const struct glz_info *info, uint32_t *out,
	uint64_t *missing);

#endif
