/* Raster operations: one kernel for all 256, fast paths for those that desktops use. */
#include "draw/rop.h"

#include "wire/wire.h"

uint8_t rop_of_ropd(uint16_t ropd, uint8_t a, uint8_t b, bool a_is_brush, bool b_is_source)
{
	uint8_t r, plain = b;

	if (ropd & (a_is_brush ? ROPD_INVERS_BRUSH : ROPD_INVERS_SRC))
		a = (uint8_t)~a;
	if (ropd & (b_is_source ? ROPD_INVERS_SRC : ROPD_INVERS_DEST))
		b = (uint8_t)~b;
	if (ropd & ROPD_OP_PUT)
		r = a;
	else if (ropd & ROPD_OP_OR)
		r = a | b;
	else if (ropd & ROPD_OP_AND)
		r = a & b;
	else if (ropd & ROPD_OP_XOR)
		r = a ^ b;
	else if (ropd & ROPD_OP_BLACKNESS)
		return 0x00;
	else if (ropd & ROPD_OP_WHITENESS)
		return 0xff;
	else if (ropd & ROPD_OP_INVERS) /* the reference looks at no other bit then */
		return (uint8_t)~plain;
	else
		r = a;
	return ropd & ROPD_INVERS_RES ? (uint8_t)~r : r;
}

static inline uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* All 256: the eight lines of the truth table, chosen by masks. */
static inline uint64_t any(const uint64_t m[8], uint64_t p, uint64_t s, uint64_t d)
{
	uint64_t p1 = (s & ((d & m[7]) | (~d & m[6]))) | (~s & ((d & m[5]) | (~d & m[4])));
	uint64_t p0 = (s & ((d & m[3]) | (~d & m[2]))) | (~s & ((d & m[1]) | (~d & m[0])));

	return (p & p1) | (~p & p0);
}

static void any_bytes(uint8_t rop, uint8_t *dst, const uint8_t *p, const uint8_t *s, size_t n)
{
	uint64_t m[8];
	size_t i = 0;

	for (int k = 0; k < 8; k++)
		m[k] = rop >> k & 1 ? ~0ull : 0;
	for (; i + 8 <= n; i += 8) {
		uint64_t r = any(m, p ? load(p + i) : 0, s ? load(s + i) : 0, load(dst + i));

		memcpy(dst + i, &r, sizeof(r));
	}
	for (; i < n; i++)
		dst[i] = (uint8_t)any(m, p ? p[i] : 0, s ? s[i] : 0, dst[i]);
}

void rop_bytes(uint8_t rop, uint8_t *dst, const uint8_t *p, const uint8_t *s, size_t n)
{
	switch (rop) {
	case ROP_P:
		memmove(dst, p, n);
		break;
	case ROP_S:
		memmove(dst, s, n);
		break;
	case 0x00:
	case 0xff:
		memset(dst, rop, n);
		break;
	case 0x55:
		for (size_t i = 0; i < n; i++)
			dst[i] = (uint8_t)~dst[i];
		break;
	case ROP_S ^ ROP_D:
		for (size_t i = 0; i < n; i++)
			dst[i] ^= s[i];
		break;
	case ROP_P ^ ROP_D:
		for (size_t i = 0; i < n; i++)
			dst[i] ^= p[i];
		break;
	default:
		any_bytes(rop, dst, p, s, n);
	}
}
