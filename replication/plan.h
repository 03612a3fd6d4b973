/*
 * What to do next: (order, facts) -> step. Pure, and one table: the order is a complete wish, the facts are read anew
 * before each step, so a replicationd that was killed in the middle goes on where the facts say it is.
 */
#ifndef HOLDFAST_REPLICATION_PLAN_H
#define HOLDFAST_REPLICATION_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "heartbeat/local.h"

#define PLAN_FACTS(X)                                                                                                  \
	X(DATA, "data")		      /* there is a data directory */                                                  \
	X(PROCESS, "process")	      /* mariadbd runs on it */                                                        \
	X(UP, "up")		      /* and accepts connections */                                                    \
	X(HUNG, "hung")		      /* and did, but has not answered for long */                                     \
	X(WRITABLE, "writable")	      /* read_only=0 */                                                                \
	X(SEMI, "semi")		      /* rpl_semi_sync_master_enabled */                                               \
	X(SEMI_WANTED, "semi-wanted") /* order.semi_sync */                                                            \
	X(TOKEN, "token")	      /* a data token lies beside the data */                                          \
	X(DIRTY, "dirty")	      /* opened in some epoch since the last SLAVE start or re-seed */                 \
	X(DIRTY_NOW, "dirty-now")     /* the mark names the order's epoch */                                           \
	X(PREPARED, "prepared")	      /* tail exported and token destroyed, for a SLAVE start */                       \
	X(COPY_NEW, "copy-new")	      /* the data is a fresh copy whose position has not been entered yet */           \
	X(SLAVE, "slave")	      /* replication is configured, so relay logs may hold the last copy */            \
	X(SALVAGED, "salvaged")	  /* in this life of the server no relay log is left that was not looked through */    \
	X(IO, "io")		  /* IO thread runs (or tries to) */                                                   \
	X(SQL, "sql")		  /* SQL thread runs */                                                                \
	X(BROKEN, "broken")	  /* one of them stopped with an error that does not heal (sqlerror.h) */              \
	X(FOLLOWS, "follows")	  /* IO thread connected through the relay in the order's epoch, SQL thread runs */    \
	X(CAUGHT_UP, "caught-up") /* and has received and applied nearly all; with a token: or had, not long ago */    \
	X(SYNCED, "synced")	  /* logs are fsynced as the configuration wants them */                               \
	X(DRAINED, "drained")	  /* PROMOTE reported for the order's epoch */                                         \
	X(ROW, "row")		  /* the epoch row is committed */                                                     \
	X(ROW_SENT, "row-sent")	  /* the epoch row waits for its commit */                                             \
	X(OPENED, "opened")	  /* OPEN reported for the order's epoch */                                            \
	X(MARKED, "marked")	  /* position read after semi-sync was found on */                                     \
	X(QUIET, "quiet")	  /* read only, and nothing waits for its acknowledgement */                           \
	X(PAUSED, "paused")	  /* a copy, or a start of replication, was in vain, and it is too soon for the next */
enum plan_fact_bit {
#define X(id, text) PLAN_BIT_##id,
	PLAN_FACTS(X)
#undef X
	    PLAN_FACT_COUNT
};
enum plan_fact {
#define X(id, text) F_##id = 1u << PLAN_BIT_##id,
	PLAN_FACTS(X)
#undef X
};

#define PLAN_STEPS(X)                                                                                                  \
	X(NONE, "none")                                                                                                \
	X(WAIT, "wait")                                                                                                \
	X(KILL, "kill")                                                                                                \
	X(PREPARE, "prepare-slave-start")                                                                              \
	X(START, "start")                                                                                              \
	X(CLEAN, "clear-dirty")                                                                                        \
	X(SEED, "seed")                                                                                                \
	X(ENTER_POSITION, "enter-position")                                                                            \
	X(SEMI_OFF, "semi-sync-off")                                                                                   \
	X(DESTROY_TOKEN, "destroy-token")                                                                              \
	X(FOLLOW, "follow")                                                                                            \
	X(START_IO, "start-io")                                                                                        \
	X(START_SQL, "start-sql")                                                                                      \
	X(STOP_IO, "stop-io")                                                                                          \
	X(STOP_SLAVE, "stop-slave")                                                                                    \
	X(DRAIN, "drain")                                                                                              \
	X(SALVAGE, "salvage")                                                                                          \
	X(SAY_DRAINED, "say-drained")                                                                                  \
	X(RELAX, "relax-relay-log")                                                                                    \
	X(SYNC, "sync-relay-log")                                                                                      \
	X(NEW_TOKEN, "new-token")                                                                                      \
	X(SET_SEMI, "set-semi-sync")                                                                                   \
	X(SET_DIRTY, "set-dirty")                                                                                      \
	X(SEND_ROW, "send-epoch-row")                                                                                  \
	X(WRITABLE, "read-write")                                                                                      \
	X(MARK, "mark")                                                                                                \
	X(READ_ONLY, "read-only")                                                                                      \
	X(COMPARE, "compare-histories") /* of a replica: replication/replica_plan.h */                                 \
	X(FAIL, "fail")
enum plan_step {
#define X(id, text) STEP_##id,
	PLAN_STEPS(X)
#undef X
	    STEP_COUNT
};

struct plan_rule {
	uint32_t wants; /* bit per enum repl_want */
	uint32_t set;	/* facts that must hold */
	uint32_t clear; /* facts that must not */
	enum plan_step step;
	uint32_t state; /* enum repl_state to report while at it */
	const char *why;
};

extern const struct plan_rule plan_rules[];
extern const size_t plan_rules_count;

/* The first rule that fits; there is always one. */
const struct plan_rule *plan_next(enum repl_want want, uint32_t facts);

const char *plan_step_text(unsigned step);

/* May the relay be open under this order? -1: leave it as it is. (A replica's, once it has compared the histories.) */
int plan_relay(const struct repl_order *order);

#endif
