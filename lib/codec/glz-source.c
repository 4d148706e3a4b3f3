/* GLZ: pixels of every kind to words. */
#include "codec/glz-source.h"

#include <endian.h>

enum { BLOCK = 1024 };

/* Turns n pixels into words. */
static void row_words(enum lz_type type, const uint8_t *src, uint32_t *out, uint32_t n)
{
	const uint64_t mask = type == LZ_RGBA ? UINT64_MAX : 0x00ffffff00ffffff;
	uint32_t i = 0;

	switch (type) {
	case LZ_RGB16:
		for (; i < n; i++, src += 2)
			out[i] = get_le16(src) & 0x7fff;
		break;
	case LZ_RGB24:
		for (; i < n; i++, src += 3)
			out[i] = src[0] | (uint32_t)src[1] << 8 | (uint32_t)src[2] << 16;
		break;
	default:
		for (; i + 8 <= n && htole32(1) == 1; i += 8, src += 32) {
			uint64_t __attribute__((vector_size(16))) a, b;

			memcpy(&a, src, sizeof(a));
			memcpy(&b, src + 16, sizeof(b));
			a &= mask;
			b &= mask;
			memcpy(out + i, &a, sizeof(a));
			memcpy(out + i + 4, &b, sizeof(b));
		}
		for (; i < n; i++, src += 4)
			out[i] = get_le32(src) & (uint32_t)mask;
	}
}

void glz_fill(struct glz_source *s)
{
	static const uint8_t bytes[] = {[LZ_RGB16] = 2, [LZ_RGB24] = 3, [LZ_RGB32] = 4, [LZ_RGBA] = 4};
	uint32_t n = s->end - s->filled < BLOCK ? s->end - s->filled : BLOCK;

	while (n) {
		uint32_t part = s->width - s->x < n ? s->width - s->x : n;

		row_words(s->type, s->row + (size_t)s->x * bytes[s->type], s->ring + s->filled, part);
		s->filled += part;
		n -= part;
		s->x += part;
		if (s->x == s->width) {
			s->x = 0;
			s->row += s->stride;
		}
	}
}
