/* Encoding pictures for one client. images.md 3 to 7 for the forms, 11 for what real clients accept of them. Rows are
 * top down always: spice-html5 reads no other. */
#include "server/encode.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/jpeg.h"
#include "codec/lz4.h"
#include "codec/quic.h"
#include "server/choose.h"

enum {
	SMALL = 54,          /* bytes of pixels: headers would eat what is saved */
	SMALL_SIDE = 3,      /* real clients refuse smaller QUIC pictures */
	SMALL_JPEG = 64 * 64, /* pixels */
	JPEG_QUALITY = 85,
	SMALL_ZLIB = 100,
};

/* What each surface format is called by the codecs; 565 is none of theirs. */
static const struct form {
	uint32_t surface;
	uint8_t bitmap;
	uint8_t quic, lz; /* 0: not by this one */
	bool lz4, glz;
} forms[] = {
	{SURFACE_FMT_32_xRGB, BITMAP_FMT_32BIT, QUIC_RGB32, LZ_RGB32, true, true},
	{SURFACE_FMT_32_ARGB, BITMAP_FMT_RGBA, QUIC_RGBA, LZ_RGBA, true, true},
	{SURFACE_FMT_16_555, BITMAP_FMT_16BIT, QUIC_RGB16, LZ_RGB16, true, true},
	{SURFACE_FMT_8_A, BITMAP_FMT_8BIT_A, 0, LZ_A8, false, false},
	{SURFACE_FMT_1_A, BITMAP_FMT_1BIT_LE, 0, 0, false, false},
};

static const struct form *form_of(const struct coding *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].surface == c->p->format)
			return &forms[i];
	abort(); /* the canvas converts 565 before it comes here */
}

static size_t row_bytes(const struct coding *c)
{
	return ((size_t)c->w * pixmap_bits(c->p->format) + 7) / 8;
}

static const uint8_t *pixels(const struct coding *c)
{
	return c->p->data + (size_t)c->y * (size_t)c->p->stride + (size_t)c->x * pixmap_bits(c->p->format) / 8;
}

/* ---- the choice ---- */

static uint8_t automatic(const struct coding *c, const struct encode_rules *r)
{
	const struct form *f = form_of(c);

	if (f->quic && choose_smooth(c->p, c->x, c->y, c->w, c->h))
		return IMAGE_COMPRESSION_QUIC;
	return r->glz && !r->many ? IMAGE_COMPRESSION_GLZ : IMAGE_COMPRESSION_LZ;
}

static uint8_t wanted(const struct coding *c, const struct encode_rules *r)
{
	switch (r->compress) {
	case IMAGE_COMPRESSION_INVALID:
		return r->raw ? IMAGE_COMPRESSION_OFF : automatic(c, r);
	case IMAGE_COMPRESSION_AUTO_GLZ:
		return automatic(c, r);
	case IMAGE_COMPRESSION_AUTO_LZ:
		return automatic(c, r) == IMAGE_COMPRESSION_QUIC ? IMAGE_COMPRESSION_QUIC : IMAGE_COMPRESSION_LZ;
	default:
		return r->compress;
	}
}

/* The image type for a compression, as far as this picture and this client go along. */
static uint8_t type_for(const struct coding *c, const struct encode_rules *r, uint8_t compression)
{
	const struct form *f = form_of(c);
	bool alpha = c->p->format == SURFACE_FMT_32_ARGB;

	if (compression == IMAGE_COMPRESSION_OFF || row_bytes(c) * c->h < SMALL ||
		(r->plain && pixmap_bits(c->p->format) != 32))
		return IMAGE_TYPE_BITMAP;
	if (compression == IMAGE_COMPRESSION_QUIC && f->quic && !(r->plain && alpha))
		return c->w >= SMALL_SIDE && c->h >= SMALL_SIDE ? IMAGE_TYPE_QUIC : IMAGE_TYPE_BITMAP;
	if (compression == IMAGE_COMPRESSION_LZ4 && r->lz4 && f->lz4)
		return IMAGE_TYPE_LZ4;
	if (compression == IMAGE_COMPRESSION_GLZ && r->glz && f->glz && (uint64_t)c->w * c->h < r->glz_pixels)
		return IMAGE_TYPE_GLZ_RGB;
	return f->lz ? IMAGE_TYPE_LZ_RGB : IMAGE_TYPE_BITMAP;
}

