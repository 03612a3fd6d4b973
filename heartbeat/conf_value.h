/* What a value in a configuration file may look like. */
#ifndef HOLDFAST_HEARTBEAT_CONF_VALUE_H
#define HOLDFAST_HEARTBEAT_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/ip_text.h"

/* 1 to max of a-z, 0-9 and of what is in extra. */
bool value_is_of(const char *text, size_t max, const char *extra);

/* An address that a machine can be reached at from others, of either family: numeric, without a zone, not of a group, none of one link. That of
 * the machine for itself is one, for tests. */
bool value_is_address(const char *text);

/* Such an address in its shortest form. Returns ret. */
const char *value_shortest(const char *address, char ret[static IP_TEXT_BYTES]);

/* In words. */
#define VALUE_ADDRESS_WANTED "an IPv4 or IPv6 address, and not of one link only (fe80::) or of a group"

/* An IPv4 or IPv6 address with a prefix length of 1 to 32 or 128. */
bool value_is_cidr(const char *text);

/* Such an address, of IPv6 in brackets, and a port of 1024 to 65535: "10.0.0.1:8407", "[2001:db8::1]:8407". *ip and *port are filled in;
 * false: it is none, and both are as they were. */
bool value_is_endpoint(const char *text, struct ip *ip, uint32_t *port);

/* One or more names of 1 to 32 of a-z 0-9 _ -, each once, separated by blanks. */
bool value_is_list(const char *text);

/* Digits only. False: it is none, or not from min to max; *ret is as it was. */
bool value_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret);

#endif
