/* A window's life and its own events. */
#include "view/window-private.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

enum { FIRST_WIDTH = 640, FIRST_HEIGHT = 480 };

void window_close(struct window *w, int err)
{
	if (w->closed)
		return;
	w->closed = true;
	w->ops->close(w->owner, err);
}

static void on_rest(uv_timer_t *t)
{
	struct window *w = t->data;

	if (!w->closed && w->ops->resize)
		w->ops->resize(w->owner, (unsigned)w->width, (unsigned)w->height);
}

static void size_changed(struct window *w)
{
	int width = 0, height = 0;

	SDL_GetWindowSize(w->sdl, &width, &height);
	w->width = width;
	w->height = height;
	if (!w->full_screen && w->shown && (width != w->asked_w || height != w->asked_h))
		w->user_sized = true;
	paint_layout(w);
	if (w->user_sized || w->full_screen)
		uv_timer_start(&w->rest, on_rest, REST_MS, 0);
}

void window_event(struct window *w, const SDL_WindowEvent *e)
{
	switch (e->event) {
	case SDL_WINDOWEVENT_CLOSE:
		input_release_all(w);
		window_close(w, 0);
		break;
	case SDL_WINDOWEVENT_EXPOSED:
	case SDL_WINDOWEVENT_RESTORED:
		paint_all(w);
		break;
	case SDL_WINDOWEVENT_SIZE_CHANGED:
		size_changed(w);
		break;
	case SDL_WINDOWEVENT_ENTER:
		w->desk->pointed = w;
		cursor_show(w);
		break;
	case SDL_WINDOWEVENT_FOCUS_GAINED:
		input_focus(w, true);
		break;
	case SDL_WINDOWEVENT_FOCUS_LOST:
		input_focus(w, false);
		break;
	}
}

void window_frame(uv_timer_t *t)
{
	struct window *w = t->data;

	if (!w->closed && !w->desk->gone)
		paint_now(w);
}

static void on_closed(uv_handle_t *h)
{
	struct window *w = h->data;

	if (--w->handles == 0) {
		paint_fini(&w->paint);
		free(w);
	}
}

static void start_timers(struct window *w, uv_loop_t *loop)
{
	uv_timer_t *timers[] = {&w->frame, &w->rest};

	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		uv_timer_init(loop, timers[i]);
		timers[i]->data = w;
		w->handles++;
	}
}

static int start_sdl(struct window *w, const struct window_options *o)
{
	int at = (int)SDL_WINDOWPOS_CENTERED_DISPLAY((int)w->number % window_monitors());
	Uint32 flags = SDL_WINDOW_HIDDEN | SDL_WINDOW_RESIZABLE;

	if (w->full_screen)
		flags |= SDL_WINDOW_FULLSCREEN_DESKTOP;
	w->sdl = SDL_CreateWindow(o->title ? o->title : "", at, at, FIRST_WIDTH, FIRST_HEIGHT, flags);
	if (!w->sdl) {
		log_error("no window: %s", SDL_GetError());
		return E_UNREACH;
	}
	w->id = SDL_GetWindowID(w->sdl);
	SDL_GetWindowSize(w->sdl, &w->width, &w->height);
	w->asked_w = w->width;
	w->asked_h = w->height;
	return paint_check(w->sdl);
}

/* Once its display has gone, Xlib has no connection any more, and SDL would not notice. */
static void stop_sdl(struct window *w)
{
	if (w->sdl && !w->desk->gone) {
		if (w->input.grabbed) /* else the mouse would stay with nobody, and away from other windows */
			input_grab(w, false);
		display_hide(w->sdl);
	}
	if (w->desk->gone)
		return;
	if (w->sdl)
		SDL_DestroyWindow(w->sdl);
	if (w->paint.sdl_cursor)
		SDL_FreeCursor(w->paint.sdl_cursor);
}

int window_new(uv_loop_t *loop, const struct window_options *o, const struct window_ops *ops,
	void *owner, struct window **out)
{
	struct window *w = new (struct window);
	int rc;

	*out = NULL;
	w->ops = ops;
	w->owner = owner;
	w->scale = o->scale;
	w->view_only = o->view_only;
	w->number = o->number;
	w->paint.cursor_visible = true;
	pixman_region32_init(&w->paint.damage);
	rc = input_init(&w->input, o->hotkeys ? o->hotkeys : WINDOW_HOTKEYS);
	if (!rc)
		rc = desk_join(w, loop);
	if (!rc) {
		w->full_screen = o->full_screen && (int)w->number < window_monitors();
		rc = start_sdl(w, o);
		if (rc) {
			stop_sdl(w);
			desk_leave(w);
		}
	}
	if (rc) {
		paint_fini(&w->paint);
		free(w);
		return rc;
	}
	display_watch(w);
	start_timers(w, loop);
	*out = w;
	return 0;
}

void window_free(struct window *w)
{
	if (!w)
		return;
	w->closed = true;
	stop_sdl(w);
	desk_leave(w);
	uv_close((uv_handle_t *)&w->frame, on_closed);
	uv_close((uv_handle_t *)&w->rest, on_closed);
}

int window_monitors(void)
{
	int n = SDL_GetNumVideoDisplays();

	return n > 0 ? n : 1;
}

void window_title(struct window *w, const char *title)
{
	if (!w->desk->gone)
		SDL_SetWindowTitle(w->sdl, title);
}

void window_full_screen(struct window *w, bool on)
{
	if (w->desk->gone || SDL_SetWindowFullscreen(w->sdl, on ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0))
		return;
	w->full_screen = on;
	input_grab(w, on);
}
