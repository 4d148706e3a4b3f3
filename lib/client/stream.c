/* Video streams: STREAM_CREATE to STREAM_DESTROY, STREAM_ACTIVATE_REPORT and its STREAM_REPORTs. channels.md 2.
 *
 * Frames wait as they came, encoded, each stream's in their order; only what is shown is decoded, and what frames that
 * are shown are built on. A clip counts from the moment when it comes, for waiting frames too: the server cuts the
 * stream before it draws something there. What waits when a stream ends is dropped: the server then sends its last
 * picture without loss. */
#include "client/stream.h"

#include <stdlib.h>

#include "base/blob.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "client/film.h"

enum { REPORT_DROPS = 3 /* in a row: reported at once */ };

struct frame {
	struct list link;
	uint32_t time;
	bool late; /* when it came: that it is lost was reported then */
	struct rect dest;
	struct blob *data;
};

/* What the server wants to hear about. */
struct watch {
	bool on;
	uint32_t unique_id, window, timeout;
	uint32_t began; /* when the first frame of this report came */
	struct stream_report report;
	unsigned drops_in_row;
};

struct stream {
	bool used, hidden, stands;
	uint32_t surface;
	struct rect dest;
	struct clip clip;
	struct arena arena;      /* of the clip's rectangles */
	struct list frames;
	unsigned n_frames;
	uint32_t shown_at;       /* when the picture that stands was shown */
	struct watch watch;
	struct film film;
};

struct streams {
	struct canvas *canvas;
	const struct stream_ops *ops;
	void *owner;
	size_t bytes;    /* of frames that wait */
	uint64_t pixels; /* of the films */
	struct stream_counts counts;
	struct stream all[LIM_STREAMS];
};

static struct stream *find(struct streams *s, uint32_t id)
{
	return id < LIM_STREAMS && s->all[id].used ? &s->all[id] : NULL;
}

/* ---- decoding ---- */

/* Pixels that the others leave to this film. */
static uint64_t room_for(const struct streams *s, const struct stream *x)
{
	return LIM_VIDEO_PIXELS - (s->pixels - x->film.pixels);
}

static struct pixmap *decode(struct streams *s, struct stream *x, struct slice data)
{
	uint64_t before = x->film.pixels;
	struct pixmap *p = NULL;
	int rc = film_decode(&x->film, data, room_for(s, x), &p);

	s->pixels += x->film.pixels - before;
	s->counts.broken += rc && rc != E_AGAIN;
	return rc ? NULL : p;
}

/* Nobody sees this frame; those that build on it may be seen. */
static void skip(struct streams *s, struct stream *x, struct slice data)
{
	uint64_t before = x->film.pixels;
	int rc = film_skip(&x->film, data, room_for(s, x));

	s->pixels += x->film.pixels - before;
	s->counts.broken += rc && rc != E_AGAIN;
}

/* ---- frames that wait ---- */

static void frame_free(struct streams *s, struct stream *x, struct frame *f)
{
	list_remove(&f->link);
	x->n_frames--;
	s->bytes -= f->data->n;
	blob_unref(f->data);
	free(f);
}

static void drop(struct streams *s, struct stream *x, struct frame *f)
{
	s->counts.dropped++;
	x->watch.report.num_drops += !f->late;
	skip(s, x, blob_slice(f->data));
	frame_free(s, x, f);
}

/* ---- showing ---- */

static void tell(struct streams *s, const struct stream *x, const struct rect *dest)
{
	const struct pixmap *p = canvas_surface(s->canvas, x->surface);
	struct rect r = rect_meet(dest, &(struct rect){.right = (int)p->width, .bottom = (int)p->height});

	if (!rect_is_empty(&r))
		s->ops->shown(s->owner, x->surface, &r);
}

/* One that does not decode is dropped: the next one may. */
static void show(struct streams *s, struct stream *x, const struct rect *dest, struct slice data, uint32_t now)
{
	struct pixmap *p;

	if (x->hidden) {
		skip(s, x, data);
		return;
	}
	if (!(p = decode(s, x, data)))
		return;
	if (canvas_frame(s->canvas, x->surface, p, dest, &x->clip)) {
		s->counts.broken++;
		return;
	}
	if (!x->stands)
		log_debug("video: stream %u begins, %ux%u, %s", (unsigned)(x - s->all), p->width, p->height,
			film_builds(&x->film) ? "vp8" : "mjpeg");
	s->counts.shown++;
	x->stands = true;
	x->shown_at = now;
	tell(s, x, dest);
}

