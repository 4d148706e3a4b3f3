/* Raw BGRx frames on stdin ("WxH" or "WxH@FPS"), as `ffmpeg -f rawvideo -pix_fmt bgr0 -` writes them. Without FPS each
 * frame is shown when it is complete, and the writer sets the pace; with FPS frames are shown at that pace: a writer
 * that is faster waits, and of frames that are late and come in a heap only the newest is shown. */
#include "cmd/source.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "server/repaint.h"

struct raw {
	const struct source_env *env;
	unsigned width, height;
	double fps; /* 0: no pace */
	struct input *input;
	uint8_t *frame; /* the input reads into it; */
	size_t size, fill; /* all of it: the frame waits for its time */
	struct repaint *repaint;
	bool any; /* a frame was shown */
	uv_timer_t *timer;
	uint64_t start;  /* of the pace, ms */
	uint64_t number; /* frames since then */
	uint64_t last;   /* when a frame was shown */
	bool passed;     /* the frame was passed over; it is still there */
};

static void show(struct raw *s)
{
	const struct rect all = {.right = (int)s->width, .bottom = (int)s->height};
	int rc = repaint(s->repaint, 0, &all, &(struct repaint_pixels){.p = s->frame, .stride = 4 * (size_t)s->width});

	s->any = true;
	s->fill = 0;
	s->passed = false;
	s->last = uv_now(s->env->loop);
	if (rc)
		log_error("stdin: a frame can't be drawn: %s", err_str(rc));
}

static uint64_t due(const struct raw *s, uint64_t number)
{
	return s->start + (uint64_t)(1000.0 * (double)number / s->fps);
}

static void on_time(uv_timer_t *t)
{
	struct raw *s = t->data;

	show(s);
	input_pause(s->input, false);
}

/* Nothing came after the frame that was passed over. */
static void on_quiet(uv_timer_t *t)
{
	struct raw *s = t->data;

	if (s->passed)
		show(s);
}

/* A frame is complete: show it now, hold it until its time, or pass it over: when the next one is due as well, and the
 * last one was shown only just now. A writer that fell behind and keeps the pace since then is late with each frame,
 * and seen. */
static void paced(struct raw *s)
{
	uint64_t now, half = (uint64_t)(500.0 / s->fps);

	uv_update_time(s->env->loop);
	now = uv_now(s->env->loop);
	if (!s->number)
		s->start = now;
	s->number++;
	if (due(s, s->number) + 1000 < now) { /* the writer has paused: the pace begins anew */
		show(s);
		s->number = 0;
	} else if (due(s, s->number) <= now && s->any && now - s->last < half) {
		s->fill = 0;
		s->passed = true;
		uv_timer_start(s->timer, on_quiet, half, 0);
	} else if (due(s, s->number - 1) <= now) {
		show(s);
	} else {
		input_pause(s->input, true);
		uv_timer_start(s->timer, on_time, due(s, s->number - 1) - now, 0);
	}
}

static uint8_t *room(void *owner, size_t *n)
{
	struct raw *s = owner;

	*n = s->size - s->fill;
	return s->frame + s->fill;
}

static void on_data(void *owner, const uint8_t *p, size_t n)
{
	struct raw *s = owner;

	(void)p; /* where it belongs */
	s->passed = false;
	s->fill += n;
	if (s->fill < s->size)
		return;
	if (s->fps > 0)
		paced(s);
	else
		show(s);
}

static void on_end(void *owner, int err)
{
	struct raw *s = owner;

	(void)err;
	if (s->passed)
		show(s);
	if (s->fill && s->fill < s->size)
		log_warn("stdin: the last frame has %zu bytes of %zu", s->fill, s->size);
	log_info("stdin: the end; the last picture stays");
}

static const struct input_ops input_ops = {.room = room, .data = on_data, .end = on_end};

static int parse(struct raw *s, const char *text)
{
	const char *at = strchr(text, '@');
	char *size = xstrndup(text, at ? (size_t)(at - text) : strlen(text)), *end = NULL;
	int rc = text_geometry(size, LIM_IMAGE_SIDE, &s->width, &s->height);

	free(size);
	if (!rc && at) {
		s->fps = strtod(at + 1, &end);
		if (end == at + 1 || *end || !(s->fps >= 0.01 && s->fps <= 1000))
			rc = E_INVAL;
	}
	if (rc || (uint64_t)s->width * s->height > LIM_IMAGE_PIXELS) {
		log_error("--raw: '%.40s' is not WxH or WxH@FPS", text);
		return E_USAGE;
	}
	return 0;
}

static void raw_free(void *source)
{
	struct raw *s = source;

	input_free(s->input);
	source_handle_free(s->timer);
	free(s->frame);
	repaint_free(s->repaint);
	free(s);
}

static int raw_open(const struct source_env *env, void **source)
{
	struct raw *s = new(struct raw);
	int rc = parse(s, env->argument);

	s->env = env;
	if (!rc && env->width) {
		log_error("--raw says the size: --geometry does not go with it");
		rc = E_USAGE;
	}
	if (!rc)
		rc = source_screen(env, s->width, s->height);
	if (!rc) {
		s->size = 4 * (size_t)s->width * s->height;
		s->frame = xmalloc(s->size);
		s->repaint = repaint_new(env->device);
		s->timer = source_timer(env->loop, s);
		s->input = input_new(env->loop, "-", &input_ops, s, &rc);
	}
	if (rc) {
		raw_free(s);
		return rc;
	}
	*source = s;
	return 0;
}

const struct source_ops source_raw = {
	.name = "raw",
	.reads_stdin = true,
	.open = raw_open,
	.free = raw_free,
};
