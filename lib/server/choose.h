/* What kind of picture is it? Looks at a sample only. */
#ifndef SERVER_CHOOSE_H
#define SERVER_CHOOSE_H

#include "draw/canvas.h"

/* Photographs and shaded drawings: prediction (QUIC, JPEG) makes less of them than repetition (LZ, GLZ) would. A
 * rectangle of a picture of 32 or 16 bits; others are none. */
bool choose_smooth(const struct pixmap *p, unsigned x, unsigned y, unsigned w, unsigned h);

#endif
