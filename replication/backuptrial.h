/* A backup that lies there: can this machine restore it, and does the ledger in it add up? */
#ifndef HOLDFAST_REPLICATION_BACKUPTRIAL_H
#define HOLDFAST_REPLICATION_BACKUPTRIAL_H

#include <stdatomic.h>
#include <stddef.h>

#include "heartbeat/err.h"
#include "heartbeat/gtid.h"
#include "replication/ledgercheck.h"
#include "replication/manifest.h"

#define BACKUP_MANIFEST "manifest"
#define BACKUP_DATA "data.mbstream"

struct backup_trial {
	struct gtid position;
	struct ledger_facts facts;
};

/* Restores it for trial into dir.trial, which goes away again. 0 and *ret, or with e filled: -ENOENT or -EBADMSG it is no backup, or
 * not whole, or does not add up, -ENOTSUP made by a later release or on another MariaDB, -ENOSPC, -EBUSY, -ECANCELED, or -errno. */
int backup_verify(const char *dir, const atomic_bool *cancel, struct manifest *ret, struct errbuf *e);

/* Reads the manifest and says, without reading the data, whether this machine can restore it: -EPERM others than root could have changed it,
 * and the codes of backup_verify. */
int backup_open(const char *dir, struct manifest *ret, struct errbuf *e);

/* Unpacks it into an empty directory, ready to be started on, as long as every byte is what the manifest says. Codes of backup_verify. */
int backup_unpack(
    const char *dir, const struct manifest *m, const char *into, const atomic_bool *cancel, struct errbuf *e);

/* Restores the data into dir.trial, starts a mariadbd of our own on it, checks, and removes it; the caller judges *ret. Of the manifest only what is said of the
 * data file is looked at. Codes of backup_verify. */
int backup_try(
    const char *dir, const struct manifest *m, const atomic_bool *cancel, struct backup_trial *ret, struct errbuf *e);

/* Of the mariadbd that is installed here, "10.11.19-MariaDB". 0, -EPROTO: it says something else; or the codes of process_run, with e filled. */
int backup_installed_version(char *ret, size_t size, struct errbuf *e);

#endif
