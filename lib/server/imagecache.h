/* What a client's image cache holds, as its server knows: the server administrates it, the client obeys (images.md 9).
 * Capacity counts pixels; the least recently used image goes first. */
#ifndef SERVER_IMAGECACHE_H
#define SERVER_IMAGECACHE_H

#include "base/list.h"
#include "base/map.h"

struct imagecache {
	struct map by_id; /* struct held * */
	struct list used; /* least recently first */
	uint64_t pixels, cap;
	uint64_t message; /* images of the message in hand don't go */
};

void imagecache_init(struct imagecache *c, uint64_t cap);
void imagecache_fini(struct imagecache *c);

/* A new message begins: its images stay until the next one does. */
void imagecache_begin(struct imagecache *c);

/* Is the image there, fit for a message that may or may not take a lossy one? It counts as used then. */
enum imagecache_hit { IMAGE_ABSENT, IMAGE_LOSSY, IMAGE_HELD };
enum imagecache_hit imagecache_use(struct imagecache *c, uint64_t id);

/* Makes room and counts it as held: true. False when it does not fit, now or ever. Ids that went are put into gone[],
 * *n of them, at most max: the client must be told before it gets the image. */
bool imagecache_add(struct imagecache *c, uint64_t id, uint64_t pixels, bool lossy, uint64_t *gone, unsigned *n,
	unsigned max);
/* A lossless version has taken the place of a lossy one. */
void imagecache_mended(struct imagecache *c, uint64_t id);

#endif
