/* WebSocket frames of one direction, seen from outside: payload out, control frames dropped. RFC
 * 6455, wire.md 1.6. Frame borders have no relation to SPICE messages. Either direction may be
 * masked or not: the bit tells. */
#include "capture/session.h"

#include "base/err.h"

enum { WS_TEXT = 1, WS_CLOSE = 8 };

/* The length of a frame's head of which the first two bytes are there. */
static size_t head_size(const uint8_t *p)
{
	unsigned n = p[1] & 127;

	return 2 + (n == 126 ? 2 : n == 127 ? 8 : 0) + (p[1] & 128 ? 4 : 0);
}

static int begin_frame(struct ws *w)
{
	const uint8_t *p = buf_data(&w->head);
	size_t n = buf_len(&w->head);

	if (p[0] & 0x70) /* an extension, and none is negotiated */
		return E_PROTO;
	w->data = (p[0] & 15) < WS_CLOSE;
	w->left = p[1] & 127;
	if (w->left == 126)
		w->left = get_be16(p + 2);
	else if (w->left == 127)
		w->left = get_be64(p + 2);
	w->masked = p[1] & 128;
	if (w->masked)
		memcpy(w->mask, p + n - 4, 4);
	w->at = 0;
	buf_clear(&w->head);
	return w->left >> 63 || (p[0] & 15) == WS_TEXT ? E_PROTO : 0;
}

static void payload(struct ws *w, const uint8_t *p, size_t n, struct buf *out)
{
	uint8_t *to;

	if (w->data) {
		to = buf_reserve(out, n);
		for (size_t i = 0; i < n; i++)
			to[i] = w->masked ? p[i] ^ w->mask[(w->at + i) & 3] : p[i];
		buf_commit(out, n);
	}
	w->at = (unsigned)(w->at + n) & 3;
	w->left -= n;
}

int ws_input(struct ws *w, struct slice data, struct buf *out)
{
	while (data.n && !w->broken) {
		size_t n = data.n < w->left ? data.n : (size_t)w->left;

		if (n) {
			payload(w, data.p, n, out);
			data = slice_of(data.p + n, data.n - n);
			continue;
		}
		buf_u8(&w->head, *data.p);
		data = slice_of(data.p + 1, data.n - 1);
		if (buf_len(&w->head) < 2 || buf_len(&w->head) < head_size(buf_data(&w->head)))
			continue;
		w->broken = begin_frame(w) != 0;
	}
	return w->broken ? E_PROTO : 0;
}
