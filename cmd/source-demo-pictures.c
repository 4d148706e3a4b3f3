/* The pictures of the demo scene, all of them computed: the same arguments, the same picture. */
#include "cmd/source-demo.h"

#include <math.h>

#include "draw/font.h"

static uint32_t *row_of(const struct pixmap *p, unsigned y)
{
	return (uint32_t *)(void *)(p->data + (size_t)y * (size_t)p->stride);
}

static uint32_t mix(uint32_t a, uint32_t b, unsigned t, unsigned of)
{
	uint32_t out = 0;

	for (unsigned shift = 0; shift < 24; shift += 8)
		out |= ((a >> shift & 255) * (of - t) + (b >> shift & 255) * t) / of << shift;
	return out;
}

/* Smoothed letters of the font at `scale` times its size: coverage 0..255 of a pixel, by a
 * distance-like blur. */
static unsigned big_letter(const uint8_t *rows, int x, int y, int scale)
{
	int sum = 0, n = 0;

	for (int dy = -scale / 2; dy <= scale / 2; dy++)
		for (int dx = -scale / 2; dx <= scale / 2; dx++, n++) {
			int fx = (x + dx + scale) / scale - 1, fy = (y + dy + scale) / scale - 1;

			if (fx >= 0 && fx < 8 && fy >= 0 && fy < FONT_HEIGHT)
				sum += rows[fy] >> (7 - fx) & 1;
		}
	sum = sum * 600 / n - 150;
	return sum < 0 ? 0 : sum > 255 ? 255 : (unsigned)sum;
}

static void big_text(struct pixmap *p, int x, int y, const char *s, int scale, uint32_t colour)
{
	for (; *s; s++, x += 8 * scale) {
		const uint8_t *rows = font_glyph((unsigned char)*s);

		for (int py = -scale; py < (FONT_HEIGHT + 1) * scale; py++)
			for (int px = -scale; px < 9 * scale; px++) {
				unsigned cover = big_letter(rows, px, py, scale);
				int ox = x + px, oy = y + py;

				if (cover && ox >= 0 && oy >= 0 && ox < (int)p->width &&
					oy < (int)p->height)
					row_of(p, (unsigned)oy)[ox] = mix(
						row_of(p, (unsigned)oy)[ox], colour, cover, 255);
			}
	}
}

/* Dusk over hills: a sky that fades down, a sun, three ridges of sines. */
struct pixmap *demo_backdrop(unsigned width, unsigned height)
{
	static const uint32_t ridges[] = {0x35558a, 0x223f70, 0x142a52};
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, width, height);
	double w = width, h = height, sun_x = 0.90 * w, sun_y = 0.52 * h;

	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			double dist = hypot((x - sun_x), (y - sun_y)) / h;
			unsigned t = (unsigned)(1000 * y / h);
			uint32_t c = t < 500 ? mix(0x1d2b5c, 0x7c5a9c, t, 500)
					     : mix(0x7c5a9c, 0xf6a96c, t - 500, 500);
			double glow = dist < 0.09 ? 1 : exp(-(dist - 0.09) * 6);

			c = mix(c, 0xffe3a8, (unsigned)(900 * glow * (dist < 0.09 ? 1 : 0.7)),
				1000);
			for (unsigned i = 0; i < ARRAY_SIZE(ridges); i++) {
				double line = 0.62 + 0.11 * i +
					0.05 * sin(x / w * (5 + 3 * i) + 2 * i) +
					0.02 * sin(x / w * (17 + 6 * i) + i);

				if (y / h > line)
					c = mix(ridges[i], 0x0b1630,
						(unsigned)(1000 * (y / h - line)), 500);
			}
			row_of(p, y)[x] = c;
		}
	big_text(p, (int)width / 24, (int)height / 20, "spiceutils", width >= 900 ? 4 : 2, 0xffffff);
	return p;
}

/* A title bar, lighter at its top. */
struct pixmap *demo_bar(unsigned w, uint32_t top, uint32_t bottom)
{
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, w, DEMO_TITLE);

	for (unsigned y = 0; y < DEMO_TITLE; y++)
		for (unsigned x = 0; x < w; x++)
			row_of(p, y)[x] = y == DEMO_TITLE - 1 ? bottom - 0x101010
							      : mix(top, bottom, y, DEMO_TITLE);
	return p;
}

/* What a window of this size throws on those below, premultiplied black. */
struct pixmap *demo_shadow(unsigned w, unsigned h)
{
	struct pixmap *p =
		pixmap_new(SURFACE_FMT_32_ARGB, w + 2 * DEMO_SHADOW, h + 2 * DEMO_SHADOW);

	for (unsigned y = 0; y < p->height; y++)
		for (unsigned x = 0; x < p->width; x++) {
			double dx = fmax(
				fmax(DEMO_SHADOW - (double)x, (double)x - (DEMO_SHADOW + w - 1)),
				0);
			double dy = fmax(fmax(DEMO_SHADOW + 4 - (double)y,
						 (double)y - (DEMO_SHADOW + h + 3)),
				0);
			double far = fmin(hypot(dx, dy) / DEMO_SHADOW, 1);

			row_of(p, y)[x] = (uint32_t)(110 * (1 - far) * (1 - far)) << 24;
		}
	return p;
}

