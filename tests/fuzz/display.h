/* What a server may say on the display and cursor channels, made from a random number: the generator of messages with
 * what it leaves to chance bent towards what is valid. Surfaces, streams, palettes and cached pictures have few ids, so
 * that messages meet; rectangles lie on their surface or near it; pictures are coded by our encoders, GLZ with
 * references to earlier ones; one thing in some dozens is left as wild as it was generated. */
#ifndef FUZZ_DISPLAY_H
#define FUZZ_DISPLAY_H

#include <stdlib.h>

#include "base/mem.h"
#include "codec/jpeg.h"
#include "codec/vp8.h"
#include "draw/bitmap.h"
#include "server/encode.h"

enum { SAY_SIDE = 40, SAY_PICTURE = 20, SAY_SURFACES = 5, SAY_IDS = 6, SAY_STREAMS = 3, SAY_WILD = 40,
	SAY_GLZ_PIXELS = 4096 };

/* A step of a script: u8 what is said, by one of the tables below, u8 how, u16 ms that pass, u32 random number. Behind
 * it the mutations: u16 where, u8 bits that flip. */
enum { SAY_STEP = 8, SAY_MUTATION = 3 };
enum {
	SAY_HOW_END = 3,     /* to a display, or (2) the cursor */
	SAY_HOW_CUT = 4,     /* in two pieces */
	SAY_HOW_TICK = 8,
	SAY_HOW_LOST = 16,   /* made, but not sent */
	SAY_HOW_MUTATE = 32, /* and above: how often */
};

static const uint16_t say_display[] = {S_DISPLAY_MODE, S_DISPLAY_MARK, S_DISPLAY_RESET, S_DISPLAY_COPY_BITS,
	S_DISPLAY_INVAL_LIST, S_DISPLAY_INVAL_ALL_PIXMAPS, S_DISPLAY_INVAL_PALETTE, S_DISPLAY_INVAL_ALL_PALETTES,
	S_DISPLAY_STREAM_CREATE, S_DISPLAY_STREAM_DATA, S_DISPLAY_STREAM_CLIP, S_DISPLAY_STREAM_DESTROY,
	S_DISPLAY_STREAM_DESTROY_ALL, S_DISPLAY_DRAW_FILL, S_DISPLAY_DRAW_OPAQUE, S_DISPLAY_DRAW_COPY,
	S_DISPLAY_DRAW_BLEND, S_DISPLAY_DRAW_BLACKNESS, S_DISPLAY_DRAW_WHITENESS, S_DISPLAY_DRAW_INVERS,
	S_DISPLAY_DRAW_ROP3, S_DISPLAY_DRAW_STROKE, S_DISPLAY_DRAW_TEXT, S_DISPLAY_DRAW_TRANSPARENT,
	S_DISPLAY_DRAW_ALPHA_BLEND, S_DISPLAY_SURFACE_CREATE, S_DISPLAY_SURFACE_DESTROY, S_DISPLAY_STREAM_DATA_SIZED,
	S_DISPLAY_MONITORS_CONFIG, S_DISPLAY_DRAW_COMPOSITE, S_DISPLAY_STREAM_ACTIVATE_REPORT, S_DISPLAY_GL_DRAW,
	S_BASE_SET_ACK, S_BASE_PING, S_BASE_WAIT_FOR_CHANNELS, S_BASE_NOTIFY};
static const uint16_t say_pointer[] = {S_CURSOR_INIT, S_CURSOR_RESET, S_CURSOR_SET, S_CURSOR_MOVE, S_CURSOR_HIDE,
	S_CURSOR_TRAIL, S_CURSOR_INVAL_ONE, S_CURSOR_INVAL_ALL, S_BASE_PING, S_BASE_WAIT_FOR_CHANNELS};

struct sayer {
	struct rng rng;
	struct arena arena;      /* of the message in hand */
	struct glz_dict *glz;    /* both displays have the one window */
	struct vp8_encoder *vp8;
	uint32_t now;            /* the multimedia clock */
	bool alive[2][SAY_SURFACES]; /* surfaces that were created, as far as all went well */
	unsigned display;        /* that is spoken to */
};

static inline void sayer_fini(struct sayer *s)
{
	arena_fini(&s->arena);
	glz_dict_free(s->glz);
	vp8_encoder_free(s->vp8);
}

static inline uint32_t say_below(struct sayer *s, uint32_t n)
{
	return rng_below(&s->rng, n);
}

