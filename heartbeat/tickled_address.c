#include "heartbeat/tickled.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "heartbeat/log.h"

static bool is_of(const struct sockaddr *address, const struct ip *ip)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (ip_is_v4(ip) && address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof(four));
		return ntohl(four.sin_addr.s_addr) == ip_to_v4(ip);
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&six, address, sizeof(six));
	return memcmp(&six.sin6_addr, ip->byte, IP_BYTES) == 0;
}

static bool is_here(const struct ip *ip)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *a = all; a && !found; a = a->ifa_next)
		found = a->ifa_addr && is_of(a->ifa_addr, ip);
	freeifaddrs(all);
	return found;
}

void tickled_address_check(struct tickled *t)
{
	bool here = is_here(&t->vip);

	if (here && !t->book.holds)
		tickled_arrived(t);
	if (!here && t->book.holds)
		tickled_left(t);
}

/* What an event says is not looked at: only that there was one. A flood of them costs one look. */
static int on_event(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct tickled *t = userdata;
	char buf[8192];
	ssize_t n;

	(void)source;
	(void)revents;
	do
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
	tickled_address_check(t);
	return 0;
}

int tickled_address_open(struct tickled *t, struct errbuf *e)
{
	struct sockaddr_nl sa = {
	    .nl_family = AF_NETLINK, .nl_groups = t->book.v6 ? RTMGRP_IPV6_IFADDR : RTMGRP_IPV4_IFADDR};

	t->route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (t->route < 0 || bind(t->route, (struct sockaddr *)&sa, sizeof(sa)))
		return err_set(e, -errno, "rtnetlink: %s", strerror(errno));
	if (sd_event_add_io(t->loop, NULL, t->route, EPOLLIN, on_event, t) < 0)
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}
