/* The reading thread of ledgerd: lists, entries, events and resources from the database, beside the writer and without it. */
#ifndef HOLDFAST_GATEWAY_READER_H
#define HOLDFAST_GATEWAY_READER_H

#include "gateway/queue.h"
#include "gateway/standing.h"
#include "heartbeat/rolepage.h"

/*
 * Each round answers what has queued up from one snapshot of the database, begun after the requests came, which a second connection takes
 * that cannot write. The head of the ledger is read in the same snapshot, so that Ledger-Seq says exactly what was seen; every write that
 * was answered before is in it. R9: an answer goes out only when the writer has been free to answer everything that the snapshot has,
 * and by a role page that was looked at after the data was read (the loop thread looks once more).
 */
struct reader;

#define READER_REQUESTS_MAX 1024 /* may wait; more are refused: overloaded */
#define READER_ROUND_MAX 32	 /* are answered from one snapshot */

/* Starts the thread. Everything is borrowed and must outlive it. 0, or -errno with e filled. */
int reader_start(struct queue *q, const struct rolepage *page, struct standing *writer, const char *socket,
    const char *user, struct reader **ret, struct errbuf *e);
void reader_stop(struct reader *r);

/* For the loop thread, often: breaks a statement that takes too long, or whose epoch is over. */
void reader_check(struct reader *r, const struct role_view *view);

#endif
