/* vectors DIR: runs every row of DIR/manifest.tsv (and of DIR/bad/bad.tsv) and prints a TAP line for each: what is
 * decoded equals, what QUIC encodes equals byte for byte, what the others encode comes back, what is bad is refused.
 * A codec is a row of a table. */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/err.h"
#include "base/buf.h"
#include "base/mem.h"
#include "client/image.h"
#include "codec/glz.h"
#include "codec/jpeg.h"
#include "codec/lz.h"
#include "codec/lz4.h"
#include "codec/quic.h"

struct vector {
	char *file, *codec, *type, *flags, *decoded, *format;
	unsigned width, height, stride;
	bool top_down;
	struct slice in, want; /* `want`: top down, tight rows of `format` */
};

/* Says what went wrong; test functions return it or NULL. */
static char why[512];

#define WRONG(...) (snprintf(why, sizeof(why), __VA_ARGS__), why)

static const char *dir;
static unsigned row_number, failures;

/* The whole file below DIR, gzip or not, at its exact size on the heap. */
static struct slice load(const char *file)
{
	char *path = xasprintf("%s/%s", dir, file);
	gzFile f = gzopen(path, "rb");
	struct buf b = {0};
	uint8_t *exact;
	int n;

	if (!f) {
		fprintf(stderr, "%s: can't be read\n", path);
		exit(66);
	}
	while ((n = gzread(f, buf_reserve(&b, 65536), 65536)) > 0)
		buf_commit(&b, (size_t)n);
	gzclose(f);
	free(path);
	exact = xmalloc(buf_len(&b));
	if (buf_len(&b))
		memcpy(exact, buf_data(&b), buf_len(&b));
	n = (int)buf_len(&b);
	buf_fini(&b);
	return slice_of(exact, (size_t)n);
}

static const char *compare(struct slice got, struct slice want)
{
	if (got.n != want.n)
		return WRONG("%zu bytes, not %zu", got.n, want.n);
	for (size_t i = 0; i < got.n; i++)
		if (got.p[i] != want.p[i])
			return WRONG("byte %zu is %02x, not %02x", i, got.p[i], want.p[i]);
	return NULL;
}

/* ---- QUIC ---- */

static const struct {
	const char *name;
	enum quic_type type;
} quic_types[] = {{"GRAY", QUIC_GRAY}, {"RGB16", QUIC_RGB16}, {"RGB24", QUIC_RGB24}, {"RGB32", QUIC_RGB32},
	{"RGBA", QUIC_RGBA}};

static const char *quic_again(const struct vector *v, enum quic_type type)
{
	size_t cap = quic_bound(type, v->width, v->height), n = 0;
	uint8_t *out = xmalloc(cap), *scratch = xmalloc(quic_scratch_size(v->width));
	const char *wrong = "encoder failed";

	if (quic_encode(type, v->width, v->height, v->want.p, (ptrdiff_t)v->width * quic_pixel_bytes(type), out,
		cap, &n, scratch) == 0)
		wrong = compare(slice_of(out, n), v->in);
	free(out);
	free(scratch);
	return wrong;
}

static const char *run_quic(const struct vector *v)
{
	struct quic_info info;
	const char *wrong = NULL;
	uint8_t *out, *scratch;
	size_t row;

	if (quic_header(v->in, &info))
		return WRONG("header refused");
	if (info.width != v->width || info.height != v->height)
		return WRONG("size %ux%u", info.width, info.height);
	for (size_t i = 0; i < ARRAY_SIZE(quic_types); i++)
		if (strcmp(quic_types[i].name, v->type) == 0 && quic_types[i].type != info.type)
			return WRONG("type %u", info.type);
	row = (size_t)info.width * quic_pixel_bytes(info.type);
	out = xcalloc(row, info.height);
	scratch = xmalloc(quic_scratch_size(info.width));
	if (quic_decode(v->in, &info, false, out, (ptrdiff_t)row, scratch))
		wrong = WRONG("decoder refuses it");
	else
		wrong = compare(slice_of(out, row * info.height), v->want);
	free(out);
	free(scratch);
	return wrong ? wrong : quic_again(v, info.type);
}

