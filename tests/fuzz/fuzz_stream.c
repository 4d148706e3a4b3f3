/* F-14 and F-20: a client's video streams, MJPEG and VP8. The input is a sequence of display messages (u16 number, u16
 * ms that pass before it, u16 length, body) of streams and surfaces; number 0 has the clock jump. Nothing is drawn
 * outside of its surface or said of a stream that there is none of, and everything is freed. Frames of more than a
 * megapixel are left out: they cost the fuzzer its pace, and the unit tests have the limit. */
#include <stdlib.h>

#include "base/err.h"
#include "client/stream.h"
#include "codec/jpeg.h"
#include "codec/vp8.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SIDE = 64, HEAD = 6, PIXELS = 1 << 20, WAIT = 700 };

static struct {
	struct canvas *canvas;
	struct streams *streams;
	uint32_t now;
} t;

static void shown(void *owner, uint32_t surface, const struct rect *r)
{
	const struct pixmap *p = canvas_surface(t.canvas, surface);

	(void)owner;
	if (!p || r->left < 0 || r->top < 0 || r->left >= r->right || r->top >= r->bottom || r->right > (int)p->width ||
		r->bottom > (int)p->height)
		abort();
}

static void report(void *owner, const struct stream_report *r)
{
	(void)owner;
	if (r->stream_id >= LIM_STREAMS || (!r->num_frames && r->num_drops != UINT32_MAX))
		abort();
}

static bool is_large(struct slice data)
{
	static struct vp8_decoder *none;
	unsigned w, h;
	int rc;

	if (!none)
		none = vp8_decoder_new();
	rc = jpeg_header(data, &w, &h);
	if (rc && rc != E_LIMIT)
		rc = vp8_frame_size(none, data, &w, &h);
	return rc == E_LIMIT || (!rc && (uint64_t)w * h > PIXELS);
}

static void frame(uint32_t id, uint32_t time, const struct rect *dest, struct slice data)
{
	if (is_large(data))
		return;
	streams_frame(t.streams, id, time, dest, data, t.now);
}

static void create_surface(const struct surface_create *m)
{
	if (m->width <= SIDE && m->height <= SIDE)
		canvas_surface_create(t.canvas, m);
}

static void act(unsigned number, const void *body)
{
	const struct stream_data *data = body;
	const struct stream_data_sized *sized = body;
	const struct stream_clip *clip = body;

	switch (number) {
	case S_DISPLAY_STREAM_CREATE:
		streams_create(t.streams, body);
		break;
	case S_DISPLAY_STREAM_DATA:
		frame(data->base.stream_id, data->base.multi_media_time, NULL, data->data);
		break;
	case S_DISPLAY_STREAM_DATA_SIZED:
		frame(sized->base.stream_id, sized->base.multi_media_time, &sized->dest, sized->data);
		break;
	case S_DISPLAY_STREAM_CLIP:
		streams_clip(t.streams, clip->stream_id, &clip->clip);
		break;
	case S_DISPLAY_STREAM_DESTROY:
		streams_destroy(t.streams, ((const struct stream_destroy *)body)->stream_id);
		break;
	case S_DISPLAY_STREAM_DESTROY_ALL:
		streams_destroy_all(t.streams);
		break;
	case S_DISPLAY_STREAM_ACTIVATE_REPORT:
		streams_activate_report(t.streams, body, t.now);
		break;
	case S_DISPLAY_SURFACE_CREATE:
		create_surface(body);
		break;
	case S_DISPLAY_SURFACE_DESTROY:
		streams_surface_gone(t.streams, ((const struct surface_destroy *)body)->surface_id);
		canvas_surface_destroy(t.canvas, ((const struct surface_destroy *)body)->surface_id);
		break;
	}
}

static void one(unsigned number, struct slice in)
{
	const struct wire_msg *m = wire_msg_find(WIRE_DISPLAY, WIRE_S, number);
	struct arena a = {0};
	uint8_t *body = malloc(in.n ? in.n : 1); /* at its exact size */
	struct wire_in wire = {.msg = {body, in.n}, .arena = &a};
	void *host;

	if (number == 0)
		streams_jump(t.streams, t.now);
	memcpy(body, in.p, in.n);
	host = m ? arena_alloc(&a, m->size + 1) : NULL;
	if (m && !wire_decode(m->desc(), &wire, host))
		act(number, host);
	arena_fini(&a);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct stream_ops ops = {shown, report};

	t.canvas = canvas_new(NULL, NULL);
	t.streams = streams_new(t.canvas, &ops, NULL);
	t.now = UINT32_MAX - 2000;
	if (canvas_surface_create(t.canvas, &(struct surface_create){0, SIDE, SIDE, SURFACE_FMT_32_xRGB, 0}))
		abort();
	while (n >= HEAD) {
		size_t len = get_le16(p + 4);
		int32_t next;

		t.now += get_le16(p + 2) % WAIT;
		next = streams_due(t.streams, t.now);
		if (next == 0 || next > STREAM_EARLY_MS)
			abort();
		len = len < n - HEAD ? len : n - HEAD;
		one(get_le16(p), slice_of(p + HEAD, len));
		p += HEAD + len;
		n -= HEAD + len;
	}
	streams_free(t.streams);
	canvas_free(t.canvas);
	return 0;
}
