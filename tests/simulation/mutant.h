/*
 * Everything that can be broken on purpose: the guards of the product (heartbeat/guard.h), and mutants of the shell around
 * it that exist only as a model here (disk, database, replicationd, ledger). One switch each, one name for it.
 */
#ifndef HOLDFAST_TESTS_SIMULATION_MUTANT_H
#define HOLDFAST_TESTS_SIMULATION_MUTANT_H

#include "heartbeat/guard.h"

/* id, what happens with it */
#define MODEL_MUTANTS(X)                                                                                               \
	X(M08_MARK_BEFORE_SEMI_SYNC, "the position for ADD is read before semi-sync is on")                            \
	X(M09_LEDGER_READS_THE_TAIL, "the ledger answers reads and replays before its barrier is committed")           \
	X(M09_ROW_BEFORE_SEMI_SYNC, "the epoch row is committed before semi-sync is on")                               \
	X(M10_NO_CUT, "the relay stays open while another claims")                                                     \
	X(M10_CUT_NOT_VERIFIED, "the promotion goes on before the cut is seen")                                        \
	X(M10_RELAY_OPENS_BY_DEFAULT, "a replicationd that starts opens the relay before it has an order")             \
	X(M11_DRAIN_REPORTED_EARLY, "drained is reported before the relay log is applied")                             \
	X(M13_SLAVE_START_ALWAYS, "mariadbd always starts in role SLAVE")                                              \
	X(M13_MASTER_START_ALWAYS, "mariadbd always starts in role MASTER")                                            \
	X(M14_START_BEFORE_SALVAGE, "START SLAVE over relay logs nobody has read")                                     \
	X(M14_TOKEN_KEPT_OVER_START, "the token outlives a START SLAVE that purges")                                   \
	X(M14_TOKEN_KEPT_OVER_SLAVE_START, "the token outlives a start in role SLAVE")                                 \
	X(M14_TOKEN_KEPT_OVER_RESEED, "the token outlives a re-seed")                                                  \
	X(M14_TOKEN_KEPT_OVER_REBOOT, "the token outlives a power loss without sync_relay_log")                        \
	X(M14_RELAX_UNDER_TOKEN, "relay logs are not fsynced any more while a token says they are")                    \
	X(M16_ANSWER_BEFORE_FSYNC, "the acceptor answers before its register is on disk")                              \
	X(M16_REGISTER_LOST, "the register of a member that restarts is an older one")                                 \
	X(M26_FENCE_BY_SIGTERM, "the fence lets waiting commits through (SIGTERM)")                                    \
	X(M26_FENCE_BY_KILL_QUERY, "the fence answers OK to waiting commits (KILL QUERY)")                             \
	X(M26_FENCE_BY_SEMI_SYNC_OFF, "the fence switches semi-sync off")                                              \
	X(M28_ANYBODY_MAY_REPLICATE, "a third semi-sync replica may connect, and its acknowledgements count")          \
	X(M29_NO_STRICT_MODE, "a tail that nobody acknowledged meets new transactions")                                \
	X(M29_OLD_SLAVE_POS, "gtid_slave_pos is not set to the end of the own log before following")                   \
	X(R11_TAIL_NOT_EXPORTED, "what nobody acknowledged is truncated without a copy of it")                         \
	X(R11_PARTING_FORGOTTEN, "a copy that has not been replaced yet is taken for one with the active's log")       \
	X(M49_FORCE_CUTS_TAIL,                                                                                         \
	    "a role is forced upon one that was active itself, and what it had answered is cut off")                   \
	X(M31_CHECK_BEFORE_COMMIT, "the record is looked at before the COMMIT returns, not after")                     \
	X(M31_CHECK_BEFORE_READ, "the lease is looked at before the data is read, not after")

enum model_mutant {
	GUARD_LAST_OF_PRODUCT = GUARD_COUNT - 1,
#define X(id, text) GUARD_##id,
	MODEL_MUTANTS(X)
#undef X
	    MUTANT_COUNT
};

/* Is it broken now? mutant_on(M16_ANSWER_BEFORE_FSYNC) */
extern bool guard_is_off[];
#define mutant_on(id) (guard_is_off[GUARD_##id])

const char *mutant_name(unsigned mutant);
const char *mutant_text(unsigned mutant);

/* Its number, or -1. */
int mutant_find(const char *name);

#endif
