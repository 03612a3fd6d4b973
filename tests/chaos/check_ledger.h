/* A history against the journal and the accounts of a database, and two databases against each other. Does no I/O. */
#ifndef HOLDFAST_TESTS_CHAOS_CHECK_LEDGER_H
#define HOLDFAST_TESTS_CHAOS_CHECK_LEDGER_H

#include "tests/chaos/check_dump.h"
#include "tests/chaos/payer_record.h"

/* DIFFERENT: whatever one has and the other has not. */
void check_databases(const struct dump *a, const struct dump *b, struct findings *f);

/* GAP: a position after after_seq that is not there, or the number of an event. BALANCE: a balance that an entry names is not what the one
 * before it leaves, or the accounts of a currency do not add up to 0. */
void check_journal(const struct dump *d, uint64_t after_seq, struct findings *f);

/* LOST, DUPLICATE, PRESENT, and OTHER for what is not what was paid. executed[i]: operation i took effect; posted[a]: what account a shows.
 * An operation that was never answered gets the position and the id that the journal has of it. -ENOMEM, or 0. */
int check_operations(struct record *r, const struct dump *d, bool *executed, int64_t *posted, struct findings *f);

/* STALE: a page of entries that is not the newest ones as of its position. */
void check_pages(const struct record *r, const struct dump *d, struct findings *f);

/* STALE: a key that was absent after its operation had been answered. OTHER: completed, and of a later position. */
void check_looks(const struct record *r, struct findings *f);

/* STALE: what one client was shown is older than what it was shown before. */
void check_sessions(const struct record *r, struct findings *f);

#endif
