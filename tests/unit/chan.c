/* The link stage and the channel layer, both roles against each other in memory, in every cutting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "chan/chan.h"
#include "chan/link.h"
#include "chan/ticket.h"

/* ---- link ---- */

static const struct link_caps plain_caps = {.common = {1 << COMMON_CAP_MINI_HEADER}, .n_common = 1};
static const struct link_caps full_caps = {
	.common = {1 << COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1 << COMMON_CAP_AUTH_SPICE | 1 << COMMON_CAP_MINI_HEADER},
	.channel = {0x52, 7},
	.n_common = 1,
	.n_channel = 2,
};

typedef int input_fn(void *side, const uint8_t *p, size_t n, size_t *used);

/* Moves what `from` holds to a side's input in pieces of `step`; the last event. */
static int give(input_fn *input, void *side, struct buf *from, size_t step)
{
	int event = LINK_MORE;

	while (buf_len(from) && event == LINK_MORE) {
		size_t n = buf_len(from) < step ? buf_len(from) : step, used;

		event = input(side, buf_data(from), n, &used);
		buf_skip(from, event == LINK_MORE ? n : used);
	}
	return event;
}

static int server_input(void *side, const uint8_t *p, size_t n, size_t *used)
{
	return link_server_input(side, p, n, used);
}

static int client_input(void *side, const uint8_t *p, size_t n, size_t *used)
{
	return link_client_input(side, p, n, used);
}

static int to_server(struct link_server *s, struct buf *from, size_t step)
{
	return give(server_input, s, from, step);
}

static int to_client(struct link_client *c, struct buf *from, size_t step)
{
	return give(client_input, c, from, step);
}

static void handshake(const struct link_caps *client, size_t step, const char *password, uint32_t verdict)
{
	struct link_server s;
	struct link_client c;
	size_t used;

	link_server_init(&s);
	link_client_init(&c, 0x1234, WIRE_DISPLAY, 3, client, password);
	assert_true(link_server_waiting(&s));
	assert_int_equal(to_server(&s, &c.out, step), LINK_ASKED);
	assert_false(link_server_waiting(&s));
	assert_int_equal(s.connection_id, 0x1234);
	assert_int_equal(s.channel_type, WIRE_DISPLAY);
	assert_int_equal(s.channel_id, 3);
	assert_int_equal(s.peer.n_channel, client->n_channel);
	link_accept(&s, ticket_key_new(), &full_caps);
	assert_int_equal(to_client(&c, &s.out, step), LINK_MORE);
	assert_int_equal(c.peer.channel[1], 7);
	assert_int_equal(to_server(&s, &c.out, step), LINK_TICKET);
	assert_true(s.ticket_ok && s.password_ok);
	assert_string_equal(s.password, password);
	link_result(&s, verdict);
	if (verdict == LINK_ERR_OK) {
		assert_int_equal(to_client(&c, &s.out, step), LINK_DONE);
		assert_int_equal(link_server_input(&s, NULL, 0, &used), LINK_DONE);
		assert_true(s.mini && c.mini);
	} else {
		assert_int_equal(to_client(&c, &s.out, step), verdict == LINK_ERR_PERMISSION_DENIED ? E_AUTH : E_PROTO);
		assert_int_equal(link_server_input(&s, NULL, 0, &used), E_PROTO); /* and it stays so */
		assert_int_equal(link_client_input(&c, NULL, 0, &used), E_PROTO);
	}
	link_server_fini(&s);
	link_client_fini(&c);
}

static void link_handshakes(void **state)
{
	char longest[LIM_PASSWORD + 1];

	(void)state;
	memset(longest, 'x', LIM_PASSWORD);
	longest[LIM_PASSWORD] = 0;
	for (size_t step = 1; step < 4096; step = step * 3 + 1) {
		handshake(&full_caps, step, "", LINK_ERR_OK);
		handshake(&plain_caps, step, longest, LINK_ERR_OK);
	}
	handshake(&full_caps, 4096, "wrong", LINK_ERR_PERMISSION_DENIED);
	handshake(&full_caps, 4096, "late", LINK_ERR_BAD_CONNECTION_ID);
}

