/* What the drawing commands share: where pixels are drawn (region and mask), and what with (brush and source), once
 * images have become pixels of the surface's format. Private to the room. */
#ifndef DRAW_PAINT_H
#define DRAW_PAINT_H

#include "draw/canvas.h"

/* The same memory seen as another format of as many bits; the caller unreferences it. */
pixman_image_t *pixmap_view(const struct pixmap *p, uint32_t format);

/* Bytes of a row. */
size_t pixmap_stride(uint32_t format, unsigned width);

/* Where a command draws. */
struct area {
	struct pixmap *dst;
	pixman_region32_t region; /* box, clip and surface */
	struct pixmap *mask;      /* 1_A; NULL none. Owned */
	int mask_x, mask_y;       /* the surface pixel of the mask's first one */
	bool mask_invers;
};

void area_fini(struct area *a);
static inline bool area_empty(struct area *a)
{
	return !pixman_region32_not_empty(&a->region);
}

/* A brush: one word, or a pattern in the surface's format that repeats from (x, y). */
struct ink {
	uint32_t word;
	struct pixmap *pattern; /* owned; NULL: solid */
	int x, y;
};

/* Pixels in the surface's format; (x, y) is the surface pixel of their first one. */
struct sheet {
	struct pixmap *p; /* owned; NULL: none */
	int x, y;
};

/* A rop made ready for spans: for what is not drawn as a whole area. */
enum { PAINT_CHUNK = 256 };
struct painter {
	uint8_t rop;
	bool needs_p, needs_s;
	const struct ink *ink;
	const struct sheet *src;
	unsigned bytes;              /* a pixel of the surface */
	uint32_t solid[PAINT_CHUNK]; /* the ink's word, repeated */
};
void painter_init(struct painter *j, uint32_t format, uint8_t rop, const struct ink *ink, const struct sheet *src);
/* n pixels from (x, y), which lie in the surface (and the source); clip and mask are the caller's. */
void painter_span(void *painter, const struct area *a, int x, int y, int n);

/* Applies a rop table to the area. Source and ink as far as the rop needs them: the source must cover the region. */
void paint_rop(struct area *a, uint8_t rop, const struct ink *ink, const struct sheet *src);

/* Copies what of the source is not `key` in the bits of `mask`. */
void paint_keyed(struct area *a, const struct sheet *src, uint32_t key, uint32_t mask);

/* The part of an image that a command wants, as pixels of `format`, unscaled or scaled. `area`: src_area; `box`: the
 * command's box; the result covers region ∩ what there is of it; region shrinks to that where the image is not scaled
 * and does not reach. E_INVAL for areas that no image can have. `like_rop3`: its own rule of where scaling starts. */
int sheet_cut(struct sheet *out, struct pixmap *img, const struct rect *area, const struct rect *box,
	pixman_region32_t *region, uint32_t format, unsigned scale_mode, bool like_rop3);

/* img itself when it has the format or both have 32 bits, else converted as the pixel rules say. Takes the reference.
 */
struct pixmap *pixmap_convert(struct pixmap *img, uint32_t format);
/* The same words under the name of another format of as many bits. Takes the reference. */
struct pixmap *pixmap_rename(struct pixmap *img, uint32_t format);
/* A fetched image in the form in which a surface of this format takes it: what is a surface of as many bits itself is
 * taken by its words, whatever their names. Takes the reference. */
struct pixmap *pixmap_for(struct pixmap *img, bool surface, uint32_t format);

/* A command while it is drawn: everything that it may have fetched, freed by the canvas. A command fetches all that it
 * names, in the order of its message, then draws: 0, or E_* with nothing drawn. */
struct job {
	struct canvas *c;
	struct area a;
	struct pixmap *src;
	struct ink ink;
	struct sheet sheet;
};

/* The pixels of an image. `mask`: of one bit, else E_INVAL. E_* of canvas_image_fn; *out is then NULL. */
int job_fetch(struct job *j, const struct image *img, bool mask, struct pixmap **out);
/* A brush in the surface's format; NONE is solid 0. The caller frees ink->pattern, also after an error. */
int job_ink(struct job *j, const struct brush *b, struct ink *ink);

int draw_stroke(struct job *j, const void *body);    /* stroke.c */
int draw_text(struct job *j, const void *body);      /* text.c */
int draw_composite(struct job *j, const void *body); /* composite.c */

#endif
