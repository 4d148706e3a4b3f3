/* WebSocket: heads and frames as tables of bytes and verdicts (rows 32, 57, 58), the same bytes
 * however they are cut (row 36), both our ends together, and what an accepted socket turns out to
 * speak. */
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/listen.h"
#include "net/ws.h"

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define HEAD "GET / HTTP/1.1\r\nHost: h:5900\r\n" UPGRADE KEY

static const char good_head[] =
	HEAD "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n";

/* What came out of the server's end: bytes, and how it stood then. */
struct result {
	struct buf got, answer;
	int err;
};

static void result_fini(struct result *r)
{
	buf_fini(&r->got);
	buf_fini(&r->answer);
}

static void drain(int fd, struct buf *to)
{
	ssize_t n;

	while ((n = recv(fd, buf_reserve(to, 4096), 4096, MSG_DONTWAIT)) > 0)
		buf_commit(to, (size_t)n);
}

static void read_all(struct xport *x, struct result *r)
{
	ssize_t n;

	do {
		n = xport_read(x, buf_reserve(&r->got, 4096), 4096);
		if (n > 0)
			buf_commit(&r->got, (size_t)n);
	} while (n > 0 || (n == E_AGAIN && xport_pending(x)));
	r->err = (int)n;
}

/* Feeds bytes in pieces (0: whole) to what `end` makes of a socket. */
static struct result feed(struct slice bytes, size_t piece, struct xport *(*end)(int fd))
{
	struct result r = {0};
	int fd[2];
	struct xport *x;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = end(fd[1]);
	read_all(x, &r);
	while (bytes.n && r.err == E_AGAIN) {
		size_t n = piece && piece < bytes.n ? piece : bytes.n;
		ssize_t put = send(fd[0], bytes.p, n, MSG_NOSIGNAL);

		assert_true(put > 0);
		bytes = slice_of(bytes.p + put, bytes.n - (size_t)put);
		read_all(x, &r);
		drain(fd[0], &r.answer);
	}
	xport_close(x);
	drain(fd[0], &r.answer);
	close(fd[0]);
	return r;
}

enum { HASH_CHARS = 28 };

