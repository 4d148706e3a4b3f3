/* TCP reassembly: whatever the order, doubling and overlap of segments, the streams are those that
 * were sent; what is missing is told, and what is held is bounded. Rows of RELIABILITY 8,
 * number 79. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "capture/tcp.h"

enum { CLIENT, SERVER };

/* What the tap saw: a link is begun so that streams are not ignored; then client bytes come as one
 * stretch. */
struct seen {
	unsigned losses, cuts, bads, links;
	uint64_t lost, bytes;
	char names[1024];
};

static void see(void *owner, const struct tap_event *e)
{
	struct seen *s = owner;

	s->losses += e->kind == TAP_LOST;
	s->lost += e->kind == TAP_LOST ? e->size : 0;
	s->cuts += e->kind == TAP_CUT;
	s->bads += e->kind == TAP_BAD;
	s->links += e->kind == TAP_LINK;
	s->bytes += e->kind != TAP_LOST ? e->size : 0;
	if (strlen(s->names) + strlen(e->name) + 2 < sizeof(s->names)) {
		memcpy(s->names + strlen(s->names), e->name, strlen(e->name) + 1);
		memcpy(s->names + strlen(s->names), " ", 2);
	}
}

struct wire {
	struct seen seen;
	struct tap tap;
	struct tcp *tcp;
	uint32_t isn[2];
};

static void start(struct wire *w, uint32_t isn_client, uint32_t isn_server)
{
	*w = (struct wire){.isn = {isn_client, isn_server}};
	w->tap = (struct tap){.fn = see, .owner = &w->seen};
	w->tcp = tcp_new(&w->tap);
}

static void stop(struct wire *w)
{
	tcp_end(w->tcp);
	tcp_free(w->tcp);
	assert_int_equal(w->tap.held, 0);
}

/* A segment `at` bytes into a direction's stream; ack: how much of the other one it acknowledges.
 */
static void segment(
	struct wire *w, int from, uint8_t flags, uint32_t at, uint32_t ack, const void *p, size_t n)
{
	struct tcp_end end[2] = {{{127, 0, 0, 1}, 40000, 4}, {{127, 0, 0, 1}, 5900, 4}};
	struct tcp_segment s = {.src = end[from],
		.dst = end[!from],
		.flags = flags,
		.seq = w->isn[from] + at + (flags & TCP_SYN ? 0 : 1),
		.ack = w->isn[!from] + 1 + ack,
		.data = slice_of(p, n),
		.time = 1};

	tcp_input(w->tcp, &s);
}

static void handshake(struct wire *w)
{
	segment(w, CLIENT, TCP_SYN, 0, 0, NULL, 0);
	segment(w, SERVER, TCP_SYN | TCP_ACK, 0, 0, NULL, 0);
	segment(w, CLIENT, TCP_ACK, 0, 0, NULL, 0);
}

static void put_header(struct buf *b, uint32_t size)
{
	buf_str(b, "REDQ");
	buf_le32(b, 2);
	buf_le32(b, 2);
	buf_le32(b, size);
}

/* What a client and a server say up to and with a channel that is open; mini headers. */
static void client_bytes(struct buf *b)
{
	put_header(b, 22);
	buf_le32(b, 0);
	buf_u8(b, WIRE_MAIN);
	buf_u8(b, 0);
	buf_le32(b, 1);
	buf_le32(b, 0);
	buf_le32(b, 18);
	buf_le32(b, 1 << COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1 << COMMON_CAP_MINI_HEADER);
	buf_le32(b, AUTH_MECHANISM_SPICE);
	memset(buf_reserve(b, 128), 0x5a, 128);
	buf_commit(b, 128);
	buf_le16(b, C_MAIN_ATTACH_CHANNELS);
	buf_le32(b, 0);
}

static void server_bytes(struct buf *b, unsigned pings)
{
	put_header(b, 182);
	buf_le32(b, LINK_ERR_OK);
	memset(buf_reserve(b, 162), 0, 162);
	buf_commit(b, 162);
	buf_le32(b, 1);
	buf_le32(b, 0);
	buf_le32(b, 178);
	buf_le32(b, 1 << COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1 << COMMON_CAP_MINI_HEADER);
	buf_le32(b, LINK_ERR_OK);
	for (unsigned i = 0; i < pings; i++) {
		buf_le16(b, S_BASE_PING);
		buf_le32(b, 12 + 30);
		buf_le32(b, i);
		buf_le64(b, 0);
		memset(buf_reserve(b, 30), 0, 30);
		buf_commit(b, 30);
	}
}

static const char linked[] =
	"LINK_HEADER LINK_MESS LINK_HEADER LINK_REPLY AUTH_MECHANISM ENCRYPTED_TICKET LINK_RESULT ";

