/* Decoding images. A type is a row of a table; what every one gives is a pixmap, rows top down, in its own format. */
#include "client/image.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "codec/glz.h"
#include "codec/jpeg.h"
#include "codec/lz.h"
#include "codec/lz4.h"
#include "codec/quic.h"
#include "draw/bitmap.h"

/* ---- the image cache ---- */

struct cached {
	struct pixmap *p;
	unsigned refs;
	bool lossy;
};

struct image_cache {
	struct map images; /* by id: struct cached * */
	size_t bytes;
};

struct image_cache *image_cache_new(void)
{
	return new(struct image_cache);
}

static size_t weight(const struct pixmap *p)
{
	return sizeof(*p) + (size_t)p->stride * p->height;
}

/* An id stored again is replaced, and needs one removal more; unless the message said that it replaces a lossy picture:
 * the server counts that one as the same. */
static int store(struct image_cache *c, uint64_t id, struct pixmap *p, bool lossy, bool replaces)
{
	struct cached *s = map_get(&c->images, id);

	if (c->bytes + weight(p) > LIM_IMAGE_CACHE + (s ? weight(s->p) : 0)) {
		log_warn("the server stores more in the image cache than we announced");
		return E_LIMIT;
	}
	if (s) {
		c->bytes -= weight(s->p);
		pixmap_unref(s->p);
	} else {
		s = new(struct cached);
		map_put(&c->images, id, s);
	}
	s->p = pixmap_ref(p);
	s->lossy = lossy;
	if (!replaces || !s->refs)
		s->refs++;
	c->bytes += weight(p);
	return 0;
}

static void drop_cached(void *cached)
{
	pixmap_unref(((struct cached *)cached)->p);
	free(cached);
}

void image_cache_remove(struct image_cache *c, uint64_t id)
{
	struct cached *s = map_get(&c->images, id);

	if (!s || --s->refs)
		return;
	c->bytes -= weight(s->p);
	map_remove(&c->images, id);
	drop_cached(s);
}

void image_cache_clear(struct image_cache *c)
{
	map_clear(&c->images, drop_cached);
	c->bytes = 0;
}

void image_cache_free(struct image_cache *c)
{
	if (c)
		image_cache_clear(c);
	free(c);
}

/* ---- the palette cache ---- */

void palette_cache_clear(struct palette_cache *p)
{
	free(p->entries);
	p->entries = NULL;
}

static struct palette_entry *palette_find(struct palette_cache *p, uint64_t id)
{
	for (unsigned i = 0; p->entries && i < PALETTE_SLOTS; i++)
		if (p->entries[i].id == id)
			return &p->entries[i];
	return NULL;
}

void palette_cache_remove(struct palette_cache *p, uint64_t id)
{
	struct palette_entry *e = id ? palette_find(p, id) : NULL;

	if (e)
		e->id = 0;
}

static int palette_store(struct palette_cache *p, const struct palette *pal)
{
	struct palette_entry *e;

	if (!p->entries)
		p->entries = xcalloc(PALETTE_SLOTS, sizeof(*p->entries));
	e = palette_find(p, pal->unique);
	if (!e)
		e = palette_find(p, 0);
	if (!e)
		return E_LIMIT;
	e->id = pal->unique;
	e->n = pal->num_ents;
	if (pal->num_ents)
		memcpy(e->ents, pal->ents, pal->num_ents * sizeof(*pal->ents));
	return 0;
}

static int get_colours(struct palette_cache *cache, uint8_t flags, uint64_t id, const struct palette *pal,
	struct colours *out)
{
	struct palette_entry *e;

	if (flags & BITMAP_FLAGS_PAL_FROM_CACHE) {
		e = id ? palette_find(cache, id) : NULL;
		if (!e)
			return E_INVAL;
		*out = (struct colours){e->ents, e->n};
		return 0;
	}
	if (!pal || pal->num_ents > 256)
		return E_INVAL;
	*out = (struct colours){pal->ents, pal->num_ents};
	if (flags & BITMAP_FLAGS_PAL_CACHE_ME && pal->unique)
		return palette_store(cache, pal);
	return 0;
}

/* ---- types of images ---- */

/* An image, and what it is wanted for. */
struct want {
	const struct image *img;
	bool mask;
	uint32_t target;
};

