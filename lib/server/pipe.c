/* The pipe of one client's display: a backlog of drawing commands, and beside it what it takes to catch up with the
 * device when that grows too long. */
#include "server/pipe.h"

#include <stdlib.h>

#include "draw/region.h"
#include "server/backlog.h"
#include "server/band.h"

struct entry {
	struct waiting w;
	enum pipe_kind kind;
	uint32_t id;
	struct surface_create create; /* as it was then: it may be gone, or another, when this is sent */
	uint32_t serial;
	uint64_t since;
};

struct pipe {
	struct device *device;
	struct device_listener listener;
	uint64_t (*now)(void *);
	void (*kick)(void *);
	void *owner;
	pipe_filter_fn *filter;
	void *filter_owner;
	struct backlog backlog; /* struct entry */
	bool catching_up, mark_due, monitors_due, no_composite, no_a8;
	bool withheld[LIM_SURFACES]; /* the client must not have the surface of the device under this id */
	/* device->surface_serial of the surface that the client has under each id; even: none */
	uint32_t sent_serial[LIM_SURFACES];
	pixman_region32_t damage[LIM_SURFACES];
	unsigned damaged; /* ids below this may have damage or differ */
	pixman_region32_t exact; /* of the screen's damage: is to be mended */
};

/* Regions of more rectangles than this are sent as their bounding box. */
enum { REGION_RECTS = 64 };

static struct entry *first(const struct pipe *p)
{
	return (struct entry *)backlog_first(&p->backlog);
}

static void add_damage(struct pipe *p, uint32_t id, const struct rect *r)
{
	pixman_region32_t *region = &p->damage[id];

	region_add(region, r);
	region_bound(region, REGION_RECTS);
	if (id >= p->damaged)
		p->damaged = id + 1;
}

/* Does it set every pixel of its damage, whatever was there? */
static bool is_opaque(const struct pipe *p, const struct draw_item *item)
{
	return draw_item_is_whole(item) &&
	       canvas_surface(p->device->canvas, item->surface)->format != SURFACE_FMT_1_A &&
	       draw_item_is_opaque(item);
}

/* Queued commands become damage; what was sent is compared with what is. */
static void catch_up(struct pipe *p)
{
	struct entry *e;

	p->catching_up = true;
	p->damaged = LIM_SURFACES;
	list_each(e, &p->backlog.all, w.link) {
		if (e->kind == PIPE_DRAW)
			add_damage(p, e->id, &e->w.item->damage);
		else if (e->kind == PIPE_MONITORS)
			p->monitors_due = true;
	}
	backlog_clear(&p->backlog);
}

static struct surface_create describe(const struct pipe *p, uint32_t id)
{
	const struct pixmap *s = canvas_surface(p->device->canvas, id);

	return (struct surface_create){.surface_id = id, .width = s->width, .height = s->height,
		.format = s->format, .flags = id == 0 ? SURFACE_FLAGS_PRIMARY : 0};
}

static void queue(struct pipe *p, enum pipe_kind kind, uint32_t id, struct draw_item *item)
{
	struct entry *e = new(struct entry);

	e->kind = kind;
	e->id = id;
	e->serial = p->device->surface_serial[id];
	if (kind == PIPE_CREATE)
		e->create = describe(p, id);
	e->since = p->now(p->owner);
	backlog_append(&p->backlog, &e->w, item, item && is_opaque(p, item));
	if (p->backlog.bytes > LIM_PIPE_BYTES || e->since - first(p)->since > LIM_PIPE_MS)
		catch_up(p);
	p->kick(p->owner);
}

/* ---- the device says ---- */

void pipe_damage(struct pipe *p, uint32_t surface, const struct rect *r)
{
	if (!p->catching_up)
		catch_up(p);
	add_damage(p, surface, r);
	if (surface == 0)
		region_add(&p->exact, r);
	p->kick(p->owner);
}

/* Its region comes by another way, and out of order: nothing that waits may read it, and what it hides may go. */
static void taken(struct pipe *p, const struct draw_item *item)
{
	pixman_region32_t *damage = &p->damage[item->surface];

	if (is_opaque(p, item))
		backlog_hide(&p->backlog, item);
	if (!p->catching_up && backlog_reads(&p->backlog, item->surface, &item->damage))
		catch_up(p);
	if (!region_is_empty(damage) && draw_item_is_whole(item))
		region_take(damage, &item->damage);
}

