/*
 * An IP address of either family, an IPv4 one as IPv6 maps it (RFC 4291, 2.5.5.2): two are the same exactly when their bytes
 * are, and a prefix of an IPv4 address is one of the 96 bits before it and its own. Pure. As text: heartbeat/ip_text.h.
 */
#ifndef HOLDFAST_HEARTBEAT_IP_H
#define HOLDFAST_HEARTBEAT_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_BYTES 16
#define IP_BITS 128
#define IP_V4_AT 12	/* its bytes in those of an IPv4 address */
#define IP_V4_PREFIX 96 /* bits before them */

struct ip {
	uint8_t byte[IP_BYTES]; /* network order; all 0: none */
};

/* From and to host order; ip_to_v4 is for an address of IPv4 only. */
struct ip ip_of_v4(uint32_t ipv4);
uint32_t ip_to_v4(const struct ip *ip);

bool ip_is_v4(const struct ip *ip);
bool ip_is_none(const struct ip *ip);
bool ip_is_for_hosts(const struct ip
	*ip); /* neither none, nor a group's (multicast), nor of IPv6 that of a host for itself, or of one link */
bool ip_is_loopback(const struct ip *ip);
bool ip_is_link_local(const struct ip *ip); /* of IPv6: it means something on one link only */
bool ip_same(const struct ip *a, const struct ip *b);

/* The address with all behind the first `bits` (0 to IP_BITS) cleared, or set. */
struct ip ip_first_of(const struct ip *ip, unsigned bits);
struct ip ip_last_of(const struct ip *ip, unsigned bits);

#endif
