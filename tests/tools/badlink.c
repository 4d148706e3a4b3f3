/* badlink [OPTION...] HOST:PORT | unix:PATH: a bad network between a client and a server, for tests and for users.
 *
 * Listens on 127.0.0.1 (a free port, or --port N), prints "up PORT" and relays every connection to the server. What
 * is bad about the link is chosen by options, for both directions or, with --direction down (to the client) or up,
 * for one:
 *
 *   --rate KBIT          so many thousand bits a second (decimals are fine: 0.008 is a byte), shared fairly by all
 *                        connections; at most 32 KiB of each wait for their turn, the rest waits at the sender
 *   --delay MS           each byte arrives so much later;  --jitter MS: and by chance up to so much later still
 *   --one-byte           a write for each byte
 *   --stall-after N      nothing passes any more after N bytes of a connection's direction; with --stall MS it goes
 *                        on after that time, until the next N bytes
 *   --cut-after-bytes N  all connections end once N bytes in all have arrived
 *   --cut-after-msg N    all connections end once N messages in all, behind their link stages, have arrived whole
 *                        (mini or full headers; no TLS, no SASL)
 *   --rst                they end by RST instead of FIN
 *   --seed N             of chance
 *
 * A cut prints "cut"; connections made afterwards are relayed, and counted from zero. All happens on the loop, at
 * times that a timer keeps; nothing sleeps. */
#include <popt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/rng.h"
#include "base/text.h"
#include "wire/wire.h"

enum {
	READ = 16 << 10,
	WAITING = 32 << 10, /* bytes of a lane that wait for the link before its sender has to */
	FLYING = 4 << 20,   /* under way */
	BUSY = 64 << 10,    /* arrived, and not taken by the receiver */
	SOCKET = 64 << 10,  /* a receive buffer, where there is a rate */
	PACKET = 1460,
	PACKET_MS = 20,     /* at most */
	LATE_US = 1000,     /* what a timer may be late without a loss of rate */
};

static struct {
	double rate; /* kbit/s; 0: no bound */
	long delay, jitter, stall, port, seed;
	long long cut_bytes, cut_messages, stall_after; /* -1: not */
	int one_byte, rst;
	char *direction;
} opt = {.cut_bytes = -1, .cut_messages = -1, .stall_after = -1, .seed = 1};

static const struct poptOption options[] = {
	{"rate", 0, POPT_ARG_DOUBLE, &opt.rate, 0, "thousand bits a second", "KBIT"},
	{"delay", 0, POPT_ARG_LONG, &opt.delay, 0, "of every byte", "MS"},
	{"jitter", 0, POPT_ARG_LONG, &opt.jitter, 0, "more delay, by chance", "MS"},
	{"one-byte", 0, POPT_ARG_NONE, &opt.one_byte, 0, "a write for each byte", NULL},
	{"stall-after", 0, POPT_ARG_LONGLONG, &opt.stall_after, 0, "bytes, of each connection and direction", "N"},
	{"stall", 0, POPT_ARG_LONG, &opt.stall, 0, "how long (for ever)", "MS"},
	{"cut-after-bytes", 0, POPT_ARG_LONGLONG, &opt.cut_bytes, 0, "ends all connections", "N"},
	{"cut-after-msg", 0, POPT_ARG_LONGLONG, &opt.cut_messages, 0, "ends all connections", "N"},
	{"rst", 0, POPT_ARG_NONE, &opt.rst, 0, "by RST", NULL},
	{"direction", 0, POPT_ARG_STRING, &opt.direction, 0, "which one is bad: both, down or up", "WORD"},
	{"seed", 0, POPT_ARG_LONG, &opt.seed, 0, "of chance", "N"},
	{"port", 0, POPT_ARG_LONG, &opt.port, 0, "to listen on (a free one)", "N"}, POPT_AUTOHELP POPT_TABLEEND};

/* Bytes under way. */
struct piece {
	struct list link;
	uint64_t due; /* us */
	size_t n, done;
	uint8_t bytes[];
};

