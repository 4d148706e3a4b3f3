/* Frames of video for many clients. One is shared from the moment when its pixels are read until something is drawn on
 * them, or newer ones need its place. */
#include "server/frame.h"

#include <stdlib.h>

#include "codec/jpeg.h"
#include "codec/vp8.h"

enum { KEPT = 16 };

struct framer {
	uv_loop_t *loop;
	struct device *device;
	struct device_listener listener;
	struct list shared;
	unsigned n_shared;
	uint64_t coded;
};

static void unref(struct frame *f)
{
	if (--f->refs)
		return;
	pixmap_unref(f->pixels);
	vp8_encoder_free(f->vp8);
	buf_fini(&f->out);
	free(f);
}

static void forget(struct framer *fs, struct frame *f)
{
	list_remove(&f->link);
	fs->n_shared--;
	unref(f);
}

static void forget_all(struct framer *fs)
{
	struct frame *f;

	list_each(f, &fs->shared, link)
		forget(fs, f);
}

/* ---- in the pool ---- */

static void work(uv_work_t *w)
{
	struct frame *f = w->data;
	const struct pixmap *p = f->pixels;

	f->rc = f->vp8 ? vp8_encode(f->vp8, p->data, (size_t)p->stride, f->kbps, f->time, &f->out)
		: jpeg_encode(p->data, p->width, p->height, (size_t)p->stride, (int)f->quality, &f->out);
}

static void work_done(uv_work_t *w, int status)
{
	struct frame *f = w->data;
	struct frame_user *u;

	(void)status; /* nothing is ever cancelled */
	pixmap_unref(f->pixels);
	f->pixels = NULL;
	f->coded = true;
	list_each(u, &f->users, link) {
		list_remove(&u->link);
		u->coded(u->owner);
	}
	unref(f);
}

/* With two references: the user's and the pool's. */
static struct frame *begin(struct framer *fs, const struct rect *r)
{
	struct frame *f = new(struct frame);

	f->refs = 2;
	f->rect = *r;
	list_init(&f->link);
	list_init(&f->users);
	f->pixels = pixmap_part(device_surface(fs->device, 0), r);
	f->work.data = f;
	fs->coded++;
	return f;
}

/* ---- asked for ---- */

static struct frame *same(struct framer *fs, const struct rect *r, unsigned quality)
{
	struct frame *f;

	list_each(f, &fs->shared, link)
		if (f->quality == quality && memcmp(&f->rect, r, sizeof(*r)) == 0)
			return f;
	return NULL;
}

static struct frame *begin_jpeg(struct framer *fs, const struct rect *r, unsigned quality)
{
	struct frame *f = begin(fs, r);

	f->quality = quality;
	f->refs++;
	list_append(&fs->shared, &f->link);
	if (++fs->n_shared > KEPT)
		forget(fs, list_first(&fs->shared, struct frame, link));
	uv_queue_work(fs->loop, &f->work, work, work_done);
	return f;
}

struct frame *frame_jpeg(struct framer *fs, const struct rect *r, unsigned quality, struct frame_user *u)
{
	struct frame *f = same(fs, r, quality);

	if (f)
		f->refs++;
	else
		f = begin_jpeg(fs, r, quality);
	list_init(&u->link);
	if (!f->coded)
		list_append(&f->users, &u->link);
	return f;
}

struct frame *frame_vp8(struct framer *fs, const struct rect *r, struct vp8_encoder *e, unsigned kbps, uint32_t time,
	struct frame_user *u)
{
	struct frame *f = begin(fs, r);

	f->vp8 = e;
	f->kbps = kbps;
	f->time = time;
	list_init(&u->link);
	list_append(&f->users, &u->link);
	uv_queue_work(fs->loop, &f->work, work, work_done);
	return f;
}

void frame_leave(struct frame *f, struct frame_user *u)
{
	if (!f)
		return;
	list_remove(&u->link);
	unref(f);
}

/* ---- life ---- */

static void drawn(void *owner, struct draw_item *item)
{
	struct framer *fs = owner;
	struct frame *f;

	if (item->surface == 0)
		list_each(f, &fs->shared, link)
			if (rect_overlap(&f->rect, &item->damage))
				forget(fs, f);
}

static void screen_went(void *owner, uint32_t id)
{
	if (id == 0)
		forget_all(owner);
}

struct framer *framer_new(uv_loop_t *loop, struct device *d)
{
	static const struct device_ops ops = {.drawn = drawn, .surface_destroyed = screen_went};
	struct framer *fs = new(struct framer);

	fs->loop = loop;
	fs->device = d;
	list_init(&fs->shared);
	fs->listener = (struct device_listener){.ops = &ops, .owner = fs};
	device_listen(d, &fs->listener);
	return fs;
}

void framer_free(struct framer *fs)
{
	if (!fs)
		return;
	forget_all(fs);
	device_unlisten(&fs->listener);
	free(fs);
}

uint64_t framer_coded(const struct framer *fs)
{
	return fs->coded;
}
