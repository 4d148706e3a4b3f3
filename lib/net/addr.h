/* Socket addresses as text and back. */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "net/xport.h"

/* The address without brackets, IPv4 in IPv6 as IPv4; the path of AF_UNIX ("" when unnamed). Cut to
 * n. */
void addr_host(const struct sockaddr_storage *a, socklen_t len, char *out, size_t n);
unsigned addr_port(const struct sockaddr_storage *a); /* 0 for AF_UNIX */
bool addr_is_local(const struct sockaddr_storage *a); /* loopback or AF_UNIX */

/* Fills info's local, host, port and source from a connected socket. */
void addr_info(int fd, struct xport_info *info);

/* A unix socket's address: 0, or E_USAGE when the path is empty or does not fit, logged. */
int addr_unix(const char *path, struct sockaddr_storage *a, socklen_t *len);

/* TCP_NODELAY, and keep-alive after ten idle minutes, as the real server does, and a bound for what the kernel holds
 * unsent; nothing for other sockets. */
void addr_tune(int fd);

#endif
