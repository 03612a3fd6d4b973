#include "replication/plan.h"

#include <assert.h>
#include <stdbool.h>

#define W(id) (1u << REPL_WANT_##id)
#define IN (W(HOLD_IN) | W(FOLLOW_IN))
#define STANDBY (IN | W(FOLLOW_OUT))
#define ALL (W(NOTHING) | W(DOWN) | STANDBY | W(PROMOTE) | W(OPEN) | W(DRAIN) | W(STAND_IN))

/* clang-format off */
const struct plan_rule plan_rules[] = {
	/* wants                    set                    clear         step            state            why */
	{ W(NOTHING),               F_UP,                  0,            STEP_NONE,           REPL_IDLE,       "the record is not known yet" },
	{ W(NOTHING),               0,                     0,            STEP_NONE,           REPL_DOWN,       "the record is not known yet" },

	{ W(DOWN),                  F_PROCESS,             0,            STEP_KILL,           REPL_DOWN,       "fenced" },
	{ W(DOWN),                  0,                     0,            STEP_NONE,           REPL_DOWN,       "fenced" },

	/* A copy that writes while another is named was deposed, whatever else is true of it (R7). */
	{ STANDBY | W(STAND_IN),    F_UP | F_WRITABLE,     0,            STEP_KILL,           REPL_DOWN,       "deposed" },
	{ STANDBY | W(STAND_IN),    F_UP | F_SEMI | F_DIRTY, 0,          STEP_KILL,           REPL_DOWN,       "deposed while it was being opened" },

	/* It answered once, so it does not recover; whatever it hangs in, a crash leads out of it, and loses nothing (R7). */
	{ ALL & ~W(NOTHING) & ~W(DOWN), F_PROCESS | F_HUNG, F_UP, STEP_KILL, REPL_DOWN,       "has not answered for 10 s" },

	/* B1: outside in_sync. */
	{ W(FOLLOW_OUT),            F_PROCESS | F_DIRTY,   F_PREPARED,   STEP_KILL,           REPL_DOWN,       "its tail must be cut off" },
	{ W(FOLLOW_OUT),            F_PAUSED,              F_DATA,       STEP_FAIL,           REPL_FAILED,     "waits before it takes another copy" },
	{ W(FOLLOW_OUT),            0,                     F_DATA,       STEP_SEED,           REPL_SEEDING,    "there is no copy" },
	{ W(FOLLOW_OUT),            0,                     F_PROCESS | F_PREPARED, STEP_PREPARE, REPL_DOWN,    "before a SLAVE start" },
	{ W(FOLLOW_OUT),            F_TOKEN,               F_PROCESS,    STEP_PREPARE,        REPL_DOWN,       "before a SLAVE start" },
	{ W(FOLLOW_OUT),            0,                     F_PROCESS,    STEP_START,          REPL_STARTING,   "role SLAVE" },
	{ W(FOLLOW_OUT),            0,                     F_UP,         STEP_WAIT,           REPL_STARTING,   "recovers" },
	{ W(FOLLOW_OUT),            F_DIRTY,               0,            STEP_CLEAN,          REPL_IDLE,       "the SLAVE start has cut the tail" },
	{ W(FOLLOW_OUT),            F_COPY_NEW | F_TOKEN,  0,            STEP_DESTROY_TOKEN,  REPL_IDLE,       "a fresh copy" },
	{ W(FOLLOW_OUT),            F_COPY_NEW,            0,            STEP_ENTER_POSITION, REPL_IDLE,       "a fresh copy" },
	{ STANDBY,                  F_UP | F_SEMI,         0,            STEP_SEMI_OFF,       REPL_IDLE,       "a standby waits for nobody" },
	{ W(FOLLOW_OUT),            F_BROKEN,              F_PAUSED,     STEP_SEED,           REPL_SEEDING,    "its log is no prefix of the active's" },
	{ W(FOLLOW_OUT),            F_TOKEN,               F_SQL,        STEP_DESTROY_TOKEN,  REPL_IDLE,       "START SLAVE throws relay logs away" },
	{ W(FOLLOW_OUT),            F_TOKEN | F_SQL,       F_IO,         STEP_DESTROY_TOKEN,  REPL_IDLE,       "START SLAVE throws relay logs away" },
	/* What it does not apply it need not fetch; it begins anew where it stopped, with relay logs fetched anew. */
	{ W(FOLLOW_OUT),            F_PAUSED | F_IO,       F_SQL,        STEP_STOP_IO,        REPL_FAILED,     "acknowledges nothing that it cannot apply" },
	{ W(FOLLOW_OUT),            F_PAUSED,              0,            STEP_FAIL,           REPL_FAILED,     "waits before it tries again" },
	{ W(FOLLOW_OUT),            F_SLAVE | F_IO,        F_SQL,        STEP_START_SQL,      REPL_IDLE,       "applier stopped" },
	{ W(FOLLOW_OUT),            0,                     F_SQL,        STEP_FOLLOW,         REPL_IDLE,       "follow the active" },
	{ W(FOLLOW_OUT),            F_SQL,                 F_IO,         STEP_START_IO,       REPL_IDLE,       "receiver stopped" },
	/* What is fetched outside in_sync is on the active's disk: syncing each of it again only makes catching up slower. */
	/* Nor does it ever catch up with an active that waits for nobody. The token says that all is synced, so it goes first. */
	{ W(FOLLOW_OUT),            F_FOLLOWS | F_SYNCED | F_TOKEN, F_CAUGHT_UP, STEP_DESTROY_TOKEN, REPL_FOLLOWING, "has fallen behind" },
	{ W(FOLLOW_OUT),            F_FOLLOWS | F_SYNCED,  F_TOKEN | F_CAUGHT_UP, STEP_RELAX, REPL_FOLLOWING,  "catches up" },
	{ W(FOLLOW_OUT),            F_FOLLOWS | F_CAUGHT_UP, F_TOKEN | F_SYNCED, STEP_SYNC,   REPL_FOLLOWING,  "before its word counts" },
	{ W(FOLLOW_OUT),            F_FOLLOWS | F_CAUGHT_UP, F_TOKEN,    STEP_NEW_TOKEN,      REPL_FOLLOWING,  "may be added" },

	/* B2: in in_sync; nothing may be destroyed. */
	{ IN | W(PROMOTE),          0,                     F_DATA,       STEP_FAIL,           REPL_FAILED,     "the record trusts this copy, but there is no data directory" },
	{ IN | W(PROMOTE),          0,                     F_PROCESS | F_TOKEN, STEP_FAIL,    REPL_FAILED,     "the record trusts this copy, but its token is gone" },
	/* R3, also when it runs: the record may have named it just before the token went. */
	{ W(PROMOTE),               0,                     F_TOKEN,      STEP_FAIL,           REPL_FAILED,     "the record trusts this copy, but its token is gone" },
	{ IN | W(PROMOTE),          0,                     F_PROCESS,    STEP_START,          REPL_STARTING,   "role MASTER" },
	{ IN | W(PROMOTE),          0,                     F_UP,         STEP_WAIT,           REPL_STARTING,   "recovers" },
	{ W(PROMOTE),               F_WRITABLE,            F_DRAINED,    STEP_SAY_DRAINED,    REPL_PROMOTING,  "opens anew what it had open" },
	{ W(PROMOTE),               F_DRAINED,             0,            STEP_NONE,           REPL_DRAINED,    "" },
	{ IN,                       F_BROKEN | F_IO,       0,            STEP_STOP_IO,        REPL_FAILED,     "acknowledges nothing that it cannot apply" },
	{ IN | W(PROMOTE),          F_BROKEN,              0,            STEP_FAIL,           REPL_FAILED,     "replication stopped with an error" },
	/* With one thread stopped, START of it alone is no way: should the other stop meanwhile, START purges the relay logs. */
	{ IN,                       F_SLAVE | F_IO,        F_SQL,        STEP_STOP_SLAVE,     REPL_IDLE,       "applier stopped" },
	{ W(FOLLOW_IN),             F_SLAVE | F_SQL,       F_IO,         STEP_STOP_SLAVE,     REPL_IDLE,       "receiver stopped" },
	{ W(PROMOTE),               F_SLAVE | F_IO,        0,            STEP_STOP_IO,        REPL_PROMOTING,  "cut the path of acknowledgements" },
	{ W(PROMOTE),               F_SLAVE | F_SQL,       0,            STEP_DRAIN,          REPL_PROMOTING,  "apply what was received" },
	{ IN | W(PROMOTE),          F_SLAVE,               F_IO | F_SQL, STEP_SALVAGE,        REPL_SALVAGING,  "the relay log may be the last copy" },
	/* Also when the server knows of no active: its master.info may not have survived what the relay logs did. */
	{ IN | W(PROMOTE),          0,                     F_SLAVE | F_SALVAGED, STEP_SALVAGE, REPL_SALVAGING, "the relay log may be the last copy" },
	{ W(PROMOTE),               0,                     0,            STEP_SAY_DRAINED,    REPL_PROMOTING,  "everything received is applied" },
	{ W(FOLLOW_IN),             0,                     F_SLAVE,      STEP_FOLLOW,         REPL_IDLE,       "follow the active" },
	{ W(FOLLOW_IN) | W(FOLLOW_OUT), F_FOLLOWS,         0,            STEP_NONE,           REPL_FOLLOWING,  "" },
	{ STANDBY,                  0,                     0,            STEP_NONE,           REPL_IDLE,       "" },

	/* C2 */
	{ W(OPEN),                  0,                     F_PROCESS,    STEP_NONE,           REPL_DOWN,       "mariadbd does not run" },
	{ W(OPEN),                  0,                     F_UP,         STEP_WAIT,           REPL_STARTING,   "recovers" },
	{ W(OPEN),                  F_SLAVE,               0,            STEP_FAIL,           REPL_FAILED,     "to be opened, but replication is still configured" },
	{ W(OPEN),                  F_SEMI_WANTED,         F_SEMI,       STEP_SET_SEMI,       REPL_DRAINED,    "SYNC" },
	{ W(OPEN),                  F_SEMI,                F_SEMI_WANTED, STEP_SET_SEMI,      REPL_DRAINED,    "SOLO" },
	{ W(OPEN),                  F_SEMI,                F_MARKED,     STEP_MARK,           REPL_DRAINED,    "position after semi-sync was found on" },
	{ W(OPEN),                  F_OPENED,              0,            STEP_NONE,           REPL_OPEN,       "" },
	{ W(OPEN),                  0,                     F_DIRTY_NOW,  STEP_SET_DIRTY,      REPL_DRAINED,    "before the first write" },
	{ W(OPEN),                  0,                     F_ROW | F_ROW_SENT, STEP_SEND_ROW, REPL_DRAINED,    "epoch row" },
	{ W(OPEN),                  0,                     F_ROW,        STEP_WAIT,           REPL_DRAINED,    "the epoch row waits to be acknowledged" },
	{ W(OPEN),                  0,                     0,            STEP_WRITABLE,       REPL_DRAINED,    "open" },

	/* C6 */
	{ W(DRAIN),                 0,                     F_UP,         STEP_NONE,           REPL_DOWN,       "mariadbd does not run" },
	{ W(DRAIN),                 F_WRITABLE,            0,            STEP_READ_ONLY,      REPL_IDLE,       "hands over" },
	/* All that it wrote was acknowledged, and it writes no more: nothing is left to settle, whoever comes next. */
	{ W(DRAIN),                 F_DIRTY | F_QUIET,     0,            STEP_CLEAN,          REPL_IDLE,       "hands over" },
	{ W(DRAIN),                 F_QUIET,               0,            STEP_NONE,           REPL_QUIET,      "hands over" },
	{ W(DRAIN),                 0,                     0,            STEP_WAIT,           REPL_IDLE,       "a commit waits to be acknowledged" },

	/* FORCE: the last copy there is, so whatever is wrong with it ends here. What it received is applied before it is named; what it
	 * wrote itself is kept to the end, as when it had crashed and nobody had taken over. */
	{ W(STAND_IN),              0,                     F_DATA,       STEP_FAIL,           REPL_FAILED,     "there is no copy" },
	{ W(STAND_IN),              F_COPY_NEW,            0,            STEP_FAIL,           REPL_FAILED,     "a fresh copy that has no position yet" },
	{ W(STAND_IN),              0,                     F_PROCESS,    STEP_START,          REPL_STARTING,   "role MASTER" },
	{ W(STAND_IN),              0,                     F_UP,         STEP_WAIT,           REPL_STARTING,   "recovers" },
	{ W(STAND_IN),              F_SEMI,                0,            STEP_SEMI_OFF,       REPL_PROMOTING,  "a standby waits for nobody" },
	{ W(STAND_IN),              F_BROKEN,              0,            STEP_FAIL,           REPL_FAILED,     "replication stopped with an error" },
	{ W(STAND_IN),              F_SLAVE | F_IO,        0,            STEP_STOP_IO,        REPL_PROMOTING,  "follows nobody any more" },
	{ W(STAND_IN),              F_SLAVE | F_SQL,       0,            STEP_DRAIN,          REPL_PROMOTING,  "apply what was received" },
	{ W(STAND_IN),              F_SLAVE,               0,            STEP_SALVAGE,        REPL_SALVAGING,  "the relay log may be the last copy" },
	{ W(STAND_IN),              0,                     F_SALVAGED,   STEP_SALVAGE,        REPL_SALVAGING,  "the relay log may be the last copy" },
	{ W(STAND_IN),              0,                     F_TOKEN | F_SYNCED, STEP_SYNC,     REPL_PROMOTING,  "before its word counts" },
	{ W(STAND_IN),              0,                     F_TOKEN,      STEP_NEW_TOKEN,      REPL_PROMOTING,  "may be named" },
	{ W(STAND_IN),              F_DRAINED,             0,            STEP_NONE,           REPL_DRAINED,    "an operator wants it to be active" },
	{ W(STAND_IN),              0,                     0,            STEP_SAY_DRAINED,    REPL_PROMOTING,  "everything received is applied" },

	{ ~ALL,                     0,                     0,            STEP_FAIL,           REPL_FAILED,     "an order that this version does not know" },
};
/* clang-format on */
const size_t plan_rules_count = sizeof(plan_rules) / sizeof(plan_rules[0]);

const struct plan_rule *plan_next(enum repl_want want, uint32_t facts)
{
	uint32_t bit = want < 31 ? 1u << want : 1u << 31;

	for (size_t i = 0; i < plan_rules_count; i++) {
		const struct plan_rule *r = &plan_rules[i];

		if ((r->wants & bit) && (facts & r->set) == r->set && !(facts & r->clear))
			return r;
	}
	assert(false && "every want has a last rule");
	return &plan_rules[0];
}

const char *plan_step_text(unsigned step)
{
	static const char *const text[] = {
#define X(id, text) text,
	    PLAN_STEPS(X)
#undef X
	};

	return step < STEP_COUNT ? text[step] : "unknown";
}

int plan_relay(const struct repl_order *order)
{
	if (order->want == REPL_WANT_NOTHING)
		return -1;
	return (order->want == REPL_WANT_FOLLOW_IN || order->want == REPL_WANT_FOLLOW_OUT ||
		   order->want == REPL_WANT_REPLICA) &&
	       order->active != order->self && order->active_address[0] != '\0';
}
