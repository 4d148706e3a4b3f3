/* Where changed parts may have come from. Pieces of 32 pixels of the new frame's changed rows are remembered by their
 * hash; those that are found once in the new and once in the old frame vote for the displacement between them. Which
 * pieces are looked at is decided by the hash itself, so that the same ones are chosen in both frames. Of many rows
 * only some are looked at, in no regular order: with steps, text of such a height could show us its gaps only. */
#include <stdlib.h>
#include <string.h>

#include "server/differ-private.h"

enum {
	SLOTS_LOG = 14,         /* either table has so many slots at most, */
	SLOTS_LEAST = 8,        /* and at least: fewer are cleared and walked sooner, where little is changed */
	POSITIONS = 64 << 10,   /* looked at to begin with, of which most are blank */
	VOTES_LEAST = 3,
	VOTES_SHARE = 64,       /* a displacement needs at least this part of all votes */
	LOOKS = 12,
};

struct piece {
	uint32_t hash;
	uint16_t x, y, old_x, old_y;
	uint8_t here, there; /* times seen in the new frame, in the old one; at most 2 */
};

struct tally {
	int dx, dy;
	unsigned votes;
};

struct differ_finder {
	struct piece pieces[1 << SLOTS_LOG];
	struct tally tallies[1 << SLOTS_LOG];
	unsigned log, slots, n;
	struct piece spare[1 << SLOTS_LOG];
	uint32_t mask;   /* a piece is looked at when its hash has none of these bits */
	uint32_t hashes[LIM_IMAGE_SIDE];
};

static unsigned slot_of(const struct differ_finder *f, uint32_t hash)
{
	return (hash * 0x9e3779b1u) >> (32 - f->log);
}

/* The pieces that are remembered at most. */
static unsigned room(const struct differ_finder *f)
{
	return f->slots / 4 * 3;
}

static struct piece *find(struct differ_finder *f, uint32_t hash)
{
	unsigned i = slot_of(f, hash);

	while (f->pieces[i].here && f->pieces[i].hash != hash)
		i = (i + 1) % f->slots;
	return &f->pieces[i];
}

/* Is the piece at x one to look at? Where all is of one colour, or of a short pattern, it is not. */
static bool chosen(const struct differ_finder *f, unsigned x)
{
	return !(f->hashes[x] & f->mask) && (x == 0 || f->hashes[x] != f->hashes[x - 1]);
}

/* There are too many: every other one goes, in both frames. */
static void thin_out(struct differ_finder *f)
{
	unsigned n = 0;

	f->mask = f->mask >> 1 | UINT32_C(1) << 31;
	for (const struct piece *p = f->pieces; p < f->pieces + f->slots; p++)
		if (p->here && !(p->hash & f->mask))
			f->spare[n++] = *p;
	memset(f->pieces, 0, f->slots * sizeof(f->pieces[0]));
	for (unsigned i = 0; i < n; i++)
		*find(f, f->spare[i].hash) = f->spare[i];
	f->n = n;
}

static void remember_row(struct differ *d, struct differ_finder *f, struct rect box, int y)
{
	unsigned n = (unsigned)(box.right - box.left), first = (unsigned)(box.left - d->in.left);
	const uint64_t *bits = differ_row(d, (unsigned)(y - d->in.top));

	d->k->windows(differ_want(d, box.left, y), d->mask, n, f->hashes);
	for (unsigned x = 0; x + WINDOW <= n; x++) {
		unsigned column = (first + x) / BLOCK;
		struct piece *p;

		if (!(bits[column / 64] >> column % 64 & 1)) {
			x |= BLOCK - 1;
			continue;
		}
		if (!chosen(f, x))
			continue;
		p = find(f, f->hashes[x]);
		if (p->here) {
			p->here = 2;
			continue;
		}
		*p = (struct piece){.hash = f->hashes[x], .x = (uint16_t)(box.left + (int)x), .y = (uint16_t)y,
			.here = 1};
		f->n++;
		while (f->n == room(f))
			thin_out(f);
	}
}

static void search_row(struct differ *d, struct differ_finder *f, struct rect box, int y)
{
	unsigned n = (unsigned)(box.right - box.left);

	d->k->windows(differ_old(d, box.left, y), d->mask, n, f->hashes);
	for (unsigned x = 0; x + WINDOW <= n; x++) {
		struct piece *p;

		if (!chosen(f, x))
			continue;
		p = find(f, f->hashes[x]);
		if (!p->here)
			continue;
		p->there = p->there ? 2 : 1;
		p->old_x = (uint16_t)(box.left + (int)x);
		p->old_y = (uint16_t)y;
	}
}

