/* YUV4MPEG2 on stdin: 8 bits, 4:2:0, 4:2:2, 4:4:4 or grey, shown at the pace of its header. Colours
 * are BT.601 in limited range, what ffmpeg and mjpegtools write unless told otherwise. A header
 * that can't be shown ends the command with 65; a frame header that is none ends the film, and the
 * last picture stays. */
#include "cmd/source-y4m.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "server/repaint.h"

enum { HEAD_MAX = 4096 };

struct y4m {
	const struct source_env *env;
	struct input *input;
	struct buf bytes; /* come, not understood yet */
	struct y4m_format format;
	bool known, ended, broken;
	uint32_t *frame;
	struct repaint *repaint;
	bool any;
	uv_timer_t *timer;
	bool waiting; /* for the time of the next frame */
	uint64_t start, number;
};

static void step(struct y4m *s);

static void broken(struct y4m *s, const char *why)
{
	log_error("stdin: %s", why);
	s->broken = true;
	input_pause(s->input, true);
	if (!s->any)
		s->env->stop(s->env->owner, E_INVAL);
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
		broken(s, "a header line without end");
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
		broken(s, why);
		return false;
	}
	buf_skip(&s->bytes, (size_t)n + 1);
	pixels = (size_t)s->format.width * s->format.height;
	s->frame = xcalloc(pixels, 4);
	s->known = true;
	if ((rc = source_resize(s->env, s->format.width, s->format.height)) != 0)
		broken(s, err_str(rc));
	s->repaint = repaint_new(s->env->device);
	return !rc;
}

/* A frame; false when it is not complete yet. */
static bool frame(struct y4m *s)
{
	ssize_t n = line_at(s);
	const uint8_t *head = buf_data(&s->bytes);
	int rc;

	if (n < 0)
		return false;
	if (n < 5 || memcmp(head, "FRAME", 5) != 0 || (n > 5 && head[5] != ' ')) {
		broken(s, "no FRAME where one should begin");
		return false;
	}
	if (buf_len(&s->bytes) < (size_t)n + 1 + s->format.bytes)
		return false;
	y4m_frame(&s->format, head + n + 1, s->frame);
	buf_skip(&s->bytes, (size_t)n + 1 + s->format.bytes);
	rc = repaint(s->repaint, 0, &(struct rect){.right = (int)s->format.width, .bottom = (int)s->format.height},
		&(struct repaint_pixels){.p = (const uint8_t *)s->frame, .stride = 4 * (size_t)s->format.width});
	if (rc)
		log_error("stdin: a frame can't be drawn: %s", err_str(rc));
	s->any = true;
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

	uv_update_time(s->env->loop);
	now = uv_now(s->env->loop);
	if (!s->number)
		s->start = now;
	s->number++;
	due = s->start + 1000 * s->number * s->format.rate_den / s->format.rate_num;
	if (due + 1000 < now)
		s->number = 0;
	s->waiting = true;
	uv_timer_start(s->timer, on_time, due > now ? due - now : 0, 0);
}

/* Whatever can be done with the bytes that are here; holds the writer back when a frame waits
 * already. */
static void step(struct y4m *s)
{
	if (!s->known && !s->broken)
		header(s);
	if (s->known && !s->broken && !s->waiting && frame(s))
		pace(s);
	if (!s->broken)
		input_pause(s->input, s->known && buf_len(&s->bytes) > s->format.bytes + HEAD_MAX);
}

static void on_data(void *owner, const uint8_t *p, size_t n)
{
	struct y4m *s = owner;

	if (s->broken)
		return;
	buf_put(&s->bytes, p, n);
	step(s);
}

static void on_end(void *owner, int err)
{
	struct y4m *s = owner;

	(void)err;
	s->ended = true;
	if (!s->known && !s->broken)
		broken(s, "no YUV4MPEG2 header");
}

static const struct input_ops input_ops = {.data = on_data, .end = on_end};

static void film_free(void *source)
{
	struct y4m *s = source;

	input_free(s->input);
	source_handle_free(s->timer);
	buf_fini(&s->bytes);
	free(s->frame);
	repaint_free(s->repaint);
	free(s);
}

static int film_open(const struct source_env *env, void **source)
{
	struct y4m *s = new(struct y4m);
	int rc = 0;

	s->env = env;
	if (env->width) {
		log_error("--y4m says the size: --geometry does not go with it");
		rc = E_USAGE;
	} else {
		s->timer = source_timer(env->loop, s);
		s->input = input_new(env->loop, "-", &input_ops, s, &rc);
	}
	if (rc) {
		film_free(s);
		return rc;
	}
	*source = s;
	return 0;
}

const struct source_ops source_y4m = {
	.name = "y4m",
	.open = film_open,
	.free = film_free,
};