struct search {
	const struct pipe *p;
	bool found;
};

static void find_withheld(void *user, uint32_t surface, const struct rect *area)
{
	struct search *s = user;

	(void)area;
	s->found = s->found || s->p->withheld[surface];
}

/* Does the client draw this as the canvas does? Real ones read the rows of A8 glyphs one too far, past the glyph
 * (channels.md, "Text"). */
static bool client_can(const struct pipe *p, const struct draw_item *item)
{
	const struct draw_text *text = item->body;
	struct search s = {p, false};

	if (p->no_composite && item->number == S_DISPLAY_DRAW_COMPOSITE)
		return false;
	if (item->number == S_DISPLAY_DRAW_TEXT && text->str && text->str->a8)
		return false;
	if (p->no_a8)
		draw_item_reads(item, find_withheld, &s);
	return !s.found;
}

static void drawn(void *owner, struct draw_item *item)
{
	struct pipe *p = owner;
	enum pipe_verdict verdict;

	if (p->withheld[item->surface])
		return;
	verdict = p->filter ? p->filter(p->filter_owner, item) : PIPE_QUEUE;
	if (verdict == PIPE_QUEUE && !client_can(p, item))
		verdict = PIPE_REREAD;
	if (verdict == PIPE_TAKEN) {
		taken(p, item);
	} else if (verdict == PIPE_REREAD) {
		pipe_damage(p, item->surface, &item->damage);
	} else if (p->catching_up) {
		add_damage(p, item->surface, &item->damage);
		p->kick(p->owner);
	} else {
		queue(p, PIPE_DRAW, item->surface, item);
	}
}

static bool is_withheld(const struct pipe *p, uint32_t id)
{
	const struct pixmap *s = canvas_surface(p->device->canvas, id);

	return p->no_a8 && s && s->format == SURFACE_FMT_8_A;
}

static void surface_created(void *owner, uint32_t id)
{
	struct pipe *p = owner;

	p->withheld[id] = is_withheld(p, id);
	if (p->withheld[id])
		return;
	if (id == 0 && !p->catching_up) /* a new screen: everything before it is of no interest any more */
		catch_up(p);
	if (p->catching_up) {
		if (id >= p->damaged)
			p->damaged = id + 1;
		p->kick(p->owner);
	} else {
		queue(p, PIPE_CREATE, id, NULL);
	}
}

static void surface_destroyed(void *owner, uint32_t id)
{
	struct pipe *p = owner;

	if (p->withheld[id]) {
		p->withheld[id] = false;
	} else if (p->catching_up) {
		pixman_region32_clear(&p->damage[id]);
		if (id >= p->damaged)
			p->damaged = id + 1;
		p->kick(p->owner);
	} else {
		queue(p, PIPE_DESTROY, id, NULL);
	}
}

static void monitors(void *owner)
{
	struct pipe *p = owner;

	if (p->catching_up) {
		p->monitors_due = true;
		p->kick(p->owner);
	} else {
		queue(p, PIPE_MONITORS, 0, NULL);
	}
}

static const struct device_ops device_ops = {
	.drawn = drawn,
	.surface_created = surface_created,
	.surface_destroyed = surface_destroyed,
	.monitors = monitors,
};

/* ---- the client takes ---- */

/* Does the client have another surface under this id than the device? Says what to do about it. */
static bool differs(struct pipe *p, uint32_t id, struct pipe_out *out)
{
	uint32_t have = p->sent_serial[id], want = p->withheld[id] ? 0 : p->device->surface_serial[id];

	if (have == want || (!(have & 1) && !(want & 1)))
		return false;
	out->id = id;
	if (have & 1) {
		out->kind = PIPE_DESTROY;
		p->sent_serial[id] = 0;
	} else {
		out->kind = PIPE_CREATE;
		out->create = describe(p, id);
		p->sent_serial[id] = want;
		pixman_region32_clear(&p->damage[id]);
		add_damage(p, id, &(struct rect){.right = (int)out->create.width,
					  .bottom = (int)out->create.height});
		if (id == 0) {
			pixman_region32_clear(&p->exact);
			p->mark_due = true;
		}
	}
	return true;
}

