/* The sum of the internet (RFC 1071), as headers of IPv4, TCP and ICMPv6 have it. Pure. */
#ifndef HOLDFAST_HEARTBEAT_SUM16_H
#define HOLDFAST_HEARTBEAT_SUM16_H

#include <stddef.h>
#include <stdint.h>

/* Adds size bytes at p to what is in sum: 0, or the numbers of a pseudo-header. */
uint32_t sum16_add(uint32_t sum, const uint8_t *p, size_t size);

/* What goes into the header, where nothing but 0 was when it was added. */
uint16_t sum16_finish(uint32_t sum);

#endif
