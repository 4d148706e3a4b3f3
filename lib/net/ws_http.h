/* The HTTP that opens a WebSocket, as functions of bytes. */
#ifndef NET_WS_HTTP_H
#define NET_WS_HTTP_H

#include "base/buf.h"

enum { WS_NONCE = 16 };

/* The answer to a client's head (whole, with the empty line), appended to out: 0 when it is an
 * upgrade, else E_PROTO, and out holds the refusal; *why says what was wrong. `origins`: hosts whose pages may come
 * beside our own, NULL at the end, or NULL. */
int ws_http_answer(struct slice head, char *const *origins, struct buf *out, const char **why);

/* A client's request. */
void ws_http_ask(struct buf *out, const char *host, unsigned port, const char *path,
	const uint8_t nonce[WS_NONCE]);

/* Is a server's head the upgrade that the nonce asked for? NULL, or what is wrong with it; *status is the number of
 * the answer, 0 when it has none. */
const char *ws_http_check(struct slice head, const uint8_t nonce[WS_NONCE], unsigned *status);

#endif
