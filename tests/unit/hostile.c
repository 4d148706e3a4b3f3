/* A hostile server on the display and cursor channels, in process: rows 13, 17, 20, 21, 22, 29, 39, 44, 67 and 68 of
 * RELIABILITY 8 and X-27, as far as they concern drawing, surfaces, streams and pointers. What is wrong ends its own
 * channel with E_PROTO or E_LIMIT (the harness aborts at anything else), and the other display draws on. */
#include <setjmp.h>
#include <stdarg.h>

#include <zlib.h>

#include <cmocka.h>

#include "codec/lz4.h"
#include "codec/quic.h"
#include "tests/fuzz/display.h"
#include "tests/fuzz/ends.h"

enum { HEAD = 6, SIDE = 16, SEEDS = 2, BENT = 300 };

static struct client *c;

static int begin(void **state)
{
	(void)state;
	c = session_new(NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	session_free(c);
	return 0;
}

static int tell(unsigned to, unsigned number, const void *body)
{
	const struct wire_msg *m = wire_msg_find(to == CURSOR ? WIRE_CURSOR : WIRE_DISPLAY, WIRE_S, number);
	struct buf b = {0};
	int rc;

	buf_le16(&b, (uint16_t)number);
	buf_le32(&b, 0);
	assert_int_equal(wire_encode(m->desc(), body, 0, &b), 0);
	put_le32(buf_data(&b) + 2, (uint32_t)buf_len(&b) - HEAD);
	rc = feed(c, to, buf_data(&b), buf_len(&b), false);
	buf_fini(&b);
	return rc;
}

static void assert_refused(int rc)
{
	assert_true(rc == E_PROTO || rc == E_LIMIT);
}

/* The second display is as it should be, whatever was said to the first one. */
static void assert_other_lives(uint32_t colour)
{
	struct draw_fill fill = {.base.box = {0, 0, ENDS_SIDE, ENDS_SIDE}, .brush = {.type = BRUSH_TYPE_SOLID,
		.color = colour}, .rop = ROPD_OP_PUT};

	assert_int_equal(tell(1, S_DISPLAY_DRAW_FILL, &fill), 0);
	assert_int_equal(get_le32(client_display_screen(c->ends[1])->data) & 0xffffff, colour);
}

/* ---- rows 13, 17, 21, 67: every field of every message, and every length ---- */

static void rewind_end(unsigned to)
{
	close_end(c, to);
	open_end(c, to);
}

/* The message with `size` of its bytes at `at` overwritten. */
static int bent(unsigned to, const struct buf *b, size_t at, unsigned size, uint32_t value)
{
	uint8_t *copy = memcpy(xmalloc(buf_len(b)), buf_data(b), buf_len(b));
	int rc;

	for (unsigned i = 0; i < size; i++)
		copy[at + i] = (uint8_t)(value >> 8 * i);
	rc = feed(c, to, copy, buf_len(b), false);
	free(copy);
	if (!rc && c->conns[to].chan.parked)
		rewind_end(to);
	return rc;
}

/* Numbers of one and two bytes, too, but with fewer values. */
static void bend_all(unsigned to, const struct buf *b, unsigned *fine, unsigned *refused)
{
	static const uint32_t values[] = {0, 0xffffffff, 0x7fff, 1, 0xffff, 0x15555555, 0x40000000, 0x7fffffff,
		0x80000000};

	for (size_t at = HEAD; at < buf_len(b); at++) {
		for (unsigned size = 1; size <= 4 && at + size <= buf_len(b); size *= 2) {
			for (size_t i = 0; i < (size < 4 ? 2 : ARRAY_SIZE(values)); i++)
				++*(bent(to, b, at, size, values[i]) ? refused : fine);
			++*(bent(to, b, at, size, buf_data(b)[at] + 1u) ? refused : fine);
		}
	}
}

static void every_field(void **state)
{
	struct sayer s = {.now = 0};
	unsigned fine = 0, refused = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(say_display) + ARRAY_SIZE(say_pointer); i++) {
		bool pointer = i >= ARRAY_SIZE(say_display);
		unsigned to = pointer ? CURSOR : 0;
		const struct wire_msg *m = pointer
			? wire_msg_find(WIRE_CURSOR, WIRE_S, say_pointer[i - ARRAY_SIZE(say_display)])
			: wire_msg_find(WIRE_DISPLAY, WIRE_S, say_display[i]);

		for (unsigned seed = 1; seed <= SEEDS; seed++) {
			struct buf b = {0};

			buf_le16(&b, m->number);
			buf_le32(&b, 0);
			say(&s, m, 0, 1000 * i + seed, &b);
			if (buf_len(&b) > BENT) /* what is more is pixels */
				b.end = b.off + BENT;
			put_le32(buf_data(&b) + 2, (uint32_t)buf_len(&b) - HEAD);
			bend_all(to, &b, &fine, &refused);
			buf_fini(&b);
		}
		assert_other_lives(i + 1);
	}
	sayer_fini(&s);
	assert_true(fine > 10000 && refused > 10000);
}

