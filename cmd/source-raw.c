/* --raw WxH[@FPS] and --y4m: video on stdin. Bytes are gathered into frames; with a rate, frames wait for their time and
 * the newest one wins when we are behind; without one, the pipe's writer sets the pace. */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/source.h"

enum { MAX_FPS = 1000, HEADER_MAX = 4096 };

/* How the bytes of a stream become pixels. */
struct layout {
	size_t frame_bytes;
	unsigned cw, ch;      /* chroma planes; 0: packed BGRx */
	unsigned sx, sy;      /* luma samples a chroma sample, across and down */
};

struct video {
	const struct source_env *env;
	struct input *in;
	struct layout layout;
	unsigned width, height;
	bool y4m, have_header, in_frame, shown, ended;
	struct buf bytes;        /* of the header or the frame being gathered */
	uint32_t *old, *next;    /* on the screen, and waiting for its time */
	bool waiting;
	uint64_t period_ns, began_ns, due;
	uv_timer_t *timer;
};

static void put_next(struct video *s)
{
	frame_put(s->env->device, s->old, s->next, s->width, s->height, !s->shown);
	s->shown = true;
	s->waiting = false;
}

static void on_timer(uv_timer_t *t)
{
	struct video *s = t->data;

	if (s->waiting)
		put_next(s);
	input_pause(s->in, false);
}

/* A frame is complete in `next`: shown at once, or when its time has come. */
static void frame_done(struct video *s)
{
	uint64_t now = uv_hrtime(), at;

	s->waiting = true;
	if (!s->period_ns) {
		put_next(s);
		return;
	}
	if (!s->began_ns)
		s->began_ns = now;
	at = s->began_ns + s->due++ * s->period_ns;
	if (at <= now) {
		put_next(s);
		return;
	}
	input_pause(s->in, true);
	uv_timer_start(s->timer, on_timer, (at - now) / 1000000 + 1, 0);
}

/* ---- pixels ---- */

static uint8_t clamp(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* BT.601, limited range, in 1/256. */
static uint32_t pixel_of(int y, int u, int v)
{
	int c = 298 * (y - 16) + 128, d = u - 128, e = v - 128;

	return clamp((c + 516 * d) >> 8) | (uint32_t)clamp((c - 100 * d - 208 * e) >> 8) << 8 |
	       (uint32_t)clamp((c + 409 * e) >> 8) << 16;
}

static void convert(struct video *s, const uint8_t *data)
{
	const struct layout *l = &s->layout;
	const uint8_t *u = data + (size_t)s->width * s->height, *v = u + (size_t)l->cw * l->ch;

	if (!s->y4m) {
		memcpy(s->next, data, l->frame_bytes);
		return;
	}
	for (unsigned y = 0; y < s->height; y++) {
		for (unsigned x = 0; x < s->width; x++) {
			size_t c = l->cw ? (size_t)(y / l->sy) * l->cw + x / l->sx : 0;

			s->next[(size_t)y * s->width + x] = pixel_of(data[(size_t)y * s->width + x],
				l->cw ? u[c] : 128, l->cw ? v[c] : 128);
		}
	}
}

/* ---- the YUV4MPEG2 header ---- */

static int fault(struct video *s, const char *why)
{
	log_error("stdin: %s", why);
	s->ended = true;
	s->env->stop(s->env->owner, E_INVAL);
	return E_INVAL;
}

static const struct {
	const char *name;
	unsigned sx, sy;
} samplings[] = {{"420jpeg", 2, 2}, {"420mpeg2", 2, 2}, {"420paldv", 2, 2}, {"420", 2, 2}, {"422", 2, 1}, {"444", 1, 1},
	{"mono", 0, 0}};

static bool set_sampling(struct layout *l, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(samplings); i++) {
		if (strcmp(samplings[i].name, name) == 0) {
			l->sx = samplings[i].sx;
			l->sy = samplings[i].sy;
			return true;
		}
	}
	return false;
}

static bool set_rate(struct video *s, const char *text)
{
	char *end;
	unsigned long long num = strtoull(text, &end, 10), den = *end == ':' ? strtoull(end + 1, NULL, 10) : 0;

	if (!num || !den || num > 1000000000 || den > 1000000000)
		return false;
	s->period_ns = 1000000000ull * den / num;
	return true;
}

static int begin(struct video *s)
{
	struct layout *l = &s->layout;
	size_t pixels = (size_t)s->width * s->height;
	int rc;

	if (s->y4m && l->sx) {
		l->cw = (s->width + l->sx - 1) / l->sx;
		l->ch = (s->height + l->sy - 1) / l->sy;
	}
	l->frame_bytes = s->y4m ? pixels + 2 * (size_t)l->cw * l->ch : 4 * pixels;
	s->old = xcalloc(pixels, 4);
	s->next = xcalloc(pixels, 4);
	rc = device_resize(s->env->device, s->width, s->height);
	if (rc)
		log_error("%ux%u: too large a screen", s->width, s->height);
	return rc;
}

