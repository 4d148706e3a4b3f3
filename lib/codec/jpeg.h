/* JPEG pictures through TurboJPEG. images.md 6: baseline or progressive, three components or one. */
#ifndef CODEC_JPEG_H
#define CODEC_JPEG_H

#include "base/buf.h"

/* Size and components from our own look at the markers, before the library sees a byte (row 80). E_INVAL. */
int jpeg_header(struct slice in, unsigned *width, unsigned *height);

/* Decodes into B G R x rows (x is 0), `stride` bytes apart. The size must be that of the header. */
int jpeg_decode(struct slice in, unsigned width, unsigned height, uint8_t *dst, size_t stride);

/* Appends a baseline file with 4:2:0 sampling. */
int jpeg_encode(const uint8_t *pixels, unsigned width, unsigned height, size_t stride, int quality, struct buf *out);

#endif
