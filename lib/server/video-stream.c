/* Messages of one video stream. */
#include "server/video-stream.h"

enum { REPORT_FRAMES = 5, REPORT_MS = 1000 };

void video_stream_init(struct video_stream *s, uint32_t id, uint32_t unique, uint8_t codec, const struct rect *dest)
{
	*s = (struct video_stream){.id = id, .unique = unique, .codec = codec, .dest = *dest};
	pixman_region32_init(&s->owned);
	pixman_region32_init(&s->told);
}

void video_stream_fini(struct video_stream *s)
{
	pixman_region32_fini(&s->owned);
	pixman_region32_fini(&s->told);
	vp8_encoder_free(s->vp8);
	s->vp8 = NULL;
}

void video_stream_withdraw(struct video_stream *s, struct outbox *box, uint32_t unique)
{
	if (s->announced)
		outbox_message(box, S_DISPLAY_STREAM_DESTROY, &(struct stream_destroy){s->id});
	s->announced = s->sized = false;
	s->unique = unique;
	vp8_encoder_free(s->vp8);
	s->vp8 = NULL;
	pixman_region32_clear(&s->told);
}

/* What it owns, for a message; VIDEO_CLIP_RECTS at most. Frames that wait at the client may have another place: then
 * the clip keeps them off what is not theirs. */
static struct clip clip_of(const struct video_stream *s, struct rect rects[VIDEO_CLIP_RECTS])
{
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles((pixman_region32_t *)&s->owned, &n);

	if (!s->sized && region_holds(&s->owned, &s->dest))
		return (struct clip){.type = CLIP_TYPE_NONE};
	for (int i = 0; i < n; i++)
		rects[i] = region_rect(&box[i]);
	return (struct clip){.type = CLIP_TYPE_RECTS, .rects = {(uint32_t)n, rects}};
}

static void announce(struct video_stream *s, struct outbox *box, bool reports)
{
	uint32_t w = (uint32_t)(s->dest.right - s->dest.left), h = (uint32_t)(s->dest.bottom - s->dest.top);
	struct rect rects[VIDEO_CLIP_RECTS];

	outbox_message(box, S_DISPLAY_STREAM_CREATE, &(struct stream_create){.stream_id = s->id,
		.flags = STREAM_FLAGS_TOP_DOWN, .codec_type = s->codec, .stream_width = w, .stream_height = h,
		.src_width = w, .src_height = h, .dest = s->dest, .clip = clip_of(s, rects)});
	pixman_region32_copy(&s->told, &s->owned);
	s->announced = true;
	if (reports)
		outbox_message(box, S_DISPLAY_STREAM_ACTIVATE_REPORT, &(struct stream_activate_report){
			.stream_id = s->id, .unique_id = s->unique, .max_window_size = REPORT_FRAMES,
			.timeout_ms = REPORT_MS});
}

void video_stream_cut(struct video_stream *s, struct outbox *box)
{
	struct rect rects[VIDEO_CLIP_RECTS];

	outbox_message(box, S_DISPLAY_STREAM_CLIP, &(struct stream_clip){s->id, clip_of(s, rects)});
	pixman_region32_copy(&s->told, &s->owned);
}

void video_stream_tell(struct video_stream *s, struct outbox *box, bool reports)
{
	if (!s->announced)
		announce(s, box, reports);
	else if (!pixman_region32_equal((pixman_region32_t *)&s->told, &s->owned))
		video_stream_cut(s, box);
}

bool video_stream_must_be_cut(const struct video_stream *s)
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

void video_stream_frame(const struct video_stream *s, struct outbox *box, uint32_t time, const struct rect *dest,
	struct slice data, void (*sent)(void *owner))
{
	struct stream_data_header base = {s->id, time};

	if (s->sized)
		outbox_last(box, S_DISPLAY_STREAM_DATA_SIZED, &(struct stream_data_sized){.base = base,
			.width = (uint32_t)(dest->right - dest->left), .height = (uint32_t)(dest->bottom - dest->top),
			.dest = *dest, .data_size = (uint32_t)data.n, .data = data}, sent);
	else
		outbox_last(box, S_DISPLAY_STREAM_DATA, &(struct stream_data){.base = base,
			.data_size = (uint32_t)data.n, .data = data}, sent);
}
