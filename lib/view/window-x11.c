/* The X connection below SDL's window. Xlib ends the process when its server leaves or something goes
 * wrong there; the handlers here turn the first, and the end of the window by another's hand, into a
 * flag, and pass over the rest. Calls into Xlib do nothing once its server has left. */
#include "view/window-private.h"

#include <SDL_syswm.h>

#include "base/log.h"

/* Xlib's handlers are the process's, and know no owner; there is one window. */
static struct {
	Window window;
	struct window *w;
} watched;

static int error(Display *d, XErrorEvent *e)
{
	char text[128] = "";

	XGetErrorText(d, e->error_code, text, sizeof(text));
	log_debug("X: %s (request %d.%d)", text, e->request_code, e->minor_code);
	if (e->error_code == BadWindow && e->resourceid == watched.window && watched.w)
		watched.w->gone = true;
	return 0;
}

static int io_error(Display *d)
{
	(void)d;
	return 0;
}

static void io_error_exit(Display *d, void *user)
{
	(void)d;
	(void)user;
	if (!watched.w)
		return;
	watched.w->gone = true;
	if (!watched.w->closed && watched.w->ops->lost)
		watched.w->ops->lost(watched.w->owner);
}

void display_unwatch(void)
{
	watched.w = NULL;
}

static bool is_x11(SDL_Window *sdl, SDL_SysWMinfo *info)
{
	SDL_VERSION(&info->version);
	return SDL_GetWindowWMInfo(sdl, info) && info->subsystem == SDL_SYSWM_X11;
}

bool display_show(SDL_Window *sdl)
{
	SDL_SysWMinfo info;

	if (!is_x11(sdl, &info))
		return false;
	XMapRaised(info.info.x11.display, info.info.x11.window);
	XFlush(info.info.x11.display);
	return true; /* SDL learns of it by the event */
}

void display_hide(SDL_Window *sdl)
{
	SDL_SysWMinfo info;
	Display *d;

	if (!is_x11(sdl, &info))
		return;
	d = info.info.x11.display;
	XWithdrawWindow(d, info.info.x11.window, DefaultScreen(d));
	XSync(d, False);
	SDL_PumpEvents();
}

int display_watch(struct window *w)
{
	SDL_SysWMinfo info;

	if (!is_x11(w->sdl, &info))
		return -1;
	watched.window = info.info.x11.window;
	watched.w = w;
	XSetErrorHandler(error);
	XSetIOErrorHandler(io_error);
	XSetIOErrorExitHandler(info.info.x11.display, io_error_exit, NULL);
	return ConnectionNumber(info.info.x11.display);
}
