/* The window under SDL's dummy display: pixels reach the window's buffer where they were damaged
 * and nowhere else, and what a user does comes out as keys, positions and buttons. Events are
 * pushed into SDL as its drivers would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <SDL.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "view/window.h"

enum { W = 40, H = 30 };
static const SDL_Scancode END_KEY = SDL_SCANCODE_F15;

static struct {
	uv_loop_t loop;
	struct window *w;
	char log[4096];
	bool ended;
	Uint32 at; /* the window that events go to */
	uint32_t pixels[W * H];
	pixman_image_t *image;
} t;

static void say(const char *fmt, ...)
{
	size_t at = strlen(t.log);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t.log + at, sizeof(t.log) - at, fmt, ap);
	va_end(ap);
}

static void on_key(void *owner, uint16_t code, bool down)
{
	(void)owner;
	if (code == keycode_of_usb(END_KEY))
		t.ended = true;
	else
		say("%c%x ", down ? '+' : '-', code);
}

static void on_motion(void *owner, int dx, int dy)
{
	(void)owner;
	say("m%d,%d ", dx, dy);
}

static void on_position(void *owner, int x, int y)
{
	(void)owner;
	say("p%d,%d ", x, y);
}

static void on_button(void *owner, enum window_button b, bool down)
{
	(void)owner;
	say("b%d%c ", b, down ? '+' : '-');
}

static void on_wheel(void *owner, int steps)
{
	(void)owner;
	say("w%d ", steps);
}

static void on_focus(void *owner, bool focused, unsigned locks)
{
	(void)owner;
	say("f%d:%u ", focused, locks);
}

static void on_resize(void *owner, unsigned width, unsigned height)
{
	(void)owner;
	say("r%ux%u ", width, height);
}

static void on_close(void *owner, int err)
{
	(void)owner;
	say("close%d ", err);
	t.ended = true;
}

static const struct window_ops ops = {
	on_key, on_motion, on_position, on_button, on_wheel, on_focus, on_resize, on_close, NULL};

static void key(SDL_Scancode code, bool down)
{
	SDL_Event e = {.key = {.type = down ? SDL_KEYDOWN : SDL_KEYUP,
			       .windowID = t.at,
			       .state = down ? SDL_PRESSED : SDL_RELEASED,
			       .keysym.scancode = code}};

	assert_int_equal(SDL_PushEvent(&e), 1);
}

static void window_event(unsigned event)
{
	SDL_Event e = {.window = {.type = SDL_WINDOWEVENT, .windowID = t.at, .event = (Uint8)event}};

	assert_int_equal(SDL_PushEvent(&e), 1);
}

static void move(int x, int y, int dx, int dy)
{
	SDL_Event e = {.motion = {.type = SDL_MOUSEMOTION, .windowID = t.at, .x = x, .y = y, .xrel = dx, .yrel = dy}};

	assert_int_equal(SDL_PushEvent(&e), 1);
}

static void click(unsigned button, bool down, int x, int y)
{
	SDL_Event e = {.button = {.type = down ? SDL_MOUSEBUTTONDOWN : SDL_MOUSEBUTTONUP,
			       .windowID = t.at,
			       .state = down ? SDL_PRESSED : SDL_RELEASED,
			       .button = (Uint8)button,
			       .x = x,
			       .y = y}};

	assert_int_equal(SDL_PushEvent(&e), 1);
}

/* Runs the loop until all that was pushed has been dealt with. */
static void settle(void)
{
	t.ended = false;
	key(END_KEY, true);
	key(END_KEY, false);
	while (!t.ended)
		uv_run(&t.loop, UV_RUN_ONCE);
}

static void said(const char *want)
{
	settle();
	assert_string_equal(t.log, want);
	t.log[0] = 0;
}

static uint32_t shown(int x, int y)
{
	SDL_Surface *s = SDL_GetWindowSurface(SDL_GetWindowFromID(t.at));

	assert_non_null(s);
	assert_true(x < s->w && y < s->h);
	return *(uint32_t *)((uint8_t *)s->pixels + y * s->pitch + x * 4) & 0xffffff;
}

/* Until the window shows v there. */
static void wait_shown(int x, int y, uint32_t v)
{
	while (shown(x, y) != v)
		uv_run(&t.loop, UV_RUN_ONCE);
}

static void open_with(const struct window_options *o)
{
	memset(&t, 0, sizeof(t));
	t.at = 1;
	uv_loop_init(&t.loop);
	assert_int_equal(window_new(&t.loop, o, &ops, NULL, &t.w), 0);
	for (int i = 0; i < W * H; i++)
		t.pixels[i] = (uint32_t)i * 37;
	t.image = pixman_image_create_bits(PIXMAN_x8r8g8b8, W, H, t.pixels, W * 4);
	window_picture(t.w, t.image, 0, 0, W, H);
	window_event(SDL_WINDOWEVENT_FOCUS_GAINED);
	settle();
	t.log[0] = 0;
}

