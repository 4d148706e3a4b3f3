/* What the codecs cost beside liblz4, zlib, libpng and memcpy in the same run, on one core: for each picture MB/s
 * encoding and decoding (10^6 bytes of raw 32-bit pixels, whatever the codec is given) and the ratio to those bytes.
 * The pictures are those of $BENCH_DATA/images, else four drawn ones; pictures with alpha don't count in the totals.
 * A codec is a row of the table and two functions. Each time is the least of several rounds, between which the other
 * codecs run, so that a busy machine hits all alike.
 *   codec [--json FILE] [--rounds N] [ROW...]      FILE may be "-"; a ROW is a name or the beginning of names */
#include <lz4.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "codec/glz.h"
#include "codec/jpeg.h"
#include "codec/lz.h"
#include "codec/quic.h"
#include "tests/bench/codec/pictures.h"

/* A row runs on a picture until it has used BUDGET seconds, at least LEAST rounds, at most --rounds. */
enum { LEAST = 3, MOST = 25, MAX_SHOTS = 32, MAX_PIECES = 4096 };
static const double BUDGET = 0.25;

/* One picture or one tile of it, as a codec sees it. */
struct piece {
	unsigned width, height;
	const uint8_t *src; /* tight rows */
	size_t n;
	uint8_t *coded;
	size_t cap, coded_n;
	uint8_t *back;
};

struct job {
	const struct shot *shot;
	unsigned round; /* counts encodings of this picture */
	void *scratch;
	struct glz_dict *dict, *warm;
	struct glz_window *window;
	unsigned n_pieces;
	struct piece piece[MAX_PIECES];
};

/* encode says the size, 0 for failure; decode is NULL for a row without. p is a piece of j, and p == j->piece for
 * the first one. */
struct row {
	const char *name;
	enum form form;
	int arg;
	size_t (*encode)(struct job *j, struct piece *p, int arg);
	bool (*decode)(struct job *j, struct piece *p, int arg);
	bool lossy;
};

/* ---- rows ---- */

static size_t quic_enc(struct job *j, struct piece *p, int type)
{
	ptrdiff_t stride = (ptrdiff_t)(p->n / p->height);
	size_t n;

	return quic_encode(type, p->width, p->height, p->src, stride, p->coded, p->cap, &n, j->scratch) ? 0 : n;
}

static bool quic_dec(struct job *j, struct piece *p, int type)
{
	struct slice in = {p->coded, p->coded_n};
	struct quic_info info;

	return quic_header(in, &info) == 0 && (int)info.type == type && info.width == p->width &&
	       quic_decode(in, &info, false, p->back, (ptrdiff_t)(p->n / p->height), j->scratch) == 0;
}

static size_t lz_enc(struct job *j, struct piece *p, int type)
{
	struct lz_info info = {.type = type, .width = p->width, .height = p->height, .top_down = true};
	size_t n;

	return lz_encode(&info, p->src, p->coded, p->cap, &n, j->scratch) ? 0 : n;
}

static bool lz_dec(struct job *j, struct piece *p, int type)
{
	struct slice in = {p->coded, p->coded_n};
	struct lz_info info;

	(void)j;
	return lz_header(in, &info) == 0 && (int)info.type == type && info.width == p->width &&
	       info.height == p->height && lz_decode(in, &info, false, p->back) == 0;
}

enum { GLZ_WINDOW = 4 << 20 }; /* pixels */

/* Each picture finds an empty window; its tiles share one. */
static size_t glz_cold_enc(struct job *j, struct piece *p, int arg)
{
	size_t n;

	(void)arg;
	if (p == j->piece) {
		glz_dict_free(j->dict);
		j->dict = glz_dict_new(GLZ_WINDOW);
	}
	return glz_encode(j->dict, LZ_RGB32, p->width, p->height, p->src, 4 * (ptrdiff_t)p->width, true, p->coded,
		p->cap, &n) ? 0 : n;
}

