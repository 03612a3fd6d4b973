/*
 * Reads a whole ledger as of one moment and lets replication/audit.h look at it: head, accounts, payments and withdrawals from a snapshot, in
 * this order, and then, without one, the journal up to that head, which nothing behind it changes. In several passes each is of a moment of
 * its own. It takes no locks on rows, and in a session with sql_log_bin=0 holds none on a table for longer than a piece of it takes to read:
 * what is applied meanwhile, a change of the schema too, waits no longer than that. The tables are read by their primary keys, in pieces;
 * memory is bounded whatever the size of the journal.
 */
#ifndef HOLDFAST_REPLICATION_LEDGERWALK_H
#define HOLDFAST_REPLICATION_LEDGERWALK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "replication/audit.h"
#include "replication/database.h"

#define LEDGERWALK_MEMORY_BYTES ((size_t)512 * 1024 * 1024)

struct ledgerwalk_progress {
	uint64_t done, rows; /* of the journal, over all passes */
	unsigned pass, passes;
};

#define LEDGERWALK_SNAPSHOT_S 3600

struct ledgerwalk {
	size_t
	    memory_bytes; /* for the table of accounts, payments and withdrawals, in which passes it may take more than one */
	unsigned snapshot_s;	   /* the database keeps for so long what is changed meanwhile */
	unsigned share_percent;	   /* 1 to 100: of the time it reads; the rest of it it rests */
	const atomic_bool *cancel; /* may be NULL */
	void (*found)(void *userdata, const struct audit_finding *f);
	void (*progress)(
	    void *userdata, const struct ledgerwalk_progress *p); /* may be NULL; after each piece, and in each rest */
	void *userdata;
};

struct ledgerwalk_result {
	uint64_t operations; /* in the journal, by its head */
	uint64_t accounts, payments, withdrawals;
	uint64_t findings[AUDIT_CHECK_END];
	uint64_t finding_count;
	unsigned passes;
};

/* 0: it was looked at, whatever was found; *ret tells. With e filled: -ECANCELED, -ENOMEM, -ETIME: the tables
 * take longer to read than history is kept for, -EAGAIN: the schema changed meanwhile, begin again;
 * or the codes of database.h. db is open, and has no transaction then either. */
int ledgerwalk_run(struct database *db, const struct ledgerwalk *w, struct ledgerwalk_result *ret, struct errbuf *e);

#endif
