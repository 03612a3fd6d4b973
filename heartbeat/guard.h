/*
 * The guards of the protocol, named where they are checked. In the product GUARD is its condition and nothing else. The
 * simulator is built from the same sources with -DHOLDFAST_MUTANTS and switches them off one at a time: one that nobody
 * misses is either not needed, or not tested (`simulate --mutants`; doc/protocol.md, section 4).
 */
#ifndef HOLDFAST_HEARTBEAT_GUARD_H
#define HOLDFAST_HEARTBEAT_GUARD_H

#include <stdbool.h>

/* id, what happens without it */
#define HB_GUARDS(X)                                                                                                   \
	X(M01_ACCEPT_DURING_PROMISE, "a lease promise does not cover accept")                                          \
	X(M01_PREPARE_DURING_PROMISE, "a lease promise does not cover prepare")                                        \
	X(M02_GRANT_WITHOUT_RECORD, "a lease is granted to whom the own record does not name, in any epoch")           \
	X(M02_OWN_VOTE_EXEMPT, "the active counts its own vote whatever it has accepted")                              \
	X(M03_NO_SILENCE, "a member that has just started votes at once")                                              \
	X(M03_SILENCE_TOO_SHORT, "a member is silent as long as its own configuration's lease")                        \
	X(M04_GATE_WITHOUT_LEASE, "answers without a lease")                                                           \
	X(M05_RELEASE_BEFORE_CHOSEN, "semi-sync goes off when the own acceptor took SOLO")                             \
	X(M05_SOLE_BEFORE_CHOSEN, "sole when the own acceptor took SOLO")                                              \
	X(M06_SOLE_IGNORES_PENDING, "sole though an ADD of one's own may become chosen")                               \
	X(M06_UNION_IGNORED, "acts by the known record alone while a change of its own is pending")                    \
	X(M06_ADD_WITHOUT_LEASE, "ADD is sent without a lease")                                                        \
	X(M07_UNKNOWN_FORGOTTEN, "a change whose outcome is unknown is dropped")                                       \
	X(M07_STALE_WISH, "a wish that has gone is carried out because another change is pending")                     \
	X(M08_ADD_BEFORE_MARK, "ADD before the standby has the position read after semi-sync went on")                 \
	X(M08_OLD_ORDER_COUNTS, "a report from before the order that switched semi-sync on counts")                    \
	X(M08_OLD_CONNECTION_COUNTS, "a report about a connection of another epoch counts")                            \
	X(M08_DEAD_CONNECTION_TOLD,                                                                                    \
	    "a standby tells what it received over a connection that is gone or of another epoch")                     \
	X(M09_NO_BARRIER, "answers before the opening barrier is committed")                                           \
	X(M11_NO_DRAIN, "opens before the relay log was applied to its end")                                           \
	X(M12_WRITES_BEFORE_OPEN, "opens the database while the record says claimed")                                  \
	X(M13_SLAVE_IN_SYNC, "role SLAVE for a copy that counts")                                                      \
	X(M13_SLAVE_WHILE_CLAIMED, "role SLAVE while the active has claimed only")                                     \
	X(M13_MASTER_WHILE_OUT, "role MASTER for a copy that does not count")                                          \
	X(M15_TOKEN_IGNORED_IN_CLAIM, "claims whatever token lies beside the data")                                    \
	X(M15_TOKEN_IGNORED_IN_HAND, "hands over whatever token the other reports")                                    \
	X(M16_BALLOT_REUSED, "a ballot that was promised to another round is proposed again")                          \
	X(M17_AMNESIAC_VOTES, "a member without memory votes")                                                         \
	X(M17_ADOPTS_FROM_ONE, "a member without memory asks one other only")                                          \
	X(M17_ADOPTS_SOON, "a member without memory adopts what the others hold before its silence is over")           \
	X(M18_ONE_STEP_CLAIM, "a claim writes in_sync = {self} at once")                                               \
	X(M19_NO_ECHO, "a lease is granted to an active that hears nobody")                                            \
	X(M20_RENEWS_UNFIT, "an active that cannot work asks for its lease")                                           \
	X(M21_NO_CLAIM_WHILE_FENCED, "an old active must have its database up to claim back")                          \
	X(M22_NO_PLAIN_READ, "a booting member learns the record by prepare only")                                     \
	X(M22_NO_P4, "no round that changes nothing when the own acceptor lacks the record")                           \
	X(M23_NO_MARGIN, "clocks are trusted to run at one rate")                                                      \
	X(M23_LEASE_FROM_RECEIPT, "a lease is counted from the moment the grant arrives")                              \
	X(M24_HIGH_WATER_IS_BINLOG, "the high-water mark counts what was never acknowledged")                          \
	X(M24_HIGH_WATER_IGNORED, "opens below the high-water mark")                                                   \
	X(M25_EPOCH_KEPT, "the same node opens again in the same epoch")                                               \
	X(M27_HAND_WITH_GATE_OPEN, "accepts a record that names another while it answers")                             \
	X(M27_HAND_UNDRAINED, "hands over, in_sync kept, while its database still writes")                             \
	X(M27_HAND_BEHIND, "hands over, in_sync kept, to one that has not applied everything")                         \
	X(M28_SECOND_REPLICA_COUNTS, "ADD while another replica acknowledges too")                                     \
	X(M30_OPENING_NEVER_ENDS, "an opening that does not end renews for ever")                                      \
	X(M30_DRAIN_NEVER_ENDS, "a hand-over that does not come to its end is never called off")                       \
	X(M31_SEMI_SYNC_OFF_COUNTS, "answers in SYNC while semi-sync is off or let one through")                       \
	X(M32_OLD_BOOT_COUNTS, "messages of an earlier start count")                                                   \
	X(M33_OLD_REPORT_BLAMES, "an old report of a commit that waits makes the standby lost")                        \
	X(M34_CHOSEN_UNNOTICED, "a gateway waits to be told what an acceptor holds")                                   \
	X(M35_OWN_VOTE_HELD, "an active that nobody grants anything keeps its own vote")                               \
	X(M36_OWN_LETTER_TRUSTED, "the proposer asks its own acceptor once only")                                      \
	X(M37_OVERTAKEN_COUNTS, "what a heartbeat says counts that a later one has overtaken")                         \
	X(M38_BLIND_SOLO, "an active writes SOLO whose own database was not seen since the standby fell silent")       \
	X(M39_ASKS_WITHOUT_OWN_VOTE, "an active asks for a lease that its own acceptor keeps it from holding")         \
	X(M40_ADD_IN_MAINTENANCE, "a member in maintenance is added to in_sync")                                       \
	X(M41_OBSERVER_ACTS, "a gateway that is to observe only carries out what it decides")                          \
	X(M42_FORCE_UNSEEN, "a role is forced upon another record than the operator was shown")                        \
	X(M43_FORCE_WHILE_HEARD, "a role is forced though the copy that is given up is heard")                         \
	X(M44_FORCE_WHILE_OTHERS_HEAR, "a role is forced though another member hears the copy that is given up")       \
	X(M45_FORCE_BELOW_MARK, "a forced opening waits for what was given up")                                        \
	X(M46_FORCED_TOKEN_LET_GO, "the token of a forced claim is let go while the claim may become chosen")          \
	X(M47_HOLDS_IN_VAIN, "an active whose rounds nobody answers keeps its lease while payments wait")              \
	X(M48_FORCE_WHILE_RECEIVING, "a role is forced though the copy still receives from the one that is given up")  \
	X(M49_LEAK_FORGOTTEN, "what semi-sync let through counts as acknowledged once semi-sync is on again")          \
	X(M50_LEAK_HANDED_OVER, "hands the role over while the other lacks what semi-sync let through")                \
	X(M51_SYNC_TOLD_TOO_SOON, "SYNC is told before the standby that was added knows that it counts")               \
	X(M52_DUEL, "a proposer that is overtaken comes again as soon as ever")                                        \
	X(M53_ANY_ERROR_RESEEDS, "a copy is thrown away for an error that says nothing about it")                      \
	X(M54_OLD_LIFE_COUNTS, "what was heard of a member counts for the one that has taken its place")

enum guard {
#define X(id, text) GUARD_##id,
	HB_GUARDS(X)
#undef X
	    GUARD_COUNT
};

#ifdef HOLDFAST_MUTANTS
extern bool guard_is_off[];
#define GUARD(id, condition) (guard_is_off[GUARD_##id] || (condition))
#define GUARDED(id, value, without) (guard_is_off[GUARD_##id] ? (without) : (value))
#else
#define GUARD(id, condition) (condition)
#define GUARDED(id, value, without) (value)
#endif

#endif
