/* The drawing script (CLI.md): reads lines as they come, executes them as soon as they can be,
 * keeps only what a loop may need again. A command is a row and a function; those that draw stand
 * in source-script-draw.c.
 *
 * A script never waits in place: a command that waits sets `wait`, and a timer or an event goes on
 * from there. */
#include "cmd/source-script.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

enum {
	AT_START = 20000, /* commands executed before anybody is served */
	AT_ONCE = 200,	  /* commands in one turn of the loop */
	AHEAD = 2000,	  /* lines read ahead */
	READ_FIRST = 1 << 20,
};

static void run(struct script *s, unsigned commands);
static void go(struct script *s);

/* ---- faults ---- */

static void stop(struct script *s, int err)
{
	if (s->stopped)
		return;
	s->stopped = true;
	s->env->stop(s->env->owner, err);
}

static void complain(struct script *s, unsigned number, const char *why)
{
	log_error("%s:%u: %s", s->file, number, why);
	if (s->env->strict)
		stop(s, E_INVAL);
}

/* ---- commands that guide ---- */

static void wait_for(struct script *s, enum script_wait w)
{
	s->wait = w;
}

static void on_time(uv_timer_t *t)
{
	struct script *s = t->data;

	s->wait = WAIT_NONE;
	run(s, AT_ONCE);
	go(s);
}

static long long milliseconds(struct script_args *a)
{
	const char *w = arg_word(a, "milliseconds");
	long long ms = 0;

	if (!a->why[0] && text_duration_ms(w, 1, &ms))
		arg_fault(a, "'%.40s' is no time", w);
	return ms;
}

static void do_wait(struct script *s, struct script_args *a)
{
	long long ms = milliseconds(a);

	if (!arg_end(a) || ms <= 0)
		return;
	wait_for(s, WAIT_TIME);
	uv_update_time(s->env->loop);
	uv_timer_start(s->timer, on_time, (uint64_t)ms, 0);
}

/* The clock of `at` runs from the first client's picture. A time that is over is not waited for: timers that are due
 * at once would leave the loop no turn for anything else. */
static void arm_at(struct script *s)
{
	long long gone;

	uv_update_time(s->env->loop);
	gone = (long long)(uv_now(s->env->loop) - s->zero);
	if (s->due > gone)
		uv_timer_start(s->timer, on_time, (uint64_t)(s->due - gone), 0);
	else
		s->wait = WAIT_NONE;
}

static void do_at(struct script *s, struct script_args *a)
{
	long long ms = milliseconds(a);

	if (!arg_end(a))
		return;
	s->due = ms;
	wait_for(s, WAIT_AT);
	if (s->begun)
		arm_at(s);
}

static void do_wait_client(struct script *s, struct script_args *a)
{
	if (arg_end(a) && !s->n_clients)
		wait_for(s, WAIT_CLIENT);
}

static void do_wait_input(struct script *s, struct script_args *a)
{
	if (arg_end(a))
		wait_for(s, WAIT_INPUT);
}

static void do_repeat(struct script *s, struct script_args *a)
{
	long turns = arg_int(a, "turns", 0, INT32_MAX);

	if (!arg_end(a))
		turns = 0; /* its lines can't be meant to be done once */
	if (turns == 0) {
		s->skip = 1;
		return;
	}
	if (s->n_loops == SCRIPT_LOOPS) {
		arg_fault(a, "loops are nested deeper than %d", SCRIPT_LOOPS);
		s->skip = 1;
		return;
	}
	s->loops[s->n_loops].start = s->at;
	s->loops[s->n_loops].number = a->line->number;
	s->loops[s->n_loops++].left = turns - 1;
}

static void do_end(struct script *s, struct script_args *a)
{
	if (!arg_end(a))
		return;
	if (!s->n_loops) {
		arg_fault(a, "end without repeat");
		return;
	}
	if (s->loops[s->n_loops - 1].left-- > 0)
		s->at = s->loops[s->n_loops - 1].start;
	else
		s->n_loops--;
}

static void do_quit(struct script *s, struct script_args *a)
{
	if (arg_end(a))
		stop(s, 0);
}

static void not_yet(struct script *s, struct script_args *a)
{
	(void)s;
	arg_fault(a, "%s is not in this version", a->line->words[0]);
}

static const struct script_command guiding[] = {
	{"wait", do_wait},
	{"at", do_at},
	{"wait-client", do_wait_client},
	{"wait-input", do_wait_input},
	{"repeat", do_repeat},
	{"end", do_end},
	{"quit", do_quit},
	{"video", script_do_video},
	{"beep", not_yet},
	{"play", not_yet},
	{"clipboard", not_yet},
	{NULL, NULL},
};

