/* What a message costs: decoding the header of a draw_copy, and encoding it, against a memcpy of the same bytes in
 * the same run. One line a figure: NAME VALUE UNIT RATIO. */
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "wire/wire.h"

enum { ROUNDS = 2000000 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* A draw_copy as servers send it: one clip rectangle, a compressed image, no mask. */
static void make(struct buf *out)
{
	static uint8_t payload[64];
	struct rect clip = {0, 0, 480, 640};
	struct image img = {.d = {.id = 7, .type = IMAGE_TYPE_LZ_RGB, .width = 64, .height = 64},
		.coded = {sizeof(payload), {payload, sizeof(payload)}}};
	struct draw_copy d = {
		.base = {.box = {10, 20, 74, 84}, .clip = {.type = CLIP_TYPE_RECTS, .rects = {1, &clip}}},
		.src = &img, .src_area = {0, 0, 64, 64}, .rop = ROPD_OP_PUT, .scale_mode = SCALE_MODE_NEAREST,
	};

	wire_encode(wire_desc_draw_copy(), &d, 0, out);
}

static volatile uint32_t sink;

int main(void)
{
	struct buf msg = {0}, out = {0};
	struct arena a = {0};
	struct draw_copy d;
	double start, copy, decode, encode;
	uint8_t bytes[512];

	make(&msg);
	start = now_ns();
	for (int i = 0; i < ROUNDS; i++) {
		memcpy(bytes, buf_data(&msg), buf_len(&msg));
		sink += bytes[i & 63];
	}
	copy = (now_ns() - start) / ROUNDS;
	start = now_ns();
	for (int i = 0; i < ROUNDS; i++) {
		struct wire_in in = {.msg = buf_slice(&msg), .arena = &a};

		if (wire_decode(wire_desc_draw_copy(), &in, &d))
			return 1;
		sink += d.src->d.width;
		arena_reset(&a);
	}
	decode = (now_ns() - start) / ROUNDS;
	start = now_ns();
	for (int i = 0; i < ROUNDS; i++) {
		struct wire_in in = {.msg = buf_slice(&msg), .arena = &a};

		if (i == 0)
			wire_decode(wire_desc_draw_copy(), &in, &d);
		buf_clear(&out);
		wire_encode(wire_desc_draw_copy(), &d, 0, &out);
		sink += out.mem[4];
	}
	encode = (now_ns() - start) / ROUNDS;
	printf("draw_copy decode %.1f ns %.1f times a memcpy of it\n", decode, decode / copy);
	printf("draw_copy encode %.1f ns %.1f times a memcpy of it\n", encode, encode / copy);
	arena_fini(&a);
	buf_fini(&msg);
	buf_fini(&out);
	return 0;
}
