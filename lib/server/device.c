/* The virtual QXL device: what commands were goes to the listeners at once, as one shared item; the plain ones among
 * them are executed on the canvas when somebody looks at it. A client that lags re-reads the canvas; the canvas never
 * waits for a client. */
#include "server/device.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "draw/rect.h"
#include "server/due.h"
#include "server/encode.h"

enum {
	DUE_BYTES = 24 << 20, /* of what waits to be drawn, */
	DUE_COMMANDS = 1024,
	SMALL = 4 << 10,     /* pixels; */
	LITTLE = 4 << 20,
};

uint64_t device_picture(struct device *d, struct pixmap *p)
{
	uint64_t id = d->next_id++;

	map_put(&d->pictures, id, pixmap_ref(p));
	return id;
}

uint64_t device_picture_once(struct device *d, struct pixmap *p)
{
	uint64_t id = d->next_id++ | DEVICE_ONCE;

	map_put(&d->pictures, id, pixmap_ref(p));
	return id;
}

void device_picture_forget(struct device *d, uint64_t id)
{
	pixmap_unref(map_remove(&d->pictures, id));
}

struct pixmap *device_picture_get(struct device *d, uint64_t id)
{
	return map_get(&d->pictures, id);
}

struct image device_image(struct device *d, uint64_t id)
{
	struct pixmap *p = device_picture_get(d, id);

	return (struct image){.d = {.id = id, .type = IMAGE_TYPE_FROM_CACHE, .width = p ? p->width : 0,
				      .height = p ? p->height : 0}};
}

struct image device_surface_image(struct device *d, uint32_t surface)
{
	struct pixmap *p = canvas_surface(d->canvas, surface);

	return (struct image){.d = {.type = IMAGE_TYPE_SURFACE, .width = p ? p->width : 0,
				      .height = p ? p->height : 0}, .surface_id = surface};
}

/* ---- items ---- */

struct collecting {
	struct device *d;
	struct draw_item *item;
	int rc;
};

/* Every image that is no surface gets its place among the item's pictures: encoders count on that. */
static void collect(void *user, void **target)
{
	struct collecting *c = user;
	const struct image *img = *target;
	struct pixmap *p;

	c->item->images = true;
	if (img->d.type == IMAGE_TYPE_SURFACE)
		return;
	p = device_picture_get(c->d, img->d.id);
	if (!p || c->item->n_pictures == ARRAY_SIZE(c->item->pictures)) {
		c->rc = E_INVAL;
		return;
	}
	c->item->kept[c->item->n_pictures] = !(img->d.id & DEVICE_ONCE);
	c->item->pictures[c->item->n_pictures++] = pixmap_ref(p);
}

static int canvas_picture(void *owner, const struct image *img, bool mask, uint32_t target, struct pixmap **out)
{
	struct device *d = owner;
	struct pixmap *p = d->doing ? d->doing->pictures[0] : device_picture_get(d, img->d.id);

	(void)target;
	if (!p || mask != (p->format == SURFACE_FMT_1_A))
		return E_INVAL;
	*out = pixmap_ref(p);
	return 0;
}

/* The command as an item; NULL for what the protocol forbids. */
static struct draw_item *item_of(struct device *d, unsigned number, const void *body)
{
	const struct wire_msg *m = wire_msg_find(WIRE_DISPLAY, WIRE_S, number);
	struct collecting c = {.d = d};
	struct draw_item *item;
	uint32_t surface;
	struct rect box;

	if (!m || !canvas_target(number, body, &surface, &box))
		return NULL;
	c.item = item = new(struct draw_item);
	item->refs = 1;
	list_init(&item->codings);
	item->number = number;
	item->surface = surface;
	item->body = wire_copy(m->desc(), body, 0, &item->arena);
	wire_visit(m->desc(), item->body, wire_desc_image(), collect, &c);
	if (!c.rc)
		return item;
	draw_item_unref(item);
	return NULL;
}

static void finish(struct draw_item *item, const struct rect *damage)
{
	item->damage = *damage;
	item->bytes += sizeof(*item) + item->arena.used;
}

/* Takes the reference. */
static void tell(struct device *d, struct draw_item *item)
{
	struct device_listener *l;

	list_each(l, &d->listeners, link)
		if (l->ops->drawn)
			l->ops->drawn(l->owner, item);
	draw_item_unref(item);
}

/* Little is drawn as it came. */
static void do_all(struct device *d)
{
	struct waiting *w;

	list_each(w, &d->due.all, link) {
		d->doing = w->item;
		canvas_draw(d->canvas, w->item->number, w->item->body, NULL);
	}
	d->doing = NULL;
	backlog_clear(&d->due);
}

void device_settle(struct device *d)
{
	if (d->due.pixels > LITTLE)
		due_settle(&d->due, d->canvas);
	else if (d->due.n)
		do_all(d);
}

bool device_is_settled(const struct device *d)
{
	return !backlog_first(&d->due);
}

struct pixmap *device_surface(struct device *d, uint32_t id)
{
	device_settle(d);
	return canvas_surface(d->canvas, id);
}

/* A small one is drawn in no time, and hardly hides anything. */
static void put_off(struct device *d, struct draw_item *item)
{
	bool small = rect_pixels(&item->damage) <= SMALL;

	backlog_append(&d->due, new(struct waiting), item, !small);
	if (d->due.bytes > DUE_BYTES || d->due.n > DUE_COMMANDS)
		device_settle(d);
}

