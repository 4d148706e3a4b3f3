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
#include "codec/vp8.h"
#include "draw/region.h"
#include "server/choose.h"
#include "server/video-find.h"
#include "server/video-rate.h"

enum {
	CLIP_RECTS = 128,     /* a stream that is cut into more is none, */
	OWN_RECTS = 32,       /* and one that has painted so many parts is taken for all around them */
	MIXED = 8, MIXED_MS = 200, /* fills inside it at so many times, no further apart, are part of the film */
	REPORT_FRAMES = 5, REPORT_MS = 1000,
	JUDGED = 8,           /* regions that are being judged */
	YES = 2, NO = 3,      /* so many looks decide */
	JUDGED_MS = 2000,     /* a region that was not looked at for so long begins anew */
	SEEN = 64,            /* pictures that clients keep, by id */
};

struct stream {
	bool used, announced; /* the client knows it */
	bool sized;           /* it has moved: each frame says where it belongs */
	bool gone;            /* with its screen: nothing is to be repaired */
	bool dirty;           /* there is something newer than the last frame */
	bool mixed;           /* its frames come in commands of several kinds, as those of the differ do */
	unsigned fills;
	uint64_t filled;      /* the last of them */
	struct rect dest;
	pixman_region32_t owned, told; /* told: what the client draws under */
	uint64_t painted, framed;
	uint32_t unique;      /* a number of this opening of the stream */
	uint8_t codec;        /* enum video_codec */
	struct vp8_encoder *vp8; /* NULL: none was needed yet, or it is with a frame */
	struct video_rate rate;
};

/* A stream's frame that is being coded, or waits for video_take. */
struct job {
	struct frame *frame; /* NULL: none */
	struct frame_user user;
	struct stream *stream;
	uint32_t unique, time;
	struct rect dest;
};

struct judged {
	struct rect r;
	unsigned yes, no;
	uint64_t when;
};

