/* The agent protocol, both ends against each other in memory: every cutting, few tokens, capabilities that differ,
 * clipboards that collide, files, and peers that break the rules. L-14, rows 38, 41 and 60 of RELIABILITY 8, X-32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "base/err.h"
#include "base/mem.h"

enum {
	ALL = 1 << AGENT_CAP_MONITORS_CONFIG | 1 << AGENT_CAP_REPLY | 1 << AGENT_CAP_CLIPBOARD_BY_DEMAND |
	      1 << AGENT_CAP_CLIPBOARD_SELECTION | 1 << AGENT_CAP_FILE_XFER_DETAILED_ERRORS |
	      1 << AGENT_CAP_CLIPBOARD_NO_RELEASE_ON_REGRAB | 1 << AGENT_CAP_CLIPBOARD_GRAB_SERIAL,
	OLD = ALL & ~(1 << AGENT_CAP_CLIPBOARD_SELECTION | 1 << AGENT_CAP_CLIPBOARD_NO_RELEASE_ON_REGRAB |
		      1 << AGENT_CAP_CLIPBOARD_GRAB_SERIAL | 1 << AGENT_CAP_FILE_XFER_DETAILED_ERRORS),
};

struct end {
	struct agent a;
	/* what it was told, the last of each */
	unsigned ready, monitors, replies, grabs, requests, clipboards, releases, starts, statuses, chunks, others;
	unsigned selection, types_n, n_monitors;
	uint32_t types[8], type, id, result, reply_type, width;
	bool reply_done;
	struct buf data, file;
	char name[300];
	uint64_t size, left;
	size_t detail;
	struct slice give; /* the answer to requests; .p NULL: none now */
};

static void on_ready(void *owner)
{
	((struct end *)owner)->ready++;
}

static void on_monitors(void *owner, const struct agent_monitors_config *m)
{
	struct end *e = owner;

	e->monitors++;
	e->n_monitors = m->num_of_monitors;
	e->width = m->num_of_monitors ? m->monitors[0].width : 0;
	agent_reply(&e->a, AGENT_MSG_MONITORS_CONFIG, true);
}

static void on_reply(void *owner, uint32_t type, bool done)
{
	struct end *e = owner;

	e->replies++;
	e->reply_type = type;
	e->reply_done = done;
}

static void on_grab(void *owner, unsigned selection, const uint32_t *types, unsigned n)
{
	struct end *e = owner;

	e->grabs++;
	e->selection = selection;
	e->types_n = n;
	memcpy(e->types, types, (n < 8 ? n : 8) * sizeof(*types));
}

static void on_request(void *owner, unsigned selection, uint32_t type)
{
	struct end *e = owner;

	e->requests++;
	e->selection = selection;
	e->type = type;
	if (e->give.p)
		agent_clipboard(&e->a, selection, type, e->give);
}

static void on_clipboard(void *owner, unsigned selection, uint32_t type, struct slice data)
{
	struct end *e = owner;

	e->clipboards++;
	e->selection = selection;
	e->type = type;
	buf_clear(&e->data);
	buf_put(&e->data, data.p, data.n);
}

static void on_release(void *owner, unsigned selection)
{
	struct end *e = owner;

	e->releases++;
	e->selection = selection;
}

static void on_file_start(void *owner, uint32_t id, const char *name, uint64_t size)
{
	struct end *e = owner;

	e->starts++;
	e->id = id;
	e->size = size;
	snprintf(e->name, sizeof(e->name), "%s", name);
	agent_file_status(&e->a, id, FILE_XFER_STATUS_CAN_SEND_DATA, (struct slice){0});
}

static void on_file_data(void *owner, uint32_t id, struct slice data, uint64_t left)
{
	struct end *e = owner;

	e->chunks += left == 0;
	e->id = id;
	e->left = left;
	buf_put(&e->file, data.p, data.n);
}

static void on_file_status(void *owner, uint32_t id, uint32_t result, struct slice detail)
{
	struct end *e = owner;

	e->statuses++;
	e->id = id;
	e->result = result;
	e->detail = detail.n;
}

