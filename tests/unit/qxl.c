/* Recordings of QXL commands: each command, read and played on a device, draws what its message draws; cut at any byte
 * a recording is a shorter one; any other byte in it is a fault or another value, and never more than that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/err.h"
#include "base/rng.h"
#include "codec/quic.h"
#include "server/qxl.h"

enum { W = 64, H = 48 };

/* ---- recordings are written here ---- */

static void event(struct buf *b, unsigned what, unsigned type, uint64_t time)
{
	buf_printf(b, "event 0 %u %u %llu\n", what, type, (unsigned long long)time);
}

static void block(struct buf *b, const char *name, const void *p, size_t n)
{
	buf_printf(b, "binary 0 %s %zu:", name, n);
	buf_put(b, p, n);
	buf_u8(b, '\n');
}

static void chunks(struct buf *b, const char *name, const void *p, size_t n, size_t piece)
{
	size_t count = piece && n ? (n + piece - 1) / piece : 1;

	buf_printf(b, "data_chunks %zu %zu\n", count - 1, n);
	for (size_t i = 0; i < count; i++) {
		size_t from = i * piece, part = i == count - 1 ? n - from : piece;

		block(b, name, (const uint8_t *)p + from, part);
	}
}

static void begin(struct buf *b, unsigned format)
{
	buf_str(b, "SPICE_REPLAY 1\n");
	event(b, 1, 20, 1);
	buf_printf(b, "%d %d %d %u\n0 1 0 0\n", W, H, -4 * W, format);
	block(b, "data", "", 0);
}

/* What every drawing command begins with; `clip` may be NULL. */
static void base_clipped(struct buf *b, uint32_t surface, struct rect box, const struct rect *clip, unsigned type)
{
	struct buf raw = {0};

	event(b, 0, 1, 2000000);
	buf_printf(b, "drawable\nrect bbox %d %d %d %d\n", box.top, box.left, box.bottom, box.right);
	buf_str(b, clip ? "type 1\nnum_rects 1\n" : "type 0\n");
	if (clip) {
		buf_le32(&raw, (uint32_t)clip->top);
		buf_le32(&raw, (uint32_t)clip->left);
		buf_le32(&raw, (uint32_t)clip->bottom);
		buf_le32(&raw, (uint32_t)clip->right);
		chunks(b, "clip_rects", buf_data(&raw), buf_len(&raw), 5);
	}
	buf_fini(&raw);
	buf_str(b, "effect 1\nmm_time 0\nself_bitmap 0\nrect self_bitmap_area 0 0 0 0\n");
	buf_printf(b, "surface_id %u\n", surface);
	for (int i = 0; i < 3; i++)
		buf_str(b, "surfaces_dest -1\nrect surfaces_rects 0 0 0 -7\n");
	buf_printf(b, "type %u\n", type);
}

static void base(struct buf *b, uint32_t surface, struct rect box, unsigned type)
{
	base_clipped(b, surface, box, NULL, type);
}

static const char no_mask[] = "flags 0\npoint 0 0\nimage 0\n";

static void bitmap(struct buf *b, uint64_t id, unsigned flags, unsigned format, unsigned w, unsigned h, unsigned stride,
	const uint32_t *ents, unsigned n, const void *data, size_t piece)
{
	buf_printf(b, "image 1\ndescriptor.id %llu\ndescriptor.type 0\ndescriptor.flags %u\ndescriptor.width %u\n"
		"descriptor.height %u\n", (unsigned long long)id, flags, w, h);
	buf_printf(b, "bitmap.format %u\nbitmap.flags %u\nbitmap.x %u\nbitmap.y %u\nbitmap.stride %u\nhas_palette %d\n",
		format, piece ? 4u : 5u, w, h, stride, ents != NULL);
	if (ents) {
		buf_printf(b, "qp.num_ents %u\nunique 0\n", n);
		for (unsigned i = 0; i < n; i++)
			buf_printf(b, "ents %d\n", (int)ents[i]);
	}
	if (piece)
		chunks(b, "bitmap.data", data, (size_t)stride * h, piece);
	else
		block(b, "image_data_flat", data, (size_t)stride * h);
}

/* ---- and played here ---- */

struct run {
	struct device *d;
	struct qxl_player *p;
	struct arena arena;
	unsigned events, commands, faults;
};

/* Until the end of what is whole; the fault of the reading. */
static int play(struct run *r, struct slice in)
{
	const char *expected = NULL;
	struct qxl_event e;
	size_t used = 0, need;
	int rc = qxl_header(in, &used);

	while (!rc && used < in.n) {
		struct slice rest = slice_of(in.p + used, in.n - used);

		rc = qxl_event(rest, &r->arena, &e, &need, &expected);
		if (rc == E_AGAIN)
			assert_true(need > rest.n);
		if (rc == E_INVAL)
			assert_non_null(expected);
		if (rc)
			break;
		assert_true(need > 0 && need <= rest.n);
		r->events++;
		r->commands += e.command;
		if (qxl_play(r->p, &e, &r->arena))
			r->faults++;
		used += need;
	}
	return rc;
}

