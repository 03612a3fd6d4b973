/*
 * Which series of MariaDB (10.11, 11.4) the system tables of a copy were made for, and which runs on it. The unit of mariadb does not
 * run mariadb-upgrade, as Debian's would: on an active it would hold up payments. So it is told. Pure.
 */
#ifndef HOLDFAST_REPLICATION_DATAVERSION_H
#define HOLDFAST_REPLICATION_DATAVERSION_H

#include "heartbeat/local.h"

enum dataversion {
	DATAVERSION_UNKNOWN, /* one of the two says nothing, as with a fresh copy: mariadb-backup leaves that file out */
	DATAVERSION_SAME,    /* nothing is to be done; also what mariadb-upgrade says of two versions of one series */
	DATAVERSION_OLDER,   /* the data is of an older series: mariadb-upgrade */
	DATAVERSION_NEWER,   /* the data is of a newer series, which MariaDB does not support */
};

/* data: the text of mysql_upgrade_info; server: @@version. */
enum dataversion dataversion_compare(const char *data, const char *server);

/* What an operator is told; "" when there is nothing to tell. */
enum dataversion dataversion_notice(const char *data, const char *server, char ret[static LOCAL_REASON_BYTES]);

#endif
