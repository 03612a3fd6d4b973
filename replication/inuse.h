/*
 * The mark "in use" of MariaDB's last binary log: set when it is opened, taken away when it is closed in order, and recovery looks at nothing else. A
 * mariadbd that was told to end in order closes its log first and InnoDB a while later. Killed in between, it has a transaction prepared in InnoDB
 * which the log has, and a log that says that nothing has to be recovered: "Found 1 prepared transactions! It means that server was not
 * shut down properly ... critical recovery information was manually deleted", at each start from then on. Holdfast ends mariadbd by
 * killing it in any case, so each start is one that recovers, and finds nothing to do where there is nothing.
 * MYSQL_BIN_LOG::do_binlog_recovery() in MariaDB's sql/log.cc; https://mariadb.com/kb/en/format_description_event/ (flags: LOG_EVENT_BINLOG_IN_USE_F).
 */
#ifndef HOLDFAST_REPLICATION_INUSE_H
#define HOLDFAST_REPLICATION_INUSE_H

#include "heartbeat/err.h"

/* Marks the last log that datadir/binlog.index names, while no mariadbd runs there. Nothing is changed when there is no such log, or it is not a
 * binary log: that is for mariadbd to say. Returns 1 when it was marked just now, 0 when it was already or there is nothing to be marked, or -errno with e filled. Follows
 * no symbolic link; writes the one byte. Not synced: it is done again before each start. */
int inuse_mark(const char *datadir, struct errbuf *e);

#endif
