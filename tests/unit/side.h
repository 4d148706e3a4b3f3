/* An owner of a pump for tests. Included after cmocka.h. */
#ifndef UNIT_SIDE_H
#define UNIT_SIDE_H

#include <unistd.h>

#include "base/buf.h"
#include "net/pump.h"

/* An owner that sends `out` in slices of `piece` and keeps what it gets. */
struct side {
	struct pump *pump;
	struct buf in, out;
	size_t piece;
	size_t stop_at; /* closes itself at so many bytes in */
	int fail;	/* what input returns at stop_at instead */
	bool pause;	/* pauses at the first input */
	bool flush;	/* how it closes */
	int closed;	/* what `closed` said */
	unsigned inputs;
	int late; /* the peer's descriptor, to be written to once from within output */
	size_t refill; /* kicks itself and puts so many bytes when output has nothing left */
};

static inline int side_input(void *owner, const uint8_t *p, size_t n)
{
	struct side *s = owner;

	assert_true(n > 0 && n <= 64 << 10);
	s->inputs++;
	buf_put(&s->in, p, n);
	if (s->pause)
		pump_pause(s->pump, true);
	if (s->stop_at && buf_len(&s->in) >= s->stop_at) {
		if (s->fail)
			return s->fail;
		pump_close(s->pump, s->flush);
		s->pump = NULL;
	}
	return 0;
}

static inline int side_output(void *owner, struct slice *out)
{
	struct side *s = owner;

	if (s->late) /* bytes come between reading and writing */
		assert_int_equal(write(s->late, "REDQ", 4), 4);
	s->late = 0;
	if (s->refill && buf_len(&s->out) == 0) { /* as one who queues, tells of it, and gives later */
		uint8_t *p = buf_reserve(&s->out, s->refill);

		memset(p, 'r', s->refill);
		buf_commit(&s->out, s->refill);
		s->refill = 0;
		pump_kick(s->pump);
		*out = (struct slice){0};
		return 0;
	}
	*out = buf_slice(&s->out);
	if (s->piece && out->n > s->piece)
		out->n = s->piece;
	return 0;
}

static inline void side_sent(void *owner, size_t n)
{
	buf_skip(&((struct side *)owner)->out, n);
}

static inline void side_closed(void *owner, int err)
{
	struct side *s = owner;

	s->closed = err;
	s->pump = NULL;
}

static const struct pump_ops side_ops = {side_input, side_output, side_sent, side_closed};

#endif
