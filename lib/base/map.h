/* Things by a 64-bit id: an open hash of pointers. Zero-initialised is empty and valid. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map {
	struct map_slot {
		uint64_t id;
		void *value; /* NULL: free */
	} *slots;
	size_t n, cap; /* cap is a power of two, or 0 */
};

void *map_get(const struct map *m, uint64_t id); /* NULL when there is none */
/* Puts a value that is not NULL under the id; returns the one that stood there, or NULL. */
void *map_put(struct map *m, uint64_t id, void *value);
void *map_remove(struct map *m, uint64_t id); /* returns what stood there, or NULL */
/* Frees the table, after `drop` (which may be NULL) was called with each value. The map is empty then and usable. */
void map_clear(struct map *m, void (*drop)(void *value));

#endif
