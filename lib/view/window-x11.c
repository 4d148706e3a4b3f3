/* The X connection below SDL's window. Xlib ends the process when its server leaves; the two
 * handlers here turn that into a flag. Later calls into Xlib then do nothing. */
#include "view/window-private.h"

#include <SDL_syswm.h>

static int io_error(Display *d)
{
	(void)d;
	return 0;
}

static void io_error_exit(Display *d, void *user)
{
	(void)d;
	*(bool *)user = true;
}

int display_watch(SDL_Window *sdl, bool *gone)
{
	SDL_SysWMinfo info;

	SDL_VERSION(&info.version);
	if (!SDL_GetWindowWMInfo(sdl, &info) || info.subsystem != SDL_SYSWM_X11)
		return -1;
	XSetIOErrorHandler(io_error);
	XSetIOErrorExitHandler(info.info.x11.display, io_error_exit, gone);
	return ConnectionNumber(info.info.x11.display);
}