static int parse_header(struct video *s, char *line)
{
	char *save = NULL, *word = strtok_r(line, " ", &save);
	bool ok = word && strcmp(word, "YUV4MPEG2") == 0;

	s->layout.sx = s->layout.sy = 2;
	while (ok && (word = strtok_r(NULL, " ", &save))) {
		long long n;

		if (*word == 'W' || *word == 'H') {
			ok = text_number(word + 1, 1, LIM_IMAGE_SIDE, &n) == 0;
			if (ok)
				*(*word == 'W' ? &s->width : &s->height) = (unsigned)n;
		} else if (*word == 'F') {
			ok = set_rate(s, word + 1);
		} else if (*word == 'C') {
			ok = set_sampling(&s->layout, word + 1);
		}
	}
	if (!ok || !s->width || !s->height || (uint64_t)s->width * s->height > LIM_IMAGE_PIXELS)
		return fault(s, "no YUV4MPEG2 header that is understood (8-bit 420, 422, 444 or mono)");
	s->have_header = true;
	return begin(s);
}

/* A line of the stream, the header or a FRAME, as far as `bytes` has it; 0 when it is not whole. */
static int take_line(struct video *s)
{
	struct slice b = buf_slice(&s->bytes);
	const uint8_t *nl = b.n ? memchr(b.p, '\n', b.n) : NULL;
	char line[HEADER_MAX + 1];
	size_t n;

	if (!nl)
		return b.n > HEADER_MAX ? fault(s, "a line that does not end") : E_AGAIN;
	n = (size_t)(nl - b.p);
	if (n > HEADER_MAX)
		return fault(s, "a line that does not end");
	memcpy(line, b.p, n);
	line[n] = 0;
	buf_skip(&s->bytes, n + 1);
	if (!s->have_header)
		return parse_header(s, line);
	if (strncmp(line, "FRAME", 5) != 0)
		return fault(s, "no frame where one should begin");
	s->in_frame = true;
	return 0;
}

static void data(void *owner, const uint8_t *p, size_t n)
{
	struct video *s = owner;
	int rc = 0;

	if (s->ended)
		return;
	buf_put(&s->bytes, p, n);
	while (!rc && !s->ended) {
		if (s->y4m && !s->in_frame) {
			rc = take_line(s);
			continue;
		}
		if (buf_len(&s->bytes) < s->layout.frame_bytes)
			return;
		convert(s, buf_data(&s->bytes));
		buf_skip(&s->bytes, s->layout.frame_bytes);
		s->in_frame = false;
		frame_done(s);
	}
}

/* The last frame stays. */
static void end(void *owner, int err)
{
	struct video *s = owner;

	if (err && !s->ended)
		s->env->stop(s->env->owner, err);
	else if (s->y4m && !s->have_header && !s->ended)
		fault(s, "no YUV4MPEG2 header");
	s->ended = true;
}

static const struct input_ops input_ops = {data, end};

static void video_free(void *source)
{
	struct video *s = source;

	input_free(s->in);
	source_handle_free(s->timer);
	buf_fini(&s->bytes);
	free(s->old);
	free(s->next);
	free(s);
}

static int video_start(struct video *s, void **source)
{
	int err = 0;

	s->timer = source_timer(s->env->loop, s);
	s->in = input_new(s->env->loop, "-", &input_ops, s, &err);
	if (!s->in) {
		video_free(s);
		return err;
	}
	*source = s;
	return 0;
}

/* "640x480" or "640x480@25". */
static int parse_raw(struct video *s, const char *text)
{
	char size[32];
	size_t n = strcspn(text, "@");
	long long fps = 0;

	if (n >= sizeof(size))
		return E_USAGE;
	memcpy(size, text, n);
	size[n] = 0;
	if (text_geometry(size, LIM_IMAGE_SIDE, &s->width, &s->height) ||
		(uint64_t)s->width * s->height > LIM_IMAGE_PIXELS ||
		(text[n] && text_number(text + n + 1, 1, MAX_FPS, &fps)))
		return E_USAGE;
	if (fps)
		s->period_ns = 1000000000ull / (uint64_t)fps;
	return 0;
}

static int raw_open(const struct source_env *env, void **source)
{
	struct video *s = new(struct video);
	int rc;

	s->env = env;
	if ((rc = parse_raw(s, env->argument))) {
		log_error("--raw: '%s' is not WxH or WxH@FPS", env->argument);
		free(s);
		return rc;
	}
	if ((rc = begin(s))) {
		video_free(s);
		return rc;
	}
	return video_start(s, source);
}

static int y4m_open(const struct source_env *env, void **source)
{
	struct video *s = new(struct video);

	s->env = env;
	s->y4m = true;
	device_resize(env->device, env->width ? env->width : SOURCE_WIDTH, env->width ? env->height : SOURCE_HEIGHT);
	return video_start(s, source);
}

const struct source_ops source_raw = {
	.name = "raw", .stdin_too = true, .stdin_always = true, .open = raw_open, .free = video_free};
const struct source_ops source_y4m = {
	.name = "y4m", .stdin_too = true, .stdin_always = true, .open = y4m_open, .free = video_free};