/* Follows a direction's bytes through its link stage and its messages. */
struct gauge {
	enum { LINK_HEADER, LINK_BODY, LINK_TICKET, HEADER, BODY } state;
	size_t need;       /* bytes to come until `state` is whole */
	struct buf link;   /* header and body of the link stage */
	uint8_t header[18];
	size_t header_n;   /* 6 or 18 */
};

/* One direction of a connection. */
struct lane {
	struct list link; /* in its line */
	struct relay *relay;
	uv_stream_t *from, *to;
	bool up;          /* from the client */
	bool bad;         /* the options are for it */
	struct buf waiting;
	struct list flying;
	size_t n_flying;
	uint64_t last_due, stalled_until; /* us */
	uint64_t passed;
	unsigned writes;  /* begun and not done */
	bool ended, shut; /* `from` sends no more, `to` was told */
	struct gauge gauge;
};

struct relay {
	struct list link;
	uv_tcp_t client;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} server;
	unsigned handles;
	uv_connect_t connect;
	struct lane lanes[2]; /* up, down */
	bool cutting, closed;
};

/* One direction of the link. Its lanes take turns: the first one is next. */
static struct line {
	struct list lanes;
	double free_at; /* us */
} lines[2];

static uv_loop_t *loop;
static uv_tcp_t listener;
static uv_timer_t timer;
static struct list relays;
static struct rng dice;
static struct sockaddr_storage server_at;
static const char *server_path;
static long long bytes_passed, messages_passed;
static bool was_cut;

static void run(void);

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

static double highest(double a, double b)
{
	return a > b ? a : b;
}

