/* The model of a client's image cache. */
#include "server/imagecache.h"

#include <stdlib.h>

struct held {
	struct list link;
	uint64_t id, pixels, message;
	bool lossy;
};

void imagecache_init(struct imagecache *c, uint64_t cap)
{
	*c = (struct imagecache){.cap = cap};
	list_init(&c->used);
}

void imagecache_fini(struct imagecache *c)
{
	map_clear(&c->by_id, free);
}

void imagecache_begin(struct imagecache *c)
{
	c->message++;
}

enum imagecache_hit imagecache_use(struct imagecache *c, uint64_t id)
{
	struct held *h = map_get(&c->by_id, id);

	if (!h)
		return IMAGE_ABSENT;
	list_remove(&h->link);
	list_append(&c->used, &h->link);
	h->message = c->message;
	return h->lossy ? IMAGE_LOSSY : IMAGE_HELD;
}

static void drop(struct imagecache *c, struct held *h)
{
	map_remove(&c->by_id, h->id);
	list_remove(&h->link);
	c->pixels -= h->pixels;
	free(h);
}

/* Would enough go, and few enough images, without touching those of this message? */
static bool room(const struct imagecache *c, uint64_t pixels, unsigned max)
{
	uint64_t left = c->pixels;
	struct held *h;

	list_each(h, &c->used, link) {
		if (left + pixels <= c->cap)
			break;
		if (h->message == c->message || max-- == 0)
			return false;
		left -= h->pixels;
	}
	return left + pixels <= c->cap;
}

bool imagecache_add(struct imagecache *c, uint64_t id, uint64_t pixels, bool lossy, uint64_t *gone, unsigned *n,
	unsigned max)
{
	struct held *h;

	if (pixels > c->cap || !room(c, pixels, max - *n))
		return false;
	while (c->pixels + pixels > c->cap) {
		h = list_first(&c->used, struct held, link);
		gone[(*n)++] = h->id;
		drop(c, h);
	}
	h = new(struct held);
	h->id = id;
	h->pixels = pixels;
	h->lossy = lossy;
	h->message = c->message;
	list_append(&c->used, &h->link);
	map_put(&c->by_id, id, h);
	c->pixels += pixels;
	return true;
}

void imagecache_mended(struct imagecache *c, uint64_t id)
{
	struct held *h = map_get(&c->by_id, id);

	if (h)
		h->lossy = false;
}
