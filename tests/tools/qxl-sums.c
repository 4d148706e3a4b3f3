/* qxl-sums N...: reads a recording of QXL commands from stdin, plays it on a device without clients, and prints after
 * each N commands (ascending; the last may be beyond the end) "N SHA256" of the screen: rows from the top, B G R 0,
 * the 8x8 pixels in the bottom right corner zero. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "server/qxl.h"

enum { PIECE = 1 << 20, CORNER = 8 };

static struct buf in;
static bool ended;

static void more(size_t want)
{
	while (!ended && buf_len(&in) < want) {
		ssize_t n = read(STDIN_FILENO, buf_reserve(&in, PIECE), PIECE);

		if (n <= 0)
			ended = true;
		else
			buf_commit(&in, (size_t)n);
	}
}

static void print_sum(struct device *d, uint64_t commands)
{
	struct pixmap *s = device_surface(d, 0);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sum[32];
	uint8_t *row;

	if (!s || s->format != SURFACE_FMT_32_xRGB) {
		printf("%" PRIu64 " none\n", commands);
		EVP_MD_CTX_free(ctx);
		return;
	}
	row = malloc(4 * (size_t)s->width);
	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	for (unsigned y = 0; y < s->height; y++) {
		memcpy(row, s->data + (size_t)y * (size_t)s->stride, 4 * (size_t)s->width);
		for (unsigned x = 0; x < s->width; x++)
			row[4 * (size_t)x + 3] = 0;
		if (y + CORNER >= s->height && s->width >= CORNER)
			memset(row + 4 * (size_t)(s->width - CORNER), 0, (size_t)4 * CORNER);
		EVP_DigestUpdate(ctx, row, 4 * (size_t)s->width);
	}
	EVP_DigestFinal_ex(ctx, sum, NULL);
	EVP_MD_CTX_free(ctx);
	free(row);
	printf("%" PRIu64 " ", commands);
	for (size_t i = 0; i < sizeof(sum); i++)
		printf("%02x", sum[i]);
	putchar('\n');
}

/* One event; false at the end, or (said) when there is a fault. */
static bool next(struct qxl_player *p, struct arena *a, uint64_t *commands)
{
	const char *expected = NULL;
	struct qxl_event e;
	size_t used;
	int rc;

	while ((rc = qxl_event(buf_slice(&in), a, &e, &used, &expected)) == E_AGAIN) {
		if (ended)
			return false;
		more(used);
	}
	if (rc) {
		fprintf(stderr, "event %u, byte %zu: no '%s'\n", e.counter, used, expected ? expected : "event");
		exit(1);
	}
	rc = qxl_play(p, &e, a);
	if (rc)
		fprintf(stderr, "event %u is passed over: %s\n", e.counter, e.fault ? e.fault : err_str(rc));
	buf_skip(&in, used);
	*commands += e.command;
	return true;
}

int main(int argc, char **argv)
{
	struct device *d = device_new();
	struct qxl_player *p = qxl_player_new(d);
	struct arena arena = {0};
	uint64_t commands = 0;
	size_t used;

	more(64);
	if (qxl_header(buf_slice(&in), &used)) {
		fprintf(stderr, "no recording\n");
		return 1;
	}
	buf_skip(&in, used);
	for (int i = 1; i < argc; i++) {
		uint64_t want = strtoull(argv[i], NULL, 10);

		while (commands < want && next(p, &arena, &commands))
			;
		print_sum(d, commands);
	}
	qxl_player_free(p);
	device_free(d);
	arena_fini(&arena);
	buf_fini(&in);
	return 0;
}
