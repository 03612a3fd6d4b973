/* For tests/bench/throughput: which accounts there are, and which of them a payment is between. Pure. */
#ifndef HOLDFAST_TESTS_BENCH_AIM_H
#define HOLDFAST_TESTS_BENCH_AIM_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/ids.h"

#define AIM_RANKS_MAX 10000 /* of Zipf: the accounts beyond get nothing, and would get one payment in 10^4 */

struct aim {
	uint64_t accounts, random;
	enum { AIM_UNIFORM, AIM_HOT, AIM_ZIPF } pattern;
	double below[AIM_RANKS_MAX]; /* Zipf: the chance of this rank or a lower one */
};

/* Pattern is "uniform", "hot" (account 0 is the payee of all) or "zipf" (payees by rank^-2). False: it is none, or accounts < 2. */
bool aim_init(struct aim *a, const char *pattern, uint64_t accounts, uint64_t seed);

/* Two different accounts, by number from 0. */
void aim_draw(struct aim *a, uint64_t *from, uint64_t *to);

/* The id of account `number`, which is the same in every run. */
void aim_id(uint64_t number, struct ulid *ret);

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t aim_random(uint64_t *state);

#endif
