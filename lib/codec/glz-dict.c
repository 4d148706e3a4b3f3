/* GLZ: the dictionary of a server (glz.md 3): which pictures its window holds, and where. */
#include "codec/glz-dict.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
	SEGMENTS = 1 << 16, /* more are not kept: pictures of a few pixels leave earlier than they would have to */
	ALIKE = 64,
};

struct glz_dict *glz_dict_new(uint64_t window_pixels)
{
	struct glz_dict *d = new(struct glz_dict);

	d->size = window_pixels < GLZ_WINDOW_MAX ? (uint32_t)window_pixels : GLZ_WINDOW_MAX;
	d->ring = xmalloc(4 * ((size_t)d->size + GLZ_SLACK));
	memset(d->ring + d->size, 0, 4 * GLZ_SLACK);
	d->map = xcalloc(d->size / GLZ_GRANULE + 1, sizeof(*d->map));
	while (d->size > 1u << d->index_bits)
		d->index_bits++;
	d->room = 64;
	d->segments = xcalloc(d->room, sizeof(*d->segments));
	return d;
}

void glz_dict_free(struct glz_dict *d)
{
	if (!d)
		return;
	free(d->ring);
	free(d->map);
	free(d->segments);
	free(d);
}

const struct glz_segment *glz_dict_find(const struct glz_dict *d, uint32_t at)
{
	uint32_t number = d->map[at / GLZ_GRANULE];

	if ((int32_t)(number - d->tail) < 0)
		number = d->tail;
	for (unsigned i = 0; i <= GLZ_GRANULE && number != d->next; i++, number++) {
		const struct glz_segment *s = glz_segment(d, number);

		if (at - s->start < s->n)
			return s;
	}
	return NULL;
}

const struct glz_segment *glz_dict_alike(const struct glz_dict *d, uint32_t number)
{
	const struct glz_segment *like = glz_segment(d, number);

	for (unsigned i = 0; i < ALIKE && number != d->tail; i++) {
		const struct glz_segment *s = glz_segment(d, --number);

		if (s->first == 0 && s->type == like->type && s->width == like->width && s->height == like->height)
			return s;
	}
	return NULL;
}

static void grow(struct glz_dict *d)
{
	struct glz_segment *more = xcalloc(2 * (size_t)d->room, sizeof(*more));

	for (uint32_t i = d->tail; i != d->next; i++)
		more[i & (2 * d->room - 1)] = *glz_segment(d, i);
	free(d->segments);
	d->segments = more;
	d->room *= 2;
}

static void add_segment(struct glz_dict *d, const struct glz_segment *like, uint32_t first, uint32_t n)
{
	struct glz_segment *s;

	if (d->next - d->tail == d->room)
		grow(d);
	s = glz_segment(d, d->next);
	*s = *like;
	s->start = d->head;
	s->n = n;
	s->first = first;
	for (uint32_t g = (d->head + GLZ_GRANULE - 1) / GLZ_GRANULE; g <= (d->head + n - 1) / GLZ_GRANULE; g++)
		d->map[g] = d->next;
	d->next++;
	d->head = d->head + n == d->size ? 0 : d->head + n;
}

static void evict(struct glz_dict *d)
{
	uint64_t id = glz_segment(d, d->tail)->id;

	for (; d->tail != d->next && glz_segment(d, d->tail)->id == id; d->tail++)
		d->held -= glz_segment(d, d->tail)->n;
}

uint32_t glz_dict_enter(struct glz_dict *d, enum lz_type type, uint32_t width, uint32_t height)
{
	const struct glz_segment like = {.id = d->next_id, .type = type, .width = width, .height = height};
	uint32_t n = width * height, part = d->size - d->head < n ? d->size - d->head : n, number;

	while (d->held + n > d->size || d->next - d->tail > SEGMENTS - 2)
		evict(d);
	number = d->next;
	add_segment(d, &like, 0, part);
	if (part < n)
		add_segment(d, &like, part, n - part);
	d->held += n;
	d->next_id++;
	return number;
}