static bool quic_accepts(struct slice in)
{
	struct quic_info info;
	uint8_t *out, *scratch;
	bool ok;

	if (quic_header(in, &info) || info.width > 16384 || info.height > 16384 ||
		(uint64_t)info.width * info.height > 64 << 20)
		return false;
	out = xcalloc((size_t)info.width * 4, info.height);
	scratch = xmalloc(quic_scratch_size(info.width));
	ok = quic_decode(in, &info, true, out, (ptrdiff_t)info.width * 4, scratch) == 0;
	free(out);
	free(scratch);
	return ok;
}

/* ---- LZ ---- */

static const char *const lz_types[] = {"", "PLT1_LE", "PLT1_BE", "PLT4_LE", "PLT4_BE", "PLT8", "RGB16",
	"RGB24", "RGB32",
	"RGBA", "XX" "XA", "A8"};

/* Decoded rows with the top one first, as the vectors have them. */
static uint8_t *turned(const uint8_t *rows, size_t row, unsigned height, bool top_down)
{
	uint8_t *out = xcalloc(row, height);

	for (unsigned y = 0; y < height; y++)
		memcpy(out + y * row, rows + (top_down ? y : height - 1 - y) * row, row);
	return out;
}

/* Encoded again it need not be the same bytes, but it must come back. */
static const char *lz_again(const struct lz_info *info, const uint8_t *rows, size_t n)
{
	size_t cap = lz_bound(info->type, info->width, info->height), len;
	uint8_t *out = xmalloc(cap), *back = xcalloc(1, n), *scratch = xmalloc(LZ_SCRATCH);
	const char *wrong = NULL;

	if (lz_encode(info, rows, out, cap, &len, scratch))
		wrong = WRONG("encoder failed");
	else if (lz_decode(slice_of(out, len), info, false, back))
		wrong = WRONG("what was encoded is refused");
	else
		wrong = compare(slice_of(back, n), slice_of(rows, n));
	free(out);
	free(back);
	free(scratch);
	return wrong;
}

static const char *run_lz(const struct vector *v)
{
	struct lz_info info;
	uint8_t *out, *top;
	const char *wrong;
	size_t n;

	if (lz_header(v->in, &info))
		return WRONG("header refused");
	if (info.width != v->width || info.height != v->height || info.top_down != v->top_down ||
		strcmp(lz_types[info.type], v->type) != 0)
		return WRONG("%ux%u type %u", info.width, info.height, info.type);
	n = (size_t)info.stride * info.height;
	out = xcalloc(1, n);
	if (lz_decode(v->in, &info, false, out)) {
		free(out);
		return WRONG("decoder refuses it");
	}
	top = turned(out, info.stride, info.height, info.top_down);
	wrong = compare(slice_of(top, n), v->want);
	if (!wrong)
		wrong = lz_again(&info, out, n);
	free(top);
	free(out);
	return wrong;
}

static bool lz_accepts(struct slice in)
{
	struct lz_info info;
	uint8_t *out;
	bool ok;

	if (lz_header(in, &info) || info.width > 16384 || info.height > 16384 ||
		(uint64_t)info.width * info.height > 64 << 20)
		return false;
	out = xcalloc((size_t)info.width * 4, info.height);
	ok = lz_decode(in, &info, true, out) == 0;
	free(out);
	return ok;
}

/* ---- GLZ: the rows of a sequence share a window, in their order ---- */

enum { WINDOW = 16 << 20 };

static struct glz_window *window;
static char sequence[64];

static void fresh_window(void)
{
	glz_window_free(window);
	window = glz_window_new(WINDOW);
	sequence[0] = 0;
}

static const char *same_pixels(const struct glz_info *info, const uint32_t *pixels, struct slice want)
{
	size_t row = 4 * (size_t)info->width;
	uint8_t *rows = xmalloc(row * info->height);
	const char *wrong;

	glz_pixels(info, pixels, rows, (ptrdiff_t)row);
	wrong = compare(slice_of(rows, row * info->height), want);
	free(rows);
	return wrong;
}

/* `want` empty: any picture will do. */
static const char *glz_one(struct slice in, struct slice want)
{
	const uint32_t *pixels;
	struct glz_info info;
	uint64_t missing;

	if (glz_header(in, &info) || (uint64_t)info.width * info.height > WINDOW)
		return WRONG("header refused");
	if (glz_decode(window, in, &info, &pixels, &missing))
		return WRONG("decoder refuses it");
	return want.n ? same_pixels(&info, pixels, want) : NULL;
}

/* The GLZ stream inside, to be freed; empty when it is wrong. */
static struct slice unzipped(struct slice in)
{
	size_t n = in.n >= 8 ? get_le32(in.p) : 0;
	uint8_t *glz;

