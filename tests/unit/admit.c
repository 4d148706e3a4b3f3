/* Who is let in, at a server with a clock of ours: the ticket table X-23 of RELIABILITY, one answer to all that is
 * wrong (C-5), and the bounds on those who are not in yet: L-1, L-2, L-4, L-5, L-6. The clients here speak the link
 * stage byte by byte, and come from addresses of their choice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limits.h"
#include "chan/ticket.h"
#include "tests/unit/house.h"

enum { REFUSED = LINK_ERR_PERMISSION_DENIED, NO_ANSWER = 12345 };

static struct house h;
static unsigned port;
static struct moment clock_now;

static void fake_now(struct moment *m)
{
	*m = clock_now;
}

static void start(const struct server_options *options, const char *tickets)
{
	struct server_options o = *options;
	char file[] = "/tmp/spice-admit-XXXXXX";
	const char *name;
	int fd = mkstemp(file);

	assert_true(fd >= 0 && write(fd, tickets, strlen(tickets)) == (ssize_t)strlen(tickets));
	close(fd);
	clock_now = (struct moment){.unix_ms = 1000000000, .boot_ms = 777000};
	o.now = fake_now;
	house_open(&h, 64, 48);
	house_listen(&h, &o, NULL);
	assert_int_equal(server_listen(h.server, "127.0.0.1:0", NULL, false, &name), 0);
	port = (unsigned)strtoul(strrchr(name, ':') + 1, NULL, 10);
	assert_int_equal(server_tickets(h.server, file), 0);
	unlink(file);
}

static void start_plain(const char *tickets)
{
	start(&(struct server_options){.max_clients = 8}, tickets);
}

/* ---- a client ---- */

/* From 127.0.A.B. */
static int dial(unsigned a, unsigned b)
{
	struct sockaddr_in me = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 | a << 8 | b)};
	struct sockaddr_in it = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001),
		.sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&me, sizeof(me)) == 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&it, sizeof(it)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Reads n bytes exactly; false when the server closed before. */
static bool hear(int fd, uint8_t *p, size_t n)
{
	size_t have = 0;
	ssize_t r = -1;

	UNTIL(&h, have == n || ((r = read(fd, p + have, n - have)) > 0 ? (have += (size_t)r, false) : r == 0));
	return have == n;
}

