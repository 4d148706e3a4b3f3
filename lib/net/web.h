/* What a listening port has for browsers: files beside SPICE, and who may open a WebSocket. */
#ifndef NET_WEB_H
#define NET_WEB_H

#include "net/xport.h"

/* Outlives the connections that were accepted with it. */
struct web {
	int dir;	/* the folder whose files are served, -1 none */
	char **origins; /* hosts whose pages may open a WebSocket beside our own, NULL at the end; NULL: none */
	bool to_https;	/* files only by TLS: what comes in clear is sent there */
};

/* Opens a folder for web.dir: the descriptor, or E_NOFILE, or E_CONFIG where the kernel can't keep paths within it
 * (before 5.6), logged. */
int web_dir(const char *path);

/* Is a whole head a request for a file, and not for a WebSocket? What is no head at all is none. */
bool web_is_file(struct slice head);

/* Answers the request with the file, or why not, then ends with E_CLOSED; nothing of SPICE ever comes from it. Its
 * info.web is set. Takes below. */
struct xport *xport_web(struct xport *below, const struct web *w, struct slice head);

#endif
