/* The YUV4MPEG2 format: its header, its frames as pixels. */
#ifndef CMD_SOURCE_Y4M_H
#define CMD_SOURCE_Y4M_H

#include "cmd/source.h"

struct y4m_format {
	unsigned width, height;
	unsigned chroma_x, chroma_y; /* luma pixels of a chroma sample, 1 or 2; 0: grey */
	uint64_t rate_num, rate_den; /* frames a second; 25:1 where it is unknown */
	size_t bytes;                /* of a frame, behind its line */
};

/* The first line, without its line feed. NULL, or what is wrong with it. */
const char *y4m_header(struct slice line, struct y4m_format *f);

/* A frame of f->bytes as width*height words 0xffrrggbb. */
void y4m_frame(const struct y4m_format *f, const uint8_t *planes, uint32_t *out);

#endif
