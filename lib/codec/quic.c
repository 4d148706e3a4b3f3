/* QUIC from outside: headers, sizes, and which kernels code the rows. The model is quic-model.h, the coders of rows are
 * quic-encode.h and quic-decode.h, compiled by quic-c.c and quic-avx2.c. */
#include "codec/quic.h"

#include "base/err.h"
#include "codec/quic-model.h"

enum {
	MAX_SIDE = 1 << 24,
	MAX_PIXELS = 1 << 29,
};

const struct quic_kernels *quic_kernels(enum cpu_level level)
{
	return level >= CPU_AVX2 && quic_kernels_avx2 ? quic_kernels_avx2 : &quic_kernels_c;
}

static unsigned depth_of(enum quic_type type)
{
	return type == QUIC_RGB16 ? 5 : 8;
}

int quic_encode_by(const struct quic_kernels *k, enum quic_type type, uint32_t width, uint32_t height,
	const uint8_t *src, ptrdiff_t stride, uint8_t *out, size_t cap, size_t *n, void *scratch)
{
	struct quic_writer w = {.p = out + 4 * QUIC_HEADER_WORDS, .end = out + cap};
	const uint32_t header[QUIC_HEADER_WORDS] = {QUIC_MAGIC, 0, type, width, height};

	if (cap < 4 * (QUIC_HEADER_WORDS + 2))
		return E_LIMIT;
	for (int i = 0; i < QUIC_HEADER_WORDS; i++)
		put_le32(out + 4 * i, header[i]);
	k->encode[type](&w, quic_scratch_reset(scratch, depth_of(type)), width, height, src, stride);
	if (w.n)
		quic_put_careful(&w, 0, 32 - w.n);
	quic_put_careful(&w, 0, 32);
	*n = (size_t)(w.p - out);
	return w.full ? E_LIMIT : 0;
}

int quic_encode(enum quic_type type, uint32_t width, uint32_t height, const uint8_t *src, ptrdiff_t stride,
	uint8_t *out, size_t cap, size_t *n, void *scratch)
{
	return quic_encode_by(quic_kernels(cpu_level()), type, width, height, src, stride, out, cap, n, scratch);
}

/* x1r5g5b5 rows become B G R x in place, from the right. */
static void widen(const struct quic_info *info, uint8_t *dst, ptrdiff_t stride)
{
	for (uint32_t y = 0; y < info->height; y++, dst += stride)
		for (uint32_t x = info->width; x-- > 0;)
			put_le32(dst + 4 * (size_t)x, colour_of_555(get_le16(dst + 2 * (size_t)x)));
}

int quic_decode_by(const struct quic_kernels *k, struct slice in, const struct quic_info *info, bool wide,
	uint8_t *dst, ptrdiff_t stride, void *scratch)
{
	struct quic_scratch *s = quic_scratch_reset(scratch, depth_of(info->type));
	struct quic_reader r = {.p = in.p + 4 * QUIC_HEADER_WORDS, .end = in.p + in.n / 4 * 4, .tail = s->tail};
	enum quic_type as = wide && info->type == QUIC_RGB24 ? QUIC_RGB32 : info->type;
	int rc;

	if (r.end - r.p < QUIC_REFILL)
		quic_refill_tail(&r);
	else
		r.limit = r.end - QUIC_REFILL;
	rc = k->decode[as](&r, s, info->width, info->height, dst, stride);
	if (wide && !rc && as == QUIC_RGB16)
		widen(info, dst, stride);
	return rc;
}

int quic_decode(struct slice in, const struct quic_info *info, bool wide, uint8_t *dst, ptrdiff_t stride, void *scratch)
{
	return quic_decode_by(quic_kernels(cpu_level()), in, info, wide, dst, stride, scratch);
}

int quic_header(struct slice in, struct quic_info *info)
{
	uint32_t type;

	if (in.n < 4 * QUIC_HEADER_WORDS || get_le32(in.p) != QUIC_MAGIC || get_le32(in.p + 4) != 0)
		return E_INVAL;
	type = get_le32(in.p + 8);
	*info = (struct quic_info){type, get_le32(in.p + 12), get_le32(in.p + 16)};
	if (type < QUIC_GRAY || type > QUIC_RGBA || !info->width || !info->height || info->width > MAX_SIDE ||
		info->height > MAX_SIDE || (uint64_t)info->width * info->height > MAX_PIXELS)
		return E_INVAL;
	/* each row costs a bit at least */
	return info->height > 8 * (in.n - 4 * QUIC_HEADER_WORDS) ? E_INVAL : 0;
}

unsigned quic_pixel_bytes(enum quic_type type)
{
	return type == QUIC_GRAY ? 1 : type == QUIC_RGB16 ? 2 : type == QUIC_RGB24 ? 3 : 4;
}

size_t quic_bound(enum quic_type type, uint32_t width, uint32_t height)
{
	size_t channels = type == QUIC_GRAY ? 1 : type == QUIC_RGBA ? 4 : 3;

	/* QUIC_MAX_CODE bits a sample, a run code of length 0 before it; header, fill and the last word */
	return ((size_t)width * height * (channels * QUIC_MAX_CODE + 17) + 31) / 32 * 4 + 4 * (QUIC_HEADER_WORDS + 2);
}