static unsigned count(struct differ_finder *f)
{
	unsigned all = 0;

	for (const struct piece *p = f->pieces; p < f->pieces + f->slots; p++) {
		int dx = p->x - p->old_x, dy = p->y - p->old_y;
		unsigned i = slot_of(f, (uint32_t)dx * 0x85ebca6bu + (uint32_t)dy);

		if (p->here != 1 || p->there != 1 || (dx == 0 && dy == 0))
			continue;
		while (f->tallies[i].votes && (f->tallies[i].dx != dx || f->tallies[i].dy != dy))
			i = (i + 1) % f->slots;
		f->tallies[i] = (struct tally){dx, dy, f->tallies[i].votes + 1};
		all++;
	}
	return all;
}

/* The most voted for, in their order. */
static unsigned winners(struct differ_finder *f, unsigned all, struct way *ways, unsigned max)
{
	unsigned least_votes = all / VOTES_SHARE > VOTES_LEAST ? all / VOTES_SHARE : VOTES_LEAST, n = 0;

	for (; n < max; n++) {
		struct tally *best = f->tallies;

		for (unsigned i = 1; i < f->slots; i++)
			if (f->tallies[i].votes > best->votes)
				best = &f->tallies[i];
		if (best->votes < least_votes)
			break;
		ways[n] = (struct way){.kind = DIFFER_COPY, .dx = best->dx, .dy = best->dy};
		best->votes = 0;
	}
	return n;
}

/* Of the rows, one in so many is looked at in the new frame and in the old one. */
static void choose_shares(int rows, unsigned *here, unsigned *there)
{
	*here = rows > 512 ? 7 : rows > 128 ? 2 : 1;
	*there = rows > 512 ? 4 : rows > 128 ? 3 : 1;
}

static bool one_in(unsigned share, int y, uint32_t seed)
{
	uint32_t h = (uint32_t)y + seed;

	h = (h ^ h >> 16) * 0x85ebca6bu;
	h = (h ^ h >> 13) * 0xc2b2ae35u;
	return (h ^ h >> 16) % share == 0;
}

static void clear(struct differ_finder *f, size_t positions)
{
	for (f->log = SLOTS_LEAST; f->log < SLOTS_LOG && 1u << f->log < 2 * positions; f->log++)
		;
	f->slots = 1u << f->log;
	memset(f->pieces, 0, f->slots * sizeof(f->pieces[0]));
	memset(f->tallies, 0, f->slots * sizeof(f->tallies[0]));
	f->n = 0;
	f->mask = 0;
}

/* Was there nothing but one colour? Then nothing has moved. */
static bool was_blank(struct differ *d, const struct rect *box)
{
	unsigned n = (unsigned)(box->right - box->left), words = (n + 64 * BLOCK - 1) / (64 * BLOCK);
	int step = (box->bottom - box->top + LOOKS - 1) / LOOKS;

	for (int y = box->top; y < box->bottom; y += step) {
		d->k->stained(differ_old(d, box->left, y), *differ_old(d, box->left, box->top), d->mask, n, d->bits);
		for (unsigned i = 0; i < words; i++)
			if (d->bits[i])
				return false;
	}
	return true;
}

unsigned differ_moves(struct differ *d, struct way *ways, unsigned max)
{
	struct rect box = differ_pixels(d, d->box);
	struct differ_finder *f = d->finder;
	unsigned here, there;
	size_t positions;

	if (box.right - box.left < WINDOW || was_blank(d, &box))
		return 0;
	if (!f)
		f = d->finder = xmalloc(sizeof(*f));
	choose_shares(box.bottom - box.top, &here, &there);
	positions = rect_pixels(&box) / here;
	clear(f, positions);
	for (unsigned bit = 31; positions > POSITIONS; positions /= 2, bit--)
		f->mask |= UINT32_C(1) << bit;
	for (int y = box.top; y < box.bottom; y++)
		if (one_in(here, y, 0x9e3779b1))
			remember_row(d, f, box, y);
	if (!f->n)
		return 0;
	for (int y = box.top; y < box.bottom; y++)
		if (one_in(there, y, 0x27d4eb2f))
			search_row(d, f, box, y);
	return winners(f, count(f), ways, max);
}

void differ_finder_free(struct differ_finder *f)
{
	free(f);
}
