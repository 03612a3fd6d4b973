/*
 * The disaster replica: a third copy at another site, beside the pair and its witness. It is no member: it has no vote, promises
 * nothing, grants no lease, is in no record, and never claims. It asks the members what they know (HB_WATCH) and follows. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_REPLICA_H
#define HOLDFAST_HEARTBEAT_REPLICA_H

#include "heartbeat/message.h"

/* What it is at; in hb_facts.state of what it tells. id, text */
#define HB_REPLICA_STATES(X)                                                                                           \
	X(RESTS,                                                                                                       \
	    "resting") /* it is not known whom to follow, or that one's history is not known to have all of its */     \
	X(SEEDS, "seeding") /* takes a fresh copy of the active */                                                     \
	X(FOLLOWS, "following")                                                                                        \
	X(FAULT, "fault")                                                                                              \
	X(STANDS_IN, "promoting") /* at an operator's word */                                                          \
	X(PROMOTED, "promoted")	  /* begins a cluster of its own */
enum hb_replica_state {
#define X(id, text) HB_REPLICA_##id,
	HB_REPLICA_STATES(X)
#undef X
	    HB_REPLICA_STATE_COUNT
};

/* Its number where a member has one: mariadbd's server_id is one more, and no member's. There is one replica. */
#define HB_REPLICA_NUMBER 100

/* The epochs of a cluster that a promoted replica begins are so far above the last one that it heard of: what the old pair may open
 * unseen has lower numbers. */
#define HB_REPLICA_EPOCHS 1000

struct hb_node;

/* What it tells of itself. */
void hb_replica_facts(const struct hb_node *n, uint64_t now_us, struct hb_facts *ret);

/* "force-promote OWN-NAME VERSION", "may" before it: a look. Codes of hb_command_parse(). */
int hb_replica_parse(const char *own, const char *text, struct hb_command *ret, char why[static LOCAL_REASON_BYTES]);

/* "unknown" for what a later release may tell. */
const char *hb_replica_text(unsigned state);

#endif
