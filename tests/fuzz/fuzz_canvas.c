/* F-6 and F-17: the drawing engine and the image decoder behind it. The input is a sequence of display messages (u16
 * number, u16 length, body) onto surfaces of every format, every bitmap and palette form included. What is refused is
 * refused; what is drawn stays inside its surface (sanitizers say), and says truly where it drew. */
#include <stdlib.h>

#include "base/err.h"
#include "client/image.h"
#include "codec/glz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SIDE = 48, SURFACES = 6 };

static void surfaces(struct canvas *c)
{
	static const uint32_t formats[SURFACES] = {SURFACE_FMT_32_xRGB, SURFACE_FMT_32_ARGB, SURFACE_FMT_16_555,
		SURFACE_FMT_16_565, SURFACE_FMT_8_A, SURFACE_FMT_1_A};

	for (uint32_t i = 0; i < SURFACES; i++)
		if (canvas_surface_create(c, &(struct surface_create){i, SIDE, SIDE + i, formats[i], 0}))
			abort();
}

static void check_damage(struct canvas *c, uint32_t surface, const struct rect *r)
{
	const struct pixmap *s = canvas_surface(c, surface);

	if (r->left == r->right && r->top == r->bottom)
		return;
	if (r->left < 0 || r->top < 0 || r->left >= r->right || r->top >= r->bottom || r->right > (int)s->width ||
		r->bottom > (int)s->height)
		abort();
}

static void one(struct canvas *c, struct image_decoder *d, unsigned number, struct slice body, struct arena *a)
{
	const struct wire_msg *m = wire_msg_find(WIRE_DISPLAY, WIRE_S, number);
	struct wire_in in = {.msg = body, .arena = a};
	struct rect damage, box;
	uint32_t surface;
	void *host;
	int rc;

	a->max = 0;
	host = m ? arena_alloc(a, m->size) : NULL;
	if (!m || wire_decode(m->desc(), &in, host) || !canvas_target(number, host, &surface, &box))
		return;
	rc = canvas_draw(c, number, host, &damage);
	image_decoder_done(d, false);
	if (!rc)
		check_damage(c, surface, &damage);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct image_decoder d = {.images = image_cache_new(), .glz = glz_window_new(LIM_GLZ_WINDOW / 4)};
	struct canvas *c = canvas_new(image_decode, &d);

	surfaces(c);
	while (n >= 4) {
		unsigned number = get_le16(p);
		size_t len = get_le16(p + 2);
		struct arena a = {0};
		uint8_t *body;

		p += 4;
		n -= 4;
		len = len < n ? len : n;
		body = malloc(len ? len : 1); /* at its exact size */
		memcpy(body, p, len);
		one(c, &d, number, slice_of(body, len), &a);
		free(body);
		arena_fini(&a);
		p += len;
		n -= len;
	}
	canvas_free(c);
	image_cache_free(d.images);
	glz_window_free(d.glz);
	image_decoder_fini(&d);
	return 0;
}