/* from..to, both included */
static inline int say_range(struct sayer *s, int from, int to)
{
	return from + (int)say_below(s, (uint32_t)(to - from + 1));
}

static inline bool say_wild(struct sayer *s)
{
	return say_below(s, SAY_WILD) == 0;
}

static inline uint8_t *say_bytes(struct sayer *s, size_t n)
{
	uint8_t *p = arena_alloc(&s->arena, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rng_next(&s->rng);
	return p;
}

static inline struct slice say_keep(struct sayer *s, struct slice bytes)
{
	uint8_t *p = arena_alloc(&s->arena, bytes.n + 1);

	if (bytes.n)
		memcpy(p, bytes.p, bytes.n);
	return slice_of(p, bytes.n);
}

/* ---- small things ---- */

static inline void say_point(struct sayer *s, struct point *p)
{
	if (!say_wild(s))
		*p = (struct point){say_range(s, -8, SAY_SIDE), say_range(s, -8, SAY_SIDE)};
}

static inline void say_rect(struct sayer *s, struct rect *r)
{
	int x = say_range(s, -8, SAY_SIDE), y = say_range(s, -8, SAY_SIDE);

	if (!say_wild(s))
		*r = (struct rect){.left = x, .top = y, .right = x + say_range(s, 0, SAY_PICTURE),
			.bottom = y + say_range(s, 0, SAY_PICTURE)};
}

static inline void say_clip(struct sayer *s, struct clip *c)
{
	for (uint32_t i = 0; c->type == CLIP_TYPE_RECTS && i < c->rects.num_rects; i++)
		say_rect(s, &c->rects.rects[i]);
}

static inline uint32_t say_surface(struct sayer *s)
{
	uint32_t id = say_below(s, SAY_SURFACES);

	/* mostly one that there is: a second look */
	if (!s->alive[s->display][id])
		id = say_below(s, SAY_SURFACES);
	return s->alive[s->display][id] || say_wild(s) ? id : 0;
}

/* ---- pictures ---- */

/* Pixels that codecs like: stripes of few colours, or a slope, or noise. */
static inline struct pixmap *say_pixels(struct sayer *s, uint32_t format)
{
	struct pixmap *p = pixmap_new(format, 1 + say_below(s, SAY_PICTURE), 1 + say_below(s, SAY_PICTURE));
	unsigned kind = say_below(s, 3), period = 1 + say_below(s, 9);
	uint64_t seed = say_below(s, 4); /* few: pictures come again */
	struct rng r = {seed};

	for (unsigned y = 0; y < p->height; y++)
		for (size_t i = 0; i < (size_t)p->stride; i++)
			p->data[y * (size_t)p->stride + i] = (uint8_t)(kind == 0 ? (i / 4 + y) % period * 37 + seed
				: kind == 1 ? i * period + y * 3 : rng_next(&r));
	return p;
}

static inline void say_coded(struct sayer *s, struct image *img)
{
	static const uint32_t formats[] = {SURFACE_FMT_32_xRGB, SURFACE_FMT_32_xRGB, SURFACE_FMT_32_ARGB,
		SURFACE_FMT_16_555, SURFACE_FMT_8_A, SURFACE_FMT_1_A};
	struct encode_rules rules = {.compress = (uint8_t)say_range(s, IMAGE_COMPRESSION_OFF, IMAGE_COMPRESSION_LZ4),
		.lz4 = true, .zlib = say_below(s, 2), .glz_pixels = SAY_GLZ_PIXELS};
	struct pixmap *p = say_pixels(s, formats[say_below(s, ARRAY_SIZE(formats))]);
	struct coding *c;
	bool fresh;

	if (!s->glz)
		s->glz = glz_dict_new(SAY_GLZ_PIXELS);
	rules.glz = s->glz;
	c = encode_choose(&rules, p, 0, 0, p->width, p->height, false, NULL, &fresh);
	/* pictures as small as these are never chosen to be lossy */
	if (pixmap_bits(p->format) == 32 && !c->glz && say_below(s, 4) == 0)
		c->type = p->format == SURFACE_FMT_32_ARGB ? IMAGE_TYPE_JPEG_ALPHA : IMAGE_TYPE_JPEG;
	encode_run(c);
	encode_image(c, img);
	img->coded.data = say_keep(s, img->coded.data);
	img->bitmap.data = say_keep(s, img->bitmap.data);
	img->jpeg_alpha.data = say_keep(s, img->jpeg_alpha.data);
	img->zlib_glz.data = say_keep(s, img->zlib_glz.data);
	encode_unref(c);
	pixmap_unref(p);
}

static inline struct palette *say_palette(struct sayer *s)
{
	struct palette *p = arena_alloc(&s->arena, sizeof(*p));

	*p = (struct palette){.unique = say_below(s, SAY_IDS), .num_ents = say_below(s, 4) ? 256 : 16};
	p->ents = (uint32_t *)(void *)say_bytes(s, 4 * (size_t)p->num_ents);
	return p;
}

/* Any format of a bitmap, palettes given, kept and taken from the cache. */
static inline void say_bitmap(struct sayer *s, struct image *img, bool mask)
{
	struct bitmap_data *b = &img->bitmap;

	b->format = (uint8_t)say_range(s, BITMAP_FMT_1BIT_LE, mask ? BITMAP_FMT_1BIT_BE : BITMAP_FMT_8BIT_A);
	b->flags = (uint8_t)say_below(s, 8);
	if (b->flags & BITMAP_FLAGS_PAL_FROM_CACHE && say_below(s, 3))
		b->flags &= (uint8_t)~BITMAP_FLAGS_PAL_FROM_CACHE;
	img->d.width = b->x = 1 + say_below(s, SAY_PICTURE);
	img->d.height = b->y = 1 + say_below(s, SAY_PICTURE);
	b->stride = (uint32_t)bitmap_row_bytes(bitmap_form(b->format), b->x) + say_below(s, 4);
	b->data = slice_of(say_bytes(s, (size_t)b->stride * b->y), (size_t)b->stride * b->y);
	if (b->flags & BITMAP_FLAGS_PAL_FROM_CACHE)
		b->palette_id = say_below(s, SAY_IDS);
	else if (!mask)
		b->palette = say_palette(s);
}

static inline void say_lz_plt(struct sayer *s, struct image *img)
{
	struct lz_info info = {.type = (enum lz_type)say_range(s, LZ_PLT1_LE, LZ_PLT8),
		.width = 1 + say_below(s, SAY_PICTURE), .height = 1 + say_below(s, SAY_PICTURE),
		.top_down = say_below(s, 2)};
	size_t cap = lz_bound(info.type, info.width, info.height), n = 0;
	uint8_t *rows = say_bytes(s, (size_t)lz_stride(info.type, info.width) * info.height);
	uint8_t *out = arena_alloc(&s->arena, cap), *scratch = xmalloc(LZ_SCRATCH);

	if (lz_encode(&info, rows, out, cap, &n, scratch))
		abort();
	free(scratch);
	img->d.width = info.width;
	img->d.height = info.height;
	img->lz_plt = (struct lz_plt_data){.data_size = (uint32_t)n, .palette = say_palette(s), .data = {out, n}};
	img->lz_plt.flags = say_below(s, 2) ? BITMAP_FLAGS_PAL_CACHE_ME : 0;
}

static inline struct image *say_image(struct sayer *s, bool mask)
{
	struct image *img = arena_alloc(&s->arena, sizeof(*img));
	unsigned kind = mask ? say_below(s, 8) & 5 : say_below(s, 10);

	*img = (struct image){.d = {.id = 1 + say_below(s, SAY_IDS), .width = SAY_PICTURE, .height = SAY_PICTURE}};
	img->d.flags = (uint8_t)(say_below(s, 3) ? IMAGE_FLAGS_CACHE_ME : say_below(s, 8));
	if (kind == 0) {
		img->d.type = say_below(s, 2) ? IMAGE_TYPE_FROM_CACHE : IMAGE_TYPE_FROM_CACHE_LOSSLESS;
	} else if (kind == 1 || kind == 4) {
		img->d.type = IMAGE_TYPE_BITMAP;
		say_bitmap(s, img, mask);
	} else if (kind == 2) {
		img->d.type = IMAGE_TYPE_LZ_PLT;
		say_lz_plt(s, img);
	} else if (kind == 3 || kind == 5) {
		img->d.type = IMAGE_TYPE_SURFACE;
		img->surface_id = say_surface(s);
	} else {
		say_coded(s, img);
	}
	return img;
}

/* ---- drawing ---- */

/* What the commands have in common besides their base; NULL where they don't. */
struct say_parts {
	struct image **src;
	struct rect *area;
	struct qmask *mask;
};

static inline struct say_parts say_parts(unsigned number, void *body)
{
	struct draw_opaque *o = body;
	struct draw_copy *c = body;
	struct draw_rop3 *r = body;
	struct draw_transparent *t = body;
	struct draw_alpha_blend *a = body;

	switch (number) {
	case S_DISPLAY_DRAW_FILL:
		return (struct say_parts){.mask = &((struct draw_fill *)body)->mask};
	case S_DISPLAY_DRAW_OPAQUE:
		return (struct say_parts){&o->src, &o->src_area, &o->mask};
	case S_DISPLAY_DRAW_COPY:
	case S_DISPLAY_DRAW_BLEND:
		return (struct say_parts){&c->src, &c->src_area, &c->mask};
	case S_DISPLAY_DRAW_BLACKNESS:
	case S_DISPLAY_DRAW_WHITENESS:
	case S_DISPLAY_DRAW_INVERS:
		return (struct say_parts){.mask = &((struct draw_blackness *)body)->mask};
	case S_DISPLAY_DRAW_ROP3:
		return (struct say_parts){&r->src, &r->src_area, &r->mask};
	case S_DISPLAY_DRAW_TRANSPARENT:
		return (struct say_parts){&t->src, &t->src_area, NULL};
	case S_DISPLAY_DRAW_ALPHA_BLEND:
		return (struct say_parts){&a->src, &a->src_area, NULL};
	case S_DISPLAY_DRAW_COMPOSITE:
		return (struct say_parts){.src = &((struct draw_composite *)body)->src};
	default:
		return (struct say_parts){0};
	}
}

static inline void say_stroke(struct sayer *s, struct draw_stroke *m)
{
	for (uint32_t i = 0; i < m->path->num_segments; i++)
		for (uint32_t k = 0; k < m->path->segments[i].count && !say_wild(s); k++)
			m->path->segments[i].points[k] = (struct point_fix){say_range(s, -128, 16 * SAY_SIDE),
				say_range(s, -128, 16 * SAY_SIDE)};
	for (uint32_t i = 0; m->attr.style && i < m->attr.style_nseg && !say_wild(s); i++)
		m->attr.style[i] = say_range(s, 0, 200);
}

static inline void say_text(struct sayer *s, struct draw_text *m)
{
	struct string *t = m->str;

	say_rect(s, &m->back_area);
	for (unsigned i = 0; i < t->length; i++) {
		if (t->a1)
			say_point(s, &t->a1[i].render_pos);
		if (t->a4)
			say_point(s, &t->a4[i].render_pos);
		if (t->a8)
			say_point(s, &t->a8[i].render_pos);
	}
}

static inline void say_one_image(void *sayer, void **target)
{
	*target = say_image(sayer, false);
}

static inline void say_draw(struct sayer *s, const struct wire_msg *m, void *body)
{
	static const struct rect near = {-SAY_SIDE, -SAY_SIDE, 2 * SAY_SIDE, 2 * SAY_SIDE};
	struct say_parts p = say_parts(m->number, body);
	struct draw_base *base = body;

	base->surface_id = say_surface(s);
	say_rect(s, &base->box);
	say_clip(s, &base->clip);
	wire_visit(m->desc(), body, wire_desc_image(), say_one_image, s);
	if (p.src && !say_wild(s))
		*p.src = say_image(s, false);
	if (p.mask && p.mask->bitmap) {
		p.mask->bitmap = say_below(s, 2) ? say_image(s, true) : NULL;
		p.mask->pos = (struct point){say_range(s, -4, 4), say_range(s, -4, 4)};
	}
	if (p.area) {
		say_rect(s, p.area);
		if (say_below(s, 2) && rect_inside(&base->box, &near)) /* not scaled */
			*p.area = (struct rect){.right = base->box.right - base->box.left,
				.bottom = base->box.bottom - base->box.top};
	}
	if (m->number == S_DISPLAY_DRAW_STROKE)
		say_stroke(s, body);
	if (m->number == S_DISPLAY_DRAW_TEXT)
		say_text(s, body);
	if (m->number == S_DISPLAY_COPY_BITS)
		say_point(s, &((struct copy_bits *)body)->src_pos);
}

/* ---- streams ---- */

static inline struct slice say_frame(struct sayer *s)
{
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, SAY_PICTURE, SAY_PICTURE);
	struct buf out = {0};
	struct slice kept;

	memset(p->data, (int)say_below(s, 256), (size_t)p->stride * (1 + say_below(s, SAY_PICTURE)));
	if (!s->vp8)
		s->vp8 = vp8_encoder_new(SAY_PICTURE, SAY_PICTURE);
	if (say_below(s, 2) ? vp8_encode(s->vp8, p->data, (size_t)p->stride, 100, s->now, &out)
		: jpeg_encode(p->data, SAY_PICTURE, SAY_PICTURE, (size_t)p->stride, 60, &out))
		abort();
	kept = say_keep(s, buf_slice(&out));
	buf_fini(&out);
	pixmap_unref(p);
	return kept;
}