/* Rows as they are stored, `row` bytes apart, into the pixels of a bitmap format; or away with those. */
static int fill(struct pixmap *p, uint8_t format, const uint8_t *rows, size_t row, bool top_down,
	const struct colours *colours, struct pixmap **out)
{
	int rc = p ? 0 : E_INVAL;

	for (uint32_t y = 0; !rc && y < p->height; y++)
		rc = bitmap_row(format, rows + row * (top_down ? y : p->height - 1 - y), colours, p, y);
	if (rc)
		pixmap_unref(p);
	else
		*out = p;
	return rc;
}

static int decode_bitmap(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	const struct bitmap_data *b = &w->img->bitmap;
	const struct bitmap_form *f = bitmap_form(b->format);
	struct colours colours = {0};
	int rc;

	if (!f || !lim_image_fits(b->x, b->y) || b->stride < bitmap_row_bytes(f, b->x))
		return E_INVAL;
	if (!w->mask && f->indexed &&
		(rc = get_colours(&d->palettes, b->flags, b->palette_id, b->palette, &colours)))
		return rc;
	return fill(bitmap_pixmap(b->format, w->mask, w->target, b->x, b->y), b->format, b->data.p, b->stride,
		b->flags & BITMAP_FLAGS_TOP_DOWN, &colours, out);
}

/* A byte of LZ4 stands for at most 255, one of zlib for 1032: a small file that claims a large picture lies, and
 * nothing is allocated. */
enum { LZ4_RATIO = 255, ZLIB_RATIO = 1032 };

static int decode_lz4(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	uint32_t width = w->img->d.width, height = w->img->d.height;
	struct lz4_image lz4;
	size_t row;
	int rc;

	if ((rc = lz4_image_header(w->img->coded.data, &lz4)))
		return rc;
	row = bitmap_row_bytes(bitmap_form(lz4.format), width);
	if (row * height / LZ4_RATIO > lz4.blocks.n)
		return E_INVAL;
	buf_clear(&d->scratch);
	if ((rc = lz4_image_decode(&lz4, buf_reserve(&d->scratch, row * height), row * height)))
		return rc;
	return fill(bitmap_pixmap(lz4.format, false, w->target, width, height), lz4.format, d->scratch.mem, row,
		lz4.top_down, NULL, out);
}

static int decode_jpeg(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	struct slice file = w->img->coded.data;
	unsigned width, height;
	struct pixmap *p;
	int rc = jpeg_header(file, &width, &height);

	(void)d;
	if (rc || width != w->img->d.width || height != w->img->d.height)
		return rc ? rc : E_INVAL;
	p = pixmap_raw(SURFACE_FMT_32_xRGB, width, height);
	rc = jpeg_decode(file, width, height, p->data, (size_t)p->stride);
	if (rc)
		pixmap_unref(p);
	else
		*out = p;
	return rc;
}

static int decode_quic(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	struct slice file = w->img->coded.data;
	struct quic_info info;
	struct pixmap *p;
	void *scratch;
	int rc = quic_header(file, &info);

	if (rc || info.width != w->img->d.width || info.height != w->img->d.height || info.type == QUIC_GRAY)
		return E_INVAL;
	buf_clear(&d->scratch);
	scratch = buf_reserve(&d->scratch, quic_scratch_size(info.width));
	p = pixmap_raw(info.type == QUIC_RGBA ? SURFACE_FMT_32_ARGB
		: info.type == QUIC_RGB16 ? SURFACE_FMT_16_555 : SURFACE_FMT_32_xRGB, info.width, info.height);
	rc = quic_decode(file, &info, info.type == QUIC_RGB24, p->data, p->stride, scratch);
	if (rc)
		pixmap_unref(p);
	else
		*out = p;
	return rc;
}

/* The bitmap format that an LZ type decodes to; 0 for what is no picture by itself. */
static const uint8_t lz_forms[] = {
	[LZ_PLT1_LE] = BITMAP_FMT_1BIT_LE, [LZ_PLT1_BE] = BITMAP_FMT_1BIT_BE, [LZ_PLT4_LE] = BITMAP_FMT_4BIT_LE,
	[LZ_PLT4_BE] = BITMAP_FMT_4BIT_BE, [LZ_PLT8] = BITMAP_FMT_8BIT, [LZ_RGB16] = BITMAP_FMT_16BIT,
	[LZ_RGB24] = BITMAP_FMT_32BIT, [LZ_RGB32] = BITMAP_FMT_32BIT, [LZ_RGBA] = BITMAP_FMT_RGBA,
	[LZ_ALPHA] = BITMAP_FMT_INVALID, [LZ_A8] = BITMAP_FMT_8BIT_A,
};

