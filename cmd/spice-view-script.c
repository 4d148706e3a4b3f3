/* Scripted sessions: --script acts as a person would, a command a line; --type is a script of one command. A file is
 * read and checked whole before anything is done; lines from stdin are taken as they come, so that another program can
 * hold the other end. A command is a row and a function that says how it goes on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/spice-view.h"
#include "codec/picture.h"
#include "draw/rect.h"
#include "view/keymap.h"

enum {
	WORDS = 6,
	SCRIPT_MAX = 16 << 20,
	DEFAULT_RATE = 40,    /* characters a second: QEMU's PS/2 queue holds 16 bytes */
	KEY_GAP_MS = 25,
	WHEEL_MOST = 1000,    /* steps at once */
	FAILED = 1,           /* exit status of an expect that failed */
};

struct line {
	unsigned number;
	const struct command *command;
	unsigned n;
	char *words[WORDS];   /* behind the command */
};

struct script {
	struct view *view;
	const char *file;     /* for messages */
	struct line *lines;
	size_t n, at;
	uv_timer_t timer;
	bool timer_used, started;
	uv_poll_t in;         /* stdin, while lines may still come */
	bool live;            /* it is open */
	struct buf partial;   /* of a line that is not complete */
	unsigned number;      /* of the last line read */
	struct keymap *keys;
	long long gap_ms;
	/* the command under way */
	enum { GOING, SLEEPING, TYPING, CHANGING, SETTLING, RESIZING, READING } state;
	struct slice text;            /* still to be typed */
	struct rect watch;            /* CHANGING: where */
	long long settle_ms;
	int x, y;                     /* where the pointer was moved to */
};

/* How a command goes on: NEXT at once, WAIT for an event or the timer, or STOP with the view finished. */
enum verdict { NEXT, WAIT, STOP };

struct command {
	const char *name;
	unsigned min, max;    /* words */
	bool inputs;
	enum verdict (*run)(struct script *s, const struct line *l);
	int (*check)(const struct line *l); /* at the time of reading; may be NULL */
};

static void go_on(struct script *s);

static void complain(const struct script *s, const struct line *l, const char *what)
{
	cli_error("%s:%u: %s: %s", s->file, l->number, l->command ? l->command->name : "", what);
}

static void arm(struct script *s, long long ms);

static enum verdict stop(struct script *s, int status)
{
	view_finish(s->view, status);
	return STOP;
}

/* ---- numbers ---- */

static int number(const char *text)
{
	long long v = 0;

	text_number(text, -1000000, 1000000, &v);
	return (int)v;
}

static int check_numbers(const struct line *l)
{
	long long v;

	for (unsigned i = 0; i < l->n; i++)
		if (text_number(l->words[i], -1000000, 1000000, &v))
			return E_INVAL;
	return 0;
}

static int check_duration(const struct line *l)
{
	long long v;

	return text_duration_ms(l->words[0], 1, &v);
}

/* ---- keyboard ---- */

static void press(struct script *s, const uint16_t *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		client_key(s->view->client, codes[i], true);
	for (size_t i = n; i-- > 0;)
		client_key(s->view->client, codes[i], false);
}

/* The next character that can be typed; false at the end of the text. */
static bool type_one(struct script *s)
{
	while (s->text.n) {
		struct stroke strokes[STROKES_MAX];
		uint16_t codes[STROKE_KEYS];
		size_t n;
		int rc = keymap_next(s->keys, &s->text, strokes, &n);

		if (rc) {
			log_warn("a character that the layout does not have was left out");
			continue;
		}
		for (size_t i = 0; i < n; i++)
			press(s, codes, stroke_keys(strokes[i], codes));
		return true;
	}
	return false;
}

static enum verdict do_type(struct script *s, const struct line *l)
{
	s->text = slice_str(l->words[0]);
	s->state = TYPING;
	arm(s, 0);
	return WAIT;
}

static int check_key(const struct line *l)
{
	uint16_t codes[KEYCODE_CHORD_MAX];
	size_t n;

	return keycode_chord(l->words[0], codes, &n);
}

static enum verdict do_key(struct script *s, const struct line *l)
{
	uint16_t codes[KEYCODE_CHORD_MAX];
	size_t n;

	keycode_chord(l->words[0], codes, &n);
	press(s, codes, n);
	s->state = SLEEPING;
	arm(s, KEY_GAP_MS);
	return WAIT;
}

/* ---- pointer ---- */

