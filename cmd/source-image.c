/* --image: pictures, a page each. All are read before anything is served, so that a bad one is said
 * at once. The screen takes the page's size, unless --geometry says another: then the page stands
 * in its middle, on black. */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "cmd/source-picture.h"
#include "cmd/source.h"
#include "server/repaint.h"

struct page {
	struct loaded picture;
	uint64_t id;
};

struct pages {
	const struct source_env *env;
	struct page *list;
	unsigned n, at;
	uv_timer_t *timer;
	struct repaint *repaint; /* pages as large as the screen, without alpha, go there */
};

/* A page with alpha is laid on black. */
static int show(struct pages *s)
{
	const struct page *page = &s->list[s->at];
	struct device *d = s->env->device;
	const struct pixmap *screen = canvas_surface(d->canvas, 0), *p = page->picture.p;
	int w = (int)(s->env->width ? s->env->width : p->width),
	    h = (int)(s->env->width ? s->env->height : p->height);
	int x = (w - (int)p->width) / 2, y = (h - (int)p->height) / 2, rc = 0;
	struct rect area = {.right = (int)p->width, .bottom = (int)p->height};
	struct draw_base base = {
		.box = {.left = x, .top = y, .right = x + area.right, .bottom = y + area.bottom}};
	struct image img = device_image(d, page->id);

	if (!screen || (int)screen->width != w || (int)screen->height != h)
		rc = source_resize(s->env, (unsigned)w, (unsigned)h);
	if (!rc && !page->picture.alpha && (int)p->width == w && (int)p->height == h)
		return repaint(s->repaint, 0, &area, &(struct repaint_pixels){.p = p->data, .stride = (size_t)p->stride,
			.id = page->id});
	if (!rc && (x > 0 || y > 0 || page->picture.alpha))
		rc = device_draw(d, S_DISPLAY_DRAW_BLACKNESS,
			&(struct draw_blackness){.base = {.box = {.right = w, .bottom = h}}});
	if (rc)
		return rc;
	if (page->picture.alpha)
		return device_draw(d, S_DISPLAY_DRAW_ALPHA_BLEND,
			&(struct draw_alpha_blend){
				.base = base, .src = &img, .src_area = area, .alpha = 255});
	return device_draw(d, S_DISPLAY_DRAW_COPY,
		&(struct draw_copy){.base = base,
			.src = &img,
			.src_area = area,
			.rop = ROPD_OP_PUT,
			.scale_mode = SCALE_MODE_NEAREST});
}

static void turn(uv_timer_t *t)
{
	struct pages *s = t->data;
	int rc;

	s->at = (s->at + 1) % s->n;
	if ((rc = show(s)))
		log_error("%s: %s", s->env->words[s->at], err_str(rc));
}

static void image_free(void *source)
{
	struct pages *s = source;

	source_handle_free(s->timer);
	repaint_free(s->repaint);
	for (unsigned i = 0; i < s->n; i++) {
		device_picture_forget(s->env->device, s->list[i].id);
		loaded_fini(&s->list[i].picture);
	}
	free(s->list);
	free(s);
}

static int add_page(struct pages *s, const char *file)
{
	struct page p = {0};
	char why[160];
	int rc = loaded_read(file, &p.picture, why, sizeof(why));

	if (rc) {
		log_error("%s", why);
		return rc == E_LIMIT ? E_INVAL : rc;
	}
	p.id = device_picture(s->env->device, p.picture.p);
	s->list = xrealloc(s->list, s->n + 1, sizeof(*s->list));
	s->list[s->n++] = p;
	return 0;
}

static int image_open(const struct source_env *env, void **source)
{
	struct pages *s = new(struct pages);
	int rc = 0;

	s->env = env;
	s->repaint = repaint_new(env->device);
	for (unsigned i = 0; env->words[i] && !rc; i++)
		rc = add_page(s, env->words[i]);
	if (!rc && (rc = show(s)))
		log_error("%s: %s", env->words[0], err_str(rc));
	if (rc) {
		image_free(s);
		return rc;
	}
	if (s->n > 1) {
		s->timer = source_timer(env->loop, s);
		uv_timer_start(s->timer, turn, (uint64_t)env->delay_ms, (uint64_t)env->delay_ms);
	}
	*source = s;
	return 0;
}

const struct source_ops source_image = {.name = "image", .open = image_open, .free = image_free};