static void run_init(struct run *r)
{
	*r = (struct run){0};
	r->d = device_new();
	r->p = qxl_player_new(r->d);
}

static void run_fini(struct run *r)
{
	qxl_player_free(r->p);
	device_free(r->d);
	arena_fini(&r->arena);
}

static uint32_t pixel(struct run *r, uint32_t surface, unsigned x, unsigned y)
{
	struct pixmap *s = device_surface(r->d, surface);

	assert_non_null(s);
	return get_le32(s->data + (size_t)y * (size_t)s->stride + 4 * (size_t)x) & 0xffffff;
}

static void whole(struct run *r, struct buf *b)
{
	run_init(r);
	assert_int_equal(play(r, buf_slice(b)), 0);
}

static struct rect box(int x, int y, int w, int h)
{
	return (struct rect){.top = y, .left = x, .bottom = y + h, .right = x + w};
}

static void fill(struct buf *b, struct rect r, int colour)
{
	base(b, 0, r, 1);
	buf_printf(b, "type 1\nu.color %d\nrop_descriptor 8\n%s", colour, no_mask);
}

/* ---- tests ---- */

static void surfaces(void **state)
{
	uint8_t rows[H * 4 * W] = {0};
	struct buf b = {0};
	struct run r;

	(void)state;
	buf_str(&b, "SPICE_REPLAY 1\n");
	event(&b, 1, 8, 0); /* start: nothing to do */
	event(&b, 1, 29, 1);
	buf_printf(&b, "%d %d %d 32\n0 1 0 0\n", W, H, -4 * W);
	put_le32(rows, 0xff0000aa); /* the first bytes are those of the lowest row */
	block(&b, "data", rows, sizeof(rows));
	event(&b, 0, 5, 2);
	buf_str(&b, "surface_cmd\nsurface_id 5\ntype 0\nflags 1\nu.surface_create.format 96\nu.surface_create.width 2\n"
		"u.surface_create.height 1\nu.surface_create.stride 8\n");
	block(&b, "data", "\1\2\3\4\5\6\7\x8", 8);
	whole(&r, &b);
	assert_int_equal(r.faults, 0);
	assert_int_equal(pixel(&r, 0, 0, H - 1), 0xaa);
	assert_int_equal(pixel(&r, 0, 0, 0), 0);
	assert_memory_equal(device_surface(r.d, 5)->data, "\1\2\3\4\5\6\7\x8", 8);
	assert_int_equal(r.d->heads[0].width, W);
	run_fini(&r);

	event(&b, 0, 5, 3);
	buf_str(&b, "surface_cmd\nsurface_id 5\ntype 1\nflags 0\n");
	event(&b, 0, 5, 3); /* twice: a fault of the guest */
	buf_str(&b, "surface_cmd\nsurface_id 5\ntype 1\nflags 0\n");
	event(&b, 1, 21, 4);
	whole(&r, &b);
	assert_int_equal(r.faults, 1);
	assert_null(canvas_surface(r.d->canvas, 5));
	assert_null(canvas_surface(r.d->canvas, 0));
	run_fini(&r);
	buf_fini(&b);
}

