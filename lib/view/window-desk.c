/* SDL, while there is a window: its events go to the windows that they belong to. libuv waits for us: on X11 the
 * connection is polled and events that Xlib has already read are looked for before every wait; elsewhere SDL has no
 * descriptor to give, so a timer asks. SDL's own thread, signal and quit handling stays off. */
#include "view/window-private.h"

#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

/* SDL is the process's, and so are its windows. */
static struct desk *desk;

struct desk *desk_now(void)
{
	return desk;
}

/* ---- events ---- */

static Uint32 window_of(const SDL_Event *e)
{
	switch (e->type) {
	case SDL_WINDOWEVENT:
		return e->window.windowID;
	case SDL_KEYDOWN:
	case SDL_KEYUP:
		return e->key.windowID;
	case SDL_MOUSEMOTION:
		return e->motion.windowID;
	case SDL_MOUSEBUTTONDOWN:
	case SDL_MOUSEBUTTONUP:
		return e->button.windowID;
	case SDL_MOUSEWHEEL:
		return e->wheel.windowID;
	}
	return 0;
}

static void dispatch(struct desk *d, const SDL_Event *e)
{
	Uint32 id = window_of(e);
	struct window *w;

	list_each(w, &d->windows, link) {
		if (w->id != id || w->closed)
			continue;
		if (e->type == SDL_WINDOWEVENT) {
			input_flush(w);
			window_event(w, &e->window);
		} else {
			input_event(w, e);
		}
		return; /* the window may have gone, and others with it */
	}
}

/* What every open window is to be told; a call may close any of them. */
static struct window *with_motion(struct desk *d)
{
	struct window *w;

	list_each(w, &d->windows, link)
		if (!w->closed && w->input.moved)
			return w;
	return NULL;
}

static struct window *still_open(struct desk *d)
{
	struct window *w;

	list_each(w, &d->windows, link)
		if (!w->closed)
			return w;
	return NULL;
}

static void pump(struct desk *d)
{
	struct window *w;
	SDL_Event e;

	while (!d->over && !d->gone && SDL_PollEvent(&e))
		dispatch(d, &e);
	while (!d->over && !d->gone && (w = with_motion(d)))
		input_flush(w);
	if (!d->gone || d->said_gone)
		return;
	d->said_gone = true;
	if (d->polled)
		uv_poll_stop(&d->poll);
	if (still_open(d))
		log_error("the display has gone");
	while ((w = still_open(d)))
		window_close(w, E_CLOSED);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	pump(h->data);
}

static void on_prepare(uv_prepare_t *h)
{
	pump(h->data);
}

static void on_pump(uv_timer_t *t)
{
	struct desk *d = t->data;
	bool focused = false;
	struct window *w;

	list_each(w, &d->windows, link)
		focused |= w->focused;
	uv_timer_start(t, on_pump, focused ? PUMP_FOCUS_MS : PUMP_IDLE_MS, 0);
	pump(d);
}

/* ---- life ---- */

static bool is_visible(const char *driver)
{
	static const char *const visible[] = {"x11", "wayland", "KMSDRM", "directfb"};

	for (size_t i = 0; i < ARRAY_SIZE(visible); i++)
		if (strcasecmp(visible[i], driver) == 0)
			return true;
	log_info("SDL's display is \"%s\"", driver);
	return false;
}

static int start_sdl(void)
{
	SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
	SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
	SDL_SetHint(SDL_HINT_VIDEO_MINIMIZE_ON_FOCUS_LOSS, "0");
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
		SDL_QuitSubSystem(SDL_INIT_VIDEO);
		return E_UNREACH;
	}
	/* X11 has buffers of its own: no detour by a texture of the graphics card */
	if (strcmp(SDL_GetCurrentVideoDriver(), "x11") == 0)
		SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
	SDL_StopTextInput();
	return 0;
}

int desk_join(struct window *w, uv_loop_t *loop)
{
	int rc;

	if (!desk) {
		rc = start_sdl();
		if (rc)
			return rc;
		desk = new (struct desk);
		list_init(&desk->windows);
		uv_timer_init(loop, &desk->pump);
		desk->pump.data = desk;
		desk->handles = 1;
		uv_timer_start(&desk->pump, on_pump, 0, 0);
	}
	w->desk = desk;
	list_append(&desk->windows, &w->link);
	return 0;
}

void desk_poll(struct desk *d, int fd)
{
	uv_loop_t *loop = d->pump.loop;

	if (d->polled || uv_poll_init(loop, &d->poll, fd))
		return;
	d->polled = true;
	d->poll.data = d->prepare.data = d;
	uv_prepare_init(loop, &d->prepare);
	d->handles += 2;
	uv_poll_start(&d->poll, UV_READABLE, on_poll);
	uv_prepare_start(&d->prepare, on_prepare);
	uv_timer_stop(&d->pump);
}

static void on_closed(uv_handle_t *h)
{
	struct desk *d = h->data;

	if (--d->handles == 0)
		free(d);
}

void desk_leave(struct window *w)
{
	struct desk *d = w->desk;

	list_remove(&w->link);
	if (d->pointed == w)
		d->pointed = NULL;
	if (!list_empty(&d->windows))
		return;
	d->over = true;
	desk = NULL;
	if (!d->gone)
		SDL_QuitSubSystem(SDL_INIT_VIDEO);
	uv_close((uv_handle_t *)&d->pump, on_closed);
	if (!d->polled)
		return;
	uv_poll_stop(&d->poll);
	uv_close((uv_handle_t *)&d->poll, on_closed);
	uv_close((uv_handle_t *)&d->prepare, on_closed);
}