/* Row 15: sizes and capability counts that lie. The bytes of a header and message, and the error reply. */
static void link_refused(void **state)
{
	static const struct {
		uint32_t magic, major, size, n_common, n_channel, offset;
		int reply; /* -1: none */
	} rows[] = {
		{0x51444552, 2, 22, 1, 0, 18, LINK_ERR_OK},
		{0x51444552, 2, 26, 1, 0, 22, LINK_ERR_OK},
		{0x51444552, 2, 18, 0, 0, 0, LINK_ERR_OK},
		{0x51444553, 2, 22, 1, 0, 18, LINK_ERR_INVALID_MAGIC},
		{0x51444552, 0, 22, 1, 0, 18, -1},
		{0x51444552, 1, 22, 1, 0, 18, LINK_ERR_VERSION_MISMATCH},
		{0x51444552, 3, 22, 1, 0, 18, LINK_ERR_VERSION_MISMATCH},
		{0x51444552, 2, 0, 1, 0, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 17, 1, 0, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 4097, 1, 0, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 0x7fffffff, 1, 0, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 0x80000000, 1, 0, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 0xffffffff, 1, 0, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 1 << 30, 0, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 1u << 31, 1u << 31, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 0xffffffff, 1, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 65, 0, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 0, 65, 18, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 1, 0, 0, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 1, 0, 17, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 1, 0, 19, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 1, 0, 22, LINK_ERR_INVALID_DATA},
		{0x51444552, 2, 22, 1, 0, 0xfffffffc, LINK_ERR_INVALID_DATA},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct link_server s;
		struct buf in = {0};
		int event;

		buf_le32(&in, rows[i].magic);
		buf_le32(&in, rows[i].major);
		buf_le32(&in, 2);
		buf_le32(&in, rows[i].size);
		buf_le32(&in, 0);
		buf_u8(&in, WIRE_MAIN);
		buf_u8(&in, 0);
		buf_le32(&in, rows[i].n_common);
		buf_le32(&in, rows[i].n_channel);
		buf_le32(&in, rows[i].offset);
		while (buf_len(&in) < 5000)
			buf_u8(&in, 0);
		link_server_init(&s);
		event = to_server(&s, &in, 7);
		if (rows[i].reply == LINK_ERR_OK) {
			assert_int_equal(event, LINK_ASKED);
		} else {
			assert_int_equal(event, E_PROTO);
			assert_int_equal(buf_len(&s.out), rows[i].reply < 0 ? 0 : 194);
			if (rows[i].reply >= 0)
				assert_int_equal(get_le32(buf_data(&s.out) + 16), rows[i].reply);
		}
		link_server_fini(&s);
		buf_fini(&in);
	}
}

/* Rows 8 and 52: tickets that are none, and a mechanism that was not offered. */
static void link_bad_tickets(void **state)
{
	static const uint32_t mechanisms[] = {0, 2, 3, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct link_server s;
		struct link_client c;
		struct buf bad = {0};

		link_server_init(&s);
		link_client_init(&c, 0, WIRE_MAIN, 0, &full_caps, "");
		assert_int_equal(to_server(&s, &c.out, 100), LINK_ASKED);
		link_accept(&s, ticket_key_new(), &full_caps);
		buf_clear(&s.out);
		buf_le32(&bad, i < 4 ? mechanisms[i] : AUTH_MECHANISM_SPICE);
		for (int k = 0; k < TICKET_SIZE; k++)
			buf_u8(&bad, i == 4 ? 0 : i == 5 ? 0xff : (uint8_t)(k * i));
		if (i < 4) {
			assert_int_equal(to_server(&s, &bad, 100), E_PROTO);
			assert_int_equal(get_le32(buf_data(&s.out) + 16), LINK_ERR_INVALID_DATA);
		} else {
			assert_int_equal(to_server(&s, &bad, 100), LINK_TICKET);
			assert_false(s.ticket_ok);
			assert_false(s.password_ok);
		}
		link_server_fini(&s);
		link_client_fini(&c);
		buf_fini(&bad);
	}
}

