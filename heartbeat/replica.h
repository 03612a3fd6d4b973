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
#define HB_REPLICA_NUMBER REPL_REPLICA

/* The epochs of a cluster that a promoted replica begins are so far above the last one that it heard of: what the old pair may open
 * unseen has lower numbers. */
#define HB_REPLICA_EPOCHS 1000

struct hb_node;

/* What it tells of itself. */
void hb_replica_facts(const struct hb_node *n, uint64_t now_us, struct hb_facts *ret);

/* How its history and that of the pair stand to each other, as far as it has looked. */
enum hb_replica_kin {
	HB_REPLICA_ONE,	       /* all that it has is the pair's */
	HB_REPLICA_ASTRAY,     /* above repl_report.astray_seq it is another */
	HB_REPLICA_UNCOMPARED, /* a role was forced since it looked: anything may be so */
};
enum hb_replica_kin hb_replica_kin(const struct hb_node *n);

/* When it is promoted: what the old members have above this it lacks. GTID_ANYWHERE: that is not known. */
struct gtid hb_replica_goes_on_at(const struct hb_node *n);

/* What came from a member, or from its address, and tells nothing of the record. Nothing follows from it but that something is there. */
enum hb_replica_sign {
	HB_SIGN_NONE,
	HB_SIGN_OTHER_KEY,  /* the members have had a new key of the heartbeats since */
	HB_SIGN_BEGUN_ANEW, /* the machine is in another cluster now */
	HB_SIGN_REFUSED,    /* it answers, and refuses this replica */
};
void hb_replica_sign(struct hb_node *n, uint8_t member, enum hb_replica_sign sign, uint64_t now_us);

/* Has there been such a sign of that member lately, and nothing that could be read? HB_SIGN_NONE: no. */
enum hb_replica_sign hb_replica_sign_of(const struct hb_node *n, uint8_t member, uint64_t now_us);

/* The beginning of its reason when a member has refused to answer, for good. */
#define HB_REPLICA_REFUSED "refused: "

/* "force-promote OWN-NAME VERSION", "may" before it: a look. Codes of hb_command_parse(). */
int hb_replica_parse(const char *own, const char *text, struct hb_command *ret, char why[static LOCAL_REASON_BYTES]);

/* "unknown" for what a later release may tell. */
const char *hb_replica_text(unsigned state);

#endif
