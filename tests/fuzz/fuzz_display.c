/* Sequences on the display channel, F-6, F-16 and F-20: the ends of two displays and a cursor, which share the caches
 * of one session, hear what display.h makes of the input, without a socket (ends.h).
 *
 * The input is a script (display.h). A message may draw what it wants, wait for another channel, or end its own, whose
 * end then begins anew; it never touches the others, damage lies on the screen, memory stays bounded, and all of it is
 * given back. */
#include "tests/fuzz/display.h"
#include "tests/fuzz/ends.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

enum { STEPS = 48, TICK_MS = 60, SIDE_MAX = 256, MEMORY_MAX = 64 << 20 };

static struct sayer sayer; /* of the input in hand */

static void opened(struct client *c, unsigned end)
{
	(void)c;
	memset(sayer.alive[end], 0, sizeof(sayer.alive[end]));
	sayer.alive[end][0] = true;
}

/* ---- steps ---- */

/* Large surfaces and pictures have tests of their own, and cost the fuzzer its pace. */
static bool is_slow(unsigned number, const uint8_t *body, size_t n)
{
	if (number == S_DISPLAY_SURFACE_CREATE && n >= 12)
		return get_le32(body + 4) > SIDE_MAX || get_le32(body + 8) > SIDE_MAX;
	if (number == S_DISPLAY_MODE && n >= 8)
		return get_le32(body) > SIDE_MAX || get_le32(body + 4) > SIDE_MAX;
	return false;
}

/* The message of a step into b, whole with its header; the size in that is true. */
static const struct wire_msg *compose(const uint8_t *step, unsigned end, struct buf *b)
{
	const struct wire_msg *m = end == CURSOR
		? wire_msg_find(WIRE_CURSOR, WIRE_S, say_pointer[step[0] % ARRAY_SIZE(say_pointer)])
		: wire_msg_find(WIRE_DISPLAY, WIRE_S, say_display[step[0] % ARRAY_SIZE(say_display)]);

	buf_le16(b, m->number);
	buf_le32(b, 0);
	say(&sayer, m, end == CURSOR ? 0 : end, get_le32(step + 4), b);
	put_le32(buf_data(b) + 2, (uint32_t)buf_len(b) - 6);
	return m;
}

/* A step at p; how much of the input it took. */
static size_t one(struct client *c, const uint8_t *p, size_t n)
{
	unsigned how = p[1], end = (how & SAY_HOW_END) % ENDS, mutations = how / SAY_HOW_MUTATE;
	const struct wire_msg *m;
	struct buf b = {0};
	size_t used = SAY_STEP;

	if (how & SAY_HOW_TICK) {
		c->now += get_le16(p + 2) % TICK_MS;
		for (unsigned i = 0; i < DISPLAYS; i++)
			client_display_frames(c->ends[i]);
	}
	if (c->conns[end].chan.parked) /* it is not read from */
		return used;
	sayer.now = c->now;
	m = compose(p, end, &b);
	for (; mutations && n - used >= SAY_MUTATION; mutations--, used += SAY_MUTATION)
		if (buf_len(&b) > 6)
			buf_data(&b)[6 + get_le16(p + used) % (buf_len(&b) - 6)] ^= p[used + 2];
	/* one that is lost leaves a gap in the window */
	if (!(how & SAY_HOW_LOST) && !is_slow(m->number, buf_data(&b) + 6, buf_len(&b) - 6))
		feed(c, end, buf_data(&b), buf_len(&b), how & SAY_HOW_CUT);
	buf_fini(&b);
	resume(c);
	if (__sanitizer_get_current_allocated_bytes && __sanitizer_get_current_allocated_bytes() > MEMORY_MAX)
		abort();
	return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct client *c;

	sayer = (struct sayer){0};
	c = session_new(opened);
	for (unsigned steps = 0; n >= SAY_STEP && steps < STEPS; steps++) {
		size_t used = one(c, p, n);

		p += used;
		n -= used;
	}
	session_free(c);
	sayer_fini(&sayer);
	return 0;
}