/* A ticket whose leading zero was left away and stands at the end instead, as spice-html5 sends it. */
static void ticket_short(void **state)
{
	struct ticket_key *k = ticket_key_new();
	uint8_t der[TICKET_KEY_DER], in[TICKET_SIZE], out[TICKET_SIZE];
	size_t n;

	(void)state;
	ticket_key_der(k, der);
	do
		assert_int_equal(ticket_encrypt(der, "opensesame", in), 0);
	while (in[0]);
	assert_int_equal(ticket_decrypt(k, in, out, &n), 0);
	memmove(in, in + 1, TICKET_SIZE - 1);
	in[TICKET_SIZE - 1] = 0;
	assert_int_equal(ticket_decrypt(k, in, out, &n), 0);
	assert_int_equal(n, sizeof("opensesame"));
	assert_string_equal((char *)out, "opensesame");
	in[5] ^= 1;
	assert_int_equal(ticket_decrypt(k, in, out, &n), E_AUTH);
	ticket_key_free(k);
}

/* ---- channels ---- */

struct seen {
	struct chan *c;
	unsigned n, numbers[400];
	uint64_t serial_at_wait;
	bool hold;    /* answer E_AGAIN */
	bool reached;
};

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct seen *s = end;

	(void)body;
	if (s->hold)
		return E_AGAIN;
	s->numbers[s->n++ % 400] = m->number;
	return 0;
}

static bool reached(void *end, unsigned type, unsigned id, uint64_t serial)
{
	struct seen *s = end;

	(void)type, (void)id;
	s->serial_at_wait = serial;
	return s->reached;
}

static const struct chan_ops seen_ops = {.message = message, .reached = reached};

/* Everything that `from` has to say goes into `to`, in pieces of `step`. */
static int carry(struct chan *from, struct chan *to, size_t step)
{
	struct slice out;
	int rc = 0;

	while (rc == 0 && chan_output(from, &out) == 0 && out.n) {
		size_t n = out.n < step ? out.n : step;

		rc = chan_input(to, out.p, n);
		chan_sent(from, n);
	}
	return rc;
}

static void pair(struct chan *server, struct chan *client, bool mini, struct seen *s, struct seen *c)
{
	*s = (struct seen){.c = server};
	*c = (struct seen){.c = client};
	chan_init(server, CHAN_SERVER, WIRE_DISPLAY, 0, mini, &seen_ops, s);
	chan_init(client, CHAN_CLIENT, WIRE_DISPLAY, 0, mini, &seen_ops, c);
}

static void chan_acks(void **state)
{
	(void)state;
	for (int mini = 0; mini < 2; mini++) {
		struct chan server, client;
		struct seen s, c;

		pair(&server, &client, mini, &s, &c);
		chan_want_acks(&server, 20);
		for (int i = 0; i < 100; i++)
			chan_send(&server, S_DISPLAY_MARK, NULL);
		assert_int_equal(server.unacked, 100);
		assert_int_equal(carry(&server, &client, 5), 0);
		assert_int_equal(c.n, 100);
		assert_int_equal(carry(&client, &server, 3), 0);
		assert_int_equal(server.unacked, 0);
		assert_true(server.want_synced);
		assert_int_equal(client.serial_in, 101);
		assert_int_equal(server.serial_in, 6); /* ACK_SYNC and five ACKs */
		for (int i = 0; i < 19; i++)
			chan_send(&server, S_DISPLAY_MARK, NULL);
		chan_send(&client, C_BASE_ACK, NULL);  /* a message early: spice-html5 counts the SET_ACK, too */
		assert_int_equal(carry(&client, &server, 100), 0);
		assert_int_equal(server.unacked, 0);
		chan_send(&client, C_BASE_ACK, NULL);  /* one too many */
		assert_int_equal(carry(&client, &server, 100), E_PROTO);
		chan_fini(&server);
		chan_fini(&client);
	}
}

static int endless(void *end)
{
	struct seen *s = end;

	chan_send(s->c, S_DISPLAY_MARK, NULL);
	return 1;
}

