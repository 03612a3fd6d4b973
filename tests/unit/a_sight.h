/* What replicationd sees on a standby, for the tests of facts and reports. */
#ifndef HOLDFAST_TESTS_UNIT_A_SIGHT_H
#define HOLDFAST_TESTS_UNIT_A_SIGHT_H

#include "replication/facts.h"

#define EPOCH 7

struct gtid at(uint64_t seq);

/* A standby that follows in this epoch and has all there is. */
struct sight a_standby(void);

/* What is told of it when the plan is at a rule with this state and reason. */
struct repl_report report_of(const struct sight *s, uint32_t state, const char *why, const char *failure);

#endif
