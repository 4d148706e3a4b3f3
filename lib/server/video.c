/* Video streams of a display. channels.md 2 "Streams".
 *
 * A stream owns pixels: those that its pictures have painted last. What owns them decides who sends them: owned ones go
 * as frames, which are read from the canvas when the encoder and the socket have time (so the newest always wins), all
 * others by the pipe. Other drawing takes pixels away, which cuts the stream (STREAM_CLIP, before the drawing is sent);
 * commands that read owned pixels can't be executed by the client, which has them inexactly and later: the pipe sends
 * what they make. When a stream ends its pixels become damage of the pipe. So after the end the picture is exact. */
#include "server/video.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/video-judge.h"
#include "server/video-stream.h"

enum {
	OWN_RECTS = 32,       /* a stream that has painted so many parts is taken for all around them */
	MIXED = 8, MIXED_MS = 200, /* fills inside it at so many times, no further apart, are part of the film */
};

/* A stream's frame that is being coded, or waits for video_take. */
struct job {
	struct frame *frame; /* NULL: none */
	struct frame_user user;
	struct video_stream *stream;
	uint32_t unique, time;
	struct rect dest;
};

struct video {
	uv_loop_t *loop;
	struct pipe *pipe;
	struct outbox *box;
	struct video_options o;
	struct device_listener listener;
	struct video_judge *judge;
	struct video_stream streams[VIDEO_STREAMS];
	uint8_t codecs[VIDEO_CODECS]; /* that may be used, best first */
	unsigned n_codecs;
	struct job job;           /* one frame at a time */
	struct video_stream *on_way; /* of the frame that is in the outbox */
	uint64_t on_way_since;
	uint32_t next_unique;
	unsigned turn;            /* the stream that may be framed first */
	uv_timer_t timer;
	struct video_figures figures;
};

/* ---- what kind of command is it? ---- */

/* A picture, put as it is: what frames of a video are made of. */
static bool is_picture(const struct draw_item *item)
{
	const struct draw_copy *m = item->body;
	const struct rect all = {.right = item->n_pictures ? (int)item->pictures[0]->width : 0,
		.bottom = item->n_pictures ? (int)item->pictures[0]->height : 0};

	return item->surface == 0 && item->number == S_DISPLAY_DRAW_COPY && m->rop == ROPD_OP_PUT && !m->mask.bitmap &&
	       item->n_pictures == 1 && rect_same_size(&m->src_area, &m->base.box) && rect_inside(&m->src_area, &all);
}

static void reads_screen(void *user, uint32_t surface, const struct rect *area)
{
	if (surface == 0)
		*(struct rect *)user = *area;
}

/* What it reads of the screen beside the pixels that it draws on; empty: nothing. */
static struct rect reads(const struct draw_item *item)
{
	struct rect area = {0};

	draw_item_reads(item, reads_screen, &area);
	return area;
}

/* ---- streams begin and end ---- */

static void touch(struct video *v)
{
	v->o.kick(v->o.owner);
}

static void open_stream(struct video *v, const struct rect *dest, uint64_t now)
{
	struct video_stream *s = v->streams;

	while (s < v->streams + VIDEO_STREAMS && s->used)
		s++;
	if (s == v->streams + VIDEO_STREAMS)
		return;
	video_stream_init(s, (uint32_t)(s - v->streams), ++v->next_unique, v->codecs[0], dest);
	s->used = true;
	s->painted = now;
	video_rate_init(&s->rate, v->o.slow && v->o.slow(v->o.owner), now);
	v->figures.streams++;
	v->figures.opened++;
	log_debug("video: a stream of %dx%d at %d,%d", dest->right - dest->left, dest->bottom - dest->top, dest->left,
		dest->top);
}

static void repair(struct video *v, const pixman_region32_t *region)
{
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles((pixman_region32_t *)region, &n);

	for (int i = 0; i < n; i++) {
		struct rect r = region_rect(&box[i]);

		pipe_damage(v->pipe, 0, &r);
	}
}

/* With its screen, for one: then nothing is to be repaired. */
static void drop_stream(struct video *v, struct video_stream *s)
{
	video_stream_withdraw(s, v->box, 0);
	video_stream_fini(s);
	s->used = false;
	v->figures.streams--;
}

static void close_stream(struct video *v, struct video_stream *s)
{
	repair(v, &s->owned);
	drop_stream(v, s);
}

/* This codec does not work, here or there. */
static void give_up(struct video *v, uint8_t codec)
{
	unsigned n = 0;

	for (unsigned i = 0; i < v->n_codecs; i++)
		if (v->codecs[i] != codec)
			v->codecs[n++] = v->codecs[i];
	v->n_codecs = n;
	for (struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++)
		if (s->used && s->codec == codec)
			close_stream(v, s);
}