/* A ball with a highlight and soft edge. */
struct pixmap *demo_ball(void)
{
	enum { SIZE = 72 };
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_ARGB, SIZE, SIZE);

	for (unsigned y = 0; y < SIZE; y++)
		for (unsigned x = 0; x < SIZE; x++) {
			double r = hypot(x - 35.5, y - 35.5),
			       light = exp(-hypot(x - 25.0, y - 22.0) / 22);
			double cover = r > 35 ? 0 : r > 34 ? 35 - r : 1;
			uint32_t c = mix(0x8a1030, 0xffd0b0, (unsigned)(1000 * light), 1000);

			c = mix(0, c, (unsigned)(1000 * cover), 1000);
			row_of(p, y)[x] = (uint32_t)(255 * cover) << 24 | c;
		}
	return p;
}

/* All hues, fading to white at the top and to black at the bottom. */
struct pixmap *demo_gradient(void)
{
	enum { W = 200, H = 72 };
	static const uint32_t hues[] = {
		0xff0000, 0xffff00, 0x00ff00, 0x00ffff, 0x0000ff, 0xff00ff, 0xff0000};
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, W, H);

	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++) {
			unsigned at = x * 6000 / W;
			uint32_t c = mix(hues[at / 1000], hues[at / 1000 + 1], at % 1000, 1000);

			row_of(p, y)[x] = y < H / 2 ? mix(0xffffff, c, y, H / 2)
						    : mix(c, 0, y - H / 2, H / 2);
		}
	return p;
}

/* Three waves of light: soft discs along sines. */
struct pixmap *demo_curves(void)
{
	enum { W = 312, H = 84, STEPS = 4 * W, REACH = 4 };
	static const uint32_t colours[] = {0x2a9d8f, 0xe76f51, 0x9b5de5};
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_ARGB, W, H);

	for (unsigned i = 0; i < STEPS * ARRAY_SIZE(colours); i++) {
		double t = (double)(i / ARRAY_SIZE(colours)) / STEPS,
		       phase = 2.1 * (i % ARRAY_SIZE(colours));
		double cx = 6 + t * (W - 12),
		       cy = H / 2 + (H / 2 - 8) * sin(2 * M_PI * t * 1.5 + phase) * sin(M_PI * t);

		for (int y = (int)cy - REACH; y <= (int)cy + REACH; y++)
			for (int x = (int)cx - REACH; x <= (int)cx + REACH; x++) {
				double cover = fmin(fmax(2.4 - hypot(x - cx, y - cy), 0), 1);
				uint32_t *at = x >= 0 && y >= 0 && x < W && y < H
					? row_of(p, (unsigned)y) + x
					: NULL;

				if (at && (uint32_t)(255 * cover) > *at >> 24)
					*at = (uint32_t)(255 * cover) << 24 |
						mix(0, colours[i % ARRAY_SIZE(colours)],
							(unsigned)(255 * cover), 255);
			}
	}
	return p;
}

/* A little weave to fill areas with. */
struct pixmap *demo_weave(void)
{
	enum { SIZE = 8 };
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, SIZE, SIZE);

	for (unsigned y = 0; y < SIZE; y++)
		for (unsigned x = 0; x < SIZE; x++)
			row_of(p, y)[x] = (x + y) % SIZE < 2 ? 0x264653
				: (x + SIZE - y) % SIZE < 2  ? 0x3d6b7d
							     : 0xe9c46a;
	return p;
}

/* Three waves that run through each other, in the colours of dusk. */
struct pixmap *demo_plasma(unsigned t)
{
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, PLASMA_WIDTH, PLASMA_HEIGHT);
	uint8_t sine[1024];

	for (unsigned i = 0; i < ARRAY_SIZE(sine); i++)
		sine[i] = (uint8_t)(127.5 + 127.4 * sin(i * M_PI / 512));
	for (unsigned y = 0; y < PLASMA_HEIGHT; y++)
		for (unsigned x = 0; x < PLASMA_WIDTH; x++) {
			unsigned v = sine[(7 * x + 7 * t) & 1023] + sine[(9 * y + 3 * t) & 1023] +
				sine[(5 * (x + y) - 5 * t) & 1023];

			row_of(p, y)[x] = (uint32_t)sine[(v + 2 * t) & 1023] << 16 |
				(uint32_t)sine[(2 * v + 300) & 1023] / 3 << 8 |
				(uint32_t)sine[(v + 600) & 1023];
		}
	return p;
}

/* The pointer: an arrow, # its edge, o its inside. */
void demo_arrow(uint8_t pixels[4 * DEMO_ARROW_WIDTH * DEMO_ARROW_HEIGHT])
{
	static const char *const shape[DEMO_ARROW_HEIGHT] = {
		"#           ",
		"##          ",
		"#o#         ",
		"#oo#        ",
		"#ooo#       ",
		"#oooo#      ",
		"#ooooo#     ",
		"#oooooo#    ",
		"#ooooooo#   ",
		"#oooooooo#  ",
		"#ooooooooo# ",
		"#oooooo#####",
		"#ooo#oo#    ",
		"#oo##oo#    ",
		"#o#  #oo#   ",
		"##   #oo#   ",
		"#     #oo#  ",
		"      #oo#  ",
		"       ##   ",
	};

	for (unsigned y = 0; y < DEMO_ARROW_HEIGHT; y++)
		for (unsigned x = 0; x < DEMO_ARROW_WIDTH; x++, pixels += 4)
			put_le32(pixels, shape[y][x] == '#' ? 0xff101010 : shape[y][x] == 'o' ? 0xffffffff : 0);
}
