/* The protocol tables: what is generated encodes, decodes and copies to the same bytes; what is cut or
 * bent is refused or decodes, and never reads outside the message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/wire.h"

enum { ROUNDS = 40 };

/* The message at its exact size on the heap, so that a sanitizer sees one byte too far. */
static int decode_exact(const struct wire_msg *m, struct slice s, uint32_t caps, struct arena *a, void *host,
	size_t *consumed)
{
	uint8_t *copy = malloc(s.n ? s.n : 1);
	struct wire_in in = {.msg = {copy, s.n}, .arena = a, .caps = caps};
	struct buf text = {0};
	struct json j = {.out = &text};
	bool harmless = true;
	int rc;

	if (s.n)
		memcpy(copy, s.p, s.n);
	rc = wire_decode(m->desc(), &in, host);
	if (rc == 0) { /* whatever decodes can be printed and copied */
		struct arena other = {0};

		wire_print_text(m->desc(), host, caps, &text);
		json_open(&j, NULL, '{');
		wire_print_json(m->desc(), host, caps, 0, &j);
		json_close(&j, '}');
		for (size_t i = 0; i < buf_len(&text); i++)
			harmless &= buf_data(&text)[i] >= 0x20 && buf_data(&text)[i] != 0x7f;
		assert_true(harmless);
		wire_copy(m->desc(), host, caps, &other);
		arena_fini(&other);
	}
	*consumed = in.consumed;
	buf_fini(&text);
	free(copy);
	return rc;
}

static void for_each_message(void (*f)(const struct wire_msg *, struct slice, uint32_t caps))
{
	struct rng rng = {20260101};
	struct arena a = {0};

	for (size_t i = 0; i < wire_msgs_n; i++) {
		for (unsigned round = 0; round < ROUNDS; round++) {
			uint32_t caps = round % 4;
			void *host = malloc(wire_msgs[i].size + 1);
			struct buf out = {0};

			wire_generate(wire_msgs[i].desc(), &rng, caps, &a, host);
			if (wire_encode(wire_msgs[i].desc(), host, caps, &out))
				fail_msg("%s does not encode", wire_msgs[i].name);
			f(&wire_msgs[i], buf_slice(&out), caps);
			buf_fini(&out);
			free(host);
			arena_reset(&a);
		}
	}
	arena_fini(&a);
}

static void round_trip_one(const struct wire_msg *m, struct slice s, uint32_t caps)
{
	struct arena a = {0}, b = {0};
	struct buf again = {0};
	void *host = malloc(m->size + 1), *copy;
	struct wire_in in = {.msg = s, .arena = &a, .caps = caps};

	if (wire_decode(m->desc(), &in, host))
		fail_msg("%s does not decode", m->name);
	assert_int_equal(in.consumed, s.n);
	copy = wire_copy(m->desc(), host, caps, &b);
	arena_fini(&a);
	assert_int_equal(wire_encode(m->desc(), copy, caps, &again), 0);
	if (!slice_eq(buf_slice(&again), s))
		fail_msg("%s differs after a round trip", m->name);
	arena_fini(&b);
	buf_fini(&again);
	free(host);
}

static void round_trip(void **state)
{
	(void)state;
	for_each_message(round_trip_one);
}

/* A truncation that still decodes must have lost only a trailing "rest". */
static void cut_one(const struct wire_msg *m, struct slice s, uint32_t caps)
{
	void *host = malloc(m->size + 1);

	for (size_t n = 0; n < s.n; n++) {
		struct arena a = {0};
		size_t consumed;

		if (decode_exact(m, slice_of(s.p, n), caps, &a, host, &consumed) == 0)
			assert_true(consumed <= n);
		arena_fini(&a);
	}
	free(host);
}

static void every_truncation(void **state)
{
	(void)state;
	for_each_message(cut_one);
}

static void flip_one(const struct wire_msg *m, struct slice s, uint32_t caps)
{
	void *host = malloc(m->size + 1);
	uint8_t *bent = malloc(s.n + 1);

	if (s.n)
		memcpy(bent, s.p, s.n);
	for (size_t bit = 0; bit < 8 * s.n; bit++) {
		struct arena a = {0};
		size_t consumed;

		bent[bit / 8] ^= (uint8_t)(1 << bit % 8);
		decode_exact(m, slice_of(bent, s.n), caps, &a, host, &consumed);
		bent[bit / 8] ^= (uint8_t)(1 << bit % 8);
		arena_fini(&a);
	}
	free(bent);
	free(host);
}

static void every_bit_flip(void **state)
{
	(void)state;
	for_each_message(flip_one);
}

