/* Picture files: PNG, JPEG and PPM to and from pixels. */
#ifndef CODEC_PICTURE_H
#define CODEC_PICTURE_H

#include "base/buf.h"

/* 32-bit pixels, B G R A in memory, rows top down and tight; owned. Colours are as the file has them, not
 * premultiplied; without alpha in the file A is 255. */
struct picture {
	unsigned width, height;
	bool alpha; /* the file has an alpha channel */
	uint8_t *pixels;
};

void picture_fini(struct picture *p);

/* By its first bytes. 0; E_INVAL for what is no picture of these, E_LIMIT beyond L-10. */
int picture_read(struct picture *p, struct slice file);

enum picture_format { PICTURE_PNG, PICTURE_PPM, PICTURE_JPEG };

/* By the ending of a file name (.png, .ppm, .jpg, .jpeg in any case); E_INVAL for others. */
int picture_format(const char *name, enum picture_format *format);

/* Appends the file. Rows of B G R x, `stride` bytes apart; alpha is not written. */
int picture_write(enum picture_format format, const uint8_t *pixels, unsigned width, unsigned height, size_t stride,
	struct buf *out);

#endif