/* An LZ stream into the scratch buffer: tight rows of *row bytes. */
static int lz_rows(struct image_decoder *d, const struct image *img, struct slice data, struct lz_info *info,
	size_t *row)
{
	if (lz_header(data, info) || info->width != img->d.width || info->height != img->d.height)
		return E_INVAL;
	*row = info->type == LZ_RGB24 ? 4 * (size_t)info->width : info->stride;
	buf_clear(&d->scratch);
	return lz_decode(data, info, true, buf_reserve(&d->scratch, *row * info->height));
}

/* With colours it must be of indexes, without it must not. */
static int lz_picture(struct image_decoder *d, const struct want *w, struct slice data, const struct colours *colours,
	struct pixmap **out)
{
	const struct bitmap_form *f;
	struct lz_info info;
	uint8_t format;
	size_t row;

	if (lz_rows(d, w->img, data, &info, &row))
		return E_INVAL;
	format = lz_forms[info.type];
	f = bitmap_form(format);
	if (!f || f->indexed != (colours != NULL))
		return E_INVAL;
	return fill(bitmap_pixmap(format, false, w->target, info.width, info.height), format, d->scratch.mem, row,
		info.top_down, colours, out);
}

static int decode_lz(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	return lz_picture(d, w, w->img->coded.data, NULL, out);
}

static int decode_lz_plt(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	const struct lz_plt_data *plt = &w->img->lz_plt;
	struct colours colours;
	int rc = get_colours(&d->palettes, plt->flags, plt->palette_id, plt->palette, &colours);

	return rc ? rc : lz_picture(d, w, plt->data, &colours, out);
}

/* A GLZ stream into the session's window, and out of it. One that refers to a picture which another channel has yet to
 * bring waits; without another channel it never comes. */
static int glz_picture(struct image_decoder *d, const struct image *img, struct slice data, struct pixmap **out)
{
	struct glz_info info;
	const uint32_t *words;
	struct pixmap *p;
	uint64_t missing;
	int rc;

	if (glz_header(data, &info) || info.width != img->d.width || info.height != img->d.height)
		return E_INVAL;
	rc = glz_decode(d->glz, data, &info, &words, &missing);
	if (rc == E_AGAIN && !(d->others && d->others(d->owner)))
		return E_INVAL;
	if (rc)
		return rc;
	p = pixmap_raw(info.type == LZ_RGBA ? SURFACE_FMT_32_ARGB : SURFACE_FMT_32_xRGB, info.width, info.height);
	glz_pixels(&info, words, p->data, p->stride);
	*out = p;
	return 0;
}

static int decode_glz(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	return glz_picture(d, w->img, w->img->coded.data, out);
}

static int decode_zlib_glz(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	const struct image *img = w->img;
	size_t n = img->zlib_glz.glz_data_size;

	if (n > glz_bound(LZ_RGBA, img->d.width, img->d.height) || n / ZLIB_RATIO > img->zlib_glz.data.n)
		return E_INVAL;
	buf_clear(&d->inflated);
	if (glz_inflate(img->zlib_glz.data, buf_reserve(&d->inflated, n), n))
		return E_INVAL;
	return glz_picture(d, img, slice_of(d->inflated.mem, n), out);
}

/* Colours from the JPEG, which is top down, alpha from an LZ stream of its own orientation. */
static int decode_jpeg_alpha(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	const struct jpeg_alpha_data *ja = &w->img->jpeg_alpha;
	struct lz_info info;
	struct pixmap *p;
	size_t row;

	if (ja->jpeg_size > ja->data.n ||
		lz_rows(d, w->img, slice_of(ja->data.p + ja->jpeg_size, ja->data.n - ja->jpeg_size), &info, &row) ||
		info.type != LZ_ALPHA || info.top_down != (ja->flags & JPEG_ALPHA_FLAGS_TOP_DOWN))
		return E_INVAL;
	p = pixmap_raw(SURFACE_FMT_32_ARGB, info.width, info.height);
	if (jpeg_decode(slice_of(ja->data.p, ja->jpeg_size), p->width, p->height, p->data, (size_t)p->stride)) {
		pixmap_unref(p);
		return E_INVAL;
	}
	for (uint32_t y = 0; y < info.height; y++) {
		const uint8_t *from = d->scratch.mem + row * (info.top_down ? y : info.height - 1 - y);
		uint8_t *to = p->data + (size_t)y * (size_t)p->stride;

		for (uint32_t x = 0; x < info.width; x++)
			to[4 * (size_t)x + 3] = from[4 * (size_t)x + 3];
	}
	*out = p;
	return 0;
}

