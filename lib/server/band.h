/* Large pictures go in bands: they are encoded side by side, nothing waits behind one long message, and each may come
 * again by itself. */
#ifndef SERVER_BAND_H
#define SERVER_BAND_H

enum {
	BAND_PIXELS = 256 << 10,
	KEPT_PIXELS = 512 << 10, /* of one that clients keep: it costs a command whenever it is drawn again */
};

/* The rows of a band of so many pixels, of a picture that is `width` pixels wide, 1 to LIM_IMAGE_SIDE: whole blocks of
 * JPEG, so that no seam shows. A picture of up to `pixels` is never more than one band. */
static inline int band_rows(int width, int pixels)
{
	return (pixels / width + 15) & ~15;
}

#endif