/* ---- pictures: rows 13, 20, 22, 39, 44, 68 and X-27 ---- */

static int draw(const struct image *img)
{
	struct draw_copy m = {.base.box = {0, 0, SIDE, SIDE}, .src = (struct image *)img,
		.src_area = {0, 0, SIDE, SIDE}, .rop = ROPD_OP_PUT};

	return tell(0, S_DISPLAY_DRAW_COPY, &m);
}

static uint8_t memory[1 << 16];

static struct image coded(uint8_t type, size_t n)
{
	return (struct image){.d = {.id = 1, .type = type, .width = SIDE, .height = SIDE},
		.coded = {(uint32_t)n, {memory, n}}};
}

static void paint(uint8_t *pixels)
{
	for (size_t i = 0; i < 4 * SIDE * SIDE; i++)
		pixels[i] = (uint8_t)(i * 7 + i / 64);
}

static struct image good_quic(void)
{
	uint8_t pixels[4 * SIDE * SIDE], *scratch = xmalloc(quic_scratch_size(SIDE));
	size_t n = 0;

	paint(pixels);
	assert_int_equal(quic_encode(QUIC_RGB32, SIDE, SIDE, pixels, 4 * SIDE, memory, sizeof(memory), &n, scratch), 0);
	free(scratch);
	return coded(IMAGE_TYPE_QUIC, n);
}

static size_t lz(enum lz_type type)
{
	struct lz_info info = {.type = type, .width = SIDE, .height = SIDE, .top_down = true};
	uint8_t pixels[4 * SIDE * SIDE], *scratch = xmalloc(LZ_SCRATCH);
	size_t n = 0;

	paint(pixels);
	assert_int_equal(lz_encode(&info, pixels, memory, sizeof(memory), &n, scratch), 0);
	free(scratch);
	return n;
}

static struct image good_lz(void)
{
	return coded(IMAGE_TYPE_LZ_RGB, lz(LZ_RGB32));
}

static struct image good_lz4(void)
{
	uint8_t pixels[4 * SIDE * SIDE];
	size_t n = 0;

	paint(pixels);
	assert_int_equal(lz4_image_encode(BITMAP_FMT_32BIT, pixels, SIDE, 4 * SIDE, 4 * SIDE, memory, sizeof(memory),
		&n), 0);
	return coded(IMAGE_TYPE_LZ4, n);
}

static struct image good_jpeg(void)
{
	uint8_t pixels[4 * SIDE * SIDE];
	struct buf out = {0};
	size_t n;

	paint(pixels);
	assert_int_equal(jpeg_encode(pixels, SIDE, SIDE, 4 * SIDE, 80, &out), 0);
	n = buf_len(&out);
	memcpy(memory, buf_data(&out), n);
	buf_fini(&out);
	return coded(IMAGE_TYPE_JPEG, n);
}

/* The first of a new dictionary, which a new session has not seen. */
static struct image good_glz(void)
{
	struct glz_dict *d = glz_dict_new(ENDS_GLZ_PIXELS);
	uint8_t pixels[4 * SIDE * SIDE];
	size_t n = 0;

	paint(pixels);
	assert_int_equal(glz_encode(d, LZ_RGB32, SIDE, SIDE, pixels, 4 * SIDE, true, memory, sizeof(memory), &n), 0);
	glz_dict_free(d);
	session_free(c);
	c = session_new(NULL);
	return coded(IMAGE_TYPE_GLZ_RGB, n);
}

static struct image (*const good[])(void) = {good_quic, good_lz, good_lz4, good_jpeg, good_glz};

