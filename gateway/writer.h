/* The database thread of ledgerd: owns image and connection, opens them for an epoch (R6, R12), runs the
 * batches (R9). */
#ifndef HOLDFAST_GATEWAY_WRITER_H
#define HOLDFAST_GATEWAY_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/queue.h"
#include "heartbeat/gtid.h"
#include "heartbeat/local.h"
#include "heartbeat/rolepage.h"

struct writer;

struct writer_status {
	uint64_t barrier_epoch; /* opening barrier committed and the image of this epoch is in use; 0 none */
	uint64_t commit_since_us;
	uint64_t answered_epoch;
	struct gtid answered;
	uint64_t first_us;	  /* when the first batch of that epoch was committed; 0: none yet */
	uint64_t rest_generation; /* drain_generation under which no batch is under way; 0 none */
	bool ready;		  /* connected */
	bool fit;
	char reason[LOCAL_REASON_BYTES];
};

/* Starts the thread. Everything is borrowed and must outlive it. 0, or -errno with e filled. */
int writer_start(struct queue *q, const struct rolepage *page, const char *socket, const char *user,
    struct writer **ret, struct errbuf *e);

/* Stops and joins it; a COMMIT under way is broken off. */
void writer_stop(struct writer *w);

/* For the loop thread. */
void writer_get_status(struct writer *w, struct writer_status *ret);

/* For the loop thread, often: breaks the connection when its epoch is over, so that nobody waits for ever. */
void writer_check(struct writer *w, const struct role_view *view);

#endif