/* Every command once, and what it draws at one point. */
static void all_commands(struct buf *b)
{
	uint32_t px[16];
	struct buf raw = {0};

	for (int i = 0; i < 16; i++)
		px[i] = 0x010101u * (unsigned)i;
	begin(b, 32);
	fill(b, box(0, 0, W, H), 0x102030);
	base_clipped(b, 0, box(0, 0, 8, 8), &(struct rect){.top = 1, .left = 1, .bottom = 2, .right = 2}, 1);
	buf_printf(b, "type 1\nu.color -1\nrop_descriptor 8\n%s", no_mask);
	base(b, 0, box(10, 0, 4, 4), 3); /* COPY */
	bitmap(b, 7, 0, BITMAP_FMT_32BIT, 4, 4, 16, NULL, 0, px, 13);
	buf_printf(b, "rect src_area 0 0 4 4\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	base(b, 0, box(20, 0, 4, 4), 2); /* OPAQUE: the brush and the source */
	bitmap(b, 7, 0, BITMAP_FMT_32BIT, 4, 4, 16, NULL, 0, px, 64);
	buf_printf(b, "rect src_area 0 0 4 4\ntype 1\nu.color 255\nrop_descriptor 64\nscale_mode 1\n%s", no_mask);
	base(b, 0, box(30, 0, 4, 4), 4); /* COPY_BITS */
	buf_str(b, "point 10 0\n");
	base(b, 0, box(40, 0, 4, 4), 5); /* BLEND */
	bitmap(b, 7, 0, BITMAP_FMT_32BIT, 4, 4, 16, NULL, 0, px, 0);
	buf_printf(b, "rect src_area 0 0 4 4\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	base(b, 0, box(0, 10, 4, 4), 6); /* BLACKNESS, WHITENESS, INVERS */
	buf_str(b, no_mask);
	base(b, 0, box(10, 10, 4, 4), 7);
	buf_str(b, no_mask);
	base(b, 0, box(20, 10, 4, 4), 8);
	buf_str(b, no_mask);
	base(b, 0, box(30, 10, 4, 4), 9); /* ROP3: pattern */
	bitmap(b, 7, 0, BITMAP_FMT_32BIT, 4, 4, 16, NULL, 0, px, 0);
	buf_printf(b, "rect src_area 0 0 4 4\ntype 1\nu.color 77\nrop3 240\nscale_mode 0\n%s", no_mask);
	base(b, 0, box(0, 20, 20, 1), 10); /* STROKE */
	buf_le32(&raw, PATH_FLAGS_BEGIN | PATH_FLAGS_END);
	buf_le32(&raw, 2);
	buf_le32(&raw, 0);
	buf_le32(&raw, 20 << 4);
	buf_le32(&raw, 19 << 4);
	buf_le32(&raw, 20 << 4);
	chunks(b, "path", buf_data(&raw), buf_len(&raw), 7);
	buf_str(b, "attr.flags 0\ntype 1\nu.color 119\nfore_mode 8\nback_mode 8\n");
	base(b, 0, box(30, 20, 9, 3), 11); /* TEXT: two glyphs of 3x1 and 8x1, without padding between */
	buf_clear(&raw);
	for (int i = 0; i < 2; i++) {
		buf_le32(&raw, 30 + (unsigned)i);
		buf_le32(&raw, 20 + (unsigned)i);
		buf_le32(&raw, 0);
		buf_le32(&raw, 0);
		buf_le16(&raw, i ? 8 : 3);
		buf_le16(&raw, 1);
		buf_u8(&raw, 0xe0);
	}
	buf_printf(b, "data_size %zu\nlength 2\nflags %d\n", buf_len(&raw),
		STRING_FLAGS_RASTER_A1 | STRING_FLAGS_RASTER_TOP_DOWN);
	chunks(b, "string", buf_data(&raw), buf_len(&raw), 21);
	buf_str(b, "rect back_area 0 0 0 0\ntype 1\nu.color 136\ntype 0\nfore_mode 8\nback_mode 8\n");
	base(b, 0, box(0, 30, 4, 4), 12); /* TRANSPARENT: the first pixel is left out */
	bitmap(b, 7, 0, BITMAP_FMT_32BIT, 4, 4, 16, NULL, 0, px, 0);
	buf_str(b, "rect src_area 0 0 4 4\nsrc_color 0\ntrue_color 0\n");
	base(b, 0, box(10, 30, 4, 4), 13); /* ALPHA_BLEND */
	buf_str(b, "alpha_flags 0\nalpha 255\n");
	bitmap(b, 7, 0, BITMAP_FMT_32BIT, 4, 4, 16, NULL, 0, px, 0);
	buf_str(b, "rect src_area 0 0 4 4\n");
	base(b, 0, box(20, 30, 4, 4), 14); /* COMPOSITE: SRC */
	buf_str(b, "flags 1\n");
	bitmap(b, 7, 0, BITMAP_FMT_32BIT, 4, 4, 16, NULL, 0, px, 0);
	buf_str(b, "src_transform 1\n");
	buf_clear(&raw);
	for (int i = 0; i < 6; i++)
		buf_le32(&raw, i == 0 || i == 4 ? 65536 : 0);
	block(b, "transform", buf_data(&raw), buf_len(&raw));
	buf_str(b, "mask 0\nmask_transform 0\nsrc_origin 0 0\nmask_origin 0 0\n");
	base(b, 0, box(30, 30, 4, 4), 0); /* NOP */
	event(b, 0, 2, 0);
	buf_str(b, "update\nrect area 0 0 5 5\nupdate_id 3\nsurface_id 0\n");
	event(b, 0, 4, 0);
	block(b, "message", "hello", 5);
	event(b, 0, 3, 0);
	buf_str(b, "cursor_cmd\ntype 0\npoint16 4 5\nu.set.visible 1\nheader.unique 9\nheader.type 0\nheader.width 1\n"
		"header.height 1\nheader.hot_spot_x 0\nheader.hot_spot_y 0\ndata_size 4\n");
	chunks(b, "cursor", "\1\2\3\4more", 8, 5);
	event(b, 0, 3, 0);
	buf_str(b, "cursor_cmd\ntype 1\npoint16 -4 6\n");
	event(b, 0, 3, 0);
	buf_str(b, "cursor_cmd\ntype 3\nu.trail.length 1\nu.trail.frequency 1\n");
	buf_fini(&raw);
}

static void commands(void **state)
{
	struct buf b = {0};
	struct run r;

	(void)state;
	all_commands(&b);
	whole(&r, &b);
	assert_int_equal(r.faults, 0);
	assert_int_equal(r.commands, 21);
	assert_int_equal(pixel(&r, 0, 60, 40), 0x102030);
	assert_int_equal(pixel(&r, 0, 1, 1), 0xffffff);
	assert_int_equal(pixel(&r, 0, 2, 2), 0x102030);
	assert_int_equal(pixel(&r, 0, 11, 1), 0x050505);
	assert_int_equal(pixel(&r, 0, 21, 1), 0x0505fa);
	assert_int_equal(pixel(&r, 0, 31, 1), 0x050505);
	assert_int_equal(pixel(&r, 0, 42, 3), 0x0e0e0e);
	assert_int_equal(pixel(&r, 0, 0, 10), 0);
	assert_int_equal(pixel(&r, 0, 10, 10), 0xffffff);
	assert_int_equal(pixel(&r, 0, 20, 10), 0xefdfcf);
	assert_int_equal(pixel(&r, 0, 30, 10), 77);
	assert_int_equal(pixel(&r, 0, 10, 20), 119);
	assert_int_equal(pixel(&r, 0, 32, 20), 136);
	assert_int_equal(pixel(&r, 0, 33, 21), 136);
	assert_int_equal(pixel(&r, 0, 34, 21), 0x102030);
	assert_int_equal(pixel(&r, 0, 0, 30), 0x102030);
	assert_int_equal(pixel(&r, 0, 1, 30), 0x010101);
	assert_int_equal(pixel(&r, 0, 12, 32), 0x0a0a0a);
	assert_int_equal(pixel(&r, 0, 23, 33), 0x0f0f0f);
	assert_int_equal(pixel(&r, 0, 30, 30), 0x102030);
	assert_true(r.d->pointer_visible && r.d->pointer_x == -4 && r.d->pointer_y == 6);
	assert_int_equal(r.d->pointer.data->n, 4);
	run_fini(&r);
	buf_fini(&b);
}

static void copy(struct buf *b, uint32_t surface, const uint32_t *ents, unsigned n, unsigned format, const void *data,
	unsigned stride)
{
	base(b, surface, box(0, 0, 4, 1), 3);
	bitmap(b, 1, 0, format, 4, 1, stride, ents, n, data, stride);
	buf_printf(b, "rect src_area 0 0 1 4\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
}

static void depths(void **state)
{
	static const uint32_t ents[16] = {0x111111, 0x222222, 0x333333, 0x444444};
	static const struct {
		unsigned format, stride;
		const char *data;
		uint32_t first, last;
	} rows[] = {
		{BITMAP_FMT_1BIT_LE, 1, "\x08", 0x111111, 0x222222},
		{BITMAP_FMT_1BIT_BE, 1, "\x10", 0x111111, 0x222222},
		{BITMAP_FMT_4BIT_LE, 4, "\x12\x31\0", 0x333333, 0x444444},
		{BITMAP_FMT_4BIT_BE, 2, "\x12\x13", 0x222222, 0x444444},
		{BITMAP_FMT_8BIT, 4, "\1\2\3\2", 0x222222, 0x333333},
		{BITMAP_FMT_16BIT, 8, "\x1f\0\0\0\0\0\0\x7c", 0x0000ff, 0xff0000},
		{BITMAP_FMT_24BIT, 12, "\1\2\3\0\0\0\0\0\0\4\5\6", 0x030201, 0x060504},
		{BITMAP_FMT_32BIT, 16, "\1\2\3\xff\0\0\0\0\0\0\0\0\4\5\6\7", 0x030201, 0x060504},
		{BITMAP_FMT_RGBA, 16, "\1\2\3\xff\0\0\0\0\0\0\0\0\4\5\6\7", 0x030201, 0x060504},
	};
	struct buf b = {0};
	struct run r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool indexed = rows[i].format <= BITMAP_FMT_8BIT;

		buf_clear(&b);
		begin(&b, 32);
		copy(&b, 0, indexed ? ents : NULL, 4, rows[i].format, rows[i].data, rows[i].stride);
		whole(&r, &b);
		assert_int_equal(r.faults, 0);
		assert_int_equal(pixel(&r, 0, 0, 0), rows[i].first);
		assert_int_equal(pixel(&r, 0, 3, 0), rows[i].last);
		run_fini(&r);
		if (!indexed)
			continue;
		buf_clear(&b); /* an index that the palette does not have; none at all */
		begin(&b, 32);
		copy(&b, 0, ents, 1, rows[i].format, rows[i].data, rows[i].stride);
		copy(&b, 0, NULL, 0, rows[i].format, rows[i].data, rows[i].stride);
		whole(&r, &b);
		assert_int_equal(r.faults, 2);
		assert_int_equal(pixel(&r, 0, 3, 0), 0);
		run_fini(&r);
	}
	buf_fini(&b);
}

static void quic_and_zlib(void **state)
{
	uint8_t px[8 * 8 * 4], coded[4096], packed[4096];
	void *scratch = malloc(quic_scratch_size(8));
	uLongf n_packed = sizeof(packed);
	struct buf b = {0};
	struct run r;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(px); i++)
		px[i] = (uint8_t)(i % 4 == 3 ? 0 : i * 7);
	assert_int_equal(quic_encode(QUIC_RGB32, 8, 8, px, 32, coded, sizeof(coded), &n, scratch), 0);
	begin(&b, 32);
	base(&b, 0, box(0, 0, 8, 8), 3);
	buf_printf(&b, "image 1\ndescriptor.id 5\ndescriptor.type 1\ndescriptor.flags 1\ndescriptor.width 8\n"
		"descriptor.height 8\nquic.data_size %zu\n", n);
	chunks(&b, "quic.data", coded, n, 10);
	buf_printf(&b, "rect src_area 0 0 8 8\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	assert_int_equal(compress(packed, &n_packed, px, sizeof(px)), Z_OK);
	base(&b, 0, box(8, 0, 8, 8), 3);
	buf_str(&b, "image 1\ndescriptor.id 6\ndescriptor.type 0\ndescriptor.flags 0\ndescriptor.width 8\n"
		"descriptor.height 8\nbitmap.format 8\nbitmap.flags 1\nbitmap.x 8\nbitmap.y 8\nbitmap.stride 32\n"
		"has_palette 0\n");
	buf_printf(&b, "binary 1 image_data_flat %zu:%lu:", sizeof(px), n_packed);
	buf_put(&b, packed, n_packed);
	buf_printf(&b, "\nrect src_area 0 0 8 8\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	whole(&r, &b);
	assert_int_equal(r.faults, 0);
	for (unsigned y = 0; y < 8; y++) {
		for (unsigned x = 0; x < 8; x++) {
			assert_int_equal(pixel(&r, 0, x, y), get_le32(px + 32 * y + 4 * x));
			/* rows are bottom up without the flag TOP_DOWN */
			assert_int_equal(pixel(&r, 0, 8 + x, y), get_le32(px + 32 * (7 - y) + 4 * x));
		}
	}
	run_fini(&r);
	buf_fini(&b);
	free(scratch);
}

/* ---- what clients may keep ---- */

struct watch {
	struct device_listener listener;
	uint64_t ids[64];
	bool kept[64];
	unsigned n;
};

static void drawn(void *owner, struct draw_item *item)
{
	struct watch *w = owner;
	const struct draw_copy *copied = item->body;

	assert_in_range(w->n, 0, 63);
	w->ids[w->n] = copied->src->d.id;
	w->kept[w->n++] = item->kept[0];
}

static void pictures(void **state)
{
	static const struct device_ops ops = {.drawn = drawn};
	struct watch w = {.listener = {.ops = &ops, .owner = &w}};
	uint8_t one[16] = {1}, two[16] = {2};
	struct buf b = {0};
	struct run r;

	(void)state;
	run_init(&r);
	device_listen(r.d, &w.listener);
	begin(&b, 32);
	for (int i = 0; i < 4; i++) { /* the id stands for the picture; one that is not for caches is always new */
		base(&b, 0, box(i, 0, 1, 1), 3);
		bitmap(&b, 3, i < 3, BITMAP_FMT_32BIT, 1, 1, 4, NULL, 0, i ? two : one, 4);
		buf_printf(&b, "rect src_area 0 0 1 1\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	}
	base(&b, 0, box(4, 0, 2, 2), 3); /* another size under the same id is another picture */
	bitmap(&b, 3, 1, BITMAP_FMT_32BIT, 2, 2, 8, NULL, 0, two, 16);
	buf_printf(&b, "rect src_area 0 0 2 2\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	assert_int_equal(play(&r, buf_slice(&b)), 0);
	assert_int_equal(w.n, 5);
	assert_int_equal(w.ids[0], w.ids[1]);
	assert_int_equal(w.ids[0], w.ids[2]);
	assert_true(w.kept[0] && w.kept[1] && !w.kept[3] && w.kept[4]);
	assert_true(w.ids[3] != w.ids[0] && w.ids[4] != w.ids[0]);
	assert_int_equal(pixel(&r, 0, 1, 0), 1);
	assert_int_equal(pixel(&r, 0, 3, 0), 2);
	assert_int_equal(r.d->pictures.n, 1);
	device_unlisten(&w.listener);
	run_fini(&r);
	buf_fini(&b);
}

/* What is kept is bounded: 40 pictures of 2 MiB are not all there. */
static void bounded(void **state)
{
	uint8_t *px = calloc(1024 * 1024, 4);
	struct buf b = {0};
	struct run r;

	(void)state;
	run_init(&r);
	begin(&b, 32);
	assert_int_equal(play(&r, buf_slice(&b)), 0);
	for (unsigned i = 0; i < 40; i++) {
		buf_clear(&b);
		buf_str(&b, "SPICE_REPLAY 1\n");
		base(&b, 0, box(0, 0, 1, 1), 3);
		bitmap(&b, 100 + i, 1, BITMAP_FMT_16BIT, 1024, 1024, 2048, NULL, 0, px, 1 << 20);
		buf_printf(&b, "rect src_area 0 0 1 1\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
		assert_int_equal(play(&r, buf_slice(&b)), 0);
		assert_in_range(r.d->pictures.n, 1, 12);
	}
	assert_int_equal(r.faults, 0);
	assert_int_equal(r.d->pictures.n, 11);
	run_fini(&r);
	buf_fini(&b);
	free(px);
}

static void counted(void *owner, struct draw_item *item)
{
	(void)item;
	++*(unsigned *)owner;
}

/* What waits to be drawn and is covered never is; otherwise one sees no difference. */
static void put_off(void **state)
{
	static const struct device_ops count = {.drawn = counted};
	unsigned n = 0;
	struct device_listener listener = {.ops = &count, .owner = &n};
	static uint8_t px[4 * W * H];
	struct buf b = {0};
	struct rng g = {3};
	struct run now, later;

	(void)state;
	run_init(&now);
	run_init(&later);
	qxl_player_stays(later.p);
	begin(&b, 32);
	event(&b, 0, 5, 0);
	buf_printf(&b, "surface_cmd\nsurface_id 2\ntype 0\nflags 0\nu.surface_create.format 96\n"
		"u.surface_create.width %d\nu.surface_create.height %d\nu.surface_create.stride %d\n", W, H, 4 * W);
	for (unsigned i = 0; i < 300; i++) {
		uint32_t surface = rng_below(&g, 3) ? 0 : 2;
		struct rect r = box((int)rng_below(&g, W / 2), (int)rng_below(&g, H / 2), W, H);

		for (size_t k = 0; k < sizeof(px); k++)
			px[k] = (uint8_t)rng_next(&g);
		switch (rng_below(&g, 4)) {
		case 0:
			base(&b, surface, r, 1);
			buf_printf(&b, "type 1\nu.color %u\nrop_descriptor %d\n%s", i, rng_below(&g, 4) ? 8 : 64,
				no_mask);
			break;
		case 1:
			base(&b, surface, r, 4);
			buf_str(&b, "point 0 1\n");
			break;
		default:
			base(&b, surface, r, 3);
			bitmap(&b, i, 0, BITMAP_FMT_RGBA, W, H, 4 * W, NULL, 0, px, rng_below(&g, 2) ? 100 : 0);
			buf_printf(&b, "rect src_area 0 0 %d %d\nrop_descriptor 8\nscale_mode 0\n%s",
				r.bottom - r.top, r.right - r.left, no_mask);
		}
	}
	for (unsigned i = 0; i < 3; i++) { /* the last one only is drawn */
		base(&b, 0, box(0, 0, W, H), 1);
		buf_printf(&b, "type 1\nu.color %u\nrop_descriptor 8\n%s", i, no_mask);
	}
	assert_int_equal(play(&now, buf_slice(&b)), 0);
	assert_int_equal(play(&later, buf_slice(&b)), 0);
	device_listen(later.d, &listener);
	qxl_settle(later.p);
	assert_int_equal(n, 1);
	qxl_settle(later.p);
	assert_int_equal(n, 1);
	assert_int_equal(later.faults, now.faults);
	for (uint32_t id = 0; id <= 2; id += 2)
		assert_memory_equal(device_surface(now.d, id)->data, device_surface(later.d, id)->data,
			4 * W * H);
	device_unlisten(&listener);
	run_fini(&now);
	run_fini(&later);
	buf_fini(&b);
}

/* ---- hostile bytes ---- */

static void cut(void **state)
{
	struct buf b = {0};
	struct run r;

	(void)state;
	all_commands(&b);
	for (size_t n = 0; n < buf_len(&b); n++) {
		uint8_t *exact = malloc(n + 1); /* behind the bytes a sanitizer watches */
		int rc;

		memcpy(exact + 1, buf_data(&b), n);
		run_init(&r);
		rc = play(&r, slice_of(exact + 1, n));
		assert_true(rc == 0 || rc == E_AGAIN);
		assert_int_equal(r.faults, 0);
		run_fini(&r);
		free(exact);
	}
	buf_fini(&b);
}

static void flipped(void **state)
{
	struct rng rng = {7};
	struct buf b = {0};
	unsigned refused = 0;
	struct run r;

	(void)state;
	all_commands(&b);
	for (int i = 0; i < 4000; i++) {
		size_t at = rng_below(&rng, (uint32_t)buf_len(&b));
		uint8_t was = buf_data(&b)[at];

		buf_data(&b)[at] = rng_below(&rng, 3) ? (uint8_t)(was ^ 1 << rng_below(&rng, 8))
						      : (uint8_t)('0' + rng_below(&rng, 10));
		run_init(&r);
		refused += play(&r, buf_slice(&b)) != 0;
		run_fini(&r);
		buf_data(&b)[at] = was;
	}
	assert_in_range(refused, 1000, 3999);
	buf_fini(&b);
}

static int one(const char *text)
{
	struct buf b = {0};
	struct run r;
	int rc;

	run_init(&r);
	begin(&b, 32);
	buf_str(&b, text);
	rc = play(&r, buf_slice(&b));
	run_fini(&r);
	buf_fini(&b);
	return rc;
}

static void refused(void **state)
{
	size_t used;

	(void)state;
	assert_int_equal(qxl_header(slice_str("SPICE_REPLAY 2\n"), &used), E_INVAL);
	assert_int_equal(qxl_header(slice_str("SPICE_REPLAY"), &used), E_AGAIN);
	assert_int_equal(one("event 1 2 0 0\n"), E_INVAL);
	assert_int_equal(one("event 1 0 6 0\n"), E_INVAL);
	assert_int_equal(one("event 1 1 41 0\n"), E_INVAL);
	assert_int_equal(one("event 1 1 1  0\n"), E_INVAL);
	assert_int_equal(one("event 1 1 1 99999999999999999999\n"), E_INVAL);
	assert_int_equal(one("event 1 1 1 18446744073709551615\n"), 0);
	assert_int_equal(one("event 1 1 1 0 0\n"), E_INVAL);
	assert_int_equal(one("event 1 0 4 0\nbinary 0 message 99999999999:"), E_LIMIT);
	assert_int_equal(one("event 1 0 4 0\nbinary 0 message 3:abcd"), E_INVAL);
	assert_int_equal(one("event 1 0 4 0\nbinary 2 message 3:abc\n"), E_UNSUP);
	assert_int_equal(one("event 1 0 4 0\nbinary 1 message 3000000:3:abc\n"), E_INVAL);
	assert_int_equal(one("event 1 0 3 0\ncursor_cmd\ntype 4\n"), E_INVAL);
	assert_int_equal(one("event 1 0 2 0\nupdate\nrect area 0 0 0 4294967296\n"), E_INVAL);
	assert_int_equal(one("event 1 0 1 0\ndrawable\nrect bbox 0 0 1 1\ntype 1\nnum_rects 1\n"
		"data_chunks 4294967295 16\n"), E_LIMIT);
	assert_int_equal(one("event 1 0 1 0\ndrawable\nrect bbox 0 0 1 1\ntype 1\nnum_rects 1\n"
		"data_chunks 1000 16\n"), E_AGAIN);
}

/* Whole, but nothing that a device does. */
static void passed_over(void **state)
{
	struct buf b = {0};
	struct run r;

	(void)state;
	begin(&b, 32);
	base(&b, 0, box(0, 0, 4, 4), 1); /* no such rop */
	buf_printf(&b, "type 1\nu.color 1\nrop_descriptor 4096\n%s", no_mask);
	base(&b, 9, box(0, 0, 4, 4), 1); /* no such surface */
	buf_printf(&b, "type 1\nu.color 1\nrop_descriptor 8\n%s", no_mask);
	base(&b, 0, box(0, 0, 4, 4), 3); /* no source */
	buf_printf(&b, "image 0\nrect src_area 0 0 4 4\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	base(&b, 0, box(0, 0, 4, 4), 3); /* a bitmap with fewer bytes than it says */
	bitmap(&b, 1, 1, BITMAP_FMT_32BIT, 4, 4, 8, NULL, 0, "12345678123456781234567812345678", 32);
	buf_printf(&b, "rect src_area 0 0 4 4\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	base(&b, 0, box(0, 0, 4, 4), 10); /* a path of a point too few */
	buf_str(&b, "data_chunks 0 8\nbinary 0 path 8:");
	buf_put(&b, "\1\0\0\0\1\0\0\0\n", 9);
	buf_str(&b, "attr.flags 0\ntype 1\nu.color 119\nfore_mode 8\nback_mode 8\n");
	base(&b, 0, box(0, 0, 4, 4), 11); /* a glyph that is not there */
	buf_str(&b, "data_size 0\nlength 1\nflags 1\ndata_chunks 0 0\nbinary 0 string 0:\nrect back_area 0 0 0 0\n"
		"type 1\nu.color 136\ntype 0\nfore_mode 8\nback_mode 8\n");
	event(&b, 0, 5, 0); /* surface 0 is the host's */
	buf_str(&b, "surface_cmd\nsurface_id 0\ntype 1\nflags 0\n");
	event(&b, 0, 3, 0); /* an unknown shape */
	buf_str(&b, "cursor_cmd\ntype 0\npoint16 4 5\nu.set.visible 1\nheader.unique 9\nheader.type 70\n"
		"header.width 1\nheader.height 1\nheader.hot_spot_x 0\nheader.hot_spot_y 0\ndata_size 4\n");
	chunks(&b, "cursor", "\1\2\3\4", 4, 4);
	whole(&r, &b);
	assert_int_equal(r.commands, 8);
	assert_int_equal(r.faults, 8);
	assert_int_equal(pixel(&r, 0, 0, 0), 0);
	run_fini(&r);
	buf_fini(&b);
}

/* Rows 10, 11 and 13: ids, sizes and strides of surfaces that a guest can't mean. */
static void wild_surfaces(void **state)
{
	static const unsigned ids[] = {1, 1023, 1024, 0x7fffffff, 0xffffffff};
	static const struct {
		unsigned id, format, width, height;
		int stride;
	} bad[] = {
		{1, 32, 0, 0, 0}, {1, 32, 0, 1, 4}, {1, 32, 1, 0, 4}, {1, 32, 65536, 65536, 4},
		{1, 32, 0xffffffff, 1, 4}, {1, 32, 16385, 1, 65540}, {1, 32, 8192, 8193, 32768}, {1, 0, 2, 1, 8},
		{1, 33, 2, 1, 8}, {1, 255, 2, 1, 8}, {1024, 32, 2, 1, 8}, {0xffffffff, 32, 2, 1, 8},
		{1, 32, 2, 1, INT32_MIN}, {1, 32, 2, 1, 7}, {1, 32, 2, 1, INT32_MAX}, {1, 32, 2, 0x10001, 0x10000},
	};
	struct buf b = {0};
	struct run r;

	(void)state;
	begin(&b, 32);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		base(&b, ids[i], box(0, 0, 4, 4), 1);
		buf_printf(&b, "type 1\nu.color 1\nrop_descriptor 8\n%s", no_mask);
		event(&b, 0, 5, 0);
		buf_printf(&b, "surface_cmd\nsurface_id %u\ntype 1\nflags 0\n", ids[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		event(&b, 0, 5, 0);
		buf_printf(&b, "surface_cmd\nsurface_id %u\ntype 0\nflags 1\nu.surface_create.format %u\n"
			"u.surface_create.width %u\nu.surface_create.height %u\nu.surface_create.stride %d\n",
			bad[i].id, bad[i].format, bad[i].width, bad[i].height, bad[i].stride);
		block(&b, "data", "\1\2\3\4\5\6\7\x8", 8);
	}
	whole(&r, &b);
	assert_int_equal(r.faults, 2 * ARRAY_SIZE(ids) + ARRAY_SIZE(bad));
	assert_null(canvas_surface(r.d->canvas, 1));
	assert_int_equal(pixel(&r, 0, 0, 0), 0);
	run_fini(&r);
	buf_fini(&b);
}

/* The surface as the source of what is drawn on it, said by a driver of today and by one of old. */
static void self_source(void **state)
{
	struct buf b = {0};
	struct run r;

	(void)state;
	begin(&b, 32);
	fill(&b, box(0, 0, 4, 4), 0x123456);
	event(&b, 0, 1, 0);
	buf_str(&b, "drawable\nrect bbox 0 10 4 14\ntype 0\neffect 1\nmm_time 0\nself_bitmap 1\n"
		"rect self_bitmap_area 0 0 4 4\nsurface_id 0\n");
	for (int i = 0; i < 3; i++)
		buf_str(&b, "surfaces_dest -1\nrect surfaces_rects 0 0 0 0\n");
	buf_printf(&b, "type 3\nimage 0\nrect src_area 0 0 4 4\nrop_descriptor 8\nscale_mode 0\n%s", no_mask);
	event(&b, 0, 1, 0);
	buf_printf(&b, "drawable\nrect bbox 0 20 4 24\ntype 0\neffect 1\nmm_time 0\nbitmap_offset 1\n"
		"rect bitmap_area 0 0 4 4\ntype 13\nalpha 255\nimage 0\nrect src_area 0 0 4 4\n");
	whole(&r, &b);
	assert_int_equal(r.faults, 0);
	assert_int_equal(pixel(&r, 0, 11, 2), 0x123456);
	assert_int_equal(pixel(&r, 0, 21, 2), 0x123456);
	assert_int_equal(pixel(&r, 0, 5, 2), 0);
	run_fini(&r);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(surfaces),
		cmocka_unit_test(commands),
		cmocka_unit_test(depths),
		cmocka_unit_test(quic_and_zlib),
		cmocka_unit_test(pictures),
		cmocka_unit_test(bounded),
		cmocka_unit_test(put_off),
		cmocka_unit_test(cut),
		cmocka_unit_test(flipped),
		cmocka_unit_test(refused),
		cmocka_unit_test(passed_over),
		cmocka_unit_test(wild_surfaces),
		cmocka_unit_test(self_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