static bool is_closed(int fd)
{
	uint8_t c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The link message; the key that comes back. False: refused. */
static bool ask(int fd, unsigned type, uint32_t session, uint8_t key[TICKET_KEY_DER])
{
	uint8_t head[16] = "REDQ\2\0\0\0\2\0\0\0\x16", body[22] = {0}, reply[4096];

	put_le32(body, session);
	body[4] = (uint8_t)type;
	put_le32(body + 6, 1);
	put_le32(body + 14, 18);
	put_le32(body + 18, 1 << COMMON_CAP_MINI_HEADER);
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	assert_int_equal(write(fd, body, sizeof(body)), sizeof(body));
	if (!hear(fd, reply, 16) || !hear(fd, reply + 16, get_le32(reply + 12)) || get_le32(reply + 16))
		return false;
	memcpy(key, reply + 20, TICKET_KEY_DER);
	return true;
}

static uint32_t answer(int fd, const uint8_t ticket[TICKET_SIZE])
{
	uint8_t result[4];

	assert_int_equal(write(fd, ticket, TICKET_SIZE), TICKET_SIZE);
	return hear(fd, result, 4) ? get_le32(result) : NO_ANSWER;
}

static uint32_t say(int fd, const uint8_t key[TICKET_KEY_DER], const char *password)
{
	uint8_t ticket[TICKET_SIZE];

	assert_int_equal(ticket_encrypt(key, password, ticket), 0);
	return answer(fd, ticket);
}

/* All of it, of a channel; *fd stays open. */
static uint32_t enter(int *fd, unsigned type, uint32_t session, const char *password)
{
	uint8_t key[TICKET_KEY_DER];

	*fd = dial(0, 1);
	return ask(*fd, type, session, key) ? say(*fd, key, password) : NO_ANSWER;
}

/* And leaves. */
static uint32_t try(const char *password)
{
	int fd;
	uint32_t err = enter(&fd, WIRE_MAIN, 0, password);

	close(fd);
	UNTIL(&h, server_clients(h.server) == 0);
	return err;
}

/* The session id in INIT, the first message of main (mini header). */
static uint32_t session_of(int fd)
{
	uint8_t m[10];

	assert_true(hear(fd, m, 6) && get_le16(m) == S_MAIN_INIT && hear(fd, m + 6, 4));
	return get_le32(m + 6);
}

/* ---- X-23 ---- */

static void ends(void **state)
{
	(void)state;
	start_plain("valid-by-1s expires=1000001\nended-by-1s expires=999999\n");
	assert_int_equal(try("valid-by-1s"), 0);
	assert_int_equal(try("ended-by-1s"), REFUSED);
	clock_now.boot_ms += 999;
	assert_int_equal(try("valid-by-1s"), 0);
	clock_now.unix_ms += 10 * 365 * 86400000ll; /* that clock is set; no time has passed */
	assert_int_equal(try("valid-by-1s"), 0);
	clock_now.boot_ms += 1;
	clock_now.unix_ms = 0;
	assert_int_equal(try("valid-by-1s"), REFUSED);
	house_close(&h);
}

static void once(void **state)
{
	int main, other[3], fd;
	uint32_t session;

	(void)state;
	start_plain("only-once once\nsecond-one\n");
	assert_int_equal(enter(&main, WIRE_MAIN, 0, "only-once"), 0);
	session = session_of(main);
	assert_int_equal(enter(&other[0], WIRE_INPUTS, session, "only-once"), 0);
	assert_int_equal(enter(&other[1], WIRE_CURSOR, session, "only-once"), 0);
	assert_int_equal(enter(&other[2], WIRE_DISPLAY, session, "only-once"), 0);
	assert_int_equal(enter(&fd, WIRE_MAIN, 0, "only-once"), REFUSED);
	close(fd);
	/* the channels of a session bring its own ticket, not one that is good too */
	close(other[0]);
	assert_int_equal(enter(&fd, WIRE_INPUTS, session, "second-one"), REFUSED);
	close(fd);
	close(other[1]);
	close(other[2]);
	close(main);
	UNTIL(&h, server_clients(h.server) == 0);
	assert_int_equal(enter(&fd, WIRE_INPUTS, session, "only-once"), REFUSED);
	close(fd);
	assert_int_equal(try("only-once"), REFUSED);
	house_close(&h);
}

static void replayed(void **state)
{
	uint8_t key[TICKET_KEY_DER], ticket[TICKET_SIZE];
	int fd;

	(void)state;
	start(&(struct server_options){.max_clients = 64}, "good-secret\n");
	fd = dial(0, 1);
	assert_true(ask(fd, WIRE_MAIN, 0, key));
	assert_int_equal(ticket_encrypt(key, "good-secret", ticket), 0);
	assert_int_equal(answer(fd, ticket), 0);
	close(fd);
	for (unsigned i = 0; i < 4; i++) {
		fd = dial(0, 10 + i);
		assert_true(ask(fd, WIRE_MAIN, 0, key));
		assert_int_equal(answer(fd, ticket), REFUSED);
		close(fd);
	}
	house_close(&h);
}

/* A ticket made for the key of another server that has the same secret. */
static void of_another_listener(void **state)
{
	struct ticket_key *elsewhere = ticket_key_new();
	uint8_t key[TICKET_KEY_DER], other[TICKET_KEY_DER], ticket[TICKET_SIZE];
	int fd;

	(void)state;
	start_plain("good-secret\n");
	ticket_key_der(elsewhere, other);
	assert_int_equal(ticket_encrypt(other, "good-secret", ticket), 0);
	fd = dial(0, 1);
	assert_true(ask(fd, WIRE_MAIN, 0, key));
	assert_int_equal(answer(fd, ticket), REFUSED);
	close(fd);
	ticket_key_free(elsewhere);
	house_close(&h);
}

static void set_in_the_middle(void **state)
{
	uint8_t a[TICKET_KEY_DER], b[TICKET_KEY_DER];
	int old, new;

	(void)state;
	start_plain("");
	assert_int_equal(server_set_password(h.server, slice_str("old-secret"), SERVER_KEEP), 0);
	old = dial(0, 1);
	new = dial(0, 1);
	assert_true(ask(old, WIRE_MAIN, 0, a) && ask(new, WIRE_MAIN, 0, b));
	assert_int_equal(server_set_password(h.server, slice_str("new-secret"), SERVER_KEEP), 0);
	assert_int_equal(say(old, a, "old-secret"), REFUSED);
	assert_int_equal(say(new, b, "new-secret"), 0);
	close(old);
	close(new);
	house_close(&h);
}

static void cleared_while_in(void **state)
{
	int main, inputs, fd;
	uint32_t session;

	(void)state;
	start_plain("");
	assert_int_equal(server_set_password(h.server, slice_str("set-secret"), SERVER_KEEP), 0);
	assert_int_equal(enter(&main, WIRE_MAIN, 0, "set-secret"), 0);
	session = session_of(main);
	assert_int_equal(server_set_password(h.server, slice_str(""), SERVER_KEEP), 0);
	assert_int_equal(enter(&inputs, WIRE_INPUTS, session, "set-secret"), 0);
	assert_int_equal(enter(&fd, WIRE_MAIN, 0, "set-secret"), REFUSED);
	close(fd);
	assert_int_equal(server_clients(h.server), 1);
	assert_int_equal(server_set_password(h.server, slice_str("other-secret"), SERVER_FAIL), E_AUTH);
	assert_int_equal(server_set_password(h.server, slice_str("other-secret"), SERVER_DISCONNECT), 0);
	UNTIL(&h, server_clients(h.server) == 0);
	close(inputs);
	close(main);
	assert_int_equal(try("other-secret"), 0);
	house_close(&h);
}

/* C-5, rows 53 and 77: to whatever is wrong the same four bytes, and the end. */
static void one_answer(void **state)
{
	static const char *const wrong[] = {"", "wrong-secret", "good-secre", "good-secrett", "ended-secret",
		"012345678901234567890123456789012345678901234567890123456789"};
	uint8_t key[TICKET_KEY_DER], junk[TICKET_SIZE], c;
	int fd;

	(void)state;
	start_plain("good-secret\nended-secret expires=1\n");
	for (size_t i = 0; i < ARRAY_SIZE(wrong) + 3; i++) {
		fd = dial(1, 1 + (unsigned)i);
		assert_true(ask(fd, WIRE_MAIN, 0, key));
		memset(junk, i % 2 ? 0xff : 0, sizeof(junk));
		junk[64] = (uint8_t)i;
		assert_int_equal(i < ARRAY_SIZE(wrong) ? say(fd, key, wrong[i]) : answer(fd, junk), REFUSED);
		assert_false(hear(fd, &c, 1));
		close(fd);
	}
	house_close(&h);
}

/* ---- bounds on those who are not in ---- */

/* Milliseconds until the server closes it. */
static unsigned lasts(int fd)
{
	uint64_t since = uv_hrtime();

	UNTIL(&h, is_closed(fd));
	close(fd);
	return (unsigned)((uv_hrtime() - since) / 1000000);
}

static void time_is_short(void **state)
{
	uint8_t key[TICKET_KEY_DER];
	unsigned ms;
	int fd;

	(void)state;
	start(&(struct server_options){.auth_ms = 1000}, "good-secret\n");
	fd = dial(0, 1);
	assert_true(ask(fd, WIRE_MAIN, 0, key)); /* L-1: and no ticket */
	ms = lasts(fd);
	assert_in_range(ms, 700, 4000);
	house_close(&h);
	start_plain("good-secret\n");
	fd = dial(0, 1);
	assert_int_equal(write(fd, "REDQ\2\0\0\0\2\0\0\0\x16\0\0", 15), 15); /* L-2: 15 bytes of 16 */
	ms = lasts(fd);
	assert_in_range(ms, LIM_HEADER_MS - 100, LIM_HEADER_MS + 3000);
	house_close(&h);
}

/* Has the server closed it, once all is read that came before? */
static bool ended(int fd)
{
	uint8_t drop[65536];
	ssize_t n;

	while ((n = read(fd, drop, sizeof(drop))) > 0)
		;
	return n == 0;
}

static unsigned open_of(const int *fds, unsigned n)
{
	unsigned open = 0;

	for (unsigned i = 0; i < n; i++)
		open += !is_closed(fds[i]);
	return open;
}

/* L-4: the bound holds, and who comes from elsewhere is there after as many more, though he has yet to say something
 * and they have all said something. */
static void a_crowd(void **state)
{
	enum { MANY = 3 * LIM_UNAUTH };
	static const uint8_t head[16] = "REDQ\2\0\0\0\2\0\0\0\x16";
	int crowd[MANY], alone = -1;

	(void)state;
	start_plain("good-secret\n");
	for (unsigned i = 0; i < MANY; i++) {
		if (i == LIM_UNAUTH + 4)
			alone = dial(0, 1);
		crowd[i] = dial(0, 2);
		assert_int_equal(write(crowd[i], head, sizeof(head)), sizeof(head));
		UNTIL(&h, open_of(crowd, i + 1) <= LIM_UNAUTH);
	}
	assert_in_range(open_of(crowd, MANY), LIM_UNAUTH_EARLY, LIM_UNAUTH);
	assert_false(is_closed(alone));
	close(alone);
	assert_int_equal(try("good-secret"), 0);
	for (unsigned i = 0; i < MANY; i++)
		close(crowd[i]);
	house_close(&h);
}

/* L-5: one more is refused, or the first one goes. */
static void one_more(void **state)
{
	int a, b, c;

	(void)state;
	start(&(struct server_options){.max_clients = 2}, "good-secret\nlast-one once\n");
	assert_int_equal(enter(&a, WIRE_MAIN, 0, "good-secret"), 0);
	assert_int_equal(enter(&b, WIRE_MAIN, 0, "good-secret"), 0);
	assert_int_equal(enter(&c, WIRE_MAIN, 0, "last-one"), REFUSED);
	close(c);
	close(a);
	UNTIL(&h, server_clients(h.server) == 1);
	assert_int_equal(enter(&a, WIRE_MAIN, 0, "last-one"), 0); /* it was not spent */
	close(a);
	close(b);
	house_close(&h);
	start(&(struct server_options){.max_clients = 2, .takeover = true}, "good-secret\n");
	assert_int_equal(enter(&a, WIRE_MAIN, 0, "good-secret"), 0);
	assert_int_equal(enter(&b, WIRE_MAIN, 0, "good-secret"), 0);
	assert_int_equal(enter(&c, WIRE_MAIN, 0, "wrong-secret"), REFUSED);
	close(c);
	assert_int_equal(server_clients(h.server), 2);
	assert_int_equal(enter(&c, WIRE_MAIN, 0, "good-secret"), 0);
	assert_int_equal(server_clients(h.server), 2);
	UNTIL(&h, ended(a));
	assert_false(is_closed(b));
	close(a);
	close(b);
	close(c);
	house_close(&h);
}

/* L-6: 31 failures within a minute, each of another source. Those are refused now; a source that has none is let in, a
 * second later. */
static void many_failures(void **state)
{
	uint8_t key[TICKET_KEY_DER];
	uint64_t since;
	int fd;

	(void)state;
	start_plain("good-secret\n");
	for (unsigned i = 1; i <= 31; i++) {
		fd = dial(1, i);
		assert_true(ask(fd, WIRE_MAIN, 0, key));
		assert_int_equal(say(fd, key, "wrong-secret"), REFUSED);
		close(fd);
	}
	fd = dial(1, 5);
	assert_true(ask(fd, WIRE_MAIN, 0, key));
	assert_int_equal(say(fd, key, "good-secret"), REFUSED);
	close(fd);
	since = uv_hrtime();
	assert_int_equal(try("good-secret"), 0);
	assert_true(uv_hrtime() - since > 900000000);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(once),
		cmocka_unit_test(replayed),
		cmocka_unit_test(of_another_listener),
		cmocka_unit_test(set_in_the_middle),
		cmocka_unit_test(cleared_while_in),
		cmocka_unit_test(one_answer),
		cmocka_unit_test(time_is_short),
		cmocka_unit_test(a_crowd),
		cmocka_unit_test(one_more),
		cmocka_unit_test(many_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
