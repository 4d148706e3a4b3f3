/* --image: pictures, a page each. All are read before anything is served, so that a bad one is said at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "cmd/source.h"
#include "codec/picture.h"

enum { FILE_MAX = 256 << 20 };

struct pages {
	const struct source_env *env;
	struct picture *list;
	unsigned n, at;
	uv_timer_t *timer;
};

static int read_file(const char *name, struct buf *out)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = -1;

	while (fd >= 0 && buf_len(out) <= FILE_MAX && (n = read(fd, buf_reserve(out, 1 << 20), 1 << 20)) > 0)
		buf_commit(out, (size_t)n);
	if (fd < 0 || n)
		log_error("%s: %s", name, n > 0 ? "too large" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return fd >= 0 && n == 0 ? 0 : E_NOFILE;
}

int source_picture(const char *name, struct picture *p)
{
	struct buf file = {0};
	int rc = read_file(name, &file);

	if (!rc && (rc = picture_read(p, buf_slice(&file))))
		log_error("%s: %s", name, rc == E_LIMIT ? "too large a picture" : "no PNG, JPEG or PPM picture");
	buf_fini(&file);
	return rc == E_LIMIT ? E_INVAL : rc;
}

/* The screen takes the page's size, unless --geometry says another: then the page stands in its middle. */
static void show(struct pages *s)
{
	const struct picture *p = &s->list[s->at];
	struct device *d = s->env->device;
	const struct pixmap *screen = canvas_surface(d->canvas, 0);
	unsigned w = s->env->width ? s->env->width : p->width, h = s->env->width ? s->env->height : p->height;

	if (!screen || screen->width != w || screen->height != h) {
		device_resize(d, w, h);
	} else if (p->width < w || p->height < h) {
		device_draw(d, S_DISPLAY_DRAW_BLACKNESS,
			&(struct draw_blackness){.base = {.box = {.right = (int)w, .bottom = (int)h}}});
	}
	device_put(d, 0, ((int)w - (int)p->width) / 2, ((int)h - (int)p->height) / 2, p->width, p->height, p->pixels,
		4 * (size_t)p->width);
}

static void turn(uv_timer_t *t)
{
	struct pages *s = t->data;

	s->at = (s->at + 1) % s->n;
	show(s);
}

static void image_free(void *source)
{
	struct pages *s = source;

	source_handle_free(s->timer);
	for (unsigned i = 0; i < s->n; i++)
		picture_fini(&s->list[i]);
	free(s->list);
	free(s);
}

static int image_open(const struct source_env *env, void **source)
{
	struct pages *s = new(struct pages);
	int rc = 0;

	s->env = env;
	for (unsigned i = 0; env->words[i] && !rc; i++) {
		s->list = xrealloc(s->list, i + 1, sizeof(*s->list));
		rc = source_picture(env->words[i], &s->list[i]);
		s->n += !rc;
	}
	if (rc) {
		image_free(s);
		return rc;
	}
	show(s);
	if (s->n > 1) {
		s->timer = source_timer(env->loop, s);
		uv_timer_start(s->timer, turn, (uint64_t)env->delay_ms, (uint64_t)env->delay_ms);
	}
	*source = s;
	return 0;
}

const struct source_ops source_image = {.name = "image", .open = image_open, .free = image_free};