static void expect(struct wire *w, unsigned pings)
{
	char want[1024];
	int n = snprintf(want, sizeof(want), "%s", linked);
	const char *names = w->seen.names;

	for (unsigned i = 0; i < pings; i++)
		n += snprintf(want + n, sizeof(want) - (size_t)n, "PING ");
	assert_int_equal(w->seen.losses, 0);
	assert_int_equal(w->seen.bads, 0);
	assert_int_equal(w->seen.cuts, 0);
	assert_int_equal(w->seen.links, 7);
	assert_non_null(strstr(names, "ATTACH_CHANNELS"));
	for (unsigned i = 0; i < pings; i++) {
		names = strstr(names, "PING ");
		assert_non_null(names);
		names += 5;
	}
	assert_null(strstr(names, "PING"));
}

/* Both streams in segments of `step` bytes, in an order made by `order`: 0 as sent, 1 each pair
 * swapped, 2 backwards, 3 doubled, 4 each overlapping the next with other bytes that must lose. */
static void cut_up(unsigned step, int order, uint32_t isn)
{
	struct buf c = {0}, s = {0};
	struct wire w;

	client_bytes(&c);
	server_bytes(&s, 5);
	start(&w, isn, isn - 100);
	handshake(&w);
	for (int from = CLIENT; from <= SERVER; from++) {
		struct buf *b = from == CLIENT ? &c : &s;
		size_t n = (buf_len(b) + step - 1) / step;

		for (size_t k = 0; k < n; k++) {
			size_t i = order == 2 ? n - 1 - k : order == 1 && (k ^ 1) < n ? k ^ 1 : k;
			size_t at = i * step, len = buf_len(b) - at < step ? buf_len(b) - at : step;

			segment(&w, from, TCP_ACK, (uint32_t)at, 0, buf_data(b) + at, len);
			if (order == 3)
				segment(&w, from, TCP_ACK, (uint32_t)at, 0, buf_data(b) + at, len);
			if (order == 4) { /* a retransmission of old bytes with other contents */
				uint8_t *wrong = malloc(at + len + 1);

				memset(wrong, 0xee, at + len);
				segment(&w, from, TCP_ACK, 0, 0, wrong, at + len);
				free(wrong);
			}
		}
	}
	segment(&w, CLIENT, TCP_ACK | TCP_FIN, (uint32_t)buf_len(&c), (uint32_t)buf_len(&s), NULL,
		0);
	segment(&w, SERVER, TCP_ACK | TCP_FIN, (uint32_t)buf_len(&s), (uint32_t)buf_len(&c) + 1,
		NULL, 0);
	expect(&w, 5);
	stop(&w);
	buf_fini(&c);
	buf_fini(&s);
}

static void orders(void **state)
{
	static const uint32_t isns[] = {1, 0xffffffff, 0xfffffff0, 0x7fffffff};

	(void)state;
	for (unsigned step = 1; step < 200; step += step < 20 ? 1 : 37)
		for (int order = 0; order <= 4; order++)
			for (size_t i = 0; i < ARRAY_SIZE(isns); i++)
				cut_up(step, order, isns[i]);
}

/* Held segments that overlap each other: the first copy of each byte counts. */
static void first_copy_wins(void **state)
{
	struct buf c = {0}, s = {0};
	uint8_t wrong[64];
	struct wire w;

	(void)state;
	memset(wrong, 0xee, sizeof(wrong));
	client_bytes(&c);
	server_bytes(&s, 1);
	start(&w, 7, 9);
	handshake(&w);
	segment(&w, CLIENT, TCP_ACK, 10, 0, buf_data(&c) + 10, 10);
	segment(&w, CLIENT, TCP_ACK, 30, 0, buf_data(&c) + 30, 10);
	segment(&w, CLIENT, TCP_ACK, 12, 0, wrong, 6);
	segment(&w, CLIENT, TCP_ACK, 20, 0, buf_data(&c) + 20, 10);
	segment(&w, CLIENT, TCP_ACK, 8, 0, wrong, 0);
	segment(&w, CLIENT, TCP_ACK, 15, 0, wrong, 25);
	segment(&w, CLIENT, TCP_ACK, 40, 0, buf_data(&c) + 40, buf_len(&c) - 40);
	segment(&w, CLIENT, TCP_ACK, 0, 0, buf_data(&c), 10);
	segment(&w, SERVER, TCP_ACK, 0, 0, buf_data(&s), buf_len(&s));
	expect(&w, 1);
	stop(&w);
	buf_fini(&c);
	buf_fini(&s);
}

