/* What a value in a configuration file may look like. */
#ifndef HOLDFAST_HEARTBEAT_CONF_VALUE_H
#define HOLDFAST_HEARTBEAT_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 1 to max of a-z, 0-9 and of what is in extra. */
bool value_is_of(const char *text, size_t max, const char *extra);

bool value_is_ipv4(const char *text);

/* An IPv4 or IPv6 address with a prefix length of 1 to 32 or 128. */
bool value_is_cidr(const char *text);

#define VALUE_IPV4_BYTES 16 /* 255.255.255.255 and its end */

/* An IPv4 address that is one of a machine, and a port of 1024 to 65535: "10.0.0.1:8407". *address and *port are filled in. */
bool value_is_endpoint(const char *text, char address[static VALUE_IPV4_BYTES], uint32_t *port);

/* One or more names of 1 to 32 of a-z 0-9 _ -, separated by blanks. */
bool value_is_list(const char *text);

/* Digits only. False: it is none, or not from min to max; *ret is as it was. */
bool value_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret);

#endif
