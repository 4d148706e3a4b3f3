/* A pump moves bytes between a transport and its owner on the loop: the only place where
 * connections are polled. It pulls: output is asked for when the socket takes more, never queued
 * here. */
#ifndef NET_PUMP_H
#define NET_PUMP_H

#include <uv.h>

#include "net/xport.h"

struct pump;

struct pump_ops {
	/* n bytes came. 0, or E_* to close. May call pump_pause, pump_close. */
	int (*input)(void *owner, const uint8_t *p, size_t n);
	/* The next bytes to send, empty (or E_AGAIN) when there are none now. They stay valid until
	 * `sent`. Other E_* close. */
	int (*output)(void *owner, struct slice *out);
	/* The first n bytes of what `output` gave are gone. */
	void (*sent)(void *owner, size_t n);
	/* The transport has ended by itself, with E_CLOSED or worse (not called after pump_close).
	 * The pump is closed already; the owner may free everything that it owns, but not the
	 * pump's memory: see pump_close. */
	void (*closed)(void *owner, int err);
};

/* Starts a pump; takes x. `owner` outlives the pump or calls pump_close. Never NULL. */
struct pump *pump_new(uv_loop_t *loop, struct xport *x, const struct pump_ops *ops, void *owner);

/* There is something to send: `output` is asked on the loop soon. Cheap to call often. */
void pump_kick(struct pump *p);

/* While paused no input is read (back pressure); a peer that leaves is noticed all the same when we
 * write. */
void pump_pause(struct pump *p, bool paused);

/* What comes may hold secrets: it is wiped once the owner has seen it. */
void pump_secret(struct pump *p);

/* Closes the transport at once; no call comes to the owner after this returns. `flush` first sends
 * what is ready, for at most a second and without the owner: `output` and `sent` are called from
 * within, up to LIM_AHEAD bytes. The pump frees itself. NULL is fine. */
void pump_close(struct pump *p, bool flush);

/* While it is open. */
const struct xport_info *pump_info(const struct pump *p);
uint64_t pump_bytes_in(const struct pump *p);
uint64_t pump_bytes_out(const struct pump *p);

/* Milliseconds (uv_now) since the peer last took a byte while there was one to give (L-21); 0 when
 * idle. */
uint64_t pump_stalled_ms(const struct pump *p);

#endif