static const struct script_command *find(const struct script_command *table, const char *name)
{
	for (; table->name; table++)
		if (*table->name == *name && strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* ---- execution ---- */

/* Lines of a loop that is passed over: only its nesting counts. */
static bool skipped(struct script *s, const struct script_line *line)
{
	if (!s->skip)
		return false;
	if (!line->n)
		return true;
	if (strcmp(line->words[0], "repeat") == 0)
		s->skip++;
	else if (strcmp(line->words[0], "end") == 0)
		s->skip--;
	return true;
}

static void execute(struct script *s, struct script_line *line)
{
	struct script_args a = script_args(line);
	const struct script_command *c = line->n ? find(guiding, line->words[0]) : NULL;

	if (line->why)
		arg_fault(&a, "%s", line->why);
	if (!c && line->n)
		c = find(script_drawing, line->words[0]);
	if (c)
		c->run(s, &a);
	else if (line->n)
		arg_fault(&a, "'%.40s' is no command", line->words[0]);
	if (a.why[0] && !line->said)
		complain(s, line->number, a.why);
	line->said |= a.why[0] != 0;
}

/* Forgets what was executed, unless a loop may come back to it. */
static void forget(struct script *s)
{
	if (s->n_loops || s->at == 0 || (s->at < s->n && s->at < AHEAD))
		return;
	for (size_t i = 0; i < s->at; i++)
		script_line_free(&s->lines[i]);
	s->n -= s->at;
	memmove(s->lines, s->lines + s->at, s->n * sizeof(*s->lines));
	s->at = 0;
}

/* At most so many commands; stops before where it has to wait. */
static void run(struct script *s, unsigned commands)
{
	while (commands-- && !s->stopped && s->wait == WAIT_NONE) {
		struct script_line *line = &s->lines[s->at];

		if (s->at == s->n)
			break;
		s->at++;
		if (!skipped(s, line))
			execute(s, line);
		forget(s);
	}
}

static void on_idle(uv_idle_t *h)
{
	struct script *s = h->data;

	run(s, AT_ONCE);
	go(s);
}

/* Decides what happens next: more commands, more lines, or nothing until something wakes us. */
static void go(struct script *s)
{
	if (s->input && !s->no_more)
		input_pause(s->input, s->n - s->at > AHEAD);
	if (!s->stopped && s->wait == WAIT_NONE && s->at < s->n)
		uv_idle_start(s->idle, on_idle);
	else
		uv_idle_stop(s->idle);
	if (s->no_more && s->at == s->n && s->n_loops) {
		complain(s, s->loops[s->n_loops - 1].number, "repeat without end");
		s->n_loops = 0;
	}
}

/* ---- lines ---- */

static void add_line(struct script *s, const uint8_t *text, size_t n)
{
	struct script_line line = {.number = ++s->number};

	if (s->too_long)
		line.why = "the line is too long";
	else
		script_split(&line, (const char *)text, n, &line.why);
	s->too_long = false;
	if (!line.n && !line.why)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->lines = xrealloc(s->lines, s->cap, sizeof(*s->lines));
	}
	s->lines[s->n++] = line;
}

static void on_data(void *owner, const uint8_t *p, size_t n)
{
	struct script *s = owner;
	const uint8_t *end;

	for (; (end = memchr(p, '\n', n)) != NULL; n -= (size_t)(end + 1 - p), p = end + 1) {
		buf_put(&s->text, p, (size_t)(end - p));
		if (buf_len(&s->text) > SCRIPT_LINE_MAX)
			s->too_long = true;
		add_line(s, buf_data(&s->text), buf_len(&s->text));
		buf_clear(&s->text);
	}
	buf_put(&s->text, p, n);
	if (buf_len(&s->text) > SCRIPT_LINE_MAX) {
		s->too_long = true;
		buf_clear(&s->text);
	}
	go(s);
}

static void on_end(void *owner, int err)
{
	struct script *s = owner;

	s->no_more = true;
	if (buf_len(&s->text) || s->too_long)
		add_line(s, buf_data(&s->text), buf_len(&s->text));
	buf_clear(&s->text);
	if (err)
		stop(s, err);
	go(s);
}

static const struct input_ops input_ops = {.data = on_data, .end = on_end};

/* ---- clients ---- */

static void on_ready(void *owner, const struct server_client *c)
{
	struct script *s = owner;

	if (s->n_clients < ARRAY_SIZE(s->clients))
		s->clients[s->n_clients++] = c->id;
	if (!s->begun) {
		s->begun = true;
		s->zero = uv_now(s->env->loop);
		if (s->wait == WAIT_AT)
			arm_at(s);
	}
	if (s->wait == WAIT_CLIENT)
		s->wait = WAIT_NONE;
	go(s);
}

static void on_left(void *owner, const struct server_client *c)
{
	struct script *s = owner;

	for (unsigned i = 0; i < s->n_clients; i++)
		if (s->clients[i] == c->id)
			s->clients[i--] = s->clients[--s->n_clients];
}

static void on_input(void *owner, const struct server_client *c, unsigned code, bool down)
{
	struct script *s = owner;

	(void)c;
	(void)code;
	if (down && s->wait == WAIT_INPUT)
		s->wait = WAIT_NONE;
	go(s);
}

static const struct server_events events = {
	.ready = on_ready,
	.left = on_left,
	.key = on_input,
	.button = on_input,
};

/* ---- life ---- */

static void script_free(void *source)
{
	struct script *s = source;

	input_free(s->input);
	source_handle_free(s->timer);
	source_handle_free(s->idle);
	for (size_t i = 0; i < s->n; i++)
		script_line_free(&s->lines[i]);
	free(s->lines);
	buf_fini(&s->text);
	script_films_fini(s);
	script_pictures_fini(s);
	free(s->clip);
	free(s);
}

static int script_open(const struct source_env *env, void **source)
{
	struct script *s = new(struct script);
	int rc = source_screen(env, SOURCE_WIDTH, SOURCE_HEIGHT);

	s->env = env;
	s->device = env->device;
	s->file = env->argument;
	list_init(&s->pictures);
	list_init(&s->films);
	s->timer = source_timer(env->loop, s);
	s->idle = source_idle(env->loop, s);
	if (!rc)
		s->input = input_new(env->loop, s->file, &input_ops, s, &rc);
	if (rc) {
		script_free(s);
		return rc;
	}
	/* what can be drawn now is there before the first client */
	for (unsigned i = 0; i < AT_START / AT_ONCE && !s->stopped; i++) {
		if (s->at == s->n && input_read_now(s->input, READ_FIRST) && s->at == s->n)
			break;
		run(s, AT_ONCE);
		go(s);
	}
	*source = s;
	return 0;
}

const struct source_ops source_script = {
	.name = "script",
	.open = script_open,
	.events = &events,
	.resize = true,
	.free = script_free,
};
