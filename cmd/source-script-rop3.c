/* ROP3 codes that do not depend on all of pattern, source and destination. The reference's renderer
 * lacks them and aborts (channels.md, pixel rules), so they are sent as the commands of two
 * operands that do the same. */
#include "cmd/source-script.h"

enum { P = 0xf0, S = 0xcc, D = 0xaa }; /* truth tables of the operands */

static bool depends(uint8_t code, unsigned shift, uint8_t operand)
{
	return ((code & operand) >> shift) != (code & (uint8_t)~operand);
}

/* The result of a ropd word for A and B as truth tables. channels.md, "ROP descriptor". */
static uint8_t ropd_table(uint16_t rop, uint16_t invers_a, uint16_t invers_b, uint8_t a, uint8_t b)
{
	uint8_t v;

	a = (uint8_t)(rop & invers_a ? ~a : a);
	b = (uint8_t)(rop & invers_b ? ~b : b);
	v = rop & ROPD_OP_OR ? a | b : rop & ROPD_OP_AND ? a & b : rop & ROPD_OP_XOR ? a ^ b : a;
	return (uint8_t)(rop & ROPD_INVERS_RES ? ~v : v);
}

/* Finds the ropd word whose result for A and B is the code; there is one for each code that needs
 * A. */
static uint16_t find(uint8_t code, uint16_t invers_a, uint16_t invers_b, uint8_t a, uint8_t b)
{
	static const uint16_t ops[] = {ROPD_OP_PUT, ROPD_OP_OR, ROPD_OP_AND, ROPD_OP_XOR};

	for (unsigned i = 0; i < 8 * ARRAY_SIZE(ops); i++) {
		uint16_t rop = ops[i / 8];

		rop |= (uint16_t)((i & 1 ? invers_a : 0) | (i & 2 ? invers_b : 0) |
			(i & 4 ? ROPD_INVERS_RES : 0));
		if (ropd_table(rop, invers_a, invers_b, a, b) == code)
			return rop;
	}
	return 0;
}

enum rop3_as rop3_reduce(uint8_t code, uint16_t *ropd)
{
	bool p = depends(code, 4, P), s = depends(code, 2, S), d = depends(code, 1, D);

	if (p && s && d)
		return ROP3_REAL;
	if (!p && !s)
		return code == 0       ? ROP3_BLACKNESS
			: code == 0xff ? ROP3_WHITENESS
			: code == D    ? ROP3_NOTHING
				       : ROP3_INVERS;
	if (!s) {
		*ropd = find(code, ROPD_INVERS_BRUSH, ROPD_INVERS_DEST, P, D);
		return ROP3_FILL;
	}
	if (!p) {
		*ropd = find(code, ROPD_INVERS_SRC, ROPD_INVERS_DEST, S, D);
		return ROP3_COPY;
	}
	*ropd = find(code, ROPD_INVERS_BRUSH, ROPD_INVERS_SRC, P, S);
	return ROP3_OPAQUE;
}
