/* Paths and strings in the memory layout of a QXL device (qxl_dev.h), which differs from the wire's: segments have
 * 32-bit flags, and the glyphs of a string stand back to back. */
#include "server/qxl-text.h"

enum {
	SEGMENT = 8,  /* bytes of flags and count */
	POINT = 8,
	GLYPH = 20,   /* bytes before a glyph's rows */
	PATH_FLAGS = PATH_FLAGS_BEGIN | PATH_FLAGS_END | PATH_FLAGS_CLOSE | PATH_FLAGS_BEZIER,
	STRING_FLAGS = STRING_FLAGS_RASTER_A1 | STRING_FLAGS_RASTER_A4 | STRING_FLAGS_RASTER_A8 |
		STRING_FLAGS_RASTER_TOP_DOWN,
};

/* ---- paths ---- */

/* Whole segments at the beginning of raw, and all their points; false when there are too many. */
static bool count(struct slice raw, uint32_t *segments, uint32_t *points)
{
	size_t at = 0;

	*segments = *points = 0;
	while (raw.n - at >= SEGMENT) {
		uint32_t n = get_le32(raw.p + at + 4);

		at += SEGMENT;
		if (n > LIM_PATH_POINTS - *points || (size_t)n * POINT > raw.n - at)
			return false;
		at += (size_t)n * POINT;
		*points += n;
		++*segments;
	}
	return true;
}

struct path *qxl_path(struct slice raw, struct arena *a)
{
	struct path *path = arena_alloc(a, sizeof(*path));
	uint32_t segments, points;
	struct point_fix *to;
	const uint8_t *p = raw.p;

	if (!path || !count(raw, &segments, &points))
		return NULL;
	path->num_segments = segments;
	path->segments = arena_alloc(a, segments * sizeof(*path->segments));
	to = arena_alloc(a, points * sizeof(*to));
	if (!path->segments || !to)
		return NULL;
	for (uint32_t i = 0; i < segments; i++) {
		struct path_segment *s = &path->segments[i];

		s->flags = get_le32(p) & PATH_FLAGS;
		s->count = get_le32(p + 4);
		s->points = to;
		p += SEGMENT;
		for (uint32_t k = 0; k < s->count; k++, p += POINT)
			*to++ = (struct point_fix){(int32_t)get_le32(p), (int32_t)get_le32(p + 4)};
	}
	return path;
}

/* ---- strings ---- */

static struct point get_point(const uint8_t *p)
{
	return (struct point){(int32_t)get_le32(p), (int32_t)get_le32(p + 4)};
}

/* Puts glyph i where its depth is kept. */
static void put_glyph(struct string *s, unsigned bits, uint32_t i, const uint8_t *p, size_t bytes)
{
	struct point render = get_point(p), at = get_point(p + 8);
	uint16_t w = get_le16(p + 16), h = get_le16(p + 18);
	struct slice rows = slice_of(p + GLYPH, bytes);

	if (bits == 1)
		s->a1[i] = (struct glyph_a1){render, at, w, h, rows};
	else if (bits == 4)
		s->a4[i] = (struct glyph_a4){render, at, w, h, rows};
	else
		s->a8[i] = (struct glyph_a8){render, at, w, h, rows};
}

static bool room(struct string *s, unsigned bits, struct arena *a)
{
	if (bits == 1)
		return (s->a1 = arena_alloc(a, s->length * sizeof(*s->a1)));
	if (bits == 4)
		return (s->a4 = arena_alloc(a, s->length * sizeof(*s->a4)));
	return (s->a8 = arena_alloc(a, s->length * sizeof(*s->a8)));
}

struct string *qxl_string(struct slice raw, uint32_t length, uint32_t flags, struct arena *a)
{
	unsigned bits = flags & STRING_FLAGS_RASTER_A1 ? 1
		: flags & STRING_FLAGS_RASTER_A4       ? 4
		: flags & STRING_FLAGS_RASTER_A8       ? 8
						       : 0;
	struct string *s = arena_alloc(a, sizeof(*s));
	size_t at = 0;

	if (!s || !bits || length > LIM_GLYPHS || length > raw.n / GLYPH)
		return NULL;
	s->length = (uint16_t)length;
	s->flags = flags & STRING_FLAGS;
	if (!room(s, bits, a))
		return NULL;
	for (uint32_t i = 0; i < length; i++) {
		const uint8_t *p = raw.p + at;
		size_t bytes;

		if (raw.n - at < GLYPH)
			return NULL;
		bytes = ((size_t)get_le16(p + 16) * bits + 7) / 8 * get_le16(p + 18);
		if (bytes > raw.n - at - GLYPH)
			return NULL;
		put_glyph(s, bits, i, p, bytes);
		at += GLYPH + bytes;
	}
	return s;
}
