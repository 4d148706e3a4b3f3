/* Socket addresses as text and back. What limits count by is the IPv4 address, the IPv6 /64 (a host
 * owns that many addresses) or the uid at the other end of a unix socket, which SO_PEERCRED tells
 * without a race on pids. */
#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/log.h"

/* What the kernel holds that is not on its way yet: what waits longer waits with us, where newer things replace it. */
enum { KEEPALIVE_SECONDS = 600, UNSENT_BYTES = 128 << 10 };

/* The IPv4 address in a, also where it travels inside IPv6; NULL for others. */
static const struct in_addr *addr_v4(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;

	if (a->ss_family == AF_INET)
		return &((const struct sockaddr_in *)a)->sin_addr;
	if (a->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return (const struct in_addr *)(six->sin6_addr.s6_addr + 12);
	return NULL;
}

void addr_host(const struct sockaddr_storage *a, socklen_t len, char *out, size_t n)
{
	const struct in_addr *four = addr_v4(a);

	out[0] = 0;
	if (four) {
		inet_ntop(AF_INET, four, out, (socklen_t)n);
	} else if (a->ss_family == AF_INET6) {
		inet_ntop(
			AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, out, (socklen_t)n);
	} else if (a->ss_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path)) {
		const struct sockaddr_un *u = (const struct sockaddr_un *)a;
		size_t max = len - offsetof(struct sockaddr_un, sun_path);

		snprintf(out, n, "%.*s", (int)max, u->sun_path);
	}
}

unsigned addr_port(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)a)->sin_port);
	if (a->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)a)->sin6_port);
	return 0;
}

bool addr_is_local(const struct sockaddr_storage *a)
{
	const struct in_addr *four = addr_v4(a);

	if (four)
		return ntohl(four->s_addr) >> 24 == 127;
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return a->ss_family == AF_UNIX;
}

static void unix_info(
	int fd, const struct sockaddr_storage *peer, socklen_t len, struct xport_info *info)
{
	socklen_t cred_len = sizeof(struct ucred);
	struct ucred cred = {.uid = (uid_t)-1};

	info->local = true;
	addr_host(peer, len, info->host, sizeof(info->host));
	if (!info->host[0])
		snprintf(info->host, sizeof(info->host), "%.*s", (int)sizeof(info->host) - 1, info->own_host);
	if (!info->host[0])
		snprintf(info->host, sizeof(info->host), "unix");
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len);
	snprintf(info->source, sizeof(info->source), "unix:%u", (unsigned)cred.uid);
}

void addr_info(int fd, struct xport_info *info)
{
	struct sockaddr_storage a = {0}, own = {0};
	socklen_t len = sizeof(a), own_len = sizeof(own);

	if (getsockname(fd, (struct sockaddr *)&own, &own_len) == 0) {
		addr_host(&own, own_len, info->own_host, sizeof(info->own_host));
		info->own_port = addr_port(&own);
	}
	if (getpeername(fd, (struct sockaddr *)&a, &len) != 0) {
		snprintf(info->host, sizeof(info->host), "gone");
		snprintf(info->source, sizeof(info->source), "gone");
		return;
	}
	if (a.ss_family == AF_UNIX) {
		unix_info(fd, &a, len, info);
		return;
	}
	addr_host(&a, len, info->host, sizeof(info->host));
	info->port = addr_port(&a);
	if (!addr_v4(&a) && a.ss_family == AF_INET6) {
		memset(((struct sockaddr_in6 *)&a)->sin6_addr.s6_addr + 8, 0, 8);
		addr_host(&a, len, info->source, sizeof(info->source));
	} else {
		snprintf(info->source, sizeof(info->source), "%.47s", info->host);
	}
}

int addr_unix(const char *path, struct sockaddr_storage *a, socklen_t *len)
{
	struct sockaddr_un *u = (struct sockaddr_un *)a;
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(u->sun_path)) {
		log_error("%s: the path of a unix socket has 1 to %zu bytes", path,
			sizeof(u->sun_path) - 1);
		return E_USAGE;
	}
	*a = (struct sockaddr_storage){.ss_family = AF_UNIX};
	memcpy(u->sun_path, path, n + 1);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

void addr_tune(int fd)
{
	int on = 1, idle = KEEPALIVE_SECONDS, unsent = UNSENT_BYTES, type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &type, &len) != 0 || type == AF_UNIX)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
}
