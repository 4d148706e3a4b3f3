/* What the dictionary and the encoder of GLZ know of each other; nobody else includes this.
 *
 * The window is a ring of words, as many as were announced; a picture lies in it as one segment, or as two where the
 * ring ends within it. What the hash tables remember are indices into the ring: whatever picture lies there by now,
 * equal pixels are equal pixels, so the tables are never cleared, and a candidate only has to lie in a segment of a
 * live picture of the same type. Which segment holds a pixel tells `map`, a word for each granule of the ring. */
#ifndef CODEC_GLZ_DICT_H
#define CODEC_GLZ_DICT_H

#include "codec/glz.h"

enum {
	GLZ_GRANULE = 64,
	GLZ_SLACK = 16,     /* words behind the ring that may be read */
	GLZ_KEY_BITS = 17,
	GLZ_MARK_BITS = 15,
};

/* Neighbouring pixels of one picture, in the ring. */
struct glz_segment {
	uint64_t id;
	enum lz_type type;
	uint32_t start, n;
	uint32_t first; /* number of its first pixel within the picture */
	uint32_t width, height; /* of the picture */
};

struct glz_dict {
	uint32_t *ring;
	uint32_t size, head;          /* words; where the next picture goes */
	uint64_t held;                /* pixels of live pictures */
	uint64_t next_id;
	struct glz_segment *segments; /* a ring of `room`, by number; `tail` to `next` - 1 are live */
	uint32_t tail, next, room;
	uint32_t *map;                /* number of the segment that held the granule's first pixel last */
	/* where a few pixels ("keys") and some longer stretches ("marks") were seen last; of a slot these are the bits
	 * that are an index, the others are a tag made of the hash */
	unsigned index_bits;
	uint32_t keys[1 << GLZ_KEY_BITS], marks[1 << GLZ_MARK_BITS];
};

static inline struct glz_segment *glz_segment(const struct glz_dict *d, uint32_t number)
{
	return &d->segments[number & (d->room - 1)];
}

/* Makes room for a picture of less than `size` pixels, and its segments; returns the number of the first one. The id is
 * next_id, which moves on. Pixels are not there yet. */
uint32_t glz_dict_enter(struct glz_dict *d, enum lz_type type, uint32_t width, uint32_t height);

/* The segment of a live picture that holds ring[at], or NULL. */
const struct glz_segment *glz_dict_find(const struct glz_dict *d, uint32_t at);

/* The segment of the same picture that begins where this one ends, or NULL. */
static inline const struct glz_segment *glz_dict_after(const struct glz_dict *d, const struct glz_segment *s)
{
	const struct glz_segment *after = s - d->segments + 1 == d->room ? d->segments : s + 1;

	return after->id == s->id && after->first == s->first + s->n ? after : NULL;
}

/* The first segment of the picture that this one is of. */
static inline const struct glz_segment *glz_dict_first(const struct glz_dict *d, const struct glz_segment *s)
{
	return !s->first ? s : s == d->segments ? s + d->room - 1 : s - 1;
}

/* The first segment of the picture of this size that came last before segment `number`, among a few; or NULL. */
const struct glz_segment *glz_dict_alike(const struct glz_dict *d, uint32_t number);

#endif
