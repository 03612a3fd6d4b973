/* What a worker has answered, how long that took, and what of it waits: for Prometheus (heartbeat/metrics.h). */
#ifndef HOLDFAST_GATEWAY_TALLY_H
#define HOLDFAST_GATEWAY_TALLY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "heartbeat/metrics.h"

#define TALLY_STATUS_MAX 600

struct tally {
	unsigned worker, waiting;	   /* its number; for show */
	uint64_t status[TALLY_STATUS_MAX]; /* by HTTP status; [0]: the other end was gone first */
	struct metrics_histogram took;	   /* seconds */
};

void tally_begin(struct tally *t, unsigned worker);

/* A request is over: status 0 when there was no answer, or nobody to take it. A status that is none counts as 0. */
void tally_note(struct tally *t, unsigned status, uint64_t took_us);

/* Its values, as metrics_leave wants it; of: a struct tally. */
void tally_print(FILE *f, const void *of);

#endif
