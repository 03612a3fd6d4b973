/* What the parts of the walk (ledgerwalk.c, ledgerwalk_rows.c, ledgerwalk_facts.c) share; for them only. */
#ifndef HOLDFAST_REPLICATION_LEDGERWALK_PARTS_H
#define HOLDFAST_REPLICATION_LEDGERWALK_PARTS_H

#include <stdbool.h>

#include "replication/ledgerwalk.h"

#define WALK_KEY_BYTES 32
#define WALK_HEX_BYTES (2 * WALK_KEY_BYTES + 1)

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
	bool has_keys, has_reversed; /* the journal's indexes idempotency and reversed_once are there */
	uint64_t last_key_seq, last_seq, objects;
	bool in_snapshot;
	uint64_t snapshot_ms; /* when it was taken */
};

/* Reads the next piece of at most `most` rows behind w->after; *rows: how many it had. 0 or with e filled the codes of database.h. */
typedef int walk_reader(struct walk *w, unsigned most, unsigned *rows, struct errbuf *e);
walk_reader walk_journal, walk_payments, walk_withdrawals, walk_accounts;
walk_reader walk_count_payments, walk_count_withdrawals, walk_count_accounts; /* into w->objects */

/* Piece after piece, with a rest after each, unless in haste. Codes of ledgerwalk_run. */
int walk_pieces(struct walk *w, walk_reader *read, bool in_haste, struct errbuf *e);

/* ret, with the bytes in it. */
const char *walk_hex(const uint8_t *bytes, size_t count, char ret[static WALK_HEX_BYTES]);

bool walk_is_cancelled(const struct walk *w);

/* Gives up the locks of what was read; the snapshot, if there is one, stays. */
int walk_free_locks(struct walk *w, struct errbuf *e);

/* The column n of the only row. */
int walk_number(struct walk *w, uint64_t *ret, struct errbuf *e, const char *sql);

/* What is not summed up row by row: the head and its epoch, in each pass anew and told of in the first; keys and constraints of the tables; the keys of idempotency in their order; each
 * reversal beside what it reverses. Codes of ledgerwalk_run. */
int walk_head(struct walk *w, struct errbuf *e);
int walk_constraints(struct walk *w, struct errbuf *e);
int walk_keys(struct walk *w, struct errbuf *e);
int walk_reversals(struct walk *w, struct errbuf *e);

#endif
