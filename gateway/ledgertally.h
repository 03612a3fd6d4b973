/* What a ledger has answered, and what waits for it: for Prometheus (heartbeat/metrics.h). */
#ifndef HOLDFAST_GATEWAY_LEDGERTALLY_H
#define HOLDFAST_GATEWAY_LEDGERTALLY_H

#include <stdbool.h>

#include "gateway/queue.h"
#include "heartbeat/metrics.h"

#define LEDGERTALLY_OUTCOMES WIRE_OUTCOME_END

struct ledgertally {
	bool open;
	uint64_t answers[LEDGERTALLY_OUTCOMES]; /* by enum wire_outcome */
	struct metrics_histogram took;		/* seconds */
	struct queue_counts writes, reads;	/* for show: as of the last look */
};

void ledgertally_begin(struct ledgertally *t);

/* An operation was answered so; one that was not let in took no time. An outcome that is none is not counted. */
void ledgertally_note(struct ledgertally *t, unsigned outcome, uint64_t took_us);

/* Its values, as metrics_leave wants it; of: a struct ledgertally. */
void ledgertally_print(FILE *f, const void *of);

#endif
