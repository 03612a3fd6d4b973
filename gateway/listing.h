/* Lists, entries and events: one page of each, newest first (events: oldest first), from the database. */
#ifndef HOLDFAST_GATEWAY_LISTING_H
#define HOLDFAST_GATEWAY_LISTING_H

#include "gateway/batch.h"
#include "gateway/ledger.h"

/*
 * Appends the page that in->message->op.page asks for to t->body; d comes with status and seq of a success, and leaves with a refusal
 * when there is one. A page takes a bounded time whatever is asked: it looks at a bounded number of rows, each found by one index in the
 * order of the list, and may therefore have fewer than `limit` items, or none, while has_more is true. Codes of store.h.
 */
int listing_answer(struct batch_tools *t, const struct ledger_input *in, struct ledger_decision *d, struct errbuf *e);

#endif
