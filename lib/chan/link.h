/* The link stage, either role, without I/O: bytes in, bytes out, events. wire.md 1 and 2. */
#ifndef CHAN_LINK_H
#define CHAN_LINK_H

#include "base/buf.h"
#include "base/limits.h"

struct ticket_key; /* an RSA key for one link: chan/ticket.h */

enum {
	LINK_MAGIC = 0x51444552, /* "REDQ", as a little-endian number */
	LINK_HEADER_SIZE = 16,
	LINK_REPLY_SIZE = 178,   /* of LinkReply without capability words; of LinkMess: LIM_LINK_MIN */
};

/* Capability words of one side, both groups. */
struct link_caps {
	uint32_t common[LIM_CAPS], channel[LIM_CAPS];
	uint32_t n_common, n_channel;
};

enum link_event {
	LINK_MORE,   /* needs more bytes (or has nothing to do) */
	LINK_ASKED,  /* server: the client has said what it wants: answer by link_accept or link_refuse */
	LINK_TICKET, /* server: a ticket came: answer by link_result */
	LINK_DONE,   /* the channel's messages begin */
};

/* What comes next. */
enum link_state {
	LINK_AT_MAGIC,
	LINK_AT_HEADER,
	LINK_AT_MESSAGE,   /* LinkMess or LinkReply */
	LINK_AT_ANSWER,    /* server: the owner's, after LINK_ASKED */
	LINK_AT_MECHANISM,
	LINK_AT_TICKET,
	LINK_AT_VERDICT,   /* server: the owner's, after LINK_TICKET */
	LINK_AT_RESULT,    /* client */
	LINK_AT_END,
	LINK_FAILED,
};

/* ---- server ---- */

struct link_server {
	enum link_state state;
	struct buf in, out;       /* out: to be written by the owner */
	size_t whole;             /* header and message, once the header is known */
	uint32_t connection_id;
	uint8_t channel_type, channel_id;
	struct link_caps peer;
	bool mini;                /* mini headers from now on */
	struct ticket_key *key;   /* owned */
	bool ticket_ok;           /* the ticket decrypted, */
	bool password_ok;         /* to at most LIM_PASSWORD bytes without a NUL: */
	char password[LIM_PASSWORD + 1];
};

void link_server_init(struct link_server *l);
void link_server_fini(struct link_server *l); /* wipes the password */

/* Eats bytes up to the next event; *used tells how many. LINK_* or E_*: close after writing `out`, which holds
 * the error reply where the protocol has one. */
int link_server_input(struct link_server *l, const uint8_t *p, size_t n, size_t *used);

/* Are the first 16 bytes still to come? */
bool link_server_waiting(const struct link_server *l);

/* After LINK_ASKED. Takes key. caps are ours for that channel. */
void link_accept(struct link_server *l, struct ticket_key *key, const struct link_caps *caps);
void link_refuse(struct link_server *l, uint32_t link_err); /* then close after writing */
/* After LINK_TICKET. LINK_ERR_OK ends in LINK_DONE; else close after writing. */
void link_result(struct link_server *l, uint32_t link_err);

/* ---- client ---- */

struct link_client {
	enum link_state state;
	struct buf in, out;
	size_t whole;            /* as above, of the reply */
	uint32_t error;          /* LINK_ERR_* of the server when refused */
	struct link_caps ours, peer;
	bool mini;
	char password[LIM_PASSWORD + 1];
};

/* Writes header and message. The password (NULL or "" for none, at most LIM_PASSWORD bytes: no server takes more) is
 * copied, and wiped by fini. */
void link_client_init(struct link_client *l, uint32_t connection_id, unsigned type, unsigned id,
	const struct link_caps *caps, const char *password);
void link_client_fini(struct link_client *l);
/* LINK_MORE, LINK_DONE, or E_*, said but for E_SECURE: E_AUTH (permission denied, or SASL wanted), E_SECURE (wants
 * TLS), E_UNSUP (no such channel), E_PROTO. */
int link_client_input(struct link_client *l, const uint8_t *p, size_t n, size_t *used);

#endif
