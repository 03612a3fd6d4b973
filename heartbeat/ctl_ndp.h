/* The question of NDP who has an IPv6 address, and its answers, as duplicate address detection has them (RFC 4862, 5.4). Pure. */
#ifndef HOLDFAST_HEARTBEAT_CTL_NDP_H
#define HOLDFAST_HEARTBEAT_CTL_NDP_H

#include "heartbeat/ip.h"

#define CTL_NDP_MAC_BYTES 6
#define CTL_NDP_BYTES 64 /* a neighbour solicitation with its IPv6 header */

/* The question, and to which hardware address. It comes from no address, so that nobody learns anything from it. */
void ctl_ndp_make(const struct ip *ip, uint8_t ret[static CTL_NDP_BYTES], uint8_t to[static CTL_NDP_MAC_BYTES]);

/* Does an IPv6 packet of size bytes tell that a machine other than own has the address? Then ret is that machine's hardware address, as
 * it says itself. Takes any bytes. */
bool ctl_ndp_hit(const uint8_t *packet, size_t size, const uint8_t own[static CTL_NDP_MAC_BYTES], const struct ip *ip,
    uint8_t ret[static CTL_NDP_MAC_BYTES]);

#endif
