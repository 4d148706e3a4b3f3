/* The HTTP that opens a WebSocket, as functions of bytes. */
#ifndef NET_WS_HTTP_H
#define NET_WS_HTTP_H

#include "base/buf.h"

enum { WS_NONCE = 16 };

/* The length of a head with its empty line, which begins in s; 0 when it is not whole. `seen` bytes
 * of it were looked at before. */
size_t ws_http_length(struct slice s, size_t seen);

/* The answer to a client's head (whole, with the empty line), appended to out: 0 when it is an
 * upgrade, else E_PROTO, and out holds the refusal; *why says what was wrong. */
int ws_http_answer(struct slice head, struct buf *out, const char **why);

/* A client's request. */
void ws_http_ask(struct buf *out, const char *host, unsigned port, const char *path,
	const uint8_t nonce[WS_NONCE]);

/* Is a server's head the upgrade that the nonce asked for? 0 or E_PROTO. */
int ws_http_check(struct slice head, const uint8_t nonce[WS_NONCE]);

#endif
