/* Pictures for the codec bench. The drawn ones stand for what desktops show: a terminal, a page with photographs, a
 * photograph, and an interface with gradients and icons. They are the same on every machine. */
#include "tests/bench/codec/pictures.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "draw/font.h"

enum { W = 1920, H = 1080, OCTAVES = 6 };

struct rect {
	unsigned x, y, w, h;
};

static uint32_t rgb(int r, int g, int b)
{
	const int v[3] = {b, g, r};
	uint32_t out = 0;

	for (int i = 0; i < 3; i++)
		out |= (uint32_t)(v[i] < 0 ? 0 : v[i] > 255 ? 255 : v[i]) << 8 * i;
	return out;
}

static void fill(uint32_t *p, struct rect r, uint32_t color)
{
	for (unsigned y = r.y; y < r.y + r.h; y++)
		for (unsigned x = r.x; x < r.x + r.w; x++)
			p[y * W + x] = color;
}

static void frame(uint32_t *p, struct rect r, uint32_t color)
{
	fill(p, (struct rect){r.x, r.y, r.w, 1}, color);
	fill(p, (struct rect){r.x, r.y + r.h - 1, r.w, 1}, color);
	fill(p, (struct rect){r.x, r.y, 1, r.h}, color);
	fill(p, (struct rect){r.x + r.w - 1, r.y, 1, r.h}, color);
}

/* ---- text ---- */

/* Words of the same few letters, as languages have them: frequent ones come again. */
static unsigned word(struct rng *r, char *out)
{
	static const char letters[] = "etaoinshrdlucmfwypvbgk0123456789_-./";
	struct rng w = {rng_below(r, 2) ? rng_below(r, 40) : rng_below(r, 4000)};
	unsigned n = 1 + rng_below(&w, 9);

	for (unsigned i = 0; i < n; i++)
		out[i] = letters[rng_below(&w, 1 + rng_below(&w, sizeof(letters) - 1))];
	out[n] = 0;
	return n;
}

static void lines(uint32_t *p, struct rect r, struct rng *rng, const uint32_t *colors, unsigned n_colors,
	unsigned spacing)
{
	for (unsigned y = r.y; y + FONT_HEIGHT <= r.y + r.h; y += spacing) {
		unsigned end = r.x + r.w * (1 + rng_below(rng, 4)) / 4, x = r.x;

		while (x < end) {
			char text[16];
			unsigned n = word(rng, text);

			if (x + n * FONT_WIDTH > end)
				break;
			font_draw(p, W, W, H, (int)x, (int)y, text, colors[rng_below(rng, n_colors)]);
			x += (n + 1) * FONT_WIDTH;
		}
	}
}

/* ---- photographs ---- */

static int lattice(unsigned x, unsigned y, unsigned seed)
{
	struct rng r = {(uint64_t)x << 40 ^ (uint64_t)y << 16 ^ seed};

	return (int)(rng_next(&r) >> 56) - 128;
}

/* One octave of value noise, cells of 1 << shift pixels: -128 to 127. */
static int octave(unsigned x, unsigned y, unsigned shift, unsigned seed)
{
	unsigned cx = x >> shift, cy = y >> shift, side = 1u << shift;
	int fx = (int)(x & (side - 1)), fy = (int)(y & (side - 1)), s = (int)side;
	int top = lattice(cx, cy, seed) * (s - fx) + lattice(cx + 1, cy, seed) * fx;
	int low = lattice(cx, cy + 1, seed) * (s - fx) + lattice(cx + 1, cy + 1, seed) * fx;

	return (top * (s - fy) / s + low * fy / s) / s;
}

static void photo(uint32_t *p, struct rect r, unsigned seed)
{
	struct rng grain = {seed};

	for (unsigned y = 0; y < r.h; y++) {
		for (unsigned x = 0; x < r.w; x++) {
			int light = 128 + (int)(y * 64 / H), warm = octave(x, y, 8, seed + 99);
			uint32_t g = (uint32_t)rng_next(&grain);

			for (unsigned o = 0; o < OCTAVES; o++)
				light += octave(x, y, 8 - o, seed + o) >> o;
			p[(r.y + y) * W + r.x + x] = rgb(light + warm / 2, light + (int)(g >> 8 & 1),
				light - warm / 2);
		}
	}
}