static inline struct stream_data_header say_frame_head(struct sayer *s)
{
	return (struct stream_data_header){say_below(s, SAY_STREAMS), s->now + say_below(s, 300) - 100};
}

static inline void say_stream_create(struct sayer *s, struct stream_create *m)
{
	m->surface_id = say_surface(s);
	m->stream_id = say_wild(s) ? m->stream_id : say_below(s, SAY_STREAMS);
	m->codec_type = say_below(s, 8) ? (uint8_t)say_range(s, VIDEO_CODEC_MJPEG, VIDEO_CODEC_VP8) : m->codec_type;
	m->stream_width = m->src_width = SAY_PICTURE;
	m->stream_height = m->src_height = SAY_PICTURE;
	say_rect(s, &m->dest);
	say_clip(s, &m->clip);
}

static inline void say_stream(struct sayer *s, unsigned number, void *body)
{
	struct stream_data *data = body;
	struct stream_data_sized *sized = body;
	struct stream_clip *clip = body;

	switch (number) {
	case S_DISPLAY_STREAM_CREATE:
		say_stream_create(s, body);
		break;
	case S_DISPLAY_STREAM_DATA:
		data->base = say_frame_head(s);
		data->data = say_frame(s);
		data->data_size = (uint32_t)data->data.n;
		break;
	case S_DISPLAY_STREAM_DATA_SIZED:
		sized->base = say_frame_head(s);
		sized->width = sized->height = SAY_PICTURE;
		say_rect(s, &sized->dest);
		sized->data = say_frame(s);
		sized->data_size = (uint32_t)sized->data.n;
		break;
	case S_DISPLAY_STREAM_CLIP:
		clip->stream_id = say_below(s, SAY_STREAMS);
		say_clip(s, &clip->clip);
		break;
	case S_DISPLAY_STREAM_DESTROY:
		((struct stream_destroy *)body)->stream_id = say_below(s, SAY_STREAMS);
		break;
	case S_DISPLAY_STREAM_ACTIVATE_REPORT:
		((struct stream_activate_report *)body)->stream_id = say_below(s, SAY_STREAMS);
		break;
	}
}

