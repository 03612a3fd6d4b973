/*
 * What was written since a backup: files of whole transactions, each a binary log by itself, in a directory of the operator's. Their names
 * say whose history it is and from where to where, "CLUSTER-FIRST-LAST.binlog", so it does not matter which member they came from.
 */
#ifndef HOLDFAST_REPLICATION_LOGARCHIVE_H
#define HOLDFAST_REPLICATION_LOGARCHIVE_H

#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/gtid.h"

struct logarchive_added {
	uint64_t first_seq, last_seq; /* 0: there was nothing new */
	uint64_t missing_from;	      /* 0: none; from here to first_seq no log has it any more */
};

/* Adds what the binary logs in datadir have above the archive's end. cluster_id: 16 hex digits. The caller knows that nothing in them can
 * be taken back. 0 and *ret; -EBUSY: another one is at it; or -errno, with e filled and the archive as it was. */
int logarchive_add(
    const char *dir, const char *cluster_id, const char *datadir, struct logarchive_added *ret, struct errbuf *e);

/* Takes what the archive has above that position, without a hole, into a new file, a binary log by itself. 0 and the position of its end;
 * -ENODATA: the first ones after `above`, or some between, are missing; or -errno, with e filled. seq 0 at the end: there was nothing above,
 * and no file was made. */
int logarchive_take(const char *dir, const char *cluster_id, struct gtid above, const char *target,
    struct gtid *ret_end, struct errbuf *e);

#endif
