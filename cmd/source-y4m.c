/* YUV4MPEG2 on stdin: 8 bits, 4:2:0, 4:2:2, 4:4:4 or grey, shown at the pace of its header. Colours
 * are BT.601 in limited range, what ffmpeg and mjpegtools write unless told otherwise. A header
 * that can't be shown ends the command with 65; a frame header that is none ends the film, and the
 * last picture stays. */
#include "cmd/source-y4m.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "server/repaint.h"

struct screen {
	const struct source_env *env;
	struct y4m *film;
	struct rect all;
	struct repaint *repaint;
	bool any;
};

static int size(void *owner, unsigned width, unsigned height)
{
	struct screen *s = owner;
	int rc = source_resize(s->env, width, height);

	if (!rc)
		s->repaint = repaint_new(s->env->device);
	s->all = (struct rect){.right = (int)width, .bottom = (int)height};
	return rc;
}

static void frame(void *owner, const uint32_t *pixels)
{
	struct screen *s = owner;
	int rc = repaint(s->repaint, 0, &s->all, &(struct repaint_pixels){.p = (const uint8_t *)pixels,
		.stride = 4 * (size_t)s->all.right});

	if (rc)
		log_error("stdin: a frame can't be drawn: %s", err_str(rc));
	s->any = true;
}

static void end(void *owner, const char *why)
{
	struct screen *s = owner;

	if (why)
		log_error("stdin: %s", why);
	if (why && !s->any)
		s->env->stop(s->env->owner, E_INVAL);
}

static void screen_free(void *source)
{
	struct screen *s = source;

	y4m_free(s->film);
	repaint_free(s->repaint);
	free(s);
}

static int screen_open(const struct source_env *env, void **source)
{
	static const struct y4m_ops ops = {size, frame, end};
	struct screen *s = new(struct screen);
	int rc = 0;

	s->env = env;
	if (env->width) {
		log_error("--y4m says the size: --geometry does not go with it");
		rc = E_USAGE;
	} else {
		s->film = y4m_new(env->loop, "-", &ops, s, &rc);
	}
	if (rc) {
		screen_free(s);
		return rc;
	}
	*source = s;
	return 0;
}

const struct source_ops source_y4m = {
	.name = "y4m",
	.reads_stdin = true,
	.open = screen_open,
	.free = screen_free,
};