static bool glz_cold_dec(struct job *j, struct piece *p, int arg)
{
	struct slice in = {p->coded, p->coded_n};
	const uint32_t *pixels;
	struct glz_info info;
	uint64_t missing;

	(void)arg;
	if (p == j->piece) {
		glz_window_free(j->window);
		j->window = glz_window_new(GLZ_WINDOW);
	}
	if (glz_header(in, &info) || info.width != p->width || info.height != p->height ||
		glz_decode(j->window, in, &info, &pixels, &missing))
		return false;
	if (j->round == 0) /* a client draws from the window: only the comparison wants them elsewhere */
		glz_pixels(&info, pixels, p->back, 4 * (ptrdiff_t)p->width);
	return true;
}

/* The window has had the picture before (but in the first round, which is never the fastest). */
static size_t glz_warm_enc(struct job *j, struct piece *p, int arg)
{
	size_t n;

	(void)arg;
	if (!j->warm)
		j->warm = glz_dict_new(GLZ_WINDOW);
	return glz_encode(j->warm, LZ_RGB32, p->width, p->height, p->src, 4 * (ptrdiff_t)p->width, true, p->coded,
		p->cap, &n) ? 0 : n;
}

static size_t lz4_enc(struct job *j, struct piece *p, int arg)
{
	int n = LZ4_compress_default((const char *)p->src, (char *)p->coded, (int)p->n, (int)p->cap);

	(void)j, (void)arg;
	return n > 0 ? (size_t)n : 0;
}

static bool lz4_dec(struct job *j, struct piece *p, int arg)
{
	int n = LZ4_decompress_safe((const char *)p->coded, (char *)p->back, (int)p->coded_n, (int)p->n);

	(void)j, (void)arg;
	return n >= 0 && (size_t)n == p->n;
}

static size_t jpeg_enc(struct job *j, struct piece *p, int quality)
{
	struct buf out = {0};
	size_t n = 0;

	(void)j;
	if (jpeg_encode(p->src, p->width, p->height, p->n / p->height, quality, &out) == 0 && buf_len(&out) <= p->cap) {
		n = buf_len(&out);
		memcpy(p->coded, buf_data(&out), n);
	}
	buf_fini(&out);
	return n;
}

static bool jpeg_dec(struct job *j, struct piece *p, int arg)
{
	(void)j, (void)arg;
	return jpeg_decode(slice_of(p->coded, p->coded_n), p->width, p->height, p->back, p->n / p->height) == 0;
}

static size_t zlib_enc(struct job *j, struct piece *p, int level)
{
	uLongf n = p->cap;

	(void)j;
	return compress2(p->coded, &n, p->src, p->n, level) == Z_OK ? n : 0;
}

static bool zlib_dec(struct job *j, struct piece *p, int arg)
{
	uLongf n = p->n;

	(void)j, (void)arg;
	return uncompress(p->back, &n, p->coded, p->coded_n) == Z_OK && n == p->n;
}

/* libpng's fast settings: no filter, a low level. */
static size_t png_enc(struct job *j, struct piece *p, int arg)
{
	png_image img = {.version = PNG_IMAGE_VERSION, .width = p->width, .height = p->height,
		.format = PNG_FORMAT_BGR, .flags = PNG_IMAGE_FLAG_FAST};
	png_alloc_size_t n = p->cap;

	(void)j, (void)arg;
	return png_image_write_to_memory(&img, p->coded, &n, 0, p->src, 0, NULL) ? n : 0;
}

static bool png_dec(struct job *j, struct piece *p, int arg)
{
	png_image img = {.version = PNG_IMAGE_VERSION};
	bool ok;

	(void)j, (void)arg;
	if (!png_image_begin_read_from_memory(&img, p->coded, p->coded_n))
		return false;
	img.format = PNG_FORMAT_BGR;
	ok = PNG_IMAGE_SIZE(img) == p->n && png_image_finish_read(&img, NULL, p->back, 0, NULL);
	png_image_free(&img);
	return ok;
}