	if (n < GLZ_HEADER || n > WINDOW || get_le32(in.p + 4) != in.n - 8)
		return (struct slice){0};
	glz = xmalloc(n);
	if (glz_inflate(slice_of(in.p + 8, in.n - 8), glz, n)) {
		free(glz);
		return (struct slice){0};
	}
	return slice_of(glz, n);
}

/* Flags are "seq=NAME,...". */
static bool is_of_sequence(const char *flags, const char *seq)
{
	size_t n = strcspn(flags, ",");

	return strlen(seq) == n && memcmp(flags, seq, n) == 0;
}

static const char *run_glz(const struct vector *v)
{
	struct slice glz = {0};
	const char *wrong;

	if (!window || !is_of_sequence(v->flags, sequence)) {
		fresh_window();
		snprintf(sequence, sizeof(sequence), "%.*s", (int)strcspn(v->flags, ","), v->flags);
	}
	if (strcmp(v->codec, "GLZ") == 0)
		return glz_one(v->in, v->want);
	glz = unzipped(v->in);
	wrong = glz.n ? glz_one(glz, v->want) : WRONG("does not inflate");
	free((void *)glz.p);
	return wrong;
}

/* Decoded behind the first one of its folder, in a window of its own. */
static const char *run_crafted(const struct vector *v)
{
	struct slice base = load("glz/crafted/000.glz");
	const char *wrong;

	fresh_window();
	wrong = glz_one(base, (struct slice){0});
	free((void *)base.p);
	return wrong ? wrong : glz_one(v->in, v->want);
}

static bool glz_accepts(struct slice in)
{
	struct slice base = load("bad/glz_base.glz");
	bool ok;

	fresh_window();
	ok = glz_one(base, (struct slice){0}) || !glz_one(in, (struct slice){0});
	free((void *)base.p);
	return ok;
}

static bool zlib_glz_accepts(struct slice in)
{
	struct slice glz = unzipped(in);
	bool ok;

	fresh_window();
	ok = glz.n && !glz_one(glz, (struct slice){0});
	free((void *)glz.p);
	return ok;
}

/* ---- LZ4 and JPEG ---- */

static const char *run_lz4(const struct vector *v)
{
	struct lz4_image img;
	size_t n = (size_t)v->stride * v->height, cap = lz4_image_bound(n), used = 0;
	uint8_t *out = xmalloc(n), *again = xmalloc(cap), *top = NULL;
	const char *wrong;

	if (lz4_image_header(v->in, &img) || img.top_down != v->top_down || lz4_image_decode(&img, out, n)) {
		wrong = WRONG("decoder refuses it");
	} else {
		top = turned(out, v->stride, v->height, img.top_down);
		wrong = compare(slice_of(top, n), v->want);
	}
	if (!wrong && (lz4_image_encode(img.format, top, v->height, v->stride, v->stride, again, cap, &used) ||
		lz4_image_header(slice_of(again, used), &img) || lz4_image_decode(&img, out, n) ||
		memcmp(out, top, n) != 0))
		wrong = WRONG("does not come back from our encoder");
	free(out);
	free(again);
	free(top);
	return wrong;
}

/* All bad ones say that they are pictures of 4x2 pixels of 32 bits. */
static bool lz4_accepts(struct slice in)
{
	struct lz4_image img;
	uint8_t out[4 * 2 * 4];

	return lz4_image_header(in, &img) == 0 && lz4_image_decode(&img, out, sizeof(out)) == 0;
}

static const char *run_jpeg(const struct vector *v)
{
	size_t n = (size_t)v->stride * v->height;
	uint8_t *out = xmalloc(n);
	const char *wrong = NULL;

	if (jpeg_decode(v->in, v->width, v->height, out, v->stride))
		wrong = WRONG("decoder refuses it");
	for (size_t i = 0; !wrong && i < n; i++)
		if (abs(out[i] - v->want.p[i]) > 2)
			wrong = WRONG("byte %zu is %02x, not %02x", i, out[i], v->want.p[i]);
	free(out);
	return wrong;
}

/* The payload of an image, decoded by a client; NULL when it is refused. */
static struct pixmap *jpeg_alpha(struct slice in, unsigned width, unsigned height)
{
	struct image img = {.d = {.type = IMAGE_TYPE_JPEG_ALPHA, .width = width, .height = height}};
	struct image_decoder d = {.images = image_cache_new()};
	struct pixmap *p = NULL;

