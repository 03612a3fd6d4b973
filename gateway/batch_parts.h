/* What the parts of a batch share (batch.c, transferbatch.c); for them only. */
#ifndef HOLDFAST_GATEWAY_BATCH_PARTS_H
#define HOLDFAST_GATEWAY_BATCH_PARTS_H

#include "gateway/batch.h"
#include "gateway/ledger.h"

/* A transaction under construction. */
struct plan {
	struct head next;
	struct account *touched[LEDGER_TOUCHED_MAX * BATCH_OPS_MAX];
	size_t touched_count, row_count;
	struct payment *payments[BATCH_REQUESTS_MAX]; /* that changed; new ones are written at once */
	struct withdrawal *withdrawals[BATCH_REQUESTS_MAX];
	size_t payment_count, withdrawal_count;
	bool admin_row;
	uint64_t mark; /* tells the accounts of this batch */
};

/* Writes down what was decided, with this body of the answer: rows of the transaction, image. 0, or -ENOMEM. */
int batch_take_effect(struct batch_tools *t, struct plan *p, const struct ledger_input *in,
    const struct ledger_decision *d, const struct text *body);

/* Decides a batch of transfers, and answers it. 0, -ENOMEM, or -EBADMSG with e filled: a row that its repetition needs is not there, nothing
 * was decided. */
int transferbatch_decide(struct batch_tools *t, struct plan *p, struct request *r, struct errbuf *e);

#endif
