/* QUIC, the lossless picture codec of SPICE (image type 1): adaptive Golomb-Rice codes over a fixed predictor, with
 * runs. quic.md specifies it; for given pixels the stream is fully determined. Pure functions: slices in, a buffer
 * out, an int back; scratch memory is the caller's. Rows are top down. */
#ifndef CODEC_QUIC_H
#define CODEC_QUIC_H

#include "base/bytes.h"

enum quic_type {
	QUIC_GRAY = 1,  /* 1 byte */
	QUIC_RGB16 = 2, /* little-endian x1r5g5b5; bit 15 comes out 0 */
	QUIC_RGB24 = 3, /* B G R */
	QUIC_RGB32 = 4, /* B G R x; x comes out 0 */
	QUIC_RGBA = 5,  /* B G R A */
};

struct quic_info {
	enum quic_type type;
	uint32_t width, height;
};

/* State and tables of one coding; 17 bytes a column beside. No pointer in it outlives a call. */
struct quic_scratch;
size_t quic_scratch_size(uint32_t width);

/* Bytes a pixel in memory. */
unsigned quic_pixel_bytes(enum quic_type type);

/* Reads the header: 0, or E_INVAL. */
int quic_header(struct slice in, struct quic_info *info);

/* Decodes into rows `stride` bytes apart (negative: bottom up, dst is the first row of the picture). With `wide`
 * RGB16 and RGB24 come out as 4-byte B G R x. info is that of quic_header, and the caller has made room for
 * it. 0, or E_INVAL; pixels decoded so far are written then. */
int quic_decode(struct slice in, const struct quic_info *info, bool wide, uint8_t *dst, ptrdiff_t stride,
	void *scratch);

/* What the stream can at most take. */
size_t quic_bound(enum quic_type type, uint32_t width, uint32_t height);

/* Encodes; *n is the size of the stream, a multiple of 4. E_LIMIT when cap is too small for it. */
int quic_encode(enum quic_type type, uint32_t width, uint32_t height, const uint8_t *src, ptrdiff_t stride,
	uint8_t *out, size_t cap, size_t *n, void *scratch);

#endif
