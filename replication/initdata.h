/* The first data of a new cluster, nothing yet, out of a backup, or what a MariaDB had: `holdfast-replicationd --init-data`. */
#ifndef HOLDFAST_REPLICATION_INITDATA_H
#define HOLDFAST_REPLICATION_INITDATA_H

#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "heartbeat/local.h"
#include "replication/restoredata.h"

#define INITDATA_USER "mysql" /* of the system, whose the data is */
#define INITDATA_TOKEN_PATH CONF_STATE_DIR "/replication/token"

struct initdata_paths {
	const char *key;    /* cluster key, 64 hex digits */
	const char *schema; /* directory of replication/schemadir.h */
	const char *token;  /* data token to be made; its directory too, when missing */
	const char
	    *verify; /* what was found of data that were here before, which goes when there are others; NULL: none */
};

struct initdata_made {
	struct token token;
	struct restoredata_reached ledger; /* epoch: the first of the new cluster */
};

/* Makes conf->datadir (mysql, 0700) with the accounts, the ledger and an empty binary log, and a data token
 * beside it. The ledger is empty, or that of a backup (backup.h) or of another data directory (adoptdata.h); of the server that was taken from, accounts, passwords and positions are
 * gone. Overwrites nothing and runs alone. Takes some seconds, at most 5 minutes; or as long as a backup takes. 0 and *ret, or with e
 * filled and nothing changed: -EEXIST datadir is not empty or there is a token, -EBUSY another one is at it,
 * -EINVAL key, -ENOENT no schema, no user mysql, -EIO or -ETIMEDOUT a program of MariaDB failed, the codes of
 * restoredata_fill and adoptdata_fill, or -errno. */
int initdata_run(
    const struct conf *conf, const struct restoredata_from *from, struct initdata_made *ret, struct errbuf *e);

/* The same with other paths, for tests. */
int initdata_run_at(const struct initdata_paths *paths, const struct conf *conf, const struct restoredata_from *from,
    struct initdata_made *ret, struct errbuf *e);

#endif