/* The place on the screen of what the script calls 0 0. */
static struct rect part(const struct script *s)
{
	struct rect r = {0};

	view_part(s->view, &r);
	return r;
}

static void move_to(struct script *s, int x, int y)
{
	struct view *v = s->view;

	if (client_mouse_absolute(v->client))
		client_position(v->client, view_channel(v), part(s).left + x, part(s).top + y);
	else
		client_motion(v->client, x - s->x, y - s->y);
	s->x = x;
	s->y = y;
}

static enum verdict do_move(struct script *s, const struct line *l)
{
	move_to(s, number(l->words[0]), number(l->words[1]));
	return NEXT;
}

static const struct {
	const char *name;
	unsigned button;
} buttons[] = {{"left", MOUSE_BUTTON_LEFT}, {"middle", MOUSE_BUTTON_MIDDLE}, {"right", MOUSE_BUTTON_RIGHT},
	{"side", MOUSE_BUTTON_SIDE}, {"extra", MOUSE_BUTTON_EXTRA}, {"1", MOUSE_BUTTON_LEFT},
	{"2", MOUSE_BUTTON_MIDDLE},
	{"3", MOUSE_BUTTON_RIGHT}};

static unsigned button_of(const struct line *l)
{
	for (size_t i = 0; l->n && i < ARRAY_SIZE(buttons); i++)
		if (strcmp(buttons[i].name, l->words[0]) == 0)
			return buttons[i].button;
	return l->n ? MOUSE_BUTTON_INVALID : MOUSE_BUTTON_LEFT;
}

static int check_button(const struct line *l)
{
	return button_of(l) == MOUSE_BUTTON_INVALID ? E_INVAL : 0;
}

static enum verdict do_click(struct script *s, const struct line *l)
{
	client_button(s->view->client, button_of(l), true);
	client_button(s->view->client, button_of(l), false);
	return NEXT;
}

static enum verdict do_drag(struct script *s, const struct line *l)
{
	client_button(s->view->client, MOUSE_BUTTON_LEFT, true);
	move_to(s, number(l->words[0]), number(l->words[1]));
	client_button(s->view->client, MOUSE_BUTTON_LEFT, false);
	return NEXT;
}

static enum verdict do_wheel(struct script *s, const struct line *l)
{
	int down = number(l->words[0]); /* on a screen, as its numbers are */

	client_wheel(s->view->client, down > WHEEL_MOST ? -WHEEL_MOST : down < -WHEEL_MOST ? WHEEL_MOST : -down);
	return NEXT;
}

/* ---- waiting ---- */

static enum verdict do_wait(struct script *s, const struct line *l)
{
	long long ms = 0;

	text_duration_ms(l->words[0], 1, &ms);
	s->state = SLEEPING;
	arm(s, ms);
	return WAIT;
}

static enum verdict do_wait_change(struct script *s, const struct line *l)
{
	int left = part(s).left, top = part(s).top;

	s->watch = (struct rect){INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX};
	if (l->n == 4)
		s->watch = (struct rect){.left = left + number(l->words[0]), .top = top + number(l->words[1]),
			.right = left + number(l->words[0]) + number(l->words[2]),
			.bottom = top + number(l->words[1]) + number(l->words[3])};
	s->state = CHANGING;
	arm(s, s->view->timeout_ms);
	return WAIT;
}

static int check_area(const struct line *l)
{
	return l->n == 0 || l->n == 4 ? check_numbers(l) : E_INVAL;
}

static enum verdict do_wait_settle(struct script *s, const struct line *l)
{
	text_duration_ms(l->words[0], 1, &s->settle_ms);
	s->state = SETTLING;
	arm(s, s->settle_ms);
	return WAIT;
}

/* ---- the guest ---- */

static enum verdict no_agent(struct script *s, const struct line *l)
{
	complain(s, l, "there is no agent that could do it");
	return stop(s, err_exit(E_UNREACH));
}

/* Goes on once the guest was asked; what it then does is for wait-change to see. */
static enum verdict do_resize(struct script *s, const struct line *l)
{
	unsigned width = 0, height = 0;
	int rc;

	text_geometry(l->words[0], LIM_IMAGE_SIDE, &width, &height);
	rc = view_resize(s->view, width, height);
	if (rc && rc != E_AGAIN)
		return no_agent(s, l);
	if (rc == 0)
		return NEXT;
	s->state = RESIZING;
	arm(s, s->view->timeout_ms);
	return WAIT;
}

