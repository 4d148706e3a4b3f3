/* LZ, the byte-oriented LZ77 of SPICE (image types LZ_RGB, LZ_PLT and the alpha half of JPEG_ALPHA). lz.md has it all.
 * Pure functions: a slice in, a buffer out, an int back; scratch memory is the caller's. Pixels are a linear array in
 * storage order without row padding; orientation is only told. */
#ifndef CODEC_LZ_H
#define CODEC_LZ_H

#include "base/bytes.h"

enum lz_type {
	LZ_PLT1_LE = 1,
	LZ_PLT1_BE = 2,
	LZ_PLT4_LE = 3,
	LZ_PLT4_BE = 4,
	LZ_PLT8 = 5,
	LZ_RGB16 = 6, /* little-endian x1r5g5b5 in memory */
	LZ_RGB24 = 7,
	LZ_RGB32 = 8, /* B G R x; x comes out 0 */
	LZ_RGBA = 9,
	LZ_ALPHA = 10, /* alpha alone: the other bytes of B G R A are left as they are */
	LZ_A8 = 11,
};

struct lz_info {
	enum lz_type type;
	uint32_t width, height;
	uint32_t stride; /* bytes a row of the coded form; what the type makes it */
	bool top_down;
};

/* Bytes of a row of a picture of this type. */
uint32_t lz_stride(enum lz_type type, uint32_t width);

/* Reads the header: 0, or E_INVAL. */
int lz_header(struct slice in, struct lz_info *info);

/* Decodes into tight rows of info->stride bytes, in stored order; with `wide`, RGB24 comes out as 4-byte B G R x. Bytes
 * behind the end are an error, as they are for the reference. 0, or E_INVAL. */
int lz_decode(struct slice in, const struct lz_info *info, bool wide, uint8_t *dst);

/* What a stream can at most take, and the scratch memory that encoding needs. */
size_t lz_bound(enum lz_type type, uint32_t width, uint32_t height);
enum { LZ_SCRATCH = 64 << 10 };

/* Encodes tight rows (lz_stride bytes each; RGB24 packed, RGB32 ignores x); info->stride is not looked at. *n is the
 * size; E_LIMIT when cap is too small. */
int lz_encode(const struct lz_info *info, const uint8_t *src, uint8_t *out, size_t cap, size_t *n, void *scratch);

#endif
