/* The damage differ: what has to be drawn so that pixels stand on a frame. Scrolled and moved parts are found and
 * copied, solid ones filled, and only the rest is put, in rectangles bounded to the pixel. Pixels are 32 bits, B G R A
 * or B G R x: x means nothing. */
#ifndef SERVER_DIFFER_H
#define SERVER_DIFFER_H

#include "base/cpu.h"
#include "wire/wire.h"

enum differ_kind {
	DIFFER_COPY, /* COPY_BITS: `to` takes what stands at x, y now; the two may overlap */
	DIFFER_FILL, /* DRAW_FILL: `to` becomes `colour`, 0xAARRGGBB */
	DIFFER_PUT,  /* the new pixels of `to` */
};

struct differ_op {
	enum differ_kind kind;
	struct rect to; /* in the frame; never empty, within `at` */
	int x, y;
	uint32_t colour;
};

struct differ; /* scratch memory, which grows with the frame; no other state */

struct differ *differ_new(enum cpu_level level); /* cpu_level(), or less */
void differ_free(struct differ *d);              /* NULL is fine */

/* Strides in bytes, they and the rows multiples of 4; width and height within LIM_IMAGE_SIDE. */
struct differ_task {
	uint8_t *frame; /* as it is shown */
	size_t frame_stride;
	unsigned width, height;
	struct rect at; /* in the frame: what shall become `pixels`. A copy may come from elsewhere */
	const uint8_t *pixels;
	size_t stride;
	bool alpha; /* the pixels' last byte counts; else it is not compared, and becomes 0 in what is drawn */
};

/* The number of operations, to be done in their order; they stand in *ops until the next call. They have been done on
 * the frame, like they will be on the screen. */
unsigned differ_run(struct differ *d, const struct differ_task *t, const struct differ_op **ops);

/* A hash of pixels: for recognising a picture that was seen before. Equal ones are still to be compared. */
uint64_t differ_hash(struct differ *d, const uint8_t *pixels, size_t stride, unsigned width, unsigned height,
	bool alpha);
bool differ_same(struct differ *d, const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride, unsigned width,
	unsigned height, bool alpha);

#endif
