/* What can go wrong, for how long, and its end. */
#ifndef HOLDFAST_TESTS_SIMULATION_FAULT_H
#define HOLDFAST_TESTS_SIMULATION_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct world;

/* id, word, what it is. `at` is the member it hits, `peer` another one, `letters` a mask of message types. */
#define FAULTS(X)                                                                                                      \
	X(NONE, "none", "nothing")                                                                                     \
	X(POWER_OFF, "power-off", "the machine loses its power")                                                       \
	X(RESTART, "restart", "heartbeatd starts anew")                                                                \
	X(KILL_DATABASE, "kill-database", "mariadbd dies")                                                             \
	X(HANG_DATABASE, "hang-database", "database, replicationd and ledgerd stand still")                            \
	X(FREEZE, "freeze", "the machine stands still")                                                                \
	X(ISOLATE, "isolate", "no letter to or from anybody")                                                          \
	X(CUT, "cut", "no letter between two")                                                                         \
	X(CUT_ONE_WAY, "cut-one-way", "no letter from one to another")                                                 \
	X(DEAF, "deaf", "hears nobody")                                                                                \
	X(MUTE, "mute", "is heard by nobody")                                                                          \
	X(LOSS, "loss", "letters are lost at random, everywhere")                                                      \
	X(HOLD, "hold", "its letters of some types arrive later")                                                      \
	X(LOSE, "lose", "its letters of some types are lost")                                                          \
	X(CUT_REPLICATION, "cut-replication", "replication does not get through, heartbeats do")                       \
	X(SLOW_DISK, "slow-disk", "its register is written slowly")                                                    \
	X(WIPE, "wipe", "the machine loses its power and its register")                                                \
	X(SWITCHOVER, "switchover", "an operator asks this member to hand the role over")                              \
	X(MAINTENANCE, "maintenance", "an operator asks for maintenance of this member, then for its end")             \
	X(FORCE_SOLO, "force-solo", "an operator does not wait for the standby any longer")                            \
	X(OBSERVE, "observe", "heartbeatd starts anew as one that only observes, and again as one that acts")          \
	X(KILL_REPLICATION, "kill-replication", "replicationd dies, and starts again then")                            \
	X(STALL_APPLIER, "stall-applier", "what was received is not applied, and everything else works")               \
	X(FAIL_APPLIER, "fail-applier", "each start of the applier ends with an error that heals, as of a full disk")  \
	X(SLOW_CUT, "slow-cut", "the path of acknowledgements is closed late")                                         \
	X(STUCK_DISK, "stuck-disk", "its register is not written any more")                                            \
	X(STALL_STEP, "stall-step", "the step that replicationd is at takes so much longer")                           \
	X(KILL_KEEPALIVED, "kill-keepalived", "keepalived dies and does not start again: the address is not there")    \
	X(ROOT_SEMI_OFF, "root-semi-off", "somebody with root switches semi-sync off")                                 \
	X(ROOT_KILL_QUERY, "root-kill-query", "somebody with root kills the query that waits for its acknowledgement") \
	X(SPOIL_RELAY_LOG, "spoil-relay-log", "what was received cannot be read any more")                             \
	X(FORCE_PROMOTE, "force-promote", "an operator looks, and then forces the role upon this member")              \
	X(REPLACE, "replace", "the power goes for good, and another machine takes this member's place")

enum fault {
#define X(id, word, text) FAULT_##id,
	FAULTS(X)
#undef X
	    FAULT_COUNT
};

/* Those after it are for schedules that are written by hand. */
#define FAULT_DRAWN (FAULT_KILL_KEEPALIVED + 1)

#define FAULT_PENDING 16

struct fault_undo {
	uint64_t at_us;
	uint8_t fault, at, peer;
};

struct faults { /* those that end by themselves */
	unsigned count;
	struct fault_undo undo[FAULT_PENDING];
};

/* for_us 0: until fault_heal; of FORCE_PROMOTE: how long the operator thinks about it. late_us: for HOLD. */
void fault_strike(struct world *w, enum fault fault, unsigned at, unsigned peer, uint32_t letters, uint64_t for_us);

/* Ends those that are due; returns when the next one is, UINT64_MAX: none. */
uint64_t fault_expire(struct world *w);

/* Ends all; who is down starts within a second. */
void fault_heal(struct world *w);

/* What this gateway is to see of its address at its next step, having been told to hold it or not. */
void fault_tell_address(struct world *w, unsigned at, bool wanted);

const char *fault_word(unsigned fault);

#endif
