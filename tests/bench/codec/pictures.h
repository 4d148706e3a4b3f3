/* What the codec bench codes: pictures of a folder, or four that it draws itself, in every form of pixel. */
#ifndef BENCH_CODEC_PICTURES_H
#define BENCH_CODEC_PICTURES_H

#include "codec/picture.h"

/* Forms of the same picture, tight rows, top down. */
enum form {
	RAW,     /* what a general packer gets: RGBA with alpha, RGB32 without */
	RGB32,   /* B G R 0 */
	RGBA,    /* B G R A */
	RGB24,   /* B G R */
	RGB16,   /* little-endian x1r5g5b5 */
	PLT8,    /* a byte: 3 bits of red, 3 of green, 2 of blue */
	TILES64, /* RGB32 cut into 64x64 tiles (less at the right and the bottom), each tight, one behind the other */
	FORMS,
};

enum { TILE = 64 };

struct shot {
	char name[64];
	unsigned width, height;
	bool alpha;
	size_t n[FORMS];
	uint8_t *form[FORMS]; /* owned */
};

/* Takes the pixels of p, which is empty afterwards. */
void shot_init(struct shot *s, const char *name, struct picture *p);
void shot_fini(struct shot *s);

/* Picture number i of `folder` (its *.png in the order of their names), or of the drawn ones when that is NULL.
 * 0; E_NOFILE behind the last one; else what picture_read says. */
int shot_get(struct shot *s, const char *folder, unsigned i);

#endif