/* Another place for the same video: what it owned there goes on, what it leaves is repaired. Where the client knows no
 * sized frames, or frames build on others of their size, it is another stream for it, and frames that wait there are
 * lost. */
static void reshape(struct video *v, struct video_stream *s, const struct rect *dest)
{
	pixman_region32_t left, now;

	s->sized = s->announced && v->o.sized && (s->codec == VIDEO_CODEC_MJPEG || rect_same_size(&s->dest, dest));
	if (!s->sized)
		video_stream_withdraw(s, v->box, ++v->next_unique);
	region_init(&now, dest);
	pixman_region32_init(&left);
	pixman_region32_subtract(&left, &s->owned, &now);
	pixman_region32_intersect(&s->owned, &s->owned, &now);
	repair(v, &left);
	pixman_region32_fini(&left);
	pixman_region32_fini(&now);
	s->dest = *dest;
}

/* ---- is it video? ---- */

static bool taken_already(const struct video *v, const struct rect *r)
{
	for (const struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++)
		if (s->used && rect_overlap(&s->dest, r))
			return true;
	return false;
}

static void look(struct video *v, const struct draw_item *item, uint64_t now)
{
	struct rect found[VIDEO_FOUND];
	unsigned n;

	if (!v->n_codecs || !video_judge_painted(v->judge, item, now) || !pipe_screen_sent(v->pipe))
		return;
	n = video_judge_look(v->judge, now, found);
	for (unsigned i = 0; i < n; i++)
		if (!taken_already(v, &found[i]) && video_judge_is_film(v->judge, &found[i], now))
			open_stream(v, &found[i], now);
}

/* ---- commands ---- */

/* now 0: it does not show that the video goes on. */
static void takes(struct video *v, struct video_stream *s, const pixman_region32_t *region, uint64_t now)
{
	pixman_region32_union(&s->owned, &s->owned, (pixman_region32_t *)region);
	region_bound(&s->owned, OWN_RECTS);
	s->dirty = true;
	if (now)
		s->painted = now;
	touch(v);
}

/* Does the picture go on where this video was, moved or grown? */
static bool follows(const struct video_stream *s, const struct rect *box, uint64_t now, struct rect *to)
{
	struct rect both = rect_meet(&s->dest, box);

	if (now - s->painted > VIDEO_IDLE_MS / 2)
		return false;
	*to = *box;
	if (rect_same_size(box, &s->dest) && rect_pixels(&both))
		return true;
	*to = rect_join(&s->dest, box);
	return 2 * rect_pixels(&both) >= rect_pixels(box) && 4 * rect_pixels(box) >= rect_pixels(&s->dest) &&
	       rect_pixels(to) <= 2 * rect_pixels(&s->dest);
}

/* A fill inside the stream: does it belong to it? */
static bool fills(struct video_stream *s, uint64_t now)
{
	if (now != s->filled) { /* several at a time are one frame, or one window */
		s->fills = now - s->filled <= MIXED_MS ? s->fills + 1 : 0;
		s->filled = now;
		s->mixed |= s->fills >= MIXED;
	}
	return s->mixed;
}

/* The stream inside which something is moved or filled, as part of it. */
static struct video_stream *stream_around(struct video *v, const struct draw_item *item, uint64_t now)
{
	bool fill = item->number == S_DISPLAY_DRAW_FILL;
	struct rect from = reads(item);

	for (struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used || !rect_inside(&item->damage, &s->dest))
			continue;
		if (fill ? fills(s, now) : rect_inside(&from, &s->dest))
			return s;
	}
	return NULL;
}

/* The stream that a picture belongs to. */
static struct video_stream *stream_for(struct video *v, const struct draw_item *item, uint64_t now)
{
	struct rect to;

	for (struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used)
			continue;
		if (rect_inside(&item->damage, &s->dest))
			return s;
		if (follows(s, &item->damage, now, &to)) {
			reshape(v, s, &to);
			return s;
		}
	}
	return NULL;
}

/* Other drawing takes pixels away. */
static void loses(struct video *v, struct video_stream *s, const pixman_region32_t *region)
{
	pixman_region32_subtract(&s->owned, &s->owned, (pixman_region32_t *)region);
	touch(v);
}

/* A command that is no frame: does it need what streams own? */
static enum pipe_verdict other(struct video *v, const struct draw_item *item)
{
	struct rect read = reads(item);
	bool opaque = draw_item_is_opaque(item), needs = false;
	pixman_region32_t region;

