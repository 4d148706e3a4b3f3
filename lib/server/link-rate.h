/* What a client's link carries and how long its way is: the network test at connect, then pings between what the
 * display sends anyway. Pure; times in microseconds. wire.md 6. */
#ifndef SERVER_LINK_RATE_H
#define SERVER_LINK_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_TRIPS = 8 };

struct link_rate {
	uint64_t bits;   /* a second; 0: not known */
	bool slow;
	uint64_t samples; /* that counted, after the test */
	unsigned below;  /* of them, one behind the other, that a slow link would give */
	uint64_t below_since;
	uint64_t trips[LINK_TRIPS]; /* there and back, the last ones */
	unsigned n_trips;
};

/* The network test's result. */
void link_rate_test(struct link_rate *r, uint64_t bits);
/* So many bytes took so long. at_least: the link was not busy all of that time, so it carries that much or more.
 * True when the link has become slow, or is so no more. */
bool link_rate_sample(struct link_rate *r, uint64_t bytes, uint64_t us, bool at_least, uint64_t now);
void link_rate_trip(struct link_rate *r, uint64_t us);
uint64_t link_rate_latency(const struct link_rate *r); /* the least of late; 0: not known */

/* Pings in a stream of bytes: between two of them so much was sent, and their answers say how long it took. */
enum { PROBES = 8 };

struct link_probe {
	struct probe_ping {
		uint32_t id;
		uint64_t bytes, began; /* since the ping before it */
		uint64_t sent;
		bool at_least;
	} out[PROBES]; /* under way, the oldest first */
	unsigned n_out;
	uint32_t next_id;
	uint64_t end, last;   /* of the stream, at its last message and at its last ping */
	uint64_t began;       /* when the first byte since then was sent; 0: none was */
	unsigned messages;    /* since then */
	bool dry;             /* there was a moment since then when the socket had taken all */
	uint64_t answered;
	struct probe_ping carried; /* answered too close to another: part of the next sample */
};

/* A message was sent: the stream ends at `end` now. True when a ping should follow it. */
bool link_probe_sent(struct link_probe *p, uint64_t end, uint64_t now);
/* There is nothing to send; all_taken: nor anything that waits for the socket. True when a ping should be sent, because
 * of what went before. */
bool link_probe_dry(struct link_probe *p, bool all_taken);
/* The id of the ping that is sent now. */
uint32_t link_probe_ping(struct link_probe *p, uint64_t now);
/* Its answer, of a client so far away. True when that makes a sample. */
bool link_probe_pong(struct link_probe *p, uint32_t id, uint64_t latency, uint64_t now, struct probe_ping *sample,
	uint64_t *us);

#endif
