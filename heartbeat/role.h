/*
 * The role machine: one total table, states x situations -> state. The situation is worked out from the record, the
 * lease and the reports (hb_situation), and so is what the other daemons are told (heartbeat/node_out.c); the state is the name
 * that people and the other members see. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_ROLE_H
#define HOLDFAST_HEARTBEAT_ROLE_H

#include <stddef.h>
#include <stdint.h>

#define HB_STATES(X)                                                                                                   \
	X(BOOT, "boot")                                                                                                \
	X(WITNESS, "witness")                                                                                          \
	X(FENCED, "fenced")                                                                                            \
	X(SEEDING, "seeding")                                                                                          \
	X(CATCHING_UP, "catching-up")                                                                                  \
	X(STANDBY, "standby")                                                                                          \
	X(PROMOTING, "promoting")                                                                                      \
	X(ACTIVE, "active")                                                                                            \
	X(DRAINING, "draining")                                                                                        \
	X(FAULT, "fault")                                                                                              \
	X(MAINTENANCE, "maintenance")
enum hb_state {
#define X(id, text) HB_##id,
	HB_STATES(X)
#undef X
	    HB_STATE_COUNT
};

/* What the facts amount to; exactly one holds at a time. */
#define HB_SITUATIONS(X)                                                                                               \
	X(UNKNOWN, "record-unknown")                                                                                   \
	X(WITNESSING, "record-known-to-witness")                                                                       \
	X(MINE_STALE, "named-from-an-earlier-life")                                                                    \
	X(MINE_CLAIMED, "claimed-by-me")                                                                               \
	X(MINE_OPEN, "open-not-serving")                                                                               \
	X(MINE_SERVING, "open-and-serving")                                                                            \
	X(MINE_SICK, "own-database-lost")                                                                              \
	X(MINE_HANDING, "open-handing-over")                                                                           \
	X(OTHER_HANDED, "handed-to-other")                                                                             \
	X(OTHER_DIRTY, "claimed-by-other-own-tail-unsettled")                                                          \
	X(OTHER_CLAIMED, "claimed-by-other")                                                                           \
	X(OUT_MAINTENANCE, "outside-in-sync-in-maintenance")                                                           \
	X(OUT_SEEDING, "outside-in-sync-seeding")                                                                      \
	X(OUT, "outside-in-sync")                                                                                      \
	X(IN_LAGGING, "in-sync-not-following")                                                                         \
	X(IN_FOLLOWING, "in-sync-following")                                                                           \
	X(BROKEN, "cannot-do-its-part")
enum hb_situation {
#define X(id, text) HB_SIT_##id,
	HB_SITUATIONS(X)
#undef X
	    HB_SITUATION_COUNT
};

struct hb_rule {
	uint32_t from; /* bit per enum hb_state */
	enum hb_situation on;
	enum hb_state to;
	const char *why;
};

extern const struct hb_rule hb_rules[];
extern const size_t hb_rules_count;

/* The rule for this cell; there is exactly one. A rule whose `to` is the state itself means: stay. */
const struct hb_rule *hb_role_rule(enum hb_state from, enum hb_situation on);

const char *hb_state_text(unsigned state);
const char *hb_situation_text(unsigned situation);

#endif
