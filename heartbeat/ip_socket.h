/* Addresses as sockets take and give them: to and from heartbeat/ip.h. */
#ifndef HOLDFAST_HEARTBEAT_IP_SOCKET_H
#define HOLDFAST_HEARTBEAT_IP_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "heartbeat/ip.h"

union ip_socket {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

/* Fills *ret in and returns how many of its bytes count. No scope: heartbeatd has no use for addresses of one link. */
socklen_t ip_to_socket(const struct ip *ip, uint16_t port, union ip_socket *ret);

/* None when it is of neither family. */
struct ip ip_of_socket(const union ip_socket *s);

/* For socket(2). */
int ip_family(const struct ip *ip);

/* Lets fd be bound to an address of that family that is not here yet. 0 or -errno. */
int ip_bind_early(int fd, const struct ip *ip);

#endif
