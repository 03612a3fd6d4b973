/* What the decisions of a batch need to know: from the database into the image, and from there into the input. */
#ifndef HOLDFAST_GATEWAY_LOOKUP_H
#define HOLDFAST_GATEWAY_LOOKUP_H

#include "gateway/batch.h"
#include "gateway/ledger.h"

/* Loads everything that the list names and the image lacks, each kind of row with one SELECT. Codes of store.h. */
int lookup_load(struct batch_tools *t, struct request *list, struct errbuf *e);

/* Does the message name, by itself or by what it names, a row that was loaded and could not be made sense of? Why it could not; NULL: no. */
const char *lookup_odd(struct batch_tools *t, const struct op_message *m);

/* Fills in what in->message names. 0, or -ENOMEM. */
int lookup_fill(struct batch_tools *t, struct ledger_input *in);

#endif
