/* Seeds for fuzz targets, made by the generator of messages: `seeds DIR` writes DIR/NAME/NN for the
 * targets of links, frames and bodies (the first bytes of each are what the target says on top).
 * Run by hand after a change of the protocol's tables; what it wrote is committed. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "chan/ticket.h"
#include "codec/jpeg.h"
#include "codec/vp8.h"
#include "tests/fuzz/display.h"
#include "tests/fuzz/wire.h"

enum { SERVER = 1, MINI = 2 }; /* fuzz_frames.c */

static const char *root;
static struct ticket_key *key;

static void put(const char *target, const char *name, const struct buf *b)
{
	char *dir = xasprintf("%s/%s", root, target), *file = xasprintf("%s/%s", dir, name);
	FILE *f;

	mkdir(dir, 0777);
	f = fopen(file, "wb");
	if (!f || (buf_len(b) && fwrite(buf_data(b), buf_len(b), 1, f) != 1) || fclose(f)) {
		perror(file);
		exit(1);
	}
	free(dir);
	free(file);
}

static void body(const struct wire_msg *m, uint32_t caps, struct rng *rng, struct buf *out)
{
	struct arena a = {0};
	void *host = arena_alloc(&a, m->size + 1);

	wire_generate(m->desc(), rng, caps, &a, host);
	if (wire_encode(m->desc(), host, caps, out))
		abort();
	arena_fini(&a);
}

/* One of each layout and direction. */
static void bodies(enum wire_dir dir, const char *target)
{
	struct rng rng = {1};
	const struct wire_msg *m, *first = fuzz_row(dir, 0);

	for (unsigned i = 0; (m = fuzz_row(dir, i)) != first || i == 0; i++) {
		struct buf b = {0};
		char *name;
		bool known = false;

		for (unsigned k = 0; k < i; k++)
			known |= fuzz_row(dir, k)->desc == m->desc;
		if (known)
			continue;
		buf_le16(&b, (uint16_t)i);
		buf_u8(&b, i & 3);
		body(m, i & 3, &rng, &b);
		name = xasprintf("%03u", i);
		put(target, name, &b);
		free(name);
		buf_fini(&b);
	}
}

static void frame(
	bool mini, unsigned number, uint32_t sub_list, const struct buf *b, struct buf *out)
{
	if (!mini)
		buf_le64(out, 1);
	buf_le16(out, (uint16_t)number);
	buf_le32(out, (uint32_t)buf_len(b));
	if (!mini)
		buf_le32(out, sub_list);
	buf_put(out, buf_data(b), buf_len(b));
}

/* A few messages of a channel, in one direction. */
static void frames(unsigned index, unsigned channel, bool server, bool mini, struct rng *rng)
{
	struct buf out = {0};
	char *name = xasprintf("%02u-%s-%s", channel, server ? "c" : "s", mini ? "mini" : "full");

	buf_u8(&out, (server ? SERVER : 0) | (mini ? MINI : 0));
	buf_u8(&out, (uint8_t)index);
	for (size_t i = 0; i < wire_msgs_n; i++) {
		const struct wire_msg *m = &wire_msgs[i];
		struct buf b = {0};

		if ((m->channel != WIRE_BASE && m->channel != channel) ||
			m->dir != (server ? WIRE_C : WIRE_S) || m->desc == wire_desc_message_list)
			continue;
		if (rng_below(rng, 4) == 0) {
			body(m, 0, rng, &b);
			frame(mini, m->number, 0, &b, &out);
		}
		buf_fini(&b);
	}
	put("frames", name, &out);
	buf_fini(&out);
	free(name);
}

/* LIST, and a message with a sub-message behind it: wire.md 4.2. */
static void lists(void)
{
	struct wait_for_channels wait = {
		.wait_count = 1, .wait_list = (struct channel_wait[]){{2, 1, 9}}};
	struct buf sub = {0}, b = {0}, out = {0};

	wire_encode(wire_desc_wait_for_channels(), &wait, 0, &sub);
	buf_le16(&b, 1);
	buf_le32(&b, 6);
	buf_le16(&b, S_BASE_WAIT_FOR_CHANNELS);
	buf_le32(&b, 24); /* too large, as libspice writes it */
	buf_put(&b, buf_data(&sub), buf_len(&sub));
	buf_u8(&out, MINI);
	buf_u8(&out, 1);
	frame(true, S_BASE_LIST, 0, &b, &out);
	put("frames", "list", &out);
	buf_clear(&out);
	buf_clear(&b);
	buf_le16(&b, S_BASE_WAIT_FOR_CHANNELS);
	buf_le32(&b, 24);
	buf_put(&b, buf_data(&sub), buf_len(&sub));
	buf_le16(&b, 1);
	buf_le32(&b, 0);
	buf_u8(&out, 0);
	buf_u8(&out, 1);
	frame(false, S_DISPLAY_MARK, 6 + (uint32_t)buf_len(&sub), &b, &out);
	put("frames", "sub", &out);
	buf_fini(&sub);
	buf_fini(&b);
	buf_fini(&out);
}