static size_t memcpy_enc(struct job *j, struct piece *p, int arg)
{
	(void)j, (void)arg;
	memcpy(p->coded, p->src, p->n);
	return p->n;
}

enum { LZ4_ROW }; /* what the others are compared with */

static const struct row rows[] = {
	[LZ4_ROW] = {"lz4", RAW, 0, lz4_enc, lz4_dec, false},
	{"quic-rgb32", RGB32, QUIC_RGB32, quic_enc, quic_dec, false},
	{"quic-rgba", RGBA, QUIC_RGBA, quic_enc, quic_dec, false},
	{"quic-rgb24", RGB24, QUIC_RGB24, quic_enc, quic_dec, false},
	{"quic-rgb16", RGB16, QUIC_RGB16, quic_enc, quic_dec, false},
	{"quic-tiles64", TILES64, QUIC_RGB32, quic_enc, quic_dec, false},
	{"lz-rgb32", RGB32, LZ_RGB32, lz_enc, lz_dec, false},
	{"lz-rgba", RGBA, LZ_RGBA, lz_enc, lz_dec, false},
	{"lz-rgb24", RGB24, LZ_RGB24, lz_enc, lz_dec, false},
	{"lz-rgb16", RGB16, LZ_RGB16, lz_enc, lz_dec, false},
	{"lz-plt8", PLT8, LZ_PLT8, lz_enc, lz_dec, false},
	{"lz-tiles64", TILES64, LZ_RGB32, lz_enc, lz_dec, false},
	{"glz-cold", RGB32, 0, glz_cold_enc, glz_cold_dec, false},
	{"glz-warm", RGB32, 0, glz_warm_enc, NULL, false},
	{"glz-tiles64", TILES64, 0, glz_cold_enc, glz_cold_dec, false},
	{"jpeg85", RGB32, 85, jpeg_enc, jpeg_dec, true},
	{"zlib1", RAW, 1, zlib_enc, zlib_dec, false},
	{"png", RGB24, 0, png_enc, png_dec, false},
	{"memcpy", RAW, 0, memcpy_enc, NULL, false},
};

enum { ROWS = ARRAY_SIZE(rows) };

/* ---- measuring ---- */

struct figure {
	double enc, dec; /* seconds, the least */
	size_t n;        /* bytes coded */
	unsigned rounds;
};

/* One picture's results, or the sum of several. */
struct result {
	char name[64];
	size_t raw; /* bytes of 32-bit pixels */
	bool alpha;
	struct figure of[ROWS];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const struct row *r, const struct shot *s, const char *what)
{
	fprintf(stderr, "codec: %s, %s: %s\n", r->name, s->name, what);
	exit(1);
}

/* Room for the worst that any row makes of n bytes in small pieces. */
static size_t cap_of(size_t n)
{
	return 2 * n + 4096;
}

static void split(struct job *j, const struct row *r, uint8_t *coded, uint8_t *back)
{
	const struct shot *s = j->shot;
	unsigned side = r->form == TILES64 ? TILE : 1u << 30;
	size_t at = 0, cap = 0;

	j->n_pieces = 0;
	for (unsigned y = 0; y < s->height; y += side)
		for (unsigned x = 0; x < s->width; x += side) {
			struct piece *p = &j->piece[j->n_pieces++];

			if (j->n_pieces == MAX_PIECES)
				die(r, s, "too large");
			*p = (struct piece){.width = s->width - x < side ? s->width - x : side,
				.height = s->height - y < side ? s->height - y : side,
				.src = s->form[r->form] + at, .coded = coded + cap, .back = back + at};
			p->n = s->n[r->form] / s->width / s->height * p->width * p->height;
			p->cap = cap_of(p->n);
			at += p->n;
			cap += p->cap;
		}
}

