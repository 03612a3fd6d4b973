/* For the tests of the chaos checker: a history and two databases with nothing wrong with them. */
#ifndef HOLDFAST_TESTS_UNIT_A_WORLD_H
#define HOLDFAST_TESTS_UNIT_A_WORLD_H

#include "tests/chaos/check_ledger.h"

#define WORLD_ACCOUNTS 4
#define WORLD_OPS 120
#define WORLD_READS 60
#define WORLD_CLIENTS 5
#define WORLD_AFTER 1000 /* the journal had so many before */

/* A world: what happened, as the clients wrote it down and as both databases have it. */
struct world {
	struct record r;
	struct record_op op[WORLD_OPS];
	struct record_read read[WORLD_READS];
	struct record_page page[WORLD_READS];
	struct record_look look[WORLD_READS];
	struct record_account account[WORLD_ACCOUNTS];
	char id[WORLD_ACCOUNTS][ID_TEXT_BYTES], key[WORLD_OPS][16];
	struct dump d[2];
	struct dump_row row[2][WORLD_OPS];
	struct dump_account balance[2][WORLD_ACCOUNTS + 1];
	bool executed[WORLD_OPS];
	int64_t posted[WORLD_ACCOUNTS];
	uint64_t die, seq, now_us, free_us[WORLD_CLIENTS];
	struct findings *f;
};

/* Another one for each seed; no pointer in it needs to be freed but the findings, which are silent (NULL: no memory). */
void world_make(struct world *w, uint64_t seed);

/* A number below that, from the world's own dice. */
uint64_t world_dice(struct world *w, uint64_t below);

#endif
