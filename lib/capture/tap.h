/* What captures say: SPICE connections, found in byte streams of both directions and read without
 * being an end of them, as events. The reading of streams is session.h, of TCP tcp.h, of files
 * pcap.h. */
#ifndef CAPTURE_TAP_H
#define CAPTURE_TAP_H

#include "wire/wire.h"

enum tap_kind {
	TAP_LINK, /* a piece of the link stage or of authentication */
	TAP_MESSAGE,
	TAP_SUB,    /* a message inside another one, before it that carries it: wire.md 4.2 */
	TAP_INNER,  /* of the agent or a smart card, inside messages: type is WIRE_AGENT or WIRE_VSC
		     */
	TAP_OPAQUE, /* a stretch that is known to be unreadable: TLS, SASL, what a server refused */
	TAP_LOST,   /* bytes that are not in the capture */
	TAP_CUT,    /* bytes of something that the end of the connection cut */
	TAP_BAD,    /* bytes that were not understood */
};

/* Capability words of a link message. */
struct tap_caps {
	const char *word;   /* "common_cap": its enumeration, NULL when the channel has none */
	uint32_t n;	    /* words that are there */
	struct slice words; /* 4 * n bytes */
	bool truncated;	    /* more were announced */
};

/* All pointers are valid until the callback returns. */
struct tap_event {
	enum tap_kind kind;
	enum wire_dir dir; /* WIRE_S: from the server */
	unsigned conn;	   /* 1, 2, ... in order of appearance */
	int type;	   /* enum wire_channel or another number of the peer's; -1 not known yet */
	unsigned id;
	uint64_t time;	  /* nanoseconds, of the packet that completed it */
	uint64_t offset;  /* of the first byte in its stream */
	uint64_t size;	  /* of the body, without headers */
	uint64_t serial;  /* of messages; 0 for others */
	const char *name; /* "DRAW_COPY", "LINK_MESS", "TLS"; of TAP_BAD what it was thought to be,
			     or "UNKNOWN" */
	const char *why;  /* of LOST, CUT, BAD, OPAQUE: a phrase; else NULL */
	const struct wire_desc *desc; /* of body; NULL where there is none */
	const void *body;
	uint32_t caps;	   /* WIRE_CAP_* */
	struct slice raw;  /* the body; empty for stretches */
	struct slice text; /* SASL: the words in it */
	const struct tap_caps *common, *channel;
};

typedef void tap_fn(void *owner, const struct tap_event *e);

/* One for all connections of a capture. Zero but for fn and owner. */
struct tap {
	tap_fn *fn;
	void *owner;
	unsigned conns; /* numbers given so far */
	size_t held;	/* bytes that wait in memory, of all connections: LIM_CAPTURE_TOTAL */
};

#endif
