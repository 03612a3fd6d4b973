/* The data of a new cluster out of a backup, and of what was written since. */
#ifndef HOLDFAST_REPLICATION_RESTOREDATA_H
#define HOLDFAST_REPLICATION_RESTOREDATA_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "replication/ledgercheck.h"
#include "replication/manifest.h"

struct restoredata_from {
	const char *backup; /* directory; NULL: nothing is restored */
	const char *data;   /* instead of a backup: data directory of a MariaDB (adoptdata.h); or NULL */
	const char *logs;   /* archive of what was written since (logarchive.h); NULL: only the backup */
	const char
	    *until; /* the last transaction, as a GTID; or the second before which the last one was begun, in UTC,
			       2026-11-21T21:00:00Z; NULL: as far as the archive goes */
	bool accepts_findings; /* the operator's word that a ledger that does not add up is better than none */
};

struct restoredata_reached {
	uint64_t epoch;			       /* for a new cluster to begin with: above all that the data knows */
	uint64_t operations;		       /* in the journal */
	char findings[LEDGERCHECK_SAID_BYTES]; /* what was found in it, and accepted; "": nothing */
	uint64_t newest_us; /* of the last of them: ledger time, Unix microseconds; 0: there is none */
};

/* Whether it can be done, as far as that is seen without reading the data: the manifest is for this machine, the logs are of its history, and
 * until is a moment. 0 and what the manifest says, or the codes of restoredata_fill. */
int restoredata_look(const struct restoredata_from *from, struct manifest *ret, struct errbuf *e);

/* Unpacks the backup into an empty directory, executes what was written since, and lets the ledger in it be summed up, so that a mariadbd
 * that was shut down in order could be started on it: with the accounts and the positions of the cluster it was taken from. 0 and *ret; or,
 * with e filled, -EINVAL until, -ERANGE until is before the backup or after the archive's end, -ENODATA transactions are missing, or the
 * codes of backup_verify. */
int restoredata_fill(
    const struct restoredata_from *from, const char *into, struct restoredata_reached *ret, struct errbuf *e);

/* Sums up the ledger of a running copy. 0, also when what was found in it is accepted; -EBADMSG: it does not add up; or the codes of
 * ledgercheck_run, with e filled. */
int restoredata_judge(struct database *db, bool accepts_findings, struct ledger_facts *ret, struct errbuf *e);

#endif
