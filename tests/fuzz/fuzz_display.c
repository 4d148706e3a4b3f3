/* Sequences on the display channel, F-6, F-16 and F-20: the ends of two displays and a cursor, which share the caches
 * of one session, hear what display.h makes of the input. This program is their session itself (the functions of
 * client/ends.h and chan/conn.h that the ends call), so that all is function calls.
 *
 * The input is a script (display.h). A message may draw what it wants, wait for another channel, or end its own, whose
 * end then begins anew; it never touches the others, damage lies on the screen, memory stays bounded, and all of it is
 * given back. */
#include "client/ends.h"
#include "tests/fuzz/display.h"

#include "base/err.h"
#include "client/stream.h"
#include "codec/glz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

enum { STEPS = 48, DISPLAYS = 2, CURSOR = DISPLAYS, ENDS, TICK_MS = 60, SIDE_MAX = 256,
	MEMORY_MAX = 64 << 20 };

struct client {
	struct conn conns[ENDS];
	struct client_display *displays[DISPLAYS];
	struct client_cursor *cursor;
	struct image_cache *images;
	struct glz_window *glz;
	struct sayer sayer;
	bool progress;
};

static struct client *session; /* of the input in hand */

/* ---- what the ends ask of their session ---- */

static void damage(void *owner, unsigned display, const struct rect *r)
{
	struct client *c = owner;
	const struct pixmap *s = client_display_screen(c->displays[display]);

	if (!s || r->left < 0 || r->top < 0 || r->left >= r->right || r->top >= r->bottom || r->right > (int)s->width ||
		r->bottom > (int)s->height)
		abort();
}

static const struct client_ops ops = {.damage = damage};

const struct client_ops *client_ops(const struct client *c)
{
	(void)c;
	return &ops;
}

void *client_owner(const struct client *c)
{
	(void)c;
	return session;
}

struct image_cache *client_images(struct client *c)
{
	return c->images;
}

struct glz_window *client_glz(struct client *c)
{
	return c->glz;
}

uint8_t client_compression(const struct client *c)
{
	(void)c;
	return IMAGE_COMPRESSION_LZ4;
}

unsigned client_codecs(const struct client *c, const uint8_t **codecs)
{
	(void)c, (void)codecs;
	return 0;
}

bool client_several_displays(const struct client *c)
{
	(void)c;
	return true;
}

uint32_t client_mm_time(const struct client *c)
{
	return c->sayer.now;
}

void client_wake_frames(struct client *c, uint32_t ms)
{
	(void)c;
	if (ms > STREAM_EARLY_MS)
		abort();
}

bool client_reached(struct client *c, unsigned type, unsigned id, uint64_t serial)
{
	unsigned end = type == WIRE_CURSOR ? CURSOR : id;

	if ((type != WIRE_DISPLAY && type != WIRE_CURSOR) || id >= (type == WIRE_CURSOR ? 1 : DISPLAYS))
		return true; /* there is none */
	return c->conns[end].chan.serial_in >= serial;
}

void client_progress(struct client *c)
{
	c->progress = true;
}

void conn_attach(struct conn *conn, const struct chan_ops *chan_ops, void *end)
{
	conn->chan.ops = chan_ops;
	conn->chan.end = end;
}

void conn_close(struct conn *conn, bool flush)
{
	(void)flush;
	chan_fini(&conn->chan);
}

const struct link_caps *conn_peer_caps(const struct conn *conn)
{
	static const struct link_caps caps = {.n_channel = 1, .channel = {1u << DISPLAY_CAP_PREF_COMPRESSION}};

	(void)conn;
	return &caps;
}

/* ---- channels ---- */

static void feed(struct client *c, unsigned end, const uint8_t *p, size_t n, bool cut);

static void say_screen(struct client *c, unsigned display)
{
	struct surface_create screen = {0, SAY_SIDE, SAY_SIDE, SURFACE_FMT_32_xRGB, SURFACE_FLAGS_PRIMARY};
	struct buf b = {0};

	buf_le16(&b, S_DISPLAY_SURFACE_CREATE);
	buf_le32(&b, 20);
	if (wire_encode(wire_desc_surface_create(), &screen, 0, &b))
		abort();
	c->sayer.alive[display][0] = true;
	feed(c, display, buf_data(&b), buf_len(&b), false);
	buf_fini(&b);
}

static void open_end(struct client *c, unsigned end)
{
	struct conn *conn = &c->conns[end];

	*conn = (struct conn){.linked = true, .name = "fuzz"};
	chan_init(&conn->chan, CHAN_CLIENT, end == CURSOR ? WIRE_CURSOR : WIRE_DISPLAY, end == CURSOR ? 0 : end, true,
		NULL, NULL);
	if (end == CURSOR) {
		c->cursor = client_cursor_new(c, conn);
		return;
	}
	c->displays[end] = client_display_new(c, conn);
	memset(c->sayer.alive[end], 0, sizeof(c->sayer.alive[end]));
	say_screen(c, end);
}

