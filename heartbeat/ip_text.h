/* Addresses as people write them: to and from heartbeat/ip.h. */
#ifndef HOLDFAST_HEARTBEAT_IP_TEXT_H
#define HOLDFAST_HEARTBEAT_IP_TEXT_H

#include "heartbeat/ip.h"

#define IP_TEXT_BYTES 46

/* A numeric address of either family, without a zone; an IPv4 address in the form of IPv6 is none, for each has one way to be written
 * for. False: it is none, and *ret as it was. */
bool ip_parse(const char *text, struct ip *ret);

/* "ADDRESS/LENGTH", LENGTH from 1 to 32 or 128. *bits is how many of IP_BITS that are. False: it is none, and both are as they were. */
bool ip_parse_cidr(const char *text, struct ip *ret, unsigned *bits);

/* What stands before the slash, if there is one; all 0 when that is no address. */
struct ip ip_before_slash(const char *text);

/* Are both addresses, or addresses with prefix length, of IPv4, or neither? */
bool ip_text_same_family(const char *one, const char *other);

/* The shortest form (RFC 5952). Returns ret. */
const char *ip_text(const struct ip *ip, char ret[static IP_TEXT_BYTES]);

#define IP_URL_BYTES (IP_TEXT_BYTES + 2)

/* As it stands in a URL: IPv6 in brackets. Returns ret. */
const char *ip_url(const struct ip *ip, char ret[static IP_URL_BYTES]);

/* Of a prefix counted in IP_BITS: what is written behind the slash. */
unsigned ip_length(const struct ip *ip, unsigned bits);

#endif