	if (in.n >= 9 && get_le32(in.p + 5) == in.n - 9) {
		img.jpeg_alpha = (struct jpeg_alpha_data){in.p[0], get_le32(in.p + 1), get_le32(in.p + 5),
			slice_of(in.p + 9, in.n - 9)};
		if (image_decode(&d, &img, false, SURFACE_FMT_32_ARGB, &p))
			p = NULL;
	}
	image_cache_free(d.images);
	image_decoder_fini(&d);
	return p;
}

static const char *run_jpeg_alpha(const struct vector *v)
{
	struct pixmap *p = jpeg_alpha(v->in, v->width, v->height);
	const char *wrong = p ? NULL : WRONG("decoder refuses it");

	for (size_t i = 0; !wrong && i < v->want.n; i++) {
		int got = p->data[i / v->stride * (size_t)p->stride + i % v->stride];

		if (abs(got - v->want.p[i]) > (i % 4 == 3 ? 0 : 2))
			wrong = WRONG("byte %zu is %02x, not %02x", i, got, v->want.p[i]);
	}
	pixmap_unref(p);
	return wrong;
}

/* All bad ones say that they are pictures of 33x17 pixels. */
static bool jpeg_alpha_accepts(struct slice in)
{
	struct pixmap *p = jpeg_alpha(in, 33, 17);

	pixmap_unref(p);
	return p != NULL;
}

/* ---- WIRE: display messages with mini headers, executed on a client's canvas ---- */

static int wire_message(struct canvas *c, struct image_decoder *d, unsigned number, struct slice body)
{
	const struct wire_msg *m = wire_msg_find(WIRE_DISPLAY, WIRE_S, number);
	struct arena a = {0};
	struct wire_in in = {.msg = body, .arena = &a};
	void *host = m ? arena_alloc(&a, m->size) : NULL;
	const struct inval_list *list = host;
	int rc = m ? wire_decode(m->desc(), &in, host) : E_INVAL;

	if (rc) {
		arena_fini(&a);
		return rc;
	}
	switch (number) {
	case S_DISPLAY_SURFACE_CREATE:
		rc = canvas_surface_create(c, host);
		break;
	case S_DISPLAY_SURFACE_DESTROY:
		rc = canvas_surface_destroy(c, ((struct surface_destroy *)host)->surface_id);
		break;
	case S_DISPLAY_INVAL_LIST:
		for (unsigned i = 0; i < list->count; i++)
			image_cache_remove(d->images, list->resources[i].id);
		break;
	case S_DISPLAY_INVAL_ALL_PIXMAPS:
		image_cache_clear(d->images);
		break;
	case S_DISPLAY_INVAL_PALETTE:
		palette_cache_remove(&d->palettes, ((struct inval_palette *)host)->id);
		break;
	case S_DISPLAY_INVAL_ALL_PALETTES:
		palette_cache_clear(&d->palettes);
		break;
	default:
		rc = canvas_draw(c, number, host, NULL);
		image_decoder_done(d, false);
	}
	arena_fini(&a);
	return rc;
}

/* Surface 0 as the vectors have it: the x byte of xRGB is 0; JPEG is compared with a tolerance. */
static const char *wire_compare(const struct pixmap *s, const struct vector *v)
{
	int tolerance = strstr(v->file, "jpeg") ? 3 : 0;

	if (!s || s->width != v->width || s->height != v->height)
		return WRONG("no surface of that size");
	for (unsigned y = 0; y < s->height; y++) {
		for (unsigned x = 0; x < 4 * s->width; x++) {
			int got = s->data[y * (size_t)s->stride + x];
			int want = v->want.p[y * 4 * (size_t)s->width + x];

			if (x % 4 == 3 && s->format == SURFACE_FMT_32_xRGB)
				continue;
			if (abs(got - want) > tolerance)
				return WRONG("pixel %u,%u byte %u is %02x, not %02x", x / 4, y, x % 4, got, want);
		}
	}
	return NULL;
}

