/* YUV4MPEG2 without I/O: header parameters and the way from YCbCr to RGB (BT.601, limited range,
 * chroma samples repeated). */
#include "cmd/source-y4m.h"

#include <stdio.h>

static const struct chroma {
	const char *name;
	unsigned x, y;
} chromas[] = {
	{"420", 2, 2},
	{"420jpeg", 2, 2},
	{"420mpeg2", 2, 2},
	{"420paldv", 2, 2},
	{"422", 2, 1},
	{"444", 1, 1},
	{"mono", 0, 0},
};

/* A decimal number at *p, up to max; 0 when there is none. */
static uint64_t number(const char **p, uint64_t max)
{
	uint64_t v = 0;

	for (; **p >= '0' && **p <= '9'; ++*p)
		v = v > max ? v : v * 10 + (uint64_t)(**p - '0');
	return v > max ? 0 : v;
}

static const char *parameter(struct y4m_format *f, const char *word)
{
	const char *value = word + 1;

	switch (*word) {
	case 'W':
		f->width = (unsigned)number(&value, LIM_IMAGE_SIDE);
		return f->width && !*value ? NULL : "the width is none";
	case 'H':
		f->height = (unsigned)number(&value, LIM_IMAGE_SIDE);
		return f->height && !*value ? NULL : "the height is none";
	case 'F':
		f->rate_num = number(&value, 1000000000);
		f->rate_den = *value == ':' ? value++, number(&value, 1000000000) : 0;
		if (!f->rate_num || !f->rate_den) { /* 0:0 is "unknown" */
			f->rate_num = 25;
			f->rate_den = 1;
		}
		return *value ? "the frame rate is none" : NULL;
	case 'I':
		return *value == 'p' || *value == '?' ? NULL : "interlaced video is not shown";
	case 'C':
		for (size_t i = 0; i < ARRAY_SIZE(chromas); i++)
			if (strcmp(chromas[i].name, value) == 0) {
				f->chroma_x = chromas[i].x;
				f->chroma_y = chromas[i].y;
				return NULL;
			}
		return "colours are neither 420, 422, 444 nor mono of 8 bits";
	}
	return NULL; /* aspect, comments, what comes one day */
}

static size_t chroma_size(const struct y4m_format *f)
{
	if (!f->chroma_x)
		return 0;
	return (size_t)((f->width + f->chroma_x - 1) / f->chroma_x) *
		((f->height + f->chroma_y - 1) / f->chroma_y);
}

const char *y4m_header(struct slice line, struct y4m_format *f)
{
	static const char magic[] = "YUV4MPEG2";
	const char *why = NULL;
	size_t at = sizeof(magic) - 1;
	char word[64];

	*f = (struct y4m_format){.chroma_x = 2, .chroma_y = 2, .rate_num = 25, .rate_den = 1};
	if (line.n < at || memcmp(line.p, magic, at) != 0 || (line.n > at && line.p[at] != ' '))
		return "no YUV4MPEG2 header";
	while (at < line.n && !why) {
		size_t n = 0;

		for (at++; at < line.n && line.p[at] != ' '; at++)
			if (n < sizeof(word) - 1)
				word[n++] = (char)line.p[at];
		word[n] = 0;
		why = parameter(f, word);
	}
	if (why)
		return why;
	if (!f->width || !f->height)
		return "the header has no size";
	if ((uint64_t)f->width * f->height > LIM_IMAGE_PIXELS)
		return "the pictures are too large";
	f->bytes = (size_t)f->width * f->height + 2 * chroma_size(f);
	return NULL;
}

static uint32_t clamp(int v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint32_t)v;
}

/* 1.164 (Y-16), 1.596 Cr, 0.813 Cr, 0.391 Cb, 2.018 Cb in 1/65536. */
static uint32_t rgb(int y, int cb, int cr)
{
	int l = 76309 * (y - 16) + 32768;

	return 0xff000000 | clamp((l + 104597 * cr) >> 16) << 16 |
		clamp((l - 25675 * cb - 53279 * cr) >> 16) << 8 | clamp((l + 132201 * cb) >> 16);
}

void y4m_frame(const struct y4m_format *f, const uint8_t *planes, uint32_t *out)
{
	const uint8_t *cb = planes + (size_t)f->width * f->height, *cr = cb + chroma_size(f);
	unsigned row = f->chroma_x ? (f->width + f->chroma_x - 1) / f->chroma_x : 0;

	for (unsigned y = 0; y < f->height; y++) {
		const uint8_t *luma = planes + (size_t)y * f->width;
		size_t line = f->chroma_x ? (size_t)(y / f->chroma_y) * row : 0;

		for (unsigned x = 0; x < f->width; x++)
			*out++ = f->chroma_x ? rgb(luma[x], cb[line + x / f->chroma_x] - 128,
						       cr[line + x / f->chroma_x] - 128)
					     : rgb(luma[x], 0, 0);
	}
}
