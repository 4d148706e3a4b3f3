/* F-33, F-34: the WebSocket layer, either role, over a transport in memory. The first byte chooses
 * the role, and whether the HTTP part is put in front; the rest comes whole and again in pieces of
 * a few bytes, and must give the same bytes and the same end. */
#include "tests/fuzz/memory.h"
#include "net/ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char head[] = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static int run(struct slice in, size_t piece, bool client, bool open, struct buf *out)
{
	struct memory *m = memory_new(in, piece);
	struct xport *x;

	m->open = client && open;
	x = client ? xport_ws_client(&m->x, "h", 1, NULL) : xport_ws_server(&m->x, NULL);
	return drain(x, out);
}

/* Whole and in pieces. Pings are counted by the clock, so a difference counts when it stays. */
static bool differs(struct slice in, uint8_t how)
{
	bool client = how & 1, open = !(how & 2);
	struct buf whole = {0}, cut = {0};
	int a = run(in, 0, client, open, &whole), b = run(in, 1 + how / 4 % 7, client, open, &cut);
	bool same = a == b && slice_eq(buf_slice(&whole), buf_slice(&cut));

	buf_fini(&whole);
	buf_fini(&cut);
	return !same;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf in = {0};

	if (!n)
		return 0;
	if (!(p[0] & 3))
		buf_str(&in, head);
	buf_put(&in, p + 1, n - 1);
	if (differs(buf_slice(&in), p[0]) && differs(buf_slice(&in), p[0]))
		abort();
	buf_fini(&in);
	return 0;
}