static int open_plain(void **state)
{
	(void)state;
	open_with(&(struct window_options){.title = "test"});
	return 0;
}

static int open_scaling(void **state)
{
	(void)state;
	open_with(&(struct window_options){.title = "test", .scale = WINDOW_SCALE_NEAREST});
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	window_free(t.w);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t.loop), 0);
	if (t.image)
		pixman_image_unref(t.image);
	return 0;
}

static void only_damage_is_drawn(void **state)
{
	(void)state;
	wait_shown(W - 1, H - 1, t.pixels[W * H - 1]);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			assert_int_equal(shown(x, y), t.pixels[y * W + x]);
	for (int i = 0; i < W * H; i++)
		t.pixels[i] = 0xabcdef;
	window_damage(t.w, 3, 4, 5, 6);
	wait_shown(3, 4, 0xabcdef);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++) {
			bool in = x >= 3 && x < 8 && y >= 4 && y < 10;

			assert_int_equal(shown(x, y), in ? 0xabcdef : (y * W + x) * 37);
		}
	window_damage(t.w, -100, -100, 10000, 10000);
	wait_shown(0, 0, 0xabcdef);
}

static void part_of_an_image(void **state)
{
	(void)state;
	window_picture(t.w, t.image, 10, 20, 8, 4);
	wait_shown(0, 0, t.pixels[20 * W + 10]);
	assert_int_equal(shown(7, 3), t.pixels[23 * W + 17]);
	move(100, 2, 0, 0);
	said("p17,22 ");
	window_picture(t.w, NULL, 0, 0, 0, 0);
	wait_shown(0, 0, 0);
	move(1, 2, 0, 0);
	said("");
}

static void scaling_is_whole_and_mapped_back(void **state)
{
	SDL_Window *sdl = SDL_GetWindowFromID(1);

	(void)state;
	SDL_SetWindowSize(sdl, W * 2, H * 2 + 10);
	settle();
	t.log[0] = 0;
	wait_shown(W * 2 - 1, 5 + H * 2 - 1, t.pixels[W * H - 1]);
	for (int y = 0; y < H * 2; y++)
		for (int x = 0; x < W * 2; x++)
			assert_int_equal(shown(x, 5 + y), t.pixels[y / 2 * W + x / 2]);
	assert_int_equal(shown(0, 0), 0);
	assert_int_equal(shown(0, 5 + H * 2), 0);
	t.pixels[7 * W + 9] = 0x123456;
	window_damage(t.w, 9, 7, 1, 1);
	wait_shown(19, 5 + 15, 0x123456);
	assert_int_equal(shown(18, 5 + 14), 0x123456);
	assert_int_equal(shown(20, 5 + 14), t.pixels[7 * W + 10]);
	move(21, 5 + 11, 0, 0);
	said("p10,5 ");
	move(3, 0, 0, 0);
	said("p1,0 ");
	move(W * 2 + 50, H * 2 + 50, 0, 0);
	said("p39,29 ");
}

static void keys_and_their_release(void **state)
{
	(void)state;
	key(SDL_SCANCODE_A, true);
	key(SDL_SCANCODE_A, true);
	key(SDL_SCANCODE_A, false);
	key(SDL_SCANCODE_A, false);
	key(SDL_SCANCODE_UP, true);
	key(SDL_SCANCODE_UP, false);
	key(SDL_SCANCODE_PAUSE, true);
	key(SDL_SCANCODE_PAUSE, false);
	key(SDL_SCANCODE_AUDIOMUTE, true);
	key(SDL_SCANCODE_AUDIOMUTE, false);
	said("+1e +1e -1e +e048 -e048 +e145 -e145 +e020 -e020 ");
	key(SDL_SCANCODE_LSHIFT, true);
	key(SDL_SCANCODE_RIGHT, true);
	click(SDL_BUTTON_X1, true, 1, 1);
	window_event(SDL_WINDOWEVENT_FOCUS_LOST);
	key(SDL_SCANCODE_LSHIFT, false);
	said("+2a +e04d p1,1 b6+ -2a -e04d b6- f0:0 ");
}