static const char *run_wire(const struct vector *v)
{
	struct image_decoder d = {.images = image_cache_new(), .glz = glz_window_new(LIM_GLZ_WINDOW / 4)};
	struct canvas *c = canvas_new(image_decode, &d);
	struct slice s = v->in;
	const char *wrong = NULL;
	int rc = 0;

	while (s.n >= 6 && !rc) {
		size_t n = get_le32(s.p + 2);

		if (n > s.n - 6)
			break;
		rc = wire_message(c, &d, get_le16(s.p), slice_of(s.p + 6, n));
		s.p += 6 + n;
		s.n -= 6 + n;
	}
	if (rc || s.n)
		wrong = WRONG("refused: %s", err_str(rc));
	else
		wrong = wire_compare(canvas_surface(c, 0), v);
	canvas_free(c);
	image_cache_free(d.images);
	glz_window_free(d.glz);
	image_decoder_fini(&d);
	return wrong;
}

/* ---- the table ---- */

static const struct codec {
	const char *name;
	const char *(*run)(const struct vector *v);
	bool (*accepts)(struct slice in);
} codecs[] = {
	{"QUIC", run_quic, quic_accepts},
	{"LZ", run_lz, lz_accepts},
	{"GLZ", run_glz, glz_accepts},
	{"ZLIB_GLZ", run_glz, zlib_glz_accepts},
	{"GLZ_CRAFTED", run_crafted, NULL},
	{"LZ4", run_lz4, lz4_accepts},
	{"JPEG", run_jpeg, NULL},
	{"JPEG_ALPHA", run_jpeg_alpha, jpeg_alpha_accepts},
	{"WIRE", run_wire, NULL},
};

static const struct codec *codec_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (strcmp(codecs[i].name, name) == 0)
			return &codecs[i];
	return NULL;
}

static void tap(const char *file, const char *wrong)
{
	row_number++;
	failures += wrong != NULL;
	printf("%sok %u - %s\n", wrong ? "not " : "", row_number, file);
	if (wrong)
		printf("# %s: %s\n", file, wrong);
}

/* Splits a line at tabs into n fields; false when there are fewer. */
static bool fields(char *line, char **f, size_t n)
{
	line[strcspn(line, "\r\n")] = 0;
	for (size_t i = 0; i < n; i++) {
		f[i] = strsep(&line, "\t");
		if (!f[i])
			return false;
	}
	return true;
}

static void run_row(char *line)
{
	struct vector v = {0};
	const struct codec *c;
	char *f[11];

	if (!fields(line, f, ARRAY_SIZE(f)) || strcmp(f[0], "file") == 0)
		return;
	c = codec_of(f[1]);
	if (!c) {
		tap(f[0], WRONG("%s is no codec that this program knows", f[1]));
		return;
	}
	v = (struct vector){.file = f[0], .codec = f[1], .type = f[2], .width = (unsigned)strtoul(f[3], NULL, 10),
		.height = (unsigned)strtoul(f[4], NULL, 10), .stride = (unsigned)strtoul(f[5], NULL, 10),
		.top_down = f[6][0] == '1', .flags = f[7], .decoded = f[9], .format = f[10]};
	v.in = load(v.file);
	v.want = load(v.decoded);
	tap(v.file, c->run(&v));
	free((void *)v.in.p);
	free((void *)v.want.p);
}

static void run_bad(char *line)
{
	const struct codec *c;
	struct slice in;
	char *f[4];

	if (!fields(line, f, ARRAY_SIZE(f)) || strcmp(f[0], "file") == 0)
		return;
	c = codec_of(f[1]);
	if (!c || !c->accepts) {
		tap(f[0], WRONG("%s is no codec that this program can refuse", f[1]));
		return;
	}
	in = load(f[0]);
	tap(f[0], c->accepts(in) ? WRONG("accepted: %s", f[3]) : NULL);
	free((void *)in.p);
}

static void each_line(const char *file, void (*f)(char *line))
{
	char *path = xasprintf("%s/%s", dir, file), *line = NULL;
	FILE *in = fopen(path, "r");
	size_t cap = 0;

	while (in && getline(&line, &cap, in) > 0)
		f(line);
	if (in)
		fclose(in);
	free(line);
	free(path);
}

/* ---- GLZ on two channels: a sequence in every order in which its pictures can arrive ---- */

enum { ARRIVALS_MAX = 20 };

struct arrival {
	struct slice in, want;
	unsigned channel;
};

/* The pictures of a sequence, in the order of their ids. */
static struct arrival arrivals[ARRIVALS_MAX];
static unsigned arrivals_n;
static char arrivals_of[64];