static void on_other(void *owner, unsigned type, const void *body)
{
	struct end *e = owner;

	(void)body;
	e->others++;
	e->type = type;
}

static const struct agent_ops ops = {.ready = on_ready, .monitors = on_monitors, .reply = on_reply, .grab = on_grab,
	.request = on_request, .clipboard = on_clipboard, .release = on_release, .file_start = on_file_start,
	.file_data = on_file_data, .file_status = on_file_status, .other = on_other};

/* ---- the bench ---- */

static struct end c, g;
static struct rng dice;
static unsigned pieces; /* moved */
static const uint8_t zeros[5000];

static void move_tokens(struct agent *from, struct agent *to)
{
	uint32_t n = agent_owed(from);

	if (n)
		agent_credit(to, n);
}

/* Moves all that can be. Every piece is as the protocol says: at most 2048 bytes, a message at its start. */
static void move(void)
{
	struct slice s;
	bool more = true;

	while (more) {
		more = false;
		while (agent_output(&c.a, &s)) {
			assert_in_range(s.n, 1, LIM_AGENT_PIECE);
			assert_int_equal(agent_input(&g.a, s, 1), 0);
			move_tokens(&g.a, &c.a);
			more = true;
			pieces++;
		}
		while (agent_output(&g.a, &s)) {
			assert_in_range(s.n, 1, LIM_AGENT_PIECE);
			assert_int_equal(agent_input(&c.a, s, 1), 0);
			move_tokens(&c.a, &g.a);
			more = true;
			pieces++;
		}
	}
}

static void bench(uint32_t client, uint32_t guest)
{
	struct end *ends[] = {&c, &g};

	for (int i = 0; i < 2; i++) {
		agent_fini(&ends[i]->a);
		buf_fini(&ends[i]->data);
		buf_fini(&ends[i]->file);
		memset(ends[i], 0, sizeof(*ends[i]));
	}
	agent_init(&c.a, AGENT_CLIENT, client, "guest", &ops, &c);
	agent_init(&g.a, AGENT_GUEST, guest, "client", &ops, &g);
	agent_open(&c.a, AGENT_TOKENS, AGENT_TOKENS);
	agent_open(&g.a, AGENT_TOKENS, AGENT_TOKENS);
	pieces = 0;
	move();
}

static int done(void **state)
{
	(void)state;
	bench(0, 0);
	return 0;
}

/* ---- tests ---- */

static void capabilities(void **state)
{
	(void)state;
	bench(ALL, OLD);
	assert_int_equal(c.ready, 1);
	assert_int_equal(g.ready, 1);
	assert_true(agent_peer_has(&g.a, AGENT_CAP_CLIPBOARD_SELECTION));
	assert_false(agent_peer_has(&c.a, AGENT_CAP_CLIPBOARD_SELECTION));
	assert_int_equal(pieces, 2); /* each announced once: the guest's answer asks for nothing */
	agent_close(&c.a);
	assert_false(agent_peer_has(&c.a, AGENT_CAP_REPLY));
	assert_int_equal(agent_grab(&c.a, 0, NULL, 0), E_CLOSED);
	assert_int_equal(agent_reply(&c.a, AGENT_MSG_MONITORS_CONFIG, true), E_CLOSED);
}

