/* The outbox. A message is a parcel; each picture in it is a coding, and a job of the pool unless it is so small that
 * the way there would cost more than the work. Jobs of one GLZ dictionary run one by one, in the order of their
 * parcels: the dictionary gives ids in that order, and pictures are sent in it. */
#include "server/outbox.h"

#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "draw/rect.h"
#include "server/band.h"
#include "server/imagecache.h"
#include "server/join.h"

enum {
	AHEAD = 4,                /* parcels with pictures at a time, */
	AHEAD_ALL = 16,           /* and parcels of any kind */
	AT_ONCE = 4 << 10,        /* pixels that are encoded on the spot */
	CACHE_PIXELS = 512 << 10, /* one that can't be cut is kept by clients when it comes a second time, if larger */
	DEBTS = 256,
	BAND_SHIFT = 48,          /* of the number of a band in its image's id; ids are counted, and much less */
	LOOK_BACK = 8,            /* messages, for one that another can join */
	GONE_MAX = 64,            /* images that make room for one */
	IMAGES = 4,
};

struct parcel {
	struct list link;
	struct outbox *box;
	struct arena arena;
	unsigned number;
	struct draw_item *item; /* a reference, where the body is its */
	void *body;
	void (*sent)(void *owner);
	unsigned n_parts, pending; /* of them, those that are not done */
	struct part {
		struct list link; /* among those that wait for the coding */
		struct parcel *parcel;
		struct coding *coding; /* a reference */
		struct image *image;   /* in the body */
		bool fresh;            /* the coding has yet to be begun, by us */
	} parts[IMAGES];
	uint64_t *gone; /* goes before it, GONE_MAX at most: INVAL_LIST */
	unsigned n_gone;
};

/* A coding on its way through the pool. */
struct job {
	uv_work_t work;
	struct list link; /* of those that wait for the dictionary */
	struct outbox *box;
	struct coding *coding; /* a reference */
	uint64_t took;         /* nanoseconds of the processor */
};

struct outbox {
	uv_loop_t *loop;
	struct encode_rules rules;
	void (*kick)(void *owner);
	void *owner;
	struct list parcels;
	unsigned n_parcels, n_heavy; /* heavy: with pictures */
	struct list glz_waiting; /* struct job */
	bool glz_busy;
	unsigned jobs; /* in the pool */
	bool closing;
	struct imagecache cache;
	struct debt {
		uint64_t id, pixels; /* of an image, sent without having it kept */
	} debts[DEBTS];
	bool lossy; /* something of what is put in now is so, or was when the client kept it */
	uint64_t images[UINT8_MAX + 1]; /* sent, by type */
	uint64_t encoding;      /* nanoseconds of processors */
};

/* ---- life ---- */

struct outbox *outbox_new(uv_loop_t *loop, const struct outbox_options *op)
{
	enum { WINDOW_MAX = 4 << 20 }; /* L-22 */
	struct outbox *o = new(struct outbox);
	uint64_t window = op->glz_pixels < WINDOW_MAX ? op->glz_pixels : WINDOW_MAX;

	o->loop = loop;
	o->kick = op->kick;
	o->owner = op->owner;
	list_init(&o->parcels);
	list_init(&o->glz_waiting);
	imagecache_init(&o->cache, op->cache_pixels);
	o->rules.glz = window ? glz_dict_new(window) : NULL;
	o->rules.glz_pixels = window;
	outbox_rules(o, &op->rules);
	return o;
}

void outbox_rules(struct outbox *o, const struct encode_rules *r)
{
	struct glz_dict *glz = o->rules.glz;
	uint64_t pixels = o->rules.glz_pixels;

	o->rules = *r;
	o->rules.glz = glz;
	o->rules.glz_pixels = pixels;
}

/* One that was not posted. */
static void parcel_drop(struct parcel *p)
{
	for (unsigned i = 0; i < p->n_parts; i++) {
		list_remove(&p->parts[i].link);
		encode_unref(p->parts[i].coding);
	}
	arena_fini(&p->arena);
	draw_item_unref(p->item);
	free(p);
}

static void parcel_free(struct parcel *p)
{
	list_remove(&p->link);
	p->box->n_parcels--;
	if (p->n_parts)
		p->box->n_heavy--;
	parcel_drop(p);
}

static void dispose(struct outbox *o)
{
	imagecache_fini(&o->cache);
	glz_dict_free(o->rules.glz);
	free(o);
}

