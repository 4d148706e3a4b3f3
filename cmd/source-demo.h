/* The demo scene: what its files share. Private to source-demo*.c. */
#ifndef CMD_SOURCE_DEMO_H
#define CMD_SOURCE_DEMO_H

#include <pixman.h>

#include "cmd/source.h"

enum {
	DEMO_WINDOWS = 4,
	DEMO_TITLE = 24, /* height of a title bar */
	DEMO_BORDER = 1,
	DEMO_SHADOW = 18,  /* how far a shadow reaches */
	DEMO_TYPED = 2000, /* bytes of typed text */
	DEMO_LINES = 15,   /* of the terminal */
	DEMO_COLUMNS = 56,
	PLASMA_WIDTH = 320,
	PLASMA_HEIGHT = 200,
	DEMO_ARROW_WIDTH = 12,
	DEMO_ARROW_HEIGHT = 19,
};

struct demo;

struct demo_window {
	const char *title;
	int x, y;      /* of its frame */
	unsigned w, h; /* of its frame, title bar and border included */
	void (*paint)(struct demo *d, struct rect content);
	uint64_t shadow; /* picture */
	uint64_t bar[2]; /* title bar, idle and in front */
};

struct demo {
	const struct source_env *env;
	struct device *device;
	unsigned width, height;
	struct demo_window windows[DEMO_WINDOWS];
	unsigned order[DEMO_WINDOWS]; /* bottom to top */

	/* what is being painted: the clip of every primitive */
	uint32_t surface;
	struct rect *clip;
	unsigned n_clip, cap_clip;

	uint64_t backdrop, ball, gradient, curves, weave, plasma;
	unsigned frame;	   /* of the animation */
	unsigned scrolled; /* lines of the terminal */
	char typed[DEMO_TYPED + 1];
	size_t n_typed;

	/* input */
	int pointer_x, pointer_y;
	bool shift, caps;
	int drag;	    /* window, -1 none */
	int drag_x, drag_y; /* the pointer within it */

	uv_timer_t *timer;
	bool moving;
};

/* source-demo-paint.c: the windows of the scene; everything is painted through the clip. */
void demo_make(struct demo *d);
void demo_unmake(struct demo *d);
void demo_fit(struct demo *d); /* to d->width and d->height, which have changed */
void demo_paint(struct demo *d, struct rect damage);
struct rect demo_frame(const struct demo_window *w);
struct rect demo_content(const struct demo_window *w);
/* The next picture of the video region, and a line more in the terminal. */
void demo_plasma_step(struct demo *d);
void demo_scroll(struct demo *d);

/* source-demo-pictures.c: pixels, which the caller owns */
struct pixmap *demo_backdrop(unsigned width, unsigned height);
struct pixmap *demo_bar(unsigned w, uint32_t top, uint32_t bottom); /* from one colour to another */
struct pixmap *demo_shadow(unsigned w, unsigned h); /* of a window so large, DEMO_SHADOW around it; with alpha */
struct pixmap *demo_ball(void);                     /* with alpha */
struct pixmap *demo_gradient(void);
struct pixmap *demo_curves(void);                   /* with alpha */
struct pixmap *demo_weave(void);
struct pixmap *demo_plasma(unsigned t);             /* a frame of it */
void demo_arrow(uint8_t pixels[4 * DEMO_ARROW_WIDTH * DEMO_ARROW_HEIGHT]); /* a pointer, CURSOR_TYPE_ALPHA */

static inline int demo_clamp(int v, int min, int max)
{
	return v < min ? min : v > max ? max : v;
}

enum { DEMO_TERMINAL, DEMO_PLASMA, DEMO_DRAWING, DEMO_NOTES };

#endif
