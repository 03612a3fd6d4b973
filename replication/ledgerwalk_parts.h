/* What the parts of the walk (ledgerwalk.c, ledgerwalk_rows.c, ledgerwalk_facts.c) share; for them only. */
#ifndef HOLDFAST_REPLICATION_LEDGERWALK_PARTS_H
#define HOLDFAST_REPLICATION_LEDGERWALK_PARTS_H

#include <stdbool.h>

#include "replication/ledgerwalk.h"

#define WALK_KEY_BYTES 32

/* Where the piece before ended, in whatever order a table is read. */
struct walk_place {
	uint64_t number;
	uint8_t key[WALK_KEY_BYTES];
	bool has_key;
};

struct walk {
	struct database *db;
	const struct ledgerwalk *given;
	struct ledgerwalk_result *result;
	struct audit audit;
	struct walk_place after;
	struct ledgerwalk_progress progress;
	bool has_keys; /* the journal's index of idempotency is there */
	uint64_t last_key_seq;
};

/* Reads the next piece of at most `most` rows behind w->after; *rows: how many it had. 0 or with e filled the codes of database.h. */
typedef int walk_reader(struct walk *w, unsigned most, unsigned *rows, struct errbuf *e);
walk_reader walk_journal, walk_payments, walk_withdrawals, walk_accounts;

/* Piece after piece, with a rest after each. Codes of ledgerwalk_run. */
int walk_pieces(struct walk *w, walk_reader *read, struct errbuf *e);

bool walk_is_cancelled(const struct walk *w);

/* Gives up the locks of what was read; the snapshot stays. */
int walk_free_locks(struct walk *w, struct errbuf *e);

/* The column n of the only row. */
int walk_number(struct walk *w, uint64_t *ret, struct errbuf *e, const char *sql);

/* What is not summed up row by row: the head and its epoch; keys and constraints of the tables; the keys of idempotency in their order; each
 * reversal beside what it reverses. Codes of ledgerwalk_run. */
int walk_head(struct walk *w, struct errbuf *e);
int walk_constraints(struct walk *w, struct errbuf *e);
int walk_keys(struct walk *w, struct errbuf *e);
int walk_reversals(struct walk *w, struct errbuf *e);

#endif