static int check_geometry(const struct line *l)
{
	unsigned width, height;

	return text_geometry(l->words[0], LIM_IMAGE_SIDE, &width, &height);
}

/* ---- pictures ---- */

static enum verdict do_capture(struct script *s, const struct line *l)
{
	int rc = view_capture(s->view, l->words[0]);

	return rc ? stop(s, err_exit(rc)) : NEXT;
}

static int check_picture_name(const struct line *l)
{
	enum picture_format f;

	return strcmp(l->words[0], "-") == 0 ? 0 : picture_format(l->words[0], &f);
}

static int read_file(const char *file, struct buf *out)
{
	bool in = strcmp(file, "-") == 0;
	int why = in ? file_read_fd(STDIN_FILENO, SCRIPT_MAX, out) : file_read(file, SCRIPT_MAX, out);

	if (why)
		cli_error("%s: %s", file, strerror(why));
	return why ? E_NOFILE : 0;
}

/* Pixels of which some channel differs by more than `fuzz` percent of its range. */
static size_t differing(const struct pixmap *p, const struct picture *want, double fuzz)
{
	double most = 255 * fuzz / 100;
	size_t n = 0;

	for (unsigned y = 0; y < p->height; y++) {
		const uint8_t *a = p->data + (size_t)y * (size_t)p->stride;
		const uint8_t *b = want->pixels + 4 * (size_t)y * want->width;

		for (unsigned x = 0; x < p->width; x++) {
			bool differs = false;

			for (unsigned c = 0; c < 3; c++)
				differs |= abs(a[4 * (size_t)x + c] - b[4 * (size_t)x + c]) > most;
			n += differs;
		}
	}
	return n;
}

/* How much may differ: a number from 0 to 100, and perhaps its sign. */
static int percent(const struct line *l, double *fuzz)
{
	char *end;

	*fuzz = 0;
	if (l->n < 2)
		return 0;
	*fuzz = strtod(l->words[1], &end);
	if (end == l->words[1] || (*end && strcmp(end, "%") != 0))
		return E_INVAL;
	return *fuzz >= 0 && *fuzz <= 100 ? 0 : E_INVAL;
}

static int check_expect(const struct line *l)
{
	double fuzz;

	return percent(l, &fuzz);
}

static enum verdict compare(struct script *s, const struct line *l, const struct picture *want)
{
	struct pixmap *p = view_pixels(s->view);
	double fuzz;
	size_t n;
	char why[120];

	if (!p || p->width != want->width || p->height != want->height) {
		snprintf(why, sizeof(why), "the screen is %ux%u, the picture %ux%u", p ? p->width : 0,
			p ? p->height : 0, want->width, want->height);
		complain(s, l, why);
		pixmap_unref(p);
		return stop(s, FAILED);
	}
	percent(l, &fuzz);
	n = differing(p, want, fuzz);
	pixmap_unref(p);
	if (n == 0)
		return NEXT;
	snprintf(why, sizeof(why), "%zu pixels differ", n);
	complain(s, l, why);
	return stop(s, FAILED);
}

static enum verdict do_expect(struct script *s, const struct line *l)
{
	struct picture want = {0};
	struct buf file = {0};
	enum verdict v;
	int rc = read_file(l->words[0], &file);

	if (!rc && (rc = picture_read(&want, buf_slice(&file))))
		complain(s, l, "not a picture");
	v = rc ? stop(s, err_exit(rc)) : compare(s, l, &want);
	picture_fini(&want);
	buf_fini(&file);
	return v;
}

static enum verdict do_quit(struct script *s, const struct line *l)
{
	(void)l;
	return stop(s, 0);
}

static const struct command commands[] = {
	{"type", 1, 1, true, do_type, NULL},
	{"key", 1, 1, true, do_key, check_key},
	{"move", 2, 2, true, do_move, check_numbers},
	{"click", 0, 1, true, do_click, check_button},
	{"drag", 2, 2, true, do_drag, check_numbers},
	{"wheel", 1, 1, true, do_wheel, check_numbers},
	{"wait", 1, 1, false, do_wait, check_duration},
	{"wait-change", 0, 4, false, do_wait_change, check_area},
	{"wait-settle", 1, 1, false, do_wait_settle, check_duration},
	{"resize", 1, 1, false, do_resize, check_geometry},
	{"expect", 1, 2, false, do_expect, check_expect},
	{"capture", 1, 1, false, do_capture, check_picture_name},
	{"quit", 0, 0, false, do_quit, NULL},
};

