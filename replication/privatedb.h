/* A mariadbd of our own on a copy of the data: reached by nobody else, writes no binary log, follows nobody, and dies with us. */
#ifndef HOLDFAST_REPLICATION_PRIVATEDB_H
#define HOLDFAST_REPLICATION_PRIVATEDB_H

#include <stdatomic.h>

#include "heartbeat/err.h"
#include "replication/database.h"
#include "replication/process.h"

#define PRIVATEDB_DIR_BYTES 40

struct privatedb {
	struct process process;
	struct database *db;	       /* connected; a statement may take as long as it likes */
	char dir[PRIVATEDB_DIR_BYTES]; /* of the socket, 0700 root */
	char socket[PRIVATEDB_DIR_BYTES + 8];
};

/* Starts it on datadir as that user of the system, root for what root has made, without accounts and plugins of the data, and waits until it answers.
 * What is stored in the data (views, triggers, functions) runs with what that user may. 0, -EIO: it ended, with its first error; -ENOENT no such user; -ETIMEDOUT; -ECANCELED (*cancel became true; may be NULL), or -errno, with e filled and nothing left running. */
int privatedb_start(
    const char *datadir, const char *user, const atomic_bool *cancel, struct privatedb *ret, struct errbuf *e);

/* Shuts it down in order, for who wants the data. 0, or with e filled the codes of process_wait; gone in any case. */
int privatedb_shut_down(struct privatedb *p, struct errbuf *e);

/* Kills it; harmless when it is gone. */
void privatedb_kill(struct privatedb *p);

#endif