	draw_item_region(item, &region);
	for (struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used)
			continue;
		needs |= region_touches(&s->owned, &read);
		if (item->surface != 0 || !region_touches(&s->owned, &item->damage))
			continue;
		needs |= !opaque;
		loses(v, s, &region);
	}
	pixman_region32_fini(&region);
	return needs ? PIPE_REREAD : PIPE_QUEUE;
}

static enum pipe_verdict drawn(void *owner, struct draw_item *item)
{
	struct video *v = owner;
	uint64_t now = uv_now(v->loop);
	bool scrolls = item->number == S_DISPLAY_COPY_BITS && item->surface == 0;
	bool filling = item->number == S_DISPLAY_DRAW_FILL && item->surface == 0 && draw_item_is_opaque(item);
	struct video_stream *s = NULL;
	pixman_region32_t region;

	if (scrolls)
		video_judge_forget(v->judge, &item->damage);
	if ((scrolls || filling) && v->figures.streams) {
		s = stream_around(v, item, now);
	} else if (is_picture(item)) {
		s = v->figures.streams ? stream_for(v, item, now) : NULL;
		if (!s)
			look(v, item, now);
	}
	if (!v->figures.streams)
		return PIPE_QUEUE;
	if (!s)
		return other(v, item);
	draw_item_region(item, &region);
	for (struct video_stream *x = v->streams; x < v->streams + VIDEO_STREAMS; x++)
		if (x != s && x->used && region_touches(&x->owned, &item->damage))
			loses(v, x, &region);
	takes(v, s, &region, scrolls || filling ? 0 : now);
	pixman_region32_fini(&region);
	return PIPE_TAKEN;
}

/* ---- frames ---- */

static void coded(void *owner)
{
	touch(owner);
}

/* The stream's place on the canvas, as it is now, goes to the encoder. */
static void begin_frame(struct video *v, struct video_stream *s, uint64_t now)
{
	unsigned w = (unsigned)(s->dest.right - s->dest.left), h = (unsigned)(s->dest.bottom - s->dest.top);
	struct job *j = &v->job;

	*j = (struct job){.stream = s, .dest = s->dest, .unique = s->unique, .time = v->o.mm_time(v->o.owner),
		.user = {.coded = coded, .owner = v}};
	s->dirty = false;
	s->framed = now;
	if (s->codec == VIDEO_CODEC_MJPEG) {
		j->frame = frame_jpeg(v->o.framer, &s->dest, s->rate.quality, &j->user);
	} else if (s->vp8 || (s->vp8 = vp8_encoder_new(w, h))) {
		j->frame = frame_vp8(v->o.framer, &s->dest, s->vp8, video_rate_kbps(&s->rate, (uint64_t)w * h),
			j->time, &j->user);
		s->vp8 = NULL;
	} else {
		give_up(v, s->codec);
	}
	if (j->frame && j->frame->coded) /* for another client */
		touch(v);
}

static void put_frame(struct video *v, struct video_stream *s, struct job *j, uint64_t now)
{
	s->vp8 = j->frame->vp8;
	j->frame->vp8 = NULL;
	video_stream_tell(s, v->box, v->o.reports);
	video_stream_frame(s, v->box, j->time, &j->dest, buf_slice(&j->frame->out), v->o.sent);
	v->on_way = s;
	v->on_way_since = now;
	v->figures.frames++;
	v->figures.quality = s->rate.quality;
	v->figures.pace = s->rate.pace;
	v->figures.codec = s->codec;
}

/* The frame that is ready goes out, unless its stream has ended or moved meanwhile. */
static bool end_frame(struct video *v, uint64_t now)
{
	struct job *j = &v->job;
	struct video_stream *s = j->stream;
	bool same = s->used && s->unique == j->unique, fits = same && !j->frame->rc;

	if (fits)
		put_frame(v, s, j, now);
	if (same)
		video_rate_coded(&s->rate, now - s->framed);
	frame_leave(j->frame, &j->user);
	j->frame = NULL;
	if (same && !fits)
		give_up(v, s->codec);
	return fits;
}

void video_sent(struct video *v)
{
	uint64_t now = uv_now(v->loop);

	if (v->on_way && v->on_way->used)
		video_rate_sent(&v->on_way->rate, now - v->on_way_since, now);
	v->on_way = NULL;
}

/* ---- what is due ---- */

static bool is_over(const struct video_stream *s, uint64_t now)
{
	return now - s->painted >= VIDEO_IDLE_MS ||
	       pixman_region32_n_rects((pixman_region32_t *)&s->owned) > VIDEO_CLIP_RECTS;
}

