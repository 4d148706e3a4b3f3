/* LZ: the header, sizes, and which passes a picture has. The passes are in lz-decode.c and lz-encode.c. */
#include "codec/lz.h"

#include "base/err.h"
#include "codec/lz-kind.h"

enum {
	MAGIC = 0x20205a4c,
	LZ_VERSION = 0x00010001,
	MAX_SIDE = 1 << 24,
	MAX_BYTES = (1 << 30) - 1,
};

uint32_t lz_stride(enum lz_type type, uint32_t width)
{
	switch (type) {
	case LZ_PLT1_LE:
	case LZ_PLT1_BE:
		return (width + 7) / 8;
	case LZ_PLT4_LE:
	case LZ_PLT4_BE:
		return (width + 1) / 2;
	case LZ_PLT8:
	case LZ_A8:
		return width;
	case LZ_RGB16:
		return 2 * width;
	case LZ_RGB24:
		return 3 * width;
	default:
		return 4 * width;
	}
}

/* Units of a picture: bytes, or pixels. */
static size_t units_of(enum lz_type type, uint32_t width, uint32_t height)
{
	bool bytes = type <= LZ_PLT8 || type == LZ_A8;

	return (size_t)(bytes ? lz_stride(type, width) : width) * height;
}

int lz_header(struct slice in, struct lz_info *info)
{
	uint32_t type;

	if (in.n < LZ_HEADER || get_be32(in.p) != MAGIC || get_be32(in.p + 4) != LZ_VERSION)
		return E_INVAL;
	type = get_be32(in.p + 8);
	*info = (struct lz_info){type, get_be32(in.p + 12), get_be32(in.p + 16), get_be32(in.p + 20),
		get_be32(in.p + 24) != 0};
	if (type < LZ_PLT1_LE || type > LZ_A8 || !info->width || !info->height || info->width > MAX_SIDE ||
		info->height > MAX_SIDE || info->stride != lz_stride(type, info->width) ||
		(uint64_t)info->stride * info->height > MAX_BYTES)
		return E_INVAL;
	return 0;
}

int lz_decode(struct slice in, const struct lz_info *info, bool wide, uint8_t *dst)
{
	size_t units = units_of(info->type, info->width, info->height);
	enum lz_type type = info->type == LZ_RGB24 && wide ? LZ_RGB32 : info->type;
	struct slice s = {in.p + LZ_HEADER, in.n - LZ_HEADER};
	int rc = 0;

	if (type != LZ_ALPHA)
		rc = lz_decode_units(type, &s, dst, units);
	if (!rc && (type == LZ_RGBA || type == LZ_ALPHA))
		rc = lz_decode_units(LZ_ALPHA, &s, dst, units);
	return rc || s.n ? E_INVAL : 0;
}

size_t lz_bound(enum lz_type type, uint32_t width, uint32_t height)
{
	size_t n = (size_t)lz_stride(type, width) * height;

	return LZ_HEADER + n + n / 16 + 64;
}

int lz_encode(const struct lz_info *info, const uint8_t *src, uint8_t *out, size_t cap, size_t *n, void *scratch)
{
	size_t units = units_of(info->type, info->width, info->height);
	uint8_t *p = out + LZ_HEADER;

	*n = 0;
	if (cap < LZ_HEADER)
		return E_LIMIT;
	put_be32(out, MAGIC);
	put_be32(out + 4, LZ_VERSION);
	put_be32(out + 8, info->type);
	put_be32(out + 12, info->width);
	put_be32(out + 16, info->height);
	put_be32(out + 20, lz_stride(info->type, info->width));
	put_be32(out + 24, info->top_down);
	if (info->type != LZ_ALPHA)
		p = lz_encode_units(info->type, src, units, units / info->height, p, out + cap, scratch);
	if (p && (info->type == LZ_RGBA || info->type == LZ_ALPHA))
		p = lz_encode_units(LZ_ALPHA, src, units, units / info->height, p, out + cap, scratch);
	if (!p)
		return E_LIMIT;
	*n = (size_t)(p - out);
	return 0;
}
