/* Picture files. PNG goes through libpng's simplified interface, JPEG through codec/jpeg; PPM (P6, P5) is ours. */
#include "codec/picture.h"

#include <png.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/jpeg.h"

enum { JPEG_QUALITY = 90 };

void picture_fini(struct picture *p)
{
	free(p->pixels);
	*p = (struct picture){0};
}

/* Room for the pixels, within L-10. */
static int make(struct picture *p, unsigned width, unsigned height)
{
	if (!width || !height)
		return E_INVAL;
	if (!lim_image_fits(width, height))
		return E_LIMIT;
	p->width = width;
	p->height = height;
	p->pixels = xcalloc((size_t)width * height, 4);
	return 0;
}

static int read_png(struct picture *p, struct slice file)
{
	png_image img = {.version = PNG_IMAGE_VERSION};
	int rc;

	if (!png_image_begin_read_from_memory(&img, file.p, file.n)) {
		png_image_free(&img);
		return E_INVAL;
	}
	p->alpha = img.format & PNG_FORMAT_FLAG_ALPHA;
	img.format = PNG_FORMAT_BGRA;
	rc = make(p, img.width, img.height);
	if (!rc && !png_image_finish_read(&img, NULL, p->pixels, 0, NULL))
		rc = E_INVAL;
	png_image_free(&img);
	return rc;
}

static void set_alpha(struct picture *p)
{
	for (size_t i = 0; i < (size_t)p->width * p->height; i++)
		p->pixels[4 * i + 3] = 255;
}

static int read_jpeg(struct picture *p, struct slice file)
{
	unsigned w, h;
	int rc = jpeg_header(file, &w, &h);

	if (!rc)
		rc = make(p, w, h);
	if (!rc)
		rc = jpeg_decode(file, w, h, p->pixels, 4 * (size_t)w);
	if (!rc)
		set_alpha(p);
	return rc;
}

/* A number of a PPM header: blanks and comments before it. 0 when there is none. */
static unsigned ppm_number(struct slice *s)
{
	unsigned v = 0;

	while (s->n && (*s->p == '#' || *s->p <= ' ')) {
		if (*s->p == '#')
			while (s->n && *s->p != '\n')
				s->p++, s->n--;
		else
			s->p++, s->n--;
	}
	while (s->n && *s->p >= '0' && *s->p <= '9' && v < 1000000) {
		v = 10 * v + (unsigned)(*s->p - '0');
		s->p++, s->n--;
	}
	return v;
}

static int read_ppm(struct picture *p, struct slice file)
{
	unsigned channels = file.p[1] == '6' ? 3 : 1;
	struct slice s = {file.p + 2, file.n - 2};
	unsigned w = ppm_number(&s), h = ppm_number(&s), max = ppm_number(&s);
	int rc;

	if (max != 255 || !s.n)
		return E_INVAL;
	s.p++, s.n--; /* one blank */
	if ((rc = make(p, w, h)))
		return rc;
	if (s.n < (size_t)w * h * channels)
		return E_INVAL;
	for (size_t i = 0; i < (size_t)w * h; i++)
		for (unsigned c = 0; c < 3; c++)
			p->pixels[4 * i + c] = channels == 3 ? s.p[3 * i + 2 - c] : s.p[i];
	set_alpha(p);
	return 0;
}

int picture_read(struct picture *p, struct slice file)
{
	int rc = E_INVAL;

	*p = (struct picture){0};
	if (file.n > 8 && memcmp(file.p, "\x89PNG\r\n\x1a\n", 8) == 0)
		rc = read_png(p, file);
	else if (file.n > 3 && file.p[0] == 0xff && file.p[1] == 0xd8)
		rc = read_jpeg(p, file);
	else if (file.n > 3 && file.p[0] == 'P' && (file.p[1] == '6' || file.p[1] == '5') && file.p[2] <= ' ')
		rc = read_ppm(p, file);
	if (rc)
		picture_fini(p);
	return rc;
}

int picture_format(const char *name, enum picture_format *format)
{
	static const struct {
		const char *ending;
		enum picture_format format;
	} rows[] = {{".png", PICTURE_PNG}, {".ppm", PICTURE_PPM}, {".jpg", PICTURE_JPEG}, {".jpeg", PICTURE_JPEG}};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(rows); i++) {
		if (strcasecmp(dot, rows[i].ending) == 0) {
			*format = rows[i].format;
			return 0;
		}
	}
	return E_INVAL;
}

/* The three bytes of a pixel, red the lowest. */
static uint32_t rgb_of(const uint8_t *p)
{
	return __builtin_bswap32(get_le32(p)) >> 8;
}

/* Four pixels are three words. */
static void to_rgb(const uint8_t *row, unsigned width, uint8_t *out)
{
	for (; width >= 4; width -= 4, row += 16, out += 12) {
		uint32_t a = rgb_of(row), b = rgb_of(row + 4), c = rgb_of(row + 8), d = rgb_of(row + 12);

		put_le32(out, a | b << 24);
		put_le32(out + 4, b >> 8 | c << 16);
		put_le32(out + 8, c >> 16 | d << 8);
	}
	for (; width; width--, row += 4, out += 3) {
		out[0] = row[2];
		out[1] = row[1];
		out[2] = row[0];
	}
}

static uint8_t *all_rgb(const uint8_t *pixels, unsigned width, unsigned height, size_t stride, uint8_t *out)
{
	for (unsigned y = 0; y < height; y++)
		to_rgb(pixels + y * stride, width, out + 3 * (size_t)y * width);
	return out;
}

static int write_png(const uint8_t *pixels, unsigned width, unsigned height, size_t stride, struct buf *out)
{
	png_image img = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB,
		.flags = PNG_IMAGE_FLAG_FAST};
	uint8_t *rgb = all_rgb(pixels, width, height, stride, xmalloc(3 * (size_t)width * height));
	png_alloc_size_t n = PNG_IMAGE_PNG_SIZE_MAX(img);
	int ok = png_image_write_to_memory(&img, buf_reserve(out, n), &n, 0, rgb, 0, NULL);

	free(rgb);
	png_image_free(&img);
	if (!ok)
		return E_IO;
	buf_commit(out, n);
	return 0;
}

int picture_write(enum picture_format format, const uint8_t *pixels, unsigned width, unsigned height, size_t stride,
	struct buf *out)
{
	switch (format) {
	case PICTURE_PNG:
		return write_png(pixels, width, height, stride, out);
	case PICTURE_JPEG:
		return jpeg_encode(pixels, width, height, stride, JPEG_QUALITY, out);
	default:
		buf_printf(out, "P6\n%u %u\n255\n", width, height);
		all_rgb(pixels, width, height, stride, buf_reserve(out, 3 * (size_t)width * height));
		buf_commit(out, 3 * (size_t)width * height);
		return 0;
	}
}
