/* JPEG pictures through TurboJPEG. images.md 6: baseline or progressive, three components or one. */
#ifndef CODEC_JPEG_H
#define CODEC_JPEG_H

#include "base/buf.h"

/* Size and components from our own look at the markers, before the library sees a byte (row 80). E_INVAL. */
int jpeg_header(struct slice in, unsigned *width, unsigned *height);

/* Decodes into B G R x rows (x is 0), `stride` bytes apart. The size must be that of the header. */
int jpeg_decode(struct slice in, unsigned width, unsigned height, uint8_t *dst, size_t stride);

/* Frames of an MJPEG stream. They may come without Huffman tables: then those of earlier frames count, which the
 * decoder keeps, and before there were any the standard ones (images.md 12). The fourth byte of a pixel is undefined.
 * Rows are stored from the last one up with bottom_up. */
struct jpeg_frames *jpeg_frames_new(void);
void jpeg_frames_free(struct jpeg_frames *f); /* NULL is fine */
int jpeg_frame_decode(struct jpeg_frames *f, struct slice in, unsigned width, unsigned height, uint8_t *dst,
	size_t stride, bool bottom_up);

/* Appends a baseline file with 4:2:0 sampling. */
int jpeg_encode(const uint8_t *pixels, unsigned width, unsigned height, size_t stride, int quality, struct buf *out);

#endif