struct video {
	uv_loop_t *loop;
	struct device *device;
	struct pipe *pipe;
	struct outbox *box;
	struct video_options o;
	struct device_listener listener;
	struct video_find *find;
	struct judged judged[JUDGED];
	uint64_t seen[SEEN];
	unsigned seen_at;
	struct stream streams[VIDEO_STREAMS];
	uint8_t codecs[VIDEO_CODECS]; /* that may be used, best first */
	unsigned n_codecs;
	struct job job;           /* one frame at a time */
	struct stream *on_way;    /* of the frame that is in the outbox */
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

static struct stream *open_stream(struct video *v, const struct rect *dest, uint64_t now)
{
	for (struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (s->used)
			continue;
		*s = (struct stream){.used = true, .dest = *dest, .painted = now, .unique = ++v->next_unique,
			.codec = v->codecs[0]};
		pixman_region32_init(&s->owned);
		pixman_region32_init(&s->told);
		video_rate_init(&s->rate, v->o.slow && v->o.slow(v->o.owner), now);
		v->figures.streams++;
		v->figures.opened++;
		log_debug("video: a stream of %dx%d at %d,%d", dest->right - dest->left, dest->bottom - dest->top,
			dest->left, dest->top);
		return s;
	}
	return NULL;
}

/* The client is told; for it the stream is over. */
static void withdraw(struct video *v, struct stream *s)
{
	if (s->announced)
		outbox_message(v->box, S_DISPLAY_STREAM_DESTROY,
			&(struct stream_destroy){(uint32_t)(s - v->streams)});
	s->announced = s->sized = false;
	s->unique = ++v->next_unique;
	vp8_encoder_free(s->vp8);
	s->vp8 = NULL;
	pixman_region32_clear(&s->told);
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

static void close_stream(struct video *v, struct stream *s)
{
	withdraw(v, s);
	if (!s->gone)
		repair(v, &s->owned);
	pixman_region32_fini(&s->owned);
	pixman_region32_fini(&s->told);
	s->used = false;
	v->figures.streams--;
}

/* This codec does not work, here or there. */
static void give_up(struct video *v, uint8_t codec)
{
	unsigned n = 0;

	for (unsigned i = 0; i < v->n_codecs; i++)
		if (v->codecs[i] != codec)
			v->codecs[n++] = v->codecs[i];
	v->n_codecs = n;
	for (struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++)
		if (s->used && s->codec == codec)
			close_stream(v, s);
}

/* Another place for the same video: what it owned there goes on, what it leaves is repaired. Where the client knows no
 * sized frames, or frames build on others of their size, it is another stream for it, and frames that wait there are
 * lost. */
static void reshape(struct video *v, struct stream *s, const struct rect *dest)
{
	pixman_region32_t left, now;

	s->sized = s->announced && v->o.sized && (s->codec == VIDEO_CODEC_MJPEG || rect_same_size(&s->dest, dest));
	if (!s->sized)
		withdraw(v, s);
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

static struct judged *judged_at(struct video *v, const struct rect *r, uint64_t now)
{
	struct judged *oldest = v->judged;

	for (struct judged *j = v->judged; j < v->judged + JUDGED; j++) {
		struct rect both = rect_meet(&j->r, r);
		uint64_t twice = 2 * rect_pixels(&both);

		if (twice >= rect_pixels(r) && twice >= rect_pixels(&j->r) && now - j->when < JUDGED_MS)
			return j;
		if (j->when < oldest->when)
			oldest = j;
	}
	*oldest = (struct judged){.when = now};
	return oldest;
}

static void judge(struct video *v, const struct rect *r, uint64_t now)
{
	struct judged *j = judged_at(v, r, now);
	bool smooth = v->o.all || choose_smooth(device_surface(v->device, 0), (unsigned)r->left,
		(unsigned)r->top, (unsigned)(r->right - r->left), (unsigned)(r->bottom - r->top));

	j->r = *r;
	j->when = now;
	j->yes += smooth;
	j->no += !smooth;
	if (j->yes >= YES && open_stream(v, r, now)) {
		video_find_forget(v->find, r);
		*j = (struct judged){0};
	} else if (j->no >= NO) {
		video_find_forget(v->find, r);
		*j = (struct judged){0};
	}
}

static bool taken_already(const struct video *v, const struct rect *r)
{
	for (const struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++)
		if (s->used && rect_overlap(&s->dest, r))
			return true;
	return false;
}

/* A loop of few pictures is no film: the client has them already. */
static bool comes_again(struct video *v, const struct draw_item *item)
{
	uint64_t id = ((const struct draw_copy *)item->body)->src->d.id;

	if (!item->kept[0] || rect_pixels(&item->damage) < VIDEO_TILE * VIDEO_TILE)
		return false;
	for (unsigned i = 0; i < SEEN; i++)
		if (v->seen[i] == id)
			return true;
	v->seen[v->seen_at++ % SEEN] = id;
	return false;
}

static void look(struct video *v, const struct draw_item *item, uint64_t now)
{
	struct rect found[VIDEO_FOUND];
	unsigned n;

	if (!v->find || !v->n_codecs || comes_again(v, item))
		return;
	video_find_painted(v->find, &item->damage, now);
	if (!pipe_screen_sent(v->pipe))
		return;
	n = video_find_look(v->find, now, found);
	for (unsigned i = 0; i < n; i++)
		if (!taken_already(v, &found[i]))
			judge(v, &found[i], now);
}

/* ---- commands ---- */

/* now 0: it does not show that the video goes on. */
static void takes(struct video *v, struct stream *s, const pixman_region32_t *region, uint64_t now)
{
	pixman_region32_union(&s->owned, &s->owned, (pixman_region32_t *)region);
	region_bound(&s->owned, OWN_RECTS);
	s->dirty = true;
	if (now)
		s->painted = now;
	touch(v);
}

/* Does the picture go on where this video was, moved or grown? */
static bool follows(const struct stream *s, const struct rect *box, uint64_t now, struct rect *to)
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
static bool fills(struct stream *s, uint64_t now)
{
	if (now != s->filled) { /* several at a time are one frame, or one window */
		s->fills = now - s->filled <= MIXED_MS ? s->fills + 1 : 0;
		s->filled = now;
		s->mixed |= s->fills >= MIXED;
	}
	return s->mixed;
}

/* The stream inside which something is moved or filled, as part of it. */
static struct stream *stream_around(struct video *v, const struct draw_item *item, uint64_t now)
{
	bool fill = item->number == S_DISPLAY_DRAW_FILL;
	struct rect from = reads(item);

	for (struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used || s->gone || !rect_inside(&item->damage, &s->dest))
			continue;
		if (fill ? fills(s, now) : rect_inside(&from, &s->dest))
			return s;
	}
	return NULL;
}

/* The stream that a picture belongs to. */
static struct stream *stream_for(struct video *v, const struct draw_item *item, uint64_t now)
{
	struct rect to;

	for (struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used || s->gone)
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
static void loses(struct video *v, struct stream *s, const pixman_region32_t *region)
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
	for (struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used || s->gone)
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
	struct stream *s = NULL;
	pixman_region32_t region;

	if (scrolls && v->find)
		video_find_forget(v->find, &item->damage);
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
	for (struct stream *x = v->streams; x < v->streams + VIDEO_STREAMS; x++)
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
static void begin_frame(struct video *v, struct stream *s, uint64_t now)
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

/* The clip of a stream, for a message; n rectangles at most. */
static struct clip clip_of(const struct stream *s, const pixman_region32_t *region, struct rect rects[CLIP_RECTS])
{
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles((pixman_region32_t *)region, &n);
	struct clip clip = {.type = CLIP_TYPE_RECTS, .rects = {(uint32_t)n, rects}};

	/* frames that wait at the client may have another place: the clip keeps them off what is not theirs */
	if (!s->sized && region_holds(region, &s->dest))
		return (struct clip){.type = CLIP_TYPE_NONE};
	for (int i = 0; i < n; i++)
		rects[i] = region_rect(&box[i]);
	return clip;
}

static void announce(struct video *v, struct stream *s)
{
	uint32_t id = (uint32_t)(s - v->streams), w = (uint32_t)(s->dest.right - s->dest.left),
		 h = (uint32_t)(s->dest.bottom - s->dest.top);
	struct rect rects[CLIP_RECTS];

	outbox_message(v->box, S_DISPLAY_STREAM_CREATE, &(struct stream_create){.stream_id = id,
		.flags = STREAM_FLAGS_TOP_DOWN, .codec_type = s->codec, .stream_width = w, .stream_height = h,
		.src_width = w, .src_height = h, .dest = s->dest, .clip = clip_of(s, &s->owned, rects)});
	pixman_region32_copy(&s->told, &s->owned);
	s->announced = true;
	if (v->o.reports)
		outbox_message(v->box, S_DISPLAY_STREAM_ACTIVATE_REPORT, &(struct stream_activate_report){
			.stream_id = id, .unique_id = s->unique, .max_window_size = REPORT_FRAMES,
			.timeout_ms = REPORT_MS});
}

static void tell_clip(struct video *v, struct stream *s)
{
	struct rect rects[CLIP_RECTS];

	outbox_message(v->box, S_DISPLAY_STREAM_CLIP, &(struct stream_clip){(uint32_t)(s - v->streams),
		clip_of(s, &s->owned, rects)});
	pixman_region32_copy(&s->told, &s->owned);
}

/* Has the client still a clip with pixels that others draw on? */
static bool must_be_cut(const struct stream *s)
{
	pixman_region32_t over;
	bool some;

	if (!s->announced)
		return false;
	pixman_region32_init(&over);
	pixman_region32_subtract(&over, (pixman_region32_t *)&s->told, (pixman_region32_t *)&s->owned);
	some = !region_is_empty(&over);
	pixman_region32_fini(&over);
	return some;
}

static void put_frame(struct video *v, const struct stream *s, const struct job *j)
{
	struct stream_data_header base = {(uint32_t)(s - v->streams), j->time};
	uint32_t n = (uint32_t)buf_len(&j->frame->out);

	if (s->sized)
		outbox_last(v->box, S_DISPLAY_STREAM_DATA_SIZED, &(struct stream_data_sized){.base = base,
			.width = (uint32_t)(j->dest.right - j->dest.left),
			.height = (uint32_t)(j->dest.bottom - j->dest.top), .dest = j->dest, .data_size = n,
			.data = buf_slice(&j->frame->out)}, v->o.sent);
	else
		outbox_last(v->box, S_DISPLAY_STREAM_DATA, &(struct stream_data){.base = base, .data_size = n,
			.data = buf_slice(&j->frame->out)}, v->o.sent);
}

/* The frame that is ready goes out, unless its stream has ended or moved meanwhile. */
static bool end_frame(struct video *v, uint64_t now)
{
	struct job *j = &v->job;
	struct stream *s = j->stream;
	bool same = s->used && !s->gone && s->unique == j->unique, fits = same && !j->frame->rc;

	if (fits) {
		s->vp8 = j->frame->vp8;
		j->frame->vp8 = NULL;
	}
	if (fits && !s->announced)
		announce(v, s);
	else if (fits && !pixman_region32_equal(&s->told, &s->owned))
		tell_clip(v, s);
	if (fits) {
		put_frame(v, s, j);
		v->on_way = s;
		v->on_way_since = now;
		v->figures.frames++;
		v->figures.quality = s->rate.quality;
		v->figures.pace = s->rate.pace;
		v->figures.codec = s->codec;
	}
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

static bool is_over(const struct stream *s, uint64_t now)
{
	return s->gone || now - s->painted >= VIDEO_IDLE_MS || pixman_region32_n_rects((pixman_region32_t *)&s->owned) >
	       CLIP_RECTS;
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

	for (const struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
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
		struct stream *s = &v->streams[(v->turn + i) % VIDEO_STREAMS];

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
	for (struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used)
			continue;
		if (is_over(s, now)) {
			put |= s->announced;
			close_stream(v, s);
		} else if (must_be_cut(s)) {
			tell_clip(v, s);
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
	struct stream *s = r->stream_id < VIDEO_STREAMS ? &v->streams[r->stream_id] : NULL;

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
	for (const struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++)
		if (s->used && !s->gone)
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
	const struct pixmap *screen = canvas_surface(v->device->canvas, 0);

	if (id != 0)
		return;
	video_find_free(v->find);
	v->find = video_find_new(screen->width, screen->height);
	memset(v->judged, 0, sizeof(v->judged));
}

static void screen_destroyed(void *owner, uint32_t id)
{
	struct video *v = owner;

	if (id != 0)
		return;
	for (struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		s->gone |= s->used;
		s->dirty = false;
	}
	video_find_free(v->find);
	v->find = NULL;
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
	v->device = d;
	v->pipe = p;
	v->box = box;
	v->o = *o;
	v->listener = (struct device_listener){.ops = &ops, .owner = v};
	device_listen(d, &v->listener);
	if (canvas_surface(d->canvas, 0))
		screen_created(v, 0);
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
	for (struct stream *s = v->streams; s < v->streams + VIDEO_STREAMS; s++) {
		if (!s->used)
			continue;
		pixman_region32_fini(&s->owned);
		pixman_region32_fini(&s->told);
		vp8_encoder_free(s->vp8);
	}
	frame_leave(v->job.frame, &v->job.user);
	video_find_free(v->find);
	uv_close((uv_handle_t *)&v->timer, timer_closed);
}
