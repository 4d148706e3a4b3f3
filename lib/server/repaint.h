/* Repaints: pixels that shall stand on a surface, most of which may stand there already. What the differ finds becomes
 * the device's commands. Rectangles that come again, as of two windows that alternate or of something that blinks, are
 * drawn with the picture of the device that was made for them before, which clients have kept as well. */
#ifndef SERVER_REPAINT_H
#define SERVER_REPAINT_H

#include "server/device.h"

struct repaint;
struct repaint *repaint_new(struct device *d);
void repaint_free(struct repaint *r); /* NULL is fine; before its device */

struct repaint_pixels {
	const uint8_t *p; /* 32 bits each, B G R A or B G R x, 4 bytes aligned */
	size_t stride;    /* bytes, a multiple of 4 */
	bool alpha;       /* the last byte is drawn, too; else it means nothing */
	uint64_t id;      /* a picture of the device that shows the same, drawn where much is new; 0: there is none */
	int x, y;         /* where in it they begin */
};

/* `box` becomes the pixels; what of it lies beside the surface is nothing. The surface must be of 32 bits, and xRGB for
 * pixels without alpha: else E_UNSUP. E_INVAL: there is no such surface. */
int repaint(struct repaint *r, uint32_t surface, const struct rect *box, const struct repaint_pixels *px);

#endif