static void once(struct job *j, const struct row *r, struct figure *f)
{
	double start = now(), t;
	struct piece *p;

	f->n = 0;
	for (p = j->piece; p < j->piece + j->n_pieces; p++) {
		p->coded_n = r->encode(j, p, r->arg);
		if (!p->coded_n || p->coded_n > p->cap)
			die(r, j->shot, "encoding failed");
		f->n += p->coded_n;
	}
	t = now() - start;
	f->enc = f->rounds && f->enc < t ? f->enc : t;
	if (r->decode) {
		if (!f->rounds)
			memset(j->piece[0].back, 0x55, j->shot->n[r->form]);
		start = now();
		for (p = j->piece; p < j->piece + j->n_pieces; p++)
			if (!r->decode(j, p, r->arg))
				die(r, j->shot, "decoding failed");
		t = now() - start;
		f->dec = f->rounds && f->dec < t ? f->dec : t;
		if (!f->rounds && !r->lossy && memcmp(j->piece[0].back, j->piece[0].src, j->shot->n[r->form]) != 0)
			die(r, j->shot, "other pixels came back");
	}
	f->rounds++;
}

static void measure(const struct shot *s, const bool *wanted, unsigned rounds, struct result *out)
{
	size_t raw = 4 * (size_t)s->width * s->height, scratch = quic_scratch_size(s->width);
	struct job *j = new(struct job);
	double used[ROWS] = {0};
	bool more = true;
	size_t cap = 2 * raw + cap_of(0) * (s->width / TILE + 1) * (s->height / TILE + 1); /* the sum of the tiles' */
	uint8_t *coded = xmalloc(cap), *back = xmalloc(raw);

	*out = (struct result){.raw = raw, .alpha = s->alpha};
	snprintf(out->name, sizeof(out->name), "%s", s->name);
	j->shot = s;
	j->scratch = xmalloc(scratch > LZ_SCRATCH ? scratch : LZ_SCRATCH);
	memset(coded, 1, cap); /* the pages are there before anything is measured */
	for (j->round = 0; more && j->round < rounds; j->round++) {
		more = false;
		for (unsigned i = 0; i < ROWS; i++) {
			if (!wanted[i] || (j->round >= LEAST && used[i] > BUDGET))
				continue;
			split(j, &rows[i], coded, back);
			used[i] -= now();
			once(j, &rows[i], &out->of[i]);
			used[i] += now();
			more = true;
		}
	}
	free(j->scratch);
	glz_dict_free(j->dict);
	glz_dict_free(j->warm);
	glz_window_free(j->window);
	free(coded);
	free(back);
	free(j);
}

static void add(struct result *sum, const struct result *r)
{
	sum->raw += r->raw;
	for (unsigned i = 0; i < ROWS; i++) {
		sum->of[i].enc += r->of[i].enc;
		sum->of[i].dec += r->of[i].dec;
		sum->of[i].n += r->of[i].n;
		sum->of[i].rounds += r->of[i].rounds;
	}
}

/* ---- telling ---- */

static double rate(const struct result *r, double seconds)
{
	return seconds > 0 ? 1e-6 * (double)r->raw / seconds : 0;
}

static double ratio(const struct result *r, unsigned i)
{
	return r->of[i].n ? (double)r->raw / (double)r->of[i].n : 0;
}

/* How fast row i is beside liblz4: 0 where one of them was not measured. */
static double beside(double lz4, double mine)
{
	return lz4 > 0 && mine > 0 ? lz4 / mine : 0;
}

static void tell(const struct result *r, unsigned n, const struct result *total)
{
	printf("%-13s", "enc dec ratio");
	for (unsigned k = 0; k < n; k++)
		printf("  %20.20s", r[k].name);
	printf("  %20s  %11s\n", "total", "beside lz4");
	for (unsigned i = 0; i < ROWS; i++) {
		const struct figure *f = &total->of[i], *lz4 = &total->of[LZ4_ROW];

		if (!f->rounds)
			continue;
		printf("%-13s", rows[i].name);
		for (unsigned k = 0; k <= n; k++) {
			const struct result *p = k < n ? &r[k] : total;

			printf("  %6.0f %6.0f %6.2f", rate(p, p->of[i].enc), rate(p, p->of[i].dec), ratio(p, i));
		}
		printf("  %5.2f %5.2f\n", beside(lz4->enc, f->enc), beside(lz4->dec, f->dec));
	}
}

