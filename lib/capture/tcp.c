/* TCP reassembly of many connections from a capture. Packets of a capture can be missing, doubled,
 * cut and slightly out of order (an acknowledgement before its data), so nothing is given up at
 * once. A connection whose beginning was not captured is begun at the first segment seen; the end
 * that sent SYN is the client, else who sends data first. */
#include "capture/tcp.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "capture/session.h"

enum {
	BUCKETS = 4096,
	PATIENCE = 64, /* segments of the connection after which an acknowledged hole stays one */
	WINDOW_MAX = 256 << 20, /* further away than that is no segment of this stream */
};

/* A segment that waits for those before it. */
struct held {
	struct list link;
	uint32_t seq;
	size_t n;
	uint8_t data[];
};

struct half {
	bool begun, syn; /* syn: from its beginning */
	uint32_t isn;
	uint32_t next;	  /* sequence number of the byte to come */
	struct list held; /* struct held, by seq, not overlapping */
	size_t held_bytes; /* memory of these */
	unsigned held_n;
	bool acked_any;
	uint32_t acked; /* by the other end */
	bool fin;
	uint32_t fin_seq;
	unsigned waited; /* segments since the hole was seen */
};

struct flow {
	struct list bucket, age; /* age: least recently used first */
	struct tcp_end end[2];
	struct half half[2]; /* [i]: what end[i] sends */
	int client;	     /* index of the client's end, -1 unknown */
	bool over;
	struct session *session; /* made with the first data */
	uint64_t time;
};

struct tcp {
	struct tap *tap;
	struct list bucket[BUCKETS];
	struct list age;
	unsigned flows;
};

struct tcp *tcp_new(struct tap *tap)
{
	struct tcp *t = new(struct tcp);

	t->tap = tap;
	list_init(&t->age);
	for (size_t i = 0; i < BUCKETS; i++)
		list_init(&t->bucket[i]);
	return t;
}

/* ---- one direction ---- */

static int32_t distance(uint32_t from, uint32_t to)
{
	return (int32_t)(to - from);
}

static enum wire_dir dir_of(const struct flow *f, int i)
{
	return i == f->client ? WIRE_C : WIRE_S;
}

static void deliver(struct tcp *t, struct flow *f, int i, struct slice data)
{
	f->half[i].next += (uint32_t)data.n;
	if (f->client < 0)
		f->client = i;
	if (!f->session)
		f->session = session_new(t->tap);
	session_input(f->session, dir_of(f, i), f->time, data);
}

static size_t memory_of(const struct held *x)
{
	return sizeof(*x) + x->n;
}

static void drop_held(struct tcp *t, struct half *h, struct held *x)
{
	h->held_n--;
	h->held_bytes -= memory_of(x);
	t->tap->held -= memory_of(x);
	list_remove(&x->link);
	free(x);
}

/* What waited and has its turn now. */
static void drain(struct tcp *t, struct flow *f, int i)
{
	struct half *h = &f->half[i];
	struct held *x;

	while ((x = list_first(&h->held, struct held, link))) {
		int32_t d = distance(x->seq, h->next);

		if (d < 0)
			break;
		if ((size_t)d < x->n)
			deliver(t, f, i, slice_of(x->data + d, x->n - (size_t)d));
		drop_held(t, h, x);
	}
	h->waited = 0;
}

static void lose(struct tcp *t, struct flow *f, int i, uint32_t until)
{
	struct half *h = &f->half[i];
	uint32_t n = until - h->next;

	h->next = until;
	if (f->session)
		session_lost(f->session, dir_of(f, i), f->time, n);
	drain(t, f, i);
}

static void lose_first_hole(struct tcp *t, struct flow *f, int i)
{
	struct held *x = list_first(&f->half[i].held, struct held, link);

	if (x)
		lose(t, f, i, x->seq);
}

