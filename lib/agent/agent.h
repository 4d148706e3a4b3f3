/* The guest agent protocol, either role, without I/O: bodies of AGENT_DATA in, bodies of AGENT_DATA out, what they
 * mean as calls. agent.md 1 to 5, the tokens of channels.md 1. A client talks to the agent of a guest; a server that
 * has no guest is the agent itself.
 *
 * Every call of struct agent_ops comes from within agent_input or agent_tick, and may send; it must not open, close
 * or free the agent. After a call that may have sent or been read from, the owner moves what agent_output and
 * agent_owed give. Sending functions return 0; E_CLOSED without a peer; E_AGAIN when LIM_AGENT_QUEUE bytes wait for
 * tokens; E_UNSUP for what the peer's capabilities do not allow. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/log.h"
#include "wire/wire.h"

enum agent_role { AGENT_CLIENT, AGENT_GUEST };

enum {
	AGENT_TOKENS = 10,    /* what real servers give (channels.md 1) */
	AGENT_SELECTIONS = 3,
};

/* Every function may be NULL. */
struct agent_ops {
	/* The peer's capabilities have come (or come again). */
	void (*ready)(void *owner);
	/* A guest is asked for displays: at most LIM_AGENT_MONITORS. It answers by a REPLY. */
	void (*monitors)(void *owner, const struct agent_monitors_config *m);
	/* The guest has done, or not done, what a message of this type asked for. */
	void (*reply)(void *owner, uint32_t type, bool done);
	/* The peer's side owns a selection now and offers these types (known ones only, perhaps none). */
	void (*grab)(void *owner, unsigned selection, const uint32_t *types, unsigned n);
	/* The peer wants what we offer: answer by agent_clipboard, now or later. */
	void (*request)(void *owner, unsigned selection, uint32_t type);
	/* The answer to agent_request; CLIPBOARD_TYPE_NONE and no bytes: there is none, or it is too large. */
	void (*clipboard)(void *owner, unsigned selection, uint32_t type, struct slice data);
	/* The peer's side owns the selection no more; no answer comes to what was requested. */
	void (*release)(void *owner, unsigned selection);
	/* To a guest: a file is offered. `name` is as the client says, not yet harmless. */
	void (*file_start)(void *owner, uint32_t id, const char *name, uint64_t size);
	/* To a guest: bytes of a file as they arrive; `left` are to come before the next chunk. */
	void (*file_data)(void *owner, uint32_t id, struct slice data, uint64_t left);
	void (*file_status)(void *owner, uint32_t id, uint32_t result, struct slice detail);
	/* Other messages that are valid: DISPLAY_CONFIG, AUDIO_VOLUME_SYNC. */
	void (*other)(void *owner, unsigned type, const void *body);
};

/* A selection (clipboard, primary, secondary). */
struct agent_selection {
	enum { AGENT_NOBODY, AGENT_OURS, AGENT_THEIRS } owner;
	uint32_t serial;
	uint32_t asked;   /* the type that we wait for; CLIPBOARD_TYPE_NONE: we don't */
	bool wanted;      /* the peer waits for an answer */
};

struct agent {
	enum agent_role role;
	const struct agent_ops *ops;
	void *owner;
	const char *name;
	uint32_t ours;           /* capabilities that we announce */
	bool open;
	bool announced;          /* ours, since it was opened */
	bool known;              /* the peer's */
	bool answer_due;         /* it asked for ours */
	uint32_t theirs;
	int32_t max_clipboard;   /* bytes that the peer takes, -1: any number */
	struct agent_selection selections[AGENT_SELECTIONS];
	/* tokens: pieces that we may send, that the peer may, and that are to be given back */
	uint32_t credit, granted, owed;
	/* output: whole messages; `sent` bytes were given out, `left` of the first message follow them */
	struct buf out;
	size_t sent, left;
	/* the message in hand */
	struct {
		uint8_t head[20];
		unsigned n_head;
		const struct wire_msg *row; /* NULL: nobody knows it */
		uint32_t left;              /* bytes to come */
		enum { AGENT_SKIP, AGENT_KEEP, AGENT_STREAM } how;
		size_t keep;                /* so many bytes at most */
		bool cut;                   /* there are more */
		struct buf body;
		uint64_t last;              /* ms, when bytes last came */
	} in;
	struct arena arena;
	uint64_t now;
	bool waits;              /* for tokens, since: */
	uint64_t waits_since;
	struct log_limit log;
};

