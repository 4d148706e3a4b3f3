/* 4:2:0 planes. A row of numbers for each matrix, in 1/256; an own copy of the loops for each, with them as constants.
 * Chroma is the mean of four pixels, and goes to all four. */
#include "codec/yuv.h"

struct matrix {
	int yr, yg, yb;             /* to y */
	int ur, ug, vg, vb;         /* to u and v; ub and vr are 112 */
	int rv, gu, gv, bu;         /* back; y counts 298 */
};

#define INLINE static inline __attribute__((always_inline))

static const struct matrix m601 = {66, 129, 25, -38, -74, -94, -18, 409, -100, -208, 516};
static const struct matrix m709 = {47, 157, 16, -26, -86, -102, -10, 459, -55, -136, 541};

/* ---- to planes ---- */

INLINE void luma_row(uint8_t *y, const uint8_t *src, unsigned width, const struct matrix m)
{
	for (unsigned x = 0; x < width; x++, src += 4)
		y[x] = (uint8_t)(((unsigned)(m.yb * src[0] + m.yg * src[1] + m.yr * src[2] + 128) >> 8) + 16);
}

INLINE uint8_t chroma(int b, int g, int r, int of_b, int of_g, int of_r)
{
	return (uint8_t)((b * of_b + g * of_g + r * of_r + (128 << 10) + 512) >> 10);
}

/* b, g and r are sums of four. */
INLINE void chroma_row(uint8_t *u, uint8_t *v, const uint8_t *a, const uint8_t *b, unsigned width,
	const struct matrix m)
{
	for (unsigned x = 0; x < width; x += 2) {
		size_t p = 4 * (size_t)x, q = x + 1 < width ? p + 4 : p;
		int sb = a[p] + a[q] + b[p] + b[q], sg = a[p + 1] + a[q + 1] + b[p + 1] + b[q + 1],
		    sr = a[p + 2] + a[q + 2] + b[p + 2] + b[q + 2];

		u[x / 2] = chroma(sb, sg, sr, 112, m.ug, m.ur);
		v[x / 2] = chroma(sb, sg, sr, m.vb, m.vg, 112);
	}
}

INLINE void from_bgrx(const struct yuv_planes *out, const uint8_t *src, size_t stride, unsigned width, unsigned height,
	const struct matrix m)
{
	for (unsigned y = 0; y < height; y += 2) {
		const uint8_t *a = src + y * stride, *b = y + 1 < height ? a + stride : a;

		luma_row(out->y + y * out->y_stride, a, width, m);
		if (b != a)
			luma_row(out->y + (y + 1) * out->y_stride, b, width, m);
		chroma_row(out->u + y / 2 * out->uv_stride, out->v + y / 2 * out->uv_stride, a, b, width, m);
	}
}

void yuv_from_bgrx(const struct yuv_planes *out, const uint8_t *src, size_t stride, unsigned width, unsigned height,
	enum yuv_matrix m)
{
	if (m == YUV_709)
		from_bgrx(out, src, stride, width, height, m709);
	else
		from_bgrx(out, src, stride, width, height, m601);
}

/* ---- and back ---- */

INLINE uint8_t clamp(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 << 8 ? 255 : v >> 8);
}

INLINE void row_to_bgrx(uint8_t *dst, const uint8_t *y, const uint8_t *u, const uint8_t *v, unsigned width,
	const struct matrix m)
{
	for (unsigned x = 0; x < width; x++, dst += 4) {
		int l = 298 * (y[x] - 16) + 128, cu = u[x / 2] - 128, cv = v[x / 2] - 128;

		dst[0] = clamp(l + m.bu * cu);
		dst[1] = clamp(l + m.gu * cu + m.gv * cv);
		dst[2] = clamp(l + m.rv * cv);
		dst[3] = 0;
	}
}

void yuv_to_bgrx(const struct yuv_planes *in, uint8_t *dst, size_t stride, unsigned width, unsigned height,
	enum yuv_matrix m, bool bottom_up)
{
	for (unsigned y = 0; y < height; y++) {
		uint8_t *to = dst + (bottom_up ? height - 1 - y : y) * stride;
		const uint8_t *l = in->y + y * in->y_stride, *u = in->u + y / 2 * in->uv_stride,
			*v = in->v + y / 2 * in->uv_stride;

		if (m == YUV_709)
			row_to_bgrx(to, l, u, v, width, m709);
		else
			row_to_bgrx(to, l, u, v, width, m601);
	}
}
