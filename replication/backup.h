/*
 * A backup: a directory with the data as mariadb-backup streams it, and a manifest. It is whole, or it is not there; and it was restored
 * once, into a directory that is gone again, before it is called done.
 */
#ifndef HOLDFAST_REPLICATION_BACKUP_H
#define HOLDFAST_REPLICATION_BACKUP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "replication/hotcopy.h"
#include "replication/logarchive.h"
#include "replication/backuptrial.h"

#define BACKUP_SUSPECT ".suspect"

struct backup_source {
	const struct conf *conf;
	struct hotcopy_source database;
	const char *role_path; /* role page */
	const char *key_path;  /* cluster key: whose cluster it is */
	bool from_active;      /* the operator's word that the active one may be burdened with it */
};

/* Makes dir, which must not be there, or be empty. Needs room for the data twice. 0 and *ret, or with e filled and nothing left behind:
 * -EINVAL or -EEXIST dir, -ENOSPC, -EBUSY, -EREMOTE it is for the standby to make, -EPERM the node's role does not
 * allow it, -ESTALE the role changed meanwhile, -EBADMSG the
 * copy does not stand the trial; if it is only the ledger that does not add up it is kept as dir.suspect, unless there is one beside it, -ECANCELED (*cancel became true), the codes of hotcopy.h, or -errno. */
int backup_make(const struct backup_source *from, const char *dir, const atomic_bool *cancel, struct manifest *ret,
    struct errbuf *e);

/* Adds what was written since to an archive, under the same conditions. 0 and *ret, -EPERM others than root can write in dir, or the codes of logarchive_add and, for the role, of
 * backup_make, with e filled. */
int backup_add_logs(const struct backup_source *from, const char *dir, struct logarchive_added *ret, struct errbuf *e);

#endif
