/* Is there another machine that has an address? Asked with ARP probes (RFC 5227), for IPv6 with those of NDP (heartbeat/ctl_ndp.h), before
 * init takes it. */
#ifndef HOLDFAST_HEARTBEAT_CTL_PROBE_H
#define HOLDFAST_HEARTBEAT_CTL_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "heartbeat/ip.h"

#define CTL_PROBE_MAC_BYTES 6
#define CTL_PROBE_MAC_TEXT 18
#define CTL_PROBE_BYTES 28 /* an ARP packet for Ethernet and IPv4, without the Ethernet header */

/* The question who has ipv4 (host order), from mac. Its sender address is 0.0.0.0, so that nobody learns
 * anything from it. */
void ctl_probe_make(const uint8_t mac[static CTL_PROBE_MAC_BYTES], uint32_t ipv4, uint8_t ret[static CTL_PROBE_BYTES]);

/* Does a packet of size bytes (it may be padded) tell that a machine other than own has ipv4? Then ret is that
 * machine's. Takes any bytes. */
bool ctl_probe_hit(const uint8_t *packet, size_t size, const uint8_t own[static CTL_PROBE_MAC_BYTES], uint32_t ipv4,
    uint8_t ret[static CTL_PROBE_MAC_BYTES]);

/* Asks on interface for the address, for 0.6 s: has a machine other than this one and known (its hardware address, CTL_PROBE_MAC_BYTES;
 * NULL: no other) answered, and which? *asked false: it cannot be asked (no privilege, no Ethernet, no ARP there, no address). */
bool ctl_probe(const char *interface, const struct ip *ip, const uint8_t *known, bool *asked,
    uint8_t ret[static CTL_PROBE_MAC_BYTES]);

void ctl_probe_mac_text(const uint8_t mac[static CTL_PROBE_MAC_BYTES], char ret[static CTL_PROBE_MAC_TEXT]);

/* Asks on conf's interface for conf's vip, for 0.6 s. 0: nobody answers, or it cannot be asked (no privilege,
 * no Ethernet, no ARP there). -EADDRINUSE with e filled: another machine has it. */
int ctl_probe_vip(const struct conf *conf, struct errbuf *e);

#endif
