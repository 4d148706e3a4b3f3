/* What the files of the window share. */
#ifndef VIEW_WINDOW_PRIVATE_H
#define VIEW_WINDOW_PRIVATE_H

#include <SDL.h>

#include "base/list.h"
#include "view/window.h"

enum {
	HOTKEYS_MAX = 8,
	DAMAGE_RECTS = 32, /* beyond, their bounding box is drawn */
	FRAME_MS = 8,	   /* between two paintings, so that bursts become one */
	REST_MS = 250,	   /* a size without further change before it is reported */
	PUMP_FOCUS_MS = 8, /* where SDL's display has no descriptor */
	PUMP_IDLE_MS = 50,
	ASIDE = 40, /* pixels between windows that begin on the same monitor */
};

struct box {
	int x, y, w, h;
};

/* The picture and where it is in the window. */
struct paint {
	pixman_image_t *source;	  /* ours: the shown part of the owner's image; NULL: none */
	struct box view;	  /* that part, in the image */
	int skip;		  /* pixels that source has before it */
	struct box place;	  /* where it goes, in the window */
	pixman_region32_t damage; /* in the window */
	bool scaled;
	/* the pointer's shape */
	pixman_image_t *cursor;
	SDL_Cursor *sdl_cursor;
	int hot_x, hot_y;
	int cursor_x, cursor_y; /* of the hot spot, in the image */
	bool cursor_visible;
};

struct hotkey {
	void (*act)(struct window *w);
	uint16_t code;
	unsigned modifiers; /* bits of hotkey_modifiers */
};

struct input {
	struct hotkey hotkeys[HOTKEYS_MAX];
	size_t hotkeys_n;
	bool held[KEYCODE_INDEXES]; /* reported down */
	unsigned modifiers;   /* that are down, reported or not */
	bool only_modifiers;  /* nothing else was pressed since they were all up */
	uint16_t swallowed;   /* the hot key whose release is not the guest's either */
	unsigned buttons;     /* reported down, 1 << number */
	bool relative;
	bool grabbed;
	/* motion that is not reported yet */
	bool moved;
	int dx, dy, x, y;
};

/* SDL and what all windows share; there is one while there is a window. */
struct desk {
	struct list windows;
	struct window *pointed; /* that the pointer entered last */
	bool gone;	/* the display is: SDL must not be asked any more */
	bool said_gone;
	bool over;	/* no window is left */
	uv_poll_t poll; /* the display connection, where it has a descriptor */
	bool polled;
	uv_prepare_t prepare;
	uv_timer_t pump;
	unsigned handles; /* not closed yet */
};

struct window {
	struct desk *desk;
	struct list link;
	const struct window_ops *ops;
	void *owner;
	SDL_Window *sdl;
	Uint32 id;         /* SDL's */
	unsigned long x11; /* the X server's, 0 elsewhere */
	unsigned number;
	bool view_only, full_screen, shown, focused;
	bool closed; /* the owner was told, or frees us */
	enum window_scale scale;
	int width, height;    /* of the window's buffer, 0 before it is known */
	int asked_w, asked_h; /* the size that we gave it last */
	bool user_sized;
	struct paint paint;
	struct input input;
	uv_timer_t frame, rest;
	unsigned handles;    /* not closed yet */
	uint64_t painted_at; /* uv_now */
};

/* window-paint.c */
int paint_check(SDL_Window *sdl); /* E_UNSUP when pixman can't draw into this window */
void paint_fini(struct paint *p);
void paint_layout(struct window *w); /* the window or the picture has another size */
void paint_all(struct window *w);    /* everything must be drawn anew */
void paint_now(struct window *w);
void paint_cursor_changed(struct window *w);
/* A point of the window in the image, clamped into the shown part; false without a picture. */
bool paint_to_image(const struct window *w, int x, int y, int *ix, int *iy);

/* window-input.c */
int input_init(struct input *in, const char *hotkeys);
void input_event(struct window *w, const SDL_Event *e);
void input_flush(struct window *w); /* reports motion */
void input_release_all(struct window *w);
void input_grab(struct window *w, bool on);
void input_focus(struct window *w, bool focused);

/* window-cursor.c */
void cursor_show(struct window *w); /* the pointer's shape becomes this window's */

/* window.c */
void window_frame(uv_timer_t *t); /* paints */
void window_event(struct window *w, const SDL_WindowEvent *e);
void window_close(struct window *w, int err); /* tells the owner, once */
void window_full_screen(struct window *w, bool on);
int window_monitors(void); /* of the user, at least 1 */

/* window-desk.c: the first window opens SDL, the last one closes it. */
int desk_join(struct window *w, uv_loop_t *loop); /* E_UNREACH, said */
void desk_leave(struct window *w);
void desk_poll(struct desk *d, int fd); /* events come by this descriptor */
struct desk *desk_now(void); /* NULL without a window */

/* window-x11.c: the window's X connection, where it has one. desk->gone becomes true when the X server has left, after
 * `lost`, or when a window was destroyed by another's hand; no call into X ends the process then. */
void display_watch(struct window *w);
/* Shows the window without waiting for it; false where there is no X11. SDL waits for the server's answer by XIfEvent,
 * which never returns when the server leaves just then. Hides it likewise, so that SDL does not when it destroys it. */
bool display_show(SDL_Window *sdl);
void display_hide(SDL_Window *sdl);

#endif
