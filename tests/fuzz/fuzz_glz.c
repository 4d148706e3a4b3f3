/* F-11: sequences of at most 16 GLZ pictures in one window. The decoder says what the plain one says: the same
 * refusals, the same missing picture, the same pixels, and refers to nothing but pictures that are there.
 * A picture of the input is a byte of flags (type, orientation, whether its id is the next one, one that is left out
 * before it, or the first one that was left out; or whether a whole stream with its header follows), a byte each for
 * width, height and head distance, two for the length of what follows, and that. */
#include <stdlib.h>

#include "tests/unit/plain-glz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PICTURES = 16, WINDOW = 1 << 18, WHOLE = 8, LEFT_OUT = 16, CAUGHT_UP = 32 };

struct state {
	struct glz_window *w;
	struct plain_window plain;
	uint64_t next; /* the largest id so far, and one more */
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* False when the window is full: there the plain one, which has no limit, goes another way. */
static bool decode(struct state *s, struct slice in)
{
	uint64_t missing = UINT64_MAX, plain_missing = UINT64_MAX;
	const uint32_t *pixels, *want;
	struct glz_info info;
	uint8_t *rows;
	int rc;

	if (glz_header(in, &info) || (uint64_t)info.width * info.height > WINDOW)
		return true;
	rc = glz_decode(s->w, in, &info, &pixels, &missing);
	if (rc == E_LIMIT)
		return false;
	check(rc == plain_decode(&s->plain, in, &info, &want, &plain_missing) && missing == plain_missing);
	if (rc == E_AGAIN)
		check(missing < info.id && !glz_window_has(s->w, missing));
	if (rc)
		return true;
	check(memcmp(pixels, want, 4 * (size_t)info.width * info.height) == 0);
	check(glz_window_has(s->w, info.id) && glz_window_next(s->w) == s->plain.next);
	rows = malloc(4 * (size_t)info.width * info.height);
	glz_pixels(&info, pixels, rows, 4 * (ptrdiff_t)info.width);
	free(rows);
	return true;
}

static uint64_t id_of(struct state *s, unsigned flags)
{
	if (flags & CAUGHT_UP && s->plain.next < s->next)
		return s->plain.next;
	if (flags & LEFT_OUT)
		s->next++;
	return s->next++;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct state s = {.w = glz_window_new(WINDOW)};

	for (unsigned i = 0; i < PICTURES && n > 6; i++) {
		unsigned flags = p[0];
		size_t len = get_le16(p + 4) < n - 6 ? get_le16(p + 4) : n - 6, head = flags & WHOLE ? 0 : GLZ_HEADER;
		uint8_t *made = malloc(head + len); /* exact, so that a sanitizer sees one byte too far */
		bool more;

		if (head) {
			enum lz_type type = LZ_RGB16 + (flags & 3);
			uint64_t id = id_of(&s, flags);

			put_be32(made, 0x20205a4c);
			put_be32(made + 4, 0x00010001);
			made[8] = (uint8_t)(type | (flags & 4) << 2);
			put_be32(made + 9, 1 + (uint32_t)p[1]);
			put_be32(made + 13, 1 + (uint32_t)p[2]);
			put_be32(made + 17, lz_stride(type, 1 + (uint32_t)p[1]));
			put_be64(made + 21, id);
			put_be32(made + 29, p[3] < id ? p[3] : (uint32_t)id);
		}
		memcpy(made + head, p + 6, len);
		more = decode(&s, slice_of(made, head + len));
		free(made);
		if (!more)
			break;
		p += 6 + len;
		n -= 6 + len;
	}
	glz_window_free(s.w);
	plain_fini(&s.plain);
	return 0;
}
