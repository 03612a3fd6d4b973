/*
 * What was written since a backup: files of whole transactions, each a binary log by itself, in a directory of the operator's. Their names
 * say whose history it is, in which epoch, and from where to where, "CLUSTER-EPOCH-FIRST-LAST.binlog", so it does not matter which member
 * they came from. The epoch is that of the transactions in it: the first transaction of every epoch is its row in cluster_epoch (R6), and
 * with that one a new file begins. After force promote the history may part: numbers come again, for other transactions, in a later epoch.
 * In one history every number of a later epoch is above every one of an earlier; files of which that is not true are of two, and not mixed.
 */
#ifndef HOLDFAST_REPLICATION_LOGARCHIVE_H
#define HOLDFAST_REPLICATION_LOGARCHIVE_H

#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/gtid.h"
#include "replication/database.h"

struct logarchive_source {
	const char *cluster_id; /* 16 hex digits */
	const char *datadir;
	struct database *db; /* open; of that directory */
	/* May what is in the logs now still be taken back? 0, or a reason not to keep it. */
	int (*is_final)(void *userdata, struct errbuf *e);
	void *userdata;
};

struct logarchive_added {
	uint64_t first_seq, last_seq; /* 0: there was nothing new */
	uint64_t missing_from;	      /* 0: none; from here to first_seq no log has it any more */
};

/* Adds what the binary logs have above the archive's end. 0 and *ret; -EBUSY: another one is at it; -ESTALE: the archive is of a history
 * that parted from this one; what is_final() gave; or -errno, with e filled; what was added before stays. */
int logarchive_add(
    const char *dir, const struct logarchive_source *from, struct logarchive_added *ret, struct errbuf *e);

struct logarchive_wanted {
	const char *cluster_id;
	uint64_t epoch; /* the one that `above` lies in */
	struct gtid above;
};

/* Takes what the archive has above that position, without a hole, into a new file, a binary log by itself. 0 and the position of its end;
 * -ENODATA: the first ones after `above`, or some between, are missing; -ESTALE: the archive is of a history that parted from that of
 * `above`, or of two; -EBADMSG: it is damaged; or -errno, with e filled. seq 0 at the end: there was nothing above, and no file was made. */
int logarchive_take(const char *dir, const struct logarchive_wanted *wanted, const char *target, struct gtid *ret_end,
    struct errbuf *e);

/* How many bytes logarchive_take() would write, at most, as far as names and sizes say. 0; or, with e filled, -EPERM others than root could
 * have changed it, or the codes of that. */
int logarchive_size(const char *dir, const struct logarchive_wanted *wanted, uint64_t *ret_bytes, struct errbuf *e);

#endif
