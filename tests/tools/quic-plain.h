/* The plain QUIC codec, oracle of tests and fuzz targets. As quic_encode and quic_decode of codec/quic.h, but that it
 * takes its scratch memory itself. */
#ifndef TOOLS_QUIC_PLAIN_H
#define TOOLS_QUIC_PLAIN_H

#include "codec/quic.h"

int plain_quic_encode(enum quic_type type, uint32_t width, uint32_t height, const uint8_t *src, ptrdiff_t stride,
	uint8_t *out, size_t cap, size_t *n);
int plain_quic_decode(struct slice in, const struct quic_info *info, bool wide, uint8_t *dst, ptrdiff_t stride);

#endif