/* ---- links ---- */

struct bend {
	const char *name;
	uint8_t how;
	uint32_t major, size, words, offset, caps;
	size_t cut; /* bytes at the end that are missing */
};

static void link_head(struct buf *b, const struct bend *w)
{
	buf_u8(b, w->how);
	buf_str(b, "REDQ");
	buf_le32(b, w->major);
	buf_le32(b, 2);
	buf_le32(b, w->size);
}

static void link_seed(const char *target, const struct bend *w, bool server)
{
	struct buf b = {0};
	uint8_t ticket[128] = {7, 's', 'e', 'c', 'r', 'e', 't'};

	link_head(&b, w);
	if (server) {
		buf_le32(&b, 0);
		buf_u8(&b, WIRE_MAIN);
		buf_u8(&b, 0);
	} else {
		buf_le32(&b, w->how >> 4 & 8 ? LINK_ERR_NEED_SECURED : LINK_ERR_OK);
		ticket_key_der(key, buf_reserve(&b, TICKET_KEY_DER));
		buf_commit(&b, TICKET_KEY_DER);
	}
	buf_le32(&b, w->words);
	buf_le32(&b, 0);
	buf_le32(&b, w->offset);
	buf_le32(&b, w->caps);
	if (server && w->caps & 1)
		buf_le32(&b, w->how & 8 ? AUTH_MECHANISM_SASL : AUTH_MECHANISM_SPICE);
	if (server)
		buf_put(&b, ticket, sizeof(ticket));
	else
		buf_le32(&b, LINK_ERR_OK);
	b.end -= w->cut;
	put(target, w->name, &b);
	buf_fini(&b);
}

static void links(void)
{
	static const struct bend server[] = {{"good", 0, 2, 22, 1, 18, 9, 0},
		{"direct", 0, 2, 22, 1, 18, 8, 0}, {"refused", 1, 2, 22, 1, 18, 9, 0},
		{"denied", 2, 2, 22, 1, 18, 9, 0}, {"mechanism", 8, 2, 22, 1, 18, 9, 0},
		{"major0", 0, 0, 22, 1, 18, 9, 0}, {"major3", 0, 3, 22, 1, 18, 9, 0},
		{"small", 0, 2, 10, 1, 18, 9, 0}, {"large", 0, 2, 5000, 1, 18, 9, 0},
		{"words", 0, 2, 22, 65, 18, 9, 0}, {"offset", 0, 2, 22, 1, 17, 9, 0},
		{"cut", 0, 2, 22, 1, 18, 9, 100}};
	static const struct bend client[] = {{"good", 9, 2, 182, 1, 178, 11, 0},
		{"direct", 8, 2, 182, 1, 178, 8, 0}, {"sasl", 9, 2, 182, 1, 178, 13, 0},
		{"secured", 137, 2, 182, 1, 178, 11, 0}, {"major1", 9, 1, 182, 1, 178, 11, 0},
		{"small", 9, 2, 100, 1, 178, 11, 0}, {"large", 9, 2, 5000, 1, 178, 11, 0},
		{"words", 9, 2, 182, 65, 178, 11, 0}, {"offset", 9, 2, 182, 1, 177, 11, 0},
		{"cut", 9, 2, 182, 1, 178, 11, 4}};

	for (size_t i = 0; i < ARRAY_SIZE(server); i++)
		link_seed("link_s", &server[i], true);
	for (size_t i = 0; i < ARRAY_SIZE(client); i++)
		link_seed("link_c", &client[i], false);
}

/* ---- agents ---- */

static void agent_piece_of(const struct wire_msg *m, uint32_t caps, struct rng *rng, struct buf *out)
{
	struct buf b = {0};

	body(m, caps, rng, &b);
	buf_u8(out, 0); /* STEP_PIECE of fuzz/agent.h */
	buf_le16(out, (uint16_t)(20 + buf_len(&b)));
	buf_le32(out, 1);
	buf_le32(out, m->number);
	buf_le64(out, 0);
	buf_le32(out, (uint32_t)buf_len(&b));
	buf_put(out, buf_data(&b), buf_len(&b));
	buf_fini(&b);
}

