/* Where a server is: the SERVER words of the commands (URIs, host:port) and .vv files. uri-vv.md.
 */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include "base/bytes.h"

enum { ENDPOINT_PORT = 5900 /* where none is said */ };

struct endpoint {
	char *host;	 /* without brackets; NULL for a unix socket */
	int port;	 /* plain, 0 none */
	int tls_port;	 /* 0 none */
	char *unix_path; /* NULL for TCP */
	bool websocket;	 /* ws://, wss:// */
	char *path;	 /* of a WebSocket, "/..."; NULL: "/" */
	char *user, *password;
	/* from .vv files */
	char *title, *ca, *host_subject, *proxy;
	char *secure_channels; /* "main;inputs" or "all" */
	char *disable_channels;
	char *hotkeys; /* "action=chord,action=", the last of an action counts, one without a chord is off */
	bool fullscreen, delete_file;
	char *connect_command; /* for /bin/sh: its stdin and stdout are the connection; NULL: none */
};

/* A SERVER word: spice://, spice+tls://, spice+unix://, ws://, wss://, HOST[:PORT], [IPv6][:PORT].
 * 0, or E_USAGE with the reason logged. *e is zeroed first; endpoint_fini in any case. */
int endpoint_parse(struct endpoint *e, const char *word);

/* The bytes of a .vv file: 0, or E_INVAL with the reason logged. Unknown keys and groups are
 * ignored. */
int endpoint_parse_vv(struct endpoint *e, struct slice text);

struct buf;
/* Appends the .vv file of e, secrets and all. 0; or E_INVAL, said: no viewer would take it, and what was appended is to
 * be thrown away. */
int endpoint_print_vv(const struct endpoint *e, struct buf *out);

/* A host name, or an IPv4 or IPv6 address without brackets, perhaps with a zone (fe80::1%eth0)? */
bool endpoint_is_host(const char *s);

/* An absolute path that the address of a unix socket holds: at most 107 bytes? */
bool endpoint_is_unix_path(const char *s);

/* Can this be the URL of a proxy, [http|https]://[user:password@]host[:port]? 0, or E_USAGE, said. */
int endpoint_check_proxy(const char *url);

/* The URI of e without secrets, for messages and titles. malloc'ed. */
char *endpoint_uri(const struct endpoint *e);

/* All of `from`; *to needs endpoint_fini. */
void endpoint_copy(struct endpoint *to, const struct endpoint *from);

void endpoint_fini(struct endpoint *e); /* passwords are wiped */

#endif
