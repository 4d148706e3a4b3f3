/* Pictures of files as the device takes them, and their other forms: masks, pointer shapes. */
#ifndef CMD_SOURCE_PICTURE_H
#define CMD_SOURCE_PICTURE_H

#include "draw/canvas.h"

struct loaded {
	struct pixmap *p; /* 32_ARGB with premultiplied colours when any pixel is not opaque, else
			     32_xRGB */
	bool alpha;
};

/* A PNG, JPEG or PPM file. 0, or E_NOFILE, E_INVAL, E_LIMIT with the reason in why. */
int loaded_read(const char *file, struct loaded *out, char *why, size_t why_size);
void loaded_fini(struct loaded *l);

/* 1_A: bit 1 where the colour is not black (what is wholly transparent counts as black). */
struct pixmap *loaded_mask(const struct loaded *l);
/* 32_ARGB for composite masks: alpha where there is any, else the brightness as alpha. */
struct pixmap *loaded_alpha(const struct loaded *l);
/* The same with clear pixels to its right, so that rows of bits are whole bytes: spice-gtk reads
 * them without padding (channels.md 4). */
struct loaded loaded_widened(const struct loaded *l);
/* Shape bytes of a pointer, channels.md 4. Colours are cut to what the type has; half transparent
 * pixels are transparent or not, but in ALPHA. */
void loaded_cursor(const struct loaded *l, enum wire_cursor_type type, struct buf *out);

#endif