/* The server stops 2 * window + 1 messages after the client's last ack, as libspice does (wire.md 5). */
static void chan_window_closes(void **state)
{
	static const struct chan_ops ops = {.message = message, .pull = endless};
	struct chan server;
	struct seen s = {.c = &server};
	struct slice out;
	unsigned rounds = 0;

	(void)state;
	chan_init(&server, CHAN_SERVER, WIRE_DISPLAY, 0, true, &ops, &s);
	chan_want_acks(&server, 20);
	while (chan_output(&server, &out) == 0 && out.n && rounds++ < 1000)
		chan_sent(&server, out.n);
	assert_int_equal(server.serial_out, 1 + 41);
	chan_fini(&server);
}

static void chan_ping_pong(void **state)
{
	struct chan server, client;
	struct seen s, c;
	uint8_t filler[300] = {1};

	(void)state;
	pair(&server, &client, true, &s, &c);
	chan_send(&server, S_BASE_PING, &(struct ping){7, 0x123456789abcdef0, {filler, sizeof(filler)}});
	assert_int_equal(carry(&server, &client, 1), 0);
	assert_int_equal(c.n, 0);
	assert_int_equal(carry(&client, &server, 1), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.numbers[0], C_BASE_PONG);
	chan_fini(&server);
	chan_fini(&client);
}

/* A message that has to wait is given again, once, with everything behind it in order. */
static void chan_parks(void **state)
{
	struct chan server, client;
	struct seen s, c;

	(void)state;
	pair(&server, &client, true, &s, &c);
	chan_want_acks(&server, 2);
	chan_send(&server, S_DISPLAY_MARK, NULL);
	chan_send(&server, S_BASE_WAIT_FOR_CHANNELS,
		&(struct wait_for_channels){1, &(struct channel_wait){WIRE_DISPLAY, 1, 77}});
	chan_send(&server, S_DISPLAY_RESET, NULL);
	assert_int_equal(carry(&server, &client, 4), 0);
	assert_true(client.parked);
	assert_int_equal(c.serial_at_wait, 77);
	assert_int_equal(c.n, 1);
	assert_int_equal(chan_resume(&client), 0);
	assert_true(client.parked);
	c.reached = true;
	assert_int_equal(chan_resume(&client), 0);
	assert_false(client.parked);
	assert_int_equal(c.n, 2);
	assert_int_equal(client.serial_in, 4);
	assert_int_equal(client.serial_out, 2); /* ACK_SYNC and one ACK: the waiting one counted once */
	chan_fini(&server);
	chan_fini(&client);
}

/* A frame by hand: header and body. */
static int feed(struct chan *c, bool mini, unsigned type, uint32_t size, uint32_t sub, const void *body, size_t n)
{
	struct buf b = {0};
	int rc;

	if (!mini)
		buf_le64(&b, 5);
	buf_le16(&b, (uint16_t)type);
	buf_le32(&b, size);
	if (!mini)
		buf_le32(&b, sub);
	buf_put(&b, body, n);
	rc = chan_input(c, buf_data(&b), buf_len(&b));
	buf_fini(&b);
	return rc;
}

