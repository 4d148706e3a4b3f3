/* A YUV4MPEG2 film as its bytes come: each frame when it is due. A frame header that is none ends it. */
#include "cmd/source-y4m.h"

#include <stdlib.h>

#include "base/err.h"

enum { HEAD_MAX = 4096 };

struct y4m {
	uv_loop_t *loop;
	const struct y4m_ops *ops;
	void *owner;
	struct input *input;
	struct buf bytes; /* come, not understood yet */
	struct y4m_format format;
	bool known, no_more, over;
	uint32_t *frame;
	uv_timer_t *timer;
	bool waiting; /* for the time of the next frame */
	uint64_t start, number;
};

static void step(struct y4m *s);

static void finish(struct y4m *s, const char *why)
{
	if (s->over)
		return;
	s->over = true;
	input_pause(s->input, true);
	s->ops->end(s->owner, why);
}

/* A line of at most HEAD_MAX bytes at the front: its length without the line feed, -1 when it is
 * not there yet. */
static ssize_t line_at(struct y4m *s)
{
	struct slice b = buf_slice(&s->bytes);
	const uint8_t *end = b.n ? memchr(b.p, '\n', b.n < HEAD_MAX ? b.n : HEAD_MAX) : NULL;

	if (end)
		return end - b.p;
	if (b.n >= HEAD_MAX)
		finish(s, "a header line without end");
	return -1;
}

/* The stream's header; false when there is more to wait for. */
static bool header(struct y4m *s)
{
	ssize_t n = line_at(s);
	const char *why;
	size_t pixels;
	int rc;

	if (n < 0)
		return false;
	if ((why = y4m_header(slice_of(buf_data(&s->bytes), (size_t)n), &s->format)) != NULL) {
		finish(s, why);
		return false;
	}
	buf_skip(&s->bytes, (size_t)n + 1);
	pixels = (size_t)s->format.width * s->format.height;
	s->frame = xcalloc(pixels, 4);
	s->known = true;
	if ((rc = s->ops->size(s->owner, s->format.width, s->format.height)) != 0)
		finish(s, err_str(rc));
	return !rc;
}

/* A frame; false when it is not complete yet. */
static bool frame(struct y4m *s)
{
	ssize_t n = line_at(s);
	const uint8_t *head = buf_data(&s->bytes);

	if (n < 0)
		return false;
	if (n < 5 || memcmp(head, "FRAME", 5) != 0 || (n > 5 && head[5] != ' ')) {
		finish(s, "no FRAME where one should begin");
		return false;
	}
	if (buf_len(&s->bytes) < (size_t)n + 1 + s->format.bytes)
		return false;
	y4m_frame(&s->format, head + n + 1, s->frame);
	buf_skip(&s->bytes, (size_t)n + 1 + s->format.bytes);
	s->ops->frame(s->owner, s->frame);
	return true;
}

static void on_time(uv_timer_t *t)
{
	struct y4m *s = t->data;

	s->waiting = false;
	step(s);
}

/* Waits for the next frame's time. When we are more than a second late the pace begins anew. */
static void pace(struct y4m *s)
{
	uint64_t now, due;

	uv_update_time(s->loop);
	now = uv_now(s->loop);
	if (!s->number)
		s->start = now;
	s->number++;
	due = s->start + 1000 * s->number * s->format.rate_den / s->format.rate_num;
	if (due + 1000 < now)
		s->number = 0;
	s->waiting = true;
	uv_timer_start(s->timer, on_time, due > now ? due - now : 0, 0);
}

/* Whatever can be done with the bytes that are here; holds the writer back when a frame waits already. */
static void step(struct y4m *s)
{
	if (!s->known && !s->over)
		header(s);
	if (s->known && !s->over && !s->waiting && frame(s))
		pace(s);
	if (s->no_more && !s->waiting)
		finish(s, s->known ? NULL : "no YUV4MPEG2 header");
	if (!s->over)
		input_pause(s->input, s->known && buf_len(&s->bytes) > s->format.bytes + HEAD_MAX);
}

static void on_data(void *owner, const uint8_t *p, size_t n)
{
	struct y4m *s = owner;

	if (s->over)
		return;
	buf_put(&s->bytes, p, n);
	step(s);
}

static void on_end(void *owner, int err)
{
	struct y4m *s = owner;

	(void)err;
	s->no_more = true;
	step(s);
}

struct y4m *y4m_new(uv_loop_t *loop, const char *file, const struct y4m_ops *ops, void *owner, int *err)
{
	static const struct input_ops input_ops = {.data = on_data, .end = on_end};
	struct y4m *s = new(struct y4m);

	s->loop = loop;
	s->ops = ops;
	s->owner = owner;
	s->timer = source_timer(loop, s);
	s->input = input_new(loop, file, &input_ops, s, err);
	if (s->input)
		return s;
	y4m_free(s);
	return NULL;
}

void y4m_free(struct y4m *s)
{
	if (!s)
		return;
	input_free(s->input);
	source_handle_free(s->timer);
	buf_fini(&s->bytes);
	free(s->frame);
	free(s);
}
