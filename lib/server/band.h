/* Large pictures go in bands: they are encoded side by side, nothing waits behind one long message, and each may come
 * again by itself. */
#ifndef SERVER_BAND_H
#define SERVER_BAND_H

enum { BAND_PIXELS = 256 << 10 };

/* The rows of a band of a picture so many pixels wide, 1 to LIM_IMAGE_SIDE: whole blocks of JPEG, so that no seam
 * shows. A picture of up to BAND_PIXELS is never more than one band. */
static inline int band_rows(int width)
{
	return (BAND_PIXELS / width + 15) & ~15;
}

#endif