static void displays(void **state)
{
	struct mon_config heads[17] = {{.width = 1280, .height = 720, .depth = 32}, {.width = 800, .height = 600}};
	struct agent_monitors_config m = {.num_of_monitors = 2, .monitors = heads};

	(void)state;
	bench(ALL, ALL);
	assert_int_equal(agent_send(&c.a, AGENT_MSG_MONITORS_CONFIG, &m), 0);
	move();
	assert_int_equal(g.monitors, 1);
	assert_int_equal(g.n_monitors, 2);
	assert_int_equal(g.width, 1280);
	assert_int_equal(c.replies, 1);
	assert_int_equal(c.reply_type, AGENT_MSG_MONITORS_CONFIG);
	assert_true(c.reply_done);
	m.num_of_monitors = LIM_AGENT_MONITORS;
	agent_send(&c.a, AGENT_MSG_MONITORS_CONFIG, &m);
	move();
	assert_int_equal(g.n_monitors, LIM_AGENT_MONITORS);
	m.num_of_monitors = LIM_AGENT_MONITORS + 1;
	agent_send(&c.a, AGENT_MSG_MONITORS_CONFIG, &m);
	move();
	assert_int_equal(g.monitors, 2);
	assert_int_equal(c.replies, 3);
	assert_false(c.reply_done);
	agent_send(&c.a, AGENT_MSG_DISPLAY_CONFIG, &(struct agent_display_config){.flags = 1});
	move();
	assert_int_equal(g.others, 1);
	assert_int_equal(g.type, AGENT_MSG_DISPLAY_CONFIG);
	assert_int_equal(agent_send(&g.a, AGENT_MSG_MONITORS_CONFIG, &m), E_UNSUP); /* not a guest's to send */
}

static void copy_and_paste(struct end *from, struct end *to, unsigned selection, size_t n)
{
	const uint32_t types[] = {CLIPBOARD_TYPE_UTF8_TEXT, 77, CLIPBOARD_TYPE_IMAGE_PNG};
	uint8_t *p = xmalloc(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rng_next(&dice);
	from->give = slice_of(p, n);
	assert_int_equal(agent_grab(&from->a, selection, types, 3), 0);
	move();
	assert_int_equal(to->selection, selection);
	assert_int_equal(to->types_n, 2); /* 77 is unknown */
	assert_int_equal(to->types[1], CLIPBOARD_TYPE_IMAGE_PNG);
	assert_int_equal(agent_request(&to->a, selection, CLIPBOARD_TYPE_IMAGE_PNG), 0);
	assert_int_equal(agent_request(&to->a, selection, CLIPBOARD_TYPE_UTF8_TEXT), E_AGAIN);
	move();
	assert_int_equal(from->type, CLIPBOARD_TYPE_IMAGE_PNG);
	assert_int_equal(to->type, CLIPBOARD_TYPE_IMAGE_PNG);
	assert_true(slice_eq(buf_slice(&to->data), from->give));
	free(p);
	from->give = (struct slice){0};
}

static void clipboard(void **state)
{
	static const uint32_t caps[] = {ALL, OLD};
	static const size_t sizes[] = {0, 1, 2019, 2020, 2021, 2048, 100000, 3000000};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bench(caps[i & 1], caps[i >> 1]);
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			copy_and_paste(&c, &g, 0, sizes[k]);
			copy_and_paste(&g, &c, 0, sizes[k]);
			copy_and_paste(&g, &c, 0, sizes[k]);
		}
		/* a re-grab is announced by a release where one side does not know better */
		assert_int_equal(c.releases, i == 0 ? 0 : ARRAY_SIZE(sizes));
		if (i == 0)
			copy_and_paste(&g, &c, 2, 10);
		assert_int_equal(agent_grab(&c.a, 1, NULL, 0), i == 0 ? 0 : E_UNSUP);
		assert_int_equal(agent_grab(&c.a, 3, NULL, 0), E_UNSUP);
	}
}

