/* Pixels to wire images: the server's bridge between codecs and wire. What a client can take decides the form. */
#ifndef SERVER_ENCODE_H
#define SERVER_ENCODE_H

#include "server/device.h"

/* What one client takes. */
struct encode_rules {
	uint8_t compress; /* enum image_compression, 0 automatic */
	bool lz4;         /* DISPLAY_CAP_LZ4_COMPRESSION */
	bool raw;         /* nothing is compressed: AF_UNIX */
};

/* The body of an item for this client: a copy in the arena whose images are encoded. */
void *encode_item(const struct encode_rules *r, const struct draw_item *item, struct arena *a);

/* A DRAW_COPY that puts `rect` of a surface as it is on the canvas. *pixels (may stay NULL) is to be unreferenced once
 * the message is encoded. Not for 1_A, on which nothing can be copied. */
void encode_region(const struct encode_rules *r, struct canvas *c, uint32_t surface, const struct rect *rect,
	struct arena *a, struct draw_copy *out, struct pixmap **pixels);

#endif
