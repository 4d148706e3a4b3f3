/* A recording of the commands of a real QXL device, at its own pace, a multiple of it, or as fast as
 * clients and we can. The screen is made at once; the guest's commands begin when the first client
 * has its picture. The loop is given a turn after some commands, so that what they drew goes out
 * and is not only replaced. */
#include "cmd/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/filemap.h"
#include "base/log.h"
#include "server/pipe.h"
#include "server/qxl.h"

enum {
	TURN_NS = 16000000,	/* of playing at a time; then what was drawn has so many looks */
	REST = 4,		/* to go out: viewers show some 60 pictures a second */
	PIECE = 256 << 10,	/* bytes that are read at once */
	LARGE = 1 << 20,	/* an event of so many bytes, and what follows it, waits for room, */
	ROOM = LIM_PIPE_BYTES - (64 << 10),
	PATIENCE = 50,		/* so many looks */
	POLL_MS = 2,		/* the distance of looks */
	PRELUDE = 64 << 20,	/* bytes of a file that are looked at for a screen, before anybody is served */
	EAGER = 1 << 20,	/* an event of more bytes is not looked at again with each piece */
	DONE = 8 << 20,
};

struct replay {
	const struct source_env *env;
	struct qxl_player *player;
	struct input *input;
	struct arena arena;
	struct slice file;	/* a regular file is mapped, */
	size_t at;		/* and played up to here, */
	size_t mark, done;	/* marked a while ago, and its memory given back up to here; */
	struct buf bytes;	/* of others this is here and not yet played */
	size_t wanted;		/* bytes of the next event, at least */
	uv_timer_t *timer;
	uv_idle_t *idle;
	bool header, begun, ended, over, stepping;
	bool large;		/* a large picture may still be in a client's queue */
	unsigned patience;	/* looks that are left of waiting for room, */
	unsigned rest;		/* and between turns */
	uint64_t commands, faults; /* played and passed over */
	uint64_t base;		/* ns of the first command, */
	uint64_t start;		/* which was played then, ms */
};

static void step(struct replay *s);

/* ---- bytes ---- */

static struct slice rest(const struct replay *s)
{
	return s->file.n ? slice_of(s->file.p + s->at, s->file.n - s->at) : buf_slice(&s->bytes);
}

static void skip(struct replay *s, size_t n)
{
	if (!s->file.n) {
		buf_skip(&s->bytes, n);
		return;
	}
	s->at += n;
	if (s->at - s->mark >= DONE) { /* what was played last may be put off, and looked at yet */
		filemap_done(slice_of(s->file.p + s->done, s->mark - s->done));
		s->done = s->mark;
		s->mark = s->at;
	}
}

static void pause_input(struct replay *s, bool paused)
{
	if (s->input)
		input_pause(s->input, paused);
}

/* The bytes that the next event needs, as far as a file gives them at once. */
static bool fill(struct replay *s)
{
	size_t have = rest(s).n;

	if (have < s->wanted && !s->ended) {
		pause_input(s, false);
		input_read_now(s->input, s->wanted - have);
	}
	return rest(s).n >= s->wanted || s->ended;
}

/* ---- the end ---- */

/* Nothing more is played; the picture stays. */
static void hold(struct replay *s)
{
	s->over = true;
	qxl_settle(s->player);
	uv_idle_stop(s->idle);
	uv_timer_stop(s->timer);
	pause_input(s, true);
	log_info("%s: %llu commands played, %llu passed over", s->env->argument,
		(unsigned long long)s->commands, (unsigned long long)s->faults);
}

static void broken(struct replay *s, const char *what, const char *detail)
{
	s->over = true;
	log_error("%s: %s%s", s->env->argument, what, detail);
	s->env->stop(s->env->owner, E_INVAL);
}

static void on_idle(uv_idle_t *h)
{
	uv_idle_stop(h);
	step(h->data);
}

static void on_time(uv_timer_t *t)
{
	step(t->data);
}

/* Everything that will come is here, and it is less than an event. */
static void end(struct replay *s)
{
	if (!s->header)
		broken(s, "no recording of QXL commands", "");
	else if (!canvas_surface(s->env->device->canvas, 0) && !s->commands)
		broken(s, "a recording without a screen", "");
	else if (rest(s).n)
		log_warn("%s: cut short: its last event is left out", s->env->argument);
	if (!s->over)
		hold(s);
}

/* Commands wait for the first client and for their time; true when one does. */
static bool must_wait(struct replay *s)
{
	bool command;
	uint64_t time, now;
	double due;

	if (qxl_peek(rest(s), &command, &time))
		return false;
	if (!s->begun)
		return command;
	if (s->env->speed <= 0)
		return false;
	uv_update_time(s->env->loop);
	now = uv_now(s->env->loop);
	if (!s->start) {
		s->start = now;
		s->base = time;
	}
	due = (double)s->start +
	      (time > s->base ? (double)(time - s->base) / 1e6 / s->env->speed : 0);
	if (due <= (double)now)
		return false;
	uv_timer_start(s->timer, on_time, (uint64_t)fmin(ceil(due - (double)now), 1e12), 0);
	return true;
}

/* A large picture waits for room in the queue of each client: where there is none the client would
 * fall back to having its surfaces read again, which costs more. But one that is as large as what is
 * queued may hide all of that, as a wallpaper does another. Not for long, since a client that stands
 * still delays nobody. True when it is to wait. */
static bool crowded(struct replay *s, size_t bytes)
{
	size_t behind;

	if ((bytes < LARGE && !s->large) || !s->begun || s->env->speed > 0)
		return false;
	behind = server_behind(s->env->server);
	if (behind > bytes + LARGE && (behind > ROOM || bytes > ROOM - behind) && s->patience) {
		s->patience--;
		uv_timer_start(s->timer, on_time, POLL_MS, 0);
		return true;
	}
	s->patience = PATIENCE;
	s->large = bytes >= LARGE || (s->large && behind > LARGE);
	return false;
}

