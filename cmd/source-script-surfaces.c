/* What the drawing script draws on and with: surfaces and pictures, and the words that name them. */
#include "cmd/source-script.h"

#include <stdlib.h>
#include <strings.h>

#include "base/err.h"

/* ---- pictures ---- */

static struct script_picture *picture_named(struct script *s, const char *name)
{
	struct script_picture *p;

	list_each(p, &s->pictures, link)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

static struct script_picture *picture_new(
	struct script *s, struct script_args *a, const char *name, const char *file)
{
	struct loaded loaded;
	struct script_picture *p;
	char why[120];

	if (loaded_read(file, &loaded, why, sizeof(why))) {
		arg_fault(a, "%s", why);
		return NULL;
	}
	p = new(struct script_picture);
	p->name = xstrdup(name);
	p->picture = loaded;
	p->id = device_picture(s->device, loaded.p);
	list_append(&s->pictures, &p->link);
	return p;
}

static void picture_drop(struct script *s, struct script_picture *p)
{
	list_remove(&p->link);
	device_picture_forget(s->device, p->id);
	device_picture_forget(s->device, p->mask_id);
	device_picture_forget(s->device, p->alpha_id);
	loaded_fini(&p->picture);
	free(p->name);
	free(p);
}

/* The next word as a picture: the name of one, else a file, kept from then on under the file's
 * name. */
struct script_picture *script_arg_picture(struct script *s, struct script_args *a)
{
	const char *name = arg_word(a, "picture");
	struct script_picture *p = a->why[0] ? NULL : picture_named(s, name);

	return p || a->why[0] ? p : picture_new(s, a, name, name);
}

/* ---- sources ---- */

/* "@ID": a surface as the picture. Clients abort when its depth is another than the target's, but in composite. */
static void surface_source(struct script *s, struct script_args *a, bool any_depth, struct script_source *out)
{
	struct script_args id = {.line = &(struct script_line){
					 .n = 1, .words = &(char *){a->line->words[a->at] + 1}}};
	uint32_t surface = (uint32_t)arg_int(&id, "surface", 0, LIM_SURFACES - 1);
	struct pixmap *from = canvas_surface(s->device->canvas, surface);
	struct pixmap *to = canvas_surface(s->device->canvas, s->on);

	a->at++;
	if (id.why[0] || !from)
		arg_fault(a, "there is no surface '%.20s'", id.line->words[0]);
	else if (surface == s->on)
		arg_fault(a, "a surface can't be drawn on itself: use copy-bits");
	else if (!to || (!any_depth && pixmap_bits(from->format) != pixmap_bits(to->format)))
		arg_fault(a, "surface %u has another depth than the one drawn on", surface);
	else
		*out = (struct script_source){
			device_surface_image(s->device, surface), from->width, from->height};
}

static bool arg_is_surface(struct script_args *a)
{
	return arg_more(a) && a->line->words[a->at][0] == '@';
}

struct script_source script_arg_source(struct script *s, struct script_args *a, bool any_depth)
{
	struct script_source out = {.width = 1, .height = 1};
	struct script_picture *p;

	if (arg_is_surface(a)) {
		surface_source(s, a, any_depth, &out);
	} else if ((p = script_arg_picture(s, a)) != NULL) {
		out.image = device_image(s->device, p->id);
		out.width = p->picture.p->width;
		out.height = p->picture.p->height;
	}
	return out;
}

/* A mask of composite: a picture's alpha, or a surface. */
struct image script_arg_alpha(struct script *s, struct script_args *a)
{
	struct script_picture *p;

	if (arg_is_surface(a))
		return script_arg_source(s, a, true).image;
	if (!(p = script_arg_picture(s, a)))
		return (struct image){0};
	if (!p->alpha_id) {
		struct pixmap *alpha = loaded_alpha(&p->picture);

		p->alpha_id = device_picture(s->device, alpha);
		pixmap_unref(alpha);
	}
	return device_image(s->device, p->alpha_id);
}

/* ---- commands ---- */

static uint32_t arg_format(struct script_args *a)
{
	static const struct {
		const char *name;
		uint32_t format;
	} names[] = {
		{"32_xrgb", SURFACE_FMT_32_xRGB},
		{"xrgb", SURFACE_FMT_32_xRGB},
		{"32_argb", SURFACE_FMT_32_ARGB},
		{"argb", SURFACE_FMT_32_ARGB},
		{"16_555", SURFACE_FMT_16_555},
		{"555", SURFACE_FMT_16_555},
		{"16_565", SURFACE_FMT_16_565},
		{"565", SURFACE_FMT_16_565},
		{"8_a", SURFACE_FMT_8_A},
		{"a8", SURFACE_FMT_8_A},
		{"1_a", SURFACE_FMT_1_A},
		{"a1", SURFACE_FMT_1_A},
	};
	const char *word;

	if (!arg_more(a))
		return SURFACE_FMT_32_xRGB;
	word = arg_word(a, "format");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(word, names[i].name) == 0)
			return names[i].format;
	arg_fault(a, "'%.20s' is no surface format", word);
	return SURFACE_FMT_32_xRGB;
}

void script_do_surface(struct script *s, struct script_args *a)
{
	uint32_t id = (uint32_t)arg_int(a, "surface", 1, LIM_SURFACES - 1);
	unsigned w, h;
	uint32_t format;
	int rc;

	arg_geometry(a, &w, &h);
	format = arg_format(a);
	if (!arg_end(a))
		return;
	if (canvas_surface(s->device->canvas, id))
		arg_fault(a, "surface %u exists already", id);
	else if ((rc = device_surface_create(s->device, id, w, h, format)) != 0)
		arg_fault(a, "surface %u: %s", id, err_str(rc));
}

void script_do_destroy(struct script *s, struct script_args *a)
{
	uint32_t id = (uint32_t)arg_int(a, "surface", 1, LIM_SURFACES - 1);

	if (!arg_end(a))
		return;
	if (!canvas_surface(s->device->canvas, id)) {
		arg_fault(a, "there is no surface %u", id);
		return;
	}
	device_surface_destroy(s->device, id);
	if (s->on == id)
		s->on = 0;
}

void script_do_on(struct script *s, struct script_args *a)
{
	uint32_t id = (uint32_t)arg_int(a, "surface", 0, LIM_SURFACES - 1);

	if (!arg_end(a))
		return;
	if (canvas_surface(s->device->canvas, id))
		s->on = id;
	else
		arg_fault(a, "there is no surface %u", id);
}

void script_do_picture(struct script *s, struct script_args *a)
{
	const char *name = arg_word(a, "name"), *file = arg_word(a, "file");
	struct script_picture *old;

	if (!arg_end(a))
		return;
	old = picture_named(s, name);
	if (old && s->mask == old)
		s->mask = NULL;
	if (old)
		picture_drop(s, old);
	picture_new(s, a, name, file);
}

void script_pictures_fini(struct script *s)
{
	struct script_picture *p;

	list_each(p, &s->pictures, link)
		picture_drop(s, p);
}