static void show_first(struct streams *s, struct stream *x, uint32_t now)
{
	struct frame *f = list_first(&x->frames, struct frame, link);

	show(s, x, &f->dest, blob_slice(f->data), now);
	frame_free(s, x, f);
}

static bool is_due(const struct frame *f, uint32_t now)
{
	return (int32_t)(f->time - now) <= 0;
}

/* Of several that are due only the newest is worth decoding. */
static void show_due(struct streams *s, struct stream *x, uint32_t now)
{
	struct frame *f = list_first(&x->frames, struct frame, link);

	if (!f || !is_due(f, now))
		return;
	while (f->link.next != &x->frames && is_due(list_item(f->link.next, struct frame, link), now)) {
		drop(s, x, f);
		f = list_first(&x->frames, struct frame, link);
	}
	show_first(s, x, now);
}

int32_t streams_due(struct streams *s, uint32_t now)
{
	int32_t next = -1;

	for (struct stream *x = s->all; x < s->all + LIM_STREAMS; x++) {
		int32_t ms;

		if (!x->used || list_empty(&x->frames))
			continue;
		show_due(s, x, now);
		if (list_empty(&x->frames))
			continue;
		ms = (int32_t)(list_first(&x->frames, struct frame, link)->time - now);
		if (next < 0 || ms < next)
			next = ms;
	}
	return next;
}

void streams_jump(struct streams *s, uint32_t now)
{
	for (struct stream *x = s->all; x < s->all + LIM_STREAMS; x++) {
		if (!x->used || list_empty(&x->frames))
			continue;
		while (x->n_frames > 1)
			drop(s, x, list_first(&x->frames, struct frame, link));
		show_first(s, x, now);
	}
}

/* ---- reports ---- */

static void send_report(struct streams *s, struct stream *x)
{
	struct watch *w = &x->watch;

	w->report.stream_id = (uint32_t)(x - s->all);
	w->report.unique_id = w->unique_id;
	w->report.audio_delay = UINT32_MAX; /* no sound that would have to fit */
	s->ops->report(s->owner, &w->report);
	w->report = (struct stream_report){0};
	w->drops_in_row = 0;
}

/* A frame came, `left` ms before its time; `late`: it was not kept. */
static void watch_frame(struct streams *s, struct stream *x, uint32_t time, int32_t left, bool late, uint32_t now)
{
	struct watch *w = &x->watch;
	struct stream_report *r = &w->report;

	if (!w->on)
		return;
	if (r->num_frames++ == 0) {
		w->began = now;
		r->start_frame_mm_time = time;
	}
	r->end_frame_mm_time = time;
	r->last_frame_delay = left;
	r->num_drops += late;
	w->drops_in_row = late ? w->drops_in_row + 1 : 0;
	if (r->num_frames >= w->window || now - w->began >= w->timeout || w->drops_in_row >= REPORT_DROPS)
		send_report(s, x);
}

void streams_activate_report(struct streams *s, const struct stream_activate_report *m, uint32_t now)
{
	struct stream *x = find(s, m->stream_id);

	if (!x)
		return;
	x->watch = (struct watch){.on = true, .unique_id = m->unique_id, .window = m->max_window_size,
		.timeout = m->timeout_ms, .began = now};
	if (film_knows(x->film.codec))
		return;
	x->watch.report.num_drops = UINT32_MAX; /* we cannot decode it */
	send_report(s, x);
	x->watch.on = false;
}

/* ---- frames that come ---- */

static struct frame *last_frame(struct stream *x)
{
	return list_item(x->frames.prev, struct frame, link);
}

static void keep(struct streams *s, struct stream *x, uint32_t time, bool late, const struct rect *dest,
	struct slice data)
{
	struct frame *f = new(struct frame);

	*f = (struct frame){.time = time, .late = late, .dest = *dest, .data = blob_new(data.p, data.n)};
	if (!list_empty(&x->frames) && (int32_t)(time - last_frame(x)->time) < 0)
		f->time = last_frame(x)->time; /* what was made later is never shown earlier */
	list_append(&x->frames, &f->link);
	x->n_frames++;
	s->bytes += data.n;
	while (x->n_frames > 1 && (x->n_frames > STREAM_FRAMES || s->bytes > STREAM_BYTES))
		drop(s, x, list_first(&x->frames, struct frame, link));
}

