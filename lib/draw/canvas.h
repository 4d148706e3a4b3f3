/* The canvas: surfaces and the drawing commands of the protocol executed on them. Server and client draw with
 * this same code; what each pixel becomes is written down in channels.md, "Pixel rules". */
#ifndef DRAW_CANVAS_H
#define DRAW_CANVAS_H

#include <pixman.h>

#include "draw/rect.h"

/* Shared pixels: counted references; whoever holds more than one reader treats them as immutable. Rows top down. */
struct pixmap {
	unsigned refs;
	uint32_t format;  /* enum surface_fmt: 32_xRGB, 32_ARGB, 16_555, 16_565, 8_A, 1_A */
	unsigned width, height;
	int stride;       /* bytes, a multiple of 4 */
	uint8_t *data;
	pixman_image_t *image; /* the same memory, for pixman */
};

/* Zeroed pixels. Sizes are within L-10 (the caller checked); never NULL. */
struct pixmap *pixmap_new(uint32_t format, unsigned width, unsigned height);
/* The same, but pixels of 32 bits are not set: the caller writes every one. */
struct pixmap *pixmap_raw(uint32_t format, unsigned width, unsigned height);
struct pixmap *pixmap_ref(struct pixmap *p);
void pixmap_unref(struct pixmap *p); /* NULL is fine */
/* A rectangle inside it set to one value: a pixel of the format. Not for 1_A. */
void pixmap_fill(struct pixmap *p, const struct rect *r, uint32_t value);
/* Do all pixels have one colour? On 32_xRGB alone; its top byte is not looked at. */
bool pixmap_is_solid(const struct pixmap *p, uint32_t *colour);
unsigned pixmap_bits(uint32_t format); /* bits a pixel; 0 for an unknown format */
/* A rectangle inside it as pixels of their own, as they are now, in a format that images have: 32_xRGB for 16_565. */
struct pixmap *pixmap_part(const struct pixmap *p, const struct rect *r);

struct canvas;

/* The canvas meets an image of a message: give its pixels. Called once for every image of a command, in the order of
 * the message, also when nothing will be drawn (caches and dictionaries must see it). SURFACE images are not asked
 * for: the canvas has them. The reference passes to the canvas. `mask`: a 1-bit image is wanted (bitmap without
 * palette), as format 1_A. `target`: the format of the surface drawn on (palettes on a 555 surface hold 555 values).
 * 0, E_AGAIN (an older picture is still missing: the whole command is given up and comes again) or E_*; *out is set
 * with 0 alone. */
typedef int canvas_image_fn(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out);

struct canvas *canvas_new(canvas_image_fn *fn, void *owner);
void canvas_free(struct canvas *c);
/* Before there is a surface: those of several canvases count together, in *bytes, for LIM_SURFACE_BYTES. */
void canvas_share(struct canvas *c, size_t *bytes);

/* E_INVAL for a bad or used id, E_LIMIT beyond L-10, E_UNSUP for an unknown format. */
int canvas_surface_create(struct canvas *c, const struct surface_create *m);
int canvas_surface_destroy(struct canvas *c, uint32_t id); /* E_INVAL when there is none */
struct pixmap *canvas_surface(struct canvas *c, uint32_t id); /* borrowed; NULL when there is none */
void canvas_clear(struct canvas *c); /* destroys all surfaces */

/* Executes a drawing command: number is S_DISPLAY_DRAW_* or COPY_BITS, body its struct. The part of the surface that
 * may have changed goes into *damage (empty: nothing; may be NULL). E_INVAL for what the protocol forbids (null
 * source, absent surface...), E_LIMIT beyond L-10; the canvas is then unchanged. */
int canvas_draw(struct canvas *c, unsigned number, const void *body, struct rect *damage);

/* The surface that a drawing command draws on, and its box; false when number is none. */
bool canvas_target(unsigned number, const void *body, uint32_t *surface, struct rect *box);

/* Draws ready pixels to a rectangle by nearest sampling under a clip (stream frames). */
int canvas_frame(struct canvas *c, uint32_t surface, struct pixmap *frame, const struct rect *dest,
	const struct clip *clip);

/* Every SURFACE source that a command reads: calls fn with each id. */
void canvas_sources(unsigned number, const void *body, void (*fn)(void *user, uint32_t surface), void *user);

#endif