static size_t lowest(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- ends ---- */

static void lane_fini(struct lane *l)
{
	struct piece *p;

	list_each(p, &l->flying, link)
		free(p);
	buf_fini(&l->waiting);
	buf_fini(&l->gauge.link);
}

static void on_closed(uv_handle_t *h)
{
	struct relay *r = h->data;

	if (--r->handles)
		return;
	lane_fini(&r->lanes[0]);
	lane_fini(&r->lanes[1]);
	free(r);
}

static void end_stream(uv_handle_t *h, bool reset)
{
	if (!reset || h->type != UV_TCP || uv_tcp_close_reset((uv_tcp_t *)h, on_closed))
		uv_close(h, on_closed);
}

static void relay_end(struct relay *r, bool reset)
{
	if (r->closed)
		return;
	r->closed = true;
	list_remove(&r->link);
	list_remove(&r->lanes[0].link);
	list_remove(&r->lanes[1].link);
	end_stream((uv_handle_t *)&r->client, reset);
	end_stream(&r->server.handle, reset);
}

/* What has arrived is still written. */
static void relay_cut(struct relay *r)
{
	r->cutting = true;
	for (int i = 0; i < 2; i++)
		uv_read_stop(r->lanes[i].from);
	if (!r->lanes[0].writes && !r->lanes[1].writes)
		relay_end(r, opt.rst);
}

static void cut(void)
{
	struct relay *r;

	was_cut = true;
	bytes_passed = messages_passed = 0;
	list_each(r, &relays, link)
		relay_cut(r);
	puts("cut");
	fflush(stdout);
}

/* ---- counting ---- */

/* The first word of the common capabilities; `at` is where their count stands in the link message or reply. */
static uint32_t common_caps(const struct gauge *g, size_t at)
{
	enum { BEFORE = 16 };
	const uint8_t *p = buf_data(&g->link) + BEFORE;
	size_t n = buf_len(&g->link), off;

	if (n < BEFORE + at + 12 || !get_le32(p + at))
		return 0;
	off = get_le32(p + at + 8);
	return off + BEFORE + 4 <= n ? get_le32(p + off) : 0;
}

static uint32_t client_caps(const struct relay *r)
{
	return common_caps(&r->lanes[0].gauge, 6);
}

static uint32_t server_caps(const struct relay *r)
{
	return common_caps(&r->lanes[1].gauge, 166);
}

static void expect_header(struct gauge *g)
{
	g->state = HEADER;
	g->need = g->header_n;
}

/* What was needed has come: what comes next? True when that was a message. */
static bool part_done(struct lane *l)
{
	struct gauge *g = &l->gauge;
	const struct relay *r = l->relay;

	switch (g->state) {
	case LINK_HEADER:
		g->state = LINK_BODY;
		g->need = get_le32(buf_data(&g->link) + 12);
		return false;
	case LINK_BODY: /* then the result; or the mechanism, where the client has that bit, and the ticket */
		g->state = LINK_TICKET;
		g->need = !l->up ? 4 : 128 + (client_caps(r) & 1u << COMMON_CAP_PROTOCOL_AUTH_SELECTION ? 4 : 0);
		return false;
	case LINK_TICKET:
		g->header_n = client_caps(r) & server_caps(r) & 1u << COMMON_CAP_MINI_HEADER ? 6 : 18;
		expect_header(g);
		return false;
	case HEADER:
		g->state = BODY;
		g->need = get_le32(g->header + (g->header_n == 6 ? 2 : 10));
		return false;
	case BODY:
		expect_header(g);
	}
	return true;
}

static void keep(struct gauge *g, const uint8_t *p, size_t n)
{
	if (g->state == LINK_HEADER || (g->state == LINK_BODY && buf_len(&g->link) < 2 * LIM_LINK_MAX))
		buf_put(&g->link, p, n);
	else if (g->state == HEADER)
		memcpy(g->header + g->header_n - g->need, p, n);
}

/* How many of n bytes arrive before the cut. Link stages are followed in both directions: each tells of the other. */
static size_t count_messages(struct lane *l, const uint8_t *p, size_t n)
{
	struct gauge *g = &l->gauge;

	for (size_t i = 0; i < n;) {
		size_t part = lowest(n - i, g->need);

		keep(g, p + i, part);
		g->need -= part;
		i += part;
		while (!g->need)
			if (part_done(l) && l->bad && ++messages_passed == opt.cut_messages)
				return i;
	}
	return n;
}

/* The same; sets *over when the cut is due behind them. */
static size_t count(struct lane *l, const uint8_t *p, size_t n, bool *over)
{
	if (opt.cut_bytes >= 0 && l->bad) {
		n = lowest(n, (size_t)(opt.cut_bytes - bytes_passed));
		bytes_passed += (long long)n;
		*over = bytes_passed == opt.cut_bytes;
	}
	if (opt.cut_messages >= 0 && !*over) {
		n = count_messages(l, p, n);
		*over = messages_passed == opt.cut_messages;
	}
	return n;
}

/* ---- arriving ---- */

struct writing {
	uv_write_t req;
	struct lane *lane;
	uint8_t bytes[];
};

static void on_written(uv_write_t *req, int status)
{
	struct lane *l = ((struct writing *)req)->lane;
	struct relay *r = l->relay;

	free(req);
	l->writes--;
	if (r->closed)
		return;
	if (status)
		relay_end(r, true);
	else if (r->cutting)
		relay_cut(r);
	else
		run();
}

static void arrive(struct lane *l, uint8_t *p, size_t n)
{
	uv_buf_t b = uv_buf_init((char *)p, (unsigned)n);
	int rc = l->writes ? UV_EAGAIN : uv_try_write(l->to, &b, 1);
	size_t done = rc > 0 ? (size_t)rc : 0;
	struct writing *w;

	if (done == n)
		return;
	w = xmalloc(sizeof(*w) + n - done);
	w->lane = l;
	memcpy(w->bytes, p + done, n - done);
	b = uv_buf_init((char *)w->bytes, (unsigned)(n - done));
	l->writes++;
	if (uv_write(&w->req, l->to, &b, 1, on_written)) {
		free(w);
		l->writes--;
		relay_end(l->relay, true);
	}
}

static bool stalls(const struct lane *l)
{
	return l->bad && opt.stall_after >= 0;
}

/* Bytes until the next stall. */
static size_t until_stall(const struct lane *l)
{
	return stalls(l) && opt.stall_after ? (size_t)opt.stall_after - l->passed % (size_t)opt.stall_after : SIZE_MAX;
}

/* Lets bytes of the first piece arrive. */
static void deliver(struct lane *l, struct piece *p, uint64_t now)
{
	size_t n = l->bad && opt.one_byte ? 1 : p->n - p->done;
	bool over = false;
	size_t stall = until_stall(l);

	n = count(l, p->bytes + p->done, lowest(n, stall), &over);
	l->passed += n;
	if (n == stall)
		l->stalled_until = opt.stall ? now + 1000 * (uint64_t)opt.stall : UINT64_MAX;
	if (n)
		arrive(l, p->bytes + p->done, n);
	p->done += n;
	l->n_flying -= n;
	if (p->done == p->n) {
		list_remove(&p->link);
		free(p);
	}
	if (over)
		cut();
}

/* When the first piece arrives; UINT64_MAX: not before something else happens. */
static uint64_t lane_due(const struct lane *l)
{
	const struct piece *p = list_first(&l->flying, struct piece, link);

	if (!p || l->relay->closed || l->relay->cutting || uv_stream_get_write_queue_size(l->to) > BUSY)
		return UINT64_MAX;
	return p->due > l->stalled_until ? p->due : l->stalled_until;
}

static void on_shut(uv_shutdown_t *req, int status)
{
	(void)status;
	free(req);
}

/* Tells the receiver of the sender's end once all has arrived. */
static void lane_end(struct lane *l)
{
	struct relay *r = l->relay;
	uv_shutdown_t *req;

	if (!l->ended || l->shut || r->closed || buf_len(&l->waiting) || !list_empty(&l->flying) || l->writes)
		return;
	l->shut = true;
	if (r->lanes[0].shut && r->lanes[1].shut) {
		relay_end(r, false);
		return;
	}
	req = xmalloc(sizeof(*req));
	if (uv_shutdown(req, l->to, on_shut))
		free(req);
}

/* ---- sending ---- */

static size_t packet(void)
{
	size_t n = (size_t)(opt.rate * PACKET_MS / 8);

	return n < 1 ? 1 : lowest(n, PACKET);
}

/* A piece of what waits begins its way. */
static void depart(struct lane *l, struct line *line, uint64_t now)
{
	bool rated = l->bad && opt.rate > 0;
	size_t n = rated ? lowest(packet(), buf_len(&l->waiting)) : buf_len(&l->waiting);
	struct piece *p = xmalloc(sizeof(*p) + n);

	memcpy(p->bytes, buf_data(&l->waiting), n);
	buf_skip(&l->waiting, n);
	p->n = n;
	p->done = 0;
	p->due = now;
	if (rated) {
		line->free_at = highest(line->free_at, (double)now - LATE_US) + (double)n * 8000 / opt.rate;
		p->due = (uint64_t)highest(line->free_at, (double)now);
	}
	if (l->bad)
		p->due += 1000 * (uint64_t)opt.delay;
	if (l->bad && opt.jitter)
		p->due += rng_below(&dice, 1000 * (uint32_t)opt.jitter);
	if (p->due < l->last_due)
		p->due = l->last_due;
	l->last_due = p->due;
	l->n_flying += n;
	list_append(&l->flying, &p->link);
}

static struct lane *next_lane(struct line *line)
{
	struct lane *l;

	list_each(l, &line->lanes, link)
		if (buf_len(&l->waiting) && l->n_flying < FLYING)
			return l;
	return NULL;
}

static void send_line(struct line *line, uint64_t now)
{
	struct lane *l;

	while ((line->free_at <= (double)now) && (l = next_lane(line))) {
		depart(l, line, now);
		list_remove(&l->link);
		list_append(&line->lanes, &l->link);
	}
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *h, size_t n, uv_buf_t *b)
{
	static char bytes[READ];

	(void)h, (void)n;
	*b = uv_buf_init(bytes, sizeof(bytes));
}

static struct lane *lane_from(uv_stream_t *s)
{
	struct relay *r = s->data;

	return &r->lanes[s != (uv_stream_t *)&r->client];
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct lane *l = lane_from(s);

	if (n == 0)
		return;
	if (n > 0) {
		buf_put(&l->waiting, b->base, (size_t)n);
	} else if (n == UV_EOF) {
		l->ended = true;
		uv_read_stop(s);
	} else {
		relay_end(l->relay, true);
	}
	run();
}

/* Reads as long as both are there and there is room. */
static void lane_watch(struct lane *l)
{
	bool full = buf_len(&l->waiting) >= WAITING || l->n_flying >= FLYING ||
		    uv_stream_get_write_queue_size(l->to) > BUSY;

	if (l->ended || l->relay->closed || l->relay->cutting || !uv_is_readable(l->from) || !uv_is_writable(l->to))
		return;
	if (full)
		uv_read_stop(l->from);
	else
		uv_read_start(l->from, on_alloc, on_read);
}

/* ---- the course of things ---- */

/* All that arrives by now, a byte of each lane with --one-byte; ends early at a cut. */
static void deliver_due(uint64_t now)
{
	struct relay *r;

	list_each(r, &relays, link) {
		for (int i = 0; i < 2; i++) {
			struct lane *l = &r->lanes[i];

			while (lane_due(l) <= now) {
				deliver(l, list_first(&l->flying, struct piece, link), now);
				if (was_cut)
					return;
				if (opt.one_byte)
					break;
			}
		}
	}
}

static uint64_t next_time(void)
{
	uint64_t t = UINT64_MAX;
	struct relay *r;

	list_each(r, &relays, link)
		for (int i = 0; i < 2; i++)
			t = lane_due(&r->lanes[i]) < t ? lane_due(&r->lanes[i]) : t;
	for (int i = 0; i < 2; i++)
		if (next_lane(&lines[i]) && lines[i].free_at < (double)t)
			t = (uint64_t)lines[i].free_at;
	return t;
}

static void on_timer(uv_timer_t *t)
{
	(void)t;
	run();
}

static void run(void)
{
	uint64_t now = now_us(), t;
	struct relay *r;

	do {
		was_cut = false;
		send_line(&lines[0], now);
		send_line(&lines[1], now);
		deliver_due(now);
	} while (was_cut);
	list_each(r, &relays, link) {
		lane_watch(&r->lanes[0]);
		lane_watch(&r->lanes[1]);
		lane_end(&r->lanes[0]);
		lane_end(&r->lanes[1]);
	}
	t = next_time();
	uv_update_time(loop);
	if (t == UINT64_MAX)
		uv_timer_stop(&timer);
	else
		uv_timer_start(&timer, on_timer, t > now ? (t - now + 999) / 1000 : 0, 0);
}

/* ---- connections ---- */

static void on_connected(uv_connect_t *req, int status)
{
	struct relay *r = req->data;

	if (r->closed)
		return;
	if (status)
		relay_end(r, true);
	else
		run();
}

static void tune(uv_tcp_t *tcp)
{
	int n = SOCKET;

	uv_tcp_nodelay(tcp, 1);
	if (opt.rate > 0)
		uv_recv_buffer_size((uv_handle_t *)tcp, &n);
}

static void connect_server(struct relay *r)
{
	r->connect.data = r;
	if (server_path) {
		uv_pipe_init(loop, &r->server.pipe, 0);
		r->server.handle.data = r;
		uv_pipe_connect(&r->connect, &r->server.pipe, server_path, on_connected);
	} else {
		uv_tcp_init_ex(loop, &r->server.tcp, server_at.ss_family);
		r->server.handle.data = r;
		tune(&r->server.tcp);
		if (uv_tcp_connect(&r->connect, &r->server.tcp, (struct sockaddr *)&server_at, on_connected))
			relay_end(r, true);
	}
}

static void lane_init(struct relay *r, bool up)
{
	struct lane *l = &r->lanes[!up];
	uv_stream_t *client = (uv_stream_t *)&r->client;

	l->relay = r;
	l->up = up;
	l->bad = !opt.direction || strcmp(opt.direction, "both") == 0 || (strcmp(opt.direction, "up") == 0) == up;
	l->from = up ? client : &r->server.stream;
	l->to = up ? &r->server.stream : client;
	l->gauge.need = 16;
	l->stalled_until = opt.stall_after == 0 && l->bad ? UINT64_MAX : 0;
	list_init(&l->flying);
	list_append(&lines[!up].lanes, &l->link);
}

static void on_connection(uv_stream_t *s, int status)
{
	struct relay *r;

	if (status)
		return;
	r = new(struct relay);
	r->handles = 2;
	list_append(&relays, &r->link);
	lane_init(r, true);
	lane_init(r, false);
	uv_tcp_init(loop, &r->client);
	r->client.data = r;
	uv_accept(s, (uv_stream_t *)&r->client);
	tune(&r->client);
	connect_server(r);
	if (opt.cut_bytes == 0 || opt.cut_messages == 0)
		cut();
}

/* ---- start ---- */

static int find_server(const char *text)
{
	uv_getaddrinfo_t req;
	char *host = xstrdup(text), *port = strrchr(host, ':');
	size_t n = port ? (size_t)(port - host) : 0;
	int rc;

	if (strncmp(text, "unix:", 5) == 0) {
		server_path = text + 5;
		free(host);
		return 0;
	}
	if (!port)
		return UV_EINVAL;
	*port++ = 0;
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = 0;
		memmove(host, host + 1, n - 1);
	}
	rc = uv_getaddrinfo(loop, &req, NULL, host, port, &(struct addrinfo){.ai_socktype = SOCK_STREAM});
	free(host);
	if (rc)
		return rc;
	memcpy(&server_at, req.addrinfo->ai_addr, req.addrinfo->ai_addrlen);
	uv_freeaddrinfo(req.addrinfo);
	return 0;
}