/* `caps`: bits 1 << AGENT_CAP_*; name: of the peer, for log lines, borrowed. No peer is there yet. */
void agent_init(struct agent *a, enum agent_role role, uint32_t caps, const char *name, const struct agent_ops *ops,
	void *owner);
void agent_fini(struct agent *a);

/* The peer is there. A client opens when it sends AGENT_START; `credit` are the tokens that it has from the server
 * and `grant` those that AGENT_START gives. A guest opens when AGENT_START comes, with its tokens as `credit`.
 * What was between the two before is forgotten; a client announces at once and asks for the guest's. */
void agent_open(struct agent *a, uint32_t credit, uint32_t grant);
/* AGENT_DISCONNECTED: capabilities, owners, transfers, half messages and what was not sent are forgotten. */
void agent_close(struct agent *a);

/* The body of an AGENT_DATA, in any cutting; ms of a monotonic clock. E_PROTO, E_LIMIT: the peer broke the rules and
 * nothing more can be understood (said). */
int agent_input(struct agent *a, struct slice piece, uint64_t now);
/* Now and then: forgets a half message that has had no bytes for LIM_AGENT_IDLE_MS; its rest is passed over. */
void agent_tick(struct agent *a, uint64_t now);
/* At the last agent_tick something had waited for the peer's tokens for LIM_AGENT_TOKENS_MS and more. */
bool agent_starved(const struct agent *a);
/* AGENT_TOKEN came. */
void agent_credit(struct agent *a, uint32_t tokens);

/* The body of the next AGENT_DATA, when there is one and a token for it (which is spent). Valid until the next call. */
bool agent_output(struct agent *a, struct slice *piece);
/* Tokens to send by AGENT_TOKEN; 0: none yet. They count as given. */
uint32_t agent_owed(struct agent *a);
static inline size_t agent_queued(const struct agent *a)
{
	return buf_len(&a->out) - a->sent;
}

/* Has the peer announced capability `bit`? */
static inline bool agent_peer_has(const struct agent *a, unsigned bit)
{
	return a->open && a->known && a->theirs >> bit & 1;
}

/* ---- sending ---- */

/* MONITORS_CONFIG, DISPLAY_CONFIG, MAX_CLIPBOARD, AUDIO_VOLUME_SYNC, REPLY: messages without a state. */
int agent_send(struct agent *a, unsigned type, const void *body);
int agent_reply(struct agent *a, unsigned type, bool done);

/* We own a selection and offer n types. */
int agent_grab(struct agent *a, unsigned selection, const uint32_t *types, unsigned n);
/* E_UNSUP too when it is not the peer's; E_AGAIN while an earlier request is not answered. */
int agent_request(struct agent *a, unsigned selection, uint32_t type);
/* Answers a request; nothing happens when none is open. Beyond the peer's maximum it becomes an empty one. */
int agent_clipboard(struct agent *a, unsigned selection, uint32_t type, struct slice data);
int agent_release(struct agent *a, unsigned selection); /* nothing happens when it is not ours */

/* Client: the id is the caller's, from 1. */
int agent_file_start(struct agent *a, uint32_t id, const char *name, uint64_t size);
int agent_file_data(struct agent *a, uint32_t id, struct slice data);
/* FILE_XFER_STATUS_*: what the peer does not understand becomes ERROR, and details are left out. */
int agent_file_status(struct agent *a, uint32_t id, uint32_t result, struct slice detail);

#endif
