/* The data of a new cluster out of a backup. */
#ifndef HOLDFAST_REPLICATION_RESTOREDATA_H
#define HOLDFAST_REPLICATION_RESTOREDATA_H

#include <stdint.h>

#include "heartbeat/err.h"

/* Unpacks the backup into an empty directory and lets the ledger in it be summed up, so that a mariadbd that was shut down in order could
 * be started on it: with the accounts and the positions of the cluster it was taken from. 0 and the epoch that a new cluster begins with,
 * or the codes of backup_verify with e filled. */
int restoredata_fill(const char *backup, const char *into, uint64_t *ret_epoch, struct errbuf *e);

#endif
