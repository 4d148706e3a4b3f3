/* What the two directions of LZ share: kinds of unit, and the numbers of the format (lz.md 1 and 2). A kind is a
 * constant of an inlined core. */
#ifndef CODEC_LZ_KIND_H
#define CODEC_LZ_KIND_H

#include "codec/copy.h"
#include "codec/lz.h"

enum {
	LZ_HEADER = 28,
	LZ_GROUP = 32,           /* literals in a group, at most; a larger control byte is a match */
	LZ_NEAR = 8191,          /* offsets below it have the short form */
	LZ_FAR = LZ_NEAR + 65535, /* the largest offset */
};

/* A kind of unit. */
struct lz_kind {
	unsigned size;    /* bytes in memory */
	unsigned literal; /* bytes in the stream */
	unsigned bias;    /* what a match counts for more than its code */
	uint64_t mask;    /* the bits of 8 bytes of memory that are coded */
};

#define LZ_BYTE_KIND ((struct lz_kind){1, 1, 2, UINT64_MAX})
#define LZ_RGB16_KIND ((struct lz_kind){2, 2, 1, 0x7fff7fff7fff7fff})
#define LZ_RGB24_KIND ((struct lz_kind){3, 3, 0, UINT64_MAX})
#define LZ_RGB32_KIND ((struct lz_kind){4, 3, 0, 0x00ffffff00ffffff})
#define LZ_ALPHA_KIND ((struct lz_kind){4, 1, 2, 0xff000000ff000000}) /* the fourth byte of 4 */

/* One pass over `units` units, without a header; LZ_RGBA is its pass of colours, LZ_ALPHA the one of alpha. A row has
 * `row` units. The decoder moves *in on: 0 or E_INVAL. The encoder gives back where it stopped in out, or NULL when
 * what it made does not fit before `end`. */
int lz_decode_units(enum lz_type type, struct slice *in, uint8_t *out, size_t units);
uint8_t *lz_encode_units(enum lz_type type, const uint8_t *src, size_t units, size_t row, uint8_t *out,
	uint8_t *end, void *scratch);

#endif