static struct coding *find(struct list *shared, const struct coding *like)
{
	struct coding *c;

	list_each(c, shared, link)
		if (c->p == like->p && c->x == like->x && c->y == like->y && c->w == like->w && c->h == like->h &&
			c->wish == like->wish)
			return c;
	return NULL;
}

struct coding *encode_choose(const struct encode_rules *r, struct pixmap *p, unsigned x, unsigned y, unsigned w,
	unsigned h, bool lossy, struct list *shared, bool *fresh)
{
	struct coding like = {.p = p, .x = x, .y = y, .w = w, .h = h}, *c;

	like.wish = type_for(&like, r, wanted(&like, r));
	if (like.wish == IMAGE_TYPE_QUIC && lossy && r->jpeg && pixmap_bits(p->format) == 32 && w * h >= SMALL_JPEG)
		like.wish = p->format == SURFACE_FMT_32_ARGB ? IMAGE_TYPE_JPEG_ALPHA : IMAGE_TYPE_JPEG;
	if (like.wish == IMAGE_TYPE_GLZ_RGB) {
		like.glz = r->glz;
		like.zlib = r->zlib;
	}
	c = shared && !like.glz ? find(shared, &like) : NULL;
	*fresh = !c;
	if (!c) {
		c = new(struct coding);
		*c = like;
		c->type = c->wish;
		list_init(&c->link);
		list_init(&c->waiting);
		pixmap_ref(p);
		if (shared && !c->glz) {
			list_append(shared, &c->link);
			c->refs++;
		}
	}
	c->refs++;
	return c;
}

void encode_ref(struct coding *c)
{
	c->refs++;
}

void encode_unref(struct coding *c)
{
	if (!c || --c->refs)
		return;
	list_remove(&c->link);
	pixmap_unref(c->p);
	buf_fini(&c->out);
	free(c);
}

void encode_drop(struct list *shared)
{
	struct coding *c;

	list_each(c, shared, link) {
		list_remove(&c->link);
		encode_unref(c);
	}
}

/* ---- the work ---- */

/* Rows one behind the other: the picture itself where it is so, else a copy in `tmp`. */
static const uint8_t *tight(const struct coding *c, struct buf *tmp)
{
	size_t row = row_bytes(c);

	if (row == (size_t)c->p->stride)
		return pixels(c);
	for (unsigned i = 0; i < c->h; i++)
		buf_put(tmp, pixels(c) + (size_t)i * (size_t)c->p->stride, row);
	return buf_data(tmp);
}

static int run_quic(struct coding *c)
{
	size_t cap = row_bytes(c) * c->h, n;
	void *scratch = xmalloc(quic_scratch_size(c->w));
	int rc = quic_encode((enum quic_type)form_of(c)->quic, c->w, c->h, pixels(c), c->p->stride,
		buf_reserve(&c->out, cap), cap, &n, scratch);

	free(scratch);
	if (!rc)
		buf_commit(&c->out, n);
	return rc;
}

static int lz_stream(const struct coding *c, enum lz_type type, const uint8_t *src, size_t cap, struct buf *out)
{
	struct lz_info info = {.type = type, .width = c->w, .height = c->h, .top_down = true};
	void *scratch = xmalloc(LZ_SCRATCH);
	size_t n;
	int rc = lz_encode(&info, src, buf_reserve(out, cap), cap, &n, scratch);

	free(scratch);
	if (!rc)
		buf_commit(out, n);
	return rc;
}

static int run_lz(struct coding *c)
{
	struct buf tmp = {0};
	int rc = lz_stream(c, (enum lz_type)form_of(c)->lz, tight(c, &tmp), row_bytes(c) * c->h, &c->out);

	buf_fini(&tmp);
	return rc;
}

static int run_lz4(struct coding *c)
{
	size_t cap = row_bytes(c) * c->h, n;
	int rc = lz4_image_encode(form_of(c)->bitmap, pixels(c), c->h, row_bytes(c), (size_t)c->p->stride,
		buf_reserve(&c->out, cap), cap, &n);

	if (!rc)
		buf_commit(&c->out, n);
	return rc;
}