/* A draw_copy as it stands in captures/qemu-seabios: the fields where they belong. */
static void draw_copy_layout(void **state)
{
	static const uint8_t msg[] = {
		0, 0, 0, 0, /* surface */
		1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0, /* box: top left bottom right */
		0, /* clip */
		57, 0, 0, 0, /* src */
		0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, /* src_area */
		8, 0, 1, /* rop, scale_mode */
		0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, /* mask */
		9, 0, 0, 0, 0, 0, 0, 0, 104, 0, 4, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0,
	};
	struct arena a = {0};
	struct wire_in in = {.msg = {msg, sizeof(msg)}, .arena = &a};
	struct draw_copy d;
	struct buf text = {0};

	(void)state;
	assert_int_equal(wire_decode(wire_desc_draw_copy(), &in, &d), 0);
	assert_int_equal(in.consumed, sizeof(msg));
	assert_int_equal(d.base.box.top, 1);
	assert_int_equal(d.base.box.right, 6);
	assert_int_equal(d.rop, ROPD_OP_PUT);
	assert_int_equal(d.mask.pos.y, 6);
	assert_null(d.mask.bitmap);
	assert_int_equal(d.src->d.id, 9);
	assert_int_equal(d.src->surface_id, 7);
	wire_print_text(wire_desc_draw_copy(), &d, 0, &text);
	assert_string_equal(buf_cstr(&text),
		"base={surface_id=0 box=4x2+2+1 clip={type=NONE}} src={d={id=9 type=SURFACE flags=0 "
		"width=4 height=2} surface_id=7} src_area=4x2+0+0 rop=OP_PUT scale_mode=NEAREST "
		"mask={flags=0 pos=+5+6}");
	buf_fini(&text);
	arena_fini(&a);
}

static void refuse(const struct wire_desc *d, const void *p, size_t n, int want)
{
	struct arena a = {0};
	struct wire_in in = {.msg = {p, n}, .arena = &a};
	void *host = malloc(wire_desc_size(d) + 1);

	assert_int_equal(wire_decode(d, &in, host), want);
	arena_fini(&a);
	free(host);
}

/* Rows 17, 19 and 70 of RELIABILITY 8: counts and offsets that lie. */
static void hostile(void **state)
{
	static const uint8_t count[] = {0xff, 0xff, 0xff, 0x7f, 1, 0};
	static const uint8_t brush[] = {3, 0, 0, 0, 0};
	uint8_t clip[4 + 16 + 1 + 4] = {[20] = 1, [21] = 1, [22] = 16};

	(void)state;
	refuse(wire_desc_main_channels_list(), count, sizeof(count), E_INVAL);
	refuse(wire_desc_brush(), brush, sizeof(brush), E_INVAL);
	refuse(wire_desc_draw_base(), clip, sizeof(clip), E_INVAL);
}

/* What does not fit together is not encoded, and nothing of it stands there. */
static void lengths_that_lie(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct main_name name = {.name_len = 4, .name = {bytes, 3}};
	struct main_channels_list list = {.num_of_channels = 1};
	struct draw_stroke stroke = {.base.surface_id = 1};
	struct buf out = {0};

	(void)state;
	buf_str(&out, "before");
	assert_int_equal(wire_encode(wire_desc_main_name(), &name, 0, &out), E_INVAL);
	assert_int_equal(wire_encode(wire_desc_main_channels_list(), &list, 0, &out), E_INVAL);
	assert_int_equal(wire_encode(wire_desc_draw_stroke(), &stroke, 0, &out), E_INVAL); /* a path there must be */
	assert_true(slice_eq(buf_slice(&out), slice_str("before")));
	buf_fini(&out);
}

/* Numbers print as what they are: all bits set is the largest of those without a sign, and -1 of the others. */
static void signs(void **state)
{
	struct inputs_mouse_motion motion = {-1, INT32_MIN, 0x8000};
	struct cursor_move move = {.position = {-1, INT16_MIN}};
	struct playback_mute mute = {0xff};
	struct ping ping = {UINT32_MAX, UINT64_MAX, {0}};
	struct buf text = {0};

	(void)state;
	wire_print_text(wire_desc_inputs_mouse_motion(), &motion, 0, &text);
	wire_print_text(wire_desc_cursor_move(), &move, 0, &text);
	wire_print_text(wire_desc_playback_mute(), &mute, 0, &text);
	wire_print_text(wire_desc_ping(), &ping, 0, &text);
	assert_string_equal(buf_cstr(&text), "dx=-1 dy=-2147483648 buttons_state=0x8000position=-1-32768mute=255"
		"id=4294967295 timestamp=18446744073709551615 data=[0]");
	buf_fini(&text);
}

/* Text is shown whole up to a length, and says so where it is cut. */
static void text_is_cut(void **state)
{
	uint8_t bytes[257];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (uint32_t n = 255; n <= 257; n++) {
		struct main_name name = {.name_len = n, .name = {bytes, n}};
		struct buf text = {0};

		wire_print_text(wire_desc_main_name(), &name, 0, &text);
		assert_int_equal(strstr(buf_cstr(&text), "\"...") != NULL, n == 257);
		assert_int_equal(buf_len(&text), strlen("name_len=255 name=\"\"") + n + (n == 257 ? 3 - 1 : 0));
		buf_fini(&text);
	}
}

static void lookup(void **state)
{
	(void)state;
	assert_string_equal(wire_msg_find(WIRE_DISPLAY, WIRE_S, 304)->name, "DRAW_COPY");
	assert_string_equal(wire_msg_find(WIRE_CURSOR, WIRE_S, 4)->name, "PING");
	assert_null(wire_msg_find(WIRE_CURSOR, WIRE_C, 101));
	assert_null(wire_msg_find(99, WIRE_C, 101));
	assert_string_equal(wire_enum_word("image_type", 102), "GLZ_RGB");
	assert_int_equal(wire_channel_number("webdav"), 11);
	for (size_t i = 0; i < wire_msgs_n; i++)
		assert_ptr_equal(wire_msg_find(wire_msgs[i].channel, wire_msgs[i].dir, wire_msgs[i].number),
			&wire_msgs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookup),
		cmocka_unit_test(draw_copy_layout),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_bit_flip),
		cmocka_unit_test(hostile),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(signs),
		cmocka_unit_test(text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