/* ---- the four ---- */

static void draw_terminal(uint32_t *p, struct rng *rng)
{
	static const uint32_t dark[] = {0xd0d0d0, 0xd0d0d0, 0xd0d0d0, 0x8ae234, 0x729fcf, 0xfce94f};
	static const uint32_t light[] = {0x000000, 0x000000, 0x000000, 0x204a87};

	fill(p, (struct rect){0, 0, W / 2, H}, 0x000000);
	fill(p, (struct rect){W / 2, 0, W / 2, H}, 0xffffff);
	lines(p, (struct rect){2, 2, W / 2 - 4, H - 4}, rng, dark, ARRAY_SIZE(dark), FONT_HEIGHT);
	lines(p, (struct rect){W / 2 + 2, 2, W / 2 - 4, H - 4}, rng, light, ARRAY_SIZE(light), FONT_HEIGHT);
}

static void draw_page(uint32_t *p, struct rng *rng)
{
	static const uint32_t ink[] = {0x202122, 0x202122, 0x202122, 0x202122, 0x3366cc};

	fill(p, (struct rect){0, 0, W, H}, 0xffffff);
	fill(p, (struct rect){0, 0, W, 40}, 0xdee1e6);
	for (unsigned i = 0; i < 8; i++) {
		struct rect r = {80 + (i & 3) * 450, 120 + (i >> 2) * 480, 410, 220};

		photo(p, r, 1000 * i);
		frame(p, r, 0xa2a9b1);
		r.y += 230;
		lines(p, r, rng, ink, ARRAY_SIZE(ink), 20);
	}
}

static void draw_photo(uint32_t *p, struct rng *rng)
{
	photo(p, (struct rect){0, 0, W, H}, rng_below(rng, 1000));
}

static void draw_window(uint32_t *p, struct rect r, struct rng *rng)
{
	static const uint32_t ink[] = {0x2e3436};

	for (unsigned y = 0; y < 36; y++) /* a title with a gradient from top to bottom */
		fill(p, (struct rect){r.x, r.y + y, r.w, 1}, rgb(225 - (int)y, 222 - (int)y, 219 - (int)y));
	fill(p, (struct rect){r.x, r.y + 36, r.w, r.h - 36}, 0xf6f5f4);
	frame(p, r, 0x8b8e8f);
	for (unsigned y = r.y + 50; y + 40 < r.y + r.h; y += 48) {
		struct rect button = {r.x + 20, y, 120, 32};
		uint32_t tint = rng_below(rng, 0x1000000);

		for (unsigned i = 0; i < button.h; i++)
			fill(p, (struct rect){button.x, y + i, button.w, 1},
				rgb(255 - (int)i / 2, 255 - (int)i / 2, 254 - (int)i / 2));
		frame(p, button, 0xcdc7c2);
		lines(p, (struct rect){r.x + 200, y + 8, r.w - 220, 16}, rng, ink, 1, 16);
		for (unsigned i = 0; i < 24 * 24; i++) /* an icon: a shaded disc */
			if ((i % 24 - 12) * (i % 24 - 12) + (i / 24 - 12) * (i / 24 - 12) < 140)
				p[(y + 4 + i / 24) * W + r.x + 160 + i % 24] =
					(tint & 0xfefefe) / 2 + i / 24 * 0x040404;
	}
}

static void draw_ui(uint32_t *p, struct rng *rng)
{
	for (unsigned y = 0; y < H; y++) /* a wallpaper: smooth in both directions */
		for (unsigned x = 0; x < W; x++)
			p[y * W + x] = rgb((int)(x * 40 / W + y * 30 / H), (int)(60 + y * 60 / H),
				(int)(120 + x * 50 / W));
	fill(p, (struct rect){0, 0, W, 28}, 0x2e3436);
	draw_window(p, (struct rect){60, 80, 800, 620}, rng);
	draw_window(p, (struct rect){560, 300, 700, 700}, rng);
	draw_window(p, (struct rect){1300, 120, 560, 840}, rng);
}

