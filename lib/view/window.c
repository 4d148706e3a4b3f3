/* The window's life and its events. libuv waits for us: on X11 the connection is polled and events
 * that Xlib has already read are looked for before every wait; elsewhere SDL has no descriptor to
 * give, so a timer asks. SDL's own thread, signal and quit handling stays off. */
#include "view/window-private.h"

#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

enum { FIRST_WIDTH = 640, FIRST_HEIGHT = 480 };

static void tell_closed(struct window *w, int err)
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

static void window_event(struct window *w, const SDL_WindowEvent *e)
{
	switch (e->event) {
	case SDL_WINDOWEVENT_CLOSE:
		input_release_all(w);
		tell_closed(w, 0);
		break;
	case SDL_WINDOWEVENT_EXPOSED:
	case SDL_WINDOWEVENT_RESTORED:
		paint_all(w);
		break;
	case SDL_WINDOWEVENT_SIZE_CHANGED:
		size_changed(w);
		break;
	case SDL_WINDOWEVENT_FOCUS_GAINED:
		input_focus(w, true);
		break;
	case SDL_WINDOWEVENT_FOCUS_LOST:
		input_focus(w, false);
		break;
	}
}

static void pump(struct window *w)
{
	SDL_Event e;

	while (!w->closed && !w->gone && SDL_PollEvent(&e)) {
		if (e.type == SDL_WINDOWEVENT) {
			input_flush(w);
			if (!w->closed)
				window_event(w, &e.window);
		} else {
			input_event(w, &e);
		}
	}
	if (!w->closed && !w->gone)
		input_flush(w);
	if (w->gone && !w->closed) {
		if (w->polled)
			uv_poll_stop(&w->poll);
		log_error("the display has gone");
		tell_closed(w, E_CLOSED);
	}
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	pump(h->data);
}

static void on_prepare(uv_prepare_t *h)
{
	struct window *w = h->data;

	if (!w->closed)
		pump(w);
}

static void on_pump(uv_timer_t *t)
{
	struct window *w = t->data;

	if (w->closed)
		return;
	uv_timer_start(t, on_pump, w->focused ? PUMP_FOCUS_MS : PUMP_IDLE_MS, 0);
	pump(w);
}

void window_frame(uv_timer_t *t)
{
	struct window *w = t->data;

	if (!w->closed && !w->gone)
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

static void start_loop(struct window *w, uv_loop_t *loop)
{
	uv_timer_t *timers[] = {&w->pump, &w->frame, &w->rest};
	int fd = display_watch(w);

	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		uv_timer_init(loop, timers[i]);
		timers[i]->data = w;
		w->handles++;
	}
	if (fd >= 0 && uv_poll_init(loop, &w->poll, fd) == 0) {
		w->poll.data = w;
		w->polled = true;
		w->handles++;
		uv_poll_start(&w->poll, UV_READABLE, on_poll);
		uv_prepare_init(loop, &w->prepare);
		w->prepare.data = w;
		w->handles++;
		uv_prepare_start(&w->prepare, on_prepare);
	} else {
		uv_timer_start(&w->pump, on_pump, 0, 0);
	}
}

static bool is_visible(const char *driver)
{
	static const char *const visible[] = {"x11", "wayland", "KMSDRM", "directfb"};

	for (size_t i = 0; i < ARRAY_SIZE(visible); i++)
		if (strcasecmp(visible[i], driver) == 0)
			return true;
	log_info("SDL's display is \"%s\"", driver);
	return false;
}

static int start_sdl(struct window *w, const struct window_options *o)
{
	Uint32 flags = SDL_WINDOW_HIDDEN | SDL_WINDOW_RESIZABLE;

	SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
	SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
	SDL_SetHint(SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1");
	SDL_SetHint(SDL_HINT_MOUSE_RELATIVE_SCALING, "0");
	SDL_SetHint(SDL_HINT_QUIT_ON_LAST_WINDOW_CLOSE, "0");
	SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
	if (SDL_InitSubSystem(SDL_INIT_VIDEO)) {
		log_error("no display: %s", SDL_GetError());
		return E_UNREACH;
	}
	/* without a display SDL falls back on drivers that nobody can see */
	if (!getenv("SDL_VIDEODRIVER") && !is_visible(SDL_GetCurrentVideoDriver())) {
		log_error("no display");
		return E_UNREACH;
	}
	/* X11 has buffers of its own: no detour by a texture of the graphics card */
	if (strcmp(SDL_GetCurrentVideoDriver(), "x11") == 0)
		SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
	SDL_StopTextInput();
	if (o->full_screen)
		flags |= SDL_WINDOW_FULLSCREEN_DESKTOP;
	w->sdl = SDL_CreateWindow(o->title ? o->title : "", SDL_WINDOWPOS_UNDEFINED,
		SDL_WINDOWPOS_UNDEFINED, FIRST_WIDTH, FIRST_HEIGHT, flags);
	if (!w->sdl) {
		log_error("no window: %s", SDL_GetError());
		return E_UNREACH;
	}
	return paint_check(w->sdl);
}

static void stop_sdl(struct window *w)
{
	if (w->sdl && !w->gone)
		display_hide(w->sdl);
	if (w->gone) /* Xlib has no connection any more, and SDL would not notice */
		return;
	if (w->sdl)
		SDL_DestroyWindow(w->sdl);
	if (w->paint.sdl_cursor)
		SDL_FreeCursor(w->paint.sdl_cursor);
	SDL_QuitSubSystem(SDL_INIT_VIDEO);
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
	w->full_screen = o->full_screen;
	w->paint.cursor_visible = true;
	pixman_region32_init(&w->paint.damage);
	rc = input_init(&w->input, o->hotkeys ? o->hotkeys : WINDOW_HOTKEYS);
	if (!rc) {
		rc = start_sdl(w, o);
		if (rc)
			stop_sdl(w);
	}
	if (rc) {
		paint_fini(&w->paint);
		free(w);
		return rc;
	}
	SDL_GetWindowSize(w->sdl, &w->width, &w->height);
	w->asked_w = w->width;
	w->asked_h = w->height;
	start_loop(w, loop);
	*out = w;
	return 0;
}

void window_free(struct window *w)
{
	uv_handle_t *handles[] = {(uv_handle_t *)&w->pump, (uv_handle_t *)&w->frame,
		(uv_handle_t *)&w->rest, (uv_handle_t *)&w->poll, (uv_handle_t *)&w->prepare};

	if (!w)
		return;
	w->closed = true;
	if (w->polled)
		uv_poll_stop(&w->poll);
	stop_sdl(w);
	display_unwatch();
	w->gone = true;
	for (size_t i = 0, n = w->handles; i < n; i++)
		uv_close(handles[i], on_closed);
}

void window_title(struct window *w, const char *title)
{
	if (!w->gone)
		SDL_SetWindowTitle(w->sdl, title);
}

void window_full_screen(struct window *w, bool on)
{
	if (w->gone || SDL_SetWindowFullscreen(w->sdl, on ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0))
		return;
	w->full_screen = on;
	input_grab(w, on);
}
