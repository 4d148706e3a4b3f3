/* The server's end of an accepted socket. */
#include "net/listen.h"

struct xport *xport_accept(int fd, struct tls_server *tls, bool tls_only)
{
	(void)tls;
	(void)tls_only;
	return xport_socket(fd);
}
