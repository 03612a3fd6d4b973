/* For tests/bench/throughput: how long things took, and what came of them. */
#ifndef HOLDFAST_TESTS_BENCH_TALLY_H
#define HOLDFAST_TESTS_BENCH_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#define TALLY_MAX (8u * 1024 * 1024)
#define TALLY_STATUS_MAX 600

struct tally {
	uint32_t *took_us;		     /* of those that count; owned, TALLY_MAX */
	uint64_t count, all, errors;	     /* good ones within the time, all good ones, bad ones */
	uint64_t statuses[TALLY_STATUS_MAX]; /* HTTP; 0: no answer */
	uint64_t from_us, until_us;	     /* what ended within counts; CLOCK_MONOTONIC */
};

/* False: no memory. */
bool tally_init(struct tally *t, uint64_t warm_us, uint64_t run_us);
void tally_free(struct tally *t);
uint64_t tally_now_us(void);

/* One that is done. `good` ones within the time count; bad ones are errors whenever they end. */
void tally_add(struct tally *t, bool good, uint64_t begun_us, uint64_t ended_us);

/* One JSON object in a line: count, errors, per_s, us: median, p99, max, what this process used of one processor. `more` is put in. */
void tally_print(struct tally *t, const char *more);

#endif