/* Descriptors of another size than the stream's, and cuts of the stream. */
static void pictures_that_lie(void **state)
{
	static const uint32_t sizes[][2] = {{SIDE + 1, SIDE}, {SIDE - 1, SIDE}, {SIDE, SIDE + 1}, {SIDE, SIDE - 1},
		{0, SIDE}, {SIDE, 0}, {0xffffffff, SIDE}, {SIDE, 0x80000000}, {16385, 1}, {8192, 8193},
		{0x10000, 0x10000}, {16384, 4096}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct image img = good[i]();

		assert_int_equal(draw(&img), 0);
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			img = good[i]();
			img.d.width = sizes[k][0];
			img.d.height = sizes[k][1];
			assert_refused(draw(&img));
		}
		for (size_t n = 0; n < 40; n++) {
			img = good[i]();
			img.coded.data.n = img.coded.data_size = (uint32_t)n;
			assert_refused(draw(&img));
		}
		for (size_t k = 0; k < ARRAY_SIZE(good); k++) { /* under another type's name */
			uint8_t type = good[k]().d.type;

			img = good[i]();
			img.d.type = type;
			if (k != i)
				assert_refused(draw(&img));
		}
		assert_other_lives((uint32_t)i + 1);
	}
}

/* Row 20: types and palettes that don't go together. */
static void palettes_that_lie(void **state)
{
	uint32_t ents[256] = {0};
	struct palette pal = {.unique = 0, .num_ents = 256, .ents = ents};
	struct image img = coded(IMAGE_TYPE_LZ_PLT, 0);

	(void)state;
	img.lz_plt.palette = &pal;
	img.lz_plt.data_size = (uint32_t)(img.lz_plt.data = slice_of(memory, lz(LZ_PLT8))).n;
	assert_int_equal(draw(&img), 0);
	pal.num_ents = 1; /* the pixels have others */
	assert_refused(draw(&img));
	pal.num_ents = 257;
	pal.ents = xcalloc(257, sizeof(uint32_t));
	assert_refused(draw(&img));
	free(pal.ents);
	img.lz_plt.flags = BITMAP_FLAGS_PAL_FROM_CACHE;
	img.lz_plt.palette_id = 99;
	assert_refused(draw(&img));
	img = coded(IMAGE_TYPE_LZ_RGB, lz(LZ_PLT8)); /* indexes without a palette */
	assert_refused(draw(&img));
	img = coded(IMAGE_TYPE_LZ_RGB, lz(LZ_ALPHA));
	assert_refused(draw(&img));
	img = coded(IMAGE_TYPE_LZ_PLT, 0);
	pal = (struct palette){.num_ents = 256, .ents = ents};
	img.lz_plt.palette = &pal;
	img.lz_plt.data_size = (uint32_t)(img.lz_plt.data = slice_of(memory, lz(LZ_RGB32))).n;
	assert_refused(draw(&img)); /* a palette without indexes */
}

/* Row 39: the sizes of LZ4 blocks. */
static void lz4_blocks(void **state)
{
	static const uint32_t sizes[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct image img = good_lz4();

		put_be32(memory + 2, sizes[i]);
		assert_refused(draw(&img));
	}
	/* empty blocks without end make no picture either */
	memset(memory, 0, sizeof(memory));
	memory[0] = 1;
	memory[1] = BITMAP_FMT_32BIT;
	assert_refused(draw(&(struct image){.d = {.type = IMAGE_TYPE_LZ4, .width = SIDE, .height = SIDE},
		.coded = {60000, {memory, 60000}}}));
}

/* Row 13, for bitmaps: a stride that is none. */
static void strides(void **state)
{
	static const uint32_t bad[] = {0, 1, 4 * SIDE - 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000};
	struct image img = coded(IMAGE_TYPE_BITMAP, 0);
	struct draw_copy m = {.base.box = {0, 0, SIDE, SIDE}, .src = &img, .rop = ROPD_OP_PUT};
	struct buf b = {0};
	size_t at;

	(void)state;
	img.bitmap = (struct bitmap_data){.format = BITMAP_FMT_32BIT, .x = SIDE, .y = SIDE, .stride = 4 * SIDE,
		.data = {memory, 4 * SIDE * SIDE}};
	m.src_area = m.base.box;
	assert_int_equal(draw(&img), 0);
	buf_le16(&b, S_DISPLAY_DRAW_COPY);
	buf_le32(&b, 0);
	assert_int_equal(wire_encode(wire_desc_draw_copy(), &m, 0, &b), 0);
	put_le32(buf_data(&b) + 2, (uint32_t)buf_len(&b) - HEAD);
	at = buf_len(&b) - 4 * SIDE * SIDE - 8; /* stride, palette, pixels */
	assert_int_equal(get_le32(buf_data(&b) + at), 4 * SIDE);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bent(0, &b, at, 4, bad[i]));
	put_le32(buf_data(&b) + at - 4, 0x10001); /* rows; with 0x10000 bytes each the product is small in 32 bits */
	assert_refused(bent(0, &b, at, 4, 0x10000));
	assert_other_lives(13);
	buf_fini(&b);
}

