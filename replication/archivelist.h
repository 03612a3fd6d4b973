/* What an archive of logs has, by the names of its files: "CLUSTER-EPOCH-FIRST-LAST.binlog". */
#ifndef HOLDFAST_REPLICATION_ARCHIVELIST_H
#define HOLDFAST_REPLICATION_ARCHIVELIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "replication/workdir.h"

#define ARCHIVELIST_PATH_BYTES (WORKDIR_PATH_BYTES + 128)

struct archive_file {
	uint64_t epoch, first, last; /* the epoch of its transactions, and their sequence numbers */
	uint64_t bytes;
	bool begun; /* for the caller; false at first */
};

struct archivelist {
	size_t count;
	struct archive_file *file; /* by epoch, and then by number: in the order of the history */
};

struct archive_end {
	uint64_t epoch, last; /* 0, 0: it is empty */
};

/* Reads the names in dir that are of that cluster; others are left out. 0 or -errno with e filled. The caller frees, in any case. */
int archivelist_read(const char *dir, const char *cluster_id, struct archivelist *ret, struct errbuf *e);
void archivelist_free(struct archivelist *a);

/* Is all of one history, begin with it, which may be NULL? 0, or -ESTALE with e filled: numbers come again in a later epoch. */
int archivelist_check(const struct archivelist *a, const struct archive_file *begin, const char *dir, struct errbuf *e);

/* Of a list that has passed the check. */
struct archive_end archivelist_end(const struct archivelist *a);

void archivelist_path(
    char ret[static ARCHIVELIST_PATH_BYTES], const char *dir, const char *cluster_id, const struct archive_file *f);

/* Lists those with something above `above` in a file, as a binary log's index does. 0 or -errno with e filled. */
int archivelist_write_index(const struct archivelist *a, const char *dir, const char *cluster_id, uint64_t above,
    const char *path, struct errbuf *e);

#endif
