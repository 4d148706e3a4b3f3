/* Encoding pictures for one client. images.md 3, 7 and 11: what real clients accept. */
#include "server/encode.h"

#include "codec/lz4.h"


/* Pictures under this many bytes go raw: headers would eat what is saved. */
enum { SMALL = 256 };

/* The BITMAP format of a surface format, and whether LZ4 images have it too. 565 has none. */
static const struct form {
	uint32_t surface;
	uint8_t bitmap;
	bool lz4;
} forms[] = {
	{SURFACE_FMT_32_xRGB, BITMAP_FMT_32BIT, true},
	{SURFACE_FMT_32_ARGB, BITMAP_FMT_RGBA, true},
	{SURFACE_FMT_16_555, BITMAP_FMT_16BIT, true},
	{SURFACE_FMT_8_A, BITMAP_FMT_8BIT_A, false},
	{SURFACE_FMT_1_A, BITMAP_FMT_1BIT_LE, false},
};

static const struct form *form_of(uint32_t surface)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].surface == surface)
			return &forms[i];
	return NULL;
}

static void encode_raw(struct pixmap *p, uint8_t format, struct image *img)
{
	img->d.type = IMAGE_TYPE_BITMAP;
	img->bitmap = (struct bitmap_data){.format = format, .flags = BITMAP_FLAGS_TOP_DOWN, .x = p->width,
		.y = p->height, .stride = (uint32_t)p->stride,
		.data = slice_of(p->data, (size_t)p->stride * p->height)};
}

/* False when it does not get smaller. */
static bool encode_lz4(struct pixmap *p, uint8_t format, struct arena *a, struct image *img)
{
	size_t row = pixmap_bits(p->format) / 8 * (size_t)p->width, raw = row * p->height, n;
	uint8_t *out = arena_alloc(a, raw);

	if (lz4_image_encode(format, p->data, p->height, row, (size_t)p->stride, out, raw, &n))
		return false;
	img->d.type = IMAGE_TYPE_LZ4;
	img->coded = (struct binary_data){.data_size = (uint32_t)n, .data = slice_of(out, n)};
	return true;
}

static bool wants_lz4(const struct encode_rules *r)
{
	return r->lz4 && !r->raw &&
	       (r->compress == IMAGE_COMPRESSION_INVALID || r->compress == IMAGE_COMPRESSION_LZ4);
}

static void encode_image(const struct encode_rules *r, struct pixmap *p, uint64_t id, struct arena *a,
	struct image *img)
{
	const struct form *f = form_of(p->format);

	*img = (struct image){.d = {.id = id, .width = p->width, .height = p->height}};
	if (!f->lz4 || !wants_lz4(r) || (size_t)p->stride * p->height < SMALL ||
		!encode_lz4(p, f->bitmap, a, img))
		encode_raw(p, f->bitmap, img);
}

struct replacing {
	const struct encode_rules *r;
	const struct draw_item *item;
	struct arena *a;
	unsigned next;
};

static void replace(void *user, void **target)
{
	struct replacing *s = user;
	const struct image *old = *target;
	struct image *img;
	struct pixmap *p;

	if (old->d.type == IMAGE_TYPE_SURFACE)
		return;
	p = s->item->pictures[s->next++];
	img = arena_alloc(s->a, sizeof(*img));
	encode_image(s->r, p, old->d.id, s->a, img);
	*target = img;
}

void *encode_item(const struct encode_rules *r, const struct draw_item *item, struct arena *a)
{
	const struct wire_desc *d = wire_msg_find(WIRE_DISPLAY, WIRE_S, item->number)->desc();
	struct replacing s = {r, item, a, 0};
	void *body = wire_copy(d, item->body, 0, a);

	wire_visit(d, body, wire_desc_image(), replace, &s);
	return body;
}

/* The rectangle as a pixmap of its own, in a format that BITMAP has: 32 bits hold 565 exactly. */
static struct pixmap *cut(struct pixmap *s, const struct rect *r)
{
	unsigned w = (unsigned)(r->right - r->left), h = (unsigned)(r->bottom - r->top);
	uint32_t format = s->format == SURFACE_FMT_16_565 ? SURFACE_FMT_32_xRGB : s->format;
	struct pixmap *p = pixmap_new(format, w, h);

	pixman_image_composite32(PIXMAN_OP_SRC, s->image, NULL, p->image, r->left, r->top, 0, 0, 0, 0, (int)w,
		(int)h);
	return p;
}

void encode_region(const struct encode_rules *r, struct canvas *c, uint32_t surface, const struct rect *rect,
	struct arena *a, struct draw_copy *out, struct pixmap **pixels)
{
	struct image *img = arena_alloc(a, sizeof(*img));
	int w = rect->right - rect->left, h = rect->bottom - rect->top;

	*pixels = cut(canvas_surface(c, surface), rect);
	encode_image(r, *pixels, 0, a, img);
	*out = (struct draw_copy){
		.base = {.surface_id = surface, .box = *rect},
		.src = img,
		.src_area = {.right = w, .bottom = h},
		.rop = ROPD_OP_PUT,
		.scale_mode = SCALE_MODE_NEAREST,
	};
}