enum played { PLAYED, LACKING, WAITING };

/* Plays the next event, if it is here. */
static enum played play(struct replay *s)
{
	const char *expected = NULL;
	struct qxl_event e;
	size_t used;
	int rc = qxl_event(rest(s), &s->arena, &e, &used, &expected);
	char where[96];

	if (rc == E_AGAIN) {
		size_t have = rest(s).n;

		s->wanted = have > EAGER && used < have + have / 8 ? have + have / 8 : used;
		return LACKING;
	}
	if (rc) {
		snprintf(where, sizeof(where), "event %u, byte %zu: no '%s'", e.counter, used,
			expected ? expected : "event");
		broken(s, "", where);
		return LACKING;
	}
	if (crowded(s, used))
		return WAITING;
	rc = qxl_play(s->player, &e, &s->arena);
	if (rc && s->faults++ < LIM_LOG_RATE)
		log_warn("%s: event %u is passed over: %s", s->env->argument, e.counter,
			e.fault ? e.fault : err_str(rc));
	skip(s, used);
	s->wanted = 0;
	s->commands += e.command;
	return PLAYED;
}

static bool header(struct replay *s)
{
	size_t used = 0;
	int rc = s->header ? 0 : qxl_header(rest(s), &used);

	if (rc == E_INVAL)
		broken(s, "no recording of QXL commands", "");
	if (rc)
		return false;
	skip(s, used);
	s->header = true;
	return true;
}

static bool enough(const struct replay *s)
{
	return s->env->commands >= 0 && s->commands >= (uint64_t)s->env->commands;
}

/* Some events; then the loop has its turn. Bytes are taken in only where an event lacks some. */
static void turn(struct replay *s)
{
	uint64_t until = uv_hrtime() + TURN_NS;
	bool starving = true, more = false;
	enum played played;

	while (header(s) && fill(s)) {
		more = uv_hrtime() >= until;
		if (rest(s).n && (more || must_wait(s))) {
			starving = false;
			break;
		}
		played = play(s);
		if (played == LACKING && (s->ended || s->over))
			break;
		if (played == WAITING) {
			starving = false;
			break;
		}
		if (s->begun && enough(s)) {
			hold(s);
			break;
		}
	}
	qxl_settle(s->player);
	if (s->over)
		return;
	if (!starving && more) {
		s->rest = s->env->speed > 0 ? 0 : REST;
		uv_idle_start(s->idle, on_idle);
	}
	if (starving && s->ended)
		end(s);
	else
		pause_input(s, !starving);
}

/* Between turns: does a client wait for what was drawn? */
static bool rests(struct replay *s)
{
	if (s->rest && server_behind(s->env->server)) {
		s->rest--;
		uv_timer_start(s->timer, on_time, POLL_MS, 0);
		return true;
	}
	s->rest = 0;
	return false;
}

static void step(struct replay *s)
{
	if (s->stepping || s->over || rests(s))
		return;
	s->stepping = true;
	turn(s);
	s->stepping = false;
}

static uint8_t *room(void *owner, size_t *n)
{
	struct replay *s = owner;
	size_t lacking = s->wanted > buf_len(&s->bytes) ? s->wanted - buf_len(&s->bytes) : 0;

	*n = lacking > PIECE ? PIECE : lacking > PIECE / 4 ? lacking : PIECE / 4;
	return buf_reserve(&s->bytes, *n);
}

static void on_data(void *owner, const uint8_t *p, size_t n)
{
	struct replay *s = owner;

	(void)p;
	if (s->over)
		return;
	buf_commit(&s->bytes, n);
	step(s);
}

static void on_end(void *owner, int err)
{
	struct replay *s = owner;

	(void)err;
	s->ended = true;
	step(s);
}

static const struct input_ops input_ops = {.room = room, .data = on_data, .end = on_end};

static void on_ready(void *owner, const struct server_client *c)
{
	struct replay *s = owner;

	(void)c;
	if (s->begun)
		return;
	s->begun = true;
	if (enough(s))
		hold(s);
	step(s);
}

static const struct server_events replay_events = {.ready = on_ready};

static void replay_free(void *source)
{
	struct replay *s = source;

	input_free(s->input);
	source_handle_free(s->timer);
	source_handle_free(s->idle);
	qxl_player_free(s->player);
	filemap_close(s->file);
	arena_fini(&s->arena);
	buf_fini(&s->bytes);
	free(s);
}

static int replay_open(const struct source_env *env, void **source)
{
	struct replay *s;
	int rc = 0;

	if (env->width || env->heads > 1) {
		log_error("--qxl-replay says the size: --geometry and --heads don't go with it");
		return E_USAGE;
	}
	s = new(struct replay);
	s->env = env;
	s->timer = source_timer(env->loop, s);
	s->idle = source_idle(env->loop, s);
	s->patience = PATIENCE;
	s->player = qxl_player_new(env->device);
	if (!strcmp(env->argument, "-") || filemap_open(env->argument, &s->file)) {
		s->input = input_new(env->loop, env->argument, &input_ops, s, &rc);
	} else {
		s->ended = true;
		qxl_player_stays(s->player);
	}
	if (rc) {
		replay_free(s);
		return rc;
	}
	if (s->input)
		input_read_now(s->input, PRELUDE);
	else
		step(s);
	*source = s;
	return 0;
}

const struct source_ops source_qxl = {
	.name = "qxl-replay",
	.open = replay_open,
	.events = &replay_events,
	.free = replay_free,
};
