/* The product's side of the comparison: the ledger with what a database, an image and a writer would hold and do for it. */
#ifndef HOLDFAST_TESTS_DIFFERENTIAL_SIDE_H
#define HOLDFAST_TESTS_DIFFERENTIAL_SIDE_H

#include "gateway/ledger.h"
#include "gateway/session.h"
#include "tests/differential/naive.h"

#define BODY_BYTES 2048

struct side {
	struct account account[ACCOUNTS_MAX];
	char metadata[ACCOUNTS_MAX][NAIVE_METADATA_BYTES];
	int accounts;
	struct payment payment[STEPS_MAX];
	struct withdrawal withdrawal[STEPS_MAX];
	struct transfer transfer[MOVES_MAX];
	struct stored stored[2 * STEPS_MAX]; /* by key; status 0: none */
	char bodies[2 * STEPS_MAX][BODY_BYTES];
	const struct stored *by_reference[STEPS_MAX];
	int payments, withdrawals, transfers;
	uint64_t next_seq, next_event;
	struct principal who[3]; /* enum who */
	struct ledger_input in;
	struct op_message m;
	struct ledger_decision d;
	struct text body, scratch;
	struct user_facts users;
	struct user_effect effect;
	char buf[BODY_BYTES], merged[BODY_BYTES], patch[BODY_BYTES];
};

void side_clear(struct side *s);

/* Its place among the accounts. */
int side_index(const struct side *s, const struct ulid *id);

/* The request with that key, at that time: s->d and s->buf have the answer. */
void side_decide(struct side *s, const struct step *p, unsigned key, uint64_t now_us);

#endif
