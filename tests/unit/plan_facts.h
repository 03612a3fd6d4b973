/* All combinations of facts that can be, for the tests of the plan. */
#ifndef HOLDFAST_TESTS_UNIT_PLAN_FACTS_H
#define HOLDFAST_TESTS_UNIT_PLAN_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/plan.h"

#define WANTS 10u /* the last one is unknown */
#define UNKNOWN_WANT 9u
#define W(id) (1u << REPL_WANT_##id)
#define IN (W(HOLD_IN) | W(FOLLOW_IN))
#define STANDBY (IN | W(FOLLOW_OUT))
#define STEP(id) (1u << STEP_##id)

/* What is true only of a server that answers. */
#define OF_UP                                                                                                          \
	(F_WRITABLE | F_SEMI | F_SLAVE | F_SALVAGED | F_IO | F_SQL | F_BROKEN | F_FOLLOWS | F_CAUGHT_UP | F_SYNCED |   \
	    F_DRAINED | F_ROW | F_ROW_SENT | F_OPENED | F_MARKED | F_QUIET)

extern uint32_t *combination;
extern size_t combinations;

/* Group set-up and tear-down. */
int make_combinations(void **state);
int free_combinations(void **state);

/* What facts_of() and the observation before it can say. */
bool is_possible(uint32_t facts);

/* Fails the test and names all of it. */
_Noreturn void fail_at(unsigned want, uint32_t facts, unsigned step, const char *what);

/* A line of what is allowed (or demanded): these facts hold, those do not. */
struct guard {
	uint32_t wants, set, clear;
};

bool fits(const struct guard *g, unsigned want, uint32_t facts);

#endif