struct channel {
	const struct arrival *queue[ARRIVALS_MAX]; /* what it brings, in its order */
	unsigned n, here, done;                    /* in all, arrived, decoded */
	bool parked;
	uint64_t missing;
};

static unsigned parks;

/* Decodes what has arrived on a channel until it has to park. *moved: something was decoded. */
static const char *catch_up(struct channel *c, bool *moved)
{
	while (c->done < c->here && !(c->parked && !glz_window_has(window, c->missing))) {
		const struct arrival *a = c->queue[c->done];
		const uint32_t *pixels;
		struct glz_info info;
		const char *wrong;
		int rc;

		if (glz_header(a->in, &info))
			return WRONG("header refused");
		rc = glz_decode(window, a->in, &info, &pixels, &c->missing);
		if (rc && rc != E_AGAIN)
			return WRONG("refused: %s", err_str(rc));
		c->parked = rc == E_AGAIN;
		if (c->parked && (c->missing >= info.id || glz_window_has(window, c->missing)))
			return WRONG("waits for %llu", (unsigned long long)c->missing);
		if (c->parked) {
			parks++;
			return NULL;
		}
		wrong = same_pixels(&info, pixels, a->want);
		if (wrong)
			return wrong;
		c->done++;
		*moved = true;
	}
	return NULL;
}

/* The messages arrive on the channels in the order that `order` says, the first one's channel in its lowest bit. */
static const char *run_order(const struct channel *fresh, uint32_t order)
{
	struct channel c[2] = {fresh[0], fresh[1]};
	const char *wrong;

	fresh_window();
	for (unsigned i = 0; i < arrivals_n; i++) {
		bool moved;

		c[order >> i & 1].here++;
		do {
			moved = false;
			if ((wrong = catch_up(&c[0], &moved)) || (wrong = catch_up(&c[1], &moved)))
				return wrong;
		} while (moved);
	}
	for (unsigned on = 0; on < 2; on++)
		if (c[on].done != c[on].n)
			return WRONG("channel %u stops before picture %u of %u", on, c[on].done, c[on].n);
	return NULL;
}

static void collect(char *line)
{
	unsigned channel;
	char *f[11];

	if (!fields(line, f, ARRAY_SIZE(f)) || strcmp(f[1], "GLZ") != 0 || !is_of_sequence(f[7], arrivals_of))
		return;
	channel = strstr(f[7], ",ch=0") == NULL;
	if (arrivals_n < ARRIVALS_MAX)
		arrivals[arrivals_n] = (struct arrival){load(f[0]), load(f[9]), channel};
	arrivals_n++;
}

/* A line of the manifest that is a picture on a second channel: its whole sequence is tried. */
static void run_orders(char *line)
{
	struct channel c[2] = {{.n = 0}};
	const char *wrong = NULL;
	unsigned orders = 0;
	char *f[11], name[128];

	if (!fields(line, f, ARRAY_SIZE(f)) || !strstr(f[7], ",ch=1") || is_of_sequence(f[7], arrivals_of))
		return;
	snprintf(arrivals_of, sizeof(arrivals_of), "%.*s", (int)strcspn(f[7], ","), f[7]);
	each_line("manifest.tsv", collect);
	if (arrivals_n > ARRIVALS_MAX) {
		tap(arrivals_of, WRONG("more pictures than this program takes"));
		exit(1);
	}
	for (unsigned i = 0; i < arrivals_n; i++) {
		struct channel *on = &c[arrivals[i].channel];

		on->queue[on->n++] = &arrivals[i];
	}
	parks = 0;
	for (uint32_t order = 0; !wrong && order < 1u << arrivals_n; order++) {
		if ((unsigned)__builtin_popcount(order) != c[1].n)
			continue;
		wrong = run_order(c, order);
		orders++;
	}
	if (!wrong && !parks)
		wrong = WRONG("no order made a channel wait");
	snprintf(name, sizeof(name), "glz in %u orders of its channels, %s", orders, arrivals_of);
	tap(name, wrong);
	for (unsigned i = 0; i < arrivals_n; i++) {
		free((void *)arrivals[i].in.p);
		free((void *)arrivals[i].want.p);
	}
	arrivals_n = 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: vectors DIR\n");
		return 64;
	}
	dir = argv[1];
	each_line("manifest.tsv", run_row);
	each_line("manifest.tsv", run_orders);
	each_line("bad/bad.tsv", run_bad);
	glz_window_free(window);
	printf("1..%u\n", row_number);
	return failures != 0;
}
