/* The open hash: linear probing, at most half full. */
#include "base/map.h"

#include <stdlib.h>

#include "base/mem.h"

enum { FIRST = 64 };

/* The slot of the id, or the free one where it would go. */
static struct map_slot *slot_of(const struct map *m, uint64_t id)
{
	size_t i = (size_t)(id * 0x9e3779b97f4a7c15u >> 7) & (m->cap - 1);

	while (m->slots[i].value && m->slots[i].id != id)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static void grow(struct map *m)
{
	struct map old = *m;

	m->cap = old.cap ? 2 * old.cap : FIRST;
	m->slots = xcalloc(m->cap, sizeof(*m->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].value)
			*slot_of(m, old.slots[i].id) = old.slots[i];
	free(old.slots);
}

void *map_get(const struct map *m, uint64_t id)
{
	return m->cap ? slot_of(m, id)->value : NULL;
}

void *map_put(struct map *m, uint64_t id, void *value)
{
	struct map_slot *s;
	void *old;

	if (2 * (m->n + 1) > m->cap)
		grow(m);
	s = slot_of(m, id);
	old = s->value;
	*s = (struct map_slot){id, value};
	m->n += !old;
	return old;
}

void *map_remove(struct map *m, uint64_t id)
{
	struct map_slot *s = m->cap ? slot_of(m, id) : NULL;
	void *old = s ? s->value : NULL;

	if (!old)
		return NULL;
	*s = (struct map_slot){0};
	m->n--;
	/* those behind it in the same run may have wanted this place */
	for (size_t i = ((size_t)(s - m->slots) + 1) & (m->cap - 1); m->slots[i].value; i = (i + 1) & (m->cap - 1)) {
		struct map_slot moved = m->slots[i];

		m->slots[i] = (struct map_slot){0};
		*slot_of(m, moved.id) = moved;
	}
	return old;
}

void map_clear(struct map *m, void (*drop)(void *value))
{
	for (size_t i = 0; drop && i < m->cap; i++)
		if (m->slots[i].value)
			drop(m->slots[i].value);
	free(m->slots);
	*m = (struct map){0};
}