static void clipboard_rules(void **state)
{
	const uint32_t text = CLIPBOARD_TYPE_UTF8_TEXT;

	(void)state;
	bench(ALL, ALL);
	assert_int_equal(agent_request(&c.a, 0, text), E_UNSUP); /* nobody offers */
	/* both grab at once: the client wins, and both know it */
	agent_grab(&c.a, 0, &text, 1);
	agent_grab(&g.a, 0, &text, 1);
	move();
	assert_int_equal(c.grabs, 0);
	assert_int_equal(g.grabs, 1);
	assert_int_equal(c.a.selections[0].owner, AGENT_OURS);
	assert_int_equal(g.a.selections[0].owner, AGENT_THEIRS);
	assert_int_equal(c.a.selections[0].serial, g.a.selections[0].serial);
	/* the answer comes later; released meanwhile */
	assert_int_equal(agent_request(&g.a, 0, text), 0);
	move();
	assert_int_equal(c.requests, 1);
	agent_release(&c.a, 0);
	agent_clipboard(&c.a, 0, text, slice_str("late"));
	move();
	assert_int_equal(g.releases, 1);
	assert_int_equal(g.clipboards, 0);
	/* an answer that nobody asked for, and one of another type than was asked for */
	agent_grab(&c.a, 0, &text, 1);
	move();
	agent_request(&g.a, 0, text);
	move();
	agent_clipboard(&c.a, 0, CLIPBOARD_TYPE_IMAGE_BMP, slice_str("no text"));
	agent_clipboard(&c.a, 0, text, slice_str("again"));
	move();
	assert_int_equal(g.clipboards, 1);
	assert_int_equal(g.type, CLIPBOARD_TYPE_NONE);
	assert_int_equal(buf_len(&g.data), 0);
	/* the guest takes so much: MAX_CLIPBOARD */
	agent_grab(&g.a, 0, &text, 1);
	agent_send(&c.a, AGENT_MSG_MAX_CLIPBOARD, &(struct agent_max_clipboard){.max = 5});
	move();
	g.give = slice_str("123456");
	agent_request(&c.a, 0, text);
	move();
	assert_int_equal(c.type, CLIPBOARD_TYPE_NONE);
	g.give = slice_str("12345");
	agent_request(&c.a, 0, text);
	move();
	assert_int_equal(buf_len(&c.data), 5);
}

static void files(void **state)
{
	static const char name[] = " new\nline\\ and tab\t.txt";
	uint8_t *p = xcalloc(1, 70000);

	(void)state;
	bench(ALL, ALL);
	for (size_t i = 0; i < 70000; i++)
		p[i] = (uint8_t)rng_next(&dice);
	assert_int_equal(agent_file_start(&c.a, 1, name, 140000), 0);
	move();
	assert_string_equal(g.name, name);
	assert_int_equal(g.size, 140000);
	assert_int_equal(c.result, FILE_XFER_STATUS_CAN_SEND_DATA);
	agent_file_data(&c.a, 1, slice_of(p, 70000));
	agent_file_data(&c.a, 1, slice_of(p, 70000));
	move();
	assert_int_equal(g.chunks, 2);
	assert_int_equal(buf_len(&g.file), 140000);
	assert_memory_equal(buf_data(&g.file), p, 70000);
	assert_memory_equal(buf_data(&g.file) + 70000, p, 70000);
	assert_true(g.a.in.body.cap <= LIM_BUF_START); /* nothing was put together */
	agent_file_data(&c.a, 2, (struct slice){0}); /* an empty file */
	move();
	assert_int_equal(g.chunks, 3);
	assert_int_equal(g.id, 2);
	agent_file_status(&g.a, 1, FILE_XFER_STATUS_NOT_ENOUGH_SPACE, slice_of(p, 8));
	move();
	assert_int_equal(c.result, FILE_XFER_STATUS_NOT_ENOUGH_SPACE);
	assert_int_equal(c.detail, 8);
	bench(OLD, ALL | 1 << AGENT_CAP_FILE_XFER_DISABLED);
	agent_file_status(&g.a, 1, FILE_XFER_STATUS_NOT_ENOUGH_SPACE, slice_of(p, 8));
	move();
	assert_int_equal(c.result, FILE_XFER_STATUS_ERROR);
	assert_int_equal(c.detail, 0);
	assert_int_equal(agent_file_start(&c.a, 1, name, 1), E_UNSUP);
	free(p);
}