static void on_timer(uv_timer_t *t)
{
	struct video *v = t->data;

	v->o.kick(v->o.owner);
}

/* Called again when the next stream may have ended, or may be framed again. */
static void arm(struct video *v, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	bool free_hands = !v->job.frame && !v->on_way; /* else their end goes on */

	for (const struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		uint64_t end = s->painted + VIDEO_IDLE_MS, frame = s->framed + s->rate.pace;

		if (!s->used)
			continue;
		next = end < next ? end : next;
		if (s->dirty && free_hands && frame < next)
			next = frame;
	}
	if (next == UINT64_MAX)
		uv_timer_stop(&v->timer);
	else
		uv_timer_start(&v->timer, on_timer, next > now ? next - now : 1, 0);
}

static void frame_next(struct video *v, uint64_t now)
{
	if (v->job.frame || v->on_way)
		return;
	for (unsigned i = 0; i < VIDEO_STREAMS; i++) {
		struct video_stream *s = &v->streams[(v->turn + i) % VIDEO_STREAMS];

		if (!s->used || !s->dirty || now - s->framed < s->rate.pace)
			continue;
		v->turn = (unsigned)(s - v->streams) + 1;
		begin_frame(v, s, now);
		return;
	}
}

bool video_take(struct video *v)
{
	uint64_t now = uv_now(v->loop);
	bool put = false;

	if (!v->figures.streams && !v->job.frame)
		return false;
	for (struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used)
			continue;
		if (is_over(s, now)) {
			put |= s->announced;
			close_stream(v, s);
		} else if (video_stream_must_be_cut(s)) {
			video_stream_cut(s, v->box);
			put = true;
		}
	}
	if (v->job.frame && v->job.frame->coded)
		put |= end_frame(v, now);
	frame_next(v, now);
	arm(v, now);
	return put;
}

void video_report(struct video *v, const struct stream_report *r)
{
	uint64_t now = uv_now(v->loop);
	struct video_stream *s = r->stream_id < VIDEO_STREAMS ? &v->streams[r->stream_id] : NULL;

	if (!s || !s->used || s->unique != r->unique_id)
		return;
	if (r->num_frames == 0 && r->num_drops == UINT32_MAX) {
		log_info("video: the client can't decode it");
		give_up(v, s->codec);
		return;
	}
	v->figures.reports++;
	video_rate_report(&s->rate, r, now);
}

void video_owned(const struct video *v, pixman_region32_t *out)
{
	for (const struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++)
		if (s->used)
			pixman_region32_union(out, out, (pixman_region32_t *)&s->owned);
}

struct video_figures video_figures(const struct video *v)
{
	return v->figures;
}

/* ---- the screen ---- */

static void screen_created(void *owner, uint32_t id)
{
	struct video *v = owner;

	if (id == 0)
		video_judge_screen(v->judge);
}

static void screen_destroyed(void *owner, uint32_t id)
{
	struct video *v = owner;

	if (id != 0)
		return;
	for (struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++)
		if (s->used)
			drop_stream(v, s);
	video_judge_screen(v->judge);
	touch(v);
}

/* ---- life ---- */

void video_codecs(struct video *v, const uint8_t *codecs, unsigned n)
{
	v->n_codecs = n;
	memcpy(v->codecs, codecs, n);
}

struct video *video_new(uv_loop_t *loop, struct device *d, struct pipe *p, struct outbox *box,
	const struct video_options *o)
{
	static const struct device_ops ops = {.surface_created = screen_created, .surface_destroyed = screen_destroyed};
	struct video *v = new(struct video);

	v->loop = loop;
	v->pipe = p;
	v->box = box;
	v->o = *o;
	v->listener = (struct device_listener){.ops = &ops, .owner = v};
	device_listen(d, &v->listener);
	v->judge = video_judge_new(d, o->all);
	video_codecs(v, o->codecs, o->n_codecs);
	uv_timer_init(loop, &v->timer);
	v->timer.data = v;
	pipe_filter(p, drawn, v);
	return v;
}

static void timer_closed(uv_handle_t *h)
{
	free(h->data);
}

void video_free(struct video *v)
{
	if (!v)
		return;
	pipe_filter(v->pipe, NULL, NULL);
	device_unlisten(&v->listener);
	for (struct video_stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++)
		if (s->used)
			video_stream_fini(s);
	frame_leave(v->job.frame, &v->job.user);
	video_judge_free(v->judge);
	uv_close((uv_handle_t *)&v->timer, timer_closed);
}