/* n pings, of which the segment with ping number `gone` is missing, and acknowledged. */
static void lose_one(unsigned pings, size_t gone, size_t len)
{
	struct buf c = {0}, s = {0};
	size_t from;
	struct wire w;

	client_bytes(&c);
	server_bytes(&s, pings);
	from = buf_len(&s) - (pings - gone) * 48;
	start(&w, 7, 9);
	handshake(&w);
	segment(&w, CLIENT, TCP_ACK, 0, 0, buf_data(&c), buf_len(&c));
	segment(&w, SERVER, TCP_ACK, 0, 0, buf_data(&s), from);
	segment(&w, SERVER, TCP_ACK, (uint32_t)(from + len), 0, buf_data(&s) + from + len,
		buf_len(&s) - from - len);
	segment(&w, CLIENT, TCP_ACK, (uint32_t)buf_len(&c), (uint32_t)buf_len(&s), NULL, 0);
	assert_int_equal(w.seen.losses, 0); /* it may still come */
	for (int i = 0; i < 80; i++)
		segment(&w, CLIENT, TCP_ACK, (uint32_t)buf_len(&c), (uint32_t)buf_len(&s), NULL, 0);
	assert_int_equal(w.seen.losses, 1);
	assert_int_equal(w.seen.lost, len);
	stop(&w);
	assert_non_null(strstr(w.seen.names, "LOST PING"));
	buf_fini(&c);
	buf_fini(&s);
}

static void losses(void **state)
{
	(void)state;
	lose_one(6, 2, 48); /* a whole message: the next segment begins with one */
	lose_one(6, 2, 96);
	lose_one(6, 2, 0 + 48 * 3);
}

/* The header is there, a part of the body is not: goes on with the message behind. */
static void loss_inside(void **state)
{
	struct buf c = {0}, s = {0};
	size_t from;
	struct wire w;

	(void)state;
	client_bytes(&c);
	server_bytes(&s, 3);
	from = buf_len(&s) - 2 * 48 + 20;
	start(&w, 7, 9);
	handshake(&w);
	segment(&w, CLIENT, TCP_ACK, 0, 0, buf_data(&c), buf_len(&c));
	segment(&w, SERVER, TCP_ACK, 0, 0, buf_data(&s), from);
	segment(&w, SERVER, TCP_ACK, (uint32_t)from + 10, 0, buf_data(&s) + from + 10,
		buf_len(&s) - from - 10);
	stop(&w); /* the end of the capture decides, too */
	assert_int_equal(w.seen.lost, 10);
	assert_int_equal(w.seen.bads, 0);
	assert_non_null(strstr(w.seen.names, "LOST PING "));
	buf_fini(&c);
	buf_fini(&s);
}

/* Segments that never become a stream: no more than the limit is held. */
static void bounded(void **state)
{
	uint8_t *block = calloc(1, 60000);
	struct buf c = {0};
	struct wire w;

	(void)state;
	client_bytes(&c);
	start(&w, 7, 9);
	handshake(&w);
	segment(&w, CLIENT, TCP_ACK, 0, 0, buf_data(&c), 20);
	for (uint32_t i = 0; i < 400; i++) {
		segment(&w, SERVER, TCP_ACK, 1000 + 70000 * i, 0, block, 60000);
		assert_true(w.tap.held <= LIM_CAPTURE_FLOW + 60000);
	}
	stop(&w);
	free(block);
	buf_fini(&c);
}

/* Nor many of them, however small: each costs more than its bytes, and looking for its place does, too. */
static void bounded_in_number(void **state)
{
	struct buf c = {0};
	struct wire w;

	(void)state;
	client_bytes(&c);
	start(&w, 7, 9);
	handshake(&w);
	segment(&w, CLIENT, TCP_ACK, 0, 0, buf_data(&c), 20);
	for (uint32_t i = 3 * LIM_CAPTURE_SEGMENTS; i > 0; i--) { /* the last first: each is before all others */
		segment(&w, SERVER, TCP_ACK, 1000 + 2 * i, 0, "x", 1);
		assert_true(w.tap.held <= (size_t)LIM_CAPTURE_SEGMENTS * 64);
	}
	stop(&w);
	buf_fini(&c);
}

/* A port that is used again, a SYN that was captured twice, and segments of nobody. */
static void reuse(void **state)
{
	struct buf c = {0}, s = {0};
	struct wire w;

	(void)state;
	client_bytes(&c);
	server_bytes(&s, 1);
	start(&w, 7, 9);
	for (int i = 0; i < 2; i++) {
		handshake(&w);
		handshake(&w);
		segment(&w, CLIENT, TCP_ACK, 0, 0, buf_data(&c), buf_len(&c));
		segment(&w, CLIENT, TCP_SYN, 0, 0, NULL, 0);
		segment(&w, SERVER, TCP_ACK, 0, 0, buf_data(&s), buf_len(&s));
		w.isn[CLIENT] += 12345;
		w.isn[SERVER] += 54321;
	}
	assert_int_equal(w.tap.conns, 2);
	assert_int_equal(w.seen.links, 14);
	assert_int_equal(w.seen.bads, 0);
	segment(&w, CLIENT, TCP_RST, 0, 0, NULL, 0);
	segment(&w, CLIENT, TCP_ACK, 99, 0, "stray", 5);
	stop(&w);
	buf_fini(&c);
	buf_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(first_copy_wins),
		cmocka_unit_test(losses),
		cmocka_unit_test(loss_inside),
		cmocka_unit_test(bounded),
		cmocka_unit_test(bounded_in_number),
		cmocka_unit_test(reuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