/* Keeps the data, before `next` of the list. */
static void keep(struct tcp *t, struct half *h, struct list *next, uint32_t seq, struct slice data)
{
	struct held *x;

	if (!data.n)
		return;
	x = xmalloc(sizeof(*x) + data.n);
	x->seq = seq;
	x->n = data.n;
	memcpy(x->data, data.p, data.n);
	list_append(next, &x->link);
	h->held_n++;
	h->held_bytes += memory_of(x);
	t->tap->held += memory_of(x);
}

/* Keeps what of data (at seq, ahead of h->next) nobody sent before. */
static void hold(struct tcp *t, struct half *h, uint32_t seq, struct slice data)
{
	struct held *x;

	list_each(x, &h->held, link)
	{
		int32_t d = distance(seq, x->seq);
		size_t gap = d > 0 ? (size_t)d : 0;

		if (distance(x->seq + (uint32_t)x->n, seq) >= 0)
			continue;
		keep(t, h, &x->link, seq, slice_of(data.p, data.n < gap ? data.n : gap));
		gap += x->n - (d < 0 ? (size_t) - (int64_t)d : 0);
		if (gap >= data.n)
			return;
		data = slice_of(data.p + gap, data.n - gap);
		seq += (uint32_t)gap;
	}
	keep(t, h, &h->held, seq, data);
}

static void take_data(struct tcp *t, struct flow *f, int i, uint32_t seq, struct slice data)
{
	struct half *h = &f->half[i];
	int32_t d = distance(seq, h->next);

	if (d > 0) { /* sent before, at least in part */
		if ((size_t)d >= data.n)
			return;
		data = slice_of(data.p + d, data.n - (size_t)d);
		seq = h->next;
	}
	if (seq == h->next) {
		deliver(t, f, i, data);
		drain(t, f, i);
	} else if (distance(h->next, seq) <= WINDOW_MAX) {
		hold(t, h, seq, data);
	}
}

/* Holes that nothing will fill any more. */
static void patience(struct tcp *t, struct flow *f, int i)
{
	struct half *h = &f->half[i];
	struct held *x = list_first(&h->held, struct held, link);

	if (!x)
		return;
	if (h->acked_any && distance(x->seq, h->acked) >= 0 && ++h->waited > PATIENCE)
		lose_first_hole(t, f, i);
	while (!list_empty(&h->held) && (h->held_bytes > LIM_CAPTURE_FLOW || h->held_n > LIM_CAPTURE_SEGMENTS ||
						t->tap->held > LIM_CAPTURE_TOTAL))
		lose_first_hole(t, f, i);
}

/* ---- connections ---- */

static void finish(struct tcp *t, struct flow *f)
{
	if (f->over)
		return;
	f->over = true;
	for (int i = 0; i < 2; i++) {
		struct half *h = &f->half[i];

		while (!list_empty(&h->held))
			lose_first_hole(t, f, i);
		if (h->fin && distance(h->next, h->fin_seq) > 0)
			lose(t, f, i, h->fin_seq);
		else if (!h->fin && h->begun && h->acked_any && distance(h->next, h->acked) > 0 &&
			 distance(h->next, h->acked) <= WINDOW_MAX)
			lose(t, f, i, h->acked);
	}
	if (f->session) {
		session_end(f->session);
		session_free(f->session);
		f->session = NULL;
	}
}

static void flow_free(struct tcp *t, struct flow *f)
{
	finish(t, f);
	list_remove(&f->bucket);
	list_remove(&f->age);
	t->flows--;
	free(f);
}

static bool end_eq(const struct tcp_end *a, const struct tcp_end *b)
{
	return a->port == b->port && a->family == b->family && memcmp(a->addr, b->addr, 16) == 0;
}

static uint32_t end_hash(const struct tcp_end *e)
{
	uint32_t h = 2166136261u ^ e->port;

	for (size_t i = 0; i < sizeof(e->addr); i++)
		h = (h ^ e->addr[i]) * 16777619u;
	return h ^ h >> 15;
}

/* The same for both directions. */
static struct list *bucket_of(struct tcp *t, const struct tcp_segment *seg)
{
	return &t->bucket[(end_hash(&seg->src) + end_hash(&seg->dst)) % BUCKETS];
}

