/* GLZ, LZ over a window of earlier pictures that the display channels of a client share (image types GLZ_RGB and,
 * inside a zlib stream, ZLIB_GLZ_RGB). glz.md specifies it. Here: what both ends know, and the client's window.
 *
 * A decoded picture is an array of words in coded order, whatever way it stands: 0x00RRGGBB, 0xAARRGGBB for RGBA,
 * x1r5g5b5 in the low half for RGB16. A match across pictures is then a copy of words. */
#ifndef CODEC_GLZ_H
#define CODEC_GLZ_H

#include "base/bytes.h"
#include "codec/lz.h"

enum { GLZ_HEADER = 33 };

struct glz_info {
	enum lz_type type; /* LZ_RGB16, RGB24, RGB32, RGBA */
	uint32_t width, height;
	bool top_down;
	uint64_t id;
	uint32_t head_dist; /* id minus that of the oldest picture that the window still holds for this one */
};

/* Reads the header: 0, or E_INVAL. */
int glz_header(struct slice in, struct glz_info *info);

/* The window of a client: pictures by id, released by the rule of glz.md 3. `pixels` is the size that was announced;
 * while a gap in the ids lasts twice that is kept. */
struct glz_window *glz_window_new(uint64_t pixels);
void glz_window_free(struct glz_window *w); /* NULL is fine */

/* Every id below it has arrived. Has this one? */
uint64_t glz_window_next(const struct glz_window *w);
bool glz_window_has(const struct glz_window *w, uint64_t id);

/* Decodes the stream whose header is `info` into the window; the caller has compared width and height with what it
 * expects. *pixels: width * height words, the window's, good until the next call with this window.
 * E_AGAIN: the picture *missing is referred to and has not arrived; nothing has changed, decode anew when it has.
 * E_LIMIT: the window would hold too much. E_INVAL. After both the window is of no use to its session any more. */
int glz_decode(struct glz_window *w, struct slice in, const struct glz_info *info, const uint32_t **pixels,
	uint64_t *missing);

/* Writes a decoded picture as rows of 32-bit pixels, the top one first: B G R x (x is 0), RGBA as B G R A,
 * RGB16 widened. */
void glz_pixels(const struct glz_info *info, const uint32_t *pixels, uint8_t *dst, ptrdiff_t stride);

/* ZLIB_GLZ_RGB: inflates a whole zlib stream into exactly n bytes, 0 or E_INVAL. No picture
 * needs a larger n than glz_bound with LZ_RGBA. */
int glz_inflate(struct slice in, uint8_t *out, size_t n);
size_t glz_bound(enum lz_type type, uint32_t width, uint32_t height);

#endif
