/* Of a data directory whose mariadbd is down: is all of it in there, and a copy of what another server can go on with. */
#ifndef HOLDFAST_REPLICATION_ADOPTCOPY_H
#define HOLDFAST_REPLICATION_ADOPTCOPY_H

#include "heartbeat/err.h"

/* 0; -ENOENT: it is no data directory of MariaDB; -ENOTSUP: a table or a database of it lies elsewhere, behind a link or in a DATA DIRECTORY; or
 * -errno, with e filled. */
int adoptcopy_check(const char *dir, struct errbuf *e);

/* Copies it into the empty directory, without binary logs (those that an index in it names), sockets, and what belongs to the file system. 0, -ENOSPC,
 * -EIO, -ETIMEDOUT (a day), or -errno with e filled. */
int adoptcopy_take(const char *dir, const char *into, struct errbuf *e);

#endif
