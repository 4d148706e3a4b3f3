/* The X connection below SDL's window. Xlib ends the process when its server leaves or something goes
 * wrong there; the handlers here turn the first, and the end of the window by another's hand, into a
 * flag, and pass over the rest. Calls into Xlib do nothing once its server has left. */
#include "view/window-private.h"

#include <SDL_syswm.h>

#include "base/log.h"

/* Xlib's handlers are the process's, and know no owner. */
static bool is_ours(XID id)
{
	struct desk *d = desk_now();
	struct window *w;

	if (d)
		list_each(w, &d->windows, link)
			if (w->x11 == id)
				return true;
	return false;
}

static int error(Display *d, XErrorEvent *e)
{
	char text[128] = "";

	XGetErrorText(d, e->error_code, text, sizeof(text));
	log_debug("X: %s (request %d.%d)", text, e->request_code, e->minor_code);
	if (e->error_code == BadWindow && is_ours(e->resourceid))
		desk_now()->gone = true;
	return 0;
}

static int io_error(Display *d)
{
	(void)d;
	return 0;
}

static void io_error_exit(Display *d, void *user)
{
	struct desk *desk = desk_now();
	struct window *w;

	(void)d;
	(void)user;
	if (!desk)
		return;
	desk->gone = true;
	list_each(w, &desk->windows, link)
		if (!w->closed && w->ops->lost) {
			w->ops->lost(w->owner);
			return;
		}
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

void display_watch(struct window *w)
{
	SDL_SysWMinfo info;

	if (!is_x11(w->sdl, &info))
		return;
	w->x11 = info.info.x11.window;
	XSetErrorHandler(error);
	XSetIOErrorHandler(io_error);
	XSetIOErrorExitHandler(info.info.x11.display, io_error_exit, NULL);
	desk_poll(w->desk, ConnectionNumber(info.info.x11.display));
}
