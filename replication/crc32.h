/* CRC-32 of IEEE 802.3, as binary logs have it (and zlib's crc32()). Pure. */
#ifndef HOLDFAST_REPLICATION_CRC32_H
#define HOLDFAST_REPLICATION_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of what came before, 0 at first, and these bytes. */
uint32_t crc32_add(uint32_t crc, const uint8_t *bytes, size_t count);

#endif
