/* Is this database whole, and does the ledger in it add up? Asked of a copy: what the ledger decided when it wrote the
 * rows is not trusted but summed up again (replication/ledgerwalk.h). */
#ifndef HOLDFAST_REPLICATION_LEDGERCHECK_H
#define HOLDFAST_REPLICATION_LEDGERCHECK_H

#include <stdatomic.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "replication/database.h"

struct ledger_facts {
	uint64_t epoch;	     /* the highest that the data knows */
	uint64_t operations; /* in the journal */
	uint64_t accounts;
};

/* Reads every row of every table. 0; -EBADMSG: something does not add up, e says what; -ECANCELED (cancel may be NULL); or the codes of
 * database.h, with e filled. */
int ledgercheck_run(struct database *db, const atomic_bool *cancel, struct ledger_facts *ret, struct errbuf *e);

#endif
