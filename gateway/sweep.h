/* Holds that have expired are let go by an operation of the ledger's own, in the journal like any other. */
#ifndef HOLDFAST_GATEWAY_SWEEP_H
#define HOLDFAST_GATEWAY_SWEEP_H

#include "gateway/batch.h"

/*
 * Begins (batch_begin), and commits the expiry of every hold that has expired by that ledger time: what is decided at
 * t->now_us sees no hold that has expired. Costs nothing until the next one does. BATCH_COMMITTED: go on; else as batch_write,
 * nobody waits for an answer, and after BATCH_REFUSED the image is to be dropped.
 */
enum batch_end sweep_run(struct batch_tools *t, struct errbuf *e);

#endif
