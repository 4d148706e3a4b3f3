/* Walking back. A piece is a region of a surface as it was before the commands that have been walked, and where its
 * pixels are to stand in the end. A command that draws there takes its part of the region away: a fill or a picture
 * answers for it, a move says where the pixels were before. What is left at the first command are pixels that stand on
 * the surfaces now: they are saved before anything is drawn. */
#include "server/due.h"

#include <stdlib.h>

#include "draw/region.h"
#include "server/item.h"

struct piece {
	uint32_t from, to;        /* surfaces */
	int dx, dy;               /* what is at x, y stands at x + dx, y + dy in the end */
	pixman_region32_t region; /* of `from` */
};

struct pieces {
	struct piece *list;
	unsigned n, cap;
};

/* Pixels to be drawn: of a picture, or one colour. */
struct dab {
	uint32_t to;
	struct rect rect;
	const struct pixmap *p; /* NULL: colour */
	int x, y;               /* where in it */
	uint32_t colour;
};

struct walk {
	struct canvas *canvas;
	struct pieces pieces, more;
	struct dab *dabs;
	unsigned n_dabs, cap_dabs;
};

/* The region is taken over. */
static void add_piece(struct pieces *s, const struct piece *x)
{
	for (unsigned i = 0; i < s->n; i++) {
		struct piece *p = &s->list[i];

		if (p->from == x->from && p->to == x->to && p->dx == x->dx && p->dy == x->dy) {
			pixman_region32_union(&p->region, &p->region, (pixman_region32_t *)&x->region);
			pixman_region32_fini((pixman_region32_t *)&x->region);
			return;
		}
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->list = xrealloc(s->list, s->cap, sizeof(*s->list));
	}
	s->list[s->n++] = *x;
}

static void remove_piece(struct pieces *s, unsigned i)
{
	pixman_region32_fini(&s->list[i].region);
	s->list[i] = s->list[--s->n];
}

/* ---- the walk ---- */

static void answer(struct walk *w, const struct piece *p, pixman_region32_t *part, const struct dab *how)
{
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles(part, &n);

	for (; n > 0; n--, box++) {
		struct dab s = *how;

		if (w->n_dabs == w->cap_dabs) {
			w->cap_dabs = w->cap_dabs ? 2 * w->cap_dabs : 64;
			w->dabs = xrealloc(w->dabs, w->cap_dabs, sizeof(*w->dabs));
		}
		s.to = p->to;
		s.rect = (struct rect){.left = box->x1 + p->dx, .top = box->y1 + p->dy, .right = box->x2 + p->dx,
			.bottom = box->y2 + p->dy};
		s.x += box->x1;
		s.y += box->y1;
		w->dabs[w->n_dabs++] = s;
	}
}

/* Its pixels were on `surface` before, and have moved since. */
static void trace(struct walk *w, const struct piece *p, pixman_region32_t *part, uint32_t surface, struct point by)
{
	struct piece q = {.from = surface, .to = p->to, .dx = p->dx + by.x, .dy = p->dy + by.y};

	pixman_region32_init(&q.region);
	pixman_region32_copy(&q.region, part);
	pixman_region32_translate(&q.region, -by.x, -by.y);
	add_piece(&w->more, &q);
}

static void explain(struct walk *w, const struct draw_item *item, const struct piece *p, pixman_region32_t *part)
{
	const struct rect *box = &((const struct draw_base *)item->body)->box;
	const struct draw_fill *fill = item->body;
	const struct draw_copy *copy = item->body;

	if (item->number == S_DISPLAY_DRAW_FILL)
		answer(w, p, part, &(struct dab){.colour = fill->brush.color});
	else if (item->number == S_DISPLAY_COPY_BITS)
		trace(w, p, part, item->surface, draw_item_move(item));
	else if (copy->src->d.type == IMAGE_TYPE_SURFACE)
		trace(w, p, part, copy->src->surface_id, (struct point){box->left - copy->src_area.left,
			box->top - copy->src_area.top});
	else
		answer(w, p, part, &(struct dab){.p = item->pictures[0], .x = copy->src_area.left - box->left,
			.y = copy->src_area.top - box->top});
}