int device_draw(struct device *d, unsigned number, const void *body)
{
	struct draw_item *item = item_of(d, number, body);
	struct rect damage = {0};
	bool later;
	int rc = 0;

	if (!item)
		return E_INVAL;
	later = draw_item_can_wait(item, d->canvas, &damage);
	if (!later) {
		device_settle(d);
		rc = canvas_draw(d->canvas, number, body, &damage);
	}
	if (rc || rect_is_empty(&damage)) {
		draw_item_unref(item);
		return rc;
	}
	finish(item, &damage);
	if (later)
		put_off(d, item);
	tell(d, item);
	return 0;
}

int device_drawn(struct device *d, unsigned number, const void *body)
{
	struct draw_item *item = item_of(d, number, body);

	if (!item)
		return E_INVAL;
	finish(item, &((const struct draw_base *)item->body)->box);
	tell(d, item);
	return 0;
}

/* ---- surfaces, pointer, monitors ---- */

#define TELL(d, what, ...)                                                                         \
	do {                                                                                       \
		struct device_listener *told;                                                      \
		list_each(told, &(d)->listeners, link)                                             \
			if (told->ops->what)                                                       \
				told->ops->what(told->owner, ##__VA_ARGS__);                       \
	} while (0)

int device_surface_create(struct device *d, uint32_t id, unsigned width, unsigned height, uint32_t format)
{
	struct surface_create m = {.surface_id = id, .width = width, .height = height, .format = format,
		.flags = id == 0 ? SURFACE_FLAGS_PRIMARY : 0};
	int rc = canvas_surface_create(d->canvas, &m);

	if (rc)
		return rc;
	d->surface_serial[id]++;
	TELL(d, surface_created, id);
	return 0;
}

int device_surface_destroy(struct device *d, uint32_t id)
{
	static const struct rect all = {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX};
	int rc;

	if (id < LIM_SURFACES) {
		if (backlog_reads(&d->due, id, &all))
			device_settle(d);
		backlog_surface_gone(&d->due, id);
	}
	if ((rc = canvas_surface_destroy(d->canvas, id)))
		return rc;
	d->surface_serial[id]++;
	TELL(d, surface_destroyed, id);
	return 0;
}

int device_resize(struct device *d, unsigned width, unsigned height)
{
	struct head head = {.width = width, .height = height};
	int rc;

	if (canvas_surface(d->canvas, 0))
		device_surface_destroy(d, 0);
	d->heads[0] = head;
	d->n_heads = 1;
	if ((rc = device_surface_create(d, 0, width, height, SURFACE_FMT_32_xRGB)))
		return rc;
	TELL(d, monitors);
	return 0;
}

int device_monitors(struct device *d, const struct head *heads, unsigned n)
{
	if (n > LIM_HEADS || n == 0)
		return E_LIMIT;
	memcpy(d->heads, heads, n * sizeof(*heads));
	d->n_heads = n;
	TELL(d, monitors);
	return 0;
}

size_t device_pointer_bytes(enum wire_cursor_type type, size_t w, size_t h)
{
	size_t mask = (w + 7) / 8 * h;

	switch (type) {
	case CURSOR_TYPE_ALPHA:
		return 4 * w * h;
	case CURSOR_TYPE_MONO:
		return 2 * mask;
	case CURSOR_TYPE_COLOR4:
		return (w + 1) / 2 * h + 64 + mask;
	case CURSOR_TYPE_COLOR8:
		return w * h + 1024 + mask;
	case CURSOR_TYPE_COLOR16:
		return 2 * w * h + mask;
	case CURSOR_TYPE_COLOR24:
		return 3 * w * h + mask;
	case CURSOR_TYPE_COLOR32:
		return 4 * w * h + mask;
	}
	return 0;
}

int device_pointer_set(struct device *d, enum wire_cursor_type type, unsigned width, unsigned height,
	unsigned hot_x, unsigned hot_y, struct slice data)
{
	if (width == 0 || height == 0 || width > LIM_CURSOR_SIDE || height > LIM_CURSOR_SIDE)
		return E_LIMIT;
	if (data.n == 0 || data.n != device_pointer_bytes(type, width, height))
		return E_INVAL;
	blob_unref(d->pointer.data);
	d->pointer = (struct pointer){.type = type, .unique = d->next_id++, .width = width, .height = height,
		.hot_x = hot_x < width ? hot_x : width - 1, .hot_y = hot_y < height ? hot_y : height - 1,
		.data = blob_new(data.p, data.n)};
	d->pointer_visible = true;
	TELL(d, pointer_shape);
	return 0;
}

void device_pointer_move(struct device *d, int x, int y)
{
	d->pointer_x = x;
	d->pointer_y = y;
	d->pointer_visible = true;
	TELL(d, pointer_moved);
}

void device_pointer_hide(struct device *d)
{
	d->pointer_visible = false;
	TELL(d, pointer_moved);
}

/* ---- life ---- */

struct device *device_new(void)
{
	struct device *d = new(struct device);

	d->canvas = canvas_new(canvas_picture, d);
	d->next_id = 1;
	list_init(&d->listeners);
	backlog_init(&d->due);
	return d;
}

static void drop_picture(void *picture)
{
	pixmap_unref(picture);
}

void device_free(struct device *d)
{
	if (!d)
		return;
	backlog_clear(&d->due);
	canvas_free(d->canvas);
	map_clear(&d->pictures, drop_picture);
	blob_unref(d->pointer.data);
	free(d);
}

void device_listen(struct device *d, struct device_listener *l)
{
	list_append(&d->listeners, &l->link);
}

void device_unlisten(struct device_listener *l)
{
	list_remove(&l->link);
}
