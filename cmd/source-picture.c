/* Pictures for scripts: read, premultiplied, turned into masks and pointer shapes. */
#include "cmd/source-picture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/picture.h"

enum { FILE_MAX = 256 << 20, PALETTE = 16, OPAQUE = 0x80 };

void loaded_fini(struct loaded *l)
{
	pixmap_unref(l->p);
	*l = (struct loaded){0};
}

/* a * b / 255, rounded as pixman does. */
static uint32_t mul(uint32_t a, uint32_t b)
{
	uint32_t t = a * b + 128;

	return (t + (t >> 8)) >> 8;
}

static uint32_t premultiplied(const uint8_t *p)
{
	uint32_t a = p[3];

	return a << 24 | mul(p[2], a) << 16 | mul(p[1], a) << 8 | mul(p[0], a);
}

static bool any_alpha(const struct picture *p)
{
	for (size_t i = 0; i < (size_t)p->width * p->height; i++)
		if (p->pixels[4 * i + 3] != 255)
			return true;
	return false;
}

static uint32_t *row_of(const struct pixmap *p, unsigned y)
{
	return (uint32_t *)(void *)(p->data + (size_t)y * (size_t)p->stride);
}

int loaded_read(const char *file, struct loaded *out, char *why, size_t why_size)
{
	struct buf bytes = {0};
	struct picture p = {0};
	int no = file_read(file, FILE_MAX, &bytes), rc = no ? E_NOFILE : 0;

	if (no)
		snprintf(why, why_size, "%s: %s", file, strerror(no));
	else if ((rc = picture_read(&p, buf_slice(&bytes))))
		snprintf(why, why_size, "%s: %s", file,
			rc == E_LIMIT ? "too large a picture" : "no PNG, JPEG or PPM picture");
	buf_fini(&bytes);
	if (rc)
		return rc;
	out->alpha = any_alpha(&p);
	out->p = pixmap_new(
		out->alpha ? SURFACE_FMT_32_ARGB : SURFACE_FMT_32_xRGB, p.width, p.height);
	for (unsigned y = 0; y < p.height; y++)
		for (unsigned x = 0; x < p.width; x++) {
			const uint8_t *px = p.pixels + 4 * ((size_t)y * p.width + x);

			row_of(out->p, y)[x] =
				out->alpha ? premultiplied(px) : get_le32(px) & 0xffffff;
		}
	picture_fini(&p);
	return 0;
}

struct pixmap *loaded_mask(const struct loaded *l)
{
	struct pixmap *m = pixmap_new(SURFACE_FMT_1_A, l->p->width, l->p->height);

	for (unsigned y = 0; y < m->height; y++)
		for (unsigned x = 0; x < m->width; x++)
			if (row_of(l->p, y)[x] & 0xffffff)
				m->data[(size_t)y * (size_t)m->stride + x / 8] |=
					(uint8_t)(1 << x % 8);
	return m;
}

struct pixmap *loaded_alpha(const struct loaded *l)
{
	struct pixmap *m = pixmap_new(SURFACE_FMT_32_ARGB, l->p->width, l->p->height);

	for (unsigned y = 0; y < m->height; y++) {
		for (unsigned x = 0; x < m->width; x++) {
			uint32_t v = row_of(l->p, y)[x];
			uint32_t bright =
				((v >> 16 & 255) * 77 + (v >> 8 & 255) * 150 + (v & 255) * 29) >> 8;
			uint32_t a = l->alpha ? v >> 24 : bright;

			row_of(m, y)[x] = a << 24 | a << 16 | a << 8 | a;
		}
	}
	return m;
}

/* ---- pointer shapes ---- */

/* A pixel without its alpha: colours as the file had them. */
static uint32_t plain(const struct loaded *l, unsigned x, unsigned y, bool *clear)
{
	uint32_t v = row_of(l->p, y)[x], a = l->alpha ? v >> 24 : 255;

	*clear = a < OPAQUE;
	if (*clear || a == 255)
		return *clear ? 0 : v & 0xffffff;
	return ((v >> 16 & 255) * 255 / a) << 16 | ((v >> 8 & 255) * 255 / a) << 8 |
		(v & 255) * 255 / a;
}

static bool dark(uint32_t v)
{
	return (v >> 16 & 255) + (v >> 8 & 255) + (v & 255) < 384;
}

