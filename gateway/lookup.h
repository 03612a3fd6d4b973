/* What the decisions of a batch need to know: from the database into the image, and from there into the input. */
#ifndef HOLDFAST_GATEWAY_LOOKUP_H
#define HOLDFAST_GATEWAY_LOOKUP_H

#include "gateway/batch.h"
#include "gateway/ledger.h"

/* So many lists without a known key, and the next ones' are taken for new (struct trust). */
#define LOOKUP_STREAK 64

/* Loads everything that the list names and the image lacks, each kind of row with one SELECT; keys of money only if they are not taken for new.
 * Codes of store.h. */
int lookup_load(struct batch_tools *t, struct request *list, struct errbuf *e);

/* Does the message name, by itself or by what it names, a row that was loaded and could not be made sense of? Why it could not; NULL: no. */
const char *lookup_odd(struct batch_tools *t, const struct op_message *m);
/* Was the key of this operation of the list taken for new? */
bool lookup_trusts(const struct batch_tools *t, const struct op *op);

/* Loads the keys that were taken for new, all of them with one SELECT, and begins the streak anew. Codes of store.h. */
int lookup_load_keys(struct batch_tools *t, struct request *list, struct errbuf *e);

/* Fills in what in->message names. 0, or -ENOMEM. */
int lookup_fill(struct batch_tools *t, struct ledger_input *in);

#endif
