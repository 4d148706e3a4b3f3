/* The YUV4MPEG2 format: its header, its frames as pixels; a film of them. */
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

/* A film that plays at its own pace, and holds its writer back. */
struct y4m;
struct y4m_ops {
	int (*size)(void *owner, unsigned width, unsigned height); /* comes first; 0, or E_* that ends it */
	void (*frame)(void *owner, const uint32_t *pixels);
	/* The last call: NULL after the last frame's time, or what is wrong. Free it later, not from here. */
	void (*end)(void *owner, const char *why);
};
/* "-" is stdin. NULL with the reason logged and *err E_NOFILE. */
struct y4m *y4m_new(uv_loop_t *loop, const char *file, const struct y4m_ops *ops, void *owner, int *err);
void y4m_free(struct y4m *s); /* NULL is fine */

#endif
