/* The data file of a backup, as mariadb-backup streams it, and its checksum. */
#ifndef HOLDFAST_REPLICATION_BACKUPDATA_H
#define HOLDFAST_REPLICATION_BACKUPDATA_H

#include <stdatomic.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "replication/hotcopy.h"

#define BACKUPDATA_SUM_BYTES 129 /* 128 hex digits: BLAKE2b-512, what b2sum(1) prints */

/* Copies the database into a new file and syncs it. 0, its size and its checksum; or, with e filled, -EEXIST, -ENOSPC, the codes of
 * hotcopy_take, or -errno. */
int backupdata_take(const struct hotcopy_source *from, const char *path, const atomic_bool *cancel, uint64_t *ret_bytes,
    char ret_sum[static BACKUPDATA_SUM_BYTES], struct errbuf *e);

/* Unpacks the file into a directory. -EBADMSG: it has not that size and checksum; -ECANCELED; or the codes of hotcopy_unpack, with e
 * filled. */
int backupdata_unpack(
    const char *path, uint64_t bytes, const char *sum, const char *into, const atomic_bool *cancel, struct errbuf *e);

#endif
