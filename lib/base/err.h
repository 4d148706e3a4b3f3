/* Error codes of the whole house. A function that can fail returns 0 or one of these (negative), and
 * the place that finds the fault says it once (base/log.h); callers pass the number on. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum {
	E_AGAIN = -1,   /* not an error: more input, a writable peer or another channel is needed first */
	E_INVAL = -2,   /* data that breaks its own format: a message, an image, a file */
	E_LIMIT = -3,   /* well formed, but beyond one of the LIM_* of base/limits.h */
	E_UNSUP = -4,   /* well formed, not supported here */
	E_PROTO = -5,   /* a peer broke the order or the rules of the protocol */
	E_AUTH = -6,    /* ticket, certificate or identity refused, by us or by the peer */
	E_CLOSED = -7,  /* the peer has gone */
	E_IO = -8,      /* the system refused: errno said why, and was logged */
	E_TIMEOUT = -9, /* waited as long as was asked */
	E_HOST = -10,   /* host name not found */
	E_UNREACH = -11,/* nobody listens there */
	E_NOFILE = -12, /* an input file is missing or unreadable */
	E_CREATE = -13, /* an output file can't be created */
	E_CONFIG = -14, /* options or files that contradict each other */
	E_SECURE = -15, /* link error 5: the peer wants TLS for this channel */
	E_USAGE = -16,  /* a command line that can't be understood */
};

/* A short English phrase for E_*, for log lines. Never NULL. */
const char *err_str(int err);

/* The <sysexits.h> status of CLI.md for E_*; 0 for 0. */
int err_exit(int err);

#endif