/* ---- surfaces, caches, the screen ---- */

static inline void say_surface_create(struct sayer *s, struct surface_create *m)
{
	uint32_t id = say_below(s, SAY_SURFACES);

	for (unsigned i = 0; i < SAY_SURFACES && s->alive[s->display][id]; i++)
		id = (id + 1) % SAY_SURFACES;
	m->surface_id = id;
	m->width = 1 + say_below(s, SAY_SIDE);
	m->height = 1 + say_below(s, SAY_SIDE);
	s->alive[s->display][id] = true;
}

static inline void say_surface_destroy(struct sayer *s, struct surface_destroy *m)
{
	m->surface_id = say_surface(s);
	if (m->surface_id == 0 && say_below(s, 4)) /* the screen lives longer */
		m->surface_id = 1 + say_below(s, SAY_SURFACES - 1);
	s->alive[s->display][m->surface_id] = false;
}

static inline void say_mode(struct sayer *s, struct display_mode *m)
{
	*m = (struct display_mode){1 + say_below(s, SAY_SIDE), 1 + say_below(s, SAY_SIDE), say_below(s, 2) ? 16 : 32};
	s->alive[s->display][0] = true;
}

/* Of channels that there are, for what they may have reached. */
static inline void say_wait(struct sayer *s, struct channel_wait *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		w[i] = (struct channel_wait){say_below(s, 4) ? WIRE_DISPLAY : WIRE_CURSOR, (uint8_t)say_below(s, 3),
			say_below(s, 12)};
}