static void chan_sub_messages(void **state)
{
	/* a SURFACE_DESTROY with a MARK and an INVAL_PALETTE before it; the size of the first sub-message lies */
	static const uint8_t full[] = {9, 0, 0, 0, 102, 0, 0xff, 0, 0, 0, 107, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
		2, 0, 10, 0, 0, 0, 4, 0, 0, 0};
	static const uint8_t list[] = {1, 0, 6, 0, 0, 0, 102, 0, 0, 0, 0, 0};
	static const uint8_t nested[] = {1, 0, 6, 0, 0, 0, 8, 0, 12, 0, 0, 0};
	static const uint8_t outside[] = {1, 0, 8, 0, 0, 0, 102, 0, 0, 0, 0, 0};
	static const uint8_t many[] = {0xff, 0xff, 6, 0, 0, 0};
	struct chan server, client;
	struct seen s, c;

	(void)state;
	pair(&server, &client, false, &s, &c);
	assert_int_equal(feed(&client, false, S_DISPLAY_SURFACE_DESTROY, sizeof(full), 24, full, sizeof(full)), 0);
	assert_int_equal(c.n, 3);
	assert_int_equal(c.numbers[0], S_DISPLAY_INVAL_PALETTE);
	assert_int_equal(c.numbers[1], S_DISPLAY_MARK);
	assert_int_equal(c.numbers[2], S_DISPLAY_SURFACE_DESTROY);
	assert_int_equal(client.serial_in, 5);
	chan_fini(&server);
	chan_fini(&client);

	pair(&server, &client, true, &s, &c);
	assert_int_equal(feed(&client, true, S_BASE_LIST, sizeof(list), 0, list, sizeof(list)), 0);
	assert_int_equal(c.n, 1);
	assert_int_equal(feed(&client, true, S_BASE_LIST, sizeof(nested), 0, nested, sizeof(nested)), E_PROTO);
	assert_int_equal(feed(&client, true, S_BASE_LIST, sizeof(outside), 0, outside, sizeof(outside)), E_PROTO);
	assert_int_equal(feed(&client, true, S_BASE_LIST, sizeof(many), 0, many, sizeof(many)), E_PROTO);
	chan_fini(&server);
	chan_fini(&client);
}

/* However many sub-messages a message names, and they may all be the same bytes: the memory is that of one of them. */
static void chan_sub_messages_share_memory(void **state)
{
	enum { SUBS = 1000 };
	struct chan server, client;
	struct buf list = {0};
	struct seen s, c;

	(void)state;
	pair(&server, &client, true, &s, &c);
	buf_le16(&list, SUBS);
	for (int i = 0; i < SUBS; i++)
		buf_le32(&list, 2 + 4 * SUBS);
	buf_le16(&list, S_DISPLAY_INVAL_PALETTE);
	buf_le32(&list, 8);
	buf_le64(&list, 1);
	assert_int_equal(feed(&client, true, S_BASE_LIST, (uint32_t)buf_len(&list), 0, buf_data(&list), buf_len(&list)),
		0);
	assert_int_equal(c.n, SUBS);
	assert_true(client.arena.used <= 2 * sizeof(struct inval_palette));
	buf_fini(&list);
	chan_fini(&server);
	chan_fini(&client);
}

/* Row 14 and L-7, L-8: at the limit and one beyond; unknown numbers by role. */
static void chan_limits(void **state)
{
	uint8_t zero[LIM_C_DISPLAY + 1] = {0};
	struct chan server, client;
	struct seen s, c;

	(void)state;
	pair(&server, &client, true, &s, &c);
	assert_int_equal(feed(&server, true, C_BASE_MIGRATE_DATA, LIM_C_DISPLAY, 0, zero, LIM_C_DISPLAY), 0);
	assert_int_equal(feed(&server, true, C_BASE_MIGRATE_DATA, LIM_C_DISPLAY + 1, 0, zero, 0), E_LIMIT);
	assert_int_equal(feed(&client, true, S_DISPLAY_DRAW_COPY, LIM_S_DISPLAY + 1, 0, zero, 0), E_LIMIT);
	chan_fini(&server);
	chan_fini(&client);

	pair(&server, &client, true, &s, &c);
	assert_int_equal(feed(&client, true, 999, 3, 0, zero, 3), 0);
	assert_int_equal(client.unknown, 1);
	assert_int_equal(client.serial_in, 1);
	assert_int_equal(feed(&server, true, 999, 3, 0, zero, 3), E_PROTO);
	chan_fini(&server);
	chan_fini(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_handshakes),
		cmocka_unit_test(link_refused),
		cmocka_unit_test(link_bad_tickets),
		cmocka_unit_test(ticket_short),
		cmocka_unit_test(chan_acks),
		cmocka_unit_test(chan_window_closes),
		cmocka_unit_test(chan_ping_pong),
		cmocka_unit_test(chan_parks),
		cmocka_unit_test(chan_sub_messages),
		cmocka_unit_test(chan_sub_messages_share_memory),
		cmocka_unit_test(chan_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