static void step_back(struct walk *w, const struct draw_item *item)
{
	pixman_region32_t drawn, part;

	region_init(&drawn, &item->damage);
	pixman_region32_init(&part);
	for (unsigned i = w->pieces.n; i-- > 0;) {
		struct piece *p = &w->pieces.list[i];

		if (p->from != item->surface)
			continue;
		pixman_region32_intersect(&part, &p->region, &drawn);
		if (region_is_empty(&part))
			continue;
		pixman_region32_subtract(&p->region, &p->region, &drawn);
		explain(w, item, p, &part);
		if (region_is_empty(&p->region))
			remove_piece(&w->pieces, i);
	}
	for (unsigned i = 0; i < w->more.n; i++)
		add_piece(&w->pieces, &w->more.list[i]);
	w->more.n = 0;
	pixman_region32_fini(&part);
	pixman_region32_fini(&drawn);
}

/* Every surface on which something waits is wanted as it will be, where that will have been drawn. */
static void want(struct walk *w, const struct draw_item *item)
{
	struct piece p = {.from = item->surface, .to = item->surface};

	region_init(&p.region, &item->damage);
	add_piece(&w->pieces, &p);
}

/* ---- the drawing ---- */

static uint8_t *pixel(const struct pixmap *p, int x, int y)
{
	return p->data + (size_t)y * (size_t)p->stride + 4 * (size_t)x;
}

static void copy_rows(const struct pixmap *to, const struct rect *r, const struct pixmap *from, int x, int y)
{
	for (int row = 0; row < r->bottom - r->top; row++)
		memcpy(pixel(to, r->left, r->top + row), pixel(from, x, y + row), 4 * (size_t)(r->right - r->left));
}

/* Pixels that stand elsewhere now, in a pixmap of their own. */
static void save(struct walk *w, struct piece *p)
{
	const struct pixmap *s = canvas_surface(w->canvas, p->from);
	const pixman_box32_t *e = pixman_region32_extents(&p->region);
	struct pixmap *kept;
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles(&p->region, &n);

	kept = pixmap_raw(SURFACE_FMT_32_ARGB, (unsigned)(e->x2 - e->x1), (unsigned)(e->y2 - e->y1));
	for (; n > 0; n--, box++)
		copy_rows(kept, &(struct rect){.left = box->x1 - e->x1, .top = box->y1 - e->y1,
			.right = box->x2 - e->x1, .bottom = box->y2 - e->y1}, s, box->x1, box->y1);
	answer(w, p, &p->region, &(struct dab){.p = kept, .x = -e->x1, .y = -e->y1});
}

static void draw(struct walk *w, const struct dab *s)
{
	struct pixmap *to = canvas_surface(w->canvas, s->to);

	if (s->p)
		copy_rows(to, &s->rect, s->p, s->x, s->y);
	else
		pixmap_fill(to, &s->rect, s->colour);
}

void due_settle(struct backlog *b, struct canvas *c)
{
	struct walk w = {.canvas = c};
	unsigned saved;
	struct waiting *x;

	if (!backlog_first(b))
		return;
	list_each(x, &b->all, link)
		want(&w, x->item);
	for (struct list *at = b->all.prev; at != &b->all; at = at->prev)
		step_back(&w, list_item(at, struct waiting, link)->item);
	saved = w.n_dabs;
	for (unsigned i = 0; i < w.pieces.n; i++)
		if (w.pieces.list[i].from != w.pieces.list[i].to || w.pieces.list[i].dx || w.pieces.list[i].dy)
			save(&w, &w.pieces.list[i]);
	for (unsigned i = 0; i < w.n_dabs; i++)
		draw(&w, &w.dabs[i]);
	for (unsigned i = saved; i < w.n_dabs; i++)
		if (i == saved || w.dabs[i].p != w.dabs[i - 1].p)
			pixmap_unref((struct pixmap *)w.dabs[i].p);
	while (w.pieces.n)
		remove_piece(&w.pieces, w.pieces.n - 1);
	free(w.pieces.list);
	free(w.more.list);
	free(w.dabs);
	backlog_clear(b);
}