/* A late frame is shown where there would be no picture without it, or an old one for long. */
static bool better_than_none(const struct stream *x, uint32_t now)
{
	return list_empty(&x->frames) && (!x->stands || now - x->shown_at >= STREAM_STANDING_MS);
}

void streams_frame(struct streams *s, uint32_t id, uint32_t time, const struct rect *dest, struct slice data,
	uint32_t now)
{
	struct stream *x = find(s, id);
	int32_t left = (int32_t)(time - now);
	bool late = left < 0;

	if (!x || data.n > STREAM_BYTES)
		return;
	dest = dest ? dest : &x->dest;
	s->counts.late += late;
	if (left > STREAM_EARLY_MS || (late && better_than_none(x, now))) {
		while (!list_empty(&x->frames))
			drop(s, x, list_first(&x->frames, struct frame, link));
		show(s, x, dest, data, now);
	} else if (late && list_empty(&x->frames)) {
		skip(s, x, data);
	} else if (!late || film_builds(&x->film)) {
		keep(s, x, time, late, dest, data);
		if (s->bytes > STREAM_BYTES) /* others hold it all */
			drop(s, x, list_first(&x->frames, struct frame, link));
		else
			show_due(s, x, now);
	}
	watch_frame(s, x, time, left, late, now);
}

/* ---- life ---- */

static void set_clip(struct stream *x, const struct clip *clip)
{
	arena_fini(&x->arena);
	x->arena = (struct arena){0};
	x->clip = *(struct clip *)wire_copy(wire_desc_clip(), clip, 0, &x->arena);
	x->hidden = clip->type == CLIP_TYPE_RECTS && clip->rects.num_rects == 0;
}

static void stream_free(struct streams *s, struct stream *x)
{
	if (!x->used)
		return;
	while (!list_empty(&x->frames)) {
		s->counts.dropped++;
		frame_free(s, x, list_first(&x->frames, struct frame, link));
	}
	arena_fini(&x->arena);
	s->pixels -= x->film.pixels;
	film_fini(&x->film);
	*x = (struct stream){0};
}

int streams_create(struct streams *s, const struct stream_create *m)
{
	struct stream *x = m->stream_id < LIM_STREAMS ? &s->all[m->stream_id] : NULL;

	if (!x || !canvas_surface(s->canvas, m->surface_id))
		return x ? E_INVAL : E_LIMIT;
	stream_free(s, x);
	x->used = true;
	x->film.codec = m->codec_type;
	x->film.bottom_up = !(m->flags & STREAM_FLAGS_TOP_DOWN);
	x->surface = m->surface_id;
	x->dest = m->dest;
	list_init(&x->frames);
	set_clip(x, &m->clip);
	return 0;
}

void streams_clip(struct streams *s, uint32_t id, const struct clip *clip)
{
	struct stream *x = find(s, id);

	if (x)
		set_clip(x, clip);
}

void streams_destroy(struct streams *s, uint32_t id)
{
	struct stream *x = find(s, id);

	if (x)
		stream_free(s, x);
}

void streams_destroy_all(struct streams *s)
{
	for (unsigned i = 0; i < LIM_STREAMS; i++)
		stream_free(s, &s->all[i]);
}

void streams_surface_gone(struct streams *s, uint32_t surface)
{
	for (unsigned i = 0; i < LIM_STREAMS; i++)
		if (s->all[i].used && s->all[i].surface == surface)
			stream_free(s, &s->all[i]);
}

struct streams *streams_new(struct canvas *c, const struct stream_ops *ops, void *owner)
{
	struct streams *s = new(struct streams);

	s->canvas = c;
	s->ops = ops;
	s->owner = owner;
	return s;
}

void streams_free(struct streams *s)
{
	if (!s)
		return;
	if (s->counts.shown + s->counts.late + s->counts.dropped)
		log_debug("video: %llu frames shown, %llu came late, %llu dropped, %llu did not decode",
			(unsigned long long)s->counts.shown, (unsigned long long)s->counts.late,
			(unsigned long long)s->counts.dropped, (unsigned long long)s->counts.broken);
	streams_destroy_all(s);
	free(s);
}

const struct stream_counts *streams_counts(const struct streams *s)
{
	return &s->counts;
}