/* ---- reading ---- */

/* A word: bare, or in double quotes with C escapes. NULL at the end of the line; *bad for a broken one. */
static char *word(const char **p, bool *bad)
{
	struct buf b = {0};
	char *out;

	while (**p == ' ' || **p == '\t')
		++*p;
	if (!**p || **p == '#')
		return NULL;
	if (**p != '"') {
		while (**p && **p != ' ' && **p != '\t')
			buf_u8(&b, (uint8_t)*(*p)++);
	} else {
		for (++*p; **p && **p != '"'; ++*p) {
			static const char from[] = "ntreb\\\"", to[] = "\n\t\r\x1b\b\\\"";
			const char *e;

			if (**p != '\\') {
				buf_u8(&b, (uint8_t)**p);
				continue;
			}
			e = *++*p ? strchr(from, **p) : NULL;
			if (!e) {
				*bad = true;
				break;
			}
			buf_u8(&b, (uint8_t)to[e - from]);
		}
		*bad |= **p != '"';
		*p += **p == '"';
	}
	out = xstrdup(buf_cstr(&b));
	buf_fini(&b);
	return out;
}

static const struct command *command_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int parse_line(struct script *s, const char *text, unsigned n)
{
	struct line l = {.number = n};
	bool bad = false;
	char *name = word(&text, &bad), *w;

	if (!name)
		return 0;
	l.command = command_of(name);
	while (!bad && l.n < WORDS && (w = word(&text, &bad)))
		l.words[l.n++] = w;
	s->lines = xrealloc(s->lines, s->n + 1, sizeof(l));
	s->lines[s->n++] = l;
	if (!l.command) {
		cli_error("%s:%u: '%s' is no command", s->file, n, name);
		free(name);
		return E_INVAL;
	}
	free(name);
	if (bad || l.n < l.command->min || l.n > l.command->max ||
		(l.command->check && l.command->check(&l))) {
		complain(s, &l, "not understood");
		return E_INVAL;
	}
	return 0;
}

/* The whole lines of `text`, and with `last` the rest as well; what was parsed is skipped. */
static int parse(struct script *s, struct buf *text, bool last)
{
	int rc = 0;

	while (buf_len(text) && !rc) {
		const uint8_t *end = memchr(buf_data(text), '\n', buf_len(text));
		size_t len = end ? (size_t)(end - buf_data(text)) : buf_len(text);
		char *line;

		if (!end && !last)
			break;
		line = xstrndup((const char *)buf_data(text), len);
		line[strcspn(line, "\r")] = 0;
		rc = parse_line(s, line, ++s->number);
		free(line);
		buf_skip(text, len + (end != NULL));
	}
	return rc;
}

/* ---- running ---- */

static void on_timer(uv_timer_t *t)
{
	struct script *s = t->data;

	switch (s->state) {
	case TYPING:
		if (type_one(s)) {
			arm(s, s->gap_ms);
			return;
		}
		break;
	case CHANGING:
	case RESIZING:
		complain(s, &s->lines[s->at - 1], "timed out");
		view_finish(s->view, err_exit(E_TIMEOUT));
		break;
	default:
		break;
	}
	s->state = GOING;
	go_on(s);
}

static void arm(struct script *s, long long ms)
{
	uv_timer_start(&s->timer, on_timer, (uint64_t)ms, 0);
}

static void close_handles(struct script *s)
{
	if (s->timer_used)
		uv_close((uv_handle_t *)&s->timer, NULL);
	if (s->live)
		uv_close((uv_handle_t *)&s->in, NULL);
	s->timer_used = s->live = false;
}

