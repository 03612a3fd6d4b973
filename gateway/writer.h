/* The database thread of ledgerd: owns image and connection, opens them for an epoch (R6, R12), runs the
 * batches (R9). */
#ifndef HOLDFAST_GATEWAY_WRITER_H
#define HOLDFAST_GATEWAY_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/queue.h"
#include "gateway/standing.h"
#include "heartbeat/rolepage.h"

struct writer;

/* Starts the thread. Everything is borrowed and must outlive it. 0, or -errno with e filled. */
int writer_start(struct queue *q, const struct rolepage *page, const char *socket, const char *user,
    struct writer **ret, struct errbuf *e);

/* Stops and joins it; a COMMIT under way is broken off. */
void writer_stop(struct writer *w);

/* For those who read beside it: what may be answered. As old as the writer. */
struct standing *writer_standing(struct writer *w);

/* For the loop thread. */
void writer_get_status(struct writer *w, struct writer_status *ret);

/* For the loop thread, often: breaks the connection when its epoch is over, so that nobody waits for ever. */
void writer_check(struct writer *w, const struct role_view *view);

#endif
