/* The cluster key in its file: 64 hex digits, from which every other secret of the cluster follows. */
#ifndef HOLDFAST_HEARTBEAT_CLUSTERKEY_H
#define HOLDFAST_HEARTBEAT_CLUSTERKEY_H

#include <stdint.h>

#include "heartbeat/err.h"

#define CLUSTERKEY_BYTES 32

/* Reads the key from the first line of path (CONF_KEY_PATH). The caller wipes it. 0, or with e filled: -EINVAL when it is
 * not 64 hex digits, or -errno. */
int clusterkey_load(const char *path, uint8_t ret[static CLUSTERKEY_BYTES], struct errbuf *e);

#endif
