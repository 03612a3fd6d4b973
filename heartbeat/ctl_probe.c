#include "heartbeat/ctl_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/ctl_ndp.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/monotonic.h"

#define PROBES 3
#define SPACING_MS 150
#define LAST_WAIT_MS 300

/* Where things are in the packet. */
#define AT_OPERATION 6
#define AT_SENDER_MAC 8
#define AT_SENDER_IPV4 14
#define AT_TARGET_IPV4 24

_Static_assert(CTL_NDP_BYTES >= CTL_PROBE_BYTES && CTL_NDP_MAC_BYTES == CTL_PROBE_MAC_BYTES, "one buffer for both");

/* Hardware Ethernet, protocol IPv4, lengths 6 and 4. */
static const uint8_t head[AT_OPERATION] = {0, ARPHRD_ETHER, ETHERTYPE_IP >> 8, ETHERTYPE_IP & 0xff, 6, 4};

static void put_ipv4(uint8_t *to, uint32_t ipv4)
{
	ipv4 = htonl(ipv4);
	memcpy(to, &ipv4, sizeof(ipv4));
}

void ctl_probe_make(const uint8_t mac[static CTL_PROBE_MAC_BYTES], uint32_t ipv4, uint8_t ret[static CTL_PROBE_BYTES])
{
	memset(ret, 0, CTL_PROBE_BYTES);
	memcpy(ret, head, sizeof(head));
	ret[AT_OPERATION + 1] = ARPOP_REQUEST;
	memcpy(ret + AT_SENDER_MAC, mac, CTL_PROBE_MAC_BYTES);
	put_ipv4(ret + AT_TARGET_IPV4, ipv4);
}

bool ctl_probe_hit(const uint8_t *packet, size_t size, const uint8_t own[static CTL_PROBE_MAC_BYTES], uint32_t ipv4,
    uint8_t ret[static CTL_PROBE_MAC_BYTES])
{
	uint8_t wanted[4];

	put_ipv4(wanted, ipv4);
	if (size < CTL_PROBE_BYTES || memcmp(packet, head, sizeof(head)) != 0 || packet[AT_OPERATION] != 0)
		return false;
	/* A request from that address tells as much as a reply. */
	if (packet[AT_OPERATION + 1] != ARPOP_REPLY && packet[AT_OPERATION + 1] != ARPOP_REQUEST)
		return false;
	if (memcmp(packet + AT_SENDER_IPV4, wanted, sizeof(wanted)) != 0 ||
	    memcmp(packet + AT_SENDER_MAC, own, CTL_PROBE_MAC_BYTES) == 0)
		return false;
	memcpy(ret, packet + AT_SENDER_MAC, CTL_PROBE_MAC_BYTES);
	return true;
}

struct probe {
	int fd;
	struct sockaddr_ll to; /* everybody on the interface */
	struct ip ip;
	uint16_t protocol;
	uint8_t own[CTL_PROBE_MAC_BYTES];
	const uint8_t *known; /* who else may answer; NULL: nobody */
};

/* False: it cannot be asked there. */
static bool probe_open(struct probe *p, const char *interface)
{
	struct ifreq flags = {0}, mac = {0};

	p->protocol = htons(ip_is_v4(&p->ip) ? ETH_P_ARP : ETH_P_IPV6);
	p->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, p->protocol);
	if (p->fd < 0)
		return false;
	(void)snprintf(flags.ifr_name, sizeof(flags.ifr_name), "%s", interface);
	(void)snprintf(mac.ifr_name, sizeof(mac.ifr_name), "%s", interface);
	p->to = (struct sockaddr_ll){
	    .sll_family = AF_PACKET,
	    .sll_protocol = p->protocol,
	    .sll_ifindex = (int)if_nametoindex(interface),
	    .sll_halen = CTL_PROBE_MAC_BYTES,
	};
	memset(p->to.sll_addr, 0xff, CTL_PROBE_MAC_BYTES);
	if (!p->to.sll_ifindex || ioctl(p->fd, SIOCGIFFLAGS, &flags) || ioctl(p->fd, SIOCGIFHWADDR, &mac) ||
	    (flags.ifr_flags & (IFF_NOARP | IFF_LOOPBACK)) || mac.ifr_hwaddr.sa_family != ARPHRD_ETHER ||
	    bind(p->fd, (struct sockaddr *)&p->to, sizeof(p->to))) {
		(void)close(p->fd);
		return false;
	}
	memcpy(p->own, mac.ifr_hwaddr.sa_data, CTL_PROBE_MAC_BYTES);
	return true;
}

