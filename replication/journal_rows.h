/* The rows of the ledger's journal (etc/schema) in what `mariadb-binlog -v` prints, by the ids under which the API knows them. Pure. */
#ifndef HOLDFAST_REPLICATION_JOURNAL_ROWS_H
#define HOLDFAST_REPLICATION_JOURNAL_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/ids.h"

/* Begins as {0}. */
struct journal_rows {
	bool torn; /* the last line had no end yet: what comes next is the rest of it */
	bool in_row, has_id, has_subject;
	unsigned change; /* what the row did to its subject, as far as is known; 0: nothing, or not known yet */
	struct ulid id;
};

struct journal_entry {
	char id[ID_TEXT_BYTES];
	const char *change; /* what became of it: "captured"; NULL: it was made */
};

/* The next line, or the next piece of a long one, as fgets() gives them. True: it tells what a row has made, or changed, whose public id is in
 * ret: acc_ an account, top_ a top-up, tr_ a transfer, pay_, ref_, wd_, usr_; without a prefix when it was made and is of a kind that a later
 * release brought. A row of what was refused has none, and what a user changed of himself is not told. */
bool journal_rows_take(struct journal_rows *r, const char *line, struct journal_entry *ret);

/* How many of each kind; others: without a prefix. */
struct journal_counts {
	uint64_t accounts, topups, transfers, others, payments, refunds, withdrawals, users;
	/* of what was there before, or was made just now: payments, withdrawals, accounts */
	uint64_t captures, voids, expiries, confirmed, failed, changes;
};

/* Counts an entry that journal_rows_take() gave. */
void journal_counts_add(struct journal_counts *c, const struct journal_entry *entry);

#endif
