/*
 * What a replica does next: (facts) -> step, one table, as replication/plan.h has it for those that may count. It has no token, never
 * writes, and follows a source only once its own history was found in that one's. Pure.
 */
#ifndef HOLDFAST_REPLICATION_REPLICA_PLAN_H
#define HOLDFAST_REPLICATION_REPLICA_PLAN_H

#include "replication/facts.h"

/* Beside those of enum plan_fact. */
#define REPLICA_FACTS(X)                                                                                               \
	X(SOURCE, "source") /* it is known whom to follow */                                                           \
	X(SAME, "same")	    /* its history is the beginning of that one's, looked at under this order */               \
	X(OTHER, "other")   /* it is another one */                                                                    \
	X(GIVEN, "given")   /* somebody can be asked for a fresh copy now */
enum replica_fact_bit {
	REPLICA_BIT_BEFORE = PLAN_FACT_COUNT - 1,
#define X(id, text) REPLICA_BIT_##id,
	REPLICA_FACTS(X)
#undef X
	    REPLICA_FACT_END
};
enum replica_fact {
#define X(id, text) R_##id = 1u << REPLICA_BIT_##id,
	REPLICA_FACTS(X)
#undef X
};
_Static_assert(REPLICA_FACT_END < 32, "bits of a word");

/* Those of facts_of(), without what a replica has no use for, and its own. */
uint32_t replica_facts(const struct sight *s);

/* Those of an order to stand in. A replica stands in for a pair that is gone: with what it can apply, and without what it cannot. */
uint32_t stand_in_facts(const struct sight *s);

/* The first rule that fits; there is always one. */
const struct plan_rule *replica_next(uint32_t facts);

/* The same of a database whose cluster was given up: its tail is saved, and it stays down. */
const struct plan_rule *given_up_next(uint32_t facts);

extern const struct plan_rule replica_rules[];
extern const size_t replica_rules_count;

#endif
