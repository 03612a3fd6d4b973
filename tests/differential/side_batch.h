/* The product's side of the comparison: batches of transfers, by gateway/transferbatch.c, over an image without a database. */
#ifndef HOLDFAST_TESTS_DIFFERENTIAL_SIDE_BATCH_H
#define HOLDFAST_TESTS_DIFFERENTIAL_SIDE_BATCH_H

#include "tests/differential/side.h"

struct side_batch {
	int code; /* of transferbatch_decide */
	int status, rows, events;
	bool replayed;
	uint64_t touched; /* accounts that are to be written, at least */
	const char *body; /* terminated; until the next one */
};

/* Forgets the rows of all batches. */
void side_batch_clear(void);

/* The request with that key, at that time; the side is as after it. */
void side_batch_decide(struct side *s, const struct step *p, const struct legs *legs, unsigned key, uint64_t now_us,
    struct side_batch *ret);

#endif
