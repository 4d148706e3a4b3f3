/* What the differ costs a frame of 1920x1080: unchanged, typed, scrolled, with a window moved, with a film in a part of
 * it and of noise all over, in ms of CPU and as times a memcmp of the two frames in the same run; and what it says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "server/differ.h"

enum { W = 1920, H = 1080, ROUNDS = 15, BYTES = 4 * W * H };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static struct rng rng = {1};

static void noise(uint32_t *p, int x, int y, int w, int h)
{
	for (int v = y; v < y + h; v++)
		for (int u = x; u < x + w; u++)
			p[v * W + u] = (uint32_t)rng_next(&rng) & 0xffffff;
}

static void fill(uint32_t *p, int x, int y, int w, int h, uint32_t colour)
{
	for (int v = y; v < y + h; v++)
		for (int u = x; u < x + w; u++)
			p[v * W + u] = colour;
}

/* Lines of letters of 40 shapes. */
static void text(uint32_t *p, int x, int y, int w, int h)
{
	fill(p, x, y, w, h, 0xffffff);
	for (int line = y; line + 12 <= y + h; line += 18)
		for (int at = x, n = 20 + (int)rng_below(&rng, 200); at + 8 <= x + w && n; at += 8, n--) {
			unsigned shape = rng_below(&rng, 40);

			for (int i = 0; shape && i < 63; i++)
				if ((shape * 2654435761u) >> (i % 7 + i / 7 * 5) % 29 & 1)
					p[(line + i / 7) * W + at + i % 7] = 0x101010;
		}
}

static void copy(uint32_t *to, int x, int y, const uint32_t *from, int sx, int sy, int w, int h)
{
	for (int v = 0; v < h; v++)
		memcpy(to + (y + v) * W + x, from + (sy + v) * W + sx, 4 * (size_t)w);
}

/* ---- what a frame may be, made of the frame before ---- */

static void unchanged(uint32_t *p, const uint32_t *before)
{
	(void)p;
	(void)before;
}

static void typed(uint32_t *p, const uint32_t *before)
{
	(void)before;
	text(p, 400, 504, 8, 18);
	fill(p, 409, 504, 1, 14, 0);
}

static void scroll(uint32_t *p, const uint32_t *before)
{
	copy(p, 0, 0, before, 0, 54, W, H - 54);
	text(p, 0, H - 54, W, 54);
}

static void scroll_part(uint32_t *p, const uint32_t *before)
{
	copy(p, 211, 93, before, 211, 93 + 36, 1201, 800 - 36);
	text(p, 211, 93 + 800 - 36, 1201, 36);
}

static void window(uint32_t *p, const uint32_t *before)
{
	text(p, 300, 200, 640, 480);
	copy(p, 317, 223, before, 300, 200, 640, 480);
}

static void film(uint32_t *p, const uint32_t *before)
{
	(void)before;
	noise(p, 320, 180, 1280, 720);
}

static void noisy(uint32_t *p, const uint32_t *before)
{
	(void)before;
	noise(p, 0, 0, W, H);
}

static void specks(uint32_t *p, const uint32_t *before)
{
	(void)before;
	for (int i = 0; i < 20000; i++)
		p[rng_below(&rng, W * H)] ^= 1;
}

static const struct {
	const char *name;
	void (*make)(uint32_t *p, const uint32_t *before);
} kinds[] = {
	{"unchanged", unchanged},
	{"typing", typed},
	{"scroll", scroll},
	{"scroll of a part", scroll_part},
	{"window moved", window},
	{"film 1280x720", film},
	{"noise", noisy},
	{"20000 specks", specks},
};

static void look(struct differ *d, unsigned kind, const uint32_t *before, uint32_t *after, uint32_t *old)
{
	const struct differ_op *ops = NULL;
	double best = 1e9, equal = 1e9;
	unsigned n = 0, count[3] = {0};
	uint64_t put = 0;
	struct differ_task t = {(uint8_t *)old, 4 * W, W, H, {.right = W, .bottom = H}, (const uint8_t *)after, 4 * W,
		false};

	memcpy(after, before, BYTES);
	kinds[kind].make(after, before);
	for (int i = 0; i < ROUNDS; i++) {
		double start;
		volatile int same;

		memcpy(old, after, BYTES);
		start = now();
		same = memcmp(old, after, BYTES);
		equal = now() - start < equal ? now() - start : equal;
		(void)same;
		memcpy(old, before, BYTES);
		start = now();
		n = differ_run(d, &t, &ops);
		best = now() - start < best ? now() - start : best;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct rect *r = &ops[i].to;

		count[ops[i].kind]++;
		if (ops[i].kind == DIFFER_PUT)
			put += (uint64_t)(r->right - r->left) * (uint64_t)(r->bottom - r->top);
	}
	printf("differ %s %.2f ms %.2f times memcmp; %u copies, %u fills, %u pictures of %.2f %% of the frame\n",
		kinds[kind].name, best, best / equal, count[DIFFER_COPY], count[DIFFER_FILL], count[DIFFER_PUT],
		100.0 * (double)put / (W * H));
}

int main(void)
{
	uint32_t *before = xmalloc(BYTES), *after = xmalloc(BYTES), *old = xmalloc(BYTES);
	struct differ *d = differ_new(cpu_level());

	text(before, 0, 0, W, H);
	noise(before, 1500, 100, 300, 300);
	for (unsigned kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		look(d, kind, before, after, old);
	differ_free(d);
	free(before);
	free(after);
	free(old);
	return 0;
}
