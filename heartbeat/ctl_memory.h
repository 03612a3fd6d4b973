/* How much of this machine's memory its MariaDB gets when it is set up. */
#ifndef HOLDFAST_HEARTBEAT_CTL_MEMORY_H
#define HOLDFAST_HEARTBEAT_CTL_MEMORY_H

#include <stdint.h>

#include "heartbeat/conf.h"

/* The bytes that programs of this machine can have: of all memory (text of /proc/meminfo) and of the limit of its control group (text of memory.max: bytes or "max")
 * the lesser one; NULL or a text that says nothing: not limited by it. 0: neither says anything. Pure. */
uint64_t ctl_memory_bytes(const char *meminfo, const char *limit);

/* [replication] buffer-pool-mb for a machine with so much memory: a quarter, for workers, HAProxy, MariaDB's connections and the kernel's cache of
 * its files live there, too; within the key's range, and at least 128. 0 bytes: 0. Pure. */
uint32_t ctl_memory_pool_mb(uint64_t memory_bytes);

/* Sets conf->buffer_pool_mb of a gateway or a replica by this machine's memory; leaves the default when that cannot be told. */
void ctl_memory_apply(struct conf *conf);

#endif
