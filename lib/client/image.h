/* Wire images to pixels: the client's bridge between wire and codecs, with the image cache of a client and the palette
 * cache of a display channel. channels.md "Images: cache and palette rules", images.md. */
#ifndef CLIENT_IMAGE_H
#define CLIENT_IMAGE_H

#include "draw/canvas.h"

struct image_cache;

/* Shared by the display channels of a client. The server administrates it; we obey. */
struct image_cache *image_cache_new(void);
void image_cache_free(struct image_cache *c);
void image_cache_remove(struct image_cache *c, uint64_t id); /* INVAL_LIST: one reference */
void image_cache_clear(struct image_cache *c);

/* More than the limit: libspice says which palettes go behind the message that stores new ones, of up to four images.
 */
enum { PALETTE_SLOTS = LIM_PALETTES + 4 };
struct palette_cache {
	struct palette_entry {
		uint64_t id; /* 0: free */
		uint32_t n, ents[256];
	} *entries; /* PALETTE_SLOTS once used */
};
void palette_cache_remove(struct palette_cache *p, uint64_t id);
void palette_cache_clear(struct palette_cache *p); /* and its memory goes */

struct image_decoder {
	struct image_cache *images;
	struct glz_window *glz;
	struct palette_cache palettes;
	/* another display channel of this client may bring what is missing: then E_AGAIN, else E_INVAL */
	bool (*others)(void *owner);
	void *owner;
	struct buf scratch, inflated;
	/* images of the message in hand that are decoded: when it has to wait and comes again, caches and window have
	 * seen them already */
	struct pixmap *done[4];
	unsigned n_done, at;
};
void image_decoder_fini(struct image_decoder *d);
/* After every command: all its images have been seen, or (again) it will be given once more. */
void image_decoder_done(struct image_decoder *d, bool again);

/* As canvas_image_fn, with the decoder as its owner. E_UNSUP (logged) for an image type that is not decoded yet,
 * E_INVAL (logged) for one that is malformed. */
int image_decode(void *decoder, const struct image *img, bool mask, uint32_t target, struct pixmap **out);

#endif
