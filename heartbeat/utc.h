/* A moment as people and JSON have it here. Pure. */
#ifndef HOLDFAST_HEARTBEAT_UTC_H
#define HOLDFAST_HEARTBEAT_UTC_H

#include <stdint.h>

#define UTC_BYTES 80 /* of any year that there is room for in 64 bits */

/* Milliseconds since 1970 as "2026-01-01T00:00:00.000Z". Not by strftime(), which asks each time whether the time zone has changed. */
void utc_format(uint64_t unix_ms, char ret[static UTC_BYTES]);

#endif