static const struct decoder {
	uint8_t type;
	bool lossy;
	int (*decode)(struct image_decoder *d, const struct want *w, struct pixmap **out);
} decoders[] = {
	{IMAGE_TYPE_BITMAP, false, decode_bitmap},
	{IMAGE_TYPE_QUIC, false, decode_quic},
	{IMAGE_TYPE_LZ_PLT, false, decode_lz_plt},
	{IMAGE_TYPE_LZ_RGB, false, decode_lz},
	{IMAGE_TYPE_GLZ_RGB, false, decode_glz},
	{IMAGE_TYPE_ZLIB_GLZ_RGB, false, decode_zlib_glz},
	{IMAGE_TYPE_JPEG, true, decode_jpeg},
	{IMAGE_TYPE_JPEG_ALPHA, true, decode_jpeg_alpha},
	{IMAGE_TYPE_LZ4, false, decode_lz4},
};

/* ---- the whole ---- */

static int from_cache(struct image_decoder *d, const struct image *img, struct pixmap **out)
{
	struct cached *s = map_get(&d->images->images, img->d.id);

	if (!s || (img->d.type == IMAGE_TYPE_FROM_CACHE_LOSSLESS && s->lossy))
		return d->others && d->others(d->owner) ? E_AGAIN : E_INVAL;
	*out = pixmap_ref(s->p);
	return 0;
}

static int decode_new(struct image_decoder *d, const struct want *w, const struct decoder *t, struct pixmap **out)
{
	const struct image *img = w->img;
	struct pixmap *p;
	int rc;

	if (t->type != IMAGE_TYPE_BITMAP && (w->mask || !lim_image_fits(img->d.width, img->d.height)))
		return E_INVAL;
	if ((rc = t->decode(d, w, &p)))
		return rc;
	if (img->d.flags & IMAGE_FLAGS_HIGH_BITS_SET && p->format == SURFACE_FMT_32_xRGB)
		pixmap_high_bits(p);
	if (img->d.flags & IMAGE_FLAGS_CACHE_REPLACE_ME && t->lossy)
		rc = E_INVAL;
	else if (img->d.flags & (IMAGE_FLAGS_CACHE_ME | IMAGE_FLAGS_CACHE_REPLACE_ME))
		rc = store(d->images, img->d.id, p, t->lossy, !(img->d.flags & IMAGE_FLAGS_CACHE_ME));
	if (rc)
		pixmap_unref(p);
	else
		*out = p;
	return rc;
}

static int decode_one(struct image_decoder *d, const struct want *w, struct pixmap **out)
{
	uint8_t type = w->img->d.type;

	if (type == IMAGE_TYPE_FROM_CACHE || type == IMAGE_TYPE_FROM_CACHE_LOSSLESS)
		return from_cache(d, w->img, out);
	for (size_t i = 0; i < ARRAY_SIZE(decoders); i++)
		if (decoders[i].type == type)
			return decode_new(d, w, &decoders[i], out);
	return E_UNSUP;
}

int image_decode(void *decoder, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	struct image_decoder *d = decoder;
	const char *name = wire_enum_word("image_type", img->d.type);
	int rc;

	if (d->at < d->n_done) {
		*out = pixmap_ref(d->done[d->at++]);
		return 0;
	}
	rc = decode_one(d, &(struct want){img, mask, target}, out);
	if (rc && rc != E_AGAIN)
		log_error("an image of type %s: %s", name ? name : "unknown", err_str(rc));
	if (!rc && d->n_done < ARRAY_SIZE(d->done)) {
		d->done[d->n_done++] = pixmap_ref(*out);
		d->at = d->n_done;
	}
	return rc;
}

void image_decoder_done(struct image_decoder *d, bool again)
{
	d->at = 0;
	for (; !again && d->n_done; d->n_done--)
		pixmap_unref(d->done[d->n_done - 1]);
}

void image_decoder_fini(struct image_decoder *d)
{
	image_decoder_done(d, false);
	palette_cache_clear(&d->palettes);
	buf_fini(&d->scratch);
	buf_fini(&d->inflated);
}
