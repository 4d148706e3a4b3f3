/* The damage differ, for sources that have nothing but pixels: what has to be drawn so that the last frame becomes the
 * new one. Scrolled and moved parts are found and copied, solid ones filled, and only the rest is put, in rectangles
 * bounded to the pixel. Pixels are 32 bits, B G R x; x means nothing and is not compared. */
#ifndef SERVER_DIFFER_H
#define SERVER_DIFFER_H

#include "base/cpu.h"
#include "wire/wire.h"

enum differ_kind {
	DIFFER_COPY, /* COPY_BITS: `to` takes what stands at x, y now; the two may overlap */
	DIFFER_FILL, /* DRAW_FILL: `to` becomes `colour`, 0xRRGGBB */
	DIFFER_PUT,  /* the new frame's pixels of `to` */
};

struct differ_op {
	enum differ_kind kind;
	struct rect to; /* never empty, within the rectangle that was asked for */
	int x, y;
	uint32_t colour;
};

struct differ; /* scratch memory, which grows with the frame; no other state */

struct differ *differ_new(enum cpu_level level); /* cpu_level(), or less */
void differ_free(struct differ *d);              /* NULL is fine */

/* Two frames of one size: `old` as it was put, `want` as it shall be; strides in bytes, they and the rows multiples of
 * 4; width and height within LIM_IMAGE_SIDE. Nothing outside `within` (NULL: the whole frame) is looked at as changed,
 * though a copy may come from there. Afterwards old equals want there: it has been drawn upon like the screen will be.
 * The number of operations, to be done in their order; they stand in *ops until the next call. */
unsigned differ_run(struct differ *d, uint8_t *old, size_t old_stride, const uint8_t *want, size_t want_stride,
	unsigned width, unsigned height, const struct rect *within, const struct differ_op **ops);

/* A hash of pixels, x left out: for recognising a picture that was seen before. Equal ones are still to be compared. */
uint64_t differ_hash(struct differ *d, const uint8_t *pixels, size_t stride, unsigned width, unsigned height);
bool differ_same(struct differ *d, const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride, unsigned width,
	unsigned height);

#endif