static inline void say_rest(struct sayer *s, unsigned number, void *body)
{
	struct inval_list *list = body;
	struct inval_all_pixmaps *all = body;
	struct wait_for_channels *wait = body;

	switch (number) {
	case S_DISPLAY_SURFACE_CREATE:
		say_surface_create(s, body);
		break;
	case S_DISPLAY_SURFACE_DESTROY:
		say_surface_destroy(s, body);
		break;
	case S_DISPLAY_MODE:
		say_mode(s, body);
		break;
	case S_DISPLAY_INVAL_LIST:
		for (unsigned i = 0; i < list->count; i++)
			list->resources[i] = (struct resource_id){RESOURCE_TYPE_PIXMAP, 1 + say_below(s, SAY_IDS)};
		break;
	case S_DISPLAY_INVAL_ALL_PIXMAPS:
		say_wait(s, all->wait_list, all->wait_count);
		break;
	case S_DISPLAY_INVAL_PALETTE:
		((struct inval_palette *)body)->id = say_below(s, SAY_IDS);
		break;
	case S_BASE_WAIT_FOR_CHANNELS:
		say_wait(s, wait->wait_list, wait->wait_count);
		break;
	}
}

/* ---- the pointer ---- */

/* channels.md 4 */
static inline size_t say_shape_bytes(const struct cursor_header *h)
{
	static const unsigned bits[] = {32, 1, 4, 8, 16, 24, 32};
	size_t mask = h->type == CURSOR_TYPE_ALPHA ? 0 : (h->width + 7u) / 8u * (size_t)h->height;
	size_t palette = h->type == CURSOR_TYPE_COLOR4 ? 64 : h->type == CURSOR_TYPE_COLOR8 ? 1024 : 0;

	return ((size_t)h->width * bits[h->type] + 7) / 8 * h->height + palette + mask;
}