static const struct {
	const char *name;
	void (*draw)(uint32_t *p, struct rng *rng);
} drawn[] = {{"terminal", draw_terminal}, {"page", draw_page}, {"photo", draw_photo}, {"ui", draw_ui}};

/* ---- forms ---- */

static uint8_t *room(struct shot *s, enum form f, size_t bytes)
{
	s->n[f] = (size_t)s->width * s->height * bytes;
	return s->form[f] = xmalloc(s->n[f]);
}

static void cut(struct shot *s)
{
	uint8_t *out = room(s, TILES64, 4);

	for (unsigned y = 0; y < s->height; y += TILE)
		for (unsigned x = 0; x < s->width; x += TILE) {
			size_t n = 4 * (size_t)(s->width - x < TILE ? s->width - x : TILE);

			for (unsigned i = y; i < y + TILE && i < s->height; i++, out += n)
				memcpy(out, s->form[RGB32] + 4 * ((size_t)i * s->width + x), n);
		}
}

void shot_init(struct shot *s, const char *name, struct picture *p)
{
	size_t pixels = (size_t)p->width * p->height;
	uint8_t *rgb32, *rgb24, *rgb16, *plt8, *raw;

	*s = (struct shot){.width = p->width, .height = p->height, .alpha = p->alpha};
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->form[RGBA] = p->pixels;
	s->n[RGBA] = 4 * pixels;
	p->pixels = NULL;
	raw = room(s, RAW, 4);
	rgb32 = room(s, RGB32, 4);
	rgb24 = room(s, RGB24, 3);
	rgb16 = room(s, RGB16, 2);
	plt8 = room(s, PLT8, 1);
	for (size_t i = 0; i < pixels; i++) {
		uint32_t v = get_le32(s->form[RGBA] + 4 * i), r = v >> 16 & 255, g = v >> 8 & 255, b = v & 255;

		put_le32(rgb32 + 4 * i, v & 0xffffff);
		memcpy(rgb24 + 3 * i, rgb32 + 4 * i, 3);
		put_le16(rgb16 + 2 * i, (uint16_t)(r >> 3 << 10 | g >> 3 << 5 | b >> 3));
		plt8[i] = (uint8_t)((r & 0xe0) | (g & 0xe0) >> 3 | b >> 6);
	}
	memcpy(raw, s->form[s->alpha ? RGBA : RGB32], 4 * pixels);
	cut(s);
}

void shot_fini(struct shot *s)
{
	for (int f = 0; f < FORMS; f++)
		free(s->form[f]);
	*s = (struct shot){.width = 0};
}

static int from_file(struct shot *s, const char *name)
{
	const char *base = strrchr(name, '/') + 1;
	FILE *f = fopen(name, "rb");
	struct buf file = {0};
	struct picture p;
	size_t n;
	int rc;

	if (!f)
		return E_NOFILE;
	while ((n = fread(buf_reserve(&file, 1 << 16), 1, 1 << 16, f)))
		buf_commit(&file, n);
	fclose(f);
	rc = picture_read(&p, buf_slice(&file));
	buf_fini(&file);
	if (rc)
		return rc;
	shot_init(s, base, &p);
	s->name[strcspn(s->name, ".")] = 0;
	return 0;
}

int shot_get(struct shot *s, const char *folder, unsigned i)
{
	struct picture p = {W, H, false, NULL};
	struct rng rng = {i + 1};
	char pattern[4096];
	int rc = E_NOFILE;
	glob_t g;

	if (folder) {
		snprintf(pattern, sizeof(pattern), "%s/*.png", folder);
		if (glob(pattern, 0, NULL, &g) == 0) {
			if (i < g.gl_pathc)
				rc = from_file(s, g.gl_pathv[i]);
			globfree(&g);
		}
		return rc;
	}
	if (i >= ARRAY_SIZE(drawn))
		return rc;
	p.pixels = xcalloc((size_t)W * H, 4);
	drawn[i].draw((uint32_t *)(void *)p.pixels, &rng);
	for (size_t k = 0; k < (size_t)W * H; k++)
		p.pixels[4 * k + 3] = 255;
	shot_init(s, drawn[i].name, &p);
	return 0;
}