static bool is_hit(const struct probe *p, const uint8_t *packet, size_t size, uint8_t ret[static CTL_PROBE_MAC_BYTES])
{
	return ip_is_v4(&p->ip) ? ctl_probe_hit(packet, size, p->own, ip_to_v4(&p->ip), ret)
				: ctl_ndp_hit(packet, size, p->own, &p->ip, ret);
}

/* Writes the question and to whom it goes. Returns its length. */
static size_t make_question(struct probe *p, uint8_t ret[static CTL_NDP_BYTES])
{
	if (ip_is_v4(&p->ip)) {
		ctl_probe_make(p->own, ip_to_v4(&p->ip), ret);
		return CTL_PROBE_BYTES;
	}
	ctl_ndp_make(&p->ip, ret, p->to.sll_addr);
	return CTL_NDP_BYTES;
}

/* Listens until then; true as soon as somebody has the address. */
static bool heard_until(const struct probe *p, int64_t until_ms, uint8_t ret[static CTL_PROBE_MAC_BYTES])
{
	for (int64_t left; (left = until_ms - monotonic_ms()) > 0;) {
		struct pollfd poll_fd = {.fd = p->fd, .events = POLLIN};
		uint8_t packet[256];
		ssize_t n;

		if (poll(&poll_fd, 1, (int)left) <= 0)
			continue;
		n = recv(p->fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false; /* the interface went down */
		if (n > 0 && is_hit(p, packet, (size_t)n, ret) &&
		    !(p->known && memcmp(ret, p->known, CTL_PROBE_MAC_BYTES) == 0))
			return true;
	}
	return false;
}

bool ctl_probe(const char *interface, const struct ip *ip, const uint8_t *known, bool *asked,
    uint8_t ret[static CTL_PROBE_MAC_BYTES])
{
	struct probe p = {.ip = *ip, .known = known};
	uint8_t packet[CTL_NDP_BYTES];
	bool hit = false;
	size_t size;

	*asked = !ip_is_none(ip) && probe_open(&p, interface);
	if (!*asked)
		return false;
	size = make_question(&p, packet);
	for (int i = 0; i < PROBES && !hit; i++) {
		int64_t until_ms = monotonic_ms() + (i < PROBES - 1 ? SPACING_MS : LAST_WAIT_MS);

		if (sendto(p.fd, packet, size, 0, (struct sockaddr *)&p.to, sizeof(p.to)) < 0)
			break;
		hit = heard_until(&p, until_ms, ret);
	}
	(void)close(p.fd);
	return hit;
}

void ctl_probe_mac_text(const uint8_t mac[static CTL_PROBE_MAC_BYTES], char ret[static CTL_PROBE_MAC_TEXT])
{
	(void)snprintf(
	    ret, CTL_PROBE_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

int ctl_probe_vip(const struct conf *conf, struct errbuf *e)
{
	struct ip vip = ip_before_slash(conf->vip);
	uint8_t mac[CTL_PROBE_MAC_BYTES];
	char text[CTL_PROBE_MAC_TEXT];
	bool asked;

	if (!ctl_probe(conf->interface, &vip, NULL, &asked, mac))
		return 0;
	ctl_probe_mac_text(mac, text);
	return err_set(e, -EADDRINUSE, "--vip %.*s is in use by %s on %s: it must be one that no machine has",
	    (int)strcspn(conf->vip, "/"), conf->vip, text, conf->interface);
}
