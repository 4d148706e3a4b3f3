/* TCP connections out of segments: the streams of both directions in order, each byte once. The
 * first copy of a byte wins, as it did at the receiver that acknowledged it. What is held out of
 * order is bounded (LIM_CAPTURE_FLOW, LIM_CAPTURE_TOTAL); a hole that the receiver acknowledged,
 * and that stays, is told as lost. */
#ifndef CAPTURE_TCP_H
#define CAPTURE_TCP_H

#include "capture/tap.h"

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct tcp_end {
	uint8_t addr[16]; /* IPv4: the first 4, the rest zero */
	uint16_t port;
	uint8_t family; /* 4 or 6 */
};

struct tcp_segment {
	struct tcp_end src, dst;
	uint32_t seq, ack;
	uint8_t flags;
	uint64_t time;	   /* nanoseconds */
	struct slice data; /* what was captured of it */
};

struct tcp;

struct tcp *tcp_new(struct tap *tap); /* tap outlives it */
void tcp_input(struct tcp *t, const struct tcp_segment *seg);
/* The capture is over: holes are told, connections end. */
void tcp_end(struct tcp *t);
void tcp_free(struct tcp *t);

#endif