static void job_free(struct job *j)
{
	encode_unref(j->coding);
	free(j);
}

void outbox_free(struct outbox *o)
{
	struct parcel *p;
	struct job *j;

	if (!o)
		return;
	o->closing = true;
	list_each(p, &o->parcels, link)
		parcel_free(p);
	list_each(j, &o->glz_waiting, link) {
		list_remove(&j->link);
		job_free(j);
	}
	if (!o->jobs)
		dispose(o);
}

/* ---- jobs ---- */

/* Nanoseconds of this thread's processor. */
static uint64_t spent(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void work(uv_work_t *w)
{
	struct job *j = w->data;
	uint64_t before = spent();

	encode_run(j->coding);
	j->took = spent() - before;
}

static void work_done(uv_work_t *w, int status);

static void to_pool(struct job *j)
{
	if (j->coding->glz)
		j->box->glz_busy = true;
	j->box->jobs++;
	j->work.data = j;
	uv_queue_work(j->box->loop, &j->work, work, work_done);
}

/* Everybody who waits for the coding hears of it, also those of other outboxes. */
static void tell(struct coding *c)
{
	struct part *part;

	c->done = true;
	list_each(part, &c->waiting, link) {
		struct parcel *p = part->parcel;

		list_remove(&part->link);
		if (--p->pending == 0 && list_first(&p->box->parcels, struct parcel, link) == p)
			p->box->kick(p->box->owner);
	}
}

static void next_glz(struct outbox *o)
{
	struct job *next = list_first(&o->glz_waiting, struct job, link);

	o->glz_busy = false;
	if (!next)
		return;
	list_remove(&next->link);
	to_pool(next);
}

static void work_done(uv_work_t *w, int status)
{
	struct job *j = w->data;
	struct outbox *o = j->box;

	(void)status; /* nothing is ever cancelled */
	o->jobs--;
	o->encoding += j->took;
	if (j->coding->glz)
		next_glz(o);
	tell(j->coding);
	job_free(j);
	if (o->closing && !o->jobs)
		dispose(o);
}

/* A coding that nobody has begun. */
static void start(struct outbox *o, struct coding *c)
{
	uint64_t before;
	struct job *j;

	if (c->wish == IMAGE_TYPE_BITMAP || (c->w * c->h <= AT_ONCE && !(c->glz && o->glz_busy))) {
		before = uv_hrtime(); /* the clock of the processor costs a call */
		encode_run(c);
		o->encoding += uv_hrtime() - before;
		tell(c);
		return;
	}
	j = new(struct job);
	j->box = o;
	j->coding = c;
	encode_ref(c);
	if (c->glz && o->glz_busy)
		list_append(&o->glz_waiting, &j->link);
	else
		to_pool(j);
}

/* ---- parcels ---- */

static struct parcel *parcel_new(struct outbox *o, unsigned number)
{
	struct parcel *p = new(struct parcel);

	p->box = o;
	p->number = number;
	return p;
}

/* Into the queue; its codings begin. */
static void post(struct parcel *p)
{
	struct outbox *o = p->box;

	list_append(&o->parcels, &p->link);
	o->n_parcels++;
	if (p->n_parts)
		o->n_heavy++;
	for (unsigned i = 0; i < p->n_parts; i++)
		if (!p->parts[i].coding->done)
			p->pending++;
	for (unsigned i = 0; i < p->n_parts; i++)
		if (p->parts[i].fresh)
			start(o, p->parts[i].coding);
}

/* A copy that one which has not gone yet can do as well, if nothing behind that one minds. */
static bool joined(struct outbox *o, const struct draw_copy *copy)
{
	struct list *at = o->parcels.prev;

	for (unsigned n = 0; n < LOOK_BACK && at != &o->parcels; n++, at = at->prev) {
		struct parcel *p = list_item(at, struct parcel, link);
		struct draw_copy *before = p->body;
		uint32_t target = copy->base.surface_id;

		if (p->number != S_DISPLAY_DRAW_COPY)
			return false;
		if (join_copies(before, copy, &p->arena))
			return true;
		if (before->base.surface_id != target || rect_overlap(&before->base.box, &copy->base.box) ||
			(before->src->d.type == IMAGE_TYPE_SURFACE && before->src->surface_id == target))
			return false;
	}
	return false;
}

/* The same, of a copy that may be done by another. */
static void post_copy(struct parcel *p)
{
	if (joined(p->box, p->body))
		parcel_drop(p);
	else
		post(p);
}

bool outbox_full(const struct outbox *o)
{
	return o->n_heavy >= AHEAD || o->n_parcels >= AHEAD_ALL;
}

bool outbox_empty(const struct outbox *o)
{
	return o->n_parcels == 0;
}

uint64_t outbox_images(const struct outbox *o, uint8_t type)
{
	return o->images[type];
}

uint64_t outbox_encode_ms(const struct outbox *o)
{
	return o->encoding / 1000000;
}

void outbox_last(struct outbox *o, unsigned number, const void *body, void (*sent)(void *owner))
{
	struct parcel *p = parcel_new(o, number);

	p->sent = sent;
	if (body)
		p->body = wire_copy(wire_msg_find(WIRE_DISPLAY, WIRE_S, number)->desc(), body, 0, &p->arena);
	post(p);
}

void outbox_message(struct outbox *o, unsigned number, const void *body)
{
	outbox_last(o, number, body, NULL);
}

/* An image of the parcel is to be coded; `shared` as encode_choose. */
static struct coding *add_part(struct parcel *p, struct image *img, struct pixmap *pm, const struct rect *r, bool lossy,
	struct list *shared)
{
	struct part *part = &p->parts[p->n_parts++];

	part->parcel = p;
	part->image = img;
	part->coding = encode_choose(&p->box->rules, pm, (unsigned)r->left, (unsigned)r->top,
		(unsigned)(r->right - r->left), (unsigned)(r->bottom - r->top), lossy, shared, &part->fresh);
	p->box->lossy |= encode_is_lossy(part->coding);
	if (part->coding->done)
		list_init(&part->link);
	else
		list_append(&part->coding->waiting, &part->link);
	return part->coding;
}

/* The pixels of this image that were sent so far, with those now, as far as they are remembered. */
static uint64_t owed(struct outbox *o, uint64_t id, uint64_t pixels)
{
	struct debt *d = &o->debts[id * UINT64_C(0x9e3779b97f4a7c15) >> 56];

	if (d->id != id)
		*d = (struct debt){.id = id};
	return d->pixels += pixels;
}

/* Pictures with a life of their own are kept by the client, masks and those made for one command are not. */
static bool worth_keeping(struct outbox *o, const struct pixmap *p, uint64_t id, uint64_t pixels)
{
	return id && p->format != SURFACE_FMT_1_A && (pixels <= CACHE_PIXELS || owed(o, id, pixels) > pixels);
}

static void have_kept(struct parcel *p, struct image *img, const struct coding *c)
{
	if (!p->gone)
		p->gone = arena_alloc(&p->arena, GONE_MAX * sizeof(*p->gone));
	if (imagecache_add(&p->box->cache, img->d.id, (uint64_t)img->d.width * img->d.height, encode_is_lossy(c),
		    p->gone, &p->n_gone, GONE_MAX))
		img->d.flags = IMAGE_FLAGS_CACHE_ME;
}

/* An image that the client keeps already, if it may be used here as it is there. */
static bool from_cache(struct outbox *o, struct image *img, enum imagecache_hit hit, bool lossy)
{
	if (hit == IMAGE_ABSENT || (hit == IMAGE_LOSSY && !lossy))
		return false;
	img->d.type = IMAGE_TYPE_FROM_CACHE;
	o->lossy |= hit == IMAGE_LOSSY;
	return true;
}

static enum imagecache_hit look_up(struct outbox *o, uint64_t id)
{
	return id ? imagecache_use(&o->cache, id) : IMAGE_ABSENT;
}

/* An exact version takes the place of what the client has. */
static void replace(struct outbox *o, struct image *img)
{
	img->d.flags = IMAGE_FLAGS_CACHE_REPLACE_ME;
	imagecache_mended(&o->cache, img->d.id);
}

/* An image of the parcel: from the client's cache, or coded, and kept there if it may come again. `id` 0: never. */
static void put_image(struct parcel *p, struct image *img, struct pixmap *pm, uint64_t id, bool lossy,
	struct list *shared)
{
	const struct rect all = {.right = (int)pm->width, .bottom = (int)pm->height};
	enum imagecache_hit hit = look_up(p->box, id);
	struct coding *c;

	*img = (struct image){.d = {.id = id, .width = pm->width, .height = pm->height}};
	if (from_cache(p->box, img, hit, lossy))
		return;
	c = add_part(p, img, pm, &all, lossy, shared);
	if (hit == IMAGE_LOSSY)
		replace(p->box, img);
	else if (worth_keeping(p->box, pm, id, rect_pixels(&all)))
		have_kept(p, img, c);
}

/* May JPEG's errors be in what this command draws? Where pixels are copied, not where they are operands. */
static bool copies(const struct draw_item *item)
{
	const struct draw_copy *copy = item->body;

	return item->number == S_DISPLAY_DRAW_COPY && copy->rop == ROPD_OP_PUT;
}

struct placing {
	struct parcel *p;
	struct draw_item *item;
	unsigned next;
};

static void place(void *user, void **target)
{
	struct placing *s = user;
	const struct image *old = *target;
	struct image *img;
	unsigned i;

	if (old->d.type == IMAGE_TYPE_SURFACE)
		return;
	i = s->next++;
	img = arena_alloc(&s->p->arena, sizeof(*img));
	put_image(s->p, img, s->item->pictures[i], s->item->kept[i] ? old->d.id : 0, copies(s->item),
		&s->item->codings);
	*target = img;
}

/* ---- large pictures in parts ---- */

/* What is sent in parts. */
struct cutting {
	struct outbox *box;
	const struct draw_copy *whole; /* its image is `pm` */
	struct pixmap *pm;
	bool lossy;          /* may it be? */
	struct list *shared; /* as encode_choose */
};

/* A copy of a part of it: `used` of the picture, which lies in `band`, that part of it which clients may keep as image
 * `id` (0: they don't). The band is sent whole once as many pixels of it have been asked for as it has: until then what
 * is asked for. */
static void post_part(const struct cutting *x, const struct rect *used, const struct rect *band, uint64_t id)
{
	struct outbox *o = x->box;
	struct parcel *p = parcel_new(o, S_DISPLAY_DRAW_COPY);
	struct draw_copy *copy = wire_copy(wire_desc_draw_copy(), x->whole, 0, &p->arena);
	enum imagecache_hit hit;
	uint64_t all = rect_pixels(band);
	struct coding *c;

	imagecache_begin(&o->cache);
	hit = look_up(o, id);
	p->body = copy;
	copy->base.box.top += used->top - copy->src_area.top;
	copy->base.box.bottom = copy->base.box.top + used->bottom - used->top;
	copy->src = arena_alloc(&p->arena, sizeof(*copy->src));
	if (hit == IMAGE_ABSENT && (!id || o->cache.cap < all || owed(o, id, rect_pixels(used)) < all)) {
		band = used;
		id = 0;
	}
	*copy->src = (struct image){.d = {.id = id, .width = (uint32_t)(band->right - band->left),
		.height = (uint32_t)(band->bottom - band->top)}};
	copy->src_area = (struct rect){.left = used->left - band->left, .top = used->top - band->top,
		.right = used->right - band->left, .bottom = used->bottom - band->top};
	if (!from_cache(o, copy->src, hit, x->lossy)) {
		c = add_part(p, copy->src, x->pm, band, x->lossy, x->shared);
		if (hit == IMAGE_LOSSY)
			replace(o, copy->src);
		else if (id)
			have_kept(p, copy->src, c);
	}
	post_copy(p);
}

/* In bands of what it shows. */
static void post_bands(const struct cutting *x)
{
	struct rect band = x->whole->src_area;
	int rows = band_rows(band.right - band.left), bottom = band.bottom;

	for (; band.top < bottom; band.top += rows) {
		band.bottom = band.top + rows < bottom ? band.top + rows : bottom;
		post_part(x, &band, &band, 0);
	}
}

/* In bands of the picture, which are images of their own for clients that keep them. */
static void post_kept(const struct cutting *x, uint64_t id)
{
	const struct rect *shown = &x->whole->src_area;
	int height = (int)x->pm->height, rows = band_rows((int)x->pm->width);

	for (int n = shown->top / rows; n * rows < shown->bottom; n++) {
		uint64_t number = rows < height ? (uint64_t)n + 1 : 0;
		struct rect band = {.top = n * rows, .right = (int)x->pm->width,
			.bottom = height - n * rows > rows ? (n + 1) * rows : height};
		struct rect used = rect_meet(&band, shown);

		post_part(x, &used, &band, id | number << BAND_SHIFT);
	}
}

/* A copy of one picture, as it is: it may go in parts, and without what is not shown. */
static bool can_be_cut(const struct draw_item *item)
{
	const struct draw_copy *copy = item->body;
	const struct pixmap *pm = item->n_pictures ? item->pictures[0] : NULL;
	struct rect all;

	if (item->number != S_DISPLAY_DRAW_COPY || item->n_pictures != 1 || copy->src->d.type == IMAGE_TYPE_SURFACE ||
		copy->mask.bitmap || pm->format == SURFACE_FMT_1_A)
		return false;
	all = (struct rect){.right = (int)pm->width, .bottom = (int)pm->height};
	return rect_inside(&copy->src_area, &all) && !rect_is_empty(&copy->src_area) &&
	       rect_same_size(&copy->src_area, &copy->base.box);
}

static void cut(struct outbox *o, struct draw_item *item)
{
	const struct draw_copy *copy = item->body;
	struct cutting x = {o, copy, item->pictures[0], copies(item), &item->codings};

	if (item->kept[0])
		post_kept(&x, copy->src->d.id);
	else
		post_bands(&x);
}

static void post_whole(struct outbox *o, struct draw_item *item)
{
	const struct wire_desc *d = wire_msg_find(WIRE_DISPLAY, WIRE_S, item->number)->desc();
	struct parcel *p = parcel_new(o, item->number);

	if (item->images) {
		imagecache_begin(&o->cache);
		p->body = wire_copy(d, item->body, 0, &p->arena);
		wire_visit(d, p->body, wire_desc_image(), place, &(struct placing){p, item, 0});
	} else {
		draw_item_ref(item);
		p->item = item;
		p->body = item->body;
	}
	if (item->number == S_DISPLAY_DRAW_COPY)
		post_copy(p);
	else
		post(p);
}

bool outbox_item(struct outbox *o, struct draw_item *item)
{
	o->lossy = false;
	if (can_be_cut(item))
		cut(o, item);
	else
		post_whole(o, item);
	return o->lossy;
}

static void post_fill(struct outbox *o, uint32_t surface, const struct rect *to, uint32_t colour)
{
	struct draw_fill fill = {
		.base = {.surface_id = surface, .box = *to},
		.brush = {.type = BRUSH_TYPE_SOLID, .color = colour},
		.rop = ROPD_OP_PUT,
	};

	outbox_message(o, S_DISPLAY_DRAW_FILL, &fill);
}

bool outbox_pixels(struct outbox *o, uint32_t surface, const struct rect *to, struct pixmap *pm, bool exact)
{
	uint32_t colour;
	struct draw_copy copy = {
		.base = {.surface_id = surface, .box = *to},
		.src_area = {.right = (int)pm->width, .bottom = (int)pm->height},
		.rop = ROPD_OP_PUT,
		.scale_mode = SCALE_MODE_NEAREST,
	};

	o->lossy = false;
	if (pixmap_is_solid(pm, &colour)) {
		post_fill(o, surface, to, colour);
		return false;
	}
	post_part(&(struct cutting){o, &copy, pm, !exact, NULL}, &copy.src_area, &copy.src_area, 0);
	return o->lossy;
}

/* ---- sending ---- */

static void send_gone(struct chan *c, const uint64_t *ids, unsigned n)
{
	struct resource_id list[GONE_MAX];
	struct inval_list inval = {(uint16_t)n, list};

	for (unsigned i = 0; i < n; i++)
		list[i] = (struct resource_id){RESOURCE_TYPE_PIXMAP, ids[i]};
	chan_send(c, S_DISPLAY_INVAL_LIST, &inval);
}

bool outbox_send(struct outbox *o, struct chan *c)
{
	struct parcel *p = list_first(&o->parcels, struct parcel, link);

	if (!p || p->pending)
		return false;
	for (unsigned i = 0; i < p->n_parts; i++) {
		encode_image(p->parts[i].coding, p->parts[i].image);
		o->images[p->parts[i].coding->type]++;
	}
	if (p->n_gone)
		send_gone(c, p->gone, p->n_gone);
	chan_send(c, p->number, p->body);
	if (p->sent)
		p->sent(o->owner);
	parcel_free(p);
	return true;
}