static void hot_keys(void **state)
{
	SDL_Window *sdl = SDL_GetWindowFromID(1);

	(void)state;
	key(SDL_SCANCODE_RSHIFT, true);
	key(SDL_SCANCODE_F11, true);
	key(SDL_SCANCODE_F11, false);
	key(SDL_SCANCODE_RSHIFT, false);
	settle();
	assert_true(strncmp(t.log, "+36 -36 ", 8) == 0);
	assert_null(strstr(t.log, "57"));
	assert_true(SDL_GetWindowFlags(sdl) & SDL_WINDOW_FULLSCREEN);
	t.log[0] = 0;
	key(SDL_SCANCODE_F11, true);
	key(SDL_SCANCODE_F11, false);
	key(SDL_SCANCODE_LCTRL, true);
	key(SDL_SCANCODE_LALT, true);
	key(SDL_SCANCODE_END, true);
	key(SDL_SCANCODE_END, false);
	said("+57 -57 +1d +38 -1d -38 +1d +38 +e053 -e053 -38 -1d ");
}

static void buttons_and_wheel(void **state)
{
	SDL_Event wheel = {.wheel = {.type = SDL_MOUSEWHEEL, .windowID = t.at, .y = -2}};

	(void)state;
	move(1, 1, 0, 0);
	move(5, 6, 0, 0);
	click(SDL_BUTTON_LEFT, true, 5, 6);
	click(SDL_BUTTON_LEFT, false, 7, 8);
	SDL_PushEvent(&wheel);
	said("p5,6 b1+ p7,8 b1- w-2 ");
}

static void relative_mouse(void **state)
{
	(void)state;
	window_relative(t.w, true);
	move(1, 1, 3, 4);
	said(""); /* not ours yet */
	click(SDL_BUTTON_LEFT, true, 1, 1);
	click(SDL_BUTTON_LEFT, false, 1, 1);
	said("");
	move(1, 1, 3, 4);
	move(1, 1, 2, -1);
	click(SDL_BUTTON_RIGHT, true, 1, 1);
	click(SDL_BUTTON_RIGHT, false, 1, 1);
	said("m5,3 b3+ b3- ");
	key(SDL_SCANCODE_LCTRL, true);
	key(SDL_SCANCODE_LALT, true);
	key(SDL_SCANCODE_LALT, false);
	key(SDL_SCANCODE_LCTRL, false);
	move(1, 1, 3, 4);
	said("+1d +38 -38 -1d ");
}

static void drawn_cursor(void **state)
{
	static const uint32_t shape[] = {
		0xffff0000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00ffffff};

	(void)state;
	window_relative(t.w, true);
	window_cursor(t.w, shape, 3, 2, 0, 0);
	window_cursor_at(t.w, 10, 10, true);
	wait_shown(10, 10, 0xff0000);
	assert_int_equal(shown(12, 11), 0x000000); /* inverts: black ... */
	assert_int_equal(shown(11, 11), 0xffffff); /* ... with an edge */
	assert_int_equal(shown(10, 11), t.pixels[11 * W + 10]);
	window_cursor_at(t.w, 20, 10, true);
	wait_shown(20, 10, 0xff0000);
	assert_int_equal(shown(10, 10), t.pixels[10 * W + 10]);
	window_cursor_at(t.w, 20, 10, false);
	wait_shown(20, 10, t.pixels[10 * W + 20]);
	window_cursor(t.w, NULL, 0, 0, 0, 0);
}

static void sixteen_bits(void **state)
{
	static uint16_t pixels[16 * 2];
	pixman_image_t *image =
		pixman_image_create_bits(PIXMAN_x1r5g5b5, 16, 2, (uint32_t *)(void *)pixels, 32);

	(void)state;
	pixels[16 + 3] = 0x7c00;
	window_picture(t.w, image, 0, 0, 16, 2);
	wait_shown(3, 1, 0xff0000);
	window_picture(t.w, image, 3, 0, 12, 2); /* not on four bytes */
	wait_shown(0, 1, 0xff0000);
	window_picture(t.w, NULL, 0, 0, 0, 0);
	pixman_image_unref(image);
}

/* The owner of the second window speaks in capitals. */
static void second_key(void *owner, uint16_t code, bool down)
{
	(void)owner;
	say("K%c%x ", down ? '+' : '-', code);
}

static void second_position(void *owner, int x, int y)
{
	(void)owner;
	say("P%d,%d ", x, y);
}

static void second_focus(void *owner, bool focused, unsigned locks)
{
	(void)owner;
	say("F%d:%u ", focused, locks);
}

static void second_close(void *owner, int err)
{
	struct window **w = owner;

	say("CLOSE%d ", err);
	window_free(*w);
	*w = NULL;
}

