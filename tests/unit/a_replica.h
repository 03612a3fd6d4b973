/* A replica of the pair of a_node.h, as its tests look at it. */
#ifndef HOLDFAST_TESTS_UNIT_A_REPLICA_H
#define HOLDFAST_TESTS_UNIT_A_REPLICA_H

#include "tests/unit/a_node.h"

#define BALLOT ((struct hb_ballot){5, A})

extern struct hb_node replica;
extern struct hb_record pair;
extern uint64_t now;

void run(struct hb_input *in);
void tick(void);

/* A beat of that member: the record that it goes by, and at which ballot. */
void beat(uint8_t from, const struct hb_record *r, struct hb_ballot ballot, enum hb_state state);

/* Of its replicationd. */
void report(enum repl_state state, bool following);

/* Time in which it is there, with a report of that now and then. */
void pass(uint64_t us, enum repl_state state, bool following);

void make_replica(void);

/* All three are heard, in SYNC, and it follows the standby. */
void make_following(void);

#endif