/* Once the picture has its place in the dictionary it is sent, however large. */
static int run_glz(struct coding *c)
{
	enum lz_type type = (enum lz_type)form_of(c)->lz;
	size_t cap = glz_bound(type, c->w, c->h), n, small;
	struct buf plain = {0};

	if (glz_encode(c->glz, type, c->w, c->h, pixels(c), c->p->stride, true, buf_reserve(&plain, cap), cap, &n))
		abort(); /* type_for has seen that it fits */
	buf_commit(&plain, n);
	if (c->zlib && n >= SMALL_ZLIB && glz_deflate(buf_slice(&plain), buf_reserve(&c->out, n), n, &small) == 0) {
		c->type = IMAGE_TYPE_ZLIB_GLZ_RGB;
		c->extra = (uint32_t)n;
		buf_commit(&c->out, small);
		buf_fini(&plain);
	} else {
		buf_fini(&c->out);
		c->out = plain;
	}
	return 0;
}

static int run_jpeg(struct coding *c)
{
	return jpeg_encode(pixels(c), c->w, c->h, (size_t)c->p->stride, JPEG_QUALITY, &c->out);
}

static int run_jpeg_alpha(struct coding *c)
{
	struct buf tmp = {0};
	int rc = run_jpeg(c);

	c->extra = (uint32_t)buf_len(&c->out);
	if (!rc)
		rc = lz_stream(c, LZ_ALPHA, tight(c, &tmp), lz_bound(LZ_ALPHA, c->w, c->h), &c->out);
	buf_fini(&tmp);
	return rc;
}

static const struct coder {
	uint8_t type;
	/* 0 with the stream in c->out; an error, as where it would not be smaller than the pixels, sends those */
	int (*run)(struct coding *c);
} coders[] = {
	{IMAGE_TYPE_QUIC, run_quic},
	{IMAGE_TYPE_LZ_RGB, run_lz},
	{IMAGE_TYPE_LZ4, run_lz4},
	{IMAGE_TYPE_GLZ_RGB, run_glz},
	{IMAGE_TYPE_JPEG, run_jpeg},
	{IMAGE_TYPE_JPEG_ALPHA, run_jpeg_alpha},
};

void encode_run(struct coding *c)
{
	const struct coder *t = coders, *end = coders + ARRAY_SIZE(coders);
	int rc = 0;

	while (t < end && t->type != c->type)
		t++;
	if (t < end)
		rc = t->run(c);
	if (rc) {
		c->type = IMAGE_TYPE_BITMAP;
		buf_fini(&c->out);
	}
	/* a part of wider rows is copied out, for a client may want its stride to be its width */
	if (c->type == IMAGE_TYPE_BITMAP && c->w != c->p->width)
		tight(c, &c->out);
}

void encode_image(const struct coding *c, struct image *img)
{
	struct slice out = buf_slice(&c->out);

	img->d.type = c->type;
	img->d.width = c->w;
	img->d.height = c->h;
	switch (c->type) {
	case IMAGE_TYPE_BITMAP:
		img->bitmap = (struct bitmap_data){.format = form_of(c)->bitmap, .flags = BITMAP_FLAGS_TOP_DOWN,
			.x = c->w, .y = c->h, .stride = out.n ? (uint32_t)row_bytes(c) : (uint32_t)c->p->stride,
			.data = out.n ? out : slice_of(pixels(c), (size_t)c->p->stride * c->h)};
		break;
	case IMAGE_TYPE_JPEG_ALPHA:
		img->jpeg_alpha = (struct jpeg_alpha_data){.flags = JPEG_ALPHA_FLAGS_TOP_DOWN, .jpeg_size = c->extra,
			.data_size = (uint32_t)out.n, .data = out};
		break;
	case IMAGE_TYPE_ZLIB_GLZ_RGB:
		img->zlib_glz = (struct zlib_glz_data){.glz_data_size = c->extra, .data_size = (uint32_t)out.n,
			.data = out};
		break;
	default:
		img->coded = (struct binary_data){.data_size = (uint32_t)out.n, .data = out};
	}
}
