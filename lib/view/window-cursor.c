/* The pointer's shape. In absolute mode SDL shows it as the desktop's own pointer; in relative mode
 * that one is hidden and the shape is drawn into the picture where the server says. Both know no
 * inverting pixels (the text pointers of old systems): those become black with a white edge, which
 * is seen on any ground. SDL 2 hands the pixels to X11 and Wayland as they are, so premultiplied.
 */
#include "view/window-private.h"

#include "base/mem.h"

static bool inverts(uint32_t argb)
{
	return argb >> 24 == 0 && argb & 0xffffff;
}

static void draw_inverting(uint32_t *out, const uint32_t *in, int width, int height)
{
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			uint32_t v = in[y * width + x];
			bool edge = false;

			for (int j = -1; j <= 1; j++)
				for (int i = -1; i <= 1; i++)
					edge |= y + j >= 0 && y + j < height && x + i >= 0 &&
						x + i < width &&
						inverts(in[(y + j) * width + x + i]);
			if (inverts(v))
				v = 0xff000000;
			else if (v >> 24 == 0)
				v = edge ? 0xffffffff : 0;
			out[y * width + x] = v;
		}
}

/* Which pointer the desktop shows over our window. SDL has one for all of them. */
void cursor_show(struct window *w)
{
	struct paint *p = &w->paint;
	bool theirs = p->cursor && !w->view_only;

	if (w->desk->gone || (w->desk->pointed && w->desk->pointed != w))
		return;
	SDL_SetCursor(theirs && p->sdl_cursor ? p->sdl_cursor : SDL_GetDefaultCursor());
	SDL_ShowCursor(w->view_only || !theirs || p->cursor_visible ? SDL_ENABLE : SDL_DISABLE);
}

void window_cursor(struct window *w, const uint32_t *argb, unsigned width, unsigned height,
	unsigned hot_x, unsigned hot_y)
{
	struct paint *p = &w->paint;
	SDL_Cursor *old = p->sdl_cursor;
	SDL_Surface *s;

	paint_cursor_changed(w);
	if (p->cursor)
		pixman_image_unref(p->cursor);
	p->cursor = NULL;
	p->sdl_cursor = NULL;
	if (argb && width && height) {
		p->cursor = pixman_image_create_bits(
			PIXMAN_a8r8g8b8, (int)width, (int)height, NULL, (int)width * 4);
		p->hot_x = (int)(hot_x < width ? hot_x : width - 1);
		p->hot_y = (int)(hot_y < height ? hot_y : height - 1);
	}
	if (p->cursor && !w->desk->gone) {
		uint32_t *pixels = pixman_image_get_data(p->cursor);

		draw_inverting(pixels, argb, (int)width, (int)height);
		s = SDL_CreateRGBSurfaceWithFormatFrom(pixels, (int)width, (int)height, 32,
			(int)width * 4, SDL_PIXELFORMAT_ARGB8888);
		p->sdl_cursor = s ? SDL_CreateColorCursor(s, p->hot_x, p->hot_y) : NULL;
		SDL_FreeSurface(s);
	}
	cursor_show(w);
	if (old)
		SDL_FreeCursor(old);
	paint_cursor_changed(w);
}

void window_cursor_at(struct window *w, int x, int y, bool visible)
{
	struct paint *p = &w->paint;

	if (p->cursor_x == x && p->cursor_y == y && p->cursor_visible == visible)
		return;
	paint_cursor_changed(w);
	p->cursor_x = x;
	p->cursor_y = y;
	if (p->cursor_visible != visible) {
		p->cursor_visible = visible;
		cursor_show(w);
	}
	paint_cursor_changed(w);
}
