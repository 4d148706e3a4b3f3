/* Frames of video on the screen: only what differs from the last one is put there, in rectangles
 * made of tiles. */
#include <stdlib.h>

#include "cmd/source.h"

enum { TILE = 64 };

static bool tile_differs(
	const uint32_t *a, const uint32_t *b, unsigned stride, unsigned w, unsigned h)
{
	for (unsigned y = 0; y < h; y++, a += stride, b += stride)
		if (memcmp(a, b, 4 * (size_t)w) != 0)
			return true;
	return false;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Changed tiles of one band that stand side by side go as one rectangle. */
static int put_band(struct device *d, const uint32_t *old, const uint32_t *frame, unsigned width,
	unsigned y, unsigned h)
{
	unsigned from = 0, x = 0;
	bool open = false;
	int rc = 0;

	for (; x < width && !rc; x += TILE) {
		size_t at = (size_t)y * width + x;
		bool differs = tile_differs(old + at, frame + at, width, least(TILE, width - x), h);

		if (differs && !open)
			from = x;
		if (!differs && open)
			rc = device_put(d, 0, (int)from, (int)y, x - from, h,
				(const uint8_t *)(frame + (size_t)y * width + from),
				4 * (size_t)width);
		open = differs;
	}
	if (open && !rc)
		rc = device_put(d, 0, (int)from, (int)y, width - from, h,
			(const uint8_t *)(frame + (size_t)y * width + from), 4 * (size_t)width);
	return rc;
}

int frame_put(struct device *d, uint32_t *old, const uint32_t *frame, unsigned width,
	unsigned height, bool all)
{
	int rc = 0;

	if (all)
		rc = device_put(
			d, 0, 0, 0, width, height, (const uint8_t *)frame, 4 * (size_t)width);
	for (unsigned y = 0; y < height && !all && !rc; y += TILE)
		rc = put_band(d, old, frame, width, y, least(TILE, height - y));
	memcpy(old, frame, 4 * (size_t)width * height);
	return rc;
}
