/* `video` of the drawing script: y4m films that play beside what the script goes on to do, each frame a COPY onto the
 * surface and under the clip that counted when it began. */
#include "cmd/source-script.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "cmd/source-y4m.h"

struct script_film {
	struct list link;
	struct device *device;
	struct y4m *y4m;
	char *name;
	uint32_t surface;
	struct rect box;
	struct clip clip;
	bool over;
};

static void film_free(struct script_film *f)
{
	list_remove(&f->link);
	y4m_free(f->y4m);
	free(f->clip.rects.rects);
	free(f->name);
	free(f);
}

static int size(void *owner, unsigned width, unsigned height)
{
	struct script_film *f = owner;

	f->box.right = f->box.left + (int)width;
	f->box.bottom = f->box.top + (int)height;
	return 0;
}

static void frame(void *owner, const uint32_t *pixels)
{
	struct script_film *f = owner;
	unsigned w = (unsigned)(f->box.right - f->box.left), h = (unsigned)(f->box.bottom - f->box.top);
	struct pixmap *p = pixmap_new(SURFACE_FMT_32_xRGB, w, h);
	struct draw_copy copy = {.base = {.surface_id = f->surface, .box = f->box, .clip = f->clip},
		.src_area = {.right = (int)w, .bottom = (int)h}, .rop = ROPD_OP_PUT};
	struct image image;
	uint64_t id;

	for (unsigned y = 0; y < h; y++)
		memcpy(p->data + y * (size_t)p->stride, pixels + y * (size_t)w, 4 * (size_t)w);
	id = device_picture_once(f->device, p);
	pixmap_unref(p);
	image = device_image(f->device, id);
	copy.src = &image;
	device_draw(f->device, S_DISPLAY_DRAW_COPY, &copy); /* where its surface has gone, nothing is to be drawn */
	device_picture_forget(f->device, id);
}

static void end(void *owner, const char *why)
{
	struct script_film *f = owner;

	if (why)
		log_error("%s: %s", f->name, why);
	f->over = true;
}

/* Its bytes are one film's, or the script's. */
static bool has_stdin(struct script *s)
{
	struct script_film *f;

	list_each(f, &s->films, link)
		if (!f->over && strcmp(f->name, "-") == 0)
			return true;
	return strcmp(s->file, "-") == 0;
}

/* Films that are over go when there is need. */
static unsigned playing(struct script *s)
{
	struct script_film *f;
	unsigned n = 0;

	list_each(f, &s->films, link) {
		if (f->over)
			film_free(f);
		else
			n++;
	}
	return n;
}

void script_do_video(struct script *s, struct script_args *a)
{
	static const struct y4m_ops ops = {size, frame, end};
	int x = arg_coord(a, "x"), y = arg_coord(a, "y"), rc = 0;
	const char *file = arg_word(a, "file");
	struct draw_base base = script_base(s, (struct rect){.left = x, .top = y, .right = x, .bottom = y});
	struct script_film *f;

	if (!arg_end(a))
		return;
	if (strcmp(file, "-") == 0 && has_stdin(s)) {
		arg_fault(a, "stdin is read already");
		return;
	}
	if (playing(s) == SCRIPT_FILMS) {
		arg_fault(a, "more than %d films at a time", SCRIPT_FILMS);
		return;
	}
	f = new(struct script_film);
	list_append(&s->films, &f->link);
	f->device = s->device;
	f->name = xstrdup(file);
	f->surface = base.surface_id;
	f->box = base.box;
	f->clip = base.clip;
	f->clip.rects.rects = NULL;
	if (f->clip.rects.num_rects) {
		f->clip.rects.rects = xcalloc(f->clip.rects.num_rects, sizeof(struct rect));
		memcpy(f->clip.rects.rects, base.clip.rects.rects, f->clip.rects.num_rects * sizeof(struct rect));
	}
	f->y4m = y4m_new(s->env->loop, file, &ops, f, &rc);
	if (!f->y4m) {
		film_free(f);
		arg_fault(a, "%.80s can't be read", file);
	}
}

void script_films_fini(struct script *s)
{
	struct script_film *f;

	list_each(f, &s->films, link)
		film_free(f);
}