/* Key files of other clients: what stands elsewhere than in the group of the protocol is no offer. */
static void offers(void **state)
{
	static const struct {
		const char *text;
		const char *name; /* NULL: refused */
	} rows[] = {
		{"[vdagent-file-xfer]\nname=a\nsize=3\n", "a"},
		{"[vdagent-file-xfer]\nsize=3\nname=a\\qb", NULL},
		{"[vdagent-file-xfer]\nsize=3\nmore=x\nname=a\\sb", "a b"},
		{"name=z\nsize=9\n[vdagent-file-xfer]\nname=a\nsize=3", "a"},
		{"[other]\nname=z\nsize=9\n[vdagent-file-xfer]\nname=a\nsize=3", "a"},
		{"[vdagent-file-xfer]\nname=a\n[other]\nsize=3\n", NULL},
		{"[vdagent-file-xfer]\nname=a\nsize=-3\n", NULL},
		{"[vdagent-file-xfer]\nname=\nsize=3\n", NULL},
		{"[vdagent-file-xfer]", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bench(ALL, ALL);
		agent_send(&c.a, AGENT_MSG_FILE_XFER_START, &(struct agent_file_xfer_start){.id = 1,
			.keyfile = slice_of(rows[i].text, strlen(rows[i].text) + 1)});
		move();
		assert_int_equal(g.starts, rows[i].name != NULL);
		if (rows[i].name)
			assert_string_equal(g.name, rows[i].name);
		else
			assert_int_equal(c.result, FILE_XFER_STATUS_ERROR);
	}
}

/* ---- tokens ---- */

static void tokens(void **state)
{
	uint8_t *p = xcalloc(1, 40 * 2048);
	struct slice s;
	unsigned n = 0;

	(void)state;
	bench(ALL, ALL); /* each side has spent one */
	assert_int_equal(agent_file_data(&c.a, 1, slice_of(p, 40 * 2048 - 32)), 0);
	while (agent_output(&c.a, &s)) {
		assert_int_equal(s.n, 2048);
		assert_int_equal(agent_input(&g.a, s, 1), 0);
		n++;
	}
	assert_int_equal(n, AGENT_TOKENS - 1);
	assert_int_equal(agent_input(&g.a, s, 1), E_PROTO); /* no token is left, and none is given back yet */
	assert_int_equal(agent_owed(&g.a), AGENT_TOKENS);
	assert_int_equal(agent_owed(&g.a), 0);
	agent_credit(&c.a, AGENT_TOKENS);
	for (n = 0; agent_output(&c.a, &s); n++)
		assert_int_equal(agent_input(&g.a, s, 1), 0);
	assert_int_equal(n, AGENT_TOKENS);
	/* the queue is bounded, but for the message that passes the bound */
	for (n = 0; agent_file_data(&c.a, 1, slice_of(p, 2048)) == 0; n++)
		;
	assert_in_range(agent_queued(&c.a), LIM_AGENT_QUEUE, LIM_AGENT_QUEUE + 4096);
	assert_int_equal(agent_grab(&c.a, 0, NULL, 0), E_AGAIN);
	agent_credit(&c.a, UINT32_MAX);
	agent_credit(&c.a, UINT32_MAX); /* no overflow */
	assert_int_equal(c.a.credit, UINT32_MAX);
	agent_close(&c.a);
	assert_int_equal(agent_queued(&c.a), 0);
	assert_false(agent_output(&c.a, &s));
	free(p);
}

/* ---- input that is cut anyhow ---- */

/* All that a scripted client says, as one stream. */
static void record(struct buf *stream)
{
	const uint32_t types[] = {CLIPBOARD_TYPE_UTF8_TEXT};
	struct mon_config head = {.width = 640, .height = 480};
	struct agent a;
	struct slice s;

	agent_init(&a, AGENT_CLIENT, ALL, "guest", &ops, &c);
	agent_open(&a, UINT32_MAX, 0);
	a.known = true; /* of a guest that is not here */
	a.theirs = ALL;
	agent_grab(&a, 1, types, 1);
	agent_send(&a, AGENT_MSG_MONITORS_CONFIG,
		&(struct agent_monitors_config){.num_of_monitors = 1, .monitors = &head});
	agent_file_start(&a, 3, "name", 5000);
	agent_file_data(&a, 3, slice_of(zeros, 5000));
	agent_send(&a, AGENT_MSG_MAX_CLIPBOARD, &(struct agent_max_clipboard){.max = 12345});
	while (agent_output(&a, &s))
		buf_put(stream, s.p, s.n);
	agent_fini(&a);
}

static void cuttings(void **state)
{
	struct buf stream = {0};

	(void)state;
	record(&stream);
	for (unsigned round = 0; round < 300; round++) {
		size_t n = buf_len(&stream), most = round == 0 ? 1 : round < 3 ? round * 7 : 2048;

		bench(ALL, ALL);
		g.a.known = false;
		g.a.granted = UINT32_MAX;
		for (size_t at = 0; at < n;) {
			size_t part = round < 3 ? most : 1 + rng_below(&dice, (uint32_t)most);

			if (part > n - at)
				part = n - at;
			assert_int_equal(agent_input(&g.a, slice_of(buf_data(&stream) + at, part), 1), 0);
			at += part;
		}
		assert_int_equal(g.ready, 2);
		assert_int_equal(g.grabs, 1);
		assert_int_equal(g.selection, 1);
		assert_int_equal(g.monitors, 1);
		assert_string_equal(g.name, "name");
		assert_int_equal(buf_len(&g.file), 5000);
		assert_int_equal(g.chunks, 1);
		assert_int_equal(g.a.max_clipboard, 12345);
	}
	buf_fini(&stream);
}

/* ---- peers that break the rules ---- */

static void put_message(struct buf *b, uint32_t protocol, uint32_t type, uint32_t size)
{
	buf_le32(b, protocol);
	buf_le32(b, type);
	buf_le64(b, 0);
	buf_le32(b, size);
}

static int give(struct end *e, struct buf *b)
{
	int rc = agent_input(&e->a, buf_slice(b), 1);

	buf_clear(b);
	return rc;
}

static void rule_breakers(void **state)
{
	struct buf b = {0};
	uint8_t big[LIM_AGENT_PIECE + 1] = {0};

	(void)state;
	bench(ALL, ALL);
	assert_int_equal(agent_input(&g.a, slice_of(big, sizeof(big)), 1), E_LIMIT);
	assert_int_equal(agent_input(&g.a, (struct slice){0}, 1), 0); /* nothing, for a token */
	put_message(&b, 2, AGENT_MSG_MONITORS_CONFIG, 8);
	assert_int_equal(give(&g, &b), E_PROTO);
	assert_false(g.a.open); /* nothing can be understood any more */
	put_message(&b, 1, AGENT_MSG_REPLY, 8);
	assert_int_equal(give(&g, &b), E_PROTO);
	/* unknown messages and those of the other direction are passed over, whatever their size */
	bench(ALL, ALL);
	g.a.granted = UINT32_MAX;
	put_message(&b, 1, 99, 3);
	buf_str(&b, "abc");
	put_message(&b, 1, AGENT_MSG_REPLY, 8);
	buf_le64(&b, 0);
	put_message(&b, 1, AGENT_MSG_MOUSE_STATE, 0);
	put_message(&b, 1, AGENT_MSG_MAX_CLIPBOARD, 4);
	buf_le32(&b, 7);
	put_message(&b, 1, 1000, UINT32_MAX);
	assert_int_equal(give(&g, &b), 0);
	assert_int_equal(g.replies, 0);
	assert_int_equal(g.a.max_clipboard, 7);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(agent_input(&g.a, slice_of(big, LIM_AGENT_PIECE), 1), 0);
	assert_int_equal(buf_len(&g.a.in.body), 0);
	buf_fini(&b);
}

/* Every message at every size below and above its own: none is believed. */
static void short_messages(void **state)
{
	struct arena arena = {0};
	struct buf body = {0}, b = {0};

	(void)state;
	for (size_t i = 0; i < wire_msgs_n; i++) {
		const struct wire_msg *m = &wire_msgs[i];
		void *host;

		if (m->channel != WIRE_AGENT || m->dir != WIRE_C)
			continue;
		for (unsigned round = 0; round < 20; round++) {
			arena_reset(&arena);
			arena.max = 0;
			host = arena_alloc(&arena, m->size + 1);
			wire_generate(m->desc(), &dice, 3, &arena, host);
			buf_clear(&body);
			assert_int_equal(wire_encode(m->desc(), host, 3, &body), 0);
			bench(ALL, ALL);
			g.a.granted = UINT32_MAX;
			for (size_t n = 0; n <= buf_len(&body) && n < 1000; n++) {
				put_message(&b, 1, m->number, (uint32_t)n);
				buf_put(&b, buf_data(&body), n);
				assert_int_equal(give(&g, &b), 0);
			}
			assert_int_equal(agent_input(&g.a, slice_of("\1\0\0\0", 4), 1), 0); /* in step */
		}
	}
	arena_fini(&arena);
	buf_fini(&body);
	buf_fini(&b);
}

/* Row 41: a selection that does not exist; row 60: sizes at the boundaries. */
static void clipboard_attacks(void **state)
{
	struct buf b = {0};
	uint8_t zero[LIM_AGENT_PIECE] = {0};

	(void)state;
	for (unsigned sel = 0; sel < 256; sel++) {
		bench(ALL, ALL);
		put_message(&b, 1, AGENT_MSG_CLIPBOARD_GRAB, 12);
		buf_le32(&b, sel);
		buf_le32(&b, 0);
		buf_le32(&b, CLIPBOARD_TYPE_UTF8_TEXT);
		assert_int_equal(give(&g, &b), 0);
		assert_int_equal(g.grabs, sel < 3);
		for (unsigned type = AGENT_MSG_CLIPBOARD_REQUEST; type <= AGENT_MSG_CLIPBOARD_RELEASE; type++) {
			put_message(&b, 1, type, type == AGENT_MSG_CLIPBOARD_REQUEST ? 8 : 4);
			buf_le32(&b, sel);
			if (type == AGENT_MSG_CLIPBOARD_REQUEST)
				buf_le32(&b, CLIPBOARD_TYPE_UTF8_TEXT);
			assert_int_equal(give(&g, &b), 0);
		}
		assert_int_equal(g.requests, 0); /* we own nothing */
		assert_int_equal(g.releases, sel < 3);
	}
	for (unsigned i = 0; i < 4; i++) {
		static const uint32_t sizes[] = {LIM_AGENT_CLIPBOARD + 8, LIM_AGENT_CLIPBOARD + 9, UINT32_MAX,
			UINT32_MAX - 1};
		const uint32_t text = CLIPBOARD_TYPE_UTF8_TEXT;
		uint32_t left = sizes[i] - 8;

		bench(ALL, ALL);
		agent_grab(&c.a, 2, &text, 1);
		move();
		agent_request(&g.a, 2, text);
		g.a.granted = UINT32_MAX;
		put_message(&b, 1, AGENT_MSG_CLIPBOARD, sizes[i]);
		buf_le32(&b, 2);
		buf_le32(&b, text);
		assert_int_equal(give(&g, &b), 0);
		for (unsigned k = 0; left && k < 9000; k++) {
			size_t n = left < sizeof(zero) ? left : sizeof(zero);

			assert_int_equal(agent_input(&g.a, slice_of(zero, n), 1), 0);
			left -= (uint32_t)n;
		}
		assert_true(buf_len(&g.a.in.body) <= 8);
		assert_int_equal(g.clipboards, i < 2);
		if (i < 2)
			assert_int_equal(buf_len(&g.data), i == 0 ? LIM_AGENT_CLIPBOARD : 0);
		if (i == 1)
			assert_int_equal(g.type, CLIPBOARD_TYPE_NONE);
	}
	buf_fini(&b);
}

/* grabs and questions without end from a peer that gives no tokens. */
static void floods(void **state)
{
	struct buf b = {0};
	const uint32_t text = CLIPBOARD_TYPE_UTF8_TEXT;

	(void)state;
	bench(ALL, ALL);
	agent_grab(&g.a, 0, &text, 1);
	g.a.granted = UINT32_MAX;
	g.give = slice_str("0123456789");
	g.a.credit = 0;
	for (unsigned i = 0; i < 100000; i++) {
		put_message(&b, 1, AGENT_MSG_ANNOUNCE_CAPABILITIES, 8);
		buf_le32(&b, 1);
		buf_le32(&b, (uint32_t)ALL);
		put_message(&b, 1, AGENT_MSG_CLIPBOARD_REQUEST, 8);
		buf_le32(&b, 0);
		buf_le32(&b, text);
		assert_int_equal(give(&g, &b), 0);
	}
	assert_in_range(agent_queued(&g.a), LIM_AGENT_QUEUE, LIM_AGENT_QUEUE + 100);
	buf_fini(&b);
}

static void half_messages(void **state)
{
	struct buf b = {0};
	const uint32_t text = CLIPBOARD_TYPE_UTF8_TEXT;

	(void)state;
	bench(ALL, ALL);
	agent_grab(&c.a, 0, &text, 1);
	move();
	agent_request(&g.a, 0, text);
	put_message(&b, 1, AGENT_MSG_CLIPBOARD, 3000);
	buf_le32(&b, 0);
	buf_le32(&b, text);
	buf_put(&b, zeros, 1000);
	assert_int_equal(agent_input(&g.a, buf_slice(&b), 1000), 0);
	agent_tick(&g.a, 1000 + LIM_AGENT_IDLE_MS);
	assert_int_equal(g.clipboards, 0);
	agent_tick(&g.a, 1001 + LIM_AGENT_IDLE_MS);
	assert_int_equal(g.clipboards, 1);
	assert_int_equal(g.type, CLIPBOARD_TYPE_NONE);
	assert_null(g.a.in.body.mem);
	/* its rest is passed over, and what follows is understood */
	buf_clear(&b);
	buf_put(&b, zeros, 1992);
	put_message(&b, 1, AGENT_MSG_MAX_CLIPBOARD, 4);
	buf_le32(&b, 9);
	assert_int_equal(agent_input(&g.a, buf_slice(&b), 90000), 0);
	assert_int_equal(g.clipboards, 1);
	assert_int_equal(g.a.max_clipboard, 9);
	buf_fini(&b);
}

/* Who has something to say and no tokens for it is starved after a while; a token is enough for another while. */
static void no_tokens(void **state)
{
	struct slice piece;

	(void)state;
	bench(ALL, ALL);
	agent_tick(&g.a, 500000);
	agent_tick(&g.a, 900000);
	assert_false(agent_starved(&g.a)); /* nothing to say */
	g.a.credit = 1;
	agent_reply(&g.a, AGENT_MSG_MONITORS_CONFIG, true);
	agent_reply(&g.a, AGENT_MSG_MONITORS_CONFIG, true);
	agent_tick(&g.a, 1000000);
	agent_tick(&g.a, 2000000);
	assert_false(agent_starved(&g.a)); /* it may */
	assert_true(agent_output(&g.a, &piece));
	assert_false(agent_output(&g.a, &piece));
	agent_tick(&g.a, 2000250);
	agent_tick(&g.a, 2000249 + LIM_AGENT_TOKENS_MS);
	assert_false(agent_starved(&g.a));
	agent_tick(&g.a, 2000250 + LIM_AGENT_TOKENS_MS);
	assert_true(agent_starved(&g.a));
	agent_credit(&g.a, 1);
	assert_false(agent_starved(&g.a));
	agent_reply(&g.a, AGENT_MSG_MONITORS_CONFIG, true);
	assert_true(agent_output(&g.a, &piece));
	assert_false(agent_output(&g.a, &piece));
	agent_tick(&g.a, 3000000);
	assert_false(agent_starved(&g.a));
	agent_tick(&g.a, 3000000 + LIM_AGENT_TOKENS_MS);
	assert_true(agent_starved(&g.a));
	agent_close(&g.a);
	assert_false(agent_starved(&g.a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities),
		cmocka_unit_test(displays),
		cmocka_unit_test(clipboard),
		cmocka_unit_test(clipboard_rules),
		cmocka_unit_test(files),
		cmocka_unit_test(offers),
		cmocka_unit_test(tokens),
		cmocka_unit_test(cuttings),
		cmocka_unit_test(rule_breakers),
		cmocka_unit_test(short_messages),
		cmocka_unit_test(clipboard_attacks),
		cmocka_unit_test(floods),
		cmocka_unit_test(half_messages),
		cmocka_unit_test(no_tokens),
	};

	dice.state = 4;
	return cmocka_run_group_tests(tests, NULL, done);
}
