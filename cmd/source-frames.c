/* Frames on the screen, of sources that have nothing but pixels: what the differ finds goes to the device as commands.
 * Rectangles that come again, as of two windows that alternate or of something that blinks, are drawn with the picture
 * of the device that was made for them before, which clients have kept as well. The memory of those is bounded. While
 * much moves, as in video, only what has come a second time is made a picture to keep. */
#include <stdlib.h>

#include "cmd/source.h"
#include "server/differ.h"

enum {
	KEPT_BYTES = 16 << 20,  /* of pictures, */
	KEPT_LEAST = 256,       /* and the pixels of one, at least, */
	KEPT_MOST = 1 << 20,    /* at most, */
	KEPT_FIRST = 256 << 10, /* and at most to be kept when it comes for the first time */
	CALM = 64 << 10,        /* pixels put in a frame, on the average */
	SEEN = 1024,
	WHOLE = 4,              /* a frame that is a picture is drawn as it is when more than 1 / WHOLE of it is put */
};

struct kept {
	struct list link;
	uint64_t hash, id;
	size_t bytes;
};

struct frames {
	struct device *device;
	struct differ *differ;
	unsigned width, height;
	uint8_t *old;
	bool lost; /* what is on the screen is not known */
	struct map kept; /* struct kept by hash */
	struct list used; /* the same, the least lately used first */
	size_t bytes;
	uint64_t seen[SEEN]; /* hashes of what was put lately, each in its place */
	uint64_t busy; /* pixels put in a frame, lately */
};

struct frames *frames_new(struct device *d, unsigned width, unsigned height)
{
	struct frames *f = new(struct frames);

	f->device = d;
	f->differ = differ_new(cpu_level());
	f->width = width;
	f->height = height;
	f->old = xcalloc((size_t)width * height, 4);
	f->lost = true;
	list_init(&f->used);
	return f;
}

static void forget(struct frames *f, struct kept *k)
{
	list_remove(&k->link);
	map_remove(&f->kept, k->hash);
	device_picture_forget(f->device, k->id);
	f->bytes -= k->bytes;
	free(k);
}

void frames_free(struct frames *f)
{
	struct kept *k;

	if (!f)
		return;
	list_each(k, &f->used, link)
		forget(f, k);
	map_clear(&f->kept, NULL);
	differ_free(f->differ);
	free(f->old);
	free(f);
}

void frames_lost(struct frames *f)
{
	if (f)
		f->lost = true;
}

/* ---- pictures that come again ---- */

static int draw_picture(struct frames *f, const struct rect *to, uint64_t id)
{
	struct image img = device_image(f->device, id);

	return device_draw(f->device, S_DISPLAY_DRAW_COPY,
		&(struct draw_copy){.base = {.box = *to},
			.src = &img,
			.src_area = {.right = to->right - to->left, .bottom = to->bottom - to->top},
			.rop = ROPD_OP_PUT,
			.scale_mode = SCALE_MODE_NEAREST});
}

static struct kept *keep(struct frames *f, uint64_t hash, const uint8_t *p, size_t stride, unsigned w, unsigned h)
{
	struct pixmap *pm = pixmap_new(SURFACE_FMT_32_xRGB, w, h);
	struct kept *k = new(struct kept);

	for (unsigned y = 0; y < h; y++)
		memcpy(pm->data + (size_t)y * (size_t)pm->stride, p + y * stride, 4 * (size_t)w);
	k->hash = hash;
	k->id = device_picture(f->device, pm);
	k->bytes = (size_t)pm->stride * h;
	pixmap_unref(pm);
	while (f->bytes + k->bytes > KEPT_BYTES)
		forget(f, list_first(&f->used, struct kept, link));
	map_put(&f->kept, hash, k);
	list_append(&f->used, &k->link);
	f->bytes += k->bytes;
	return k;
}