static void close_end(struct client *c, unsigned end)
{
	if (end == CURSOR)
		client_cursor_free(c->cursor);
	else
		client_display_free(c->displays[end]);
}

/* What a channel has to answer is taken from it; what ends it, ends it alone. */
static void settle(struct client *c, unsigned end, int rc)
{
	struct chan *chan = &c->conns[end].chan;
	struct slice out;

	if (rc) {
		if (rc != E_PROTO && rc != E_LIMIT)
			abort();
		close_end(c, end);
		open_end(c, end);
		return;
	}
	if (chan_output(chan, &out))
		abort();
	chan_sent(chan, out.n);
}

static void feed(struct client *c, unsigned end, const uint8_t *p, size_t n, bool cut)
{
	struct chan *chan = &c->conns[end].chan;
	size_t first = cut ? n / 2 : n;
	uint8_t *copy = memcpy(xmalloc(n), p, n); /* at its exact size */
	int rc = chan_input(chan, copy, first);

	if (!rc && cut)
		rc = chan_input(chan, copy + first, n - first);
	free(copy);
	settle(c, end, rc);
}

/* Channels that waited go on when others have got on, as long as that moves anything. */
static void resume(struct client *c)
{
	while (c->progress) {
		c->progress = false;
		for (unsigned end = 0; end < ENDS; end++)
			if (c->conns[end].chan.parked)
				settle(c, end, chan_resume(&c->conns[end].chan));
	}
}

/* ---- steps ---- */

/* Large surfaces and pictures have tests of their own, and cost the fuzzer its pace. */
static bool is_slow(unsigned number, const uint8_t *body, size_t n)
{
	if (number == S_DISPLAY_SURFACE_CREATE && n >= 12)
		return get_le32(body + 4) > SIDE_MAX || get_le32(body + 8) > SIDE_MAX;
	if (number == S_DISPLAY_MODE && n >= 8)
		return get_le32(body) > SIDE_MAX || get_le32(body + 4) > SIDE_MAX;
	return false;
}

/* The message of a step into b, whole with its header; the size in that is true. */
static const struct wire_msg *compose(struct client *c, const uint8_t *step, unsigned end, struct buf *b)
{
	const struct wire_msg *m = end == CURSOR
		? wire_msg_find(WIRE_CURSOR, WIRE_S, say_pointer[step[0] % ARRAY_SIZE(say_pointer)])
		: wire_msg_find(WIRE_DISPLAY, WIRE_S, say_display[step[0] % ARRAY_SIZE(say_display)]);

	buf_le16(b, m->number);
	buf_le32(b, 0);
	say(&c->sayer, m, end == CURSOR ? 0 : end, get_le32(step + 4), b);
	put_le32(buf_data(b) + 2, (uint32_t)buf_len(b) - 6);
	return m;
}

/* A step at p; how much of the input it took. */
static size_t one(struct client *c, const uint8_t *p, size_t n)
{
	unsigned how = p[1], end = (how & SAY_HOW_END) % ENDS, mutations = how / SAY_HOW_MUTATE;
	const struct wire_msg *m;
	struct buf b = {0};
	size_t used = SAY_STEP;

	if (how & SAY_HOW_TICK) {
		c->sayer.now += get_le16(p + 2) % TICK_MS;
		for (unsigned i = 0; i < DISPLAYS; i++)
			client_display_frames(c->displays[i]);
	}
	if (c->conns[end].chan.parked) /* it is not read from */
		return used;
	m = compose(c, p, end, &b);
	for (; mutations && n - used >= SAY_MUTATION; mutations--, used += SAY_MUTATION)
		if (buf_len(&b) > 6)
			buf_data(&b)[6 + get_le16(p + used) % (buf_len(&b) - 6)] ^= p[used + 2];
	/* one that is lost leaves a gap in the window */
	if (!(how & SAY_HOW_LOST) && !is_slow(m->number, buf_data(&b) + 6, buf_len(&b) - 6))
		feed(c, end, buf_data(&b), buf_len(&b), how & SAY_HOW_CUT);
	buf_fini(&b);
	resume(c);
	if (__sanitizer_get_current_allocated_bytes && __sanitizer_get_current_allocated_bytes() > MEMORY_MAX)
		abort();
	return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct client *c = new(struct client);

	session = c;
	c->images = image_cache_new();
	c->glz = glz_window_new(SAY_GLZ_PIXELS);
	c->sayer.now = UINT32_MAX - 1000;
	for (unsigned end = 0; end < ENDS; end++)
		open_end(c, end);
	for (unsigned steps = 0; n >= SAY_STEP && steps < STEPS; steps++) {
		size_t used = one(c, p, n);

		p += used;
		n -= used;
	}
	for (unsigned end = 0; end < ENDS; end++)
		close_end(c, end);
	image_cache_free(c->images);
	glz_window_free(c->glz);
	sayer_fini(&c->sayer);
	free(c);
	return 0;
}
