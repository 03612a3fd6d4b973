#include "heartbeat/ctl_ndp.h"

#include <string.h>

#include "heartbeat/sum16.h"

#define HEADER_BYTES 40
#define ICMPV6 58
#define HOPS 255 /* a packet that a router has passed on has fewer */
#define SOLICITATION 135
#define ADVERTISEMENT 136
#define TARGET_LINK_ADDRESS 2
#define OPTION_BYTES 8 /* type, length in eights of bytes, hardware address of Ethernet */

/* Where things are in the packet. */
#define AT_LENGTH 4
#define AT_NEXT 6
#define AT_HOPS 7
#define AT_SOURCE 8
#define AT_DESTINATION 24
#define AT_TYPE HEADER_BYTES
#define AT_CODE (HEADER_BYTES + 1)
#define AT_SUM (HEADER_BYTES + 2)
#define AT_TARGET (HEADER_BYTES + 8)
#define AT_OPTIONS (HEADER_BYTES + 24)

void ctl_ndp_make(const struct ip *ip, uint8_t ret[static CTL_NDP_BYTES], uint8_t to[static CTL_NDP_MAC_BYTES])
{
	/* The group of all whose address ends in these three bytes (RFC 4291, 2.7.1). */
	struct ip group = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}};
	uint16_t sum;

	memcpy(group.byte + 13, ip->byte + 13, 3);
	memset(ret, 0, CTL_NDP_BYTES);
	ret[0] = 0x60;
	ret[AT_LENGTH + 1] = CTL_NDP_BYTES - HEADER_BYTES;
	ret[AT_NEXT] = ICMPV6;
	ret[AT_HOPS] = HOPS;
	memcpy(ret + AT_DESTINATION, group.byte, IP_BYTES);
	ret[AT_TYPE] = SOLICITATION;
	memcpy(ret + AT_TARGET, ip->byte, IP_BYTES);
	sum =
	    sum16_finish(sum16_add(ICMPV6 + CTL_NDP_BYTES - HEADER_BYTES, ret + AT_SOURCE, CTL_NDP_BYTES - AT_SOURCE));
	ret[AT_SUM] = (uint8_t)(sum >> 8);
	ret[AT_SUM + 1] = (uint8_t)sum;
	to[0] = to[1] = 0x33; /* RFC 2464, 7 */
	memcpy(to + 2, group.byte + 12, 4);
}

/* In an answer to everybody it must be there (RFC 4861, 4.4). */
static const uint8_t *find_mac(const uint8_t *packet, size_t size)
{
	for (size_t at = AT_OPTIONS; at + OPTION_BYTES <= size && packet[at + 1] && at + packet[at + 1] * 8u <= size;
	     at += packet[at + 1] * 8u)
		if (packet[at] == TARGET_LINK_ADDRESS)
			return packet + at + 2;
	return NULL;
}

bool ctl_ndp_hit(const uint8_t *packet, size_t size, const uint8_t own[static CTL_NDP_MAC_BYTES], const struct ip *ip,
    uint8_t ret[static CTL_NDP_MAC_BYTES])
{
	const uint8_t *mac;

	if (size < AT_OPTIONS || packet[0] >> 4 != 6 || packet[AT_NEXT] != ICMPV6 || packet[AT_HOPS] != HOPS ||
	    packet[AT_TYPE] != ADVERTISEMENT || packet[AT_CODE] != 0 ||
	    memcmp(packet + AT_TARGET, ip->byte, IP_BYTES) != 0)
		return false;
	mac = find_mac(packet, size);
	if (!mac || memcmp(mac, own, CTL_NDP_MAC_BYTES) == 0)
		return false;
	memcpy(ret, mac, CTL_NDP_MAC_BYTES);
	return true;
}