/* RFC 6455 1.3: of the key at the front of `line`. */
static void hash_of(const char *line, struct buf *hash)
{
	struct buf text = {0};
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	buf_put(&text, line, strcspn(line, "\r"));
	buf_str(&text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	EVP_Digest(buf_data(&text), buf_len(&text), digest, &n, EVP_sha1(), NULL);
	EVP_EncodeBlock(buf_reserve(hash, HASH_CHARS + 1), digest, (int)n);
	buf_commit(hash, HASH_CHARS);
	buf_fini(&text);
}

static struct xport *ws_end(int fd)
{
	return xport_ws_server(xport_socket(fd), NULL);
}

static struct xport *accept_end(int fd)
{
	return xport_accept(fd, NULL, false, NULL);
}

static void heads(void **state)
{
	static const struct {
		const char *head;
		int err;
		const char *status;
	} rows[] = {
		{good_head, E_AGAIN, "101"},
		{HEAD "\r\n", E_AGAIN, "101"},
		{HEAD "Sec-WebSocket-Protocol: binary, base64\r\n\r\n", E_AGAIN, "101"},
		{HEAD "Origin: http://h:8000\r\n\r\n", E_AGAIN, "101"},
		{HEAD "Sec-WebSocket-Protocol: base64, binary\r\n\r\n", E_PROTO, "400"},
		{HEAD "Sec-WebSocket-Protocol: binaryx\r\n\r\n", E_PROTO, "400"},
		{HEAD "Origin: http://evil.example\r\n\r\n", E_PROTO, "403"},
		{HEAD "Origin: null\r\n\r\n", E_PROTO, "403"},
		{HEAD "Origin: http://h.evil.example:5900\r\n\r\n", E_PROTO, "403"},
		{HEAD KEY "\r\n", E_PROTO, "400"},
		{HEAD "Sec-WebSocket-Version: 8\r\n\r\n", E_PROTO, "426"},
		{HEAD "no colon\r\n\r\n", E_PROTO, "400"},
		{HEAD ": no name\r\n\r\n", E_PROTO, "400"},
		{HEAD "folded:\r\n x\r\n\r\n", E_PROTO, "400"},
		{HEAD "bell: \x07\r\n\r\n", E_PROTO, "400"},
		{HEAD "bare: a\rb\r\n\r\n", E_PROTO, "400"},
		{HEAD "bare: a\nb\r\n\r\n", E_PROTO, "400"},
		{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", E_PROTO, "426"},
		{"GET / HTTP/1.1\r\nHost: h\r\n" UPGRADE "\r\n", E_PROTO, "400"},
		{"GET / HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Key: short\r\n\r\n", E_PROTO, "400"},
		{"GET / HTTP/1.0\r\n" UPGRADE KEY "\r\n", E_PROTO, "400"},
		{"GET  HTTP/1.1\r\n" UPGRADE KEY "\r\n", E_PROTO, "400"},
		{"GET / x HTTP/1.1\r\n" UPGRADE KEY "\r\n", E_PROTO, "400"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const size_t pieces[] = {0, 1, 7};

		for (size_t k = 0; k < ARRAY_SIZE(pieces); k++) {
			struct result r = feed(slice_str(rows[i].head), pieces[k], ws_end);

			if (r.err != rows[i].err ||
				strncmp(buf_cstr(&r.answer) + 9, rows[i].status, 3) != 0)
				fail_msg("head %zu: %d, %s", i, r.err, buf_cstr(&r.answer));
			result_fini(&r);
		}
	}
}

static void the_accept_hash(void **state)
{
	struct result r =
		feed(slice_str(good_head), 0, ws_end); /* the key is the one of RFC 6455 1.3 */

	(void)state;
	assert_non_null(strstr(
		buf_cstr(&r.answer), "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	assert_non_null(strstr(buf_cstr(&r.answer), "Sec-WebSocket-Protocol: binary\r\n"));
	result_fini(&r);
}

/* Row 57: heads beyond the limits, and one at them. */
static void long_heads(void **state)
{
	(void)state;
	for (int over = 0; over <= 1; over++) {
		struct buf b = {0};
		struct result r;

		buf_str(&b, HEAD "X: ");
		while (buf_len(&b) < (size_t)LIM_HTTP_HEAD - 4 + (size_t)over)
			buf_u8(&b, 'x');
		buf_str(&b, "\r\n\r\n");
		r = feed(buf_slice(&b), 0, ws_end);
		assert_int_equal(r.err, over ? E_PROTO : E_AGAIN);
		result_fini(&r);
		buf_clear(&b);
		buf_str(&b, HEAD); /* 4 headers */
		for (int i = 4; i < LIM_HTTP_LINES + over; i++)
			buf_str(&b, "a: b\r\n");
		buf_str(&b, "\r\n");
		r = feed(buf_slice(&b), 0, ws_end);
		assert_int_equal(r.err, over ? E_PROTO : E_AGAIN);
		result_fini(&r);
		buf_fini(&b);
	}
	for (int endless = 0; endless <= 1; endless++) { /* never a line end; headers for ever */
		struct buf b = {0};
		struct result r;

		buf_str(&b, HEAD);
		while (buf_len(&b) < 20000)
			buf_str(&b, endless ? "a: b\r\n" : "xxxx");
		r = feed(buf_slice(&b), 100, ws_end);
		assert_int_equal(r.err, E_PROTO);
		result_fini(&r);
		buf_fini(&b);
	}
}

/* A client's frame, masked. */
static void put_frame(struct buf *b, unsigned first, const void *p, size_t n)
{
	static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};

	buf_u8(b, (uint8_t)first);
	if (n < 126) {
		buf_u8(b, (uint8_t)(0x80 | n));
	} else if (n < 65536) {
		uint8_t len[3] = {0x80 | 126, (uint8_t)(n >> 8), (uint8_t)n};

		buf_put(b, len, 3);
	} else {
		uint8_t len[9] = {0x80 | 127};

		put_be64(len + 1, n);
		buf_put(b, len, 9);
	}
	buf_put(b, mask, 4);
	for (size_t i = 0; i < n; i++)
		buf_u8(b, ((const uint8_t *)p)[i] ^ mask[i & 3]);
}

#define M "\x01\x02\x03\x04"
/* clang-format off */
#define ROW(s, e) {s, sizeof(s) - 1, e}

/* Row 32. */
static void frames_that_break_rules(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		int err;
	} rows[] = {
		ROW("\x82\x80" M, E_AGAIN),                          /* empty */
		ROW("\x82\x81\0\0\0\0x", E_AGAIN),                   /* a mask of zero */
		ROW("\x02\x80" M "\x80\x80" M, E_AGAIN),             /* in two pieces */
		ROW("\x02\x80" M "\x89\x80" M "\x80\x80" M, E_AGAIN),    /* a ping between them */
		ROW("\x82\xfe\0\x7d" M, E_PROTO),                    /* not minimal */
		ROW("\x82\xff\0\0\0\0\0\0\0\x7d" M, E_PROTO),
		ROW("\x82\xff\0\0\0\0\0\0\xff\xff" M, E_PROTO),
		ROW("\x82\xff\0\0\0\0\0\x10\0\0" M, E_AGAIN),        /* 1 MiB */
		ROW("\x82\xff\0\0\0\0\0\x11\0\0" M, E_PROTO),        /* beyond L-16 */
		ROW("\x82\xff\0\0\0\0\x80\0\0\0" M, E_PROTO),
		ROW("\x82\xff\0\0\0\1\0\0\0\0" M, E_PROTO),
		ROW("\x82\xff\x80\0\0\0\0\0\0\0" M, E_PROTO),
		ROW("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" M, E_PROTO),
		ROW("\x89\xfe\0\x7e" M, E_PROTO),                    /* a control frame over 125 */
		ROW("\x09\x80" M, E_PROTO),                          /* and in pieces */
		ROW("\xc2\x80" M, E_PROTO),                          /* RSV */
		ROW("\xa2\x80" M, E_PROTO),
		ROW("\x92\x80" M, E_PROTO),
		ROW("\x81\x80" M, E_PROTO),                          /* text */
		ROW("\x83\x80" M, E_PROTO),
		ROW("\x87\x80" M, E_PROTO),
		ROW("\x8b\x80" M, E_PROTO),
		ROW("\x8f\x80" M, E_PROTO),
		ROW("\x82\x01x", E_PROTO),                           /* no mask */
		ROW("\x80\x80" M, E_PROTO),                          /* a continuation first */
		ROW("\x02\x80" M "\x82\x80" M, E_PROTO),         /* a message in a message */
		ROW("\x88\x80" M, E_CLOSED),
		ROW("\x88\x82\0\0\0\0\x03\xe8", E_CLOSED),
		ROW("\x88\x81\0\0\0\0\x03", E_PROTO),                /* a close of 1 byte */
		ROW("\x88\x82\0\0\0\0\x03\xed", E_PROTO),            /* 1005 is never sent */
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t piece = 0; piece <= 1; piece++) {
			struct buf b = {0};
			struct result r;

			buf_str(&b, good_head);
			buf_put(&b, rows[i].bytes, rows[i].n);
			r = feed(buf_slice(&b), piece, ws_end);
			if (r.err != rows[i].err)
				fail_msg("frame %zu, pieces of %zu: %d", i, piece, r.err);
			result_fini(&r);
			buf_fini(&b);
		}
	}
}

static void pings(void **state)
{
	struct buf b = {0};
	struct result r;

	(void)state;
	buf_str(&b, good_head);
	put_frame(&b, 0x89, "hello", 5);
	r = feed(buf_slice(&b), 0, ws_end);
	assert_int_equal(r.err, E_AGAIN);
	assert_non_null(memmem(buf_data(&r.answer), buf_len(&r.answer), "\x8a\x05hello", 7));
	result_fini(&r);
	for (int i = 0; i < 3 * LIM_WS_PINGS; i++)
		put_frame(&b, 0x89, "", 0);
	r = feed(buf_slice(&b), 0, ws_end);
	assert_int_equal(r.err, E_PROTO);
	result_fini(&r);
	buf_fini(&b);
}

/* Rows 36 and 58: the same stream, cut in many ways, is the same bytes. */
static void cuts_do_not_matter(void **state)
{
	static const size_t pieces[] = {0, 1, 2, 3, 7, 13, 127, 1009, 65521},
			    sizes[] = {0, 1, 125, 126, 127, 300, 65535, 65536, 70000, 5};
	struct buf b = {0}, want = {0};
	uint8_t *data = xmalloc(70000);

	(void)state;
	for (size_t i = 0; i < 70000; i++)
		data[i] = (uint8_t)(i * 31 + (i >> 8));
	buf_str(&b, good_head);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		put_frame(&b, i & 1 ? 0x82 : 0x02, data, sizes[i]);
		buf_put(&want, data, sizes[i]);
		if (i == 2)
			put_frame(&b, 0x89, "ping", 4);
		if (!(i & 1)) { /* the message goes on */
			put_frame(&b, 0x80, data, 10);
			buf_put(&want, data, 10);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct result r = feed(buf_slice(&b), pieces[i], i & 1 ? ws_end : accept_end);

		assert_int_equal(r.err, E_AGAIN);
		assert_true(slice_eq(buf_slice(&r.got), buf_slice(&want)));
		result_fini(&r);
	}
	buf_fini(&b);
	buf_fini(&want);
	free(data);
}

/* ---- the client's end ---- */

/* What a client's end makes of a server's bytes, given in pieces (0: whole); an @ in `head` stands for the hash of the
 * key that the client sent. */
static struct result answer(const char *head, struct slice frames, size_t piece)
{
	static const char key_line[] = "Sec-WebSocket-Key: ";
	struct buf asked = {0}, all = {0}, hash = {0};
	struct result r = {0};
	struct xport *x;
	const char *at = strchr(head, '@');
	struct slice s;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = xport_ws_client(xport_socket(fd[1]), "fe80::1%eth0", 5900, "/a?b");
	assert_int_equal(xport_write(x, NULL, 0), E_AGAIN);
	drain(fd[0], &asked);
	assert_non_null(strstr(buf_cstr(&asked), "GET /a?b HTTP/1.1\r\nHost: [fe80::1]:5900\r\n"));
	hash_of(strstr(buf_cstr(&asked), key_line) + strlen(key_line), &hash);
	buf_put(&all, head, at ? (size_t)(at - head) : strlen(head));
	if (at) {
		buf_put(&all, buf_data(&hash), buf_len(&hash));
		buf_str(&all, at + 1);
	}
	buf_put(&all, frames.p, frames.n);
	for (s = buf_slice(&all); s.n && r.err != E_PROTO && r.err != E_CLOSED;) {
		size_t n = piece && piece < s.n ? piece : s.n;

		assert_int_equal(send(fd[0], s.p, n, MSG_NOSIGNAL), n);
		s = slice_of(s.p + n, s.n - n);
		read_all(x, &r);
	}
	drain(fd[0], &r.answer);
	xport_close(x);
	close(fd[0]);
	buf_fini(&asked);
	buf_fini(&all);
	buf_fini(&hash);
	return r;
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: @\r\n"

static void answers(void **state)
{
	static const struct {
		const char *head;
		int err;
	} rows[] = {
		{SWITCH ACCEPT "\r\n", E_AGAIN},
		{SWITCH ACCEPT "Sec-WebSocket-Protocol: binary\r\n\r\n", E_AGAIN},
		{"HTTP/1.1 101\r\nconnection: x, upgrade\r\nupgrade: WebSocket\r\n" ACCEPT "\r\n", E_AGAIN},
		{SWITCH "\r\n", E_PROTO},
		{SWITCH "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", E_PROTO},
		{SWITCH ACCEPT ACCEPT "\r\n", E_PROTO},
		{SWITCH ACCEPT "Sec-WebSocket-Protocol: base64\r\n\r\n", E_PROTO},
		{SWITCH ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", E_PROTO},
		{SWITCH ACCEPT "no colon\r\n\r\n", E_PROTO},
		{"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" ACCEPT "\r\n", E_PROTO},
		{"HTTP/1.1 101 x\r\nConnection: upgrade\r\n" ACCEPT "\r\n", E_PROTO},
		{"HTTP/1.0 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT "\r\n", E_PROTO},
		{"HTTP/1.1 1011\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT "\r\n", E_PROTO},
		{"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT "\r\n", E_PROTO},
		{"HTTP/1.1 301 Moved\r\nLocation: ws://elsewhere/\r\n\r\n", E_PROTO},
		{"HTTP/1.1 403 Forbidden\r\n\r\n", E_PROTO},
		{"HTTP/1.1 404 Not Found\r\n\r\n", E_PROTO},
		{"REDQ\r\n\r\n", E_PROTO},
		{"\r\n\r\n", E_PROTO},
		{"HTTP/1.1 101", E_AGAIN}, /* not whole yet */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t piece = 0; piece < 3; piece++) {
			struct result r = answer(rows[i].head, (struct slice){0}, piece);

			if (r.err != rows[i].err)
				fail_msg("answer %zu, pieces of %zu: %d", i, piece, r.err);
			assert_int_equal(buf_len(&r.got), 0);
			result_fini(&r);
		}
	}
}

/* Row 57, towards the client. */
static void long_answers(void **state)
{
	(void)state;
	for (int over = 0; over <= 1; over++) {
		struct buf b = {0};
		struct result r;

		buf_str(&b, SWITCH ACCEPT "X: ");
		while (buf_len(&b) + HASH_CHARS - 1 < (size_t)LIM_HTTP_HEAD - 4 + (size_t)over)
			buf_u8(&b, 'x');
		buf_str(&b, "\r\n\r\n");
		r = answer(buf_cstr(&b), (struct slice){0}, 0);
		assert_int_equal(r.err, over ? E_PROTO : E_AGAIN);
		result_fini(&r);
		buf_fini(&b);
	}
}

/* Row 32, towards the client, where no frame has a mask. */
/* clang-format off */
static void frames_that_break_rules_for_clients(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		int err;
	} rows[] = {
		ROW("\x82\x00", E_AGAIN),
		ROW("\x82\x01x", E_AGAIN),
		ROW("\x02\x01x\x80\x01y", E_AGAIN),
		ROW("\x02\x01x\x89\x02hi\x80\x00", E_AGAIN),
		ROW("\x8a\x00", E_AGAIN),                             /* a pong that nobody asked for */
		ROW("\x82\x81\x01\x02\x03\x04x", E_PROTO),            /* a mask */
		ROW("\x89\x80\x01\x02\x03\x04", E_PROTO),
		ROW("\x82\x7e\x00\x7d", E_PROTO),                     /* not minimal */
		ROW("\x82\x7f\0\0\0\0\0\0\x00\x7d", E_PROTO),
		ROW("\x82\x7f\0\0\0\0\0\0\xff\xff", E_PROTO),
		ROW("\x82\x7f\0\0\0\0\0\x01\0\0", E_AGAIN),
		ROW("\x82\x7f\0\0\0\0\x14\0\0\x20", E_AGAIN),       /* 320 MiB and two headers */
		ROW("\x82\x7f\0\0\0\0\x14\0\0\x21", E_PROTO),       /* beyond L-16 */
		ROW("\x82\x7f\0\0\0\0\x80\0\0\0", E_PROTO),
		ROW("\x82\x7f\0\0\0\1\0\0\0\0", E_PROTO),
		ROW("\x82\x7f\x80\0\0\0\0\0\0\0", E_PROTO),
		ROW("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", E_PROTO),
		ROW("\x89\x7e\0\x7e", E_PROTO),
		ROW("\x09\x00", E_PROTO),
		ROW("\xc2\x00", E_PROTO),
		ROW("\xa2\x00", E_PROTO),
		ROW("\x92\x00", E_PROTO),
		ROW("\x81\x00", E_PROTO),
		ROW("\x83\x00", E_PROTO),
		ROW("\x87\x00", E_PROTO),
		ROW("\x8b\x00", E_PROTO),
		ROW("\x8f\x00", E_PROTO),
		ROW("\x80\x00", E_PROTO),
		ROW("\x02\x00\x82\x00", E_PROTO),
		ROW("\x88\x00", E_CLOSED),
		ROW("\x88\x02\x03\xe8", E_CLOSED),
		ROW("\x88\x06\x03\xf3" "full", E_CLOSED),
		ROW("\x88\x01\x03", E_PROTO),
		ROW("\x88\x02\x03\xed", E_PROTO),
		ROW("\x88\x02\x00\x00", E_PROTO),
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t piece = 0; piece <= 1; piece++) {
			struct result r = answer(SWITCH ACCEPT "\r\n", slice_of(rows[i].bytes, rows[i].n), piece);

			if (r.err != rows[i].err)
				fail_msg("frame %zu, pieces of %zu: %d", i, piece, r.err);
			result_fini(&r);
		}
	}
}

/* A pong answers with the ping's body, masked; a close is answered by a close. */
static void what_a_client_answers(void **state)
{
	struct result r = answer(SWITCH ACCEPT "\r\n", slice_str("\x89\x05hello\x88\x02\x03\xe8"), 0);
	const uint8_t *p = buf_data(&r.answer);

	(void)state;
	assert_int_equal(r.err, E_CLOSED);
	assert_int_equal(buf_len(&r.answer), 2 + 4 + 5 + 2 + 4 + 2);
	assert_int_equal(p[0], 0x8a);
	assert_int_equal(p[1], 0x85);
	for (int i = 0; i < 5; i++)
		assert_int_equal(p[6 + i] ^ p[2 + i % 4], "hello"[i]);
	assert_int_equal(p[11], 0x88);
	assert_int_equal(p[12], 0x82);
	assert_int_equal((p[17] ^ p[13]) << 8 | (p[18] ^ p[14]), 1000);
	result_fini(&r);
}

static void both_ends_together(void **state)
{
	static const size_t sizes[] = {1, 125, 126, 65535, 65536, 300000};
	struct xport *server, *client;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	server = xport_accept(fd[1], NULL, false, NULL);
	client = xport_ws_client(xport_socket(fd[0]), "::1", 5900, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t *data = xmalloc(sizes[i]);

		for (size_t k = 0; k < sizes[i]; k++)
			data[k] = (uint8_t)(k * 17 + i);
		for (int way = 0; way < 2; way++) {
			struct xport *from = way ? server : client, *to = way ? client : server;
			struct buf got = {0};
			size_t sent = 0;

			while (buf_len(&got) < sizes[i]) {
				ssize_t n = xport_write(from, data + sent, sizes[i] - sent);

				assert_true(n >= 0 || n == E_AGAIN);
				sent += n > 0 ? (size_t)n : 0;
				while ((n = xport_read(to, buf_reserve(&got, 999), 999)) > 0)
					buf_commit(&got, (size_t)n);
				assert_int_equal(n, E_AGAIN);
			}
			assert_true(slice_eq(buf_slice(&got), slice_of(data, sizes[i])));
			buf_fini(&got);
		}
		free(data);
	}
	assert_true(server->info.websocket && client->info.websocket);
	assert_int_equal(xport_want(server) | xport_want(client), 0);
	xport_close(client);
	assert_int_equal(xport_read(server, fd, 1), E_CLOSED);
	xport_close(server);
}

/* What is neither TLS nor a browser goes through untouched, whatever it is and however it is cut.
 */
static void plain_bytes_pass(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"REDQ\2\0\0\0\2\0\0\0\22\0\0\0", 16},
		{"GETX", 4},
		{"GIF", 3},
		{"\x16\x03\x01\x02", 4},
		{"\0", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t piece = 0; piece < 3; piece++) {
			struct result r =
				feed(slice_of(rows[i].bytes, rows[i].n), piece, accept_end);

			assert_int_equal(r.err, E_AGAIN);
			assert_true(
				slice_eq(buf_slice(&r.got), slice_of(rows[i].bytes, rows[i].n)));
			result_fini(&r);
		}
	}
}

static void a_head_cut_short_by_the_end(void **state)
{
	int fd[2];
	struct xport *x;
	char bytes[8];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	x = xport_accept(fd[1], NULL, false, NULL);
	assert_int_equal(xport_want(x), XPORT_IN);
	assert_int_equal(write(fd[0], "GE", 2), 2);
	assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_AGAIN);
	close(fd[0]);
	assert_int_equal(xport_read(x, bytes, sizeof(bytes)), 2);
	assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_CLOSED);
	xport_close(x);
}