static bool take_damage(struct pipe *p, uint32_t id, struct pipe_out *out)
{
	pixman_region32_t *region = &p->damage[id];
	const struct pixmap *s = canvas_surface(p->device->canvas, id);
	struct rect r;
	int rows;

	/* damage of queued commands may be that of an earlier, larger surface */
	if (s)
		pixman_region32_intersect_rect(region, region, 0, 0, s->width, s->height);
	else
		pixman_region32_clear(region);
	if (region_is_empty(region))
		return false;
	r = region_rect(pixman_region32_rectangles(region, NULL));
	rows = band_rows(r.right - r.left);
	if (r.bottom - r.top > rows && !(id == 0 && p->mark_due)) /* spicy-screenshot takes what it has then */
		r.bottom = r.top + rows;
	region_take(region, &r);
	if (id == 0) {
		out->exact = region_touches(&p->exact, &r);
		region_take(&p->exact, &r);
	}
	out->kind = PIPE_REGION;
	out->id = id;
	out->rect = r;
	return true;
}

/* One step of catching up; false when there is nothing left of it. Off-screen surfaces come first: the screen
 * is shown when it is complete. */
static bool next_missing(struct pipe *p, struct pipe_out *out)
{
	for (uint32_t id = 0; id < p->damaged; id++)
		if (differs(p, id, out))
			return true;
	for (uint32_t id = p->damaged; id-- > 0;) {
		if (take_damage(p, id, out))
			return true;
		p->damaged = id; /* nothing above either */
	}
	return false;
}

void pipe_next(struct pipe *p, struct pipe_out *out)
{
	struct entry *e;

	*out = (struct pipe_out){.kind = PIPE_NOTHING};
	if (p->catching_up && next_missing(p, out))
		return;
	p->catching_up = false;
	if (p->mark_due || p->monitors_due) {
		out->kind = p->mark_due ? PIPE_MARK : PIPE_MONITORS;
		p->mark_due = p->monitors_due = false;
		return;
	}
	e = first(p);
	if (!e)
		return;
	*out = (struct pipe_out){.kind = e->kind, .item = e->w.item, .id = e->id, .create = e->create};
	if (e->w.item)
		draw_item_ref(e->w.item);
	if (e->kind == PIPE_CREATE)
		p->sent_serial[e->id] = e->serial;
	if (e->kind == PIPE_DESTROY)
		p->sent_serial[e->id] = 0;
	backlog_remove(&p->backlog, &e->w);
}

/* ---- life ---- */

struct pipe *pipe_new(struct device *d, uint64_t (*now)(void *), void (*kick)(void *), void *owner)
{
	struct pipe *p = new(struct pipe);

	p->device = d;
	p->now = now;
	p->kick = kick;
	p->owner = owner;
	backlog_init(&p->backlog);
	for (unsigned i = 0; i < LIM_SURFACES; i++)
		pixman_region32_init(&p->damage[i]);
	pixman_region32_init(&p->exact);
	p->listener = (struct device_listener){.ops = &device_ops, .owner = p};
	device_listen(d, &p->listener);
	catch_up(p);
	return p;
}

void pipe_free(struct pipe *p)
{
	if (!p)
		return;
	device_unlisten(&p->listener);
	backlog_clear(&p->backlog);
	pixman_region32_fini(&p->exact);
	for (unsigned i = 0; i < LIM_SURFACES; i++)
		pixman_region32_fini(&p->damage[i]);
	free(p);
}

void pipe_filter(struct pipe *p, pipe_filter_fn *fn, void *owner)
{
	p->filter = fn;
	p->filter_owner = owner;
}

void pipe_without_composite(struct pipe *p)
{
	p->no_composite = true;
}

void pipe_without_a8(struct pipe *p)
{
	p->no_a8 = true;
	for (uint32_t id = 0; id < LIM_SURFACES; id++)
		p->withheld[id] = is_withheld(p, id);
}

bool pipe_screen_sent(const struct pipe *p)
{
	return p->sent_serial[0] & 1 && p->sent_serial[0] == p->device->surface_serial[0] && !p->mark_due;
}

unsigned pipe_hidden(const struct pipe *p)
{
	return p->backlog.hidden;
}

size_t pipe_bytes(const struct pipe *p)
{
	return p->backlog.bytes;
}

bool pipe_catching_up(const struct pipe *p)
{
	return p->catching_up;
}
