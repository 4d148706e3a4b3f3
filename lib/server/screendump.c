/* The command screendump: pixels as they are now, made a picture file and written by the pool. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "server/control-private.h"

struct screendump {
	uv_work_t work;
	struct pixmap *pixels;
	enum picture_format format;
	char *file;
	int why; /* errno */
	void (*done)(void *owner, const char *file, int why); /* NULL: nobody waits any more */
	void *owner;
};

/* Written in place: it may be a device. A fifo that nobody reads is ENXIO, and does not hold the pool up. */
static int write_file(const char *file, struct slice picture)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	int why = fd < 0 ? errno : file_write_fd(fd, picture);

	if (fd >= 0 && close(fd) && !why)
		why = errno;
	return why;
}

static void job(uv_work_t *w)
{
	struct screendump *s = w->data;
	struct pixmap *p = s->pixels;
	struct buf picture = {0};

	if (picture_write(s->format, p->data, p->width, p->height, (size_t)p->stride, &picture))
		s->why = EIO;
	else
		s->why = write_file(s->file, buf_slice(&picture));
	buf_fini(&picture);
}

static void job_done(uv_work_t *w, int status)
{
	struct screendump *s = w->data;

	(void)status;
	if (s->done)
		s->done(s->owner, s->file, s->why);
	pixmap_unref(s->pixels);
	free(s->file);
	free(s);
}

/* The screen is 32_xRGB (device_resize). */
static struct pixmap *copy_of(const struct pixmap *p, const struct rect *part)
{
	unsigned width = (unsigned)(part->right - part->left), height = (unsigned)(part->bottom - part->top);
	struct pixmap *q = pixmap_raw(p->format, width, height);

	for (unsigned y = 0; y < height; y++) {
		const uint8_t *row = p->data + ((size_t)part->top + y) * (size_t)p->stride;

		memcpy(q->data + y * (size_t)q->stride, row + 4 * (size_t)part->left, 4 * (size_t)width);
	}
	return q;
}

struct screendump *screendump_new(uv_loop_t *loop, struct device *d, const struct rect *part, const char *file,
	enum picture_format format, void (*done)(void *owner, const char *file, int why), void *owner)
{
	struct screendump *s = new(struct screendump);

	s->pixels = copy_of(device_surface(d, 0), part);
	s->format = format;
	s->file = xstrdup(file);
	s->done = done;
	s->owner = owner;
	s->work.data = s;
	uv_queue_work(loop, &s->work, job, job_done);
	return s;
}

void screendump_forget(struct screendump *s)
{
	if (s)
		s->done = NULL;
}