static bool is_it(struct frames *f, const struct kept *k, const uint8_t *p, size_t stride, unsigned w, unsigned h)
{
	struct pixmap *pm = device_picture_get(f->device, k->id);

	return pm->width == w && pm->height == h &&
	       differ_same(f->differ, pm->data, (size_t)pm->stride, p, stride, w, h);
}

static int put(struct frames *f, const struct rect *to, const uint8_t *frame, size_t stride)
{
	const uint8_t *p = frame + (size_t)to->top * stride + 4 * (size_t)to->left;
	unsigned w = (unsigned)(to->right - to->left), h = (unsigned)(to->bottom - to->top);
	uint64_t pixels = (uint64_t)w * h, hash, *seen;
	struct kept *k;

	if (pixels < KEPT_LEAST || pixels > KEPT_MOST)
		return device_put(f->device, 0, to->left, to->top, w, h, p, stride);
	hash = differ_hash(f->differ, p, stride, w, h);
	seen = &f->seen[hash % SEEN];
	k = map_get(&f->kept, hash);
	if (k && is_it(f, k, p, stride, w, h)) {
		list_remove(&k->link);
		list_append(&f->used, &k->link);
		return draw_picture(f, to, k->id);
	}
	if (!k && (*seen == hash || (pixels <= KEPT_FIRST && f->busy < CALM)))
		return draw_picture(f, to, keep(f, hash, p, stride, w, h)->id);
	*seen = hash;
	return device_put(f->device, 0, to->left, to->top, w, h, p, stride);
}

/* ---- frames ---- */

static int perform(struct frames *f, const struct differ_op *op, const uint8_t *frame, size_t stride)
{
	struct draw_base base = {.box = op->to};

	switch (op->kind) {
	case DIFFER_COPY:
		return device_draw(f->device, S_DISPLAY_COPY_BITS,
			&(struct copy_bits){.base = base, .src_pos = {.x = op->x, .y = op->y}});
	case DIFFER_FILL:
		return device_draw(f->device, S_DISPLAY_DRAW_FILL,
			&(struct draw_fill){.base = base,
				.brush = {.type = BRUSH_TYPE_SOLID, .color = op->colour},
				.rop = ROPD_OP_PUT});
	case DIFFER_PUT:
		break;
	}
	return put(f, &op->to, frame, stride);
}

static uint64_t pixels_put(const struct differ_op *ops, unsigned n)
{
	uint64_t sum = 0;

	for (const struct differ_op *o = ops; o < ops + n; o++)
		if (o->kind == DIFFER_PUT)
			sum += (uint64_t)(o->to.right - o->to.left) * (uint64_t)(o->to.bottom - o->to.top);
	return sum;
}

static int put_whole(struct frames *f, const uint8_t *frame, size_t stride, uint64_t id)
{
	const struct rect all = {.right = (int)f->width, .bottom = (int)f->height};

	return id ? draw_picture(f, &all, id)
		  : device_put(f->device, 0, 0, 0, f->width, f->height, frame, stride);
}

int frames_put(struct frames *f, const uint8_t *frame, size_t stride, uint64_t id)
{
	uint64_t all = (uint64_t)f->width * f->height, n_put = all;
	size_t row = 4 * (size_t)f->width;
	const struct differ_op *ops;
	unsigned n = 0;
	int rc = 0;

	if (f->lost) {
		for (unsigned y = 0; y < f->height; y++)
			memcpy(f->old + y * row, frame + y * stride, row);
	} else {
		n = differ_run(f->differ, f->old, row, frame, stride, f->width, f->height, NULL, &ops);
		n_put = pixels_put(ops, n);
	}
	if (f->lost || (id && n_put > all / WHOLE))
		rc = put_whole(f, frame, stride, id);
	else
		for (unsigned i = 0; i < n && !rc; i++)
			rc = perform(f, &ops[i], frame, stride);
	f->lost = rc != 0;
	f->busy = (3 * f->busy + n_put) / 4;
	return rc;
}
