/* Raster operations. Every one is a truth table of pattern, source and destination, the byte that Windows calls a
 * ROP3 code: bit (P << 2 | S << 1 | D) is the result. Bitwise, on stored words. */
#ifndef DRAW_ROP_H
#define DRAW_ROP_H

#include "base/bytes.h"

enum { ROP_P = 0xf0, ROP_S = 0xcc, ROP_D = 0xaa };

/* The table of a ropd word (channels.md 2, "ROP descriptor"), when A and B are these operands. */
uint8_t rop_of_ropd(uint16_t ropd, uint8_t a, uint8_t b, bool a_is_brush, bool b_is_source);

static inline bool rop_needs_p(uint8_t rop)
{
	return (rop >> 4) != (rop & 15);
}

static inline bool rop_needs_s(uint8_t rop)
{
	return (rop >> 2 & 0x33) != (rop & 0x33);
}

/* n bytes of dst; p and s may be NULL when the rop does not need them. dst may overlap p or s (a
 * surface drawn onto itself): what comes out is then undefined, but of these bytes. */
void rop_bytes(uint8_t rop, uint8_t *dst, const uint8_t *p, const uint8_t *s, size_t n);

#endif
