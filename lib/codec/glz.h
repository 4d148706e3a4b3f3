/* GLZ, LZ over a window of earlier pictures that the display channels of a client share (image types GLZ_RGB and,
 * inside a zlib stream, ZLIB_GLZ_RGB). glz.md specifies it. Here: what both ends know, the client's window
 * with its decoder, the server's dictionary with its encoder.
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

/* The dictionary of a client, at a server: the pixels of the pictures that were sent last, at most window_pixels of
 * them (GLZ_WINDOW_MAX if it is more), and a megabyte of hashes. */
enum { GLZ_WINDOW_MAX = 1 << 25 };

struct glz_dict *glz_dict_new(uint64_t window_pixels);
void glz_dict_free(struct glz_dict *d); /* NULL is fine */

/* The largest stream that a picture can make, and some slack that the encoder wants. */
size_t glz_bound(enum lz_type type, uint32_t width, uint32_t height);

/* Takes the next id, puts a copy of the picture into the window and encodes it, *n bytes. Rows in the order in which
 * they are coded, `stride` bytes apart: RGB16 little-endian x1r5g5b5, RGB24 B G R, RGB32 B G R x, RGBA B G R A.
 * The order of calls is the order of ids, which is the order in which the pictures have to be sent: all that return 0.
 * E_LIMIT, and no id is taken: as many pixels as the window has or more, or cap < glz_bound. One call at a time. */
int glz_encode(struct glz_dict *d, enum lz_type type, uint32_t width, uint32_t height, const uint8_t *src,
	ptrdiff_t stride, bool top_down, uint8_t *out, size_t cap, size_t *n);

/* ZLIB_GLZ_RGB: deflates, level 3. E_LIMIT when cap is too small for it, or it would not get smaller. */
int glz_deflate(struct slice in, uint8_t *out, size_t cap, size_t *n);

/* Inflates a whole zlib stream into exactly n bytes, 0 or E_INVAL. No picture
 * needs a larger n than glz_bound with LZ_RGBA. */
int glz_inflate(struct slice in, uint8_t *out, size_t n);

#endif
