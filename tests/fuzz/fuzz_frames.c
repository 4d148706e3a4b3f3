/* F-3: headers and sub-message lists, seen by a client, by a server, and by a tap of both
 * directions. The first byte says role, header form and whether messages are parked now and then;
 * the second the channel. The two ends must get the same messages in whatever pieces the bytes
 * come, and no more work than 4 times their length; what the tap says is printable (F-32). */
#include <stdlib.h>

#include "base/err.h"
#include "capture/say.h"
#include "capture/session.h"
#include "chan/chan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SERVER = 1, MINI = 2, PARK = 4, SUB_HEADER = 6 };

struct end {
	bool park, parked;
	unsigned calls;
	size_t messages;
	struct buf seen;
};

static int message(void *owner, const struct wire_msg *m, const void *body)
{
	struct end *e = owner;

	if (e->park && !e->parked && ++e->calls % 3 == 0) {
		e->parked = true;
		return E_AGAIN;
	}
	e->parked = false;
	e->messages++;
	buf_printf(&e->seen, "%s ", m->name);
	wire_print_text(m->desc(), body, 0, &e->seen);
	return 0;
}

static void run(
	unsigned how, unsigned channel, const uint8_t *p, size_t n, size_t step, struct buf *seen)
{
	static const struct chan_ops ops = {.message = message};
	struct end e = {.park = how & PARK};
	size_t all = n;
	struct chan c;
	int rc = 0;

	chan_init(&c, how & SERVER ? CHAN_SERVER : CHAN_CLIENT, channel, 0, how & MINI, &ops, &e);
	for (; n && !rc; p += step < n ? step : n, n -= step < n ? step : n) {
		rc = chan_input(&c, p, step < n ? step : n);
		while (!rc && c.parked)
			rc = chan_resume(&c);
		if (c.in.cap > 2 * all + (4 << 10)) /* L-9 */
			abort();
	}
	if (e.messages * SUB_HEADER > 4 * all + SUB_HEADER)
		abort();
	buf_printf(&e.seen, "rc %d serial %llu", rc, (unsigned long long)c.serial_in);
	*seen = e.seen;
	chan_fini(&c);
}

static void check(const struct buf *b)
{
	const uint8_t *p = buf_data(b);

	for (size_t i = 0; i < buf_len(b); i++)
		if (p[i] < 0x20 || p[i] == 0x7f ||
			(p[i] == 0xc2 && i + 1 < buf_len(b) && p[i + 1] >= 0x80 && p[i + 1] < 0xa0))
			abort();
}

static void see(void *owner, const struct tap_event *e)
{
	struct buf out = {0};

	(void)owner;
	say_text(e, 0, &out);
	check(&out);
	buf_clear(&out);
	say_json(e, 0, SAY_HEX, &out);
	check(&out);
	buf_fini(&out);
}

/* A linked connection of which both directions then say the same bytes. */
static void tap(unsigned how, unsigned channel, struct slice data)
{
	struct tap t = {.fn = see};
	struct session *s = session_new(&t);

	s->wrap = WRAP_NONE;
	s->type = (int)channel;
	s->result = ANSWER_OK;
	s->mini = how & MINI;
	s->side[WIRE_S].step = s->side[WIRE_C].step = read_frame;
	session_input(s, WIRE_S, 1, data);
	session_input(s, WIRE_C, 2, data);
	session_lost(s, WIRE_S, 3, 5);
	session_input(s, WIRE_S, 4, data);
	session_end(s);
	session_free(s);
	if (t.held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t channels[] = {WIRE_MAIN, WIRE_DISPLAY, WIRE_INPUTS, WIRE_CURSOR,
		WIRE_PLAYBACK, WIRE_RECORD, WIRE_SMARTCARD, WIRE_USBREDIR, WIRE_PORT, WIRE_WEBDAV};
	struct buf whole = {0}, split = {0};
	unsigned channel;

	if (n < 2)
		return 0;
	channel = channels[p[1] % sizeof(channels)];
	run(p[0], channel, p + 2, n - 2, n, &whole);
	run(p[0], channel, p + 2, n - 2, 1, &split);
	if (!slice_eq(buf_slice(&whole), buf_slice(&split)))
		abort();
	buf_fini(&whole);
	buf_fini(&split);
	tap(p[0], channel, slice_of(p + 2, n - 2));
	return 0;
}
