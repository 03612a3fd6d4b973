/* Is this database whole, and does the ledger in it add up? Asked of a copy: what the ledger decided when it wrote the
 * rows is not trusted but summed up again (replication/ledgerwalk.h). */
#ifndef HOLDFAST_REPLICATION_LEDGERCHECK_H
#define HOLDFAST_REPLICATION_LEDGERCHECK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "replication/database.h"

#define LEDGERCHECK_SAID_BYTES 136

struct ledger_facts {
	uint64_t epoch;	     /* the highest that the data knows */
	uint64_t operations; /* in the journal */
	uint64_t accounts;
	uint64_t newest_us;		   /* of the last operation: ledger time, Unix microseconds; 0: there is none */
	uint64_t findings;		   /* of verify's that were found */
	bool refused;			   /* one of them is such that nobody should serve this ledger */
	char said[LEDGERCHECK_SAID_BYTES]; /* the first that refuses, else the first; "" when there is none */
};

/* Reads every row of every table. 0, whatever the ledger in them is like: *ret says; -EBADMSG: a table is damaged, e says which; -ECANCELED (cancel may be NULL); or the codes of
 * database.h, with e filled. */
int ledgercheck_run(struct database *db, const atomic_bool *cancel, struct ledger_facts *ret, struct errbuf *e);

/* Of any database: -EBADMSG, a table is damaged, and the other codes of ledgercheck_run. */
int ledgercheck_tables(struct database *db, const atomic_bool *cancel, struct errbuf *e);

/* 0, or -EBADMSG with e filled when facts->refused: money, or the order of operations, is not what the journal says. */
int ledgercheck_judge(const struct ledger_facts *facts, struct errbuf *e);

#endif