static struct flow *flow_find(struct tcp *t, const struct tcp_segment *seg, int *i)
{
	struct flow *f;

	list_each(f, bucket_of(t, seg), bucket)
	{
		for (*i = 0; *i < 2; ++*i)
			if (end_eq(&f->end[*i], &seg->src) && end_eq(&f->end[!*i], &seg->dst))
				return f;
	}
	return NULL;
}

static struct flow *flow_new(struct tcp *t, const struct tcp_segment *seg)
{
	struct flow *f = new(struct flow);

	f->end[0] = seg->src;
	f->end[1] = seg->dst;
	f->client = -1;
	list_init(&f->half[0].held);
	list_init(&f->half[1].held);
	list_append(bucket_of(t, seg), &f->bucket);
	list_append(&t->age, &f->age);
	if (++t->flows > LIM_CAPTURE_FLOWS)
		flow_free(t, list_first(&t->age, struct flow, age));
	return f;
}

static void begin(struct flow *f, int i, const struct tcp_segment *seg)
{
	struct half *h = &f->half[i];

	if (!h->begun ||
		((seg->flags & TCP_SYN) && !(h->syn && h->isn == seg->seq) && !f->session)) {
		h->begun = true;
		h->next = seg->seq + (seg->flags & TCP_SYN ? 1 : 0);
	}
	if (seg->flags & TCP_SYN && !f->session) {
		h->syn = true;
		h->isn = seg->seq;
		f->client = seg->flags & TCP_ACK ? !i : i;
	}
}

/* A SYN that belongs to a new connection between the same ends, not one that was captured twice. */
static bool is_reuse(const struct flow *f, int i, const struct tcp_segment *seg)
{
	if (!(seg->flags & TCP_SYN) || (seg->flags & TCP_ACK))
		return false;
	return !(f->half[i].syn && f->half[i].isn == seg->seq) && (f->over || f->session);
}

/* What this end has of the other one's stream. */
static void take_ack(struct half *other, uint32_t ack)
{
	if (!other->begun) {
		other->begun = true;
		other->next = ack;
	}
	if (!other->acked_any || distance(other->acked, ack) > 0)
		other->acked = ack;
	other->acked_any = true;
}

static bool all_read(const struct half *h)
{
	return h->fin && distance(h->next, h->fin_seq) <= 0;
}

/* The connection that the segment belongs to; *i is the end that sent it. */
static struct flow *flow_of(struct tcp *t, const struct tcp_segment *seg, int *i)
{
	struct flow *f = flow_find(t, seg, i);

	if (f && is_reuse(f, *i, seg)) {
		flow_free(t, f);
		f = NULL;
	}
	if (!f) {
		f = flow_new(t, seg);
		*i = 0;
	}
	list_remove(&f->age);
	list_append(&t->age, &f->age);
	return f;
}

void tcp_input(struct tcp *t, const struct tcp_segment *seg)
{
	uint32_t seq = seg->seq + (seg->flags & TCP_SYN ? 1 : 0);
	int i = 0;
	struct flow *f = flow_of(t, seg, &i);

	if (f->over)
		return;
	f->time = seg->time;
	begin(f, i, seg);
	if (seg->flags & TCP_ACK)
		take_ack(&f->half[!i], seg->ack);
	if (seg->data.n)
		take_data(t, f, i, seq, seg->data);
	if (seg->flags & TCP_FIN) {
		f->half[i].fin = true;
		f->half[i].fin_seq = seq + (uint32_t)seg->data.n;
	}
	patience(t, f, 0);
	patience(t, f, 1);
	if ((seg->flags & TCP_RST) || (all_read(&f->half[0]) && all_read(&f->half[1])))
		finish(t, f);
}

void tcp_end(struct tcp *t)
{
	struct flow *f;

	list_each(f, &t->age, age) finish(t, f);
}

void tcp_free(struct tcp *t)
{
	struct flow *f;

	if (!t)
		return;
	list_each(f, &t->age, age) flow_free(t, f);
	free(t);
}
