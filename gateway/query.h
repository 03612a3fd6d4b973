/* Reads: answered from committed state only, between two batches. */
#ifndef HOLDFAST_GATEWAY_QUERY_H
#define HOLDFAST_GATEWAY_QUERY_H

#include "gateway/batch.h"
#include "gateway/ledger.h"

/* Answers an operation that is no write. Codes of store.h. */
int query_answer(struct batch_tools *t, struct request *r, struct errbuf *e);

/* Answers 500: the request is at fault, or we are; nothing was written. */
void query_fail(struct batch_tools *t, struct request *r, const char *detail);

/* The same, with an alarm that names the request and says why; of alarms there are QUERY_ALARMS_MAX a minute at most, and the next line
 * tells how many were kept back. */
#define QUERY_ALARMS_MAX 20
void query_refuse(struct batch_tools *t, struct request *r, const char *detail, const char *why);

/* Answers 503, to be asked again after that time: nothing is wrong with the request. */
void query_put_off(struct batch_tools *t, struct request *r, const char *detail, uint16_t retry_after_s);

/* Makes the answer of a request from a decision and from body, or t->body. 0, or -ENOMEM. */
int query_fill_text(struct request *r, const struct ledger_decision *d, const struct text *body);
int query_fill(struct batch_tools *t, struct request *r, const struct ledger_decision *d);

#endif