static int serve(const char *where)
{
	struct sockaddr_in here;
	int n = sizeof(here), rc = find_server(where);

	if (rc) {
		fprintf(stderr, "badlink: %s: %s\n", where, uv_strerror(rc));
		return 68;
	}
	uv_ip4_addr("127.0.0.1", (int)opt.port, &here);
	uv_tcp_init(loop, &listener);
	if ((rc = uv_tcp_bind(&listener, (struct sockaddr *)&here, 0)) ||
		(rc = uv_listen((uv_stream_t *)&listener, 64, on_connection)) ||
		(rc = uv_tcp_getsockname(&listener, (struct sockaddr *)&here, &n))) {
		fprintf(stderr, "badlink: %s\n", uv_strerror(rc));
		return 69;
	}
	printf("up %d\n", ntohs(here.sin_port));
	fflush(stdout);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}

static bool sensible(void)
{
	const char *d = opt.direction;
	const long most = 3600000;

	return opt.rate >= 0 && opt.rate <= 1e8 && opt.delay >= 0 && opt.delay <= most && opt.jitter >= 0 &&
	       opt.jitter <= most && opt.stall >= 0 && opt.stall <= most && opt.port >= 0 && opt.port < 65536 &&
	       (!d || strcmp(d, "both") == 0 || strcmp(d, "up") == 0 || strcmp(d, "down") == 0);
}

int main(int argc, char **argv)
{
	poptContext con = poptGetContext("badlink", argc, (const char **)argv, options, 0);
	const char *where;
	int rc;

	poptSetOtherOptionHelp(con, "[OPTION...] HOST:PORT | unix:PATH");
	rc = poptGetNextOpt(con);
	where = poptGetArg(con);
	if (rc != -1 || !where || poptPeekArg(con) || !sensible()) {
		fprintf(stderr, "badlink: %s\n", rc < -1 ? poptStrerror(rc) : "see badlink --help");
		rc = 64;
	} else {
		signal(SIGPIPE, SIG_IGN);
		loop = uv_default_loop();
		dice.state = (uint64_t)opt.seed;
		list_init(&relays);
		list_init(&lines[0].lanes);
		list_init(&lines[1].lanes);
		uv_timer_init(loop, &timer);
		rc = serve(where);
	}
	poptFreeContext(con);
	return rc;
}
