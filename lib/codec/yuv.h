/* Pixels of video: B G R x rows to planes of 4:2:0 and back, in studio range (16 to 235, 16 to 240). */
#ifndef CODEC_YUV_H
#define CODEC_YUV_H

#include "base/bytes.h"

/* How colours become planes: BT.601 for small pictures, BT.709 for large ones. VP8 has no word for it; GStreamer, which
 * codes and decodes for libspice-server and spice-gtk, goes by the height too (tests/interop/serve-video.bats). */
enum yuv_matrix { YUV_601, YUV_709 };
enum { YUV_SMALL = 576 };

static inline enum yuv_matrix yuv_matrix_for(unsigned height)
{
	return height > YUV_SMALL ? YUV_709 : YUV_601;
}

/* The planes u and v have (width + 1) / 2 columns and (height + 1) / 2 rows. */
struct yuv_planes {
	uint8_t *y, *u, *v;
	size_t y_stride, uv_stride;
};

void yuv_from_bgrx(const struct yuv_planes *out, const uint8_t *src, size_t stride, unsigned width, unsigned height,
	enum yuv_matrix m);
/* The fourth byte of a pixel becomes 0. Rows are stored from the last one up with bottom_up. */
void yuv_to_bgrx(const struct yuv_planes *in, uint8_t *dst, size_t stride, unsigned width, unsigned height,
	enum yuv_matrix m, bool bottom_up);

#endif
