#include "heartbeat/ip_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int ip_family(const struct ip *ip)
{
	return ip_is_v4(ip) ? AF_INET : AF_INET6;
}

socklen_t ip_to_socket(const struct ip *ip, uint16_t port, union ip_socket *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (ip_is_v4(ip)) {
		ret->four = (struct sockaddr_in){
		    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip_to_v4(ip))};
		return sizeof(ret->four);
	}
	ret->six.sin6_family = AF_INET6;
	ret->six.sin6_port = htons(port);
	memcpy(&ret->six.sin6_addr, ip->byte, IP_BYTES);
	return sizeof(ret->six);
}

struct ip ip_of_socket(const union ip_socket *s)
{
	struct ip ret = {{0}};

	if (s->any.sa_family == AF_INET)
		ret = ip_of_v4(ntohl(s->four.sin_addr.s_addr));
	else if (s->any.sa_family == AF_INET6)
		memcpy(ret.byte, &s->six.sin6_addr, IP_BYTES);
	return ret;
}

int ip_bind_early(int fd, const struct ip *ip)
{
	int one = 1;

	return setsockopt(fd, ip_is_v4(ip) ? IPPROTO_IP : IPPROTO_IPV6, ip_is_v4(ip) ? IP_FREEBIND : IPV6_FREEBIND,
		   &one, sizeof(one))
		   ? -errno
		   : 0;
}
