/* The data of a new cluster out of the data directory of a MariaDB that was here before: other databases, or a ledger. */
#ifndef HOLDFAST_REPLICATION_ADOPTDATA_H
#define HOLDFAST_REPLICATION_ADOPTDATA_H

#include <stdbool.h>

#include "heartbeat/err.h"
#include "replication/restoredata.h"

/* Whether it can be done, as far as that is seen without a mariadbd on it; nothing is changed, and one may be running. 0, or with e filled: -ENOENT
 * no data directory, -ENOTSUP of another series of MariaDB, or parts of it lie elsewhere, or it follows another server, or -errno. */
int adoptdata_look(const char *dir, struct errbuf *e);

/* Copies the data, without what is true of its old server only (binary logs, sockets), into an empty directory, lets a mariadbd of our own recover it, and
 * looks at it: every table is whole and InnoDB's, no transaction is in doubt, and a ledger in it adds up, unless its findings are accepted. That of
 * dir is not changed. 0 and *ret; or, with e filled, the codes of adoptdata_look, -EBUSY a mariadbd runs on it, -ENOSPC, -EBADMSG a table is
 * damaged, is not InnoDB's, or the ledger does not add up, -EIO mariadbd does not start on it, or -errno. */
int adoptdata_fill(
    const char *dir, bool accepts_findings, const char *into, struct restoredata_reached *ret, struct errbuf *e);

#endif
