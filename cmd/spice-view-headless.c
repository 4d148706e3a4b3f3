/* Modes of spice-view that ask once and leave: --screenshot and --info. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "chan/chan.h"
#include "cmd/spice-view.h"
#include "codec/picture.h"

/* ---- --screenshot: the first complete picture; with --settle, unchanged so long ---- */

struct shot {
	struct view *view;
	uv_timer_t settle;
	bool armed;
};

static void take(struct shot *s)
{
	view_finish(s->view, err_exit(view_capture(s->view, s->view->o.screenshot)));
}

static void settled(uv_timer_t *t)
{
	take(t->data);
}

static void shot_mark(void *owner, unsigned display)
{
	struct shot *s = owner;
	struct rect r;

	if (s->view->done || display != view_channel(s->view) || !client_marked(s->view->client, display) ||
		!view_part(s->view, &r))
		return;
	if (s->view->settle_ms == 0) {
		take(s);
		return;
	}
	if (!s->armed) {
		uv_timer_init(s->view->loop, &s->settle);
		s->settle.data = s;
		s->armed = true;
	}
	uv_timer_start(&s->settle, settled, (uint64_t)s->view->settle_ms, 0);
}

static void shot_damage(void *owner, unsigned display, const struct rect *r)
{
	struct shot *s = owner;

	(void)r;
	if (s->armed && display == view_channel(s->view))
		uv_timer_start(&s->settle, settled, (uint64_t)s->view->settle_ms, 0);
}

static int shot_start(struct view *v, void **owner)
{
	enum picture_format format;
	struct shot *s;

	if (strcmp(v->o.screenshot, "-") != 0 && picture_format(v->o.screenshot, &format))
		return cli_usage("%s: a picture ends in .png, .ppm or .jpg", v->o.screenshot);
	*owner = s = new(struct shot);
	s->view = v;
	return 0;
}

static void shot_stop(void *owner)
{
	struct shot *s = owner;

	if (s->armed)
		uv_close((uv_handle_t *)&s->settle, NULL);
	s->armed = false;
}

const struct view_mode view_screenshot = {
	.ops = {.mark = shot_mark, .monitors = shot_mark, .damage = shot_damage},
	.picture_only = true,
	.job = true,
	.start = shot_start,
	.stop = shot_stop,
	.free = free,
};

/* ---- --info ---- */

struct info {
	struct view *view;
	bool listed;
};

static bool has_display(const struct client_session *s)
{
	for (unsigned i = 0; i < s->n_list; i++)
		if (s->list[i].type == WIRE_DISPLAY)
			return true;
	return false;
}

static void uuid_text(const uint8_t u[16], char out[37])
{
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2],
		u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static const char *mode_word(unsigned mode)
{
	return mode == MOUSE_MODE_CLIENT ? "client" : "server";
}

static void channel_text(const struct channel_id *c, char out[32])
{
	const char *name = wire_channel_name(c->type);

	if (name)
		snprintf(out, 32, "%s[%u]", name, c->id);
	else
		snprintf(out, 32, "%u[%u]", c->type, c->id);
}

static void print_text(const struct client_session *s, bool agent, const struct pixmap *screen)
{
	struct buf name = {0};
	char word[40];

	if (s->name) {
		text_escape(&name, slice_str(s->name));
		printf("name %s\n", buf_cstr(&name));
	}
	if (s->has_uuid) {
		uuid_text(s->uuid, word);
		printf("uuid %s\n", word);
	}
	printf("mouse-mode %s\n", mode_word(s->mode));
	printf("agent %s\n", agent ? "yes" : "no");
	if (screen)
		printf("geometry %ux%u\n", screen->width, screen->height);
	for (unsigned i = 0; i < s->n_list; i++) {
		channel_text(&s->list[i], word);
		printf("channel %s\n", word);
	}
	for (unsigned bit = 0; bit < 32; bit++)
		if (cap_has(s->main_caps->common, s->main_caps->n_common, bit))
			printf("capability common %s\n", wire_enum_word("common_cap", bit) ?: "unknown");
	for (unsigned bit = 0; bit < 32; bit++)
		if (cap_has(s->main_caps->channel, s->main_caps->n_channel, bit))
			printf("capability main %s\n", wire_enum_word("main_cap", bit) ?: "unknown");
	buf_fini(&name);
}

static void json_caps(struct json *j, const char *key, const char *name, const uint32_t *words, uint32_t n)
{
	json_open(j, key, '[');
	for (unsigned bit = 0; bit < 32; bit++)
		if (cap_has(words, n, bit))
			json_str(j, NULL, wire_enum_word(name, bit) ?: "unknown");
	json_close(j, ']');
}

static void print_json(const struct client_session *s, bool agent, const struct pixmap *screen)
{
	struct buf out = {0};
	struct json j = {.out = &out};
	char word[40];

	json_open(&j, NULL, '{');
	if (s->name)
		json_str(&j, "name", s->name);
	if (s->has_uuid) {
		uuid_text(s->uuid, word);
		json_str(&j, "uuid", word);
	}
	json_str(&j, "mouse_mode", mode_word(s->mode));
	json_bool(&j, "agent", agent);
	if (screen) {
		json_uint(&j, "width", screen->width);
		json_uint(&j, "height", screen->height);
	}
	json_open(&j, "channels", '[');
	for (unsigned i = 0; i < s->n_list; i++) {
		channel_text(&s->list[i], word);
		json_str(&j, NULL, word);
	}
	json_close(&j, ']');
	json_caps(&j, "common_capabilities", "common_cap", s->main_caps->common, s->main_caps->n_common);
	json_caps(&j, "main_capabilities", "main_cap", s->main_caps->channel, s->main_caps->n_channel);
	json_close(&j, '}');
	puts(buf_cstr(&out));
	buf_fini(&out);
}

static void tell(struct info *i)
{
	struct view *v = i->view;
	struct pixmap *screen = client_screen(v->client, view_channel(v));

	(v->o.json ? print_json : print_text)(client_session(v->client), client_has_agent(v->client), screen);
	view_finish(v, cli_flush());
}

static void info_channels(void *owner)
{
	struct info *i = owner;

	i->listed = true;
	if (!i->view->done && !has_display(client_session(i->view->client)))
		tell(i);
}

static void info_mark(void *owner, unsigned display)
{
	struct info *i = owner;

	if (!i->view->done && i->listed && display == view_channel(i->view))
		tell(i);
}

static int info_start(struct view *v, void **owner)
{
	struct info *i = new(struct info);

	i->view = v;
	*owner = i;
	return 0;
}

const struct view_mode view_info = {
	.ops = {.channels = info_channels, .mark = info_mark},
	.picture_only = true,
	.job = true,
	.start = info_start,
	.free = free,
};