static void two_windows(void **state)
{
	struct window_ops second = ops;
	struct window *w;

	(void)state;
	second.key = second_key;
	second.position = second_position;
	second.focus = second_focus;
	second.close = second_close;
	assert_int_equal(
		window_new(&t.loop, &(struct window_options){.title = "b", .number = 1}, &second, &w, &w), 0);
	window_picture(w, t.image, 20, 10, 20, 20);
	/* each has its part of the picture, and draws what is damaged of it */
	wait_shown(W - 1, H - 1, t.pixels[W * H - 1]);
	t.at = 2;
	wait_shown(0, 0, t.pixels[10 * W + 20]);
	t.pixels[15 * W + 30] = 0xabcdef;
	window_damage(w, 30, 15, 1, 1);
	wait_shown(10, 5, 0xabcdef);
	t.at = 1;
	assert_int_equal(shown(30, 15), (15 * W + 30) * 37);
	/* input goes to the window where it is made */
	key(SDL_SCANCODE_A, true);
	move(5, 6, 0, 0);
	window_event(SDL_WINDOWEVENT_FOCUS_LOST);
	t.at = 2;
	window_event(SDL_WINDOWEVENT_FOCUS_GAINED);
	key(SDL_SCANCODE_A, false);
	key(SDL_SCANCODE_B, true);
	move(5, 6, 0, 0);
	t.at = 1;
	said("+1e p5,6 -1e f0:0 F1:0 K+30 P25,16 ");
	/* one of them closes: what it held is let go, the mouse as well, and the other is as it was */
	window_relative(w, true);
	t.at = 2;
	click(SDL_BUTTON_LEFT, true, 1, 1);
	click(SDL_BUTTON_LEFT, false, 1, 1);
	t.at = 1;
	settle();
	assert_true(SDL_GetRelativeMouseMode());
	t.at = 2;
	window_event(SDL_WINDOWEVENT_CLOSE);
	key(SDL_SCANCODE_C, true);
	t.at = 1;
	settle();
	move(1, 2, 0, 0);
	said("K-30 CLOSE0 p1,2 ");
	assert_false(SDL_GetRelativeMouseMode());
	assert_null(w);
	assert_null(SDL_GetWindowFromID(2));
	t.pixels[0] = 0x123456;
	window_damage(t.w, 0, 0, 1, 1);
	wait_shown(0, 0, 0x123456);
}

static void closing(void **state)
{
	(void)state;
	t.ended = false;
	window_event(SDL_WINDOWEVENT_CLOSE);
	key(SDL_SCANCODE_A, true);
	while (!t.ended)
		uv_run(&t.loop, UV_RUN_ONCE);
	assert_string_equal(t.log, "close0 ");
}

static void looking_only(void **state)
{
	(void)state;
	close_it(NULL);
	open_with(&(struct window_options){.title = "test", .view_only = false, .hotkeys = ""});
	key(SDL_SCANCODE_LSHIFT, true);
	key(SDL_SCANCODE_F11, true);
	said("+2a +57 ");
	close_it(NULL);
	memset(&t, 0, sizeof(t));
	t.at = 1;
	uv_loop_init(&t.loop);
	assert_int_equal(
		window_new(&t.loop, &(struct window_options){.view_only = true}, &ops, NULL, &t.w),
		0);
	window_event(SDL_WINDOWEVENT_FOCUS_GAINED);
	key(SDL_SCANCODE_A, true);
	move(1, 1, 1, 1);
	click(SDL_BUTTON_LEFT, true, 1, 1);
	window_event(SDL_WINDOWEVENT_CLOSE);
	while (!t.ended)
		uv_run(&t.loop, UV_RUN_ONCE);
	assert_string_equal(t.log, "close0 ");
}

static void bad_hot_keys(void **state)
{
	static const char *const bad[] = {"x", "toggle-fullscreen",
		"toggle-fullscreen=", "toggle-fullscreen=nokey", "nothing=f1",
		"toggle-fullscreen=a+b", "release-cursor=f1,,release-cursor=f2"};
	struct window *w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (window_new(&t.loop, &(struct window_options){.hotkeys = bad[i]}, &ops, NULL,
			    &w) != E_USAGE)
			fail_msg("hot keys \"%s\" were taken", bad[i]);
}

#define in_window(f) cmocka_unit_test_setup_teardown(f, open_plain, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_window(only_damage_is_drawn),
		in_window(part_of_an_image),
		cmocka_unit_test_setup_teardown(
			scaling_is_whole_and_mapped_back, open_scaling, close_it),
		in_window(keys_and_their_release),
		in_window(hot_keys),
		in_window(buttons_and_wheel),
		in_window(relative_mouse),
		in_window(drawn_cursor),
		in_window(sixteen_bits),
		in_window(two_windows),
		in_window(closing),
		in_window(looking_only),
		in_window(bad_hot_keys),
	};

	setenv("SDL_VIDEODRIVER", "dummy", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