static inline void say_shape(struct sayer *s, struct cursor *c)
{
	size_t n;

	c->flags = say_below(s, 4) ? say_below(s, 2) * CURSOR_FLAGS_CACHE_ME : (uint16_t)say_below(s, 8);
	if (c->flags & CURSOR_FLAGS_NONE)
		return;
	c->header = (struct cursor_header){.unique = say_below(s, SAY_IDS), .type = (uint8_t)say_below(s, 7),
		.width = (uint16_t)(1 + say_below(s, SAY_PICTURE)), .height = (uint16_t)(1 + say_below(s, SAY_PICTURE)),
		.hot_spot_x = (uint16_t)say_below(s, SAY_SIDE)};
	n = c->flags & CURSOR_FLAGS_FROM_CACHE ? 0 : say_shape_bytes(&c->header);
	c->data = slice_of(say_bytes(s, n), n);
}

static inline void say_cursor(struct sayer *s, unsigned number, void *body)
{
	if (number == S_CURSOR_INIT)
		say_shape(s, &((struct cursor_init *)body)->cursor);
	if (number == S_CURSOR_SET)
		say_shape(s, &((struct cursor_set *)body)->cursor);
	if (number == S_CURSOR_INVAL_ONE)
		((struct cursor_inval_one *)body)->id = say_below(s, SAY_IDS);
}

/* ---- the whole ---- */

/* The body of message m to display `display` (or the cursor channel) by random number `seed`. */
static inline void say(struct sayer *s, const struct wire_msg *m, unsigned display, uint64_t seed, struct buf *out)
{
	uint32_t surface;
	struct rect box;
	void *body;

	s->rng = (struct rng){seed};
	s->display = display;
	arena_reset(&s->arena);
	body = arena_alloc(&s->arena, m->size + 64); /* canvas_target looks into it */
	memset(body, 0, m->size + 64);
	wire_generate(m->desc(), &s->rng, 0, &s->arena, body);
	if (m->channel == WIRE_CURSOR)
		say_cursor(s, m->number, body);
	else if (m->channel == WIRE_DISPLAY && canvas_target(m->number, body, &surface, &box))
		say_draw(s, m, body);
	else if (m->number >= S_DISPLAY_STREAM_CREATE && m->number != S_DISPLAY_SURFACE_CREATE &&
		m->number != S_DISPLAY_SURFACE_DESTROY)
		say_stream(s, m->number, body);
	else
		say_rest(s, m->number, body);
	if (wire_encode(m->desc(), body, 0, out))
		abort();
}

#endif
