/* The rate of a link. What was once measured is not believed for ever, and not given up for one bad moment: a link is
 * slow after some samples say so for a while, and fast again only well above the bound, so that what is sent does not
 * change with each of them. */
#include "server/link-rate.h"

#include <string.h>

enum {
	SLOW_BITS = 10 << 20,           /* wire.md 6 */
	FAST_BITS = 15 << 20,
	BELOW = 3, BELOW_US = 1000000,  /* so many samples, so far apart, make it slow */
	SHORTEST_US = 1000,             /* below, the clock of a busy machine means nothing */
	PROBE_BYTES = 64 << 10,         /* between two pings */
	PROBE_LEAST = 16 << 10,         /* that are worth one */
	PROBE_US = 5000,                /* answers closer to each other come from a client that was busy */
	PROBE_MESSAGES = 16,            /* of more it may be the client's acknowledgements that took so long */
};

void link_rate_test(struct link_rate *r, uint64_t bits)
{
	r->bits = bits;
	r->slow = bits < SLOW_BITS;
	r->below = 0;
}

bool link_rate_sample(struct link_rate *r, uint64_t bytes, uint64_t us, bool at_least, uint64_t now)
{
	uint64_t bits = bytes * 8 * 1000000 / (us > SHORTEST_US ? us : SHORTEST_US);
	bool was = r->slow;

	if (at_least && bits <= r->bits)
		return false;
	r->samples++;
	r->bits = r->bits ? (3 * r->bits + bits) / 4 : bits;
	if (r->bits >= SLOW_BITS)
		r->below = 0;
	else if (r->below++ == 0)
		r->below_since = now;
	if (r->below >= BELOW && now - r->below_since >= BELOW_US)
		r->slow = true;
	else if (r->bits > FAST_BITS)
		r->slow = false;
	return r->slow != was;
}

void link_rate_trip(struct link_rate *r, uint64_t us)
{
	r->trips[r->n_trips++ % LINK_TRIPS] = us;
}

uint64_t link_rate_latency(const struct link_rate *r)
{
	uint64_t least = 0;

	for (unsigned i = 0; i < r->n_trips && i < LINK_TRIPS; i++)
		if (!least || r->trips[i] < least)
			least = r->trips[i];
	return least;
}

bool link_probe_sent(struct link_probe *p, uint64_t end, uint64_t now)
{
	if (!p->began)
		p->began = now;
	p->messages++;
	p->end = end;
	return p->n_out < PROBES && end - p->last >= PROBE_BYTES;
}

bool link_probe_dry(struct link_probe *p, bool all_taken)
{
	p->dry |= all_taken;
	return p->n_out < PROBES && p->end - p->last >= PROBE_LEAST;
}

uint32_t link_probe_ping(struct link_probe *p, uint64_t now)
{
	struct probe_ping *ping = &p->out[p->n_out++];

	*ping = (struct probe_ping){.id = ++p->next_id, .bytes = p->end - p->last, .began = p->began,
		.sent = now, .at_least = p->dry || p->messages > PROBE_MESSAGES};
	p->last = p->end;
	p->began = 0;
	p->messages = 0;
	p->dry = false;
	return ping->id;
}

bool link_probe_pong(struct link_probe *p, uint32_t id, uint64_t latency, uint64_t now, struct probe_ping *sample,
	uint64_t *us)
{
	struct probe_ping *c = &p->carried;
	uint64_t from = p->answered;

	if (!p->n_out || p->out[0].id != id)
		return false; /* of somebody else, or out of order: nothing can be made of it */
	*sample = p->out[0];
	memmove(p->out, p->out + 1, --p->n_out * sizeof(p->out[0]));
	/* what was sent before the last answer came has waited behind what that one answered; if that was all of it,
	 * the link was busy all the time, although we may have rested */
	if (sample->sent + latency <= from)
		sample->at_least = false;
	if (c->bytes) {
		sample->bytes += c->bytes;
		sample->began = c->began;
		sample->at_least |= c->at_least;
	}
	if (sample->began > from)
		from = sample->began;
	*us = now - from;
	*c = (struct probe_ping){0};
	if (*us < PROBE_US && p->n_out) {
		*c = *sample;
		return false;
	}
	p->answered = now;
	return sample->bytes >= PROBE_LEAST;
}
