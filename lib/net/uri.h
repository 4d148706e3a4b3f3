/* Parts of URIs, for SERVER words and proxies. */
#ifndef NET_URI_H
#define NET_URI_H

#include "base/bytes.h"

/* HOST[:PORT] or [IPv6][:PORT]; in a `uri` the host is %-encoded, elsewhere an IPv6 address needs no brackets. NULL,
 * or what is wrong; *host is malloc'ed in any case or stays, *port stays where none is given. */
const char *uri_host_port(struct slice s, bool uri, char **host, int *port);

/* %-decoded, malloc'ed; NULL for a broken escape or a NUL. */
char *uri_decoded(struct slice s);

#endif
