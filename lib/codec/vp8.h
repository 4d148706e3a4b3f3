/* VP8 through libvpx, RFC 6386: frames of a stream, each but the key frames made from those before it. */
#ifndef CODEC_VP8_H
#define CODEC_VP8_H

#include "base/buf.h"

enum { VP8_SIDE = 16383 }; /* pixels, of either side */

struct vp8_decoder;

struct vp8_decoder *vp8_decoder_new(void);
void vp8_decoder_free(struct vp8_decoder *d); /* NULL is fine */

/* The size of the picture that this frame makes, from our own look at its head (9.1) and, where it is no key frame, of
 * what was decoded before. E_INVAL: it is no frame, or there is nothing that it could build on. E_LIMIT: L-10. */
int vp8_frame_size(const struct vp8_decoder *d, struct slice in, unsigned *width, unsigned *height);

/* Decodes into B G R x rows (x is 0), `stride` bytes apart, from the last one up with bottom_up. The size must be that
 * of vp8_frame_size. dst NULL: it is no more than remembered, for the frames behind it. E_AGAIN: the frame is not to be
 * shown. After E_INVAL only a key frame helps. */
int vp8_frame_decode(struct vp8_decoder *d, struct slice in, unsigned width, unsigned height, uint8_t *dst,
	size_t stride, bool bottom_up);

struct vp8_encoder;

/* Pictures of one size, 1 to VP8_SIDE a side. NULL: libvpx does not like it. */
struct vp8_encoder *vp8_encoder_new(unsigned width, unsigned height);
void vp8_encoder_free(struct vp8_encoder *e); /* NULL is fine */

/* Appends the next frame of B G R x rows; the first is a key frame. `kbps`: kilobits a second that are aimed at from
 * now on; `time`: when it is shown, in ms, which wraps. E_INVAL: no frame that followed could be understood. */
int vp8_encode(struct vp8_encoder *e, const uint8_t *pixels, size_t stride, unsigned kbps, uint32_t time,
	struct buf *out);

#endif