static void put_figure(struct json *j, const struct result *r, unsigned i)
{
	json_decimal(j, "encode_mb_s", rate(r, r->of[i].enc), 1);
	json_decimal(j, "decode_mb_s", rate(r, r->of[i].dec), 1);
	json_uint(j, "bytes", r->of[i].n);
	json_decimal(j, "ratio", ratio(r, i), 3);
}

static void put_row(struct json *j, unsigned i, const struct result *r, unsigned n, const struct result *total)
{
	const struct figure *lz4 = &total->of[LZ4_ROW], *f = &total->of[i];

	json_open(j, NULL, '{');
	json_str(j, "name", rows[i].name);
	json_open(j, "pictures", '[');
	for (unsigned k = 0; k < n; k++) {
		json_open(j, NULL, '{');
		json_str(j, "name", r[k].name);
		put_figure(j, &r[k], i);
		json_uint(j, "rounds", r[k].of[i].rounds);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "total", '{');
	put_figure(j, total, i);
	json_close(j, '}');
	json_open(j, "beside_lz4", '{');
	json_decimal(j, "encode", beside(lz4->enc, f->enc), 3);
	json_decimal(j, "decode", beside(lz4->dec, f->dec), 3);
	json_close(j, '}');
	json_close(j, '}');
}

static int save(const char *name, const struct result *r, unsigned n, const struct result *total)
{
	struct buf out = {0};
	struct json j = {.out = &out};
	FILE *f;
	int rc;

	json_open(&j, NULL, '{');
	json_str(&j, "bench", "codec");
	json_open(&j, "pictures", '[');
	for (unsigned k = 0; k < n; k++) {
		json_open(&j, NULL, '{');
		json_str(&j, "name", r[k].name);
		json_uint(&j, "bytes", r[k].raw);
		json_bool(&j, "in_total", !r[k].alpha);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_open(&j, "codecs", '[');
	for (unsigned i = 0; i < ROWS; i++)
		if (total->of[i].rounds)
			put_row(&j, i, r, n, total);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_u8(&out, '\n');
	f = strcmp(name, "-") == 0 ? stdout : fopen(name, "wb");
	rc = !f || fwrite(buf_data(&out), 1, buf_len(&out), f) != buf_len(&out) || fflush(f);
	if (rc)
		perror(name);
	if (f && f != stdout)
		fclose(f);
	buf_fini(&out);
	return rc;
}

int main(int argc, char **argv)
{
	const char *data = getenv("BENCH_DATA"), *json = NULL;
	unsigned rounds = MOST, n = 0;
	static struct result results[MAX_SHOTS], total;
	bool wanted[ROWS] = {0}, some = false;
	char folder[2048] = "";
	struct shot s;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
			json = argv[++i];
		} else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
			rounds = (unsigned)strtoul(argv[++i], NULL, 10);
		} else {
			for (unsigned k = 0; k < ROWS; k++)
				wanted[k] |= strncmp(rows[k].name, argv[i], strlen(argv[i])) == 0;
			some = true;
		}
	}
	for (unsigned k = 0; k < ROWS; k++)
		wanted[k] |= !some || k == LZ4_ROW;
	if (data)
		snprintf(folder, sizeof(folder), "%s/images", data);
	for (; n < MAX_SHOTS && shot_get(&s, data ? folder : NULL, n) == 0; n++) {
		measure(&s, wanted, rounds ? rounds : 1, &results[n]);
		if (!s.alpha)
			add(&total, &results[n]);
		shot_fini(&s);
	}
	if (!n || !total.raw) {
		fprintf(stderr, "codec: no picture without alpha in %s\n", folder);
		return 1;
	}
	if (!json || strcmp(json, "-") != 0)
		tell(results, n, &total);
	return json ? save(json, results, n, &total) : 0;
}
