/* What the automatic choice of a codec costs and what it is worth: bytes of the bench's pictures as spice-serve sends
 * them (whole, as the first picture of a client, and in its bands), beside the sum over 256x256 tiles of the smaller
 * of QUIC and LZ; and the time that choosing takes, of that which encoding takes. Pictures as in codec.c. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "server/encode.h"
#include "tests/bench/codec/pictures.h"

enum { TILE_SIDE = 256, BAND = 144, WINDOW = 4 << 20, AGAIN = 20, MAX = 16 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct sums {
	size_t tiles, whole, bands;
	double choosing, encoding;
};

/* Bytes of a rectangle with these rules. */
static size_t coded(const struct encode_rules *r, struct pixmap *p, unsigned x, unsigned y, unsigned w, unsigned h,
	struct sums *s)
{
	double start = now(), chosen;
	struct coding *c = NULL;
	bool fresh;
	size_t n;

	for (int i = 0; i < (s ? AGAIN : 1); i++) {
		encode_unref(c);
		c = encode_choose(r, p, x, y, w, h, false, NULL, &fresh);
	}
	chosen = now();
	encode_run(c);
	if (s) {
		s->choosing += (chosen - start) / AGAIN;
		s->encoding += now() - chosen;
	}
	n = buf_len(&c->out) ? buf_len(&c->out) : 4 * (size_t)w * h;
	encode_unref(c);
	return n;
}

static size_t smaller(struct pixmap *p, unsigned x, unsigned y, unsigned w, unsigned h)
{
	static const struct encode_rules quic = {.compress = IMAGE_COMPRESSION_QUIC};
	static const struct encode_rules lz = {.compress = IMAGE_COMPRESSION_LZ};
	size_t a = coded(&quic, p, x, y, w, h, NULL), b = coded(&lz, p, x, y, w, h, NULL);

	return a < b ? a : b;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static void look(const struct shot *shot, struct sums *s)
{
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, shot->width, shot->height);
	struct encode_rules r = {.glz = glz_dict_new(WINDOW), .glz_pixels = WINDOW};

	memcpy(p->data, shot->form[RGB32], shot->n[RGB32]);
	for (unsigned y = 0; y < p->height; y += TILE_SIDE)
		for (unsigned x = 0; x < p->width; x += TILE_SIDE)
			s->tiles += smaller(p, x, y, least(TILE_SIDE, p->width - x), least(TILE_SIDE, p->height - y));
	s->whole += coded(&r, p, 0, 0, p->width, p->height, s);
	glz_dict_free(r.glz);
	r.glz = NULL;
	for (unsigned y = 0; y < p->height; y += BAND)
		s->bands += coded(&r, p, 0, y, p->width, least(BAND, p->height - y), s);
	pixmap_unref(p);
}

int main(void)
{
	const char *data = getenv("BENCH_DATA");
	char folder[2048] = "";
	struct sums s = {0};
	struct shot shot;

	if (data)
		snprintf(folder, sizeof(folder), "%s/images", data);
	for (unsigned i = 0; i < MAX && shot_get(&shot, data ? folder : NULL, i) == 0; i++) {
		if (!shot.alpha)
			look(&shot, &s);
		shot_fini(&shot);
	}
	printf("auto, whole pictures %zu bytes %.3f of the smaller of QUIC and LZ per 256x256\n", s.whole,
		(double)s.whole / (double)s.tiles);
	printf("auto, bands %zu bytes %.3f of it\n", s.bands, (double)s.bands / (double)s.tiles);
	printf("choosing %.1f us %.2f %% of encoding\n", 1e6 * s.choosing, 100 * s.choosing / s.encoding);
	return 0;
}