/* A write may read, to find out what is spoken: those bytes are not forgotten. */
static void what_a_write_has_read_is_pending(void **state)
{
	static const char *const rows[] = {"REDQ", good_head};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf b = {0};
		struct xport *x;
		char bytes[8];
		int fd[2];

		buf_str(&b, rows[i]);
		if (i)
			put_frame(&b, 0x82, "REDQ", 4);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		x = xport_accept(fd[1], NULL, false, NULL);
		assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_AGAIN);
		assert_false(xport_pending(x));
		assert_int_equal(write(fd[0], buf_data(&b), buf_len(&b)), buf_len(&b));
		assert_int_equal(xport_write(x, NULL, 0), 0);
		assert_true(xport_pending(x));
		assert_int_equal(xport_read(x, bytes, sizeof(bytes)), 4);
		assert_memory_equal(bytes, "REDQ", 4);
		assert_int_equal(xport_read(x, bytes, sizeof(bytes)), E_AGAIN);
		assert_false(xport_pending(x));
		xport_close(x);
		close(fd[0]);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads),
		cmocka_unit_test(the_accept_hash),
		cmocka_unit_test(long_heads),
		cmocka_unit_test(frames_that_break_rules),
		cmocka_unit_test(pings),
		cmocka_unit_test(cuts_do_not_matter),
		cmocka_unit_test(answers),
		cmocka_unit_test(long_answers),
		cmocka_unit_test(frames_that_break_rules_for_clients),
		cmocka_unit_test(what_a_client_answers),
		cmocka_unit_test(both_ends_together),
		cmocka_unit_test(plain_bytes_pass),
		cmocka_unit_test(what_a_write_has_read_is_pending),
		cmocka_unit_test(a_head_cut_short_by_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