/* Rows 44 and 68: sizes around a zlib stream that lie, and streams that make nothing. */
static void deflated(void **state)
{
	static const int64_t off[] = {-1, 1, 0xffffffff};
	struct image glz = good_glz(), img = coded(IMAGE_TYPE_ZLIB_GLZ_RGB, 0);
	uint8_t plain[sizeof(memory)];
	uLongf n = sizeof(memory);
	uint32_t size = glz.coded.data_size;
	uint64_t since;

	(void)state;
	memcpy(plain, memory, size);
	assert_int_equal(compress(memory, &n, plain, size), Z_OK);
	img.zlib_glz = (struct zlib_glz_data){size, (uint32_t)n, {memory, n}};
	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		img.zlib_glz.glz_data_size = (uint32_t)(off[i] == 0xffffffff ? off[i] : size + off[i]);
		assert_refused(draw(&img));
	}
	img.zlib_glz = (struct zlib_glz_data){0xffffffff, 20, {memory, 20}};
	assert_refused(draw(&img));
	img.zlib_glz = (struct zlib_glz_data){size, (uint32_t)n - 1, {memory, n - 1}}; /* it never ends */
	assert_refused(draw(&img));
	img.zlib_glz = (struct zlib_glz_data){size, (uint32_t)n, {memory, n}};
	assert_int_equal(draw(&img), 0);
	memcpy(memory, "\x78\x01", 2); /* stored blocks of nothing, as a sync flush writes them */
	for (n = 2; n + 5 <= sizeof(memory); n += 5)
		memcpy(memory + n, "\0\0\0\xff\xff", 5);
	img.zlib_glz = (struct zlib_glz_data){size, (uint32_t)n, {memory, n}};
	since = uv_hrtime();
	assert_refused(draw(&img));
	assert_true(uv_hrtime() - since < 2000000000); /* L-13 */
}

/* JPEG_ALPHA: a JPEG longer than both, an alpha of another size or kind. */
static void alphas(void **state)
{
	struct image img = good_jpeg();
	size_t jpeg = img.coded.data.n, n;
	struct jpeg_alpha_data fine;
	uint8_t colours[4096];

	(void)state;
	memcpy(colours, memory, jpeg);
	n = lz(LZ_ALPHA);
	memmove(memory + jpeg, memory, n);
	memcpy(memory, colours, jpeg);
	fine = (struct jpeg_alpha_data){JPEG_ALPHA_FLAGS_TOP_DOWN, (uint32_t)jpeg, (uint32_t)(jpeg + n),
		{memory, jpeg + n}};
	img = coded(IMAGE_TYPE_JPEG_ALPHA, 0);
	img.jpeg_alpha = fine;
	assert_int_equal(draw(&img), 0);
	for (uint32_t size = 0; size < 6; size++) {
		static const uint32_t sizes[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};

		img.jpeg_alpha.jpeg_size = size < ARRAY_SIZE(sizes) ? sizes[size] : (uint32_t)(jpeg + n + 1);
		assert_refused(draw(&img));
	}
	img.jpeg_alpha = fine;
	img.jpeg_alpha.flags = 0; /* not as the alpha stands */
	assert_refused(draw(&img));
	img.jpeg_alpha = fine;
	memory[jpeg + 11] = LZ_RGBA;
	assert_refused(draw(&img));
}

/* What the cache refuses is freed once (a sanitizer says so). */
static void cached(void **state)
{
	struct image img = good_jpeg();

	(void)state;
	img.d.flags = IMAGE_FLAGS_CACHE_REPLACE_ME; /* with something lossy */
	for (int i = 0; i < 20; i++)
		assert_refused(draw(&img));
	assert_other_lives(20);
}

