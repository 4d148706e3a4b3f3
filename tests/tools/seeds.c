/* seeds TARGET DIR COUNT: seeds for a fuzz target, made of random valid messages by the protocol's own tables.
 * canvas: display messages; client, server: messages with full or mini headers in pieces, by channel. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wire/wire.h"

enum { MESSAGES = 12, PIECE = 200 };

static struct rng rng = {1};

/* A random message of a channel: its number and body. */
static const struct wire_msg *message(unsigned channel, enum wire_dir dir, struct buf *body)
{
	const struct wire_msg *m;
	struct arena a = {0};
	void *host;

	do
		m = &wire_msgs[rng_below(&rng, (uint32_t)wire_msgs_n)];
	while (m->channel != channel || m->dir != dir);
	host = xcalloc(1, m->size + 1);
	wire_generate(m->desc(), &rng, 0, &a, host);
	wire_encode(m->desc(), host, 0, body);
	free(host);
	arena_fini(&a);
	return m;
}

static void canvas(struct buf *out)
{
	struct buf body = {0};
	const struct wire_msg *m = message(WIRE_DISPLAY, WIRE_S, &body);

	buf_le16(out, m->number);
	buf_le16(out, (uint16_t)buf_len(&body));
	buf_put(out, buf_data(&body), buf_len(&body));
	buf_fini(&body);
}

/* Pieces of (first byte, length, bytes). */
static void pieces(struct buf *out, uint8_t first, struct slice s)
{
	while (s.n) {
		size_t n = s.n < PIECE ? s.n : PIECE;

		buf_u8(out, first);
		buf_u8(out, (uint8_t)n);
		buf_put(out, s.p, n);
		s.p += n;
		s.n -= n;
	}
}

static const uint8_t channels[4] = {WIRE_MAIN, WIRE_DISPLAY, WIRE_INPUTS, WIRE_CURSOR};

static void client(struct buf *out)
{
	unsigned i = rng_below(&rng, 4);
	struct buf body = {0}, msg = {0};
	const struct wire_msg *m = message(rng_below(&rng, 5) ? channels[i] : WIRE_BASE, WIRE_S, &body);

	buf_le64(&msg, 1);
	buf_le16(&msg, m->number);
	buf_le32(&msg, (uint32_t)buf_len(&body));
	buf_le32(&msg, 0);
	buf_put(&msg, buf_data(&body), buf_len(&body));
	pieces(out, (uint8_t)(i | 0x80), buf_slice(&msg));
	buf_fini(&body);
	buf_fini(&msg);
}

static void server(struct buf *out)
{
	unsigned i = rng_below(&rng, 3);
	struct buf body = {0}, msg = {0};
	const struct wire_msg *m = message(rng_below(&rng, 5) ? channels[i] : WIRE_BASE, WIRE_C, &body);

	if (!buf_len(out))
		buf_u8(out, 1); /* mini headers */
	buf_le16(&msg, m->number);
	buf_le32(&msg, (uint32_t)buf_len(&body));
	buf_put(&msg, buf_data(&body), buf_len(&body));
	pieces(out, (uint8_t)i, buf_slice(&msg));
	buf_u8(out, (uint8_t)((5 + rng_below(&rng, 2)) << 2 | i));
	buf_u8(out, (uint8_t)rng_next(&rng));
	buf_fini(&body);
	buf_fini(&msg);
}

static const struct {
	const char *name;
	void (*make)(struct buf *out);
} targets[] = {{"canvas", canvas}, {"client", client}, {"server", server}};

int main(int argc, char **argv)
{
	void (*make)(struct buf *out) = NULL;

	for (size_t i = 0; argc == 4 && i < ARRAY_SIZE(targets); i++)
		if (strcmp(targets[i].name, argv[1]) == 0)
			make = targets[i].make;
	if (!make) {
		fprintf(stderr, "usage: seeds canvas|client|server DIR COUNT\n");
		return 64;
	}
	for (long k = 0; k < strtol(argv[3], NULL, 10); k++) {
		char *name = xasprintf("%s/gen%02ld", argv[2], k);
		struct buf out = {0};
		FILE *f = fopen(name, "w");

		for (int i = 0; i < MESSAGES; i++)
			make(&out);
		if (!f || fwrite(buf_data(&out), 1, buf_len(&out), f) != buf_len(&out) || fclose(f)) {
			perror(name);
			return 73;
		}
		buf_fini(&out);
		free(name);
	}
	return 0;
}