/* Capabilities, a few messages of one direction with something done between them, and what the agent says. */
static void agents(enum wire_dir dir, const char *target, struct rng *rng)
{
	static const uint32_t everything = 0xffffffff;
	struct agent_announce_capabilities all = {.caps = (uint32_t *)&everything, .caps_n = 1};

	for (unsigned i = 0; i < 16; i++) {
		struct buf b = {0};
		char *name = xasprintf("gen%02u", i);

		buf_u8(&b, (uint8_t)(i << 4 | (i & 3)));
		buf_u8(&b, 0);
		buf_le16(&b, 28);
		buf_le32(&b, 1);
		buf_le32(&b, AGENT_MSG_ANNOUNCE_CAPABILITIES);
		buf_le64(&b, 0);
		buf_le32(&b, 8);
		wire_encode(wire_desc_agent_announce_capabilities(), &all, 0, &b);
		for (size_t k = 0; k < wire_msgs_n; k++) {
			if (wire_msgs[k].channel != WIRE_AGENT || wire_msgs[k].dir != dir || rng_below(rng, 3) == 0)
				continue;
			agent_piece_of(&wire_msgs[k], i & 3 ? 0 : 3, rng, &b);
			buf_u8(&b, (uint8_t)(4 | rng_below(rng, 32) << 3)); /* STEP_DO */
			buf_u8(&b, (uint8_t)rng_next(rng));
		}
		buf_u8(&b, 3 | 9 << 3); /* STEP_CREDIT */
		buf_u8(&b, 2 | 31 << 3); /* STEP_TAKE */
		buf_u8(&b, 5 | 9 << 3);  /* STEP_TICK */
		put(target, name, &b);
		free(name);
		buf_fini(&b);
	}
}

/* ---- streams ---- */

static void stream_step(unsigned number, unsigned ms, const void *host, struct buf *out)
{
	const struct wire_msg *m = wire_msg_find(WIRE_DISPLAY, WIRE_S, number);
	struct buf b = {0};

	if (wire_encode(m->desc(), host, 0, &b))
		abort();
	buf_le16(out, (uint16_t)number);
	buf_le16(out, (uint16_t)ms);
	buf_le16(out, (uint16_t)buf_len(&b));
	buf_put(out, buf_data(&b), buf_len(&b));
	buf_fini(&b);
}

/* A frame, plain or with a place of its own; `left` ms before its time. */
static void stream_frame(unsigned i, struct slice data, uint32_t time, struct buf *out)
{
	struct stream_data_header base = {1, time};

	if (i % 4 == 3)
		stream_step(S_DISPLAY_STREAM_DATA_SIZED, 40, &(struct stream_data_sized){.base = base, .width = 40,
			.height = 30, .dest = {2, 3, 32 + (int)i, 43}, .data_size = (uint32_t)data.n, .data = data},
			out);
	else
		stream_step(S_DISPLAY_STREAM_DATA, 40, &(struct stream_data){.base = base,
			.data_size = (uint32_t)data.n, .data = data}, out);
}

/* A film of ten frames, cut, hidden, shown again, late, in time and early; flags: of the stream. */
static void stream(const char *name, uint8_t codec, uint8_t flags, unsigned early)
{
	enum { W = 40, H = 30 };
	struct vp8_encoder *e = vp8_encoder_new(W, H);
	struct rect part = {4, 4, 20, 24};
	struct clip clips[] = {{CLIP_TYPE_RECTS, {1, &part}}, {.type = CLIP_TYPE_RECTS}, {.type = CLIP_TYPE_NONE}};
	uint32_t pixels[W * H], now = UINT32_MAX - 2000; /* where fuzz_stream.c begins */
	struct buf out = {0};

	stream_step(S_DISPLAY_STREAM_CREATE, 0, &(struct stream_create){.stream_id = 1, .flags = flags,
		.codec_type = codec, .stream_width = W, .stream_height = H, .src_width = W, .src_height = H,
		.dest = {5, 5, 5 + H, 5 + W}}, &out);
	stream_step(S_DISPLAY_STREAM_ACTIVATE_REPORT, 0, &(struct stream_activate_report){1, 7, 3, 100}, &out);
	for (unsigned i = 0; i < 10; i++) {
		struct buf data = {0};

		for (unsigned k = 0; k < W * H; k++)
			pixels[k] = (k % W * 5 + i * 9) | (k / W * 7) << 8 | (k + i) % 200 << 16;
		if (codec == VIDEO_CODEC_VP8 ? vp8_encode(e, (uint8_t *)pixels, 4 * W, 300, 40 * i, &data)
			: jpeg_encode((uint8_t *)pixels, W, H, 4 * W, 60, &data))
			abort();
		now += 40;
		stream_frame(i, buf_slice(&data), now + early * (i % 3), &out);
		buf_fini(&data);
		if (i % 3 == 2)
			stream_step(S_DISPLAY_STREAM_CLIP, 0, &(struct stream_clip){1, clips[i / 3]}, &out);
	}
	buf_put(&out, "\0\0\1\0\0\0", 6); /* a jump */
	stream_step(S_DISPLAY_STREAM_DESTROY, 30, &(struct stream_destroy){1}, &out);
	put("stream", name, &out);
	buf_fini(&out);
	vp8_encoder_free(e);
}