/* A plane of bits, rows of whole bytes: kind 0 is the AND mask, 1 the white pixels. */
static void put_plane(const struct loaded *l, int kind, struct buf *out)
{
	for (unsigned y = 0; y < l->p->height; y++) {
		for (unsigned x = 0; x < l->p->width; x += 8) {
			unsigned byte = 0;

			for (unsigned b = 0; b < 8 && x + b < l->p->width; b++) {
				bool clear;
				uint32_t v = plain(l, x + b, y, &clear);

				byte |= (kind == 0 ? clear : !clear && !dark(v)) ? 0x80u >> b : 0;
			}
			buf_u8(out, (uint8_t)byte);
		}
	}
}

/* The 16 colours of VGA, and those of a 3-3-2 cube for 256. */
static uint32_t palette_at(unsigned i, unsigned n)
{
	static const uint32_t vga[PALETTE] = {0x000000, 0x800000, 0x008000, 0x808000, 0x000080,
		0x800080, 0x008080, 0xc0c0c0, 0x808080, 0xff0000, 0x00ff00, 0xffff00, 0x0000ff,
		0xff00ff, 0x00ffff, 0xffffff};

	if (n == PALETTE)
		return vga[i];
	return (i >> 5) * 255 / 7 << 16 | (i >> 2 & 7) * 255 / 7 << 8 | (i & 3) * 255 / 3;
}

static unsigned nearest(uint32_t v, unsigned n)
{
	unsigned best = 0, least = ~0u;

	for (unsigned i = 0; i < n; i++) {
		uint32_t p = palette_at(i, n);
		int dr = (int)(p >> 16 & 255) - (int)(v >> 16 & 255),
		    dg = (int)(p >> 8 & 255) - (int)(v >> 8 & 255);
		int db = (int)(p & 255) - (int)(v & 255);
		unsigned d = (unsigned)(dr * dr + dg * dg + db * db);

		if (d < least) {
			least = d;
			best = i;
		}
	}
	return best;
}

static void put_pixel(enum wire_cursor_type type, uint32_t v, struct buf *out)
{
	switch (type) {
	case CURSOR_TYPE_COLOR8:
		buf_u8(out, (uint8_t)nearest(v, 256));
		break;
	case CURSOR_TYPE_COLOR16:
		buf_le16(out,
			(uint16_t)((v >> 19 & 31) << 10 | (v >> 11 & 31) << 5 | (v >> 3 & 31)));
		break;
	case CURSOR_TYPE_COLOR24:
		buf_le16(out, (uint16_t)v);
		buf_u8(out, (uint8_t)(v >> 16));
		break;
	default:
		buf_le32(out, v);
	}
}

static void put_colours(const struct loaded *l, enum wire_cursor_type type, struct buf *out)
{
	unsigned n = type == CURSOR_TYPE_COLOR4 ? PALETTE : type == CURSOR_TYPE_COLOR8 ? 256 : 0;
	bool clear;

	for (unsigned y = 0; y < l->p->height; y++) {
		for (unsigned x = 0; x < l->p->width; x += type == CURSOR_TYPE_COLOR4 ? 2 : 1) {
			uint32_t v = plain(l, x, y, &clear), w = 0;

			if (type != CURSOR_TYPE_COLOR4) {
				put_pixel(type, v, out);
				continue;
			}
			if (x + 1 < l->p->width)
				w = plain(l, x + 1, y, &clear);
			buf_u8(out, (uint8_t)(nearest(v, PALETTE) << 4 | nearest(w, PALETTE)));
		}
	}
	for (unsigned i = 0; i < n; i++)
		buf_le32(out, palette_at(i, n));
}

struct loaded loaded_widened(const struct loaded *l)
{
	struct loaded w = {
		pixmap_new(SURFACE_FMT_32_ARGB, (l->p->width + 7) / 8 * 8, l->p->height), true};

	for (unsigned y = 0; y < l->p->height; y++)
		for (unsigned x = 0; x < l->p->width; x++)
			row_of(w.p, y)[x] = row_of(l->p, y)[x] | (l->alpha ? 0 : 0xff000000u);
	return w;
}

void loaded_cursor(const struct loaded *l, enum wire_cursor_type type, struct buf *out)
{
	if (type == CURSOR_TYPE_ALPHA) {
		for (unsigned y = 0; y < l->p->height; y++)
			for (unsigned x = 0; x < l->p->width; x++)
				buf_le32(out, row_of(l->p, y)[x] | (l->alpha ? 0 : 0xff000000u));
		return;
	}
	if (type != CURSOR_TYPE_MONO)
		put_colours(l, type, out);
	put_plane(l, 0, out);
	if (type == CURSOR_TYPE_MONO)
		put_plane(l, 1, out);
}