/* small files that claim to be large: 64 Mpx and one column more. */
static void claims(void **state)
{
	struct image img = good_quic();

	(void)state;
	put_le32(memory + 12, 8192);
	put_le32(memory + 16, 8193);
	img.d.width = 8192;
	img.d.height = 8193;
	assert_refused(draw(&img));
	img = good_lz();
	put_be32(memory + 12, 16384);
	put_be32(memory + 16, 4096);
	put_be32(memory + 20, 4 * 16384);
	img.d.width = 16384;
	img.d.height = 4096;
	assert_refused(draw(&img));
	img = coded(IMAGE_TYPE_LZ4, 12);
	memcpy(memory, "\1\x08\0\0\0\x06" "abcdef", 12);
	img.d.width = img.d.height = 8192;
	assert_refused(draw(&img));
}

/* ---- rows 21 and 29: pointers and heads ---- */

static int shape(unsigned number, uint16_t flags, uint64_t id)
{
	static const uint8_t pixels[16];
	bool none = flags & CURSOR_FLAGS_FROM_CACHE;
	struct cursor shown = {.flags = flags,
		.header = {.unique = id, .type = CURSOR_TYPE_ALPHA, .width = 2, .height = 2},
		.data = {pixels, none ? 0 : sizeof(pixels)}};

	if (number == S_CURSOR_INIT)
		return tell(CURSOR, number, &(struct cursor_init){.visible = 1, .cursor = shown});
	return tell(CURSOR, number, &(struct cursor_set){.visible = 1, .cursor = shown});
}

static void kept_shapes(void **state)
{
	static const unsigned how[] = {S_CURSOR_INIT, S_CURSOR_SET};

	(void)state;
	for (uint64_t id = 1; id <= LIM_CURSORS; id++)
		assert_int_equal(shape(how[id & 1], CURSOR_FLAGS_CACHE_ME, id), 0);
	assert_int_equal(shape(S_CURSOR_SET, CURSOR_FLAGS_CACHE_ME, 7), 0); /* again */
	assert_int_equal(shape(S_CURSOR_SET, CURSOR_FLAGS_CACHE_ME, 0), 0); /* 0 is not kept */
	for (uint64_t id = 1; id <= LIM_CURSORS; id++)
		assert_int_equal(shape(how[id & 1], CURSOR_FLAGS_FROM_CACHE, id), 0);
	assert_int_equal(tell(CURSOR, S_CURSOR_INVAL_ONE, &(struct cursor_inval_one){9}), 0);
	assert_int_equal(shape(S_CURSOR_SET, CURSOR_FLAGS_CACHE_ME, 1000), 0); /* there is room again */
	assert_int_equal(shape(S_CURSOR_SET, CURSOR_FLAGS_CACHE_ME, 1001), E_LIMIT);
}

static void absent_shapes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		unsigned number = i ? S_CURSOR_SET : S_CURSOR_INIT;
		unsigned gone[] = {S_CURSOR_INVAL_ONE, S_CURSOR_INVAL_ALL, S_CURSOR_RESET};

		assert_refused(shape(number, CURSOR_FLAGS_FROM_CACHE, 0));
		assert_refused(shape(number, CURSOR_FLAGS_FROM_CACHE, 5));
		for (size_t k = 0; k < ARRAY_SIZE(gone); k++) {
			assert_int_equal(shape(number, CURSOR_FLAGS_CACHE_ME, 5), 0);
			assert_int_equal(tell(CURSOR, gone[k], &(struct cursor_inval_one){5}), 0);
			assert_refused(shape(number, CURSOR_FLAGS_FROM_CACHE, 5));
		}
	}
	assert_other_lives(29);
}

static void many_heads(void **state)
{
	static const unsigned counts[] = {0, LIM_HEADS - 1, LIM_HEADS, LIM_HEADS + 1, 2000};
	struct head *heads = xcalloc(2000, sizeof(*heads));
	const struct head *got;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		heads[i] = (struct head){.monitor_id = i, .surface_id = 0xffffffff, .width = 0x80000000,
			.x = 0x7fffffff};
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		unsigned want = counts[i] < LIM_HEADS ? counts[i] : LIM_HEADS;

		assert_int_equal(tell(0, S_DISPLAY_MONITORS_CONFIG, &(struct monitors_config){(uint16_t)counts[i],
			(uint16_t)counts[i], heads}), 0);
		assert_int_equal(client_display_monitors(c->ends[0], &got), want);
		assert_true(!want || got[want - 1].monitor_id == want - 1);
	}
	free(heads);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_field), CASE(pictures_that_lie), CASE(palettes_that_lie), CASE(lz4_blocks), CASE(strides),
		CASE(deflated), CASE(alphas), CASE(cached), CASE(claims), CASE(kept_shapes), CASE(absent_shapes),
		CASE(many_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