static void streams(void)
{
	stream("mjpeg", VIDEO_CODEC_MJPEG, STREAM_FLAGS_TOP_DOWN, 100);
	stream("mjpeg-late", VIDEO_CODEC_MJPEG, 0, UINT32_MAX);
	stream("vp8", VIDEO_CODEC_VP8, STREAM_FLAGS_TOP_DOWN, 100);
	stream("vp8-late", VIDEO_CODEC_VP8, 0, UINT32_MAX);
	stream("h264", VIDEO_CODEC_H264, 0, 100);
}

/* ---- what is said on the display and cursor channels ---- */

static void display_step(struct buf *out, unsigned what, unsigned how, struct rng *rng)
{
	buf_u8(out, (uint8_t)what);
	buf_u8(out, (uint8_t)how);
	buf_le16(out, (uint16_t)rng_below(rng, 40));
	buf_le32(out, (uint32_t)rng_next(rng));
	for (unsigned i = 0; i < how / SAY_HOW_MUTATE; i++) {
		buf_le16(out, (uint16_t)rng_next(rng));
		buf_u8(out, (uint8_t)(1u << rng_below(rng, 8)));
	}
}

static unsigned display_what(unsigned number)
{
	unsigned i = 0;

	while (say_display[i] != number)
		i++;
	return i;
}

/* Every message some times among surfaces, a stream and pictures; then all of them mixed, to all, also bent. */
static void displays(struct rng *rng)
{
	struct buf b = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(say_display) + 12; i++) {
		bool mixed = i >= ARRAY_SIZE(say_display);
		char *name = xasprintf("%02u", i);

		for (unsigned k = 0; k < 3; k++)
			display_step(&b, display_what(S_DISPLAY_SURFACE_CREATE), k & 1, rng);
		display_step(&b, display_what(S_DISPLAY_STREAM_CREATE), 0, rng);
		display_step(&b, display_what(S_DISPLAY_DRAW_COPY), 0, rng);
		for (unsigned k = 0; k < (mixed ? 48 : 10); k++)
			display_step(&b, mixed ? rng_below(rng, ARRAY_SIZE(say_display)) : i,
				mixed ? rng_below(rng, i & 1 ? 256 : 32) : SAY_HOW_TICK | (k & 5), rng);
		put("display", name, &b);
		buf_clear(&b);
		free(name);
	}
	for (unsigned k = 0; k < 40; k++)
		display_step(&b, rng_below(rng, ARRAY_SIZE(say_pointer)), 2 | rng_below(rng, 2) * SAY_HOW_CUT, rng);
	put("display", "pointer", &b);
	buf_fini(&b);
}

/* ---- pixels and regions: fuzz_pixels.c reads small numbers ---- */

static void pixels(struct rng *rng)
{
	enum { PARTS = 6, EACH = 4 };

	for (unsigned i = 0; i < PARTS * EACH; i++) {
		struct buf b = {0};
		char *name = xasprintf("%u-%u", i / EACH, i % EACH);

		buf_u8(&b, (uint8_t)(i / EACH));
		for (unsigned k = 16 + rng_below(rng, 60); k; k--)
			buf_u8(&b, (uint8_t)rng_next(rng));
		put("pixels", name, &b);
		free(name);
		buf_fini(&b);
	}
}

int main(int argc, char **argv)
{
	static const uint8_t channels[] = {WIRE_MAIN, WIRE_DISPLAY, WIRE_INPUTS, WIRE_CURSOR,
		WIRE_PLAYBACK, WIRE_RECORD, WIRE_SMARTCARD, WIRE_USBREDIR, WIRE_PORT, WIRE_WEBDAV};
	struct rng rng = {2};

	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIR\n");
		return 64;
	}
	root = argv[1];
	key = ticket_key_new();
	bodies(WIRE_C, "wire_c");
	bodies(WIRE_S, "wire_s");
	for (unsigned i = 0; i < sizeof(channels); i++)
		for (unsigned k = 0; k < 4; k++)
			frames(i, channels[i], k & 1, k & 2, &rng);
	lists();
	links();
	agents(WIRE_C, "agent_s", &rng);
	agents(WIRE_S, "agent_c", &rng);
	ticket_key_free(key);
	streams();
	displays(&rng);
	pixels(&rng);
	return 0;
}
