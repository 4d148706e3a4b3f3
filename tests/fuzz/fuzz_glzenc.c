/* F-12: any sequence of pictures, encoded for two clients with small windows, comes back from both; ids count up, and
 * the heads of the windows are those of glz.md 3. The first two bytes are the capacities. A picture is a byte of flags
 * (type, orientation, what it is like), width, height, how far it is shifted against what it is like, how many bytes
 * follow, and these: pixels that are repeated, or changes to an older picture. */
#include <stdlib.h>

#include "base/err.h"
#include "codec/glz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { CLIENTS = 2, PICTURES = 40, PIXELS = 1 << 14 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

struct shot {
	enum lz_type type;
	uint32_t w, h;
	bool top_down;
	uint32_t words[PIXELS]; /* in coded order, 0xAARRGGBB */
};

struct client {
	struct glz_dict *d;
	struct glz_window *w;
	uint64_t capacity, held, oldest, next;
	uint32_t pixels[PICTURES]; /* by id */
};

static uint32_t seen(enum lz_type type, uint32_t v)
{
	return type == LZ_RGB16 ? v & 0x7fff : type == LZ_RGBA ? v : v & 0xffffff;
}

static void check_head(struct client *c, const struct glz_info *info, uint32_t units)
{
	while (c->held + units > c->capacity)
		c->held -= c->pixels[c->oldest++];
	check(info->id == c->next && info->head_dist == c->next - c->oldest);
	c->pixels[c->next++] = units;
	c->held += units;
}

static void send(struct client *c, const struct shot *s, const uint8_t *src, size_t size)
{
	size_t cap = glz_bound(s->type, s->w, s->h), n, units = (size_t)s->w * s->h;
	ptrdiff_t stride = (ptrdiff_t)(size * s->w);
	uint8_t *out = malloc(cap), *exact;
	const uint32_t *pixels;
	struct glz_info info;
	uint64_t missing;
	int rc;

	check(glz_encode(c->d, s->type, s->w, s->h, src, stride, s->top_down, out, cap - 1, &n) == E_LIMIT);
	rc = glz_encode(c->d, s->type, s->w, s->h, src, stride, s->top_down, out, cap, &n);
	check(rc == (units < c->capacity ? 0 : E_LIMIT) && (rc || n <= cap));
	if (!rc) {
		exact = malloc(n);
		memcpy(exact, out, n);
		check(glz_header(slice_of(exact, n), &info) == 0 && info.type == s->type && info.width == s->w &&
		      info.height == s->h && info.top_down == s->top_down);
		check_head(c, &info, (uint32_t)units);
		check(glz_decode(c->w, slice_of(exact, n), &info, &pixels, &missing) == 0);
		for (size_t i = 0; i < units; i++)
			check(pixels[i] == seen(s->type, s->words[i]));
		free(exact);
	}
	free(out);
}

static void paint(struct shot *s, const struct shot *like, unsigned shift, const uint8_t *p, size_t n)
{
	size_t units = (size_t)s->w * s->h, theirs = (size_t)like->w * like->h;

	for (size_t i = 0; i < units; i++) {
		uint32_t v = 0;

		if (theirs)
			v = like->words[(i + shift) % theirs];
		else if (n)
			for (unsigned k = 0; k < 4; k++)
				v = v << 8 | p[(i + i / 64 * shift + k) % n];
		s->words[i] = v;
	}
	for (size_t i = 0; theirs && i + 2 < n; i += 3)
		s->words[get_le16(p + i) % units] ^= p[i + 2] * 0x01010101u;
}

static const uint8_t *picture(struct client *c, struct shot *shots, unsigned number, const uint8_t *p,
	const uint8_t *end)
{
	static const uint8_t sizes[] = {[LZ_RGB16] = 2, [LZ_RGB24] = 3, [LZ_RGB32] = 4, [LZ_RGBA] = 4};
	static const struct shot nothing;
	const struct shot *like = p[0] & 8 && number ? &shots[(number - 1 - p[0] / 16 % number) % PICTURES] : &nothing;
	size_t n = (size_t)(end - p - 5) < p[4] ? (size_t)(end - p - 5) : p[4], size;
	struct shot *s = &shots[number];
	uint8_t *src;

	s->type = LZ_RGB16 + (p[0] & 3);
	s->top_down = p[0] & 4;
	s->w = 1 + (p[1] & 127);
	s->h = 1 + (p[2] & 127);
	paint(s, like, p[3], p + 5, n);
	size = sizes[s->type];
	src = malloc(size * s->w * s->h);
	for (size_t i = 0; i < (size_t)s->w * s->h; i++) {
		uint8_t px[4];

		put_le32(px, s->words[i]);
		memcpy(src + size * i, px, size);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		if (!(p[1] & 128) || i == 0)
			send(&c[i], s, src, size);
	free(src);
	return p + 5 + n;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct shot shots[PICTURES];
	struct client c[CLIENTS] = {{.d = NULL}};
	const uint8_t *end = p + n;

	if (n < 2)
		return 0;
	for (unsigned i = 0; i < CLIENTS; i++) {
		c[i].capacity = 1 + (uint64_t)p[i] * p[i];
		c[i].d = glz_dict_new(c[i].capacity);
		c[i].w = glz_window_new(c[i].capacity + 32 * PICTURES);
	}
	p += 2;
	for (unsigned number = 0; number < PICTURES && end - p >= 5; number++)
		p = picture(c, shots, number, p, end);
	for (unsigned i = 0; i < CLIENTS; i++) {
		glz_dict_free(c[i].d);
		glz_window_free(c[i].w);
	}
	return 0;
}