/* Something came on stdin, or its end. One read never blocks here. */
static void on_stdin(uv_poll_t *h, int status, int events)
{
	struct script *s = h->data;
	ssize_t n = read(STDIN_FILENO, buf_reserve(&s->partial, 4096), 4096);
	int rc;

	(void)status, (void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		buf_commit(&s->partial, (size_t)n);
	rc = parse(s, &s->partial, n <= 0);
	if (n <= 0) {
		s->live = false;
		uv_close((uv_handle_t *)&s->in, NULL);
	}
	if (rc) {
		view_finish(s->view, err_exit(rc));
		close_handles(s);
	} else if (s->state == READING) {
		s->state = GOING;
		go_on(s);
	}
}

static void go_on(struct script *s)
{
	enum verdict v = NEXT;

	while (v == NEXT && !s->view->done) {
		const struct line *l;

		if (s->at == s->n && s->live) {
			s->state = READING;
			break;
		}
		if (s->at == s->n) {
			view_finish(s->view, cli_flush());
			break;
		}
		l = &s->lines[s->at++];
		v = l->command->run(s, l);
	}
}

static bool wants_inputs(const struct script *s)
{
	if (s->live) /* nobody knows what will come */
		return !s->view->o.view_only;
	for (size_t i = 0; i < s->n; i++)
		if (s->lines[i].command->inputs)
			return true;
	return false;
}

/* Begins once there is a picture, and an inputs channel where one is needed. */
static void maybe_start(struct script *s)
{
	struct client *c = s->view->client;
	struct rect r;

	if (s->started || s->view->done || !c || !client_marked(c, view_channel(s->view)) || !view_part(s->view, &r) ||
		(wants_inputs(s) && !client_has_inputs(c)))
		return;
	s->started = true;
	uv_timer_stop(&s->view->deadline);
	uv_timer_init(s->view->loop, &s->timer);
	s->timer.data = s;
	s->timer_used = true;
	s->x = client_pointer(c, view_channel(s->view))->x - r.left;
	s->y = client_pointer(c, view_channel(s->view))->y - r.top;
	s->state = SLEEPING; /* not from within the client's call */
	arm(s, 0);
}

static void script_mark(void *owner, unsigned display)
{
	(void)display;
	maybe_start(owner);
}

static void script_inputs(void *owner)
{
	maybe_start(owner);
}

static void script_damage(void *owner, unsigned display, const struct rect *r)
{
	struct script *s = owner;

	if (s->view->done || display != view_channel(s->view))
		return;
	if (s->state == SETTLING) {
		arm(s, s->settle_ms);
	} else if (s->state == CHANGING && rect_overlap(&s->watch, r)) {
		s->state = SLEEPING;
		arm(s, 0);
	}
}

static void script_resized(void *owner, int err)
{
	struct script *s = owner;

	if (s->state != RESIZING || s->view->done)
		return;
	s->state = SLEEPING; /* not from within the client's call */
	if (err)
		no_agent(s, &s->lines[s->at - 1]);
	else
		arm(s, 0);
}

static void script_stop(void *owner)
{
	close_handles(owner);
}

static int typing(struct script *s, struct buf *text)
{
	struct line l = {.number = 1, .command = command_of("type"), .n = 1};

	l.words[0] = xstrdup(buf_cstr(text));
	s->lines = xcalloc(1, sizeof(l));
	s->lines[s->n++] = l;
	return 0;
}

static int script_start(struct view *v, void **owner)
{
	struct script *s = new(struct script);
	long long rate = DEFAULT_RATE;
	struct buf text = {0};
	int rc;

	*owner = s;
	s->view = v;
	s->file = v->o.script ? v->o.script : v->o.type;
	if (cli_number("--rate", v->o.rate, 1, 10000, &rate))
		return err_exit(E_USAGE);
	s->gap_ms = 1000 / rate;
	rc = keymap_new(v->o.layout ? v->o.layout : "us", &s->keys);
	if (!rc && v->o.script && strcmp(s->file, "-") == 0 && uv_poll_init(v->loop, &s->in, STDIN_FILENO) == 0) {
		s->live = true;
		s->in.data = s;
		uv_poll_start(&s->in, UV_READABLE, on_stdin);
		return 0;
	}
	if (!rc)
		rc = read_file(s->file, &text);
	if (!rc)
		rc = v->o.script ? parse(s, &text, true) : typing(s, &text);
	buf_fini(&text);
	if (!rc && v->o.view_only && wants_inputs(s))
		return cli_usage("--view-only and what is to be done contradict each other");
	return err_exit(rc);
}

static void script_free(void *owner)
{
	struct script *s = owner;

	for (size_t i = 0; i < s->n; i++)
		for (unsigned k = 0; k < s->lines[i].n; k++)
			free(s->lines[i].words[k]);
	free(s->lines);
	keymap_free(s->keys);
	buf_fini(&s->partial);
	free(s);
}

const struct view_mode view_script = {
	.ops = {.mark = script_mark, .monitors = script_mark, .inputs = script_inputs, .damage = script_damage,
		.resized = script_resized},
	.job = true,
	.start = script_start,
	.stop = script_stop,
	.free = script_free,
};
